//! Times and ages as people read them, in the station's zone.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::words::Words;
use crate::clock::{self, Millis};
use crate::config::Language;

fn local(at: Millis) -> Zoned {
    jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::system())
}

/// The whole local time, for a record that is read later.
pub(super) fn stamp(at: Millis) -> String {
    local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment, as short as it may be: the time today, else the day as well.
pub(super) fn moment(w: &Words, at: Millis) -> String {
    let (then, now) = (local(at), local(clock::now()));
    let pattern = match (
        w.language(),
        then.date() == now.date(),
        then.year() == now.year(),
    ) {
        (_, true, _) => "%H:%M",
        (Language::Chinese, _, true) => "%-m月%-d日 %H:%M",
        (Language::Chinese, _, false) => "%Y年%-m月%-d日 %H:%M",
        (Language::English, _, true) => "%-d %b %H:%M",
        (Language::English, _, false) => "%-d %b %Y %H:%M",
    };
    then.strftime(pattern).to_string()
}

/// A day in full, for what lies ahead.
pub(super) fn day(w: &Words, at: Millis) -> String {
    let pattern = match w.language() {
        Language::Chinese => "%Y年%-m月%-d日",
        Language::English => "%-d %b %Y",
    };
    local(at).strftime(pattern).to_string()
}

/// A day, as short as an axis wants it.
pub(super) fn short_day(w: &Words, at: Millis) -> String {
    let pattern = match w.language() {
        Language::Chinese => "%-m月%-d日",
        Language::English => "%-d %b",
    };
    local(at).strftime(pattern).to_string()
}

/// A moment out of a document; shown as written when it is no RFC 3339.
pub(super) fn written(w: &Words, text: &str) -> String {
    Millis::parse(text).map_or_else(|| text.to_owned(), |at| moment(w, at))
}

/// How old a reading is.
pub(super) fn age(w: &Words, age_ms: Option<u64>) -> String {
    match age_ms {
        None => w.t("cabinet.never").to_owned(),
        Some(..2_000) => w.t("cabinet.ago_now").to_owned(),
        Some(ms @ ..120_000) => w.one("cabinet.ago_s", ms / 1000),
        Some(ms @ ..7_200_000) => w.one("cabinet.ago_min", ms / 60_000),
        Some(ms @ ..172_800_000) => w.one("cabinet.ago_h", ms / 3_600_000),
        Some(ms) => w.one("cabinet.ago_d", ms / 86_400_000),
    }
}

/// How long ago that was.
pub(crate) fn since(w: &Words, at: Millis) -> String {
    let ms = clock::now().0.saturating_sub(at.0);
    age(w, Some(u64::try_from(ms).unwrap_or(0)))
}

/// Now, as an `<input type="datetime-local">` wants it, and the zone's offset.
pub(super) fn now_for_input() -> (String, String) {
    let now = local(clock::now());
    (
        now.strftime("%Y-%m-%dT%H:%M").to_string(),
        now.strftime("%:z").to_string(),
    )
}
