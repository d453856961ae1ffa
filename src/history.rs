//! Files of earlier registrations: CSV or JSON lines as a case system exports them → records to compare letters with.
//!
//! What is wrong with a line is told by its number and a code, never by its content.

pub(crate) mod csv;
mod record;

pub use csv::rows;
pub use record::{LineFault, Told, record};

use std::collections::BTreeMap;

use serde_json::Value;

/// One line of a file, by the names of its columns.
pub type Columns = BTreeMap<String, String>;

/// The lines of a file with their numbers; a line that is none has its fault.
pub fn lines(text: &str, json: bool) -> Vec<(usize, Result<Columns, LineFault>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if json {
        json_lines(text)
    } else {
        csv_lines(text)
    }
}

fn json_lines(text: &str) -> Vec<(usize, Result<Columns, LineFault>)> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at + 1, json_line(line))).collect()
}

fn json_line(line: &str) -> Result<Columns, LineFault> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else {
        return Err(LineFault::NotJson);
    };
    let plain = |value: Value| match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(parts) => {
            let parts: Option<Vec<String>> = parts
                .into_iter()
                .map(|part| Some(part.as_str()?.to_owned()))
                .collect();
            parts.map(|parts| parts.join(" "))
        }
        _ => None,
    };
    let columns = object
        .into_iter()
        .map(|(name, value)| Some((name, plain(value)?)));
    columns
        .collect::<Option<Columns>>()
        .ok_or(LineFault::NotPlain)
}

fn csv_lines(text: &str) -> Vec<(usize, Result<Columns, LineFault>)> {
    let mut rows = rows(text).into_iter();
    let Some((_, Ok(head))) = rows.next() else {
        return Vec::new();
    };
    let names: Vec<String> = head.iter().map(|name| name.trim().to_owned()).collect();
    let lines = rows.filter(|(_, row)| {
        row.as_ref()
            .map_or(true, |cells| cells.iter().any(|c| !c.trim().is_empty()))
    });
    lines
        .map(|(at, row)| {
            let columns = row.and_then(|cells| match cells.len() == names.len() {
                true => Ok(names.iter().cloned().zip(cells).collect()),
                false => Err(LineFault::Cells),
            });
            (at, columns)
        })
        .collect()
}
