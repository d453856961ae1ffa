//! What the office taught: proposals and what officers made of them, names met, thresholds taken over. Right and wrong without values.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::digest;
use crate::domain::draft::Draft;
use crate::domain::learn::{self, FIELDS, Graded, Proposal, Proposed, Thresholds};
use crate::domain::lexicon::{self, Kind, Lexicon, Taught};
use crate::domain::repeat::{Grams, Registered};

/// What a draft is read with beside the pages.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// Names met.
    pub lexicon: Lexicon,
    /// Thresholds taken over.
    pub thresholds: Thresholds,
}

impl Learned {
    /// Thresholds the office took over, then its names: they can only hold back.
    pub fn advise(&self, draft: &mut Draft) {
        self.thresholds.apply(&mut draft.fields);
        self.lexicon.advise(&mut draft.fields);
    }
}

/// How a proposal fared, and when the officer said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it fared.
    pub graded: Graded,
    /// When it was confirmed.
    pub at: Millis,
}

/// A name met, as `laixin learn show` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// What it is the name of.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The divisions it lies in.
    pub within: String,
    /// Of how many senders; of a writer: in how many letters.
    pub times: u32,
    /// In how many registrations.
    pub registrations: u32,
    /// Of them imported.
    pub imported: u32,
    /// Of them confirmed here after a correction.
    pub corrected: u32,
    /// When it was met last.
    pub last: Millis,
}

/// Thresholds taken over together.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdChange {
    /// Its number.
    pub change: i64,
    /// The field.
    pub field: String,
    /// The threshold.
    pub threshold: f32,
    /// What held before.
    pub before: f32,
    /// Who applied it.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Who took it back and when.
    pub undone: Option<(String, Millis)>,
}

/// Whether a name is heeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// No longer.
    Yes,
    /// Again.
    No,
}

/// The source and origin of rows that say that a name is not heeded.
const IGNORED: &str = "ignored";
/// One thing taught, with who wrote the registration.
struct Row<'a> {
    lesson: Taught,
    sender: &'a str,
    origin: &'a str,
    at: Millis,
}

/// With who signed beside the one who acts.
fn with_approval(mut detail: serde_json::Value, approved_by: Option<&str>) -> serde_json::Value {
    if let Some(approved_by) = approved_by {
        detail["approved_by"] = json!(approved_by);
    }
    detail
}

impl Lesson {
    fn none(kind: Kind, name: String) -> Self {
        Self {
            kind,
            name,
            within: String::new(),
            times: 0,
            registrations: 0,
            imported: 0,
            corrected: 0,
            last: Millis(0),
        }
    }
}

impl Db {
    /// Keeps what the machine proposed, to be graded when an officer has confirmed.
    pub(super) fn note_proposals(&self, draft: &Draft) -> Result<(), StoreError> {
        let mut keep = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO proposals (letter_id, field, value, confidence, accepted, vetoed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for p in learn::proposed(draft) {
            keep.execute((
                &draft.letter,
                p.field,
                &p.value,
                p.confidence,
                p.accepted,
                p.vetoed,
            ))?;
        }
        Ok(())
    }

    /// Grades the proposals of a letter by its confirmed draft, and learns its names.
    pub(super) fn learn_from(&self, confirmed: &Draft) -> Result<(), StoreError> {
        let letter = confirmed.letter.as_str();
        let told = confirmed.confirmed.as_ref();
        let now = told
            .and_then(|by| Millis::parse(&by.at))
            .unwrap_or_else(clock::now);
        let mut query = self.connection.prepare_cached(
            "SELECT value, confidence, accepted, vetoed FROM proposals WHERE letter_id = ?1 AND field = ?2",
        )?;
        let mut keep = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO outcomes (letter_id, field, confidence, accepted, vetoed, proposed, is_right, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for field in FIELDS {
            let row = query.query_row((letter, field), |row| {
                Ok(Proposed {
                    field,
                    value: row.get(0)?,
                    confidence: row.get(1)?,
                    accepted: row.get(2)?,
                    vetoed: row.get(3)?,
                })
            });
            let Some(proposed) = row.optional()? else {
                continue;
            };
            let g = learn::grade(&proposed, confirmed);
            keep.execute((
                letter,
                field,
                g.confidence,
                g.accepted,
                g.vetoed,
                g.proposed,
                g.right,
                now,
            ))?;
        }
        let corrected: bool = self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM corrections_in_force WHERE letter_id = ?1)",
            [letter],
            |row| row.get(0),
        )?;
        let origin = if corrected { "corrected" } else { "confirmed" };
        let registered = Registered::of(confirmed, Grams::default());
        self.teach(&format!("letter/{letter}"), origin, &registered)
    }

    /// A confirmation was withdrawn: what it taught goes with it.
    pub(super) fn unlearn(&self, letter: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM outcomes WHERE letter_id = ?1", [letter])?;
        self.connection.execute(
            "DELETE FROM taught WHERE source = 'letter/' || ?1",
            [letter],
        )?;
        Ok(())
    }

    /// Learns the names of one registration, instead of what it taught before.
    pub(super) fn teach(
        &self,
        source: &str,
        origin: &str,
        registered: &Registered,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM taught WHERE source = ?1")?
            .execute([source])?;
        let mut keep = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO taught (source, kind, name, within, origin, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let now = clock::now();
        for lesson in lexicon::taught(registered) {
            keep.execute((
                source,
                lesson.kind,
                &lesson.name,
                &lesson.within,
                origin,
                now,
            ))?;
        }
        Ok(())
    }

    /// Names met and thresholds taken over, for reading drafts with. Places and units count by their senders, so that nobody makes one known
    /// by writing often; letters without a known sender count as one's. Reads everything that was taught: not on the store's own thread.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn learned(&self) -> Result<Learned, StoreError> {
        let mut lexicon = Lexicon::default();
        let mut senders: HashSet<(Kind, String, String)> = HashSet::new();
        self.each_lesson(|row| {
            let lesson = &row.lesson;
            let is_new = lesson.kind == Kind::Writer
                || senders.insert((lesson.kind, lesson.name.clone(), row.sender.to_owned()));
            if is_new {
                lexicon.learn(lesson, 1);
            }
        })?;
        Ok(Learned {
            lexicon,
            thresholds: self.thresholds()?,
        })
    }

    /// The names met most often.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn lessons(&self, kind: Kind, limit: usize) -> Result<Vec<Lesson>, StoreError> {
        let mut met: HashMap<String, (Lesson, HashSet<String>)> = HashMap::new();
        self.each_lesson(|row| {
            if row.lesson.kind != kind {
                return;
            }
            let (lesson, senders) = met.entry(row.lesson.name.clone()).or_insert_with(|| {
                let name = row.lesson.name.clone();
                (Lesson::none(kind, name), HashSet::new())
            });
            senders.insert(row.sender.to_owned());
            if row.lesson.within > lesson.within {
                lesson.within.clone_from(&row.lesson.within);
            }
            lesson.registrations += 1;
            lesson.imported += u32::from(row.origin == "imported");
            lesson.corrected += u32::from(row.origin == "corrected");
            lesson.last = lesson.last.max(row.at);
        })?;
        let counted = met.into_values().map(|(mut lesson, senders)| {
            let senders = u32::try_from(senders.len()).unwrap_or(u32::MAX);
            lesson.times = match kind {
                Kind::Writer => lesson.registrations,
                _ => senders,
            };
            lesson
        });
        let mut all: Vec<Lesson> = counted.collect();
        all.sort_by(|a, b| {
            let often = |l: &Lesson| (l.times, l.registrations);
            often(b).cmp(&often(a)).then_with(|| a.name.cmp(&b.name))
        });
        all.truncate(limit);
        Ok(all)
    }

    /// Goes through everything that was taught and is heeded, registration by registration.
    fn each_lesson(&self, mut told: impl FnMut(&Row<'_>)) -> Result<(), StoreError> {
        let ignored: HashSet<String> = self.ignored_names()?.into_iter().collect();
        // In the order of the primary key: nothing is sorted.
        let mut query = self.connection.prepare_cached(
            "SELECT source, kind, name, within, origin, at_ms FROM taught WHERE source <> ?1 ORDER BY source",
        )?;
        let mut rows = query.query([IGNORED])?;
        let mut registration = String::new();
        let mut lessons: Vec<(Taught, String, Millis)> = Vec::new();
        let mut finish = |lessons: &mut Vec<(Taught, String, Millis)>| {
            let signs = |kind: Kind| matches!(kind, Kind::Writer | Kind::Unit);
            let names = lessons.iter().filter(|(l, _, _)| signs(l.kind));
            let sender = names.map(|(l, _, _)| l.name.clone()).min();
            let sender = sender.unwrap_or_default();
            for (lesson, origin, at) in lessons.drain(..) {
                if !ignored.contains(&lesson.name) {
                    told(&Row {
                        lesson,
                        sender: &sender,
                        origin: &origin,
                        at,
                    });
                }
            }
        };
        while let Some(row) = rows.next()? {
            let source = row.get_ref(0)?.as_str().unwrap_or_default();
            if source != registration {
                finish(&mut lessons);
                source.clone_into(&mut registration);
            }
            let lesson = Taught {
                kind: row.get(1)?,
                name: row.get(2)?,
                within: row.get(3)?,
            };
            lessons.push((lesson, row.get(4)?, row.get(5)?));
        }
        finish(&mut lessons);
        Ok(())
    }

    /// Names that are not to be heeded, whatever was registered.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn ignored_names(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT DISTINCT name FROM taught WHERE source = ?1 ORDER BY name")?;
        let rows = query.query_map([IGNORED], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Heeds a name no longer, or again; `false` where that changes nothing. The ledger tells it by the name's hash: it may be a person's.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn ignore_name(
        &mut self,
        name: &str,
        ignored: Ignored,
        by: &str,
    ) -> Result<bool, StoreError> {
        self.atomically(|db| {
            let (sql, action) = match ignored {
                Ignored::Yes => (
                    "INSERT OR IGNORE INTO taught (source, kind, name, origin, at_ms)
                     SELECT DISTINCT ?1, kind, name, ?1, ?3 FROM taught WHERE name = ?2",
                    "lexicon.ignored",
                ),
                Ignored::No => (
                    "DELETE FROM taught WHERE source = ?1 AND name = ?2 AND ?3 > 0",
                    "lexicon.heeded",
                ),
            };
            let changed = db.connection.execute(sql, (IGNORED, name, clock::now()))?;
            if changed > 0 {
                let detail = json!({"name_sha256": digest::sha256_hex(name.as_bytes())});
                ledger::append(&db.connection, by, action, "lexicon", &detail)?;
            }
            Ok(changed > 0)
        })
    }

    /// How proposals fared, the oldest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn outcomes(&self) -> Result<Vec<Outcome>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT field, confidence, accepted, vetoed, proposed, is_right, at_ms FROM outcomes ORDER BY at_ms, letter_id, field",
        )?;
        let rows = query.query_map([], |row| {
            Ok(Outcome {
                graded: Graded {
                    field: row.get(0)?,
                    confidence: row.get(1)?,
                    accepted: row.get(2)?,
                    vetoed: row.get(3)?,
                    proposed: row.get(4)?,
                    right: row.get(5)?,
                },
                at: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Thresholds that hold instead of the shipped ones.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn thresholds(&self) -> Result<Thresholds, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT field, threshold FROM thresholds WHERE undone_ms IS NULL ORDER BY id",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Thresholds(rows.collect::<Result<BTreeMap<_, _>, _>>()?))
    }

    /// Takes thresholds over, together, with who signed beside; the number of the change.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn apply_thresholds(
        &mut self,
        proposals: &[Proposal],
        (by, approved_by): (&str, Option<&str>),
    ) -> Result<i64, StoreError> {
        self.atomically(|db| {
            let change: i64 = db
                .connection
                .query_row("SELECT coalesce(max(change), 0) + 1 FROM thresholds", [], |row| row.get(0))?;
            for p in proposals {
                db.connection.execute(
                    "INSERT INTO thresholds (change, field, threshold, before, applied_by, applied_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    (change, &p.field, p.after, p.before, by, clock::now()),
                )?;
            }
            let fields: Vec<_> = proposals.iter().map(|p| json!({"field": p.field, "before": p.before, "after": p.after})).collect();
            let subject = format!("thresholds/{change}");
            ledger::append(&db.connection, by, "thresholds.applied", &subject, &with_approval(json!({"fields": fields}), approved_by))?;
            Ok(change)
        })
    }

    /// Takes the newest change of thresholds back; `None` when none is left.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn undo_thresholds(
        &mut self,
        (by, approved_by): (&str, Option<&str>),
    ) -> Result<Option<i64>, StoreError> {
        self.atomically(|db| {
            let newest: Option<i64> = db.connection.query_row(
                "SELECT max(change) FROM thresholds WHERE undone_ms IS NULL",
                [],
                |row| row.get(0),
            )?;
            if let Some(change) = newest {
                db.connection.execute(
                    "UPDATE thresholds SET undone_by = ?2, undone_ms = ?3 WHERE change = ?1 AND undone_ms IS NULL",
                    (change, by, clock::now()),
                )?;
                let subject = format!("thresholds/{change}");
                ledger::append(&db.connection, by, "thresholds.undone", &subject, &with_approval(json!({}), approved_by))?;
            }
            Ok(newest)
        })
    }

    /// Every change of thresholds, the newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn threshold_changes(&self) -> Result<Vec<ThresholdChange>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT change, field, threshold, before, applied_by, applied_ms, undone_by, undone_ms FROM thresholds ORDER BY id DESC",
        )?;
        let rows = query.query_map([], |row| {
            let undone: (Option<String>, Option<Millis>) = (row.get(6)?, row.get(7)?);
            Ok(ThresholdChange {
                change: row.get(0)?,
                field: row.get(1)?,
                threshold: row.get(2)?,
                before: row.get(3)?,
                by: row.get(4)?,
                at: row.get(5)?,
                undone: undone.0.zip(undone.1),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
