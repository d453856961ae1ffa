//! What a sentence says of the number in it: the writer's own words for his telephone and his home, and what makes a number another's.

use crate::domain::zones::{Row, address_like, is_han, text_of};

use super::super::glyphs::has_any;
use super::super::labels::names_writer;
use super::super::place;
use super::super::reach;
use super::super::whose::{self, Writers};

/// Whether a text leaves a quotation open: what stands in it others have written.
pub(super) fn is_quoted(before: &str) -> bool {
    match (before.rfind('“'), before.rfind('”')) {
        (Some(open), close) => close.is_none_or(|close| close < open),
        (None, _) => before.matches('"').count() % 2 == 1,
    }
}

/// Whether the sentence of a number that nothing calls anybody's speaks of nobody who may be called there: not 镇政府联系电话….
pub(super) fn speaks_of_nobody(before: &str) -> bool {
    let sentence = before.rsplit(['。', '!', '?', ';']).next();
    let clauses = sentence.unwrap_or_default().split([',', '(', ')', ':']);
    let asks = |clause: &&str| ASKING.iter().any(|word| clause.starts_with(word));
    clauses
        .filter(|clause| !asks(clause))
        .all(|clause| !whose::subject::mentions_another(clause))
}

/// How a clause begins that asks something of whoever is addressed.
const ASKING: &[&str] = &[
    "请", "恳请", "敬请", "恳求", "望", "希望", "盼", "求", "特此", "为此", "如",
];

/// Whether a number stands in a sentence with nothing but its label, behind one in which the writer speaks of himself: 我叫覃玉兰,家里停水。电话139….
pub(super) fn stands_alone(before: &str, row: &Row, from: usize) -> bool {
    let led = text_of(&row.glyphs[..from.min(row.glyphs.len())]);
    let all = format!("{before}{led}");
    let mut sentences = all.rsplit(['。', '!', '?']);
    let label = sentences.next().unwrap_or_default().trim_end_matches(':');
    let labels = [
        "电话",
        "手机",
        "手机号",
        "电话号码",
        "手机号码",
        "我电话",
        "我手机",
    ];
    let spoken = sentences.next().unwrap_or_default();
    let own = ["我叫", "我名叫", "本人叫", "我是", "本人是"];
    // 信请寄…。电话139…
    let own = own.iter().chain(&["信请寄"]);
    // 反映人:覃玉兰,女,现住…。电话:139…
    let names = names_writer(spoken) && !spoken.contains('被');
    labels.contains(&label) && (names || own.into_iter().any(|word| spoken.contains(word)))
}

/// Whether the sentences of two rows speak of the writer's own telephone: 我的手机白天不方便接,请晚上打139….
pub(super) fn speaks_of_his(before: &str, row: &str) -> bool {
    let begun = before.rsplit(['。', '!', '?']).next().unwrap_or_default();
    let sentence = format!("{begun}{row}");
    [
        "我的手机",
        "我的电话",
        "本人手机",
        "本人电话",
        "我手机",
        "我电话",
    ]
    .iter()
    .any(|word| sentence.contains(word))
}

/// Whether a text has words of the writer's own number.
pub(super) fn own_number(text: &str) -> bool {
    [
        "我的电话",
        "我的手机",
        "本人电话",
        "本人手机",
        "我电话",
        "我手机",
        "联系电话",
        "联系方式",
        "与我联系",
        "和我联系",
        "我的联系",
    ]
    .iter()
    .any(|w| text.contains(w))
}

/// Labels that stand right before a number.
const NUMBERS: &[&str] = &[
    "",
    "电话",
    "手机",
    "手机号",
    "手机号码",
    "电话号码",
    "电话是",
    "手机是",
    "号码是",
    "手机号是",
    "电话号码是",
    "联系电话",
    "座机",
    "打",
    "拨",
    "请打",
    "拨打",
    "可打",
    "打电话",
];

/// Characters behind a number at the end of a text that is still its sentence: ,随时可以找我.
const CLOSING: usize = 14;

/// Whether the sentence of a number gives it together with the writer's home, or as what he is reached by: 家住…,电话139…; 打139…找得到我.
/// `is_last`: nothing follows its rows.
pub(super) fn reaches_writer(before: &str, behind: &str, is_last: bool, writers: &Writers) -> bool {
    let before: String = before.chars().filter(|c| *c != ' ').collect();
    let (earlier, sentence) = sentence_of(&before);
    let clauses: Vec<&str> = sentence.split([',', '(', ')', ';']).collect();
    let Some((last, led)) = clauses.split_last() else {
        return false;
    };
    let behind: String = behind.chars().filter(|c| *c != ' ').collect();
    let closes = is_last && behind.chars().count() <= CLOSING;
    let own_home = |clause: &&str| gives_home(clause).is_some_and(|home| home.is_own);
    let home = |clause: &&str| gives_home(clause).is_some();
    // 包工头姓马。家住…: his home, unless the sentence is the last of all.
    let elided = closes || !whose::subject::mentions_another(last_sentence(earlier));
    let is_home = |clause: &&str| own_home(clause) || elided && home(clause);
    let others = |clause: &&str| {
        let another = whose::subject::mentions_another(clause);
        !is_home(clause) && (another || whose::cast::names_another(clause, writers))
    };
    if led.iter().any(others) {
        return false;
    }
    let reached = last.contains("找我")
        || last.contains("联系我")
        || reach::is_to_be_called(last) && reach::finds_writer(&behind);
    let label = last.trim_end_matches(':').trim_start_matches("我的");
    let with_home = led.iter().any(is_home) && NUMBERS.contains(&label);
    with_home || reached && !whose::subject::mentions_another(last)
}

/// Where a clause says that somebody lives, if it names the place to its end.
fn gives_home(clause: &str) -> Option<reach::Home<'_>> {
    reach::home(clause).filter(|home| address_like(home.place) && place::ends_well(home.place))
}

fn sentence_of(before: &str) -> (&str, &str) {
    let at = before.rfind(['。', '!', '?']);
    let at = at.map_or(0, |at| {
        at + before[at..].chars().next().map_or(0, char::len_utf8)
    });
    before.split_at(at)
}

fn last_sentence(text: &str) -> &str {
    sentence_of(text.trim_end_matches(['。', '!', '?'])).1
}

/// Whether a number is one that was left out above: 忘了留电话,139….
pub(super) fn forgot(before: &str) -> bool {
    let before: String = before.chars().filter(|c| *c != ' ').collect();
    let (_, sentence) = sentence_of(&before);
    let lost = [
        "忘了",
        "忘记",
        "忘留",
        "忘写",
        "漏了",
        "漏写",
        "没留",
        "没写",
        "未留",
        "未写",
        "没有留",
        "没有写",
        "补上",
        "补留",
        "补一个",
        "补个",
    ];
    let mut clauses = sentence.split([',', ';']).filter(|c| !c.is_empty());
    let told = clauses.any(|clause| {
        let labelled = has_any(clause, &["电话", "手机", "号码", "联系方式"]);
        labelled && has_any(clause, &lost)
    });
    let last = sentence.rsplit(',').find(|c| !c.is_empty());
    let near = last.is_some_and(|clause| clause.chars().count() <= LONGEST_EXCUSE);
    told && near && !whose::subject::mentions_another(sentence)
}

/// Characters of a clause that says that a number was left out.
const LONGEST_EXCUSE: usize = 24;

/// Who was chosen to speak for all, where a number stands beside his name: 推选覃玉兰(手机139…)为代表.
pub(super) fn elected(before: &str, behind: &str) -> Option<String> {
    let before: String = before.chars().filter(|c| *c != ' ').collect();
    let (_, sentence) = sentence_of(&before);
    let chosen = [
        "推选", "推举", "推荐", "公推", "选举", "选派", "选出", "委托",
    ];
    let (at, verb) = chosen
        .iter()
        .filter_map(|verb| Some((sentence.rfind(verb)?, *verb)))
        .max()?;
    let rest = &sentence[at + verb.len()..];
    let end = rest.find(['(', ',', ':', '为', '作', '做', '当', '担'])?;
    let (name, told) = rest.split_at(end);
    let (label, office) = match told.rsplit_once(['(', ',', ':']) {
        Some((office, label)) => (label, office),
        None => return None,
    };
    let behind: String = behind.chars().take(CLOSING).collect();
    let speaks = [office, behind.as_str()].iter().any(|text| {
        let roles = ["代表", "联系人", "联络人", "牵头", "负责联系", "代为"];
        has_any(text, &roles)
    });
    let is_name = (2..=4).contains(&name.chars().count())
        && name.chars().all(is_han)
        && !whose::subject::mentions_another(name);
    (is_name && speaks && NUMBERS.contains(&label)).then(|| name.to_owned())
}

/// Whoever a sentence speaks of that begins with nothing but a pronoun, out of the one before it: 我举报村书记黄大发。其家住…,电话139….
pub(super) fn antecedent(before: &str, writers: &Writers) -> Option<String> {
    let before: String = before.chars().filter(|c| *c != ' ').collect();
    let (earlier, sentence) = sentence_of(&before);
    let pronouns = ["其", "他", "她", "该人", "此人", "这人"];
    let others = [
        "其中", "其他", "其余", "其实", "其它", "他们", "她们", "他人",
    ];
    let points = pronouns.iter().any(|word| sentence.starts_with(word))
        && !others.iter().any(|word| sentence.starts_with(word));
    let label = sentence.rsplit([',', '(', ':']).find(|c| !c.is_empty());
    let is_number = label.is_some_and(|label| {
        NUMBERS
            .iter()
            .any(|word| !word.is_empty() && label.ends_with(word))
    });
    let named = || {
        let mut earlier = earlier;
        for _ in 0..SENTENCES_BACK {
            let last = last_sentence(earlier);
            if let Some(name) = whose::named_in(last, writers) {
                return Some(name);
            }
            earlier = &earlier[..earlier.trim_end_matches(['。', '!', '?']).len() - last.len()];
        }
        None
    };
    (points && is_number).then(named).flatten()
}

/// Sentences between a pronoun and whoever it points at.
const SENTENCES_BACK: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beside_the_writers_home_is_his() {
        let nobody = Writers::default();
        for (before, behind) in [
            ("请派人看看。我的住处:西陵区珍珠路21号3栋201室,手机", "。"),
            (
                "请派人看看。家住夷陵区小溪塔街道平湖村2组,电话",
                ",随时可以找我。",
            ),
            ("我家在珍珠路21号3栋201室,打", "找得到我。"),
            ("要找我就打", ",我家就在平湖村2组。"),
            ("本人住珍珠路21号3栋,电话", "。"),
        ] {
            assert!(reaches_writer(before, behind, true, &nobody), "{before}");
        }
        for (before, behind) in [
            ("包工头姓马,家住珍珠路21号3栋201室,电话", "。"),
            ("我家楼下的邻居,电话", "。"),
            ("我家在珍珠路21号3栋201室,村主任电话", "。"),
            ("我打了物业的电话", ",没有人接。"),
            ("我家在珍珠路21号3栋201室,物业经理赵立新手机", "。"),
        ] {
            assert!(!reaches_writer(before, behind, true, &nobody), "{before}");
        }
        let before = "欠钱的是包工头马老板。家住珍珠路21号3栋201室,电话";
        assert!(!reaches_writer(
            before,
            ",他一直不接我的电话,请帮我们找到他。",
            false,
            &nobody
        ));
    }

    #[test]
    fn a_number_left_out_above_is_the_writers() {
        assert!(forgot("又及:信写好才发觉,忘了留电话,"));
        assert!(forgot("又及:上面漏写了手机号码:"));
        assert!(!forgot("又及:村主任没有留电话,"));
        assert!(!forgot("又及:物业的电话没人接,"));
    }

    #[test]
    fn whoever_was_chosen_to_speak_has_his_number() {
        assert_eq!(
            elected("现推选望佳(手机", ")为代表,跟政府联系。").as_deref(),
            Some("望佳")
        );
        assert_eq!(
            elected("我们推举昌盛为联系人,电话", "。").as_deref(),
            Some("昌盛")
        );
        assert_eq!(elected("村里选举黄大发(电话", ")当了主任。"), None);
        assert_eq!(elected("我们委托律师(电话", ")为代表。"), None);
    }

    #[test]
    fn a_pronoun_points_at_whoever_was_named_before_it() {
        let writers = Writers::default();
        let before = "我举报平湖村党支部书记黄大发。其家住平湖村三组17号,电话";
        assert_eq!(antecedent(before, &writers).as_deref(), Some("黄大发"));
        assert_eq!(antecedent("我家漏水。其中一次打了电话", &writers), None);
        assert_eq!(antecedent("我举报黄大发。我的电话", &writers), None);
    }
}
