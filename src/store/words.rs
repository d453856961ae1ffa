//! Domain words as columns: each enum is stored as the text its JSON form has.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DraftState, ScanOutcome, TestOutcome};
use crate::clock::Millis;
use crate::domain::access::{InterestKind, Matched, Relation, Restricted, Role, Scope};
use crate::domain::alarm::{Code, Verdict};
use crate::domain::balance::Exception;
use crate::domain::intake::ArrivalState;
use crate::domain::keeping::{ReturnWay, ValuableKind, Withheld};
use crate::domain::letter::{Carrier, LoadState, Stage};
use crate::domain::lexicon::Kind;
use crate::domain::outgoing;
use crate::domain::text::PageKind;

fn to_word<T: Serialize>(value: &T) -> rusqlite::Result<ToSqlOutput<'static>> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word.into()),
        other => Err(rusqlite::Error::ToSqlConversionFailure(
            format!("{other:?} is not a word").into(),
        )),
    }
}

fn from_word<T: DeserializeOwned>(value: ValueRef<'_>) -> FromSqlResult<T> {
    let word = value.as_str()?.to_owned();
    serde_json::from_value(serde_json::Value::String(word)).map_err(FromSqlError::other)
}

macro_rules! words {
    ($($word:ty),*) => {$(
        impl ToSql for $word {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                to_word(self)
            }
        }
        impl FromSql for $word {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                from_word(value)
            }
        }
    )*};
}
words!(
    ArrivalState,
    Carrier,
    LoadState,
    Stage,
    PageKind,
    Role,
    Scope,
    DraftState,
    outgoing::Kind,
    outgoing::State,
    Exception,
    ScanOutcome,
    TestOutcome,
    Kind,
    ReturnWay,
    ValuableKind,
    Withheld,
    InterestKind,
    Matched,
    Relation,
    Restricted,
    Code,
    Verdict
);

/// A word of the cycle, which is a crate of its own.
pub(super) struct Word<T>(pub(super) T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        to_word(&self.0)
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        from_word(value).map(Self)
    }
}

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Millis)
    }
}
