//! The list of routes. Every change of the station goes through here; the console has no private door.

pub mod access;
pub mod alerts;
pub mod amendments;
pub mod archive;
pub mod arrivals;
pub mod asked;
pub mod audit;
pub mod auth;
pub mod batches;
pub mod body;
pub mod cabinets;
pub mod check;
pub mod clock;
pub mod custody;
pub mod cycles;
pub mod days;
pub mod drafts;
pub mod events;
mod examples;
pub mod grouping;
pub mod guard;
pub mod handover;
pub mod health;
pub mod held_images;
mod host;
pub mod interests;
pub mod letters;
pub mod named_offices;
pub mod neighbours;
pub mod openapi;
pub mod outbox;
pub mod page_kinds;
pub mod pages;
pub mod paging;
pub mod password;
pub mod problem;
mod query;
pub(crate) mod ranged;
pub mod retakes;
pub mod scanners;
pub mod search;
pub mod second_copies;
pub mod second_entry;
mod second_person;
pub mod session;
pub mod settings;
pub mod statistics;
pub mod thumbnails;
pub mod tls;
pub mod tokens;
pub mod training;
pub mod users;
pub mod valuables;
pub mod visitor;
pub mod withhold;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::problem::Problem;
use self::thumbnails::Thumbnails;
use crate::broker::together::Others;
use crate::check::{Checked, Checks, Running};
use crate::config::Settings;
use crate::disinfect::CabinetControl;
use crate::events::Events;
use crate::evidence::Evidence;
use crate::health::Readiness;
use crate::metrics::Metrics;
use crate::scan::ScannerControl;
use crate::store::{Lasting, Store};

/// Passwords proved side by side at most.
const SIGN_INS: usize = 2;
/// An answer begins within this time, or the caller is told that it did not.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The head of a request is there within this time: one that never ends would keep its connection for ever, since the time limit of a
/// request begins behind it. A connection that asks nothing for so long is closed.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// No page of another site takes an answer in, be it as an image.
pub(crate) const OF_OUR_PAGES: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Open answers get so long at a stop.
const GRACE: Duration = Duration::from_secs(2);

/// What every route may use.
#[derive(Debug, Clone)]
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// The originals.
    pub evidence: Arc<Evidence>,
    /// Events, to tell and to listen to.
    pub events: Events,
    /// What is ready and what is not.
    pub readiness: Readiness,
    /// The cabinets by id.
    pub cabinets: Arc<BTreeMap<String, CabinetControl>>,
    /// The scanners by id.
    pub scanners: Arc<BTreeMap<String, ScannerControl>>,
    /// What is counted.
    pub metrics: Metrics,
    /// The list of `laixin check`, as it was last made.
    pub checks: Checks,
    /// Thumbnails that are drawn already.
    pub thumbnails: Arc<Thumbnails>,
    /// The office's other stations and readers.
    pub others: Others,
    /// Cancelled when the station stops: streams of events end then.
    pub closing: CancellationToken,
    sign_ins: Arc<Semaphore>,
}

impl App {
    /// What the routes work on.
    pub fn new(
        settings: Arc<Settings>,
        (store, evidence): (Store, Arc<Evidence>),
        events: Events,
        readiness: Readiness,
        (cabinets, scanners): (
            BTreeMap<String, CabinetControl>,
            BTreeMap<String, ScannerControl>,
        ),
    ) -> Self {
        Self {
            settings,
            store,
            evidence,
            events,
            readiness,
            cabinets: Arc::new(cabinets),
            scanners: Arc::new(scanners),
            metrics: Metrics::default(),
            checks: Checks::default(),
            thumbnails: Arc::default(),
            others: Others::default(),
            closing: CancellationToken::new(),
            sign_ins: Arc::new(Semaphore::new(SIGN_INS)),
        }
    }

    /// Checks everything; goes on when whoever asked has gone.
    pub(crate) async fn check_again(&self) -> Option<Checked> {
        let (checks, settings) = (self.checks.clone(), self.settings.clone());
        let running = Running {
            cabinets: self.cabinets.clone(),
            readiness: self.readiness.clone(),
        };
        tokio::spawn(async move { checks.again(settings, running).await })
            .await
            .ok()
    }

    /// How long sessions hold.
    pub(crate) fn lasting(&self) -> Lasting {
        let http = &self.settings.http;
        let number = |within: u64| i64::try_from(within).expect("limited by the settings");
        Lasting {
            idle_minutes: number(http.session_minutes.0),
            longest_hours: number(http.session_longest_hours.0),
        }
    }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(<openapi::Description as utoipa::OpenApi>::openapi())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(session::sign_in, session::who, session::sign_out))
        .routes(routes!(users::own_password))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::set_password))
        .routes(routes!(users::set_role))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(settings::get))
        .routes(routes!(settings::roster))
        .routes(routes!(settings::deadlines))
        .routes(routes!(settings::lists))
        .routes(routes!(settings::access::change))
        .routes(routes!(settings::thresholds))
        .routes(routes!(settings::undo_thresholds))
        .routes(routes!(batches::sign_in, batches::list))
        .routes(routes!(batches::get))
        .routes(routes!(batches::load))
        .routes(routes!(batches::close))
        .routes(routes!(grouping::exception))
        .routes(routes!(grouping::take_exception_back))
        .routes(routes!(grouping::next_letter))
        .routes(routes!(batches::override_load))
        .routes(routes!(cabinets::list))
        .routes(routes!(cabinets::get))
        .routes(routes!(cabinets::start))
        .routes(routes!(cabinets::abort))
        .routes(routes!(cabinets::turned_over))
        .routes(routes!(cabinets::self_test))
        .routes(routes!(cabinets::acknowledge))
        .routes(routes!(cycles::certificate))
        .routes(routes!(scanners::list))
        .routes(routes!(scanners::start))
        .routes(routes!(scanners::cancel))
        .routes(routes!(scanners::lies))
        .routes(routes!(scanners::scans))
        .routes(routes!(scanners::scan))
        .routes(routes!(arrivals::list))
        .routes(routes!(arrivals::take))
        .routes(routes!(arrivals::set_aside))
        .routes(routes!(held_images::shown))
        .routes(routes!(grouping::holds))
        .routes(routes!(grouping::resolve))
        .routes(routes!(grouping::resolve_all))
        .routes(routes!(grouping::move_pages))
        .routes(routes!(grouping::print))
        .routes(routes!(days::day))
        .routes(routes!(clock::get))
        .routes(routes!(clock::confirm))
        .routes(routes!(second_copies::get))
        .routes(routes!(second_copies::begin))
        .routes(routes!(days::close_day))
        .routes(routes!(letters::list))
        .routes(routes!(letters::get))
        .routes(routes!(search::letters))
        .routes(routes!(archive::pdf))
        .routes(routes!(pages::original))
        .routes(routes!(pages::shown))
        .routes(routes!(pages::thumbnail))
        .routes(routes!(page_kinds::set))
        .routes(routes!(retakes::retake))
        .routes(routes!(letters::correct))
        .routes(routes!(letters::undo))
        .routes(routes!(letters::confirm))
        .routes(routes!(second_entry::get, second_entry::enter))
        .routes(routes!(visitor::get, visitor::say))
        .routes(routes!(valuables::of_letter, valuables::list))
        .routes(routes!(valuables::witness))
        .routes(routes!(valuables::give_back))
        .routes(routes!(valuables::witness_return))
        .routes(routes!(valuables::strike))
        .routes(routes!(withhold::return_unread))
        .routes(routes!(withhold::withdraw))
        .routes(routes!(withhold::reinstate))
        .routes(routes!(withhold::propose))
        .routes(routes!(withhold::list))
        .routes(routes!(withhold::approve))
        .routes(routes!(withhold::refuse))
        .routes(routes!(custody::boxes, custody::make))
        .routes(routes!(custody::a_box))
        .routes(routes!(custody::move_to))
        .routes(routes!(custody::close))
        .routes(routes!(custody::put))
        .routes(routes!(custody::ask))
        .routes(routes!(custody::loans))
        .routes(routes!(custody::approve))
        .routes(routes!(custody::back))
        .routes(routes!(drafts::claim))
        .routes(routes!(drafts::list))
        .routes(routes!(drafts::get))
        .routes(routes!(drafts::ack))
        .routes(routes!(drafts::nack))
        .routes(routes!(handover::reconcile))
        .routes(routes!(amendments::list))
        .routes(routes!(amendments::ack))
        .routes(routes!(outbox::list))
        .routes(routes!(outbox::resend))
        .routes(routes!(access::look))
        .routes(routes!(access::get, access::grant))
        .routes(routes!(access::end))
        .routes(routes!(access::restrict, access::unrestrict))
        .routes(routes!(access::recuse))
        .routes(routes!(access::lift))
        .routes(routes!(named_offices::judge))
        .routes(routes!(named_offices::say))
        .routes(routes!(interests::list, interests::declare))
        .routes(routes!(interests::end))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(training::get))
        .routes(routes!(training::begin))
        .routes(routes!(training::put))
        .routes(routes!(audit::list))
        .routes(routes!(statistics::get))
        .routes(routes!(statistics::export))
        .routes(routes!(events::get))
        .routes(routes!(health::newest))
        .routes(routes!(health::log))
        .routes(routes!(neighbours::all))
        .routes(routes!(check::last, check::again))
}

/// Every route of the API.
pub fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route("/openapi.json", axum::routing::get(openapi::get))
        .method_not_allowed_fallback(async || {
            Problem::new("method_not_allowed", "see /openapi.json")
        })
        .fallback(nowhere)
        .layer(middleware::from_fn(query::only_known))
        .layer(middleware::from_fn_with_state(app.clone(), guard::gate))
        .layer(middleware::from_fn_with_state(app.clone(), host::ours))
        .layer(DefaultBodyLimit::max(body::LARGEST))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(middleware::from_fn(as_problem))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new("defect", "the station's log says more").into_response()
        }))
        .layer(middleware::from_fn(note))
        .layer(middleware::from_fn(body::to_its_end))
        .with_state(app)
}

/// An address where there is nothing: a browser gets a page, everyone else a problem document.
async fn nowhere(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path();
    let accepts = request.headers().get(header::ACCEPT);
    let is_browser = accepts
        .and_then(|accepts| accepts.to_str().ok())
        .is_some_and(|accepts| accepts.contains("text/html"));
    if is_browser && !path.starts_with("/v1/") {
        return crate::console::nothing_here(&app, request).await;
    }
    Problem::not_found("route", path).into_response()
}

/// Serves until `app.closing` is cancelled; open answers are finished.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    closing: CancellationToken,
) -> std::io::Result<()> {
    let (handle, stop) = ends_with(closing);
    let mut server = axum_server::from_tcp(listener.into_std()?)?.handle(handle);
    server
        .http_builder()
        .http1()
        .header_read_timeout(HEAD_WITHIN);
    let ended = server
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await;
    stop.abort();
    ended
}

/// Ends a server when `closing` is cancelled; open answers get a moment.
pub(crate) fn ends_with(
    closing: CancellationToken,
) -> (axum_server::Handle<SocketAddr>, tokio::task::JoinHandle<()>) {
    let handle = axum_server::Handle::new();
    let stopping = handle.clone();
    let stop = tokio::spawn(async move {
        closing.cancelled().await;
        stopping.graceful_shutdown(Some(GRACE));
    });
    (handle, stop)
}

/// Refusals of axum itself and of the time limit become problem documents too.
pub(crate) async fn as_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| {
            kind.to_str()
                .is_ok_and(|kind| kind.starts_with("text/plain"))
        });
    if !plain {
        return response;
    }
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new("body_too_large", format!("at most {} bytes", body::LARGEST))
                .into_response()
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = ANSWER_WITHIN.as_secs();
            Problem::new(
                "timeout",
                format!("no answer within {seconds} seconds; what was begun goes on"),
            )
            .into_response()
        }
        StatusCode::BAD_REQUEST => refused_by_axum(response).await,
        _ => response,
    }
}

/// An address or a query that cannot be read. What axum says of it repeats the sender's words; only its kind is used.
async fn refused_by_axum(response: Response) -> Response {
    let told = axum::body::to_bytes(response.into_body(), 4096).await;
    let of_address = told.is_ok_and(|told| told.starts_with(b"Invalid URL"));
    if of_address {
        return Problem::new(
            "not_found",
            "there is nothing at this address: it names something by its number, and has none in that place; see /openapi.json",
        )
        .into_response();
    }
    Problem::new(
        "query_invalid",
        "a query parameter is not as described; see /openapi.json",
    )
    .into_response()
}

/// One line per request: route, status, time. Not the address itself, nothing of any body.
pub(crate) async fn note(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    let ms = began.elapsed().as_millis();
    // Whoever asks whether the station is ready is answered; why it is not was logged when that began.
    if status.is_server_error() && route != "/readyz" {
        tracing::error!(%method, route, status = status.as_u16(), ms, "request failed");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), ms, "request");
    }
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(OF_OUR_PAGES, HeaderValue::from_static("same-origin"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
