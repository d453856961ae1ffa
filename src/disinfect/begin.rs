//! Whether a cycle may begin, and on what grounds the door of a quarantine is opened: the asking side of a cabinet's task.

use super::Refused;
use super::record::{End, Record};
use super::task::{Supervisor, not_now};
use crate::domain::cycle::{Ask, Cycle, Fault, Grounds, Refused as Never, Step};
use crate::domain::letter::LoadState;
use crate::events::Event;
use crate::store::{CycleRecord, StoreError};

impl Supervisor {
    pub(super) async fn begin(&mut self, load: i64, by: String) -> Result<String, Refused> {
        let started = self.may_start().await?;
        let hindrance = match &self.seen {
            None => Some("cabinet_silent"),
            Some(seen) => self.cycle.rules().hinders_start(seen).map(Fault::code),
        };
        if let Some(code) = hindrance {
            return Err(not_now(code));
        }
        if let (Step::Quarantined { .. }, Some(record)) = (self.cycle.step(), &self.record)
            && record.load != load
            && self.grounds().await.is_err()
        {
            // Behind the locked door lies another load than the one that would be released.
            return Err(not_now("other_load_inside"));
        }
        let (terms, actor) = (self.terms.clone(), by.clone());
        let begun = self
            .around
            .store
            .with(move |db| {
                let cycle = db.begin_cycle(load, &terms, &actor)?;
                db.load(load).map(|load| (cycle, load.batch_id))
            })
            .await;
        let (cycle, batch) = match begun {
            Ok(begun) => begun,
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
        self.record = Some(Record {
            cycle,
            load,
            batch,
            end: End::Open,
            began_ms: Some(self.now_ms()),
            had: None,
        });
        self.around.events.tell(Event::Batch { batch });
        self.advance(started, Some(&by)).await;
        self.give_orders().await;
        Ok(CycleRecord::number(cycle))
    }

    /// The cycle that begins, if the cabinet is in order: the first thing that is not is told, by name.
    async fn may_start(&mut self) -> Result<Cycle, Refused> {
        let started = self.cycle.ask(Ask::Start, self.now_ms());
        if matches!(started, Ok(_) | Err(Never::NotSeenYet)) {
            if self.owes_an_end() {
                return Err(not_now(Fault::RecordFailed.code()));
            }
            self.refuse_another()?;
            self.refuse_trouble().await?;
        }
        started.map_err(|refused| not_now(refused.code()))
    }

    /// A cabinet with a point that a cycle needs and that gives no value takes no load, nor does one whose self test failed.
    async fn refuse_trouble(&mut self) -> Result<(), Refused> {
        self.look_at_orders().await;
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
        let load = record.load;
        match self.around.store.with(move |db| db.load(load)).await {
            Ok(load) => match load.state {
                LoadState::Overridden => Ok(Grounds::SignedOverride),
                LoadState::Released => Ok(Grounds::NothingInside),
                LoadState::Waiting | LoadState::InCycle | LoadState::Quarantined => {
                    Err(not_now("override_needed"))
                }
            },
            Err(error) => Err(Refused::Load {
                reason: error.to_string(),
            }),
        }
    }
}
