//! A simulated cabinet on a free port, a driver connected to it, and waiting for conditions.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use uv_cabinet::{
    Cabinet, Command, Missing, Point, Profile, Readings, Switch,
    sim::{self, SimHandle, SimSettings, Truth},
};

/// The shipped profile.
pub(crate) const DEMO: &str = include_str!("../../../../config/cabinets/demo.toml");

/// Nothing here takes longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A driver and the simulated cabinet it talks to.
pub(crate) struct Bench {
    pub(crate) cabinet: Cabinet,
    pub(crate) sim: SimHandle,
    pub(crate) driver: JoinHandle<()>,
    pub(crate) plug: JoinHandle<std::io::Result<()>>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.driver.abort();
        self.plug.abort();
    }
}

/// The demo profile pointed at `port`.
pub(crate) fn profile(port: u16) -> Profile {
    let text = DEMO.replace("127.0.0.1:1502", &format!("127.0.0.1:{port}"));
    Profile::parse(&text).expect("the shipped profile is good")
}

/// A cabinet with its physics `speed` times faster than life, and a driver on it.
pub(crate) async fn bench(speed: f64) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let settings = SimSettings {
        speed,
        ..SimSettings::default()
    };
    let (sim, plug) = sim::start(listener, settings);
    let (cabinet, task) = Cabinet::new(profile(port));
    Bench {
        cabinet,
        sim,
        driver: tokio::spawn(task.run()),
        plug: tokio::spawn(plug),
    }
}

/// The next look at a point.
pub(crate) async fn look(cabinet: &Cabinet, point: Point) -> Result<f64, Missing> {
    cabinet.poll().await.number(point, Instant::now())
}

/// Polls, with a heartbeat each time, until `met`; fails after [`PATIENCE`].
pub(crate) async fn poll_until(cabinet: &Cabinet, met: impl Fn(&Readings) -> bool) -> Readings {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let waiting = async {
        loop {
            tick.tick().await;
            // A heartbeat that does not arrive shows in the readings.
            let _ = cabinet.command(Command::Heartbeat).await;
            let readings = cabinet.poll().await;
            if met(&readings) {
                return readings;
            }
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .expect("condition not met in time")
}

/// Waits until the cabinet's inside is as `met` says, and tells how long that took.
pub(crate) async fn truth_until(sim: &SimHandle, met: impl Fn(&Truth) -> bool) -> Duration {
    let began = Instant::now();
    let mut truth = sim.truth();
    timeout(PATIENCE, truth.wait_for(|t| met(t)))
        .await
        .expect("condition not met in time")
        .expect("the simulator is running");
    began.elapsed()
}

/// Locks and lights the lamp, and waits until it is seen lit.
pub(crate) async fn light(bench: &Bench) -> Readings {
    for command in [
        Command::Lock(Switch::On),
        Command::Heartbeat,
        Command::Lamp(Switch::On),
    ] {
        bench
            .cabinet
            .command(command)
            .await
            .expect("a good cabinet obeys");
    }
    poll_until(&bench.cabinet, lit).await
}

/// Both witnesses say that the lamp burns.
pub(crate) fn lit(readings: &Readings) -> bool {
    let now = Instant::now();
    readings.flag(Point::LampOn, now) == Ok(true)
        && readings
            .number(Point::IrradianceMwCm2, now)
            .is_ok_and(|uv| uv > 0.5)
}

/// Runs `future`, bounded.
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("bounded in time")
}
