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

use laixin::disinfect::{CabinetControl, CabinetView};
use laixin::domain::letter::LoadState;
use tokio::sync::{OnceCell, Semaphore};
use uv_cabinet::Point;
use uv_cabinet::sim::{Fault, SimHandle, SimSettings, Truth, Unlocked, Writer};

use super::bench::{Bench, PATIENCE, Wire};
use super::cases::{At, CASES, Case, Lasts, Trouble, case_of};
use super::plan::{Model, Plan};

/// Cycles at a time.
const AT_A_TIME: u32 = 24;
/// The controller's second, and what a loaded machine may add before it scans again.
const SILENCE_LIMIT: Duration = Duration::from_millis(1_000 + 500);
/// The simulator counts in scans of its controller: two ends of a time are each exact to one.
const SCANS: Duration = Duration::from_millis(2 * 10);
/// Ends that a loaded machine can cause: no heartbeat for a second, replies after their time-out. They are safe.
const TOO_SLOW: [&str; 5] = [
    "cabinet_silent",
    "lamp_went_out",
    "order_failed",
    "reading_missing",
    "refused",
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
        for case in CASES {
            for wire in [Wire::Tcp, Wire::Rtu] {
                campaign.runtime.spawn(campaign.runs_of(wire, case));
            }
        }
    }
    campaign
}

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
        if self.told.fetch_add(1, Ordering::Relaxed) + 1 == self.runs.len() {
            let cycles: usize = self.runs.len() * runs.len();
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
        }));
    }
    done
}

/// Ended in a silence that its fault does not make: by a machine that was too slow.
fn is_hindered(case: &Case, run: &Run) -> bool {
    const SILENT: &str = "cabinet_silent";
    run.end == SILENT && !case.comes_to.contains(&SILENT)
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
            TOO_SLOW.contains(&end) && !case.comes_to.contains(&end)
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
    let refused = bench.start().await.is_err();
    let hands = Hands::at(&bench, case, &plan);
    if !refused {
        if let At::Step(step, after_ms) = plan.at {
            reached(&bench, step).await;
            // The moment of a fault and its length are times and no conditions.
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            applied = apply(&mut bench, case.trouble).await;
        }
        if let Lasts::For(_) = plan.lasts {
            last(plan.lasts).await;
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
    judge(&bench, case, plan, [before, at_end], refused, broken).await
}

async fn judge(
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
    must(
        forced || truth.longest_lit_in_silence <= SILENCE_LIMIT,
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
        if unlocked.irradiance_mw_cm2 > 0.0 || is_bad_air(bench, unlocked) {
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

/// The hands of an operator who turns the letters over when asked to; a door that is the fault itself he leaves alone.
struct Hands(Option<tokio::task::JoinHandle<()>>);

impl Hands {
    fn at(bench: &Bench, case: &Case, plan: &Plan) -> Self {
        let willing =
            plan.model == Model::OneSided && case.trouble != Trouble::Cabinet(Fault::DoorOpen);
        let (control, sim) = (bench.daemon().control.clone(), bench.sim.clone());
        Self(willing.then(|| tokio::spawn(turn_over(control, sim))))
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        if let Some(hands) = &self.0 {
            hands.abort();
        }
    }
}

async fn turn_over(control: CabinetControl, sim: SimHandle) {
    let door = |view: &CabinetView| {
        let door = view.points.iter().find(|at| at.point == "door_closed");
        door.and_then(|door| door.value)
    };
    let mut changes = control.changes();
    let asked = changes.wait_for(|view| view.step == "turning_over");
    if asked.await.is_err() {
        return;
    }
    // Nobody opens a door that is still bolted.
    let mut truth = sim.truth();
    let unbolted = truth.wait_for(|truth| !truth.locked);
    if !matches!(
        tokio::time::timeout(PATIENCE / 10, unbolted).await,
        Ok(Ok(_))
    ) {
        return;
    }
    // Whatever becomes of the cycle meanwhile ends the waiting.
    let over = |view: &CabinetView| view.step != "turning_over";
    for (switch, shown) in [(true, 0.0), (false, 1.0)] {
        if switch {
            sim.switch_on(Fault::DoorOpen);
        } else {
            sim.switch_off(Fault::DoorOpen);
        }
        let seen = changes.wait_for(|view| over(view) || door(view) == Some(shown));
        if seen.await.is_err() {
            break;
        }
    }
    sim.switch_off(Fault::DoorOpen);
    while !over(&changes.borrow_and_update()) {
        // Refused while the door was not seen.
        let _ = control.turned_over("operator").await;
        if changes.changed().await.is_err() {
            return;
        }
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

async fn last(lasts: Lasts) {
    if let Lasts::For(time) = lasts {
        tokio::time::sleep(time).await;
    }
}

/// What must be undone.
enum Applied {
    Nothing,
    Cabinet(Fault),
    Killed,
    Frozen(#[expect(dead_code, reason = "dropping it thaws")] std::sync::mpsc::Sender<()>),
    Stopped,
    Full(rusqlite::Connection),
    Hanging(rusqlite::Connection),
    Clock(i64),
}

impl Trouble {
    fn stops_daemon(self) -> bool {
        matches!(
            self,
            Self::DaemonKilled | Self::DaemonFrozen | Self::StationStopped | Self::DiskHangs
        )
    }
}

async fn apply(bench: &mut Bench, trouble: Trouble) -> Applied {
    match trouble {
        Trouble::Nothing => Applied::Nothing,
        Trouble::Cabinet(fault) => {
            bench.sim.switch_on(fault);
            Applied::Cabinet(fault)
        }
        Trouble::DaemonKilled => {
            if let Some(daemon) = bench.daemon.take() {
                daemon.kill().await;
            }
            Applied::Killed
        }
        Trouble::DaemonFrozen => Applied::Frozen(bench.daemon().freeze()),
        Trouble::OperatorAborts => {
            // Refused where nothing runs (any more).
            let _ = bench.daemon().control.abort("operator").await;
            Applied::Nothing
        }
        Trouble::StationStopped => {
            bench.daemon().stop.cancel();
            Applied::Stopped
        }
        Trouble::DiskFull => {
            let records = beside(bench);
            let full = [
                "UPDATE ON cycles",
                "INSERT ON cycles",
                "INSERT ON cycle_steps",
            ];
            for (at, what) in full.iter().enumerate() {
                let refuse = format!(
                    "CREATE TRIGGER full_{at} BEFORE {what} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
                );
                records.execute_batch(&refuse).expect("the trigger is made");
            }
            Applied::Full(records)
        }
        Trouble::DiskHangs => {
            let records = beside(bench);
            records.execute_batch("BEGIN IMMEDIATE").expect("locked");
            Applied::Hanging(records)
        }
        Trouble::ClockJumps(by_ms) => {
            laixin::clock::jump(by_ms);
            Applied::Clock(by_ms)
        }
    }
}

/// A second hand on the records.
fn beside(bench: &Bench) -> rusqlite::Connection {
    let records = rusqlite::Connection::open(bench.database()).expect("opened");
    records.busy_timeout(PATIENCE).expect("set");
    records
}

async fn heal(bench: &mut Bench, trouble: Trouble, applied: Applied) {
    match applied {
        Applied::Nothing | Applied::Frozen(_) => {}
        Applied::Cabinet(fault) => bench.sim.switch_off(fault),
        Applied::Killed | Applied::Stopped => {
            debug_assert!(trouble.stops_daemon());
            if trouble == Trouble::StationStopped {
                let mut changes = bench.daemon().control.changes();
                let gone = async { while changes.changed().await.is_ok() {} };
                let waited = tokio::time::timeout(PATIENCE, gone).await;
                assert!(waited.is_ok(), "told to stop, it never did");
            }
            bench.start_again().await;
        }
        Applied::Full(records) => {
            for at in 0..3 {
                let drop = format!("DROP TRIGGER full_{at}");
                records.execute_batch(&drop).expect("the trigger goes");
            }
        }
        Applied::Hanging(records) => records.execute_batch("ROLLBACK").expect("unlocked"),
        Applied::Clock(by_ms) => laixin::clock::jump(-by_ms),
    }
}
