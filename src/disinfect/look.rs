//! The one place where a driver's readings become what the domain sees, and what people see.

use std::time::{Duration, Instant};

use uv_cabinet::{LinkQuality, Missing, Point, Profile, Readings, Value};

use super::{CycleView, LinkView, PointView};
use crate::clock::Moment;
use crate::config::DeviceId;
use crate::domain::cycle::{
    Cycle, Dose, Look, Ozone, Rules, Sample, Seen, Sides, Step, WhyMissing,
};
use crate::store::CycleTerms;

/// A profile's limits and timing as the rules of a cycle.
pub(super) fn rules(profile: &Profile) -> Rules {
    let (limits, timing) = (&profile.limits, &profile.timing);
    Rules {
        poll_ms: millis(timing.poll),
        unwatched_ms: millis(profile.unwatched()),
        preflight_max_ms: millis(timing.preflight_max),
        strike_max_ms: millis(timing.strike_max),
        min_exposure_ms: millis(timing.min_exposure),
        max_exposure_ms: millis(timing.max_exposure),
        off_confirm_max_ms: millis(timing.off_confirm_max),
        fan_start_max_ms: millis(timing.fan_start_max),
        ventilation_ms: millis(timing.ventilation),
        ventilation_max_ms: millis(timing.ventilation_max),
        turn_over_max_ms: millis(timing.turn_over_max),
        sides: match profile.sides {
            uv_cabinet::Sides::Both => Sides::Both,
            uv_cabinet::Sides::One => Sides::One,
        },
        dose: limits.uv.map_or(Dose::Timer, |uv| Dose::Measured {
            struck_mw_cm2: uv.irradiance_struck_mw_cm2,
            dark_mw_cm2: uv.irradiance_dark_mw_cm2,
            target_mj_cm2: uv.target_dose_mj_cm2,
        }),
        ozone: limits
            .ozone_release_mg_m3
            .map_or(Ozone::Timer, |release_mg_m3| Ozone::Measured {
                release_mg_m3,
            }),
        lamp_current_lit_a: limits.lamp_current_lit_a,
    }
}

/// What a cycle's record says of the cabinet it ran in.
pub(super) fn terms(id: &DeviceId, profile: &Profile) -> CycleTerms {
    let rules = rules(profile);
    CycleTerms {
        cabinet: id.to_string(),
        model: profile.model.clone(),
        profile_sha256: profile.sha256.clone(),
        dose_basis: rules.dose_basis(),
        ozone_basis: rules.ozone_basis(),
        sides: rules.sides,
        absent: absent(profile),
        target_dose_mj_cm2: rules.target_dose_mj_cm2(),
        min_exposure_s: rules.min_exposure_ms as f64 / 1000.0,
        ozone_limit_mg_m3: rules.ozone_release_mg_m3(),
    }
}

/// Sensors that a cycle looks at and this model does not have.
fn absent(profile: &Profile) -> Vec<String> {
    let looked_at = [
        Point::Locked,
        Point::EstopPressed,
        Point::IrradianceMwCm2,
        Point::OzoneMgM3,
        Point::ScanCounter,
    ];
    looked_at
        .into_iter()
        .filter(|point| !profile.points.contains_key(point))
        .map(|point| point.name().to_owned())
        .collect()
}

/// What the domain sees at `now`, on a clock that began at `epoch`; `before` is the look before this one.
pub(super) fn seen(
    readings: &Readings,
    now: Moment,
    before: Option<Moment>,
    epoch: Instant,
) -> Seen {
    let unseen = before.map_or(Duration::ZERO, |before| now.since(&before));
    let now = now.at;
    let flag = |point| readings.flag(point, now).map_err(|missing| why(&missing));
    Seen {
        at_ms: millis(now.saturating_duration_since(epoch)),
        unseen_ms: millis(unseen),
        feedback_at_ms: feedback_at_ms(readings, now, epoch),
        door_closed: flag(Point::DoorClosed),
        locked: flag(Point::Locked),
        estop_pressed: flag(Point::EstopPressed),
        lamp_on: flag(Point::LampOn),
        lamp_current_a: readings
            .number(Point::LampCurrentA, now)
            .map_err(|missing| why(&missing)),
        irradiance: irradiance(readings, now, epoch),
        fan_on: flag(Point::FanOn),
        ozone_mg_m3: readings
            .number(Point::OzoneMgM3, now)
            .map_err(|missing| why(&missing)),
    }
}

/// When relay and fan were read, the older of the two.
fn feedback_at_ms(readings: &Readings, now: Instant, epoch: Instant) -> u64 {
    let read_at = |point| readings.get(point, now).map_or(now, |reading| reading.at);
    let older = read_at(Point::LampOn).min(read_at(Point::FanOn));
    millis(older.saturating_duration_since(epoch))
}

fn irradiance(readings: &Readings, now: Instant, epoch: Instant) -> Look<Sample> {
    let reading = readings
        .get(Point::IrradianceMwCm2, now)
        .map_err(|missing| why(&missing))?;
    let mw_cm2 = match reading.value {
        Value::Number(number) => number,
        Value::Flag(_) => return Err(WhyMissing::OutOfRange),
    };
    Ok(Sample {
        at_ms: millis(reading.at.saturating_duration_since(epoch)),
        mw_cm2,
    })
}

fn why(missing: &Missing) -> WhyMissing {
    match missing {
        Missing::NotInProfile => WhyMissing::NotFitted,
        Missing::NotReadYet | Missing::NoAnswer(_) | Missing::OwnerGone => WhyMissing::NoAnswer,
        Missing::Refused { .. } => WhyMissing::Refused,
        Missing::OutOfRange { .. } => WhyMissing::OutOfRange,
        Missing::Stale { .. } => WhyMissing::Stale,
        Missing::Frozen { .. } => WhyMissing::Frozen,
        Missing::FellBack { .. } => WhyMissing::FellBack,
        Missing::WrongCabinet(_) => WhyMissing::WrongCabinet,
    }
}

/// Every point of the profile as people see it.
pub(super) fn points(readings: &Readings, now: Instant) -> Vec<PointView> {
    readings
        .all(now)
        .filter(|(point, reading)| *reading != Err(Missing::NotInProfile) && readings.has(*point))
        .map(|(point, reading)| PointView {
            point: point.name().to_owned(),
            value: reading.as_ref().ok().map(|reading| match reading.value {
                Value::Flag(flag) => f64::from(u8::from(flag)),
                Value::Number(number) => number,
            }),
            quality: reading
                .as_ref()
                .map_or_else(Missing::code, |_| "good")
                .to_owned(),
            missing: reading.err().map(|missing| missing.code().to_owned()),
            age_ms: readings.age(point, now).map(millis),
            raw: readings.raw(point),
        })
        .collect()
}

/// A cycle as people see it.
pub(super) fn cycle(
    number: String,
    load: i64,
    cycle: &Cycle,
    irradiance: Look<Sample>,
) -> CycleView {
    let (rules, had) = (cycle.rules(), cycle.load());
    let exposure = had.exposure();
    let side = match cycle.step() {
        Step::Locked { .. } | Step::Striking { .. } | Step::Irradiating { .. } => {
            had.done.len() + 1
        }
        _ => had.exposures().count().max(1),
    };
    CycleView {
        cycle: number,
        load,
        step: cycle.step().code().to_owned(),
        failed: cycle.fault().map(|fault| fault.code().to_owned()),
        failed_besides: None,
        dose_mj_cm2: rules.target_dose_mj_cm2().map(|_| exposure.dose_mj_cm2),
        target_dose_mj_cm2: rules.target_dose_mj_cm2(),
        exposure_s: Some(exposure.lit_ms as f64 / 1000.0),
        min_exposure_s: rules.min_exposure_ms as f64 / 1000.0,
        side,
        left_s: left_ms(cycle, irradiance).map(|left_ms| left_ms / 1000.0),
    }
}

/// Time left of this side, as far as it can be told.
fn left_ms(cycle: &Cycle, irradiance: Look<Sample>) -> Option<f64> {
    let (rules, had) = (cycle.rules(), cycle.load());
    match cycle.step() {
        Step::Irradiating { .. } => {
            let for_time_ms = rules.min_exposure_ms.saturating_sub(had.now.lit_ms) as f64;
            let for_dose_ms = match rules.dose {
                Dose::Timer => 0.0,
                Dose::Measured {
                    struck_mw_cm2,
                    target_mj_cm2,
                    ..
                } => {
                    let dose_left = (target_mj_cm2 - had.now.dose_mj_cm2).max(0.0);
                    dose_left / irradiance.ok()?.mw_cm2.max(struck_mw_cm2) * 1000.0
                }
            };
            Some(for_dose_ms.max(for_time_ms) + rules.ventilation_ms as f64)
        }
        Step::Stopping { .. } => Some(rules.ventilation_ms as f64),
        Step::Ventilating { .. } => {
            Some(rules.ventilation_ms.saturating_sub(had.aired.fan_ms) as f64)
        }
        Step::Released | Step::Quarantined { .. } => Some(0.0),
        _ => None,
    }
}

/// The link's counters as people see them.
pub(super) fn link(quality: &LinkQuality) -> LinkView {
    let ms = |time: Duration| time.as_micros() as f64 / 1000.0;
    LinkView {
        requests: quality.requests,
        replies: quality.replies,
        timeouts: quality.timeouts,
        crc_errors: quality.crc_errors,
        exceptions: quality.exceptions,
        bad_replies: quality.bad_replies,
        losses: quality.losses,
        repeats: quality.repeats,
        drains: quality.drains,
        reconnects: quality.reconnects,
        last_problem: quality
            .last_problem
            .map(|problem| problem.code().to_owned()),
        round_trip_p50_ms: quality.round_trip_p50.map(ms),
        round_trip_max_ms: quality.round_trip_max.map(ms),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
