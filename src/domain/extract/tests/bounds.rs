//! No text keeps the rules for long: what they look at is bounded, and told.

use std::borrow::Cow;

use super::letters::{page, roster};
use crate::domain::extract::bounds::{BEGINNING, END, LINE, left_out, within};
use crate::domain::extract::{extract, remarks};
use crate::domain::text::{PageKind, PageText};

/// Pages of thirty rows.
fn of(rows: &[String]) -> Vec<PageText> {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let pages = rows.chunks(30).zip(1..);
    pages
        .map(|(rows, n)| page(n, PageKind::Letter, rows))
        .collect()
}

fn texts(pages: &[PageText]) -> Vec<&str> {
    let lines = pages.iter().flat_map(|p| &p.lines);
    lines.map(|l| l.text.as_str()).collect()
}

#[test]
fn a_letter_of_fifty_pages_is_looked_at_whole() {
    let pages = of(&vec!["一".repeat(15); 1500]);
    assert!(matches!(within(&pages), Cow::Borrowed(_)));
    assert_eq!(left_out(&pages), 0);
}

#[test]
fn of_a_longer_one_the_beginning_and_the_end_are_and_no_line_loses_its_place() {
    let mut rows = vec!["一".repeat(30); 6000];
    rows[0] = "始".into();
    rows[5999] = "终".into();
    let pages = of(&rows);
    let kept = within(&pages);
    let kept = texts(&kept);
    assert_eq!(kept.len(), texts(&pages).len());
    assert!(kept[0] == "始" && kept[5999] == "终" && kept[3000].is_empty());
    let looked_at: usize = kept.iter().map(|t| t.chars().count()).sum();
    assert!(looked_at <= BEGINNING + END + 30);
    assert_eq!(left_out(&pages) + looked_at, 5998 * 30 + 2);
}

#[test]
fn a_line_too_long_is_cut_and_so_is_its_place() {
    let pages = of(&["字".repeat(4 * LINE)]);
    let kept = within(&pages);
    let (line, whole) = (&kept[0].lines[0], &pages[0].lines[0]);
    assert_eq!(line.text.chars().count(), LINE);
    assert_eq!(line.quad, whole.part(0, LINE));
    assert_eq!(left_out(&pages), 3 * LINE);
}

#[test]
fn what_is_left_out_is_told_and_a_threat_in_it_is_seen() {
    let mut rows = vec!["一".repeat(300); 100];
    rows[0] = "霍市长：".into();
    rows[65] = "。不解决我就炸了你们。".into();
    rows[99] = "来信人：汪小满".into();
    let pages = of(&rows);
    let fields = extract(&pages, &roster(), None);
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
    assert_eq!(fields.sender_name.page, Some(4));
    assert!(
        fields
            .flags
            .threat
            .as_ref()
            .is_some_and(|f| f.value && f.page == Some(3))
    );
    let told = remarks(&pages, &fields);
    assert!(
        told.iter()
            .any(|r| r == &format!("text_left_out: {}", left_out(&pages)))
    );
}

/// Each in one line twenty times too long: whatever a rule does with a line, it does it with so many characters at most.
#[test]
fn no_form_of_text_in_one_line_is_looked_at_beyond_the_bound() {
    for unit in [
        "2025年3月4日",
        "临江市滨河区",
        "霍市长、",
        "13872514096",
        "来信人：",
        "汪小满 ",
        "1",
    ] {
        let line = unit.repeat(20 * LINE / unit.chars().count());
        let pages = of(&["霍市长：".into(), line, "汪小满".into()]);
        let kept = within(&pages);
        let longest = texts(&kept).iter().map(|t| t.chars().count()).max();
        assert_eq!(longest, Some(LINE), "{unit}");
        // The rules give for the long text what they give for what they look at.
        let cut: Vec<String> = texts(&kept).iter().map(|t| (*t).to_owned()).collect();
        let (long, short) = (
            extract(&pages, &roster(), None),
            extract(&of(&cut), &roster(), None),
        );
        assert_eq!(long.sender_name.value, short.sender_name.value, "{unit}");
        assert_eq!(long.phones.len(), short.phones.len(), "{unit}");
        assert_eq!(long.letter_date.value, short.letter_date.value, "{unit}");
    }
}
