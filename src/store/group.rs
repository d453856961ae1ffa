//! Group commit: what many callers ask at the same time is committed at once, since the disk takes as long for one commit as for forty. Nobody
//! is answered before the commit that holds his changes. It leaves out what the jobs do, and never commits a job in parts.
//!
//! ```text
//! BEGIN ── job ── job ── … ── job ── COMMIT ── answer, answer, …, answer
//!           │ nothing changed so far: answered at once
//! ```
//!
//! A job that fails undoes its own changes (`Db::atomically` is a savepoint here) and nobody else's. When the commit itself fails, everyone
//! whose changes were in it is told so and nothing of it is kept.

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::ffi;

use super::{Db, StoreError};
use crate::{Chain, clock};

/// Jobs in one commit at most.
const MOST: usize = 128;
/// A commit waits no longer than this for jobs that are there already: the first of them waits with it.
const LONGEST: Duration = Duration::from_millis(20);
/// Where so many have come together, more are on their way: the commit waits for the next of them, since each that misses it pays for another commit.
const CROWD: usize = 4;
/// For so long at most.
const NEXT_WITHIN: Duration = Duration::from_millis(1);
/// From so many rows on that changed since the journal was written into the database, a pause is used for it.
const MUCH: u64 = 500;
/// A pause.
const QUIET: Duration = Duration::from_millis(30);

/// Gives a job's answer, told whether its changes are kept.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>)>;

/// What the owner thread is asked to do.
pub(super) enum Job {
    /// Commits for itself, and answers for itself.
    Alone(Box<dyn FnOnce(&mut Db) + Send>),
    /// May share its commit with others.
    Together(Box<dyn FnOnce(&mut Db) -> Answer + Send>),
}

/// The same failure again and again, as on a full disk: the first is told at once, then once a minute how many there were.
#[derive(Debug, Default)]
struct Often {
    told: Option<std::time::Instant>,
    since: u64,
}

impl Often {
    const TOLD_EVERY: Duration = Duration::from_secs(60);

    /// How many to tell of now, this one among them.
    fn again(&mut self, now: std::time::Instant) -> Option<u64> {
        self.since += 1;
        let is_due = |told| now.saturating_duration_since(told) >= Self::TOLD_EVERY;
        if !self.told.is_none_or(is_due) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

/// What goes wrong of the owner's own.
#[derive(Debug, Default)]
struct Failures {
    commits: Often,
    ledger: Often,
}

/// Does every job in its order until nobody can ask any more.
pub(super) fn serve(db: &mut Db, queue: &mpsc::Receiver<Job>) {
    let mut failures = Failures::default();
    let mut waiting = None;
    let mut written = db.connection.total_changes();
    while let Some(job) = waiting.take().or_else(|| next(db, queue, &mut written)) {
        waiting = match job {
            Job::Alone(work) => {
                work(db);
                tell_the_rest(db, &mut failures);
                None
            }
            Job::Together(first) => together(db, first, queue, &mut failures),
        };
    }
}

/// The next job. Where much has changed and nobody asks for a moment, the journal is written into the database meanwhile: SQLite does that by itself
/// when the journal is long, in the midst of a crowd, and holds it up.
fn next(db: &Db, queue: &mpsc::Receiver<Job>, written: &mut u64) -> Option<Job> {
    let changes = db.connection.total_changes();
    if changes - *written >= MUCH {
        match queue.recv_timeout(QUIET) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                *written = changes;
                let journal = "PRAGMA wal_checkpoint(PASSIVE)";
                if let Err(error) = db.connection.query_row(journal, [], |_| Ok(())) {
                    // What stays in the journal is kept there as well.
                    tracing::debug!(error = %Chain(&error), "the journal was not written into the database");
                }
            }
            job => return job.ok(),
        }
    }
    queue.recv().ok()
}

fn tell_the_rest(db: &mut Db, failures: &mut Failures) {
    if let Err(error) = db.tell_the_rest()
        && let Some(times) = failures.ledger.again(clock::monotonic())
    {
        tracing::error!(times, error = %Chain(&error), "the ledger did not take what was changed; it is told with the next entry");
    }
}

/// Does this job and those that wait behind it. Gives back a job that was taken out of the queue and is not for a group.
fn together(
    db: &mut Db,
    first: Box<dyn FnOnce(&mut Db) -> Answer + Send>,
    queue: &mpsc::Receiver<Job>,
    failures: &mut Failures,
) -> Option<Job> {
    if let Err(error) = db.connection.execute_batch("BEGIN IMMEDIATE") {
        // Another process writes and does not end: a look may still be possible, and a change says itself that it is not.
        tracing::warn!(error = %Chain(&error), "another process holds the database");
        first(db)(Ok(()));
        tell_the_rest(db, failures);
        return None;
    }
    let mut group = Group::begun(db, failures);
    let mut job = first;
    loop {
        group.run(job);
        if group.is_full() {
            break;
        }
        match group.next(queue) {
            Some(Job::Together(next)) => job = next,
            Some(alone) => {
                group.end();
                return Some(alone);
            }
            None => break,
        }
    }
    group.end();
    None
}

/// A transaction with the answers that wait for its commit.
struct Group<'a> {
    db: &'a mut Db,
    failures: &'a mut Failures,
    began: std::time::Instant,
    changes_before: u64,
    jobs: usize,
    answers: Vec<Answer>,
    /// SQLite has undone the whole transaction.
    is_lost: bool,
}

impl<'a> Group<'a> {
    fn begun(db: &'a mut Db, failures: &'a mut Failures) -> Self {
        Self {
            changes_before: db.connection.total_changes(),
            db,
            failures,
            began: clock::monotonic(),
            jobs: 0,
            answers: Vec::new(),
            is_lost: false,
        }
    }

    fn run(&mut self, job: Box<dyn FnOnce(&mut Db) -> Answer + Send>) {
        let answer = job(self.db);
        tell_the_rest(self.db, self.failures);
        self.jobs += 1;
        // After some faults (disk full, failed reads) SQLite undoes everything by itself.
        self.is_lost = self.db.connection.is_autocommit();
        if self.db.connection.total_changes() == self.changes_before {
            answer(Ok(()));
        } else {
            self.answers.push(answer);
        }
    }

    /// Whatever waits, and where many ask at once also what is about to.
    fn next(&self, queue: &mpsc::Receiver<Job>) -> Option<Job> {
        match queue.try_recv() {
            Ok(job) => Some(job),
            Err(_) if self.answers.len() >= CROWD => queue.recv_timeout(NEXT_WITHIN).ok(),
            Err(_) => None,
        }
    }

    fn is_full(&self) -> bool {
        self.is_lost || self.jobs >= MOST || self.began.elapsed() >= LONGEST
    }

    fn end(self) {
        let committed = if self.is_lost {
            Err(undone())
        } else {
            self.db.connection.execute_batch("COMMIT")
        };
        let Err(error) = committed else {
            return self.answers.into_iter().for_each(|answer| answer(Ok(())));
        };
        if let Some(times) = self.failures.commits.again(clock::monotonic()) {
            let requests = self.answers.len();
            tracing::error!(error = %Chain(&error), times, requests, "a commit failed: nothing of its requests is kept; told once a minute while it goes on");
        }
        if !self.db.connection.is_autocommit()
            && let Err(error) = self.db.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %Chain(&error), "a failed commit could not be undone");
        }
        self.db.forget_what_was_not_kept();
        for answer in self.answers {
            answer(Err(StoreError::Sqlite(same(&error))));
        }
    }
}

fn undone() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None)
}

/// The same error for everybody who waits.
fn same(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, told) => {
            rusqlite::Error::SqliteFailure(*code, told.clone())
        }
        _ => undone(),
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
