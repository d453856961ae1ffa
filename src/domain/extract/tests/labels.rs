//! A label is never part of a value, whatever marks and blanks stand around it; on the sheet and on the envelope.

use proptest::prelude::*;

use super::letters::{envelope, letter, page, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::labels::{LABELS, WRITERS};
use crate::domain::extract::{signature, tail};
use crate::domain::text::PageKind;
use crate::domain::zones::envelope::envelope_zones;
use crate::domain::zones::{rows, text_of};

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
const MARKS: [&str; 27] = [
    "：", ":", "﹕", "︰", "∶", "；", ";", "．", ".", "－", "-", "—", "·", "•", "／", "/", "＝",
    "=", "｜", "|", "→", "　", " ", "“", "「", "《", "、",
];

fn marks() -> impl Strategy<Value = String> {
    let mark = prop::sample::select(MARKS.to_vec());
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
fn what_has_no_character_is_no_address() {
    for rest in ["*0*", "3-5", "12", "1-2-301"] {
        let row = format!("地址：{rest}");
        assert_eq!(sheet(&[&row]).address.value, None, "{row}");
        assert_eq!(enveloped(&[&row]).address.value, None, "{row}");
    }
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

/// Every label of the lists.
fn every_label() -> impl Iterator<Item = &'static str> {
    LABELS.iter().flat_map(|(_, words)| words.iter().copied())
}

/// What may be left of an answer that could not be read.
const UNREADABLE: [&str; 12] = [
    "", "0", "7", "20", "815", "!", "?？", "...", "。", "*_", "-0-", "3,2",
];

/// A row that is all a label has below it names nobody, alone or beside a name.
fn names_nobody(label: &str, row: &str) {
    let fields = sheet(&[row]);
    no_label(&fields, label).unwrap();
    assert_eq!(fields.address.value, None, "{row}");
    let fields = sheet(&["汪小满", row]);
    no_label(&fields, label).unwrap();
    let sender = fields.sender_name.value.as_deref();
    assert!(matches!(sender, Some("汪小满") | None), "{row}: {sender:?}");
    let fields = enveloped(&[row]);
    no_label(&fields, label).unwrap();
    assert_eq!(fields.address.value, None, "{row}");
}

#[test]
fn a_label_with_a_blank_and_a_figure_behind_it_is_nobodys_name() {
    for label in every_label() {
        for row in [
            format!("{label}　0"),
            format!("{label} 3."),
            label.to_owned(),
        ] {
            names_nobody(label, &row);
        }
    }
}

#[test]
fn a_number_of_the_list_stands_before_a_witness_as_well() {
    let fields = sheet(&["汪小满", "证明人　1 段美兰、2 罗成"]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
    assert_eq!(fields.joint.count, 1);
}

#[test]
#[ignore = "every label with every two marks: twenty minutes"]
fn no_label_with_any_marks_is_a_value() {
    for label in every_label() {
        for mark in MARKS {
            for rest in UNREADABLE {
                names_nobody(label, &format!("{label}{mark}{rest}"));
            }
            for other in MARKS {
                for rest in UNREADABLE {
                    named_in_parts(label, &format!("{label}{mark}{other}{rest}"));
                }
            }
        }
    }
}

/// As [`names_nobody`], of the parts of a letter alone.
fn named_in_parts(label: &str, row: &str) {
    let sheet = page(1, PageKind::Letter, &[row]);
    let items = tail::items(&rows(0, &sheet));
    let signed = signature::single(&items).into_iter();
    for signature in signed.chain(signature::list(&items)) {
        assert!(!signature.name().contains(label), "{row}");
    }
    let zones = envelope_zones(0, &envelope("霍市长 收", &[row]));
    for value in [zones.sender_name, zones.sender_address]
        .into_iter()
        .flatten()
    {
        assert!(!text_of(&value).contains(label), "{row}");
    }
}
