//! How long ago something was recorded, as far as nobody can say that the clock jumped meanwhile. A clock that ran behind dates what it writes too early,
//! and no confirmation that it is right now changes that: a jump counts as no time that passed.

use super::set_back::{AHEAD_MS, CONFIRMED, JUMPED_AHEAD, SUBJECT, returned};
use super::{Db, StoreError};
use crate::clock::{self, Millis};

/// What the ledger says of the clock, with the entry after it.
struct Said {
    seq: i64,
    action: String,
    /// The last time before.
    last: i64,
    /// What the clock showed.
    showed: i64,
    /// When the entry after it was written.
    next: Option<i64>,
    /// Which is another jump from the same time.
    again: bool,
}

impl Said {
    /// How far the clock jumped; nothing where it was right again before anything else was written.
    fn jumped_ms(&self, now: Millis) -> i64 {
        let next = self.next.unwrap_or(now.0);
        let jumped = match returned(next, self.showed) {
            true => next - self.last,
            false => return (self.showed - self.last).max(0),
        };
        match jumped > AHEAD_MS && !self.again {
            true => jumped,
            false => 0,
        }
    }
}

impl Db {
    /// From when something is counted that was recorded at this time: jumps of the clock after this entry are no time that passed; and what was there before
    /// a confirmation, by its own entry or else by its time, was there by then.
    pub(super) fn counted_from(
        &self,
        recorded: Millis,
        (after, own): (i64, Option<i64>),
    ) -> Result<Millis, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.seq, l.action, l.detail ->> '$.last_ms', l.detail ->> '$.now_ms', n.at_ms,
             n.subject = l.subject AND n.action = l.action AND n.detail ->> '$.last_ms' = l.detail ->> '$.last_ms'
             FROM ledger l LEFT JOIN ledger n ON n.seq = l.seq + 1 WHERE l.subject = ?1 AND l.seq > ?2 ORDER BY l.seq",
        )?;
        let said = query.query_map((SUBJECT, after), |row| {
            Ok(Said {
                seq: row.get(0)?,
                action: row.get(1)?,
                last: row.get(2)?,
                showed: row.get(3)?,
                next: row.get(4)?,
                again: row.get::<_, Option<bool>>(5)?.unwrap_or(false),
            })
        })?;
        let (mut from, now) = (recorded.0, clock::now());
        for said in said {
            let said = said?;
            match said.action.as_str() {
                JUMPED_AHEAD => from = from.saturating_add(said.jumped_ms(now)),
                CONFIRMED if own.map_or(recorded.0 <= said.showed, |own| said.seq > own) => {
                    from = from.min(said.showed);
                }
                _ => {}
            }
        }
        Ok(Millis(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    /// Its action, the day that it shows, and of the clock's the days of before and of then.
    type Entry<'a> = (&'a str, i64, Option<(i64, i64)>);

    /// A ledger that begins so many days ago.
    fn counted(entries: &[Entry], recorded: (i64, Option<i64>)) -> i64 {
        let db = Db::open(std::path::Path::new(":memory:")).unwrap();
        let now = clock::now().0;
        let at = |day: i64| now + day * DAY;
        let before = super::super::ledger::newest(&db.connection).unwrap();
        for (seq, (action, day, of_clock)) in (before + 1..).zip(entries) {
            let detail = of_clock.map_or("{}".to_owned(), |(last, showed)| {
                format!(r#"{{"last_ms": {}, "now_ms": {}}}"#, at(last), at(showed))
            });
            let subject = if of_clock.is_some() {
                SUBJECT
            } else {
                "letter/A"
            };
            db.connection
                .execute(
                    "INSERT INTO ledger VALUES (?1, ?2, 'x', ?3, ?4, ?5, ?1)",
                    (seq, at(*day), action, subject, detail),
                )
                .unwrap();
        }
        let (day, own) = (recorded.0, recorded.1.map(|own| before + own));
        let from = db
            .counted_from(Millis(at(day)), (own.unwrap_or(before), own))
            .unwrap();
        (from.0 - now) / DAY
    }

    #[test]
    fn what_a_clock_that_ran_behind_wrote_is_not_older_when_it_is_set_right() {
        let (acked, jumped) = (
            ("draft.acked", -400, None),
            (JUMPED_AHEAD, 0, Some((-400, 0))),
        );
        assert_eq!(
            counted(&[acked, jumped], (-400, Some(1))),
            0,
            "not confirmed"
        );
        let confirmed = (CONFIRMED, 0, Some((-400, 0)));
        assert_eq!(counted(&[acked, jumped, confirmed], (-400, Some(1))), 0);
        assert_eq!(
            counted(&[jumped, confirmed, ("draft.acked", 0, None)], (0, Some(3))),
            0,
            "what comes after it is not touched"
        );
        // Set right in two steps, one while the other waits, and corrected a little afterwards.
        let steps = [
            acked,
            (JUMPED_AHEAD, -300, Some((-400, -300))),
            ("page.viewed", -300, None),
            (JUMPED_AHEAD, 0, Some((-300, 0))),
            ("clock.set_back", 0, Some((0, 0))),
        ];
        assert_eq!(counted(&steps, (-400, Some(1))), 0);
    }

    #[test]
    fn a_station_that_was_off_for_long_only_leaves_that_time_out() {
        let entries = [
            ("draft.acked", -4000, None),
            (JUMPED_AHEAD, -1000, Some((-1100, -1000))),
            (CONFIRMED, -999, Some((-1100, -999))),
        ];
        assert_eq!(counted(&entries, (-4000, Some(1))), -3900);
    }

    #[test]
    fn a_clock_that_ran_ahead_makes_nothing_older_and_keeps_nothing_for_ever() {
        let acked = ("draft.acked", -20, None);
        // Ahead for a moment, and right again by itself.
        let moment = [
            acked,
            (JUMPED_AHEAD, 800, Some((0, 800))),
            ("page.viewed", 0, None),
        ];
        assert_eq!(counted(&moment, (-20, Some(1))), -20);
        assert_eq!(
            counted(&moment[..2], (-20, Some(1))),
            -20,
            "nothing written since"
        );
        // Ahead, then set back and confirmed: whatever it wrote was there by then.
        let both = [
            acked,
            (JUMPED_AHEAD, 800, Some((-10, 800))),
            ("letter.withdrawn", 801, None),
            ("clock.set_back", -9, Some((801, -9))),
            (CONFIRMED, -8, Some((801, -8))),
        ];
        assert_eq!(counted(&both, (-20, Some(1))), -8);
        assert_eq!(counted(&both, (801, Some(3))), -8);
        assert_eq!(counted(&both, (-20, None)), -8, "its entry is not known");
        // That confirmation was wrong, the clock is set right again: it counts as a jump.
        let wrongly = [
            ("draft.acked", -50, None),
            ("clock.set_back", -450, Some((-50, -450))),
            (CONFIRMED, -450, Some((-50, -450))),
            (JUMPED_AHEAD, -49, Some((-450, -49))),
            (CONFIRMED, -49, Some((-450, -49))),
        ];
        assert_eq!(counted(&wrongly, (-50, Some(1))), -49);
        // Set back for a while and right again by itself: as if nothing had been.
        assert_eq!(counted(&wrongly[..2], (-50, Some(1))), -50);
    }
}
