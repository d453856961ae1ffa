//! Misreadings that must never be let through, whatever agrees with them.

use super::letters::{envelope, roster};
use super::others::clear;
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::roster::Roster;

const TOWN: &str = "云南省曲靖市罗平县老厂乡木冲村5组12号";
const MISREAD: &str = "云南省曲靖市罗平县老广乡木冲村5组12号";

fn letter(tail: &[&str], from: &[&str]) -> Fields {
    let head = ["市信访局：", "下水道堵了两个月，请派人疏通。", "此致"];
    let rows: Vec<&str> = head.iter().chain(tail).copied().collect();
    let mut pages = vec![clear(&rows)];
    if !from.is_empty() {
        pages.push(envelope("市信访局 收", from));
    }
    let roster = Roster {
        station: "曲靖市信访局".into(),
        ..roster()
    };
    extract(&pages, &roster, None)
}

#[test]
fn a_town_read_once_against_another_read_once_is_left_to_a_person() {
    let accepted = |below: &str, envelope: &str| {
        let tail = ["向传英", &format!("地址：{below}"), "2025年3月4日"];
        letter(&tail, &[&format!("{envelope} 向传英")])
            .address
            .accepted
    };
    assert!(accepted(TOWN, TOWN));
    assert!(!accepted(TOWN, MISREAD));
    assert!(!accepted(MISREAD, TOWN));
    assert!(!accepted(MISREAD, MISREAD));
}

#[test]
fn a_place_in_the_writers_place_is_no_name_to_let_through() {
    for place in ["罗平", "板桥镇", "安乐村", "木冲村", "罗平县"] {
        let sender = letter(&[place, "2025年3月4日"], &[]).sender_name;
        let is_place = sender.value.as_deref() == Some(place);
        assert!(!(is_place && sender.accepted), "{place}");
    }
}

#[test]
fn a_day_that_lies_behind_its_postmark_or_long_before_it_is_left_to_a_person() {
    let accepted = |posted: &str| {
        let mut front = envelope("市信访局 收", &[]);
        let mut line = clear(&[posted]).lines.remove(0);
        line.quad = line.quad.map(|p| [p[0] + 1900.0, p[1] + 100.0]);
        front.lines.push(line);
        let rows = [
            "市信访局：",
            "下水道堵了。",
            "此致",
            "向传英",
            "2025年3月4日",
        ];
        let fields = extract(&[clear(&rows), front], &roster(), None);
        let signs = &fields.letter_date.signs;
        let at_once = signs
            .iter()
            .any(|s| s.name == "posted_at_once" && s.value > 0.0);
        (fields.letter_date.accepted, at_once)
    };
    assert_eq!(accepted("2025.03.06"), (true, true));
    assert_eq!(accepted("2025.03.20"), (true, false));
    assert_eq!(accepted("2025.03.01"), (false, false));
    assert_eq!(accepted("2025.06.01"), (false, false));
}
