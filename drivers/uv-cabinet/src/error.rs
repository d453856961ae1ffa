//! What can go wrong between us and a cabinet, as fields. Wording for operators lives in the
//! console, by `code()`; nothing here logs.

use std::io;

use thiserror::Error;

use crate::{Point, Switch};

mod port;
mod profile;

pub use port::PortProblem;
pub use profile::ProfileError;

/// Why the conversation with the cabinet broke. After any of these the connection is thrown away.
#[derive(Debug, Error)]
pub enum LinkError {
    /// No connection could be made.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where we tried.
        address: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The serial port could not be opened, for a reason of its own.
    #[error("{address}: {problem}")]
    Port {
        /// The serial port.
        address: String,
        /// Why.
        problem: PortProblem,
    },
    /// Nobody took the connection in time.
    #[error("{address} did not take a connection within {after_ms} ms")]
    ConnectTimedOut {
        /// Where we tried.
        address: String,
        /// How long we waited.
        after_ms: u64,
    },
    /// The request went out and nothing whole came back in time.
    #[error("no reply within {after_ms} ms")]
    ReplyTimedOut {
        /// How long we waited.
        after_ms: u64,
    },
    /// The connection was closed or reset.
    #[error("connection lost")]
    Lost {
        /// The operating system's reason.
        source: io::Error,
    },
    /// A reply came, but not to what was asked: wrong identifier, unit, function or length.
    #[error("reply does not fit the request: {what}")]
    BadReply {
        /// Which check failed.
        what: BadReply,
    },
    /// A gateway answered for a device behind it that it could not reach (Modbus exception 10 or 11): as good as silence, and as slow.
    #[error("the gateway did not reach the device behind it (Modbus exception {exception})")]
    Unreached {
        /// Its exception code.
        exception: u8,
    },
    /// Somebody goes on talking on the serial line, so nothing can be asked on it.
    #[error("{address} did not fall silent for {silent_ms} ms")]
    LineBusy {
        /// The serial port.
        address: String,
        /// How long it must be silent.
        silent_ms: u64,
    },
    /// The task that owns the line has ended.
    #[error("the line's task has ended")]
    LineGone,
    /// The last attempt failed a moment ago; the next one is not due yet.
    #[error("waiting before the next attempt to connect")]
    BackingOff,
}

/// The check a reply failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadReply {
    /// Transaction, unit or function code differ from the request's.
    #[error("identifiers differ")]
    Identifiers,
    /// Bytes that nobody asked for: a reply sent twice, or another talker on the serial line.
    #[error("bytes that nobody asked for")]
    Unasked,
    /// The check sum of a frame on a serial line is wrong.
    #[error("wrong check sum")]
    CheckSum,
    /// Not a Modbus frame at all.
    #[error("not a Modbus frame")]
    Malformed,
    /// The kind of reply is not the kind asked for.
    #[error("another kind of reply")]
    Kind,
    /// Fewer or more values than asked for.
    #[error("{got} values where {asked} were asked for")]
    Length {
        /// Values asked for.
        asked: usize,
        /// Values that came.
        got: usize,
    },
    /// The echo of a write names another address or value.
    #[error("echo of another write")]
    Echo,
}

impl LinkError {
    /// The short form that a missing reading carries.
    #[must_use]
    pub fn problem(&self) -> LinkProblem {
        match self {
            Self::Connect { .. } => LinkProblem::CannotConnect,
            Self::Port { problem, .. } => LinkProblem::Port(*problem),
            Self::ConnectTimedOut { .. } => LinkProblem::ConnectTimedOut,
            Self::ReplyTimedOut { .. } => LinkProblem::ReplyTimedOut,
            Self::Lost { .. } | Self::LineGone => LinkProblem::ConnectionLost,
            Self::BadReply { .. } => LinkProblem::BadReply,
            Self::Unreached { .. } => LinkProblem::Unreached,
            Self::LineBusy { .. } => LinkProblem::LineBusy,
            Self::BackingOff => LinkProblem::BackingOff,
        }
    }
}

/// The kind of a [`LinkError`], small enough to travel with every reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkProblem {
    /// The connection was refused or the host is unreachable.
    CannotConnect,
    /// The serial port could not be opened.
    Port(PortProblem),
    /// Nobody took the connection in time.
    ConnectTimedOut,
    /// Asked, and no whole reply in time.
    ReplyTimedOut,
    /// Closed or reset.
    ConnectionLost,
    /// The reply did not fit the request.
    BadReply,
    /// A gateway answered, and the device behind it did not.
    Unreached,
    /// A serial line that does not fall silent.
    LineBusy,
    /// Waiting before the next attempt.
    BackingOff,
}

impl LinkProblem {
    /// Stable name for records, metrics and the console.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CannotConnect => "cannot_connect",
            Self::Port(PortProblem::Missing) => "port_missing",
            Self::Port(PortProblem::Busy) => "port_busy",
            Self::Port(PortProblem::NotAPort) => "port_not_serial",
            Self::Port(PortProblem::Forbidden) => "port_forbidden",
            Self::Port(PortProblem::NoDirection) => "port_no_direction",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::ReplyTimedOut => "reply_timed_out",
            Self::ConnectionLost => "connection_lost",
            Self::BadReply => "bad_reply",
            Self::Unreached => "unit_unreached",
            Self::LineBusy => "line_busy",
            Self::BackingOff => "backing_off",
        }
    }
}

/// The device that answers is not the one that the profile is for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("identity.{point} is {read}, expected {expected}: a cabinet of another model")]
pub struct WrongCabinet {
    /// The identity point's name in the profile.
    pub point: String,
    /// What was read there.
    pub read: String,
    /// What the profile expects.
    pub expected: String,
}

/// Why a command cannot be called done.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The link broke while writing or reading back: the cabinet may or may not have obeyed.
    #[error("{point}: unknown whether the cabinet took it")]
    Unsure {
        /// What was written.
        point: Point,
        /// How the link broke.
        source: LinkError,
    },
    /// Nothing was written: who is there could not be asked.
    #[error("{point}: not told, the cabinet did not say who it is")]
    NotTold {
        /// What would have been written.
        point: Point,
        /// How asking failed.
        source: IdentityError,
    },
    /// Nothing was written: another cabinet is there.
    #[error(transparent)]
    WrongCabinet(WrongCabinet),
    /// The cabinet answered with a Modbus exception.
    #[error("{point}: refused with Modbus exception {exception}")]
    Refused {
        /// What was written.
        point: Point,
        /// The exception code as it came.
        exception: u8,
    },
    /// The write was acknowledged, and reading it back shows something else.
    #[error("{point}: acknowledged {wanted}, reads back {read_back}")]
    NotTaken {
        /// What was written.
        point: Point,
        /// The raw value written.
        wanted: u16,
        /// The raw value found.
        read_back: u16,
    },
    /// The task that owns the connection has ended.
    #[error("the cabinet's task has ended")]
    OwnerGone,
}

impl CommandError {
    /// Stable name for records, metrics and the console.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsure { .. } => "command_unsure",
            Self::NotTold { .. } => "command_not_told",
            Self::WrongCabinet(_) => "wrong_cabinet",
            Self::Refused { .. } => "command_refused",
            Self::NotTaken { .. } => "command_not_taken",
            Self::OwnerGone => "owner_gone",
        }
    }
}

/// Why it is not known who is there.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The link broke while asking.
    #[error("no answer")]
    Link(#[from] LinkError),
    /// The cabinet does not say it now.
    #[error("refused with Modbus exception {0}")]
    Refused(u8),
}

/// Why a point has no value. Never replaced by the last one.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Missing {
    /// The profile of this cabinet has no such point.
    #[error("not in the profile")]
    NotInProfile,
    /// Nothing has been read yet.
    #[error("not read yet")]
    NotReadYet,
    /// The cabinet did not answer.
    #[error("no answer: {}", .0.code())]
    NoAnswer(LinkProblem),
    /// The cabinet answered this read with a Modbus exception.
    #[error("refused with Modbus exception {exception}")]
    Refused {
        /// The exception code as it came.
        exception: u8,
    },
    /// The number is outside what the profile calls possible.
    #[error("{value} is outside {min}..={max}")]
    OutOfRange {
        /// Scaled value.
        value: f64,
        /// Least possible.
        min: f64,
        /// Greatest possible.
        max: f64,
    },
    /// The last value is older than the profile allows.
    #[error("{age_ms} ms old, at most {max_age_ms} ms")]
    Stale {
        /// Age now.
        age_ms: u64,
        /// The profile's limit.
        max_age_ms: u64,
    },
    /// The controller's scan counter stands still: what it says is a picture of the past.
    #[error("controller standing still for {for_ms} ms")]
    Frozen {
        /// How long already.
        for_ms: u64,
    },
    /// The controller's scan counter fell: it has started anew, or what is read there does not count.
    #[error("scan counter fell from {before} to {now}")]
    FellBack {
        /// What it had shown.
        before: u32,
        /// What it showed then.
        now: u32,
    },
    /// Another cabinet is there: whatever it says is about something else.
    #[error(transparent)]
    WrongCabinet(WrongCabinet),
    /// The task that owns the connection has ended.
    #[error("the cabinet's task has ended")]
    OwnerGone,
}

impl Missing {
    /// Stable name for records, metrics and the console.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInProfile => "not_in_profile",
            Self::NotReadYet => "not_read_yet",
            Self::NoAnswer(problem) => problem.code(),
            Self::Refused { .. } => "refused",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Stale { .. } => "stale",
            Self::Frozen { .. } => "frozen",
            Self::FellBack { .. } => "fell_back",
            Self::WrongCabinet(_) => "wrong_cabinet",
            Self::OwnerGone => "owner_gone",
        }
    }
}

/// What a switch command asks for, in words for messages.
impl std::fmt::Display for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}
