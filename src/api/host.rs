//! To which name a request is addressed. A station that only this machine reaches answers to this machine's names alone: a page of another site
//! whose name is made to lead here (DNS rebinding) would otherwise be of the same origin as the console.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::Problem;
use crate::config::Http;

/// Refuses what is addressed to another name; not where other machines reach the station, since a certificate vouches for the name there.
pub(super) async fn ours(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST);
    let named = named.map(|name| name.to_str().unwrap_or_default());
    if answers_to(&app.settings.http, named) {
        return next.run(request).await;
    }
    let detail = "this station is reached from its own machine only: open it as http://127.0.0.1 with its port";
    Problem::new("misdirected", detail).into_response()
}

fn answers_to(http: &Http, named: Option<&str>) -> bool {
    let Some(named) = named.filter(|_| http.listen.ip().is_loopback() && !http.plain) else {
        return true;
    };
    let host = match named.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => named,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_that_leads_to_this_machine_is_refused() {
        let http = Http::default();
        for ours in [
            "127.0.0.1:8470",
            "localhost:8470",
            "LOCALHOST",
            "[::1]:8470",
            "127.1.2.3",
        ] {
            assert!(answers_to(&http, Some(ours)), "{ours}");
        }
        assert!(answers_to(&http, None));
        for theirs in [
            "evil.example:8470",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.7",
            "",
            "::::",
        ] {
            assert!(!answers_to(&http, Some(theirs)), "{theirs}");
        }
    }

    #[test]
    fn a_station_that_others_reach_leaves_its_name_to_its_certificate() {
        let http = Http {
            listen: ([0, 0, 0, 0], 8470).into(),
            ..Http::default()
        };
        assert!(answers_to(&http, Some("mailroom.example")));
        let behind = Http {
            plain: true,
            ..Http::default()
        };
        assert!(answers_to(&behind, Some("mailroom.example")));
    }
}
