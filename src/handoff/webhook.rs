//! Task: tells one case system by HTTP what the outbox holds for it. Identifiers and codes only, in the body only; nothing of a letter in an
//! address or a log. No redirect is followed, no proxy used, no address spoken to that the administrator did not name.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::signature::{secrets_of, sign};
use super::{EVERY, Guarded, Handoff, SecretError, allowed_addresses, chance, tls};
use crate::Chain;
use crate::api::password::random_hex;
use crate::clock;
use crate::config::{Network, Webhook};
use crate::domain::outgoing::{Kind, Retry, State};
use crate::events::Event;
use crate::sd_notify::Beat;
use crate::store::{Channel, GONE, Message, StoreError};

/// Messages tried in one go.
const AT_ONCE: u32 = 20;
/// After a message that took longer, what has come meanwhile is asked for again: an alert goes first.
const SLOW: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(5);
/// From connecting to the end of the answer's head.
const ANSWER: Duration = Duration::from_secs(15);

/// The body of a message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookBody, example = json!({"type": "alert.raised", "timestamp": "2026-11-20T08:00:00+08:00",
    "data": {"station": "mailroom", "letter": "A001", "alert": 7, "code": "threat"}}))]
pub struct Body<'a> {
    /// What it tells.
    #[serde(rename = "type")]
    kind: Kind,
    /// When it happened, as far as the station knows; the same at every attempt.
    timestamp: String,
    data: Data<'a>,
}

/// Of what.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookData)]
pub(super) struct Data<'a> {
    /// The station's name.
    station: &'a str,
    /// The letter's number.
    letter: &'a str,
    /// Of `letter.amended`: its number in `/v1/amendments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    amendment: Option<i64>,
    /// Of `alert.raised`: its number in `/v1/alerts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<i64>,
    /// Which amendment, which alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

/// The headers of a message, as Standard Webhooks names them.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes the headers")]
pub struct WebhookHeaders {
    /// The same at every attempt.
    #[param(
        rename = "webhook-id",
        example = "draft_5d41402abc4b2a76b9719d911017c592"
    )]
    id: String,
    /// Seconds since 1970, of this attempt.
    #[param(rename = "webhook-timestamp", example = "1795161600")]
    timestamp: String,
    /// `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` with the secret behind `whsec_`; several, a space between, while a secret is exchanged.
    #[param(
        rename = "webhook-signature",
        example = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )]
    signature: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// 2xx.
    Sent(u16),
    /// To be tried again; after so many seconds at the soonest, if the other side said so.
    Failed {
        /// Stable code.
        code: String,
        /// What the other side asked for.
        after_s: Option<u64>,
    },
    /// The other side wants nothing any more (410): the webhook is off.
    Gone,
    /// The other side cannot be spoken to at all just now: the other messages wait, too.
    Unreachable {
        /// Stable code.
        code: &'static str,
        /// For a person.
        why: String,
    },
}

/// Why it cannot be spoken to.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Guarded(#[from] Guarded),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Trust(#[from] tls::TrustError),
    #[error("the HTTP client cannot be made")]
    Client(#[from] reqwest::Error),
}

impl Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::Guarded(guarded) => guarded.code(),
            Self::Secret(_) => "secret_unusable",
            Self::Trust(_) | Self::Client(_) => "tls_unusable",
        }
    }
}

fn body(station: &str, message: &Message) -> String {
    let number = |kind| (message.kind == kind).then_some(message.shown);
    let body = Body {
        kind: message.kind,
        timestamp: message.made.rfc3339(),
        data: Data {
            station,
            letter: &message.letter,
            amendment: number(Kind::Amended),
            alert: number(Kind::AlertRaised),
            code: message.code.as_deref(),
        },
    };
    serde_json::to_string(&body).expect("plain values are JSON")
}

/// A client that speaks to these addresses only, whatever the name leads to a moment later.
async fn client(hook: &Webhook, allowed: &[Network]) -> Result<(Client, Url), Trouble> {
    let url = Url::parse(&hook.url).map_err(|_| Guarded::NoUrl)?;
    let addresses = allowed_addresses(&url, allowed).await?;
    let host = url.host_str().unwrap_or_default();
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .resolve_to_addrs(host, &addresses)
        .https_only(!hook.plain);
    // A client without TLS wants a configuration all the same: reqwest is built without a provider of its own.
    builder = builder.tls_backend_preconfigured(tls::config(hook)?);
    Ok((builder.build()?, url))
}

async fn attempt(
    client: &Client,
    url: &Url,
    text: String,
    headers: [(&str, String); 3],
) -> Delivery {
    let mut request = client
        .post(url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::USER_AGENT,
            concat!("laixin/", env!("CARGO_PKG_VERSION")),
        );
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = match request.body(text).send().await {
        Ok(response) => response,
        Err(error) => {
            let code = match () {
                () if error.is_connect() => "cannot_connect",
                () if error.is_timeout() => "no_answer",
                () => "broken_off",
            };
            // The chain names the address and what TLS said of the certificate; there is nothing of a letter in it.
            let why = Chain(&error).to_string();
            return Delivery::Unreachable { code, why };
        }
    };
    let status = response.status();
    let after = response.headers().get(header::RETRY_AFTER);
    let after_s = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    match status {
        status if status.is_success() => Delivery::Sent(status.as_u16()),
        StatusCode::GONE => Delivery::Gone,
        status if status.is_redirection() => Delivery::Failed {
            code: "redirect_refused".into(),
            after_s: None,
        },
        status => Delivery::Failed {
            code: format!("answered_{}", status.as_u16()),
            after_s,
        },
    }
}

/// The task's own things.
struct Teller {
    handoff: Handoff,
    hook: Webhook,
    channel: Channel,
    part: String,
}

/// Runs until `stop`.
pub(super) async fn run(handoff: Handoff, hook: Webhook, beat: Beat, stop: CancellationToken) {
    let part = format!("webhook/{}", hook.id);
    let channel = Channel {
        name: part.clone(),
        kinds: hook.events.clone(),
        unit: hook.unit.clone(),
        holder: hook.token.as_ref().map(|name| format!("token/{name}")),
    };
    let teller = Teller {
        handoff,
        hook,
        channel,
        part,
    };
    loop {
        beat.beat();
        let more = match teller.round(&beat, &stop).await {
            Ok(more) => more,
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::error!(channel = teller.part, error = %Chain(&error), "the outbox cannot be read; it is tried again");
                false
            }
        };
        if more && !stop.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl Teller {
    /// Tells what is due; whether there is more.
    async fn round(&self, beat: &Beat, stop: &CancellationToken) -> Result<bool, StoreError> {
        let channel = self.channel.clone();
        let (is_off, due) = self
            .handoff
            .store
            .with(move |db| {
                db.queue_messages(&channel, random_hex::<16>)?;
                match db.is_turned_off(&channel.name)? {
                    true => Ok((true, Vec::new())),
                    false => Ok((false, db.due_messages(&channel, AT_ONCE)?)),
                }
            })
            .await?;
        if is_off {
            self.handoff.readiness.not_ready(&self.part, "webhook_off", "the other side answered 410: it wants no messages any more, and none is sent. Take the webhook out of the settings; where it wants them all the same, send the message that was given up again on page Hand-over, and the others follow");
        }
        if due.is_empty() {
            return Ok(false);
        }
        let full = due.len() == AT_ONCE as usize;
        let allowed = &self.handoff.settings.handoff.push_to;
        let (client, url) = match client(&self.hook, allowed).await {
            Ok(made) => made,
            Err(trouble) => {
                let why = Chain(&trouble).to_string();
                self.put_off(&due[0], trouble.code(), &why).await?;
                return Ok(false);
            }
        };
        for message in due {
            if stop.is_cancelled() {
                return Ok(false);
            }
            beat.beat();
            let began = clock::monotonic();
            if !self.tell(&client, &url, message).await? {
                return Ok(false);
            }
            if began.elapsed() > SLOW {
                return Ok(true);
            }
        }
        Ok(full)
    }

    /// One message; `false` when the other side cannot be spoken to just now.
    async fn tell(&self, client: &Client, url: &Url, message: Message) -> Result<bool, StoreError> {
        // Read at each attempt: a new secret needs no restart.
        let secrets = match secrets_of(&self.hook.secret_file) {
            Ok(secrets) => secrets,
            Err(error) => {
                let why = Chain(&error).to_string();
                self.put_off(&message, "secret_unusable", &why).await?;
                return Ok(false);
            }
        };
        let text = body(&self.handoff.settings.station.name, &message);
        let at_s = clock::now().0 / 1000;
        let headers = [
            ("webhook-id", message.message.clone()),
            ("webhook-timestamp", at_s.to_string()),
            (
                "webhook-signature",
                sign(&secrets, &message.message, at_s, &text),
            ),
        ];
        match attempt(client, url, text, headers).await {
            Delivery::Sent(status) => {
                self.handoff.readiness.ready(&self.part);
                let result = format!("answered_{status}");
                let sent = self
                    .handoff
                    .store
                    .with(move |db| db.message_sent(&message, &result));
                sent.await?;
                Ok(true)
            }
            Delivery::Failed { code, after_s } => {
                self.failed(message, code, after_s, Some(self.retry()))
                    .await?;
                Ok(true)
            }
            Delivery::Gone => {
                self.failed(message, GONE.into(), None, None).await?;
                Ok(false)
            }
            Delivery::Unreachable { code, why } => {
                self.put_off(&message, code, &why).await?;
                Ok(false)
            }
        }
    }

    fn retry(&self) -> Retry {
        let small = |within: u64| u32::try_from(within).expect("limited by the settings");
        Retry {
            first_s: small(self.hook.first_retry_s.0),
            attempts: small(self.hook.attempts.0),
        }
    }

    /// The other side cannot be spoken to: this message has had an attempt, and the channel says so.
    async fn put_off(
        &self,
        message: &Message,
        code: &'static str,
        why: &str,
    ) -> Result<(), StoreError> {
        self.handoff.readiness.not_ready(&self.part, code, why);
        self.failed(message.clone(), code.into(), None, Some(self.retry()))
            .await
    }

    async fn failed(
        &self,
        message: Message,
        code: String,
        after_s: Option<u64>,
        retry: Option<Retry>,
    ) -> Result<(), StoreError> {
        let (letter, number, result) = (message.letter.clone(), message.id, code.clone());
        let failed = move |db: &mut crate::store::Db| {
            db.message_failed(&message, (&result, after_s), (retry, chance()))
        };
        if self.handoff.store.with(failed).await? == State::Dead {
            tracing::warn!(
                channel = self.part,
                message = number,
                letter,
                code,
                "a message was given up: a person may send it again"
            );
            self.handoff.events.tell(Event::Alert {
                code: "message_given_up".into(),
                subject: format!("letter/{letter}"),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;

    #[test]
    fn a_message_says_numbers_and_codes_and_is_the_same_each_time() {
        let message = Message {
            id: 3,
            message: "msg_1".into(),
            channel: "webhook/cases".into(),
            kind: Kind::AlertRaised,
            letter: "A001".into(),
            occasion: 1,
            shown: 7,
            code: Some("threat".into()),
            state: State::Waiting,
            made: Millis(0),
            attempts: 4,
            next: Millis(0),
            last: Some(Millis(9)),
            result: None,
        };
        let told: serde_json::Value = serde_json::from_str(&body("局", &message)).unwrap();
        assert_eq!(told["type"], "alert.raised");
        let data =
            serde_json::json!({"station": "局", "letter": "A001", "alert": 7, "code": "threat"});
        assert_eq!(told["data"], data);
        let later = Message {
            attempts: 5,
            ..message.clone()
        };
        assert_eq!(body("局", &message), body("局", &later));
    }
}
