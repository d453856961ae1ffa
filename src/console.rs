//! The console: server-rendered pages, a little script, everything embedded in the binary.
//!
//! It has no private door: pages show what the store tells the API, and every change a page makes goes through
//! `/v1/…` like anyone else's. Leaves out what the later, full console brings: see ARCHITECTURE.md.

mod access;
mod accounts;
mod address;
mod assets;
pub(crate) mod audit;
mod batches;
mod beside;
mod cabinet;
mod check;
mod device;
mod earlier;
mod field_lines;
mod frame;
mod gate;
mod held;
mod keeping;
mod letter;
mod letters;
mod maintenance;
mod myself;
mod outbox;
mod refused;
mod review;
mod scanning;
mod search;
mod second_entry;
mod settings;
mod sheets;
mod sign_in;
mod statistics;
mod today;
mod training;
mod visitor;
mod when;
pub(crate) mod words;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;

use crate::api::{App, OF_OUR_PAGES};

pub(crate) use batches::carrier_code;
pub(crate) use maintenance::{detail_words, trend_words};
pub(crate) use when::since;

/// Only our own files, and nothing inside a page is ever run: a letter may contain anything.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The pages and their files.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(sign_in::page))
        .route("/language/{language}", get(sign_in::language))
        .route("/today", get(today::page))
        .route("/batches", get(batches::page))
        .route("/batches/{id}/pages", get(sheets::page))
        .route("/cabinets/{id}", get(cabinet::page))
        .route("/review", get(review::page))
        .route("/letters", get(letters::page))
        .route("/search", get(search::page))
        .route("/letters/{id}", get(letter::page))
        .route("/letters/{id}/beside", get(beside::page))
        .route("/letters/{id}/entry", get(second_entry::page))
        .route("/letters/{id}/visitor", get(visitor::page))
        .route("/visitor", get(visitor::waiting))
        .route("/letters/{id}/keeping", get(keeping::page))
        .route("/letters/{id}/access", get(access::page))
        .route("/boxes", get(keeping::boxes))
        .route("/boxes/{id}", get(keeping::a_box))
        .route("/held", get(held::page))
        .route("/outbox", get(outbox::page))
        .route("/maintenance", get(maintenance::page))
        .route("/maintenance/{id}", get(device::page))
        .route("/maintenance/{id}/log.csv", get(device::table))
        .route("/check", get(check::page))
        .route("/statistics", get(statistics::page))
        .route("/training", get(training::page))
        .route("/accounts", get(accounts::page))
        .route("/settings", get(settings::page))
        .route("/myself", get(myself::page))
        .route("/audit", get(audit::page))
        .route("/console/{version}/{name}", get(assets::serve))
        .layer(middleware::from_fn_with_state(app.clone(), gate::gate))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            refused::in_a_page,
        ))
        .layer(middleware::from_fn(guard))
        .with_state(app)
}

/// The page at an address where there is none; whoever is nobody is sent to sign in.
pub(crate) async fn nothing_here(app: &App, request: Request) -> Response {
    guarded(refused::nowhere(app, request).await)
}

async fn guard(request: Request, next: Next) -> Response {
    guarded(next.run(request).await)
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (OF_OUR_PAGES, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page shows letters: no copy of it stays behind on a shared desk.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
