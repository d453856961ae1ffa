//! Thresholds as they are in force, and what the office's own history says of them.

use std::collections::BTreeMap;

use super::{Db, StoreError};
use crate::domain::extract::shipped_threshold;
use crate::domain::learn::{Effect, FIELDS, Graded, NEVER, Proposal, Thresholds, effect, propose};

/// The threshold of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdInForce {
    /// The field.
    pub field: String,
    /// The one that comes along.
    pub shipped: Option<f32>,
    /// The one taken over here.
    pub here: Option<f32>,
    /// What the one that holds came to.
    pub came_to: Effect,
}

/// The one that holds, whatever was taken over.
fn holds(taken: &Thresholds, field: &str) -> f32 {
    let here = taken.0.get(field).copied();
    here.or_else(|| shipped_threshold(field)).unwrap_or(NEVER)
}

impl Db {
    fn graded(&self) -> Result<BTreeMap<String, Vec<Graded>>, StoreError> {
        let mut history: BTreeMap<String, Vec<Graded>> = BTreeMap::new();
        for outcome in self.outcomes()? {
            let field = outcome.graded.field.clone();
            history.entry(field).or_default().push(outcome.graded);
        }
        Ok(history)
    }

    /// The threshold of every field, and what it came to on confirmed letters.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn thresholds_in_force(&self) -> Result<Vec<ThresholdInForce>, StoreError> {
        let (taken, history) = (self.thresholds()?, self.graded()?);
        let of = |field: &&str| ThresholdInForce {
            field: (*field).to_owned(),
            shipped: shipped_threshold(field),
            here: taken.0.get(*field).copied(),
            came_to: effect(
                history.get(*field).map_or(&[], Vec::as_slice),
                holds(&taken, field),
            ),
        };
        Ok(FIELDS.iter().map(of).collect())
    }

    /// What the history suggests for every field it says enough about.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn threshold_proposals(&self) -> Result<Vec<Proposal>, StoreError> {
        let (taken, history) = (self.thresholds()?, self.graded()?);
        let of = |field: &&str| propose(field, holds(&taken, field), history.get(*field)?);
        Ok(FIELDS.iter().filter_map(of).collect())
    }

    /// What a higher threshold of one field would change; `None`: every value of it is looked at. Nothing where that is not higher than the one that holds:
    /// lower ones only the history proves.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a field that has no threshold.
    pub fn threshold_raised(
        &self,
        field: &str,
        threshold: Option<f32>,
    ) -> Result<Option<Proposal>, StoreError> {
        let Some(field) = FIELDS.into_iter().find(|known| *known == field) else {
            return Err(StoreError::NotFound {
                what: "field with a threshold",
                id: field.to_owned(),
            });
        };
        let (taken, history) = (self.thresholds()?, self.graded()?);
        let graded = history.get(field).map_or(&[] as &[Graded], Vec::as_slice);
        let before = holds(&taken, field);
        let after = threshold.unwrap_or(NEVER).min(NEVER);
        Ok((after > before).then(|| Proposal {
            field: field.to_owned(),
            before,
            after,
            was: effect(graded, before),
            becomes: effect(graded, after),
        }))
    }

    /// What taking the newest change back would change; nothing where none is in force.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn threshold_undoing(&self) -> Result<Vec<Proposal>, StoreError> {
        let (taken, history) = (self.thresholds()?, self.graded()?);
        let all = self.threshold_changes()?;
        let newest = all
            .iter()
            .filter(|one| one.undone.is_none())
            .map(|one| one.change)
            .max();
        // What held before in this station's changes, not what somebody may have taken back since.
        let without = Thresholds(
            all.iter()
                .rev()
                .filter(|one| one.undone.is_none() && Some(one.change) != newest)
                .map(|one| (one.field.clone(), one.threshold))
                .collect(),
        );
        let of = |field: &&str| {
            let (before, after) = (holds(&taken, field), holds(&without, field));
            let graded = history.get(*field).map_or(&[] as &[Graded], Vec::as_slice);
            (before != after).then(|| Proposal {
                field: (*field).to_owned(),
                before,
                after,
                was: effect(graded, before),
                becomes: effect(graded, after),
            })
        };
        Ok(FIELDS.iter().filter_map(of).collect())
    }
}
