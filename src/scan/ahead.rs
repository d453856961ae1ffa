//! Images that are about to be taken in their order, looked at side by side: making separators out takes the processor, taking a file waits for the
//! disk. It decides nothing: what was made out is used when the same bytes have their turn, and forgotten otherwise.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scanner::{Offer, Seen, Shape};

use super::desk::{Desk, SIDE_BY_SIDE};
use super::separators;
use crate::clock;
use crate::domain::grouping::{Face, GroupBy};
use crate::domain::intake::Gate;

/// A state of a file, whatever it is called: its inode, its size, when it was written.
type State = (u64, u64, i128);

/// What is on files that were not taken yet.
pub(super) type Ahead = HashMap<State, Vec<(u32, Face)>>;

impl Desk {
    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        // What a panic may have left is looked at again.
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at those of these files whose turn comes now. A folder whose load is not released is not looked through.
    pub(super) fn look_ahead(&self, seen: &[Seen]) {
        self.ahead().clear();
        if self.by != GroupBy::Separator || self.driven {
            return;
        }
        let single = |offer: &&Offer| matches!(offer.shape, Shape::Jpeg | Shape::Png);
        let offers = seen.iter().filter_map(|seen| match seen {
            Seen::Ready(offer) => Some(offer),
            _ => None,
        });
        let offers: Vec<&Offer> = offers.filter(single).collect();
        let names = offers.iter().map(|offer| offer.found.name.as_str());
        let next = self.next_without_gap(&names.collect());
        let is_open = || self.store.wait(|db| db.gate(clock::now()));
        if next.len() < 2 || !matches!(is_open(), Ok(Gate::Enter { .. })) {
            return;
        }
        let queue = Mutex::new(
            offers
                .into_iter()
                .filter(|offer| next.contains(&offer.found.name)),
        );
        let one = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            for _ in 0..SIDE_BY_SIDE.min(next.len()) {
                scope.spawn(|| {
                    while let Some(offer) = one() {
                        self.look_at(offer);
                    }
                });
            }
        });
    }

    fn look_at(&self, offer: &Offer) {
        let stamp = offer.found.stamp;
        // What cannot be looked at now is looked at when it is taken, and told then.
        if let Ok(faces) = separators::faces(&offer.found.path, &[0]) {
            let state = (stamp.key.inode, stamp.bytes, stamp.modified_ns);
            self.ahead().insert(state, faces);
        }
    }

    /// What was made out on a file already, unless it changed since.
    pub(super) fn seen_ahead(&self, file: &Path) -> Option<Vec<(u32, Face)>> {
        let now = fs::symlink_metadata(file).ok()?;
        let modified_ns = i128::from(now.mtime()) * 1_000_000_000 + i128::from(now.mtime_nsec());
        self.ahead().remove(&(now.ino(), now.len(), modified_ns))
    }

    /// Those of these files that come next in the order of the folder.
    fn next_without_gap(&self, names: &HashSet<&str>) -> HashSet<String> {
        self.earlier().next_of(names)
    }
}
