//! One test per fault and wire: the real supervisor with its real driver and database against the simulated
//! cabinet. Every test runs the fault once at its own moment and, with `LAIXIN_SEEDS=N`, N−1 times more with
//! everything drawn; each run is held against the simulator's truth (`judge`).
//!
//! `cases` is the list, `bench` one station with one cabinet, `plan` what a seed draws, `campaign` runs (`trouble` makes the fault,
//! `hands` turns letters over) and `judge` judges, `states` takes aborts, kills and freezes through every state, `processes`
//! does that to the real daemon, `outside`, `alarm` and `bus` do more with it, `detection` measures.

mod alarm;
mod bench;
mod bus;
mod campaign;
mod case;
mod cases;
mod detection;
mod hands;
mod judge;
mod memory;
mod outside;
mod plan;
mod processes;
mod states;
mod trouble;

use bench::Wire;

/// A test function per name and wire; the name finds its case in `cases`.
macro_rules! one_test_per_fault {
    ($($name:ident)*) => {
        mod tcp {
            $(#[test] fn $name() { super::campaign::must_hold(super::Wire::Tcp, stringify!($name)); })*
        }
        mod rtu {
            $(#[test] fn $name() { super::campaign::must_hold(super::Wire::Rtu, stringify!($name)); })*
        }
        /// The tests there are.
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

one_test_per_fault! {
    nothing_goes_wrong
    door_opened lock_lost estop_pressed
    lamp_never_strikes lamp_dies lamp_aged_or_dirty mains_low welded_relay
    uv_sensor_frozen uv_sensor_missing uv_sensor_shows_nothing
    ozone_high ozone_sensor_missing ozone_sensor_stuck fan_failed fan_contact_stuck lock_contact_stuck duct_blocked
    plc_scan_stopped plc_without_a_watchdog plc_scan_counter_toggles plc_reboots power_cut_and_return
    comms_lost late_reply duplicated_reply reply_of_another_unit wrong_crc garbage_before garbage_after
    truncated_frame reply_too_short wrong_transaction reply_to_the_request_before
    connection_reset half_open slow_loris tty_unplugged_and_back_under_another_number
    exception_1 exception_2 exception_3 exception_4 exception_5 exception_6 exception_11
    write_acknowledged_and_ignored wrong_cabinet
    panel_puts_lamp_out panel_lights_lamp panel_stops_fan panel_unlocks setpoint_changed second_master
    daemon_killed operator_aborts station_stopped
    daemon_frozen daemon_frozen_behind_the_locked_door daemon_frozen_while_the_lamp_goes_out daemon_frozen_while_the_fan_runs
    machine_suspended_while_lit machine_suspended_while_the_fan_runs
    disk_full disk_hangs wall_clock_jumps_forward wall_clock_jumps_back wall_clock_beyond_the_year_9999
}

/// Every case has its test, and every test its case.
#[test]
fn every_case_is_tested_and_there_are_enough() {
    let mut cases: Vec<_> = cases::CASES.iter().map(|case| case.name).collect();
    let mut names = NAMES.to_vec();
    cases.sort_unstable();
    names.sort_unstable();
    assert_eq!(cases, names);
    assert!(names.len() > 40, "{}", names.len());
    for fault in uv_cabinet::sim::Fault::ALL {
        let used = |case: &&cases::Case| case.trouble == cases::Trouble::Cabinet(*fault);
        assert!(
            cases::CASES.iter().any(|case| used(&case)),
            "{fault} has no case"
        );
    }
}
