//! Who comes to the counter: a case system with its token. The settings hold hashes of tokens only.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::Counter;
use crate::api::problem::Problem;
use crate::digest;

/// A case system, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaseSystem(pub(super) String);

impl FromRequestParts<Counter> for CaseSystem {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, counter: &Counter) -> Result<Self, Problem> {
        let sent = parts.headers.get(header::AUTHORIZATION);
        let token = sent
            .and_then(|sent| sent.to_str().ok())
            .and_then(|sent| sent.strip_prefix("Bearer "))
            .ok_or_else(Problem::not_signed_in)?;
        // Hashes are compared, so that the time it takes says nothing about how much was right.
        let hash = digest::sha256_hex(token.as_bytes());
        let systems = counter.settings.systems.iter();
        let mut known = systems.filter(|system| system.token_sha256.eq_ignore_ascii_case(&hash));
        let system = known.next().ok_or_else(Problem::not_signed_in)?;
        Ok(Self(system.name.0.clone()))
    }
}
