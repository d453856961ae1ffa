//! Words by which a mention is somebody's beside the one a roster knows: of another level, of a smaller body, who works for him.

use super::title_in;

/// Characters for the level of a place, by which offices of one name differ.
pub(super) const LEVELS: [char; 7] = ['省', '市', '州', '县', '区', '镇', '乡'];

/// Bodies below any that a roster lists the leaders of, and who speaks for them.
pub(super) const LOWER: &[&str] = &[
    "居委会",
    "居委",
    "村委会",
    "村委",
    "村",
    "社区",
    "街道",
    "街道办",
    "办事处",
    "镇",
    "乡",
    "镇政府",
    "乡政府",
    "组",
    "厂",
    "公司",
    "学校",
    "小学",
    "中学",
    "医院",
    "卫生院",
    "派出所",
    "所",
    "站",
    "队",
    "物业",
    "支书",
    "村长",
    "村主任",
    "镇长",
    "乡长",
    "校长",
    "经理",
];

/// Those who work for a leader or belong to him: who is addressed is not he.
const HELP: &[&str] = &[
    "秘书", "司机", "助理", "夫人", "爱人", "妻子", "家属", "家人", "儿子", "女儿", "父亲", "母亲",
];

/// Whether somebody's helper is named behind an office: 的秘书小李, but not 市委书记秘书长.
pub(super) fn is_anothers_help(behind: &[char]) -> bool {
    let behind: String = behind.iter().take(4).collect();
    let behind = behind.trim_start_matches('的');
    HELP.iter().any(|word| behind.starts_with(word)) && !behind.starts_with("秘书长")
}

/// The same of a whole text: 荣局长的秘书小李.
pub(super) fn is_beside_office(text: &str) -> bool {
    let title = title_in(text).and_then(|title| Some((text.find(title)?, title)));
    title.is_some_and(|(at, title)| {
        let behind: Vec<char> = text[at + title.len()..].chars().collect();
        is_anothers_help(&behind)
    })
}
