//! From a file's name to the letter it claims to belong to and its place in it; pure. It opens no file and decides nothing:
//! whether the claim is believed is the station's.
//!
//! | file | letter | page |
//! |---|---|---|
//! | `A001_p1.jpg`, `A001_P02.jpg`, `A001_page3.jpg`, `A001_第4页.jpg` | A001 | 1, 2, 3, 4 |
//! | `A001-1.tif`, `A001_0002.tif`, `A001 3.tif`, `A001(4).tif` | A001 | 1, 2, 3, 4 |
//! | `A001.tif` | A001 | no number (one page, or several frames) |
//! | `A001_env.jpg`, `A001-envelope.jpg`, `A001信封.jpg` | A001 | envelope |
//! | `A001_env2.jpg`, `A001_env_back.jpg`, `A001_信封背面.jpg` | A001 | envelope, 2 (`front`, 正面: 1) |
//! | `A001/0001.jpg`, `A001/p1.jpg`, `A001/x_1.jpg` | A001 | 1 |
//! | `A001/envelope.jpg`, `A001/信封.jpg` | A001 | envelope |
//! | `2025-02-19.jpg`, `Scan_20250219.jpg`, `IMG 104455.jpg` | the whole stem | no number: five or more digits, or a date, count nothing |
//! | anything else | the whole stem | no number |

/// Letter sheet or envelope, as far as the name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageKind {
    /// A sheet of the letter, or nothing said.
    Letter,
    /// A side of the envelope.
    Envelope,
}

/// What a name says about one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageHint {
    /// Letter sheet or envelope.
    pub kind: PageKind,
    /// Its number, counted from 1 as people do, or from 0 where a scanner does.
    pub number: Option<u32>,
}

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The letter it claims.
    pub group: String,
    /// The page of it.
    pub hint: PageHint,
}

const ENVELOPE_WORDS: [&str; 4] = ["envelope", "env", "信封", "封面"];
const FRONT_WORDS: [&str; 4] = ["front", "正面", "正", "recto"];
const BACK_WORDS: [&str; 6] = ["back", "背面", "反面", "背", "反", "verso"];
const MAX_PAGE_DIGITS: usize = 4;

/// Takes a file name apart; `folder` is the sub-folder it lies in, if any.
#[must_use]
pub fn parse(folder: Option<&str>, file_name: &str) -> Name {
    let stem = stem(file_name);
    let (front, hint) = split(stem, folder.is_some());
    let group = folder.unwrap_or(if front.is_empty() { stem } else { front });
    let hint = if folder.is_none() && front.is_empty() {
        no_hint()
    } else {
        hint
    };
    Name {
        group: group.to_owned(),
        hint,
    }
}

fn no_hint() -> PageHint {
    PageHint {
        kind: PageKind::Letter,
        number: None,
    }
}

fn stem(file_name: &str) -> &str {
    match file_name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 => stem,
        _ => file_name,
    }
}

/// The front of the stem and what its tail says. Alone in a sub-folder a bare number or word counts, so no separator is asked for there.
fn split(stem: &str, in_folder: bool) -> (&str, PageHint) {
    envelope(stem, in_folder)
        .or_else(|| numbered(stem, in_folder))
        .unwrap_or((stem, no_hint()))
}

fn envelope(stem: &str, in_folder: bool) -> Option<(&str, PageHint)> {
    let (rest, number) = side(stem);
    let word = ENVELOPE_WORDS
        .iter()
        .find(|word| ends_with_ignoring_case(rest, word))?;
    let before = &rest[..rest.len() - word.len()];
    let front = trim_separators(before);
    let parted = front.len() < before.len() || before.is_empty() && in_folder || !word.is_ascii();
    parted.then_some((
        front,
        PageHint {
            kind: PageKind::Envelope,
            number,
        },
    ))
}

/// Cuts a side or a number off the end: `env_back` → `env`, 2.
fn side(stem: &str) -> (&str, Option<u32>) {
    for (words, number) in [(&FRONT_WORDS[..], 1), (&BACK_WORDS[..], 2)] {
        if let Some(word) = words
            .iter()
            .find(|word| ends_with_ignoring_case(stem, word))
        {
            return (
                trim_separators(&stem[..stem.len() - word.len()]),
                Some(number),
            );
        }
    }
    match tail_number(stem) {
        Some((before, number)) => (trim_separators(before), Some(number)),
        None => (stem, None),
    }
}

fn numbered(stem: &str, in_folder: bool) -> Option<(&str, PageHint)> {
    if is_date(stem) {
        return None;
    }
    let inner = stem
        .strip_suffix([')', '）'])
        .or_else(|| stem.strip_suffix('页'))
        .unwrap_or(stem);
    let (before, number) = tail_number(inner)?;
    let hint = PageHint {
        kind: PageKind::Letter,
        number: Some(number),
    };
    if let Some(front) = before.strip_suffix(['(', '（', '第']) {
        return Some((trim_separators(front), hint));
    }
    if inner.len() != stem.len() {
        return None;
    }
    let bare = ["page", "p"]
        .iter()
        .find(|word| ends_with_ignoring_case(before, word))
        .map_or(before, |word| &before[..before.len() - word.len()]);
    let front = trim_separators(bare);
    let parted = front.len() < bare.len() || bare.is_empty() && in_folder;
    parted.then_some((front, hint))
}

/// The digits at the end, if there are few enough to be a page number.
fn tail_number(text: &str) -> Option<(&str, u32)> {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &text[before.len()..];
    if digits.is_empty() || digits.len() > MAX_PAGE_DIGITS {
        return None;
    }
    digits.parse().ok().map(|number| (before, number))
}

/// `2025-02-19`, also with `_` or `.`, also after a word and a separator.
fn is_date(stem: &str) -> bool {
    let mut parts = stem.rsplit(['-', '_', '.']);
    let lengths = [parts.next(), parts.next(), parts.next()].map(|part| match part {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.len(),
        _ => 0,
    });
    matches!(lengths, [1..=2, 1..=2, 4])
}

fn trim_separators(text: &str) -> &str {
    text.trim_end_matches(['_', '-', ' ', '.', '＿', '－', '　'])
}

fn ends_with_ignoring_case(text: &str, word: &str) -> bool {
    text.len()
        .checked_sub(word.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(word))
}

/// Names that may be kept: with an arrival id in front and a number behind they stay below the 255 bytes of a file name.
pub(crate) const LONGEST_KEPT_BYTES: usize = 200;

/// How long a name becomes in a claimed file's name, where `%` is escaped.
pub(crate) fn kept_bytes(name: &str) -> usize {
    name.len() + 2 * name.matches('%').count()
}

/// A file name fit to be kept: UTF-8, no control characters, no backslash, short enough to carry an arrival id in front.
#[must_use]
pub fn is_safe(file_name: &str) -> bool {
    kept_bytes(file_name) <= LONGEST_KEPT_BYTES
        && !file_name
            .chars()
            .any(|c| c.is_control() || c == '\\' || c == '/')
}

/// A name as it may be shown or logged: one line, whatever the file is called.
#[must_use]
pub fn shown(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy()
        .chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn direct(name: &str) -> (String, PageKind, Option<u32>) {
        let Name { group, hint } = parse(None, name);
        (group, hint.kind, hint.number)
    }

    fn inside(name: &str) -> (String, PageKind, Option<u32>) {
        let Name { group, hint } = parse(Some("A001"), name);
        (group, hint.kind, hint.number)
    }

    fn a001(kind: PageKind, number: impl Into<Option<u32>>) -> (String, PageKind, Option<u32>) {
        ("A001".to_owned(), kind, number.into())
    }

    #[test]
    fn pages_by_prefix() {
        use PageKind::Letter;
        for (name, number) in [
            ("A001_p1.jpg", 1),
            ("A001_P02.jpg", 2),
            ("A001_page3.jpg", 3),
            ("A001_第4页.jpg", 4),
            ("A001-1.tif", 1),
            ("A001_0002.tif", 2),
            ("A001 3.tif", 3),
            ("A001(4).tif", 4),
            ("A001 (5).JPG", 5),
            ("A001（6）.png", 6),
        ] {
            assert_eq!(direct(name), a001(Letter, number), "{name}");
        }
        assert_eq!(direct("A001.tif"), a001(Letter, None));
        assert_eq!(
            direct("信访-12_p1.jpg"),
            ("信访-12".into(), Letter, Some(1))
        );
    }

    #[test]
    fn envelopes_by_prefix() {
        use PageKind::Envelope;
        for (name, number) in [
            ("A001_env.jpg", None),
            ("A001-envelope.jpg", None),
            ("A001信封.jpg", None),
            ("A001_ENV.JPG", None),
            ("A001_env2.jpg", Some(2)),
            ("A001_env_back.jpg", Some(2)),
            ("A001_信封背面.jpg", Some(2)),
            ("A001_信封正面.jpg", Some(1)),
            ("A001_env_front.tif", Some(1)),
        ] {
            assert_eq!(direct(name), a001(Envelope, number), "{name}");
        }
    }

    #[test]
    fn sub_folder_names_the_letter() {
        use PageKind::{Envelope, Letter};
        for (name, kind, number) in [
            ("0001.jpg", Letter, Some(1)),
            ("p1.jpg", Letter, Some(1)),
            ("x_1.jpg", Letter, Some(1)),
            ("第2页.jpg", Letter, Some(2)),
            ("envelope.jpg", Envelope, None),
            ("信封.jpg", Envelope, None),
            ("信封2.jpg", Envelope, Some(2)),
            ("scan20250219.jpg", Letter, None),
            ("letter.jpg", Letter, None),
        ] {
            assert_eq!(inside(name), a001(kind, number), "{name}");
        }
    }

    #[test]
    fn stem_is_the_group_when_nothing_else_is_said() {
        for name in [
            "2025-02-19",
            "Scan_2025.02.19",
            "Scan_20250219",
            "IMG 104455",
            "0001",
            "p1",
            "env",
            "信封",
            "Kuvert",
            "seven7",
            "A0012",
            "back",
        ] {
            assert_eq!(
                direct(&format!("{name}.jpg")),
                (name.to_owned(), PageKind::Letter, None),
                "{name}"
            );
        }
        assert_eq!(direct("noextension").0, "noextension");
    }

    #[test]
    fn unsafe_names() {
        assert!(is_safe("A001 信封(2).jpg"));
        for bad in ["a\nb.jpg", "..\\x.jpg", "a/b", &"长".repeat(70)] {
            assert!(!is_safe(bad), "{bad:?}");
        }
        assert_eq!(shown("a\nb".as_ref()), "a\\nb");
    }

    proptest! {
        #[test]
        fn any_name_has_a_group(name in "\\PC{1,40}", folder in proptest::option::of("\\PC{1,20}")) {
            prop_assert!(!parse(folder.as_deref(), &name).group.is_empty());
        }
    }
}
