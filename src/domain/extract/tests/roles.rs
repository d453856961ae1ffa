//! What they are that sign, before their names: 业主:…; the word is nobody's name, and each name counts.

use super::around::at_right;
use super::letters::{all_of, letter, page};
use crate::domain::draft::Fields;
use crate::domain::text::PageKind;

const DAY: &str = "2025年3月4日";

fn under(tail: &[&str]) -> Fields {
    let top = ["霍市长：", "门前的路灯坏了半年，请派人修好。"];
    let rows: Vec<&str> = top.iter().chain(tail).copied().collect();
    letter(&rows)
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

#[test]
fn a4_the_word_for_what_they_are_is_no_signatory() {
    for word in [
        "农户",
        "业主",
        "居民",
        "职工",
        "家长",
        "学生家长",
        "租户",
        "商户",
        "住户",
        "村民",
        "户主",
        "员工",
        "工人",
        "农民工",
        "股东",
        "摊主",
        "回迁户",
        "被征地农户",
        "全体业主",
        "三组村民",
        "业主们",
        "储户",
        "退役军人",
    ] {
        for names in [
            "：段美兰　覃大海　柯小满　向春梅",
            "：段美兰、覃大海、柯小满、向春梅",
            "　段美兰　覃大海　柯小满　向春梅",
        ] {
            let row = format!("{word}{names}");
            let fields = under(&[&row, DAY]);
            let named = ["段美兰", "覃大海", "柯小满", "向春梅"];
            assert_eq!(fields.joint.signatories, named, "{row}");
            assert_eq!(fields.joint.count, 4, "{row}");
            assert_eq!(sender(&fields), "段美兰", "{row}");
        }
        let row = format!("{word}：段美兰　覃大海");
        let fields = under(&[&row, "柯小满　向春梅　望佳", DAY]);
        assert_eq!(fields.joint.count, 5, "{row} {:?}", fields.joint);
        assert!(!fields.sender_name.accepted);
    }
}

#[test]
fn a4_names_without_a_gap_behind_the_word_are_cut() {
    for (row, count) in [
        ("业主段美兰覃大海柯小满向春梅", 4),
        ("农户段美兰覃大海柯小满", 3),
        ("段美兰覃大海柯小满向春梅汪远山", 5),
    ] {
        let rows = ["霍市长：", "门前的路灯坏了半年，请派人修好。", row, DAY];
        let page = at_right(page(1, PageKind::Letter, &rows), &[row, DAY]);
        let fields = all_of(&[page]);
        assert_eq!(fields.joint.count, count, "{row} {:?}", fields.joint);
        assert_eq!(sender(&fields), "段美兰", "{row}");
    }
    let fields = under(&["业主段美兰", DAY]);
    assert_eq!((sender(&fields), fields.joint.count), ("段美兰", 1));
}

#[test]
fn a4_the_same_word_in_every_row_makes_a_list_of_them() {
    for word in ["户主", "业主", "家长", "农户", "商户"] {
        let rows = ["段美兰", "覃大海", "望佳", "向春梅"].map(|name| format!("{word}：{name}"));
        let mut tail: Vec<&str> = rows.iter().map(String::as_str).collect();
        tail.push(DAY);
        let fields = under(&tail);
        let named = ["段美兰", "覃大海", "望佳", "向春梅"];
        assert_eq!(fields.joint.signatories, named, "{word}");
        assert_eq!(sender(&fields), "段美兰", "{word}");
        assert!(!fields.sender_name.accepted, "{word}");
    }
    let fields = under(&["户主：段美兰　电话：13812345678", DAY]);
    assert_eq!((sender(&fields), fields.joint.count), ("段美兰", 1));
}

#[test]
fn a_rare_surname_before_how_many_they_are_is_read() {
    for row in [
        "业主代表：望佳等三十二户",
        "业主代表：望佳等32户业主",
        "村民代表：望佳等32人",
    ] {
        let fields = under(&[row, DAY]);
        assert_eq!(sender(&fields), "望佳", "{row}");
        assert_eq!(fields.joint.count, 32, "{row}");
        assert!(!fields.sender_name.accepted, "{row}");
    }
    let fields = under(&["东坡村三组46户村民代表：段美兰、覃大海、柯小满", DAY]);
    assert_eq!(fields.joint.count, 46);
    assert!(!fields.sender_name.accepted);
}

#[test]
fn what_one_says_of_others_labels_no_signatories() {
    for row in [
        "楼上住户：骆大海、向传英",
        "违章业主：骆大海",
        "对面商户：骆大海、向传英",
    ] {
        let fields = under(&["段美兰", DAY, row]);
        assert_eq!(sender(&fields), "段美兰", "{row}");
        assert!(
            fields.joint.count <= 1 || !fields.sender_name.accepted,
            "{row}"
        );
        let fields = under(&[row, DAY]);
        assert!(!fields.sender_name.accepted, "{row}");
    }
    // Nobody is named behind it.
    let fields = under(&["全体业主", DAY]);
    assert!(fields.anonymous.value);
}
