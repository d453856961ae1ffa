//! What a cabinet's task shows: whether the cabinet is ready, and what people see of it.

use std::time::Instant;

use uv_cabinet::Readings;

use super::task::Supervisor;
use super::trouble::{silence_code, silence_next};
use super::{BlockedView, CabinetView, WrongCabinetView, look};
use crate::domain::cycle::{Air, Fault, Lamp, LastLoad, Look, Sample, Step, WhyMissing};
use crate::store::CycleRecord;

impl Supervisor {
    pub(super) fn publish(&self, readings: &Readings, now: Instant) {
        let step = self.cycle.step();
        let (answers, irradiance) = match &self.seen {
            Some(seen) => (
                seen.door_closed != Err(WhyMissing::NoAnswer),
                seen.irradiance,
            ),
            None => (false, Err(WhyMissing::NoAnswer)),
        };
        self.say_ready(readings, now);
        self.show.send_replace(CabinetView {
            id: self.id.to_string(),
            model: self.terms.model.clone(),
            connected: answers,
            wrong_cabinet: readings.wrong_cabinet().map(WrongCabinetView::from),
            step: if self.testing {
                "self_test"
            } else {
                step.code()
            }
            .to_owned(),
            alarm_lamp: match step {
                Step::Alarm { lamp } => Some(lamp.code().to_owned()),
                _ => None,
            },
            self_test: self.last_test.clone(),
            blocked: self.blocking(),
            troubles: self.troubles.all().cloned().collect(),
            dose_basis: self.terms.dose_basis,
            ozone_basis: self.terms.ozone_basis,
            sides: self.terms.sides,
            absent: self.terms.absent.clone(),
            map: self.profile.map.name().to_owned(),
            awaits_unloading: self.awaits_unloading(),
            points: look::points(readings, now),
            cycle: self.cycle_view(irradiance),
            link: look::link(&self.cabinet.link_quality()),
        });
    }

    /// Found in use, and no person has looked into it yet; one whose door is still waited for is not seen yet, or rests.
    pub(super) fn is_found_in_use(&self) -> bool {
        self.cycle.last_load() == LastLoad::NobodyKnows
            && !matches!(self.cycle.step(), Step::Idle | Step::Released)
    }

    /// Why no load can be taken: the device, or what nobody knows of it.
    fn blocking(&self) -> Option<BlockedView> {
        let found_in_use = || BlockedView::by(Fault::FoundInUse.code());
        self.troubles
            .blocking()
            .or_else(|| self.is_found_in_use().then(found_in_use))
    }

    /// What `/readyz`, the console and systemd hear.
    fn say_ready(&self, readings: &Readings, now: Instant) {
        let (part, id) = (format!("cabinet/{}", self.id), &self.id);
        let not_ready = |code: &str, message: String| {
            self.around.readiness.not_ready(&part, code, &message);
        };
        if let Step::Alarm { lamp: Lamp::Out } = self.cycle.step() {
            let message = format!(
                "{id}: the alarm stands, though its lamps are out now. Mend what kept them lit, then acknowledge it on the cabinet's page"
            );
            not_ready("alarm_stands", message);
        } else if matches!(self.cycle.step(), Step::Alarm { .. }) {
            let message = format!(
                "{id}: the lamp was not seen out. Cut the mains, do not open the door, call maintenance"
            );
            not_ready("lamp_not_seen_out", message);
        } else if let Some(wrong) = readings.wrong_cabinet() {
            let message = format!(
                "{id}: {wrong}; set the right address, or give the cabinet the profile of its model"
            );
            not_ready("wrong_cabinet", message);
        } else if let Some(why) = &self.troubles.silence {
            let message = format!(
                "{id} does not answer ({}): {}",
                why.code(),
                silence_next(why)
            );
            not_ready(silence_code(why), message);
        } else if self.troubles.unrecorded {
            let message = format!(
                "{id}: what it does cannot be recorded, so no load is taken or released: check the disk's space and the station's log"
            );
            not_ready("record_failed", message);
        } else if let Some(trouble) = self.troubles.lasting(now) {
            let message = format!("{id} takes no load: {trouble}; {}", trouble.next());
            not_ready("reading_missing", message);
        } else if self.troubles.self_test_failed && !self.testing {
            let message = format!(
                "{id} takes no load: its last self test failed. Mend what the test names, then let it pass a self test"
            );
            not_ready("self_test_failed", message);
        } else if self.is_found_in_use() {
            let message = format!(
                "{id} takes no load: it was found locked, lit or with its fan running, and nothing is on record of it. Find out what is inside, then acknowledge it on its page"
            );
            not_ready(Fault::FoundInUse.code(), message);
        } else if let Some(found) = self.standing.of_air().filter(|_| self.has_bad_air()) {
            let message = format!(
                "{id}: the air inside is not known to be good ({}). Do not open the door, air the room, check fan and duct",
                found.code
            );
            not_ready(&found.code, message);
        } else if !self.troubles.all().any(|trouble| trouble.needed) {
            self.around.readiness.ready(&part);
        }
    }

    /// The longest ventilation is over, and the door stays locked for it.
    fn has_bad_air(&self) -> bool {
        let bad = Step::Quarantined { air: Air::NotShown };
        *self.cycle.step() == bad
    }

    /// Unlocked, after a cycle, and nobody has been seen at the door.
    fn awaits_unloading(&self) -> bool {
        matches!(self.cycle.step(), Step::Idle | Step::Released)
            && self.cycle.last_load() != LastLoad::LetOut
    }

    fn cycle_view(&self, irradiance: Look<Sample>) -> Option<super::CycleView> {
        // After a restart the cycle before is history: its dose is on its record, not here.
        let shown = !matches!(self.cycle.step(), Step::Idle | Step::Unknown { .. });
        let record = self.record.as_ref().filter(|_| shown)?;
        let number = CycleRecord::number(record.cycle);
        let mut view = look::cycle(number, record.load, &self.cycle, irradiance);
        if let Some((dose_mj_cm2, exposure_s)) = record.had {
            view.dose_mj_cm2 = dose_mj_cm2;
            view.exposure_s = exposure_s;
        }
        view.side = record.unwatched_side.unwrap_or(view.side);
        // What an earlier run found wrong first stays first; a lamp that burns now goes before everything.
        if let Some(first) = &record.failed_first
            && view.failed.as_ref().is_some_and(|now| now != first)
        {
            view.failed_besides = Some(first.clone());
            if self.cycle.fault() != Some(Fault::LampLitUnasked) {
                std::mem::swap(&mut view.failed, &mut view.failed_besides);
            }
        }
        Some(view)
    }
}
