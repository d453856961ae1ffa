//! Task: the list of `laixin check` as soon as the station is up; once a day, and some minutes after each start, a line with the counts of the
//! last day that saw work, old entries of the device health log made into a row a day, and that list made anew: what is switched on together with
//! the station answers by then.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::App;
use crate::check::{self, Checked, Level};
use crate::clock::{self, Millis};
use crate::sd_notify::Beat;
use crate::store::StoreError;
use crate::{Chain, config};

/// How often the task looks at the clock.
const LOOK: Duration = Duration::from_secs(15);
/// The first check: tasks have seen their devices by then, and an administrator who has just started it waits for no more.
const FIRST_CHECK: Duration = Duration::from_secs(3);
/// How long the first check waits for packages that are being installed.
const INSTALLED_WITHIN: Duration = Duration::from_secs(120);
/// A station that has just started has other things to do.
const AFTER_START: Duration = Duration::from_secs(300);
/// Days of the health log rolled up in one turn at most; the store does other work between them.
const DAYS_AT_ONCE: usize = 400;
const DAY_S: i64 = 86_400;

/// Runs until it is told to stop.
pub async fn run(app: App, beat: Beat, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    let began = clock::monotonic();
    let mut done: Option<String> = None;
    let first = app.clone();
    let mut at_work = Some(tokio::spawn(async move {
        tokio::time::sleep(FIRST_CHECK).await;
        // Once they are all there: halfway every package looks as if it had been cut.
        for _ in 0..INSTALLED_WITHIN.as_secs() / LOOK.as_secs() {
            if !check::is_being_installed() {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        make_check(&first).await;
    }));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {}
        }
        beat.beat();
        let today = clock::now().day();
        let is_early = done.is_none() && began.elapsed() < AFTER_START;
        let is_busy = at_work.as_ref().is_some_and(|work| !work.is_finished());
        if is_early || is_busy || done.as_ref() == Some(&today) {
            continue;
        }
        done = Some(today);
        let app = app.clone();
        at_work = Some(tokio::spawn(async move {
            if let Err(error) = turn(&app).await {
                tracing::error!(error = %Chain(&error), "the day's work on the device health log is held up by the store");
            }
        }));
    }
    if let Some(work) = at_work {
        // A check may wait for a device that does not answer; nothing of it is needed.
        work.abort();
        let _ = work.await;
    }
}

/// The work of a day.
///
/// # Errors
/// When the store refuses.
pub async fn turn(app: &App) -> Result<(), StoreError> {
    summarise(app).await?;
    // By a clock that is wrong, too much would be old.
    if app.store.with(|db| db.clock_trouble()).await?.is_none() {
        roll_up(app, &app.settings.health, clock::now()).await?;
    }
    make_check(app).await;
    Ok(())
}

async fn make_check(app: &App) {
    if let Some(made) = app.check_again().await {
        tell(&made);
    }
}

/// The counts of the last day on which anything happened. Numbers only.
async fn summarise(app: &App) -> Result<(), StoreError> {
    let found = app.store.with(|db| {
        let Some(day) = db.last_day_before(&clock::now().day())? else {
            return Ok(None);
        };
        let counts = db.day_counts(&day)?;
        Ok(Some((day, counts)))
    });
    if let Some((day, counts)) = found.await? {
        tracing::info!(
            day,
            signed_in = counts.signed_in,
            letters = counts.letters,
            pages = counts.pages,
            loads = counts.loads,
            cycles_failed = counts.cycles_failed,
            confirmed = counts.confirmed,
            handed_over = counts.handed_over,
            exceptions = counts.exceptions,
            holds = counts.holds,
            alerts = counts.alerts,
            device_warnings = counts.device_warnings,
            "the day in counts"
        );
    }
    Ok(())
}

/// Entries older than the settings say become a row a day; rows of days older than that are forgotten.
///
/// # Errors
/// When the store refuses.
pub async fn roll_up(app: &App, kept: &config::Health, now: Millis) -> Result<(), StoreError> {
    let days = |number: u64| i64::try_from(number).expect("limited by the settings");
    let before = now.plus_seconds(-days(kept.full_days.0) * DAY_S);
    for _ in 0..DAYS_AT_ONCE {
        if !app.store.with(move |db| db.roll_health_up(before)).await? {
            break;
        }
    }
    let forgotten = now
        .plus_seconds(-days(kept.daily_years.0) * 366 * DAY_S)
        .day();
    app.store
        .with(move |db| db.forget_health_days(&forgotten))
        .await?;
    Ok(())
}

fn tell(made: &Checked) {
    let (bad, warnings) = (made.count(Level::Bad), made.count(Level::Warning));
    let of = |level: Level| -> String {
        let found = made.findings.iter().filter(|one| one.level == level);
        let named = found.map(|one| format!("{} ({})", one.part, one.code));
        named.collect::<Vec<_>>().join(", ")
    };
    if bad > 0 {
        tracing::warn!(
            bad,
            warnings,
            what = of(Level::Bad),
            "checked: `laixin check` and the console's check page say what to do"
        );
    } else {
        tracing::info!(bad, warnings, what = of(Level::Warning), "checked");
    }
}
