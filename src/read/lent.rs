//! Pages that are with readers elsewhere, as the reading thread keeps them: in memory only. A page is unread in the table until its lines are kept, so
//! after a restart it is read again, and what was asked before is not answered to anybody.
//!
//! Each page that is lent has one answer that counts: the first that names its token, of this very page and engine, within its time. Whatever goes wrong,
//! the station reads the page itself, and never lends that one again.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::broker::lend::{Answer, Lending, Loan};
use crate::clock;
use crate::store::{StoreError, UnreadPage};

use super::Reader;

/// Where every page of a time came to nothing, none is lent for so long.
const IN_VAIN: Duration = Duration::from_secs(60);
/// Pages remembered as not to be lent again.
const REMEMBERED: usize = 10_000;

/// One page that is with a reader.
#[derive(Debug)]
struct Out {
    page: i64,
    since: Instant,
}

/// What is lent, and what is not to be lent again.
#[derive(Debug)]
pub struct Lent {
    lending: Lending,
    out: HashMap<String, Out>,
    stays_here: HashSet<i64>,
    /// Pages given up on since the last answer.
    in_vain: usize,
    not_before: Option<Instant>,
}

impl Lent {
    /// Nothing yet.
    #[must_use]
    pub fn new(lending: Lending) -> Self {
        Self {
            lending,
            out: HashMap::new(),
            stays_here: HashSet::new(),
            in_vain: 0,
            not_before: None,
        }
    }

    fn pages(&self) -> Vec<i64> {
        self.out.values().map(|out| out.page).collect()
    }

    fn keeps(&mut self, page: i64) {
        if self.stays_here.len() >= REMEMBERED {
            self.stays_here.clear();
        }
        self.stays_here.insert(page);
    }

    /// The page that this answer is about, if it counts.
    fn settle(&mut self, answer: &Answer) -> Option<i64> {
        let out = self.out.remove(&answer.token)?;
        match &answer.read {
            Ok(_) => {
                self.in_vain = 0;
                Some(out.page)
            }
            Err(code) => {
                tracing::info!(
                    page = out.page,
                    reader = answer.reader,
                    code,
                    "not read elsewhere; it is read here"
                );
                self.keeps(out.page);
                None
            }
        }
    }

    /// Takes back what nobody has read in time.
    fn take_back_late(&mut self, now: Instant) {
        let limit = Duration::from_secs(self.lending.settings.answer_s.0);
        let late = |out: &Out| now.saturating_duration_since(out.since) >= limit;
        let late: Vec<String> = self
            .out
            .iter()
            .filter(|(_, out)| late(out))
            .map(|(token, _)| token.clone())
            .collect();
        for token in late {
            if let Some(out) = self.out.remove(&token) {
                tracing::warn!(
                    page = out.page,
                    "no reader has read this page in time; it is read here"
                );
                self.keeps(out.page);
                self.in_vain += 1;
            }
            self.lending.take_back(token);
        }
        if self.in_vain > 0 && self.out.is_empty() {
            self.not_before = Some(now + IN_VAIN);
            self.in_vain = 0;
        }
    }

    /// How many more may be lent now.
    fn room(&self, engine: &str, now: Instant) -> usize {
        match self.not_before.is_some_and(|not_before| now < not_before) {
            true => 0,
            false => self.lending.room(engine).saturating_sub(self.out.len()),
        }
    }
}

impl Reader {
    /// The pages that are not to be read here now.
    pub(super) fn pages_lent(&self) -> Vec<i64> {
        self.lent
            .as_ref()
            .map_or_else(Vec::new, |lent| lent.borrow().pages())
    }

    /// Keeps what was read elsewhere, waiting so long for a first answer; whether there was any.
    pub(super) fn keep_answers(&self, patience: Duration) -> Result<bool, StoreError> {
        let Some(lent) = &self.lent else {
            return Ok(false);
        };
        let patience = match lent.borrow().out.is_empty() {
            true => Duration::ZERO,
            false => patience,
        };
        let mut next = lent.borrow().lending.answer(patience);
        let mut any = false;
        while let Some(answer) = next {
            any = true;
            let page = lent.borrow_mut().settle(&answer);
            if let (Some(page), Ok(reading)) = (page, answer.read) {
                self.keep_elsewhere(page, reading, &answer.reader)?;
            }
            next = lent.borrow().lending.answer(Duration::ZERO);
        }
        lent.borrow_mut().take_back_late(clock::monotonic());
        Ok(any)
    }

    fn keep_elsewhere(
        &self,
        id: i64,
        reading: crate::store::Reading,
        reader: &str,
    ) -> Result<(), StoreError> {
        // Its letter may be another by now, withheld, or not to be read any more.
        let still = self.store.wait(move |db| match db.page_to_read(id)? {
            Some(page) if !db.reading_stopped(&page.letter)? => Ok(Some(page)),
            _ => Ok(None),
        })?;
        let Some(page) = still else {
            return Ok(());
        };
        tracing::info!(
            letter = page.letter,
            page = id,
            reader,
            seconds = reading.seconds,
            lines = reading.lines.len(),
            "page read elsewhere"
        );
        self.metrics.page_read(reading.seconds);
        let by = reader.to_owned();
        self.keep(&page, reading)?;
        self.store.wait(move |db| db.note_reader(id, &by))
    }

    /// Lends what waits behind the station's own queue, as far as readers have room.
    pub(super) fn lend(&self) -> Result<(), StoreError> {
        let (Some(lent), Some(engine)) = (&self.lent, self.engine.borrow().clone()) else {
            return Ok(());
        };
        let room = lent.borrow().room(&engine, clock::monotonic());
        if room == 0 {
            return Ok(());
        }
        let (queue, not) = {
            let lent = lent.borrow();
            let mut not = lent.pages();
            not.extend(&lent.stays_here);
            (lent.lending.settings.queue.0, not)
        };
        let pages = self
            .store
            .wait(move |db| db.pages_to_lend(queue, &not, room))?;
        for page in pages {
            if !self.lend_one(&mut lent.borrow_mut(), &page, &engine) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn lend_one(&self, lent: &mut Lent, page: &UnreadPage, engine: &str) -> bool {
        let Ok(bytes) = self.evidence.get(&page.sha256) else {
            // Reading it here tells what is wrong with it.
            lent.keeps(page.id);
            return true;
        };
        let loan = Loan {
            sha256: page.sha256.clone(),
            frame: page.frame,
            engine: engine.to_owned(),
            bytes,
        };
        let Some(token) = lent.lending.lend(loan) else {
            return false;
        };
        tracing::debug!(
            letter = page.letter,
            page = page.id,
            "page lent to a reader"
        );
        let out = Out {
            page: page.id,
            since: clock::monotonic(),
        };
        lent.out.insert(token, out);
        true
    }
}
