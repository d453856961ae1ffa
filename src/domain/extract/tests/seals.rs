//! Units that sign: under their seals, in a column, with somebody for them; each counts.

use super::around::at_right;
use super::letters::{all_of, letter, page};
use crate::domain::draft::Fields;
use crate::domain::text::PageKind;

const TOP: [&str; 2] = ["霍市长：", "门前封路已经四个月，我们请求缩短工期。"];

const DAY: &str = "2025年3月4日";

const UNITS: [&str; 5] = [
    "柳林食品商行",
    "东坡五金机电经营部",
    "临江市恒达鞋业有限公司",
    "好又来早点铺",
    "凤台书店",
];

fn under(tail: &[String]) -> Fields {
    let rows = TOP.iter().copied().chain(tail.iter().map(String::as_str));
    letter(&rows.collect::<Vec<_>>())
}

fn at_the_right(tail: &[String]) -> Fields {
    let rows: Vec<&str> = TOP
        .iter()
        .copied()
        .chain(tail.iter().map(String::as_str))
        .collect();
    let below: Vec<&str> = tail.iter().map(String::as_str).collect();
    all_of(&[at_right(page(1, PageKind::Letter, &rows), &below)])
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

/// The units' rows with such a mark behind each, and the day.
fn sealed(units: &[&str], mark: &str) -> Vec<String> {
    let rows = units.iter().map(|unit| format!("{unit}{mark}"));
    rows.chain([DAY.to_owned()]).collect()
}

#[test]
fn a4_five_units_under_their_seals_sign_together() {
    for mark in [
        "（章）",
        "（盖章）",
        "（公章）",
        "　（章）",
        "（加盖公章）",
        "(印章)",
        " 公章",
    ] {
        let tail = sealed(&UNITS, mark);
        for fields in [under(&tail), at_the_right(&tail)] {
            assert_eq!(fields.joint.signatories, UNITS, "{mark}");
            assert!(fields.joint.is_joint, "{mark}");
            assert_eq!(sender(&fields), UNITS[0], "{mark}");
            assert!(!fields.sender_name.accepted, "{mark}");
            assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
        }
    }
}

#[test]
fn a5_one_unit_under_its_seal_is_the_sender_and_makes_no_letter_anonymous() {
    for unit in [
        "临江市恒达鞋业有限公司",
        "东坡村民友种植专业合作社",
        "凤台书店",
        "李记炭火烧烤",
        "东坡村第三村民小组",
    ] {
        for mark in ["（章）", "（盖章）", "（公章）"] {
            let tail = sealed(&[unit], mark);
            for fields in [under(&tail), at_the_right(&tail)] {
                assert_eq!(sender(&fields), unit, "{mark}");
                assert!(!fields.anonymous.value, "{unit}{mark}");
                assert_eq!(fields.joint.count, 1, "{unit}{mark}");
            }
        }
    }
    let own_row = ["临江市恒达鞋业有限公司", "（盖章）", DAY].map(str::to_owned);
    assert_eq!(sender(&under(&own_row)), "临江市恒达鞋业有限公司");
    for label in ["单位（盖章）：", "申请单位：", "落款单位（公章）："] {
        let row = format!("{label}临江市恒达鞋业有限公司");
        let fields = under(&[row, DAY.to_owned()]);
        assert_eq!(sender(&fields), "临江市恒达鞋业有限公司", "{label}");
    }
}

#[test]
fn c3_of_units_the_contact_person_and_the_number_of_all_are_registered() {
    let mut tail = sealed(&UNITS[..3], "（章）");
    tail.pop();
    let more = [
        "好又来早点铺　涂小满",
        "凤台书店　覃大海",
        "联系人：汪远山，13812345678",
        DAY,
    ];
    tail.extend(more.map(str::to_owned));
    let fields = under(&tail);
    assert_eq!(fields.joint.count, 5, "{:?}", fields.joint);
    assert_eq!(sender(&fields), "汪远山");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/2"));
    assert!(!fields.sender_name.accepted);
}

#[test]
fn a4_who_signs_for_his_shop_is_one_with_it() {
    let tail = [
        "好又来早点铺　涂小满",
        "凤台书店　覃大海",
        "柳林食品商行　段美兰　13812345678",
        DAY,
    ];
    let fields = under(&tail.map(str::to_owned));
    assert_eq!(fields.joint.signatories, ["涂小满", "覃大海", "段美兰"]);
    assert!(!fields.sender_name.accepted);
}

#[test]
fn a4_units_in_a_column_at_the_left_sign_without_a_seal() {
    let units = [
        "临江市恒达鞋业有限公司",
        "临江市楚发劳务有限公司",
        "临江市宏远商贸有限公司",
        "临江市东坡机电有限公司",
        "临江市长荣纺织有限公司",
    ];
    let fields = under(&sealed(&units, ""));
    assert_eq!(fields.joint.signatories, units);
    assert!(!fields.sender_name.accepted);
    let fields = under(&sealed(&units[..4], "（章）"));
    assert_eq!(fields.joint.count, 4);
    assert!(!fields.joint.is_joint);
    assert!(!fields.sender_name.accepted);
    // A unit of an unusual kind among them.
    let mixed = [units[0], "凤台书店", units[1], "柳林人家", units[2]];
    let fields = under(&sealed(&mixed, "（章）"));
    assert_eq!(fields.joint.signatories, mixed);
}

#[test]
fn units_that_a_letter_is_about_have_not_signed_it() {
    for tail in [
        &[
            "拖欠工资的单位有：",
            "临江市恒达鞋业有限公司",
            "临江市楚发劳务有限公司",
            "段美兰",
            DAY,
        ][..],
        &[
            "被投诉单位：",
            "临江市恒达鞋业有限公司",
            "临江市楚发劳务有限公司",
            "申请人：段美兰",
            DAY,
        ],
    ] {
        let tail: Vec<String> = tail.iter().map(|row| (*row).to_owned()).collect();
        let fields = under(&tail);
        assert_eq!(sender(&fields), "段美兰", "{tail:?}");
        assert_eq!(fields.joint.count, 1, "{tail:?}");
    }
}

#[test]
fn a_unit_that_endorses_a_letter_under_its_seal_has_not_written_it() {
    for said in ["情况属实。", "以上情况属实，请予解决。", "同意上报"] {
        for unit in [
            "东坡村村民委员会（盖章）",
            "临江市河东区柳林街道东坡社区居民委员会（公章）",
        ] {
            let tail = ["段美兰", DAY, said, unit].map(str::to_owned);
            let fields = under(&tail);
            assert_eq!(sender(&fields), "段美兰", "{said} {unit}");
            assert_eq!(fields.joint.count, 1, "{said} {unit}");
        }
    }
    // Its own letter.
    let tail = ["以上情况属实。", "临江市恒达鞋业有限公司（章）", DAY].map(str::to_owned);
    assert_eq!(sender(&under(&tail)), "临江市恒达鞋业有限公司");
}

#[test]
fn a_persons_own_seal_makes_no_unit_of_him() {
    for row in ["段美兰（章）", "东坡村村民段美兰（章）", "段美兰（私章）"]
    {
        let fields = under(&[row.to_owned(), DAY.to_owned()]);
        assert_eq!(sender(&fields), "段美兰", "{row}");
        assert_eq!(fields.joint.count, 1, "{row}");
    }
    let fields = under(&["全体村民（盖章）".to_owned(), DAY.to_owned()]);
    assert!(fields.anonymous.value);
}
