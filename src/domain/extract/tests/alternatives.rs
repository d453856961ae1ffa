//! What else a character may be: used where something speaks for it, marked, never invented.

use super::letters::{page, roster};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::field::Field;
use crate::domain::roster::Roster;
use crate::domain::text::{Char, Line, PageKind};

/// A doubtful character of a line: what was read, what else it may be.
type Doubt = (char, char, f32);

/// The line with its characters told, the first of each doubtful one with its alternative.
fn doubtful(mut line: Line, doubts: &[Doubt]) -> Line {
    let n = line.text.chars().count() as f32;
    let told = |(i, ch): (usize, char)| {
        let doubt = doubts.iter().find(|d| d.0 == ch);
        Char {
            ch,
            confidence: if doubt.is_some() { 0.5 } else { 0.99 },
            at: (i as f32 + 0.5) / n,
            others: doubt.map(|d| (d.1, d.2)).into_iter().collect(),
            digit: None,
        }
    };
    line.chars = line.text.chars().enumerate().map(told).collect();
    line
}

fn read(rows: &[&str], doubts: &[Doubt], roster: &Roster) -> Fields {
    let mut sheet = page(1, PageKind::Letter, rows);
    sheet.lines = sheet
        .lines
        .into_iter()
        .map(|l| doubtful(l, doubts))
        .collect();
    extract(&[sheet], roster, None)
}

fn signed(tail: &[&str], doubts: &[Doubt]) -> Fields {
    let mut rows = vec![
        "霍市长：",
        "我们小区的路灯坏了半年。",
        "恳请修好。",
        "此致",
        "敬礼",
    ];
    rows.extend(tail);
    read(&rows, doubts, &roster())
}

fn value(field: &Field) -> &str {
    field.value.as_deref().unwrap_or_default()
}

#[test]
fn a_character_no_name_is_made_of_gives_way_to_one_the_engine_named_and_a_person_looks() {
    let sender = signed(&["来信人：徐文矮"], &[('矮', '斌', 0.3)]).sender_name;
    assert_eq!(value(&sender), "徐文斌");
    assert!(!sender.accepted);
    assert!(
        sender.alternatives.iter().any(|a| a.value == "徐文矮"),
        "{:?}",
        sender.alternatives
    );
}

#[test]
fn a_surname_nobody_has_gives_way_to_one_the_engine_named() {
    let sender = signed(&["来信人：末小满"], &[('末', '朱', 0.3)]).sender_name;
    assert_eq!(value(&sender), "朱小满");
    assert!(!sender.accepted);
}

#[test]
fn without_an_alternative_of_the_engine_the_name_stays_as_read() {
    assert_eq!(
        value(&signed(&["来信人：徐文矮"], &[]).sender_name),
        "徐文矮"
    );
    let hardly = signed(&["来信人：徐文矮"], &[('矮', '斌', 0.01)]).sender_name;
    assert_eq!(value(&hardly), "徐文矮");
}

#[test]
fn a_usual_character_is_not_traded_for_a_less_likely_one() {
    assert_eq!(
        value(&signed(&["来信人：徐文斌"], &[('斌', '武', 0.3)]).sender_name),
        "徐文斌"
    );
}

#[test]
fn a_labelled_number_with_a_letter_in_it_is_proposed_with_the_reading_beside_it_and_never_accepted()
{
    let phones = signed(&["来信人：汪小满", "电话：1381234567B"], &[('B', '8', 0.3)]).phones;
    assert_eq!(value(&phones[0].field), "13812345678");
    assert!(!phones[0].field.accepted);
    assert!(
        phones[0]
            .field
            .alternatives
            .iter()
            .any(|a| a.value.contains('B'))
    );
    let unread = signed(&["来信人：汪小满", "电话：1381234567B"], &[]).phones;
    assert_eq!(unread[0].field.value, None);
}

#[test]
fn a_date_with_a_figure_by_alternatives_is_never_accepted() {
    let date = signed(&["来信人：汪小满", "2025年Z月17日"], &[('Z', '7', 0.4)]).letter_date;
    assert_eq!(value(&date), "2025-07-17");
    assert!(!date.accepted);
}

#[test]
fn a_day_that_runs_into_something_else_is_never_accepted() {
    let date = signed(&["来信人：汪小满", "2025年2月1Z日"], &[]).letter_date;
    assert!(!date.accepted, "{:?}", date.value);
}

#[test]
fn a_division_the_engine_allows_is_put_right_and_one_it_does_not_is_left() {
    let office = Roster {
        station: "苏州市信访局".into(),
        ..Roster::default()
    };
    let rows = [
        "市政府：",
        "请求修好屋面。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "地址：苏州市姑办区大儒巷3号",
    ];
    let allowed = read(&rows, &[('办', '苏', 0.3)], &office).address;
    assert_eq!(value(&allowed), "苏州市姑苏区大儒巷3号");
    assert!(allowed.raw.iter().any(|r| r.contains("姑办区")));
}

#[test]
fn a_threat_hidden_by_a_misread_character_is_raised() {
    let rows = [
        "霍市长：",
        "再不解决我就从楼顶往下眺。",
        "请求修路。",
        "此致",
        "敬礼",
        "汪小满",
    ];
    let quiet = read(
        &["霍市长：", "我家在楼顶上种了两盆花。", "汪小满"],
        &[],
        &roster(),
    );
    assert!(quiet.flags.threat.is_some_and(|f| !f.value));
    let raised = read(&rows, &[('眺', '跳', 0.2)], &roster()).flags.threat;
    let raised = raised.expect("looked for");
    assert!(raised.value);
    assert!(
        raised.quote.is_some_and(|q| q.contains('眺')),
        "the quotation is what was read"
    );
}
