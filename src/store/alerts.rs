//! Alerts about letters: raised once each, acknowledged by a named person, going up until then. No letter's words.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::vouch::{self, ALERTS};
use super::{Db, DraftState, Hindrance, Message, StoreError};
use crate::clock::{self, Millis};
use crate::domain::access::{Action, Holder, Role, Scope, Seer, Sight, Unseen, may};
use crate::domain::alarm::{Code, Decides, Escalation, HIGHEST, Verdict, level, raised};
use crate::domain::draft::Fields;
use crate::domain::letter::Carrier;

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What a case system that has the letter is told of a decided threat.
pub(super) const THREAT_CONFIRMED: &str = "threat_confirmed";
/// The same of a false alarm.
pub(super) const THREAT_WITHDRAWN: &str = "threat_withdrawn";

/// Nobody has decided it. That something is sensitive needs no decision: who has seen it may say so.
pub(super) const OPEN: &str =
    "(acked_ms IS NULL OR verdict = 'doubted' OR verdict = 'noted' AND code <> 'sensitive')";

impl AlertRow {
    /// An operator takes it for a false alarm, and no officer has decided.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        matches!(self.acked, Some((_, _, Verdict::Doubted)))
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

const ALERT: &str = "SELECT id, letter_id, code, raised_ms, level, level_ms, acked_by, acked_ms, verdict, note FROM alerts";

fn alert(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    let (by, at, verdict): (Option<String>, Option<Millis>, Option<Verdict>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(AlertRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        code: row.get(2)?,
        raised: row.get(3)?,
        level: row.get(4)?,
        level_since: row.get(5)?,
        acked: by
            .zip(at)
            .zip(verdict)
            .map(|((by, at), verdict)| (by, at, verdict)),
        note: row.get(9)?,
    })
}

impl Db {
    /// Raises what a draft raises and what was not raised of this letter before.
    pub(super) fn raise_alerts(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        for code in raised(fields) {
            let id: Option<i64> = self
                .connection
                .prepare_cached(
                    "INSERT INTO alerts (letter_id, code, raised_ms, level_ms) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING RETURNING id",
                )?
                .query_row((letter, code, clock::now()), |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                if code == Code::Threat {
                    self.weigh(letter)?;
                }
                let detail = json!({"letter": letter, "code": code});
                vouch::append(
                    &self.connection,
                    ("task/read", "alert.raised"),
                    (ALERTS, &id.to_string()),
                    detail,
                )?;
            }
        }
        Ok(())
    }

    /// Opens anew what a page raises that is read for the first time, where somebody answered before it was: he spoke of other words. A
    /// threat that was confirmed stays one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn raise_again(&mut self, letter: &str, fields: &Fields) -> Result<Vec<Code>, StoreError> {
        let mut again = Vec::new();
        for code in raised(fields) {
            let id: Option<i64> = self
                .connection
                .prepare_cached(
                    "UPDATE alerts SET raised_ms = ?3, level = 0, level_ms = ?3, acked_by = NULL, acked_ms = NULL, verdict = NULL, note = NULL
                     WHERE letter_id = ?1 AND code = ?2 AND acked_ms IS NOT NULL AND verdict IS NOT ?4 RETURNING id",
                )?
                .query_row((letter, code, clock::now(), Verdict::Confirmed), |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                if code == Code::Threat {
                    self.weigh(letter)?;
                }
                let (by, id) = (("task/read", "alert.raised"), id.to_string());
                let detail = json!({"letter": letter, "code": code, "again": true});
                vouch::append(&self.connection, by, (ALERTS, &id), detail)?;
                again.push(code);
            }
        }
        Ok(again)
    }

    /// A letter with a threat that nobody has called a false alarm is as urgent as express mail: read and offered before others.
    fn weigh(&self, letter: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE letters SET urgent = EXISTS (SELECT 1 FROM alerts WHERE letter_id = ?1 AND code = ?2 AND verdict IS NOT ?3)
                 OR EXISTS (SELECT 1 FROM batches b WHERE b.id = batch_id AND b.carrier IN (?4, ?5)) WHERE id = ?1",
            )?
            .execute((letter, Code::Threat, Verdict::FalseAlarm, Carrier::Express, Carrier::Telegram))?;
        Ok(())
    }

    /// Whether an alert is shown to this seer: who may see the letter, and whoever it has gone up to.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its letter.
    pub fn may_know_of_alert(&self, seer: &Seer, alert: &AlertRow) -> Result<bool, StoreError> {
        if seer.holder == Holder::Machine(Scope::CaseSystem) {
            // To an office's own system once it is known whom the page accuses that raised it: at once where the draft that it holds says so.
            let is_known = self.unit_of(&seer.actor)?.is_none()
                || self.is_settled(&alert.letter)?
                || self.holds_what_raises(&seer.actor, alert)?;
            let is_for_machines = is_known && alert.code != Code::PageKeptBack;
            return Ok(is_for_machines
                && self.may_know_of(seer, &alert.letter)?
                && !self.is_held_by_another(&seer.actor, &alert.letter)?);
        }
        let gone_up = alert.level >= HIGHEST && seer.holder == Holder::Person(Role::Administrator);
        Ok(match self.sight(seer, &alert.letter)? {
            Sight::Full | Sight::Masked | Sight::No(Unseen::ReasonAsked) => true,
            Sight::No(Unseen::Restricted) => gone_up,
            Sight::No(_) => false,
        })
    }

    /// Whether this system holds a draft that raises this alert; what was handed over knows nothing of later pages.
    fn holds_what_raises(&self, actor: &str, alert: &AlertRow) -> Result<bool, StoreError> {
        match self.draft(&alert.letter) {
            Ok(row) => Ok(row.state != DraftState::Open
                && row.claimed_by.as_deref() == Some(actor)
                && raised(&row.draft.fields).contains(&alert.code)),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Alerts after this number, oldest first; open ones only, if so wanted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alerts(
        &self,
        after: i64,
        wanted: AlertsWanted,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let open = match wanted {
            AlertsWanted::Open => format!("AND {OPEN}"),
            AlertsWanted::All => String::new(),
        };
        let mut query = self.connection.prepare_cached(&format!(
            "{ALERT} WHERE id > ?1 {open} ORDER BY id LIMIT ?2"
        ))?;
        let rows = query.query_map((after, limit), alert)?;
        Ok(rows.collect::<Result<_, _>>()?)
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
    pub(super) fn alerts_of(&self, letter: &str) -> Result<Vec<AlertRow>, StoreError> {
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
            if known.acked.as_ref().is_some_and(|(_, _, before)| before.is_last()) {
                return refused("decided already");
            }
            let verdict = said.of(known.code, decides(seer));
            // What a letter is not, says who may read it. That a threat is one may be said at once.
            let is_read = matches!(db.sight(seer, &known.letter)?, Sight::Full | Sight::Masked);
            let clears = verdict == Verdict::FalseAlarm || known.code == Code::PageKeptBack;
            if clears && !is_read {
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
            db.connection.execute(
                "UPDATE alerts SET acked_by = ?2, acked_ms = ?3, verdict = ?4, note = ?5 WHERE id = ?1",
                (id, by, clock::now(), verdict, note),
            )?;
            if known.code == Code::Threat {
                db.weigh(&known.letter)?;
            }
            let detail = json!({"letter": known.letter, "code": known.code, "verdict": verdict});
            vouch::append(&db.connection, (by, "alert.acknowledged"), (ALERTS, &id.to_string()), detail)?;
            if known.code == Code::Threat && verdict.is_last() {
                let kind = if verdict == Verdict::Confirmed { THREAT_CONFIRMED } else { THREAT_WITHDRAWN };
                db.amend(&known.letter, kind, by)?;
            }
            db.alert(id)
        })
    }

    /// Alerts that nobody decided in time go up; those that did.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn escalate_alerts(&mut self, rules: Escalation) -> Result<Vec<AlertRow>, StoreError> {
        let now = clock::now();
        let mut risen = Vec::new();
        for open in self.alerts(0, AlertsWanted::Open, 1000)? {
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

    /// The newest alert's number.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_alert(&self) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT coalesce(max(id), 0) FROM alerts", [], |row| {
                row.get(0)
            })?)
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
