//! At the end of a test the ledger vouches for every row but those that the test put in itself.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use laixin::store::{Db, Store, Unvouched};

/// The chain holds, and so does every row.
pub fn assert_vouched(db: &Db) {
    assert!(db.verify_ledger().expect("the ledger is read").is_ok());
    assert_eq!(db.verify_rows().expect("the rows are read").faults, []);
}

/// The same of a station in this process, at the end of its test.
pub fn assert_store_vouched(store: &Store) {
    if !std::thread::panicking() {
        let faults = faults(store);
        assert!(faults.is_empty(), "not vouched for at the end: {faults:?}");
    }
}

/// What a test put into a station's database past the station.
#[derive(Debug, Default)]
pub struct PutIn(Mutex<BTreeSet<String>>);

/// Rows of any kind.
const ANY: &str = "";

fn faults(store: &Store) -> BTreeSet<Unvouched> {
    let rows = store.wait(|db| db.verify_rows());
    let faults = rows.expect("the rows are read").faults;
    faults.into_iter().collect()
}

impl PutIn {
    /// What is wrong after this and was not before is the test's own.
    pub fn by(&self, store: &Store, put_in: impl FnOnce()) {
        let before = faults(store);
        put_in();
        let after = faults(store);
        let own = after.difference(&before).map(|fault| fault.what.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(own);
    }

    /// Rows put in without an entry count as an older laixin's until an entry tells of one that was put in before them: nothing is asked at the end.
    pub fn tampered(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(ANY.to_owned());
    }

    /// At the end nothing else is wrong.
    pub fn assert_nothing_else(&self, store: &Store) {
        if std::thread::panicking() {
            return;
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(ANY) {
            return;
        }
        let mut others = faults(store);
        others.retain(|fault| !known.contains(&fault.what));
        assert!(others.is_empty(), "not vouched for at the end: {others:?}");
    }
}
