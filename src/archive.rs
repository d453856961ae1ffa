//! A letter for the archive: one PDF/A-2u with the original images in binding order (form, letter, attachments, envelope), an invisible text
//! layer, and metadata that names every original by its hashes. Leaves out who may have it (`api/archive.rs`) and the fields: those are the
//! index's.
//!
//! The originals' own coded data go in wherever a PDF/A-2 may hold them, else the same samples packed anew. Only what it cannot hold at all (ink,
//! pages of PDFs that have to be drawn) goes in as a derivative; metadata and index say which, and name the hash of the original, which stays
//! in the station.

mod colour;
mod document;
mod glyphless;
mod image;
mod index;
mod metadata;
mod names;
mod not_shown;
mod text;

pub use index::{IndexEntry, csv, xml};
pub use names::{Naming, file_name};

use crate::clock::Millis;
use crate::config::PdfLevel;
use crate::domain::grouping::sheet_read;
use crate::domain::text::PageKind;
use crate::evidence::{Evidence, EvidenceError};
use crate::store::{Db, PageRow, Reading, StoreError};
use crate::worker::WorkerError;

/// A letter as it goes into the archive.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its number.
    pub letter: String,
    /// Name of the office.
    pub station: String,
    /// When the last of its pages came or was read: the file's date, so that the same pages, with the same open about them, give the same file.
    pub at: Millis,
    /// What the file conforms to.
    pub level: PdfLevel,
    /// What is not settled about it.
    pub mark: Mark,
    /// Its pages in binding order.
    pub pages: Vec<ArchivedPage>,
}

/// What is not settled about a letter: whoever reads its file or the index has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// No officer confirmed what is registered of it.
    pub is_unconfirmed: bool,
    /// Codes of the findings that wait for a person, each once.
    pub findings: Vec<String>,
    /// How many of its pages cannot be shown.
    pub not_shown: usize,
}

impl Mark {
    fn of(db: &Db, letter: &str) -> Result<Self, StoreError> {
        let confirmed = match db.draft(letter) {
            Ok(row) => row.draft.confirmed.is_some(),
            Err(StoreError::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
        let mut findings: Vec<String> = db
            .holds_of(letter)?
            .into_iter()
            .map(|hold| hold.reason)
            .collect();
        findings.sort();
        findings.dedup();
        Ok(Self {
            is_unconfirmed: !confirmed,
            findings,
            not_shown: 0,
        })
    }

    /// In stable words; empty when everything is settled.
    #[must_use]
    pub fn told(&self) -> String {
        let unconfirmed = self.is_unconfirmed.then(|| "unconfirmed".to_owned());
        let open = (!self.findings.is_empty())
            .then(|| format!("findings open: {}", self.findings.join(", ")));
        let pages =
            (self.not_shown > 0).then(|| format!("pages that cannot be shown: {}", self.not_shown));
        let told: Vec<String> = [unconfirmed, open, pages].into_iter().flatten().collect();
        told.join("; ")
    }

    /// For the title, which viewers show above the pages.
    fn title(&self) -> String {
        let told: Vec<&str> = [
            (self.is_unconfirmed, "未经确认"),
            (!self.findings.is_empty(), "有待核对"),
            (self.not_shown > 0, "有页面无法显示"),
        ]
        .into_iter()
        .filter_map(|(is_so, word)| is_so.then_some(word))
        .collect();
        match told.is_empty() {
            true => String::new(),
            false => format!("（{}）", told.join("，")),
        }
    }
}

/// A page of it.
#[derive(Debug, Clone)]
pub struct ArchivedPage {
    /// Number, from 1.
    pub n: u32,
    /// What it is.
    pub kind: PageKind,
    /// SHA-256 of the original file.
    pub sha256: String,
    /// SM3 of it.
    pub sm3: String,
    /// Its bytes.
    pub size: u64,
    /// Which page of that file, from 0.
    pub frame: u32,
    /// What its image in the file has to do with the original; `None` where none is shown.
    pub image: Option<ocr::Fidelity>,
}

impl ArchivedPage {
    /// The index's word for its image.
    fn image_word(&self) -> &'static str {
        self.image.map_or("none", ocr::Fidelity::word)
    }
}

/// The file, and what went into it.
#[derive(Debug, Clone)]
pub struct Archived {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// The letter.
    pub archive: Archive,
    /// Bytes of the images alone.
    pub image_bytes: usize,
}

/// A page on its way into the file.
struct Sheet {
    image: Option<image::Image>,
    reading: Option<Reading>,
}

/// What the database says about a letter's file.
#[derive(Debug, Clone)]
pub struct Outline {
    letter: String,
    mark: Mark,
    pages: Vec<Leaf>,
}

/// A page with what was read of it.
#[derive(Debug, Clone)]
struct Leaf {
    row: PageRow,
    reading: Option<Reading>,
    /// When it came, or was last read.
    at: Millis,
}

impl Outline {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn of(db: &Db, letter: &str) -> Result<Self, StoreError> {
        let row = db.letter_row(letter)?;
        let readings = db.read_pages(letter)?.into_iter().map(|page| page.reading);
        let pages = db.page_rows(letter)?.into_iter().zip(readings);
        let leaves = pages
            .zip(db.page_times(letter)?)
            .map(|((row, reading), at)| Leaf { row, reading, at });
        Ok(Self {
            letter: row.id,
            mark: Mark::of(db, letter)?,
            // A separator sheet that was scanned as a page is kept as an original, and is no page of the letter. What is only called one stays in, and so does what was scanned anew.
            pages: leaves
                .filter(|leaf| {
                    leaf.row.kind != PageKind::Separator || !is_sheet(leaf.reading.as_ref())
                })
                .collect(),
        })
    }

    /// Without leaders' instructions: for whoever may not see them.
    #[must_use]
    pub fn without_instructions(mut self) -> Self {
        self.pages
            .retain(|leaf| leaf.row.kind != PageKind::Instruction);
        self
    }

    /// Without these pages: for a case system that does not get them, or not yet.
    #[must_use]
    pub fn without(mut self, kept: &[u32]) -> Self {
        self.pages.retain(|leaf| !kept.contains(&leaf.row.n));
        self
    }

    /// Without what waits for a person: for a case system, which would see that something came that it does not get.
    #[must_use]
    pub fn without_findings(mut self) -> Self {
        self.mark.findings.clear();
        self
    }

    /// SHA-256 of each page's original, by page.
    #[must_use]
    pub fn originals(&self) -> Vec<(u32, String)> {
        let pages = self.pages.iter();
        pages
            .map(|leaf| (leaf.row.n, leaf.row.sha256.clone()))
            .collect()
    }

    /// How many pages it has.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }
}

fn is_sheet(reading: Option<&Reading>) -> bool {
    reading.is_some_and(|reading| sheet_read(&reading.lines).is_some())
}

/// Why a letter has no archive file.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// An original is missing or was altered.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The process in which originals are opened cannot be started.
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

/// Makes the file. Every original is verified on its way in.
///
/// # Errors
/// [`ArchiveError`]. A page that cannot be decoded is no error: it is struck through, and says so.
pub fn make(
    outline: Outline,
    evidence: &Evidence,
    station: &str,
    level: PdfLevel,
) -> Result<Archived, ArchiveError> {
    let (mut pages, mut sheets) = (Vec::new(), Vec::new());
    let mut image_bytes = 0;
    let at = outline.pages.iter().map(|leaf| leaf.at).max();
    for Leaf { row, reading, .. } in outline.pages {
        let image = image::image(evidence.get(&row.sha256)?, row.frame)?;
        image_bytes += image.as_ref().map_or(0, |image| image.bytes.len());
        let reading = match &image {
            Some(_) => reading,
            None => Some(not_shown::reading(&row)),
        };
        pages.push(ArchivedPage {
            n: row.n,
            kind: row.kind,
            sha256: row.sha256,
            sm3: row.sm3,
            size: row.size,
            frame: row.frame,
            image: image.as_ref().map(|image| image.packed.fidelity),
        });
        sheets.push(Sheet { image, reading });
    }
    let not_shown = pages.iter().filter(|page| page.image.is_none()).count();
    let archive = Archive {
        letter: outline.letter,
        station: station.to_owned(),
        at: at.unwrap_or(Millis(0)),
        level,
        mark: Mark {
            not_shown,
            ..outline.mark
        },
        pages,
    };
    Ok(Archived {
        pdf: document::write(&archive, sheets),
        archive,
        image_bytes,
    })
}

impl Archive {
    fn title(&self) -> String {
        format!("来信 {}{}", self.letter, self.mark.title())
    }
}
