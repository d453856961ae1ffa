//! `laixin cabinet selftest`: the self test of one empty cabinet while the station is stopped. Two processes never drive one
//! cabinet: the data folder's lock is taken first, and while the daemon holds it the command says where to order the test.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE};
use crate::Chain;
use crate::clock;
use crate::config::{Language, Settings};
use crate::console::words::Words;
use crate::disinfect::{self, CabinetControl, CabinetView, SelfTestView, Surroundings};
use crate::domain::cycle::Fault;
use crate::domain::text::hidden_mark;
use crate::events::Events;
use crate::health::Readiness;
use crate::sd_notify::Watchdog;
use crate::station;
use crate::store::{Finding, Store, TestOutcome};

/// For a cabinet to be seen after the start, back-off included.
const SEEN_WITHIN: Duration = Duration::from_secs(15);
/// From one word about what it shows to the next.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Does it.
pub(super) async fn run(config: &ConfigArg, cabinet: Option<&str>, by: &str, empty: bool) -> u8 {
    let settings = match config.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    if !empty {
        eprintln!(
            "laixin: the lamp will burn: take every letter out, close the door, then say --empty"
        );
        return USAGE;
    }
    if by.trim().is_empty() || hidden_mark(by).is_some() {
        eprintln!("laixin: --by needs the name of a person, without invisible characters");
        return USAGE;
    }
    let found = match (cabinet, &settings.cabinets[..]) {
        (Some(id), all) => all.iter().find(|one| one.id.to_string() == id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(found) = found else {
        let ids: Vec<_> = settings
            .cabinets
            .iter()
            .map(|one| one.id.to_string())
            .collect();
        eprintln!("laixin: --cabinet ID is needed, one of: {}", ids.join(", "));
        return USAGE;
    };
    let profile = match disinfect::profile_of(found) {
        Ok(profile) => profile,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    let _lock = match station::take_data_dir(&settings) {
        Ok(lock) => lock,
        Err(error) => {
            let id = &found.id;
            eprintln!("laixin: {}", Chain(&error));
            eprintln!(
                "laixin: while the station runs it drives the cabinet: order the test on its page of the console, or POST /v1/cabinets/{id}/selftest"
            );
            return FINDING;
        }
    };
    let longest = disinfect::longest_self_test(&profile);
    eprintln!(
        "laixin: self test of {} at {}: waits up to {} s for it to answer, then tries it for up to {} s",
        found.id,
        found.address,
        SEEN_WITHIN.as_secs(),
        longest.as_secs()
    );
    match driven(&settings, found, profile, by, longest).await {
        Ok(test) => told(&test),
        Err(refused) => {
            eprintln!("laixin: {}", refused.told());
            FINDING
        }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
enum NoResult {
    #[error("{}", Chain(.0))]
    Store(#[from] crate::store::StoreError),
    #[error("{0}")]
    Refused(#[from] disinfect::Refused),
    #[error("the cabinet does not answer: check its power, its cable and cabinet.address")]
    Silent,
    #[error("the test did not end in time")]
    Endless,
}

impl NoResult {
    fn told(&self) -> String {
        match self {
            Self::Refused(disinfect::Refused::NotNow { code }) => {
                let words = Words::of(Language::English).refusal(code);
                words.unwrap_or_else(|| self.to_string())
            }
            Self::Refused(disinfect::Refused::OtherLoadInside { load }) => {
                Words::of(Language::English).other_load(*load)
            }
            _ => self.to_string(),
        }
    }
}

/// The cabinet's own task, alone, for the length of one test.
async fn driven(
    settings: &Settings,
    cabinet: &crate::config::Cabinet,
    profile: uv_cabinet::Profile,
    by: &str,
    longest: Duration,
) -> Result<SelfTestView, NoResult> {
    let (store, _thread) = Store::of(settings)?;
    let stop = CancellationToken::new();
    let surroundings = Surroundings {
        store,
        events: Events::default(),
        readiness: Readiness::default(),
        beat: Watchdog::default().task("selftest", longest),
    };
    let alone = uv_cabinet::Cabinet::new(profile.clone());
    let (control, task) = disinfect::start(
        cabinet.id.clone(),
        profile,
        alone,
        surroundings,
        stop.clone(),
    );
    let result = tested(&control, by, longest).await;
    stop.cancel();
    // It sees the lamp out, or has said that it cannot.
    let _ = task.await;
    result
}

async fn tested(
    control: &CabinetControl,
    by: &str,
    longest: Duration,
) -> Result<SelfTestView, NoResult> {
    let mut changes = control.changes();
    let seen = |view: &CabinetView| {
        view.wrong_cabinet.is_some() || (view.connected && view.step != "unknown")
    };
    match tokio::time::timeout(SEEN_WITHIN, changes.wait_for(seen)).await {
        Ok(Ok(_)) => {}
        _ => {
            return Err(match control.view().blocked {
                Some(blocked) if blocked.code != "cabinet_silent" => {
                    NoResult::Refused(blocked.into())
                }
                _ => NoResult::Silent,
            });
        }
    }
    let id = control.self_test(by).await?;
    eprintln!("laixin: self test {id} has begun: the lamp will burn for a moment");
    let over = |view: &CabinetView| {
        view.self_test
            .as_ref()
            .is_some_and(|test| test.id == id && test.outcome.is_some())
    };
    let ended = tokio::select! {
        ended = tokio::time::timeout(2 * longest, changes.wait_for(over)) => ended,
        never = tell(control) => match never {},
    };
    match ended {
        Ok(Ok(view)) => view.self_test.clone().ok_or(NoResult::Endless),
        _ => Err(NoResult::Endless),
    }
}

/// Says now and then what the cabinet shows, so that nobody takes waiting for standing still.
async fn tell(control: &CabinetControl) -> std::convert::Infallible {
    let began = clock::monotonic();
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        let view = control.view();
        let shown = ["lamp_on", "fan_on", "irradiance_mw_cm2", "ozone_mg_m3"].map(|wanted| {
            let point = view.points.iter().find(|point| point.point == wanted);
            let value = point.and_then(|point| point.value);
            value.map(|value| format!("{wanted} {value}"))
        });
        let shown: Vec<String> = shown.into_iter().flatten().collect();
        let seconds = clock::monotonic()
            .saturating_duration_since(began)
            .as_secs();
        eprintln!("laixin: {seconds} s: {}", shown.join(", "));
    }
}

fn told(test: &SelfTestView) -> u8 {
    for finding in &test.findings {
        let number =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
        println!(
            "{:<20} {:<5} {} (limit {}) {}  {}",
            finding.check,
            if finding.good { "good" } else { "BAD" },
            number(finding.value),
            number(finding.limit),
            finding.unit,
            finding.code.as_deref().unwrap_or_default()
        );
    }
    match test.outcome {
        Some(TestOutcome::Passed) => {
            println!("self test {} passed", test.id);
            GOOD
        }
        Some(_) => {
            let lit = [Fault::LampNotOff, Fault::LampLitUnasked].map(Fault::code);
            let lit = |finding: &Finding| finding.code.as_deref().is_some_and(|c| lit.contains(&c));
            println!(
                "self test {} NOT passed: {}",
                test.id,
                if test.findings.iter().any(lit) {
                    "THE LAMP WAS NOT SEEN OUT. Cut the cabinet's mains, do not open the door, call maintenance"
                } else {
                    "keep the door shut until the lamp is out and the air is clear. Mend what is BAD above; no cycle starts until a self test has passed"
                }
            );
            FINDING
        }
        None => DEFECT,
    }
}
