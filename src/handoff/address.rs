//! Whom the station speaks to: only addresses that the administrator named, asked anew each time, and then exactly those that were looked at.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

use crate::config::Network;

/// Why an address is not spoken to.
#[derive(Debug, thiserror::Error)]
pub enum Guarded {
    /// It is none.
    #[error("the URL is none")]
    NoUrl,
    /// The name leads nowhere.
    #[error("{host} has no address")]
    Unknown {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Option<std::io::Error>,
    },
    /// It leads to an address that the administrator did not name.
    #[error("{} not among the addresses that handoff.push_to names", leads_to(host, *address))]
    NotAllowed {
        /// The host.
        host: String,
        /// Where it leads.
        address: IpAddr,
    },
}

/// An address, or a name and the address that it leads to.
fn leads_to(host: &str, address: IpAddr) -> String {
    match plain(host).parse::<IpAddr>() {
        Ok(_) => format!("{address} is"),
        Err(_) => format!("{host} leads to {address}, which is"),
    }
}

/// Without the brackets of an address of version 6.
fn plain(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Guarded {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoUrl | Self::Unknown { .. } => "no_address",
            Self::NotAllowed { .. } => "address_not_allowed",
        }
    }
}

/// The addresses of a URL's host, when the administrator named every one of them. A name that leads anywhere else, too, is refused whole.
///
/// # Errors
/// [`Guarded`].
pub async fn allowed_addresses(url: &Url, allowed: &[Network]) -> Result<Vec<SocketAddr>, Guarded> {
    let host = url.host_str().ok_or(Guarded::NoUrl)?.to_owned();
    let port = url.port_or_known_default().ok_or(Guarded::NoUrl)?;
    let found: Vec<SocketAddr> = match plain(&host).parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => {
            let looked_up = tokio::net::lookup_host((plain(&host), port)).await;
            let found = looked_up.map(Iterator::collect);
            found.map_err(|error| Guarded::Unknown {
                host: host.clone(),
                source: Some(error),
            })?
        }
    };
    if found.is_empty() {
        return Err(Guarded::Unknown { host, source: None });
    }
    for address in found.iter().map(SocketAddr::ip) {
        if !allowed.iter().any(|network| network.contains(address)) {
            return Err(Guarded::NotAllowed { host, address });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn code(url: &str, allowed: &[&str]) -> Result<usize, &'static str> {
        let allowed: Vec<Network> = allowed
            .iter()
            .map(|text| Network::parse(text).unwrap())
            .collect();
        let found = allowed_addresses(&Url::parse(url).unwrap(), &allowed).await;
        found.map(|found| found.len()).map_err(|error| error.code())
    }

    #[tokio::test]
    async fn only_named_addresses_are_spoken_to() {
        let office = ["10.20.0.0/16"];
        assert_eq!(code("https://10.20.1.1/x", &office).await, Ok(1));
        for other in [
            "https://10.21.1.1/x",
            "https://127.0.0.1/x",
            "https://169.254.169.254/latest",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://0/x",
        ] {
            assert_eq!(
                code(other, &office).await,
                Err("address_not_allowed"),
                "{other}"
            );
        }
        assert_eq!(code("https://[::ffff:10.20.1.1]/x", &office).await, Ok(1));
    }

    /// It said “127.0.0.2 is at 127.0.0.2”.
    #[tokio::test]
    async fn an_address_that_is_not_named_is_told_once() {
        let refusal = async |url: &str| {
            let url = Url::parse(url).unwrap();
            let allowed = [Network::parse("10.0.0.0/8").unwrap()];
            let refused = allowed_addresses(&url, &allowed).await;
            refused.unwrap_err().to_string()
        };
        let not_named = "not among the addresses that handoff.push_to names";
        assert_eq!(
            refusal("https://127.0.0.2/x").await,
            format!("127.0.0.2 is {not_named}")
        );
        let by_name = refusal("https://localhost/x").await;
        assert!(by_name.starts_with("localhost leads to "), "{by_name}");
        assert!(
            by_name.ends_with(&format!("which is {not_named}")),
            "{by_name}"
        );
    }

    /// A name that leads to a named address and to another one is refused: which one would be spoken to is chance.
    #[tokio::test]
    async fn a_name_is_as_good_as_every_address_it_leads_to() {
        assert!(
            code("https://localhost/x", &["127.0.0.0/8", "::1"])
                .await
                .is_ok()
        );
        assert_eq!(
            code("https://localhost/x", &["10.0.0.0/8"]).await,
            Err("address_not_allowed")
        );
        assert_eq!(
            code("https://nobody.invalid/x", &["0.0.0.0/0"]).await,
            Err("no_address")
        );
    }
}
