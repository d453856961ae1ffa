//! Machine tokens, for the administrator: shown once, kept as a hash, scoped, ending, taken back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{AccountKeepers, Caller};
use super::password;
use super::problem::{Problem, Wanted};
use super::tls;
use super::users::is_name;
use super::valuables::words;
use crate::clock::{self, Millis};
use crate::domain::access::Scope;
use crate::store::{Db, NewToken, StoreError, Token};

/// A token without its secret.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"name": "cases", "scope": "case_system", "unit": "苏州市信访局", "unit_known": true, "certificate": "cases", "created_at": "2026-11-20T08:00:00+08:00",
    "expires_at": null, "revoked_at": null, "holds": true}))]
pub struct TokenView {
    /// Name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Whose case system it is: nothing that accuses this office is handed to it.
    pub unit: Option<String>,
    /// Whether the roster knows that office, by its full name or a short one. One that it does not know is found among the accused by its very words
    /// only: write it as the roster has it, or add it there.
    pub unit_known: Option<bool>,
    /// The client certificate that it is tied to: a name, or a SHA-256 in hex.
    pub certificate: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// Holds until.
    pub expires_at: Option<String>,
    /// Taken back at.
    pub revoked_at: Option<String>,
    /// Whether it holds now.
    pub holds: bool,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            holds: token.revoked.is_none()
                && token.expires.is_none_or(|until| until > clock::now()),
            name: token.name,
            scope: token.scope,
            unit: token.unit,
            unit_known: None,
            certificate: token.certificate,
            created_at: token.created.rfc3339(),
            expires_at: token.expires.map(Millis::rfc3339),
            revoked_at: token.revoked.map(Millis::rfc3339),
        }
    }
}

impl TokenView {
    fn of(db: &Db, token: Token) -> Self {
        let unit_known = token.unit.as_deref().and_then(|unit| db.knows_office(unit));
        Self {
            unit_known,
            ..token.into()
        }
    }
}

/// Every token.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// By name.
    pub items: Vec<TokenView>,
}

/// A new token.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "cases", "scope": "case_system", "days": 365, "unit": "苏州市信访局"}))]
pub struct NewTokenBody {
    /// 1 to 32 letters, digits, `-`, `_` or `.`.
    name: String,
    scope: Scope,
    /// Holds for so many days, 1 to 3650; without it until it is revoked.
    #[serde(default)]
    days: Option<u32>,
    /// Whose case system it is.
    #[serde(default)]
    unit: Option<String>,
    /// Holds only together with this client certificate: a name that it is made out to (common name, DNS name), which outlasts its renewal, or its
    /// SHA-256. Only where the settings have `http.client_authority`.
    #[serde(default)]
    certificate: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Made {
    /// The secret; it cannot be shown again.
    token: String,
    /// What was made.
    #[serde(flatten)]
    view: TokenView,
}

/// Every token, without its secret.
#[utoipa::path(get, path = "/v1/tokens", tag = "accounts", responses((status = 200, body = Tokens)))]
pub async fn list(
    State(app): State<App>,
    _: Caller<AccountKeepers>,
) -> Result<Json<Tokens>, Problem> {
    let listed = app.store.with(|db| {
        let tokens = db.tokens()?.into_iter();
        Ok(tokens.map(|token| TokenView::of(db, token)).collect())
    });
    let items = listed.await?;
    Ok(Json(Tokens { items }))
}

/// Makes a token and says it once. It is not repeated for an Idempotency-Key: that would keep the secret.
#[utoipa::path(post, path = "/v1/tokens", tag = "accounts", request_body = NewTokenBody,
    responses((status = 201, body = Made)))]
pub async fn add(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    asked: Asked<NewTokenBody>,
) -> Result<Response, Problem> {
    let by = caller.actor();
    let NewTokenBody {
        name,
        scope,
        days,
        unit,
        certificate,
    } = asked.body;
    if !is_name(&name) {
        return Err(Problem::body("name", Wanted::AccountName));
    }
    if days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::body("days", Wanted::Number(1, 3650)));
    }
    let unit = unit.filter(|unit| !unit.trim().is_empty());
    let unit = unit.map(|unit| words("unit", &unit, 2, 100)).transpose()?;
    let certificate = certificate.filter(|name| !name.trim().is_empty());
    let certificate = certificate.map(|name| tied(&app, &name)).transpose()?;
    let secret = format!("laixin_{}", password::random_hex::<32>());
    let expires = days.map(|days| clock::now().plus_seconds(i64::from(days) * 86_400));
    let new = NewToken {
        name,
        scope,
        expires,
        unit,
        certificate,
    };
    let kept = secret.clone();
    let made = app.store.with(move |db| {
        db.add_token(&new, &kept, &by)?;
        let found = db
            .tokens()?
            .into_iter()
            .find(|token| token.name == new.name);
        let found = found.ok_or(StoreError::NotFound {
            what: "token",
            id: new.name,
        })?;
        Ok(TokenView::of(db, found))
    });
    let view = made.await?;
    Ok((
        StatusCode::CREATED,
        Json(Made {
            token: secret,
            view,
        }),
    )
        .into_response())
}

/// A certificate that can be shown: somebody has to have signed it, and the station has to ask for it.
fn tied(app: &App, certificate: &str) -> Result<String, Problem> {
    if app.settings.http.client_authority.is_none() {
        return Err(Problem::new(
            "body_invalid",
            "certificate: set http.client_authority first, otherwise no certificate is asked for and the token would never hold",
        ));
    }
    tls::tie(certificate).ok_or_else(|| {
        Problem::new(
            "body_invalid",
            "certificate: a name of 1 to 200 characters, or a SHA-256 of 64 hex digits, is allowed",
        )
    })
}

/// Takes a token back; it stops holding at once.
#[utoipa::path(post, path = "/v1/tokens/{name}/revoke", tag = "accounts", params(("name" = String, Path), super::openapi::Key),
    responses((status = 200, body = TokenView)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    Path(name): Path<String>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.revoke_token(&name, &by)?;
        let found = db.tokens()?.into_iter().find(|token| token.name == name);
        let found = found.ok_or(StoreError::NotFound {
            what: "token",
            id: name,
        })?;
        answer(StatusCode::OK, &TokenView::of(db, found))
    })
    .await
}
