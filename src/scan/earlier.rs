//! Of a folder whose order makes the letters: no file is taken while one that is named before it is neither taken nor held. What was passed over is
//! offered again by the next look, which is asked for as soon as an earlier file is settled.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use scanner::Found;

use super::desk::Desk;
use crate::domain::grouping::{GroupBy, NaturalName, natural};

/// Files that are there and not settled, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    open: BTreeSet<(NaturalName, String)>,
    /// A file was offered before its turn.
    passed_over: bool,
    /// One was settled since.
    settled: bool,
}

fn key(name: &str) -> (NaturalName, String) {
    (natural(name), name.to_owned())
}

impl Earlier {
    fn comes(&mut self, name: &str) {
        self.open.insert(key(name));
    }

    fn settles(&mut self, name: &str) {
        self.settled |= self.open.remove(&key(name));
    }

    /// Whether another one has to be settled first.
    fn holds_back(&mut self, name: &str) -> bool {
        let held_back = self.open.first().is_some_and(|first| *first < key(name));
        self.passed_over |= held_back;
        held_back
    }

    /// Those of `names` that come next, up to the first that is not among them.
    pub(super) fn next_of(&self, names: &HashSet<&str>) -> HashSet<String> {
        let next = self.open.iter().map(|(_, name)| name);
        next.take_while(|name| names.contains(name.as_str()))
            .cloned()
            .collect()
    }

    fn wants_look(&mut self) -> bool {
        let wanted = self.passed_over && self.settled;
        if wanted {
            (self.passed_over, self.settled) = (false, false);
        }
        wanted
    }
}

impl Desk {
    pub(super) fn earlier(&self) -> MutexGuard<'_, Earlier> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order of the files in the folder makes the letters. A driven scan has an order of its own.
    pub(super) fn goes_by_order(&self) -> bool {
        !self.driven && !matches!(self.by, GroupBy::Name | GroupBy::Index)
    }

    pub(super) fn comes(&self, found: &[Found]) {
        if self.goes_by_order() {
            let mut earlier = self.earlier();
            found.iter().for_each(|found| earlier.comes(&found.name));
        }
    }

    pub(super) fn settles(&self, name: &str) {
        if self.goes_by_order() {
            self.earlier().settles(name);
        }
    }

    /// Whether a file has to wait for one before it: also for one that is claimed and could not be finished with.
    pub(super) fn waits_for_earlier(&self, name: &str) -> bool {
        self.goes_by_order()
            && (self.earlier().holds_back(name) || self.stuck.load(Ordering::Relaxed))
    }

    /// Whether files that were passed over may have their turn now.
    pub(super) fn wants_look(&self) -> bool {
        self.goes_by_order() && self.earlier().wants_look()
    }
}

#[cfg(test)]
mod tests {
    use super::Earlier;

    #[test]
    fn only_what_comes_next_is_looked_at_ahead() {
        let mut earlier = Earlier::default();
        for name in ["s1.jpg", "s2.jpg", "s3.jpg", "s10.jpg"] {
            earlier.comes(name);
        }
        let next = |names: &[&str]| earlier.next_of(&names.iter().copied().collect()).len();
        assert_eq!(next(&["s1.jpg", "s2.jpg", "s10.jpg"]), 2);
        assert_eq!(
            next(&["s2.jpg", "s3.jpg", "s10.jpg"]),
            0,
            "s1 has to come first"
        );
    }

    #[test]
    fn a_later_file_waits_until_every_earlier_one_is_settled() {
        let mut earlier = Earlier::default();
        for name in ["s10.jpg", "s2.jpg", "s3.jpg"] {
            earlier.comes(name);
        }
        assert!(!earlier.holds_back("s2.jpg"));
        assert!(!earlier.wants_look());
        assert!(earlier.holds_back("s10.jpg"), "numbers count as numbers");
        earlier.settles("s2.jpg");
        assert!(earlier.wants_look());
        assert!(!earlier.wants_look(), "asked for once");
        assert!(earlier.holds_back("s10.jpg"));
        earlier.settles("s3.jpg");
        assert!(!earlier.holds_back("s10.jpg"));
    }
}
