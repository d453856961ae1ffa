//! Receipts: what comes back through the exchange folder. Files from outside: small, regular, quiet for a while, of a known shape, or set aside.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quick_xml::events::Event;
use serde::Deserialize;

use crate::store::Receipt;

/// Largest receipt, bytes.
const LARGEST: u64 = 64 * 1024;
/// Receipts read in one go.
const MOST: usize = 500;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Of which package.
    pub(crate) package: String,
    /// Of which letter, where it says so.
    pub(crate) letter: Option<String>,
    /// What.
    pub(crate) receipt: Receipt,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    package: String,
    result: String,
    #[serde(default)]
    letter: Option<String>,
    #[serde(default)]
    case_number: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// Why a file is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoReceipt {
    /// A link, a folder, a pipe.
    #[error("is no regular file")]
    NotAFile,
    /// Too large.
    #[error("is larger than {LARGEST} bytes")]
    TooLarge,
    /// Neither the JSON nor the XML that is described.
    #[error(
        "is no receipt: package, result (accepted with case_number, rejected with reason) are needed"
    )]
    Unreadable,
}

impl NoReceipt {
    /// Stable code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotAFile => "not_a_file",
            Self::TooLarge => "too_large",
            Self::Unreadable => "no_receipt",
        }
    }
}

fn text_ok(text: &str, longest: usize) -> bool {
    let length = text.trim().chars().count();
    (1..=longest).contains(&length) && !text.chars().any(char::is_control)
}

impl Written {
    fn told(self) -> Option<Told> {
        let trimmed = |text: String| text.trim().to_owned();
        let (case_number, reason) = (self.case_number.map(trimmed), self.reason.map(trimmed));
        let receipt = match (self.result.trim(), case_number, reason) {
            ("accepted", Some(case_number), _) if text_ok(&case_number, 64) => {
                Receipt::Accepted { case_number }
            }
            ("rejected", _, Some(reason)) if text_ok(&reason, 500) => Receipt::Rejected { reason },
            ("given_back", _, Some(reason)) if text_ok(&reason, 500) => {
                Receipt::GivenBack { reason }
            }
            _ => return None,
        };
        let package = self.package.trim().to_owned();
        let letter = self.letter.map(|letter| letter.trim().to_owned());
        let is_told = text_ok(&package, 64) && letter.iter().all(|letter| text_ok(letter, 255));
        is_told.then_some(Told {
            package,
            letter,
            receipt,
        })
    }
}

/// Reads a receipt's text; `ending` says which form it has.
pub(crate) fn parse(text: &str, ending: &str) -> Option<Told> {
    let written = match ending {
        "json" => serde_json::from_str(text).ok()?,
        "xml" => xml(text)?,
        _ => return None,
    };
    Written::told(written)
}

/// `<receipt><package>…</package>…</receipt>`: one level, text only.
fn xml(text: &str) -> Option<Written> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut written, mut path) = (Written::default(), Vec::<String>::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
            }
            Event::End(_) => drop(path.pop()?),
            Event::Text(part) if path.len() == 2 => {
                let text = part.xml10_content().into_owned();
                match path[1].as_str() {
                    "package" => written.package.push_str(&text),
                    "result" => written.result.push_str(&text),
                    "letter" => written.letter.get_or_insert_default().push_str(&text),
                    "case_number" => written.case_number.get_or_insert_default().push_str(&text),
                    "reason" => written.reason.get_or_insert_default().push_str(&text),
                    _ => return None,
                }
            }
            Event::GeneralRef(name) if path.len() == 2 => {
                let c = match &*name {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => return None,
                };
                match path[1].as_str() {
                    "reason" => written.reason.get_or_insert_default().push(c),
                    "case_number" => written.case_number.get_or_insert_default().push(c),
                    _ => return None,
                }
            }
            Event::Eof => return path.is_empty().then_some(written),
            Event::Decl(_) | Event::Comment(_) => {}
            // Whatever else there is (definitions of entities above all) is no receipt of ours.
            Event::Text(part) if part.trim().is_empty() => {}
            _ => return None,
        }
    }
}

/// A file in the folder of receipts.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// What it says, or why it is none.
    pub(super) told: Result<Told, NoReceipt>,
}

/// Receipts that nobody has written to for `quiet`, oldest name first. Hidden files and those that end otherwise are being written.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn look(folder: &Path, quiet: Duration) -> std::io::Result<Vec<Found>> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| ending(path).is_some())
        .collect();
    names.sort();
    names.truncate(MOST);
    let mut found = Vec::new();
    for path in names {
        let told = match read(&path, quiet) {
            Ok(Some(text)) => {
                let told = parse(&text, ending(&path).unwrap_or_default());
                told.ok_or(NoReceipt::Unreadable)
            }
            Ok(None) => continue,
            Err(no) => Err(no),
        };
        found.push(Found { path, told });
    }
    Ok(found)
}

fn ending(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') {
        return None;
    }
    let known = [(".receipt.json", "json"), (".receipt.xml", "xml")];
    known
        .into_iter()
        .find(|(end, _)| name.ends_with(end))
        .map(|(_, form)| form)
}

/// `None` while somebody may still be writing, or it is gone again.
fn read(path: &Path, quiet: Duration) -> Result<Option<String>, NoReceipt> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path);
    let file: File = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(NoReceipt::NotAFile),
    };
    let about = file.metadata().map_err(|_| NoReceipt::NotAFile)?;
    if !about.is_file() {
        return Err(NoReceipt::NotAFile);
    }
    if about.len() > LARGEST {
        return Err(NoReceipt::TooLarge);
    }
    let age = about.modified().ok().and_then(|at| at.elapsed().ok());
    if age.is_some_and(|age| age < quiet) {
        return Ok(None);
    }
    let mut text = String::new();
    match file.take(LARGEST).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(NoReceipt::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_in_both_forms() {
        let accepted = Told {
            package: "msg_1".into(),
            letter: Some("A001".into()),
            receipt: Receipt::Accepted {
                case_number: "SZ-1".into(),
            },
        };
        let json = r#"{"package": "msg_1", "letter": "A001", "result": "accepted", "case_number": "SZ-1"}"#;
        assert_eq!(parse(json, "json"), Some(accepted.clone()));
        let xml = "<?xml version=\"1.0\"?>\n<receipt>\n <package>msg_1</package><letter>A001</letter><result>accepted</result>\n <case_number>SZ-1</case_number></receipt>";
        assert_eq!(parse(xml, "xml"), Some(accepted));
        let rejected = "<receipt><package>msg_1</package><result>rejected</result><reason>重复 &lt;2&gt;</reason></receipt>";
        let told = parse(rejected, "xml").unwrap();
        assert_eq!(
            told.receipt,
            Receipt::Rejected {
                reason: "重复 <2>".into()
            }
        );
    }

    #[test]
    fn what_is_no_receipt_says_nothing() {
        for text in [
            "",
            "{}",
            "null",
            "[]",
            r#"{"package": "p", "result": "accepted"}"#,
            r#"{"package": "p", "result": "perhaps", "case_number": "1"}"#,
            r#"{"package": "p", "result": "accepted", "case_number": "1", "more": 1}"#,
            r#"{"package": "", "result": "accepted", "case_number": "1"}"#,
            r#"{"package": "p", "result": "rejected", "reason": "a\nb"}"#,
        ] {
            assert_eq!(parse(text, "json"), None, "{text}");
        }
        for text in [
            "<receipt>",
            "<receipt><result>accepted</result></receipt>",
            "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><receipt><package>p</package><result>rejected</result><reason>&x;</reason></receipt>",
            "<receipt><package>p</package><result>rejected</result><reason>&x;</reason></receipt>",
            "<receipt><package><b>p</b></package><result>rejected</result><reason>r</reason></receipt>",
        ] {
            assert_eq!(parse(text, "xml"), None, "{text}");
        }
    }

    #[test]
    fn links_pipes_and_floods_are_no_receipts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("/etc/passwd", at("link.receipt.json")).unwrap();
        std::fs::create_dir(at("folder.receipt.json")).unwrap();
        std::fs::write(at("flood.receipt.json"), vec![b' '; 70_000]).unwrap();
        std::fs::write(at("bytes.receipt.json"), [0xFF, 0xFE]).unwrap();
        std::fs::write(at(".being-written.receipt.json"), "{").unwrap();
        std::fs::write(at("other.txt"), "{").unwrap();
        let found = look(folder.path(), Duration::ZERO).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|found| found.told.clone().unwrap_err())
            .collect();
        assert_eq!(
            told,
            [
                NoReceipt::Unreadable,
                NoReceipt::TooLarge,
                NoReceipt::NotAFile,
                NoReceipt::NotAFile
            ]
        );
    }
}
