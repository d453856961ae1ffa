//! Texts as they lie in the database, whatever became of their bytes: one that is no UTF-8 any more is to be named, not to end the comparison.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::digest;

struct Kept(String);

impl FromSql for Kept {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = value else {
            return Err(FromSqlError::InvalidType);
        };
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        Ok(Self(text.unwrap_or_else(|_| {
            format!("not UTF-8: {}", digest::hex(bytes))
        })))
    }
}

/// The text of a column.
pub(in crate::store) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Kept>(column)?.0)
}

/// The text of a column that may have none.
pub(super) fn some_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(row.get::<_, Option<Kept>>(column)?.map(|kept| kept.0))
}
