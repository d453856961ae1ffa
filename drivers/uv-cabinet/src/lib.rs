//! A UV disinfection cabinet behind Modbus: readings with their age, commands with their read-back.
//!
//! Knows registers and time-outs; knows nothing of loads, cycles or letters. It never decides that
//! a lamp may burn: the cabinet's own controller is the interlock, and puts the lamps out when the
//! heartbeat stops.
//!
//! In order: [`Profile`] says where things are, `wire.rs` turns registers into [`Readings`], [`CabinetTask`] asks for them and
//! `task/identity.rs` who is there, [`Lines`] knows who shares a connection (`line/owner.rs` owns it; `pdu.rs`, `frame.rs` and
//! `serial.rs` are its bytes), [`Cabinet`] is the handle everyone else holds, and [`sim`] is a cabinet on a real socket.

mod chain;
mod error;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod line;
mod pdu;
mod point;
mod profile;
mod quality;
mod readings;
mod serial;
pub mod sim;
mod task;
mod trouble;
mod wire;

pub use error::{
    BadReply, CommandError, IdentityError, LinkError, LinkProblem, Missing, PortProblem,
    ProfileError, WrongCabinet,
};
pub use handle::{Begun, Cabinet, Changed, Command, Probed, Switch};
pub use line::Lines;
pub use point::Point;
pub use profile::{
    Address, Basis, Direction, Identity, Kind, LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S, Limits, Link,
    Maintenance, MapOrigin, Parity, PointSpec, Profile, SerialLine, Sides, Table, Timing,
    Transport, UvLimits, WordOrder,
};
pub use quality::LinkQuality;
pub use readings::{Reading, Readings, Value};
pub use task::CabinetTask;
pub use trouble::Trouble;

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
