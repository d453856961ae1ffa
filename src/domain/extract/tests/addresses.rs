//! Addresses of real towns: what is put right, what is only offered, and what does not belong to them.

use super::letters::page;
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::field::{Field, Source};
use crate::domain::roster::Roster;
use crate::domain::text::PageKind;

fn registered(tail: &[&str]) -> Fields {
    let mut rows = vec!["市政府：", "请求修好屋面。", "此致", "敬礼"];
    rows.extend(tail);
    let roster = Roster {
        station: "苏州市信访局".into(),
        ..Roster::default()
    };
    extract(&[page(1, PageKind::Letter, &rows)], &roster, None)
}

fn address(tail: &[&str]) -> Field {
    registered(tail).address
}

fn offered(field: &Field, value: &str) -> bool {
    field.alternatives.iter().any(|a| a.value == value)
}

#[test]
fn a_misread_division_is_put_right_and_what_was_read_stays() {
    let field = address(&["来信人：汪小满", "地址：苏洲市姑苏区平江街道大儒巷3号"]);
    assert_eq!(
        field.value.as_deref(),
        Some("苏州市姑苏区平江街道大儒巷3号")
    );
    assert!(
        field.raw.iter().any(|r| r.contains("苏洲市")),
        "{:?}",
        field.raw
    );
    assert!(offered(&field, "苏洲市姑苏区平江街道大儒巷3号"));
}

#[test]
fn an_estate_named_like_a_division_is_left_as_it_is() {
    let field = address(&["来信人：汪小满", "地址：姑苏华庭3幢402室"]);
    assert_eq!(field.value.as_deref(), Some("姑苏华庭3幢402室"));
}

#[test]
fn upper_levels_nobody_wrote_are_only_offered() {
    let field = address(&["来信人：汪小满", "地址：姑苏区平江街道大儒巷3号"]);
    assert_eq!(field.value.as_deref(), Some("姑苏区平江街道大儒巷3号"));
    assert!(offered(&field, "江苏省苏州市姑苏区平江街道大儒巷3号"));
}

#[test]
fn a_former_name_stays_and_todays_is_offered() {
    let field = address(&["来信人：汪小满", "地址：苏州市沧浪区人民路3号"]);
    assert_eq!(field.value.as_deref(), Some("苏州市沧浪区人民路3号"));
    assert!(offered(&field, "苏州市姑苏区人民路3号"));
}

#[test]
fn a_phone_number_below_a_bare_address_is_no_part_of_it() {
    let long = "江苏省苏州市吴江区平望镇中鲈村第十一组红旗新村附近27";
    let fields = registered(&["汪小满", long, "13812345678"]);
    assert_eq!(fields.address.value.as_deref(), Some(long));
    assert_eq!(fields.phones[0].field.value.as_deref(), Some("13812345678"));
}

#[test]
fn a_stroke_before_a_house_word_is_shown_as_one_and_left_to_a_person() {
    let field = address(&["来信人：汪小满", "地址：苏州市姑苏区大儒巷|2号"]);
    assert_eq!(field.value.as_deref(), Some("苏州市姑苏区大儒巷12号"));
    assert!(!field.accepted);
}

#[test]
fn a_town_alone_on_the_envelope_is_the_postmark_and_no_sender() {
    let rows = ["市政府：", "请求修好屋面。", "此致", "敬礼"];
    let mut front = page(
        2,
        PageKind::Envelope,
        &["江苏省苏州市三香路1号", "苏州市人民政府 收", "昆山"],
    );
    (front.width, front.height) = (2600, 1300);
    let roster = Roster {
        station: "苏州市信访局".into(),
        ..Roster::default()
    };
    let fields = extract(&[page(1, PageKind::Letter, &rows), front], &roster, None);
    assert_eq!(
        fields.postmark.and_then(|p| p.place).as_deref(),
        Some("昆山")
    );
    assert_eq!(fields.sender_name.value.as_deref(), Some("匿名"));
    assert_eq!(fields.address.source, Source::EnvelopePostmark);
    assert!(!fields.address.accepted);
}

#[test]
fn two_mentions_of_an_address_that_still_differ_are_left_to_a_person() {
    let held_back = |front: &'static str| {
        let rows = [
            "霍市长：",
            "路灯坏了半年。",
            "此致",
            "敬礼",
            "汪小满",
            "地址：苏州市姑苏区学府花园47幢1705室",
        ];
        let fields = super::letters::with_envelope(
            &rows,
            super::letters::envelope("霍市长（收）", &[front, "汪小满 寄"]),
        );
        fields.address.signs.iter().any(|s| s.name == "veto")
    };
    assert!(!held_back("苏州市姑苏区学府花园47幢1705室"));
    assert!(held_back("苏州市姑苏区学府花园41幢1705室"));
}

#[test]
fn an_address_in_two_rows_of_an_envelope_is_one_and_the_office_it_goes_to_no_senders() {
    use super::letters::{envelope, with_envelope};
    let rows = [
        "霍市长：",
        "我们小区的路灯坏了半年，没有人修。",
        "恳请派人修好。",
        "汪小满",
    ];
    let parted = ["汉东省临江市河东区柳林街道柳林新村3单", "元302", "汪小满"];
    let fields = with_envelope(&rows, envelope("霍市长 收", &parted));
    let address = fields.address.value.unwrap_or_default();
    assert!(address.ends_with("柳林新村3单元302"), "{address}");
    // Nobody writes 收, and the office stands low.
    let mut front = envelope("临江市信访局", &["临江红星机械厂铸造车间", "汪小满"]);
    for line in front.lines.iter_mut().skip(1) {
        line.quad = line.quad.map(|p| [p[0], p[1] + 170.0]);
    }
    let fields = with_envelope(&rows, front);
    assert_ne!(fields.address.value.as_deref(), Some("临江市信访局"));
}
