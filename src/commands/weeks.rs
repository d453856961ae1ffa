//! `laixin evaluate --history`: how each field fared week by week, with what officers confirmed as truth.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::{GOOD, USAGE};
use crate::Chain;
use crate::clock::Millis;
use crate::store::{Db, Outcome};

/// `laixin evaluate --history`: every field, week by week, with what officers confirmed as truth.
pub(super) fn run(config: &Path, as_json: bool) -> u8 {
    let settings = match super::unlocked(config) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let outcomes = Db::look_at(&settings).and_then(|db| db.outcomes());
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    let weeks = by_week(&outcomes);
    if as_json {
        let rows: Vec<_> = weeks
            .iter()
            .map(|((week, field), f)| {
                json!({"week": week, "field": field, "n": f.n, "right": f.right, "accepted": f.accepted, "wrong_accepts": f.wrong})
            })
            .collect();
        println!("{}", json!({"weeks": rows}));
        return GOOD;
    }
    if weeks.is_empty() {
        println!("no letter was confirmed here yet");
        return GOOD;
    }
    print!("{}", table(&weeks));
    GOOD
}

/// The weeks and then all of them together, set off from each other.
fn table(weeks: &BTreeMap<(String, String), Fared>) -> String {
    let mut text = format!(
        "{:<10}  {:<12} {:>6} {:>7} {:>9}  {}\n",
        "week from", "field", "values", "right", "accepted", "of those wrong"
    );
    let mut last = None;
    for ((week, field), f) in weeks {
        if last.is_some_and(|last| last != week) {
            text.push('\n');
        }
        last = Some(week);
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        text.push_str(&format!(
            "{week:<10}  {field:<12} {:6} {:6.1}% {:8.1}%  {} ({:.2}%)\n",
            f.n,
            share(f.right, f.n),
            share(f.accepted, f.n),
            f.wrong,
            share(f.wrong, f.accepted)
        ));
    }
    text
}

/// In the place of a week; behind every one of them in order.
const ALL: &str = "all";

/// A field in one week.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Fared {
    n: usize,
    right: usize,
    accepted: usize,
    wrong: usize,
}

fn by_week(outcomes: &[Outcome]) -> BTreeMap<(String, String), Fared> {
    let mut weeks: BTreeMap<(String, String), Fared> = BTreeMap::new();
    for outcome in outcomes {
        let g = &outcome.graded;
        for week in [monday(outcome.at), ALL.to_owned()] {
            let fared = weeks.entry((week, g.field.clone())).or_default();
            fared.n += 1;
            fared.right += usize::from(g.right);
            fared.accepted += usize::from(g.proposed && g.accepted);
            fared.wrong += usize::from(g.proposed && g.accepted && !g.right);
        }
    }
    weeks
}

/// The Monday of its week.
fn monday(at: Millis) -> String {
    let date = at.zoned().date();
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(back))
        .unwrap_or(date)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::learn::Graded;

    /// The sum stood two columns to the left of its weeks.
    #[test]
    fn the_sum_of_all_weeks_stands_below_them_in_the_same_columns() {
        let fared = Fared {
            n: 200,
            right: 190,
            accepted: 100,
            wrong: 2,
        };
        let rows = ["2026-11-23", "2026-11-30", ALL]
            .map(|week| ((week.to_owned(), "address".to_owned()), fared));
        let told = table(&BTreeMap::from(rows));
        let lines: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 4, "{told}");
        for line in &lines[1..] {
            assert_eq!(&line[10..], &lines[1][10..], "{told}");
        }
        assert_eq!(lines[1].find("address"), lines[0].find("field"), "{told}");
        assert!(
            lines[3].starts_with("all ") && lines[3].ends_with("2 (2.00%)"),
            "{told}"
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_count_wrong_accepts_only_of_what_was_proposed() {
        let outcome = |at: &str, proposed: bool, accepted: bool, right: bool| Outcome {
            graded: Graded {
                field: "address".into(),
                confidence: 0.99,
                accepted,
                vetoed: false,
                proposed,
                right,
            },
            at: Millis::parse(at).expect("a time"),
        };
        let found = by_week(&[
            outcome("2026-11-23T04:00:00Z", true, true, true),
            outcome("2026-11-29T04:00:00Z", true, true, false),
            outcome("2026-11-30T04:00:00Z", false, false, true),
        ]);
        let of = |week: &str| found[&(week.to_owned(), "address".to_owned())];
        assert_eq!(
            of("2026-11-23"),
            Fared {
                n: 2,
                right: 1,
                accepted: 2,
                wrong: 1
            }
        );
        assert_eq!(
            of("2026-11-30"),
            Fared {
                n: 1,
                right: 1,
                accepted: 0,
                wrong: 0
            }
        );
    }
}
