//! How soon trouble is seen, counted in looks at the cabinet: a loaded machine looks less often, not later. The times are printed
//! beside it, and for lost communications asserted. With the shipped profile's own times.

use std::time::{Duration, Instant};

use uv_cabinet::sim::{Fault, SimSettings};

use super::bench::{Bench, Wire};

/// Times each is done.
const TIMES: u64 = 5;

/// A lit lamp in a cabinet with the shipped times: poll, time-outs and greatest ages.
async fn lit(wire: Wire, run: u64) -> Bench {
    let settings = SimSettings {
        speed: 20.0,
        seed: run + 1,
        ..SimSettings::default()
    };
    let bench = Bench::with(wire, settings, |profile| {
        let shipped = shipped();
        let transport = profile.link.transport.clone();
        profile.link = shipped.link;
        profile.link.transport = transport;
        profile.points = shipped.points;
        profile.timing.poll = shipped.timing.poll;
        profile.timing.min_exposure = Duration::from_secs(20);
        profile.timing.max_exposure = Duration::from_secs(40);
    })
    .await;
    bench.until_ready().await;
    bench.start().await.expect("a good cabinet takes a load");
    bench.daemon().until_state("irradiating").await;
    // Somewhere between two polls.
    tokio::time::sleep(Duration::from_millis(150 + 23 * run)).await;
    bench
}

fn shipped() -> uv_cabinet::Profile {
    let text = std::fs::read_to_string(crate::support::project("config/cabinets/demo.toml"));
    uv_cabinet::Profile::parse(&text.expect("the demo profile")).expect("a good profile")
}

fn tell(what: &str, wire: Wire, mut seen: Vec<(u32, Duration)>) -> Duration {
    if seen.is_empty() {
        println!("detection {what} {wire:?}: this machine was too slow to see anything");
        return Duration::MAX;
    }
    seen.sort_by_key(|(_, after)| *after);
    let most = seen.iter().map(|(looks, _)| *looks).max().expect("some");
    let (median, worst) = (seen[seen.len() / 2].1, seen[seen.len() - 1].1);
    println!("detection {what} {wire:?}: {most} looks at most, median {median:?}, worst {worst:?}");
    median
}

/// The lamp-off order comes after at most two looks that showed the trouble.
async fn looks_until_off(wire: Wire, run: u64, fault: Fault) -> Option<(u32, Duration)> {
    let bench = lit(wire, run).await;
    if bench.daemon().control.view().step != "irradiating" {
        // A machine so slow that the cabinet was given up as silent before.
        return None;
    }
    let began = Instant::now();
    bench.sim.switch_on(fault);
    let off = bench.truth_until(|truth| truth.looks_until_off.is_some());
    assert!(off.await, "{fault}: never told to go out");
    let looks = bench.truth().looks_until_off.expect("waited for");
    assert!(looks <= 2, "{fault}: {looks} looks");
    // None: a machine so slow that the cabinet was given up as silent meanwhile.
    (looks > 0).then_some((looks, began.elapsed()))
}

/// The cycle leaves the lamp's steps after at most three looks without an answer: the looks go on while the link still tries.
async fn looks_until_lost(wire: Wire, run: u64) -> Option<(u32, Duration)> {
    let bench = lit(wire, run).await;
    let daemon = bench.daemon();
    let (mut looks, mut states) = (daemon.control.changes(), daemon.states.clone());
    looks.borrow_and_update();
    let began = Instant::now();
    bench.sim.switch_on(Fault::NoAnswer);
    let judged = async {
        let aborting = |states: &Vec<String>| states.iter().any(|state| state == "aborting");
        states.wait_for(aborting).await.expect("noted");
        began.elapsed()
    };
    let mut without = 0;
    let counted = async {
        loop {
            // Every look is published once, the judging one after its orders.
            looks.changed().await.expect("the supervisor lives");
            without += 1;
            if looks.borrow_and_update().step != "irradiating" {
                return;
            }
        }
    };
    let (after, ()) = tokio::join!(judged, counted);
    assert!(without <= 3, "{without} looks");
    let asked = bench.daemon().control.view().link;
    assert!(asked.repeats > 0 || asked.timeouts > 0, "{asked:?}");
    Some((without, after))
}

/// One reply that never comes costs no cycle: it is asked once more within the time that silence is judged after.
async fn one_lost_reply(run: u64) -> Option<(u32, Duration)> {
    let bench = lit(Wire::Tcp, run).await;
    let before = bench.daemon().control.view().link;
    let began = Instant::now();
    bench.sim.switch_on(Fault::HalfOpen);
    // Longer than a poll, shorter than a time-out: the next request dies, the one after it does not.
    tokio::time::sleep(Duration::from_millis(120)).await;
    bench.sim.switch_off(Fault::HalfOpen);
    let repeated = |view: &laixin::disinfect::CabinetView| {
        view.link.timeouts > before.timeouts && view.link.replies > before.replies + 10
    };
    let view = bench.daemon().until("asked once more", repeated).await;
    if view.link.timeouts > before.timeouts + 1 {
        // A machine so slow that two were lost.
        return None;
    }
    assert_eq!(view.step, "irradiating", "{view:?}");
    Some((0, began.elapsed()))
}

/// By the clock as well. A machine that was too busy to look on time gets two more tries.
fn within_three_polls(wire: Wire) {
    let limit = 3 * shipped().timing.poll;
    let mut medians = Vec::new();
    while medians.len() < 3 {
        let median = measured("comms_lost", wire, |run| looks_until_lost(wire, run));
        medians.push(median);
        if median <= limit {
            return;
        }
    }
    panic!("{wire:?}: medians {medians:?}, three polls are {limit:?}");
}

/// All runs at once: each is mostly waiting. The median time.
fn measured<F>(what: &str, wire: Wire, one: impl Fn(u64) -> F) -> Duration
where
    F: Future<Output = Option<(u32, Duration)>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let running: Vec<_> = (0..TIMES).map(|run| runtime.spawn(one(run))).collect();
    let seen = runtime.block_on(async {
        let mut seen = Vec::new();
        for one in running {
            seen.extend(one.await.expect("seen in time"));
        }
        seen
    });
    tell(what, wire, seen)
}

#[test]
fn open_door_is_seen_within_two_polls_tcp() {
    measured(Fault::DoorOpen.name(), Wire::Tcp, |run| {
        looks_until_off(Wire::Tcp, run, Fault::DoorOpen)
    });
}

#[test]
fn open_door_is_seen_within_two_polls_rtu() {
    measured(Fault::DoorOpen.name(), Wire::Rtu, |run| {
        looks_until_off(Wire::Rtu, run, Fault::DoorOpen)
    });
}

#[test]
fn estop_is_seen_within_two_polls_tcp() {
    measured(Fault::EstopPressed.name(), Wire::Tcp, |run| {
        looks_until_off(Wire::Tcp, run, Fault::EstopPressed)
    });
}

#[test]
fn estop_is_seen_within_two_polls_rtu() {
    measured(Fault::EstopPressed.name(), Wire::Rtu, |run| {
        looks_until_off(Wire::Rtu, run, Fault::EstopPressed)
    });
}

#[test]
fn lost_comms_are_seen_within_three_polls_tcp() {
    within_three_polls(Wire::Tcp);
}

#[test]
fn lost_comms_are_seen_within_three_polls_rtu() {
    within_three_polls(Wire::Rtu);
}

#[test]
fn one_lost_reply_costs_no_cycle() {
    measured("one_lost_reply", Wire::Tcp, one_lost_reply);
}
