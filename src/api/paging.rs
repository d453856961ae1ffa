//! Lists by opaque cursor: where the next part begins, in a form that nobody should read.

use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::digest;

/// Entries of a list unless the caller says otherwise.
const USUAL: u32 = 50;
/// Most entries of a list.
const MOST: u32 = 200;

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// `next` of the part before; without it the list begins.
    pub cursor: Option<String>,
    /// Entries at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<u32>,
}

/// One part of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Cursor of the next part; `null` at the end.
    pub next: Option<String>,
}

impl Part {
    /// How many entries.
    ///
    /// # Errors
    /// `query_invalid` outside 1 to 200.
    pub fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::new(
                "query_invalid",
                format!("limit: 1 to {MOST} is allowed"),
            ));
        }
        Ok(limit)
    }

    /// The place the cursor stands for.
    ///
    /// # Errors
    /// `cursor_invalid` for anything that [`mark`] did not make.
    pub fn place(&self) -> Result<Option<String>, Problem> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let place = unhex(cursor).and_then(|bytes| String::from_utf8(bytes).ok());
        place.map(Some).ok_or_else(invalid)
    }
}

/// The place for a number that tells nothing of others.
pub fn place_shown(number: i64) -> String {
    format!("n{number}")
}

/// The number that [`place_shown`] made the cursor's place of.
///
/// # Errors
/// `cursor_invalid` for anything else.
pub fn number_shown(part: &Part) -> Result<Option<i64>, Problem> {
    let number = |place: String| {
        let number = place
            .strip_prefix('n')
            .and_then(|number| number.parse().ok());
        number.ok_or_else(invalid)
    };
    part.place()?.map(number).transpose()
}

/// A cursor that is not one of ours.
pub fn invalid() -> Problem {
    Problem::new("cursor_invalid", "use `next` of the part before, unchanged")
}

/// The cursor for a place.
pub fn mark(place: &str) -> String {
    digest::hex(place.as_bytes())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// Makes a part out of one entry more than asked for: the extra one only says that there is more.
pub fn part<R, T>(
    mut rows: Vec<R>,
    limit: u32,
    place: impl Fn(&R) -> String,
    view: impl Fn(R) -> T,
) -> Listed<T> {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| mark(&place(last)));
    Listed {
        items: rows.into_iter().map(view).collect(),
        next,
    }
}
