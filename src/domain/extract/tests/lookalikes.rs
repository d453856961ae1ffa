//! What looks like a name, a day or an addressee and is none, or another's.

use super::letters::{page, roster};
use super::others::clear;
use crate::domain::draft::Fields;
use crate::domain::extract::{ANONYMOUS, extract};
use crate::domain::field::Field;
use crate::domain::roster::{Leader, Organisation, Roster};
use crate::domain::text::PageKind;

fn office() -> Roster {
    let mut roster = Roster {
        station: "宜昌市信访局".into(),
        ..roster()
    };
    let leader = |name: &str, title: &str, alias: &[&str], rank| Leader {
        name: name.into(),
        title: title.into(),
        alias: alias.iter().map(|a| (*a).into()).collect(),
        rank,
    };
    let org = |name: &str, alias: &[&str], order| Organisation {
        name: name.into(),
        alias: alias.iter().map(|a| (*a).into()).collect(),
        order,
    };
    roster.leaders = vec![
        leader("苏凤鸣", "中共宜昌市委书记", &["市委书记"], 1),
        leader("闻一舟", "宜昌市人民政府市长", &["市长"], 2),
        leader("乔信达", "宜昌市信访局局长", &["信访局局长"], 9),
    ];
    roster.orgs = vec![
        org("宜昌市信访局", &["信访局", "市信访局"], 1),
        org("宜昌市教育局", &["教育局", "市教育局"], 2),
    ];
    roster
}

fn letter(to: &str, tail: &[&str]) -> Fields {
    let head = [
        to,
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "此致",
        "敬礼",
    ];
    let rows: Vec<&str> = head.iter().chain(tail).copied().collect();
    extract(&[clear(&rows)], &office(), None)
}

fn signed(tail: &[&str]) -> Fields {
    letter("市信访局：", tail)
}

fn registers_a_name(field: &Field) -> bool {
    field.accepted && field.value.as_deref() != Some(ANONYMOUS)
}

#[test]
fn a_wish_or_a_place_of_writing_is_no_name() {
    for row in [
        "祝 康乐",
        "祝 安康",
        "祝 长寿",
        "于家中",
        "于病榻",
        "于工地",
        "于深夜",
    ] {
        let fields = signed(&[row, "2025年3月4日"]);
        assert_ne!(
            fields.sender_name.value.as_deref(),
            Some(&row.replace(' ', "")[..])
        );
        assert!(!registers_a_name(&fields.sender_name), "{row}");
        // Below a name it takes nothing from it.
        let fields = signed(&["向传英", row, "2025年3月4日"]);
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
    }
    // A town may be somebody's name as well, and so may a wish behind the label of who signs.
    assert!(!registers_a_name(
        &signed(&["于宜昌", "2025年3月4日"]).sender_name
    ));
    let named = signed(&["来信人：祝平安", "2025年3月4日"]);
    assert_eq!(named.sender_name.value.as_deref(), Some("祝平安"));
    assert!(!named.sender_name.accepted);
    let named = signed(&["来信人：于洪波", "2025年3月4日"]);
    assert!(named.sender_name.accepted);
}

#[test]
fn whom_everybody_knows_from_stories_does_not_sign_unseen() {
    for row in [
        "包青天",
        "石敢当",
        "白毛女",
        "秦香莲",
        "明白人",
        "庄稼人",
        "何其冤",
        "万人怨",
        "任命苦",
        "张三",
    ] {
        let fields = signed(&[row, "2025年3月4日"]);
        assert!(!registers_a_name(&fields.sender_name), "{row}");
    }
}

#[test]
fn who_passes_a_letter_on_did_not_sign_it() {
    for row in [
        "覃玉兰 转",
        "覃玉兰 递",
        "覃玉兰 抄",
        "覃玉兰代寄",
        "覃玉兰 代转",
        "覃玉兰 校",
    ] {
        let fields = signed(&["2025年3月4日", row]);
        assert_ne!(fields.sender_name.value.as_deref(), Some("覃玉兰"), "{row}");
        let fields = signed(&["向传英", "2025年3月4日", row]);
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
        assert_eq!(fields.joint.count, 1, "{row}");
    }
}

#[test]
fn fewer_than_five_by_the_letters_own_words_are_counted() {
    for (row, count) in [
        ("向传英等四人", 4),
        ("向传英等3人", 3),
        ("向传英（等二十户）", 20),
        ("向传英", 1),
    ] {
        let fields = signed(&[row, "2025年3月4日"]);
        assert_eq!(fields.joint.count, count, "{row}");
        assert_eq!(fields.joint.is_joint, count >= 5, "{row}");
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
    }
}

#[test]
fn an_office_of_another_level_or_place_is_not_ours() {
    for to in [
        "省委书记：",
        "县委书记：",
        "省信访局：",
        "县教育局：",
        "区教育局：",
        "居委会苏主任：",
        "村支书闻书记：",
        "市长助理：",
        "信访局谢局长：",
    ] {
        let addressee = letter(to, &["向传英"]).addressee;
        assert!(!addressee.accepted, "{to} {:?}", addressee.value);
    }
    for (to, who) in [
        ("市委书记：", "苏凤鸣"),
        ("苏主任：", "苏凤鸣"),
        ("信访局乔局长：", "乔信达"),
        ("教育局：", "宜昌市教育局"),
        ("宜昌市教育局：", "宜昌市教育局"),
    ] {
        let addressee = letter(to, &["向传英"]).addressee;
        assert_eq!(addressee.value.as_deref(), Some(who), "{to}");
    }
}

#[test]
fn a_day_of_something_else_below_the_name_is_not_the_letters() {
    for row in [
        "盼2025年5月1日前回信",
        "照片摄于2025年3月1日",
        "打印时间：2025年3月1日",
        "（本信第一次寄出：2025年3月1日）",
        "收信日期：2025年3月1日",
        "向传英 1950年3月1日生",
    ] {
        assert!(!signed(&["向传英", row]).letter_date.accepted, "{row}");
    }
    for row in ["2025年3月1日", "日期：2025年3月1日", "盼复 2025年3月1日"] {
        let date = signed(&["向传英", row]).letter_date;
        assert_eq!(date.value.as_deref(), Some("2025-03-01"), "{row}");
    }
}

/// A page of cells, each at its place.
fn cells(cells: &[(&str, f32, f32)]) -> crate::domain::text::PageText {
    let texts: Vec<&str> = cells.iter().map(|(text, ..)| *text).collect();
    let mut page = page(1, PageKind::Letter, &texts);
    for (line, (text, x, y)) in page.lines.iter_mut().zip(cells) {
        let right = x + 80.0 * text.chars().count() as f32;
        line.quad = [[*x, *y], [right, *y], [right, y + 90.0], [*x, y + 90.0]];
    }
    page
}

#[test]
fn a_form_whose_labels_were_read_after_its_cells_is_read_row_by_row() {
    let rows = [
        ("姓名", "向传英"),
        ("联系电话", "13872514096"),
        ("现住址", "宜昌市西陵区珍珠路21号"),
        ("写给谁", "市信访局"),
        ("反映事项", "我们这条巷子的下水道堵了两个月。"),
        ("有何要求", "请派人疏通。"),
        ("填表日期", "2025年3月4日"),
    ];
    let at = |i: usize| 400.0 + 140.0 * i as f32;
    let mut form = vec![("群众来信登记表", 900.0, 200.0)];
    let values = rows
        .iter()
        .enumerate()
        .map(|(i, row)| (row.1, 700.0, at(i)));
    form.extend(values);
    form.splice(2..2, [("性别", 1300.0, at(0)), ("女", 1600.0, at(0))]);
    form.extend(
        rows.iter()
            .enumerate()
            .map(|(i, row)| (row.0, 200.0, at(i))),
    );
    let fields = extract(&[cells(&form)], &office(), None);
    assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"));
    assert!(!fields.anonymous.value);
    let street = Some("宜昌市西陵区珍珠路21号");
    assert_eq!(fields.address.value.as_deref(), street);
    assert_eq!(fields.addressee.value.as_deref(), Some("宜昌市信访局"));
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
}

#[test]
fn two_numbers_whose_blank_was_lost_are_two() {
    for (row, numbers) in [
        (
            "电话：138725140960717-6226518",
            ["13872514096", "0717-6226518"],
        ),
        (
            "电话：1387251409615972514833",
            ["13872514096", "15972514833"],
        ),
    ] {
        let fields = signed(&["向传英", row]);
        let values: Vec<&str> = fields
            .phones
            .iter()
            .filter_map(|phone| phone.field.value.as_deref())
            .collect();
        assert_eq!(values, numbers, "{row}");
    }
    // An account's figures are no telephones.
    let fields = signed(&["向传英", "账号：138725140960717226"]);
    assert!(
        fields
            .phones
            .iter()
            .all(|phone| phone.field.value.is_none())
    );
}
