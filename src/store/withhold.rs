//! Letters that are withheld: opened by mistake and returned unread, withdrawn with a reason, destroyed by policy. Nothing disappears: the
//! originals stay until a destruction that two people approved, and what is left of that is a tombstone.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::alerts::OPEN;
use super::amiss::beside_held;
use super::drafts::written;
use super::handed_out::REINSTATED;
use super::held::letters_of_held;
use super::vouch::{self, RETENTIONS};
use super::{Db, DraftRow, DraftState, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::config::Retention;
use crate::domain::draft::{Draft, Fields};
use crate::domain::grouping::hold;
use crate::domain::intake::ArrivalState;
use crate::domain::keeping::Withheld;
use crate::domain::letter::Stage;

/// Why a letter is withheld, by whom, since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withholding {
    /// Why.
    pub kind: Withheld,
    /// In words.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// Since when.
    pub at: Millis,
}

/// A file out of which an original came that is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOf {
    /// The letter.
    pub letter: String,
    /// The file's arrival.
    pub arrival: String,
    /// The scanner.
    pub source: String,
    /// Name below the scanner's folder.
    pub name: String,
    /// Where it lay when it was held, below the scanner's folder.
    pub kept_as: Option<String>,
    /// The original's hash.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
}

/// A destruction that was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRow {
    /// Number.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// The policy.
    pub policy: String,
    /// By whom.
    pub proposed_by: String,
    /// When.
    pub proposed: Millis,
    /// Approved by whom, if it was.
    pub approved_by: Option<String>,
    /// Refused by whom, if it was.
    pub refused_by: Option<String>,
}

/// As refusals name it.
const DESTROY: &str = "destroy";
/// Whether an original, `t` of the tombstones, was destroyed after it came as `a` of the arrivals: by the order of the ledger, whatever clocks said. What no
/// entry says to be destroyed stays.
pub(super) const BURIED_SINCE: &str =
    "coalesce((SELECT max(l.seq) FROM retentions r JOIN ledger l ON l.subject = 'letter/' || r.letter_id AND l.action = 'letter.destroyed' WHERE r.id = t.retention_id)
     > coalesce((SELECT max(l.seq) FROM ledger l WHERE l.subject = 'arrival/' || a.id AND l.action IN ('page.arrived', 'page.held', 'page.set_aside')), 0), 0)";
const DROPPED: &str = "retention.dropped";

fn wrong(why: Hindrance, letter: &str, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        why,
        what: "letter",
        id: letter.to_owned(),
        state: state.to_owned(),
        action,
    }
}

fn subject(letter: &str) -> String {
    format!("letter/{letter}")
}

impl Db {
    /// Why the letter is withheld, if it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn withholding(&self, letter: &str) -> Result<Option<Withholding>, StoreError> {
        self.connection
            .prepare_cached("SELECT withheld, withheld_reason, withheld_by, withheld_ms FROM letters WHERE id = ?1")?
            .query_row([letter], |row| {
                let kind: Option<Withheld> = row.get(0)?;
                let Some(kind) = kind else {
                    return Ok(None);
                };
                Ok(Some(Withholding {
                    kind,
                    reason: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    by: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    at: row.get::<_, Option<Millis>>(3)?.unwrap_or(Millis(0)),
                }))
            })
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "letter",
                id: letter.to_owned(),
            })
    }

    /// Refuses to show, read or hand over a letter that is withheld.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn not_withheld(&self, letter: &str, action: &'static str) -> Result<(), StoreError> {
        match self.withholding(letter)? {
            None => Ok(()),
            Some(held) => Err(wrong(Hindrance::Withheld, letter, held.kind.told(), action)),
        }
    }

    /// 误拆: the letter goes back unread. Whatever was read of it already is forgotten; its images stay, and are not shown. That a case system once
    /// had it is kept: what it registered is acknowledged, and told as withdrawn.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] once it is with a case system, or withheld, while something enclosed is not on record as given back, and while it raises an
    /// alert that nobody has decided: afterwards nobody could read it.
    pub fn return_unread(
        &mut self,
        letter: &str,
        reason: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.in_hand(letter, "return unread")?;
            db.nothing_open(letter, false, "return unread")?;
            db.no_alert_open(letter, "return unread")?;
            let later = db.later_alike(letter)?;
            let handed_out = db.draft(letter).ok().filter(|row| row.offered > 0);
            let forgotten = db.forget_text(letter)?;
            if let Some(row) = handed_out {
                db.keep_emptied(&row)?;
            }
            db.connection.execute(
                "UPDATE letters SET stage = ?2 WHERE id = ?1 AND stage = ?3",
                (letter, Stage::Drafted, Stage::Confirmed),
            )?;
            db.withhold(letter, Withheld::ReturnedUnread, reason, by)?;
            db.compare_later(letter, later)?;
            let detail = json!({"reason": reason, "forgotten": forgotten});
            ledger::append(
                &db.connection,
                by,
                "letter.returned_unread",
                &subject(letter),
                &detail,
            )
        })
    }

    /// Withdraws a letter, e.g. one that was scanned twice, and with it what was found of it. Nothing of it is deleted.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] once it is with a case system, or withheld, while something enclosed is open, and while it raises an alert that nobody has
    /// decided.
    pub fn withdraw(&mut self, letter: &str, reason: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.no_alert_open(letter, "withdraw")?;
            db.put_away(letter, reason, by)?;
            db.findings_go_with(letter, (by, reason))
        })
    }

    fn no_alert_open(&self, letter: &str, action: &'static str) -> Result<(), StoreError> {
        let sql = format!("SELECT 1 FROM alerts WHERE letter_id = ?1 AND {OPEN}");
        match self.connection.prepare_cached(&sql)?.exists([letter])? {
            true => Err(wrong(
                Hindrance::Held,
                letter,
                "raising an alert that nobody has decided",
                action,
            )),
            false => Ok(()),
        }
    }

    /// Withdraws a letter; what was found of it stays to be answered.
    pub(super) fn put_away(
        &mut self,
        letter: &str,
        reason: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.in_hand(letter, "withdraw")?;
            db.nothing_open(letter, false, "withdraw")?;
            let later = db.later_alike(letter)?;
            db.withhold(letter, Withheld::Withdrawn, reason, by)?;
            db.unlearn(letter)?;
            db.compare_later(letter, later)?;
            ledger::append(
                &db.connection,
                by,
                "letter.withdrawn",
                &subject(letter),
                &json!({"reason": reason}),
            )
        })
    }

    /// Takes a withdrawal back.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] unless it is withdrawn.
    pub fn reinstate(&mut self, letter: &str, reason: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let withdrawn = match db.withholding(letter)? {
                Some(held) if held.kind == Withheld::Withdrawn => held,
                Some(held) => return Err(wrong(Hindrance::Withheld, letter, held.kind.told(), "reinstate")),
                None => return Err(wrong(Hindrance::NotSo, letter, "not withdrawn", "reinstate")),
            };
            // What was asked of pages that are in another letter now is asked there.
            let is_emptied = db.page_ids(letter)?.is_empty();
            if !is_emptied {
                db.findings_come_back(letter, &withdrawn)?;
            }
            db.connection.execute(
                "UPDATE letters SET withheld = NULL, withheld_reason = NULL, withheld_by = NULL, withheld_ms = NULL,
                 version = version + 1 WHERE id = ?1",
                [letter],
            )?;
            let row = match db.draft(letter) {
                Ok(row) => Some(row),
                Err(StoreError::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
            if let Some(row) = row.as_ref().filter(|row| row.draft.confirmed.is_some()) {
                db.learn_from(&row.draft)?;
            }
            let drafted = row.as_ref().map(|row| row.draft.letter.clone());
            db.compare_later(letter, drafted.into_iter().collect())?;
            let (batch, group): (i64, String) = db.connection.query_row(
                "SELECT batch_id, group_name FROM letters WHERE id = ?1",
                [letter],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if !is_emptied {
                beside_held(&db.connection, (batch, letter), &group, (hold::IMAGE_HELD, Millis(0)))?;
            }
            ledger::append(&db.connection, by, "letter.reinstated", &subject(letter), &json!({"reason": reason}))?;
            match row {
                Some(row) if row.state == DraftState::Acked => db.amend(letter, REINSTATED, by),
                _ => Ok(()),
            }
        })
    }

    fn in_hand(&self, letter: &str, action: &'static str) -> Result<(), StoreError> {
        self.not_withheld(letter, action)?;
        let row = self.letter_row(letter)?;
        if row.stage == Stage::Registered {
            return Err(wrong(
                Hindrance::Registered,
                letter,
                "registered with the case system",
                action,
            ));
        }
        match self.draft(letter) {
            Ok(draft) if draft.state != DraftState::Open => Err(wrong(
                Hindrance::WithCaseSystem,
                letter,
                "with a case system",
                action,
            )),
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn withhold(
        &self,
        letter: &str,
        kind: Withheld,
        reason: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE letters SET withheld = ?2, withheld_reason = ?3, withheld_by = ?4, withheld_ms = ?5, version = version + 1
             WHERE id = ?1",
            (letter, kind, reason, by, clock::now()),
        )?;
        Ok(())
    }

    /// Forgets what was read and drafted. The ledger is told which rows went, so that their absence is no break.
    fn forget_text(&self, letter: &str) -> Result<serde_json::Value, StoreError> {
        let ids = |sql: &str| -> Result<Vec<i64>, StoreError> {
            let mut query = self.connection.prepare(sql)?;
            let rows = query.query_map([letter], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let pages = ids(
            "SELECT DISTINCT r.page_id FROM readings r JOIN pages p ON p.id = r.page_id WHERE p.letter_id = ?1",
        )?;
        let corrections = ids("SELECT id FROM corrections WHERE letter_id = ?1")?;
        for sql in [
            "DELETE FROM readings WHERE page_id IN (SELECT id FROM pages WHERE letter_id = ?1)",
            "DELETE FROM corrections WHERE letter_id = ?1",
            "DELETE FROM drafts WHERE letter_id = ?1",
            "DELETE FROM earlier WHERE letter_id = ?1",
            "DELETE FROM proposals WHERE letter_id = ?1",
            "DELETE FROM outcomes WHERE letter_id = ?1",
            "DELETE FROM taught WHERE source = 'letter/' || ?1",
        ] {
            self.connection.execute(sql, [letter])?;
        }
        self.forget_later(letter)?;
        self.unindex(letter)?;
        self.forget_answers(letter)?;
        Ok(json!({"pages": pages, "corrections": corrections}))
    }

    /// The place of a draft that was handed out, with nothing of the letter's content in it.
    fn keep_emptied(&self, row: &DraftRow) -> Result<(), StoreError> {
        let emptied = Draft {
            fields: Fields::default(),
            missing: Vec::new(),
            deadlines: Vec::new(),
            deadlines_to_come: Vec::new(),
            second_entries: Vec::new(),
            visitor: None,
            confirmed: None,
            notes: Vec::new(),
            ..row.draft.clone()
        };
        self.connection.execute(
            "INSERT INTO drafts (letter_id, body, created_ms, updated_ms, claimed_by, offered) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                &emptied.letter,
                written(&emptied)?,
                row.created,
                clock::now(),
                &row.claimed_by,
                row.offered,
            ),
        )?;
        Ok(())
    }

    /// Since when nothing more is done with a letter: it is registered or withheld, and its last page came. All of it is the station's own record:
    /// what a person types as received does not make a letter old, nor does a clock that jumped. Never later than now.
    fn done_with_since(&self, letter: &str, action: &'static str) -> Result<Millis, StoreError> {
        let (since, actions) = match self.withholding(letter)? {
            Some(held) if held.kind == Withheld::Destroyed => {
                return Err(wrong(Hindrance::Withheld, letter, held.kind.told(), action));
            }
            Some(held) => (held.at, "'letter.withdrawn', 'letter.returned_unread'"),
            None => {
                let registered: Option<Millis> = self
                    .connection
                    .prepare_cached(
                        "SELECT d.acked_ms FROM letters l JOIN drafts d ON d.letter_id = l.id WHERE l.id = ?1 AND l.stage = ?2",
                    )?
                    .query_row((letter, Stage::Registered), |row| row.get(0))
                    .optional()?
                    .flatten();
                let state = "neither registered nor withdrawn";
                let at =
                    registered.ok_or_else(|| wrong(Hindrance::NotSo, letter, state, action))?;
                (at, "'draft.acked'")
            }
        };
        let (done, came): (Option<i64>, Option<i64>) = self.connection.prepare_cached(&format!(
            "SELECT (SELECT max(seq) FROM ledger WHERE subject = 'letter/' || ?1 AND action IN ({actions})),
             max((SELECT max(seq) FROM ledger WHERE subject = 'letter/' || ?1 AND action IN ('letter.begun', 'pages.moved', 'pages.received', 'pages.ordered')),
             (SELECT coalesce(max(seq), 0) FROM ledger WHERE (action, subject) IN
              (SELECT 'page.arrived', 'arrival/' || arrival_id FROM pages WHERE letter_id = ?1
               UNION ALL SELECT 'page.kind_set', 'page/' || id FROM pages WHERE letter_id = ?1)))",
        ))?.query_row([letter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let last_came: Millis = self.connection.query_row(
            "SELECT last_arrival_ms FROM letters WHERE id = ?1",
            [letter],
            |row| row.get(0),
        )?;
        let done = self.there_since(done, since)?;
        Ok(done.max(self.there_since(came, last_came)?))
    }

    /// What has to hold of a letter that is destroyed: when it is proposed, and when that is approved. Its time is over by a clock that is not in doubt.
    fn may_be_destroyed(&self, letter: &str, years: i64) -> Result<(), StoreError> {
        self.time_has_passed(DESTROY)?;
        let since = self.done_with_since(letter, DESTROY)?;
        let over = since.zoned().checked_add(jiff::Span::new().years(years));
        if !over.is_ok_and(|over| over <= clock::now().zoned()) {
            let state = format!(
                "done with since {} (jumps of the clock left out), not yet {years} years",
                since.day()
            );
            return Err(wrong(Hindrance::TooEarly, letter, &state, DESTROY));
        }
        self.nothing_open(letter, false, DESTROY)?;
        let sql = format!(
            "SELECT 1 FROM ({}) h JOIN arrivals a ON a.id = h.arrival WHERE h.letter = ?1 AND a.state = ?2",
            letters_of_held()
        );
        if self
            .connection
            .prepare_cached(&sql)?
            .exists((letter, ArrivalState::Held))?
        {
            let state = "named by a file that is held: its words would stay";
            return Err(wrong(Hindrance::FileUndecided, letter, state, DESTROY));
        }
        match self.is_lent(letter)? {
            true => Err(wrong(Hindrance::Lent, letter, "lent out", DESTROY)),
            false => Ok(()),
        }
    }

    /// Proposes to destroy a letter whose time is over.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] unless it is registered or withheld, before its time, while its paper is lent out, a file of it is held, something of it is
    /// open, or another proposal is.
    pub fn propose_destruction(
        &mut self,
        letter: &str,
        (policy, years): (&str, i64),
        by: &str,
    ) -> Result<i64, StoreError> {
        self.atomically(|db| {
            db.let_sign_first(by, DESTROY)?;
            db.may_be_destroyed(letter, years)?;
            let open: bool = db.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM retentions WHERE letter_id = ?1 AND approved_ms IS NULL AND refused_ms IS NULL)",
                [letter],
                |row| row.get(0),
            )?;
            if open {
                return Err(wrong(Hindrance::Decided, letter, "proposed already", DESTROY));
            }
            db.connection.execute(
                "INSERT INTO retentions (letter_id, policy, proposed_by, proposed_ms) VALUES (?1, ?2, ?3, ?4)",
                (letter, policy, by, clock::now()),
            )?;
            let id = db.connection.last_insert_rowid();
            let what = (RETENTIONS, id.to_string());
            vouch::append(&db.connection, (by, "retention.proposed"), (what.0, &what.1), json!({"letter": letter}))?;
            Ok(id)
        })
    }

    /// One proposal.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn retention(&self, id: i64) -> Result<RetentionRow, StoreError> {
        self.connection
            .query_row(
                "SELECT id, letter_id, policy, proposed_by, proposed_ms, approved_by, refused_by FROM retentions WHERE id = ?1",
                [id],
                retention,
            )
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "retention",
                id: id.to_string(),
            })
    }

    /// Proposals that nobody decided yet.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_retentions(&self) -> Result<Vec<RetentionRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, letter_id, policy, proposed_by, proposed_ms, approved_by, refused_by FROM retentions
             WHERE approved_ms IS NULL AND refused_ms IS NULL ORDER BY id",
        )?;
        let rows = query.query_map([], retention)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Destructions that were approved.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn approved_retentions(&self) -> Result<Vec<RetentionRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, letter_id, policy, proposed_by, proposed_ms, approved_by, refused_by FROM retentions
             WHERE approved_ms IS NOT NULL ORDER BY id",
        )?;
        let rows = query.query_map([], retention)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A proposal that nobody decided yet and that is this person's to decide.
    fn to_be_decided(&self, id: i64, by: &str) -> Result<RetentionRow, StoreError> {
        let found = self.retention(id)?;
        let refused = |why, state: &str| StoreError::WrongState {
            why,
            what: "retention",
            id: id.to_string(),
            state: state.to_owned(),
            action: "decide",
        };
        if self.was_dropped(id)? {
            let state = "dropped when the clock that proposed it was set right and confirmed";
            return Err(refused(Hindrance::Dropped, state));
        }
        if found.approved_by.is_some() || found.refused_by.is_some() {
            return Err(refused(Hindrance::Decided, "decided already"));
        }
        match self.one_hand(&found.proposed_by, by)? {
            Some(hand) => Err(refused(hand.why(), &hand.state("proposed by"))),
            None => Ok(found),
        }
    }

    /// A second person refuses: the letter stays.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for the person who proposed it, and when it is decided already.
    pub fn refuse_destruction(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.to_be_decided(id, by)?;
            db.end_proposal(&found, ("retention.refused", by))
        })
    }

    /// The clock that proposed it was ahead.
    pub(super) fn drop_proposal(&self, found: &RetentionRow, by: &str) -> Result<(), StoreError> {
        self.end_proposal(found, (DROPPED, by))
    }

    fn was_dropped(&self, id: i64) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM ledger WHERE subject = ?1 AND action = ?2")?;
        Ok(query.exists((format!("{}/{id}", RETENTIONS.prefix), DROPPED))?)
    }

    /// The proposal is over, and the letter stays.
    fn end_proposal(
        &self,
        found: &RetentionRow,
        (action, by): (&str, &str),
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE retentions SET refused_by = ?2, refused_ms = ?3 WHERE id = ?1",
            (found.id, by, clock::now()),
        )?;
        self.decided(action, found, by)
    }

    fn decided(&self, action: &str, found: &RetentionRow, by: &str) -> Result<(), StoreError> {
        let (key, detail) = (found.id.to_string(), json!({"letter": found.letter}));
        vouch::append(&self.connection, (by, action), (RETENTIONS, &key), detail)
    }

    /// A second person approves: the letter's text goes now and its originals as soon as this is on the disk (see [`Db::destroyed_originals`]); their
    /// tombstones stay. `policies` are those of the settings now: whatever the proposal was checked for is checked again.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] as for a proposal, for the person who proposed it, and when it is decided already.
    pub fn approve_destruction(
        &mut self,
        id: i64,
        policies: &[Retention],
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.to_be_decided(id, by)?;
            let letter = found.letter.as_str();
            let Some(policy) = policies.iter().find(|known| known.policy == found.policy) else {
                let state = format!(
                    "proposed under policy {}, which the settings no longer have",
                    found.policy
                );
                return Err(wrong(Hindrance::NotSo, letter, &state, DESTROY));
            };
            db.may_be_destroyed(letter, policy.years())?;
            db.connection.execute(
                "UPDATE retentions SET approved_by = ?2, approved_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            db.decided("retention.approved", &found, by)?;
            let later = db.later_alike(letter)?;
            let forgotten = db.forget_text(letter)?;
            let originals = db.bury(letter, id)?;
            db.withhold(letter, Withheld::Destroyed, &found.policy, by)?;
            db.compare_later(letter, later)?;
            let detail = json!({"retention": id, "originals": originals, "forgotten": forgotten});
            ledger::append(
                &db.connection,
                by,
                "letter.destroyed",
                &subject(letter),
                &detail,
            )
        })
    }

    /// Tombstones for the originals that no other letter has.
    fn bury(&self, letter: &str, retention: i64) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare(
            "INSERT OR REPLACE INTO tombstones (sha256, sm3, size, retention_id, destroyed_ms)
             SELECT p.sha256, p.sm3, p.size, ?2, ?3 FROM pages p WHERE p.letter_id = ?1 AND NOT EXISTS
             (SELECT 1 FROM pages q JOIN letters o ON o.id = q.letter_id WHERE q.sha256 = p.sha256 AND q.letter_id <> ?1
              AND o.withheld IS NOT 'destroyed') GROUP BY p.sha256 RETURNING sha256",
        )?;
        let rows = query.query_map((letter, retention, clock::now()), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Originals whose bytes are to be gone. One that came again later is not among them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn destroyed_originals(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare(
            &format!("SELECT sha256 FROM tombstones t WHERE NOT EXISTS
             (SELECT 1 FROM arrivals a WHERE a.sha256 = t.sha256 AND NOT {BURIED_SINCE}) ORDER BY sha256"),
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The files out of which destroyed originals came; of one letter, or all. An original that came again later is not among them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn scans_of_destroyed(&self, letter: Option<&str>) -> Result<Vec<ScanOf>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT r.letter_id, b.id, b.source, b.name, b.kept_as, t.sha256, t.size FROM tombstones t
             JOIN retentions r ON r.id = t.retention_id JOIN arrivals b ON b.sha256 = t.sha256
             WHERE r.letter_id = coalesce(?1, r.letter_id) AND b.state IN (?2, ?3) AND NOT EXISTS
             (SELECT 1 FROM arrivals a WHERE a.sha256 = t.sha256 AND NOT {BURIED_SINCE}) ORDER BY b.id",
        ))?;
        let states = (letter, ArrivalState::Taken, ArrivalState::SetAside);
        let rows = query.query_map(states, |row| {
            Ok(ScanOf {
                letter: row.get(0)?,
                arrival: row.get(1)?,
                source: row.get(2)?,
                name: row.get(3)?,
                kept_as: row.get(4)?,
                sha256: row.get(5)?,
                size: row.get::<_, i64>(6)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that the scans of destroyed originals were removed from the scanners' folders, of these arrivals.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_scans_destroyed(
        &mut self,
        (scans, removed): (&[ScanOf], &[String]),
        by: &str,
    ) -> Result<(), StoreError> {
        for scan in scans.iter().filter(|scan| removed.contains(&scan.arrival)) {
            let detail = json!({"arrival": scan.arrival, "sha256": scan.sha256});
            self.record(by, "scan.destroyed", &subject(&scan.letter), &detail)?;
        }
        Ok(())
    }
}

fn retention(row: &rusqlite::Row<'_>) -> rusqlite::Result<RetentionRow> {
    Ok(RetentionRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        policy: row.get(2)?,
        proposed_by: row.get(3)?,
        proposed: row.get(4)?,
        approved_by: row.get(5)?,
        refused_by: row.get(6)?,
    })
}
