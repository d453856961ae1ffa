//! A label is never part of a value, whatever marks and blanks stand around it; on the sheet and on the envelope.

use proptest::prelude::*;

use super::letters::{envelope, letter, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::labels::WRITERS;

const TOP: [&str; 5] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
    "此致",
    "敬礼",
];

fn sheet(rows: &[&str]) -> Fields {
    let all: Vec<&str> = TOP.iter().chain(rows).copied().collect();
    letter(&all)
}

fn enveloped(sender: &[&str]) -> Fields {
    let rows = [TOP.as_slice(), &["2025年3月4日"]].concat();
    with_envelope(&rows, envelope("霍市长 收", sender))
}

/// What stands between a label and its value, in every width.
fn marks() -> impl Strategy<Value = String> {
    let mark = prop::sample::select(vec![
        "：", ":", "﹕", "︰", "∶", "；", ";", "．", ".", "－", "-", "—", "·", "•", "／", "/",
        "＝", "=", "｜", "|", "→", "　", " ", "“", "「", "《", "、",
    ]);
    prop::collection::vec(mark, 1..3).prop_map(|m| m.concat())
}

fn brackets() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("", ""),
        ("（", "）"),
        ("(", ")"),
        ("【", "】"),
        ("[", "]"),
        ("《", "》"),
        ("　", ""),
    ])
}

/// Nothing that is registered, or shown beside it, has the label in it.
fn no_label(fields: &Fields, label: &str) -> Result<(), TestCaseError> {
    for field in [
        &fields.sender_name,
        &fields.address,
        &fields.id_number.field,
    ] {
        let value = field.value.as_deref().unwrap_or_default();
        prop_assert!(!value.contains(label), "{value}");
        prop_assert!(!value.contains(['：', ':', '；', ';', '=', '|']), "{value}");
    }
    for name in &fields.joint.signatories {
        prop_assert!(!name.contains(label), "{name}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_writers_label_is_no_part_of_the_name(
        label in prop::sample::select(WRITERS.to_vec()),
        (open, close) in brackets(),
        mark in marks(),
        name in prop::sample::select(vec!["汪小满", "欧阳春兰", "段美兰", "罗成"]),
    ) {
        let row = format!("{open}{label}{close}{mark}{name}");
        let fields = sheet(&[&row]);
        no_label(&fields, label)?;
        prop_assert_eq!(fields.sender_name.value.as_deref(), Some(name), "{}", row);
        let fields = enveloped(&["临江市河东区柳林路3号", &row]);
        no_label(&fields, label)?;
        prop_assert_eq!(fields.sender_name.value.as_deref(), Some(name), "{}", row);
        prop_assert_eq!(fields.address.value.as_deref(), Some("临江市河东区柳林路3号"), "{}", row);
    }

    #[test]
    fn a_label_with_something_unreadable_behind_it_is_no_value(
        label in prop::sample::select([WRITERS, &["地址", "住址", "电话", "邮编", "证明人", "单位", "备注"]].concat()),
        mark in marks(),
        rest in "[0-9!?！？.，。*_-]{0,3}",
    ) {
        let row = format!("{label}{mark}{rest}");
        for fields in [sheet(&[&row]), enveloped(&[&row])] {
            no_label(&fields, label)?;
            prop_assert!(!fields.sender_name.accepted || fields.anonymous.value, "{row}");
            prop_assert_eq!(&fields.address.value, &None, "{}", row);
        }
    }
}

#[test]
fn an_exclamation_mark_at_the_end_is_no_figure() {
    let fields = enveloped(&["来信人：0!"]);
    assert_eq!(fields.address.value, None);
    assert_ne!(fields.sender_name.value.as_deref(), Some("来信人:0!"));
    let fields = enveloped(&["临江市河东区柳林路20!"]);
    assert!(
        fields
            .address
            .value
            .is_none_or(|value| !value.contains("201"))
    );
}

#[test]
fn what_stands_on_an_envelope_behind_somebody_elses_label_is_nobodys_name() {
    for label in ["证明人", "转交人", "收款人", "备注"] {
        let row = format!("{label}：段美兰");
        let fields = enveloped(&["临江市河东区柳林路3号", &row]);
        assert_ne!(
            fields.sender_name.value.as_deref(),
            Some("段美兰"),
            "{label}"
        );
    }
}

#[test]
fn an_office_called_people_is_no_writers_label() {
    let fields = letter(&[
        "请求人民政府",
        "我们小区的路灯坏了半年，没有人修。",
        "来信人：汪小满",
    ]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
}
