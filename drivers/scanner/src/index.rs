//! Index files: what scanner software writes beside its images to say which of them are a letter, and in which order. CSV, plain text or XML; pure.
//!
//! | in the file | letter |
//! |---|---|
//! | lines (or XML values) that name image files | all one letter, named like the index file or its sub-folder |
//! | a CSV column headed `letter`, `document`, 信件, 编号 … | what stands in that column |
//! | an XML element `<letter>` or `<document>` with `id`, `name` or `number` | that |
//!
//! Only the last part of a path counts: `C:\Scans\0001.jpg` is `0001.jpg` beside the index; a path with `..` is refused. Whatever is not
//! clear is refused, never guessed.

mod fault;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use encoding_rs::GB18030;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

pub use self::fault::{Fault, Unclear};
use crate::naming;

/// One letter of an index file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The letter.
    pub letter: String,
    /// The names of its images, in order; without folders.
    pub pages: Vec<String>,
}

/// A page as an entry names it.
struct Named {
    letter: Rc<str>,
    page: String,
    line: usize,
}

/// Larger files are no index.
pub const LARGEST_BYTES: u64 = 4 * 1024 * 1024;
/// Elements inside each other, and attributes of one of them, that a list has at most.
const DEEPEST: usize = 32;
const MOST_ATTRIBUTES: usize = 64;

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
        false => of_lines(usual, &text)?,
    };
    let mut letters: Vec<Listed> = Vec::new();
    // Where each letter and each page stands: a list may name some hundred thousand. A letter's name may be long, and is looked at once.
    let (mut places, mut names, mut letter_of) = (HashMap::new(), HashMap::new(), HashMap::new());
    for Named { letter, page, line } in &pages {
        let at = *places.entry(Rc::as_ptr(letter)).or_insert_with(|| {
            *names.entry(&**letter).or_insert_with(|| {
                letters.push(Listed {
                    letter: letter.to_string(),
                    pages: Vec::new(),
                });
                letters.len() - 1
            })
        });
        if let Some(before) = letter_of.insert(page, at) {
            let fault = match before == at {
                true => Fault::PageTwice,
                false => Fault::PageInTwoLetters,
            };
            return Err(Unclear {
                page: naming::is_safe(page).then(|| page.clone()),
                ..Unclear::at(fault, *line)
            });
        }
        letters[at].pages.push(page.clone());
    }
    match letters.is_empty() {
        true => Err(Unclear::whole(Fault::NoPages)),
        false => Ok(letters),
    }
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
        true => Err(Unclear::whole(Fault::NoText)),
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

/// Whether a cell is a path that leads out of the folder it is taken from.
fn leads_out(cell: &str) -> bool {
    let cell = cell.trim().trim_matches(['"', '\'']).trim();
    cell.contains(['/', '\\']) && cell.split(['/', '\\']).any(|part| part == "..")
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

fn of_lines(usual: &str, text: &str) -> Result<Vec<Named>, Unclear> {
    let usual: Rc<str> = usual.into();
    let mut pages = Vec::new();
    let (mut letter_column, mut is_first) = (None, true);
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((text_of_line, line)) = lines.next() {
        if text_of_line.trim().is_empty() {
            continue;
        }
        // A line that is being written has no end yet.
        let is_begun = lines.peek().is_none() && !text.ends_with(['\n', '\r']);
        let is_head = std::mem::take(&mut is_first);
        let cells = cells(text_of_line);
        if cells.iter().any(|cell| leads_out(cell)) {
            return Err(Unclear::at(Fault::PathOut, line));
        }
        let named: Vec<String> = cells.iter().filter_map(|cell| page_name(cell)).collect();
        if named.is_empty() {
            let is_setting = text_of_line.contains('=')
                || text_of_line.trim_start().starts_with(['#', '[', ';']);
            if cells.iter().any(|cell| names_another(cell)) {
                return Err(Unclear::at(Fault::OtherFile, line));
            }
            if is_head {
                letter_column = cells.iter().position(|cell| is_letter_word(cell));
            } else if !is_setting {
                let fault = match is_begun {
                    true => Fault::Unfinished,
                    false => Fault::NoPage,
                };
                return Err(Unclear::at(fault, line));
            }
            continue;
        }
        let letter = match letter_column {
            Some(column) => match cells.get(column).map(|cell| cell.trim()) {
                Some(cell) if !cell.is_empty() && page_name(cell).is_none() => cell.into(),
                _ => return Err(Unclear::at(Fault::NoLetter, line)),
            },
            None => Rc::clone(&usual),
        };
        pages.extend(named.into_iter().map(|page| Named {
            letter: Rc::clone(&letter),
            page,
            line,
        }));
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

/// A path of elements, the last of them an attribute perhaps, by its number.
type Path = usize;

/// What an XML list says, as far as it was read.
#[derive(Default)]
struct Xml {
    /// The letter where the list names none.
    usual: Rc<str>,
    pages: Vec<Named>,
    /// The elements that are open.
    open: Vec<Element>,
    /// Every path so far, by what it goes on from and the name at its end. Spelt out, paths would take more room than the list itself.
    paths: HashMap<(Option<Path>, String), Path>,
    /// Paths that name an image somewhere, and that name none somewhere: there first in this line.
    naming: HashSet<Path>,
    bare: HashMap<Path, usize>,
    /// Letters without a name so far.
    unnamed: u32,
    /// The line that is looked at.
    line: usize,
    /// The first thing that is not clear.
    unclear: Option<Unclear>,
}

/// An element that is open.
struct Element {
    path: Path,
    /// The letter that it begins.
    letter: Option<Rc<str>>,
    /// Text that was not looked at yet.
    text: String,
    /// Images named before it.
    before: usize,
    /// Where it begins.
    line: usize,
}

impl Xml {
    fn letter(&self) -> Rc<str> {
        let named = self.open.iter().rev().find_map(|one| one.letter.as_ref());
        Rc::clone(named.unwrap_or(&self.usual))
    }

    fn path(&mut self, above: Option<Path>, name: String) -> Path {
        let next = self.paths.len();
        *self.paths.entry((above, name)).or_insert(next)
    }

    fn is_unclear(&mut self, fault: Fault) {
        let at = Unclear::at(fault, self.line);
        self.unclear.get_or_insert(at);
    }

    fn begins(&mut self, name: &str, values: &[(String, String)]) {
        let above = self.open.last().map(|above| above.path);
        let path = self.path(above, name.to_lowercase());
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
                        1 => Rc::clone(&self.usual),
                        more => format!("{}-{more}", self.usual).into(),
                    }
                },
                |(_, value)| value.trim().into(),
            )
        });
        self.open.push(Element {
            path,
            letter,
            text: String::new(),
            before: self.pages.len(),
            line: self.line,
        });
        for (key, value) in values {
            let path = self.path(Some(path), format!("@{key}"));
            self.names(path, value);
        }
    }

    fn names(&mut self, path: Path, value: &str) {
        if leads_out(value) {
            self.is_unclear(Fault::PathOut);
        }
        match page_name(value) {
            Some(page) => {
                self.naming.insert(path);
                self.adds_page(page);
            }
            None => {
                self.bare.entry(path).or_insert(self.line);
            }
        }
    }

    fn adds_page(&mut self, page: String) {
        self.pages.push(Named {
            letter: self.letter(),
            page,
            line: self.line,
        });
    }

    fn adds(&mut self, text: &str) {
        if let Some(one) = self.open.last_mut() {
            one.text.push_str(text);
        }
    }

    /// The text so far is whole.
    fn look_at_text(&mut self) {
        let Some(one) = self.open.last_mut() else {
            return;
        };
        let text = std::mem::take(&mut one.text);
        if leads_out(&text) {
            self.is_unclear(Fault::PathOut);
        }
        if let Some(page) = page_name(&text) {
            self.adds_page(page);
        }
    }

    fn ends(&mut self) {
        if let Some(one) = self.open.pop() {
            if self.pages.len() > one.before {
                self.naming.insert(one.path);
            } else {
                self.bare.entry(one.path).or_insert(one.line);
            }
        }
    }

    /// The first entry that is like others that name an image, and names none.
    fn bare_entry(&self) -> Option<Unclear> {
        let among = self
            .bare
            .iter()
            .filter(|(path, _)| self.naming.contains(*path));
        let line = among.map(|(_, line)| *line).min()?;
        Some(Unclear::at(Fault::NoPage, line))
    }
}

/// Every entry has to say which image it is: one that is like others that name an image, and names none, or what nothing resolves, is not clear.
fn of_xml(usual: &str, text: &str) -> Result<Vec<Named>, Unclear> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut xml = Xml {
        usual: usual.into(),
        ..Xml::default()
    };
    let mut has_root = false;
    let (mut seen, mut line) = (0, 1);
    loop {
        let read = reader.read_event();
        let until =
            usize::try_from(reader.buffer_position()).map_or(text.len(), |at| at.min(text.len()));
        let event = match read {
            Ok(event) => event,
            // What has no end yet is being written; anything else stays as it is.
            Err(quick_xml::Error::Syntax(_)) => return Err(Unclear::at(Fault::Unfinished, line)),
            Err(_) => return Err(Unclear::at(Fault::NoXml, line)),
        };
        xml.line = line;
        let passed = text.as_bytes().get(seen..until).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        seen = until;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                has_root = true;
                xml.look_at_text();
                if xml.open.len() == DEEPEST || element.attributes().nth(MOST_ATTRIBUTES).is_some()
                {
                    return Err(Unclear::at(Fault::NoXml, line));
                }
                let mut values = Vec::new();
                for attribute in element.attributes() {
                    let Ok(attribute) = attribute else {
                        xml.is_unclear(Fault::NoXml);
                        continue;
                    };
                    let key = attribute.key.local_name().as_ref().to_lowercase();
                    match attribute.normalized_value(XmlVersion::Implicit1_0) {
                        Ok(value) => values.push((key, value.into_owned())),
                        Err(_) => xml.is_unclear(Fault::Entity),
                    }
                }
                xml.begins(element.local_name().as_ref(), &values);
                if !is_start {
                    xml.ends();
                }
            }
            Event::End(_) => {
                xml.look_at_text();
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
                if known.is_none() {
                    xml.is_unclear(Fault::Entity);
                }
                xml.adds(known.as_deref().unwrap_or_default());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !has_root || !xml.open.is_empty() {
        return Err(Unclear::at(Fault::Unfinished, line));
    }
    match xml.unclear.take().or_else(|| xml.bare_entry()) {
        Some(unclear) => Err(unclear),
        None => Ok(xml.pages),
    }
}

#[cfg(test)]
mod tests;
