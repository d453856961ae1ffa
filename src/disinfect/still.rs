//! An ozone sensor that does not move while a lamp burns and a fan blows measures nothing, whatever it shows.
//!
//! At rest it may stand still for days, and after a moment of light too; so it is judged after a whole exposure. Where the profile says
//! within which time it moves (`frozen_after_ms`), a value that has stood for so long and has not moved since the lamp is out is none,
//! and the load is not released. One that stands still later shows a value that was true once the fan blew: the air is better by then.
//! Where the profile does not say (a lamp may make no ozone), maintenance is told of a sensor that never moved.

use uv_cabinet::{Point, Profile};

use crate::domain::cycle::{Look, Seen, Step, WhyMissing};

/// What is known of the sensor since the lamp was lit.
#[derive(Debug, Default)]
pub(super) struct OzoneWatch {
    frozen_after_ms: Option<u64>,
    /// What it shows, and since when exactly that.
    shown: Option<(f64, u64)>,
    moved: Moved,
    stage: Stage,
    /// By the profile's time it is none now.
    is_frozen: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Moved {
    #[default]
    NotYet,
    WhileLit,
    /// Since the lamp is out.
    InAir,
}

/// How far the cycle has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    NotExposed,
    /// An exposure is whole, and the lamp is out or going out.
    Exposed,
    /// The air after it was found good.
    Aired,
}

/// What a sensor is that has stood still for a whole cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Still {
    /// By the profile it would have moved.
    Frozen,
    /// Nobody knows whether it should.
    Doubtful,
}

impl OzoneWatch {
    pub(super) fn of(profile: &Profile) -> Self {
        let point = profile.points.get(&Point::OzoneMgM3);
        let after = point.and_then(|spec| spec.frozen_after);
        Self {
            frozen_after_ms: after.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            ..Self::default()
        }
    }

    /// What a cycle in this step may believe of this look.
    pub(super) fn judged(&mut self, step: &Step, seen: &Seen) -> Seen {
        self.follow(step, seen.at_ms, seen.ozone_mg_m3);
        let rests = matches!(step, Step::Idle | Step::Released);
        if self.stage != Stage::NotExposed && !rests {
            let stands = self.shown.filter(|_| self.moved != Moved::InAir);
            let stands_ms = stands.map(|(_, since_ms)| seen.at_ms.saturating_sub(since_ms));
            let limits = stands_ms.zip(self.frozen_after_ms);
            self.is_frozen = limits.is_some_and(|(stands_ms, limit_ms)| stands_ms >= limit_ms);
        }
        match seen.ozone_mg_m3 {
            Ok(_) if self.is_frozen && !rests => Seen {
                ozone_mg_m3: Err(WhyMissing::Frozen),
                ..seen.clone()
            },
            _ => seen.clone(),
        }
    }

    fn follow(&mut self, step: &Step, at_ms: u64, ozone: Look<f64>) {
        let is_lit = matches!(step, Step::Irradiating { .. });
        match step {
            // Judged anew.
            Step::Preflight { .. } | Step::Locked { .. } | Step::Striking { .. } => {
                *self = Self {
                    frozen_after_ms: self.frozen_after_ms,
                    ..Self::default()
                }
            }
            Step::Stopping { .. } => self.stage = Stage::Exposed,
            Step::TurningOver { .. } | Step::Releasing { .. } | Step::Released
                if self.stage == Stage::Exposed =>
            {
                self.stage = Stage::Aired;
            }
            _ => {}
        }
        match (self.shown, ozone) {
            (None, Ok(now)) if is_lit => self.shown = Some((now, at_ms)),
            (Some((before, _)), Ok(now)) if before != now => {
                self.shown = Some((now, at_ms));
                self.moved = match (is_lit || matches!(step, Step::Stopping { .. }), self.moved) {
                    (true, Moved::NotYet | Moved::WhileLit) => Moved::WhileLit,
                    _ => Moved::InAir,
                };
                self.is_frozen = false;
            }
            _ => {}
        }
    }

    /// What maintenance has to know of it.
    pub(super) fn stood_still(&self) -> Option<Still> {
        let never = self.stage == Stage::Aired && self.moved == Moved::NotYet;
        match self.is_frozen {
            true => Some(Still::Frozen),
            false => (never && self.shown.is_some()).then_some(Still::Doubtful),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cycle::Sample;

    fn seen(at_ms: u64, ozone: Look<f64>) -> Seen {
        Seen {
            at_ms,
            unseen_ms: 0,
            feedback_at_ms: at_ms,
            door_closed: Ok(true),
            locked: Ok(true),
            estop_pressed: Ok(false),
            lamp_on: Ok(true),
            lamp_current_a: Err(WhyMissing::NotFitted),
            irradiance: Ok(Sample { at_ms, mw_cm2: 9.0 }),
            fan_on: Ok(false),
            ozone_mg_m3: ozone,
        }
    }

    fn watch(frozen_after_ms: Option<u64>) -> OzoneWatch {
        OzoneWatch {
            frozen_after_ms,
            ..OzoneWatch::default()
        }
    }

    const LIT: Step = Step::Irradiating { since_ms: 0 };
    const OUT: Step = Step::Stopping { since_ms: 0 };
    const AIRED: Step = Step::Ventilating { since_ms: 0 };

    fn ozone(watch: &mut OzoneWatch, step: &Step, at_ms: u64, shows: f64) -> Look<f64> {
        watch.judged(step, &seen(at_ms, Ok(shows))).ozone_mg_m3
    }

    #[test]
    fn at_any_constant_it_is_no_value_after_the_profiles_time_and_one_again_once_it_moves() {
        for held in [0.0, 0.07] {
            let mut watch = watch(Some(500));
            for (step, at_ms) in [(LIT, 0), (LIT, 300), (OUT, 400), (AIRED, 499)] {
                assert_eq!(ozone(&mut watch, &step, at_ms, held), Ok(held));
            }
            assert_eq!(
                ozone(&mut watch, &AIRED, 500, held),
                Err(WhyMissing::Frozen)
            );
            assert_eq!(watch.stood_still(), Some(Still::Frozen));
            assert_eq!(
                ozone(&mut watch, &AIRED, 600, held + 0.001),
                Ok(held + 0.001)
            );
            assert_eq!(watch.stood_still(), None);
            // It is a sensor now; at rest in good air it stands.
            assert_eq!(
                ozone(&mut watch, &AIRED, 9_000, held + 0.001),
                Ok(held + 0.001)
            );
        }
    }

    #[test]
    fn one_that_moved_and_then_stuck_while_the_lamp_burnt_is_no_value() {
        let mut watch = watch(Some(500));
        assert_eq!(ozone(&mut watch, &LIT, 0, 0.0), Ok(0.0));
        assert_eq!(ozone(&mut watch, &LIT, 100, 0.02), Ok(0.02));
        assert_eq!(ozone(&mut watch, &OUT, 300, 0.02), Ok(0.02));
        assert_eq!(ozone(&mut watch, &AIRED, 599, 0.02), Ok(0.02));
        assert_eq!(
            ozone(&mut watch, &AIRED, 600, 0.02),
            Err(WhyMissing::Frozen)
        );
    }

    #[test]
    fn after_a_lamp_that_was_put_out_at_once_there_is_no_ozone_to_move() {
        let mut watch = watch(Some(500));
        let aborting = Step::Aborting { since_ms: 0 };
        for (step, at_ms) in [(LIT, 0), (aborting, 100), (AIRED, 200), (AIRED, 90_000)] {
            assert_eq!(ozone(&mut watch, &step, at_ms, 0.0), Ok(0.0));
        }
    }

    #[test]
    fn at_rest_it_may_stand_still_for_days_and_a_new_cycle_is_not_kept_from_beginning() {
        let mut watch = watch(Some(500));
        for at_ms in [0, 5_000, 500_000] {
            assert_eq!(ozone(&mut watch, &Step::Idle, at_ms, 0.0), Ok(0.0));
        }
        for (step, at_ms) in [(LIT, 500_100), (OUT, 500_200)] {
            assert_eq!(ozone(&mut watch, &step, at_ms, 0.0), Ok(0.0));
        }
        assert_eq!(
            ozone(&mut watch, &AIRED, 501_000, 0.0),
            Err(WhyMissing::Frozen)
        );
        for step in [
            Step::Preflight { since_ms: 0 },
            Step::Locked { since_ms: 0 },
        ] {
            assert_eq!(ozone(&mut watch, &step, 502_000, 0.0), Ok(0.0), "{step:?}");
        }
    }

    #[test]
    fn without_the_profiles_word_it_is_believed_and_doubted_after_a_whole_cycle_only() {
        let mut watch = watch(None);
        for (step, at_ms) in [(LIT, 0), (OUT, 8_000), (AIRED, 90_000)] {
            assert_eq!(ozone(&mut watch, &step, at_ms, 0.0), Ok(0.0));
            assert_eq!(watch.stood_still(), None);
        }
        let _ = ozone(&mut watch, &Step::Releasing { since_ms: 0 }, 91_000, 0.0);
        assert_eq!(watch.stood_still(), Some(Still::Doubtful));
    }

    #[test]
    fn a_point_without_a_value_keeps_its_own_reason() {
        let mut watch = watch(Some(500));
        let _ = ozone(&mut watch, &LIT, 0, 0.0);
        let _ = ozone(&mut watch, &OUT, 100, 0.0);
        let broken = watch.judged(&AIRED, &seen(900, Err(WhyMissing::OutOfRange)));
        assert_eq!(broken.ozone_mg_m3, Err(WhyMissing::OutOfRange));
    }
}
