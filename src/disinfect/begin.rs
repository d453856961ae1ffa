//! Whether a cycle may begin, and on what grounds the door of a quarantine is opened: the asking side of a cabinet's task.

use std::time::Duration;

use uv_cabinet::Point;

use super::aftermath::Aftermath;
use super::record::{End, Kept, Record};
use super::task::{Supervisor, not_now};
use super::{Refused, TroubleView};
use crate::clock;
use crate::domain::cycle::{Ask, Cycle, Fault, For, Grounds, LastLoad, Refused as Never, Step};
use crate::domain::letter::LoadState;
use crate::events::Event;
use crate::store::{CycleRecord, StoreError};

/// Whoever closes the door and starts at once may be quicker than the door's contact.
const WAIT_FOR_DOOR: Duration = Duration::from_millis(1_500);

impl Supervisor {
    pub(super) async fn begin(&mut self, load: i64, by: String) -> Result<String, Refused> {
        let batch = self.batch_of_what_is_here(load).await?;
        self.look().await;
        self.wait_for_door(load).await;
        self.refuse_another_inside(load).await?;
        let started = self.may_start(load).await?;
        self.refuse_stuck_contact()?;
        let hindrance = match &self.seen {
            None => Some("cabinet_silent"),
            Some(seen) => self.cycle.rules().hinders_start(seen).map(Fault::code),
        };
        if let Some(code) = hindrance {
            return Err(not_now(code));
        }
        let (terms, actor) = (self.terms.clone(), by.clone());
        let begun = self
            .around
            .store
            .with(move |db| db.begin_cycle(load, &terms, &actor))
            .await;
        let cycle = match begun {
            Ok(cycle) => cycle,
            Err(error @ StoreError::Sqlite(_)) => {
                self.say_unrecorded(&error);
                return Err(not_now(Fault::RecordFailed.code()));
            }
            Err(error) => {
                return Err(Refused::Load {
                    reason: error.to_string(),
                });
            }
        };
        self.troubles.unrecorded = false;
        self.troubles.begin_anew();
        self.not_emptied = None;
        self.record = Some(Record {
            cycle,
            load,
            batch,
            end: End::Open,
            began_ms: Some(self.now_ms()),
            had: None,
            unwatched_side: None,
            sides: Vec::new(),
            kept: Kept::No,
            aftermath: Aftermath::None,
            failed_first: None,
        });
        self.around.events.tell(Event::Batch { batch });
        self.advance(started, Some(&by)).await;
        self.give_orders().await;
        Ok(CycleRecord::number(cycle))
    }

    /// The cycle that begins, if the cabinet is in order: the first thing that is not is told, by name.
    async fn may_start(&mut self, load: i64) -> Result<Cycle, Refused> {
        let started = self.cycle.ask(Ask::Start(self.is_for(load)), self.now_ms());
        if matches!(
            started,
            Ok(_) | Err(Never::NotSeenYet | Never::DoorNotOpenedSince)
        ) {
            if self.owes_an_end() {
                return Err(not_now(Fault::RecordFailed.code()));
            }
            // Who is there is asked now: a line that nobody hung up says nothing of that by itself.
            self.look_at_orders().await;
            self.refuse_another()?;
            self.refuse_trouble()?;
        }
        if self.is_found_in_use() {
            return Err(not_now(Fault::FoundInUse.code()));
        }
        started.map_err(|refused| not_now(refused.code()))
    }

    /// The load's batch. What does not exist, may be opened already or lies in another cabinet is said before anything about this one: no
    /// door opened would help. A load in its cycle is told of by the cycle.
    async fn batch_of_what_is_here(&mut self, load: i64) -> Result<i64, Refused> {
        let inside = self.record.as_ref().is_some_and(|r| r.load == load);
        if inside && self.cycle.step().is_running() {
            return Err(not_now(self.cycle.why_busy().code()));
        }
        let asked = self.around.store.with(move |db| db.load_for_cycle(load));
        match asked.await {
            Ok(load) if load.is_kept_in_another_than(&self.id.to_string()) => {
                Err(not_now("load_in_other_cabinet"))
            }
            Ok(load) => Ok(load.batch_id),
            Err(error @ (StoreError::NotFound { .. } | StoreError::WrongState { .. })) => {
                Err(Refused::Load {
                    reason: error.to_string(),
                })
            }
            Err(error) => {
                self.say_unrecorded(&error);
                Err(not_now(Fault::RecordFailed.code()))
            }
        }
    }

    fn is_for(&self, load: i64) -> For {
        match &self.record {
            Some(record) if record.load == load => For::TheSameLoad,
            _ => For::AnotherLoad,
        }
    }

    /// Looks on for a moment while the door is what is in the way.
    async fn wait_for_door(&mut self, load: i64) {
        let until = clock::monotonic() + WAIT_FOR_DOOR;
        while self.waits_for_door(load) && clock::monotonic() < until {
            tokio::time::sleep(self.poll).await;
            self.look().await;
        }
    }

    fn waits_for_door(&self, load: i64) -> bool {
        let unlocked = matches!(self.cycle.step(), Step::Idle | Step::Released);
        let open = self
            .seen
            .as_ref()
            .is_some_and(|seen| seen.door_closed == Ok(false));
        let not_opened =
            self.is_for(load) == For::AnotherLoad && self.cycle.last_load() != LastLoad::LetOut;
        let waits = open || not_opened || self.stuck_contact().is_some();
        unlocked && self.troubles.blocking().is_none() && waits
    }

    /// At rest fan and bolt are ordered off: a contact that says on says so whatever they do, and proves nothing in a cycle.
    fn stuck_contact(&self) -> Option<Point> {
        let rests = matches!(self.cycle.step(), Step::Idle | Step::Released);
        let seen = self.seen.as_ref().filter(|_| rests)?;
        let contacts = [(Point::FanOn, seen.fan_on), (Point::Locked, seen.locked)];
        let stuck = contacts.into_iter().find(|(_, look)| *look == Ok(true));
        stuck.map(|(point, _)| point)
    }

    fn refuse_stuck_contact(&self) -> Result<(), Refused> {
        match self.stuck_contact() {
            None => Ok(()),
            Some(point) => Err(Refused::Reading(Box::new(TroubleView::stuck_on(
                &self.profile,
                point,
            )))),
        }
    }

    /// Behind the locked door lies another load than the one that would be released.
    async fn refuse_another_inside(&self, load: i64) -> Result<(), Refused> {
        let inside = self.record.as_ref().map(|record| record.load);
        let quarantined = matches!(self.cycle.step(), Step::Quarantined { .. });
        match inside.filter(|inside| quarantined && *inside != load) {
            Some(load) if self.grounds().await.is_err() => Err(Refused::OtherLoadInside { load }),
            _ => Ok(()),
        }
    }

    /// A cabinet with a point that a cycle needs and that gives no value takes no load, nor does one whose self test failed.
    fn refuse_trouble(&self) -> Result<(), Refused> {
        self.troubles
            .blocking()
            .map_or(Ok(()), |blocked| Err(blocked.into()))
    }

    /// Another cabinet than the profile's is told nothing.
    pub(super) fn refuse_another(&self) -> Result<(), Refused> {
        match &self.wrong {
            None => Ok(()),
            Some(wrong) => Err(Refused::WrongCabinet(wrong.clone())),
        }
    }

    /// A quarantined load leaves the cabinet only under a signed override.
    pub(super) async fn grounds(&self) -> Result<Grounds, Refused> {
        let Some(record) = &self.record else {
            return Ok(Grounds::NothingInside);
        };
        let (load, cycle) = (record.load, record.cycle);
        match self.around.store.with(move |db| db.load(load)).await {
            Ok(load) => match load.state {
                LoadState::Overridden => Ok(Grounds::SignedOverride),
                // By this cabinet's own cycle: another one's says nothing of what lies in here.
                LoadState::Released if load.cycle_id == Some(cycle) => Ok(Grounds::NothingInside),
                LoadState::Released
                | LoadState::Waiting
                | LoadState::InCycle
                | LoadState::Quarantined => Err(not_now("override_needed")),
            },
            Err(error) => Err(Refused::Load {
                reason: error.to_string(),
            }),
        }
    }
}
