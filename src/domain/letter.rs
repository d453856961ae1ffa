//! A letter's stages and what each allows; the states of loads.

use serde::{Deserialize, Serialize};

/// How a letter reached the office (requirement A1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// 平信
    Letter,
    /// 挂号
    Registered,
    /// 特快专递
    Express,
    /// 电报
    Telegram,
    /// 传真
    Fax,
    /// 明信片
    Postcard,
    /// 汇款单
    MoneyOrder,
    /// 包裹
    Parcel,
}

/// What is known about the disinfection of a load. Only `Released` and `Overridden` open the scanner.
///
/// ```text
/// waiting → in_cycle → released
///              └─────→ quarantined → in_cycle …
/// waiting, quarantined ── signed override ──→ overridden
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadState {
    /// Signed in, not disinfected.
    Waiting,
    /// In the cabinet.
    InCycle,
    /// The cycle proved exposure and ventilation.
    Released,
    /// A cycle failed: it may be exposed again or overridden.
    Quarantined,
    /// A named person took responsibility, with a reason.
    Overridden,
}

impl LoadState {
    /// In a sentence: “load 7 is …”.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InCycle => "in a cycle",
            Self::Released => "released",
            Self::Quarantined => "quarantined",
            Self::Overridden => "opened by an override",
        }
    }

    /// Whether letters of this load may be opened and scanned.
    pub fn may_be_opened(self) -> bool {
        matches!(self, Self::Released | Self::Overridden)
    }
}

/// A letter's stage.
///
/// ```text
/// arriving → reading → drafted → confirmed
///                         └─────────┴→ registered (acknowledged by the case system)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Pages may still come.
    Arriving,
    /// Complete; its pages are being read.
    Reading,
    /// A draft is there.
    Drafted,
    /// An officer confirmed the draft.
    Confirmed,
    /// The case system acknowledged it.
    Registered,
}
