//! An ozone sensor that never moves while a lamp burns and a fan blows measures nothing, whatever it shows.
//!
//! At rest it may stand still for days; so it is watched from the first look at a lit lamp on. Where the profile says within which time
//! it moves (`frozen_after_ms`), its value is none until it does, and the load is not released. Where the profile does not say (a
//! lamp may make no ozone), maintenance is told.

use uv_cabinet::{Point, Profile};

use crate::domain::cycle::{Look, Seen, Step, WhyMissing};

/// What is known of the sensor since the lamp was lit.
#[derive(Debug, Default)]
pub(super) struct OzoneWatch {
    frozen_after_ms: Option<u64>,
    /// What it showed first, and when.
    first: Option<(f64, u64)>,
    moved: Moved,
    /// A whole exposure with its ventilation has gone by since, or more time than the profile allows.
    whole: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Moved {
    Yes,
    #[default]
    NotYet,
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
        let stands_ms = self
            .first
            .filter(|_| self.moved == Moved::NotYet)
            .map(|(_, since_ms)| seen.at_ms.saturating_sub(since_ms));
        let frozen = stands_ms
            .zip(self.frozen_after_ms)
            .is_some_and(|(stands_ms, limit_ms)| stands_ms >= limit_ms);
        self.whole |= frozen;
        match seen.ozone_mg_m3 {
            Ok(_) if frozen => Seen {
                ozone_mg_m3: Err(WhyMissing::Frozen),
                ..seen.clone()
            },
            _ => seen.clone(),
        }
    }

    fn follow(&mut self, step: &Step, at_ms: u64, ozone: Look<f64>) {
        match step {
            // Judged anew; what the last cycle showed is said until then.
            Step::Preflight { .. } | Step::Locked { .. } | Step::Striking { .. } => {
                *self = Self {
                    frozen_after_ms: self.frozen_after_ms,
                    ..Self::default()
                }
            }
            Step::Irradiating { .. } if self.first.is_none() => {
                self.first = ozone.ok().map(|value| (value, at_ms));
            }
            Step::TurningOver { .. } | Step::Releasing { .. } | Step::Released => {
                self.whole = true;
            }
            _ => {}
        }
        if let (Some((first, _)), Ok(now)) = (self.first, ozone)
            && first != now
        {
            self.moved = Moved::Yes;
        }
    }

    /// What maintenance has to know of it.
    pub(super) fn stood_still(&self) -> Option<Still> {
        let still = self.whole && self.first.is_some() && self.moved == Moved::NotYet;
        still.then_some(match self.frozen_after_ms {
            Some(_) => Still::Frozen,
            None => Still::Doubtful,
        })
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
    const AIRED: Step = Step::Ventilating { since_ms: 0 };

    #[test]
    fn at_any_constant_it_is_no_value_after_the_profiles_time_and_one_again_once_it_moves() {
        for held in [0.0, 0.07] {
            let mut watch = watch(Some(500));
            for at_ms in [0, 100, 499] {
                assert_eq!(
                    watch.judged(&LIT, &seen(at_ms, Ok(held))).ozone_mg_m3,
                    Ok(held)
                );
            }
            let frozen = watch.judged(&AIRED, &seen(500, Ok(held)));
            assert_eq!(frozen.ozone_mg_m3, Err(WhyMissing::Frozen));
            assert_eq!(watch.stood_still(), Some(Still::Frozen));
            let moves = watch.judged(&AIRED, &seen(600, Ok(held + 0.001)));
            assert_eq!(moves.ozone_mg_m3, Ok(held + 0.001));
            assert_eq!(watch.stood_still(), None);
            // It is a sensor now, back at its value of before too.
            assert_eq!(
                watch.judged(&AIRED, &seen(9_000, Ok(held))).ozone_mg_m3,
                Ok(held)
            );
        }
    }

    #[test]
    fn at_rest_it_may_stand_still_for_days_and_a_new_cycle_is_not_kept_from_beginning() {
        let mut watch = watch(Some(500));
        for at_ms in [0, 5_000, 500_000] {
            let rested = watch.judged(&Step::Idle, &seen(at_ms, Ok(0.0)));
            assert_eq!(rested.ozone_mg_m3, Ok(0.0));
        }
        watch.judged(&LIT, &seen(500_100, Ok(0.0)));
        let frozen = watch.judged(&LIT, &seen(501_000, Ok(0.0)));
        assert_eq!(frozen.ozone_mg_m3, Err(WhyMissing::Frozen));
        for step in [
            Step::Preflight { since_ms: 0 },
            Step::Locked { since_ms: 0 },
        ] {
            let again = watch.judged(&step, &seen(502_000, Ok(0.0)));
            assert_eq!(again.ozone_mg_m3, Ok(0.0), "{step:?}");
        }
    }

    #[test]
    fn without_the_profiles_word_it_is_believed_and_doubted_after_a_whole_cycle_only() {
        let mut watch = watch(None);
        watch.judged(&LIT, &seen(0, Ok(0.0)));
        let aired = watch.judged(&AIRED, &seen(90_000, Ok(0.0)));
        assert_eq!((aired.ozone_mg_m3, watch.stood_still()), (Ok(0.0), None));
        watch.judged(&Step::Releasing { since_ms: 0 }, &seen(91_000, Ok(0.0)));
        assert_eq!(watch.stood_still(), Some(Still::Doubtful));
    }

    #[test]
    fn a_point_without_a_value_keeps_its_own_reason() {
        let mut watch = watch(Some(500));
        watch.judged(&LIT, &seen(0, Ok(0.0)));
        let broken = watch.judged(&LIT, &seen(900, Err(WhyMissing::OutOfRange)));
        assert_eq!(broken.ozone_mg_m3, Err(WhyMissing::OutOfRange));
    }
}
