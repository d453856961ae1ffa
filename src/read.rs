//! Worker: next unread page → lines; a letter whose pages are all read → fields → draft.
//!
//! What a draft's fields stand on (envelope, first and last page) is read first and gives an early draft, to be looked at only;
//! the pages between follow, then the draft is made anew. The queue is the table, so a restart goes on where it was. Every step
//! may run twice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::{self, Settings};
use crate::domain::text::{Char, Line};
use crate::events::{Event, Events};
use crate::evidence::Evidence;
use crate::health::Readiness;
use crate::metrics::Metrics;
use crate::sd_notify::Beat;
use crate::store::{
    DueLetter, PagesRead, READING_ATTEMPTS, Reading, Store, StoreError, UnreadPage,
};

mod assemble;

pub use assemble::{Office, office};

/// How long the worker waits before it asks the table again.
const IDLE: Duration = Duration::from_millis(300);
/// How long it waits before it tries again to load models that could not be loaded.
const RELOAD: Duration = Duration::from_secs(15);
/// Name under which the worker tells whether it is ready.
const PART: &str = "reading";

/// What the worker needs.
#[derive(Debug)]
pub struct Reader {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What belongs to the office: roster and deadlines.
    pub office: Office,
    /// The store.
    pub store: Store,
    /// The originals.
    pub evidence: Arc<Evidence>,
    /// Who wants to know.
    pub events: Events,
    /// Where the worker says whether it works.
    pub readiness: Readiness,
    /// Where pages are counted.
    pub metrics: Metrics,
    /// Its proof of life.
    pub beat: Beat,
}

/// Starts the worker on a thread of its own; it ends soon after `stop`.
pub fn start(reader: Reader, stop: CancellationToken) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name("read".into())
        .spawn(move || reader.run(&stop))
        .expect("the system can start a thread")
}

/// The engine the settings choose.
///
/// # Errors
/// As [`ocr::Engine::open`].
pub fn open_engine(settings: &config::Reading) -> Result<ocr::Engine, ocr::OpenError> {
    let threads = usize::try_from(settings.threads.0)
        .ok()
        .and_then(std::num::NonZeroUsize::new);
    let longest_side_px =
        u32::try_from(settings.longest_side_px.0).expect("limited by the settings");
    let chosen = ocr::Settings::new(&settings.models_dir);
    ocr::Engine::open(&ocr::Settings {
        engine: match settings.engine {
            config::Engine::Ppocr => ocr::EngineKind::PpOcr,
            config::Engine::Tesseract => ocr::EngineKind::Tesseract,
        },
        runtime: match settings.runtime {
            config::Runtime::Auto => ocr::Runtime::Auto,
            config::Runtime::Rten => ocr::Runtime::Rten,
            config::Runtime::Openvino => ocr::Runtime::OpenVino,
        },
        openvino_dir: Some(settings.openvino_dir.clone()),
        threads: threads.unwrap_or(chosen.threads),
        longest_side_px,
        ..chosen
    })
}

impl Reader {
    fn run(&self, stop: &CancellationToken) {
        let Some(engine) = self.engine(stop) else {
            return;
        };
        while !stop.is_cancelled() {
            self.beat.beat();
            match self.step(&engine) {
                Ok(true) => {}
                Ok(false) => std::thread::sleep(IDLE),
                Err(StoreError::Stopped) => return,
                Err(error) => {
                    tracing::error!(error = %crate::Chain(&error), "reading is held up by the store");
                    std::thread::sleep(IDLE);
                }
            }
        }
    }

    /// Loads the models, trying again until they can be loaded: whoever mends the folder need not restart the station.
    fn engine(&self, stop: &CancellationToken) -> Option<ocr::Engine> {
        loop {
            match open_engine(&self.settings.reading) {
                Ok(engine) => {
                    let note = engine.note();
                    tracing::info!(engine = engine.version(), note, "reading is ready");
                    self.readiness.ready(PART);
                    return Some(engine);
                }
                Err(error) => {
                    let message = format!(
                        "{}; pages wait until this is mended (make setup)",
                        crate::Chain(&error)
                    );
                    self.readiness
                        .not_ready(PART, "engine_not_loaded", &message);
                }
            }
            let waited = clock::monotonic();
            while waited.elapsed() < RELOAD {
                if stop.is_cancelled() {
                    return None;
                }
                self.beat.beat();
                std::thread::sleep(IDLE);
            }
        }
    }

    /// Every draft that is due, or else one page: a complete letter does not wait behind other letters' pages.
    /// `Ok(false)` when there was nothing to do.
    fn step(&self, engine: &ocr::Engine) -> Result<bool, StoreError> {
        let quiet_s =
            i64::try_from(self.settings.reading.letter_quiet_s.0).expect("limited by the settings");
        let due = self
            .store
            .wait(move |db| db.letters_due(clock::now(), quiet_s))?;
        for letter in &due {
            self.draft(letter)?;
        }
        let page = self.store.wait(|db| db.begin_reading())?;
        if let Some(page) = &page {
            self.read_page(engine, page)?;
        }
        Ok(page.is_some() || !due.is_empty())
    }

    fn read_page(&self, engine: &ocr::Engine, page: &UnreadPage) -> Result<(), StoreError> {
        let id = page.id;
        let read = if page.attempts > READING_ATTEMPTS {
            Err(Unreadable {
                code: "reader_died".into(),
                detail: "the reader ended each time it read this page".into(),
            })
        } else {
            self.lines(engine, page)
        };
        match read {
            Ok(reading) => {
                tracing::info!(
                    letter = page.letter,
                    page = id,
                    seconds = reading.seconds,
                    lines = reading.lines.len(),
                    "page read"
                );
                self.metrics.page_read(reading.seconds);
                self.store.wait(move |db| db.finish_reading(id, &reading))?;
                self.tell(&page.letter, "page_read");
            }
            Err(Unreadable { code, detail }) => {
                tracing::warn!(
                    letter = page.letter,
                    page = id,
                    code,
                    detail,
                    "page cannot be read; its original is kept"
                );
                self.events.tell(Event::Alert {
                    code: code.clone(),
                    subject: format!("letter/{}", page.letter),
                });
                self.store.wait(move |db| db.give_up_reading(id, &code))?;
                self.tell(&page.letter, "page_unreadable");
            }
        }
        Ok(())
    }

    fn lines(&self, engine: &ocr::Engine, page: &UnreadPage) -> Result<Reading, Unreadable> {
        let bytes = self
            .evidence
            .get(&page.sha256)
            .map_err(|error| Unreadable {
                code: "original_unavailable".into(),
                detail: crate::Chain(&error).to_string(),
            })?;
        let frame = ocr::decode_frame(&bytes, page.frame as usize, &ocr::Limits::default())
            .map_err(|error| Unreadable {
                code: error.code().into(),
                detail: crate::Chain(&error).to_string(),
            })?;
        drop(bytes);
        let read = catch_unwind(AssertUnwindSafe(|| engine.read(&frame)));
        match read {
            Ok(Ok(text)) => Ok(reading(engine.version(), text)),
            Ok(Err(error)) => Err(Unreadable {
                code: "reader_failed".into(),
                detail: crate::Chain(&error).to_string(),
            }),
            Err(_) => Err(Unreadable {
                code: "reader_defect".into(),
                detail: "the reader panicked".into(),
            }),
        }
    }

    fn draft(&self, due: &DueLetter) -> Result<(), StoreError> {
        let letter = due.id.as_str();
        let id = letter.to_owned();
        let (pages, (batch, load)) = self
            .store
            .wait(move |db| Ok((db.read_pages(&id)?, db.letter_origin(&id)?)))?;
        let cycle = match load.cycle_id {
            Some(id) => Some(self.store.wait(move |db| db.cycle(id))?),
            None => None,
        };
        let started = clock::monotonic();
        let draft = self
            .office
            .draft(letter, &pages, &batch, &load, cycle.as_ref());
        let offer = self.settings.handoff.offer;
        let read = due.read;
        self.store.wait(move |db| match read {
            PagesRead::All => db.insert_or_replace_draft(&draft, offer).map(|_| ()),
            PagesRead::Outer => db.insert_early_draft(&draft),
        })?;
        tracing::info!(
            letter,
            pages = pages.len(),
            ms = started.elapsed().as_millis(),
            read = ?due.read,
            "draft ready"
        );
        let what = match due.read {
            PagesRead::All => "drafted",
            PagesRead::Outer => "drafted_early",
        };
        self.tell(letter, what);
        Ok(())
    }

    fn tell(&self, letter: &str, what: &str) {
        self.events.tell(Event::Letter {
            letter: letter.to_owned(),
            what: what.to_owned(),
        });
    }
}

/// Why a page has no lines. `detail` names files, sizes and hashes, never content.
struct Unreadable {
    code: String,
    detail: String,
}

/// The one place where the engine's lines become the domain's.
fn reading(engine: &str, text: ocr::PageText) -> Reading {
    Reading {
        engine: engine.to_owned(),
        width: text.width,
        height: text.height,
        turned_deg: text.turned_deg,
        lines: text.lines.into_iter().map(line).collect(),
        seconds: text.seconds,
    }
}

/// One line of the engine as the domain has it.
pub fn line(line: ocr::Line) -> Line {
    Line {
        text: line.text,
        raw: line.raw,
        quad: line.quad,
        confidence: line.confidence,
        chars: line.chars.into_iter().map(character).collect(),
        vertical: line.vertical,
    }
}

fn character(read: ocr::Char) -> Char {
    let told = |a: ocr::Alternative| (a.ch, rounded(a.confidence));
    Char {
        ch: read.ch,
        confidence: read.confidence,
        at: read.at,
        others: read.others.into_iter().map(told).collect(),
        digit: read
            .digit
            .filter(|_| !read.ch.is_ascii_digit())
            .map(told)
            .filter(|(_, confidence)| *confidence > 0.0),
    }
}

/// To four places: a page's alternatives are stored with it, and more places would double them.
fn rounded(confidence: f32) -> f32 {
    (confidence * 1e4).round() / 1e4
}
