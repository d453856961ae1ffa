//! Tasks: case systems that want drafts brought. One task a webhook, one an exchange folder; the queue is the outbox (`store/outbox.rs`).
//! Case systems that pull need none of this (`api/drafts.rs`).

mod address;
pub(crate) mod answer;
mod exchange;
mod package;
pub(crate) mod receipts;
mod set_aside;
mod signature;
mod tls;
mod webhook;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{self, ConfigError, Network, Settings, Webhook};
use crate::domain::mapping::Mapping;
use crate::events::Events;
use crate::evidence::Evidence;
use crate::health::Readiness;
use crate::sd_notify::Watchdog;
use crate::store::Store;

pub use address::{Guarded, allowed_addresses};
pub use set_aside::{SetAside, set_aside};
pub use signature::{Secret, SecretError, secrets_of, sign};
pub use webhook::{Body, Delivery, WebhookHeaders};

/// How often the tables are asked what is owed.
const EVERY: Duration = Duration::from_secs(1);
/// A task that does not complete a loop within this time is stuck: longer than any one delivery or package.
const STUCK: Duration = Duration::from_secs(180);

/// What the tasks work on.
#[derive(Debug, Clone)]
pub struct Handoff {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// The originals.
    pub evidence: Arc<Evidence>,
    /// Who wants to know.
    pub events: Events,
    /// Where a channel says whether it works.
    pub readiness: Readiness,
}

/// The address that a webhook is sent to now.
///
/// # Errors
/// [`Guarded`].
pub async fn where_to(hook: &Webhook, allowed: &[Network]) -> Result<SocketAddr, Guarded> {
    let url = reqwest::Url::parse(&hook.url).map_err(|_| Guarded::NoUrl)?;
    let found = allowed_addresses(&url, allowed).await?;
    found.first().copied().ok_or(Guarded::NoUrl)
}

/// Whether a text is a receipt in JSON or XML, as `ending` says: for whoever tries foreign bytes on what reads them.
#[doc(hidden)]
pub fn is_receipt(text: &str, ending: &str) -> bool {
    receipts::parse(text, ending).is_some()
}

/// A number in 0..1000, to spread attempts.
pub(crate) fn chance() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    u64::from_le_bytes(bytes) % 1000
}

/// The mapping of every exchange folder, read and checked.
///
/// # Errors
/// [`ConfigError`] with file and line.
pub fn mappings(settings: &Settings) -> Result<Vec<Mapping>, ConfigError> {
    let files = settings.exchanges.iter().map(|exchange| &exchange.mapping);
    files.map(|file| mapping(file)).collect()
}

/// One mapping file.
///
/// # Errors
/// [`ConfigError`] with file and line.
pub fn mapping(file: &Path) -> Result<Mapping, ConfigError> {
    let mapping: Mapping = config::load_toml(file)?;
    let Some(misfit) = mapping.misfit() else {
        return Ok(mapping);
    };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    // The last place: what stands there twice is wrong the second time.
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(&misfit.near));
    Err(ConfigError::Refused {
        file: file.to_owned(),
        line: lines.last().map_or(1, |(at, _)| at + 1),
        key: "mapping".into(),
        message: misfit.message,
    })
}

/// Starts a task for every channel of the settings.
pub fn start(
    handoff: &Handoff,
    mappings: Vec<Mapping>,
    (watchdog, stop): (&Watchdog, &CancellationToken),
    tasks: &mut Vec<JoinHandle<()>>,
) {
    for (folder, mapping) in handoff.settings.exchanges.iter().zip(mappings) {
        let beat = watchdog.task(&format!("exchange/{}", folder.id), STUCK);
        let with = (folder.clone(), mapping);
        let task = exchange::run(handoff.clone(), with, beat, stop.child_token());
        tasks.push(tokio::spawn(task));
    }
    for hook in &handoff.settings.webhooks {
        let beat = watchdog.task(&format!("webhook/{}", hook.id), STUCK);
        let task = webhook::run(handoff.clone(), hook.clone(), beat, stop.child_token());
        tasks.push(tokio::spawn(task));
    }
}
