//! The one task that owns a line's connection: made, used, thrown away, made again.
//!
//! After a failure the connection is dropped, never tried again: a late reply must not be taken for the next one's. A TCP
//! connection takes its late replies with it; a serial line is listened to until it has been silent for longer than any reply
//! can be late. One thing is milder: a unit of a shared serial line that says nothing at all is left alone for that long, while
//! the units that do answer are asked on. Their replies carry another unit number, so its late reply cannot pass for theirs.
//!
//! `silent_ms` is what the maker says of the latest reply, and may be wrong. So a unit of a serial line that has left a question
//! unanswered is first asked one whose reply cannot be mistaken for it (`backlog.rs`).
//!
//! A read whose first try failed is asked once more on the new connection. A write never is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::{
    Demand,
    backlog::Backlog,
    connection::{Broken, Connection, Owed},
};
use crate::{
    Link, Transport,
    chain::Chain,
    error::LinkError,
    pdu::{Answer, Ask},
};

/// The connection, or the wait for the next try at one, and what is known of every unit.
#[derive(Debug)]
pub(crate) struct Owner {
    link: Link,
    inbox: mpsc::Receiver<Demand>,
    connection: Option<Connection>,
    /// How often a connection was made.
    opened: Arc<AtomicU64>,
    /// Whether one was tried.
    connected_before: bool,
    /// Of connecting.
    trouble: Trouble,
    units: BTreeMap<u8, Unit>,
}

/// What is known of one unit.
#[derive(Debug)]
struct Unit {
    answers: bool,
    trouble: Trouble,
    /// A reply may still come on a line that others go on using: it is not asked before.
    late_until: Option<Instant>,
    /// On a serial line.
    backlog: Backlog,
}

/// Failures in a row, and when the next try is due.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    wait: Duration,
    next_try: Option<Instant>,
    /// What was logged last, so that it is logged once.
    logged: Option<&'static str>,
}

impl Owner {
    pub(super) fn new(link: Link, inbox: mpsc::Receiver<Demand>, opened: Arc<AtomicU64>) -> Self {
        Self {
            trouble: Trouble::none(&link),
            link,
            inbox,
            connection: None,
            opened,
            connected_before: false,
            units: BTreeMap::new(),
        }
    }

    /// Serves questions until nobody is on the line any more.
    pub(crate) async fn run(mut self) {
        while let Some(demand) = self.inbox.recv().await {
            let answer = self.serve(&demand).await;
            // An asker who has left does not mind: the exchange was finished all the same.
            let _ = demand.answer.send(answer);
        }
    }

    async fn serve(&mut self, demand: &Demand) -> Result<Answer, LinkError> {
        match self.attempt(demand).await {
            Err(error) if self.repeats(demand, &error) => {
                demand.tally.send_modify(|t| t.counts.repeats += 1);
                self.attempt(demand).await
            }
            done => done,
        }
    }

    /// Whether the question may be asked once more, right away on a new connection.
    fn repeats(&self, demand: &Demand, error: &LinkError) -> bool {
        let broken = matches!(
            error,
            LinkError::ReplyTimedOut { .. } | LinkError::BadReply { .. } | LinkError::Lost { .. }
        );
        let first = |unit: &Unit| unit.trouble.failures == 1 && unit.late_until.is_none();
        broken && demand.ask.may_be_repeated() && self.units.get(&demand.unit).is_some_and(first)
    }

    async fn attempt(&mut self, demand: &Demand) -> Result<Answer, LinkError> {
        let fresh = || Unit {
            answers: false,
            trouble: Trouble::none(&self.link),
            late_until: None,
            backlog: Backlog::default(),
        };
        let unit = self.units.entry(demand.unit).or_insert_with(fresh);
        let now = Instant::now();
        unit.late_until.take_if(|until| *until <= now);
        if unit.late_until.is_some() || unit.trouble.must_wait(now) {
            return Err(LinkError::BackingOff);
        }
        // Every one that is answered leaves less to be proven.
        while let Some(proof) = self.proof(demand) {
            self.ask(demand, proof).await?;
        }
        self.ask(demand, demand.ask).await
    }

    /// What the unit must answer before it is asked this.
    fn proof(&self, demand: &Demand) -> Option<Ask> {
        let known = |(unit, ask): &(u8, Ask)| (*unit == demand.unit).then_some(*ask);
        let reads = demand.reads.iter().filter_map(known);
        let unit = self.units.get(&demand.unit)?;
        unit.backlog.proof(demand.ask, reads)
    }

    async fn ask(&mut self, demand: &Demand, ask: Ask) -> Result<Answer, LinkError> {
        let owed = self.owed(demand.unit, ask);
        let mut connection = self.ready(demand, &owed).await?;
        demand.tally.send_modify(|t| t.counts.requests += 1);
        let asked = Instant::now();
        // Taken out for the exchange: if this future is dropped half way, so is the connection.
        let heard = connection
            .exchange(demand.unit, ask, demand.reply_timeout, &owed)
            .await;
        match heard {
            Ok(Answer::Exception(exception)) if UNREACHED.contains(&exception) => {
                self.connection = Some(connection);
                Err(self.unreached(demand, ask, exception))
            }
            Ok(answer) => {
                self.connection = Some(connection);
                self.answered(demand, ask, &answer, asked.elapsed());
                Ok(answer)
            }
            Err(broken) => Err(self.broken(demand, ask, connection, broken)),
        }
    }

    /// Late replies that may come on a serial line before this unit's to `ask`.
    fn owed(&self, asked: u8, ask: Ask) -> Vec<Owed> {
        let late = |(unit, known): (&u8, &Unit)| {
            let (unit, before) = (*unit, known.backlog.before(ask));
            let owed = if unit == asked {
                before
            } else {
                known.backlog.all()
            };
            owed.iter()
                .map(move |ask| Owed { unit, ask: *ask })
                .collect::<Vec<_>>()
        };
        self.units.iter().flat_map(late).collect()
    }

    /// A connection in step. Nothing was asked yet when it is not: it can be made anew even for a write.
    async fn ready(&mut self, demand: &Demand, owed: &[Owed]) -> Result<Connection, LinkError> {
        if let Some(mut connection) = self.connection.take() {
            match connection.in_step(owed).await {
                Ok(()) => return Ok(connection),
                Err(error) => {
                    demand.tally.send_modify(|t| t.broke(&error));
                    debug!(address = %self.address(), error = %Chain(&error), "connection given up between two questions");
                }
            }
        }
        if self.trouble.must_wait(Instant::now()) {
            return Err(LinkError::BackingOff);
        }
        let again = std::mem::replace(&mut self.connected_before, true);
        demand.tally.send_modify(|t| {
            t.counts.reconnects += u64::from(again);
            t.counts.drains += u64::from(self.is_serial());
        });
        match Connection::open(&self.link).await {
            Ok(connection) => {
                self.opened.fetch_add(1, Ordering::AcqRel);
                self.trouble.over(&self.link);
                // Opening heard the line out, or left the old connection's replies behind.
                self.units.values_mut().for_each(|u| u.late_until = None);
                Ok(connection)
            }
            Err(error) => {
                demand.tally.send_modify(|t| t.broke(&error));
                self.units
                    .values_mut()
                    .for_each(|unit| unit.answers = false);
                self.trouble.wait_longer(&self.link);
                self.trouble.log(&self.address(), None, &error);
                Err(error)
            }
        }
    }

    fn answered(&mut self, demand: &Demand, ask: Ask, answer: &Answer, after: Duration) {
        demand.tally.send_modify(|t| {
            match answer {
                Answer::Exception(_) => t.counts.exceptions += 1,
                Answer::Words(_) | Answer::Written => t.counts.replies += 1,
            }
            t.replied(after);
        });
        let address = self.link.transport.address();
        let Some(unit) = self.units.get_mut(&demand.unit) else {
            return;
        };
        unit.backlog.answered(ask);
        unit.answers = true;
        unit.trouble.over(&self.link);
        if unit.trouble.logged.take().is_some() {
            info!(%address, unit = demand.unit, "cabinet answers again");
        }
    }

    /// The gateway is in step, and the unit behind it is not there.
    fn unreached(&mut self, demand: &Demand, ask: Ask, exception: u8) -> LinkError {
        let error = LinkError::Unreached { exception };
        demand.tally.send_modify(|t| {
            t.counts.exceptions += 1;
            t.broke(&error);
        });
        let address = self.address();
        if let Some(unit) = self.units.get_mut(&demand.unit) {
            unit.backlog.answered(ask);
            unit.answers = false;
            unit.trouble.failed(&self.link);
            unit.trouble.log(&address, Some(demand.unit), &error);
        }
        error
    }

    /// Throws the connection away, or leaves a silent unit of a shared serial line alone.
    fn broken(
        &mut self,
        demand: &Demand,
        ask: Ask,
        connection: Connection,
        broken: Broken,
    ) -> LinkError {
        let Broken { error, silence } = broken;
        let serial = self.is_serial();
        let others_answer = self
            .units
            .iter()
            .any(|(number, unit)| *number != demand.unit && unit.answers);
        let quiet_for = match &self.link.transport {
            Transport::Rtu(line) if silence && others_answer => Some(line.silent),
            _ => None,
        };
        demand.tally.send_modify(|t| {
            t.broke(&error);
            t.counts.drains += u64::from(quiet_for.is_some());
        });
        let address = self.link.transport.address();
        if let Some(unit) = self.units.get_mut(&demand.unit) {
            unit.answers = false;
            unit.trouble.failed(&self.link);
            unit.trouble.log(&address, Some(demand.unit), &error);
            unit.late_until = quiet_for.map(|silent| Instant::now() + silent);
            if serial {
                unit.backlog.unanswered(ask);
            }
        }
        self.connection = quiet_for.map(|_| connection);
        error
    }

    fn is_serial(&self) -> bool {
        matches!(self.link.transport, Transport::Rtu(_))
    }

    fn address(&self) -> crate::Address {
        self.link.transport.address()
    }
}

/// Modbus exceptions of a gateway: no path to the device, and no answer from it.
const UNREACHED: [u8; 2] = [10, 11];

impl Trouble {
    fn none(link: &Link) -> Self {
        Self {
            failures: 0,
            wait: link.backoff_first,
            next_try: None,
            logged: None,
        }
    }

    fn must_wait(&self, now: Instant) -> bool {
        self.next_try.is_some_and(|due| now < due)
    }

    /// The first failure costs no wait: the next try is on a new connection.
    fn failed(&mut self, link: &Link) {
        self.failures = self.failures.saturating_add(1);
        if self.failures > 1 {
            self.wait_longer(link);
        }
    }

    fn wait_longer(&mut self, link: &Link) {
        self.next_try = Some(Instant::now() + self.wait);
        self.wait = (self.wait * 2).min(link.backoff_max);
    }

    fn over(&mut self, link: &Link) {
        (self.failures, self.next_try, self.wait) = (0, None, link.backoff_first);
    }

    fn log(&mut self, address: &crate::Address, unit: Option<u8>, error: &LinkError) {
        let code = error.problem().code();
        if self.logged == Some(code) {
            debug!(%address, unit, code, "cabinet still silent");
        } else {
            warn!(%address, unit, code, error = %Chain(error), "cabinet link broken");
            self.logged = Some(code);
        }
    }
}
