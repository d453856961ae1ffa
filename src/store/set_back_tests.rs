//! The clock goes back, forward, and to and fro: what is noted, refused and ordered. Ages are put on the ledger, so that no test moves the clock of another.

use super::*;
use crate::domain::intake::Gate;
use crate::domain::letter::Carrier;
use crate::store::letters::gate;
use crate::store::{Arrival, Claiming, NewArrival, NewBatch};

const YEAR_MS: i64 = 365 * 86_400_000;

fn db() -> Db {
    Db::open(std::path::Path::new(":memory:")).unwrap()
}

/// A load that two people opened.
fn opened(db: &mut Db) -> i64 {
    let batch = NewBatch {
        carrier: Carrier::Letter,
        count: 3,
        received: clock::now(),
    };
    let batch = db.sign_in_batch(&batch, "wang").unwrap();
    let load = db.add_load(batch, "cabinet-1", "wang").unwrap();
    db.override_load(load, ("wang", "li"), "门锁坏了").unwrap();
    load
}

fn seen(db: &mut Db, name: &str, at: (Millis, Instant)) -> Arrival {
    let new = NewArrival {
        source: "s1".into(),
        name: name.into(),
        file_key: name.into(),
        first_seen: at.0,
        seen: Some(at.1),
    };
    db.note_arrival(&new).unwrap()
}

/// What is on record so far was written by a clock that was ahead by a year: this one goes back.
fn goes_back(db: &Db) {
    let ahead = "UPDATE ledger SET at_ms = at_ms + ?1";
    db.connection.execute(ahead, [YEAR_MS]).unwrap();
}

#[test]
fn a_clock_that_jumps_forward_between_sight_and_note_lets_no_early_page_in() {
    let mut db = db();
    let early = clock::monotonic();
    let load = opened(&mut db);
    // The clock jumped: by it, the page was seen a day after the release.
    let jumped = Millis(clock::now().0 + 86_400_000);
    let page = seen(&mut db, "A001_p1.jpg", (jumped, early));
    assert_eq!(
        gate(&db.connection, &page).unwrap(),
        Gate::SeenBeforeRelease
    );
    let page = seen(&mut db, "A001_p2.jpg", (Millis(0), clock::monotonic()));
    let entered = gate(&db.connection, &page).unwrap();
    assert_eq!(
        entered,
        Gate::Enter { load },
        "whatever the wall clock said"
    );
}

#[test]
fn a_load_released_after_the_clock_went_back_takes_no_page_from_before() {
    let mut db = db();
    let page = seen(&mut db, "A001_p1.jpg", (clock::now(), clock::monotonic()));
    opened(&mut db);
    db.connection
        .execute("UPDATE loads SET released_ms = released_ms - ?1", [YEAR_MS])
        .unwrap();
    assert_eq!(
        gate(&db.connection, &page).unwrap(),
        Gate::SeenBeforeRelease
    );
}

#[test]
fn a_clock_set_back_is_noted_once_and_nothing_is_begun_closed_or_handed_over() {
    let mut db = db();
    opened(&mut db);
    let page = seen(&mut db, "A001_p1.jpg", (clock::now(), clock::monotonic()));
    assert!(matches!(
        gate(&db.connection, &page).unwrap(),
        Gate::Enter { .. }
    ));
    goes_back(&db);
    assert_eq!(gate(&db.connection, &page).unwrap(), Gate::ClockSetBack);
    let none = Claiming {
        by: "cases".into(),
        limit: 1,
        lease_seconds: 60,
    };
    let batch = NewBatch {
        carrier: Carrier::Letter,
        count: 1,
        received: clock::now(),
    };
    let refused: [Result<(), StoreError>; 5] = [
        db.sign_in_batch(&batch, "wang").map(drop),
        db.add_load(1, "cabinet-1", "wang").map(drop),
        db.override_load(1, ("wang", "li"), "门锁坏了"),
        db.close_batch(1, "wang", None),
        db.claim_drafts(&none, || "lease".into()).map(drop),
    ];
    for one in refused {
        let told = one.unwrap_err();
        assert!(
            matches!(
                told,
                StoreError::WrongState {
                    why: Hindrance::ClockSetBack,
                    ..
                }
            ),
            "{told}"
        );
        assert!(
            told.to_string().contains("behind what is on record"),
            "{told}"
        );
    }
    db.record("wang", "page.viewed", "page/1", &json!({}))
        .unwrap();
    db.record("wang", "page.viewed", "page/2", &json!({}))
        .unwrap();
    assert_eq!(
        gate(&db.connection, &page).unwrap(),
        Gate::ClockSetBack,
        "noted, and not over"
    );
    let noted = db.ledger_of(SUBJECT).unwrap();
    let actions: Vec<&str> = noted.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, [SET_BACK]);
}

#[test]
fn a_clock_that_is_right_again_or_confirmed_lets_everything_go_on() {
    let mut db = db();
    opened(&mut db);
    let page = seen(&mut db, "A001_p1.jpg", (clock::now(), clock::monotonic()));
    goes_back(&db);
    db.record("wang", "page.viewed", "page/1", &json!({}))
        .unwrap();
    assert_eq!(gate(&db.connection, &page).unwrap(), Gate::ClockSetBack);
    db.confirm_clock("li", "时间服务器已校准").unwrap();
    assert!(matches!(
        gate(&db.connection, &page).unwrap(),
        Gate::Enter { .. }
    ));
    let again = db.confirm_clock("li", "时间服务器已校准").unwrap_err();
    assert!(again.to_string().contains("not behind"), "{again}");
    let last = db.ledger_of(SUBJECT).unwrap().pop().unwrap();
    assert_eq!(
        (last.action.as_str(), last.actor.as_str()),
        (CONFIRMED, "li")
    );
    assert!(last.detail.contains("时间服务器已校准"));
    // Set back once more, and right again by itself.
    goes_back(&db);
    assert!(db.clock_set_back().unwrap().is_some());
    db.connection
        .execute("UPDATE ledger SET at_ms = at_ms - ?1", [YEAR_MS])
        .unwrap();
    assert_eq!(db.clock_set_back().unwrap(), None);
}

#[test]
fn a_time_server_may_set_the_clock_back_a_little() {
    let mut db = db();
    opened(&mut db);
    db.connection
        .execute("UPDATE ledger SET at_ms = at_ms + 90000", [])
        .unwrap();
    assert_eq!(db.clock_set_back().unwrap(), None);
}

#[test]
fn what_waited_by_a_clock_that_was_ahead_goes_on_when_the_clock_is_confirmed() {
    let mut db = db();
    let load = opened(&mut db);
    let ahead = clock::now().0 + YEAR_MS;
    db.connection
        .execute_batch(&format!(
            "INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES
               ('A', 1, {load}, 'A', 'reading', 1, {ahead}), ('B', 1, {load}, 'B', 'drafted', 1, {ahead});
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a', 's', 'n', 'k', 1, 'taken'), ('b', 's', 'm', 'k', 1, 'taken');
             INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state) VALUES ('A', 'a', 'letter', 'a', 'b', 1, 'read'), ('B', 'b', 'letter', 'c', 'd', 1, 'read');
             INSERT INTO drafts (letter_id, body, created_ms, updated_ms) VALUES ('A', '{{}}', {ahead} - 1, 1), ('B', '{{}}', {ahead} + 1, 1);
             UPDATE drafts SET state = 'leased', claimed_by = 'cases', lease_ms = {ahead} WHERE letter_id = 'B';"
        ))
        .unwrap();
    goes_back(&db);
    db.confirm_clock("li", "时间服务器已校准").unwrap();
    let due = db.letters_due(clock::now(), 0).unwrap();
    let due: Vec<&str> = due.iter().map(|letter| letter.id.as_str()).collect();
    assert_eq!(due, ["A"], "its newest page is in no draft");
    let lease: i64 = db
        .connection
        .query_row(
            "SELECT lease_ms FROM drafts WHERE letter_id = 'B'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(lease <= clock::now().0, "it would last a year");
}

fn jumped(db: &Db) -> bool {
    matches!(
        db.clock_trouble().unwrap(),
        Some(ClockTrouble::JumpedAhead(_))
    )
}

fn clock_actions(db: &Db) -> Vec<String> {
    let noted = db.ledger_of(SUBJECT).unwrap().into_iter();
    noted.map(|entry| entry.action).collect()
}

const DAY_MS: i64 = 86_400_000;

#[test]
fn a_clock_far_beyond_the_last_entry_is_noted_once_and_waits_for_a_persons_word() {
    let mut db = db();
    opened(&mut db);
    assert!(!jumped(&db));
    let weeks = "UPDATE ledger SET at_ms = at_ms - ?1";
    db.connection.execute(weeks, [39 * DAY_MS]).unwrap();
    assert!(!jumped(&db), "a station may be off over a holiday");
    db.connection.execute(weeks, [2 * DAY_MS]).unwrap();
    assert!(jumped(&db), "also before anything is written");
    assert!(db.time_has_passed("destroy").is_err());
    assert!(db.clock_is_right("close").is_ok(), "work goes on");
    for page in ["page/1", "page/2"] {
        db.record("wang", "page.viewed", page, &json!({})).unwrap();
    }
    assert!(jumped(&db), "noted, and not over");
    assert_eq!(clock_actions(&db), [JUMPED_AHEAD]);
    db.confirm_clock("li", "停机六周").unwrap();
    assert!(!jumped(&db));
    db.time_has_passed("destroy").unwrap();
    db.record("wang", "page.viewed", "page/3", &json!({}))
        .unwrap();
    assert_eq!(clock_actions(&db), [JUMPED_AHEAD, CONFIRMED]);
}

#[test]
fn a_clock_that_runs_ahead_of_the_time_that_passed_is_told_within_the_run() {
    let mut db = db();
    opened(&mut db);
    let ahead = |ms: i64| Expected::from(Millis(clock::now().0 - ms));
    db.clock_shows = ahead(DAY_MS - 60_000);
    assert_eq!(db.watch_clock().unwrap(), None);
    db.clock_shows = ahead(DAY_MS + 60_000);
    // What was written by it meanwhile hides nothing.
    db.record("wang", "page.viewed", "page/1", &json!({}))
        .unwrap();
    assert!(jumped(&db));
    db.watch_clock().unwrap();
    db.watch_clock().unwrap();
    assert_eq!(clock_actions(&db), [JUMPED_AHEAD]);
    // It showed next year, for a moment, and is right again by itself.
    db.clock_shows = ahead(0);
    let showed = clock::now().0 + YEAR_MS;
    db.connection
        .execute(
            "UPDATE ledger SET at_ms = ?1, detail = json_set(detail, '$.now_ms', ?1) WHERE action = ?2",
            (showed, JUMPED_AHEAD),
        )
        .unwrap();
    assert_eq!(db.clock_trouble().unwrap(), None);
}

/// A lease began ten days ahead, and another's would have run out by it.
#[test]
fn no_draft_is_leased_while_the_clock_is_far_ahead() {
    let mut db = db();
    opened(&mut db);
    let claiming = Claiming {
        by: "cases".into(),
        limit: 1,
        lease_seconds: 600,
    };
    db.clock_shows = Expected::from(Millis(clock::now().0 - 10 * DAY_MS));
    let refused = db.claim_drafts(&claiming, || "lease".into());
    let why = match refused {
        Err(StoreError::WrongState { why, .. }) => Some(why),
        _ => None,
    };
    assert_eq!(why, Some(Hindrance::ClockJumped));
    db.confirm_clock("li", "时钟已校准").unwrap();
    let claimed = db.claim_drafts(&claiming, || "lease".into()).unwrap();
    assert!(claimed.is_empty(), "there is none");
}
