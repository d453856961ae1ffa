//! Counting: how often a field is right, found, accepted, and how far its confidence is from the truth.

use serde::Serialize;

/// The reliability figure has this many equally wide bins.
const BINS: usize = 10;

/// One value compared with its truth.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The truth has a value.
    pub wanted: bool,
    /// The draft has one.
    pub found: bool,
    /// They are the same (or both have none).
    pub right: bool,
    /// Confidence, where the field tells one.
    pub confidence: Option<f32>,
    /// Accepted by the field's threshold.
    pub accepted: bool,
}

/// Values of one confidence.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Bin {
    /// How many.
    pub n: usize,
    /// How many of them right.
    pub right: usize,
    /// Sum of their confidences.
    pub confidence: f32,
}

/// Figures of one field.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tally {
    /// Compared.
    pub n: usize,
    /// Right, an absent value that is absent included.
    pub exact: usize,
    /// The truth has a value.
    pub wanted: usize,
    /// The draft has a value.
    pub found: usize,
    /// Both have one, and it is the same.
    pub hits: usize,
    /// Accepted by the field's threshold.
    pub accepted: usize,
    /// Accepted and wrong.
    pub accepted_wrong: usize,
    /// Found values by confidence; empty where the field tells none.
    pub bins: Vec<Bin>,
}

impl Tally {
    /// Counts one value in.
    pub fn add(&mut self, seen: Seen) {
        self.n += 1;
        self.exact += usize::from(seen.right);
        self.wanted += usize::from(seen.wanted);
        self.found += usize::from(seen.found);
        self.hits += usize::from(seen.wanted && seen.found && seen.right);
        self.accepted += usize::from(seen.accepted);
        self.accepted_wrong += usize::from(seen.accepted && !seen.right);
        let Some(confidence) = seen.confidence.filter(|_| seen.found) else {
            return;
        };
        self.bins.resize(BINS, Bin::default());
        let bin = ((confidence * BINS as f32) as usize).min(BINS - 1);
        self.bins[bin].n += 1;
        self.bins[bin].right += usize::from(seen.right);
        self.bins[bin].confidence += confidence;
    }

    /// Right of those the draft has; `None` when it has none.
    pub fn precision(&self) -> Option<f32> {
        (self.found > 0).then(|| self.hits as f32 / self.found as f32)
    }

    /// Found and right of those the truth has.
    pub fn recall(&self) -> Option<f32> {
        (self.wanted > 0).then(|| self.hits as f32 / self.wanted as f32)
    }

    /// Expected calibration error: the mean distance between confidence and share right, over ten bins.
    pub fn calibration_error(&self) -> Option<f32> {
        let n: usize = self.bins.iter().map(|b| b.n).sum();
        let apart: f32 = self
            .bins
            .iter()
            .map(|b| (b.confidence - b.right as f32).abs())
            .sum();
        (n > 0).then(|| apart / n as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Tally};

    fn seen(right: bool, confidence: f32) -> Seen {
        Seen {
            wanted: true,
            found: true,
            right,
            confidence: Some(confidence),
            accepted: confidence > 0.9,
        }
    }

    #[test]
    fn overconfidence_shows_in_the_calibration_error() {
        let mut tally = Tally::default();
        for right in [true, false, true, false] {
            tally.add(seen(right, 0.95));
        }
        let error = tally.calibration_error().expect("four values");
        assert!((error - 0.45).abs() < 1e-4, "{error}");
        assert_eq!((tally.accepted, tally.accepted_wrong), (4, 2));
    }

    #[test]
    fn a_field_absent_on_both_sides_is_right_and_counts_for_neither_precision_nor_recall() {
        let mut tally = Tally::default();
        tally.add(Seen {
            wanted: false,
            found: false,
            right: true,
            confidence: None,
            accepted: false,
        });
        assert_eq!(tally.exact, 1);
        assert_eq!((tally.precision(), tally.recall()), (None, None));
    }
}
