//! What a case is made of.

use std::time::Duration;

use uv_cabinet::sim::Fault;

/// One fault.
pub struct Case {
    /// Its test's name.
    pub name: &'static str,
    pub trouble: Trouble,
    /// When the first seed does it.
    pub at: At,
    /// How long the first seed lets it last.
    pub lasts: Lasts,
    /// What the first seed must come to: `released`, `refused`, or the reason in the cycle's row.
    pub comes_to: &'static [&'static str],
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Nothing,
    /// In the cabinet, on its wire, at its panel.
    Cabinet(Fault),
    /// The supervisor is gone between two awaits; a new one starts when it is healed.
    DaemonKilled,
    /// The supervisor's thread stands still.
    DaemonFrozen,
    /// The machine is suspended, as its clocks tell it: the monotonic one stands still meanwhile.
    MachineSuspended(Duration),
    OperatorAborts,
    /// It is told to stop; a new one starts when it is healed.
    StationStopped,
    /// Nothing more can be written to the records.
    DiskFull,
    /// Writing to the records takes as long as the trouble lasts.
    DiskHangs,
    /// The wall clock jumps; healed, it jumps back.
    ClockJumps(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    BeforeStart,
    /// So many milliseconds after this step began.
    Step(&'static str, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Until the cycle has ended.
    ToTheEnd,
    For(Duration),
}

pub const fn case(
    name: &'static str,
    trouble: Trouble,
    at: At,
    lasts: Lasts,
    comes_to: &'static [&'static str],
) -> Case {
    Case {
        name,
        trouble,
        at,
        lasts,
        comes_to,
    }
}

pub const fn cabinet(
    name: &'static str,
    fault: Fault,
    at: At,
    lasts: Lasts,
    comes_to: &'static [&'static str],
) -> Case {
    case(name, Trouble::Cabinet(fault), at, lasts, comes_to)
}
