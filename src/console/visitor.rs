//! The second screen of the desk, for the visitor who brought a letter: large, masked, with nothing to go anywhere from. It follows the desk
//! (`assets/visitor.js`): another letter on the desk clears it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::visitor::VisitorView;
use crate::domain::text::Quad;
use crate::store::{PageRow, StoreError};

struct ShownLine {
    label: &'static str,
    text: String,
}

struct ShownImage {
    n: u32,
    address: String,
    width: u32,
    height: u32,
    /// Quarter turns that show it upright. The page does two; one or three would need another frame.
    turn: u16,
    /// Corners of what is covered, as SVG writes them.
    covers: Vec<String>,
}

#[derive(Template)]
#[template(path = "visitor.html")]
struct VisitorPage {
    f: Frame,
    /// None while the desk has no letter for it.
    shown: Option<ShownLetter>,
}

struct ShownLetter {
    letter: String,
    seen: String,
    lines: Vec<ShownLine>,
    matters: Vec<String>,
    summary: String,
    images: Vec<ShownImage>,
    /// What he said of what is shown, in words; none if nothing yet.
    said: Option<&'static str>,
    is_good: bool,
}

fn points(quad: &Quad) -> String {
    super::field_lines::points(quad)
}

fn shown(w: &'static Words, view: VisitorView, pages: &[PageRow]) -> ShownLetter {
    let it = &view.shown;
    let purpose = it
        .purpose
        .as_deref()
        .map(|code| w.code("purpose", code).to_owned());
    let phones = (!it.phones.is_empty()).then(|| w.list(&it.phones));
    let lines = [
        ("field.sender_name", it.sender_name.clone()),
        ("field.id_number", it.id_number.clone()),
        ("field.phones", phones),
        ("field.address", it.address.clone()),
        ("field.addressee", it.addressee.clone()),
        ("field.letter_date", it.letter_date.clone()),
        ("field.purpose", purpose),
    ];
    let none = || w.t("visitor.not_found").to_owned();
    let image = |page: &crate::domain::visitor::ShownPage| {
        let row = pages.iter().find(|row| row.n == page.n)?;
        let (width, height) = row.size_px?;
        Some(ShownImage {
            n: page.n,
            address: format!(
                "/v1/letters/{}/pages/{}/image",
                super::address::encode(&view.letter),
                page.n
            ),
            width,
            height,
            turn: row.turns_upright(),
            covers: page.covers.iter().map(points).collect(),
        })
    };
    let said = view
        .answer
        .as_ref()
        .filter(|answer| answer.seen == view.seen);
    ShownLetter {
        lines: lines
            .into_iter()
            .map(|(label, text)| ShownLine {
                label: w.t(label),
                text: text.unwrap_or_else(none),
            })
            .collect(),
        matters: it.matters.clone(),
        summary: it.summary.clone(),
        images: it.pages.iter().filter_map(image).collect(),
        said: said.map(|answer| match answer.agrees {
            true => w.t("visitor.thanks_right"),
            false => w.t("visitor.thanks_wrong"),
        }),
        is_good: said.is_some_and(|answer| answer.agrees),
        seen: view.seen,
        letter: view.letter,
    }
}

/// `GET /letters/{id}/visitor`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(id): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, ""));
    let seer = visitor.seer();
    let looked = app.store.with(move |db| {
        db.let_see(&seer, &id)?;
        let pages = db.page_rows(&id)?;
        Ok((VisitorView::look(db, id, &seer)?, pages))
    });
    match looked.await {
        Ok((view, pages)) => {
            let shown = Some(shown(w, view, &pages));
            show(&VisitorPage { f, shown })
        }
        // What may not be shown is not: the visitor learns no reason.
        Err(StoreError::WrongState { .. } | StoreError::NotFound { .. }) => {
            Redirect::to("/visitor").into_response()
        }
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

/// `GET /visitor`: between two letters.
pub(super) async fn waiting(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let f = visitor.frame(&app, "");
    show(&VisitorPage { f, shown: None })
}

/// What a visitor said, for the desk: of this draft, or of an earlier state of it.
pub(super) fn said_words(
    w: &'static Words,
    word: &crate::domain::visitor::VisitorWord,
    seen: Option<&str>,
) -> (String, &'static str) {
    let (key, tone) = match (seen == Some(word.seen.as_str()), word.agrees) {
        (true, true) => ("visitor.said_right", ""),
        (true, false) => ("visitor.said_wrong", "bad"),
        (false, _) => ("visitor.said_before", "bad"),
    };
    (w.two(key, when::written(w, &word.at), &word.by), tone)
}
