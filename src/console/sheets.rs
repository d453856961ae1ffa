//! The pages of a batch as they arrive, letter by letter, in small: what belongs together is put together here, and nothing is deleted.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::batches::signed_words;
use super::frame::{Frame, Visitor};
use super::letter::page_kind;
use super::letters::Row;
use super::refused::{Refused, show};
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::batches::seen::batch_seen_by;
use crate::domain::access::{Seer, Sight};
use crate::domain::letter::Stage;
use crate::store::{Batch, Db, LetterLine, LetterLinesWanted, PageRow, StoreError};

/// Letters on one page.
const LETTERS: u32 = 25;
/// Pages of one letter that are drawn beside others; the rest is one click away.
const PAGES_OF_A_LETTER: usize = 40;

/// Kinds a person may say a page is, by their codes.
const KINDS: [&str; 8] = [
    "letter",
    "envelope",
    "attachment",
    "photograph",
    "transfer_form",
    "instruction",
    "separator",
    "retaken",
];

struct KindChoice {
    code: &'static str,
    label: &'static str,
}

struct Sheet {
    n: u32,
    kind: &'static str,
    /// Why it could not be read, or that it still has to be.
    note: &'static str,
    is_troubled: bool,
    /// Quarter turns that show it upright.
    turn: u16,
    /// Names the image, whatever its number becomes.
    image: String,
}

struct Group {
    letter: Row,
    sheets: Vec<Sheet>,
    /// The number of its last page, drawn or not.
    last: u32,
    more: usize,
    /// Why no page is shown.
    hidden: String,
    /// Pages can still be moved.
    is_open: bool,
}

#[derive(Template)]
#[template(path = "sheets.html")]
struct SheetsPage {
    f: Frame,
    batch: i64,
    counts: String,
    kinds: Vec<KindChoice>,
    groups: Vec<Group>,
    more: Option<String>,
    /// The letter above the first that is shown, which a key may join to it.
    above: String,
    /// One letter alone is shown, with all its pages.
    is_one: bool,
}

struct Found {
    batch: Batch,
    expected: i64,
    letters: Vec<(LetterLine, Pages)>,
    last: Option<String>,
    /// The letter above the first that is shown.
    above: Option<String>,
}

/// A letter's pages, as far as this person may see them.
enum Pages {
    Shown(Vec<PageRow>),
    /// Restricted, or withheld.
    Kept,
    /// They lie in these letters now.
    Moved(Vec<String>),
}

/// Which part of the batch.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    before: Option<String>,
    letter: Option<String>,
}

fn pages(db: &Db, seer: &Seer, letter: &str) -> Result<Pages, StoreError> {
    if db.is_emptied(letter)? && db.may_know_of(seer, letter)? {
        let mut to = db.pages_went_to(letter)?;
        to.retain(|other| db.may_know_of(seer, other).is_ok_and(|may| may));
        return Ok(Pages::Moved(to));
    }
    if db.sight(seer, letter)? != Sight::Full || db.withholding(letter)?.is_some() {
        return Ok(Pages::Kept);
    }
    let mut pages = db.page_rows(letter)?;
    pages.retain(|page| db.let_see_page(seer, letter, page.kind).is_ok());
    Ok(Pages::Shown(pages))
}

fn look(db: &mut Db, batch: i64, wanted: Wanted, seer: &Seer) -> Result<Found, StoreError> {
    let mut lines = match &wanted.letter {
        Some(letter) => {
            // Who may not know of it is told that there is none.
            db.let_see(seer, letter)?;
            vec![db.letter_line(letter)?]
        }
        None => {
            let wanted = LetterLinesWanted {
                batch: Some(batch),
                before: wanted.before,
                ..LetterLinesWanted::default()
            };
            db.letter_lines(&wanted, LETTERS + 1)?
        }
    };
    lines.retain(|line| line.batch_id == batch);
    let is_cut = lines.len() > LETTERS as usize;
    let above = lines.get(LETTERS as usize).map(|line| line.id.clone());
    lines.truncate(LETTERS as usize);
    let last = lines.last().filter(|_| is_cut).map(|line| line.id.clone());
    add_origins(db, batch, &mut lines)?;
    let mut lines = db.seen_by(seer, "sheets", lines)?;
    // Who may not know of it is not told its number either.
    let above = above.filter(|id| db.let_see(seer, id).is_ok());
    // By number: what was split off stands below the letter it was part of.
    lines.sort_by(|a, b| a.id.cmp(&b.id));
    let letters = lines.into_iter().map(|line| {
        let pages = pages(db, seer, &line.id)?;
        Ok((line, pages))
    });
    let letters = letters.collect::<Result<_, StoreError>>()?;
    let seen = batch_seen_by(db, db.batch(batch)?, seer)?;
    Ok(Found {
        expected: i64::from(seen.batch.count) + seen.counts.exceptions,
        batch: seen.batch,
        letters,
        last,
        above,
    })
}

/// What was split off is the newest, and pushes the letter that it was part of off the page: that one is shown beside it all the same.
fn add_origins(db: &Db, batch: i64, lines: &mut Vec<LetterLine>) -> Result<(), StoreError> {
    let mut origins: Vec<String> = lines.iter().filter_map(|line| origin(&line.id)).collect();
    origins.sort_unstable();
    origins.dedup();
    origins.retain(|id| lines.iter().all(|line| line.id != *id));
    for id in origins {
        match db.letter_line(&id) {
            Ok(line) if line.batch_id == batch => lines.push(line),
            Ok(_) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A025_2 was split off A025.
fn origin(letter: &str) -> Option<String> {
    let (before, n) = letter.rsplit_once('_')?;
    let is_number = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| before.to_owned())
}

fn sheet(w: &'static Words, page: &PageRow) -> Sheet {
    let (note, is_troubled) = match (page.state.as_str(), page.problem.as_deref()) {
        (_, Some("blank")) => (w.t("sheets.blank"), false),
        (_, Some(_)) => (w.t("sheets.unreadable"), true),
        ("unread", None) => (w.t("sheets.unread"), false),
        _ => ("", false),
    };
    Sheet {
        n: page.n,
        kind: page_kind(page),
        is_troubled: is_troubled && page.kind.is_of_the_letter(),
        note,
        turn: page.turns_upright(),
        image: format!("{}-{}", page.sha256, page.frame),
    }
}

fn group(w: &'static Words, line: LetterLine, pages: Pages, most: usize) -> Group {
    let is_open = !matches!(line.stage, Stage::Registered);
    let (pages, hidden) = match pages {
        Pages::Shown(pages) => (pages, String::new()),
        Pages::Kept => (Vec::new(), w.t("sheets.hidden").to_owned()),
        Pages::Moved(to) if to.is_empty() => (Vec::new(), w.t("letter.note_emptied").to_owned()),
        Pages::Moved(to) => (Vec::new(), w.one("letter.note_emptied_into", w.list(&to))),
    };
    Group {
        sheets: pages.iter().take(most).map(|page| sheet(w, page)).collect(),
        last: pages.iter().map(|page| page.n).max().unwrap_or(0),
        more: pages.len().saturating_sub(most),
        hidden,
        is_open,
        letter: Row::of(w, line),
    }
}

/// `GET /batches/{id}/pages`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(batch): Path<i64>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "batches"));
    let seer = visitor.seer();
    let is_one = wanted.letter.is_some();
    let most = match is_one {
        true => usize::MAX,
        false => PAGES_OF_A_LETTER,
    };
    let found = app.store.with(move |db| look(db, batch, wanted, &seer));
    let found = match found.await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let kinds = KINDS.map(|code| KindChoice {
        code,
        label: w.code("page_kind", code),
    });
    let verdict = match found.expected - i64::from(found.batch.letters) {
        0 => w.t("batches.balanced").to_owned(),
        short @ 1.. => w.one("batches.short", short),
        over => w.one("batches.over", -over),
    };
    let exceptions = found.expected - i64::from(found.batch.count);
    let signed = signed_words(w, found.batch.count, exceptions);
    let counts = w.two("batches.balance", signed, found.batch.letters);
    show(&SheetsPage {
        f,
        batch,
        counts: format!("{counts} · {verdict}"),
        kinds: kinds.into(),
        above: found.above.unwrap_or_default(),
        more: found.last.map(|id| {
            format!(
                "/batches/{batch}/pages?before={}",
                super::address::encode(&id)
            )
        }),
        groups: found
            .letters
            .into_iter()
            .map(|(line, pages)| group(w, line, pages, most))
            .collect(),
        is_one,
    })
}
