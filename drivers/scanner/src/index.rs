//! Index files: what scanner software writes beside its images to say which of them are a letter, and in which order. CSV, plain text or XML; pure.
//!
//! | in the file | letter |
//! |---|---|
//! | lines (or XML values) that name image files | all one letter, named like the index file or its sub-folder |
//! | a CSV column headed `letter`, `document`, 信件, 编号 … | what stands in that column |
//! | an XML element `<letter>` or `<document>` with `id`, `name` or `number` | that |
//!
//! Only the last part of a path counts: `C:\Scans\0001.jpg` is `0001.jpg` beside the index. Whatever is not clear is refused, never guessed.

use std::collections::HashSet;

use encoding_rs::GB18030;
use quick_xml::XmlVersion;
use quick_xml::events::Event;

/// One letter of an index file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The letter.
    pub letter: String,
    /// The names of its images, in order; without folders.
    pub pages: Vec<String>,
}

/// Why an index file says nothing that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// It has no end yet.
    Unfinished,
    /// It names no image, one image twice, or is in no encoding known here.
    Useless,
}

/// Larger files are no index.
pub const LARGEST_BYTES: u64 = 4 * 1024 * 1024;

const ENDINGS: [&str; 3] = ["csv", "txt", "xml"];
const IMAGE_ENDINGS: [&str; 6] = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf"];
const LETTER_WORDS: [&str; 12] = [
    "letter",
    "letterid",
    "document",
    "documentid",
    "doc",
    "docid",
    "信件",
    "信件编号",
    "件号",
    "编号",
    "文档",
    "文档编号",
];
const NAME_WORDS: [&str; 6] = ["id", "name", "number", "no", "编号", "名称"];

/// Whether a file of this name may be an index.
#[must_use]
pub fn is_index_name(file_name: &str) -> bool {
    file_name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && ENDINGS
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Reads an index file; `usual` is the letter where the file itself names none.
///
/// # Errors
/// [`Unclear`].
pub fn parse(usual: &str, bytes: &[u8]) -> Result<Vec<Listed>, Unclear> {
    let text = decode(bytes)?;
    let pages = match text.trim_start().starts_with('<') {
        true => of_xml(usual, &text)?,
        false => of_lines(usual, &text, &mut 0)?,
    };
    let mut letters: Vec<Listed> = Vec::new();
    for (at, (letter, page)) in pages.iter().enumerate() {
        if pages[..at].iter().any(|(_, before)| before == page) {
            return Err(Unclear::Useless);
        }
        match letters.iter_mut().find(|listed| listed.letter == *letter) {
            Some(listed) => listed.pages.push(page.clone()),
            None => letters.push(Listed {
                letter: letter.clone(),
                pages: vec![page.clone()],
            }),
        }
    }
    match letters.is_empty() {
        true => Err(Unclear::Useless),
        false => Ok(letters),
    }
}

/// The line, from 1, that keeps a list from being clear: it names no image, or no letter though others do, or an image that was named before. `None` where
/// no line of its own is to blame.
#[must_use]
pub fn unclear_line(bytes: &[u8]) -> Option<usize> {
    let text = decode(bytes).ok()?;
    if text.trim_start().starts_with('<') {
        return None;
    }
    let mut at = 0;
    if of_lines("-", &text, &mut at).is_err() {
        return Some(at);
    }
    let mut named = HashSet::new();
    for (at, line) in text.lines().enumerate() {
        for page in cells(line).iter().filter_map(|cell| page_name(cell)) {
            if !named.insert(page) {
                return Some(at + 1);
            }
        }
    }
    None
}

/// UTF-8 or UTF-16 where the file says so, else what Chinese Windows writes.
fn decode(bytes: &[u8]) -> Result<String, Unclear> {
    let marked = encoding_rs::Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.unwrap_or(match std::str::from_utf8(bytes) {
        Ok(_) => encoding_rs::UTF_8,
        Err(_) => GB18030,
    });
    let (text, _, has_errors) = encoding.decode(bytes);
    match has_errors || text.contains('\0') {
        true => Err(Unclear::Useless),
        false => Ok(text.into_owned()),
    }
}

/// The file name in a cell, if it names an image.
fn page_name(cell: &str) -> Option<String> {
    let cell = cell.trim().trim_matches(['"', '\'']).trim();
    let name = cell.rsplit(['/', '\\']).next().unwrap_or(cell);
    let lower = name.to_lowercase();
    IMAGE_ENDINGS
        .iter()
        .any(|ending| lower.len() > ending.len() && lower.ends_with(ending))
        .then(|| name.to_owned())
}

fn is_letter_word(text: &str) -> bool {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    LETTER_WORDS.contains(&plain.as_str())
}

/// `at` is the line that was looked at last.
fn of_lines(usual: &str, text: &str, at: &mut usize) -> Result<Vec<(String, String)>, Unclear> {
    let mut pages = Vec::new();
    let (mut letter_column, mut is_first) = (None, true);
    for (before, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        *at = before + 1;
        let is_head = std::mem::take(&mut is_first);
        let cells = cells(line);
        let named: Vec<String> = cells.iter().filter_map(|cell| page_name(cell)).collect();
        if named.is_empty() {
            let is_setting = line.contains('=') || line.trim_start().starts_with(['#', '[', ';']);
            if is_head {
                letter_column = cells.iter().position(|cell| is_letter_word(cell));
            } else if !is_setting {
                // A line that is being written names no whole file yet.
                return Err(Unclear::Unfinished);
            }
            continue;
        }
        let letter = match letter_column {
            Some(column) => match cells.get(column).map(|cell| cell.trim()) {
                Some(cell) if !cell.is_empty() && page_name(cell).is_none() => cell.to_owned(),
                _ => return Err(Unclear::Useless),
            },
            None => usual.to_owned(),
        };
        pages.extend(named.into_iter().map(|page| (letter.clone(), page)));
    }
    Ok(pages)
}

/// The cells of a line: parted by tab, semicolon, comma or bar, whichever comes first outside quotes.
fn cells(line: &str) -> Vec<String> {
    let mut quoted = false;
    let mut separator = None;
    let mut cells = vec![String::new()];
    for c in line.chars() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted
            && (separator == Some(c) || separator.is_none() && matches!(c, '\t' | ';' | ',' | '|'))
        {
            separator = Some(c);
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
    }
    cells
}

fn of_xml(usual: &str, text: &str) -> Result<Vec<(String, String)>, Unclear> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut pages = Vec::new();
    // The letters that are open, each with the depth of its element.
    let mut open: Vec<(usize, String)> = Vec::new();
    let (mut depth, mut unnamed, mut has_root) = (0_usize, 0_u32, false);
    loop {
        let event = reader.read_event().map_err(|_| Unclear::Unfinished)?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                has_root = true;
                let name = element.local_name().as_ref().to_owned();
                let values: Vec<(String, String)> = element
                    .attributes()
                    .flatten()
                    .map(|attribute| {
                        let key = attribute.key.local_name().as_ref().to_lowercase();
                        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                        (key, value.unwrap_or_default().into_owned())
                    })
                    .collect();
                if is_start && is_letter_word(&name) {
                    let said = values.iter().find(|(key, value)| {
                        NAME_WORDS.contains(&key.as_str())
                            && !value.trim().is_empty()
                            && page_name(value).is_none()
                    });
                    let letter = said.map_or_else(
                        || {
                            unnamed += 1;
                            match unnamed {
                                1 => usual.to_owned(),
                                more => format!("{usual}-{more}"),
                            }
                        },
                        |(_, value)| value.trim().to_owned(),
                    );
                    open.push((depth, letter));
                }
                let letter = open.last().map_or(usual, |(_, letter)| letter);
                let named = values.iter().filter_map(|(_, value)| page_name(value));
                pages.extend(named.map(|page| (letter.to_owned(), page)));
                depth += usize::from(is_start);
            }
            Event::Text(text) => {
                if let Some(page) = page_name(&text.xml10_content()) {
                    let letter = open.last().map_or(usual, |(_, letter)| letter);
                    pages.push((letter.to_owned(), page));
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                open.retain(|(at, _)| *at < depth);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match has_root && depth == 0 {
        true => Ok(pages),
        false => Err(Unclear::Unfinished),
    }
}

#[cfg(test)]
mod tests;
