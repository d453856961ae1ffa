//! Sheets of labels in the layouts offices and people make; rows that run on from a name to a place; numbers broken anywhere.

use super::letters::{all_of, letter, page};
use crate::domain::draft::Fields;
use crate::domain::text::{PageKind, PageText};

/// A page whose cells begin at shares of its width.
fn sheet(rows: &[&[(f32, &str)]]) -> PageText {
    let mut whole = page(1, PageKind::Letter, &[]);
    for (at, row) in rows.iter().enumerate() {
        for (left, text) in *row {
            let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
            let width = (line.quad[1][0] - line.quad[0][0]) * 0.7;
            let (x, y) = (left * 2400.0, 200.0 + 120.0 * at as f32);
            let (right, below) = (x + width, y + 90.0);
            line.quad = [[x, y], [right, y], [right, below], [x, below]];
            whole.lines.push(line);
        }
    }
    whole
}

fn read(rows: &[&[(f32, &str)]]) -> Fields {
    all_of(&[sheet(rows)])
}

fn assert_filled(fields: &Fields, name: &str, address: &str, number: &str) {
    assert_eq!(fields.sender_name.value.as_deref(), Some(name));
    assert!(!fields.anonymous.value);
    assert_eq!(fields.address.value.as_deref(), Some(address), "{name}");
    let mut phones = fields.phones.iter().map(|p| p.field.value.as_deref());
    assert!(phones.any(|value| value == Some(number)), "{name}");
}

const ADDRESS: &str = "宜昌市西陵区珍珠路21号";
const NUMBER: &str = "13872514096";

#[test]
fn values_below_their_labels_are_read() {
    let fields = read(&[
        &[(0.4, "诉求登记单")],
        &[(0.08, "诉求人"), (0.45, "性别"), (0.7, "年龄")],
        &[(0.08, "覃玉兰"), (0.45, "女"), (0.7, "63")],
        &[(0.08, "手机"), (0.45, "座机")],
        &[(0.08, NUMBER), (0.45, "0717-6223018")],
        &[(0.08, "住址")],
        &[(0.08, ADDRESS)],
        &[(0.08, "事由")],
        &[(0.14, "小区电梯今年停了九次，请派人来修。")],
        &[(0.08, "填表日期：2025.3.4")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
}

#[test]
fn values_beside_their_labels_with_a_gap_or_without_are_read() {
    let fields = read(&[
        &[(0.4, "群众来信登记表")],
        &[
            (0.08, "姓名"),
            (0.21, "覃玉兰"),
            (0.5, "联系电话 13872514096"),
        ],
        &[(0.08, "现住址宜昌市西陵区珍珠路21号")],
        &[(0.08, "来信时间2025年3月4日")],
        &[(0.08, "反映的主要问题：")],
        &[(0.14, "门口的排水沟堵了三个月。请派人疏通。")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
}

#[test]
fn whose_name_a_cell_asks_for_is_told_by_its_label() {
    let fields = read(&[
        &[(0.4, "家长反映事项登记")],
        &[(0.08, "家长姓名"), (0.36, "孩子姓名"), (0.64, "年级")],
        &[(0.08, "覃玉兰"), (0.36, "向子墨"), (0.64, "一年级")],
        &[(0.08, "家庭住址")],
        &[(0.08, ADDRESS)],
        &[(0.08, "联系电话（母）"), (0.5, "代填社工"), (0.6, "骆启华")],
        &[(0.08, NUMBER)],
        &[(0.08, "反映问题")],
        &[(
            0.14,
            "开发商说楼盘属于这所小学，报名时却没有名额。请讲明学区。",
        )],
        &[(0.08, "日期2025年3月4日")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
}

#[test]
fn a_number_in_a_cell_may_go_on_below_it() {
    let fields = read(&[
        &[(0.4, "群众来信登记表")],
        &[(0.08, "姓名：覃玉兰 性别：女 年龄：67")],
        &[(0.08, "联系电话：1387251")],
        &[(0.08, "4096")],
        &[(0.08, "住址：宜昌市西陵区珍珠路21号")],
        &[(0.08, "收信单位：临江市信访局")],
        &[(0.14, "反映事项：村里少算了我家三亩地。请核实。")],
        &[(0.08, "填表日期：2025年3月4日")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
    assert_eq!(fields.addressee.value.as_deref(), Some("临江市信访局"));
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
}

#[test]
fn questions_to_the_writer_are_labels() {
    let fields = read(&[
        &[(0.08, "1.您的姓名：覃玉兰")],
        &[(0.08, "2.您的住址：宜昌市西陵区珍珠路21号")],
        &[(0.08, "3.您的联系方式：13872514096（晚上打）")],
        &[(0.08, "4.您要反映给：临江市信访局")],
        &[(0.08, "5.具体情况：厂里欠我一个月工资。请帮我要回来。")],
        &[(0.08, "6.日期：2025-3-4")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
    assert_eq!(fields.addressee.value.as_deref(), Some("临江市信访局"));
}

#[test]
fn how_another_is_reached_who_stands_in_a_sheet_is_not_the_writers() {
    let fields = read(&[
        &[(0.4, "投诉登记表")],
        &[(0.08, "投诉人 覃玉兰"), (0.5, "手机 13872514096")],
        &[(0.08, "投诉人地址 宜昌市西陵区珍珠路21号")],
        &[(0.08, "负责人 黄大发"), (0.5, "电话"), (0.6, "13987654321")],
        &[(0.08, "投诉内容")],
        &[(0.14, "工地夜里施工，吵得老人睡不着。请管一管。")],
        &[(0.08, "日期：2025年3月4日")],
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
    let mut phones = fields.phones.iter();
    assert!(phones.all(|p| !p.field.accepted || p.field.value.as_deref() == Some(NUMBER)));
}

#[test]
fn a_name_withheld_in_a_sheet_is_incomplete() {
    let fields = read(&[
        &[(0.4, "来信登记")],
        &[
            (0.08, "姓名"),
            (0.2, "王某"),
            (0.5, "电话"),
            (0.6, "不便留"),
        ],
        &[(0.08, "地址"), (0.2, "宜昌市西陵区石板镇")],
        &[(0.08, "内容")],
        &[(0.14, "卫生院周末没有医生。请上级多派医生。")],
        &[(0.08, "时间"), (0.2, "2025年3月4日")],
    ]);
    assert!(fields.anonymous.value);
    assert_eq!(fields.anonymous.reason.as_deref(), Some("署名不完整"));
}

/// Prose with labels under it is no sheet, whatever its rows begin with.
#[test]
fn a_letter_signed_with_labels_is_read_as_before() {
    let fields = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "此致",
        "敬礼",
        "来信人：覃玉兰",
        "住址：宜昌市西陵区珍珠路21号",
        "电话：13872514096",
        "2025年3月4日",
    ]);
    assert_filled(&fields, "覃玉兰", ADDRESS, NUMBER);
}

#[test]
fn a_row_that_runs_on_from_a_place_to_a_name_has_an_address() {
    for row in [
        "宜昌市夷陵区小溪塔街道常桂英敬上",
        "常桂英宜昌市夷陵区小溪塔街道",
    ] {
        let fields = letter(&[
            "霍市长：",
            "我家门口的路灯坏了半年。请派人来修。",
            row,
            "2025年3月4日",
        ]);
        assert_eq!(
            fields.address.value.as_deref(),
            Some("宜昌市夷陵区小溪塔街道"),
            "{row}"
        );
    }
}

#[test]
fn a_number_broken_far_from_the_edge_is_one() {
    let fields = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "来信人：覃玉兰",
        "联系电话：1387251",
        "4096",
        "2025年3月4日",
    ]);
    assert_eq!(fields.phones.len(), 1);
    assert_eq!(fields.phones[0].field.value.as_deref(), Some(NUMBER));
    let two = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "来信人：覃玉兰",
        "住址：宜昌市西陵区珍珠路21号1402",
        NUMBER,
        "2025年3月4日",
    ]);
    assert_eq!(two.phones[0].field.value.as_deref(), Some(NUMBER));
}

#[test]
fn names_that_run_together_behind_who_signs_are_counted() {
    for (row, count) in [
        ("住户签字：钱守义康桂芝冷志勇", 3),
        ("村民：韦桂生韦桂明莫金凤", 3),
        ("大姐覃凤仙 二姐覃凤英 小妹覃凤娇", 3),
    ] {
        let fields = letter(&[
            "霍市长：",
            "楼上把承重墙砸了。请派人来看。",
            row,
            "2025年3月4日",
        ]);
        assert_eq!(fields.joint.count, count, "{row}");
        assert!(!fields.anonymous.value, "{row}");
    }
}

#[test]
fn those_who_are_named_in_the_text_as_its_writers_sign() {
    let fields = letter(&[
        "霍市长：",
        "我们五个人都是原造纸厂的下岗职工，改制时少算了工龄。",
        "五人姓名如下：陆永坚、梁焕英、黎美容、谭德胜、宾桂兰。",
        "推选陆永坚为联系人，电话13872514096。",
        "2025年3月4日",
    ]);
    assert!(fields.joint.is_joint);
    assert_eq!(fields.joint.count, 5);
    assert_eq!(fields.sender_name.value.as_deref(), Some("陆永坚"));
    assert!(!fields.sender_name.accepted);
}

#[test]
fn what_is_added_below_the_day_takes_neither_name_nor_day_away() {
    for added in [
        "再讲一句：电话是我媳妇的13987654321，她白天在家。",
        "豆腐要出锅了，我媳妇在喊我。",
    ] {
        let mut whole = page(
            1,
            PageKind::Letter,
            &[
                "霍市长：",
                "我家门口的路灯坏了半年。请派人来修。",
                "覃玉兰",
                "2025年3月4日",
                added,
            ],
        );
        for line in &mut whole.lines[2..4] {
            for corner in &mut line.quad {
                corner[0] += 1400.0;
            }
        }
        let fields = all_of(&[whole]);
        assert_eq!(
            fields.sender_name.value.as_deref(),
            Some("覃玉兰"),
            "{added}"
        );
        assert_eq!(
            fields.letter_date.value.as_deref(),
            Some("2025-03-04"),
            "{added}"
        );
        assert!(fields.phones.iter().all(|p| !p.field.accepted), "{added}");
    }
}

#[test]
fn a_unit_and_who_speaks_for_it_in_one_row_sign() {
    for row in [
        "锦绣小区业主委员会 主任 雷永红 13872514096",
        "临江市德丰纸箱厂 厂长姚广生",
    ] {
        let fields = letter(&[
            "霍市长：",
            "我们门口的路坏了半年，至今没有人修。请派人来修。",
            row,
            "2025年3月4日",
        ]);
        assert!(!fields.anonymous.value, "{row}");
    }
}

#[test]
fn a_note_behind_a_number_that_runs_over_its_row_says_whose_it_is() {
    let fields = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "来信人：覃玉兰",
        "手机13872514096（本人）13987",
        "654321（老伴）",
        "2025年3月4日",
    ]);
    let other = |p: &&crate::domain::draft::Phone| p.field.value.as_deref() == Some("13987654321");
    let other = fields.phones.iter().find(other).expect("it is shown");
    assert!(!other.field.accepted);
}

#[test]
fn an_address_in_brackets_below_a_name_is_the_writers() {
    let fields = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "覃玉兰 2025年3月4日",
        "（宜昌市夷陵区小溪塔街道平安里4号楼东头）",
    ]);
    assert_eq!(
        fields.address.value.as_deref(),
        Some("宜昌市夷陵区小溪塔街道平安里4号楼东头")
    );
    let remark = letter(&[
        "霍市长：",
        "我家门口的路灯坏了半年。请派人来修。",
        "覃玉兰 2025年3月4日",
        "（原件已交社区，此为重写）",
    ]);
    assert_eq!(remark.address.value, None);
}
