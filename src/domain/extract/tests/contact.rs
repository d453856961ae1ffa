//! Rows by which a writer is reached: his home and his number in a sentence, in a cell, behind a day, beside who speaks for all.

use super::letters::roster;
use super::others::clear;
use crate::domain::draft::{Fields, Phone};
use crate::domain::extract::extract;
use crate::domain::roster::Roster;

const HOME: &str = "宜昌市西陵区珍珠路21号3栋201室";
const NUMBER: &str = "13872514096";

fn read(rows: &[&str]) -> Fields {
    let office = Roster {
        station: "宜昌市信访局".into(),
        ..roster()
    };
    extract(&[clear(rows)], &office, None)
}

/// A letter of 向传英 with a row above her name.
fn above(row: &str) -> Fields {
    read(&[
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        row,
        "向传英",
        "2025年3月4日",
    ])
}

/// The same with a row below the day.
fn below(row: &str) -> Fields {
    read(&[
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "此致",
        "敬礼",
        "向传英",
        "2025年3月4日",
        row,
    ])
}

fn numbers(fields: &Fields) -> Vec<&str> {
    let phones = fields.phones.iter();
    phones.filter_map(|p| p.field.value.as_deref()).collect()
}

#[test]
fn a_sentence_above_the_name_gives_home_and_number() {
    for row in [
        format!("我的住处：{HOME}，手机{NUMBER}。"),
        format!("我住在{HOME}，手机{NUMBER}。"),
        format!("家住{HOME}，电话{NUMBER}，随时可以找我。"),
        format!("本人住址{HOME}，电话{NUMBER}。"),
        format!("我家在{HOME}，打{NUMBER}找得到我。"),
        format!("要找我就打{NUMBER}，我家就在{HOME}。"),
        format!("联系地址及电话：{HOME}，{NUMBER}"),
        format!("通讯处：{HOME}　电话：{NUMBER}"),
    ] {
        let fields = above(&row);
        assert_eq!(numbers(&fields), [NUMBER], "{row}");
        assert_eq!(fields.address.value.as_deref(), Some(HOME), "{row}");
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
    }
}

#[test]
fn a_row_below_the_day_gives_home_and_number() {
    for row in [
        format!("我住在{HOME}，手机{NUMBER}。"),
        format!("（住{HOME}，联系电话{NUMBER}）"),
        format!("联系电话及住址：{NUMBER}，{HOME}"),
        format!("通讯处：{HOME}　电话：{NUMBER}"),
    ] {
        let fields = below(&row);
        assert_eq!(numbers(&fields), [NUMBER], "{row}");
        assert_eq!(fields.address.value.as_deref(), Some(HOME), "{row}");
    }
}

#[test]
fn the_home_and_number_of_somebody_else_are_not_the_writers() {
    for row in [
        format!("施工队的马老板家住{HOME}，电话{NUMBER}。"),
        format!("我家楼下的邻居骆启华住在{HOME}，电话{NUMBER}。"),
        format!("村主任的住处：{HOME}，手机{NUMBER}。"),
    ] {
        let fields = above(&row);
        assert!(fields.phones.iter().all(|p| !p.field.accepted), "{row}");
        assert!(
            !fields.address.accepted,
            "{row}: {:?}",
            fields.address.value
        );
    }
}

#[test]
fn a_postscript_gives_the_number_and_home_that_were_forgotten() {
    let fields = read(&[
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "向传英",
        "2025年3月4日",
        "又及：信封好才想起来忘了写电话，13872514096，晚上都在。",
        "家就在宜昌市西陵区珍珠路21号。",
    ]);
    assert_eq!(numbers(&fields), [NUMBER]);
    assert_eq!(
        fields.address.value.as_deref(),
        Some("宜昌市西陵区珍珠路21号")
    );
}

#[test]
fn a_number_with_its_area_code_in_brackets_keeps_it() {
    for row in [
        "手机（0717）6783051",
        "联系电话（0717）6783051",
        "电话：（0717）6783051",
    ] {
        assert_eq!(numbers(&below(row)), ["0717-6783051"], "{row}");
    }
}

#[test]
fn the_cells_of_a_form_give_the_number_however_it_is_labelled() {
    for label in ["电话", "手机号码", "手机", "联系电话"] {
        let cell = format!("{label}　{NUMBER}");
        let fields = read(&[
            "来信登记表",
            "姓名　向传英",
            "地址　宜昌市西陵区珍珠路21号",
            &cell,
            "内容　门口的下水道堵了两个月，请派人疏通。",
        ]);
        assert_eq!(numbers(&fields), [NUMBER], "{label}");
    }
    let fields = read(&[
        "举报登记表",
        "姓名　向传英",
        "被举报人　黄大发",
        "职务　棠垭村村主任",
        "电话　13872514096",
        "内容　他把修渠的钱分给了自己家。",
    ]);
    assert!(fields.phones.iter().all(|p| !p.field.accepted));
}

#[test]
fn a_mobile_written_with_blanks_and_dashes_is_one_in_a_row_of_its_own() {
    for row in [
        "1 38 72514 096",
        "138-7 251-4 096",
        "1 3872514096",
        "138-72-514-096",
    ] {
        let letter = [
            "市信访局：",
            "下水道堵了两个月，请派人疏通。",
            "此致",
            "敬礼",
            "向传英",
            row,
            "2025年3月4日",
        ];
        assert_eq!(numbers(&read(&letter)), [NUMBER], "{row}");
    }
    for row in [
        "1 38 72514 0967",
        "1 20 72514 096",
        "138 7251 4096 139 0000 1111",
    ] {
        let letter = [
            "市信访局：",
            "请派人疏通。",
            "此致",
            "敬礼",
            "向传英",
            row,
            "2025年3月4日",
        ];
        let fields = read(&letter);
        assert!(
            numbers(&fields)
                .iter()
                .all(|n| n.len() == 11 && *n != "13872514096" || row.len() > 20),
            "{row}: {:?}",
            numbers(&fields)
        );
    }
}

#[test]
fn whoever_was_chosen_to_speak_for_all_is_shown_with_his_number() {
    let fields = read(&[
        "市信访局：",
        "我们小区的电梯坏了半年。现推选钭小满（手机13872514096）为代表，跟政府联系。",
        "向传英、骆启华",
        "2025年3月4日",
    ]);
    assert_eq!(numbers(&fields), [NUMBER]);
    assert_eq!(fields.phones[0].owner.as_deref(), Some("钭小满"));
}

#[test]
fn the_number_of_an_accused_in_the_next_sentence_is_shown_as_his() {
    let fields = read(&[
        "市纪委：",
        "我举报棠垭村党支部书记黄大发。其家住棠垭村三组17号，电话13325438911。",
        "他把修渠的钱给了自己的妹夫，请组织调查。",
        "向传英",
        "电话：13872514096",
        "2025年3月4日",
    ]);
    assert_eq!(numbers(&fields), [NUMBER, "13325438911"]);
    assert_eq!(fields.phones[1].owner.as_deref(), Some("黄大发"));
    assert!(!fields.phones[1].field.accepted);
    assert_ne!(fields.address.value.as_deref(), Some("棠垭村三组17号"));
}

#[test]
fn what_stands_around_an_address_is_no_part_of_it() {
    for (row, value) in [
        (
            "2025年3月4日于宜昌市西陵区珍珠路21号",
            "宜昌市西陵区珍珠路21号",
        ),
        ("二〇二五年三月四日于珍珠路21号附8号", "珍珠路21号附8号"),
        ("通讯处：宜昌市西陵区珍珠路21号", "宜昌市西陵区珍珠路21号"),
        (
            "住址　宜昌市西陵区珍珠路21号附：1.诊断证明一份",
            "宜昌市西陵区珍珠路21号",
        ),
        (
            "地址：宜昌市西陵区珍珠路21号附8号",
            "宜昌市西陵区珍珠路21号附8号",
        ),
        (
            "宜昌市夷陵区分乡镇棠垭村村委会旁",
            "宜昌市夷陵区分乡镇棠垭村村委会旁",
        ),
    ] {
        let rows = ["市信访局：", "请派人疏通。", "此致", "敬礼", "向传英", row];
        assert_eq!(read(&rows).address.value.as_deref(), Some(value), "{row}");
    }
    let day = read(&[
        "市信访局：",
        "请派人疏通。",
        "向传英",
        "二〇二五年三月四日于珍珠路21号附8号",
    ]);
    assert_eq!(day.letter_date.value.as_deref(), Some("2025-03-04"));
}

#[test]
fn a_home_beside_the_village_committee_keeps_its_village_whole() {
    let fields = above("我家住宜昌市夷陵区分乡镇棠垭村村委会旁。");
    let value = fields.address.value.as_deref();
    assert_eq!(value, Some("宜昌市夷陵区分乡镇棠垭村村委会旁"));
    let fields = above("我家住宜昌市夷陵区分乡镇棠垭村村委会后头。");
    let value = fields.address.value.as_deref();
    assert_eq!(value, Some("宜昌市夷陵区分乡镇棠垭村"));
}

#[test]
fn how_many_households_speak_is_no_part_of_where_they_live() {
    for (sentence, value) in [
        ("我们是金桂花苑三十二户业主。", Some("金桂花苑")),
        ("我们是棠垭村三组46户村民。", Some("棠垭村三组")),
    ] {
        let fields = read(&[
            "市信访局：",
            sentence,
            "电梯坏了半年，请修。",
            "向传英",
            "2025年3月4日",
        ]);
        assert_eq!(fields.address.value.as_deref(), value, "{sentence}");
    }
}

#[test]
fn a_place_behind_the_writers_own_name_is_his_home_and_never_accepted() {
    for (sentence, value) in [
        (
            "我是向传英，宜昌市夷陵区分乡镇棠垭村的，今年五十九岁。",
            Some("宜昌市夷陵区分乡镇棠垭村"),
        ),
        (
            "我叫向传英，是宜昌市夷陵区分乡镇棠垭村人。",
            Some("宜昌市夷陵区分乡镇棠垭村"),
        ),
        ("我要告骆启华，宜昌市夷陵区分乡镇棠垭村的。", None),
        ("我叫向传英，宜昌市夷陵区分乡镇棠垭村的村干部不理我。", None),
    ] {
        let rows = [
            "市信访局：",
            sentence,
            "下水道堵了两个月，请派人疏通。",
            "向传英",
            "2025年3月4日",
        ];
        let address = read(&rows).address;
        assert_eq!(address.value.as_deref(), value, "{sentence}");
        assert!(!address.accepted, "{sentence}");
    }
}

#[test]
fn a_place_of_writing_behind_the_day_is_shown_and_not_accepted() {
    let rows = [
        "市信访局：",
        "请派人疏通。",
        "此致",
        "敬礼",
        "向传英",
        "2025年3月4日于宜昌市西陵区珍珠路21号",
    ];
    assert!(!read(&rows).address.accepted);
}

#[test]
fn a_contact_row_below_a_name_and_its_day_is_a_sentence_of_its_own() {
    let row = format!("我家在{HOME}，打{NUMBER}找得到我。");
    let fields = read(&[
        "市信访局：",
        "请派人疏通下水道。",
        "向传英2025年3月4日",
        &row,
    ]);
    assert_eq!(numbers(&fields), [NUMBER]);
    assert_eq!(fields.address.value.as_deref(), Some(HOME));
}

#[test]
fn a_number_below_a_name_in_the_text_is_not_the_writers() {
    let fields = read(&[
        "市信访局：",
        "我要反映的是包工头不给工钱，请找他核实：",
        "骆启华",
        "联系电话13325438911",
        "他欠我们八个人的工钱，请政府帮忙要回来。",
        "向传英",
        "2025年3月4日",
    ]);
    let his = |p: &&Phone| p.field.value.as_deref() == Some("13325438911");
    assert!(fields.phones.iter().filter(his).all(|p| !p.field.accepted));
}

#[test]
fn whom_to_ask_instead_takes_neither_the_day_nor_the_number_away() {
    let row = format!("联系：{NUMBER}；找不着我就打我外甥小郭 13987654321");
    let fields = below(&row);
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
    assert_eq!(numbers(&fields).first(), Some(&NUMBER));
    assert!(
        !fields
            .phones
            .iter()
            .any(|p| p.field.accepted && p.field.value.as_deref() == Some("13987654321"))
    );
}

#[test]
fn two_numbers_one_figure_apart_with_two_owners_are_two() {
    let fields = above("我哥的电话是13872514097，我的是13872514096。");
    assert_eq!(numbers(&fields), [NUMBER, "13872514097"]);
    assert!(!fields.phones[1].field.accepted);
    assert_ne!(fields.phones[1].owner.as_deref(), Some("向传英"));
}

#[test]
fn a_number_that_is_said_behind_it_to_be_anothers_is_never_accepted() {
    for row in [
        format!("电话{NUMBER}是我女子的。"),
        format!("联系电话：{NUMBER}，是我邻居的。"),
        format!("我的电话{NUMBER}，这是我大哥的。"),
        format!("本人手机：{NUMBER}，机主是我女婿。"),
        format!("我的电话{NUMBER}，这是我儿子的手机。"),
        format!("电话{NUMBER}，我女儿的。"),
    ] {
        let all = [above(&row), below(row.trim_end_matches('。'))];
        for fields in all {
            let phones = fields.phones.iter();
            let mut accepted = phones.filter(|p| p.field.accepted);
            assert!(accepted.next().is_none(), "{row}");
        }
    }
    for row in [
        format!("我的电话{NUMBER}是我自己的。"),
        format!("我的电话{NUMBER}，是我的手机。"),
        format!("我的电话{NUMBER}，这是本人号码。"),
    ] {
        for fields in [above(&row), below(row.trim_end_matches('。'))] {
            assert_eq!(numbers(&fields), [NUMBER], "{row}");
            assert!(fields.phones[0].field.accepted, "{row}");
        }
    }
    // What stands behind one number may lead to the next.
    let two = below(&format!("我的电话{NUMBER}，我儿子电话13987654321"));
    let owners = two.phones.iter().map(|p| p.owner.as_deref());
    assert_eq!(numbers(&two), [NUMBER, "13987654321"]);
    assert_ne!(owners.collect::<Vec<_>>()[0], Some("我儿子"));
}

#[test]
fn the_number_of_whoever_is_accused_sentences_before_is_shown_as_his() {
    for rows in [
        [
            "举报东山村主任黄大发。会计手里有底账，一查就清楚。",
            "他住村口，电话13872514097，请查。",
        ],
        [
            "某局副局长黄大发收受现金十二万元。",
            "黄大发，住珍珠路21号，手机13872514097。",
        ],
    ] {
        let fields = read(&["市纪委：", rows[0], rows[1], "2025年3月4日"]);
        let phone = fields.phones.first().expect("the number is shown");
        assert_eq!(phone.owner.as_deref(), Some("黄大发"), "{rows:?}");
        assert!(!phone.field.accepted);
    }
}
