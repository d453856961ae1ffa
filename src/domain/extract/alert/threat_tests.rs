//! Threats and what only sounds like one: banks of invented sentences and texts. Those the weights were fitted on say that nothing broke; the
//! unseen ones, written before they were fitted and counted once, say how far new wordings are found.

use super::super::tests::raised;
use super::threatens;

const THREATS: &str = include_str!("../tests/threats.txt");
const HARMLESS: &str = include_str!("../tests/harmless.txt");

const FRESH_THREATS: &str = include_str!("../tests/threats_fresh.txt");
const FRESH_HARMLESS: &str = include_str!("../tests/harmless_fresh.txt");

const BLIND_THREATS: &str = include_str!("../tests/threats_blind.txt");
const BLIND_HARMLESS: &str = include_str!("../tests/harmless_blind.txt");

const UNSEEN_THREATS: &str = include_str!("../../../../bench/letters/threats/threats_blind.txt");
const UNSEEN_HARMLESS: &str = include_str!("../../../../bench/letters/threats/harmless_blind.txt");

const LATER_THREATS: &str = include_str!("../tests/threats_unseen.txt");
const LATER_HARMLESS: &str = include_str!("../tests/harmless_unseen.txt");

/// Which sentences of a bank.
#[derive(Clone, Copy, PartialEq)]
enum Half {
    Development,
    HeldOut,
}

/// How many sentences of a bank's half there are, and those of them for which `test` holds.
fn those(bank: &'static str, half: Half, test: fn(&str) -> bool) -> (usize, Vec<&'static str>) {
    let sentences = bank.lines().filter(|l| !l.starts_with('#'));
    let of_half = sentences
        .enumerate()
        .filter(|(i, _)| (i % 2 == 0) == (half == Half::Development));
    let all: Vec<&str> = of_half.map(|(_, l)| l).collect();
    (all.len(), all.iter().copied().filter(|l| test(l)).collect())
}

#[test]
fn the_bank_is_large_enough_to_say_something() {
    for bank in [THREATS, HARMLESS] {
        let lines = bank.lines().filter(|l| !l.starts_with('#')).count();
        assert!(lines >= 149, "{lines}");
    }
}

#[test]
fn no_threat_of_the_development_half_is_missed() {
    let (_, missed) = those(THREATS, Half::Development, |l| !raised(l));
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_held_out_half_is_found_as_far_as_was_measured() {
    let (n, found) = those(THREATS, Half::HeldOut, raised);
    let (_, mistaken) = those(HARMLESS, Half::HeldOut, raised);
    let precision = found.len() as f32 / (found.len() + mistaken.len()) as f32;
    assert!(found.len() * 100 >= n * 90, "{} of {n}", found.len());
    // Recall goes first: the limit of suspicion was lowered for it.
    assert!(precision >= 0.85, "{precision}");
}

/// How many sentences of a whole bank raise the flag, and how many there are.
fn whole(bank: &'static str) -> (usize, usize) {
    let all = || bank.lines().filter(|l| !l.starts_with('#'));
    (all().filter(|l| raised(l)).count(), all().count())
}

#[test]
fn the_banks_the_weights_were_fitted_on_are_found() {
    for (threats, harmless) in [
        (FRESH_THREATS, FRESH_HARMLESS),
        (BLIND_THREATS, BLIND_HARMLESS),
    ] {
        let (found, n) = whole(threats);
        let (mistaken, m) = whole(harmless);
        assert!(found + 1 >= n, "{found} of {n}");
        assert!(mistaken * 7 <= m, "{mistaken} of {m}");
    }
}

#[test]
fn unseen_veiled_wordings_are_found_as_far_as_was_measured() {
    for (threats, harmless) in [
        (UNSEEN_THREATS, UNSEEN_HARMLESS),
        (LATER_THREATS, LATER_HARMLESS),
    ] {
        let (found, n) = whole(threats);
        let (mistaken, m) = whole(harmless);
        assert!(n >= 30 && m >= 25, "{n} {m}");
        assert!(found * 100 >= n * 96, "{found} of {n}");
        assert!(mistaken * 5 <= m * 2, "{mistaken} of {m}");
    }
}

#[test]
fn quoted_denied_and_past_ones_of_the_development_half_raise_nothing() {
    let (n, mistaken) = those(HARMLESS, Half::Development, raised);
    assert!(mistaken.len() * 12 <= n, "{mistaken:#?}");
}

#[test]
fn what_the_writer_would_do_is_a_threat() {
    for sentence in [
        "再不给钱我就从楼顶跳下去",
        "实在逼急了,我就和他们同归于尽,谁也别想好过",
        "实在不行,我只有抱着炸药去找他",
        "月底前没有答复,我们三百多户就去省政府门口静坐",
        "把我们逼到绝路上,什么事都做得出来",
        "我活着没有意思,遗书已经写好",
        "到时候出了人命你们负责",
        "他不让我活,我也不让他活",
        "有人跳楼你们才管,那我也跳给你们看",
        "我要带刀去砍他",
    ] {
        assert!(threatens(sentence), "{sentence}");
    }
}

#[test]
fn what_others_did_or_the_writer_will_not_do_is_none() {
    for sentence in [
        "我保证不越级上访,不闹事",
        "去年邻村有人为此喝了农药,幸好抢救及时",
        "村长扬言要弄死我,我已报警",
        "我父亲当时差点跳楼",
        "我一再劝大家不要去堵路",
        "楼道里堆满杂物和煤气罐,非常危险",
        "我拼命工作,供两个孩子上学",
        "噪音吵得全家不得安宁",
        "阳台上的花盆掉下来砸到人怎么办",
        "电视上有人爬上塔吊讨薪,我觉得不对",
    ] {
        assert!(!threatens(sentence), "{sentence}");
    }
}
