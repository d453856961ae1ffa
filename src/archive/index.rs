//! The index that goes with archive files: one line a letter, as CSV for people and spreadsheets and as XML for the archive's system.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use super::ArchivedPage;
use super::metadata::kind_word;

/// One letter of the index.
#[derive(Debug, Clone, Default)]
pub struct IndexEntry {
    /// Name of its file.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// SM3 of that file.
    pub sm3: String,
    /// Its bytes.
    pub size: u64,
    /// The letter's number.
    pub letter: String,
    /// Year and running number.
    pub number: String,
    /// The case system's number.
    pub case: String,
    /// When it was received, RFC 3339.
    pub received: String,
    /// The letter's date as registered.
    pub letter_date: String,
    /// Sender as registered.
    pub sender: String,
    /// Addressee as registered.
    pub addressee: String,
    /// Main matter as registered.
    pub title: String,
    /// An officer confirmed these.
    pub confirmed: bool,
    /// What is not settled about it, or why it has no file.
    pub mark: String,
    /// Its pages.
    pub pages: Vec<ArchivedPage>,
}

const COLUMNS: [&str; 17] = [
    "file",
    "sha256",
    "sm3",
    "bytes",
    "letter",
    "number",
    "case_number",
    "received_at",
    "letter_date",
    "sender",
    "addressee",
    "title",
    "confirmed",
    "mark",
    "pages",
    "originals",
    "images",
];

impl IndexEntry {
    fn values(&self) -> [String; 17] {
        let originals: Vec<&str> = self.pages.iter().map(|p| p.sha256.as_str()).collect();
        let images: Vec<&str> = self.pages.iter().map(ArchivedPage::image_word).collect();
        [
            self.file.clone(),
            self.sha256.clone(),
            self.sm3.clone(),
            self.size.to_string(),
            self.letter.clone(),
            self.number.clone(),
            self.case.clone(),
            self.received.clone(),
            self.letter_date.clone(),
            self.sender.clone(),
            self.addressee.clone(),
            self.title.clone(),
            if self.confirmed { "yes" } else { "no" }.into(),
            self.mark.clone(),
            self.pages.len().to_string(),
            originals.join(" "),
            images.join(" "),
        ]
    }
}

/// RFC 4180 with a byte order mark, so that spreadsheets read Chinese. A text that a spreadsheet would take for a formula gets an apostrophe.
#[must_use]
pub fn csv(entries: &[IndexEntry]) -> String {
    let cell = |text: &str| {
        let guarded = match text.chars().next() {
            Some('=' | '+' | '-' | '@' | '\t' | '\r') if text.len() > 1 => format!("'{text}"),
            _ => text.to_owned(),
        };
        if guarded.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", guarded.replace('"', "\"\""))
        } else {
            guarded
        }
    };
    let mut text = format!("\u{feff}{}\r\n", COLUMNS.join(","));
    for entry in entries {
        let cells: Vec<String> = entry.values().iter().map(|value| cell(value)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// One `letter` element each, its pages inside.
///
/// # Errors
/// None that memory does not give.
pub fn xml(entries: &[IndexEntry], station: &str) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("archive")
        .with_attribute(("station", clean(station).as_str()))
        .write_inner_content(|writer| {
            for entry in entries {
                let values = entry.values().map(|value| clean(&value));
                let attributes = COLUMNS.into_iter().zip(values.iter().map(String::as_str));
                writer
                    .create_element("letter")
                    .with_attributes(attributes.take(15))
                    .write_inner_content(|writer| {
                        for page in &entry.pages {
                            let (n, size) = (page.n.to_string(), page.size.to_string());
                            let kind = kind_word(page.kind);
                            writer
                                .create_element("page")
                                .with_attributes([
                                    ("n", n.as_str()),
                                    ("kind", kind.as_str()),
                                    ("sha256", page.sha256.as_str()),
                                    ("sm3", page.sm3.as_str()),
                                    ("bytes", size.as_str()),
                                    ("image", page.image_word()),
                                ])
                                .write_empty()?;
                        }
                        Ok(())
                    })?;
            }
            Ok(())
        })?;
    Ok(writer.into_inner())
}

/// XML 1.0 has no place for control characters.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
                ' '
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_commas_quotes_and_no_formula() {
        let entry = IndexEntry {
            sender: "=HYPERLINK(\"x\")".into(),
            title: "甲,乙\n丙".into(),
            ..IndexEntry::default()
        };
        let text = csv(&[entry]);
        assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{text}");
        assert!(text.contains("\"甲,乙\n丙\""), "{text}");
        assert_eq!(text.lines().next().unwrap().split(',').count(), 17);
    }

    #[test]
    fn markup_in_a_name_stays_text() {
        let entry = IndexEntry {
            sender: "<a>&\"\u{1}".into(),
            ..IndexEntry::default()
        };
        let text = String::from_utf8(xml(&[entry], "局").unwrap()).unwrap();
        assert!(text.contains("sender=\"&lt;a&gt;&amp;&quot; \""), "{text}");
    }
}
