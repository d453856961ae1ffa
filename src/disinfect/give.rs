//! What the cabinet is told: the orders of the step, each once, and putting out before everything and without waiting.

use std::time::Instant;

use uv_cabinet::{Command, CommandError, Point};

use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::{Ask, Heartbeat, Step, Switch, WhyMissing};

/// What the cabinet is known to have taken; `None` after any doubt.
#[derive(Default)]
pub(super) struct Given {
    pub(super) lamp: Option<Switch>,
    fan: Option<Switch>,
    lock: Option<Switch>,
}

impl Given {
    /// The cabinet is silent: what it holds is unknown. A lamp that was lit is not lit again.
    pub(super) fn doubt(&mut self, step: &Step) {
        self.fan = None;
        self.lock = None;
        if step.orders().lamp == Switch::Off {
            self.lamp = None;
        }
    }
}

impl Given {
    /// Its register holds something else: it is told again with the next orders.
    pub(super) fn forget(&mut self, point: Point) {
        match point {
            Point::LampCommand => self.lamp = None,
            Point::FanCommand => self.fan = None,
            Point::LockCommand => self.lock = None,
            _ => {}
        }
    }
}

impl Supervisor {
    /// Handed over at once; what became of it is seen with the next orders.
    pub(super) fn begin_putting_out(&mut self) {
        if self.putting_out.is_none() {
            let off = Command::Lamp(uv_cabinet::Switch::Off);
            self.putting_out = self.cabinet.begin(off);
        }
    }

    /// Waited for no longer than a look may take: the looks go on while the link tries.
    async fn put_out(&mut self) {
        self.begin_putting_out();
        let done = match &mut self.putting_out {
            Some(begun) => begun.within(self.patience).await,
            None => None,
        };
        if done.is_some() {
            self.putting_out = None;
        }
        self.given.lamp = matches!(done, Some(Ok(()))).then_some(Switch::Off);
    }

    pub(super) async fn give_orders(&mut self) {
        if self.withdraws_bolt() && self.answers() {
            self.look_again().await;
        }
        let answers = self.answers();
        // All orders of a look share one patience: nobody looks meanwhile.
        let until = clock::monotonic() + self.order_patience;
        let step = self.cycle.step();
        let orders = step.orders();
        let insist = matches!(
            step,
            Step::Stopping { .. } | Step::Aborting { .. } | Step::Alarm { .. }
        );
        // Where it does not arrive, the lamp goes out and the readings show it.
        self.beat = match orders.heartbeat {
            Heartbeat::Given => self.cabinet.begin(Command::Heartbeat),
            Heartbeat::Withheld => None,
        };
        if orders.lamp == Switch::Off && (insist || self.given.lamp != Some(Switch::Off)) {
            self.put_out().await;
        }
        let stands_open = self.stands_open();
        // Whoever is silent may be lit when he answers again: the bolt waits for the look that shows him dark.
        let may_be_told = |lock: &Switch| *lock == Switch::On || answers;
        let is_due =
            |lock: &Switch| self.given.lock != Some(*lock) || (*lock == Switch::On && stands_open);
        if let Some(lock) = orders.lock.filter(may_be_told).filter(is_due) {
            self.given.lock = self.order(Command::Lock(wire(lock)), lock, until).await;
        }
        if let Some(fan) = orders.fan.filter(|fan| self.given.fan != Some(*fan)) {
            self.given.fan = self.order(Command::Fan(wire(fan)), fan, until).await;
        }
    }

    /// As far as the last look goes.
    pub(super) fn answers(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.door_closed != Err(WhyMissing::NoAnswer))
    }

    /// The bolt may be in, and this step withdraws it.
    fn withdraws_bolt(&self) -> bool {
        self.cycle.step().orders().lock == Some(Switch::Off)
            && self.given.lock != Some(Switch::Off)
            && self
                .seen
                .as_ref()
                .is_some_and(|seen| seen.locked != Ok(false))
    }

    /// The door is shut and not locked, whatever was ordered: somebody was at the panel, or the controller forgot.
    fn stands_open(&self) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| seen.locked == Ok(false) && seen.door_closed == Ok(true))
    }

    /// Ordered once per cycle and never again by itself.
    pub(super) async fn light(&mut self) {
        // An order to put it out that is still on its way is carried out before this one, and says nothing about the lamp after it.
        self.putting_out = None;
        let on = Command::Lamp(uv_cabinet::Switch::On);
        let lit = self.cabinet.command(on).await;
        if let Err(CommandError::WrongCabinet(_)) = lit {
            // Nothing was told; the next look says the same of everything.
            return;
        }
        self.given.lamp = lit.ok().map(|()| Switch::On);
        if self.given.lamp.is_none()
            && let Ok(next) = self.cycle.ask(Ask::OrderFailed, self.now_ms())
        {
            self.advance(next, None).await;
        }
    }

    /// What the cabinet is known to have taken afterwards.
    async fn order(&self, command: Command, wanted: Switch, until: Instant) -> Option<Switch> {
        let left = until.saturating_duration_since(clock::monotonic());
        let limit = match self.answers() {
            true => left,
            false => self.patience.min(left),
        };
        let mut begun = self.cabinet.begin(command)?;
        let taken = begun.within(limit).await?;
        taken.ok().map(|()| wanted)
    }
}

fn wire(switch: Switch) -> uv_cabinet::Switch {
    match switch {
        Switch::On => uv_cabinet::Switch::On,
        Switch::Off => uv_cabinet::Switch::Off,
    }
}
