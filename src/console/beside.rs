//! A letter and an earlier registration side by side: what differs, the images of both, or the text that was imported.
//!
//! Both looks are in the ledger. An imported accusation shows no content here.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::address::encode;
use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::access::Seer;
use crate::domain::draft::Draft;
use crate::domain::repeat::{Grams, Registered};
use crate::store::{Db, ImportedView, StoreError};

/// What to put beside the letter: one of the two.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    letter: Option<String>,
    case: Option<String>,
}

struct BothRow {
    label: &'static str,
    here: Vec<Part>,
    there: Vec<Part>,
    /// How it differs, or that it does not, in words.
    how: &'static str,
    differs: bool,
}

/// A run of characters that both have, or that only this one has.
struct Part {
    text: String,
    differs: bool,
}

#[derive(Template)]
#[template(path = "beside.html")]
struct BesidePage {
    f: Frame,
    here: String,
    there: String,
    back: String,
    rows: Vec<BothRow>,
    images_here: Vec<String>,
    images_there: Vec<String>,
    text_there: Option<String>,
    withheld: bool,
}

/// One of the two as it was registered, with what can be looked at.
struct Side {
    registered: Registered,
    date: Option<String>,
    /// Titles of its matters, and its summary; none of what was imported, whose text stands below.
    about: Option<(String, String)>,
    pages: usize,
}

fn side(db: &mut Db, id: &str, seer: &Seer) -> Result<Side, StoreError> {
    db.let_see(seer, id)?;
    if db.withholding(id)?.is_some() {
        return Err(StoreError::NotFound {
            what: "draft",
            id: id.to_owned(),
        });
    }
    let draft: Draft = db.draft(id)?.draft;
    db.record(
        &seer.actor,
        "letter.viewed",
        &format!("letter/{id}"),
        &json!({}),
    )?;
    Ok(Side {
        registered: Registered::of(&draft, Grams::default()),
        date: draft.fields.letter_date.value.clone(),
        about: Some(about(&draft)),
        pages: db.page_rows(id)?.len(),
    })
}

fn about(draft: &Draft) -> (String, String) {
    let titles = draft.fields.matters.iter();
    let titles: Vec<&str> = titles.map(|matter| matter.title.as_str()).collect();
    (titles.join("；"), draft.fields.summary.trim().to_owned())
}

enum There {
    Ours(Side),
    Imported(ImportedView),
}

fn there(db: &mut Db, wanted: &Wanted, seer: &Seer) -> Result<(String, There), StoreError> {
    match (&wanted.letter, &wanted.case) {
        (Some(letter), _) => Ok((letter.clone(), There::Ours(side(db, letter, seer)?))),
        (None, case) => {
            let case = case.clone().unwrap_or_default();
            let found = db.imported(&case)?;
            db.record(
                &seer.actor,
                "history.viewed",
                &format!("case/{case}"),
                &json!({}),
            )?;
            Ok((case, There::Imported(found)))
        }
    }
}

/// `GET /letters/{id}/beside?letter=…` or `?case=…`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "letters"));
    let seer = visitor.seer();
    let letter = id.clone();
    let look = move |db: &mut Db| Ok((side(db, &letter, &seer)?, there(db, &wanted, &seer)?));
    match app.store.with(look).await {
        Ok((here, (name, there))) => show(&filled(w, f, (id, here), (name, there))),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

fn filled(
    w: &'static Words,
    f: Frame,
    (id, here): (String, Side),
    (name, there): (String, There),
) -> BesidePage {
    let images = |id: &str, pages: usize| -> Vec<String> {
        let id = encode(id);
        (1..=pages)
            .map(|n| format!("/v1/letters/{id}/pages/{n}/image"))
            .collect()
    };
    let (images_there, text, withheld, other) = match there {
        There::Ours(side) => (images(&name, side.pages), None, false, side),
        There::Imported(view) => {
            let registered = view.earlier.registered;
            let withheld = registered.restricted;
            let shown = if withheld {
                Registered::default()
            } else {
                registered
            };
            let side = Side {
                date: shown.written_on.clone(),
                registered: shown,
                about: None,
                pages: 0,
            };
            (
                Vec::new(),
                Some(view.text).filter(|_| !withheld),
                withheld,
                side,
            )
        }
    };
    BesidePage {
        images_here: images(&id, here.pages),
        images_there,
        text_there: text,
        withheld,
        rows: if withheld {
            Vec::new()
        } else {
            rows(w, &here, &other)
        },
        back: format!("/letters/{}", encode(&id)),
        here: id,
        there: name,
        f,
    }
}

fn rows(w: &'static Words, here: &Side, there: &Side) -> Vec<BothRow> {
    let (a, b) = (&here.registered, &there.registered);
    let purpose = |code: &Option<String>| {
        let code = code.as_deref()?;
        Some(w.known("purpose", code).unwrap_or(code).to_owned())
    };
    let list = |phones: &[String]| (!phones.is_empty()).then(|| phones.join(" "));
    let pairs = [
        ("field.sender_name", a.name.clone(), b.name.clone()),
        ("field.address", a.address.clone(), b.address.clone()),
        ("field.phones", list(&a.phones), list(&b.phones)),
        ("field.id_number", a.id_number.clone(), b.id_number.clone()),
        ("field.addressee", a.addressee.clone(), b.addressee.clone()),
        ("field.letter_date", here.date.clone(), there.date.clone()),
        ("field.purpose", purpose(&a.purpose), purpose(&b.purpose)),
    ];
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let abouts = here.about.as_ref().zip(there.about.as_ref());
    let abouts = abouts.into_iter().flat_map(|(here, there)| {
        [
            ("letter.matters", some(&here.0), some(&there.0)),
            ("letter.summary", some(&here.1), some(&there.1)),
        ]
    });
    let row = |(label, here, there): (&'static str, Option<String>, Option<String>)| {
        let how = match (&here, &there) {
            (Some(a), Some(b)) if a != b => w.t("earlier.differs"),
            (Some(_), None) => w.t("earlier.here_only"),
            (None, Some(_)) => w.t("earlier.there_only"),
            _ => w.t("earlier.alike"),
        };
        let differs = here != there;
        let (here, there) = (here.unwrap_or_default(), there.unwrap_or_default());
        BothRow {
            label: w.t(label),
            here: parts(&here, &there),
            there: parts(&there, &here),
            how,
            differs,
        }
    };
    let said = |(_, here, there): &(&str, Option<String>, Option<String>)| {
        here.is_some() || there.is_some()
    };
    pairs
        .into_iter()
        .chain(abouts)
        .filter(said)
        .map(row)
        .collect()
}

/// A value as runs of characters, those that the other one lacks marked: what stands between the longest common beginning and end.
fn parts(own: &str, other: &str) -> Vec<Part> {
    let (a, b): (Vec<char>, Vec<char>) = (own.chars().collect(), other.chars().collect());
    let same = |(x, y): &(&char, &char)| x == y;
    let begin = a.iter().zip(&b).take_while(same).count();
    let left = a.len().min(b.len()) - begin;
    let end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(left)
        .take_while(same)
        .count();
    let middle = begin..a.len() - end;
    // An empty side, or two that have nothing in common, is not marked: the row says it.
    let alike = !other.is_empty() && begin + end > 0;
    let runs = [
        (&a[..middle.start], false),
        (&a[middle.clone()], alike),
        (&a[middle.end..], false),
    ];
    let runs = runs.into_iter().filter(|(chars, _)| !chars.is_empty());
    runs.map(|(chars, differs)| Part {
        text: chars.iter().collect(),
        differs,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::parts;

    fn marked(own: &str, other: &str) -> String {
        let told = parts(own, other).into_iter().map(|p| match p.differs {
            true => format!("[{}]", p.text),
            false => p.text,
        });
        told.collect()
    }

    #[test]
    fn only_what_the_other_lacks_is_marked() {
        assert_eq!(marked("人民路12号", "人民路112号"), "人民路12号");
        assert_eq!(marked("人民路112号", "人民路12号"), "人民路1[1]2号");
        assert_eq!(marked("王骏杰", "王俊杰"), "王[骏]杰");
        assert_eq!(marked("王俊杰", "王俊杰"), "王俊杰");
        assert_eq!(marked("王俊杰", ""), "王俊杰");
        assert_eq!(marked("", "王俊杰"), "");
        assert_eq!(marked("李四", "王五"), "李四");
        assert_eq!(marked("aaa", "aa"), "aa[a]");
    }
}
