//! Talks to systemd: ready, status, watchdog, stopping. The watchdog is fed only while every task makes progress.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// A task's proof of life: it beats once per completed loop.
#[derive(Debug, Clone)]
pub struct Beat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    task: String,
    limit: Duration,
    start: Instant,
    last_ms: AtomicU64,
}

impl Beat {
    /// The task completed a loop.
    pub fn beat(&self) {
        let passed = self.inner.start.elapsed().as_millis();
        self.inner
            .last_ms
            .store(u64::try_from(passed).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_late(&self) -> bool {
        let last = Duration::from_millis(self.inner.last_ms.load(Ordering::Relaxed));
        self.inner.start.elapsed().saturating_sub(last) > self.inner.limit
    }
}

/// Every task's beat.
#[derive(Debug, Clone, Default)]
pub struct Watchdog {
    beats: Arc<Mutex<Vec<Beat>>>,
}

impl Watchdog {
    /// A beat for a task that must complete a loop at least every `limit`.
    pub fn task(&self, task: &str, limit: Duration) -> Beat {
        let start = Instant::now();
        let beat = Beat {
            inner: Arc::new(Inner {
                task: task.to_owned(),
                limit,
                start,
                last_ms: AtomicU64::new(0),
            }),
        };
        self.beats
            .lock()
            .expect("no holder of this lock panics")
            .push(beat.clone());
        beat
    }

    /// Tasks that have not completed a loop within their limit.
    pub fn late(&self) -> Vec<String> {
        let beats = self.beats.lock().expect("no holder of this lock panics");
        beats
            .iter()
            .filter(|beat| beat.is_late())
            .map(|beat| beat.inner.task.clone())
            .collect()
    }

    /// Feeds systemd's watchdog, if there is one, at half its period while no task is late. Never returns.
    pub async fn feed(self) {
        let period = sd_notify::watchdog_enabled().unwrap_or(Duration::from_secs(20));
        let mut tick = tokio::time::interval(period / 2);
        let mut told = Vec::new();
        loop {
            tick.tick().await;
            let late = self.late();
            if late.is_empty() {
                tell(&[NotifyState::Watchdog]);
            } else if late != told {
                tracing::error!(tasks = ?late, "a task makes no progress; the watchdog is not fed");
            }
            told = late;
        }
    }
}

/// Everything is up.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// What `systemctl status` shows of it from now on.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// The station ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd does not listen");
    }
}
