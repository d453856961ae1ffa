//! The `[link]` of a profile: from the file's keys to a checked way to the cabinet.

use std::{fmt, path::PathBuf, time::Duration};

use serde::Deserialize;
use toml::Spanned;

use super::check::Place;
use crate::error::ProfileError;

/// How to reach the cabinet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// By which wire.
    pub transport: Transport,
    /// Modbus unit identifier.
    pub unit: u8,
    /// Longest wait for a connection; on a serial line, for it to fall silent.
    pub connect_timeout: Duration,
    /// Longest wait for a whole reply.
    pub reply_timeout: Duration,
    /// First wait before reconnecting.
    pub backoff_first: Duration,
    /// Longest wait before reconnecting.
    pub backoff_max: Duration,
}

/// The wire, and how to speak on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Modbus TCP to `host:port`.
    Tcp(String),
    /// Modbus RTU on a serial port.
    Rtu(SerialLine),
}

/// A serial port and its settings; always eight data bits, no flow control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialLine {
    /// The port.
    pub device: PathBuf,
    /// Bits a second.
    pub baud: u32,
    /// Parity bit.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
    /// After an error nothing is asked before the line was silent this long: longer than the latest
    /// possible reply, because on a serial line nothing tells a late reply from the next one's.
    pub silent: Duration,
    /// Who switches an RS-485 transceiver between sending and listening.
    pub direction: Direction,
}

/// Who switches an RS-485 transceiver between sending and listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The adapter itself, or nobody has to (RS-232): nothing is set.
    #[default]
    Automatic,
    /// The kernel: RTS is high while sending (`TIOCSRS485`).
    RtsHighSends,
    /// The kernel: RTS is low while sending.
    RtsLowSends,
}

/// The parity bit of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// None.
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

/// Where one cabinet of a model is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// `host:port` of Modbus TCP.
    Network(String),
    /// Path of a serial port.
    Device(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address) => f.write_str(address),
            Self::Device(device) => write!(f, "{}", device.display()),
        }
    }
}

impl Transport {
    /// Where the cabinet is.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Tcp(address) => Address::Network(address.clone()),
            Self::Rtu(line) => Address::Device(line.device.clone()),
        }
    }

    /// Whether two cabinets on one line ask in the same way. On a network each has a unit number and nothing else.
    pub(crate) fn speaks_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(_), Self::Tcp(_)) => true,
            (Self::Rtu(one), Self::Rtu(other)) => {
                let device = one.device.clone();
                *one == SerialLine {
                    device,
                    ..other.clone()
                }
            }
            _ => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Rtu(_) => "rtu",
        }
    }
}

impl Link {
    /// Points the link at another cabinet of the same model.
    ///
    /// # Errors
    /// When that is an address on the other kind of wire.
    pub fn move_to(&mut self, address: Address) -> Result<(), ProfileError> {
        match (&mut self.transport, address) {
            (Transport::Tcp(host), Address::Network(address)) => *host = address,
            (Transport::Rtu(line), Address::Device(device)) => line.device = device,
            (transport, address) => {
                return Err(ProfileError::OtherWire {
                    address: address.to_string(),
                    transport: transport.name(),
                });
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TransportName {
    Tcp,
    Rtu,
}

/// The keys as they stand in the file; which of them belong together is checked after.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTable {
    transport: Spanned<TransportName>,
    address: Option<Spanned<String>>,
    device: Option<Spanned<String>>,
    baud: Option<Spanned<u64>>,
    parity: Option<Spanned<Parity>>,
    stop_bits: Option<Spanned<u64>>,
    silent_ms: Option<Spanned<u64>>,
    direction: Option<Spanned<Direction>>,
    unit: Spanned<u64>,
    connect_timeout_ms: Spanned<u64>,
    pub(super) reply_timeout_ms: Spanned<u64>,
    backoff_first_ms: Spanned<u64>,
    backoff_max_ms: Spanned<u64>,
}

const BAUDS: [u32; 5] = [9_600, 19_200, 38_400, 57_600, 115_200];

/// Turns the keys into a link, or names the first that cannot be.
pub(super) fn check(at: &Place<'_>, link: &LinkTable) -> Result<Link, ProfileError> {
    let (transport, units) = match link.transport.get_ref() {
        TransportName::Tcp => (tcp(at, link)?, 1..=255),
        // 0 is a broadcast, which nobody answers; 248 and up are reserved.
        TransportName::Rtu => (rtu(at, link)?, 1..=247),
    };
    let unit = at.whole("link.unit", &link.unit, units)?;
    let first_ms = *link.backoff_first_ms.get_ref();
    let millis = |key, value, allowed| at.millis(key, value, allowed);
    Ok(Link {
        transport,
        unit: u8::try_from(unit).expect("checked to be at most 255"),
        connect_timeout: millis(
            "link.connect_timeout_ms",
            &link.connect_timeout_ms,
            10..=10_000,
        )?,
        reply_timeout: millis("link.reply_timeout_ms", &link.reply_timeout_ms, 10..=10_000)?,
        backoff_first: millis("link.backoff_first_ms", &link.backoff_first_ms, 10..=10_000)?,
        backoff_max: millis(
            "link.backoff_max_ms",
            &link.backoff_max_ms,
            first_ms..=60_000,
        )?,
    })
}

fn tcp(at: &Place<'_>, link: &LinkTable) -> Result<Transport, ProfileError> {
    let foreign = [
        ("link.device", link.device.as_ref().map(|v| v.span().start)),
        ("link.baud", link.baud.as_ref().map(|v| v.span().start)),
        ("link.parity", link.parity.as_ref().map(|v| v.span().start)),
        (
            "link.stop_bits",
            link.stop_bits.as_ref().map(|v| v.span().start),
        ),
        (
            "link.silent_ms",
            link.silent_ms.as_ref().map(|v| v.span().start),
        ),
        (
            "link.direction",
            link.direction.as_ref().map(|v| v.span().start),
        ),
    ];
    for (key, offset) in foreign {
        if let Some(offset) = offset {
            return at.refuse(
                offset,
                key,
                "a value",
                "no such key with transport = \"tcp\"",
            );
        }
    }
    let allowed = "host:port, such as 192.168.1.50:502";
    let address = present(at, link, "link.address", link.address.as_ref(), allowed)?;
    let text = address.get_ref();
    let port = text
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse::<u16>()));
    if !matches!(port, Some((host, Ok(_))) if !host.is_empty()) {
        return at.refuse(
            address.span().start,
            "link.address",
            format!("{text:?}"),
            allowed,
        );
    }
    Ok(Transport::Tcp(text.clone()))
}

fn rtu(at: &Place<'_>, link: &LinkTable) -> Result<Transport, ProfileError> {
    if let Some(address) = &link.address {
        let allowed = "no such key with transport = \"rtu\"";
        return at.refuse(address.span().start, "link.address", "a value", allowed);
    }
    let allowed = "an absolute path, such as /dev/cabinet-1";
    let device = present(at, link, "link.device", link.device.as_ref(), allowed)?;
    let path = PathBuf::from(device.get_ref());
    if !path.is_absolute() {
        let found = format!("{:?}", device.get_ref());
        return at.refuse(device.span().start, "link.device", found, allowed);
    }
    let allowed = "9600, 19200, 38400, 57600 or 115200";
    let baud = present(at, link, "link.baud", link.baud.as_ref(), allowed)?;
    let known = BAUDS.into_iter().find(|b| u64::from(*b) == *baud.get_ref());
    let Some(known) = known else {
        return at.refuse(baud.span().start, "link.baud", baud.get_ref(), allowed);
    };
    let allowed = "none, even or odd";
    let parity = present(at, link, "link.parity", link.parity.as_ref(), allowed)?;
    let stop_bits = present(
        at,
        link,
        "link.stop_bits",
        link.stop_bits.as_ref(),
        "1 or 2",
    )?;
    let stop_bits = at.whole("link.stop_bits", stop_bits, 1..=2)?;
    let longer = *link.reply_timeout_ms.get_ref() + 1;
    let allowed = "longer than the latest possible reply";
    let silent = present(at, link, "link.silent_ms", link.silent_ms.as_ref(), allowed)?;
    Ok(Transport::Rtu(SerialLine {
        device: path,
        baud: known,
        parity: *parity.get_ref(),
        stop_bits: u8::try_from(stop_bits).expect("checked to be 1 or 2"),
        silent: at.millis("link.silent_ms", silent, longer..=20_000)?,
        direction: link
            .direction
            .as_ref()
            .map_or(Direction::default(), |direction| *direction.get_ref()),
    }))
}

fn present<'v, T>(
    at: &Place<'_>,
    link: &LinkTable,
    key: &str,
    value: Option<&'v Spanned<T>>,
    allowed: &str,
) -> Result<&'v Spanned<T>, ProfileError> {
    match value {
        Some(value) => Ok(value),
        None => at.refuse(link.transport.span().start, key, "nothing", allowed),
    }
}
