//! The ground truth's files as they are: `ID.json`, `manifest.json`.
//!
//! Reads only what is compared; everything else in the files is passed over.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::text::{Line, PageKind, PageText, Quad};

/// One letter with its expected registration.
#[derive(Debug, Deserialize)]
pub struct Truth {
    /// Number.
    pub id: String,
    /// What the letter was made to show.
    #[serde(default)]
    pub scenario: String,
    /// Expected fields.
    pub fields: Expected,
    /// Pages with the text on them.
    #[serde(default)]
    pub pages: Vec<TruthPage>,
    /// Text by paragraph, for letters that have no images.
    #[serde(default)]
    pub lines: Vec<Paragraph>,
    /// What is on the envelope.
    pub envelope: Option<Envelope>,
}

/// A paragraph of a letter without images.
#[derive(Debug, Deserialize)]
pub struct Paragraph {
    /// Its text.
    pub text: String,
    /// What it is.
    #[serde(default)]
    pub role: String,
}

/// The writing on an envelope.
#[derive(Debug, Deserialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the ground truth's files"
)]
pub struct Envelope {
    pub to_addr: Option<String>,
    pub to: Option<String>,
    pub to_org: Option<String>,
    pub from_addr: Option<String>,
    pub from_name: Option<String>,
    pub from_phone: Option<String>,
    pub postmark: Option<Stamp>,
}

/// A value.
#[derive(Debug, Deserialize)]
pub struct Valued {
    /// The value.
    pub value: Option<String>,
    /// Where it is from.
    #[serde(default)]
    pub source: Option<String>,
    /// The rule it won by, in words.
    #[serde(default)]
    pub rule: Option<String>,
}

/// A truth value.
#[derive(Debug, Deserialize)]
pub struct ExpectedAnonymous {
    /// Anonymous or not.
    pub value: bool,
    /// Why.
    pub reason: Option<String>,
}

/// Signatories.
#[derive(Debug, Deserialize)]
pub struct ExpectedJoint {
    /// Five or more.
    pub is_joint: bool,
    /// How many.
    pub count: u32,
    /// Who; empty for a letter with one.
    #[serde(default)]
    pub signatories: Vec<String>,
}

/// Place and date of a postmark.
#[derive(Debug, Deserialize)]
pub struct Stamp {
    /// Place.
    pub place: Option<String>,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// Alerts.
#[derive(Debug, Default, Deserialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the ground truth's files"
)]
pub struct ExpectedFlags {
    pub threat: Option<bool>,
    pub crime_clue: Option<bool>,
    pub valuables: Option<bool>,
    pub archive_only: Option<bool>,
}

/// A proxy.
#[derive(Debug, Deserialize)]
pub struct ExpectedProxy {
    /// Who wrote.
    pub agent: String,
}

/// A matter.
#[derive(Debug, Deserialize)]
pub struct ExpectedMatter {
    /// Its category, as far down as the ground truth tells it; `None` where it does not.
    #[serde(default)]
    pub category: Option<String>,
}

/// The expected registration.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of CONTRACT's fields")]
pub struct Expected {
    pub sender_name: Valued,
    pub address: Option<Valued>,
    pub addressee: Option<Valued>,
    pub letter_date: Option<String>,
    pub purpose: Option<String>,
    pub id_number: Option<Valued>,
    #[serde(default)]
    pub phones: Vec<Valued>,
    pub anonymous: ExpectedAnonymous,
    pub joint: ExpectedJoint,
    pub proxy: Option<ExpectedProxy>,
    pub postmark: Option<Stamp>,
    #[serde(default)]
    pub flags: ExpectedFlags,
    #[serde(default)]
    pub repeat: Option<ExpectedRepeat>,
    #[serde(default)]
    pub matters: Vec<ExpectedMatter>,
}

/// What an earlier letter of the folder is to this one.
#[derive(Debug, Deserialize)]
pub struct ExpectedRepeat {
    /// `first`, `repeat`, `first_same_sender_other_matter`, `first_other_sender_same_matter`.
    pub relation: String,
    /// The earlier letter.
    #[serde(default)]
    pub of: Option<String>,
}

/// A page and the lines on it.
#[derive(Debug, Deserialize)]
pub struct TruthPage {
    /// Image beside the JSON file.
    pub file: PathBuf,
    /// `letter`, `attachment`, `envelope_front`.
    pub kind: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Font and paper.
    #[serde(default)]
    pub style: Style,
    /// Lines in reading order.
    pub lines: Vec<TruthLine>,
}

/// How a page is written.
#[derive(Debug, Default, Deserialize)]
pub struct Style {
    /// Font.
    #[serde(default)]
    pub font: String,
    /// Written with a handwriting font.
    #[serde(default)]
    pub handwriting: bool,
}

/// A line and its place.
#[derive(Debug, Deserialize)]
pub struct TruthLine {
    /// Text.
    pub text: String,
    /// Place.
    pub quad: Quad,
    /// From top to bottom.
    #[serde(default)]
    pub vertical: bool,
}

impl TruthPage {
    /// Whether it shows an envelope.
    pub fn is_envelope(&self) -> bool {
        self.kind.starts_with("envelope")
    }

    /// The group its errors are counted in.
    pub fn group(&self) -> String {
        let kind = if self.style.handwriting {
            "hand"
        } else {
            "print"
        };
        format!("{kind} {}", self.style.font)
    }

    /// The kind of page the scanner's operator would give it.
    pub fn page_kind(&self) -> PageKind {
        if self.is_envelope() {
            PageKind::Envelope
        } else {
            PageKind::Letter
        }
    }
}

/// Why ground truth could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The file could not be read.
    #[error("{path}: cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not in the form of ground truth.
    #[error("{path}: not in the form of ground truth")]
    Form {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// The letters of a folder, by number.
///
/// # Errors
/// The folder or one of its `ID.json` cannot be read; `manifest.json` is passed over.
pub fn load(dir: &Path) -> Result<Vec<Truth>, TruthError> {
    let read = |source| TruthError::Read {
        path: dir.to_owned(),
        source,
    };
    let mut out: Vec<Truth> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let json = path.extension().is_some_and(|e| e == "json");
        if !json || path.file_name().is_some_and(|n| n == "manifest.json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| TruthError::Read {
            path: path.clone(),
            source,
        })?;
        out.push(serde_json::from_str(&text).map_err(|source| TruthError::Form { path, source })?);
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(out)
}

impl Truth {
    /// The truth's own text as pages: registration without the errors of reading.
    pub fn as_pages(&self) -> Vec<PageText> {
        if self.pages.is_empty() {
            return self.typeset();
        }
        let page = |(i, p): (usize, &TruthPage)| PageText {
            n: i as u32 + 1,
            kind: p.page_kind(),
            width: p.width,
            height: p.height,
            lines: p
                .lines
                .iter()
                .map(|l| line(&l.text, l.quad, l.vertical))
                .collect(),
        };
        self.pages.iter().enumerate().map(page).collect()
    }

    /// A letter without images, set in rows of 24 characters on a page of 2400 × 3600.
    fn typeset(&self) -> Vec<PageText> {
        let mut pages = vec![blank(1, PageKind::Letter)];
        let mut row = 0.0;
        for paragraph in &self.lines {
            if paragraph.role == "attachment_title" {
                pages.push(blank(pages.len() as u32 + 1, PageKind::Letter));
                row = 0.0;
            }
            let chars: Vec<char> = paragraph.text.chars().collect();
            for part in chars.chunks(24) {
                let y = 200.0 + 120.0 * row;
                let text: String = part.iter().collect();
                if let Some(page) = pages.last_mut() {
                    page.lines
                        .push(line(&text, boxed(200.0, y, part.len()), false));
                }
                row += 1.0;
            }
        }
        if let Some(envelope) = &self.envelope {
            pages.push(self.front(envelope, pages.len() as u32 + 1));
        }
        pages
    }

    fn front(&self, envelope: &Envelope, n: u32) -> PageText {
        let mut page = PageText {
            n,
            kind: PageKind::Envelope,
            width: 2600,
            height: 1300,
            lines: Vec::new(),
        };
        let org = envelope.to_org.as_deref().unwrap_or_default();
        let to = envelope.to.as_deref().map(|t| {
            if org.is_empty() {
                t.to_owned()
            } else {
                format!("{org}　{t}")
            }
        });
        let from = envelope.from_name.as_deref().map(|n| format!("{n}　寄"));
        let stamp = envelope.postmark.as_ref().map(|s| {
            let date = s.date.as_deref().unwrap_or_default().replace('-', ".");
            format!("{} {date}", s.place.as_deref().unwrap_or_default())
        });
        let parts = [
            (envelope.to_addr.clone(), 260.0, 350.0),
            (to, 400.0, 520.0),
            (stamp, 2030.0, 300.0),
            (envelope.from_phone.clone(), 1100.0, 780.0),
            (envelope.from_addr.clone(), 1090.0, 880.0),
            (from, 1300.0, 1000.0),
        ];
        for (text, x, y) in parts {
            if let Some(text) = text {
                page.lines
                    .push(line(&text, boxed(x, y, text.chars().count()), false));
            }
        }
        page
    }
}

fn blank(n: u32, kind: PageKind) -> PageText {
    PageText {
        n,
        kind,
        width: 2400,
        height: 3600,
        lines: Vec::new(),
    }
}

fn boxed(x: f32, y: f32, chars: usize) -> Quad {
    let right = x + 80.0 * chars as f32;
    [[x, y], [right, y], [right, y + 90.0], [x, y + 90.0]]
}

fn line(text: &str, quad: Quad, vertical: bool) -> Line {
    Line {
        text: text.to_owned(),
        raw: text.to_owned(),
        quad,
        confidence: 1.0,
        chars: Vec::new(),
        vertical,
    }
}
