//! Worker: the numbers of registered and express mail, out of the bar codes on envelopes. Beside the intake, which does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::separators::{self, Codes};
use crate::evidence::Evidence;
use crate::store::{Store, StoreError};
use crate::worker;

/// How long the worker waits when there is nothing to look at.
const IDLE: Duration = Duration::from_secs(3);

/// Looks at one envelope after the other until it is told to stop.
pub async fn run(store: Store, evidence: Arc<Evidence>, stop: CancellationToken) {
    loop {
        let (store, evidence) = (store.clone(), Arc::clone(&evidence));
        let looked = tokio::task::spawn_blocking(move || next(&store, &evidence)).await;
        let more = match looked {
            Ok(Ok(more)) => more,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the number of an envelope was not kept; tried again");
                false
            }
            // Its hook has printed it; the same envelope is tried again.
            Err(_) => false,
        };
        let pause = if more { Duration::ZERO } else { IDLE };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Looks at the next envelope; whether there was one.
fn next(store: &Store, evidence: &Evidence) -> Result<bool, StoreError> {
    let Some(page) = store.wait(|db| db.next_envelope_without_code())? else {
        return Ok(false);
    };
    // An original that cannot be read is told by the scrub and by the reader; here it only has no number.
    let code = evidence
        .get(&page.sha256)
        .ok()
        .and_then(|bytes| worker::codes(&bytes, page.frame, Codes::Bars).ok())
        .and_then(|said| separators::number_on_envelope(said.codes));
    store.wait(move |db| db.keep_envelope_code(page.id, code.as_deref()))?;
    Ok(true)
}
