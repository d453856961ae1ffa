//! Pages that say why there is no page: not allowed, not there, or a fault of ours.

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::frame::{Asked, Frame};
use crate::api::App;
use crate::api::auth::{Person, person_of};
use crate::domain::access::{Action, Unseen};
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    f: Frame,
    heading: &'static str,
    text: String,
}

/// A page that cannot be shown.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    frame: Box<Frame>,
    heading: &'static str,
    text: String,
}

impl Refused {
    /// This account may not see it; who may is named.
    pub(super) fn forbidden(app: &App, asked: Asked, person: &Person, action: Action) -> Self {
        let w = asked.words;
        Self {
            status: StatusCode::FORBIDDEN,
            frame: Box::new(Frame::signed_in(app, asked, person, "")),
            heading: w.t("refused.heading"),
            text: w.one("refused.who_may", w.who_may(action)),
        }
    }

    /// The store failed before anyone was known.
    pub(super) fn failed(app: &App, asked: Asked) -> Self {
        Self::fault(Frame::open(app, asked))
    }

    fn fault(frame: Frame) -> Self {
        let w = frame.w;
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            frame: Box::new(frame),
            heading: w.t("refused.failed"),
            text: w.t("refused.failed_text").to_owned(),
        }
    }

    /// There is no such thing.
    pub(super) fn nothing_here(frame: Frame) -> Self {
        let w = frame.w;
        Self {
            status: StatusCode::NOT_FOUND,
            frame: Box::new(frame),
            heading: w.t("refused.not_found"),
            text: w.t("refused.not_found_text").to_owned(),
        }
    }

    /// A letter that is not for everybody.
    fn restricted(frame: Frame) -> Self {
        let w = frame.w;
        Self {
            status: StatusCode::FORBIDDEN,
            frame: Box::new(frame),
            heading: w.t("refused.restricted"),
            text: w.t("refused.restricted_text").to_owned(),
        }
    }

    /// The store's refusal as a page; a fault is logged here, once.
    pub(super) fn by_store(frame: Frame, error: &StoreError) -> Self {
        match error {
            StoreError::NotFound { .. }
            | StoreError::Unseen {
                why: Unseen::Recused,
                ..
            } => return Self::nothing_here(frame),
            StoreError::Unseen { .. } => return Self::restricted(frame),
            _ => {}
        }
        let is_full = error.is_full();
        let error: &dyn std::error::Error = error;
        tracing::error!(error, "a page of the console could not be shown");
        let w = frame.w;
        match is_full {
            true => Self {
                status: StatusCode::INSUFFICIENT_STORAGE,
                text: w.t("problem.storage_full").to_owned(),
                ..Self::fault(frame)
            },
            false => Self::fault(frame),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let page = RefusedPage {
            f: *self.frame,
            heading: self.heading,
            text: self.text,
        };
        (self.status, show(&page)).into_response()
    }
}

/// What stands at an address where there is no page.
pub(super) async fn nowhere(app: &App, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(asked) = Asked::from_request_parts(&mut parts, app).await;
    match person_of(app, &parts.headers).await {
        Ok(Some(person)) => {
            Refused::nothing_here(Frame::signed_in(app, asked, &person, "")).into_response()
        }
        Ok(None) => Redirect::to("/").into_response(),
        Err(_) => Refused::failed(app, asked).into_response(),
    }
}

/// An address that its page can make nothing of, such as a word in the place of a number, is one where there is no page.
pub(super) async fn in_a_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    match response.status() {
        StatusCode::BAD_REQUEST => nowhere(&app, Request::from_parts(asked, Body::empty())).await,
        _ => response,
    }
}

/// A page as HTML.
pub(super) fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a template could not be filled");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
