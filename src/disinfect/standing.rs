//! Faults of the device itself, for the health log: a lamp that burns though it was ordered off, one that does not light, a fan that does not
//! run, ozone that does not fall, a silence that ended a cycle. Each stands until it is seen to be over; then the log keeps it.
//!
//! Pure: from one look to the next. `disinfect/health.rs` writes it down.

use std::collections::BTreeMap;

use crate::clock::Millis;
use crate::domain::cycle::{Cycle, Fault, Lamp, Seen, Step, Watched, WhyMissing};
use crate::domain::wear::State;
use crate::store::HealthRow;

/// What of the device is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The lamp, as its witnesses show it: 1 lit, 0 out.
    Lamp,
    /// The fan, as its contact shows it.
    Fan,
    /// Ozone after the longest ventilation.
    Ozone,
    /// The cabinet did not answer, and that ended a cycle or went on for a while.
    Link,
}

impl Part {
    const ALL: [Self; 4] = [Self::Lamp, Self::Fan, Self::Ozone, Self::Link];

    /// Its name in the log.
    pub(super) fn point(self) -> &'static str {
        match self {
            Self::Lamp => "lamp_state",
            Self::Fan => "fan_state",
            Self::Ozone => "ozone_after_ventilation_mg_m3",
            Self::Link => "link",
        }
    }
}

/// Rows of the newest of a device's log that say what of the device itself is at fault.
pub fn device_faults(newest: Vec<HealthRow>) -> Vec<HealthRow> {
    let known = |point: &str| Part::ALL.iter().any(|part| part.point() == point);
    let mut rows = newest;
    rows.retain(|row| row.state == State::Bad.code() && known(&row.point));
    rows
}

/// One fault, as last seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) code: String,
    value: Option<f64>,
    limit: Option<f64>,
}

impl Found {
    fn new(code: &str, value: Option<f64>, limit: Option<f64>) -> Self {
        Self {
            code: code.to_owned(),
            value,
            limit,
        }
    }

    fn of(fault: Fault, cycle: &Cycle, seen: &Seen) -> Option<(Part, Self)> {
        let (part, value, limit) = match fault {
            Fault::LampNotOff | Fault::LampLitUnasked => (Part::Lamp, Some(1.0), Some(0.0)),
            Fault::LampDidNotStrike | Fault::LampWentOut => (Part::Lamp, Some(0.0), Some(1.0)),
            Fault::FanNotRunning => (Part::Fan, Some(0.0), Some(1.0)),
            Fault::FanNotStopped => (Part::Fan, Some(1.0), Some(0.0)),
            Fault::OzoneDidNotFall => {
                let most = cycle.rules().ozone_release_mg_m3();
                (Part::Ozone, seen.ozone_mg_m3.ok(), most)
            }
            Fault::ReadingMissing {
                point: Watched::DoorClosed,
                why: WhyMissing::NoAnswer,
            } => (Part::Link, None, None),
            _ => return None,
        };
        Some((part, Self::new(fault.code(), value, limit)))
    }

    /// An alarm stands until it is acknowledged, whatever the lamp does meanwhile.
    fn alarm(lamp: Lamp, failed: Option<Fault>) -> Self {
        let (code, value) = match lamp {
            Lamp::Lit if failed == Some(Fault::LampLitUnasked) => {
                (Fault::LampLitUnasked.code(), Some(1.0))
            }
            Lamp::Lit => (Fault::LampNotOff.code(), Some(1.0)),
            Lamp::Unknown => ("lamp_not_seen_out", None),
            Lamp::Out => ("alarm_stands", Some(0.0)),
        };
        Self::new(code, value, Some(0.0))
    }

    pub(super) fn row(&self, part: Part, device: &str, at: Millis) -> HealthRow {
        HealthRow {
            at,
            device: device.to_owned(),
            point: part.point().to_owned(),
            value: self.value,
            limit: self.limit,
            state: State::Bad.code().to_owned(),
            code: Some(self.code.clone()),
            detail: None,
        }
    }

    fn is_over(&self, part: Part, cycle: &Cycle, seen: &Seen) -> bool {
        let step = cycle.step();
        match (part, self.limit) {
            // It was to burn.
            (Part::Lamp, Some(1.0)) => matches!(step, Step::Irradiating { .. }),
            (Part::Lamp, _) => {
                let open = matches!(
                    step,
                    Step::Unknown { .. } | Step::Aborting { .. } | Step::Alarm { .. }
                );
                !open && cycle.rules().is_out(seen)
            }
            // It was to stand still.
            (Part::Fan, Some(0.0)) => seen.fan_on == Ok(false),
            (Part::Fan, _) => seen.fan_on == Ok(true),
            (Part::Ozone, most) => match (seen.ozone_mg_m3, most) {
                (Ok(shown), Some(most)) => shown <= most,
                _ => false,
            },
            (Part::Link, _) => seen.door_closed != Err(WhyMissing::NoAnswer),
        }
    }

    /// What is seen of it now, once it is over.
    fn now(part: Part, seen: &Seen) -> Option<f64> {
        match part {
            Part::Lamp => seen.lamp_on.ok().map(|on| f64::from(u8::from(on))),
            Part::Fan => seen.fan_on.ok().map(|on| f64::from(u8::from(on))),
            Part::Ozone => seen.ozone_mg_m3.ok(),
            Part::Link => None,
        }
    }
}

/// Every fault that stands.
#[derive(Debug, Default)]
pub(super) struct Standing(BTreeMap<Part, Found>);

impl Standing {
    /// As the log of an earlier run says.
    pub(super) fn left(newest: &[HealthRow]) -> Self {
        let found = device_faults(newest.to_vec())
            .into_iter()
            .filter_map(|row| {
                let part = Part::ALL.into_iter().find(|part| part.point() == row.point);
                Some((part?, Found::new(&row.code?, row.value, row.limit)))
            });
        Self(found.collect())
    }

    /// After one more look, and after what it changed.
    pub(super) fn note(
        &mut self,
        (before, next): (&Cycle, &Cycle),
        of_its_air: Option<Fault>,
        seen: &Seen,
    ) {
        let failed = next.load().failed;
        let news = failed.filter(|_| failed != before.load().failed);
        let found = news.into_iter().chain(of_its_air);
        self.0
            .extend(found.filter_map(|fault| Found::of(fault, next, seen)));
        if let Step::Alarm { lamp } = *next.step() {
            self.0.insert(Part::Lamp, Found::alarm(lamp, failed));
        }
        if let (Some(ozone), Ok(shown)) = (self.0.get_mut(&Part::Ozone), seen.ozone_mg_m3) {
            ozone.value = Some(shown);
        }
        self.0
            .retain(|part, found| !found.is_over(*part, next, seen));
    }

    /// The cabinet has not answered for a while, whether a cycle ran or not.
    pub(super) fn fell_silent(&mut self) {
        let silent = || Found::new("cabinet_silent", None, None);
        self.0.entry(Part::Link).or_insert_with(silent);
    }

    /// A self test has seen every part do what it is told.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What keeps the air of a quarantine from being good.
    pub(super) fn of_air(&self) -> Option<&Found> {
        self.0.get(&Part::Ozone).or_else(|| self.0.get(&Part::Fan))
    }

    pub(super) fn codes(&self) -> BTreeMap<Part, String> {
        let codes = self.0.iter();
        codes
            .map(|(part, found)| (*part, found.code.clone()))
            .collect()
    }

    /// Entries for the log: every fault.
    pub(super) fn rows(&self, device: &str, at: Millis) -> Vec<HealthRow> {
        let found = self.0.iter();
        found
            .map(|(part, found)| found.row(*part, device, at))
            .collect()
    }

    /// Entries for what the log does not know yet, or knows as standing and is over.
    pub(super) fn news(
        &self,
        logged: &BTreeMap<Part, String>,
        device: &str,
        (at, seen): (Millis, Option<&Seen>),
    ) -> Vec<HealthRow> {
        let new = |(part, found): &(&Part, &Found)| logged.get(part) != Some(&found.code);
        let standing = self.0.iter().filter(new);
        let standing = standing.map(|(part, found)| found.row(*part, device, at));
        let over = logged.keys().filter(|part| !self.0.contains_key(part));
        let over = over.map(|part| HealthRow {
            value: seen.and_then(|seen| Found::now(*part, seen)),
            state: State::Good.code().to_owned(),
            code: None,
            ..Found::new("", None, None).row(*part, device, at)
        });
        standing.chain(over).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_cabinets_silence_is_one_bad_row_of_its_link() {
        let mut standing = Standing::default();
        standing.fell_silent();
        standing.fell_silent();
        let rows = standing.news(&BTreeMap::new(), "cabinet-1", (Millis(0), None));
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.point.as_str(), row.state.as_str(), row.code.as_deref()))
            .collect();
        assert_eq!(told, [("link", "bad", Some("cabinet_silent"))]);
        let again = standing.news(&standing.codes(), "cabinet-1", (Millis(0), None));
        assert_eq!(again, [], "once");
    }
}
