//! What belongs on a cycle's record beside the steps of the machine: what was wrong with the air of a load that had failed before, and
//! after an alarm when its lamp was seen out, who took it from there, and how long the fan ran then.

use super::record::{End, Kept};
use super::task::Supervisor;
use crate::domain::cycle::{Fault, Lamp, Step};
use crate::store::CycleStep;

/// How far an alarm is told on the record of its cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// There was none, or all of it is told.
    None,
    /// It stands; the lamp as last told.
    Alarm(Lamp),
    /// It was acknowledged; how long the fan ran is to be told.
    Airing,
}

impl Aftermath {
    /// As an earlier run has told it.
    pub(super) fn left(steps: &[CycleStep]) -> Self {
        steps
            .iter()
            .fold(Self::None, |told, step| match (told, step.step.as_str()) {
                (Self::None | Self::Airing, "alarm") => Self::Alarm(Lamp::Lit),
                (Self::Alarm(_), CycleStep::LAMP_SEEN_OUT) => Self::Alarm(Lamp::Out),
                (Self::Alarm(_), CycleStep::LAMP_SEEN_LIT) => Self::Alarm(Lamp::Lit),
                (Self::Alarm(_), CycleStep::ACKNOWLEDGED)
                | (Self::Alarm(Lamp::Out), "ventilating") => Self::Airing,
                (_, CycleStep::AIRED) => Self::None,
                _ => told,
            })
    }
}

impl Supervisor {
    /// After every look: what it showed beside the step. What cannot be written is tried again with the next.
    pub(super) async fn note_aftermath(&mut self, of_its_air: Option<Fault>) {
        let rests = matches!(self.cycle.step(), Step::Idle | Step::Released);
        let Some(record) = &mut self.record else {
            return;
        };
        if rests && record.end == End::Written {
            record.kept = Kept::No;
        }
        let first = self.cycle.load().failed.map(Fault::code);
        if let Some(fault) = of_its_air.filter(|fault| Some(fault.code()) != first) {
            let told = self.told(fault);
            self.add_to_record(CycleStep::NOTICED, Some(told), None)
                .await;
        }
        while let Some((step, detail, then)) = self.aftermath_due() {
            if let Some(step) = step
                && !self.add_to_record(step, detail, None).await
            {
                return;
            }
            if let Some(record) = &mut self.record {
                record.aftermath = then;
            }
        }
    }

    /// The next thing to tell, if there is one, and how far it is told then.
    fn aftermath_due(&self) -> Option<(Option<&'static str>, Option<String>, Aftermath)> {
        let record = self.record.as_ref().filter(|record| record.takes_more())?;
        let (out, lit) = (CycleStep::LAMP_SEEN_OUT, CycleStep::LAMP_SEEN_LIT);
        Some(match (record.aftermath, self.cycle.step()) {
            (Aftermath::None | Aftermath::Airing, Step::Alarm { .. }) => {
                (None, None, Aftermath::Alarm(Lamp::Lit))
            }
            (Aftermath::Alarm(Lamp::Out), Step::Alarm { lamp: Lamp::Lit }) => {
                (Some(lit), None, Aftermath::Alarm(Lamp::Lit))
            }
            (Aftermath::Alarm(Lamp::Lit | Lamp::Unknown), Step::Alarm { lamp: Lamp::Out }) => {
                (Some(out), None, Aftermath::Alarm(Lamp::Out))
            }
            (Aftermath::Alarm(Lamp::Out), Step::Ventilating { .. }) => {
                (None, None, Aftermath::Airing)
            }
            // After a restart, or acknowledged between two looks.
            (Aftermath::Alarm(_), Step::Ventilating { .. }) => (Some(out), None, Aftermath::Airing),
            (Aftermath::Airing, Step::Quarantined { .. }) => {
                let fan_s = self.cycle.load().aired.fan_ms as f64 / 1000.0;
                let fan_s = Some(fan_s.to_string());
                (Some(CycleStep::AIRED), fan_s, Aftermath::None)
            }
            _ => return None,
        })
    }

    /// Something that is no step, for the record of a load that is still inside. Whether it is on it.
    pub(super) async fn add_to_record(
        &mut self,
        step: &str,
        detail: Option<String>,
        by: Option<&str>,
    ) -> bool {
        let Some(record) = self.record.as_ref().filter(|record| record.takes_more()) else {
            return true;
        };
        let cycle = record.cycle;
        let step = CycleStep {
            detail,
            by: by.map(str::to_owned),
            ..self.step_now(record, step)
        };
        let written = self
            .around
            .store
            .with(move |db| db.cycle_step(cycle, &step));
        match written.await {
            Ok(()) => true,
            Err(error) => {
                self.say_unrecorded(&error);
                false
            }
        }
    }
}
