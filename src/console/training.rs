//! The guided first day of a training station, step by step, ticked as it is done.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::training::TrainingView;
use crate::domain::training::Step;

struct StepLine {
    title: &'static str,
    how: &'static str,
    /// Where it is done.
    href: &'static str,
    is_done: bool,
    /// The first that is not done.
    is_next: bool,
    /// The button that puts sample letters into the scanner.
    puts_letters: bool,
    /// `2 / 3` where it takes more than one.
    count: String,
}

#[derive(Template)]
#[template(path = "training.html")]
struct TrainingPage {
    f: Frame,
    steps: Vec<StepLine>,
    letters_left: usize,
    is_done: bool,
    /// The folder of the sample letters is not there.
    has_none: bool,
}

fn code(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::SignIn => ("sign_in", "/batches"),
        Step::Disinfect => ("disinfect", "/batches"),
        Step::Scan => ("scan", "/batches"),
        Step::Correct => ("correct", "/review"),
        Step::Confirm => ("confirm", "/review"),
        Step::CloseBatch => ("close_batch", "/batches"),
        Step::CloseDay => ("close_day", "/today"),
    }
}

/// `GET /training`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "training"));
    let Some(training) = app.settings.training.clone() else {
        return Refused::nothing_here(f).into_response();
    };
    let user = visitor.person.session.user.clone();
    let Ok(view) = TrainingView::of(&app, &training, user).await else {
        return Refused::failed(&app, visitor.asked.clone()).into_response();
    };
    let folder = tokio::fs::metadata(&training.letters).await;
    let next = view.steps.iter().position(|one| !one.is_done());
    let steps = view.steps.iter().enumerate().map(|(at, one)| {
        let (code, href) = code(one.step);
        StepLine {
            title: w.code("training_step", code),
            how: w.code("training_how", code),
            href,
            is_done: one.is_done(),
            is_next: next == Some(at),
            puts_letters: one.step == Step::Scan,
            count: match one.wanted {
                1 => String::new(),
                wanted => format!("{} / {wanted}", one.done),
            },
        }
    });
    let steps = steps.collect();
    show(&TrainingPage {
        steps,
        letters_left: view.letters_left,
        is_done: next.is_none(),
        has_none: !folder.is_ok_and(|folder| folder.is_dir()),
        f,
    })
}
