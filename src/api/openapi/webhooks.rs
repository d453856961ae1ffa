//! What case systems are told without asking (`handoff/webhook.rs`): the receiver's side of it, described among `webhooks`.

use utoipa::OpenApi;
use utoipa::openapi::{Components, Paths};

use crate::handoff::{Body, WebhookHeaders};

/// Signed as Standard Webhooks has it: verify the signature, refuse what is more than five minutes off, count an id once. At least once, in no promised
/// order. Numbers and codes only: fetch the rest with your token.
#[utoipa::path(post, path = "message", operation_id = "webhook_message", tag = "webhooks", request_body = Body, params(WebhookHeaders),
    security(()), responses(
        (status = "2XX", description = "It is on your disk. Anything but this and 410 is tried again, each pause four times the last; `Retry-After` is heeded"),
        (status = 410, description = "No messages any more: this one is given up, and the others wait until a person has sent this one again")))]
#[expect(dead_code, reason = "the receiver answers this, not the station")]
fn message() {}

#[derive(OpenApi)]
#[openapi(paths(message))]
struct Told;

/// The entries, and the shapes that they name.
pub(super) fn told() -> (Paths, Components) {
    let told = Told::openapi();
    (told.paths, told.components.unwrap_or_default())
}
