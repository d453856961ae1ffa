//! Page in, lines out: decodes scanner files strictly and reads Chinese letters and envelopes.
//! Knows nothing of letters as cases; fields, names and addresses are found elsewhere.
//!
//! ```no_run
//! use ocr::{Engine, Limits, Settings};
//! let engine = Engine::open(&Settings::new("models"))?;
//! for page in ocr::decode(&std::fs::read("letter.tif")?, &Limits::default())? {
//!     for line in engine.read(&page)?.lines {
//!         println!("{} {:.2}", line.text, line.confidence);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod areas;
mod blank;
mod columns;
mod cores;
mod cut;
mod density;
mod detect;
mod dust;
mod fax;
mod fold;
mod frames;
mod geometry;
mod ghost;
mod gutter;
mod ink;
mod jbig2;
mod jpeg;
mod jpeg_header;
mod jpx;
mod layout;
mod lengthen;
mod lines;
mod looks;
mod marks;
mod mirror;
mod models;
mod network;
mod openvino_runtime;
mod orient;
mod packed;
mod packed_pdf;
mod packed_png;
mod packed_tiff;
mod page;
mod parts;
mod pdf;
mod pdf_content;
mod pdf_images;
mod pdf_render;
mod postmark;
mod ppocr;
mod preprocess;
mod recognise;
mod rten_runtime;
mod samples;
mod stand_in;
mod surroundings;
mod tesseract;
mod tiff_chunks;
mod tiff_jpeg;
mod tiff_pages;
mod tiff_palette;
mod tilt;
mod turn;
mod words;

pub use blank::Sheet;
pub use density::Density;
pub use fold::simplified;
pub use geometry::Quad;
pub use models::OpenError;
pub use orient::jpeg_orientation;
pub use packed::{Coding, Colour, Fidelity, Packed, pack, pack_jpeg};
pub use page::{
    DecodeError, Limits, MediaType, Page, decode, decode_frame, decode_glimpse, decode_small,
    frames,
};

use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Raised whenever the same page may read differently with the same models: part of [`Engine::version`].
const REVISION: u32 = 9;

/// Longest side of the detection image unless set otherwise, pixels.
pub const LONGEST_SIDE_PX: u32 = 960;

/// Which reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// PP-OCRv6 small: print and handwriting.
    PpOcr,
    /// Tesseract with chi_sim: print only.
    Tesseract,
}

/// What computes the networks of [`EngineKind::PpOcr`]. Both read the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// OpenVINO if it is installed and works, else rten; [`Engine::note`] says why.
    Auto,
    /// rten: pure Rust, always there.
    Rten,
    /// OpenVINO, or the engine does not open.
    OpenVino,
}

/// How an engine is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which reader.
    pub engine: EngineKind,
    /// Folder that holds the two ONNX files, for [`EngineKind::PpOcr`].
    pub models_dir: PathBuf,
    /// What computes the networks.
    pub runtime: Runtime,
    /// Folder of OpenVINO's shared libraries; `None`: OpenVINO is not looked for.
    pub openvino_dir: Option<PathBuf>,
    /// Cores one page may use.
    pub threads: NonZeroUsize,
    /// Longest side of the image the detector sees, pixels. More finds smaller writing and costs time with its square.
    pub longest_side_px: u32,
    /// Folder of `chi_sim.traineddata`, for [`EngineKind::Tesseract`]; `None` is the system's.
    pub tessdata_dir: Option<PathBuf>,
}

impl Settings {
    /// PP-OCR on every core, [`LONGEST_SIDE_PX`].
    pub fn new(models_dir: impl Into<PathBuf>) -> Self {
        Self {
            engine: EngineKind::PpOcr,
            models_dir: models_dir.into(),
            runtime: Runtime::Auto,
            openvino_dir: None,
            threads: ppocr::default_threads(),
            longest_side_px: LONGEST_SIDE_PX,
            tessdata_dir: None,
        }
    }
}

enum Reader {
    PpOcr(Box<ppocr::PpOcr>),
    Tesseract(tesseract::TesseractEngine),
}

/// An opened reader. Shared between threads freely; one page at a time uses it best.
pub struct Engine {
    reader: Reader,
    version: String,
}

impl Engine {
    /// Loads the models (about 0.3 s) after checking their SHA-256.
    ///
    /// # Errors
    /// [`OpenError`] names the file and, for a wrong one, both hashes.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        Ok(match settings.engine {
            EngineKind::PpOcr => {
                let engine = ppocr::PpOcr::open(settings)?;
                Self {
                    version: engine.version(),
                    reader: Reader::PpOcr(Box::new(engine)),
                }
            }
            EngineKind::Tesseract => Self {
                reader: Reader::Tesseract(tesseract::TesseractEngine::open(settings)?),
                version: tesseract::TesseractEngine::version(),
            },
        })
    }

    /// Reads one page. Blocks for about a second: call it from a blocking thread.
    ///
    /// # Errors
    /// [`ReadError`]; a page without text is no error but has no lines.
    pub fn read(&self, page: &Page) -> Result<PageText, ReadError> {
        let read = self.read_as_it_lies(page)?;
        let Some(level) = tilt::levelled(page, &read) else {
            return Ok(read);
        };
        let seconds = read.seconds;
        let read = level.as_given(self.read_as_it_lies(&level.page)?, page);
        Ok(PageText {
            seconds: seconds + read.seconds,
            ..read
        })
    }

    fn read_as_it_lies(&self, page: &Page) -> Result<PageText, ReadError> {
        let read = self.read_as_given(page)?;
        let read = match ghost::cleaned(page, &read) {
            Some(clean) => ghost::merged(read, self.read_as_given(&clean)?),
            None => read,
        };
        match &self.reader {
            Reader::PpOcr(engine) => engine.without_mirrored(page, read),
            Reader::Tesseract(_) => Ok(read),
        }
    }

    fn read_as_given(&self, page: &Page) -> Result<PageText, ReadError> {
        match &self.reader {
            Reader::PpOcr(engine) => engine.read(page),
            Reader::Tesseract(engine) => engine.read(page),
        }
    }

    /// Why OpenVINO is not used where [`Runtime::Auto`] might have chosen it: what happened and where. `None` when it is used or was
    /// not to be looked for.
    pub fn note(&self) -> Option<&str> {
        match &self.reader {
            Reader::PpOcr(engine) => engine.networks.note.as_deref(),
            Reader::Tesseract(_) => None,
        }
    }

    /// Engine, runtime, models and settings that decide what is read: readings of equal version are equal.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Engine").field(&self.version).finish()
    }
}

/// What is written on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageText {
    /// Width of the page as given, pixels.
    pub width: u32,
    /// Height of the page as given, pixels.
    pub height: u32,
    /// Quarter turns clockwise, in degrees, by which the page lies off; quads are in the page as given.
    pub turned_deg: u16,
    /// In reading order.
    pub lines: Vec<Line>,
    /// Lines were left out that are the other side's, shining through mirrored.
    pub shows_through: bool,
    /// Time spent reading, decoding apart.
    pub seconds: f64,
}

/// One line: a row, a piece of a row between wide gaps, or a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// In Simplified characters; a visible gap is a space.
    pub text: String,
    /// As read, Traditional characters kept. As many characters as `text`.
    pub raw: String,
    /// Corners in pixels of the page as given, clockwise from the top left of the text.
    pub quad: Quad,
    /// Mean over the characters, 0–1.
    pub confidence: f32,
    /// One for each character of `text`.
    pub chars: Vec<Char>,
    /// Written from top to bottom.
    pub vertical: bool,
}

/// A character of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Char {
    /// As in [`Line::text`].
    pub ch: char,
    /// 0–1; 1 for a space that stands for a gap between boxes.
    pub confidence: f32,
    /// Its middle along the line: 0 at the start, 1 at the end.
    pub at: f32,
    /// What else it may be, likeliest first, at most five; Simplified. Empty from engines that do not tell.
    pub others: Vec<Alternative>,
    /// The likeliest digit at its place, however unlikely: for what can only be digits.
    pub digit: Option<Alternative>,
}

/// Another reading of a character. Confidences of one place add up to less than 1: the rest is other characters and none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alternative {
    /// The character.
    pub ch: char,
    /// 0–1, comparable with [`Char::confidence`].
    pub confidence: f32,
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The page could not be scaled.
    #[error("the page could not be scaled for detection")]
    Preprocess(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine refused or failed.
    #[error("the OCR engine failed")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The model answered in another shape than its kind does.
    #[error("the model answered with {found} values where {expected} were due")]
    UnexpectedOutput {
        /// Values due.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// More pixels than the engine can count.
    #[error("{width}×{height} pixels are too many for this engine")]
    PageTooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A defect of ours.
    #[error("a recognition thread panicked")]
    WorkerPanicked,
}
