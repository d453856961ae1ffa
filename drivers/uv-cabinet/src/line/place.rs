//! One place has many names: `127.0.0.1`, `[::ffff:127.0.0.1]`, a link to a serial port. Two cabinets at one place are on one line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::Address;

/// The address that all names of a place have in common. Nothing is looked up: a host's name stands for itself.
pub(super) fn of(address: &Address) -> Address {
    match address {
        Address::Network(at) => Address::Network(match at.parse::<SocketAddr>() {
            Ok(at) => canonical(at).to_string(),
            Err(_) => at.to_lowercase(),
        }),
        Address::Device(device) => {
            Address::Device(device.canonicalize().unwrap_or_else(|_| device.clone()))
        }
    }
}

/// IPv4 in the clothes of IPv6 undressed; both loopback addresses are this machine.
fn canonical(at: SocketAddr) -> SocketAddr {
    let ip = match at.ip().to_canonical() {
        IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, at.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_this_machine_is_one_place() {
        let one = of(&Address::Network("127.0.0.1:1502".into()));
        for name in [
            "[::1]:1502",
            "[::ffff:127.0.0.1]:1502",
            "[::ffff:7f00:1]:1502",
        ] {
            assert_eq!(of(&Address::Network(name.into())), one, "{name}");
        }
        for other in ["127.0.0.1:1503", "127.0.0.2:1502", "192.0.2.7:1502"] {
            assert_ne!(of(&Address::Network(other.into())), one, "{other}");
        }
    }

    #[test]
    fn a_link_to_a_serial_port_is_that_port() {
        let folder = tempfile::tempdir().unwrap();
        let (port, link) = (
            folder.path().join("ttyUSB0"),
            folder.path().join("cabinet-1"),
        );
        std::fs::write(&port, "").unwrap();
        std::os::unix::fs::symlink(&port, &link).unwrap();
        assert_eq!(of(&Address::Device(link)), of(&Address::Device(port)));
    }
}
