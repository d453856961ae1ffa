//! Runs a case with each of its seeds, many at a time (a cycle is mostly waiting), and judges every run by the
//! simulator's truth: a release is false when the letters had less than the target dose, or when the bolt was
//! withdrawn without a release, with the lamp lit, or with ozone above its limit; where nothing is measured, time takes their place.
//!
//! `LAIXIN_SEEDS=N` sets how many seeds each case has (1). The first test that runs starts the others too, unless
//! the command line picks tests by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, Semaphore};
use uv_cabinet::Point;
use uv_cabinet::sim::{Fault, SimSettings, Truth};

use super::bench::{Bench, PATIENCE, Wire};
use super::cases::{At, CASES, Case, Lasts, Trouble, case_of};
use super::hands::Hands;
use super::judge::judge;
use super::plan::{Model, Plan};
use super::trouble::{Applied, apply, heal, last};

/// Cycles at a time.
const AT_A_TIME: u32 = 24;
/// The controller's second, and what a loaded machine may add before it scans again.
pub const SILENCE_LIMIT: Duration = Duration::from_millis(1_000 + 500);
/// Ends that a loaded machine can cause: no heartbeat for a second, replies after their time-out, a bolt not seen in time. They are safe.
const TOO_SLOW: [&str; 7] = [
    "cabinet_silent",
    "lamp_went_out",
    "not_locked",
    "order_failed",
    "reading_missing",
    "refused",
    "unwatched",
];
/// How often a first seed that came to one of them is tried; after the first time with no other cycle beside it.
const TRIES: usize = 5;
/// How often a drawn seed is tried that ended in a silence which its fault does not make.
const DRAWN_TRIES: usize = 3;

/// What became of one run.
#[derive(Debug)]
pub struct Run {
    pub plan: Plan,
    /// `released`, `refused`, or the reason in the cycle's row.
    pub end: String,
    pub false_release: Option<String>,
    pub broken: Vec<String>,
    /// The fault was there only when everything up to the release was on record.
    pub came_too_late: bool,
}

struct Campaign {
    runtime: tokio::runtime::Runtime,
    runs: HashMap<(Wire, &'static str), Arc<OnceCell<Vec<Run>>>>,
    free: Arc<Semaphore>,
    told: AtomicUsize,
    /// Cycles that ended in a silence which their fault does not make.
    hindered: AtomicUsize,
    ends: Mutex<BTreeMap<String, usize>>,
    began: Instant,
}

pub fn seeds() -> u64 {
    let told = std::env::var("LAIXIN_SEEDS").ok();
    told.map_or(1, |seeds| seeds.parse().expect("LAIXIN_SEEDS is a number"))
}

fn campaign() -> &'static Campaign {
    static CAMPAIGN: OnceLock<Campaign> = OnceLock::new();
    let mut begins = false;
    let campaign = CAMPAIGN.get_or_init(|| {
        begins = true;
        let wires = [Wire::Tcp, Wire::Rtu].into_iter();
        let keys = wires.flat_map(|wire| CASES.iter().map(move |case| (wire, case.name)));
        Campaign {
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime"),
            runs: keys.map(|key| (key, Arc::default())).collect(),
            free: Arc::new(Semaphore::new(AT_A_TIME as usize)),
            told: AtomicUsize::new(0),
            hindered: AtomicUsize::new(0),
            ends: Mutex::default(),
            began: Instant::now(),
        }
    });
    // One test picked by name does not wait for the others.
    if begins
        && std::env::args()
            .skip(1)
            .all(|a| a.starts_with('-') || a == "cabinet_faults")
    {
        for case in CASES.iter().filter(|case| !moves_the_clock(case)) {
            for wire in [Wire::Tcp, Wire::Rtu] {
                campaign.runtime.spawn(campaign.runs_of(wire, case));
            }
        }
    }
    campaign
}

/// The clock is the process's: a case that moves it has a process of its own.
fn moves_the_clock(case: &Case) -> bool {
    matches!(case.trouble, Trouble::ClockJumps(_))
}

const OWN_PROCESS: &str = "LAIXIN_TEST_CLOCK_JUMPS";

impl Campaign {
    fn runs_of(
        &self,
        wire: Wire,
        case: &'static Case,
    ) -> impl Future<Output = Arc<OnceCell<Vec<Run>>>> + Send + use<> {
        let (cell, free) = (self.runs[&(wire, case.name)].clone(), self.free.clone());
        async move {
            cell.get_or_init(|| all_seeds(wire, case, free)).await;
            cell
        }
    }

    fn tell(&self, wire: Wire, name: &str, runs: &[Run]) {
        let mut ends = self.ends.lock().expect("no holder of this lock panics");
        let mut here: BTreeMap<&str, usize> = BTreeMap::new();
        let hindered = runs.iter().filter(|run| is_hindered(case_of(name), run));
        self.hindered.fetch_add(hindered.count(), Ordering::Relaxed);
        for run in runs {
            *ends.entry(run.end.clone()).or_default() += 1;
            *here.entry(&run.end).or_default() += 1;
            if run.false_release.is_some() {
                *ends.entry("FALSE RELEASE".into()).or_default() += 1;
            }
        }
        println!("{wire:?} {name}: {} cycles, {here:?}", runs.len());
        let here = 2 * CASES.iter().filter(|case| !moves_the_clock(case)).count();
        if self.told.fetch_add(1, Ordering::Relaxed) + 1 == here {
            let cycles: usize = here * runs.len();
            let (seconds, total) = (self.began.elapsed().as_secs(), &*ends);
            let hindered = self.hindered.load(Ordering::Relaxed);
            println!(
                "campaign: {cycles} cycles in {seconds} s, {hindered} given up because this machine was too slow, ends {total:?}"
            );
        }
    }
}

async fn all_seeds(wire: Wire, case: &'static Case, free: Arc<Semaphore>) -> Vec<Run> {
    let runs: Vec<_> = Plan::all(case, wire, seeds())
        .into_iter()
        .map(|plan| {
            let free = free.clone();
            let drawn = plan.clone();
            let running = tokio::spawn(async move { tried(case, wire, plan, &free).await });
            (drawn, running)
        })
        .collect();
    let mut done = Vec::new();
    for (plan, running) in runs {
        done.push(running.await.unwrap_or_else(|error| Run {
            plan,
            end: "panicked".into(),
            false_release: None,
            broken: vec![error.to_string()],
            came_too_late: false,
        }));
    }
    done
}

/// Ended in a silence, or a standstill, that its fault does not make: by a machine that was too slow.
fn is_hindered(case: &Case, run: &Run) -> bool {
    let end = run.end.as_str();
    ["cabinet_silent", "unwatched"].contains(&end) && !case.comes_to.contains(&end)
}

/// A run; again where only the machine was too slow to keep the lamp alive.
async fn tried(case: &'static Case, wire: Wire, plan: Plan, free: &Semaphore) -> Run {
    let (mut tries, mut room) = (0, 1);
    let mut run = loop {
        tries += 1;
        let turn = free.acquire_many(room).await.expect("never closed");
        let run = one(case, wire, plan.clone()).await;
        drop(turn);
        let (first, end) = (plan.is_the_first(), run.end.as_str());
        let slow = if first {
            (TOO_SLOW.contains(&end) || run.came_too_late) && !case.comes_to.contains(&end)
        } else {
            is_hindered(case, &run)
        };
        let sound = run.false_release.is_none() && run.broken.is_empty();
        if !sound || !slow || tries == if first { TRIES } else { DRAWN_TRIES } {
            break run;
        }
        if !first {
            continue;
        }
        println!(
            "{wire:?} {}: {} for want of time; again, alone",
            case.name, run.end
        );
        room = AT_A_TIME;
    };
    if plan.is_the_first() && !case.comes_to.contains(&run.end.as_str()) {
        let wanted = case.comes_to;
        run.broken
            .push(format!("came to {}, not to {wanted:?}", run.end));
    }
    run
}

/// The test of one case on one wire.
pub fn must_hold(wire: Wire, name: &'static str) {
    if moves_the_clock(case_of(name)) && std::env::var_os(OWN_PROCESS).is_none() {
        let wire = format!("{wire:?}").to_lowercase();
        let ended = std::process::Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", &format!("cabinet_faults::{wire}::{name}")])
            .env(OWN_PROCESS, "1")
            .status();
        assert!(ended.expect("started").success(), "{name} on {wire}");
        return;
    }
    let campaign = campaign();
    let cell = campaign
        .runtime
        .block_on(campaign.runs_of(wire, case_of(name)));
    let runs = cell.get().expect("initialised");
    campaign.tell(wire, name, runs);
    for run in runs {
        assert_eq!(
            run.false_release, None,
            "{name} on {wire:?}: {:?}",
            run.plan
        );
        assert!(run.broken.is_empty(), "{name} on {wire:?}: {run:#?}");
    }
}

/// One cycle with one fault.
async fn one(case: &Case, wire: Wire, plan: Plan) -> Run {
    let mut bench = Bench::new(wire, &plan).await;
    bench.until_ready().await;
    let before = bench.truth();
    if plan.at == At::BeforeStart {
        let applied = apply(&mut bench, case.trouble).await;
        if case.trouble.stops_daemon() {
            last(plan.lasts).await;
            heal(&mut bench, case.trouble, applied).await;
            bench.until_ready().await;
            return finish(bench, case, plan, before, Applied::Nothing).await;
        }
        bench.daemon().looks(3).await;
        return finish(bench, case, plan, before, applied).await;
    }
    finish(bench, case, plan, before, Applied::Nothing).await
}

/// The yardstick itself: a sensor that shows twice the light, so that the daemon releases after half the dose.
#[test]
fn a_release_after_half_the_dose_is_called_false() {
    let case = case_of("nothing_goes_wrong");
    let plan = Plan::of(case, Wire::Tcp, Model::Measured, 0);
    let run = campaign().runtime.block_on(async {
        let settings = SimSettings {
            speed: 20.0,
            ..SimSettings::default()
        };
        let bench = Bench::with(Wire::Tcp, settings, |profile| {
            let sensor = profile.points.get_mut(&Point::IrradianceMwCm2);
            sensor.expect("the demo cabinet has one").scale *= 2.0;
        })
        .await;
        bench.until_ready().await;
        let before = bench.truth();
        finish(bench, case, plan, before, Applied::Nothing).await
    });
    if run.end == "released" {
        assert!(run.false_release.is_some(), "{run:?}");
    } else {
        assert!(TOO_SLOW.contains(&run.end.as_str()), "{run:?}");
    }
}

/// From the start of the cycle to the judgement.
async fn finish(mut bench: Bench, case: &Case, plan: Plan, before: Truth, applied: Applied) -> Run {
    let mut applied = applied;
    let mut shown = String::new();
    let mut came_too_late = false;
    let refused = bench.start().await.is_err();
    let hands = Hands::at(&bench, case, &plan);
    if !refused {
        if let At::Step(step, after_ms) = plan.at {
            reached(&bench, step).await;
            // The moment of a fault and its length are times and no conditions.
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            shown = bench.daemon().control.view().step;
            applied = apply(&mut bench, case.trouble).await;
            came_too_late =
                case.trouble == Trouble::DiskFull && bench.is_recorded_up_to_its_release().await;
        }
        if let Lasts::For(_) = plan.lasts {
            last(plan.lasts).await;
            if let Applied::Full(_) = applied {
                left(&bench, &shown).await;
            }
            let over = std::mem::replace(&mut applied, Applied::Nothing);
            heal(&mut bench, case.trouble, over).await;
        }
        ended(&bench).await;
    }
    drop(hands);
    let mut broken = Vec::new();
    let burns_on = |fault| case.trouble == Trouble::Cabinet(fault);
    let forced = burns_on(Fault::RelayWelded) || burns_on(Fault::PanelLampOn);
    if !forced && !out_within(&bench, SILENCE_LIMIT).await {
        broken.push("the lamp burned on after the end".into());
    }
    let at_end = bench.truth();
    heal(&mut bench, case.trouble, applied).await;
    if bench.daemon().stop.is_cancelled() {
        bench.start_again().await;
    }
    if !bench
        .truth_until(|truth| truth.irradiance_mw_cm2 == 0.0)
        .await
    {
        broken.push("the lamp never went out".into());
    }
    // Long enough for an order that should not come.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let run = judge(&bench, case, plan, [before, at_end], refused, broken).await;
    Run {
        came_too_late,
        ..run
    }
}

/// Until this step has begun, or the cycle is over without it.
async fn reached(bench: &Bench, step: &str) {
    let mut states = bench.daemon().states.clone();
    let over = ["released", "quarantined", "alarm"];
    let met = |states: &Vec<String>| {
        states
            .iter()
            .any(|s| s == step || over.contains(&s.as_str()))
    };
    let waited = tokio::time::timeout(PATIENCE, states.wait_for(met)).await;
    assert!(
        matches!(waited, Ok(Ok(_))),
        "never {step}: {:?}",
        bench.daemon().control.view()
    );
}

/// Until this step is left, or the cycle is over: a disk that was full between two entries only refused nothing.
async fn left(bench: &Bench, step: &str) {
    let mut changes = bench.daemon().control.changes();
    let moved = changes.wait_for(|view| view.step.as_str() != step);
    let waited = tokio::time::timeout(PATIENCE, moved).await;
    assert!(waited.is_ok(), "never left {step}");
}

/// Until the cycle has its end, on record and in the cabinet.
async fn ended(bench: &Bench) {
    let over = ["released", "quarantined", "alarm", "idle"];
    let mut changes = bench.daemon().control.changes();
    let waiting = async {
        loop {
            let recorded = bench
                .newest_cycle()
                .await
                .is_some_and(|row| row.ended.is_some());
            let shown = over.contains(&changes.borrow_and_update().step.as_str());
            if recorded && shown {
                return;
            }
            // A daemon that was told to stop ends.
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(
        waited.is_ok(),
        "never ended: {:?}",
        bench.daemon().control.view()
    );
}

async fn out_within(bench: &Bench, limit: Duration) -> bool {
    let mut truth = bench.sim.truth();
    let dark = truth.wait_for(|truth| truth.irradiance_mw_cm2 == 0.0);
    matches!(tokio::time::timeout(limit, dark).await, Ok(Ok(_)))
}
