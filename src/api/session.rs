//! `/v1/session`: signing in and out. Which part of a refused sign-in was wrong is never told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::auth::{COOKIE, Person, refuse_other_sites};
use super::problem::Problem;
use super::{App, password};
use crate::domain::access::Role;
use crate::store::{FAILURES_ALLOWED, LOCK_SECONDS, Session, SignIn};

/// Name and password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "zhang", "password": "…"}))]
pub struct Credentials {
    user: String,
    password: String,
    /// Another password from now on: needed once the old one is older than the settings' `passwords.longest_days`.
    #[serde(default)]
    new_password: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"user": "zhang", "role": "operator", "csrf": "5d1f…", "expires_at": "2026-11-20T18:00:00+08:00"}))]
pub struct SessionView {
    /// Name.
    pub user: String,
    /// Role.
    pub role: Role,
    /// Unsafe calls with the cookie carry this as `X-CSRF-Token`.
    pub csrf: String,
    /// The session ends then unless it is used.
    pub expires_at: String,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let expires_at = session.expires.rfc3339();
        Self {
            user: session.user,
            role: session.role,
            csrf: session.csrf,
            expires_at,
        }
    }
}

/// Signs a person in; the answer sets the session cookie.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = Credentials,
    responses((status = 200, body = SessionView)),
    security(()))]
pub async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Asked<Credentials>,
) -> Result<Response, Problem> {
    refuse_other_sites(&headers)?;
    let Credentials {
        user,
        password,
        new_password,
    } = asked.body;
    let old = password.clone();
    if !app.is_password_of(&user, password).await? {
        return Err(Problem::new(
            "sign_in_failed",
            format!(
                "after {FAILURES_ALLOWED} failures an account is locked for {} minutes",
                LOCK_SECONDS / 60
            ),
        ));
    }
    app.renewed(&user, &old, new_password).await?;
    let (cookie, csrf) = (password::random_hex::<32>(), password::random_hex::<16>());
    let (kept, minutes) = (cookie.clone(), app.lasting().idle_minutes);
    let session = app
        .store
        .with(move |db| db.begin_session(&user, &kept, &csrf, minutes))
        .await?;
    // No `Max-Age`: the store decides how long a session holds, and a closed browser forgets it.
    let secure = app.cookie_is_secure();
    let set = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/{secure}");
    Ok(with_cookie(
        &set,
        Json(SessionView::from(session)).into_response(),
    ))
}

impl App {
    /// Sets the new password of somebody who has proved the old one; refuses an old one that is too old without a new one.
    async fn renewed(&self, user: &str, old: &str, new: Option<String>) -> Result<(), Problem> {
        let name = user.to_owned();
        let Some(new) = new else {
            let age_ms = self.store.with(move |db| db.password_age_ms(&name));
            let age_ms = age_ms.await?;
            return match self.settings.passwords.is_too_old(age_ms) {
                true => Err(expired("send new_password beside it")),
                false => Ok(()),
            };
        };
        if new == old {
            return Err(expired("new_password: is the old one"));
        }
        let phc = self.hashed(user, new).await?;
        let set = self
            .store
            .with(move |db| db.set_password(&name, &phc, &name));
        Ok(set.await?)
    }

    /// Over TLS a cookie is never sent in the clear.
    fn cookie_is_secure(&self) -> &'static str {
        if self.settings.http.is_tls() {
            "; Secure"
        } else {
            ""
        }
    }
}

fn expired(what: &str) -> Problem {
    Problem::new("password_expired", what)
}

impl App {
    /// Whether it is the password of an account that may sign in. It counts as a wrong one beforehand, and no more once it is right: also when whoever
    /// asked did not wait for the answer.
    pub(super) async fn is_password_of(
        &self,
        name: &str,
        password: String,
    ) -> Result<bool, Problem> {
        let (app, name) = (self.clone(), name.to_owned());
        to_its_end(async move {
            let sought = name.clone();
            let begun = app.store.with(move |db| db.begin_sign_in(&sought));
            let phc = match begun.await? {
                SignIn::Prove(phc) => Some(phc),
                SignIn::Refused => None,
            };
            let is_right = prove(&app, password, phc).await?;
            if is_right {
                app.store.with(move |db| db.forget_failures(&name)).await?;
            }
            Ok(is_right)
        })
        .await
    }
}

/// Goes on when whoever asked has gone.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let ended = tokio::spawn(work).await;
    ended.unwrap_or_else(|_| Err(Problem::new("defect", "the station's log says more")))
}

/// Hashing takes 20 MB and a core for a moment: a few at a time, off the async threads.
pub(super) async fn prove(
    app: &App,
    password: String,
    phc: Option<String>,
) -> Result<bool, Problem> {
    let turn = Arc::clone(&app.sign_ins)
        .acquire_owned()
        .await
        .map_err(|_| Problem::new("store_stopped", "the station is stopping"))?;
    tokio::task::spawn_blocking(move || {
        let proven = password::proves(&password, phc.as_deref());
        drop(turn);
        proven
    })
    .await
    .map_err(|_| Problem::new("defect", "the station's log says more"))
}

/// Who is signed in by this cookie.
#[utoipa::path(get, path = "/v1/session", tag = "session",
    responses((status = 200, body = SessionView)), security(("session" = [])))]
pub async fn who(person: Person) -> Json<SessionView> {
    Json(person.session.into())
}

/// Signs the person out.
#[utoipa::path(delete, path = "/v1/session", tag = "session",
    responses((status = 204)), security(("session" = [])))]
pub async fn sign_out(State(app): State<App>, person: Person) -> Result<Response, Problem> {
    let Person { session, cookie } = person;
    app.store
        .with(move |db| db.end_session(&cookie, &session.user))
        .await?;
    let clear = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    Ok(with_cookie(&clear, StatusCode::NO_CONTENT.into_response()))
}

fn with_cookie(cookie: &str, mut response: Response) -> Response {
    let value = HeaderValue::from_str(cookie).expect("a cookie of hex digits is a header value");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}
