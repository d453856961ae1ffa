//! What the witnesses say: the lamp by its relay, UV and current; door, lock and stop button; the air.

use super::{Aired, Dose, Fault, Lamp, Look, Ozone, Rules, Sample, Seen, Watched, WhyMissing};

impl Rules {
    /// The lamp, as every witness that this cabinet has shows it.
    pub(super) fn lamp(&self, seen: &Seen) -> Lamp {
        let uv = match self.dose {
            Dose::Measured { dark_mw_cm2, .. } => {
                Some(seen.irradiance.map(|sample| sample.mw_cm2 > dark_mw_cm2))
            }
            Dose::Timer => None,
        };
        let current = self
            .lamp_current_lit_a
            .map(|lit_a| seen.lamp_current_a.map(|ampere| ampere >= lit_a));
        let mut says_lit = [Some(seen.lamp_on), uv, current].into_iter().flatten();
        if says_lit.clone().any(|says| says == Ok(true)) {
            Lamp::Lit
        } else if says_lit.all(|says| says == Ok(false)) {
            Lamp::Out
        } else {
            Lamp::Unknown
        }
    }

    /// The same after an order: what was read before it says nothing about what came of it.
    pub(super) fn lamp_since(&self, since_ms: u64, seen: &Seen) -> Lamp {
        match self.lamp(seen) {
            Lamp::Out if seen.feedback_at_ms < since_ms => Lamp::Unknown,
            lamp => lamp,
        }
    }

    /// The sample that counts, when every witness says that the lamp burns; `None` when one says
    /// that it does not.
    pub(super) fn burning(&self, seen: &Seen) -> Result<Option<Sample>, Fault> {
        let relay = seen.lamp_on.map_err(|why| missing(Watched::LampOn, why))?;
        let current = match self.lamp_current_lit_a {
            Some(lit_a) => seen
                .lamp_current_a
                .map(|ampere| ampere >= lit_a)
                .map_err(|why| missing(Watched::LampCurrent, why))?,
            None => true,
        };
        let (sample, bright) = match self.dose {
            Dose::Measured { struck_mw_cm2, .. } => {
                let sample = seen
                    .irradiance
                    .map_err(|why| missing(Watched::Irradiance, why))?;
                (sample, sample.mw_cm2 >= struck_mw_cm2)
            }
            // Time alone: the relay's feedback is the sample, as old as it is, and it measures nothing.
            Dose::Timer => {
                let (at_ms, mw_cm2) = (seen.feedback_at_ms, 0.0);
                (Sample { at_ms, mw_cm2 }, true)
            }
        };
        Ok((relay && current && bright).then_some(sample))
    }

    /// The first witness of the lamp that has nothing to say.
    pub(super) fn silent_witness(&self, seen: &Seen) -> Option<Fault> {
        let silent = |look: Look<()>, point| look.err().map(|why| missing(point, why));
        let uv = matches!(self.dose, Dose::Measured { .. });
        silent(seen.lamp_on.map(drop), Watched::LampOn)
            .or_else(|| silent(seen.irradiance.map(drop), Watched::Irradiance).filter(|_| uv))
            .or_else(|| {
                self.lamp_current_lit_a
                    .and_then(|_| silent(seen.lamp_current_a.map(drop), Watched::LampCurrent))
            })
    }

    /// Every witness says that the lamp burns.
    #[must_use]
    pub fn is_burning(&self, seen: &Seen) -> bool {
        matches!(self.burning(seen), Ok(Some(_)))
    }

    /// Every witness says that the lamp is out.
    #[must_use]
    pub fn is_out(&self, seen: &Seen) -> bool {
        self.lamp(seen) == Lamp::Out
    }

    /// What makes a start pointless now; the lock engages only after it.
    #[must_use]
    pub fn hinders_start(&self, seen: &Seen) -> Option<Fault> {
        let absent = |look: Look<()>, point| look.err().map(|why| missing(point, why));
        absent(seen.door_closed.map(drop), Watched::DoorClosed)
            .or_else(|| (seen.door_closed == Ok(false)).then_some(Fault::DoorOpen))
            .or_else(|| match seen.locked {
                Err(WhyMissing::NotFitted) => None,
                look => absent(look.map(drop), Watched::Locked),
            })
            .or_else(|| stop_button(seen))
            .or_else(|| absent(seen.lamp_on.map(drop), Watched::LampOn))
            .or_else(|| match self.dose {
                Dose::Measured { .. } => absent(seen.irradiance.map(drop), Watched::Irradiance),
                Dose::Timer => None,
            })
            .or_else(|| {
                self.lamp_current_lit_a
                    .and_then(|_| absent(seen.lamp_current_a.map(drop), Watched::LampCurrent))
            })
            .or_else(|| absent(seen.fan_on.map(drop), Watched::FanOn))
            .or_else(|| match self.ozone {
                Ozone::Measured { .. } => absent(seen.ozone_mg_m3.map(drop), Watched::Ozone),
                Ozone::Timer => None,
            })
            .or_else(|| (self.lamp(seen) != Lamp::Out).then_some(Fault::LampLitUnasked))
    }

    /// What forbids waiting behind a locked door with the lamp out.
    pub(super) fn not_quiet(&self, seen: &Seen) -> Option<Fault> {
        seen.interlock()
            .or_else(|| (self.lamp(seen) == Lamp::Lit).then_some(Fault::LampLitUnasked))
    }

    /// Whether the ozone is known to be low: by its sensor now, or by the time the fan was seen running.
    pub(super) fn air_is_clear(&self, aired: &Aired, seen: &Seen) -> bool {
        match self.ozone {
            Ozone::Measured { release_mg_m3 } => {
                matches!(seen.ozone_mg_m3, Ok(ozone) if ozone <= release_mg_m3)
            }
            Ozone::Timer => aired.fan_ms >= self.ventilation_ms,
        }
    }
}

impl Seen {
    /// The door is closed and, where that can be seen, locked; the stop button is not pressed.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.interlock().is_none()
    }

    /// Somebody opened the door or pressed the stop.
    #[must_use]
    pub fn hand_at_it(&self) -> Option<Fault> {
        let door = (self.door_closed == Ok(false)).then_some(Fault::DoorOpen);
        let stop = (self.estop_pressed == Ok(true)).then_some(Fault::EstopPressed);
        door.or(stop)
    }

    /// What forbids going on behind a closed and locked door. A cabinet without a lock's contact or a
    /// stop button that we can see says so in its profile.
    pub(super) fn interlock(&self) -> Option<Fault> {
        must(self.door_closed, Watched::DoorClosed, true, Fault::DoorOpen)
            .or_else(|| match self.locked {
                Err(WhyMissing::NotFitted) => None,
                look => must(look, Watched::Locked, true, Fault::NotLocked),
            })
            .or_else(|| stop_button(self))
    }
}

fn stop_button(seen: &Seen) -> Option<Fault> {
    match seen.estop_pressed {
        Err(WhyMissing::NotFitted) => None,
        look => must(look, Watched::EstopPressed, false, Fault::EstopPressed),
    }
}

fn must(look: Look<bool>, point: Watched, wanted: bool, fault: Fault) -> Option<Fault> {
    match look {
        Ok(value) if value == wanted => None,
        Ok(_) => Some(fault),
        Err(why) => Some(missing(point, why)),
    }
}

pub(super) fn missing(point: Watched, why: WhyMissing) -> Fault {
    Fault::ReadingMissing { point, why }
}
