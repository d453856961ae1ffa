//! Signing in, and the switch of the language.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::accounts::password_rules;
use super::address;
use super::frame::{Asked, Frame, LANGUAGE_COOKIE};
use super::refused::show;
use crate::api::App;
use crate::api::auth::person_of;
use axum::http::HeaderMap;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    f: Frame,
    to: String,
    expired: bool,
    /// He has changed his own password.
    changed: bool,
    /// What a password must be.
    rules: String,
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Onward {
    to: Option<String>,
    /// He comes from changing his password, which ends every session of his.
    changed: Option<String>,
}

/// `GET /`
pub(super) async fn page(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    Query(onward): Query<Onward>,
) -> Response {
    let to = address::ours(onward.to.as_deref()).to_owned();
    if matches!(person_of(&app, &headers).await, Ok(Some(_))) {
        return Redirect::to(&to).into_response();
    }
    let had_session = headers
        .get(header::COOKIE)
        .and_then(|cookies| cookies.to_str().ok())
        .is_some_and(|cookies| cookies.contains(crate::api::auth::COOKIE));
    let rules = password_rules(asked.words, &app);
    show(&SignInPage {
        rules,
        f: Frame::open(&app, asked),
        to,
        expired: had_session && onward.changed.is_none(),
        changed: onward.changed.is_some(),
    })
}

/// `GET /language/{language}`: keeps the choice for a year and goes back.
pub(super) async fn language(
    Path(language): Path<String>,
    Query(onward): Query<Onward>,
) -> Response {
    let chosen = if language == "en" { "en" } else { "zh" };
    let mut back = Redirect::to(address::ours(onward.to.as_deref())).into_response();
    let cookie =
        format!("{LANGUAGE_COOKIE}={chosen}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly");
    let cookie = HeaderValue::from_str(&cookie).expect("a cookie of plain letters");
    back.headers_mut().insert(header::SET_COOKIE, cookie);
    back
}
