//! Alerts about letters: raised once each, acknowledged by a named person, going up until then. The words that raised them: `store/grounds.rs`.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::grounds::Grounds;
use super::vouch::{self, ALERTS};
use super::{Db, DraftState, Hindrance, Message, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::{Action, Holder, Scope, Seer, Sight, Unseen, may};
use crate::domain::alarm::{Code, Decides, Escalation, HIGHEST, Verdict, level, raised};
use crate::domain::draft::Fields;
use crate::domain::letter::Carrier;

/// One alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    /// Number, rising.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// What was seen.
    pub code: Code,
    /// When.
    pub raised: Millis,
    /// 0: the mailroom, 1: confirming officers, 2: administrators.
    pub level: i64,
    /// On this level since.
    pub level_since: Millis,
    /// Who acknowledged it, when, and what he says.
    pub acked: Option<(String, Millis, Verdict)>,
    /// In words.
    pub note: Option<String>,
    pub(super) grounds: Grounds,
}

/// What a case system that has the letter is told of a decided threat.
pub(super) const THREAT_CONFIRMED: &str = "threat_confirmed";
/// The same of a false alarm.
pub(super) const THREAT_WITHDRAWN: &str = "threat_withdrawn";

/// Nobody has decided it, and its letter has pages. That something is sensitive needs no decision: who has seen it may say so. What an emptied letter raised
/// is raised by the one that has its pages now.
pub(super) const OPEN: &str = "((acked_ms IS NULL OR verdict = 'doubted' OR verdict = 'noted' AND code <> 'sensitive')
    AND letter_id NOT IN (SELECT from_letter FROM page_moves WHERE NOT EXISTS (SELECT 1 FROM pages WHERE pages.letter_id = from_letter)))";

impl AlertRow {
    /// An operator takes it for a false alarm, and no officer has decided.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        matches!(self.acked, Some((_, _, Verdict::Doubted)))
    }

    /// Nobody has decided it.
    pub(super) fn is_open(&self) -> bool {
        match &self.acked {
            None => true,
            Some((_, _, Verdict::Noted)) => self.code != Code::Sensitive,
            Some((_, _, verdict)) => !verdict.is_last(),
        }
    }

    /// Whether an open alert waits for this seer: one that an operator doubts waits for an officer, and for the case system.
    #[must_use]
    pub fn waits_for(&self, seer: &Seer) -> bool {
        let is_his_colleagues =
            matches!(seer.holder, Holder::Person(_)) && decides(seer) == Decides::No;
        !(self.is_doubted() && is_his_colleagues)
    }
}

/// Whether somebody may say for good that a threat is none.
fn decides(seer: &Seer) -> Decides {
    match may(seer.holder, Action::DecideAccess) {
        true => Decides::Yes,
        false => Decides::No,
    }
}

const ALERT: &str = "SELECT id, letter_id, code, raised_ms, level, level_ms, acked_by, acked_ms, verdict, note, later FROM alerts";

fn alert(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    let (by, at, verdict): (Option<String>, Option<Millis>, Option<Verdict>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    let (code, later): (Code, Option<String>) = (row.get(2)?, row.get(10)?);
    Ok(AlertRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        code,
        raised: row.get(3)?,
        level: row.get(4)?,
        level_since: row.get(5)?,
        acked: by
            .zip(at)
            .zip(verdict)
            .map(|((by, at), verdict)| (by, at, verdict)),
        note: row.get(9)?,
        grounds: Grounds::read(code, later.as_deref()),
    })
}

impl Db {
    /// Raises what a draft raises and what was not raised of this letter before.
    pub(super) fn raise_alerts(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        if self.is_emptied(letter)? {
            return Ok(());
        }
        for code in raised(fields) {
            self.raise_alert(letter, code)?;
        }
        Ok(())
    }

    /// Raises one alert, unless it was raised of this letter before.
    pub(super) fn raise_alert(&self, letter: &str, code: Code) -> Result<(), StoreError> {
        let id: Option<i64> = self
            .connection
            .prepare_cached(
                "INSERT INTO alerts (letter_id, code, raised_ms, level_ms) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((letter, code, clock::now()), |row| row.get(0))
            .optional()?;
        let Some(id) = id else {
            return Ok(());
        };
        if code == Code::Threat {
            self.weigh(letter)?;
        }
        let detail = json!({"letter": letter, "code": code});
        vouch::append(
            &self.connection,
            ("task/read", "alert.raised"),
            (ALERTS, &id.to_string()),
            detail,
        )
    }

    /// A letter with a threat that nobody has called a false alarm, or that a person calls urgent, is as urgent as express mail: read and offered before others.
    pub(super) fn weigh(&self, letter: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE letters SET urgent = EXISTS (SELECT 1 FROM alerts WHERE letter_id = ?1 AND code = ?2 AND verdict IS NOT ?3)
                 OR EXISTS (SELECT 1 FROM drafts d WHERE d.letter_id = ?1 AND d.body ->> '$.fields.urgent_reason' IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM batches b WHERE b.id = batch_id AND b.carrier IN (?4, ?5)) WHERE id = ?1",
            )?
            .execute((letter, Code::Threat, Verdict::FalseAlarm, Carrier::Express, Carrier::Telegram))?;
        Ok(())
    }

    /// Whether an alert is shown to this seer: who may see the letter, and administrators once it has gone up to them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its letter.
    pub fn may_know_of_alert(&self, seer: &Seer, alert: &AlertRow) -> Result<bool, StoreError> {
        if seer.holder == Holder::Machine(Scope::CaseSystem) {
            // To an office's own system once it is known whom the page accuses that raised it: at once where the draft that it holds says so.
            let is_known = self.unit_of(&seer.actor)?.is_none()
                || self.is_settled(&alert.letter)?
                || self.holds_what_raises(&seer.actor, alert)?;
            // What it has registered says so, whatever a page accuses since.
            let keeps = self.keeps_what_raises(&seer.actor, alert)?
                && self.sight(seer, &alert.letter)?.is_full();
            let is_for_machines = is_known && alert.code != Code::PageKeptBack;
            return Ok(keeps
                || is_for_machines
                    && self.may_know_of(seer, &alert.letter)?
                    && !self.is_held_by_another(&seer.actor, &alert.letter)?);
        }
        Ok(match self.sight(seer, &alert.letter)? {
            Sight::Full | Sight::Masked | Sight::No(Unseen::ReasonAsked) => true,
            // It has gone up to those who see no letter, and hear its number.
            Sight::No(Unseen::Role) => {
                alert.level >= HIGHEST
                    && may(seer.holder, Action::Alerts)
                    && !self.standing(seer, &alert.letter)?.is_recused
            }
            Sight::No(_) => false,
        })
    }

    /// Whether this system holds a draft that raises this alert; what was handed over knows nothing of later pages.
    fn holds_what_raises(&self, actor: &str, alert: &AlertRow) -> Result<bool, StoreError> {
        Ok(self.state_of_what_raises(actor, alert)? != DraftState::Open)
    }

    /// Whether it has registered it.
    fn keeps_what_raises(&self, actor: &str, alert: &AlertRow) -> Result<bool, StoreError> {
        Ok(self.state_of_what_raises(actor, alert)? == DraftState::Acked)
    }

    /// Where the draft stands that raises it; open unless it is with this system.
    fn state_of_what_raises(
        &self,
        actor: &str,
        alert: &AlertRow,
    ) -> Result<DraftState, StoreError> {
        let row = match self.draft(&alert.letter) {
            Ok(row) => row,
            Err(StoreError::NotFound { .. }) => return Ok(DraftState::Open),
            Err(error) => return Err(error),
        };
        let is_its = row.claimed_by.as_deref() == Some(actor)
            && raised(&row.draft.fields).contains(&alert.code);
        Ok(if is_its { row.state } else { DraftState::Open })
    }

    /// Alerts as they were raised, also those that were raised again, each with the number of the entry that says so: after this entry, oldest first; open ones
    /// only, if so wanted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alerts(
        &self,
        after: i64,
        wanted: AlertsWanted,
        limit: u32,
    ) -> Result<Vec<(i64, AlertRow)>, StoreError> {
        let open = match wanted {
            AlertsWanted::Open => format!("AND {OPEN}"),
            AlertsWanted::All => String::new(),
        };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT a.*, coalesce(l.seq, a.id) AS place FROM ({ALERT}) a LEFT JOIN ledger l ON l.subject = 'alert/' || a.id AND l.action = 'alert.raised'
             WHERE place > ?1 {open} ORDER BY place LIMIT ?2"
        ))?;
        let rows = query.query_map((after, limit), |row| Ok((row.get(11)?, alert(row)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Alerts that nobody has decided, by number.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_alerts(&self, limit: u32) -> Result<Vec<AlertRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{ALERT} WHERE {OPEN} ORDER BY id LIMIT ?1"))?;
        let rows = query.query_map([limit], alert)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Alerts that the ledger says were raised, or raised again, after this entry, and its newest entry.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn raised_since(&self, entry: i64) -> Result<(Vec<AlertRow>, i64), StoreError> {
        let newest = ledger::newest(&self.connection)?;
        let mut query = self.connection.prepare_cached(&format!(
            "{ALERT} WHERE id IN (SELECT CAST(substr(subject, 7) AS INTEGER) FROM ledger
             WHERE seq > ?1 AND seq <= ?2 AND +action = 'alert.raised') ORDER BY id"
        ))?;
        let rows = query.query_map((entry, newest), alert)?;
        Ok((rows.collect::<Result<_, _>>()?, newest))
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn alert(&self, id: i64) -> Result<AlertRow, StoreError> {
        self.connection
            .query_row(&format!("{ALERT} WHERE id = ?1"), [id], alert)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "alert",
                id: id.to_string(),
            })
    }

    /// A letter's alerts.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alerts_of(&self, letter: &str) -> Result<Vec<AlertRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{ALERT} WHERE letter_id = ?1 ORDER BY id"))?;
        let rows = query.query_map([letter], alert)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A letter's alert of one kind, if it was raised.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub(super) fn alert_of(
        &self,
        letter: &str,
        code: Code,
    ) -> Result<Option<AlertRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{ALERT} WHERE letter_id = ?1 AND code = ?2"))?;
        Ok(query.query_row((letter, code), alert).optional()?)
    }

    /// The alert that a message tells of.
    pub(super) fn alert_told(&self, message: &Message) -> Result<Option<AlertRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{ALERT} WHERE letter_id = ?1 AND code = ?2"))?;
        let told = (&message.letter, &message.code);
        Ok(query.query_row(told, alert).optional()?)
    }

    /// A named person has seen an alert and says what it is. One that is only noted stays open, and goes up, until somebody decides it. An operator's word
    /// that a threat or a secret mark is a false alarm is noted, and a confirming officer decides.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] once it is decided; for an operator also where it waits for an officer, unless he confirms it; for whoever has not the
    /// letter before him where his word would clear it.
    pub fn acknowledge_alert(
        &mut self,
        id: i64,
        (said, note): (Verdict, Option<&str>),
        seer: &Seer,
    ) -> Result<AlertRow, StoreError> {
        let by = seer.actor.as_str();
        self.atomically(|db| {
            let known = db.alert(id)?;
            let refused = |state: &str| {
                Err(StoreError::WrongState {
                    why: Hindrance::Decided,
                    what: "alert",
                    id: id.to_string(),
                    state: state.into(),
                    action: "acknowledge",
                })
            };
            if known
                .acked
                .as_ref()
                .is_some_and(|(_, _, before)| before.is_last())
            {
                return refused("decided already");
            }
            let verdict = said.of(known.code, decides(seer));
            // What a letter is not, says who may read it. That a threat is one may be said at once, but not by a role that never sees a letter.
            let is_read = matches!(db.sight(seer, &known.letter)?, Sight::Full | Sight::Masked);
            let clears = said == Verdict::FalseAlarm || known.code == Code::PageKeptBack;
            let is_blind = said == Verdict::Confirmed && !may(seer.holder, Action::ReadLetters);
            // A threat is dismissed by nobody who has not had the letter before him, all of it.
            let is_grave = matches!(known.code, Code::Threat | Code::SecretMark);
            let is_unopened = said == Verdict::FalseAlarm
                && is_grave
                && matches!(seer.holder, Holder::Person(_))
                && !db.has_opened(by, &known.letter)?;
            if (clears || is_blind) && !is_read || is_unopened {
                return Err(StoreError::WrongState {
                    why: Hindrance::NotOpened,
                    what: "alert",
                    id: id.to_string(),
                    state: "about a letter that you have not opened, or may not see".into(),
                    action: "acknowledge",
                });
            }
            if known.is_doubted() && decides(seer) == Decides::No && verdict != Verdict::Confirmed {
                return refused("doubted already, and a confirming officer's to decide");
            }
            db.answer_alert(&known, (verdict, note), by)?;
            db.alert(id)
        })
    }

    pub(super) fn answer_alert(
        &self,
        known: &AlertRow,
        (verdict, note): (Verdict, Option<&str>),
        by: &str,
    ) -> Result<(), StoreError> {
        let stays = verdict == Verdict::FalseAlarm && self.stays_confirmed(known, (by, note))?;
        if !stays {
            self.connection.execute(
                "UPDATE alerts SET acked_by = ?2, acked_ms = ?3, verdict = ?4, note = ?5 WHERE id = ?1",
                (known.id, by, clock::now(), verdict, note),
            )?;
        }
        match (known.code, verdict) {
            (Code::Threat, _) => self.weigh(&known.letter)?,
            (Code::SecretMark, Verdict::FalseAlarm) => {
                self.unmark_kept_page(&known.letter, (by, note))?;
            }
            _ => {}
        }
        let detail = json!({"letter": known.letter, "code": known.code, "verdict": verdict});
        let (about, id) = ((by, "alert.acknowledged"), known.id.to_string());
        vouch::append(&self.connection, about, (ALERTS, &id), detail)?;
        if known.code == Code::Threat && verdict.is_last() && !stays {
            let kind = match verdict {
                Verdict::Confirmed => THREAT_CONFIRMED,
                _ => THREAT_WITHDRAWN,
            };
            self.amend(&known.letter, kind, by)?;
        }
        Ok(())
    }

    /// Alerts that nobody decided in time go up; those that did.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn escalate_alerts(&mut self, rules: Escalation) -> Result<Vec<AlertRow>, StoreError> {
        let now = clock::now();
        let mut risen = Vec::new();
        for open in self.open_alerts(1000)? {
            let next = level(open.level, (now.0 - open.level_since.0) / 60_000, rules);
            if next == open.level {
                continue;
            }
            risen.push(self.atomically(|db| {
                db.connection.execute(
                    &format!(
                        "UPDATE alerts SET level = ?2, level_ms = ?3 WHERE id = ?1 AND {OPEN}"
                    ),
                    (open.id, next, now),
                )?;
                let detail = json!({"letter": open.letter, "code": open.code, "level": next});
                vouch::append(
                    &db.connection,
                    ("task/alerts", "alert.escalated"),
                    (ALERTS, &open.id.to_string()),
                    detail,
                )?;
                db.alert(open.id)
            })?);
        }
        Ok(risen)
    }
}

/// Which alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertsWanted {
    /// Nobody has decided them.
    Open,
    /// Every one.
    All,
}
