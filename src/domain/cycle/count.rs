//! What a load has had so far: UV dose and lit time, minutes of moving air. A gap earns nothing.

use serde::{Deserialize, Serialize};

use super::Sample;

/// UV a load has had.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Exposure {
    /// Σ irradiance · Δt, each interval counted at the lower of its two ends.
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
    running: Running,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Running {
    Yes,
    #[default]
    No,
}

impl Aired {
    #[must_use]
    pub(super) fn with_fan_running(&self, at_ms: u64, longest_gap_ms: u64) -> Self {
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

    #[must_use]
    pub(super) fn with_fan_not_seen(&self) -> Self {
        Self {
            running: Running::No,
            ..self.clone()
        }
    }
}
