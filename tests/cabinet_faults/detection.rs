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
async fn seen_within_two_polls(wire: Wire, fault: Fault) {
    let mut seen = Vec::new();
    for run in 0..TIMES {
        let bench = lit(wire, run).await;
        let began = Instant::now();
        bench.sim.switch_on(fault);
        assert!(
            bench
                .truth_until(|truth| truth.looks_until_off.is_some())
                .await
        );
        let looks = bench.truth().looks_until_off.expect("waited for");
        assert!(looks <= 2, "{fault}: {looks} looks");
        // None: a machine so slow that the cabinet was given up as silent meanwhile.
        if looks > 0 {
            seen.push((looks, began.elapsed()));
        }
    }
    tell(fault.name(), wire, seen);
}

/// The cycle leaves the lamp's steps after at most three looks without an answer.
async fn comms_lost_within_three_polls(wire: Wire) {
    let mut seen = Vec::new();
    for run in 0..TIMES {
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
        seen.push((without, began.elapsed()));
        // One look may have had its answer before.
        assert!(without <= 3 + 1, "{without} looks");
    }
    tell("comms_lost", wire, seen);
}

fn on_a_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn open_door_is_seen_within_two_polls_tcp() {
    on_a_runtime(seen_within_two_polls(Wire::Tcp, Fault::DoorOpen));
}

#[test]
fn open_door_is_seen_within_two_polls_rtu() {
    on_a_runtime(seen_within_two_polls(Wire::Rtu, Fault::DoorOpen));
}

#[test]
fn estop_is_seen_within_two_polls_tcp() {
    on_a_runtime(seen_within_two_polls(Wire::Tcp, Fault::EstopPressed));
}

#[test]
fn estop_is_seen_within_two_polls_rtu() {
    on_a_runtime(seen_within_two_polls(Wire::Rtu, Fault::EstopPressed));
}

#[test]
fn lost_comms_are_seen_within_three_polls_tcp() {
    on_a_runtime(comms_lost_within_three_polls(Wire::Tcp));
}

#[test]
fn lost_comms_are_seen_within_three_polls_rtu() {
    on_a_runtime(comms_lost_within_three_polls(Wire::Rtu));
}
