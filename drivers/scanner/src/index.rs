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
use quick_xml::escape::resolve_predefined_entity;
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
/// Files that a list may name and that are no images here.
const OTHER_ENDINGS: [&str; 8] = [
    ".bmp", ".gif", ".jp2", ".webp", ".heic", ".ofd", ".jfif", ".jpe",
];
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

/// Whether a cell names a file that is no image here.
fn names_another(cell: &str) -> bool {
    let lower = cell.trim().trim_matches(['"', '\'']).trim().to_lowercase();
    OTHER_ENDINGS
        .iter()
        .any(|ending| lower.len() > ending.len() && lower.ends_with(ending))
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
            if cells.iter().any(|cell| names_another(cell)) {
                return Err(Unclear::Useless);
            }
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

/// What an XML list says, as far as it was read.
#[derive(Default)]
struct Xml {
    pages: Vec<(String, String)>,
    /// The elements that are open.
    open: Vec<Element>,
    /// Elements and attributes, by their path, that name an image somewhere, and that name none somewhere.
    naming: HashSet<String>,
    bare: HashSet<String>,
    /// Letters without a name so far.
    unnamed: u32,
}

/// An element that is open.
struct Element {
    path: String,
    /// The letter that it begins.
    letter: Option<String>,
    /// Text that was not looked at yet.
    text: String,
    /// Images named before it.
    before: usize,
}

impl Xml {
    fn letter(&self, usual: &str) -> String {
        let named = self.open.iter().rev().find_map(|one| one.letter.clone());
        named.unwrap_or_else(|| usual.to_owned())
    }

    fn begins(&mut self, name: &str, values: &[(String, String)], usual: &str) {
        let above = self.open.last().map_or("", |above| above.path.as_str());
        let path = format!("{above}/{}", name.to_lowercase());
        let letter = is_letter_word(name).then(|| {
            let said = values.iter().find(|(key, value)| {
                NAME_WORDS.contains(&key.as_str())
                    && !value.trim().is_empty()
                    && page_name(value).is_none()
            });
            said.map_or_else(
                || {
                    self.unnamed += 1;
                    match self.unnamed {
                        1 => usual.to_owned(),
                        more => format!("{usual}-{more}"),
                    }
                },
                |(_, value)| value.trim().to_owned(),
            )
        });
        self.open.push(Element {
            path: path.clone(),
            letter,
            text: String::new(),
            before: self.pages.len(),
        });
        for (key, value) in values {
            self.names(&format!("{path}@{key}"), page_name(value), usual);
        }
    }

    fn names(&mut self, path: &str, page: Option<String>, usual: &str) {
        match page {
            Some(page) => {
                self.naming.insert(path.to_owned());
                self.pages.push((self.letter(usual), page));
            }
            None => drop(self.bare.insert(path.to_owned())),
        }
    }

    fn adds(&mut self, text: &str) {
        if let Some(one) = self.open.last_mut() {
            one.text.push_str(text);
        }
    }

    /// The text so far is whole.
    fn look_at_text(&mut self, usual: &str) {
        let Some(one) = self.open.last_mut() else {
            return;
        };
        if let Some(page) = page_name(&std::mem::take(&mut one.text)) {
            self.pages.push((self.letter(usual), page));
        }
    }

    fn ends(&mut self) {
        if let Some(one) = self.open.pop() {
            let of = match self.pages.len() > one.before {
                true => &mut self.naming,
                false => &mut self.bare,
            };
            of.insert(one.path);
        }
    }
}

/// Every entry has to say which image it is: one that is like others that name an image, and names none, or what nothing resolves, is not clear.
fn of_xml(usual: &str, text: &str) -> Result<Vec<(String, String)>, Unclear> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut xml = Xml::default();
    let (mut has_root, mut is_unclear) = (false, false);
    loop {
        let event = reader.read_event().map_err(|_| Unclear::Unfinished)?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                has_root = true;
                xml.look_at_text(usual);
                let mut values = Vec::new();
                for attribute in element.attributes() {
                    let said = attribute.ok().and_then(|attribute| {
                        let key = attribute.key.local_name().as_ref().to_lowercase();
                        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
                        Some((key, value.into_owned()))
                    });
                    is_unclear |= said.is_none();
                    values.extend(said);
                }
                xml.begins(element.local_name().as_ref(), &values, usual);
                if !is_start {
                    xml.ends();
                }
            }
            Event::End(_) => {
                xml.look_at_text(usual);
                xml.ends();
            }
            Event::Text(part) => xml.adds(&part.xml10_content()),
            Event::CData(part) => xml.adds(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => resolve_predefined_entity(&reference).map(str::to_owned),
                    Err(_) => None,
                };
                is_unclear |= known.is_none();
                xml.adds(known.as_deref().unwrap_or_default());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match has_root && xml.open.is_empty() {
        true if is_unclear || !xml.naming.is_disjoint(&xml.bare) => Err(Unclear::Useless),
        true => Ok(xml.pages),
        false => Err(Unclear::Unfinished),
    }
}

#[cfg(test)]
mod tests;
