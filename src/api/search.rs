//! Letters by what they say.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use super::App;
use super::auth::{Caller, Mailroom};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::domain::access::Seer;
use crate::domain::letter::Stage;
use crate::domain::search::{Piece, Place, Words};
use crate::store::{FoundLetter, FoundPlace, Searched, StoreError};

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words with blanks between: letters that have all of them, in their numbers, their fields or the text of their pages. One character is
    /// enough. Figures find a telephone or ID number whole or by its last four and more, with blanks and dashes or without.
    #[param(min_length = 1, max_length = 100, example = "陆思雨 供暖")]
    q: String,
}

/// A letter that was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LetterFound {
    /// Number.
    pub letter: String,
    /// The registered sender, as lists show it.
    pub sender: Option<String>,
    /// The addressee, as lists show it.
    pub addressee: Option<String>,
    /// When its first page came.
    pub created_at: String,
    /// Where it stands.
    pub stage: Stage,
    /// Not everybody of the mailroom sees it.
    pub restricted: bool,
    /// Where the words stand; empty of a letter that you may see only after saying why.
    pub found: Vec<FoundAt>,
}

/// Where something was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FoundAt {
    /// In which field, or in the text.
    pub place: Place,
    /// Page number within the letter, from 1, where it is known.
    pub page: Option<u32>,
    /// A short part of it, in pieces. Numbers are masked, and of an address only what was looked for is shown.
    pub excerpt: Vec<ExcerptPiece>,
}

/// A piece of an excerpt.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExcerptPiece {
    /// Its text.
    pub text: String,
    /// It is what was looked for.
    pub marked: bool,
}

impl From<FoundLetter> for LetterFound {
    fn from(found: FoundLetter) -> Self {
        let line = found.line;
        Self {
            letter: line.id,
            sender: line.sender,
            addressee: line.addressee,
            created_at: line.created.rfc3339(),
            stage: line.stage,
            restricted: line.restricted,
            found: found.found.into_iter().map(FoundAt::from).collect(),
        }
    }
}

impl From<FoundPlace> for FoundAt {
    fn from(found: FoundPlace) -> Self {
        let piece = |Piece { text, is_marked }| ExcerptPiece {
            text,
            marked: is_marked,
        };
        Self {
            place: found.place,
            page: found.page,
            excerpt: found.excerpt.into_iter().map(piece).collect(),
        }
    }
}

/// Searches beside the owner of the database, and shows and records it there.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn searched(
    app: &App,
    seer: Seer,
    words: Words,
    part: (Option<i64>, u32),
) -> Result<Searched, StoreError> {
    app.store.with(|db| db.index_due()).await?;
    let (looks, looked_for) = (seer.clone(), words.clone());
    let found = app
        .store
        .look(move |db| db.search(&looks, &looked_for, part))
        .await?;
    app.store
        .with(move |db| db.show_searched(&seer, &words, found))
        .await
}

/// Letters that have all the words and that you may see, newest first. Every search is on record: who, how many letters and which; not the words.
#[utoipa::path(get, path = "/v1/search", tag = "letters", params(SearchQuery, Part),
    responses((status = 200, body = Listed<LetterFound>)))]
pub async fn letters(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(SearchQuery { q }): Query<SearchQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<LetterFound>>, Problem> {
    let words = Words::of(&q).map_err(|why| Problem::new("query_invalid", why.to_string()))?;
    let limit = part.limit()?;
    let before = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let found = searched(&app, caller.seer(), words, (before, limit)).await?;
    Ok(Json(Listed {
        items: found.letters.into_iter().map(LetterFound::from).collect(),
        next: found.next.map(|row| paging::mark(&row.to_string())),
    }))
}
