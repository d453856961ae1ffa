//! Clocks that jump to and fro, running and off, confirmed or not: nothing is older than it truly is, and nothing stays young for ever. The ledger is the
//! station's own; the wall clock and the one that never jumps are this thread's.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::super::ledger;
use super::*;
use crate::store::ClockTrouble;

const DAY: i64 = 86_400_000;
/// What is done within a case takes a moment.
const MOMENT: i64 = 60_000;

#[derive(Debug, Clone)]
enum Step {
    /// The station runs for so many days.
    Runs(i64),
    /// It is off for so many days, and its clock is moved meanwhile.
    Off(i64, i64),
    /// Its clock is moved while it runs; whether it is killed before it has looked.
    Jumps(i64, bool),
    /// The clock is put right, running or off for so many days.
    SetRight(Option<i64>),
    /// It is killed and started.
    Killed,
    /// An officer says that the clock is right.
    Confirmed,
    /// A letter is registered.
    Registered,
}

fn moved() -> impl Strategy<Value = i64> {
    prop_oneof![45_i64..1200, -1200_i64..=-45]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_i64..90).prop_map(Step::Runs),
        1 => (prop_oneof![0_i64..39, 41_i64..100], prop_oneof![Just(0), moved()]).prop_map(|(days, by)| Step::Off(days, by)),
        2 => (moved(), any::<bool>()).prop_map(|(by, killed)| Step::Jumps(by, killed)),
        2 => prop_oneof![Just(None), (0_i64..60).prop_map(Some)].prop_map(Step::SetRight),
        1 => Just(Step::Killed),
        2 => Just(Step::Confirmed),
        3 => Just(Step::Registered),
    ];
    prop::collection::vec(step, 1..25)
}

struct Letter {
    entry: i64,
    at: Millis,
    /// What has truly passed.
    days: i64,
    /// And of it, while the station ran by a clock that nobody doubted.
    sound_days: i64,
    /// Whether the clock was right when it was registered.
    is_right: bool,
}

struct World {
    db: Db,
    letters: Vec<Letter>,
    /// How far the clock is from right, in days.
    off_by: i64,
    /// Days by which it was moved ahead and nobody can have seen it.
    unseen: i64,
    /// It was moved ahead while it was behind already, or nothing was written after it was moved: what passed next may count as a jump.
    is_blurred: bool,
}

impl World {
    fn new() -> Self {
        let db = Db::open(std::path::Path::new(":memory:")).unwrap();
        let mut world = Self {
            db,
            letters: Vec::new(),
            off_by: 0,
            unseen: 0,
            is_blurred: false,
        };
        world.writes();
        world
    }

    fn writes(&mut self) {
        self.db.watch_clock().unwrap();
        self.db
            .record("x", "page.viewed", "page/1", &json!({}))
            .unwrap();
    }

    fn days_pass(&mut self, days: i64, runs: bool) {
        let is_sound = runs && self.db.clock_set_back().unwrap().is_none();
        clock::jump_here(days * DAY);
        if runs {
            clock::sleep_through(Duration::from_millis((days * DAY).unsigned_abs()));
        }
        for letter in &mut self.letters {
            letter.days += days;
            letter.sound_days += days * i64::from(is_sound);
        }
    }

    /// Moves the clock; what it goes beyond the latest time that is on record may be taken for time that passed.
    fn moved(&mut self, by: i64) {
        let behind = self.db.clock_set_back().unwrap();
        clock::jump_here(by * DAY);
        self.off_by += by;
        if let Some(behind) = behind {
            self.is_blurred |= by > 0;
            let beyond = (clock::now().0 - behind.last.0) / DAY + 1;
            self.unseen += beyond.clamp(0, 41);
        }
    }

    fn takes(&mut self, step: &Step) {
        match *step {
            Step::Runs(days) => {
                for part in (0..days).step_by(10) {
                    self.days_pass((days - part).min(10), true);
                    self.writes();
                }
            }
            Step::Off(days, by) => {
                self.days_pass(days, false);
                self.moved(by);
                self.db.trust_clock().unwrap();
                self.writes();
            }
            Step::Jumps(by, killed) => {
                self.moved(by);
                match killed {
                    true => self.db.trust_clock().unwrap(),
                    false => self.writes(),
                }
                self.is_blurred |= killed;
                self.db.watch_clock().unwrap();
            }
            Step::SetRight(off) => {
                self.days_pass(off.unwrap_or(0), false);
                let by = -self.off_by;
                if by != 0 {
                    self.moved(by);
                }
                if off.is_some() {
                    self.db.trust_clock().unwrap();
                }
                self.writes();
            }
            Step::Killed => self.db.trust_clock().unwrap(),
            Step::Confirmed => {
                let doubted = self.db.clock_trouble().unwrap().is_some();
                assert_eq!(self.db.confirm_clock("li", "校准").is_ok(), doubted);
            }
            Step::Registered => {
                self.db
                    .record("cases", "draft.acked", "letter/A", &json!({}))
                    .unwrap();
                self.letters.push(Letter {
                    entry: ledger::newest(&self.db.connection).unwrap(),
                    at: clock::now(),
                    days: 0,
                    sound_days: 0,
                    is_right: self.off_by == 0 && self.db.clock_trouble().unwrap().is_none(),
                });
            }
        }
    }

    fn counted_ms(&self, letter: &Letter) -> i64 {
        clock::now().0
            - self
                .db
                .there_since(Some(letter.entry), letter.at)
                .unwrap()
                .0
    }

    fn nothing_is_too_old(&mut self, step: &Step) {
        // As before anything is destroyed, and every few seconds.
        let trouble = self.db.watch_clock().unwrap();
        assert_eq!(
            self.db.time_has_passed("destroy").is_ok(),
            trouble.is_none()
        );
        for letter in &self.letters {
            let counted = self.counted_ms(letter);
            // The machine's own clock may step back a little meanwhile.
            assert!(counted >= -MOMENT, "since a day to come after {step:?}");
            let allowed = (letter.days + self.unseen) * DAY + MOMENT;
            assert!(
                counted <= allowed,
                "{} days counted of {} after {step:?}, {} may be unseen",
                counted / DAY,
                letter.days,
                self.unseen
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// By clocks that jump further than a station is off, in any order.
    #[test]
    fn nothing_is_counted_older_than_it_is_and_what_was_undone_locks_nothing(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.takes(step);
            world.nothing_is_too_old(step);
        }
        // Put right and confirmed: from now on every day counts, and what passed by a clock in no doubt has counted.
        let right = [Step::SetRight(None), Step::Runs(1)];
        right.iter().for_each(|step| world.takes(step));
        if world.db.clock_trouble().unwrap().is_some() {
            world.takes(&Step::Confirmed);
        }
        prop_assert!(world.db.clock_trouble().unwrap().is_none());
        let before: Vec<i64> = world.letters.iter().map(|letter| world.counted_ms(letter)).collect();
        for (letter, counted) in world.letters.iter().zip(&before) {
            let sound = letter.sound_days * DAY;
            prop_assert!(
                world.is_blurred || !letter.is_right || *counted + DAY >= sound,
                "{} days counted, {} by a sound clock", counted / DAY, letter.sound_days
            );
        }
        world.takes(&Step::Runs(400));
        for (letter, before) in world.letters.iter().zip(before) {
            prop_assert!(world.counted_ms(letter) + MOMENT >= before + 400 * DAY);
        }
        world.nothing_is_too_old(&Step::Runs(400));
    }
}

/// K1 of the review: “done with since 2029-08-24, not yet 1 years”, in 2026.
#[test]
fn a_clock_that_was_ahead_once_and_set_right_locks_no_older_letter() {
    let mut world = World::new();
    for step in [
        Step::Registered,
        Step::Runs(370),
        Step::Off(0, 1000),
        Step::Runs(1),
        Step::SetRight(Some(1)),
        Step::Confirmed,
    ] {
        world.takes(&step);
        world.nothing_is_too_old(&step);
    }
    let letter = &world.letters[0];
    assert!(world.counted_ms(letter) >= 370 * DAY);
    assert!(world.db.time_has_passed("destroy").is_ok());
}

/// The run went on to expect what the clock had jumped to, and the next jump began there: a letter was 81 days older than it is.
#[test]
fn nothing_begins_at_what_a_clock_showed_that_was_taken_back() {
    // Right, it is a day or two beyond what it had jumped to.
    for (ahead, killed, again) in [
        (81, true, false),
        (80, true, false),
        (80, false, false),
        (80, true, true),
    ] {
        let mut world = World::new();
        for step in [
            Step::Jumps(-82, true),
            Step::Registered,
            Step::Confirmed,
            Step::Jumps(ahead, killed),
        ] {
            world.takes(&step);
        }
        if again {
            world.takes(&Step::Killed);
        }
        for step in [Step::Jumps(-900, false), Step::SetRight(None)] {
            world.takes(&step);
            let counted = world.counted_ms(&world.letters[0]);
            assert!(counted < DAY, "{ahead}, {killed}, {again}: {counted}");
        }
    }
}

/// The same between two looks at the clock, and by less than a station may be off.
#[test]
fn a_clock_that_is_back_between_two_looks_is_further_on_by_no_jump_before() {
    let mut world = World::new();
    world.takes(&Step::Registered);
    world.moved(30);
    world.db.watch_clock().unwrap();
    world.moved(-900);
    world
        .db
        .record("x", "page.viewed", "page/1", &json!({}))
        .unwrap();
    world.moved(900);
    world.writes();
    assert!(world.counted_ms(&world.letters[0]) < DAY);
    assert!(world.db.time_has_passed("destroy").is_err());
}

/// A jump that nobody had looked at yet became time that passed by the confirmation.
#[test]
fn a_jump_that_is_confirmed_before_it_is_noted_is_noted_first() {
    let mut world = World::new();
    world.takes(&Step::Registered);
    world.moved(30);
    assert!(matches!(
        world.db.clock_trouble().unwrap(),
        Some(ClockTrouble::JumpedAhead(_))
    ));
    world.takes(&Step::Confirmed);
    assert!(world.counted_ms(&world.letters[0]) < DAY);
}

/// The same bytes came again while the clock ran behind: they were taken for those destroyed, and destroyed.
#[test]
fn what_came_again_after_it_was_destroyed_is_kept_whatever_the_clock_showed() {
    let db = Db::open(std::path::Path::new(":memory:")).unwrap();
    db.connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO retentions (id, letter_id, policy, proposed_by, proposed_ms) VALUES (1, 'A', 'p', 'x', 1);
             INSERT INTO tombstones (sha256, sm3, size, retention_id, destroyed_ms) VALUES ('f', 'e', 1, 1, 500);
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, taken_ms, state, sha256, sm3, size)
             VALUES ('a', 's', 'n', 'k', 1, 900, 'taken', 'f', 'e', 1);",
        )
        .unwrap();
    for (action, subject) in [
        ("page.arrived", "arrival/a"),
        ("letter.destroyed", "letter/A"),
    ] {
        ledger::append(&db.connection, "x", action, subject, &json!({})).unwrap();
    }
    assert_eq!(
        db.destroyed_originals().unwrap(),
        ["f"],
        "taken by a fast clock"
    );
    assert!(db.original_rows().unwrap().is_empty());
    let again = "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, taken_ms, state, sha256, sm3, size)
         VALUES ('b', 's', 'm', 'k', 1, 100, 'taken', 'f', 'e', 1)";
    db.connection.execute(again, []).unwrap();
    ledger::append(&db.connection, "x", "page.arrived", "arrival/b", &json!({})).unwrap();
    assert!(
        db.destroyed_originals().unwrap().is_empty(),
        "by a slow one"
    );
    assert!(db.scans_of_destroyed(None).unwrap().is_empty());
    assert_eq!(db.original_rows().unwrap().len(), 1);
}
