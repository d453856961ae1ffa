//! 问题属地: where a matter is, in the letter's own words. Only a named place; the writer's home is none unless the matter says so.

use crate::domain::gazetteer::Gazetteer;

/// Endings of places, how much they speak for one, and what may not follow.
const ENDINGS: &[(&str, usize, &str)] = &[
    ("小区", 4, ""),
    ("花园", 4, ""),
    ("家园", 4, ""),
    ("新村", 4, ""),
    ("公寓", 4, ""),
    ("大院", 3, ""),
    ("花苑", 4, ""),
    ("苑", 3, ""),
    ("豪庭", 4, ""),
    ("广场", 3, "舞"),
    ("工业园", 3, ""),
    ("开发区", 3, ""),
    ("社区", 3, "居工"),
    ("村", 3, "干委民里支书主长霸务集口会部"),
    ("镇", 2, "政长里干上"),
    ("街道", 2, "办上两书主"),
    ("大道", 2, ""),
    ("路", 2, "面灯上口边段过费人线程不"),
    ("街", 2, "坊道上边头"),
    ("巷", 2, "口子"),
    ("桥", 1, "面上头"),
    ("河", 1, "道里边水"),
];

/// Characters a name of a place does not go on behind when read backwards.
const STOPS: &str = "在是到和的们于自从住我你他她把被将向由对给让,。:;!?、(\"“就也都又还有无没不了着过去来及与这那此该每各全本某个从因为年月日人起";

/// What people do about a place, or with a letter: no name of one has these words in it.
const VERBS: &[&str] = &[
    "举报", "检举", "揭发", "控告", "状告", "告发", "反映", "投诉", "反应", "请求", "恳请", "恳求",
    "要求", "申请", "希望", "盼望", "建议", "咨询", "实名", "关于", "有关", "解决", "处理", "查处",
    "严查", "调查", "整治", "整改", "治理", "改善", "改造", "取缔", "制止", "拆除", "修复", "修建",
    "维修", "新建", "增设", "督促", "责令", "协调", "帮助", "位于", "家住", "现住", "居住", "租住",
];

/// Where the name begins behind the last verb that stands before it.
fn behind_verbs(chars: &[char], from: usize, stem: usize) -> usize {
    let is_verb = |end: &usize| {
        let word = chars[end - 2..*end].iter().copied();
        VERBS.iter().any(|verb| verb.chars().eq(word.clone()))
    };
    // Where one begins with a character that ends every name (有关), reading backwards stopped inside it.
    (from.max(1) + 1..=stem).rev().find(is_verb).unwrap_or(from)
}

/// The place a text names: with its divisions where they are written.
pub(super) fn of(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut best: Option<(usize, String)> = None;
    for end in 1..=chars.len() {
        let Some((weight, length)) = ending(&chars, end) else {
            continue;
        };
        let stem = end - length;
        let from = (0..stem)
            .rev()
            .find(|&i| STOPS.contains(chars[i]) || !is_part(chars[i]));
        let from = from.map_or(0, |i| i + 1).max(end.saturating_sub(LONGEST));
        let from = behind_verbs(&chars, from, stem);
        let name: String = chars[from..end].iter().collect();
        let known = divisions(&chars[from..end]);
        let named = (2..=8).contains(&(stem - from)) || known;
        let better = best
            .as_ref()
            .is_none_or(|(w, _)| weight + usize::from(known) > *w);
        if named && better && !vague(&name) {
            best = Some((weight + usize::from(known), name));
        }
    }
    best.map(|(_, name)| name)
}

const LONGEST: usize = 24;

fn ending(chars: &[char], end: usize) -> Option<(usize, usize)> {
    ENDINGS.iter().find_map(|(word, weight, not_before)| {
        let n = word.chars().count();
        let here = end >= n && chars[end - n..end].iter().copied().eq(word.chars());
        let next = chars.get(end);
        (here && next.is_none_or(|c| !not_before.contains(*c))).then_some((*weight, n))
    })
}

fn is_part(ch: char) -> bool {
    crate::domain::zones::is_han(ch) || ch.is_ascii_digit()
}

/// Whether a text begins with the whole name of a division.
fn divisions(chars: &[char]) -> bool {
    (2..=chars.len().min(8)).any(|n| {
        let name: String = chars[..n].iter().collect();
        !Gazetteer::shared().named(&name).is_empty()
    })
}

/// 一条路, 隔壁小区: no name of a place.
fn vague(name: &str) -> bool {
    [
        "一条",
        "两条",
        "整个",
        "隔壁",
        "附近",
        "旁边",
        "前面",
        "对面",
        "门口",
        "楼下",
        "马路",
        "公路",
        "高速",
        "修路",
        "跑路",
        "出路",
        "活路",
        "绕路",
        "让路",
        "拦路",
        "网路",
        "思路",
        "线路",
        "铁路",
        "小路",
        "这个",
        "单位",
        "学校",
        "老旧",
        "所有",
        "条路",
        "柏油路",
        "水泥路",
        "石子路",
        "砂石路",
        "泥巴路",
        "沥青路",
        "土路",
        "机耕路",
        "道路",
        "敝村",
        "驻村",
        "属村",
        "承建",
    ]
    .iter()
    .any(|v| name.contains(v))
        || is_line(name)
}

/// 二十一路, 6路: a line of buses.
fn is_line(name: &str) -> bool {
    let number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十百".contains(c);
    name.strip_suffix('路').is_some_and(|line| {
        let written = line.contains('十') || line.chars().all(|c| c.is_ascii_digit());
        written && line.chars().all(number)
    })
}

#[cfg(test)]
mod tests {
    use super::{VERBS, of};

    #[test]
    fn the_place_is_what_the_letter_names() {
        assert_eq!(
            of("彩虹新村38幢一楼住户私自搭建阳光房").as_deref(),
            Some("彩虹新村")
        );
        assert_eq!(
            of("从去年起姑苏区平江路一直没有修").as_deref(),
            Some("姑苏区平江路")
        );
    }

    /// Whatever is done about it, once or twice over, is no part of the name; and a place that nobody named is none.
    #[test]
    fn what_is_done_about_a_place_is_no_part_of_its_name() {
        let places = [
            "石桥村",
            "彩虹新村",
            "平江路",
            "东山镇",
            "姑苏区平江路",
            "金色家园",
            "星湖街",
        ];
        for (first, second) in VERBS.iter().flat_map(|a| VERBS.iter().map(move |b| (a, b))) {
            for place in places {
                for said in [
                    format!("{second}{place}"),
                    format!("现{first}{second}{place}"),
                ] {
                    assert_eq!(of(&said).as_deref(), Some(place), "{said}");
                }
            }
            assert_eq!(of(&format!("{first}{second}小区停车难")), None);
        }
    }

    #[test]
    fn a_kind_of_road_and_a_line_of_buses_are_no_places() {
        for said in [
            "门前的柏油路坏了",
            "二十一路半小时一班",
            "该道路属村级公路",
            "市里驻村工作队来过",
            "惟敝村祖坟被挖",
        ] {
            assert_eq!(of(said), None, "{said}");
        }
        assert_eq!(of("五一路的窨井盖丢了").as_deref(), Some("五一路"));
        assert_eq!(of("石桥村的水泥路坏了").as_deref(), Some("石桥村"));
    }

    #[test]
    fn a_road_in_general_is_no_place() {
        assert_eq!(of("这条路坏了,村干部不管,路面坑坑洼洼"), None);
    }
}
