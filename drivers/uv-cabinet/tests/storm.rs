//! The storm: polls against cabinets of which 15 % of the replies are late and 2 % garbage, on TCP and on serial lines, with delays and
//! time-outs scaled down; and serial lines on which replies come later than the profile says they can. Every register answers with
//! a value that tells its address and its turn, so that a wrong one cannot pass for a right one. A naive client goes through the
//! same storm and gets wrong values: the test can fail.
//!
//! `make test` polls 20,000 times; `make storm` a million times (`LAIXIN_STORM_POLLS`).

#[path = "support/cunning.rs"]
mod cunning;
#[expect(dead_code, reason = "the half of a proxy is used by tests/chaos.rs")]
#[path = "support/rogue.rs"]
mod rogue;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use cunning::{Cunning, Lateness, PLACES, profile, served};
use rogue::Wire;
use tokio::{
    task::JoinSet,
    time::{interval, timeout},
};
use tokio_modbus::{Slave, client::Reader as _};
use tokio_serial::SerialStream;
use uv_cabinet::{Address, Cabinet, LinkQuality, Readings};

const REPLY_TIMEOUT: Duration = Duration::from_millis(50);

/// Replies are late, and never later than the line is heard out.
fn storm() -> Lateness {
    Lateness {
        late_ms: 55..110,
        latest: Duration::from_millis(120),
        reply_timeout: REPLY_TIMEOUT,
        // Longer than the latest possible reply, and than this machine may keep one that was sent in time from arriving.
        silent: Duration::from_millis(500),
    }
}

/// Replies are late by more than the line is heard out: the profile's `silent_ms` is wrong.
fn later_than_declared() -> Lateness {
    Lateness {
        late_ms: 100..400,
        latest: Duration::from_secs(5),
        reply_timeout: REPLY_TIMEOUT,
        silent: Duration::from_millis(60),
    }
}

#[derive(Debug, Default)]
struct Tally {
    polls: u64,
    values: u64,
    wrong: u64,
    longest_outage: Duration,
    link: LinkQuality,
}

/// Values of this poll, and how many of them no cabinet can have said during it.
fn judge(readings: &Readings, cunning: &Cunning, before: u64, began: Instant) -> (u64, u64) {
    let (mut values, mut wrong) = (0, 0);
    for (point, address) in PLACES {
        if let Ok(reading) = readings.get(point, Instant::now())
            && reading.at >= began
        {
            values += 1;
            let said = cunning.may_have_said(u64::from(reading.raw), address, before);
            if !said {
                cunning.tell_of_wrong(u64::from(reading.raw), address, before);
            }
            wrong += u64::from(!said);
        }
    }
    (values, wrong)
}

/// Polls one line `polls` times (those that only waited for the next try do not count), then until it is well.
async fn weathered(wire: Wire, seed: u64, polls: u64, lateness: Lateness) -> Tally {
    let line = served(wire, seed, &lateness).await;
    let (cabinet, task) = Cabinet::new(profile(&line, &lateness));
    let driver = tokio::spawn(task.run());
    let mut tally = Tally::default();
    let mut waiting = interval(Duration::from_millis(1));
    let mut well_at = Instant::now();
    while tally.polls < polls {
        let asked_before = cabinet.link_quality().requests;
        let before = line.cunning.turn.load(Ordering::SeqCst);
        let began = Instant::now();
        let readings = cabinet.poll().await;
        if cabinet.link_quality().requests == asked_before {
            waiting.tick().await;
            continue;
        }
        let (values, wrong) = judge(&readings, &line.cunning, before, began);
        tally.polls += 1;
        tally.values += values;
        tally.wrong += wrong;
        if values == PLACES.len() as u64 {
            tally.longest_outage = tally.longest_outage.max(well_at.elapsed());
            well_at = Instant::now();
        }
    }
    line.cunning.calm.store(true, Ordering::SeqCst);
    let recovery = async {
        loop {
            let before = line.cunning.turn.load(Ordering::SeqCst);
            let began = Instant::now();
            let readings = cabinet.poll().await;
            if judge(&readings, &line.cunning, before, began) == (PLACES.len() as u64, 0) {
                return;
            }
            waiting.tick().await;
        }
    };
    timeout(Duration::from_secs(60), recovery)
        .await
        .expect("every line recovers");
    tally.link = cabinet.link_quality();
    drop(cabinet);
    timeout(Duration::from_secs(10), driver)
        .await
        .expect("ends with its last handle")
        .expect("no panic");
    tally
}

/// The usual way: ask, wait, and go on with the same context after an error. Gives values and wrong values.
async fn naive(seed: u64, requests: u64) -> (u64, u64) {
    let line = served(Wire::Rtu, seed, &storm()).await;
    let Address::Device(device) = &line.address else {
        panic!("a serial line");
    };
    let builder = tokio_serial::new(device.to_string_lossy(), 115_200);
    let port = SerialStream::open(&builder).expect("opens");
    let mut context = tokio_modbus::client::rtu::attach_slave(port, Slave(1));
    let (mut values, mut wrong) = (0, 0);
    for turn in 0..requests {
        let (_, address) = PLACES[turn as usize % PLACES.len()];
        let before = line.cunning.turn.load(Ordering::SeqCst);
        let asked = context.read_input_registers(address, 1);
        if let Ok(Ok(Ok(words))) = timeout(REPLY_TIMEOUT, asked).await {
            let said = |word| line.cunning.may_have_said(word, address, before);
            values += 1;
            wrong += u64::from(!words.first().is_some_and(|word| said(u64::from(*word))));
        }
    }
    (values, wrong)
}

fn polls() -> u64 {
    std::env::var("LAIXIN_STORM_POLLS").map_or(20_000, |polls| {
        polls.parse().expect("LAIXIN_STORM_POLLS is a number")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_is_silently_wrong_and_every_line_recovers() {
    let began = Instant::now();
    let (polls, mut lines) = (polls(), JoinSet::new());
    for (wire, count) in [(Wire::Tcp, 64_u64), (Wire::Rtu, 512)] {
        let each = (polls / 2).div_ceil(count);
        for seed in 0..count {
            lines.spawn(async move { (wire, weathered(wire, seed + 1, each, storm()).await) });
        }
    }
    let mut sums = [Tally::default(), Tally::default()];
    while let Some(done) = lines.join_next().await {
        let (wire, tally) = done.expect("no panic");
        let sum = &mut sums[usize::from(wire == Wire::Rtu)];
        sum.polls += tally.polls;
        sum.values += tally.values;
        sum.wrong += tally.wrong;
        sum.longest_outage = sum.longest_outage.max(tally.longest_outage);
        let (all, one) = (&mut sum.link, &tally.link);
        all.requests += one.requests;
        all.replies += one.replies;
        all.timeouts += one.timeouts;
        all.crc_errors += one.crc_errors;
        all.bad_replies += one.bad_replies;
        all.losses += one.losses;
        all.drains += one.drains;
        all.reconnects += one.reconnects;
        all.repeats += one.repeats;
    }
    for (sum, name) in sums.iter().zip(["tcp", "rtu"]) {
        println!("storm/{name} {sum:?}");
        assert!(sum.polls >= polls / 2, "{name}: {sum:?}");
        assert_eq!(sum.wrong, 0, "{name}: {sum:?}");
        let (requests, late) = (sum.link.requests, sum.link.timeouts);
        assert!(late * 100 > requests * 13, "{name} was a storm: {sum:?}");
        assert!(
            sum.values > sum.polls,
            "{name}: most polls gave values: {sum:?}"
        );
    }
    let requests = (polls / 20).clamp(500, 5_000);
    let (values, wrong) = naive(7, requests).await;
    println!("storm/naive_rtu requests {requests} values {values} wrong {wrong}");
    println!("storm/seconds {:.0}", began.elapsed().as_secs_f64());
    assert!(
        wrong > 20,
        "a naive client goes wrong in this storm: {wrong} of {values}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_later_than_the_line_was_heard_out_is_never_a_value() {
    const LINES: u64 = 40;
    const POLLS: u64 = 60;
    let mut lines = JoinSet::new();
    for seed in 0..LINES {
        lines.spawn(weathered(Wire::Rtu, seed + 1, POLLS, later_than_declared()));
    }
    let (mut values, mut timeouts) = (0, 0);
    while let Some(done) = lines.join_next().await {
        let tally = done.expect("no panic");
        assert_eq!(tally.wrong, 0, "{tally:?}");
        values += tally.values;
        timeouts += tally.link.timeouts;
    }
    assert!(values > LINES * POLLS / 2, "{values}");
    assert!(timeouts > LINES * POLLS / 10, "late they were: {timeouts}");
}
