//! Times of the driver against the simulated cabinet on a real socket: `name value unit`, one a line.
//! `cargo run --release -p uv-cabinet --example figures`. A socket on this machine has no cable:
//! what a real controller adds is its own.

use std::time::{Duration, Instant};

use tokio::{net::TcpListener, time::interval};
use uv_cabinet::{
    Address, Cabinet, Command, Point, Profile, Switch,
    sim::{self, Fault, SimSettings},
};

const POLLS: usize = 5_000;
const EVENTS: u32 = 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/cabinets/demo.toml"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut profile = Profile::load(path.as_ref())?;
    profile
        .link
        .move_to(Address::Network(listener.local_addr()?.to_string()))?;
    let every = profile.timing.poll;
    let (sim, plug) = sim::start(listener, SimSettings::default());
    let plug = tokio::spawn(plug);
    let (cabinet, task) = Cabinet::new(profile);
    let driver = tokio::spawn(task.run());

    let mut polls = Vec::with_capacity(POLLS);
    let mut unanswered = 0;
    for _ in 0..POLLS {
        let began = Instant::now();
        let readings = cabinet.poll().await;
        let ended = Instant::now();
        polls.push(ended - began);
        let fresh = readings.age(Point::ScanCounter, ended);
        unanswered += usize::from(fresh.is_none_or(|age| age > ended - began));
    }
    println!("cabinet_polls_unanswered {unanswered} of_{POLLS}");
    polls.sort();
    print("cabinet_poll_p50", polls[POLLS / 2]);
    print("cabinet_poll_p99", polls[POLLS * 99 / 100]);

    let (mut slowest_door, mut slowest_dark) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..EVENTS {
        for command in [Command::Heartbeat, Command::Lamp(Switch::On)] {
            cabinet.command(command).await?;
        }
        let mut truth = sim.truth();
        truth.wait_for(|t| t.relay_closed).await?;
        let began = Instant::now();
        truth.wait_for(|t| !t.relay_closed).await?;
        slowest_dark = slowest_dark.max(began.elapsed());

        let mut tick = interval(every);
        tick.tick().await;
        sim.switch_on(Fault::DoorOpen);
        let began = Instant::now();
        while cabinet.poll().await.flag(Point::DoorClosed, Instant::now()) == Ok(true) {
            tick.tick().await;
        }
        slowest_door = slowest_door.max(began.elapsed());
        sim.switch_off(Fault::DoorOpen);
        truth.changed().await?;
    }
    print("cabinet_door_seen_slowest", slowest_door);
    print("cabinet_lamp_out_without_heartbeat_slowest", slowest_dark);
    drop(cabinet);
    driver.await?;
    plug.abort();
    Ok(())
}

fn print(name: &str, time: Duration) {
    println!("{name} {:.3} ms", time.as_secs_f64() * 1000.0);
}
