//! Readings with their age: what a look at a cabinet gives, and why a point has no value.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{Missing, Point, Profile, WrongCabinet, error::LinkProblem, millis};

/// A value and when it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Scaled value.
    pub value: Value,
    /// The bits as they came.
    pub raw: u32,
    /// When the reply was complete.
    pub at: Instant,
}

impl Reading {
    /// How old it is at `now`.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.at)
    }
}

/// Yes or no, or a number in the point's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// In the unit of [`Point::unit`].
    Number(f64),
}

/// All points as the last poll left them. Ages go on counting: ask with the time it is now.
#[derive(Debug, Clone)]
pub struct Readings {
    pub(crate) slots: BTreeMap<Point, Slot>,
    /// Set when no point may be believed, whatever it says.
    pub(crate) overall: Option<Missing>,
    /// The cabinet was asked for newer ones and has not answered so far.
    pub(crate) unanswered: bool,
}

/// What is known of one point.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) last: Option<Reading>,
    /// The bits of the last answer, believed or not.
    pub(crate) raw: Option<u32>,
    pub(crate) trouble: Option<Missing>,
    max_age: Duration,
}

impl Slot {
    /// No answer, and why. While the next try is waited for, the reason is the one of the last try.
    pub(crate) fn fall_silent(&mut self, problem: LinkProblem) {
        let waiting = problem == LinkProblem::BackingOff;
        if !(waiting && matches!(self.trouble, Some(Missing::NoAnswer(_)))) {
            self.trouble = Some(Missing::NoAnswer(problem));
        }
    }
}

impl Readings {
    pub(crate) fn nothing_yet(profile: &Profile) -> Self {
        let slots = profile
            .points
            .iter()
            .filter(|(point, _)| !point.is_command())
            .map(|(point, spec)| {
                let slot = Slot {
                    last: None,
                    raw: None,
                    trouble: None,
                    max_age: spec.max_age,
                };
                (*point, slot)
            })
            .collect();
        Self {
            slots,
            overall: None,
            unanswered: false,
        }
    }

    pub(crate) fn owner_gone() -> Self {
        Self {
            slots: BTreeMap::new(),
            overall: Some(Missing::OwnerGone),
            unanswered: false,
        }
    }

    /// The point's value, unless there is none that may be believed at `now`.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn get(&self, point: Point, now: Instant) -> Result<Reading, Missing> {
        if let Some(missing) = &self.overall {
            return Err(missing.clone());
        }
        self.own(point, now)
    }

    /// As far as the point itself goes.
    fn own(&self, point: Point, now: Instant) -> Result<Reading, Missing> {
        let slot = self.slots.get(&point).ok_or(Missing::NotInProfile)?;
        match (&slot.last, &slot.trouble) {
            (Some(reading), _) if reading.age(now) <= slot.max_age => Ok(*reading),
            (_, Some(trouble)) => Err(trouble.clone()),
            // The link still tries; whoever looks need not wait for the end of that.
            _ if self.unanswered => Err(Missing::NoAnswer(LinkProblem::ReplyTimedOut)),
            (Some(reading), None) => Err(Missing::Stale {
                age_ms: millis(reading.age(now)),
                max_age_ms: millis(slot.max_age),
            }),
            (None, None) => Err(Missing::NotReadYet),
        }
    }

    /// Set when the device that answers is not the profile's: nothing it says is believed.
    #[must_use]
    pub fn wrong_cabinet(&self) -> Option<&WrongCabinet> {
        match &self.overall {
            Some(Missing::WrongCabinet(wrong)) => Some(wrong),
            _ => None,
        }
    }

    /// Points that have no value to believe, and why; nothing that the profile does not have. Where it is only the scan counter
    /// that spoils all of them, that one alone.
    pub fn troubles(&self, now: Instant) -> Vec<(Point, Missing)> {
        if matches!(
            self.overall,
            Some(Missing::WrongCabinet(_) | Missing::OwnerGone)
        ) {
            let points = self.slots.keys();
            return points
                .filter_map(|point| Some((*point, self.overall.clone()?)))
                .collect();
        }
        let own: Vec<_> = self
            .slots
            .keys()
            .filter_map(|point| Some((*point, self.own(*point, now).err()?)))
            .collect();
        match &self.overall {
            Some(missing) if own.is_empty() => vec![(Point::ScanCounter, missing.clone())],
            _ => own,
        }
    }

    /// Whether the profile has this point, whatever is known of it.
    #[must_use]
    pub fn has(&self, point: Point) -> bool {
        self.slots.contains_key(&point)
    }

    /// How old the point's last value is, believed or not.
    #[must_use]
    pub fn age(&self, point: Point, now: Instant) -> Option<Duration> {
        let slot = self.slots.get(&point)?;
        slot.last.map(|reading| reading.age(now))
    }

    /// The bits of the point's last answer, believed or not: what a person compares with the maker's papers.
    #[must_use]
    pub fn raw(&self, point: Point) -> Option<u32> {
        self.slots.get(&point)?.raw
    }

    /// A yes-or-no point.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn flag(&self, point: Point, now: Instant) -> Result<bool, Missing> {
        self.get(point, now).map(|reading| match reading.value {
            Value::Flag(flag) => flag,
            Value::Number(number) => number != 0.0,
        })
    }

    /// A measured point, in its unit.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn number(&self, point: Point, now: Instant) -> Result<f64, Missing> {
        self.get(point, now).map(|reading| match reading.value {
            Value::Flag(flag) => f64::from(u8::from(flag)),
            Value::Number(number) => number,
        })
    }

    /// Every point that is not a command, with what is known of it at `now`.
    pub fn all(&self, now: Instant) -> impl Iterator<Item = (Point, Result<Reading, Missing>)> {
        Point::ALL
            .into_iter()
            .filter(|point| !point.is_command())
            .map(move |point| (point, self.get(point, now)))
    }
}
