//! Looking for words in folded characters, and how alike two words are for someone who misreads or misspells.

use std::collections::HashMap;
use std::sync::OnceLock;

use pinyin::ToPinyin;

use crate::domain::zones::{Glyph, is_han};

/// First place of `needle` in `hay` at or after `from`.
pub(crate) fn find_from(hay: &[char], needle: &str, from: usize) -> Option<usize> {
    let mut rest = needle.chars();
    let first = rest.next()?;
    let follows = |at: usize| {
        let mut hay = hay[at + 1..].iter();
        rest.clone().all(|ch| hay.next() == Some(&ch))
    };
    (from..hay.len()).find(|&at| hay[at] == first && follows(at))
}

/// First place of `needle` in `hay`.
pub(crate) fn find(hay: &[char], needle: &str) -> Option<usize> {
    find_from(hay, needle, 0)
}

/// Whether any of `needles` stands in `text`.
pub(crate) fn has_any(text: &str, needles: &[&str]) -> bool {
    needles.iter().any(|n| text.contains(n))
}

/// The characters without blanks.
pub(crate) fn squeeze(glyphs: &[Glyph]) -> Vec<Glyph> {
    glyphs
        .iter()
        .filter(|g| !g.ch.is_whitespace())
        .copied()
        .collect()
}

/// The folded characters of some glyphs.
pub(crate) fn chars_of(glyphs: &[Glyph]) -> Vec<char> {
    glyphs.iter().map(|g| g.ch).collect()
}

/// Whether a character is one of the 3755 usual ones, the first level of GB 2312: of a Chinese text they are nearly all.
pub(crate) fn is_usual(ch: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, unknown) = encoding_rs::GBK.encode(ch.encode_utf8(&mut buffer));
    !unknown && matches!(*bytes, [0xB0..=0xD7, 0xA1..=0xFE])
}

/// Characters that hands and engines take for one another; each group is alike in shape.
const LOOK_ALIKE: &[&str] = &[
    "访防仿坊妨",
    "州洲卅",
    "市巿布",
    "人入八",
    "己已巳",
    "土士",
    "未末",
    "日曰目",
    "干千于",
    "天夫无",
    "大太犬",
    "王玉主五",
    "田由甲申",
    "木本术",
    "办为",
    "委季",
    "任仼壬",
    "长常",
    "局居屇",
    "政致攻",
    "府付附",
    "记纪己",
    "林杯材",
    "汤杨扬场",
    "钱线残",
    "周用同",
    "明朋",
    "远运过",
    "伯佰柏",
    "年牛",
    "立力",
    "群裙郡",
    "继维",
    "红江",
    "正止",
    "阳阴",
    "陈东",
    "李季",
    "刘列",
    "张弓",
    "赵起",
    "吴昊",
    "徐除",
    "孙孔",
    "朱未",
    "何问河",
    "郭廓",
    "马鸟",
    "罗岁",
    "沈沉",
    "陆击",
    "顾颀",
    "宋末",
    "许计",
    "冯马",
    "邓郑",
    "曹曾",
    "彭影",
    "肖尚",
    "董重",
    "袁表",
    "潘番",
    "蒋将",
    "蔡祭",
    "余佘",
    "杜社",
    "叶汁",
    "程呈",
    "魏巍",
    "薛蘖",
    "闫闰",
    "丁了",
];

/// In which groups of [`LOOK_ALIKE`] a character is, a bit each.
fn look_alike() -> &'static HashMap<char, u128> {
    static GROUPS: OnceLock<HashMap<char, u128>> = OnceLock::new();
    const { assert!(LOOK_ALIKE.len() <= 128) };
    GROUPS.get_or_init(|| {
        let mut groups = HashMap::new();
        for (at, group) in LOOK_ALIKE.iter().enumerate() {
            for ch in group.chars() {
                *groups.entry(ch).or_default() |= 1 << at;
            }
        }
        groups
    })
}

/// What it costs to read `a` where `b` was meant: 0 the same, 1 unrelated.
pub(crate) fn swap_cost(a: char, b: char) -> f32 {
    if a == b {
        return 0.0;
    }
    let groups_of = |ch| look_alike().get(&ch).copied().unwrap_or(0);
    if groups_of(a) & groups_of(b) != 0 {
        return 0.4;
    }
    match (a.to_pinyin(), b.to_pinyin()) {
        (Some(x), Some(y)) if x.plain() == y.plain() => 0.4,
        _ => 1.0,
    }
}

/// Edit distance with cheap swaps for look-alikes and homophones.
pub(crate) fn distance(a: &[char], b: &[char]) -> f32 {
    let mut row: Vec<f32> = (0..=b.len()).map(|j| j as f32).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i as f32 + 1.0;
        for (j, &y) in b.iter().enumerate() {
            let swap = corner + swap_cost(x, y);
            corner = row[j + 1];
            row[j + 1] = swap.min(corner + 1.0).min(row[j] + 1.0);
        }
    }
    row[b.len()]
}

/// Whether two words of the same length differ in exactly one character.
pub(crate) fn one_off(a: &str, b: &str) -> bool {
    a.chars().count() == b.chars().count()
        && a.chars().zip(b.chars()).filter(|(x, y)| x != y).count() == 1
}

/// Whether every character is Chinese.
pub(crate) fn all_han(chars: &[char]) -> bool {
    chars.iter().all(|c| is_han(*c))
}
