//! The gate before pages of letters: as the API's, but it answers in pages, and asks for the reason where one is needed.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Asked, Frame};
use super::refused::{Refused, show};
use crate::api::App;
use crate::api::auth::{Person, person_of};
use crate::api::guard::{Shut, pass};
use crate::clock;
use crate::domain::access::{Action, Unseen};
use crate::store::{Db, StoreError};

#[derive(Template)]
#[template(path = "reason.html")]
struct ReasonPage {
    f: Frame,
    letter: String,
    minutes: u64,
    /// The letter that comes after this one in the queue, for whoever leaves it to others.
    next: Option<String>,
}

pub(super) async fn gate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let shut = match pass(&app, &mut parts).await {
        // The pages ask for the person themselves: they send whoever is nobody to sign in.
        Ok(_) => return next.run(Request::from_parts(parts, body)).await,
        Err(shut) => shut,
    };
    let Ok(asked) = Asked::from_request_parts(&mut parts, &app).await;
    match (shut, person_of(&app, &parts.headers).await) {
        (
            Shut::Store(StoreError::Unseen {
                id,
                why: Unseen::ReasonAsked,
            }),
            Ok(Some(person)),
        ) => reason_page(&app, asked, &person, id).await,
        (Shut::Store(error), Ok(Some(person))) => refusal(&app, asked, &person, error),
        // A machine has no pages.
        (Shut::Store(_), Ok(None)) => Redirect::to("/").into_response(),
        _ => Refused::failed(&app, asked).into_response(),
    }
}

async fn reason_page(app: &App, asked: Asked, person: &Person, letter: String) -> Response {
    let (seer, id) = (person.seer(), letter.clone());
    let queue = move |db: &mut Db| db.in_queue(&seer, &id, clock::now());
    let f = Frame::signed_in(app, asked, person, "letters");
    match app.store.with(queue).await {
        Ok(queue) => show(&ReasonPage {
            f,
            letter,
            minutes: app.settings.access.reason_minutes.0,
            next: queue.next,
        }),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

fn refusal(app: &App, asked: Asked, person: &Person, error: StoreError) -> Response {
    match error {
        StoreError::Unseen {
            why: Unseen::Role, ..
        } => Refused::forbidden(app, asked, person, Action::ReadLetters).into_response(),
        error => {
            let frame = Frame::signed_in(app, asked, person, "letters");
            Refused::by_store(frame, &error).into_response()
        }
    }
}
