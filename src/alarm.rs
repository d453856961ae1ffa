//! Task: tells of alerts as they rise, and of those that nobody decided in time. Only numbers and codes; the letter's words stay with the
//! letter.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Millis;
use crate::config::Settings;
use crate::domain::alarm::Escalation;
use crate::events::{Event, Events};
use crate::health::Readiness;
use crate::sd_notify::Beat;
use crate::store::{AlertRow, ClockTrouble, Store, StoreError};

/// How often the store is asked: an alert is on the screens this long after its page was read, at most.
const EVERY: Duration = Duration::from_secs(1);

/// What the task works on.
#[derive(Debug)]
pub struct Alarm {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// Where alerts are told.
    pub events: Events,
    /// Where the clock is told of.
    pub readiness: Readiness,
}

/// Runs until `stop`.
pub async fn run(alarm: Alarm, beat: Beat, stop: CancellationToken) {
    let alerts = &alarm.settings.alerts;
    let minutes = |within: u64| i64::try_from(within).expect("limited by the settings");
    let rules = Escalation {
        officers_min: minutes(alerts.officers_after_minutes.0),
        administrators_min: minutes(alerts.administrators_after_minutes.0),
    };
    // What rose before the start is on the screens anyway.
    let mut told = alarm
        .store
        .with(|db| Ok(db.raised_since(i64::MAX)?.1))
        .await
        .unwrap_or(0);
    loop {
        beat.beat();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        match look(&alarm.store, told, rules).await {
            Ok((new, risen, (newest, clock, restored))) => {
                alarm.tell_clock(clock);
                alarm.tell_restored(restored);
                told = newest;
                new.iter()
                    .for_each(|alert| alarm.tell(alert, "an alert wants a person at once"));
                risen.iter().for_each(|alert| {
                    alarm.tell(alert, "nobody decided an alert in time: it has gone up")
                });
            }
            Err(StoreError::Stopped) => return,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "alerts cannot be looked through; it is tried again");
            }
        }
    }
}

/// The ledger's newest entry, what is the matter with the clock, and until when a restored station knows what happened.
type Standing = (i64, Option<ClockTrouble>, Option<Millis>);

async fn look(
    store: &Store,
    told: i64,
    rules: Escalation,
) -> Result<(Vec<AlertRow>, Vec<AlertRow>, Standing), StoreError> {
    store
        .with(move |db| {
            let (new, newest) = db.raised_since(told)?;
            let standing = (newest, db.watch_clock()?, db.handover_stopped()?);
            Ok((new, db.escalate_alerts(rules)?, standing))
        })
        .await
}

impl Alarm {
    fn tell_clock(&self, clock: Option<ClockTrouble>) {
        let (code, message) = match clock {
            None => return self.readiness.ready("clock"),
            Some(ClockTrouble::SetBack(found)) => (
                "clock_set_back",
                format!(
                    "the clock of this machine is behind what is on record, {}: files stay where they are, nothing is closed or handed over; where it is right now an officer confirms it, where it is wrong set it right",
                    found.last.rfc3339()
                ),
            ),
            Some(ClockTrouble::JumpedAhead(found)) => (
                "clock_jumped_ahead",
                format!(
                    "the clock of this machine is far ahead of {}, which it should show or which was written last: nothing is destroyed by policy; where it is right now an officer confirms it, where it is wrong set it right",
                    found.last.rfc3339()
                ),
            ),
        };
        self.readiness.not_ready("clock", code, &message);
    }

    fn tell_restored(&self, known_until: Option<Millis>) {
        let Some(known_until) = known_until else {
            return self.readiness.ready("handover");
        };
        let message = format!(
            "restored from a back-up that knows nothing after {}: nothing is handed out; let every case system acknowledge again what it registered since, then an officer confirms it",
            known_until.rfc3339()
        );
        self.readiness.not_ready("handover", "restored", &message);
    }

    fn tell(&self, alert: &AlertRow, what: &str) {
        let code = alert.code.word().to_owned();
        tracing::warn!(letter = alert.letter, code, level = alert.level, "{what}");
        self.events.tell(Event::Alert {
            code,
            subject: format!("letter/{}", alert.letter),
        });
    }
}
