//! A run held against the simulator's truth: what is false about a release, and what else must hold.

use std::time::Duration;

use laixin::domain::letter::LoadState;
use uv_cabinet::sim::{Fault, Truth, Unlocked, Writer};

use super::bench::Bench;
use super::campaign::{Run, SILENCE_LIMIT};
use super::cases::{At, Case, Lasts, Trouble};
use super::plan::Plan;

/// The simulator counts in scans of its controller: two ends of a time are each exact to one.
const SCANS: Duration = Duration::from_millis(2 * 10);

pub async fn judge(
    bench: &Bench,
    case: &Case,
    plan: Plan,
    [before, at_end]: [Truth; 2],
    refused: bool,
    mut broken: Vec<String>,
) -> Run {
    let (truth, load, record) = (
        bench.truth(),
        bench.load().await,
        bench.newest_cycle().await,
    );
    let released = load.state == LoadState::Released;
    let false_release = false_release(bench, &before, &truth, released);
    let mut must = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("{what}: {truth:?}"));
        }
    };
    let is = |fault| case.trouble == Trouble::Cabinet(fault);
    must(
        truth.lit_with_door_open.is_zero() || is(Fault::RelayWelded),
        "lit with the door open",
    );
    let forced = is(Fault::RelayWelded) || is(Fault::PanelLampOn);
    // Where the controller has no watchdog nobody ends that: it is what the self test finds.
    let unwatched = is(Fault::HeartbeatUnwatched);
    must(
        forced || unwatched || truth.longest_lit_in_silence <= SILENCE_LIMIT,
        "lit without a heartbeat",
    );
    must(
        truth.lamp_on_orders <= before.lamp_on_orders + u64::from(sides(bench)),
        "told to light once too often",
    );
    must(
        truth.strikes <= before.strikes + sides(bench) || is(Fault::PanelLampOn),
        "struck once too often",
    );
    let another = is(Fault::WrongCabinet) && plan.at == At::BeforeStart;
    must(
        !(another && plan.lasts == Lasts::ToTheEnd)
            || truth.lamp_on_orders == before.lamp_on_orders,
        "another cabinet was told to light",
    );
    must(truth.strikes == at_end.strikes, "struck after the end");
    let end = match &record {
        None => {
            must(
                refused && load.state == LoadState::Waiting,
                "no cycle, and not refused",
            );
            "refused".to_owned()
        }
        Some(record) if released => {
            must(
                record.outcome.as_deref() == Some("released"),
                "the row says otherwise",
            );
            let missing = bench.steps_missing(sides(bench).into()).await;
            must(
                missing.is_empty(),
                &format!("released, and not on record: {missing:?}"),
            );
            "released".to_owned()
        }
        Some(record) => {
            must(
                load.state == LoadState::Quarantined,
                "neither released nor in quarantine",
            );
            must(
                record.outcome.as_deref() == Some("quarantined"),
                "the row has no end",
            );
            let reason = record.reason.clone().unwrap_or_default();
            must(!reason.is_empty(), "the row has no reason");
            reason
        }
    };
    Run {
        plan,
        end,
        false_release,
        broken,
        came_too_late: false,
    }
}

/// How many exposures a load needs.
fn sides(bench: &Bench) -> u16 {
    match bench.profile.sides {
        uv_cabinet::Sides::Both => 1,
        uv_cabinet::Sides::One => 2,
    }
}

/// What is false about a release, if anything. Every time the bolt was withdrawn by us, the side before must have had its light and
/// its air, and the last time needs a release besides.
fn false_release(bench: &Bench, before: &Truth, truth: &Truth, released: bool) -> Option<String> {
    let sides = usize::from(sides(bench));
    let by_us: Vec<_> = truth.unlocked[before.unlocked.len()..]
        .iter()
        .filter(|unlocked| unlocked.by == Writer::Bus)
        .collect();
    let mut had = (before.dose_mj_cm2, before.lit);
    for (at, unlocked) in by_us.iter().enumerate() {
        if !released && at + 1 >= sides {
            return Some(format!("unlocked without a release: {unlocked:?}"));
        }
        // Lit by somebody else between our last look and our order: no program on a bus can know it, and the cabinet's own interlock is for that.
        let could_not_know = unlocked.irradiance_mw_cm2 > 0.0 && unlocked.polls_since_lit == 0;
        let over_lamp = unlocked.irradiance_mw_cm2 > 0.0 || is_bad_air(bench, unlocked);
        if over_lamp && !could_not_know {
            return Some(format!("unlocked over lamp or ozone: {unlocked:?}"));
        }
        if let Some(short) = short_of(bench, had, (unlocked.dose_mj_cm2, unlocked.lit)) {
            return Some(format!("side {}: {short}", at + 1));
        }
        had = (unlocked.dose_mj_cm2, unlocked.lit);
    }
    if !released || by_us.len() >= sides {
        return None;
    }
    // A bolt that somebody else withdrew, or that held: then the letters' light is counted as it is now.
    let missing = (sides - by_us.len()) as u32;
    let (dose, lit) = (truth.dose_mj_cm2 - had.0, truth.lit - had.1);
    let each = (had.0 + dose / f64::from(missing), had.1 + lit / missing);
    short_of(bench, had, each)
}

/// Ozone above its limit; where it is not measured, less air than the time says.
fn is_bad_air(bench: &Bench, unlocked: &Unlocked) -> bool {
    match bench.profile.limits.ozone_release_mg_m3 {
        Some(limit) => unlocked.ozone_mg_m3 > limit,
        None => unlocked.aired + SCANS < bench.profile.timing.ventilation,
    }
}

/// Why a side has not had enough between two moments; where no dose is measured it is the time that the lamp really shone.
fn short_of(
    bench: &Bench,
    (dose_before, lit_before): (f64, Duration),
    (dose, lit): (f64, Duration),
) -> Option<String> {
    let (dose, lit) = (dose - dose_before, lit - lit_before);
    match &bench.profile.limits.uv {
        Some(uv) => (dose < uv.target_dose_mj_cm2).then(|| format!("{dose} mJ/cm²")),
        None => (lit + SCANS < bench.profile.timing.min_exposure).then(|| format!("{lit:?} lit")),
    }
}
