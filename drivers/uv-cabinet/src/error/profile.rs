//! Why a profile file was not taken, with line and key.

use std::io;

use thiserror::Error;

use crate::Point;

/// Why a profile file was not taken.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// What is wrong in a file.
    #[error("{path}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong, with its line.
        source: Box<ProfileError>,
    },
    /// The file could not be read.
    #[error("{path}")]
    Read {
        /// Which file.
        path: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("line {line}: `{text}`: {message}")]
    Shape {
        /// Line, from 1.
        line: usize,
        /// That line of the file.
        text: String,
        /// What the parser expected there.
        message: String,
    },
    /// A value that cannot be.
    #[error("line {line}: {key} = {found}: allowed: {allowed}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// Full key, such as `timing.poll_ms`.
        key: String,
        /// What the file says.
        found: String,
        /// What would be taken.
        allowed: String,
    },
    /// The settings say another kind of address than the profile's wire has.
    #[error(
        "{address} does not fit transport = \"{transport}\": allowed: host:port for tcp, a device such as /dev/cabinet-1 for rtu"
    )]
    OtherWire {
        /// The address that was given.
        address: String,
        /// The profile's transport.
        transport: &'static str,
    },
    /// A point that is neither there nor said to be absent.
    #[error("[points.{point}] is missing, and nothing says so: {declare}")]
    PointNotDeclaredAbsent {
        /// Which point.
        point: Point,
        /// What the profile must say where the cabinet has no such point.
        declare: &'static str,
    },
    /// Two cabinets on one serial port, and their profiles speak differently on it.
    #[error(
        "{address}: another cabinet speaks on this port with other settings ([link] baud, parity, stop_bits, silent_ms, direction): allowed: the same in both profiles"
    )]
    OtherLineSettings {
        /// The port.
        address: String,
    },
    /// Two cabinets that are the same device.
    #[error("{address}: unit {unit} is another cabinet already: allowed: a unit number of its own")]
    UnitTaken {
        /// The line.
        address: String,
        /// The unit number.
        unit: u8,
    },
    /// A point that no cycle can do without.
    #[error("[points.{point}] is missing: a cycle cannot be run without it")]
    PointMissing {
        /// Which point.
        point: Point,
    },
}
