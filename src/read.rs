//! Thread: next unread page → lines, in the page worker (`worker.rs`); a letter whose pages are all read → fields → draft.
//!
//! What a draft's fields stand on (envelope, first and last page) is read first and gives an early draft, to be looked at only;
//! the pages between follow, then the draft is made anew. The queue is the table, so a restart goes on where it was. Every step
//! may run twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::broker::together::Others;
use crate::clock;
use crate::config::{self, Settings};
use crate::domain::draft::Draft;
use crate::domain::text::{Char, Line, PageKind, PageText};
use crate::domain::{kind, mail_number, secret};
use crate::events::{Event, Events};
use crate::evidence::{Evidence, EvidenceError};
use crate::health::Readiness;
use crate::metrics::Metrics;
use crate::sd_notify::Beat;
use crate::store::{
    CycleRecord, Db, DueLetter, Learned, Load, ORIGINAL_UNAVAILABLE, PagesRead, READING_ATTEMPTS,
    Reading, SpokenOf, Store, StoreError, UnreadPage,
};
use crate::worker::{self, Done, Patience, Refusal, Task, Wait, Worker, WorkerError};

mod assemble;
mod lent;
mod meaning;

pub(crate) use assemble::text;
pub use assemble::{Office, office};
pub use lent::Lent;
pub use meaning::Model;

/// How long the worker waits before it asks the table again.
const IDLE: Duration = Duration::from_millis(300);
/// How long it waits before it tries again to load models, or an original, that could not be loaded.
const RELOAD: Duration = Duration::from_secs(15);
/// How long loading the models may take at least, on a computer that is busy with everything else too.
const LOADING: Duration = Duration::from_secs(120);
/// How long a page may still take when the station stops; what is not read by then is read after the next start.
const LAST_PAGE: Duration = Duration::from_secs(10);
/// Code of an alert, and of the pages that are left unread, where a letter has a secret mark (B15).
const SECRET_MARK: &str = "secret_mark";
/// Name under which the worker tells whether it is ready.
const PART: &str = "reading";

/// What the worker needs.
#[derive(Debug)]
pub struct Reader {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What belongs to the office: name and language model. Roster and deadlines are asked of the store: [`Reader::office`].
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
    /// What the office taught, as last fetched.
    pub learned: RefCell<Option<(Instant, Learned)>>,
    /// Engine and models, once they are loaded.
    pub engine: RefCell<Option<String>>,
    /// The office's other stations and readers.
    pub others: Others,
    /// Pages whose originals could not be read, and when that was tried last: they wait.
    pub withheld: RefCell<BTreeMap<i64, Instant>>,
    /// Pages that are with readers elsewhere, where the settings have any.
    pub lent: Option<RefCell<Lent>>,
}

/// How long what the office taught is used before it is fetched again.
const LEARNED_FRESH: Duration = Duration::from_secs(60);

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
        let mut worker = Worker::new(self.settings.reading.memory_mb.0);
        if !self.open(&mut worker, stop) {
            return;
        }
        let unload_after = Duration::from_secs(self.settings.reading.unload_after_s.0);
        let mut last_read = clock::monotonic();
        while !stop.is_cancelled() {
            self.beat.beat();
            match self.step(&mut worker, stop) {
                Ok(true) => last_read = clock::monotonic(),
                Ok(false) => {
                    if worker.is_running() && last_read.elapsed() >= unload_after {
                        tracing::debug!("nothing to read: the models leave the memory");
                        worker.end();
                        if let Some(model) = &self.office.meaning {
                            model.leave();
                        }
                    }
                    if self.pages_lent().is_empty() {
                        std::thread::sleep(IDLE);
                    }
                }
                Err(StoreError::Stopped) => return,
                Err(error) => {
                    tracing::error!(error = %crate::Chain(&error), "reading is held up by the store");
                    std::thread::sleep(IDLE);
                }
            }
        }
    }

    /// Starts the page worker and loads the models in it, trying again until they can be loaded: whoever mends the folder need not
    /// restart the station. `false` when the station stops first.
    fn open(&self, worker: &mut Worker, stop: &CancellationToken) -> bool {
        let task = Task::Open(Box::new(self.settings.reading.clone()));
        loop {
            match self.ask(worker, &task, &[], stop) {
                Ok(done) => {
                    if let Done::Opened { engine, note } = done {
                        tracing::info!(engine, note, "reading is ready");
                        self.others.reads_with(&engine);
                        *self.engine.borrow_mut() = Some(engine);
                    }
                    self.readiness.ready(PART);
                    return true;
                }
                Err(WorkerError::Stopped) => return false,
                Err(error) => {
                    let message = format!(
                        "{}; pages wait until this is mended: install the package again (from source: make setup)",
                        crate::Chain(&error)
                    );
                    self.readiness
                        .not_ready(PART, "engine_not_loaded", &message);
                }
            }
            let waited = clock::monotonic();
            while waited.elapsed() < RELOAD {
                if stop.is_cancelled() {
                    return false;
                }
                self.beat.beat();
                std::thread::sleep(IDLE);
            }
        }
    }

    /// Asks the page worker, proving meanwhile that this thread lives; a stop of the station leaves it a moment to finish.
    fn ask(
        &self,
        worker: &mut Worker,
        task: &Task,
        file: &[u8],
        stop: &CancellationToken,
    ) -> Result<Done, WorkerError> {
        let mut limit = Duration::from_secs(self.settings.reading.page_timeout_s.0);
        if matches!(task, Task::Open(_)) {
            limit = limit.max(LOADING);
        }
        let mut stopping = None;
        let mut tick = |_| {
            self.beat.beat();
            if !stop.is_cancelled() {
                return Wait::On;
            }
            let since = *stopping.get_or_insert_with(clock::monotonic);
            if since.elapsed() < LAST_PAGE {
                Wait::On
            } else {
                Wait::Stop
            }
        };
        let (done, _) = worker.ask(task, file, &mut Patience::new(limit, &mut tick))?;
        Ok(done)
    }

    /// Every draft that is due, or else one page: a complete letter does not wait behind other letters' pages.
    /// `Ok(false)` when there was nothing to do.
    fn step(&self, worker: &mut Worker, stop: &CancellationToken) -> Result<bool, StoreError> {
        let quiet_s =
            i64::try_from(self.settings.reading.letter_quiet_s.0).expect("limited by the settings");
        let due = self
            .store
            .wait(move |db| db.letters_due(clock::now(), quiet_s))?;
        for letter in &due {
            self.draft(letter)?;
        }
        self.lend()?;
        let mut not = self.pages_lent();
        let waits = |(id, tried): (&i64, &Instant)| (tried.elapsed() < RELOAD).then_some(*id);
        not.extend(self.withheld.borrow().iter().filter_map(waits));
        let page = self.store.wait(move |db| db.begin_reading_but(&not))?;
        if let Some(page) = &page {
            self.read_page(worker, page, stop)?;
        }
        // With nothing to read here, what comes from elsewhere is waited for.
        let patience = if page.is_some() || !due.is_empty() {
            Duration::ZERO
        } else {
            IDLE
        };
        let came = self.keep_answers(patience)?;
        Ok(page.is_some() || !due.is_empty() || came)
    }

    fn read_page(
        &self,
        worker: &mut Worker,
        page: &UnreadPage,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let id = page.id;
        let letter = page.letter.clone();
        if self.store.wait(move |db| db.reading_stopped(&letter))? {
            return self.give_up(page, &stopped());
        }
        if page.attempts > READING_ATTEMPTS {
            let refusal = Refusal {
                code: "reader_died".into(),
                detail: "the page worker ended each time it read this page".into(),
            };
            return self.give_up(page, &refusal);
        }
        if !worker.is_running() && !self.open(worker, stop) {
            return self.store.wait(move |db| db.reading_not_begun(id));
        }
        let original = match self.evidence.get(&page.sha256) {
            Err(error) if error.is_of_the_system() => return self.wait_for_original(page, &error),
            got => got,
        };
        self.withheld.borrow_mut().remove(&id);
        match self.lines(worker, page, original, stop) {
            Ok(reading) => {
                tracing::info!(
                    letter = page.letter,
                    page = id,
                    seconds = reading.seconds,
                    lines = reading.lines.len(),
                    "page read"
                );
                self.metrics.page_read(reading.seconds);
                self.keep(page, reading)
            }
            Err(WorkerError::Refused(refusal))
                if refusal.may_be_the_workers() && page.attempts < READING_ATTEMPTS =>
            {
                tracing::warn!(
                    letter = page.letter,
                    page = id,
                    attempt = page.attempts,
                    code = refusal.code,
                    detail = refusal.detail,
                    "this page was not read; another worker tries again"
                );
                worker.end();
                Ok(())
            }
            Err(WorkerError::Refused(refusal)) => self.give_up(page, &refusal),
            Err(WorkerError::Stopped) => self.store.wait(move |db| db.reading_not_begun(id)),
            // The begun attempt stands: the page comes back later, behind the others, until it has had its tries.
            Err(error) => {
                tracing::warn!(
                    letter = page.letter,
                    page = id,
                    attempt = page.attempts,
                    code = error.code(),
                    "the page worker did not survive this page; reading goes on with another: {error}"
                );
                Ok(())
            }
        }
    }

    /// Keeps what was read, and what follows from it before anything else is read: what the page is, and whether to go on at all. It follows for the letter
    /// that has the page by then: it may have been moved while it was being read.
    fn keep(&self, page: &UnreadPage, reading: Reading) -> Result<(), StoreError> {
        let (id, reading) = (page.id, Arc::new(reading));
        let mut text = PageText {
            n: 1,
            kind: PageKind::Letter,
            width: reading.width,
            height: reading.height,
            lines: reading.lines.clone(),
        };
        let sign = kind::proposed(&text);
        let mut lines = text.lines.iter();
        let written = lines.find_map(|line| mail_number::written(&line.raw));
        let secret = secret::is_on(&text);
        text.kind = kind::before_the_others(sign);
        // What cannot wait for the letter's other pages: a threat, an accusation.
        let office = self.office()?;
        let said = office.fields(std::slice::from_ref(&text));
        let letter = loop {
            let page = text.clone();
            let (letter, texts, units) = self.store.wait(move |db| {
                let letter = db.letter_of_page(id)?;
                let texts = db.texts_with(&letter, id, page)?;
                Ok((letter, texts, db.units()?))
            })?;
            let spoken = SpokenOf::of(&letter, (&texts, &said), &office.roster, &units);
            let (of, reading, said, written) = (
                letter.clone(),
                reading.clone(),
                said.clone(),
                written.clone(),
            );
            let is_kept = self.store.wait(move |db| {
                if db.letter_of_page(id)? != of {
                    return Ok(false);
                }
                let is_first = !db.was_read(id)?;
                db.finish_reading(id, &reading)?;
                db.knowing(spoken, |db| db.guard_while_read(&of, &said))?;
                if is_first {
                    db.raise_by_page(&of, id, &said)?;
                }
                if let Some(sign) = sign {
                    db.propose_kind(id, sign.kind(), sign.code())?;
                }
                if let Some(written) = written {
                    db.note_written_number(id, &written)?;
                }
                if secret {
                    db.stop_reading(&of, SECRET_MARK, id)?;
                }
                Ok(true)
            })?;
            if is_kept {
                break letter;
            }
        };
        if secret {
            tracing::warn!(
                letter,
                page = id,
                code = SECRET_MARK,
                "a secret mark was seen: nothing more of this letter is read; hand it to the officer for secrets"
            );
            self.events.tell(Event::Alert {
                code: SECRET_MARK.to_owned(),
                subject: format!("letter/{letter}"),
            });
        }
        self.tell(&letter, "page_read");
        Ok(())
    }

    fn give_up(&self, page: &UnreadPage, refusal: &Refusal) -> Result<(), StoreError> {
        let (id, code) = (page.id, refusal.code.clone());
        tracing::warn!(
            letter = page.letter,
            page = id,
            code,
            detail = refusal.detail,
            "page cannot be read; its original is kept"
        );
        self.events.tell(Event::Alert {
            code: code.clone(),
            subject: format!("letter/{}", page.letter),
        });
        self.store.wait(move |db| db.give_up_reading(id, &code))?;
        self.tell(&page.letter, "page_unreadable");
        Ok(())
    }

    /// Nothing is known against the page or its original: whoever mends rights or disk need do nothing else.
    fn wait_for_original(
        &self,
        page: &UnreadPage,
        error: &EvidenceError,
    ) -> Result<(), StoreError> {
        let id = page.id;
        let tried = self.withheld.borrow_mut().insert(id, clock::monotonic());
        if tried.is_none() {
            tracing::warn!(
                letter = page.letter,
                page = id,
                code = "originals_unreadable",
                error = %crate::Chain(error),
                "the original cannot be read now; the page waits and is tried again every 15 s"
            );
        }
        self.store.wait(move |db| db.reading_not_begun(id))
    }

    fn lines(
        &self,
        worker: &mut Worker,
        page: &UnreadPage,
        original: Result<Vec<u8>, EvidenceError>,
        stop: &CancellationToken,
    ) -> Result<Reading, WorkerError> {
        let bytes = original.map_err(|error| Refusal {
            code: ORIGINAL_UNAVAILABLE.into(),
            detail: crate::Chain(&error).to_string(),
        })?;
        let task = Task::Read { frame: page.frame };
        match self.ask(worker, &task, &bytes, stop)? {
            Done::Read(reading) => Ok(*reading),
            other => Err(worker::unexpected(&other)),
        }
    }

    fn draft(&self, due: &DueLetter) -> Result<(), StoreError> {
        let letter = due.id.as_str();
        let id = letter.to_owned();
        let (stands_on, pages, (batch, load), units, others) = self.store.wait(move |db| {
            let pages = db.read_pages(&id)?;
            Ok((
                db.page_ids(&id)?,
                pages,
                db.letter_origin(&id)?,
                db.units()?,
                db.other_loads(&id)?,
            ))
        })?;
        let cycle = self.cycle_of(&load)?;
        let started = clock::monotonic();
        let office = self.office()?;
        let mut draft = office.draft(letter, &pages, &batch, &load, cycle.as_ref());
        for other in &others {
            let proof = assemble::disinfection(other, self.cycle_of(other)?.as_ref());
            draft.other_disinfections.push(proof);
        }
        self.with_what_was_learned(&mut draft)?;
        let spoken = office.spoken_of(letter, (&pages, &draft.fields), &units);
        let offer = self.settings.handoff.offer;
        let read = due.read;
        let is_kept = self.store.wait(move |db| {
            // Some went into another letter meanwhile, or came out of one: it is due anew, or has none left.
            if db.page_ids(&draft.letter)? != stands_on {
                return Ok(false);
            }
            db.knowing(spoken, |db| match read {
                PagesRead::All => db.insert_or_replace_draft(&draft, offer).map(|_| ()),
                PagesRead::Outer => db.insert_early_draft(&draft),
            })?;
            Ok(true)
        })?;
        if !is_kept {
            return Ok(());
        }
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

    fn cycle_of(&self, load: &Load) -> Result<Option<CycleRecord>, StoreError> {
        let found = load
            .cycle_id
            .map(|id| self.store.wait(move |db| db.cycle(id)));
        found.transpose()
    }

    /// Roster and deadlines as they are in force now.
    fn office(&self) -> Result<Office, StoreError> {
        let (roster, deadlines) = self.store.wait(Db::office_in_force)?;
        Ok(Office {
            roster,
            deadlines,
            ..self.office.clone()
        })
    }

    /// What the office taught, fetched anew once a minute at most.
    fn with_what_was_learned(&self, draft: &mut Draft) -> Result<(), StoreError> {
        let mut kept = self.learned.borrow_mut();
        let fresh = |(fetched, _): &(Instant, Learned)| fetched.elapsed() < LEARNED_FRESH;
        if !kept.as_ref().is_some_and(fresh) {
            // All that was taught is read: beside the store, so that nobody waits for it.
            let learned = Db::look_at(&self.settings)?.learned()?;
            *kept = Some((clock::monotonic(), learned));
        }
        if let Some((_, learned)) = kept.as_ref() {
            learned.advise(draft);
        }
        Ok(())
    }

    fn tell(&self, letter: &str, what: &str) {
        self.events.tell(Event::Letter {
            letter: letter.to_owned(),
            what: what.to_owned(),
        });
    }
}

fn stopped() -> Refusal {
    Refusal {
        code: SECRET_MARK.into(),
        detail: "a secret mark was seen on another page of this letter".into(),
    }
}

/// The one place where the engine's lines become the domain's.
pub(crate) fn reading(engine: &str, text: ocr::PageText) -> Reading {
    Reading {
        engine: engine.to_owned(),
        width: text.width,
        height: text.height,
        turned_deg: text.turned_deg,
        lines: text.lines.into_iter().map(line).collect(),
        seconds: text.seconds,
        blank: false,
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

#[cfg(test)]
mod tests;
