//! The handle on one cabinet: a look, a command, and how long one is willing to wait for either.
//!
//! The link tries for as long as its profile says, and a question that is out is always finished. Whoever must judge sooner waits
//! less ([`Cabinet::poll_within`], [`Begun::within`]) and goes by what is known then. What nobody waits for any more when its turn
//! comes is not begun, with one exception: putting the lamp out.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use crate::{
    CabinetTask, CommandError, LinkQuality, Missing, Point, Profile, Readings, WrongCabinet, line,
    quality,
};

/// What a cabinet can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Burn or go out.
    Lamp(Switch),
    /// Blow or stop.
    Fan(Switch),
    /// Lock (`On`) or unlock (`Off`) the door.
    Lock(Switch),
    /// We are alive; keep the lamp permitted for another second.
    Heartbeat,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// What a look at the registers of commands shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probed {
    /// Another cabinet is there; nothing else was asked.
    pub wrong: Option<WrongCabinet>,
    /// Those that the cabinet does not let read, and why.
    pub refused: Vec<(Point, Missing)>,
    /// Those that hold something else than was told and read back. Each change is said once.
    pub changed: Vec<Changed>,
}

/// A command's register that somebody else wrote: another master, the local panel, or the controller itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The command.
    pub point: Point,
    /// What it was told last, and held then.
    pub told: u16,
    /// What it holds now.
    pub found: u16,
}

/// One cabinet, as everyone but its owner sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cabinet {
    requests: mpsc::Sender<Request>,
    /// As the last block of registers left them.
    newest: watch::Receiver<Readings>,
    quality: quality::Gauge,
}

/// What the cabinet's task is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    Poll(oneshot::Sender<Readings>),
    Probe(oneshot::Sender<Probed>),
    Command(Command, oneshot::Sender<Result<(), CommandError>>),
}

impl Request {
    /// Whoever asked has left, and it is nothing that must be done all the same.
    pub(crate) fn is_forgotten(&self) -> bool {
        match self {
            Self::Poll(answer) => answer.is_closed(),
            Self::Probe(answer) => answer.is_closed(),
            Self::Command(Command::Lamp(Switch::Off), _) => false,
            Self::Command(_, answer) => answer.is_closed(),
        }
    }
}

/// A command on its way. Dropped before its turn it is not done, unless it puts the lamp out.
#[derive(Debug)]
pub struct Begun(oneshot::Receiver<Result<(), CommandError>>);

impl Begun {
    /// Waits this long for its end; `None`: not yet. After the end it must not be asked again.
    pub async fn within(&mut self, limit: Duration) -> Option<Result<(), CommandError>> {
        timeout(limit, &mut self.0)
            .await
            .ok()
            .map(|answered| answered.unwrap_or(Err(CommandError::OwnerGone)))
    }
}

/// Requests that may wait while the owner is busy with one.
const WAITING_ROOM: usize = 8;

impl Cabinet {
    /// A cabinet with a line to itself: a handle, and the task that must be run for it. Nothing is connected before the
    /// first poll. The task ends when the last handle is dropped. Cabinets that may share a line come from one [`Lines`].
    #[must_use]
    pub fn new(profile: Profile) -> (Self, CabinetTask) {
        let (ask, owner) = line::alone(&profile.link);
        Self::on_line(profile, ask, Some(owner))
    }

    pub(crate) fn on_line(
        profile: Profile,
        ask: line::LineSender,
        owner: Option<line::Owner>,
    ) -> (Self, CabinetTask) {
        let (requests, inbox) = mpsc::channel(WAITING_ROOM);
        let (tally, quality) = quality::gauge();
        let line = line::OnLine::new(&profile, ask, tally);
        let (show, newest) = watch::channel(Readings::nothing_yet(&profile));
        let handle = Self {
            requests,
            newest,
            quality,
        };
        (handle, CabinetTask::new(profile, inbox, line, owner, show))
    }

    /// How well the link works, at once and without asking the cabinet. The last look remains when
    /// the driver has ended.
    #[must_use]
    pub fn link_quality(&self) -> LinkQuality {
        self.quality.look()
    }

    /// Reads every point once. Always returns, at the latest after two tries (connect, hear the line out, reply time-out)
    /// per unit of the profile and whatever the other cabinets of its line ask meanwhile; one that does not answer shows as
    /// missing readings.
    ///
    /// Whoever drops this future early loses the answer; the owner finishes the exchange, so the
    /// connection stays in step.
    pub async fn poll(&self) -> Readings {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(Request::Poll(answer)).await.is_err() {
            return Readings::owner_gone();
        }
        answered.await.unwrap_or_else(|_| Readings::owner_gone())
    }

    /// As [`Cabinet::poll`], waiting no longer than `limit`: then it gives what is known by now. The link goes on trying, and
    /// values older than the profile allows show as missing.
    pub async fn poll_within(&self, limit: Duration) -> Readings {
        let began = Instant::now();
        let mut asked = pin!(self.poll());
        if let Ok(readings) = timeout(limit, asked.as_mut()).await {
            return readings;
        }
        // Whoever was held up himself cannot say that the other side was: the answer may be here.
        if began.elapsed() > limit + limit / 4
            && let Ok(readings) = timeout(limit, asked).await
        {
            return readings;
        }
        let mut readings = self.newest.borrow().clone();
        readings.unanswered = true;
        readings
    }

    /// Asks who is there, then reads every command's register and writes none: those that the cabinet does not let read cannot be
    /// told anything either, and one that holds something else than it was told was told so by somebody else.
    pub async fn probe(&self) -> Probed {
        let (answer, answered) = oneshot::channel();
        // Whoever is gone has no trouble with one register; every poll says so.
        if self.requests.send(Request::Probe(answer)).await.is_err() {
            return Probed::default();
        }
        answered.await.unwrap_or_default()
    }

    /// Hands one command over without waiting for anything. `None`: too many wait already, or nobody is there.
    #[must_use]
    pub fn begin(&self, command: Command) -> Option<Begun> {
        let (answer, answered) = oneshot::channel();
        let handed = self.requests.try_send(Request::Command(command, answer));
        handed.is_ok().then_some(Begun(answered))
    }

    /// Writes one command and reads it back. Done means that the register holds it, not that the
    /// lamp burns: the effect is a matter of readings.
    ///
    /// # Errors
    /// When it was refused, not taken, or the link broke and nobody knows.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request::Command(command, answer))
            .await
            .map_err(|_| CommandError::OwnerGone)?;
        answered.await.unwrap_or(Err(CommandError::OwnerGone))
    }
}
