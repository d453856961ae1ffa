//! A line: one TCP connection or one serial port, and every unit behind it. Several cabinets of the settings may be on one line,
//! and a cabinet may have points in a neighbouring unit; all of them ask here, one question at a time.
//!
//! Here: who is on which line, and the handle to ask by. `line/owner.rs` is the task that owns the connection,
//! `line/connection.rs` the connection, `line/backlog.rs` what units may answer yet.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Address, Cabinet, CabinetTask, Link, Profile, Transport,
    error::{LinkError, ProfileError},
    pdu::{Answer, Ask},
    quality::Tally,
    wire,
};

mod backlog;
mod connection;
mod owner;
mod place;

pub(crate) use owner::Owner;

/// The lines of one station. Cabinets that are made from the same `Lines` and name the same address share one
/// connection, however each of them writes it; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<BTreeMap<Address, Known>>>);

/// A line that somebody is on.
#[derive(Debug)]
struct Known {
    transport: Transport,
    /// The unit numbers of its cabinets.
    units: Vec<u8>,
    ask: mpsc::WeakSender<Demand>,
    opened: Arc<AtomicU64>,
}

/// One question to one unit, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct Demand {
    unit: u8,
    ask: Ask,
    reply_timeout: Duration,
    /// Other reads that the units of this cabinet know.
    reads: Arc<[(u8, Ask)]>,
    tally: watch::Sender<Tally>,
    answer: oneshot::Sender<Result<Answer, LinkError>>,
}

/// Questions that may wait: one for each cabinet that a line can have.
const WAITING_ROOM: usize = 32;

impl Lines {
    /// A cabinet on its line: a handle, and the task that must be run for it. The first cabinet's task also runs
    /// the line, until nobody is on it any more.
    ///
    /// # Errors
    /// When another cabinet of that line has the same unit number, or speaks with other settings on the same serial port.
    pub fn cabinet(&self, profile: Profile) -> Result<(Cabinet, CabinetTask), ProfileError> {
        let address = profile.link.transport.address();
        let place = place::of(&address);
        let unit = profile.link.unit;
        // Poisoned by a panic elsewhere: the table is only ever changed whole.
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lines.get_mut(&place)
            && let Some(ask) = known.ask.upgrade()
        {
            if !known.transport.speaks_like(&profile.link.transport) {
                return Err(ProfileError::OtherLineSettings {
                    address: address.to_string(),
                });
            }
            if known.units.contains(&unit) {
                return Err(ProfileError::UnitTaken {
                    address: address.to_string(),
                    unit,
                });
            }
            known.units.push(unit);
            let opened = Arc::clone(&known.opened);
            let line = LineSender { ask, opened };
            return Ok(Cabinet::on_line(profile, line, None));
        }
        let (ask, owner) = alone(&profile.link);
        let known = Known {
            transport: profile.link.transport.clone(),
            units: vec![unit],
            ask: ask.ask.downgrade(),
            opened: Arc::clone(&ask.opened),
        };
        lines.insert(place, known);
        Ok(Cabinet::on_line(profile, ask, Some(owner)))
    }
}

/// A line with nobody on it yet.
pub(crate) fn alone(link: &Link) -> (LineSender, Owner) {
    let (ask, inbox) = mpsc::channel(WAITING_ROOM);
    let opened = Arc::<AtomicU64>::default();
    let owner = Owner::new(link.clone(), inbox, Arc::clone(&opened));
    (LineSender { ask, opened }, owner)
}

/// One cabinet's way to its line.
#[derive(Debug)]
pub(crate) struct OnLine {
    line: LineSender,
    reply_timeout: Duration,
    reads: Arc<[(u8, Ask)]>,
    tally: watch::Sender<Tally>,
}

impl OnLine {
    pub(crate) fn new(profile: &Profile, line: LineSender, tally: watch::Sender<Tally>) -> Self {
        Self {
            line,
            reply_timeout: profile.link.reply_timeout,
            reads: wire::reads(profile).into(),
            tally,
        }
    }

    /// Asks a unit, when the line is free.
    pub(crate) async fn exchange(&self, unit: u8, ask: Ask) -> Result<Answer, LinkError> {
        let (answer, answered) = oneshot::channel();
        let demand = Demand {
            unit,
            ask,
            reply_timeout: self.reply_timeout,
            reads: Arc::clone(&self.reads),
            tally: self.tally.clone(),
            answer,
        };
        self.line
            .ask
            .send(demand)
            .await
            .map_err(|_| LinkError::LineGone)?;
        answered.await.unwrap_or(Err(LinkError::LineGone))
    }

    /// How often the line was opened: another number, and another device may be there.
    pub(crate) fn opened(&self) -> u64 {
        self.line.opened.load(Ordering::Acquire)
    }
}

/// The way to a line's owner.
#[derive(Debug, Clone)]
pub(crate) struct LineSender {
    ask: mpsc::Sender<Demand>,
    opened: Arc<AtomicU64>,
}
