//! Which office stands behind a case system: a token by its unit, an exchange folder by the settings; and whether a letter accuses it, as the
//! roster calls everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::named_offices::OfficeWord;
use super::packages::BROKERS;
use super::{Db, DraftState, StoreError};
use crate::config::{self, Settings};
use crate::domain::access::{
    Holder, Interest, Role, Scope, Seer, goes_to_accused, is_accused, meets_accused,
};
use crate::domain::double_entry::EntryField;
use crate::domain::draft::{Accused, Draft, Fields};
use crate::domain::roster::Roster;

/// What comparing offices needs; nothing of it for a database beside any settings.
#[derive(Debug, Default)]
pub(super) struct Offices {
    /// As it is in force: `store/office.rs`.
    pub(super) roster: Arc<Roster>,
    /// `exchange/ID`, or the brokers' channel → its unit.
    exchanges: BTreeMap<String, String>,
    /// Every `exchange/ID`, and the brokers' channel.
    folders: Vec<String>,
    /// The units of webhooks.
    hooks: Vec<String>,
    /// The fields that are keyed twice.
    keyed_twice: Vec<EntryField>,
}

impl Offices {
    /// Of these settings. A roster that does not load stops the station elsewhere.
    pub(super) fn of(settings: &Settings) -> Self {
        let named = |exchange: &config::Exchange| {
            Some((format!("exchange/{}", exchange.id), exchange.unit.clone()?))
        };
        let office = settings.office.iter();
        let office = office.filter_map(|one| Some((BROKERS.to_owned(), one.unit.clone()?)));
        Self {
            roster: Arc::new(config::load_toml(&settings.registration.roster).unwrap_or_default()),
            exchanges: settings
                .exchanges
                .iter()
                .filter_map(named)
                .chain(office)
                .collect(),
            folders: settings
                .exchanges
                .iter()
                .map(|exchange| format!("exchange/{}", exchange.id))
                .chain(settings.office.iter().map(|_| BROKERS.to_owned()))
                .collect(),
            hooks: settings
                .webhooks
                .iter()
                .filter_map(|hook| hook.unit.clone())
                .collect(),
            keyed_twice: settings.registration.double_entry.clone(),
        }
    }

    /// Every exchange folder, and the brokers, by the actor name.
    pub(super) fn folders(&self) -> &[String] {
        &self.folders
    }

    /// The fields that this office wants keyed twice.
    pub(super) fn keyed_twice(&self) -> &[EntryField] {
        &self.keyed_twice
    }
}

impl Offices {
    /// Whether a letter that accuses these touches this interest.
    pub(super) fn accuse(&self, accused: &[Accused], interest: &Interest) -> bool {
        meets_accused(interest, accused, &self.roster)
    }
}

/// A case system by its actor name, as the one who wants to see a letter.
pub(super) fn case_system(actor: &str) -> Seer {
    Seer {
        actor: actor.to_owned(),
        holder: Holder::Machine(Scope::CaseSystem),
    }
}

impl Db {
    /// Everybody whom letters may be addressed to.
    pub(super) fn roster(&self) -> &Roster {
        &self.offices.roster
    }

    /// The offices of case systems, as tokens and settings name them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn units(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT unit FROM tokens WHERE unit IS NOT NULL AND revoked_ms IS NULL",
        )?;
        let tokens = query.query_map([], |row| row.get(0))?;
        let mut units: Vec<String> = tokens.collect::<Result<_, _>>()?;
        units.extend(self.offices.exchanges.values().cloned());
        units.extend(self.offices.hooks.iter().cloned());
        Ok(units)
    }

    /// The offices of exchange folders, as the settings name them.
    pub(super) fn units_of_folders(&self) -> Vec<String> {
        self.offices.exchanges.values().cloned().collect()
    }

    /// The office of a token or an exchange folder, by its actor name.
    pub(super) fn unit_of(&self, actor: &str) -> Result<Option<String>, StoreError> {
        if let Some(unit) = self.offices.exchanges.get(actor) {
            return Ok(Some(unit.clone()));
        }
        let Some(name) = actor.strip_prefix("token/") else {
            return Ok(None);
        };
        let unit: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT unit FROM tokens WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(unit.flatten())
    }

    /// Whether a registration accuses its addressee, or the unit that would receive it.
    pub(super) fn goes_to_accused(&self, fields: &Fields, unit: Option<&str>) -> bool {
        goes_to_accused(fields, unit, &self.offices.roster)
    }

    /// Whether a letter accuses the office that would receive it: as it is registered, by a page that came later, or by an officer's word.
    pub(super) fn accuses(
        &self,
        letter: &str,
        fields: &Fields,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        if self.goes_to_accused(fields, unit) {
            return Ok(true);
        }
        match unit {
            Some(unit) => self.accuses_office(letter, fields, unit),
            None => Ok(false),
        }
    }

    /// The same of the office alone, whoever the letter is addressed to.
    pub(super) fn accuses_office(
        &self,
        letter: &str,
        fields: &Fields,
        unit: &str,
    ) -> Result<bool, StoreError> {
        let mut accused = self.later_accused(letter)?;
        accused.extend(fields.accused.iter().cloned());
        Ok(
            is_accused(&accused, std::iter::once(unit), &self.offices.roster)
                || self.office_word(letter, Some(unit))? == OfficeWord::Accused,
        )
    }

    /// Whether a draft is kept from the system of this office: it accuses that office, or an officer has not said yet whether it does.
    pub(super) fn may_accuse(
        &self,
        letter: &str,
        fields: &Fields,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        Ok(self.waits_for_word(letter, fields, unit)? || self.accuses(letter, fields, unit)?)
    }

    /// Whether an officer has to say first whom a letter accuses, or whether it accuses the office of which it speaks.
    pub(super) fn waits_for_word(
        &self,
        letter: &str,
        fields: &Fields,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        Ok(unit.is_some()
            && (self.accused_is_open(letter, fields)?
                || self.office_word(letter, unit)? == OfficeWord::Open))
    }

    /// Whether no officer here has read a draft that would go to the system of this office: also where drafts are offered as they are read, it waits for one,
    /// since no rule sees all that can be said of an office. Read it has who confirmed it, unless he is an operator, or judged whether it accuses that office.
    pub(super) fn is_unread_for(
        &self,
        draft: &Draft,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        Ok(unit.is_some()
            && !self.is_confirmed_by_officer(draft)?
            && self.office_words(&draft.letter, unit)?.is_empty())
    }

    fn is_confirmed_by_officer(&self, draft: &Draft) -> Result<bool, StoreError> {
        let Some(confirmed) = &draft.confirmed else {
            return Ok(false);
        };
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM users WHERE name = ?1 AND role = ?2")?;
        Ok(!query.exists((&confirmed.by, Role::Operator))?)
    }

    /// The same for the office whose system this is, of a draft that nobody has.
    pub(super) fn waits_for_reader(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        let row = self.draft(letter)?;
        Ok(row.state == DraftState::Open
            && self.is_unread_for(&row.draft, self.unit_of(&seer.actor)?.as_deref())?)
    }

    /// Whether the letter accuses the office whose system this is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub(super) fn accuses_unit_of(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        match self.unit_of(&seer.actor)? {
            Some(unit) => self.accuses(letter, &self.draft(letter)?.draft.fields, Some(&unit)),
            None => Ok(false),
        }
    }

    /// A letter's draft as a channel may have it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn draft_for(&self, channel: &str, letter: &str) -> Result<Draft, StoreError> {
        let mut draft = self.draft(letter)?.draft;
        self.without_unseen(&case_system(channel), &mut draft)?;
        Ok(draft)
    }

    /// Whether a letter is kept from the office whose system this is. What it has registered it keeps as it has it: that a page came which accuses it,
    /// it would learn by not finding its own letter any more.
    pub(super) fn is_kept_from_office_of(
        &self,
        seer: &Seer,
        letter: &str,
    ) -> Result<bool, StoreError> {
        let Some(unit) = self.unit_of(&seer.actor)? else {
            return Ok(false);
        };
        let row = self.draft(letter)?;
        let fields = &row.draft.fields;
        match row.state {
            DraftState::Acked => Ok(self.goes_to_accused(fields, Some(&unit))),
            // It was handed this draft; of a page that came since it is asked elsewhere.
            DraftState::Leased => Ok(self.accused_is_open(letter, fields)?
                || self.accuses(letter, fields, Some(&unit))?),
            DraftState::Open => self.may_accuse(letter, fields, Some(&unit)),
        }
    }

    /// Whether the roster knows an office: one that it does not know is found among the accused by its very words only. `None` without a roster.
    #[must_use]
    pub fn knows_office(&self, unit: &str) -> Option<bool> {
        let roster = &self.offices.roster;
        (!roster.orgs.is_empty()).then(|| roster.organisation(unit).is_some())
    }
}
