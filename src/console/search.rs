//! What a search found: each letter's line, where the words stand, and a link to the page.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::address::encode;
use super::frame::{Frame, Visitor};
use super::letters::Row;
use super::refused::{Refused, show};
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::search::searched;
use crate::domain::search::{self, Piece, Place};
use crate::store::{FoundLetter, FoundPlace, Searched};

const PAGE: u32 = 20;

/// What was asked.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    before: Option<String>,
}

struct FoundLine {
    place: String,
    href: Option<String>,
    excerpt: Vec<Piece>,
}

struct LetterLine {
    row: Row,
    href: String,
    found: Vec<FoundLine>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    f: Frame,
    asked: String,
    searched: bool,
    refused: Option<String>,
    letters: Vec<LetterLine>,
    first: Option<String>,
    more: Option<String>,
}

fn address(asked: &str, before: Option<i64>) -> String {
    let from = before.map_or(String::new(), |row| format!("&before={row}"));
    format!("/search?q={}{from}", encode(asked))
}

fn place_code(place: Place) -> &'static str {
    match place {
        Place::LetterNumber => "letter_number",
        Place::CaseNumber => "case_number",
        Place::MailNumber => "mail_number",
        Place::Sender => "sender",
        Place::Person => "person",
        Place::Addressee => "addressee",
        Place::Address => "address",
        Place::Phone => "phone",
        Place::IdNumber => "id_number",
        Place::Text => "text",
    }
}

fn line(w: &'static Words, letter: FoundLetter) -> LetterLine {
    let id = encode(&letter.line.id);
    let page_of = |page: u32| format!("/letters/{id}#page-{page}");
    let in_words = |found: FoundPlace| FoundLine {
        place: match (found.place, found.page) {
            (Place::Text, Some(page)) => w.one("search.text_of_page", page),
            (place, _) => w.code("search_place", place_code(place)).to_owned(),
        },
        href: found.page.map(page_of),
        excerpt: found.excerpt,
    };
    let page = letter.found.iter().find_map(|found| found.page);
    LetterLine {
        href: page.map_or(format!("/letters/{id}"), page_of),
        found: letter.found.into_iter().map(in_words).collect(),
        row: Row::of(w, letter.line),
    }
}

fn refusal(w: &'static Words, asked: &str, why: search::Refused) -> Option<String> {
    match why {
        // The empty field is no mistake.
        search::Refused::Empty if asked.trim().is_empty() => None,
        search::Refused::Empty => Some(w.t("search.no_words").to_owned()),
        search::Refused::TooLong => Some(w.one("search.too_long", search::LONGEST)),
        search::Refused::TooManyWords => Some(w.one("search.too_many", search::MOST_WORDS)),
    }
}

/// `GET /search`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "search"));
    let before: Option<i64> = wanted.before.as_deref().and_then(|row| row.parse().ok());
    let mut page = SearchPage {
        f,
        searched: false,
        refused: None,
        letters: Vec::new(),
        first: before.map(|_| address(&wanted.q, None)),
        more: None,
        asked: wanted.q,
    };
    let words = match search::Words::of(&page.asked) {
        Ok(words) => words,
        Err(why) => {
            page.refused = refusal(w, &page.asked, why);
            return show(&page);
        }
    };
    let Searched { letters, next } =
        match searched(&app, visitor.seer(), words, (before, PAGE)).await {
            Ok(found) => found,
            Err(error) => return Refused::by_store(page.f, &error).into_response(),
        };
    page.searched = true;
    page.letters = letters.into_iter().map(|letter| line(w, letter)).collect();
    page.more = next.map(|row| address(&page.asked, Some(row)));
    show(&page)
}
