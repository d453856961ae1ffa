//! Which faults come in a round, and when: drawn beforehand, so that a seed says it all.

use std::time::Duration;

use crate::handover_campaign::letters::Dice;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// kill -9, started again after a while.
    StationKilled,
    /// SIGSTOP for a while.
    StationFrozen,
    /// The cabinet loses its power, and has it again after a while.
    CabinetKilled,
    /// It does not answer for a while.
    CabinetFrozen,
    /// kill -9 of the case system, which is started again after a while.
    CasesKilled,
    /// No room for a while.
    DiskFull,
    /// The clock is ahead for a while.
    ClockAhead,
    /// The clock is behind for a while.
    ClockBehind,
}

impl Fault {
    pub(super) const ALL: [Self; 8] = [
        Self::StationKilled,
        Self::StationFrozen,
        Self::CabinetKilled,
        Self::CabinetFrozen,
        Self::CasesKilled,
        Self::DiskFull,
        Self::ClockAhead,
        Self::ClockBehind,
    ];
}

/// A fault, when it begins in the round, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) fault: Fault,
    pub(super) after: Duration,
    pub(super) lasts: Duration,
}

pub(super) fn plan(dice: &mut Dice) -> Vec<Planned> {
    let count = 1 + dice.below(3);
    let mut all: Vec<Planned> = (0..count)
        .map(|_| Planned {
            fault: Fault::ALL[dice.below(Fault::ALL.len() as u64) as usize],
            after: Duration::from_millis(dice.below(4_000)),
            lasts: Duration::from_millis(50 + dice.below(1_200)),
        })
        .collect();
    all.sort_by_key(|one| one.after);
    all
}
