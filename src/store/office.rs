//! The office's roster and deadlines as they are in force: what an administrator set last at the console, otherwise what the files of the settings say;
//! and who is let in to restricted letters without being on each one's list.
//!
//! A setting lives in the ledger, whole: its newest entry holds. So every change is on record with whoever made it, none can be slipped in, and an
//! earlier one is taken up again by setting it anew.

use std::sync::Arc;

use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Db, StoreError, ledger};
use crate::clock::Millis;
use crate::domain::access::Lists;
use crate::domain::deadline::Profile;
use crate::domain::roster::Roster;

/// Roster and deadlines of the files, and of which entry of the ledger those are that hold.
#[derive(Debug, Default)]
pub(super) struct InForce {
    roster_of_file: Arc<Roster>,
    pub(super) deadlines_of_file: Option<Arc<Profile>>,
    /// None for a command beside the station.
    pub(super) deadlines: Option<Arc<Profile>>,
    /// Who is let in to restricted letters.
    pub(super) lists: Lists,
    /// The newest entry that was taken up; `None`: not looked for.
    seen: Option<i64>,
}

impl InForce {
    /// What was taken up may have been undone.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }
}

/// What an administrator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfficeSetting {
    /// The roster.
    Roster,
    /// The deadlines.
    Deadlines,
    /// Who is let in to restricted letters.
    Lists,
}

impl OfficeSetting {
    pub(super) fn subject(self) -> &'static str {
        match self {
            Self::Roster => "settings/roster",
            Self::Deadlines => "settings/deadlines",
            Self::Lists => "settings/lists",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Roster => "roster.set",
            Self::Deadlines => "deadlines.set",
            Self::Lists => "lists.set",
        }
    }
}

/// One change of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// The entry of the ledger.
    pub seq: i64,
    /// Who.
    pub by: String,
    /// Who signed beside him.
    pub approved_by: Option<String>,
    /// When.
    pub at: Millis,
    /// Back to what the file of the settings says.
    pub is_file: bool,
}

#[derive(Deserialize)]
struct Detail {
    approved_by: Option<String>,
    value: Option<Value>,
}

fn document<T: serde::de::DeserializeOwned>(seq: i64, text: Value) -> Result<T, StoreError> {
    serde_json::from_value(text).map_err(|source| StoreError::Document {
        what: "setting of the ledger's entry",
        id: seq.to_string(),
        source,
    })
}

impl Db {
    /// Begins with the files of the settings and takes up what was set in their place.
    pub(super) fn begin_with_office(&mut self) -> Result<(), StoreError> {
        self.office.roster_of_file = Arc::clone(&self.offices.roster);
        self.take_office_up()
    }

    /// Takes up what was set since the last look.
    pub(super) fn take_office_up(&mut self) -> Result<(), StoreError> {
        let newest: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(seq) FROM ledger WHERE subject IN ('settings/roster', 'settings/deadlines', 'settings/lists')")?
            .query_row([], |row| row.get(0))?;
        let newest = newest.unwrap_or(0);
        if self.office.seen != Some(newest) {
            self.take_office_up_anew()?;
            self.office.seen = Some(newest);
        }
        Ok(())
    }

    pub(super) fn take_office_up_anew(&mut self) -> Result<(), StoreError> {
        self.offices.roster = match self.set_last(OfficeSetting::Roster)? {
            Some((seq, roster)) => Arc::new(document(seq, roster)?),
            None => Arc::clone(&self.office.roster_of_file),
        };
        self.office.deadlines = match (
            self.set_last(OfficeSetting::Deadlines)?,
            &self.office.deadlines_of_file,
        ) {
            (Some((seq, profile)), Some(file)) => {
                let profile: Profile = document(seq, profile)?;
                Some(Arc::new(Profile {
                    holidays: file.holidays.clone(),
                    ..profile
                }))
            }
            (_, file) => file.clone(),
        };
        self.office.lists = match self.set_last(OfficeSetting::Lists)? {
            Some((seq, lists)) => document(seq, lists)?,
            None => Lists::default(),
        };
        Ok(())
    }

    /// What was set last; `None` where the file holds.
    fn set_last(&self, setting: OfficeSetting) -> Result<Option<(i64, Value)>, StoreError> {
        let last: Option<(i64, String)> = self
            .connection
            .prepare_cached(
                "SELECT seq, detail FROM ledger WHERE subject = ?1 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([setting.subject()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((seq, detail)) = last else {
            return Ok(None);
        };
        let detail: Detail = self.setting_detail(seq, &detail)?;
        Ok(detail.value.map(|value| (seq, value)))
    }

    fn setting_detail(&self, seq: i64, detail: &str) -> Result<Detail, StoreError> {
        serde_json::from_str(detail).map_err(|source| StoreError::Document {
            what: "setting of the ledger's entry",
            id: seq.to_string(),
            source,
        })
    }

    /// Roster and deadlines to read letters with.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn office_in_force(&mut self) -> Result<(Arc<Roster>, Arc<Profile>), StoreError> {
        self.take_office_up()?;
        Ok((self.roster_in_force(), self.deadlines_in_force()))
    }

    /// Everybody whom letters may be addressed to.
    pub fn roster_in_force(&self) -> Arc<Roster> {
        Arc::clone(&self.offices.roster)
    }

    /// The deadlines that due dates are counted by; none for a command beside the station.
    pub fn deadlines_in_force(&self) -> Arc<Profile> {
        self.office.deadlines.clone().unwrap_or_default()
    }

    /// Who is let in to restricted letters.
    pub fn lists_in_force(&self) -> &Lists {
        &self.office.lists
    }

    /// The roster of the settings' file.
    pub fn roster_of_file(&self) -> Arc<Roster> {
        Arc::clone(&self.office.roster_of_file)
    }

    /// Every change of a setting, the newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn setting_changes(
        &self,
        setting: OfficeSetting,
    ) -> Result<Vec<SettingChange>, StoreError> {
        let entries = self.ledger_of(setting.subject())?.into_iter().rev();
        entries
            .map(|entry| {
                let detail = self.setting_detail(entry.seq, &entry.detail)?;
                Ok(SettingChange {
                    seq: entry.seq,
                    by: entry.actor,
                    approved_by: detail.approved_by,
                    at: entry.at,
                    is_file: detail.value.is_none(),
                })
            })
            .collect()
    }

    /// What an earlier change had set; `None` where it had gone back to the file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a number that is none of a change of this setting.
    pub fn set_by(&self, setting: OfficeSetting, seq: i64) -> Result<Option<Value>, StoreError> {
        let entries = self.ledger_of(setting.subject())?;
        let entry = entries.into_iter().find(|entry| entry.seq == seq);
        let entry = entry.ok_or_else(|| StoreError::NotFound {
            what: "change of this setting",
            id: seq.to_string(),
        })?;
        Ok(self.setting_detail(seq, &entry.detail)?.value)
    }

    /// The roster that an earlier change had set.
    ///
    /// # Errors
    /// As [`Db::set_by`].
    pub fn roster_set_by(&self, seq: i64) -> Result<Arc<Roster>, StoreError> {
        match self.set_by(OfficeSetting::Roster, seq)? {
            Some(roster) => Ok(Arc::new(document(seq, roster)?)),
            None => Ok(self.roster_of_file()),
        }
    }

    /// The deadlines that an earlier change had set; 0: those of the settings' file.
    ///
    /// # Errors
    /// As [`Db::set_by`].
    pub fn deadlines_set_by(&self, seq: i64) -> Result<Profile, StoreError> {
        let set = match seq {
            0 => None,
            seq => self.set_by(OfficeSetting::Deadlines, seq)?,
        };
        match set {
            Some(profile) => document(seq, profile),
            None => Ok(self
                .office
                .deadlines_of_file
                .as_deref()
                .cloned()
                .unwrap_or_default()),
        }
    }

    fn set(
        &mut self,
        setting: OfficeSetting,
        value: Option<Value>,
        (by, approved_by): (&str, Option<&str>),
    ) -> Result<(), StoreError> {
        let mut detail = json!({"value": value});
        if let Some(approved_by) = approved_by {
            detail["approved_by"] = json!(approved_by);
        }
        ledger::append(
            &self.connection,
            by,
            setting.action(),
            setting.subject(),
            &detail,
        )?;
        self.take_office_up()
    }

    /// Puts a roster in force, `None` for the file's. Drafts of these letters are made anew with it, out of what was read; what people corrected stays.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn set_roster(
        &mut self,
        roster: Option<&Roster>,
        letters: &[String],
        by: (&str, Option<&str>),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let value = roster.map(|roster| json!(roster));
            db.set(OfficeSetting::Roster, value, by)?;
            let open = db.open_drafts()?;
            for letter in letters.iter().filter(|letter| open.contains(letter)) {
                db.connection.execute(
                    "UPDATE letters SET drafted_ms = NULL WHERE id = ?1",
                    [letter],
                )?;
            }
            Ok(())
        })
    }

    /// Puts deadlines in force, `None` for the file's, and counts again what is due; how many drafts have other due dates now.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn set_deadlines(
        &mut self,
        profile: Option<&Profile>,
        by: (&str, Option<&str>),
    ) -> Result<usize, StoreError> {
        self.atomically(|db| {
            let value = profile.map(|profile| json!(profile));
            db.set(OfficeSetting::Deadlines, value, by)?;
            db.count_due_again()
        })
    }

    /// Puts into force who is let in to restricted letters.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn set_lists(&mut self, lists: &Lists, by: (&str, Option<&str>)) -> Result<(), StoreError> {
        self.atomically(|db| db.set(OfficeSetting::Lists, Some(json!(lists)), by))
    }

    /// The lists that an earlier change had set; 0: nobody's.
    ///
    /// # Errors
    /// As [`Db::set_by`].
    pub fn lists_set_by(&self, seq: i64) -> Result<Lists, StoreError> {
        let set = match seq {
            0 => None,
            seq => self.set_by(OfficeSetting::Lists, seq)?,
        };
        set.map_or(Ok(Lists::default()), |lists| document(seq, lists))
    }

    /// Letters with a draft that nobody has confirmed and no case system has registered.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_drafts(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT letter_id FROM drafts WHERE confirmed_ms IS NULL AND state <> 'acked' ORDER BY letter_id",
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
