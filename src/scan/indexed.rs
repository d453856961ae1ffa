//! Pages of scanner software that writes a list beside them: a page waits for its list, a list for its pages, and all of them are taken together.

use std::collections::HashMap;
use std::sync::PoisonError;

use scanner::claim::{self, Claimed};
use scanner::{Found, Listed, Offer, Seen, Shape, naming};

use super::ScanError;
use super::desk::{Desk, frames, kind_of};
use super::held::HeldRefused;
use crate::clock;
use crate::domain::intake::{Gate, reason};
use crate::domain::own_time::OwnTime;
use crate::events::Event;
use crate::evidence::{EvidenceError, Original};
use crate::store::{Arrival, Db, Indexed, News, TakePage};
use crate::worker::WorkerError;

/// A page without its list, or a list without its pages, is told of after this long.
const PATIENCE_MS: i64 = 60_000;
/// What a list waits for is on record after this long: most pages come before.
const TOLD_AFTER_MS: i64 = 10_000;
/// A list whose pages are not there after this long is held, with those that are.
const LIST_GIVEN_UP_MS: i64 = 600_000;
/// A page that no list names after this long is held: a whole batch may be scanned before its list is written.
const PAGE_GIVEN_UP_MS: i64 = 3_600_000;

/// Whole pages that wait for their list, by their name below the folder.
pub(super) type Whole = HashMap<String, WholePage>;

/// A page that may be taken as soon as a list names it.
#[derive(Debug)]
pub(super) struct WholePage {
    found: Found,
    shape: Shape,
    arrival: Arrival,
}

/// A page of a list.
struct ListedPage<'a> {
    letter: &'a str,
    number: u32,
    whole: WholePage,
}

/// Why the files of a list cannot be taken.
enum NotReady {
    /// One of them is no page.
    Bad(String),
    /// The disk or the system refused.
    Later(ScanError),
}

impl Desk {
    /// Pages first, so that a list that came with them finds them.
    pub(super) fn handle_indexed(&self, seen: Vec<Seen>) {
        let (lists, others): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(
            |seen| matches!(seen, Seen::Ready(offer) if matches!(offer.shape, Shape::Index(_))),
        );
        for one in others.into_iter().chain(lists) {
            if let Seen::Gone(found) = &one {
                self.whole().remove(&found.name);
            }
            self.handle(one);
        }
    }

    fn whole(&self) -> std::sync::MutexGuard<'_, Whole> {
        // What a panic may have left is a page that is offered again.
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A whole file of such a folder, whose load is open.
    pub(super) fn ready_indexed(&self, offer: &Offer, arrival: Arrival) -> Result<(), ScanError> {
        if let Shape::Index(letters) = &offer.shape {
            return self.take_listed(&offer.found, letters, &arrival);
        }
        if waits_since(&arrival) >= PAGE_GIVEN_UP_MS {
            self.whole().remove(&offer.found.name);
            return self.hold_in_place(&offer.found, &arrival, reason::AWAITING_INDEX);
        }
        let waits = self.waits_long(&arrival, reason::AWAITING_INDEX);
        let page = WholePage {
            found: offer.found.clone(),
            shape: offer.shape.clone(),
            arrival,
        };
        self.whole().insert(offer.found.name.clone(), page);
        waits
    }

    /// A page that no list names may be decided about while it waits: its list may have been refused, or never comes. It is held for that.
    pub(super) fn hold_unlisted(&self, id: &str) -> Result<(), HeldRefused> {
        let key = id.to_owned();
        let arrival = self.store.wait(move |db| db.arrival(&key))?;
        if !arrival.awaits_list() {
            return Ok(());
        }
        let page = self.whole().remove(&arrival.name);
        if let Some(page) = page {
            self.hold_in_place(&page.found, &page.arrival, reason::AWAITING_INDEX)?;
        }
        Ok(())
    }

    /// Tells of a file that waits for another one for long.
    fn waits_long(&self, arrival: &Arrival, code: &'static str) -> Result<(), ScanError> {
        match waits_since(arrival) >= PATIENCE_MS {
            true => self.wait(arrival, code),
            false => Ok(()),
        }
    }

    /// Takes all pages of a list, or none.
    fn take_listed(
        &self,
        list: &Found,
        letters: &[Listed],
        arrival: &Arrival,
    ) -> Result<(), ScanError> {
        let Some(pages) = self.pages_of(list, letters) else {
            return match waits_since(arrival) {
                LIST_GIVEN_UP_MS.. => self.give_list_up(list, letters, arrival),
                TOLD_AFTER_MS.. => self.list_waits(list, letters, arrival),
                _ => Ok(()),
            };
        };
        let mut claimed = Vec::new();
        for found in pages.iter().map(|page| &page.whole.found).chain([list]) {
            let id = match pages.get(claimed.len()) {
                Some(page) => &page.whole.arrival.id,
                None => &arrival.id,
            };
            match claim::claim(found, &self.inbox, id) {
                Ok(one) => claimed.push(one),
                Err(error) => {
                    self.all_back(&claimed);
                    return Err(error.into());
                }
            }
        }
        let files = match self.made_ready(&pages, &claimed) {
            Ok(files) => files,
            Err(NotReady::Bad(code)) => return self.hold_all(&claimed, &code),
            Err(NotReady::Later(error)) => {
                self.all_back(&claimed);
                return Err(error);
            }
        };
        self.commit_listed(files, &claimed)
    }

    /// Says which pages a list waits for; when they do not come, to a person, before the batch can be closed.
    fn list_waits(
        &self,
        list: &Found,
        letters: &[Listed],
        arrival: &Arrival,
    ) -> Result<(), ScanError> {
        let awaited: Vec<String> = {
            let whole = self.whole();
            let named = letters.iter().flat_map(|listed| &listed.pages);
            let missing = named.filter(|page| !whole.contains_key(&beside(list, page)));
            missing.cloned().collect()
        };
        let id = arrival.id.clone();
        let is_late = waits_since(arrival) >= PATIENCE_MS;
        let news = self.store.wait(move |db| {
            db.list_waits(&id, &awaited)?;
            match is_late {
                true => db.list_is_late(&id, &awaited),
                false => Ok(News::Known),
            }
        })?;
        if news == News::New {
            self.alert(reason::INDEX_PAGE_MISSING, &arrival.name, &arrival.id);
        }
        Ok(())
    }

    /// A page of the list never came: the list and what is there of it wait for a person.
    fn give_list_up(
        &self,
        list: &Found,
        letters: &[Listed],
        arrival: &Arrival,
    ) -> Result<(), ScanError> {
        let there: Vec<WholePage> = {
            let mut whole = self.whole();
            let names = letters.iter().flat_map(|listed| &listed.pages);
            names
                .filter_map(|page| whole.remove(&beside(list, page)))
                .collect()
        };
        for page in &there {
            self.hold_in_place(&page.found, &page.arrival, reason::INDEX_PAGE_MISSING)?;
        }
        self.hold_in_place(list, arrival, reason::INDEX_PAGE_MISSING)
    }

    /// The pages that a list names, in its order; `None` while one of them is not there.
    fn pages_of<'a>(&self, list: &Found, letters: &'a [Listed]) -> Option<Vec<ListedPage<'a>>> {
        let mut whole = self.whole();
        let mut names = letters.iter().flat_map(|listed| &listed.pages);
        if !names.all(|page| whole.contains_key(&beside(list, page))) {
            return None;
        }
        let mut pages = Vec::new();
        for listed in letters {
            for (page, number) in listed.pages.iter().zip(1..) {
                pages.push(ListedPage {
                    letter: &listed.letter,
                    number,
                    whole: whole.remove(&beside(list, page))?,
                });
            }
        }
        Some(pages)
    }

    /// The originals of all pages and of the list behind them, kept; `claimed` has them in the same order.
    fn made_ready(
        &self,
        pages: &[ListedPage<'_>],
        claimed: &[Claimed],
    ) -> Result<Vec<TakePage>, NotReady> {
        let mut files = Vec::new();
        for (at, one) in claimed.iter().enumerate() {
            let page = pages.get(at);
            let frames = match page.map(|page| frames(&page.whole.shape, &one.path)) {
                None => Vec::new(),
                Some(Ok(frames)) => frames,
                Some(Err(WorkerError::NotStarted(source))) => {
                    return Err(NotReady::Later(ScanError::NotOpened(source)));
                }
                Some(Err(error)) => return Err(NotReady::Bad(error.code().to_owned())),
            };
            let original = self
                .evidence
                .put_file(&one.path)
                .map_err(|error| NotReady::Later(error.into()))?;
            let now = claim::stamp_of(&one.path).map_err(|error| NotReady::Later(error.into()))?;
            if now != one.stamp {
                // Written to since its pages were counted.
                let path = one.path.clone();
                return Err(NotReady::Later(EvidenceError::Changing { path }.into()));
            }
            let name = naming::parse(one.folder.as_deref(), &one.file_name);
            files.push(TakePage {
                arrival: one.arrival_id.clone(),
                group: page
                    .or(pages.last())
                    .map_or_else(String::new, |page| page.letter.to_owned()),
                kind: kind_of(name.hint.kind),
                number: page.map(|page| page.number),
                frames,
                original,
            });
        }
        Ok(files)
    }

    fn all_back(&self, claimed: &[Claimed]) {
        for one in claimed {
            self.return_to_folder(one);
        }
    }

    fn hold_all(&self, claimed: &[Claimed], code: &str) -> Result<(), ScanError> {
        claimed
            .iter()
            .try_for_each(|one| self.hold_claimed(one, code))
    }

    fn commit_listed(&self, files: Vec<TakePage>, claimed: &[Claimed]) -> Result<(), ScanError> {
        let pages = files.len() - 1;
        let originals: Vec<Original> = files.iter().map(|file| file.original.clone()).collect();
        let own: Vec<(String, OwnTime)> = claimed
            .iter()
            .take(pages)
            .map(|one| (one.arrival_id.clone(), self.own_time(&one.path)))
            .collect();
        let take_and_judge = move |db: &mut Db| {
            let taken = db.take_indexed(&files)?;
            let mut judged = Vec::new();
            if matches!(taken, Indexed::Letters(_)) {
                for (arrival, own) in own {
                    let found = db.judge_own_time(&arrival, own)?;
                    judged.push((arrival, own, found));
                }
            }
            Ok((taken, judged))
        };
        let (taken, judged) = self
            .store
            .wait(move |db| db.atomically(take_and_judge))
            .inspect_err(|_| self.mark_stuck())?;
        for (arrival, own, judged) in judged {
            self.learn_of_clock(&arrival, own, judged);
        }
        match taken {
            Indexed::Letters(letters) => {
                tracing::info!(
                    scanner = self.source,
                    ?letters,
                    pages,
                    "pages of a list arrived"
                );
                for letter in letters {
                    self.events.tell(Event::Letter {
                        letter,
                        what: "page_arrived".into(),
                    });
                }
                claimed
                    .iter()
                    .zip(&originals)
                    .try_for_each(|(one, kept)| self.finish(one, &kept.sha256, Some(one.stamp)))
            }
            Indexed::NotNow(Gate::SeenBeforeRelease) => {
                self.hold_all(claimed, reason::SEEN_BEFORE_RELEASE)
            }
            Indexed::NotNow(_) => {
                self.all_back(claimed);
                Ok(())
            }
            Indexed::Held(why) => {
                let mut files = claimed.iter().zip(originals).zip(why);
                // Each with its bytes: they tell whose letter keeps a file from being shown and taken.
                files.try_for_each(|((one, kept), why)| {
                    self.hold_kept(one, why.unwrap_or(reason::LIST_HELD), kept)
                })
            }
        }
    }
}

fn waits_since(arrival: &Arrival) -> i64 {
    clock::now().0 - arrival.first_seen.0
}

/// The name of a page below the folder: it lies where its list lies.
fn beside(list: &Found, page: &str) -> String {
    match list.name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{page}"),
        None => page.to_owned(),
    }
}
