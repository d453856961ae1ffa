//! The office's counter: one HTTP address for the case systems of an office, behind it the drafts of all its stations. Stateless: what is known
//! of a letter lies at the brokers, sealed to the office; any number of processes with the same key and settings do the same.

mod caller;
mod claims;
mod drafts;
mod files;
mod notices;
mod records;
mod settings;
mod streams;
mod unopened;
mod walk;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use self::streams::Streams;
use self::unopened::Unopened;
use super::fault::BrokerFault;
use super::link::Link;
use super::names;
use super::package::{Answer, Package};
use super::{KeyFault, SealKey};
use crate::Chain;
use crate::api::problem::Problem;
use crate::api::{self, tls};
use crate::config::{Http, PublicKey};
use crate::health::Readiness;

pub use settings::{CounterSettings, KnownStation, Own, System};

/// The name that the brokers and permissions know the office by.
pub const NAME: &str = "office";
/// Between two attempts to find the streams.
const AGAIN: Duration = Duration::from_secs(2);
/// Between two looks whether the brokers agree.
const LOOK: Duration = Duration::from_secs(5);

/// Why the office did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    /// There is no key.
    #[error("office.seal_key cannot be used")]
    Key(#[from] KeyFault),
    /// TLS cannot be spoken.
    #[error(
        "http.certificate, http.key: TLS cannot be spoken; `laixin tls new` makes a certificate"
    )]
    Tls(#[from] tls::TlsError),
    /// The port cannot be opened.
    #[error(
        "{address} cannot be opened: another program may use it; stop that one, or set another http.listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP server ended by itself.
    #[error("the HTTP server ended")]
    Http(#[source] std::io::Error),
}

/// What every route works with.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    settings: Arc<CounterSettings>,
    key: SealKey,
    link: Link,
    streams: Streams,
    readiness: Readiness,
    unopened: Unopened,
}

impl From<BrokerFault> for Problem {
    fn from(fault: BrokerFault) -> Self {
        tracing::warn!(fault = %Chain(&fault), "the brokers did not do what was asked");
        Self::new("timeout", format!("{fault}; ask again under the same key"))
    }
}

/// Runs the office until SIGTERM or SIGINT.
///
/// # Errors
/// [`CounterError`] when something keeps it from starting. Brokers that are away do not: it waits for them, and says so.
pub async fn run(settings: CounterSettings) -> Result<(), CounterError> {
    let key = settings.key()?;
    let tls = tls::server_config(&settings.http)?;
    let Http { listen, .. } = settings.http;
    let (readiness, stop) = (Readiness::default(), CancellationToken::new());
    let ending = stop.clone();
    let signals = tokio::spawn(async move {
        asked_to_stop().await;
        ending.cancel();
    });
    crate::sd_notify::ready("等待消息服务器");
    let Some(counter) = set_up(settings, key, (&readiness, &stop)).await else {
        return Ok(());
    };
    // Before that nobody is let in who would only wait.
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| CounterError::Listen {
            address: listen,
            source,
        })?;
    crate::sd_notify::ready(&format!("运行中 · {listen}"));
    tracing::info!(address = %listen, "the office is up");
    let withdrawn = tokio::spawn(notices::run(counter.clone(), stop.clone()));
    let kept = {
        let (link, readiness, stop) = (counter.link.clone(), readiness.clone(), stop.clone());
        tokio::spawn(async move { link.keep(&readiness, &stop).await })
    };
    let looking = tokio::spawn(look(counter.clone(), stop.clone()));
    let unopened = tokio::spawn(unopened::run(counter.clone(), stop.clone()));
    let routes = router(counter);
    let served = match tls {
        Some(tls) => tls::serve(listener, tls, routes, stop.clone()).await,
        None => api::serve(listener, routes, stop.clone()).await,
    };
    crate::sd_notify::stopping();
    stop.cancel();
    signals.abort();
    looking.abort();
    kept.abort();
    for (task, what) in [(withdrawn, "notices"), (unopened, "what does not open")] {
        if task.await.is_err() {
            tracing::error!("the task of {what} ended by a defect");
        }
    }
    served.map_err(CounterError::Http)
}

/// The counter, once the brokers and their streams are there; `None` at a stop.
async fn set_up(
    settings: CounterSettings,
    key: SealKey,
    (readiness, stop): (&Readiness, &CancellationToken),
) -> Option<Counter> {
    let link = Link::established(&settings.brokers, NAME, (readiness, stop)).await?;
    loop {
        match Streams::of(link.jetstream(), &settings).await {
            Ok(streams) => {
                readiness.ready("streams");
                return Some(Counter {
                    settings: Arc::new(settings),
                    key,
                    link,
                    streams,
                    readiness: readiness.clone(),
                    unopened: Unopened::default(),
                });
            }
            Err(fault) => {
                let why = Chain(&fault).to_string();
                readiness.not_ready("streams", fault.code(), &why);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Whether enough brokers are up to agree on the drafts, told by readiness: a connection to one of them says nothing of that. Streams that are gone
/// with the brokers' disks are made again, as at the start; what lay in them comes from the stations.
async fn look(counter: Counter, stop: CancellationToken) {
    let mut drafts = counter.streams.drafts.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let fault = match drafts.info().await {
            // A broker that is left alone answers, too, and names no leader.
            Ok(info)
                if info
                    .cluster
                    .as_ref()
                    .is_some_and(|all| all.leader.is_none()) =>
            {
                BrokerFault::away("too few of them are up to agree on anything")
            }
            Ok(_) => {
                counter.readiness.ready("streams");
                continue;
            }
            Err(error) => BrokerFault::away(error),
        };
        let fault = match fault {
            BrokerFault::NoStream => {
                match Streams::of(counter.link.jetstream(), &counter.settings).await {
                    Ok(_) => {
                        tracing::warn!("the brokers had lost their streams; they are made again");
                        counter.readiness.ready("streams");
                        continue;
                    }
                    Err(fault) => fault,
                }
            }
            fault => fault,
        };
        let why = Chain(&fault).to_string();
        counter.readiness.not_ready("streams", fault.code(), &why);
    }
}

async fn asked_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be listened for");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn router(counter: Counter) -> Router {
    Router::new()
        .route("/healthz", get(api::health::alive))
        .route("/readyz", get(drafts::ready))
        .route("/v1/drafts", get(drafts::list))
        .route("/v1/drafts/claims", post(claims::claim))
        .route("/v1/drafts/{id}", get(drafts::get))
        .route("/v1/drafts/{id}/ack", post(drafts::ack))
        .route("/v1/drafts/{id}/nack", post(drafts::nack))
        .route("/v1/letters/{id}/pages/{n}", get(files::original))
        .route("/v1/letters/{id}/archive.pdf", get(files::archive))
        .route("/v1/amendments", get(notices::amendments))
        .route("/v1/amendments/{id}/ack", post(notices::ack_amendment))
        .route("/v1/alerts", get(notices::alerts))
        .method_not_allowed_fallback(async || {
            Problem::new("method_not_allowed", "see the station's /openapi.json")
        })
        .fallback(async || Problem::not_found("route", "of this address at the office"))
        .layer(DefaultBodyLimit::max(api::body::LARGEST))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            api::ANSWER_WITHIN,
        ))
        .layer(middleware::from_fn(api::as_problem))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new("defect", "the office's log says more").into_response()
        }))
        .layer(middleware::from_fn(api::note))
        .layer(middleware::from_fn(api::body::to_its_end))
        .with_state(counter)
}

impl Counter {
    /// The key that what this station sends is sealed with.
    fn key_of(&self, station: &str) -> Option<&PublicKey> {
        let known = self.settings.stations.iter();
        let mut known = known.filter(|known| known.name.0 == station);
        known.next().map(|known| &known.seal_to)
    }

    /// What lies under a subject; nothing where another than that station sealed it.
    fn opened(&self, subject: &str, sealed: &[u8]) -> Option<Package> {
        let station = names::station_of(subject)?;
        let opened = self
            .key_of(station)
            .and_then(|from| self.key.open(sealed, from));
        let package = opened.and_then(|plain| serde_json::from_slice::<Package>(&plain).ok());
        let fits = |package: &Package| {
            package.station == station
                && names::subject(station, &package.letter, package.kind) == subject
        };
        let package = package.filter(fits);
        self.unopened
            .came(&self.readiness, station, package.is_some());
        package
    }

    /// Says to a letter's station what became of a package. The same receipt again changes nothing there.
    async fn tell(&self, station: &str, answer: &Answer) -> Result<(), BrokerFault> {
        let Some(to) = self.key_of(station) else {
            return Ok(());
        };
        let plain = serde_json::to_vec(answer).expect("plain values are JSON");
        // Without an id: of a receipt that a broker lost it may remember the id and nothing else, and twice is once at the station.
        let sealed = self.key.seal(&plain, to);
        let sending = async {
            let sent = self
                .link
                .jetstream()
                .publish(names::receipts(station), sealed.into());
            sent.await?.await?;
            Ok(())
        };
        self.link.put(names::RECEIPTS, sending).await
    }
}
