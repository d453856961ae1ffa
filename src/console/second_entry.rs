//! Blind double entry: the page and empty fields beside it. Nothing of the draft is on this page, also where both differ.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::frame::{Frame, Visitor};
use super::letter::{PageTab, tab};
use super::refused::{Refused, show};
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::access::Seer;
use crate::domain::double_entry::{Agreement, EntryField};
use crate::domain::text::PageKind;
use crate::store::{Db, PageRow, StoreError};

/// A field as it stands.
pub(super) struct Standing {
    /// As the API names it.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// `open`, `differs`, `agrees`.
    pub(super) code: &'static str,
    pub(super) words: &'static str,
}

impl Standing {
    pub(super) fn of(w: &'static Words, (field, agreement): (EntryField, Agreement)) -> Self {
        let code = match agreement {
            Agreement::Missing => "open",
            Agreement::Differs => "differs",
            Agreement::Agrees => "agrees",
        };
        let (label, words) = (w.code("field", field.name()), w.code("entry_state", code));
        let name = field.name();
        Self {
            name,
            label,
            code,
            words,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.code != "agrees"
    }
}

fn rules_of(fields: &[Standing]) -> Vec<&'static str> {
    let open = fields.iter().filter(|one| one.is_open());
    let rules = open.filter_map(|one| match one.name {
        "sender_name" => Some("7.4.2.2"),
        "phones" => Some("7.4.2.5"),
        "id_number" => Some("7.4.2.1"),
        _ => None,
    });
    rules.collect()
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    f: Frame,
    letter: String,
    pages: Vec<PageTab>,
    fields: Vec<Standing>,
    /// The written rules behind those that are still to be keyed.
    rules: Vec<&'static str>,
    /// The first that is still to be keyed; none when all of them agree.
    begins: &'static str,
}

struct Seen {
    pages: Vec<PageRow>,
    fields: Vec<(EntryField, Agreement)>,
}

fn look(db: &mut Db, id: &str, seer: &Seer) -> Result<Seen, StoreError> {
    db.let_see(seer, id)?;
    db.not_withheld(id, "show")?;
    let draft = db.draft(id)?.draft;
    let subject = format!("letter/{id}");
    db.record(
        &seer.actor,
        "letter.viewed",
        &subject,
        &json!({"pages_only": true}),
    )?;
    Ok(Seen {
        pages: db.page_rows(id)?,
        fields: db.entries_of(&draft)?,
    })
}

/// `GET /letters/{id}/entry`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(id): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "review"));
    let (seer, letter) = (visitor.seer(), id.clone());
    let seen = match app.store.with(move |db| look(db, &letter, &seer)).await {
        Ok(seen) => seen,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let of_letter =
        |page: &&PageRow| page.kind.is_of_the_letter() && page.kind != PageKind::Instruction;
    let pages = seen.pages.iter().filter(of_letter);
    let fields = seen.fields.into_iter().map(|one| Standing::of(w, one));
    let fields: Vec<_> = fields.collect();
    show(&EntryPage {
        letter: id,
        pages: pages.map(|page| tab(w, page)).collect(),
        begins: fields
            .iter()
            .find(|one| one.is_open())
            .map_or("", |one| one.name),
        rules: rules_of(&fields),
        fields,
        f,
    })
}
