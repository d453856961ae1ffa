//! One line of the list: what was looked at, how bad it is, what was found and what to do, as codes with values; words come with a language.

use super::Level;
use crate::config::Language;
use crate::console::words::Words;

/// A value of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// As it is: a file's name, a number.
    Plain(String),
    /// A code of a section of the words; one that has none is told as it is.
    Code(&'static str, String),
    /// A text of the words, with values of its own.
    Text(&'static str, Vec<Value>),
    /// Several, one behind the other.
    Several(Vec<Value>),
}

impl Value {
    /// Codes of one section.
    pub(super) fn codes(section: &'static str, codes: &[String]) -> Self {
        let codes = codes.iter().cloned();
        Self::Several(codes.map(|code| Self::Code(section, code)).collect())
    }

    fn told(&self, w: &Words) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Code(section, code) => w.code(section, code).to_owned(),
            Self::Text(key, values) => filled(w, key, values),
            Self::Several(values) => {
                let told: Vec<String> = values.iter().map(|value| value.told(w)).collect();
                w.list(&told)
            }
        }
    }
}

impl<T: ToString> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Plain(text.to_string())
    }
}

/// What was said of a finding beside its own words.
pub(crate) enum Said {
    /// In the reader's language.
    InWords(String),
    /// As a library, a device or the program's code has it.
    ByOthers(String),
}

/// Whether words of English are left in it: what a library or a device said.
fn is_english(said: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    said.split([' ', ',', ';', ':']).filter(is_word).count() > 2
}

fn filled(w: &Words, key: &str, values: &[Value]) -> String {
    let told: Vec<String> = values.iter().map(|value| value.told(w)).collect();
    let values: Vec<&dyn std::fmt::Display> = told.iter().map(|value| value as _).collect();
    w.fill(key, &values)
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, e.g. `disk`, `cabinet cabinet-1`.
    pub part: String,
    /// How bad it is.
    pub level: Level,
    /// Stable code of what was found.
    pub code: &'static str,
    pub(super) values: Vec<Value>,
    /// What the system or a device said of it, in its own language.
    pub(super) said: Option<String>,
    /// What a driver itself says is to be done: in English, and the stable code of its trouble.
    pub(super) advice: Option<(String, String)>,
}

impl Finding {
    /// What was looked at, in words.
    pub(crate) fn part(&self, w: &Words) -> String {
        match self.part.split_once(' ') {
            Some((kind, id)) if w.known("check_part", kind).is_some() => {
                format!("{} {id}", w.code("check_part", kind))
            }
            _ => w.code("check_part", &self.part).to_owned(),
        }
    }

    /// What was found, in words.
    pub(crate) fn told(&self, w: &Words) -> String {
        filled(w, &format!("check.{}", self.code), &self.values)
    }

    /// What was said of it, where something was: errors of ours and the system's common ones in words, what others say as they have it.
    pub(crate) fn said(&self, w: &Words) -> Option<Said> {
        let said = w.system_said(self.said.as_deref()?);
        let is_read = w.language() == Language::Chinese && !is_english(&said);
        Some(match is_read {
            true => Said::InWords(said),
            false => Said::ByOthers(said),
        })
    }

    /// What was found and what was said of it, in one line.
    pub(crate) fn whole(&self, w: &Words) -> String {
        match self.said(w) {
            Some(Said::InWords(said)) => w.two("check_page.said", self.told(w), said),
            Some(Said::ByOthers(said)) => w.two("check_page.said_by_others", self.told(w), said),
            None => self.told(w),
        }
    }

    /// What to do next, in words; nothing where all is well.
    pub(crate) fn next(&self, w: &Words) -> Option<String> {
        if self.level == Level::Good {
            return None;
        }
        let (said, code) = match &self.advice {
            Some((said, _)) if w.language() == Language::English => return Some(said.clone()),
            Some((said, code)) => (Some(said), code.as_str()),
            None => (None, ""),
        };
        let known = w
            .known("hold_do", code)
            .or_else(|| w.known("check_do", self.code));
        known.map(str::to_owned).or_else(|| said.cloned())
    }
}
