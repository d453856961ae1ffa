//! Sentences below a signature that tell how to reach who signed: they take neither his name nor the day away.

use super::letters::letter;
use crate::domain::draft::Fields;

const HOME: &str = "临江市河东区柳林村3组12号";

fn signed_above(row: &[&str]) -> Fields {
    let top = [
        "霍市长：",
        "门前的路灯坏了半年，请派人修好。",
        "段美兰",
        "2025年3月4日",
    ];
    let rows: Vec<&str> = top.iter().chain(row).copied().collect();
    letter(&rows)
}

#[test]
fn c2_a_sentence_below_the_day_takes_no_signature_away() {
    for row in [
        "家住X，电话13812345678，随时可以找我。",
        "我的家在X，我的电话是13812345678。",
        "我的住处：X，手机13812345678。",
        "我家在X，打13812345678找得到我。",
        "要找我就打13812345678，我家就在X。",
        "有事请打13812345678，我住X。",
        "如需联系，请拨13812345678，我家住在X。",
        "本人现住X，手机13812345678，晚上都在家。",
        "我住在X，手机13812345678。",
        "打13812345678就能找到我，我家住X。",
    ] {
        let row = row.replace('X', HOME);
        let fields = signed_above(&[&row]);
        assert_eq!(fields.sender_name.value.as_deref(), Some("段美兰"), "{row}");
        assert_eq!(
            fields.letter_date.value.as_deref(),
            Some("2025-03-04"),
            "{row}"
        );
        assert_eq!(fields.address.value.as_deref(), Some(HOME), "{row}");
        let phones = fields
            .phones
            .iter()
            .filter_map(|p| p.field.value.as_deref());
        assert_eq!(phones.collect::<Vec<_>>(), ["13812345678"], "{row}");
    }
}

#[test]
fn c2_nor_does_one_that_goes_on_in_a_second_row() {
    let fields = signed_above(&[
        "要找我就打13812345678，我家就在临江市河东区",
        "柳林村3组12号，随时可以找我。",
    ]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("段美兰"));
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
    assert_eq!(fields.address.value.as_deref(), Some(HOME));
}

#[test]
fn a_sentence_that_tells_of_something_is_none_of_them() {
    for row in [
        "我家在柳林村3组12号，去年七月被他们强行拆除至今没有安置。",
        "我的电话打了十几次都没有人接，请领导过问。",
    ] {
        let fields = signed_above(&[row]);
        assert!(!fields.sender_name.accepted, "{row}");
    }
}
