//! The faults: what is done, when the first seed does it, and what that must come to.

use std::time::Duration;

use uv_cabinet::sim::Fault;

pub use super::case::{At, Case, Lasts, Trouble};
use super::case::{cabinet, case};

const fn ms(ms: u64) -> Lasts {
    Lasts::For(Duration::from_millis(ms))
}

const DAY_MS: i64 = 86_400_000;
const LIT: At = At::Step("irradiating", 100);
const AIRED: At = At::Step("ventilating", 0);
use Lasts::ToTheEnd;

/// Silence, or what it does to the lamp: without a heartbeat the controller puts it out after a second.
const LOST: &[&str] = &["cabinet_silent", "lamp_went_out"];
/// The same of a controller that comes back: its counter tells, where nothing was missed before.
const RESTARTED: &[&str] = &["cabinet_silent", "lamp_went_out", "controller_restarted"];
/// Spoilt replies that may leave enough good ones.
const LOST_OR_NOT: &[&str] = &[
    "released",
    "cabinet_silent",
    "lamp_went_out",
    "reading_missing",
    "dose_not_reached",
];

/// All of them.
pub const CASES: &[Case] = &[
    case(
        "nothing_goes_wrong",
        Trouble::Nothing,
        LIT,
        ToTheEnd,
        &["released"],
    ),
    cabinet(
        "door_opened",
        Fault::DoorOpen,
        LIT,
        ToTheEnd,
        &["door_open"],
    ),
    cabinet(
        "lock_lost",
        Fault::LockStuck,
        LIT,
        ToTheEnd,
        &["not_locked"],
    ),
    cabinet(
        "estop_pressed",
        Fault::EstopPressed,
        LIT,
        ToTheEnd,
        &["estop_pressed"],
    ),
    cabinet(
        "lamp_never_strikes",
        Fault::LampNeverStrikes,
        At::BeforeStart,
        ToTheEnd,
        &["lamp_did_not_strike"],
    ),
    cabinet(
        "lamp_dies",
        Fault::LampDies,
        LIT,
        ToTheEnd,
        &["lamp_went_out"],
    ),
    // Weaker, hence longer: the dose decides.
    cabinet(
        "lamp_aged_or_dirty",
        Fault::LampWeak,
        LIT,
        ToTheEnd,
        &["released", "lamp_went_out", "dose_not_reached"],
    ),
    cabinet("mains_low", Fault::MainsLow, LIT, ToTheEnd, &["released"]),
    cabinet(
        "welded_relay",
        Fault::RelayWelded,
        LIT,
        ToTheEnd,
        &["lamp_not_off"],
    ),
    // The frozen sensor still shows light when the lamp should be out, at the latest.
    cabinet(
        "uv_sensor_frozen",
        Fault::IrradianceFrozen,
        LIT,
        ToTheEnd,
        &["lamp_not_off", "reading_missing"],
    ),
    cabinet(
        "uv_sensor_missing",
        Fault::IrradianceBroken,
        LIT,
        ToTheEnd,
        &["reading_missing"],
    ),
    cabinet(
        "uv_sensor_shows_nothing",
        Fault::IrradianceDead,
        LIT,
        ToTheEnd,
        &["lamp_went_out"],
    ),
    cabinet(
        "ozone_high",
        Fault::OzoneHigh,
        LIT,
        ToTheEnd,
        &["ozone_did_not_fall"],
    ),
    cabinet(
        "ozone_sensor_missing",
        Fault::OzoneBroken,
        AIRED,
        ToTheEnd,
        &["reading_missing"],
    ),
    // Zero throughout, whatever the air is like: no measurement, and no release on it.
    cabinet(
        "ozone_sensor_stuck",
        Fault::OzoneStuck,
        At::BeforeStart,
        ToTheEnd,
        &["reading_missing"],
    ),
    cabinet(
        "fan_failed",
        Fault::FanFailed,
        LIT,
        ToTheEnd,
        &["fan_not_running"],
    ),
    // Seen before anything is commanded: a contact that says on by itself would prove a ventilation, or a lock, that was none.
    cabinet(
        "fan_contact_stuck",
        Fault::FanContactStuck,
        At::BeforeStart,
        ToTheEnd,
        &["refused"],
    ),
    cabinet(
        "lock_contact_stuck",
        Fault::LockContactStuck,
        At::BeforeStart,
        ToTheEnd,
        &["refused"],
    ),
    cabinet(
        "duct_blocked",
        Fault::DuctBlocked,
        LIT,
        ToTheEnd,
        &["ozone_did_not_fall"],
    ),
    cabinet(
        "plc_scan_stopped",
        Fault::ScanStopped,
        LIT,
        ToTheEnd,
        &["reading_missing"],
    ),
    // As long as the station lives it puts the lamp out itself; a self test finds it.
    cabinet(
        "plc_without_a_watchdog",
        Fault::HeartbeatUnwatched,
        LIT,
        ToTheEnd,
        &["released"],
    ),
    cabinet(
        "plc_scan_counter_toggles",
        Fault::ScanToggles,
        LIT,
        ToTheEnd,
        &["controller_restarted"],
    ),
    cabinet("plc_reboots", Fault::PlcReboots, LIT, ms(600), RESTARTED),
    cabinet(
        "power_cut_and_return",
        Fault::PowerCut,
        LIT,
        ms(900),
        RESTARTED,
    ),
    // On TCP another cabinet is another connection; on a serial line nothing tells before the lamp is to be lit.
    cabinet(
        "wrong_cabinet",
        Fault::WrongCabinet,
        At::BeforeStart,
        ToTheEnd,
        &["refused", "wrong_cabinet"],
    ),
    cabinet("comms_lost", Fault::NoAnswer, LIT, ToTheEnd, LOST),
    cabinet("late_reply", Fault::LateReply, LIT, ToTheEnd, LOST),
    cabinet(
        "duplicated_reply",
        Fault::DuplicatedReply,
        LIT,
        ToTheEnd,
        LOST_OR_NOT,
    ),
    cabinet(
        "reply_of_another_unit",
        Fault::OtherUnit,
        LIT,
        ToTheEnd,
        LOST,
    ),
    cabinet("wrong_crc", Fault::WrongCrc, LIT, ToTheEnd, LOST),
    cabinet(
        "garbage_before",
        Fault::GarbageBefore,
        LIT,
        ToTheEnd,
        LOST_OR_NOT,
    ),
    cabinet(
        "garbage_after",
        Fault::GarbageAfter,
        LIT,
        ToTheEnd,
        LOST_OR_NOT,
    ),
    cabinet("truncated_frame", Fault::HalfReply, LIT, ToTheEnd, LOST),
    cabinet(
        "reply_too_short",
        Fault::ShortReply,
        LIT,
        ToTheEnd,
        LOST_OR_NOT,
    ),
    cabinet(
        "wrong_transaction",
        Fault::WrongTransaction,
        LIT,
        ToTheEnd,
        LOST,
    ),
    cabinet(
        "reply_to_the_request_before",
        Fault::PreviousReply,
        LIT,
        ToTheEnd,
        LOST_OR_NOT,
    ),
    cabinet("connection_reset", Fault::Resets, LIT, ToTheEnd, LOST),
    cabinet("half_open", Fault::HalfOpen, LIT, ms(120), LOST_OR_NOT),
    cabinet("slow_loris", Fault::SlowLoris, LIT, ToTheEnd, LOST),
    cabinet(
        "tty_unplugged_and_back_under_another_number",
        Fault::TtyMoved,
        LIT,
        ms(120),
        LOST_OR_NOT,
    ),
    // 1 to 3 on a new connection: a cabinet without the registers of its name is another one.
    cabinet(
        "exception_1",
        Fault::Exception1,
        LIT,
        ToTheEnd,
        &["reading_missing", "wrong_cabinet"],
    ),
    cabinet(
        "exception_2",
        Fault::Exception2,
        LIT,
        ToTheEnd,
        &["reading_missing", "wrong_cabinet"],
    ),
    cabinet(
        "exception_3",
        Fault::Exception3,
        LIT,
        ToTheEnd,
        &["reading_missing", "wrong_cabinet"],
    ),
    cabinet(
        "exception_4",
        Fault::Exception4,
        LIT,
        ToTheEnd,
        &["reading_missing"],
    ),
    cabinet(
        "exception_5",
        Fault::Exception5,
        LIT,
        ToTheEnd,
        &["reading_missing"],
    ),
    cabinet(
        "exception_6",
        Fault::Exception6,
        LIT,
        ToTheEnd,
        &["reading_missing"],
    ),
    cabinet(
        "exception_11",
        Fault::Exception11,
        LIT,
        ToTheEnd,
        &["cabinet_silent"],
    ),
    // The dose may be there before the second without a heartbeat is over; the fan does not start then.
    cabinet(
        "write_acknowledged_and_ignored",
        Fault::IgnoresWrites,
        LIT,
        ToTheEnd,
        &["lamp_went_out", "fan_not_running"],
    ),
    cabinet(
        "panel_puts_lamp_out",
        Fault::PanelLampOff,
        LIT,
        ToTheEnd,
        &["lamp_went_out"],
    ),
    cabinet(
        "panel_lights_lamp",
        Fault::PanelLampOn,
        AIRED,
        ToTheEnd,
        &["lamp_lit_unasked"],
    ),
    cabinet(
        "panel_stops_fan",
        Fault::PanelFanOff,
        LIT,
        ToTheEnd,
        &["fan_not_running"],
    ),
    cabinet(
        "panel_unlocks",
        Fault::PanelUnlocks,
        LIT,
        ToTheEnd,
        &["not_locked"],
    ),
    cabinet(
        "setpoint_changed",
        Fault::SetpointChanged,
        LIT,
        ToTheEnd,
        &["released", "ozone_did_not_fall"],
    ),
    cabinet(
        "second_master",
        Fault::SecondMaster,
        LIT,
        ToTheEnd,
        &["lamp_went_out", "not_locked", "cabinet_silent"],
    ),
    case(
        "daemon_killed",
        Trouble::DaemonKilled,
        LIT,
        ms(300),
        &["restarted_mid_cycle"],
    ),
    case(
        "daemon_frozen",
        Trouble::DaemonFrozen,
        LIT,
        ms(1500),
        &["unwatched"],
    ),
    case(
        "daemon_frozen_behind_the_locked_door",
        Trouble::DaemonFrozen,
        At::Step("locked", 0),
        ms(1500),
        &["unwatched", "order_failed"],
    ),
    case(
        "daemon_frozen_while_the_lamp_goes_out",
        Trouble::DaemonFrozen,
        At::Step("stopping", 0),
        ms(1500),
        &["unwatched"],
    ),
    case(
        "daemon_frozen_while_the_fan_runs",
        Trouble::DaemonFrozen,
        AIRED,
        ms(1500),
        &["unwatched"],
    ),
    case(
        "machine_suspended_while_lit",
        Trouble::MachineSuspended(Duration::from_secs(8)),
        LIT,
        ToTheEnd,
        &["unwatched"],
    ),
    case(
        "machine_suspended_while_the_fan_runs",
        Trouble::MachineSuspended(Duration::from_secs(8)),
        AIRED,
        ToTheEnd,
        &["unwatched"],
    ),
    case(
        "operator_aborts",
        Trouble::OperatorAborts,
        LIT,
        ToTheEnd,
        &["aborted_by_operator"],
    ),
    case(
        "station_stopped",
        Trouble::StationStopped,
        LIT,
        ms(300),
        &["station_stopped"],
    ),
    case(
        "disk_full",
        Trouble::DiskFull,
        LIT,
        ms(1500),
        &["record_failed"],
    ),
    case(
        "disk_hangs",
        Trouble::DiskHangs,
        At::Step("irradiating", 0),
        ms(1500),
        &["released", "lamp_went_out", "cabinet_silent"],
    ),
    case(
        "wall_clock_jumps_forward",
        Trouble::ClockJumps(DAY_MS),
        LIT,
        ms(400),
        &["released"],
    ),
    case(
        "wall_clock_jumps_back",
        Trouble::ClockJumps(-DAY_MS),
        LIT,
        ms(400),
        &["released"],
    ),
    case(
        "wall_clock_beyond_the_year_9999",
        Trouble::ClockJumps(8_000 * 366 * DAY_MS),
        LIT,
        ms(400),
        &["released"],
    ),
];

/// A case by its name.
pub fn case_of(name: &str) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == name);
    found.expect("every test has its case")
}
