//! A poll of the driver beside the same poll by libmodbus, in turns, on the same libmodbus server: `name value unit`, one a line, and the ratio.
//! `cargo bench --profile release -p uv-cabinet --bench peers`. On TCP; a serial line's time is its baud rate's, which a pseudo-terminal has not.

#[expect(dead_code, reason = "only the libmodbus peer is used here")]
#[path = "../tests/support/peer.rs"]
mod peer;
#[expect(dead_code, reason = "only the shipped profile is used here")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use peer::Peer;
use uv_cabinet::{Cabinet, Point};

const ROUNDS: usize = 21;
const POLLS: usize = 2_000;

/// Median of a poll in µs, and polls a second.
#[derive(Clone, Copy)]
struct Figures {
    p50_us: f64,
    per_second: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut server = Peer::libmodbus(&["serve", "tcp"]);
    let port: u16 = server.line().await.parse().expect("a port");
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        // The server serves one connection at a time, so each side hangs up before the other's turn.
        rounds.push((driver(port).await, libmodbus(port).await));
    }
    let of = |pick: fn(&(Figures, Figures)) -> f64| median(rounds.iter().map(pick).collect());
    let (ours, theirs) = (of(|r| r.0.p50_us), of(|r| r.1.p50_us));
    println!("cabinet/poll/driver/p50 {ours:.1} us");
    println!("cabinet/poll/libmodbus/p50 {theirs:.1} us");
    let (our_rate, their_rate) = (of(|r| r.0.per_second), of(|r| r.1.per_second));
    println!("cabinet/poll/driver/rate {our_rate:.0} polls/s");
    println!("cabinet/poll/libmodbus/rate {their_rate:.0} polls/s");
    println!("cabinet/poll/p50_of_libmodbus {:.2} x", ours / theirs);
    println!(
        "cabinet/poll/time_of_libmodbus {:.2} x",
        their_rate / our_rate
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn driver(port: u16) -> Figures {
    let mut profile = support::profile(port);
    profile.link.reply_timeout = Duration::from_secs(5);
    for spec in profile.points.values_mut() {
        spec.frozen_after = None;
    }
    let (cabinet, task) = Cabinet::new(profile);
    let task = tokio::spawn(task.run());
    let mut took = Vec::with_capacity(POLLS);
    let began = Instant::now();
    for _ in 0..POLLS {
        let asked = Instant::now();
        let readings = cabinet.poll().await;
        took.push(asked.elapsed().as_secs_f64() * 1e6);
        let fresh = readings.get(Point::ScanCounter, Instant::now());
        assert!(
            fresh.is_ok_and(|reading| reading.at >= asked),
            "a poll without an answer is no poll"
        );
    }
    let per_second = POLLS as f64 / began.elapsed().as_secs_f64();
    drop(cabinet);
    task.await.expect("ends with its last handle");
    Figures {
        p50_us: median(took),
        per_second,
    }
}

async fn libmodbus(port: u16) -> Figures {
    let (port, polls) = (port.to_string(), POLLS.to_string());
    let said = Peer::libmodbus(&["poll", "tcp", &port, &polls])
        .line()
        .await;
    let mut figures = said.split(' ').map(|n| n.parse().expect("a number"));
    let mut next = || figures.next().expect("two figures");
    Figures {
        p50_us: next(),
        per_second: next(),
    }
}
