//! What shares a row under a letter, or stands beside its day, and takes nothing away from the rows around it.

use crate::domain::draft::Fields;
use crate::domain::zones::{Row, letter_zones};

use super::letters::{envelope, letter, page, with_envelope};
use crate::domain::extract::foot;
use crate::domain::text::PageKind;

const TOP: [&str; 3] = [
    "霍市长：",
    "我们这里的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

const HOME: &str = "宜昌市夷陵区分乡镇棠垭村";
const NUMBER: &str = "13872514096";

fn under(tail: &[&str]) -> Fields {
    let rows: Vec<&str> = TOP.iter().chain(tail).copied().collect();
    letter(&rows)
}

fn address(fields: &Fields) -> &str {
    fields.address.value.as_deref().unwrap_or_default()
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

fn numbers(fields: &Fields) -> Vec<&str> {
    let values = fields.phones.iter().map(|p| p.field.value.as_deref());
    values.map(Option::unwrap_or_default).collect()
}

#[test]
fn words_beside_the_day_take_no_address_from_above_it() {
    for day in [
        "2025年3月12日（植树节）",
        "乙巳蛇年，公历2025年3月12日",
        "二〇二五年腊月前一月，即公历3月12日",
        "2025年清明后两天（4月6日）",
        "2025年3月6日（星期四）",
    ] {
        let fields = under(&["向传英", HOME, day]);
        assert_eq!(sender(&fields), "向传英", "{day}");
        assert_eq!(address(&fields), HOME, "{day}");
    }
}

#[test]
fn a_name_in_brackets_beside_the_day_is_none_of_it() {
    for text in [
        "2025年3月12日(王芳)",
        "2025年3月12日(王芳代笔)",
        "2025年3月12日(附:照片)",
        "丙午马年我们村修路",
    ] {
        assert!(!foot::is_day(text), "{text}");
    }
    assert!(foot::is_day("2025年3月12日(植树节)"));
}

#[test]
fn name_and_number_in_a_row_above_the_salutation_sign() {
    let fields = letter(&[
        HOME,
        "向传英　13872514096",
        "2025年3月12日",
        "霍市长您好：",
        "我家鱼塘里的鱼一夜之间死光了，请派人来查一查水。",
    ]);
    assert_eq!(sender(&fields), "向传英");
    assert!(!fields.anonymous.value);
    assert_eq!(address(&fields), HOME);
    let nameless = letter(&[
        "关于鱼塘",
        "向传英　13872514096",
        "霍市长您好：",
        "我家鱼塘里的鱼一夜之间死光了，请派人来查一查水。",
    ]);
    assert_eq!(sender(&nameless), "匿名", "no address beside it");
}

#[test]
fn name_home_and_number_in_one_row_are_taken_apart() {
    for row in [
        format!("向传英，{HOME}人，电话{NUMBER}"),
        format!("向传英，住{HOME}，手机{NUMBER}"),
        format!("向传英，{HOME}村民，联系电话{NUMBER}"),
    ] {
        let fields = under(&[&row, "2025年3月12日"]);
        assert_eq!(address(&fields), HOME, "{row}");
        assert_eq!(numbers(&fields), [NUMBER], "{row}");
        assert_eq!(sender(&fields), "向传英", "{row}");
        assert!(!fields.sender_name.accepted, "{row}");
    }
    let signed = under(&[
        &format!("丁一山，{HOME}人，电话{NUMBER}"),
        "向传英",
        "2025年3月12日",
    ]);
    assert_eq!(
        sender(&signed),
        "向传英",
        "whoever signs below is the writer"
    );
}

#[test]
fn two_numbers_in_a_row_leave_what_stands_above_them() {
    let fields = under(&[
        "申请人：向传英",
        &format!("地址：{HOME}"),
        "联系方式：13872514096；家里：0717-6783051",
        "2025年3月12日",
    ]);
    assert_eq!(sender(&fields), "向传英");
    assert_eq!(address(&fields), HOME);
    assert_eq!(numbers(&fields), [NUMBER, "0717-6783051"]);
}

#[test]
fn how_to_reach_him_in_brackets_leaves_the_signature() {
    for row in [
        "（找不到我就找我儿子13872514096）",
        "（我的号码13872514096，晌午和天黑以后在家）",
    ] {
        for tail in [
            [HOME, "向传英", row, "2025年3月12日"],
            ["向传英", HOME, "2025年3月12日", row],
        ] {
            let fields = under(&tail);
            assert_eq!(sender(&fields), "向传英", "{tail:?}");
            assert_eq!(address(&fields), HOME, "{tail:?}");
            assert_eq!(numbers(&fields), [NUMBER], "{tail:?}");
        }
    }
}

#[test]
fn brackets_of_somebody_else_stay_in_the_text() {
    let rows = [&TOP[..], &["（村主任丁一山的电话13872514096）", "向传英"]].concat();
    let zones = letter_zones(&[page(1, PageKind::Letter, &rows)]);
    let tail: Vec<String> = zones.tail_rows().iter().map(Row::compact).collect();
    assert_eq!(tail, ["向传英"]);
}

#[test]
fn a_place_that_runs_on_to_who_signs_for_others_is_his_home() {
    let fields = under(&[
        "宜昌市夷陵区分乡镇棠垭村向传英等四十一户村民",
        "2025年3月12日",
    ]);
    assert_eq!(sender(&fields), "向传英");
    assert!(!fields.anonymous.value);
    assert_eq!(address(&fields), HOME);
    assert_eq!(fields.joint.count, 41);
}

#[test]
fn a_town_beside_half_a_name_is_kept() {
    let fields = under(&["夷陵区分乡镇　屈先生", "2025年3月12日"]);
    assert_eq!(sender(&fields), "匿名");
    assert_eq!(address(&fields), "夷陵区分乡镇");
}

#[test]
fn a_place_that_runs_on_to_the_name_on_the_envelope_is_the_signed_one() {
    let rows = [&TOP[..], &["夷陵区分乡镇棠垭村六组展铁牛", "2025年3月12日"]].concat();
    let fields = with_envelope(&rows, envelope("霍市长 收", &["展铁牛"]));
    assert_eq!(address(&fields), "夷陵区分乡镇棠垭村六组");
}

#[test]
fn words_that_speak_of_all_are_no_part_of_their_home() {
    let fields = under(&[
        "向传英　丁一山　邓长河",
        "段美兰　汪小满",
        "以上五户均为夷陵区分乡镇棠垭村村民",
        "2025年3月12日",
    ]);
    assert_eq!(address(&fields), "夷陵区分乡镇棠垭村");
}

#[test]
fn the_principals_home_stands_behind_his_name() {
    let fields = under(&[
        "委托人：向传英，住夷陵区分乡镇棠垭村",
        "代理人：丁一山，13872514096",
        "2025年3月12日",
    ]);
    assert_eq!(address(&fields), "夷陵区分乡镇棠垭村");
    assert_eq!(sender(&fields), "向传英");
    let accused = under(&["被投诉人：邱德海，住夷陵区分乡镇棠垭村", "向传英"]);
    assert_ne!(address(&accused), "夷陵区分乡镇棠垭村");
}

#[test]
fn where_an_answer_is_to_be_sent_is_for_a_person() {
    let fields = under(&[
        "向传英",
        "2025年3月12日",
        "又：信请寄宜昌市夷陵区分乡镇棠垭村。电话13872514096。",
    ]);
    assert_eq!(address(&fields), HOME);
    assert!(!fields.address.accepted);
    assert_eq!(numbers(&fields), [NUMBER]);
}

#[test]
fn where_he_lives_below_half_a_name_is_a_row_of_its_own() {
    let fields = under(&["分乡镇村民匡某", "住夷陵区分乡镇棠垭村", "2025年3月12日"]);
    assert_eq!(sender(&fields), "匿名");
    assert_eq!(address(&fields), "夷陵区分乡镇棠垭村");
}
