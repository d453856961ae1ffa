//! Several stations, one office: what crosses machines goes through NATS JetStream. A station's letters need none of it: pull the cable and
//! it goes on; what is owed waits in its own tables.
//!
//! A station and an office start it through [`crossing`]. The office: [`counter`], `laixin office`. What both know: where things lie ([`names`]), how they are sealed ([`seal`]),
//! what a package says ([`package`]).

mod bucket;
pub mod counter;
pub mod credentials;
pub mod crossing;
mod drafts;
mod elsewhere;
mod fault;
mod fingerprints;
mod key_file;
pub mod lend;
mod lent;
mod link;
pub mod names;
pub mod neighbours;
pub mod package;
mod pages;
mod presence;
pub mod reader;
mod receipts;
pub mod seal;
pub mod shared;
pub mod stations_key;
pub mod streams;
mod stuck;
pub mod together;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Office;
use crate::handoff::Handoff;
use crate::sd_notify::{Beat, Watchdog};

pub use bucket::bucket;
pub use fault::BrokerFault;
pub use key_file::KeyFault;
pub use link::{Link, PART, Refusal};
pub use seal::SealKey;

/// How often the tables are asked what is owed.
const EVERY: Duration = Duration::from_secs(1);
/// A task that does not complete a loop within this time is stuck: longer than any one package takes.
const STUCK: Duration = Duration::from_secs(180);

/// What a station's tasks at the brokers work on.
#[derive(Debug, Clone)]
struct Outside {
    handoff: Handoff,
    office: Office,
    key: SealKey,
    link: Link,
}

/// Starts a station's drafts, receipts and presence.
fn start(
    handoff: Handoff,
    (office, key): (Office, SealKey),
    (watchdog, stop): (&Watchdog, &CancellationToken),
) -> JoinHandle<()> {
    let stop = stop.child_token();
    let beats = ["presence", "drafts", "receipts"]
        .map(|task| watchdog.task(&format!("office/{task}"), STUCK));
    tokio::spawn(async move {
        let [present, drafts, receipts] = beats;
        // Nobody waits for the brokers but this task, and it says that it lives.
        let name = office.station.0.clone();
        let told = (&handoff.readiness, &stop);
        let connecting = Link::established(&office.brokers, &name, told);
        let waiting = || [&present, &drafts, &receipts].map(Beat::beat);
        let Some(link) = beaten(connecting, waiting).await else {
            return;
        };
        let outside = Outside {
            handoff,
            office,
            key,
            link,
        };
        let (is_ours, may_send) = watch::channel(false);
        tokio::join!(
            outside.link.keep(&outside.handoff.readiness, &stop),
            presence::run(&outside, is_ours, &present, &stop),
            drafts::run(&outside, may_send, &drafts, &stop),
            receipts::run(&outside, &receipts, &stop),
        );
    })
}

/// Waits for `work`, and says every now and then that it does.
async fn beaten<T, B>(work: impl Future<Output = T>, beat: impl Fn() -> B) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        beat();
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
