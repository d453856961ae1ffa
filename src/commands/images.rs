//! Images named on the command line → pages read; a bad one is told and the rest goes on.
//!
//! Shared by `read`, `extract` and `evaluate`; no store, no station.

use std::path::{Path, PathBuf};

use crate::domain::kind::{self, Sign};
use crate::domain::text::{PageKind, PageText};

/// Which engine reads, and where its models are.
#[derive(Debug, Clone, clap::Args)]
pub struct EngineArgs {
    /// The reader.
    #[arg(long, value_enum, default_value_t = EngineChoice::Ppocr)]
    pub engine: EngineChoice,
    /// Folder of the models [default: $LAIXIN_MODELS, else .setup/models if it is there, else /usr/share/laixin/models]
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
}

/// A reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineChoice {
    /// PP-OCRv6 small: print and handwriting.
    Ppocr,
    /// Tesseract chi_sim: print only.
    Tesseract,
}

impl EngineArgs {
    fn models_dir(&self) -> PathBuf {
        let set_up = || Some(PathBuf::from(".setup/models")).filter(|d| d.is_dir());
        let named = self
            .models
            .clone()
            .or_else(|| std::env::var_os("LAIXIN_MODELS").map(PathBuf::from));
        named
            .or_else(set_up)
            .unwrap_or_else(|| PathBuf::from("/usr/share/laixin/models"))
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// [`ocr::OpenError`] names the model file.
    pub fn open(&self) -> Result<ocr::Engine, ocr::OpenError> {
        let engine = match self.engine {
            EngineChoice::Ppocr => ocr::EngineKind::PpOcr,
            EngineChoice::Tesseract => ocr::EngineKind::Tesseract,
        };
        ocr::Engine::open(&ocr::Settings {
            engine,
            ..ocr::Settings::new(self.models_dir())
        })
    }
}

/// Why an image gave no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened", file.display())]
    Open {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no image the scanner could have made whole.
    #[error("{}: cannot be used as a page", file.display())]
    Decode {
        /// Which.
        file: PathBuf,
        /// Why.
        source: ocr::DecodeError,
    },
    /// The engine failed on it.
    #[error("{}: cannot be read by the engine", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: ocr::ReadError,
    },
}

/// One page of a file.
pub(crate) struct PageRead {
    /// The file.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SM3 of the file.
    pub sm3: String,
    /// What the engine read.
    pub text: ocr::PageText,
}

/// Reads every page of a file.
///
/// # Errors
/// [`ImageError`] names the file.
pub(crate) fn read_file(engine: &ocr::Engine, file: &Path) -> Result<Vec<PageRead>, ImageError> {
    let named = || file.to_owned();
    let bytes = std::fs::read(file).map_err(|source| ImageError::Open {
        file: named(),
        source,
    })?;
    let pages =
        ocr::decode(&bytes, &ocr::Limits::default()).map_err(|source| ImageError::Decode {
            file: named(),
            source,
        })?;
    let (sha256, sm3) = (
        crate::digest::sha256_hex(&bytes),
        crate::digest::sm3_hex(&bytes),
    );
    let read = |page: &ocr::Page| {
        let text = engine.read(page).map_err(|source| ImageError::Read {
            file: named(),
            source,
        })?;
        Ok(PageRead {
            file: named(),
            sha256: sha256.clone(),
            sm3: sm3.clone(),
            text,
        })
    };
    pages.iter().map(read).collect()
}

/// Reads files one after the other; each bad one is told on stderr by name.
pub(crate) fn read_all(engine: &ocr::Engine, files: &[PathBuf]) -> (Vec<PageRead>, usize) {
    let mut pages = Vec::new();
    let mut bad = 0;
    for file in files {
        match read_file(engine, file) {
            Ok(read) => pages.extend(read),
            Err(error) => {
                eprintln!("laixin: {}", crate::Chain(&error));
                bad += 1;
            }
        }
    }
    (pages, bad)
}

/// A page as registration has it.
pub(crate) fn page_text(n: u32, kind: PageKind, text: ocr::PageText) -> PageText {
    PageText {
        n,
        kind,
        width: text.width,
        height: text.height,
        lines: text.lines.into_iter().map(crate::read::line).collect(),
    }
}

/// What a page is: by its file name (`…_env.jpg`), its shape, or what is on it.
pub(crate) fn kind_of(file: &Path, text: &PageText) -> PageKind {
    let stem = file
        .file_stem()
        .map(|s| s.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let (long, short) = (
        text.width.max(text.height) as f32,
        text.width.min(text.height).max(1) as f32,
    );
    if stem.ends_with("_env") || long / short > DL_ASPECT {
        return PageKind::Envelope;
    }
    kind::proposed(text).map_or(text.kind, Sign::kind)
}

/// DL and the Chinese standard envelopes are at least 1.7 times as long as high; A4 and A5 pages 1.41.
const DL_ASPECT: f32 = 1.7;
