//! Which eSCL scanners announce themselves on this network, by mDNS. An offer for whoever writes the settings; a running station never asks.

use std::collections::BTreeMap;
use std::time::Duration;

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};

use crate::order::Trouble;

/// A scanner that announced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What it calls itself.
    pub name: String,
    /// Its eSCL root.
    pub url: String,
    /// Its identity, where it says.
    pub uuid: Option<String>,
    /// Its trays in its own words, e.g. `platen,adf`.
    pub trays: Option<String>,
}

/// Listens for so long.
///
/// # Errors
/// [`Trouble::NoConnection`] when the system lets nobody listen.
pub async fn discover(listen: Duration) -> Result<Vec<Announced>, Trouble> {
    let cannot = |error: mdns_sd::Error| Trouble::NoConnection {
        why: error.to_string(),
    };
    let daemon = ServiceDaemon::new().map_err(cannot)?;
    let mut found = BTreeMap::new();
    let until = tokio::time::Instant::now() + listen;
    let plain = daemon.browse("_uscan._tcp.local.").map_err(cannot)?;
    let encrypted = daemon.browse("_uscans._tcp.local.").map_err(cannot)?;
    loop {
        let (event, scheme) = tokio::select! {
            () = tokio::time::sleep_until(until) => break,
            event = plain.recv_async() => (event, "http"),
            event = encrypted.recv_async() => (event, "https"),
        };
        match event {
            Ok(ServiceEvent::ServiceResolved(service)) => {
                for announced in announced(&service, scheme) {
                    found.insert(announced.url.clone(), announced);
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    // The thread ends by itself at the latest with the process.
    let _ = daemon.shutdown();
    Ok(found.into_values().collect())
}

fn announced(service: &ResolvedService, scheme: &str) -> Vec<Announced> {
    let text = |key: &str| service.get_property_val_str(key).map(str::to_owned);
    let root = text("rs").unwrap_or_else(|| "eSCL".into());
    let port = match (scheme, service.get_port()) {
        ("http", 80) | ("https", 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let name = text("ty").unwrap_or_else(|| service.get_fullname().to_owned());
    let addresses = service.get_addresses_v4();
    addresses
        .into_iter()
        .map(|address| Announced {
            name: name.clone(),
            url: format!("{scheme}://{address}{port}/{}", root.trim_matches('/')),
            uuid: text("UUID"),
            trays: text("is"),
        })
        .collect()
}
