//! Texts that threaten and texts that only sound like it, counted by kind.
//!
//! `THREATS=FILE.jsonl` (lines of `{"threat": bool, "kind": …, "text": …}`) before `measured_by_kind --nocapture` counts another file and shows no text of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::meaning::{Asked, Meaning};
use super::sentences::sentences;
use super::{clauses, said};
use crate::domain::zones::fold;
use crate::read::Model;

/// The model that `make setup` puts there.
fn model() -> &'static dyn Meaning {
    static MODEL: std::sync::OnceLock<Model> = std::sync::OnceLock::new();
    let folder = std::env::var("LAIXIN_MODELS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/.setup/models").into());
    MODEL.get_or_init(|| Model::of(folder.as_ref()))
}

/// Whether a text raises the flag, read as a letter's body is.
pub(super) fn raised(text: &str) -> bool {
    let folded: Vec<char> = text.chars().map(fold).collect();
    let told = clauses::told(&folded);
    let parts = sentences(&folded).into_iter();
    let sentences: Vec<String> = parts.map(|part| folded[part].iter().collect()).collect();
    let mut from = 0;
    let own = sentences.iter().map(|s| {
        let kept = s.chars().zip(&told[from..]).filter(|(_, told)| !**told);
        from += s.chars().count();
        kept.map(|(c, _)| c).collect()
    });
    let own: Vec<String> = own.collect();
    let why = said(&own, &Asked::of(Some(model()), &sentences));
    why.iter().any(Option::is_some)
}

#[test]
fn money_in_the_letter_and_what_is_annexed_are_valuables() {
    for sentence in [
        "信里夹了五十块钱,是还司机师傅的。",
        "附奖章一枚,看完请退还。",
        "捐给学校的三百元放在信封里。",
    ] {
        assert!(super::encloses(sentence), "{sentence}");
    }
    for sentence in [
        "附近的邮局收了我两百元。",
        "附件:身份证复印件一份。",
        "他骗走了我的存折。",
    ] {
        assert!(!super::encloses(sentence), "{sentence}");
    }
}

#[test]
fn a_threat_behind_a_lawful_step_is_not_missed() {
    for text in [
        "我举报物业公司乱收费，再不处理我就跳楼。",
        "请查处物业乱收费，再不查我就杀了他全家。",
        "我举报某局局长收受贿赂十万元，再不查他我就杀了他全家。",
        "补充：举报接访员索要红包，不处理我就跳楼。",
        "我已向法院起诉，如果还不解决我就带煤气罐去炸了村委会。",
        "我举报市信访局局长收受贿赂五万元，院长不管，我今晚就去跳楼。",
    ] {
        assert!(raised(text), "{text}");
    }
    for text in [
        "我举报物业公司乱收费，再不处理我就向法院起诉。",
        "请查处物业乱收费，再不查我就继续向上级反映。",
        "我举报邻居，他说不处理就跳楼，吓得我们不敢出门。",
        "请查处该厂，我们村民天天闻毒气，好多人得了癌症死了。",
    ] {
        assert!(!raised(text), "{text}");
    }
}

/// A letter of one sentence: salutation and closing are all that stands around it.
#[test]
fn a_threat_alone_between_salutation_and_closing_is_not_missed() {
    let around = |text: &str| format!("林市长：{text}此致敬礼陆思雨2026年11月12日");
    for text in [
        "强拆我家房子，否则我把办公楼炸平。",
        "我举报他克扣工资，他不还钱我就废了他。",
        "我检举校长，不解决我全家喝农药。",
        "我举报主任，大不了鱼死网破，一命换一命。",
        "我控告院长，否则我跳楼。",
        "我实名举报李某，否则我把办公楼炸平。",
        "院长不管，否则我跳楼。",
        "我控告法官枉法，判决不改就让他血债血偿。",
        "不解决我全家喝农药。",
        "本人申诉至今无果，已准备好汽油。",
        "本人上访十年无果，刀已经磨好了。",
    ] {
        assert!(raised(&around(text)), "{text}");
    }
}

const TEXTS: &str = include_str!("../../../../bench/letters/threats/dev.jsonl");

/// Dialects, registers and veiled words of another author, beside as many that only sound alike.
const DIALECTS: &str = include_str!("../../../../bench/letters/threats/dialects.jsonl");

#[derive(Deserialize)]
struct Text {
    threat: bool,
    kind: String,
    text: String,
}

/// Of texts: how many of each kind there are and how many raise the flag, threats first.
fn by_kind(lines: &str) -> BTreeMap<(bool, String), (usize, usize)> {
    let mut kinds = BTreeMap::new();
    for line in lines.lines().filter(|l| !l.trim().is_empty()) {
        let text: Text = serde_json::from_str(line).expect("a line of the file");
        let found = raised(&text.text);
        let count: &mut (usize, usize) = kinds.entry((!text.threat, text.kind)).or_default();
        *count = (count.0 + 1, count.1 + usize::from(found));
    }
    kinds
}

#[test]
fn measured_by_kind() {
    let other = std::env::var("THREATS").ok();
    let lines = other
        .as_ref()
        .map(|path| std::fs::read_to_string(path).expect("THREATS is a file"));
    let (mut all, mut found) = ([0; 2], [0; 2]);
    for ((harmless, kind), (n, raised)) in by_kind(lines.as_deref().unwrap_or(TEXTS)) {
        println!(
            "{}: {kind}: {raised} of {n} raise the flag",
            if harmless { "harmless" } else { "threat" }
        );
        all[usize::from(harmless)] += n;
        found[usize::from(harmless)] += raised;
    }
    let recall = found[0] as f64 / all[0] as f64;
    let precision = found[0] as f64 / (found[0] + found[1]) as f64;
    println!(
        "recall {recall:.3} ({} of {}), precision {precision:.3} ({} of {} harmless)",
        found[0], all[0], found[1], all[1]
    );
    // The weights were fitted on these: that nothing broke. What was reached on texts that fitted nothing is in bench/letters/threats/README.md.
    if other.is_none() {
        assert!(recall >= 0.99 && precision >= 0.8, "{recall} {precision}");
    }
}

#[test]
fn threats_in_dialect_in_old_style_and_half_misread_are_found() {
    let (mut all, mut found) = ([0; 2], [0; 2]);
    for ((harmless, _), (n, raised)) in by_kind(DIALECTS) {
        all[usize::from(harmless)] += n;
        found[usize::from(harmless)] += raised;
    }
    assert!(all[0] >= 148 && all[1] >= 180, "{all:?}");
    assert!(
        found[0] == all[0] && found[1] * 9 <= all[1] * 2,
        "{found:?}"
    );
}

#[test]
fn money_asked_for_and_fetched_is_no_threat() {
    for text in [
        "那位，烟酒都已送到府上。",
        "那位戴金表的处长，过年开口要了我一万块。",
        "老板说先拿两千过年，剩下的开春给，开春就换了锁。",
        "他张口就要三万，我砍到两万，当面数清，没有收条。",
        "我托人拎了两条中华放在传达室。",
        "中午大厅不开门，来访的人只好饿着。",
        "收梨的人拿去三篓，一分钱没给。",
    ] {
        assert!(!raised(text), "{text}");
    }
}

/// What the words and the meaning of ordinary prose come to by chance is no threat where nobody speaks of harm.
#[test]
fn ordinary_prose_without_any_harm_in_it_raises_nothing() {
    for text in [
        "提起笔来先给各位鞠个躬，耽误你们工夫了。我家门口的井台塌了半边。",
        "人老了，话就多，您莫嫌我啰嗦。请核一核我的低保。",
        "站里收了我两袋豆子，说过了秤再给钱。要得不多，给我要回来。我今年六十八了。",
        "我去五趟，五趟都说在办。",
        "我记着您呢，不知您还记不记得我。",
    ] {
        assert!(!raised(text), "{text}");
    }
    for text in [
        "感谢窗口的小何，你是好人，那天请你请个假，别来上班。",
        "生无可恋，就此别过。麻烦替我照看我那只猫。",
    ] {
        assert!(raised(text), "{text}");
    }
}

/// Each is a class of what people tell: how much they feel, beasts, graves, help that came, whom they fear.
#[test]
fn what_is_told_with_a_word_of_harm_in_it_raises_nothing() {
    for text in [
        "垃圾站就在窗下，夏天臭死人，请搬走。",
        "为一个章我来回八趟，腿都快跑断了。",
        "养鸡场被水淹了，淹死两百只鸡，求个赔偿。",
        "修路把我家祖坟推平了，没有人来说一声。",
        "他们会报复我全家，请不要写出我的名字。",
        "如今连鸡都舍不得杀了，就指着它下蛋换盐。",
    ] {
        assert!(!raised(text), "{text}");
    }
    for text in [
        "再不解决，我就到他家祖坟上去吊死。",
        "你们的救护车先准备好，月底我要他躺着出来。",
        "他们敢报复我，我就杀他全家。",
    ] {
        assert!(raised(text), "{text}");
    }
}
