//! A package: the registration in the other system's words, the letter's PDF, and last a manifest that names both with their hashes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::digest;
use crate::domain::draft::Draft;
use crate::domain::mapping::{Format, Mapping, Unmapped};
use crate::domain::outgoing::Kind;
use crate::store::Message;

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackageFile {
    /// Its name.
    pub(super) name: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// What the manifest says of a file.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    sha256: String,
    size: usize,
}

/// What a manifest tells of beside its letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    /// Nothing: its files say it.
    Letter,
    /// The package that is withdrawn, of a notice that one is.
    Package(Option<String>),
    /// The pages that raised an alert.
    Pages(Vec<u32>),
}

/// The last file of a package: whoever sees it has the others.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    package: &'a str,
    /// `draft.ready`, `draft.withdrawn`, `letter.amended`, `alert.raised`.
    kind: &'static str,
    station: &'a str,
    letter: &'a str,
    /// The package that `draft.withdrawn` withdraws: it is not to be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amendment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a str>,
    /// The pages that raised it, of those that this system may read.
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    pages: &'a [u32],
    made_at: String,
    files: Vec<Listed<'a>>,
}

/// The files of a package in the order they are laid down: the manifest comes last.
///
/// # Errors
/// [`Unmapped`] when the other system would not take the registration.
pub(super) fn files(
    mapping: &Mapping,
    message: &Message,
    draft: &Draft,
    pdf: Option<Vec<u8>>,
) -> Result<Vec<PackageFile>, Unmapped> {
    let name = message.message.as_str();
    let fields = mapping.write(draft)?;
    let (ending, text) = match mapping.system.format {
        Format::Json => ("json", json(&fields)),
        Format::Xml => ("xml", xml(&mapping.system.root, &fields)),
    };
    let mut files = vec![PackageFile {
        name: format!("{name}.{ending}"),
        bytes: text.into_bytes(),
    }];
    files.extend(pdf.map(|bytes| PackageFile {
        name: format!("{name}.pdf"),
        bytes,
    }));
    files.push(manifest(message, &draft.station, (&files, &About::Letter)));
    Ok(files)
}

/// The only file of a package that tells of something and shows nothing of the letter.
pub(super) fn notice(message: &Message, station: &str, about: &About) -> PackageFile {
    manifest(message, station, (&[], about))
}

fn manifest(
    message: &Message,
    station: &str,
    (files, about): (&[PackageFile], &About),
) -> PackageFile {
    let name = message.message.as_str();
    let (withdrawn, pages): (Option<&str>, &[u32]) = match about {
        About::Letter => (None, &[]),
        About::Package(withdrawn) => (withdrawn.as_deref(), &[]),
        About::Pages(pages) => (None, pages),
    };
    let code = |kind| message.code.as_deref().filter(|_| message.kind == kind);
    let manifest = Manifest {
        package: name,
        kind: message.kind.word(),
        station,
        letter: &message.letter,
        withdrawn,
        amendment: code(Kind::Amended),
        alert: code(Kind::AlertRaised),
        pages,
        made_at: message.made.rfc3339(),
        files: files
            .iter()
            .map(|file| Listed {
                name: &file.name,
                sha256: digest::sha256_hex(&file.bytes),
                size: file.bytes.len(),
            })
            .collect(),
    };
    let bytes = serde_json::to_vec_pretty(&manifest).expect("plain values are JSON");
    let name = manifest_name(name);
    PackageFile { name, bytes }
}

/// The name of a package's last file.
pub(super) fn manifest_name(package: &str) -> String {
    format!("{package}.manifest.json")
}

/// One object, in the mapping's order.
fn json(fields: &[(&str, Option<String>)]) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let line = |(name, value): &(&str, Option<String>)| {
        let value = value.as_deref().map_or("null".to_owned(), text);
        format!("  {}: {value}", text(name))
    };
    let lines: Vec<String> = fields.iter().map(line).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// One element a field. Letters contain anything: what XML has no place for is left out, what it has a meaning for is escaped.
fn xml(root: &str, fields: &[(&str, Option<String>)]) -> String {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>\n");
    for (name, value) in fields {
        let value = value.as_deref().map(escaped).unwrap_or_default();
        let _ = writeln!(text, "  <{name}>{value}</{name}>"); // writing into a String does not fail
    }
    let _ = writeln!(text, "</{root}>");
    text
}

fn escaped(text: &str) -> String {
    let allowed = |c: &char| {
        !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}') || matches!(c, '\n' | '\t')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(allowed) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_contain_anything() {
        let nasty = "</xm><script>\"'&\u{0}\u{1b}\u{FFFF}\n李'); DROP TABLE drafts;--";
        let fields = [("xm", Some(nasty.to_owned())), ("dz", None)];
        let text = xml("登记", &fields);
        let read = quick_xml::Reader::from_str(&text);
        let mut elements = 0;
        let mut read = read;
        loop {
            match read.read_event().expect("well-formed") {
                quick_xml::events::Event::Start(_) => elements += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(elements, 3, "{text}");
        assert!(!text.contains('\u{0}') && !text.contains('\u{1b}'));
        let told: serde_json::Value = serde_json::from_str(&json(&fields)).unwrap();
        assert_eq!(told["xm"], nasty);
        assert!(told["dz"].is_null());
    }
}
