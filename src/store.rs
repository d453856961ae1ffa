//! The one SQLite database, in domain words. Synchronous; the owner thread holds the [`Db`] that writes, another thread one that looks (`store/owner.rs`).
//!
//! The tables are the queues: a page without a reading is to be read, a draft without an acknowledgement is to be
//! handed over. Nothing that must survive a restart lives anywhere else.

mod access;
mod account_changes;
mod accounts;
mod accused;
mod alerts;
mod amendments;
mod amiss;
mod archives;
mod audit;
mod backups;
mod balance;
mod batch_files;
mod case_numbers;
mod claims;
mod custody;
mod cycle_file;
mod cycle_history;
mod cycles;
mod days;
mod desk;
mod drafts;
mod due;
mod earlier;
mod elsewhere;
mod envelopes;
mod eyes;
mod figures;
mod gone;
mod grew;
mod grounds;
mod group;
mod grouping;
mod handed_out;
mod health;
mod health_days;
mod health_views;
mod hearing;
mod held;
mod hindrance;
mod holds;
mod idempotency;
mod imports;
mod indexed;
mod jumps;
mod kept_of_batch;
mod kept_pages;
mod last_sheet;
mod late;
mod later;
mod later_pages;
mod learned;
mod ledger;
mod lent_pages;
mod letter_views;
mod letters;
mod lies;
mod loads;
mod locked;
mod messages;
mod migrations;
mod moves;
mod named_offices;
mod numbers;
mod offered;
mod office;
mod ordered;
mod outbox;
mod owner;
mod packages;
mod page_kinds;
mod places;
mod readings;
mod receivers;
mod recusals;
mod repeats;
mod restored;
mod restrictions;
mod retakes;
mod review;
mod scans;
mod scrubs;
mod search;
mod second_person;
mod self_tests;
mod sent_as;
mod set_back;
mod spoken;
mod statistics;
mod things;
mod thresholds;
mod training;
mod undo;
mod units;
mod unreleased;
mod valuables;
mod views;
mod vouch;
mod whole_again;
mod withhold;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::at_rest::{AtRestError, Lock};
use crate::clock;
use crate::config::Settings;
use crate::domain::grouping::GroupBy;

pub use accounts::{
    FAILURES_ALLOWED, LOCK_SECONDS, Lasting, NewToken, Session, SignIn, Token, User,
};
pub use alerts::{AlertRow, AlertsWanted};
pub use amendments::AmendmentRow;
pub use amiss::HeldBeside;
pub use archives::{ExportOf, ToExport};
pub use audit::{AuditWanted, LOOKS, Saw};
pub use backups::BackupRow;
pub use balance::RecordedException;
pub use batch_files::BatchFiles;
pub use case_numbers::SharedCaseNumber;
pub use claims::{Claim, Claiming};
pub use custody::{BoxRow, BoxedLetter, LoanRow};
pub use cycle_file::{Anchor, CycleFile};
pub use cycle_history::{CycleHistory, CycleSample};
pub use cycles::{CycleOutcome, CycleRecord, CycleStep, CycleTerms, SideExposure};
pub use days::{Day, Earlier};
pub use drafts::{DraftKept, DraftRow, DraftState};
pub use due::Due;
pub use earlier::HistoryCounts;
pub use elsewhere::{Heard, Shared, TakenUpTo, ToTell};
pub use envelopes::UncodedEnvelope;
pub use eyes::Line;
pub use figures::{DayCounts, Outstanding};
pub use gone::GoneError;
pub(crate) use gone::originals_are_there;
pub use grew::TakenLately;
pub use grounds::{AlertAnswer, AlertQuote};
pub use grouping::{Hold, KeptNames, Ordered, TakeOrdered};
pub use health::HealthRow;
pub use health_days::HealthDay;
pub use health_views::Keep;
pub use held::{HeldDecision, HeldInto, OpenLoadRow, TakeHeld};
pub use hindrance::Hindrance;
pub use idempotency::{Answered, RequestKey};
pub use imports::{Imported, ImportedRecord, ImportedView, TidyStep};
pub use indexed::Indexed;
pub use kept_of_batch::KeptOfBatch;
pub use kept_pages::{KeptPages, KeptUntil};
pub use learned::{Ignored, Learned, Lesson, Outcome, ThresholdChange};
pub use ledger::LedgerEntry;
pub use letter_views::{LetterFilter, LetterRow, PageRow};
pub use letters::{Arrival, NewArrival, News, TakePage, Taken};
pub use lies::LiesIn;
pub use loads::{Batch, Load, NewBatch, SignedOverride};
pub use locked::{DatabaseState, DbKey, LockedError, recode};
pub use moves::MoveTo;
pub use named_offices::NamedOffice;
pub use numbers::Numbered;
pub use office::{OfficeSetting, SettingChange};
pub use outbox::{Channel, GONE, Message};
pub use owner::{Queued, Store};
pub use packages::{BROKERS, Found, Receipt, ReceiptTaken, takes_packages};
pub use readings::{
    DueLetter, PAGE_BLANK, PAGE_UNREAD, PagesRead, READING_ATTEMPTS, ReadPage, Reading, UnreadPage,
};
pub use recusals::{InterestRow, RecusalRow};
pub use repeats::ComparedAgain;
pub use restrictions::{AccessRow, RestrictionRow};
pub use review::{AtWork, InQueue, Waiting};
pub use scans::{EndedScan, NewScan, Scan, ScanOutcome};
pub use scrubs::{DamagedOriginal, Scrubbed};
pub use search::{FoundLetter, FoundPlace, Searched};
pub use second_person::OneHand;
pub use self_tests::{Finding, SelfTest, TestOutcome};
pub use sent_as::OwedAs;
pub use set_back::{ClockTrouble, SetBack};
pub use spoken::SpokenOf;
pub use statistics::{Counted, Statistics};
pub use things::ThingOf;
pub use thresholds::ThresholdInForce;
pub use unreleased::OwnTimeJudged;
pub use valuables::{NewReturn, NewValuable, ValuableRow};
pub use views::{HeldFile, LetterLine, LetterLinesWanted, Overview};
pub use vouch::{Rows, Unvouched};
pub(crate) use whole_again::ORIGINAL_UNAVAILABLE;
pub use withhold::{RetentionRow, ScanOf, Withholding};

pub use crate::domain::access::{Role, Scope};

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused; see [`StoreError::is_full`].
    #[error("the database did not accept the change")]
    Sqlite(#[from] rusqlite::Error),
    /// The database was written by a newer laixin; it is left untouched.
    #[error(
        "the database has schema {found}, this laixin knows up to {known}: install the newer laixin again"
    )]
    Newer {
        /// Schema in the file.
        found: u32,
        /// Newest schema this build knows.
        known: u32,
    },
    /// The database is of an older schema; `laixin run` brings it up to date.
    #[error(
        "the database has schema {found}, this laixin has {known}: start the station once, it brings it up to date"
    )]
    Older {
        /// Schema in the file.
        found: u32,
        /// Schema of this build.
        known: u32,
    },
    /// A training station is to be made of a database that was used in earnest.
    #[error(
        "the database holds batches or letters of a real station, and the settings have [training]: give the training station a data_dir of its own"
    )]
    NotForTraining,
    /// A real station is to be made of a training station's database.
    #[error(
        "the database is a training station's, and the settings have no [training]: give the real station a data_dir of its own"
    )]
    OnlyForTraining,
    /// The database does not open.
    #[error(transparent)]
    Locked(#[from] locked::LockedError),
    /// The station's key is not there, or is another one.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// There is no database.
    #[error(transparent)]
    Gone(#[from] GoneError),
    /// No such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// `batch`, `load`, `letter`, …
        what: &'static str,
        /// Its number.
        id: String,
    },
    /// The thing is in a state that does not allow this.
    #[error("cannot {action}: {what} {id} is {state}. {}", .why.advice())]
    WrongState {
        /// What stands in the way.
        why: Hindrance,
        /// `batch`, `load`, `letter`, …
        what: &'static str,
        /// Its number.
        id: String,
        /// The state it is in.
        state: String,
        /// What was asked.
        action: &'static str,
    },
    /// Somebody changed it in between.
    #[error("{what} {id} was changed by somebody else")]
    Changed {
        /// `letter`, `draft`, …
        what: &'static str,
        /// Its number.
        id: String,
    },
    /// The letter is not for this seer.
    #[error("letter {id} is not for everybody")]
    Unseen {
        /// Its number.
        id: String,
        /// Why.
        why: crate::domain::access::Unseen,
    },
    /// More letters would be missing than can be.
    #[error(
        "letters: {letters} cannot be missing ({} signed in, {:+} by exceptions, {} scanned: {} not accounted for); take back the exception that is wrong, or correct the number",
        .counts.signed_in, .counts.exceptions, .counts.scanned, .counts.letters_short().max(0)
    )]
    TooMany {
        /// How many were said to be missing.
        letters: u32,
        /// What is known of the batch.
        counts: Box<crate::domain::balance::Counts>,
    },
    /// A correction is not allowed.
    #[error("the correction is not allowed")]
    Correction(#[from] crate::domain::correct::Refused),
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// A stored document does not parse.
    #[error("{what} {id} in the database does not parse")]
    Document {
        /// `draft`, `reading`, …
        what: &'static str,
        /// Its number.
        id: String,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// The owner thread has ended.
    #[error("the store has stopped")]
    Stopped,
}

impl StoreError {
    /// The file is no whole database any more: the disk failed, or somebody wrote into it. A back-up has it.
    pub fn is_damaged(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(error, _))
            if matches!(error.code, DatabaseCorrupt | NotADatabase))
    }

    /// The disk took nothing: it is full, failing or read-only. Nothing of the change is kept.
    pub fn is_full(&self) -> bool {
        use rusqlite::ErrorCode::{DiskFull, ReadOnly, SystemIoFailure};
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, DiskFull | ReadOnly | SystemIoFailure)
                    || error.extended_code == rusqlite::ffi::SQLITE_ABORT_ROLLBACK
            }
            // The key's number is written down before a first database.
            Self::AtRest(AtRestError::Io { source, .. }) => {
                use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
                matches!(
                    source.kind(),
                    StorageFull | QuotaExceeded | ReadOnlyFilesystem
                )
            }
            _ => false,
        }
    }
}

impl StoreError {
    /// Whether the system does not let the file be opened, which says nothing of what is in it.
    pub fn is_shut(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen)
            }
            Self::Locked(error) => matches!(error, LockedError::Io { .. }),
            _ => false,
        }
    }
}

/// Statements kept prepared: all that the way of a page takes.
const STATEMENTS_KEPT: usize = 128;

/// Pages of 4 KiB in the journal before it is written into the database, which holds everybody up: a draft on its way out changes some ten.
const JOURNAL_PAGES: u32 = 4000;

/// How long another process may hold the file.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Turns the write-ahead log on. SQLite does not wait for others at this step by itself.
fn write_ahead(connection: &Connection) -> Result<(), StoreError> {
    let began = clock::monotonic();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && began.elapsed() < BUSY =>
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            other => return Ok(other?),
        }
    }
}

/// The open database. One exists, on the owner thread.
#[derive(Debug)]
pub struct Db {
    connection: Connection,
    /// What comparing letters needs at hand.
    sampled: Option<repeats::Sampled>,
    /// The offices that the letter under work speaks of, where they were worked out before.
    spoken: Option<SpokenOf>,
    /// Digests of the lists as they were last shown, by person and list.
    lists_shown: HashMap<(String, &'static str), String>,
    /// Who has which letters open.
    desks: review::Desks,
    /// The office's roster and deadlines, and those of its files.
    office: office::InForce,
    /// Which offices there are, and whose systems.
    offices: units::Offices,
    /// What tells letters apart in each scanner's folder.
    folders: HashMap<String, GroupBy>,
    /// Releases of this run, for what is seen meanwhile.
    releases: set_back::Releases,
    /// What the clock should show in this run.
    clock_shows: set_back::Expected,
    /// Until when each exchange folder has taken what it may.
    taken_until: HashMap<String, clock::Millis>,
}

impl Db {
    /// Opens or creates a database in the clear, brings its schema up to date.
    ///
    /// # Errors
    /// As [`Db::open_with`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &Lock::default())
    }

    /// Opens or creates the database of these settings.
    ///
    /// # Errors
    /// As [`Db::open_with`]; [`GoneError`] where one has been and is gone.
    pub fn of(settings: &Settings) -> Result<Self, StoreError> {
        let database = settings.database();
        if !gone::is_there(settings)? {
            settings.lock()?.note_in(&settings.station.data_dir)?;
        }
        let mut db = Self::open_with(&database, settings.lock()?)?;
        db.go_by(settings);
        db.begin_with_office()?;
        db.agree_on_training(settings.training.is_some())?;
        Ok(db)
    }

    /// Opens or creates the database, brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer laixin wrote it; the file is then untouched. [`StoreError::Locked`] when this is not its key.
    pub fn open_with(path: &Path, lock: &Lock) -> Result<Self, StoreError> {
        if path.exists() {
            // Looked at first without a right to write: what a newer laixin wrote keeps every byte.
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            migrations::refuse_newer(&locked::connect(path, flags, lock)?)?;
        }
        let mut connection = locked::connect(path, rusqlite::OpenFlags::default(), lock)?;
        connection.busy_timeout(BUSY)?;
        write_ahead(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES)?;
        migrations::migrate(&mut connection)?;
        vouch::watch(&connection)?;
        let mut db = Self::on(connection);
        db.vouch_for_what_is_there()?;
        db.index_due()?;
        db.trust_clock()?;
        Ok(db)
    }

    fn go_by(&mut self, settings: &Settings) {
        self.offices = units::Offices::of(settings);
        let scanners = settings.scanners.iter();
        self.folders = scanners
            .map(|scanner| (scanner.id.0.clone(), scanner.grouped_by()))
            .collect();
    }

    fn on(connection: Connection) -> Self {
        Self {
            connection,
            sampled: None,
            spoken: None,
            lists_shown: HashMap::new(),
            desks: review::Desks::default(),
            office: office::InForce::default(),
            offices: units::Offices::default(),
            folders: HashMap::new(),
            releases: set_back::Releases::default(),
            clock_shows: set_back::Expected::from(clock::now()),
            taken_until: HashMap::new(),
        }
    }

    /// A database that is gone with its handle: for comparing letters without a station.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        migrations::migrate(&mut connection)?;
        vouch::watch(&connection)?;
        Ok(Self::on(connection))
    }

    /// Runs `work` as one transaction: all of it is kept, or nothing. Inside another one it becomes part of that.
    ///
    /// # Errors
    /// What `work` returns; nothing is kept then.
    pub fn atomically<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Immediate: a command of another process may write too, and a reader cannot become a writer behind it.
        let (begin, keep, drop) = if self.connection.is_autocommit() {
            ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        } else {
            (
                "SAVEPOINT inner",
                "RELEASE inner",
                "ROLLBACK TO inner; RELEASE inner",
            )
        };
        self.connection.execute_batch(begin)?;
        let done = work(self).and_then(|value| {
            if keep == "COMMIT" {
                self.tell_the_rest()?;
            }
            self.connection.execute_batch(keep)?;
            Ok(value)
        });
        // After some faults (disk full, failed reads) SQLite has undone everything by itself.
        if done.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch(drop)?;
        }
        done
    }

    /// What is remembered beside the database may speak of changes that were undone.
    fn forget_what_was_not_kept(&mut self) {
        self.sampled = None;
        self.lists_shown.clear();
        self.office.forget();
    }

    /// Writes what is there already: an error says that the disk takes nothing.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn try_writing(&mut self) -> Result<(), StoreError> {
        let schema: u32 = self
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))?;
        // This one writes a page though nothing in it is new, and counts as no change; the other counts and writes none. Who changes nothing is answered
        // before the commit, which alone meets the disk.
        self.connection
            .pragma_update(None, "user_version", schema)?;
        let same = "UPDATE schema_versions SET laixin = laixin WHERE version = 1";
        self.connection.execute(same, [])?;
        Ok(())
    }

    /// Where the database lies; none of one in memory.
    pub fn folder(&self) -> Option<PathBuf> {
        let file = Path::new(self.connection.path()?);
        file.parent().map(Path::to_path_buf)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn answers(&self) -> Result<(), StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM schema_versions", [], |_| Ok(()))?;
        Ok(())
    }

    /// Opens an existing database in the clear beside the running station, to look only.
    ///
    /// # Errors
    /// As [`Db::look_with`].
    pub fn open_to_look(path: &Path) -> Result<Self, StoreError> {
        Self::look_with(path, &Lock::default())
    }

    /// Opens the database of these settings beside the running station, to look only.
    ///
    /// # Errors
    /// As [`Db::look_with`]; [`GoneError`] when there is none.
    pub fn look_at(settings: &Settings) -> Result<Self, StoreError> {
        gone::must_be_there(settings)?;
        let mut db = Self::look_with(&settings.database(), settings.lock()?)?;
        db.go_by(settings);
        db.begin_with_office()?;
        Ok(db)
    }

    /// Opens an existing database of this schema beside the running station, to look only.
    ///
    /// # Errors
    /// When there is none, it is of another schema, or this is not its key.
    pub fn look_with(path: &Path, lock: &Lock) -> Result<Self, StoreError> {
        let flags =
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = locked::connect(path, flags, lock)?;
        connection.busy_timeout(BUSY)?;
        migrations::require_current(&connection)?;
        Ok(Self::on(connection))
    }

    /// Runs `look` on the database as it is at one moment, whatever another process writes meanwhile: what is compared with each other has to be of
    /// the same time.
    ///
    /// # Errors
    /// What `look` returns, or when SQLite refuses.
    pub fn at_one_moment<T>(
        &self,
        look: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let moment = self.connection.unchecked_transaction()?;
        let seen = look(self);
        moment.finish()?;
        seen
    }

    /// A consistent copy of the running database in a new file, sealed with `key` if there is one.
    ///
    /// # Errors
    /// When SQLite cannot write there, or only one of the two is sealed: that is for [`recode`].
    pub fn back_up_to(&self, path: &Path, key: Option<&DbKey>) -> Result<(), StoreError> {
        let mut copy = Connection::open(path)?;
        locked::key(&copy, key)?;
        backups::copy(&self.connection, &mut copy)
    }
}
