//! The transitions of a cycle, one function per step, and the orders that belong to each.

use super::{
    Aired, Exposure, Fault, Heartbeat, Lamp, Look, Orders, Refused, Rules, Seen, Step, Switch,
    Watched,
};

impl Step {
    /// Stable name for records, the API and the console.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Preflight { .. } => "preflight",
            Self::Striking { .. } => "striking",
            Self::Irradiating { .. } => "irradiating",
            Self::Stopping { .. } => "stopping",
            Self::Ventilating { .. } => "ventilating",
            Self::Releasing { .. } => "releasing",
            Self::Released { .. } => "released",
            Self::Aborting { .. } => "aborting",
            Self::Quarantined { .. } => "quarantined",
            Self::Alarm { .. } => "alarm",
        }
    }

    /// Whether a load is inside whose outcome is open.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(
            self,
            Self::Idle | Self::Released { .. } | Self::Quarantined { .. } | Self::Alarm { .. }
        )
    }

    /// What the load has had so far.
    #[must_use]
    pub fn exposure(&self) -> Exposure {
        match self {
            Self::Idle | Self::Preflight { .. } | Self::Striking { .. } => Exposure::default(),
            Self::Irradiating { exposure, .. }
            | Self::Stopping { exposure, .. }
            | Self::Ventilating { exposure, .. }
            | Self::Releasing { exposure, .. }
            | Self::Released { exposure, .. }
            | Self::Aborting { exposure, .. }
            | Self::Quarantined { exposure, .. }
            | Self::Alarm { exposure, .. } => exposure.clone(),
        }
    }

    /// What went wrong, where something did.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Aborting { fault, .. }
            | Self::Quarantined { fault, .. }
            | Self::Alarm { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// What the cabinet should be doing in this step.
    #[must_use]
    pub fn orders(&self) -> Orders {
        let (lamp, fan, lock, heartbeat) = match self {
            Self::Idle | Self::Released { .. } => {
                (Switch::Off, Switch::Off, Switch::Off, Heartbeat::Withheld)
            }
            Self::Preflight { .. } => (Switch::Off, Switch::Off, Switch::On, Heartbeat::Given),
            Self::Striking { .. } | Self::Irradiating { .. } => {
                (Switch::On, Switch::Off, Switch::On, Heartbeat::Given)
            }
            Self::Stopping { .. } => (Switch::Off, Switch::Off, Switch::On, Heartbeat::Withheld),
            Self::Ventilating { .. }
            | Self::Releasing { .. }
            | Self::Aborting { .. }
            | Self::Quarantined { .. }
            | Self::Alarm { .. } => (Switch::Off, Switch::On, Switch::On, Heartbeat::Withheld),
        };
        Orders {
            lamp,
            fan,
            lock,
            heartbeat,
        }
    }

    pub(super) fn started(&self, since_ms: u64) -> Result<Self, Refused> {
        match self {
            Self::Idle | Self::Released { .. } | Self::Quarantined { .. } => {
                Ok(Self::Preflight { since_ms })
            }
            Self::Alarm { .. } => Err(Refused::AlarmStands),
            _ => Err(Refused::CycleRunning),
        }
    }

    /// A running cycle ends here, for this reason. Before the lamp was ever told to light there is
    /// nothing to put out.
    pub(super) fn failed(&self, fault: Fault, since_ms: u64) -> Result<Self, Refused> {
        let exposure = self.exposure();
        match self {
            Self::Preflight { .. } => Ok(Self::Quarantined { fault, exposure }),
            Self::Striking { .. }
            | Self::Irradiating { .. }
            | Self::Stopping { .. }
            | Self::Ventilating { .. }
            | Self::Releasing { .. } => Ok(Self::Aborting {
                since_ms,
                fault,
                exposure,
            }),
            Self::Alarm { .. } => Err(Refused::AlarmStands),
            Self::Idle
            | Self::Released { .. }
            | Self::Quarantined { .. }
            | Self::Aborting { .. } => Err(Refused::NothingRunning),
        }
    }

    pub(super) fn released(&self) -> Result<Self, Refused> {
        match self {
            Self::Releasing {
                exposure, aired, ..
            } => Ok(Self::Released {
                exposure: exposure.clone(),
                aired: aired.clone(),
            }),
            _ => Err(Refused::NothingToRelease),
        }
    }

    pub(super) fn acknowledged(&self) -> Result<Self, Refused> {
        match self {
            Self::Quarantined { .. } => Ok(Self::Idle),
            Self::Alarm {
                fault,
                exposure,
                lamp: Lamp::Out,
            } => Ok(Self::Quarantined {
                fault: *fault,
                exposure: exposure.clone(),
            }),
            Self::Alarm { .. } => Err(Refused::LampNotSeenOut),
            _ => Err(Refused::NothingToAcknowledge),
        }
    }
}

impl Rules {
    /// The step after `step`, having seen `seen`.
    pub(super) fn next(&self, step: &Step, seen: &Seen) -> Step {
        match step {
            Step::Preflight { since_ms } => self.preflight(*since_ms, seen),
            Step::Striking { since_ms } => self.striking(step, *since_ms, seen),
            Step::Irradiating { since_ms, exposure } => {
                self.irradiating(step, *since_ms, exposure, seen)
            }
            Step::Stopping { since_ms, exposure } => self.stopping(step, *since_ms, exposure, seen),
            Step::Ventilating {
                since_ms,
                exposure,
                aired,
            } => self.ventilating(step, *since_ms, exposure, aired, seen),
            Step::Releasing { since_ms, .. } => self.releasing(step, *since_ms, seen),
            Step::Aborting {
                since_ms,
                fault,
                exposure,
            } => self.aborting(*since_ms, *fault, exposure, seen),
            Step::Alarm {
                fault, exposure, ..
            } => Step::Alarm {
                fault: *fault,
                exposure: exposure.clone(),
                lamp: self.lamp(seen),
            },
            Step::Idle | Step::Released { .. } | Step::Quarantined { .. } => {
                if self.lamp(seen) == Lamp::Lit {
                    return Step::Aborting {
                        since_ms: seen.at_ms,
                        fault: Fault::LampLitUnasked,
                        exposure: step.exposure(),
                    };
                }
                step.clone()
            }
        }
    }

    fn preflight(&self, since_ms: u64, seen: &Seen) -> Step {
        if self.lamp(seen) == Lamp::Lit {
            return Step::Aborting {
                since_ms: seen.at_ms,
                fault: Fault::LampLitUnasked,
                exposure: Exposure::default(),
            };
        }
        match self.not_ready(seen) {
            None => Step::Striking {
                since_ms: seen.at_ms,
            },
            Some(fault) if over(seen.at_ms, since_ms, self.preflight_max_ms) => Step::Quarantined {
                fault,
                exposure: Exposure::default(),
            },
            Some(_) => Step::Preflight { since_ms },
        }
    }

    fn striking(&self, step: &Step, since_ms: u64, seen: &Seen) -> Step {
        if let Some(fault) = seen.interlock() {
            return fail(step, fault, seen);
        }
        match (seen.lamp_on, seen.irradiance) {
            // A sample from before the order says nothing about this lamp.
            (Ok(true), Ok(sample))
                if sample.at_ms >= since_ms && sample.mw_cm2 >= self.irradiance_struck_mw_cm2 =>
            {
                let exposure = Exposure::default().with(sample, 0);
                Step::Irradiating {
                    since_ms: seen.at_ms,
                    exposure,
                }
            }
            (Err(why), _) => fail(step, missing(Watched::LampOn, why), seen),
            (_, Err(why)) => fail(step, missing(Watched::Irradiance, why), seen),
            _ if over(seen.at_ms, since_ms, self.strike_max_ms) => {
                fail(step, Fault::LampDidNotStrike, seen)
            }
            _ => step.clone(),
        }
    }

    fn irradiating(&self, step: &Step, since_ms: u64, had: &Exposure, seen: &Seen) -> Step {
        if let Some(fault) = seen.interlock() {
            return fail(step, fault, seen);
        }
        if over(seen.at_ms, since_ms, self.max_exposure_ms) {
            return fail(step, Fault::DoseNotReached, seen);
        }
        let sample = match (seen.lamp_on, seen.irradiance) {
            (Ok(true), Ok(sample)) if sample.mw_cm2 >= self.irradiance_struck_mw_cm2 => sample,
            (Ok(_), Ok(_)) => return fail(step, Fault::LampWentOut, seen),
            (Err(why), _) => return fail(step, missing(Watched::LampOn, why), seen),
            (_, Err(why)) => return fail(step, missing(Watched::Irradiance, why), seen),
        };
        let exposure = had.with(sample, self.longest_gap_ms());
        if exposure.dose_mj_cm2 >= self.target_dose_mj_cm2
            && exposure.lit_ms >= self.min_exposure_ms
        {
            return Step::Stopping {
                since_ms: seen.at_ms,
                exposure,
            };
        }
        Step::Irradiating { since_ms, exposure }
    }

    fn stopping(&self, step: &Step, since_ms: u64, exposure: &Exposure, seen: &Seen) -> Step {
        if let Some(fault) = seen.interlock() {
            return fail(step, fault, seen);
        }
        if self.lamp(seen) == Lamp::Out {
            return Step::Ventilating {
                since_ms: seen.at_ms,
                exposure: exposure.clone(),
                aired: Aired::default(),
            };
        }
        if over(seen.at_ms, since_ms, self.off_confirm_max_ms) {
            return fail(step, Fault::LampNotOff, seen);
        }
        step.clone()
    }

    fn ventilating(
        &self,
        step: &Step,
        since_ms: u64,
        exposure: &Exposure,
        had: &Aired,
        seen: &Seen,
    ) -> Step {
        if let Some(fault) = self.not_quiet(seen) {
            return fail(step, fault, seen);
        }
        let aired = match seen.fan_on {
            Ok(true) => had.with_fan_running(seen.at_ms, self.longest_gap_ms()),
            Ok(false) | Err(_) => had.with_fan_not_seen(),
        };
        let fan_seen_at_ms = aired.fan_seen_at_ms.unwrap_or(since_ms);
        if over(seen.at_ms, fan_seen_at_ms, self.fan_start_max_ms) {
            let fault = match seen.fan_on {
                Err(why) => missing(Watched::FanOn, why),
                Ok(_) => Fault::FanNotRunning,
            };
            return fail(step, fault, seen);
        }
        if over(seen.at_ms, since_ms, self.ventilation_max_ms) {
            let fault = match seen.ozone_mg_m3 {
                Err(why) => missing(Watched::Ozone, why),
                Ok(_) => Fault::OzoneDidNotFall,
            };
            return fail(step, fault, seen);
        }
        let exposure = exposure.clone();
        if aired.fan_ms >= self.ventilation_ms && self.ozone_is_low(seen) {
            return Step::Releasing {
                since_ms: seen.at_ms,
                exposure,
                aired,
            };
        }
        Step::Ventilating {
            since_ms,
            exposure,
            aired,
        }
    }

    /// Waiting for the record; whoever keeps it has as long as a ventilation may take.
    fn releasing(&self, step: &Step, since_ms: u64, seen: &Seen) -> Step {
        if let Some(fault) = self.not_quiet(seen) {
            return fail(step, fault, seen);
        }
        if over(seen.at_ms, since_ms, self.ventilation_max_ms) {
            return fail(step, Fault::RecordFailed, seen);
        }
        step.clone()
    }

    fn aborting(&self, since_ms: u64, fault: Fault, exposure: &Exposure, seen: &Seen) -> Step {
        let exposure = exposure.clone();
        match self.lamp(seen) {
            Lamp::Out => Step::Quarantined { fault, exposure },
            lamp if over(seen.at_ms, since_ms, self.off_confirm_max_ms) => Step::Alarm {
                fault,
                exposure,
                lamp,
            },
            _ => Step::Aborting {
                since_ms,
                fault,
                exposure,
            },
        }
    }

    /// The first thing that forbids lighting the lamp.
    fn not_ready(&self, seen: &Seen) -> Option<Fault> {
        let absent = |look: Look<()>, point| look.err().map(|why| missing(point, why));
        seen.interlock()
            .or_else(|| absent(seen.lamp_on.map(drop), Watched::LampOn))
            .or_else(|| absent(seen.irradiance.map(drop), Watched::Irradiance))
            .or_else(|| absent(seen.fan_on.map(drop), Watched::FanOn))
            .or_else(|| absent(seen.ozone_mg_m3.map(drop), Watched::Ozone))
            .or_else(|| (self.lamp(seen) != Lamp::Out).then_some(Fault::LampLitUnasked))
    }

    /// What forbids waiting behind a locked door with the lamp out.
    fn not_quiet(&self, seen: &Seen) -> Option<Fault> {
        seen.interlock()
            .or_else(|| (self.lamp(seen) == Lamp::Lit).then_some(Fault::LampLitUnasked))
    }

    fn ozone_is_low(&self, seen: &Seen) -> bool {
        matches!(seen.ozone_mg_m3, Ok(ozone) if ozone <= self.ozone_release_mg_m3)
    }

    fn lamp(&self, seen: &Seen) -> Lamp {
        let dark = seen
            .irradiance
            .map(|sample| sample.mw_cm2 <= self.irradiance_dark_mw_cm2);
        match (seen.lamp_on, dark) {
            (Ok(false), Ok(true)) => Lamp::Out,
            (Ok(true), _) | (_, Ok(false)) => Lamp::Lit,
            _ => Lamp::Unknown,
        }
    }

    fn longest_gap_ms(&self) -> u64 {
        3 * self.poll_ms
    }
}

fn over(now_ms: u64, since_ms: u64, limit_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) > limit_ms
}

fn missing(point: Watched, why: super::WhyMissing) -> Fault {
    Fault::ReadingMissing { point, why }
}

fn fail(step: &Step, fault: Fault, seen: &Seen) -> Step {
    Step::Aborting {
        since_ms: seen.at_ms,
        fault,
        exposure: step.exposure(),
    }
}
