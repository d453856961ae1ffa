//! The machine's clock: due dates, records and retention go by it. What it says beside the record, its zone, and whether a time server or a receiver keeps it
//! right. Leaves out how far off it is: nobody here knows a better one.

use std::path::Path;
use std::process::Command;

use super::{Level, Report};
use crate::clock;
use crate::config::Settings;
use crate::store::{ClockTrouble, Db};

/// Before this was written.
const EARLIEST_YEAR: i16 = 2026;
/// So many seconds systemd may take to answer.
const PATIENCE_S: &str = "5";
/// What systemd-timesyncd leaves once it has set the clock.
const SET_BY_TIMESYNCD: &str = "/run/systemd/timesync/synchronized";

/// What it says, and whether anything keeps it right.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    let now = clock::now();
    let back = Db::look_at(settings).ok();
    let trouble = back.and_then(|db| db.clock_trouble().ok().flatten());
    let year = now.day().get(..4).and_then(|year| year.parse::<i16>().ok());
    let told = now.rfc3339();
    let zone = now.zoned();
    let name = zone.time_zone().iana_name().unwrap_or("?").to_owned();
    if let Some(trouble) = trouble {
        // Behind the record nothing is taken any more; ahead of it, the mailroom goes on.
        let (level, code, last) = match trouble {
            ClockTrouble::SetBack(found) => (Level::Bad, "clock_back", found.last),
            ClockTrouble::JumpedAhead(found) => (Level::Warning, "clock_ahead", found.last),
        };
        report.add(level, "clock", code, &[&told, &last.rfc3339()]);
    } else if year.is_none_or(|year| year < EARLIEST_YEAR) {
        report.warn("clock", "clock_early", &[&told]);
    } else if zone.offset() != jiff::tz::offset(8) {
        report.warn("clock", "clock_zone", &[&told, &name]);
    } else {
        report.good("clock", "clock_is", &[&told, &name]);
    }
    match synchronised() {
        Some(true) => report.good("clock", "clock_synchronised", &[]),
        Some(false) => report.warn("clock", "clock_not_synchronised", &[]),
        None => report.warn("clock", "clock_sync_unknown", &[]),
    }
}

/// Whether the kernel holds the clock to be synchronised (`STA_UNSYNC` of adjtimex(2)), whoever does that; nothing where nobody says. Asked of systemd: the
/// unit's `ProtectClock=` keeps the service from the call itself.
fn synchronised() -> Option<bool> {
    let asked = Command::new("timeout")
        .args([
            PATIENCE_S,
            "timedatectl",
            "show",
            "--property=NTPSynchronized",
            "--value",
        ])
        // Where it fails, systemd's own programs tell the service manager, which listens to the station alone and says so in the journal.
        .env_remove("NOTIFY_SOCKET")
        .output();
    let told = asked.map(|done| done.stdout).unwrap_or_default();
    match told.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => Path::new(SET_BY_TIMESYNCD).exists().then_some(true),
    }
}
