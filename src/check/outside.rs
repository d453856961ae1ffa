//! Whom the station speaks to: its own port, TLS, and the case systems. Nothing is sent.

use super::Report;
use super::machine::{folder, station_runs};
use crate::Chain;
use crate::config::{Http, Settings};
use crate::handoff::{self, Guarded};

/// What needs no answer from anybody.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    port(&settings.http, || station_runs(settings), report);
    tls(&settings.http, report);
    exchanges(settings, report);
}

/// `runs`: whether it may be this program itself that listens there.
pub(super) fn port(http: &Http, runs: impl Fn() -> bool, report: &mut Report) {
    let address = http.listen.to_string();
    match std::net::TcpListener::bind(http.listen) {
        Ok(_) => report.good("http", "port_free", &[&address]),
        Err(_) if runs() => report.good("http", "port_ours", &[&address]),
        Err(error) => {
            report.warn("http", "port_taken", &[&address]);
            report.said(error);
        }
    }
}

pub(super) fn tls(http: &Http, report: &mut Report) {
    match crate::api::tls::server_config(http) {
        Ok(None) => {}
        Ok(Some(_)) if http.client_authority.is_some() => {
            report.good("tls", "tls_shown", &[]);
        }
        Ok(Some(_)) => report.good("tls", "tls_fits", &[]),
        Err(error) => {
            report.bad("tls", "tls_refused", &[]);
            report.said(Chain(&error));
        }
    }
}

fn exchanges(settings: &Settings, report: &mut Report) {
    for exchange in &settings.exchanges {
        let what = format!("exchange {}", exchange.id);
        match handoff::mapping(&exchange.mapping) {
            Ok(mapping) if mapping.system.invented => report.warn(
                &what,
                "mapping_invented",
                &[&exchange.mapping.display().to_string()],
            ),
            Ok(mapping) => report.good(&what, "mapping_is", &[&mapping.system.name]),
            Err(error) => {
                report.bad(&what, "mapping_refused", &[]);
                report.said(Chain(&error));
            }
        }
        let its = exchange.folder.as_path();
        let there = match its.exists() {
            true => its,
            false => its.parent().unwrap_or(its),
        };
        folder(&what, there, "can_be_used", report);
    }
}

/// Nothing is sent: only where each would go, and with what it would sign.
pub(super) async fn webhooks(settings: &Settings, report: &mut Report) {
    for hook in &settings.webhooks {
        let what = format!("webhook {}", hook.id);
        match handoff::secrets_of(&hook.secret_file) {
            Ok(secrets) => report.good(&what, "hook_signs", &[&secrets.len().to_string()]),
            Err(error) => {
                report.bad(&what, "hook_unsigned", &[]);
                report.said(Chain(&error));
            }
        }
        match handoff::where_to(hook, &settings.handoff.push_to).await {
            Ok(to) => report.good(&what, "hook_goes", &[&to.to_string()]),
            Err(error) => nowhere(&what, &hook.url, &error, report),
        }
    }
}

fn nowhere(what: &str, url: &str, error: &Guarded, report: &mut Report) {
    match error {
        Guarded::NotAllowed { host, address } => {
            report.bad(what, "hook_not_allowed", &[host, &address.to_string()]);
        }
        Guarded::Unknown { host, .. } => report.bad(what, "hook_nowhere", &[host]),
        Guarded::NoUrl => report.bad(what, "hook_nowhere", &[url]),
    }
}

/// Whether another process is the station of this data folder.
pub(super) fn station_is_elsewhere(settings: &Settings, is_inside: bool) -> bool {
    !is_inside && station_runs(settings)
}
