//! What raised an alert, page by page, and what was answered before it was raised again: who answered earlier answered other words. What is quoted of a page
//! reads whoever may read that page.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::units::case_system;
use super::vouch::{self, ALERTS};
use super::{AlertRow, Db, DraftRow, DraftState, Message, PageRow, ReadPage, StoreError};
use crate::clock::{self, Millis};
use crate::domain::access::{Holder, Scope, Seer};
use crate::domain::alarm::{Code, Verdict, flag_of, raised};
use crate::domain::draft::{Fields, Flag};
use crate::domain::text::{PageKind, Quad};
use crate::domain::zones::fold;

/// What stands between several sentences of a quotation.
const BETWEEN: &str = "……";

/// What raised an alert and was answered of it; the newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Grounds {
    #[serde(default)]
    quotes: Vec<Quoted>,
    #[serde(default)]
    earlier: Vec<Answer>,
    /// Answers that a later page's words are nothing, where what had been confirmed before stays confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aside: Vec<Answer>,
}

/// What one page says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Quoted {
    /// SHA-256 of the page.
    page: String,
    text: String,
    quad: Option<Quad>,
    /// How often the alert had been answered by then, of the answers that hold or were another's before.
    answered: usize,
    /// Somebody had answered by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_late: bool,
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answer {
    raised_ms: i64,
    level: i64,
    by: String,
    at_ms: i64,
    verdict: Verdict,
    note: Option<String>,
}

/// An answer to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertAnswer {
    /// Who.
    pub by: String,
    /// When.
    pub at: Millis,
    /// What he said.
    pub verdict: Verdict,
    /// In words.
    pub note: Option<String>,
    /// The alert was raised again since: he had not read what did.
    pub is_before: bool,
}

/// What a page says that raised an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertQuote {
    /// Its number within the letter, from 1.
    pub page: u32,
    /// It came after the letter was handed over, or after somebody had answered.
    pub is_late: bool,
    /// Its words; empty where none are kept.
    pub text: String,
    /// Their place.
    pub quad: Option<Quad>,
}

impl Grounds {
    /// As the store keeps it; of an alert about pages that are kept back it keeps something else there.
    pub(super) fn read(code: Code, kept: Option<&str>) -> Self {
        let kept = kept.filter(|_| code != Code::PageKeptBack);
        kept.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn quote(&mut self, page: &str, flag: Option<&Flag>) {
        let quoted = Quoted {
            page: page.to_owned(),
            text: flag.and_then(|flag| flag.quote.clone()).unwrap_or_default(),
            quad: flag.and_then(|flag| flag.quad),
            answered: self.earlier.len(),
            is_late: !self.earlier.is_empty(),
        };
        self.quotes.insert(0, quoted);
    }
}

impl AlertRow {
    /// What was answered before the answer that holds, the newest first.
    #[must_use]
    pub fn earlier(&self) -> Vec<AlertAnswer> {
        let mut all = self.beside();
        all.retain(|answer| !self.is_behind(answer));
        all
    }

    /// What was answered after it: that a later page says nothing, where what had been confirmed stays confirmed.
    #[must_use]
    pub fn later(&self) -> Vec<AlertAnswer> {
        let mut all = self.beside();
        all.retain(|answer| self.is_behind(answer));
        all
    }

    fn is_behind(&self, answer: &AlertAnswer) -> bool {
        self.acked
            .as_ref()
            .is_some_and(|(_, at, _)| answer.at > *at)
    }

    fn beside(&self) -> Vec<AlertAnswer> {
        let all = self.grounds.aside.iter().chain(&self.grounds.earlier);
        let mut all: Vec<AlertAnswer> = all.map(|kept| self.answered(kept)).collect();
        all.sort_by_key(|answer| std::cmp::Reverse(answer.at));
        all
    }

    /// Every answer, the newest first.
    #[must_use]
    pub fn answers(&self) -> Vec<AlertAnswer> {
        let mut all = self.beside();
        all.extend(self.answer().map(|kept| self.answered(&kept)));
        all.sort_by_key(|answer| std::cmp::Reverse(answer.at));
        all
    }

    /// When it was raised last, also where what had been confirmed before that stays confirmed.
    #[must_use]
    pub fn raised_last(&self) -> Millis {
        let aside = self.grounds.aside.iter().map(|kept| Millis(kept.raised_ms));
        aside.fold(self.raised, Ord::max)
    }

    fn answered(&self, kept: &Answer) -> AlertAnswer {
        AlertAnswer {
            by: kept.by.clone(),
            at: Millis(kept.at_ms),
            verdict: kept.verdict,
            note: kept.note.clone(),
            is_before: kept.at_ms < self.raised.0,
        }
    }

    fn answer(&self) -> Option<Answer> {
        let (by, at, verdict) = self.acked.clone()?;
        Some(Answer {
            raised_ms: self.raised.0,
            level: self.level,
            by,
            at_ms: at.0,
            verdict,
            note: self.note.clone(),
        })
    }

    /// Takes the last answer for what it is now.
    fn answer_is(&mut self, answer: Answer) {
        self.raised = Millis(answer.raised_ms);
        self.level = answer.level;
        self.acked = Some((answer.by, Millis(answer.at_ms), answer.verdict));
        self.note = answer.note;
    }
}

impl Db {
    /// Keeps what a page says that is read for the first time, and opens anew what it raises where somebody answered before it was: he spoke of other words.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn raise_by_page(
        &mut self,
        letter: &str,
        page: i64,
        fields: &Fields,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let sha256: String = db
                .connection
                .prepare_cached("SELECT sha256 FROM pages WHERE id = ?1")?
                .query_row([page], |row| row.get(0))?;
            for code in raised(fields) {
                let Some(known) = db.alert_of(letter, code)? else {
                    continue;
                };
                let flag = flag_of(fields, code);
                db.quote(
                    known,
                    (&sha256, flag),
                    json!({"letter": letter, "code": code, "page": page}),
                )?;
            }
            Ok(())
        })
    }

    /// Keeps what a page says beside an alert, which is opened anew where somebody had answered.
    fn quote(
        &self,
        known: AlertRow,
        (page, flag): (&str, Option<&Flag>),
        mut detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let (id, letter, answer) = (known.id, known.letter.clone(), known.answer());
        let is_again = answer.is_some();
        let mut grounds = known.grounds;
        let is_first = grounds.quotes.is_empty();
        if let Some(answer) = answer {
            grounds.earlier.insert(0, answer);
        }
        grounds.quote(page, flag);
        let kept = serde_json::to_string(&grounds).expect("words are a document");
        let sql = match is_again {
            true => "UPDATE alerts SET later = ?2, raised_ms = ?3, level = 0, level_ms = ?3, acked_by = NULL, acked_ms = NULL, verdict = NULL,
                     note = NULL WHERE id = ?1",
            false => "UPDATE alerts SET later = ?2 WHERE id = ?1 AND ?3 > 0",
        };
        self.connection.execute(sql, (id, kept, clock::now()))?;
        let action = match (is_again, is_first) {
            (true, _) => "alert.raised",
            (false, true) => "alert.placed",
            (false, false) => "alert.quoted",
        };
        if is_again {
            detail["again"] = json!(true);
            self.weigh(&letter)?;
        }
        vouch::append(
            &self.connection,
            ("task/read", action),
            (ALERTS, &id.to_string()),
            detail,
        )
    }

    /// What stands open of a letter that is emptied stands open of the one that has its pages now: raised there if it was not, and anew where somebody had
    /// answered, who spoke of other words. The old one is over by that.
    pub(super) fn alerts_follow(
        &mut self,
        from: &str,
        to: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        let open = self.alerts_of(from)?.into_iter();
        for old in open.filter(|alert| alert.is_open() && alert.code != Code::PageKeptBack) {
            match self.alert_of(to, old.code)? {
                None => self.raise_alert(to, old.code)?,
                Some(known) if known.is_open() => {}
                Some(known) => {
                    let (page, flag) = self.first_words(&old)?;
                    let detail = json!({"letter": to, "code": old.code, "from": from});
                    self.quote(known, (&page, flag.as_ref()), detail)?;
                }
            }
            let detail = json!({"letter": from, "code": old.code, "to": to});
            let about = ((by, "alert.moved"), old.id.to_string());
            vouch::append(&self.connection, about.0, (ALERTS, &about.1), detail)?;
        }
        Ok(())
    }

    /// What raised an alert: a later page's words, or the draft's; with the page's SHA-256, empty where that is not known.
    fn first_words(&self, alert: &AlertRow) -> Result<(String, Option<Flag>), StoreError> {
        if let Some(quoted) = alert.grounds.quotes.first() {
            let flag = Flag {
                value: true,
                quote: Some(quoted.text.clone()),
                quad: quoted.quad,
                ..Flag::default()
            };
            return Ok((quoted.page.clone(), Some(flag)));
        }
        let draft = match self.draft(&alert.letter) {
            Ok(row) => row.draft,
            Err(StoreError::NotFound { .. }) => return Ok((String::new(), None)),
            Err(error) => return Err(error),
        };
        let flag = flag_of(&draft.fields, alert.code).cloned();
        let on = flag.as_ref().and_then(|flag| flag.page);
        let page = draft.pages.into_iter().find(|page| Some(page.n) == on);
        Ok((page.map(|page| page.sha256).unwrap_or_default(), flag))
    }

    /// Of an alert that had been confirmed before a page raised it again, that this page says nothing takes back nothing: it is what it was, and who said so
    /// of this page stands beside.
    pub(super) fn stays_confirmed(
        &self,
        alert: &AlertRow,
        (by, note): (&str, Option<&str>),
    ) -> Result<bool, StoreError> {
        let mut grounds = alert.grounds.clone();
        let times = grounds.earlier.len();
        let Some(before) = grounds.earlier.first().cloned() else {
            return Ok(false);
        };
        if before.verdict != Verdict::Confirmed {
            return Ok(false);
        }
        grounds.earlier.remove(0);
        for quoted in grounds
            .quotes
            .iter_mut()
            .filter(|one| one.answered == times)
        {
            quoted.answered -= 1;
            quoted.is_late = true;
        }
        let aside = Answer {
            raised_ms: alert.raised.0,
            level: alert.level,
            by: by.to_owned(),
            at_ms: clock::now().0,
            verdict: Verdict::FalseAlarm,
            note: note.map(str::to_owned),
        };
        grounds.aside.insert(0, aside);
        let kept = serde_json::to_string(&grounds).expect("words are a document");
        self.connection.execute(
            "UPDATE alerts SET later = ?2, raised_ms = ?3, level = ?4, level_ms = ?3, acked_by = ?5, acked_ms = ?6, verdict = ?7, note = ?8 WHERE id = ?1",
            (alert.id, kept, before.raised_ms, before.level, before.by, before.at_ms, before.verdict, before.note),
        )?;
        Ok(true)
    }

    /// Where the entry stands in the ledger that raised an alert last, or so many times before.
    pub(super) fn raised_at(&self, alert: i64, before: u32) -> Result<i64, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT seq FROM ledger WHERE subject = 'alert/' || ?1 AND action = 'alert.raised' ORDER BY seq DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row((alert, before), |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or(alert))
    }

    /// An alert as this seer is told of it, and where it was raised: the system of an office knows nothing of what raised it again as long as the page that did
    /// is kept from it, nor of what was answered since.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alert_as_told(
        &self,
        seer: &Seer,
        mut alert: AlertRow,
    ) -> Result<(AlertRow, i64), StoreError> {
        let mut unheard = 0;
        if matches!(seer.holder, Holder::Machine(_)) {
            // It took back nothing.
            alert.grounds.aside.clear();
        }
        if seer.holder == Holder::Machine(Scope::CaseSystem) && !alert.grounds.earlier.is_empty() {
            let kept = self.pages_unheard(seer, &alert.letter)?;
            let is_kept = |quoted: &Quoted| kept.contains(&quoted.page);
            while let Some(before) = alert.grounds.earlier.first().cloned() {
                let times = alert.grounds.earlier.len();
                let mut last = alert.grounds.quotes.iter();
                if !last.any(|one| one.answered == times && is_kept(one)) {
                    break;
                }
                alert.grounds.quotes.retain(|one| one.answered < times);
                alert.grounds.earlier.remove(0);
                alert.answer_is(before);
                unheard += 1;
            }
        }
        let place = self.raised_at(alert.id, unheard)?;
        Ok((alert, place))
    }

    /// The pages, by hash, of which the system of an office does not even hear that they raise something: those that it was not handed, as long as it is not known
    /// whom they accuse, and where they accuse its office.
    fn pages_unheard(&self, seer: &Seer, letter: &str) -> Result<Vec<String>, StoreError> {
        let unit = self.unit_of(&seer.actor)?;
        let Some(row) = self.draft_if_any(letter)? else {
            return Ok(Vec::new());
        };
        let hears = unit.is_none()
            || self.is_settled(letter)?
                && !self.accuses(letter, &row.draft.fields, unit.as_deref())?;
        if hears {
            return Ok(Vec::new());
        }
        let is_handed = |sha256: &str| row.draft.pages.iter().any(|page| page.sha256 == sha256);
        let pages = self.page_rows(letter)?.into_iter().map(|page| page.sha256);
        Ok(pages.filter(|sha256| !is_handed(sha256)).collect())
    }

    fn draft_if_any(&self, letter: &str) -> Result<Option<DraftRow>, StoreError> {
        match self.draft(letter) {
            Ok(row) => Ok(Some(row)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The pages that wait, or waited, for an officer's word.
    fn kept_back(&self, letter: &str, rows: &[PageRow]) -> Result<Vec<AlertQuote>, StoreError> {
        let Some((later, _)) = self.later(letter)? else {
            return Ok(Vec::new());
        };
        let is_meant = |row: &&PageRow| later.is_about(&row.sha256);
        Ok(rows.iter().filter(is_meant).map(unquoted).collect())
    }

    /// What raised an alert, the newest first, as far as this seer may read those pages.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn quotes_of(&self, seer: &Seer, alert: &AlertRow) -> Result<Vec<AlertQuote>, StoreError> {
        let letter = alert.letter.as_str();
        if !self.sight(seer, letter)?.is_full() || self.withholding(letter)?.is_some() {
            return Ok(Vec::new());
        }
        let draft = self.draft_if_any(letter)?;
        let rows = self.page_rows(letter)?;
        let kept = match &draft {
            Some(_) => self.pages_kept_from(seer, letter, &rows)?,
            None => Vec::new(),
        };
        let sees_instructions = self.sees_instructions(seer, letter)?;
        let handed = draft.as_ref().filter(|row| row.state != DraftState::Open);
        let is_late = |sha256: &str| {
            handed.is_some_and(|row| row.draft.pages.iter().all(|page| page.sha256 != sha256))
        };
        let mut quotes = Vec::new();
        for quoted in &alert.grounds.quotes {
            let Some(page) = rows.iter().find(|row| row.sha256 == quoted.page) else {
                continue;
            };
            if kept.contains(&page.n) || page.kind == PageKind::Instruction && !sees_instructions {
                continue;
            }
            quotes.push(AlertQuote {
                page: page.n,
                is_late: quoted.is_late || quoted.answered > 0 || is_late(&quoted.page),
                text: quoted.text.clone(),
                quad: quoted.quad,
            });
        }
        if alert.code == Code::PageKeptBack && matches!(seer.holder, Holder::Person(_)) {
            quotes.extend(self.kept_back(letter, &rows)?);
        }
        let drafted = draft.as_ref();
        let flag = drafted.and_then(|row| flag_of(&row.draft.fields, alert.code));
        let left = flag.map_or(Ok(Vec::new()), |flag| self.left_of(letter, flag, &quotes))?;
        quotes.extend(left);
        Ok(quotes)
    }

    /// The pages that raised the alert which a channel is told of: those that its system may read, and where it is of no office also those that are not in its
    /// draft yet, since it hears of the alert at once.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alert_pages_told(&self, message: &Message) -> Result<Vec<u32>, StoreError> {
        let Some(alert) = self.alert_told(message)? else {
            return Ok(Vec::new());
        };
        let seer = case_system(&message.channel);
        let (alert, _) = self.alert_as_told(&seer, alert)?;
        let quotes = self.quotes_of(&seer, &alert)?;
        let mut pages: BTreeSet<u32> = quotes.iter().map(|quote| quote.page).collect();
        if self.unit_of(&message.channel)?.is_none() {
            let rows = self.page_rows(&alert.letter)?.into_iter();
            let raised = |row: &PageRow| {
                let mut quoted = alert.grounds.quotes.iter();
                row.kind != PageKind::Instruction && quoted.any(|one| one.page == row.sha256)
            };
            pages.extend(rows.filter(raised).map(|row| row.n));
        }
        Ok(pages.into_iter().collect())
    }

    /// What the draft quotes and no page by itself does, each under the page on which its words are. A sentence that runs over from one page to the next stands
    /// under none whole: it is told where the one that raised it is quoted already.
    fn left_of(
        &self,
        letter: &str,
        flag: &Flag,
        known: &[AlertQuote],
    ) -> Result<Vec<AlertQuote>, StoreError> {
        let Some(page) = flag.page.filter(|_| flag.value) else {
            return Ok(Vec::new());
        };
        let is_known = |part: &&str| known.iter().any(|quote| quote.text.contains(*part));
        let parts = flag.quote.as_deref().unwrap_or_default().split(BETWEEN);
        let left: Vec<&str> = parts.filter(|part| !is_known(part)).collect();
        let pages = match (left.len(), known) {
            (0, _) => return Ok(Vec::new()),
            // The flag itself says where its only sentence is.
            (1, []) => Vec::new(),
            _ => self.read_pages(letter)?.iter().map(words_of).collect(),
        };
        let mut quotes: Vec<AlertQuote> = Vec::new();
        for part in left {
            let own = (1..).zip(&pages).find(|(_, words)| words.contains(part));
            let runs_over =
                |quote: &AlertQuote| !quote.text.is_empty() && part.contains(quote.text.as_str());
            if own.is_none() && known.iter().any(runs_over) {
                continue;
            }
            let n = own.map_or(page, |(n, _)| n);
            match quotes.iter_mut().find(|quote| quote.page == n) {
                Some(quote) => quote.text = [quote.text.as_str(), part].join(BETWEEN),
                None => quotes.push(AlertQuote {
                    page: n,
                    is_late: false,
                    text: part.to_owned(),
                    quad: flag.quad.filter(|_| n == page),
                }),
            }
        }
        Ok(quotes)
    }
}

/// A page of which no words are quoted.
fn unquoted(row: &PageRow) -> AlertQuote {
    AlertQuote {
        page: row.n,
        is_late: true,
        text: String::new(),
        quad: None,
    }
}

/// What stands on a page, as quotations have it.
fn words_of(page: &ReadPage) -> String {
    let lines = page.reading.iter().flat_map(|reading| &reading.lines);
    let words = lines.flat_map(|line| line.text.chars()).map(fold);
    words.filter(|c| !c.is_whitespace()).collect()
}
