//! Images that are about to be taken in their order, looked at while those before them are taken: making separators out takes the processor, taking a
//! file waits for the disk. It decides nothing: what was made out is used when the same bytes have their turn, and forgotten otherwise.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scanner::{Offer, Seen, Shape};

use super::desk::{Desk, SIDE_BY_SIDE};
use super::separators::{self, Codes};
use crate::domain::grouping::Face;

/// A look that takes longer is not waited for: the page worker has given up by then.
const LONGEST_LOOK: Duration = Duration::from_secs(40);

/// A state of a file, whatever it is called: its inode, its size, when it was written.
type State = (u64, u64, i128);

fn state_of(offer: &Offer) -> State {
    let stamp = offer.found.stamp;
    (stamp.key.inode, stamp.bytes, stamp.modified_ns)
}

#[derive(Debug)]
enum Look {
    Wanted,
    UnderWay,
    Done(Vec<(u32, Face)>),
}

/// What is on files that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    looks: Mutex<HashMap<State, Look>>,
    done: Condvar,
}

impl Ahead {
    fn looks(&self) -> MutexGuard<'_, HashMap<State, Look>> {
        // What a panic may have left is looked at again.
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was still wanted.
    fn begin(&self, state: State) -> bool {
        match self.looks().get_mut(&state) {
            Some(look @ Look::Wanted) => {
                *look = Look::UnderWay;
                true
            }
            _ => false,
        }
    }

    fn end(&self, state: State, faces: Option<Vec<(u32, Face)>>) {
        match faces {
            Some(faces) => self.looks().insert(state, Look::Done(faces)),
            None => self.looks().remove(&state),
        };
        self.done.notify_all();
    }

    /// What was made out; of a look that is under way when it is done, of one that has not begun nothing.
    fn take(&self, state: State) -> Option<Vec<(u32, Face)>> {
        let under_way =
            |looks: &mut HashMap<State, Look>| matches!(looks.get(&state), Some(Look::UnderWay));
        let waited = self
            .done
            .wait_timeout_while(self.looks(), LONGEST_LOOK, under_way);
        let (mut looks, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match looks.remove(&state) {
            Some(Look::Done(faces)) => Some(faces),
            _ => None,
        }
    }
}

impl Desk {
    /// Does `work`, which takes these files, and looks meanwhile at those whose turn comes now. A folder whose load is not released is not looked
    /// through.
    pub(super) fn while_looking_ahead(&self, seen: Vec<Seen>, work: impl FnOnce(Vec<Seen>)) {
        let ahead = &self.ahead;
        *ahead.looks() = HashMap::new();
        let next = self.next_to_look_at(&seen);
        for (state, _) in &next {
            ahead.looks().insert(*state, Look::Wanted);
        }
        let lookers = SIDE_BY_SIDE.min(next.len());
        let queue = Mutex::new(next.into_iter());
        let one = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            for _ in 0..lookers {
                scope.spawn(|| {
                    while let Some((state, file)) = one() {
                        if ahead.begin(state) {
                            // What cannot be looked at now is looked at when it is taken, and told then.
                            let wanted = self.codes_looked_for().unwrap_or(Codes::Squares);
                            ahead.end(state, separators::faces(&file, &[0], wanted).ok());
                        }
                    }
                });
            }
            work(seen);
            // Whatever is left has to wait: its turn did not come.
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .by_ref()
                .for_each(drop);
        });
    }

    fn next_to_look_at(&self, seen: &[Seen]) -> Vec<(State, std::path::PathBuf)> {
        if self.codes_looked_for().is_none() || self.driven {
            return Vec::new();
        }
        let single = |offer: &&Offer| matches!(offer.shape, Shape::Jpeg | Shape::Png);
        let offers = seen.iter().filter_map(|seen| match seen {
            Seen::Ready(offer) => Some(offer),
            _ => None,
        });
        let offers: Vec<&Offer> = offers.filter(single).collect();
        let names: HashSet<&str> = offers.iter().map(|o| o.found.name.as_str()).collect();
        let next = self.earlier().next_of(&names);
        let is_open = || self.store.wait(|db| Ok(!db.open_loads()?.is_empty()));
        if next.len() < 2 || !matches!(is_open(), Ok(true)) {
            return Vec::new();
        }
        offers
            .into_iter()
            .filter(|offer| next.contains(&offer.found.name))
            .map(|offer| (state_of(offer), offer.found.path.clone()))
            .collect()
    }

    /// What was made out on a file already, unless it changed since.
    pub(super) fn seen_ahead(&self, file: &Path) -> Option<Vec<(u32, Face)>> {
        let now = fs::symlink_metadata(file).ok()?;
        let modified_ns = i128::from(now.mtime()) * 1_000_000_000 + i128::from(now.mtime_nsec());
        self.ahead.take((now.ino(), now.len(), modified_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: State = (1, 2, 3);

    #[test]
    fn a_look_under_way_is_waited_for_and_one_not_begun_is_not() {
        let ahead = Ahead::default();
        ahead.looks().insert(STATE, Look::Wanted);
        assert!(
            ahead.take(STATE).is_none(),
            "it is looked at by whoever takes it"
        );
        assert!(!ahead.begin(STATE), "and by nobody else");
        ahead.looks().insert(STATE, Look::Wanted);
        assert!(ahead.begin(STATE));
        let faces = std::thread::scope(|scope| {
            let taking = scope.spawn(|| ahead.take(STATE));
            ahead.end(STATE, Some(vec![(0, Face::Page)]));
            taking.join().expect("it ends")
        });
        assert_eq!(faces, Some(vec![(0, Face::Page)]));
        ahead.looks().insert(STATE, Look::UnderWay);
        ahead.end(STATE, None);
        assert!(ahead.take(STATE).is_none());
    }
}
