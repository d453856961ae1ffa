//! Looks at the two ends of a PDF: a writer states last where its table of objects is, and the table must be there. Pages are not
//! counted; that needs the objects themselves, which is the reader's.

use std::io::{self, Read, Seek, SeekFrom};

/// How far from its end a file may state where its table is: mailers and some devices pad.
const END_BYTES: u64 = 2048;
/// Enough of the table to know it by.
const TABLE_BYTES: u64 = 48;

/// Whether the file ends as a PDF does and its table of objects is where it says.
pub(super) fn has_end(reader: &mut (impl Read + Seek), length: u64) -> io::Result<bool> {
    let tail = bytes(reader, length.saturating_sub(END_BYTES), END_BYTES)?;
    let Some(at) = stated(&tail) else {
        return Ok(false);
    };
    if at == 0 || at >= length {
        return Ok(false);
    }
    let table = bytes(reader, at, TABLE_BYTES)?;
    Ok(begins_table(&table))
}

fn bytes(reader: &mut (impl Read + Seek), at: u64, count: u64) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(at))?;
    let mut found = Vec::new();
    reader.take(count).read_to_end(&mut found)?;
    Ok(found)
}

/// The number between the last `startxref` and the `%%EOF` after it.
fn stated(tail: &[u8]) -> Option<u64> {
    let last = |what: &[u8]| tail.windows(what.len()).rposition(|window| window == what);
    let start = last(b"startxref")? + b"startxref".len();
    let digits = tail.get(start..last(b"%%EOF")?)?.trim_ascii();
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `xref`, or the object that holds a packed table: `12 0 obj`.
fn begins_table(table: &[u8]) -> bool {
    let table = table.trim_ascii_start();
    if table.starts_with(b"xref") {
        return true;
    }
    let mut words = table
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let number = |word: Option<&[u8]>| word.is_some_and(|w| w.iter().all(u8::is_ascii_digit));
    number(words.next())
        && number(words.next())
        && words.next().is_some_and(|word| word.starts_with(b"obj"))
}
