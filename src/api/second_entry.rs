//! Blind double entry: a second person keys fields from the page, without seeing the draft; the station compares.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use crate::domain::double_entry::{Agreement, EntryField};
use crate::events::Event;
use crate::store::{Db, StoreError};

/// Characters of one value, and values of one field, at most.
const LONGEST: usize = 50;
const MOST: usize = 20;

/// How a field that is to be keyed twice stands. What was keyed is in the draft (`second_entries`).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EntryView {
    /// Which.
    pub field: EntryField,
    /// How.
    pub agreement: Agreement,
}

/// The fields that this office wants keyed twice, of one letter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EntriesView {
    /// The letter.
    pub letter: String,
    /// None in an office that wants none.
    pub fields: Vec<EntryView>,
}

impl EntriesView {
    fn read(db: &Db, letter: String) -> Result<Self, StoreError> {
        let draft = db.draft(&letter)?.draft;
        let fields = db.entries_of(&draft)?.into_iter();
        Ok(Self {
            fields: fields
                .map(|(field, agreement)| EntryView { field, agreement })
                .collect(),
            letter,
        })
    }
}

/// What was keyed; a field that is left away stays as it is, an empty one says that the page has nothing.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sender_name": "陆思雨", "phones": ["0512-65227061"], "id_number": ""}))]
pub struct SecondEntryBody {
    sender_name: Option<String>,
    phones: Option<Vec<String>>,
    id_number: Option<String>,
}

impl SecondEntryBody {
    fn entered(self) -> Result<Vec<(EntryField, Vec<String>)>, Problem> {
        let one = |field, value: Option<String>| Some((field, vec![value?]));
        let all = [
            one(EntryField::SenderName, self.sender_name),
            self.phones.map(|phones| (EntryField::Phones, phones)),
            one(EntryField::IdNumber, self.id_number),
        ];
        let all: Vec<_> = all.into_iter().flatten().collect();
        let fits = |values: &[String]| {
            values.len() <= MOST && values.iter().all(|one| one.chars().count() <= LONGEST)
        };
        match all.iter().find(|(_, values)| !fits(values)) {
            Some((field, _)) => Err(Problem::new(
                "body_invalid",
                format!(
                    "{}: at most {LONGEST} characters, {MOST} numbers",
                    field.name()
                ),
            )),
            None => Ok(all),
        }
    }
}

/// How the fields that are to be keyed twice stand.
#[utoipa::path(get, path = "/v1/letters/{id}/second-entry", tag = "letters", params(("id" = String, Path)),
    responses((status = 200, body = EntriesView)))]
pub async fn get(
    State(app): State<App>,
    _: Caller<Mailroom>,
    Path(letter): Path<String>,
) -> Result<Json<EntriesView>, Problem> {
    let read = app.store.with(move |db| EntriesView::read(db, letter));
    Ok(Json(read.await?))
}

/// Keys fields from the page. `same_person` for a field whose value in the draft the caller wrote himself. The draft is not confirmed
/// (`second_entry_open`) before what was keyed and what it says are the same; blanks, dashes and the order of numbers do not count.
#[utoipa::path(post, path = "/v1/letters/{id}/second-entry", tag = "letters", request_body = SecondEntryBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = EntriesView)))]
pub async fn enter(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<SecondEntryBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let entered = asked.body.entered()?;
    app.once_telling(key, move |db| {
        db.enter_again(&letter, entered, &by)?;
        let given = answer(StatusCode::OK, &EntriesView::read(db, letter.clone())?)?;
        let what = "entered_again".to_owned();
        Ok((given, Event::Letter { letter, what }))
    })
    .await
}
