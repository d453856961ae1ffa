//! Groups as callers and the disk see them: who is answered when, what shares a commit, what a failure takes with it.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use futures_util::future::join_all;
use rusqlite::{OptionalExtension, StatementStatus};
use serde_json::json;
use tempfile::TempDir;

use super::super::{Queued, Store};
use super::*;

struct Bench {
    store: Store,
    thread: JoinHandle<()>,
    folder: TempDir,
}

/// How many entries there are about this subject, as another process sees it.
fn entries(file: &Path, subject: &str) -> usize {
    let db = Db::open_to_look(file).unwrap();
    db.ledger_of(subject).unwrap().len()
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, thread) = Store::open(&folder.path().join("station.sqlite3")).unwrap();
        Self {
            store,
            thread,
            folder,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("station.sqlite3")
    }

    /// Commits in the journal so far: frames that carry the database's size.
    fn commits(&self) -> usize {
        let journal = std::fs::read(self.folder.path().join("station.sqlite3-wal")).unwrap();
        let page = u32::from_be_bytes(journal[8..12].try_into().unwrap()) as usize;
        let frames = journal[32..].chunks_exact(24 + page);
        frames.filter(|frame| frame[4..8] != [0; 4]).count()
    }

    /// Keeps the owner thread from beginning until what is asked meanwhile all waits in its queue.
    fn held_up(&self) -> mpsc::Sender<()> {
        let (go, wait) = mpsc::channel();
        let queued = self.store.later(move |_| wait.recv().unwrap());
        assert_eq!(queued, Queued::Yes);
        go
    }

    async fn look(&self, subject: &str) -> Result<(), StoreError> {
        let about = subject.to_owned();
        self.store
            .with(move |db| db.record("zhang", "page.viewed", &about, &json!({})))
            .await
    }

    fn end(self) {
        drop(self.store);
        self.thread.join().unwrap();
    }
}

/// A station that is killed between two commits would be told ever after that somebody had changed the row.
#[test]
fn a_change_shares_its_commit_with_the_entry_that_vouches_for_it() {
    let bench = Bench::new();
    let before = bench.commits();
    let signed_in = "INSERT INTO batches (carrier, count, received_ms, signed_by, created_ms) VALUES ('letter', 1, 1, 'z', 1)";
    let done = bench.store.wait(move |db| {
        db.connection.execute(signed_in, [])?;
        Ok(())
    });
    done.unwrap();
    // Whatever is written of it is written now.
    let rows = bench.store.wait(|db| db.verify_rows()).unwrap();
    assert_eq!(rows.faults, []);
    assert_eq!(bench.commits() - before, 1);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_answered_finds_his_entry_kept_and_forty_of_them_shared_a_commit() {
    let bench = Bench::new();
    let before = bench.commits();
    let go = bench.held_up();
    let looks = (0..40).map(|n| {
        let (bench, subject) = (&bench, format!("letter/{n}"));
        async move {
            bench.look(&subject).await.unwrap();
            // The answer has just come: another process must see what it stands for.
            assert_eq!(entries(&bench.file(), &subject), 1, "{subject}");
        }
    });
    let looks = join_all(looks);
    let all = async {
        // By then every look has been queued: futures are asked in their order.
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    tokio::join!(looks, all);
    let commits = bench.commits() - before;
    assert!((1..=3).contains(&commits), "{commits} commits for 40 looks");
    assert_eq!(entries(&bench.file(), "letter/39"), 1);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_takes_no_other_look_of_its_group_with_it() {
    let bench = Bench::new();
    let go = bench.held_up();
    let failing = bench.store.with(|db| {
        db.atomically(|db| {
            db.record("zhang", "page.viewed", "letter/undone", &json!({}))?;
            db.draft("no such letter").map(|_| ())
        })
    });
    let refused = bench.store.with(|db| {
        db.connection
            .execute("INSERT INTO ledger (seq) VALUES (1)", [])?;
        Ok(())
    });
    let (before, failed, refused, after, ()) = tokio::join!(
        bench.look("letter/before"),
        failing,
        refused,
        bench.look("letter/after"),
        async { go.send(()).unwrap() }
    );
    before.unwrap();
    after.unwrap();
    assert!(
        matches!(failed, Err(StoreError::NotFound { .. })),
        "{failed:?}"
    );
    assert!(matches!(refused, Err(StoreError::Sqlite(_))), "{refused:?}");
    let file = bench.file();
    for (subject, kept) in [("before", 1), ("undone", 0), ("after", 1)] {
        assert_eq!(
            entries(&file, &format!("letter/{subject}")),
            kept,
            "{subject}"
        );
    }
    let whole = bench.store.with(|db| db.verify_ledger()).await.unwrap();
    assert!(whole.is_ok(), "{whole:?}");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_commit_fails_nobody_is_told_that_his_look_is_on_record() {
    let bench = Bench::new();
    // A row that refers to nothing, allowed until the commit.
    let orphan = "PRAGMA defer_foreign_keys = ON;
        INSERT INTO sessions (hash, user, csrf, created_ms, expires_ms) VALUES ('h', 'nobody', 'c', 1, 2)";
    let go = bench.held_up();
    let spoils = bench
        .store
        .with(move |db| Ok(db.connection.execute_batch(orphan)?));
    let (first, spoilt, last, ()) = tokio::join!(
        bench.look("letter/first"),
        spoils,
        bench.look("letter/last"),
        async { go.send(()).unwrap() }
    );
    for answer in [first, spoilt, last] {
        let told = answer.unwrap_err();
        assert!(matches!(told, StoreError::Sqlite(_)), "{told:?}");
    }
    for subject in ["letter/first", "letter/last"] {
        assert_eq!(entries(&bench.file(), subject), 0);
    }
    bench.look("letter/next").await.unwrap();
    assert_eq!(entries(&bench.file(), "letter/next"), 1);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_sqlite_undoes_everything_by_itself_those_before_are_told_and_those_after_go_on() {
    let bench = Bench::new();
    let go = bench.held_up();
    // As it does when the disk is full or cannot be read.
    let undoes = bench
        .store
        .with(|db| Ok(db.connection.execute_batch("ROLLBACK")?));
    let (before, _, after, ()) = tokio::join!(
        bench.look("letter/before"),
        undoes,
        bench.look("letter/after"),
        async { go.send(()).unwrap() }
    );
    assert!(matches!(before, Err(StoreError::Sqlite(_))), "{before:?}");
    after.unwrap();
    assert_eq!(entries(&bench.file(), "letter/before"), 0);
    assert_eq!(entries(&bench.file(), "letter/after"), 1);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_record_was_not_kept_is_recorded_when_it_is_shown_again() {
    use crate::domain::access::{Holder, Role, Seer};
    let bench = Bench::new();
    let seer = Seer {
        actor: "zhang".into(),
        holder: Holder::Person(Role::Operator),
    };
    let shown =
        move |db: &mut Db| db.note_list(&seer, "today", &[("A001".to_owned(), "said".to_owned())]);
    let go = bench.held_up();
    let (listed, _, ()) = tokio::join!(
        bench.store.with(shown.clone()),
        bench
            .store
            .with(|db| Ok(db.connection.execute_batch("ROLLBACK")?)),
        async { go.send(()).unwrap() }
    );
    assert!(listed.is_err());
    bench.store.with(shown).await.unwrap();
    assert_eq!(entries(&bench.file(), "letters"), 1);
    bench.end();
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_as_such_and_forgotten_once_it_takes_changes() {
    let bench = Bench::new();
    let limit = |pages: i64| {
        move |db: &mut Db| {
            let set = format!("PRAGMA max_page_count = {pages}");
            db.connection.query_row(&set, [], |_| Ok(()))?;
            Ok(())
        }
    };
    assert!(bench.store.takes_changes().await);
    bench.store.with(limit(1)).await.unwrap();
    let long = json!({"note": "x".repeat(1 << 20)});
    let record = move |db: &mut Db| db.record("zhang", "page.viewed", "letter/long", &long);
    let told = bench.store.with(record.clone()).await.unwrap_err();
    assert!(told.is_full(), "{told:?}");
    let problem = crate::api::problem::Problem::from(told);
    let told = serde_json::to_value(&problem).unwrap();
    assert_eq!(
        (&told["status"], &told["code"]),
        (&json!(507), &json!("storage_full"))
    );
    assert_eq!(entries(&bench.file(), "letter/long"), 0, "nothing is kept");
    bench.store.with(limit(1 << 30)).await.unwrap();
    assert!(bench.store.takes_changes().await);
    bench.store.with(record).await.unwrap();
    assert_eq!(entries(&bench.file(), "letter/long"), 1);
}

/// A disk that had turned read-only was called well again: what was tried was answered before its commit, which alone meets the disk.
#[tokio::test]
async fn what_tries_the_disk_waits_for_its_commit() {
    let bench = Bench::new();
    let changes = |db: &mut Db| {
        let before = db.connection.total_changes();
        db.try_writing()?;
        Ok(db.connection.total_changes() - before)
    };
    let before = bench.commits();
    assert_eq!(bench.store.with(changes).await.unwrap(), 1);
    // A page went to the journal: a commit without one meets no disk.
    assert_eq!(bench.commits() - before, 1);
    bench.end();
}

/// That a session was used could not be written down, and everybody was asked to sign in, which a full disk takes even less.
#[tokio::test]
async fn a_disk_that_takes_nothing_throws_nobody_out() {
    let bench = Bench::new();
    let begin = |db: &mut Db| {
        db.add_user("zhang", crate::store::Role::Operator, "-", "-")?;
        db.begin_session("zhang", "cookie", "csrf", 5)
    };
    let begun = bench.store.with(begin).await.unwrap();
    let lasting = crate::store::Lasting {
        idle_minutes: 30,
        longest_hours: 12,
    };
    let takes =
        |is: bool| move |db: &mut Db| Ok(db.connection.pragma_update(None, "query_only", !is)?);
    bench.store.with(takes(false)).await.unwrap();
    let renew = bench
        .store
        .with(move |db| db.session("cookie", lasting))
        .await;
    assert!(renew.unwrap_err().is_full(), "it is due to be renewed");
    let session = || bench.store.session("cookie".to_owned(), lasting);
    assert_eq!(session().await.unwrap(), Some(begun), "as it was");
    let nobody = bench.store.session("another".to_owned(), lasting).await;
    assert_eq!(nobody.unwrap(), None);
    bench.store.with(takes(true)).await.unwrap();
    let renewed = session().await.unwrap().unwrap();
    assert!(
        renewed.expires > crate::clock::now().plus_seconds(29 * 60),
        "it lasts on"
    );
    bench.end();
}

/// Who comes with which token is asked before anything else: it must not wait for the disk that somebody else's change waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_waits_for_no_change_and_sees_all_that_was_told() {
    let bench = Bench::new();
    bench.look("letter/kept").await.unwrap();
    let go = bench.held_up();
    let seen = |subject: &'static str| bench.store.look(move |db| db.ledger_of(subject));
    let (change, kept, _) = tokio::join!(bench.look("letter/coming"), seen("letter/kept"), async {
        assert_eq!(seen("letter/coming").await.unwrap().len(), 0);
        go.send(()).unwrap();
    });
    change.unwrap();
    assert_eq!(kept.unwrap().len(), 1);
    assert_eq!(seen("letter/coming").await.unwrap().len(), 1);
    bench.end();
}

fn prepared_again(db: &Db) -> Result<i32, StoreError> {
    let mut list = db
        .connection
        .prepare("SELECT seq FROM ledger WHERE at_ms > ?1 ORDER BY seq LIMIT ?2")?;
    for limit in 1..9_i64 {
        let _: Option<i64> = list.query_row((0, limit), |row| row.get(0)).optional()?;
    }
    Ok(list.get_status(StatementStatus::RePrepare))
}

/// SQLite prepares a statement anew when the value behind its `LIMIT` could be another one; that took half of the time of every claim.
#[tokio::test]
async fn a_statement_with_a_limit_is_prepared_once() {
    let bench = Bench::new();
    let own = bench.store.with(|db| prepared_again(db));
    assert_eq!(own.await.unwrap(), 0);
    assert_eq!(bench.store.look(prepared_again).await.unwrap(), 0);
    bench.end();
}

/// A full disk: ten looks a second fail for hours, and the log has a line a minute of it.
#[test]
fn a_failure_that_goes_on_is_told_at_once_and_then_once_a_minute_with_its_number() {
    let (mut often, began) = (super::Often::default(), clock::monotonic());
    let told: Vec<(u64, u64)> = (0..1_801)
        .filter_map(|tenth| {
            let now = began + Duration::from_millis(tenth * 100);
            Some((tenth, often.again(now)?))
        })
        .collect();
    assert_eq!(told, [(0, 1), (600, 600), (1_200, 600), (1_800, 600)]);
}

/// SQLite would do it in the midst of a crowd.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_pause_after_much_has_changed_the_journal_is_written_into_the_database() {
    let bench = Bench::new();
    let size = || std::fs::metadata(bench.file()).unwrap().len();
    let before = size();
    bench
        .store
        .with(|db| {
            for n in 0..MUCH {
                db.record("zhang", "page.viewed", &format!("letter/{n}"), &json!({}))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    while size() == before {
        assert!(std::time::Instant::now() < patience, "nothing is written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.end();
}
