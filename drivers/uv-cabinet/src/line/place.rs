//! One place has many names: `localhost`, `127.0.0.1`, `[::ffff:127.0.0.1]`, a link to a serial port. Two cabinets at one place are on
//! one line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

use crate::Address;

/// The address that all names of a place have in common. A name that cannot be resolved now stands for itself.
pub(super) fn of(address: &Address) -> Address {
    match address {
        Address::Network(at) => Address::Network(network(at)),
        Address::Device(device) => {
            Address::Device(device.canonicalize().unwrap_or_else(|_| device.clone()))
        }
    }
}

fn network(at: &str) -> String {
    let literal = at.parse::<SocketAddr>().ok();
    let found = literal.or_else(|| {
        let found = at.to_socket_addrs().ok()?;
        found.map(canonical).min()
    });
    found.map_or_else(|| at.to_lowercase(), |at| canonical(at).to_string())
}

/// IPv4 in the clothes of IPv6 undressed; every loopback address is this machine.
fn canonical(at: SocketAddr) -> SocketAddr {
    let ip = match at.ip().to_canonical() {
        ip if ip.is_loopback() && matches!(ip, IpAddr::V6(_)) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, at.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_this_machine_is_one_place() {
        let one = of(&Address::Network("127.0.0.1:1502".into()));
        for name in [
            "localhost:1502",
            "LocalHost:1502",
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
        let (port, link) = (folder.path().join("ttyUSB0"), folder.path().join("cabinet-1"));
        std::fs::write(&port, "").unwrap();
        std::os::unix::fs::symlink(&port, &link).unwrap();
        assert_eq!(of(&Address::Device(link)), of(&Address::Device(port)));
    }
}
