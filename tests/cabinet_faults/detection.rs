//! How soon trouble is seen, counted in looks at the cabinet and not in milliseconds: a loaded machine looks less
//! often, not later. The times are printed beside it. With the shipped profile's own times.

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

fn tell(what: &str, wire: Wire, mut seen: Vec<(u32, Duration)>) {
    seen.sort_by_key(|(_, after)| *after);
    let most = seen.iter().map(|(looks, _)| *looks).max().expect("some");
    let (median, worst) = (seen[seen.len() / 2].1, seen[seen.len() - 1].1);
    println!("detection {what} {wire:?}: {most} looks at most, median {median:?}, worst {worst:?}");
}

/// The lamp-off order comes after at most two looks that showed the trouble.
async fn looks_until_off(wire: Wire, run: u64, fault: Fault) -> Option<(u32, Duration)> {
    let bench = lit(wire, run).await;
    let began = Instant::now();
    bench.sim.switch_on(fault);
    let off = bench.truth_until(|truth| truth.looks_until_off.is_some());
    assert!(off.await, "{fault}: never told to go out");
    let looks = bench.truth().looks_until_off.expect("waited for");
    assert!(looks <= 2, "{fault}: {looks} looks");
    // None: a machine so slow that the cabinet was given up as silent meanwhile.
    (looks > 0).then_some((looks, began.elapsed()))
}

/// The cycle leaves the lamp's steps after at most three looks without an answer.
async fn looks_until_lost(wire: Wire, run: u64) -> Option<(u32, Duration)> {
    let bench = lit(wire, run).await;
    let mut looks = bench.daemon().control.changes();
    looks.borrow_and_update();
    let began = Instant::now();
    bench.sim.switch_on(Fault::NoAnswer);
    let mut without = 0;
    // Every look is published once.
    while looks.borrow_and_update().step == "irradiating" {
        looks.changed().await.expect("the supervisor lives");
        without += 1;
    }
    // One look may have had its answer before.
    assert!(without <= 3 + 1, "{without} looks");
    Some((without, began.elapsed()))
}

/// All runs at once: each is mostly waiting.
fn measured<F>(what: &str, wire: Wire, one: impl Fn(u64) -> F)
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
    tell(what, wire, seen);
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
    measured("comms_lost", Wire::Tcp, |run| {
        looks_until_lost(Wire::Tcp, run)
    });
}

#[test]
fn lost_comms_are_seen_within_three_polls_rtu() {
    measured("comms_lost", Wire::Rtu, |run| {
        looks_until_lost(Wire::Rtu, run)
    });
}
