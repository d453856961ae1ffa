//! The loop: look, decide, record, act. Between two looks at a running cycle no second passes, or the
//! cabinet's own controller puts the lamp out.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uv_cabinet::{Begun, Cabinet, Profile, WrongCabinet};

use super::alarm::Alarm;
use super::curve::Curve;
use super::give::Given;
use super::health::{HeldAgainst, Logged};
use super::last_words::LastWords;
use super::record::{Known, Record};
use super::standing::Standing;
use super::still::OzoneWatch;
use super::trouble::Troubles;
use super::unknown::Unknown;
use super::{CabinetView, MayEnd, Order, Refused, SelfTestView, Surroundings, look};
use crate::clock::{self, Moment};
use crate::config::DeviceId;
use crate::domain::cycle::{
    Ask, Cycle, Fault, Grounds, Lamp, LastLoad, Left, Seen, Step, Switch, WhyMissing,
};
use crate::events::Event;
use crate::store::{CycleStep, CycleTerms, StoreError};

/// Drives one cabinet.
pub(super) struct Supervisor {
    pub(super) id: DeviceId,
    pub(super) terms: CycleTerms,
    pub(super) poll: Duration,
    /// How long a look waits for the cabinet; what is known then is judged, while the link goes on trying.
    pub(super) patience: Duration,
    /// How long an order is waited for that nothing burning hangs on.
    pub(super) order_patience: Duration,
    pub(super) cabinet: Cabinet,
    pub(super) around: Surroundings,
    pub(super) show: watch::Sender<CabinetView>,
    pub(super) epoch: Instant,
    pub(super) cycle: Cycle,
    pub(super) seen: Option<Seen>,
    /// When it was looked last.
    pub(super) looked: Option<Moment>,
    /// The cycle in the records that the steps belong to; the last one stays for the view.
    pub(super) record: Option<Record>,
    /// The last cycle, until its record says that the door was seen open after its end.
    pub(super) not_emptied: Option<i64>,
    /// What is on record of a cabinet that was found in use.
    pub(super) unknown: Unknown,
    /// What the ledger says of an alarm.
    pub(super) alarm: Alarm,
    pub(super) given: Given,
    /// On its way while the lamp is to stay permitted; dropped, it is not given.
    pub(super) beat: Option<Begun>,
    /// The order to put the lamp out, as long as it is not known what became of it.
    pub(super) putting_out: Option<Begun>,
    /// Set while another cabinet answers than the profile's.
    pub(super) wrong: Option<WrongCabinet>,
    /// What is known to be wrong with the cabinet.
    pub(super) troubles: Troubles,
    pub(super) profile: Profile,
    /// A self test is going on.
    pub(super) testing: bool,
    pub(super) last_test: Option<SelfTestView>,
    pub(super) logged: Logged,
    pub(super) held_against: HeldAgainst,
    pub(super) curve: Curve,
    pub(super) last_words: LastWords,
    pub(super) ozone: OzoneWatch,
    pub(super) standing: Standing,
}

impl Supervisor {
    pub(super) fn new(
        id: DeviceId,
        profile: &Profile,
        cabinet: Cabinet,
        around: Surroundings,
        show: watch::Sender<CabinetView>,
    ) -> Self {
        // Until the records have been read, the worst is assumed.
        let cycle = Cycle::at_start(look::rules(profile), Left::Quarantined, 0);
        Self {
            terms: look::terms(&id, profile),
            id,
            poll: profile.timing.poll,
            patience: profile.timing.poll * 9 / 10,
            order_patience: profile.order_patience(),
            cabinet,
            around,
            show,
            epoch: clock::monotonic(),
            cycle,
            seen: None,
            looked: None,
            record: None,
            not_emptied: None,
            unknown: Unknown::Nothing,
            alarm: Alarm::Over,
            given: Given::default(),
            beat: None,
            putting_out: None,
            wrong: None,
            troubles: Troubles::default(),
            profile: profile.clone(),
            testing: false,
            last_test: None,
            logged: Logged::default(),
            held_against: HeldAgainst::of(profile),
            curve: Curve::default(),
            last_words: LastWords::default(),
            ozone: OzoneWatch::of(profile),
            standing: Standing::default(),
        }
    }

    /// Runs until `stop`; a running cycle is aborted first.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>, stop: CancellationToken) {
        let mut tick = interval(self.poll);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = Known::No;
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    if stop.is_cancelled() {
                        if !self.cycle.step().is_running() {
                            return;
                        }
                        // Refused once it is aborting already.
                        if let Ok(next) = self.cycle.ask(Ask::Shutdown, self.now_ms()) {
                            self.advance(next, None).await;
                        }
                    }
                    if known == Known::No {
                        known = self.take_over().await;
                    }
                    self.look().await;
                    self.around.beat.beat();
                }
                Some(order) = orders.recv() => match order {
                    Order::SelfTest { by, answer } => {
                        self.test(by, answer, &mut orders, &stop).await;
                    }
                    order => self.obey(order).await,
                },
            }
        }
    }

    pub(super) async fn look(&mut self) {
        let readings = self.cabinet.poll_within(self.patience).await;
        let moment = Moment::now();
        let seen = look::seen(&readings, moment, self.looked.replace(moment), self.epoch);
        let now = moment.at;
        self.wrong = readings.wrong_cabinet().cloned();
        if seen.door_closed == Err(WhyMissing::NoAnswer) {
            self.given.doubt(self.cycle.step());
        }
        self.note_trouble(&readings, now);
        self.note_restart().await;
        let judged = self.ozone.judged(self.cycle.step(), &seen);
        let next = self.cycle.see(&judged);
        self.note_sample(&next, &seen);
        let of_its_air = self.cycle.gave_up_airing(&next, &judged);
        let before = self.cycle.clone();
        let was_well = before.load().failed.is_none();
        self.advance(next, None).await;
        self.note_alarm().await;
        self.standing
            .note((&before, &self.cycle), of_its_air, &judged);
        self.seen = Some(seen);
        self.note_aftermath(of_its_air).await;
        if was_well && self.cycle.load().failed.is_some() {
            self.look_for_others().await;
        }
        self.look_at_orders_when_due(now).await;
        self.settle().await;
        self.note_door().await;
        self.note_unknown().await;
        self.give_orders().await;
        if matches!(self.cycle.step(), Step::Striking { .. }) && self.given.lamp != Some(Switch::On)
        {
            self.light().await;
        }
        self.publish(&readings, now);
        self.log_health(&readings, now).await;
    }

    /// Between a look and the order to withdraw the bolt there is nothing that takes time: writing the step down took some, and somebody at the panel may
    /// have lit the lamp meanwhile.
    pub(super) async fn look_again(&mut self) {
        let readings = self.cabinet.poll_within(self.patience).await;
        let moment = Moment::now();
        let seen = look::seen(&readings, moment, self.looked.replace(moment), self.epoch);
        let next = self.cycle.see(&seen);
        self.note_sample(&next, &seen);
        self.seen = Some(seen);
        self.advance(next, None).await;
    }

    /// To the next state: recorded first, acted on afterwards, except that putting out waits for nothing.
    pub(super) async fn advance(&mut self, next: Cycle, by: Option<&str>) {
        if next.step().code() == self.cycle.step().code() {
            self.cycle = next;
            return;
        }
        if matches!(next.step(), Step::Stopping { .. } | Step::Aborting { .. }) {
            self.cycle = next;
            self.begin_putting_out();
            self.tell();
            let (written, gone_wrong) = self.write_watching(self.cycle.clone(), by).await;
            if let Err(error) = written {
                self.say_unrecorded(&error);
                // Refused where it is aborting already.
                if let Ok(aborting) = self.cycle.ask(Ask::RecordFailed, self.now_ms()) {
                    self.cycle = aborting;
                    self.tell();
                }
                self.leave_word();
            }
            return self.go_wrong(gone_wrong).await;
        }
        let (written, gone_wrong) = self.write_watching(next.clone(), by).await;
        match written {
            Ok(()) => self.cycle = next,
            Err(error) => {
                self.say_unrecorded(&error);
                // Refused where nothing is running any more; the end is written again later.
                self.cycle = next.ask(Ask::RecordFailed, self.now_ms()).unwrap_or(next);
                self.leave_word();
            }
        }
        self.tell();
        self.go_wrong(gone_wrong).await;
    }

    /// Writes the change to this step down, and goes on looking meanwhile: a slow disk is no reason to look away. The cycle as it went
    /// wrong in these looks comes back, if it did; nothing else is done about them.
    async fn write_watching(
        &mut self,
        next: Cycle,
        by: Option<&str>,
    ) -> (Result<(), StoreError>, Option<Cycle>) {
        let mut looked = self.looked;
        let mut watched = next.clone();
        let written = {
            let mut writing = pin!(self.write_step(&next, by));
            loop {
                tokio::select! {
                    written = &mut writing => break written,
                    () = tokio::time::sleep(self.poll) => {
                        let readings = self.cabinet.poll_within(self.patience).await;
                        let now = Moment::now();
                        let seen = look::seen(&readings, now, looked.replace(now), self.epoch);
                        watched = watched.see(&seen);
                    }
                }
            }
        };
        self.looked = looked;
        let went_wrong = next.load().failed.is_none() && watched.load().failed.is_some();
        (written, went_wrong.then_some(watched))
    }

    /// What was seen to go wrong while the step before was written down.
    async fn go_wrong(&mut self, gone_wrong: Option<Cycle>) {
        if let Some(failed) = gone_wrong.filter(|_| self.cycle.load().failed.is_none()) {
            Box::pin(self.advance(failed, None)).await;
        }
    }

    async fn obey(&mut self, order: Order) {
        // Whoever asked may have gone away meanwhile; the order stands.
        match order {
            Order::Start { load, by, answer } => {
                let _ = answer.send(self.begin(load, by).await);
            }
            Order::Abort { by, answer } => {
                let _ = answer.send(self.ask(Ask::Abort, &by).await);
            }
            Order::SelfTest { answer, .. } => {
                let _ = answer.send(Err(not_now("self_test_running")));
            }
            Order::TurnedOver { by, answer } => {
                let _ = answer.send(self.ask(Ask::TurnedOver, &by).await);
            }
            Order::Acknowledge {
                by,
                may,
                reason,
                answer,
            } => {
                let ask = match (self.cycle.step(), self.cycle.last_load()) {
                    (Step::Alarm { .. }, _) | (Step::Quarantined { .. }, LastLoad::NobodyKnows)
                        if may == MayEnd::AllButAlarms =>
                    {
                        Err(Refused::NotYourAlarm)
                    }
                    (Step::Quarantined { .. }, LastLoad::NobodyKnows) if reason.is_none() => {
                        Err(not_now("reason_missing"))
                    }
                    (Step::Quarantined { .. }, LastLoad::NobodyKnows) => {
                        Ok(Ask::Open(Grounds::APersonsWord))
                    }
                    (Step::Quarantined { .. }, _) => self.grounds().await.map(Ask::Open),
                    // Its mains are cut, as the alarm asks for: waiting for the lamps to go out would be waiting for ever. A gateway with mains of its
                    // own may answer for it.
                    (Step::Alarm { lamp }, _) if *lamp == Lamp::Unknown || !self.answers() => {
                        Err(not_now("lamps_not_shown"))
                    }
                    _ => Ok(Ask::Acknowledge),
                };
                let _ = answer.send(match ask {
                    Ok(ask) => self.acknowledged(ask, &by, reason).await,
                    Err(refused) => Err(refused),
                });
            }
        }
    }

    /// On record before it is acted on: who, and why where he said so.
    async fn acknowledged(
        &mut self,
        ask: Ask,
        by: &str,
        reason: Option<String>,
    ) -> Result<(), Refused> {
        self.cycle
            .ask(ask, self.now_ms())
            .map_err(|refused| not_now(refused.code()))?;
        self.note_word(ask, by, reason.clone()).await?;
        let alarm = matches!(self.cycle.step(), Step::Alarm { .. });
        let what = CycleStep::ACKNOWLEDGED;
        if alarm && !self.add_to_record(what, reason, Some(by)).await {
            return Err(not_now(Fault::RecordFailed.code()));
        }
        self.ask(ask, by).await
    }

    async fn ask(&mut self, ask: Ask, by: &str) -> Result<(), Refused> {
        let next = self
            .cycle
            .ask(ask, self.now_ms())
            .map_err(|refused| not_now(refused.code()))?;
        tracing::info!(cabinet = %self.id, ?ask, by, "asked by a person");
        self.advance(next, Some(by)).await;
        self.settle().await;
        self.give_orders().await;
        Ok(())
    }

    pub(super) fn now_ms(&self) -> u64 {
        let passed = clock::monotonic().saturating_duration_since(self.epoch);
        u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
    }

    /// The step has changed.
    pub(super) fn tell(&self) {
        let (step, device) = (self.cycle.step(), self.id.to_string());
        let fault = self.cycle.fault().map(Fault::code);
        tracing::info!(cabinet = %device, step = step.code(), fault, "cabinet");
        self.around.events.tell(Event::Device {
            device: device.clone(),
            state: step.code().to_owned(),
        });
        if let Some(code) = fault {
            self.around.events.tell(Event::Alert {
                code: code.to_owned(),
                subject: device,
            });
        }
    }
}

pub(super) fn not_now(code: &str) -> Refused {
    Refused::NotNow {
        code: code.to_owned(),
    }
}
