//! The certificate of a cycle: what the record proves about one load's outer surfaces, for the file.
//!
//! From the record to plain facts here; `certificate/paper.rs` lays them out on one page, `certificate/chart.rs` draws the dose.
//! It says “outer surface exposed” and never “sterile”: nothing more was measured.

mod chart;
mod paper;

use std::time::Duration;

use uv_cabinet::{MapOrigin, Profile, Timing};

use crate::clock::Millis;
use crate::config::Settings;
use crate::console::words::Words;
use crate::disinfect;
use crate::domain::cycle::{Basis, Sides};
use crate::domain::letter::Carrier;
use crate::print::{PrintError, PrintFont};
use crate::store::{
    self, Anchor, CycleFile, CycleHistory, CycleRecord, CycleSample, CycleStep, CycleTerms,
    SideExposure, TestOutcome,
};

pub use crate::store::SignedOverride;
pub use paper::{pdf, wording};

/// How a cycle ended, as far as its own record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// Exposed, aired, released.
    Released,
    /// It proves nothing about the load.
    Failed,
}

/// A part of a cycle, from one moment to another that it may not have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub from: Millis,
    /// When it ended.
    pub to: Option<Millis>,
}

/// Somebody said that the letters lie on their other side now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedOver {
    /// When.
    pub at: Millis,
    /// Who.
    pub by: String,
}

/// Somebody took an alarm from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Millis,
    /// Who.
    pub by: String,
    /// What he found, where he said it.
    pub reason: Option<String>,
}

/// The lamp was not seen out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmSeen {
    /// Since when.
    pub began: Millis,
    /// When it was seen out after all.
    pub out: Option<Millis>,
}

/// When what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moments {
    /// Somebody started it.
    pub started: Millis,
    /// The lamp was seen lit, until it was seen out: one for each side.
    pub lit: Vec<Span>,
    /// The fan ran behind a closed door: one after each side.
    pub aired_by_fan: Vec<Span>,
    /// Between two sides.
    pub turned: Option<TurnedOver>,
    /// The air was good.
    pub aired: Option<Millis>,
    /// The station died while the lamp burnt: when it went out, and what it gave, nobody knows.
    pub unwatched: bool,
    /// An alarm; it stands until somebody has acknowledged it.
    pub alarm: Option<AlarmSeen>,
    /// It was dealt with.
    pub acknowledged: Option<Acknowledged>,
    /// The end is on record.
    pub ended: Option<Millis>,
}

/// The limits it was held against, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldAgainst {
    /// Least dose.
    pub dose_mj_cm2: Option<f64>,
    /// From here on the lamp counts as lit.
    pub irradiance_mw_cm2: Option<f64>,
    /// Least time under the lamp.
    pub exposure_s: Option<f64>,
    /// Longest time under the lamp.
    pub exposure_max_s: Option<f64>,
    /// Least ventilation.
    pub ventilation_s: Option<f64>,
    /// Longest ventilation.
    pub ventilation_max_s: Option<f64>,
    /// Most ozone when the door opens.
    pub ozone_mg_m3: Option<f64>,
}

/// The last self test before the cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfTest {
    /// When.
    pub at: Millis,
    /// Whether it went through all its checks and each was good.
    pub outcome: TestOutcome,
    /// Stable name of the first check that was not good.
    pub failed: Option<String>,
}

/// The cabinet that did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// Model; `None` in the oldest records.
    pub model: Option<String>,
    /// How it is reached, where the profile of that time is still the one in use.
    pub link: Option<String>,
    /// SHA-256 of the profile file the cycle was run by.
    pub profile_sha256: String,
}

/// What stands on a certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// The office.
    pub station: String,
    /// Number of the cycle.
    pub number: String,
    /// When this copy was made.
    pub printed: Millis,
    /// The cabinet.
    pub device: Device,
    /// The load.
    pub load: i64,
    /// Its batch.
    pub batch: i64,
    /// How the letters came.
    pub carrier: Carrier,
    /// Letters of the batch, counted at sign-in; not for somebody from whom one of them is kept.
    pub count: Option<u32>,
    /// Letters of this load, where somebody said.
    pub in_load: Option<u32>,
    /// Who started it.
    pub started_by: String,
    /// When what was seen.
    pub moments: Moments,
    /// Whether the dose was measured or stands on time alone.
    pub dose_basis: Basis,
    /// Whether the ozone was measured or stands on time alone.
    pub ozone_basis: Basis,
    /// Whether the letters were turned over.
    pub sides: Sides,
    /// How it ended.
    pub outcome: Outcome,
    /// The load was opened by a signature, not by this cycle.
    pub overridden: Option<SignedOverride>,
    /// Another cycle released the load.
    pub released_by_other: Option<String>,
    /// What each side has had; empty in the oldest records.
    pub exposures: Vec<SideExposure>,
    /// Least dose on any side.
    pub dose_mj_cm2: Option<f64>,
    /// Least time under the lamp on any side.
    pub exposure_s: Option<f64>,
    /// Time ventilated.
    pub ventilation_s: Option<f64>,
    /// The limits.
    pub limits: HeldAgainst,
    /// What went wrong, and when.
    pub faults: Vec<(Millis, String)>,
    /// Who aborted it, where somebody did.
    pub aborted_by: Option<String>,
    /// The curves; empty where none were kept.
    pub curve: Vec<CycleSample>,
    /// Sensors this model does not have.
    pub absent: Vec<String>,
    /// The wall clock was set while it ran: times are told by the other clock.
    pub clock_was_set: bool,
    /// The register map of the profile is a simulator's, as far as the profile is still the one of the cycle.
    pub invented: bool,
    /// The last self test.
    pub self_test: Option<SelfTest>,
    /// The ledger's entries that cover this.
    pub anchors: Vec<Anchor>,
}

/// What the station adds to the record.
#[derive(Debug, Clone)]
pub struct Office<'a> {
    /// Its name.
    pub station: &'a str,
    /// The cabinet's profile as it is now; it counts only where its text is that of the cycle.
    pub profile: Option<&'a Profile>,
    /// Where the cabinet is reached, by the settings of now.
    pub address: Option<String>,
    /// Now.
    pub now: Millis,
}

impl Certificate {
    /// The facts of a cycle's record. Nothing is added that is not on record or in the very profile file it names.
    #[must_use]
    pub fn of(file: &CycleFile, office: &Office<'_>) -> Self {
        let CycleHistory {
            cycle,
            load,
            exposures,
            samples,
            self_test,
            ..
        } = &file.history;
        let terms = &cycle.terms;
        let profile = office
            .profile
            .filter(|profile| profile.sha256 == terms.profile_sha256);
        let other = load.cycle_id.filter(|id| *id != cycle.id);
        let least = exposures.iter().map(|side| side.lit_s).reduce(f64::min);
        let moments = moments(&file.history);
        let exposure_s = least.or(cycle.exposure_s.filter(|_| !moments.unwatched));
        Self {
            station: office.station.to_owned(),
            number: CycleRecord::number(cycle.id),
            printed: office.now,
            device: Device {
                id: terms.cabinet.clone(),
                model: Some(terms.model.clone()).filter(|model| !model.is_empty()),
                link: profile.and(office.address.clone()),
                profile_sha256: terms.profile_sha256.clone(),
            },
            load: load.id,
            batch: file.batch.id,
            carrier: file.batch.carrier,
            count: file.is_counted.then_some(file.batch.count),
            in_load: load.letters.filter(|_| file.is_counted),
            started_by: cycle.started_by.clone(),
            moments,
            dose_basis: terms.dose_basis,
            ozone_basis: terms.ozone_basis,
            sides: terms.sides,
            outcome: match (cycle.outcome.as_deref(), cycle.ended) {
                (Some("released"), Some(_)) => Outcome::Released,
                (_, Some(_)) => Outcome::Failed,
                (_, None) => Outcome::Running,
            },
            overridden: load.overridden.clone(),
            released_by_other: other.map(CycleRecord::number),
            exposures: exposures.clone(),
            dose_mj_cm2: cycle.dose_mj_cm2,
            exposure_s,
            ventilation_s: ventilation_s(&file.history),
            limits: held_against(terms, profile),
            faults: faults(&file.history),
            aborted_by: aborted_by(&file.history),
            curve: samples.clone(),
            absent: terms.absent.clone(),
            clock_was_set: clock_was_set(&file.history),
            invented: profile.is_some_and(|profile| profile.map == MapOrigin::Invented),
            self_test: self_test.as_ref().and_then(tested),
            anchors: file.ended.iter().chain(&file.overridden).cloned().collect(),
        }
    }
}

/// Prints the certificate of a cycle's record with the station's font, in the station's language.
///
/// # Errors
/// When the font is missing, or the page cannot be written.
pub fn print(settings: &Settings, file: &CycleFile, now: Millis) -> Result<Vec<u8>, PrintError> {
    let font = PrintFont::load(&settings.print.font)?;
    let mut cabinets = settings.cabinets.iter();
    let cabinet = cabinets.find(|cabinet| cabinet.id.0 == file.history.cycle.terms.cabinet);
    // A profile that is gone or wrong now is one the certificate cannot quote.
    let profile = cabinet.and_then(|cabinet| disinfect::profile_of(cabinet).ok());
    let office = Office {
        station: &settings.station.name,
        profile: profile.as_ref(),
        address: cabinet.map(|cabinet| {
            let w = Words::of(settings.station.language);
            w.two(
                "certificate.unit",
                reached(&cabinet.address),
                cabinet.unit.0,
            )
        }),
        now,
    };
    let certificate = Certificate::of(file, &office);
    pdf(&certificate, &font, settings.station.language)
}

fn reached(address: &uv_cabinet::Address) -> String {
    match address {
        uv_cabinet::Address::Network(at) => format!("Modbus TCP {at}"),
        uv_cabinet::Address::Device(at) => format!("Modbus RTU {}", at.display()),
    }
}

fn tested(test: &store::SelfTest) -> Option<SelfTest> {
    let bad = test.findings.iter().find(|finding| !finding.good);
    Some(SelfTest {
        at: test.ended?,
        outcome: test.outcome?,
        failed: bad.map(|finding| finding.check.clone()),
    })
}

/// Wall and monotonic clock of one step may lie this far apart: both are read one after the other.
const CLOCKS_ALIKE_MS: i64 = 2_000;

/// When a step was, told by the time that passed since the start: a wall clock may be set meanwhile.
fn when(history: &CycleHistory, step: &CycleStep) -> Millis {
    let passed = step.after_ms.and_then(|ms| i64::try_from(ms).ok());
    passed.map_or(step.at, |ms| Millis(history.cycle.started.0 + ms))
}

/// Whether the wall clock was set while the cycle ran.
fn clock_was_set(history: &CycleHistory) -> bool {
    let apart = |step: &CycleStep| (when(history, step).0 - step.at.0).abs();
    history
        .steps
        .iter()
        .any(|step| apart(step) > CLOCKS_ALIKE_MS)
}

/// The end as recorded; where the clock was set, the last step that the other clock knows.
fn ended(history: &CycleHistory) -> Option<Millis> {
    let recorded = history.cycle.ended?;
    if let Some(aftermath) = after_alarm(history) {
        // Not over before the lamp was out and the air was moved.
        let over = aftermath.iter().rfind(|step| is_aired(step));
        return over.map(|step| when(history, step));
    }
    let last = history.steps.iter().rfind(|step| step.after_ms.is_some());
    match last {
        Some(step) if clock_was_set(history) => Some(when(history, step)),
        _ => Some(recorded),
    }
}

/// The steps since the alarm, where there was one.
fn after_alarm(history: &CycleHistory) -> Option<&[CycleStep]> {
    let steps = &history.steps;
    let alarm = steps.iter().rposition(|step| step.step == "alarm")?;
    steps.get(alarm..)
}

fn is_aired(step: &CycleStep) -> bool {
    step.step == CycleStep::AIRED
}

/// How long the fan ran: of an alarm that is known after its cycle's end only.
fn ventilation_s(history: &CycleHistory) -> Option<f64> {
    let aired = after_alarm(history)
        .and_then(|steps| steps.iter().rfind(|step| is_aired(step)))
        .and_then(|step| step.detail.as_deref()?.parse().ok());
    aired.or(history.cycle.ventilation_s)
}

fn moments(history: &CycleHistory) -> Moments {
    let mut found = Moments {
        started: history.cycle.started,
        lit: Vec::new(),
        aired_by_fan: Vec::new(),
        turned: None,
        aired: None,
        unwatched: CycleStep::burnt_unwatched(&history.steps, true),
        alarm: None,
        acknowledged: None,
        ended: ended(history),
    };
    let mut turning = false;
    let mut died = false;
    for (n, step) in history.steps.iter().enumerate() {
        let at = when(history, step);
        let burns_again = step.fault_code() == Some("lamp_lit_unasked")
            && found.lit.last().is_some_and(|span| span.to.is_some());
        died |= CycleStep::is_of_another_run(&history.steps, n);
        // Seen out: ventilation begins with it; after a fault the quarantine does. Not where nobody watched it burn.
        let is_out = matches!(step.step.as_str(), "ventilating" | "quarantined")
            && !(died && found.unwatched);
        close(found.lit.last_mut().filter(|_| is_out), at);
        close(found.aired_by_fan.last_mut(), at);
        let begun = Span { from: at, to: None };
        match step.step.as_str() {
            "irradiating" => found.lit.push(begun),
            _ if burns_again => found.lit.push(begun),
            // In an alarm: the last time counts.
            CycleStep::LAMP_SEEN_OUT => put_out(&mut found, Some(at)),
            CycleStep::LAMP_SEEN_LIT => put_out(&mut found, None),
            "alarm" => {
                let stands = found.alarm.filter(|_| found.acknowledged.take().is_none());
                let begun = AlarmSeen {
                    began: at,
                    out: None,
                };
                found.alarm = Some(stands.unwrap_or(begun));
            }
            CycleStep::ACKNOWLEDGED => {
                found.acknowledged = Some(Acknowledged {
                    at,
                    by: step.by.clone().unwrap_or_default(),
                    reason: step.detail.clone(),
                });
            }
            "ventilating" => found.aired_by_fan.push(begun),
            "releasing" => found.aired = Some(at),
            "locked" if turning => {
                let by = step.by.clone().unwrap_or_default();
                found.turned = Some(TurnedOver { at, by });
            }
            _ => {}
        }
        turning = step.step == "turning_over";
    }
    found
}

fn put_out(found: &mut Moments, at: Option<Millis>) {
    if let Some(lit) = found.lit.last_mut() {
        lit.to = at;
    }
    if let Some(alarm) = &mut found.alarm {
        alarm.out = at;
    }
}

fn close(span: Option<&mut Span>, at: Millis) {
    if let Some(span) = span {
        span.to.get_or_insert(at);
    }
}

/// Every fault once, with the time at which it was first recorded. A missing reading is followed by which and why. An alarm is one,
/// whatever the cycle failed for before it.
pub(crate) fn faults(history: &CycleHistory) -> Vec<(Millis, String)> {
    let mut found: Vec<(Millis, String)> = Vec::new();
    let recorded = history.steps.iter().flat_map(|step| {
        let alarm = (step.step == "alarm").then(|| "lamp_not_off".to_owned());
        let told = step.fault().map(str::to_owned);
        let faults = told.into_iter().chain(alarm);
        faults.map(|fault| (when(history, step), fault))
    });
    let cycle = &history.cycle;
    let ended = ended(history).zip(cycle.reason.clone());
    for (at, fault) in recorded.chain(ended) {
        let code = fault_code(&fault);
        if !found.iter().any(|(_, known)| fault_code(known) == code) {
            found.push((at, fault));
        }
    }
    found
}

/// Only the abort itself names him: whoever acts later stands beside the same fault.
fn aborted_by(history: &CycleHistory) -> Option<String> {
    let mut steps = history.steps.iter();
    let aborted = steps.find(|step| step.fault_code() == Some(ABORTED))?;
    aborted.by.clone()
}

const ABORTED: &str = "aborted_by_operator";

/// The stable code a recorded fault begins with.
fn fault_code(fault: &str) -> &str {
    fault.split(':').next().unwrap_or(fault)
}

fn held_against(terms: &CycleTerms, profile: Option<&Profile>) -> HeldAgainst {
    let timing = profile.map(|profile| &profile.timing);
    let seconds = |of: fn(&Timing) -> Duration| timing.map(|timing| of(timing).as_secs_f64());
    HeldAgainst {
        dose_mj_cm2: terms.target_dose_mj_cm2,
        irradiance_mw_cm2: profile
            .and_then(|profile| profile.limits.uv)
            .map(|uv| uv.irradiance_struck_mw_cm2),
        exposure_s: Some(terms.min_exposure_s).filter(|least| *least > 0.0),
        exposure_max_s: seconds(|timing| timing.max_exposure),
        ventilation_s: seconds(|timing| timing.ventilation),
        ventilation_max_s: seconds(|timing| timing.ventilation_max),
        ozone_mg_m3: terms.ozone_limit_mg_m3,
    }
}
