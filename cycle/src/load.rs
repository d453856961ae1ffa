//! What a load has had so far: UV dose and lit time of each exposure, moving air, and what went wrong. A gap earns nothing.
//!
//! This is the second axis of a cycle, beside the step of the cabinet. Once `failed` is set only a new cycle clears it.

use serde::{Deserialize, Serialize};

use super::{Fault, Sample};

/// What a load has had in this cycle.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Load {
    /// Exposures that reached dose and time, one per side.
    pub done: Vec<Exposure>,
    /// The exposure that is going on, or that was broken off.
    pub now: Exposure,
    /// Air it has had since the lamp was last seen out.
    pub aired: Aired,
    /// What went wrong first; such a load is never released by this cycle.
    pub failed: Option<Fault>,
}

impl Load {
    /// Every exposure in order, the unfinished one last.
    pub fn exposures(&self) -> impl Iterator<Item = &Exposure> {
        let begun = self.now.last.is_some().then_some(&self.now);
        self.done.iter().chain(begun)
    }

    /// The exposure that is going on, or the last one.
    #[must_use]
    pub fn exposure(&self) -> &Exposure {
        self.exposures().last().unwrap_or(&self.now)
    }

    #[must_use]
    pub(super) fn failing(&self, fault: Fault) -> Self {
        Self {
            failed: self.failed.or(Some(fault)),
            ..self.clone()
        }
    }

    /// Nothing was wrong with it before, or that is on record already: this is news.
    #[must_use]
    pub(super) fn failing_anew(&self, fault: Fault) -> Self {
        Self {
            failed: Some(fault),
            ..self.clone()
        }
    }

    #[must_use]
    pub(super) fn exposing(&self, now: Exposure) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// The exposure has reached what it must.
    #[must_use]
    pub(super) fn exposed(&self, whole: Exposure) -> Self {
        let mut done = self.done.clone();
        done.push(whole);
        Self {
            done,
            now: Exposure::default(),
            ..self.clone()
        }
    }

    #[must_use]
    pub(super) fn airing(&self, aired: Aired) -> Self {
        Self {
            aired,
            ..self.clone()
        }
    }
}

/// UV that one side of a load has had.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Exposure {
    /// Σ irradiance · Δt, each interval counted at the lower of its two ends; nothing in timer mode.
    pub dose_mj_cm2: f64,
    /// Time the lamp was seen lit.
    pub lit_ms: u64,
    /// Last sample counted.
    pub last: Option<Sample>,
}

impl Exposure {
    /// With one more sample of a lit lamp; an interval longer than `longest_gap_ms` earns nothing,
    /// and neither does looking at the same sample twice.
    #[must_use]
    pub(super) fn with(&self, sample: Sample, longest_gap_ms: u64) -> Self {
        let mut next = self.clone();
        if let Some(last) = self.last {
            if sample.at_ms <= last.at_ms {
                return next;
            }
            let gap_ms = sample.at_ms - last.at_ms;
            if gap_ms <= longest_gap_ms {
                // mW/cm² · s = mJ/cm²
                next.dose_mj_cm2 += last.mw_cm2.min(sample.mw_cm2) * gap_ms as f64 / 1000.0;
                next.lit_ms += gap_ms;
            }
        }
        next.last = Some(sample);
        next
    }
}

/// Moving air a load has had.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Aired {
    /// Time the fan was seen running.
    pub fan_ms: u64,
    /// When it was last seen running.
    pub fan_seen_at_ms: Option<u64>,
    /// Whether the last look saw it running; a stop in between earns nothing.
    pub(super) running: Running,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Running {
    Yes,
    #[default]
    No,
}

impl Aired {
    /// After one more look at the fan.
    #[must_use]
    pub(super) fn with(&self, fan_on: super::Look<bool>, at_ms: u64, longest_gap_ms: u64) -> Self {
        if fan_on != Ok(true) {
            return Self {
                running: Running::No,
                ..self.clone()
            };
        }
        let gap_ms = match (self.running, self.fan_seen_at_ms) {
            (Running::Yes, Some(last)) => at_ms.saturating_sub(last),
            _ => 0,
        };
        Self {
            fan_ms: self.fan_ms + if gap_ms <= longest_gap_ms { gap_ms } else { 0 },
            fan_seen_at_ms: Some(at_ms.max(self.fan_seen_at_ms.unwrap_or(0))),
            running: Running::Yes,
        }
    }
}
