//! A fault is made, lasts, and is undone.

use super::bench::{Bench, PATIENCE};
use super::cases::{Lasts, Trouble};
use uv_cabinet::sim::Fault;

pub async fn last(lasts: Lasts) {
    if let Lasts::For(time) = lasts {
        tokio::time::sleep(time).await;
    }
}

/// What must be undone.
pub enum Applied {
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
    pub fn stops_daemon(self) -> bool {
        matches!(
            self,
            Self::DaemonKilled | Self::DaemonFrozen | Self::StationStopped | Self::DiskHangs
        )
    }
}

pub async fn apply(bench: &mut Bench, trouble: Trouble) -> Applied {
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
        Trouble::MachineSuspended(time) => {
            bench.daemon().sleep_through(time).await;
            Applied::Nothing
        }
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
            let refuse = full.iter().enumerate().map(|(at, what)| {
                format!("CREATE TRIGGER full_{at} BEFORE {what} BEGIN SELECT RAISE(ABORT, 'disk full'); END;")
            });
            let refuse: String = refuse.collect();
            records
                .execute_batch(&format!("BEGIN IMMEDIATE; {refuse} COMMIT"))
                .expect("full from one moment on");
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

pub async fn heal(bench: &mut Bench, trouble: Trouble, applied: Applied) {
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
