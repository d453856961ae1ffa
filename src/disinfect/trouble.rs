//! What keeps a cabinet from taking a load before anybody asks for one, and what is only worth a look.
//!
//! A point that a cycle goes by blocks: without it nothing can be proven or nobody would see a danger. What only maintenance reads
//! (lamp hours, strikes, temperature, a current that is held against nothing) warns. So does nothing of a cabinet that is silent or
//! another one: there the silence, or the stranger, is the trouble.

use std::time::{Duration, Instant};

use serde::Serialize;
use uv_cabinet::{Changed, LinkProblem, Missing, Point, PortProblem, Profile, Readings, Trouble};

use super::Refused;
use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::{CONTROLLER_RESTARTED, Step, WhyMissing};
use crate::events::Event;

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

    /// A command's register that holds something else than it was told, whoever wrote it: nothing that keeps a load out.
    fn changed(profile: &Profile, changed: &Changed) -> Self {
        let about = profile.trouble(changed.point, &Missing::NotReadYet, None);
        Self {
            code: CHANGED.to_owned(),
            read: changed.found.to_string(),
            expected: changed.told.to_string(),
            needed: false,
            ..Self::new(profile, about)
        }
    }

    /// No answer came in time, or too seldom: the sensor is not to blame.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self.code.as_str(), "reply_timed_out" | "stale")
    }

    /// What to do about it.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self.is_late() {
            true => LATE_NEXT,
            false => READING_NEXT,
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

/// Stable code of a command's register that somebody else wrote.
pub const CHANGED: &str = "changed_by_another";

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
        Missing::NoAnswer(LinkProblem::Unreached) => {
            "the gateway answers and the cabinet behind it does not: check the cabinet's power, the line from the gateway to it, and its unit number"
        }
        Missing::NoAnswer(LinkProblem::LineBusy) => {
            "the line never falls silent: look for a second master on it"
        }
        _ => "check its power, its cable and cabinet.address",
    }
}

/// A silence of an idle cabinet that the health log takes for a fault: a controller that is switched off and on again is none.
const SILENT_AFTER: Duration = Duration::from_secs(10);

/// What to do about a point without a value.
pub const READING_NEXT: &str = "check the sensor and its cable, and the point's address and range in the profile; no lamp is lit meanwhile";

const LATE_NEXT: &str = "the link is slower than the profile's poll_ms and max_age_ms allow, or this unit does not answer: check its power and the line, or give it more time; no lamp is lit meanwhile";

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
    /// Registers of commands that somebody else wrote, until the next cycle or self test begins.
    changed: Vec<TroubleView>,
    pub(super) silence: Option<Missing>,
    silent_since: Option<Instant>,
    probe_due: Option<Instant>,
    since: Option<Instant>,
    /// Something of this cabinet could not be written down.
    pub(super) unrecorded: bool,
    /// The scan counter fell, and has not counted on since.
    fell: bool,
    /// It fell since commands' registers were looked at: what they were told may be gone with it.
    forgot_orders: bool,
    /// The last self test that said anything did.
    pub(super) self_test_failed: bool,
}

impl Troubles {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &TroubleView> {
        let kept = self.points.iter().chain(&self.commands);
        kept.chain(&self.changed)
    }

    /// Whoever begins something has seen what was written by others.
    pub(super) fn begin_anew(&mut self) {
        self.changed.clear();
    }

    /// The one with this point, or with the scan counter that spoils all of them.
    pub(super) fn of(&self, point: &str) -> Option<&TroubleView> {
        let named = |name: &str| self.all().find(|trouble| trouble.point == name);
        named(point).or_else(|| named(Point::ScanCounter.name()))
    }

    /// What may be over before anybody looks again.
    pub(super) fn brief(&self) -> impl Iterator<Item = &TroubleView> {
        self.fell_back().into_iter().chain(&self.changed)
    }

    /// The scan counter, where it fell.
    fn fell_back(&self) -> Option<&TroubleView> {
        self.points.iter().find(|trouble| {
            trouble.point == Point::ScanCounter.name()
                && trouble.code == WhyMissing::FellBack.code()
        })
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
        let since = self.troubles.silent_since.unwrap_or(now);
        self.troubles.silent_since = self.troubles.silence.is_some().then_some(since);
        let lasts = now.saturating_duration_since(since) >= SILENT_AFTER;
        if lasts && self.troubles.silence.is_some() {
            self.standing.fell_silent();
        }
        if self.troubles.silence.is_some() || self.wrong.is_some() {
            // Whoever answers next may be another one.
            self.troubles.probe_due = None;
            self.troubles.commands.clear();
        }
        self.troubles.points = troubles(&self.profile, readings, &[], now);
        let (blocks, since) = (self.troubles.needed().is_some(), self.troubles.since);
        self.troubles.since = blocks.then(|| since.unwrap_or(now));
    }

    /// The controller started anew while a cycle was failing for something else: that belongs on its record, too.
    pub(super) async fn note_restart(&mut self) {
        let fell = self.troubles.fell_back().map(TroubleView::figures);
        let is_known = std::mem::replace(&mut self.troubles.fell, fell.is_some());
        self.troubles.forgot_orders |= fell.is_some() && !is_known;
        if let Some(figures) = fell.filter(|_| !is_known && self.cycle.load().failed.is_some()) {
            self.notice(format!("{CONTROLLER_RESTARTED}: scan_counter {figures}"))
                .await;
        }
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

    /// Asks who is there and reads the commands' registers; a cabinet that does not come to an end with it says so in its readings.
    pub(super) async fn look_at_orders(&mut self) {
        self.look_at_orders_within(PROBE_WITHIN).await;
        let pause = match self.troubles.commands.is_empty() {
            true => PROBE_EVERY,
            false => PROBE_AGAIN,
        };
        self.troubles.probe_due = Some(clock::monotonic() + pause);
    }

    async fn look_at_orders_within(&mut self, limit: Duration) {
        let Ok(probed) = tokio::time::timeout(limit, self.cabinet.probe()).await else {
            return;
        };
        if probed.wrong.is_some() {
            self.wrong = probed.wrong;
            return;
        }
        let told = probed.refused.into_iter().map(|(point, missing)| {
            TroubleView::new(&self.profile, self.profile.trouble(point, &missing, None))
        });
        self.troubles.commands = told.collect();
        let forgot = std::mem::take(&mut self.troubles.forgot_orders);
        for changed in &probed.changed {
            // A controller that starts anew begins with its registers cleared: nobody wrote them.
            match forgot && changed.found == 0 {
                true => self.given.forget(changed.point),
                false => self.found_changed(changed).await,
            }
        }
    }

    /// A cycle has just gone wrong, and the order to put the lamp out is on its way: whether somebody else told the cabinet something.
    pub(super) async fn look_for_others(&mut self) {
        if self.troubles.silence.is_none() && self.wrong.is_none() {
            self.look_at_orders_within(self.patience).await;
        }
    }

    /// Somebody else wrote a command's register: said at once, on the record of the cycle if there is one, and told anew.
    async fn found_changed(&mut self, changed: &Changed) {
        let trouble = TroubleView::changed(&self.profile, changed);
        self.given.forget(changed.point);
        tracing::warn!(
            cabinet = %self.id,
            what = %trouble,
            "an order was changed by somebody else: another master on the line, the local panel, or the controller itself"
        );
        self.around.events.tell(Event::Alert {
            code: CHANGED.to_owned(),
            subject: self.id.to_string(),
        });
        self.notice(format!(
            "{CHANGED}: {} {}",
            trouble.point,
            trouble.figures()
        ))
        .await;
        let known = &mut self.troubles.changed;
        known.retain(|known| known.point != trouble.point);
        known.push(trouble);
    }
}
