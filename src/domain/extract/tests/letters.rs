//! Letters set line by line, and what must be registered from them.

use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::field::Source;
use crate::domain::roster::{Leader, Organisation, Roster};
use crate::domain::text::{Line, PageKind, PageText};

/// The office of an invented town.
pub(super) fn roster() -> Roster {
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
    Roster {
        station: "临江市信访局".into(),
        leaders: vec![
            leader("丁文远", "中共临江市委书记", &["市委书记", "丁书记"], 1),
            leader("霍国梁", "临江市人民政府市长", &["市长", "霍市长"], 2),
            leader("邵秋月", "临江市人民政府副市长", &["副市长", "邵副市长"], 5),
            leader("邵建民", "临江市信访局局长", &["信访局局长", "邵局长"], 8),
        ],
        orgs: vec![
            org("中共临江市委员会", &["临江市委", "市委"], 1),
            org("临江市人民政府", &["临江市政府", "市政府"], 3),
            org("临江市信访局", &["市信访局", "临江市信访办"], 8),
        ],
        outside: vec!["汉东省人民政府".into(), "国家信访局".into()],
    }
}

/// A letter page with one line a row.
pub(super) fn page(n: u32, kind: PageKind, rows: &[&str]) -> PageText {
    let lines = rows.iter().enumerate().map(|(i, text)| {
        let (y, right) = (
            200.0 + 120.0 * i as f32,
            200.0 + 80.0 * text.chars().count() as f32,
        );
        Line {
            text: (*text).into(),
            raw: (*text).into(),
            quad: [[200.0, y], [right, y], [right, y + 90.0], [200.0, y + 90.0]],
            confidence: 0.98,
            chars: Vec::new(),
            vertical: false,
        }
    });
    PageText {
        n,
        kind,
        width: 2400,
        height: 3500,
        lines: lines.collect(),
    }
}

/// An envelope: recipient above, sender below.
pub(super) fn envelope(recipient: &str, sender: &[&str]) -> PageText {
    let mut front = page(9, PageKind::Envelope, &[]);
    (front.width, front.height) = (2600, 1300);
    let mut put = |text: &str, x: f32, y: f32| {
        let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
        let shift = [x - line.quad[0][0], y - line.quad[0][1]];
        line.quad = line.quad.map(|p| [p[0] + shift[0], p[1] + shift[1]]);
        front.lines.push(line);
    };
    put("汉东省临江市滨河路1号", 260.0, 350.0);
    put(recipient, 400.0, 520.0);
    for (i, text) in sender.iter().enumerate() {
        put(text, 1100.0, 800.0 + 110.0 * i as f32);
    }
    front
}

pub(super) fn letter(rows: &[&str]) -> Fields {
    extract(
        &[page(1, PageKind::Letter, rows)],
        &roster(),
        Some("2025-06-30"),
    )
}

pub(super) fn with_envelope(rows: &[&str], front: PageText) -> Fields {
    extract(
        &[page(1, PageKind::Letter, rows), front],
        &roster(),
        Some("2025-06-30"),
    )
}

const HEAD: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

fn signed(tail: &[&str]) -> Vec<String> {
    HEAD.iter()
        .chain(["此致", "敬礼"].iter())
        .chain(tail)
        .map(|s| (*s).to_owned())
        .collect()
}

fn registered(tail: &[&str]) -> Fields {
    let rows = signed(tail);
    letter(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn value(field: &crate::domain::field::Field) -> &str {
    field.value.as_deref().unwrap_or("")
}

#[test]
fn signature_wins_over_names_in_the_body() {
    let fields = letter(&[
        "霍市长：",
        "包工头李四拖欠工资，王五可以作证。",
        "请求查处。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ]);
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(fields.sender_name.source, Source::LetterSignature);
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/1"));
}

#[test]
fn signature_written_with_gaps_is_one_name() {
    assert_eq!(
        value(&registered(&["汪 小 满", "2025.3.4"]).sender_name),
        "汪小满"
    );
}

#[test]
fn label_without_colon_and_misread_label() {
    assert_eq!(value(&registered(&["反映人 汪小满"]).sender_name), "汪小满");
    assert_eq!(value(&registered(&["来信入:汪小满"]).sender_name), "汪小满");
}

#[test]
fn joint_is_five_not_four() {
    let four = registered(&["联名人签名：", "丁一山　　汪小满", "邓长河　　温雅"]);
    assert!(!four.joint.is_joint);
    assert_eq!(four.joint.count, 4);
    let five = registered(&["联名人签名：", "丁一山　　汪小满", "邓长河　　温雅　　卢亮"]);
    assert!(five.joint.is_joint);
    assert_eq!(five.joint.count, 5);
    assert_eq!(five.sender_name.rule.as_deref(), Some("7.4.2.2/joint/4"));
}
