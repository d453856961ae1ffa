//! In which language a command answers: the station's, out of the message files (section `said`), once its settings are loaded. `LC_MESSAGES=en` keeps it
//! English, for whoever compares lines. Leaves out what the journal says: that is English for every station.

use std::sync::OnceLock;

use crate::config::{Language, Settings};
use crate::console::words::Words;

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// From now on in the language of these settings.
pub(super) fn as_in(settings: &Settings) {
    let wanted = std::env::var("LC_MESSAGES").unwrap_or_default();
    let language = match wanted.starts_with("en") {
        true => Language::English,
        false => settings.station.language,
    };
    // The first settings of a command are its station's.
    let _ = LANGUAGE.set(language);
}

/// A line as it is said.
pub(crate) fn told(line: &str) -> String {
    match LANGUAGE.get() {
        Some(Language::Chinese) => Words::of(Language::Chinese).system_said(line),
        _ => line.to_owned(),
    }
}

/// `println!` in the station's language.
macro_rules! say {
    ($($line:tt)*) => { println!("{}", $crate::commands::spoken::told(&format!($($line)*))) };
}

/// `eprintln!` in the station's language.
macro_rules! complain {
    ($($line:tt)*) => { eprintln!("laixin: {}", $crate::commands::spoken::told(&format!($($line)*))) };
}

pub(super) use {complain, say};
