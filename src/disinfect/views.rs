//! A cabinet as people see it: on the console, over the API, in the metrics.

use serde::Serialize;
use uv_cabinet::WrongCabinet;

use super::{BlockedView, TroubleView};
use crate::clock::Millis;
use crate::domain::cycle::{Basis, Sides};
use crate::store::{Finding, SelfTest, TestOutcome};

/// One reading as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PointView {
    /// Stable name with its unit, e.g. `irradiance_mw_cm2`, `door_closed`.
    pub point: String,
    /// The value; booleans are 0 and 1. `None` when there is no fresh reading.
    pub value: Option<f64>,
    /// Stable code of why there is none, e.g. `stale`, `no_connection`.
    pub missing: Option<String>,
    /// Age of the newest reading in milliseconds, however old.
    pub age_ms: Option<u64>,
    /// `good`, or the code in `missing`.
    pub quality: String,
    /// The bits of the last answer, believed or not: what one compares with the maker's papers.
    pub raw: Option<u32>,
}

/// The running or last cycle as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CycleView {
    /// Number, e.g. `C000012`.
    pub cycle: String,
    /// Its load.
    pub load: i64,
    /// Step, e.g. `irradiating`.
    pub step: String,
    /// Stable code of a failure.
    pub failed: Option<String>,
    /// Stable code of what else was wrong: of a cycle that an earlier run of the station has on record as failed, the restart.
    pub failed_besides: Option<String>,
    /// Dose of this side so far; none where the dose is not measured, and where the station died while the lamps burnt.
    pub dose_mj_cm2: Option<f64>,
    /// Dose to reach on each side; none where the dose is not measured.
    pub target_dose_mj_cm2: Option<f64>,
    /// Time of this side under the lamps so far; none where the station died while they burnt: nobody knows it then.
    pub exposure_s: Option<f64>,
    /// Least time under the lamps, each side.
    pub min_exposure_s: f64,
    /// Which side of the letters, from 1.
    pub side: usize,
    /// Time left as far as it can be told.
    pub left_s: Option<f64>,
}

/// A self test as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SelfTestView {
    /// Number.
    pub id: i64,
    /// Who ordered it and said that the cabinet is empty.
    pub by: String,
    /// When it began.
    pub began_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// How; none while it runs.
    pub outcome: Option<TestOutcome>,
    /// Every check in order, up to the first that was not good.
    pub findings: Vec<Finding>,
}

impl From<SelfTest> for SelfTestView {
    fn from(test: SelfTest) -> Self {
        Self {
            id: test.id,
            by: test.by,
            began_at: test.began.rfc3339(),
            ended_at: test.ended.map(Millis::rfc3339),
            outcome: test.outcome,
            findings: test.findings,
        }
    }
}

/// The identity point by which another cabinet than the profile's was known.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WrongCabinetView {
    /// Name of the identity point in the profile.
    pub point: String,
    /// What was read there.
    pub read: String,
    /// What the profile expects.
    pub expected: String,
}

impl From<&WrongCabinet> for WrongCabinetView {
    fn from(wrong: &WrongCabinet) -> Self {
        Self {
            point: wrong.point.clone(),
            read: wrong.read.clone(),
            expected: wrong.expected.clone(),
        }
    }
}

/// A cabinet as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CabinetView {
    /// Its id.
    pub id: String,
    /// Model, from the profile.
    pub model: String,
    /// Whether it answers.
    pub connected: bool,
    /// Set while another cabinet answers than the profile's: nothing it says is believed, and it is told nothing.
    pub wrong_cabinet: Option<WrongCabinetView>,
    /// Step of the state machine, e.g. `idle`.
    pub step: String,
    /// While an alarm stands: the lamps as all that watches them shows them now, `lit`, `out` or `unknown`.
    pub alarm_lamp: Option<String>,
    /// Whether its dose is measured or stands on time alone.
    pub dose_basis: Basis,
    /// Whether its ozone is measured or stands on time alone.
    pub ozone_basis: Basis,
    /// Whether letters are turned over between two exposures (`one`) or not (`both`).
    pub sides: Sides,
    /// Sensors that a cycle looks at elsewhere and this model does not have, e.g. `locked`, `estop_pressed`, `scan_counter`.
    pub absent: Vec<String>,
    /// Where the register map comes from; `invented` is a simulator's, and its times may be compressed.
    pub map: String,
    /// Whether the last cycle's load can still be inside: the door has not been seen open since. A start for another load is refused.
    pub awaits_unloading: bool,
    /// Every point of the profile.
    pub points: Vec<PointView>,
    /// Why no load can be taken now; none where one can, as far as the device goes.
    pub blocked: Option<BlockedView>,
    /// Points without a value to believe: what was read, what is expected. Those that block come first.
    pub troubles: Vec<TroubleView>,
    /// The running cycle, or the last one since start.
    pub cycle: Option<CycleView>,
    /// The last self test that ended.
    pub self_test: Option<SelfTestView>,
    /// How the link to it has done since the station started.
    pub link: LinkView,
}

impl CabinetView {
    /// Whether its lamps are seen while its alarm stands. A gateway with mains of its own may still answer for a cabinet without any.
    #[must_use]
    pub fn shows_lamps(&self) -> bool {
        self.connected && self.alarm_lamp.as_deref() != Some("unknown")
    }
}

/// Counters of the link to a cabinet, since the station started; they only grow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct LinkView {
    /// Requests sent.
    pub requests: u64,
    /// Replies that fitted their request.
    pub replies: u64,
    /// Requests without a whole reply in time.
    pub timeouts: u64,
    /// Replies with a wrong check sum; only a serial line has one.
    pub crc_errors: u64,
    /// Modbus exceptions.
    pub exceptions: u64,
    /// Replies to something else than what was asked.
    pub bad_replies: u64,
    /// Connections that were refused, reset or closed.
    pub losses: u64,
    /// Reads asked a second time.
    pub repeats: u64,
    /// Times the line was heard out until it was silent.
    pub drains: u64,
    /// Connections made after the first one.
    pub reconnects: u64,
    /// Stable code of what broke the link last.
    pub last_problem: Option<String>,
    /// Median time from request to reply, of the last 256 replies.
    pub round_trip_p50_ms: Option<f64>,
    /// Longest of these.
    pub round_trip_max_ms: Option<f64>,
}
