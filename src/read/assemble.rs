//! Pages read → one draft: what the pages say, joined with what the station knows about the letter's way.

use std::path::Path;
use std::sync::Arc;

use super::meaning::Model;
use crate::clock::Millis;
use crate::config::{self, Settings};
use crate::domain::deadline::{Holidays, Profile, TableFault};
use crate::domain::draft::{Disinfection, Draft, DraftPage, Fields, Override};
use crate::domain::extract::{Meaning, extract_by_meaning, remarks};
use crate::domain::roster::Roster;
use crate::domain::text::{PageKind, PageText};
use crate::store::{Batch, CycleRecord, Load, PAGE_BLANK, PAGE_UNREAD, ReadPage, SpokenOf};

/// What belongs to the office rather than to a letter.
#[derive(Debug, Clone)]
pub struct Office {
    /// Its name.
    pub name: String,
    /// Its addressees.
    pub roster: Arc<Roster>,
    /// Its deadlines.
    pub deadlines: Arc<Profile>,
    /// What helps to tell threats.
    pub meaning: Option<Arc<Model>>,
}

/// Loads the office's files. What an administrator has set since stands in the store: [`crate::store::Db::office_in_force`].
///
/// # Errors
/// [`config::ConfigError`] with file, line and key.
pub fn office(settings: &Settings) -> Result<Office, config::ConfigError> {
    let mut deadlines: Profile = config::load_toml(&settings.registration.deadlines)?;
    if let Some(file) = &settings.registration.holidays {
        deadlines.holidays = holidays(file)?;
    }
    Ok(Office {
        name: settings.station.name.clone(),
        roster: Arc::new(config::load_roster(&settings.registration.roster)?),
        deadlines: Arc::new(deadlines),
        meaning: Some(Arc::new(Model::of(&settings.reading.models_dir))),
    })
}

/// The yearly tables; a mistake in them is refused, since nobody would notice a wrong due date.
fn holidays(file: &Path) -> Result<Holidays, config::ConfigError> {
    let table: Holidays = config::load_toml(file)?;
    let Some(fault) = table.faults().into_iter().next() else {
        return Ok(table);
    };
    let (key, found) = match &fault {
        TableFault::Twice { year } => ("year", year.to_string()),
        TableFault::Both { day } | TableFault::NoWeekend { day } => ("worked", day.clone()),
        TableFault::NoSuchDay { day, .. } => ("off, worked", day.clone()),
    };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().position(|line| line.contains(&found));
    Err(config::ConfigError::Refused {
        file: file.to_owned(),
        line: line.map_or(1, |at| at + 1),
        key: key.into(),
        message: fault.to_string(),
    })
}

impl Office {
    /// What some pages say by themselves.
    pub fn fields(&self, pages: &[PageText]) -> Fields {
        self.fields_received(pages, None)
    }

    fn fields_received(&self, pages: &[PageText], received_on: Option<&str>) -> Fields {
        let meaning = self.meaning.as_deref().map(|m| m as &dyn Meaning);
        extract_by_meaning(pages, &self.roster, received_on, meaning)
    }

    /// Of which offices a letter speaks with these fields.
    pub(super) fn spoken_of(
        &self,
        letter: &str,
        (pages, fields): (&[ReadPage], &Fields),
        units: &[String],
    ) -> SpokenOf {
        let texts: Vec<PageText> = pages.iter().filter_map(text).collect();
        SpokenOf::of(letter, (&texts, fields), &self.roster, units)
    }

    /// The draft of one letter.
    pub fn draft(
        &self,
        letter: &str,
        pages: &[ReadPage],
        batch: &Batch,
        load: &Load,
        cycle: Option<&CycleRecord>,
    ) -> Draft {
        let texts: Vec<PageText> = pages.iter().filter_map(text).collect();
        let received = batch.received.day();
        let mut fields = self.fields_received(&texts, Some(&received));
        let is_open = |page: &ReadPage| page.reading.is_none() && page.kind != PageKind::Retaken;
        if pages.iter().any(is_open) {
            fields.withdraw_anonymity();
        }
        Draft {
            letter: letter.to_owned(),
            station: self.name.clone(),
            received_at: Some(batch.received.rfc3339()),
            pages: pages
                .iter()
                .map(|page| DraftPage {
                    n: page.n,
                    kind: page.kind,
                    sha256: page.sha256.clone(),
                    sm3: page.sm3.clone(),
                })
                .collect(),
            disinfection: Some(disinfection(load, cycle)),
            other_disinfections: Vec::new(),
            missing: fields.missing(),
            notes: notes(pages, &texts, &fields),
            deadlines: self.deadlines.due(&received, &fields),
            deadlines_to_come: self.deadlines.to_come(&fields),
            second_entries: Vec::new(),
            visitor: None,
            fields,
            confirmed: None,
        }
    }
}

/// A page as text; none that is not read.
pub(crate) fn text(page: &ReadPage) -> Option<PageText> {
    let reading = page.reading.as_ref()?;
    Some(PageText {
        n: page.n,
        kind: page.kind,
        width: reading.width,
        height: reading.height,
        lines: reading.lines.clone(),
    })
}

/// What a person has to know beside the fields: pages that could not be read, text that is no Chinese, whom to call (SZ 7.3.2).
fn notes(pages: &[ReadPage], texts: &[PageText], fields: &Fields) -> Vec<String> {
    let mut notes: Vec<String> = pages.iter().filter_map(note).collect();
    notes.extend(remarks(texts, fields));
    let (missing, phone) = (fields.missing_elements(), fields.first_phone());
    if let (false, Some(_)) = (missing.is_empty(), phone) {
        notes.push(format!("needs_call: {}", missing.join(",")));
    }
    notes
}

fn note(page: &ReadPage) -> Option<String> {
    // Another image of the same sheet stands in its place.
    if page.kind == PageKind::Retaken {
        return None;
    }
    match (&page.problem, &page.reading) {
        (Some(code), Some(_)) if code == PAGE_BLANK => Some(format!("page_blank: {}", page.n)),
        (Some(code), _) => Some(format!("page_unreadable: {} ({code})", page.n)),
        (None, None) => Some(format!("{PAGE_UNREAD}: {}", page.n)),
        (None, Some(_)) => None,
    }
}

/// How a load was disinfected.
pub(super) fn disinfection(load: &Load, cycle: Option<&CycleRecord>) -> Disinfection {
    Disinfection {
        cycle: cycle.map(|cycle| CycleRecord::number(cycle.id)),
        released_at: load.released.map(Millis::rfc3339),
        dose_mj_cm2: cycle.and_then(|cycle| cycle.dose_mj_cm2),
        r#override: load.overridden.clone().map(|signed| Override {
            by: signed.by,
            approved_by: signed.approved_by,
            reason: signed.reason,
            at: signed.at.rfc3339(),
        }),
    }
}
