//! What keeps a cabinet from taking a load before anybody asks for one, and what is only worth a look.
//!
//! A point that a cycle goes by blocks: without it nothing can be proven or nobody would see a danger. What only maintenance reads
//! (lamp hours, strikes, temperature, a current that is held against nothing) warns. So does nothing of a cabinet that is silent or
//! another one: there the silence, or the stranger, is the trouble.

use std::time::{Duration, Instant};

use serde::Serialize;
use uv_cabinet::{LinkProblem, Missing, Point, PortProblem, Profile, Readings, Trouble};

use super::Refused;
use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::Step;

/// A point without a value to believe, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"point": "ozone_mg_m3", "code": "out_of_range", "place": "input_register 1",
    "read": "65.535 mg/m3 (raw 65535)", "expected": "0 … 20 mg/m3", "needed": true}))]
pub struct TroubleView {
    /// Its name in the profile.
    pub point: String,
    /// Stable code of why, e.g. `refused`, `out_of_range`.
    pub code: String,
    /// Table and address of the profile.
    pub place: String,
    /// What was read.
    pub read: String,
    /// What is expected.
    pub expected: String,
    /// Whether no cycle can be started without it.
    pub needed: bool,
}

impl TroubleView {
    fn new(profile: &Profile, trouble: Trouble) -> Self {
        Self {
            needed: is_needed(profile, trouble.point),
            point: trouble.point.name().to_owned(),
            code: trouble.code.to_owned(),
            place: trouble.place,
            read: trouble.read,
            expected: trouble.expected,
        }
    }

    /// A contact that says on though what it watches was ordered off.
    pub(super) fn stuck_on(profile: &Profile, point: Point) -> Self {
        let about = profile.trouble(point, &Missing::NotReadYet, None);
        Self {
            code: "stuck_on".to_owned(),
            read: "1".to_owned(),
            expected: "0".to_owned(),
            ..Self::new(profile, about)
        }
    }

    /// What was read and what is expected, without the point's name.
    #[must_use]
    pub fn figures(&self) -> String {
        format!(
            "{}: read {}, expected {}",
            self.place, self.read, self.expected
        )
    }
}

impl std::fmt::Display for TroubleView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}) at {}", self.point, self.code, self.figures())
    }
}

/// Whether a cycle goes by this point.
fn is_needed(profile: &Profile, point: Point) -> bool {
    match point {
        Point::LampTemperatureC | Point::LampHoursH | Point::LampStrikes => false,
        Point::LampCurrentA => profile.limits.lamp_current_lit_a.is_some(),
        _ => true,
    }
}

/// Every point without a value of a cabinet that answers, commands' registers included; what blocks comes first.
#[must_use]
pub fn troubles(
    profile: &Profile,
    readings: &Readings,
    commands: &[(Point, Missing)],
    now: Instant,
) -> Vec<TroubleView> {
    if readings.wrong_cabinet().is_some() || silence(readings, now).is_some() {
        return Vec::new();
    }
    let points = readings.troubles(now).into_iter();
    let mut all: Vec<TroubleView> = points
        .chain(commands.iter().cloned())
        .filter(|(_, missing)| *missing != Missing::NotReadYet)
        .map(|(point, missing)| {
            let trouble = profile.trouble(point, &missing, readings.raw(point));
            TroubleView::new(profile, trouble)
        })
        .collect();
    all.sort_by_key(|trouble| !trouble.needed);
    all
}

/// Why the cabinet does not answer, where it does not.
#[must_use]
pub fn silence(readings: &Readings, now: Instant) -> Option<Missing> {
    let door = readings.get(Point::DoorClosed, now).err()?;
    matches!(
        door,
        Missing::NoAnswer(_) | Missing::NotReadYet | Missing::OwnerGone
    )
    .then_some(door)
}

/// The stable code of a silence: a serial port that cannot be opened has one of its own.
#[must_use]
pub(super) fn silence_code(why: &Missing) -> &'static str {
    match why {
        Missing::NoAnswer(problem @ LinkProblem::Port(_)) => problem.code(),
        _ => "cabinet_silent",
    }
}

/// What to do about a cabinet that does not answer.
#[must_use]
pub fn silence_next(why: &Missing) -> &'static str {
    match why {
        Missing::NoAnswer(LinkProblem::Port(PortProblem::Missing)) => {
            "there is no such serial port: plug its adapter in, or set cabinet.address to the name it has (a udev rule gives it a lasting one)"
        }
        Missing::NoAnswer(LinkProblem::Port(PortProblem::Busy)) => {
            "another program has the serial port open: the running station, if this is a second look at it; otherwise find that program with `fuser` and end it"
        }
        Missing::NoAnswer(LinkProblem::Port(PortProblem::NotAPort)) => {
            "cabinet.address names something that is no serial port: set it to the cabinet's port"
        }
        Missing::NoAnswer(LinkProblem::Port(PortProblem::Forbidden)) => {
            "the user that runs laixin may not open the serial port: put it into the group of the port (dialout), then start again"
        }
        Missing::NoAnswer(LinkProblem::Port(PortProblem::NoDirection)) => {
            "this port cannot switch an RS-485 transceiver: leave link.direction away where the adapter does it by itself, or take another adapter"
        }
        Missing::NoAnswer(LinkProblem::BadReply) => {
            "what comes fits no question: look for a second master on the line, two devices with one unit number, or other line settings than the profile's"
        }
        Missing::NoAnswer(LinkProblem::LineBusy) => {
            "the line never falls silent: look for a second master on it"
        }
        _ => "check its power, its cable and cabinet.address",
    }
}

/// What to do about a point without a value.
pub const READING_NEXT: &str = "check the sensor and its cable, and the point's address and range in the profile; no lamp is lit meanwhile";

/// Why no load can be taken now, whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"code": "self_test_failed", "trouble": null}))]
pub struct BlockedView {
    /// Stable code: `reading_missing`, `self_test_failed`, `found_in_use`, `wrong_cabinet`, `cabinet_silent`, `port_busy`, `port_missing`,
    /// `port_not_serial`, `port_forbidden`, `port_no_direction`.
    pub code: String,
    /// Of `reading_missing`: the first point to blame.
    pub trouble: Option<TroubleView>,
}

/// A sensor on the edge of its range is not a fault that comes and goes ten times a second.
const TOLD_AFTER: Duration = Duration::from_secs(2);
/// Commands' registers are looked at again after so long while they are good, and while one is not.
const PROBE_EVERY: Duration = Duration::from_secs(60);
const PROBE_AGAIN: Duration = Duration::from_secs(5);
/// Longest look at them.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// What is known to be wrong with the cabinet.
#[derive(Default)]
pub(super) struct Troubles {
    points: Vec<TroubleView>,
    /// Registers of commands that the cabinet refuses.
    commands: Vec<TroubleView>,
    pub(super) silence: Option<Missing>,
    probe_due: Option<Instant>,
    since: Option<Instant>,
    /// Something of this cabinet could not be written down.
    pub(super) unrecorded: bool,
    /// The last self test that said anything did.
    pub(super) self_test_failed: bool,
}

impl Troubles {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &TroubleView> {
        self.points.iter().chain(&self.commands)
    }

    /// The one with this point, or with the scan counter that spoils all of them.
    pub(super) fn of(&self, point: &str) -> Option<&TroubleView> {
        let named = |name: &str| self.all().find(|trouble| trouble.point == name);
        named(point).or_else(|| named(Point::ScanCounter.name()))
    }

    fn needed(&self) -> Option<&TroubleView> {
        self.all().find(|trouble| trouble.needed)
    }

    /// Wrong for long enough to be said aloud.
    pub(super) fn lasting(&self, now: Instant) -> Option<&TroubleView> {
        let since = self.since?;
        self.needed()
            .filter(|_| now.saturating_duration_since(since) >= TOLD_AFTER)
    }

    /// The device itself, whatever its last self test said.
    pub(super) fn of_device(&self) -> Option<BlockedView> {
        if let Some(why) = &self.silence {
            return Some(BlockedView::by(silence_code(why)));
        }
        let trouble = self.needed()?.clone();
        Some(BlockedView {
            trouble: Some(trouble),
            ..BlockedView::by("reading_missing")
        })
    }

    /// Whatever keeps it from taking a load.
    pub(super) fn blocking(&self) -> Option<BlockedView> {
        let failed = || BlockedView::by("self_test_failed");
        self.of_device()
            .or_else(|| self.self_test_failed.then(failed))
    }
}

impl BlockedView {
    pub(super) fn by(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            trouble: None,
        }
    }
}

impl From<BlockedView> for Refused {
    fn from(blocked: BlockedView) -> Self {
        match blocked.trouble {
            Some(trouble) => Self::Reading(Box::new(trouble)),
            None => Self::NotNow { code: blocked.code },
        }
    }
}

impl Supervisor {
    /// Notes what is wrong by these readings.
    pub(super) fn note_trouble(&mut self, readings: &Readings, now: Instant) {
        self.troubles.silence = silence(readings, now);
        if self.troubles.silence.is_some() || self.wrong.is_some() {
            // Whoever answers next may be another one.
            self.troubles.probe_due = None;
            self.troubles.commands.clear();
        }
        self.troubles.points = troubles(&self.profile, readings, &[], now);
        let (blocks, since) = (self.troubles.needed().is_some(), self.troubles.since);
        self.troubles.since = blocks.then(|| since.unwrap_or(now));
    }

    /// Nothing burns, and it is time to look at them again.
    pub(super) async fn look_at_orders_when_due(&mut self, now: Instant) {
        let resting = matches!(
            self.cycle.step(),
            Step::Unknown { .. } | Step::Idle | Step::Released | Step::Quarantined { .. }
        );
        let answers = self.troubles.silence.is_none() && self.wrong.is_none();
        if answers && resting && self.troubles.probe_due.is_none_or(|due| now >= due) {
            self.look_at_orders().await;
        }
    }

    /// Reads the commands' registers; a cabinet that does not come to an end with it says so in its readings.
    pub(super) async fn look_at_orders(&mut self) {
        let probe = tokio::time::timeout(PROBE_WITHIN, self.cabinet.probe());
        if let Ok(refused) = probe.await {
            let told = refused.into_iter().map(|(point, missing)| {
                TroubleView::new(&self.profile, self.profile.trouble(point, &missing, None))
            });
            self.troubles.commands = told.collect();
        }
        let pause = match self.troubles.commands.is_empty() {
            true => PROBE_EVERY,
            false => PROBE_AGAIN,
        };
        self.troubles.probe_due = Some(clock::monotonic() + pause);
    }
}
