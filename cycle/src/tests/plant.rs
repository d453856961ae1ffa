//! A plant in a few lines that obeys, or does not.

use super::*;

/// A cabinet that does what it is told, but for its faults.
#[derive(Debug, Clone)]
pub(super) struct Plant {
    pub(super) now_ms: u64,
    sample: Sample,
    pub(super) uv_mw_cm2: f64,
    ozone_mg_m3: f64,
    pub(super) lamp: Switch,
    pub(super) spoil: Spoil,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spoil {
    Nothing,
    DoorOpen,
    Unlocked,
    Estop,
    Dark,
    Weak,
    Welded,
    FanStopped,
    OzoneStays,
    Silent,
    UvUnknown,
    OzoneUnknown,
    FanUnknown,
    SameSample,
    LongGap,
}

impl Plant {
    pub(super) fn new() -> Self {
        Self {
            now_ms: 1_000,
            sample: Sample {
                at_ms: 1_000,
                mw_cm2: 0.0,
            },
            uv_mw_cm2: 0.0,
            ozone_mg_m3: 0.0,
            lamp: Switch::Off,
            spoil: Spoil::Nothing,
        }
    }

    pub(super) fn obey(&mut self, orders: Orders) {
        if !(self.spoil == Spoil::Welded && self.lamp == Switch::On) {
            self.lamp = orders.lamp;
        }
        let fan_moves_air = orders.fan == Some(Switch::On)
            && !matches!(self.spoil, Spoil::FanStopped | Spoil::OzoneStays);
        if self.lamp == Switch::On {
            self.ozone_mg_m3 += 0.02;
        } else if fan_moves_air {
            self.ozone_mg_m3 *= 0.8;
        }
        self.uv_mw_cm2 = match (self.lamp, self.spoil) {
            (Switch::Off, _) | (_, Spoil::Dark) => 0.0,
            (_, Spoil::Weak) => 1.0,
            _ => 10.0,
        };
    }

    pub(super) fn look(&mut self, orders: Orders) -> Seen {
        let unseen_ms = match self.spoil {
            Spoil::LongGap => 700,
            _ => 100,
        };
        self.now_ms += unseen_ms;
        if self.spoil != Spoil::SameSample {
            self.sample = Sample {
                at_ms: self.now_ms,
                mw_cm2: self.uv_mw_cm2,
            };
        }
        let seen = Seen {
            at_ms: self.now_ms,
            unseen_ms,
            feedback_at_ms: self.now_ms,
            door_closed: Ok(self.spoil != Spoil::DoorOpen),
            locked: Ok(self.spoil != Spoil::Unlocked && orders.lock == Some(Switch::On)),
            estop_pressed: Ok(self.spoil == Spoil::Estop),
            lamp_on: Ok(self.lamp == Switch::On),
            lamp_current_a: Err(WhyMissing::NotFitted),
            irradiance: Ok(self.sample),
            fan_on: Ok(orders.fan == Some(Switch::On) && self.spoil != Spoil::FanStopped),
            ozone_mg_m3: Ok(self.ozone_mg_m3),
        };
        match self.spoil {
            Spoil::Silent => blind(&seen),
            Spoil::UvUnknown => Seen {
                irradiance: Err(WhyMissing::Stale),
                ..seen
            },
            Spoil::OzoneUnknown => Seen {
                ozone_mg_m3: Err(WhyMissing::OutOfRange),
                ..seen
            },
            Spoil::FanUnknown => Seen {
                fan_on: Err(WhyMissing::Refused),
                ..seen
            },
            _ => seen,
        }
    }
}

pub(super) fn blind(seen: &Seen) -> Seen {
    let why = WhyMissing::NoAnswer;
    Seen {
        at_ms: seen.at_ms,
        unseen_ms: seen.unseen_ms,
        feedback_at_ms: seen.feedback_at_ms,
        door_closed: Err(why),
        locked: Err(why),
        estop_pressed: Err(why),
        lamp_on: Err(why),
        lamp_current_a: Err(why),
        irradiance: Err(why),
        fan_on: Err(why),
        ozone_mg_m3: Err(why),
    }
}
