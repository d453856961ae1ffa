//! What an administrator sets for the office: its roster and its deadlines. What a change would do is told by the code that does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{self, Settings};
use crate::digest;
use crate::domain::access::{BadLine, Lists};
use crate::domain::deadline::{Profile, differing};
use crate::domain::draft::{Deadline, Fields};
use crate::domain::extract::extract_by_roster;
use crate::domain::learn::Proposal;
use crate::domain::roster::{EntryChange, EntryKind, Roster, RosterFault};
use crate::domain::text::PageText;
use crate::store::{Db, StoreError};

pub mod access;
pub mod table;

/// Why a setting is not taken; nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfficeFault {
    /// A quoted cell does not end where it should.
    #[error("line {line}: a quotation mark is missing or stands in the wrong place")]
    Quotes {
        /// The line, from 1.
        line: usize,
    },
    /// The first cell is none of the four words.
    #[error("line {line}: begins with none of 本站, 领导, 单位, 范围外")]
    Kind {
        /// The line, from 1.
        line: usize,
    },
    /// A leader or an organisation without its number.
    #[error("line {line}: the second cell of a leader or an organisation is its number, from 1")]
    Number {
        /// The line, from 1.
        line: usize,
    },
    /// More cells than the table has columns.
    #[error("line {line}: has more than five cells; aliases stand in one, with 、 between them")]
    Cells {
        /// The line, from 1.
        line: usize,
    },
    /// A second office that runs the station.
    #[error("line {line}: a second 本站; there is one")]
    TwoStations {
        /// The line, from 1.
        line: usize,
    },
    /// A line of the lists that is none.
    #[error(
        "line {line}: an account's name, a comma, and 检举控告, 敏感内容 or 人工设定 with 、 between them; each account once"
    )]
    List {
        /// The line, from 1.
        line: usize,
    },
    /// A threshold that a person lowers.
    #[error("not higher than the threshold in force: lower ones only the history proves")]
    NotHigher,
    /// The roster as a whole.
    #[error(transparent)]
    Roster(#[from] RosterFault),
}

impl OfficeFault {
    /// Stable, and what fills its sentence.
    pub fn code(&self) -> (&'static str, Vec<String>) {
        match self {
            Self::Quotes { line } => ("quotes", vec![line.to_string()]),
            Self::Kind { line } => ("kind", vec![line.to_string()]),
            Self::Number { line } => ("number", vec![line.to_string()]),
            Self::Cells { line } => ("cells", vec![line.to_string()]),
            Self::TwoStations { line } => ("two_stations", vec![line.to_string()]),
            Self::List { line } => ("list", vec![line.to_string()]),
            Self::NotHigher => ("not_higher", Vec::new()),
            Self::Roster(fault) => match fault {
                RosterFault::Empty => ("empty", Vec::new()),
                RosterFault::TooMany { entries } => ("too_many", vec![entries.to_string()]),
                RosterFault::NoStation => ("no_station", Vec::new()),
                RosterFault::NoName { entry } => ("no_name", vec![entry.clone()]),
                RosterFault::SamePlace { number, one, other } => (
                    "same_place",
                    vec![one.clone(), other.clone(), number.to_string()],
                ),
                RosterFault::Twice { name } => ("twice", vec![name.clone()]),
            },
        }
    }
}

/// What of a letter's draft a change would make another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The letter.
    pub letter: String,
    /// `addressee`, `accused`, or the name of a deadline.
    pub what: String,
    /// As the draft has it.
    pub before: Option<String>,
    /// As it would be.
    pub after: Option<String>,
}

/// What of a setting changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An entry of the roster.
    Entry(EntryKind),
    /// A deadline.
    Deadline,
    /// Somebody who is let in to restricted letters.
    Listed,
}

/// An entry that comes, goes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub thing: Thing,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub before: Option<String>,
    /// How it will stand.
    pub after: Option<String>,
}

/// What a setting would change.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// What comes, goes and changes.
    pub entries: Vec<Change>,
    /// What it would make of open drafts.
    pub letters: Vec<Moved>,
    /// It lessens protection: a second person signs.
    pub lessens: bool,
    /// Names what was looked at: another setting before or after, another number.
    pub number: String,
}

/// Looks beside the store, where it takes as long as it takes.
///
/// # Errors
/// When the database does not answer.
pub async fn beside<T, F>(settings: &Arc<Settings>, look: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
{
    let settings = settings.clone();
    let looked = tokio::task::spawn_blocking(move || look(&Db::look_at(&settings)?));
    looked.await.expect("looking has no defect that panics")
}

/// Names what was looked at.
fn number(text: &str) -> String {
    digest::sha256_hex(text.as_bytes())[..8].to_owned()
}

/// Names thresholds that were looked at: another history, another number.
pub fn number_of(found: &[Proposal]) -> String {
    let lines = found.iter().map(|one| format!("{one:?}"));
    number(&lines.collect::<Vec<_>>().join("\n"))
}

/// What this roster in the place of the one in force would change. Every open draft is read with it as the reader does, out of what was read on its
/// pages.
///
/// # Errors
/// When the database does not answer.
pub fn roster_preview(db: &Db, new: &Roster) -> Result<Preview, StoreError> {
    let now = db.roster_in_force();
    let entries: Vec<Change> = now.changes_to(new).into_iter().map(Change::from).collect();
    let mut letters = Vec::new();
    if !entries.is_empty() {
        for letter in db.open_drafts()? {
            letters.extend(moved(db, &letter, new)?);
        }
    }
    Ok(Preview {
        entries,
        letters,
        lessens: new.knows_less_than(&now),
        number: number(&format!("{}{}", table::written(&now), table::written(new))),
    })
}

/// What these deadlines in the place of those in force would change.
///
/// # Errors
/// When the database does not answer.
pub fn deadlines_preview(db: &Db, now: &Profile, new: &Profile) -> Result<Preview, StoreError> {
    let mut letters = Vec::new();
    for letter in db.open_drafts()? {
        let draft = db.draft(&letter)?.draft;
        let Some(day) = draft.received_at.as_deref().and_then(|at| at.get(..10)) else {
            continue;
        };
        let dates = |all: Vec<Deadline>| -> BTreeMap<String, String> {
            all.into_iter().map(|one| (one.name, one.due)).collect()
        };
        let (before, after) = (
            dates(draft.deadlines.clone()),
            dates(new.due(day, &draft.fields)),
        );
        letters.extend(
            differing(&before, &after).map(|(what, before, after)| Moved {
                letter: letter.clone(),
                what,
                before,
                after,
            }),
        );
    }
    let changes = now.changes_to(new).into_iter();
    Ok(Preview {
        entries: changes
            .map(|(name, before, after)| Change {
                thing: Thing::Deadline,
                name,
                before,
                after,
            })
            .collect(),
        letters,
        lessens: new.allows_longer_than(now),
        number: number(&format!(
            "{:?}{:?}{:?}{:?}",
            now.profile, now.deadline, new.profile, new.deadline
        )),
    })
}

/// What these lists in the place of those in force would change. Letting somebody in lessens protection.
pub fn lists_preview(now: &Lists, new: &Lists) -> Preview {
    let entries = now.changes_to(new).into_iter();
    Preview {
        entries: entries
            .map(|(name, before, after)| Change {
                thing: Thing::Listed,
                name,
                before,
                after,
            })
            .collect(),
        letters: Vec::new(),
        lessens: new.lets_in_more_than(now),
        number: number(&format!("{}{}", now.written(), new.written())),
    }
}

/// The profiles to choose from: those beside the one that the settings name.
pub fn profiles(settings: &Settings) -> Vec<Profile> {
    let own = &settings.registration.deadlines;
    let beside = own
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok());
    let files = beside
        .into_iter()
        .flatten()
        .filter_map(|file| Some(file.ok()?.path()));
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "toml"));
    let mut all: Vec<Profile> = files
        .filter_map(|file| config::load_toml(&file).ok())
        .collect();
    all.sort_by(|one, other| one.profile.cmp(&other.profile));
    all.dedup_by(|one, other| one.profile == other.profile);
    all
}

impl From<BadLine> for OfficeFault {
    fn from(BadLine(line): BadLine) -> Self {
        Self::List { line }
    }
}

impl From<EntryChange> for Change {
    fn from(change: EntryChange) -> Self {
        let EntryChange {
            kind,
            name,
            before,
            after,
        } = change;
        Self {
            thing: Thing::Entry(kind),
            name,
            before,
            after,
        }
    }
}

fn moved(db: &Db, letter: &str, new: &Roster) -> Result<Vec<Moved>, StoreError> {
    let draft = db.draft(letter)?.draft;
    let pages: Vec<PageText> = db
        .read_pages(letter)?
        .iter()
        .filter_map(crate::read::text)
        .collect();
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let fields = extract_by_roster(&pages, new);
    let corrected = db.corrected_fields(letter)?;
    let accused = |fields: &Fields| {
        let all: Vec<String> = fields.accused.iter().map(|one| one.name.clone()).collect();
        (!all.is_empty()).then(|| all.join("、"))
    };
    let both = [
        (
            "addressee",
            draft.fields.addressee.value.clone(),
            fields.addressee.value.clone(),
        ),
        ("accused", accused(&draft.fields), accused(&fields)),
    ];
    let differs = both.into_iter().filter(|(what, before, after)| {
        before != after && !corrected.iter().any(|field| field == what)
    });
    Ok(differs
        .map(|(what, before, after)| Moved {
            letter: letter.to_owned(),
            what: what.to_owned(),
            before,
            after,
        })
        .collect())
}
