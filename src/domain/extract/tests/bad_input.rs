//! Letters that are none: a draft with empty fields, never a crash, never an invention.

use super::letters::{page, roster};
use crate::domain::draft::Fields;
use crate::domain::extract::{extract, legible};
use crate::domain::roster::Roster;
use crate::domain::text::{PageKind, PageText};

fn nothing_invented(fields: &Fields) {
    assert_eq!(fields.sender_name.value, None);
    assert_eq!(fields.address.value, None);
    assert_eq!(fields.letter_date.value, None);
    assert_eq!(fields.id_number.field.value, None);
    assert_eq!(fields.purpose.value, None);
    assert!(fields.phones.is_empty() && fields.matters.is_empty());
    assert!(
        !fields.anonymous.value,
        "nothing read is no anonymous letter"
    );
}

fn letter(rows: &[&str]) -> Vec<PageText> {
    vec![page(1, PageKind::Letter, rows)]
}

#[test]
fn an_empty_page_gives_an_empty_draft() {
    let pages = letter(&[]);
    assert!(!legible(&pages));
    nothing_invented(&extract(&pages, &roster(), None));
}

#[test]
fn a_page_of_noise_gives_an_empty_draft() {
    let mut pages = letter(&[
        "囗丨二乙",
        "口一丿、、口口冂",
        "日曰囗",
        "一二丨丨丨口亠口",
        "丶丿乀乁",
    ]);
    for line in &mut pages[0].lines {
        line.confidence = 0.31;
    }
    assert!(!legible(&pages));
    nothing_invented(&extract(&pages, &roster(), None));
}

#[test]
fn a_letter_in_english_gives_an_empty_draft() {
    let pages = letter(&[
        "Dear Mayor,",
        "the street lamps in our road have been dark since March.",
        "Please have them repaired.",
        "Sincerely yours,",
        "John Smith",
    ]);
    assert!(!legible(&pages));
    nothing_invented(&extract(&pages, &roster(), None));
}

const PLAIN: &[&str] = &["霍市长：", "请求修路。", "此致", "敬礼", "来信人：汪小满"];

#[test]
fn a_roster_with_two_equal_ranks_still_chooses_whom_the_letter_names() {
    let mut roster = roster();
    for leader in &mut roster.leaders {
        leader.rank = 1;
    }
    let fields = extract(&letter(PLAIN), &roster, None);
    assert_eq!(fields.addressee.value.as_deref(), Some("霍国梁"));
}

#[test]
fn a_roster_without_leaders_leaves_the_addressee_open() {
    let empty = Roster::default();
    let fields = extract(&letter(PLAIN), &empty, None);
    assert_eq!(fields.addressee.value, None);
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
}

#[test]
fn a_letter_of_two_hundred_pages_is_registered() {
    let body = ["我反映的情况如下，请求查处。"; 30];
    let mut pages: Vec<PageText> = (1..=199)
        .map(|n| page(n, PageKind::Letter, &body))
        .collect();
    pages.push(page(200, PageKind::Letter, PLAIN));
    let fields = extract(&pages, &roster(), None);
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
    assert_eq!(fields.sender_name.page, Some(200));
}

#[test]
fn a_megabyte_in_one_line_is_no_crash_and_no_invention() {
    let line = "请求修路，一二三四五号楼漏水，".repeat(23_000);
    assert!(line.len() > 1_000_000);
    let fields = extract(&letter(&[&line]), &roster(), None);
    assert_eq!(fields.letter_date.value, None);
    assert!(fields.phones.is_empty());
    assert_eq!(fields.address.value, None);
}

#[test]
fn a_secret_mark_on_any_page_is_seen_and_the_word_in_a_sentence_is_not() {
    let marked = vec![
        page(1, PageKind::Letter, PLAIN),
        page(2, PageKind::Letter, &["机密★五年", "附件"]),
    ];
    let fields = extract(&marked, &roster(), None);
    assert!(
        fields
            .flags
            .secret_mark
            .is_some_and(|f| f.value && f.page == Some(2))
    );
    assert_eq!(fields.sender_name.value.as_deref(), Some("汪小满"));
    let unsigned = vec![
        page(1, PageKind::Letter, &PLAIN[..4]),
        page(2, PageKind::Letter, &["秘密", "我反映的是这样一件事。"]),
    ];
    let fields = extract(&unsigned, &roster(), None);
    assert!(
        !fields
            .sender_name
            .value
            .as_deref()
            .unwrap_or_default()
            .contains('密')
    );
    let told = [
        "霍市长：",
        "他们把账目当成机密。",
        "秘密调查我",
        "此致",
        "汪小满",
    ];
    let fields = extract(&letter(&told), &roster(), None);
    assert!(fields.flags.secret_mark.is_some_and(|f| !f.value));
}
