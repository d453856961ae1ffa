//! Images named on the command line → pages read; a bad one is told and the rest goes on.
//!
//! Shared by `read`, `extract` and `evaluate`; no store, no station.

use std::fs::File;
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::kind::{self, Sign};
use crate::domain::secret;
use crate::domain::text::{PageKind, PageText};
use crate::worker::{READER_DEFECT, READER_FAILED};

/// The largest file that is read, bytes.
const LARGEST_FILE: u64 = 1 << 30;

/// Which engine reads, and where its models are.
#[derive(Debug, Clone, clap::Args)]
pub struct EngineArgs {
    /// The reader.
    #[arg(long, value_enum, default_value_t = EngineChoice::Ppocr)]
    pub engine: EngineChoice,
    /// Folder of the models [default: $LAIXIN_MODELS, else .setup/models if it is there, else /usr/share/laixin/models]
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// What computes the models
    #[arg(long, value_enum, default_value_t = RuntimeChoice::Auto)]
    pub runtime: RuntimeChoice,
    /// Folder of OpenVINO's libraries [default: $LAIXIN_OPENVINO, else the one of make setup if it is there, else /usr/lib/laixin/openvino]
    #[arg(long, value_name = "DIR")]
    pub openvino: Option<PathBuf>,
}

/// What computes the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RuntimeChoice {
    /// OpenVINO where it is installed and works, else rten.
    Auto,
    /// rten, on any processor.
    Rten,
    /// OpenVINO, or nothing is read.
    Openvino,
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
        let named = self.models.clone();
        found(
            named,
            "LAIXIN_MODELS",
            ".setup/models",
            "/usr/share/laixin/models",
        )
    }

    fn openvino_dir(&self) -> PathBuf {
        let set_up = ".setup/openvino/openvino/libs";
        let named = self.openvino.clone();
        found(
            named,
            "LAIXIN_OPENVINO",
            set_up,
            crate::config::OPENVINO_DIR,
        )
    }

    /// The language model beside the engine's.
    #[must_use]
    pub fn meaning(&self) -> crate::read::Model {
        crate::read::Model::of(&self.models_dir())
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
            runtime: match self.runtime {
                RuntimeChoice::Auto => ocr::Runtime::Auto,
                RuntimeChoice::Rten => ocr::Runtime::Rten,
                RuntimeChoice::Openvino => ocr::Runtime::OpenVino,
            },
            openvino_dir: Some(self.openvino_dir()),
            ..ocr::Settings::new(self.models_dir())
        })
    }
}

/// A folder: the one named, else the environment's, else the set-up's if it is there, else the installed one.
fn found(named: Option<PathBuf>, variable: &str, set_up: &str, installed: &str) -> PathBuf {
    let set_up = || Some(PathBuf::from(set_up)).filter(|d| d.is_dir());
    named
        .or_else(|| std::env::var_os(variable).map(PathBuf::from))
        .or_else(set_up)
        .unwrap_or_else(|| PathBuf::from(installed))
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
    /// The decoder or the engine panicked over it.
    #[error("{}: the reader gave up on it, which is a defect of laixin", file.display())]
    Defect {
        /// Which.
        file: PathBuf,
    },
}

impl ImageError {
    fn file(&self) -> &Path {
        let (Self::Open { file, .. }
        | Self::Decode { file, .. }
        | Self::Read { file, .. }
        | Self::Defect { file }) = self;
        file
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "not_opened",
            Self::Decode { source, .. } => source.code(),
            Self::Read { .. } => READER_FAILED,
            Self::Defect { .. } => READER_DEFECT,
        }
    }
}

/// A file of which no page was read.
#[derive(Debug, Serialize)]
pub(crate) struct Unread {
    /// The file.
    pub file: PathBuf,
    /// Stable code.
    pub code: &'static str,
    /// Why, in a sentence that names it.
    pub detail: String,
}

impl Unread {
    fn told(error: &ImageError) -> Self {
        Self {
            file: error.file().to_owned(),
            code: error.code(),
            detail: crate::Chain(error).to_string(),
        }
    }
}

/// One page of a file.
pub(crate) struct PageRead {
    /// The file.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SM3 of the file.
    pub sm3: String,
    /// What the engine read; its time includes decoding.
    pub text: ocr::PageText,
}

/// Reads every page of a file, one after the other, so that a long file costs no more memory than its largest page. Of a file with one
/// bad page none is returned, so that no page is lost unseen.
///
/// # Errors
/// [`ImageError`] names the file.
pub(crate) fn read_file(engine: &ocr::Engine, file: &Path) -> Result<Vec<PageRead>, ImageError> {
    Ok(read_until(engine, file, |_| false)?.pages)
}

/// Pages of one file.
struct Part {
    pages: Vec<PageRead>,
    /// Pages behind the last one that was to be read.
    left: usize,
}

/// As [`read_file`], up to the first page that is the last to be read.
fn read_until(
    engine: &ocr::Engine,
    file: &Path,
    is_last: impl Fn(&ocr::PageText) -> bool,
) -> Result<Part, ImageError> {
    let named = || file.to_owned();
    let undecodable = |source| ImageError::Decode {
        file: named(),
        source,
    };
    let bytes = whole(file).map_err(|source| ImageError::Open {
        file: named(),
        source,
    })?;
    let limits = ocr::Limits::default();
    let frames = ocr::frames(&bytes, &limits).map_err(undecodable)?;
    let (sha256, sm3) = (
        crate::digest::sha256_hex(&bytes),
        crate::digest::sm3_hex(&bytes),
    );
    let mut pages = Vec::new();
    for frame in 0..frames {
        let started = crate::clock::monotonic();
        let page = ocr::decode_frame(&bytes, frame, &limits).map_err(undecodable)?;
        let decoding_s = started.elapsed().as_secs_f64();
        let mut text = engine.read(&page).map_err(|source| ImageError::Read {
            file: named(),
            source,
        })?;
        text.seconds += decoding_s;
        let ends = is_last(&text);
        pages.push(PageRead {
            file: named(),
            sha256: sha256.clone(),
            sm3: sm3.clone(),
            text,
        });
        if ends {
            break;
        }
    }
    Ok(Part {
        left: frames - pages.len(),
        pages,
    })
}

/// A file's bytes, up to [`LARGEST_FILE`]: a device may have no end.
fn whole(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened = File::open(file)?;
    opened.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE {
        let why = "larger than 1 GiB: no scan of a letter is";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// What became of some files.
#[derive(Default)]
pub(crate) struct AllRead {
    /// The pages that were read.
    pub pages: Vec<PageRead>,
    /// Files none of whose pages was.
    pub unread: Vec<Unread>,
    /// Pages that were not looked at behind a secret mark; of a file that was not even opened one.
    pub kept_back: usize,
}

/// Reads files one after the other; each bad one is told on stderr by name, and the others are read.
pub(crate) fn read_all(engine: &ocr::Engine, files: &[PathBuf]) -> AllRead {
    one_by_one(files, |_| false, |file| read_until(engine, file, |_| false))
}

/// As [`read_all`]; the first page with a secret mark is the last one that is read (B15).
pub(crate) fn read_until_secret(engine: &ocr::Engine, files: &[PathBuf]) -> AllRead {
    one_by_one(files, is_secret, |file| read_until(engine, file, is_secret))
}

fn is_secret(text: &ocr::PageText) -> bool {
    secret::is_on(&page_text(1, PageKind::Letter, text.clone()))
}

fn one_by_one(
    files: &[PathBuf],
    is_last: impl Fn(&ocr::PageText) -> bool,
    read: impl Fn(&Path) -> Result<Part, ImageError>,
) -> AllRead {
    let mut all = AllRead::default();
    for (at, file) in files.iter().enumerate() {
        let read = catch_unwind(AssertUnwindSafe(|| read(file)));
        match read.unwrap_or_else(|_| Err(ImageError::Defect { file: file.clone() })) {
            Ok(part) => {
                all.pages.extend(part.pages);
                if all.pages.last().is_some_and(|page| is_last(&page.text)) {
                    all.kept_back = part.left + files.len() - at - 1;
                    break;
                }
            }
            Err(error) => {
                eprintln!("laixin: {}", crate::Chain(&error));
                all.unread.push(Unread::told(&error));
            }
        }
    }
    all
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

#[cfg(test)]
mod tests {
    use super::*;

    fn page(file: &Path, text: &str) -> PageRead {
        let quad = [
            [200.0, 100.0],
            [800.0, 100.0],
            [800.0, 190.0],
            [200.0, 190.0],
        ];
        PageRead {
            file: file.to_owned(),
            sha256: String::new(),
            sm3: String::new(),
            text: ocr::PageText {
                width: 2400,
                height: 3500,
                turned_deg: 0,
                lines: vec![ocr::Line {
                    text: text.to_owned(),
                    raw: text.to_owned(),
                    quad,
                    confidence: 0.98,
                    chars: Vec::new(),
                    vertical: false,
                }],
                seconds: 0.0,
                shows_through: false,
            },
        }
    }

    /// Files whose names are what stands on them, one page each; `left` pages of the marked one were not read.
    fn read(names: &[&str], left: usize) -> (AllRead, Vec<String>) {
        let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        let opened = std::cell::RefCell::new(Vec::new());
        let all = one_by_one(&files, is_secret, |file| {
            let text = file.to_string_lossy().into_owned();
            opened.borrow_mut().push(text.clone());
            Ok(Part {
                pages: vec![page(file, &text)],
                left: if text.starts_with("机密") { left } else { 0 },
            })
        });
        (all, opened.into_inner())
    }

    #[test]
    fn behind_a_secret_mark_no_file_is_opened() {
        let (all, opened) = read(&["霍市长：", "机密★一年", "来信人：汪小满", "信封"], 2);
        assert_eq!(opened, ["霍市长：", "机密★一年"]);
        assert_eq!((all.pages.len(), all.kept_back), (2, 4));
    }

    #[test]
    fn without_a_mark_every_file_is_read() {
        let (all, opened) = read(&["霍市长：", "泄露商业秘密", "来信人：汪小满"], 0);
        assert_eq!((opened.len(), all.pages.len(), all.kept_back), (3, 3, 0));
    }
}
