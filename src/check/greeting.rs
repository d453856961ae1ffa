//! Which of an office's brokers answer: each greets whoever connects with a line about itself, before TLS and before any credentials. Nothing is sent.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::Report;
use crate::config::Brokers;

/// A broker that takes longer to greet is silent; one on a busy machine has taken more than three seconds.
const WITHIN: Duration = Duration::from_secs(10);
/// The longest greeting.
const LONGEST: u64 = 64 << 10;

/// What a broker says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Greeting {
    #[serde(default)]
    server_name: String,
    /// Left out where it is switched off.
    #[serde(default)]
    jetstream: bool,
}

/// Asks all of them at once, and tells of each; whether any is of use.
pub(super) fn all(brokers: &Brokers, report: &mut Report) -> bool {
    let greeted: Vec<_> = thread::scope(|scope| {
        let asked: Vec<_> = brokers
            .servers
            .iter()
            .map(|server| (server, scope.spawn(|| greeting(server))))
            .collect();
        let ended = asked.into_iter();
        let ended = ended.map(|(server, asked)| {
            let greeted = asked.join().expect("asking has no defect that panics");
            (server, greeted)
        });
        ended.collect()
    });
    let mut answer = Vec::new();
    for (server, greeted) in greeted {
        match greeted {
            Err(error) => {
                report.warn("office", "broker_silent", &[server]);
                report.said(error);
            }
            Ok(Greeting {
                jetstream: false, ..
            }) => report.warn("office", "broker_streamless", &[server]),
            Ok(Greeting { server_name, .. }) => answer.push(format!("{server_name} ({server})")),
        }
    }
    if !answer.is_empty() {
        report.good("office", "brokers_answer", &[&answer.join(", ")]);
    }
    !answer.is_empty()
}

/// What the server at `tls://HOST:PORT` or `nats://HOST:PORT` says first.
fn greeting(server: &str) -> io::Result<Greeting> {
    let (_, place) = server.split_once("://").unwrap_or(("", server));
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in place.to_socket_addrs()? {
        let stream = match TcpStream::connect_timeout(&address, WITHIN) {
            Ok(stream) => stream,
            Err(error) => {
                last = error;
                continue;
            }
        };
        stream.set_read_timeout(Some(WITHIN))?;
        let mut line = String::new();
        BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
        let said = line.strip_prefix("INFO ").unwrap_or_default();
        return Ok(serde_json::from_str(said)?);
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    /// What is made of a server that says this and hangs up.
    fn greeted(said: &'static str) -> io::Result<Greeting> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("tls://{}", listener.local_addr().unwrap());
        thread::scope(|scope| {
            scope.spawn(|| listener.accept().unwrap().0.write_all(said.as_bytes()));
            greeting(&server)
        })
    }

    #[test]
    fn a_broker_is_known_by_its_greeting_and_another_server_is_none() {
        let told = greeted("INFO {\"server_name\":\"nats-1\",\"jetstream\":true,\"x\":1} \r\n");
        let nats_1 = |jetstream| Greeting {
            server_name: "nats-1".into(),
            jetstream,
        };
        assert_eq!(told.unwrap(), nats_1(true));
        let off = greeted("INFO {\"server_name\":\"nats-1\"}\r\n").unwrap();
        assert_eq!(off, nats_1(false));
        for other in [
            "",
            "HTTP/1.1 400 Bad Request\r\n",
            "INFO\r\n",
            "INFO {\"server_name\"",
        ] {
            assert!(greeted(other).is_err(), "{other}");
        }
    }
}
