//! A point without a value to believe, for whoever must mend it: where it is, what was read there, what is expected.
//!
//! The words are figures and signs that need no translation; the stable code says what kind of trouble it is.

use std::fmt;

use crate::{Kind, Missing, Point, PointSpec, Profile};

/// A point without a value to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The point.
    pub point: Point,
    /// Stable code of why, [`Missing::code`].
    pub code: &'static str,
    /// Table and address of the profile, and the unit where it is another one.
    pub place: String,
    /// What was read.
    pub read: String,
    /// What is expected.
    pub expected: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            point,
            code,
            place,
            read,
            expected,
        } = self;
        write!(
            f,
            "{point} at {place}: read {read}, expected {expected} ({code})"
        )
    }
}

impl Profile {
    /// Why this point has no value; `raw` are the bits of its last answer.
    #[must_use]
    pub fn trouble(&self, point: Point, missing: &Missing, raw: Option<u32>) -> Trouble {
        let spec = self.points.get(&point);
        let range = spec.map_or_else(|| "–".to_owned(), |spec| range(point, spec));
        let (read, expected) = match missing {
            Missing::NotInProfile
            | Missing::NotReadYet
            | Missing::NoAnswer(_)
            | Missing::OwnerGone => ("–".to_owned(), range),
            Missing::Refused { exception } => (format!("Modbus exception {exception}"), range),
            Missing::OutOfRange { value, .. } => {
                let raw = raw.map_or_else(String::new, |raw| format!(" (raw {raw})"));
                (format!("{value}{}{raw}", unit(point)), range)
            }
            Missing::Stale { age_ms, max_age_ms } => {
                (format!("{age_ms} ms"), format!("≤ {max_age_ms} ms"))
            }
            Missing::Frozen { for_ms } => {
                let within = spec.and_then(|spec| spec.frozen_after);
                let within = within.map_or(0, crate::millis);
                (
                    format!("Δ = 0 ({for_ms} ms)"),
                    format!("Δ ≠ 0 (≤ {within} ms)"),
                )
            }
            Missing::FellBack { before, now } => (format!("{now}"), format!("> {before}")),
            Missing::WrongCabinet(wrong) => (wrong.read.clone(), wrong.expected.clone()),
        };
        Trouble {
            point,
            code: missing.code(),
            place: spec.map_or_else(|| "–".to_owned(), place),
            read,
            expected,
        }
    }
}

fn place(spec: &PointSpec) -> String {
    let unit = match spec.modbus_unit {
        Some(unit) => format!(" (unit {unit})"),
        None => String::new(),
    };
    let bit = match spec.kind {
        Kind::Bit => format!(".{}", spec.bit),
        _ => String::new(),
    };
    format!("{} {}{bit}{unit}", spec.table.name(), spec.address)
}

fn unit(point: Point) -> String {
    point
        .unit()
        .filter(|unit| *unit != "count")
        .map_or_else(String::new, |unit| format!(" {unit}"))
}

/// What the profile calls possible.
fn range(point: Point, spec: &PointSpec) -> String {
    if !point.is_number() {
        return "0 / 1".to_owned();
    }
    format!("{} … {}{}", spec.min, spec.max, unit(point))
}
