//! The outlook against lamps whose future is known, and against noise that has none.

use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_800_000_000_000;

/// One cycle a day, the last one today.
fn daily(values: &[f64]) -> Vec<Point> {
    let n = values.len() as i64;
    let at = |at: usize| NOW - (n - 1 - at as i64) * DAY;
    values
        .iter()
        .enumerate()
        .map(|(i, value)| Point {
            at_ms: at(i),
            value: *value,
        })
        .collect()
}

/// Scatter without a generator: the fractional parts of multiples of the golden ratio, as even as dice.
fn scatter(at: usize) -> f64 {
    (at as f64 * 0.618_033_988_75).fract() - 0.5
}

#[test]
fn too_few_cycles_are_said_to_be_too_few() {
    let said = outlook(&daily(&[9.0, 8.0, 7.0, 6.0]), Some(3.0), Good::Above, NOW);
    assert_eq!(
        said,
        Outlook::NotEnough {
            have: 4,
            need: POINTS_NEEDED
        }
    );
    assert_eq!(
        outlook(&[], Some(3.0), Good::Above, NOW),
        Outlook::NotEnough {
            have: 0,
            need: POINTS_NEEDED
        }
    );
}

#[test]
fn twenty_cycles_of_one_morning_are_not_a_trend() {
    let points: Vec<Point> = (0..20)
        .map(|at| Point {
            at_ms: NOW - DAY / 3 + at * 60_000,
            value: 9.0 - at as f64 * 0.1,
        })
        .collect();
    assert!(matches!(
        outlook(&points, Some(3.0), Good::Above, NOW),
        Outlook::NotEnough { have: 20, .. }
    ));
}

#[test]
fn a_steady_lamp_gets_no_date() {
    let values: Vec<f64> = (0..40).map(|at| 12.0 + scatter(at)).collect();
    assert_eq!(
        outlook(&daily(&values), Some(3.0), Good::Above, NOW),
        Outlook::Steady
    );
}

#[test]
fn an_ageing_lamp_is_foreseen_within_a_tenth_of_the_time_left() {
    // 14 mW/cm² when new, 0.05 a day lost, ±0.4 of scatter; 60 days seen, the limit of 10 is reached after 80.
    let values: Vec<f64> = (0..60)
        .map(|at| 14.0 - 0.05 * at as f64 + 0.8 * scatter(at))
        .collect();
    let Outlook::Reaches { per_day, at_ms } =
        outlook(&daily(&values), Some(10.0), Good::Above, NOW)
    else {
        panic!("a fall of 0.05 a day is a trend");
    };
    let true_days = (values.len() as f64).mul_add(-0.05, 14.0 - 10.0) / 0.05;
    let said_days = (at_ms - NOW) as f64 / DAY as f64;
    assert!((per_day + 0.05).abs() < 0.01, "{per_day}");
    assert!(
        (said_days - true_days).abs() <= true_days * 0.1 + 2.0,
        "{said_days} for {true_days}"
    );
}

#[test]
fn a_dirty_sensor_on_some_days_does_not_bend_the_line() {
    let clean: Vec<f64> = (0..40).map(|at| 14.0 - 0.05 * at as f64).collect();
    let mut dirty = clean.clone();
    for at in [7, 8, 21, 30] {
        dirty[at] = 4.0;
    }
    let date = |values: &[f64]| match outlook(&daily(values), Some(10.0), Good::Above, NOW) {
        Outlook::Reaches { at_ms, .. } => (at_ms - NOW) as f64 / DAY as f64,
        other => panic!("{other:?}"),
    };
    assert!(
        (date(&clean) - date(&dirty)).abs() < 6.0,
        "{} and {}",
        date(&clean),
        date(&dirty)
    );
}

#[test]
fn a_lamp_that_gets_better_after_cleaning_is_not_predicted_to_fail() {
    let values: Vec<f64> = (0..20).map(|at| 8.0 + 0.1 * at as f64).collect();
    assert!(matches!(
        outlook(&daily(&values), Some(3.0), Good::Above, NOW),
        Outlook::Moving { per_day } if per_day > 0.0
    ));
}

#[test]
fn a_fall_too_slow_for_what_was_seen_gets_no_date() {
    let values: Vec<f64> = (0..10).map(|at| 14.0 - 0.001 * at as f64).collect();
    assert!(matches!(
        outlook(&daily(&values), Some(3.0), Good::Above, NOW),
        Outlook::FarOff { .. }
    ));
}

#[test]
fn a_new_lamp_is_seen_by_its_hours_going_back() {
    let hours = daily(&[8_990.0, 8_995.5, 8_999.0, 0.2, 5.0, 9.8]);
    assert_eq!(lamp_changed(&hours), Some(hours[3].at_ms));
    assert_eq!(lamp_changed(&hours[3..]), None);
}

#[test]
fn past_the_limit_is_bad_near_it_a_warning_and_so_is_a_date_within_a_month() {
    let none = Outlook::Steady;
    let soon = Outlook::Reaches {
        per_day: -0.1,
        at_ms: NOW + 20 * DAY,
    };
    let later = Outlook::Reaches {
        per_day: -0.1,
        at_ms: NOW + 90 * DAY,
    };
    let above = |value, outlook| judge(value, Some(3.0), Good::Above, outlook, NOW);
    assert_eq!(above(2.9, none), State::Bad);
    assert_eq!(above(3.2, none), State::Warning);
    assert_eq!(above(9.0, none), State::Good);
    assert_eq!(above(9.0, soon), State::Warning);
    assert_eq!(above(9.0, later), State::Good);
    assert_eq!(
        judge(9_000.0, Some(9_000.0), Good::Below, none, NOW),
        State::Bad
    );
    assert_eq!(
        judge(8_100.0, Some(9_000.0), Good::Below, none, NOW),
        State::Warning
    );
    assert_eq!(judge(99_999.0, None, Good::Below, none, NOW), State::Good);
}

proptest! {
    /// A straight fall without scatter: the date is right to the hour, whatever lamp and limit.
    #[test]
    fn a_straight_fall_is_drawn_out_exactly(
        start in 5.0f64..20.0, loss in 0.02f64..0.3, n in 8usize..40, share in 0.3f64..0.9,
    ) {
        let values: Vec<f64> = (0..n).map(|at| start - loss * at as f64).collect();
        let last = values[n - 1];
        prop_assume!(last > 0.5);
        let limit = last * share;
        let days = (last - limit) / loss;
        match outlook(&daily(&values), Some(limit), Good::Above, NOW) {
            Outlook::Reaches { at_ms, .. } => {
                prop_assert!((((at_ms - NOW) as f64 / DAY as f64) - days).abs() < 0.05);
            }
            Outlook::FarOff { .. } => prop_assert!(days > (n - 1) as f64 * 5.9),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Never a date in the past, never without enough points, never a panic on any numbers.
    #[test]
    fn no_date_is_ever_in_the_past(
        values in prop::collection::vec(prop_oneof![any::<f64>(), -5.0f64..20.0], 0..60), limit in -5.0f64..20.0,
    ) {
        for good in [Good::Above, Good::Below] {
            match outlook(&daily(&values), Some(limit), good, NOW) {
                Outlook::Reaches { at_ms, .. } => {
                    prop_assert!(at_ms >= NOW);
                    prop_assert!(values.len() >= POINTS_NEEDED);
                }
                Outlook::NotEnough { have, .. } => prop_assert!(have <= values.len()),
                _ => prop_assert!(values.len() >= POINTS_NEEDED),
            }
        }
    }

    /// The unit of the values does not change what is foreseen.
    #[test]
    fn a_scale_changes_no_date(loss in 0.02f64..0.2, factor in 0.01f64..100.0) {
        let values: Vec<f64> = (0..30).map(|at| 14.0 - loss * at as f64 + 0.2 * scatter(at)).collect();
        let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
        let a = outlook(&daily(&values), Some(5.0), Good::Above, NOW);
        let b = outlook(&daily(&scaled), Some(5.0 * factor), Good::Above, NOW);
        match (a, b) {
            (Outlook::Reaches { at_ms: a, .. }, Outlook::Reaches { at_ms: b, .. }) => {
                prop_assert!((a - b).abs() < 60_000, "{} ms apart", a - b);
            }
            (a, b) => prop_assert_eq!(std::mem::discriminant(&a), std::mem::discriminant(&b)),
        }
    }
}

#[test]
fn jams_are_told_in_a_thousand_images_by_the_week() {
    let day = 86_400_000;
    let scan = |at: i64, images, is_jammed| Feeding {
        at_ms: at * day,
        images,
        is_jammed,
    };
    let scans = [
        scan(1, 0, true),
        scan(15, 400, true),
        scan(16, 600, false),
        scan(22, 150, true),
        scan(28, 50, true),
    ];
    // Back from day 28: days 22 to 28, 15 to 21; in the first week no image came.
    let told = per_thousand_of_weeks(&scans);
    let values: Vec<_> = told
        .iter()
        .map(|point| (point.at_ms / day, point.value))
        .collect();
    assert_eq!(values, [(21, 1.0), (28, 10.0)]);
    assert!(per_thousand_of_weeks(&[]).is_empty());
}
