//! The one gate before every route that touches a letter: whoever may not see it gets no further, whatever the route does.
//!
//! Routes are known by their address: below `/v1/letters/{id}`, `/v1/drafts/{id}`, `/letters/{id}` the letter's content is shown or changed;
//! things of a letter (`/v1/valuables/{id}` …) lead to their letter. A new route below these is behind the gate without asking for it.

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::auth::{Who, who_asks};
use super::problem::Problem;
use crate::domain::access::{Holder, Seer, Unseen};
use crate::domain::grouping::hold::ACCUSED_OFFICE_SAW;
use crate::store::{Db, Hold, StoreError, ThingOf};

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Letter(String),
    Thing(ThingOf, i64),
}

/// How near an act comes to a letter's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// It shows or changes it.
    Content,
    /// It decides something about it and shows nothing of it: who may not open the letter is kept out.
    Decision,
    /// It is about the letter and shows nothing of it: only who is recused is kept out.
    Beside,
    /// It needs the letter's number only: open to administrators, too, who see no letter.
    Number,
}

/// Addresses below a letter that show nothing of it: who sees it, why one looks, what the case system answers.
const BESIDE: [&str; 10] = [
    "/v1/letters/{id}/views",
    "/v1/letters/{id}/access",
    "/v1/letters/{id}/access/{user}",
    "/v1/letters/{id}/restriction",
    "/v1/letters/{id}/recusals",
    "/v1/letters/{id}/recusals/{user}",
    "/v1/letters/{id}/destruction",
    "/letters/{id}/access",
    "/v1/drafts/{id}/ack",
    "/v1/drafts/{id}/nack",
];

/// Which letter a matched address is about, and how near it comes.
fn subject_of(matched: &str, id: &str) -> Option<(Subject, Nearness)> {
    let below = |root: &str| {
        matched
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let near = if BESIDE.contains(&matched) {
        Nearness::Beside
    } else {
        Nearness::Content
    };
    if ["/v1/letters/{id}", "/v1/drafts/{id}", "/letters/{id}"]
        .into_iter()
        .any(below)
    {
        return Some((Subject::Letter(id.to_owned()), near));
    }
    let thing = [
        ("/v1/valuables/{id}", ThingOf::Valuable, Nearness::Content),
        ("/v1/loans/{id}", ThingOf::Loan, Nearness::Beside),
        ("/v1/retentions/{id}", ThingOf::Retention, Nearness::Number),
        ("/v1/holds/{id}", ThingOf::Hold, Nearness::Decision),
        ("/v1/alerts/{id}", ThingOf::Alert, Nearness::Number),
        ("/v1/outbox/{id}", ThingOf::Message, Nearness::Decision),
    ];
    let (_, of, near) = thing.into_iter().find(|(root, ..)| below(root))?;
    // What is no number is no thing of ours: the route itself says so.
    Some((Subject::Thing(of, id.parse().ok()?), near))
}

/// Whether a route is behind the gate.
pub(super) fn is_about_a_letter(path: &str) -> bool {
    subject_of(path, "7").is_some()
}

/// Why the gate stays shut.
#[derive(Debug)]
pub enum Shut {
    /// The store refused.
    Store(StoreError),
    /// Who asks could not be made out.
    Problem(Problem),
}

fn enter(db: &Db, seer: &Seer, (subject, near): &(Subject, Nearness)) -> Result<(), StoreError> {
    // Nothing of a letter's things is for machines, whichever there are.
    if matches!(
        (seer.holder, subject),
        (Holder::Machine(_), Subject::Thing(..))
    ) {
        return Err(StoreError::Unseen {
            id: String::new(),
            why: Unseen::Role,
        });
    }
    match subject {
        Subject::Letter(id) => match (come(db, seer, id, *near), seer.holder) {
            // What is not there and what is kept are one answer, before anything else of the request is looked at.
            (Err(StoreError::NotFound { .. }), Holder::Machine(_)) => Err(StoreError::Unseen {
                id: id.clone(),
                why: Unseen::NotOffered,
            }),
            (entered, _) => entered,
        },
        Subject::Thing(of, id) => let_near(db, seer, (*of, *id), *near),
    }
}

fn come(db: &Db, seer: &Seer, letter: &str, near: Nearness) -> Result<(), StoreError> {
    match near {
        Nearness::Content => db.let_see(seer, letter),
        Nearness::Decision => db.let_decide(seer, letter),
        Nearness::Beside => db.let_touch(seer, letter),
        Nearness::Number => db.let_name(seer, letter),
    }
}

/// A thing is as near as every letter that it is about. No such thing, or one without a letter: the route itself says so.
fn let_near(
    db: &Db,
    seer: &Seer,
    (of, id): (ThingOf, i64),
    near: Nearness,
) -> Result<(), StoreError> {
    let letters = db.letters_of(of, id)?;
    let enter = |near: Nearness| {
        letters
            .iter()
            .map(|letter| come(db, seer, letter, near))
            .find(|came| !matches!(came, Ok(()) | Err(StoreError::NotFound { .. })))
            .unwrap_or(Ok(()))
    };
    // Who is recused from one of them learns of none.
    match enter(match near {
        Nearness::Number => Nearness::Number,
        _ => Nearness::Beside,
    }) {
        Err(StoreError::Unseen {
            why: Unseen::Recused,
            ..
        }) => Err(StoreError::NotFound {
            what: of.word(),
            id: id.to_string(),
        }),
        Err(error) => Err(error),
        Ok(()) => enter(near),
    }
}

/// Refuses whoever may not say what was found of this hold: he may not open a letter that it is about.
///
/// # Errors
/// [`StoreError::Unseen`]; [`StoreError::NotFound`] where that letter is kept from him.
pub(crate) fn let_resolve(db: &Db, seer: &Seer, hold: i64) -> Result<(), StoreError> {
    let_near(db, seer, (ThingOf::Hold, hold), Nearness::Decision)
}

/// Whether somebody hears of this finding: that a letter was seen by those whom it accuses says what is in it, and is for people who may open it.
pub(crate) fn may_hear_of(db: &Db, seer: &Seer, hold: &Hold) -> bool {
    hold.reason != ACCUSED_OFFICE_SAW
        || matches!(seer.holder, Holder::Person(_)) && let_resolve(db, seer, hold.id).is_ok()
}

/// Findings as somebody hears them: of a batch of which letters are kept from him none says how many letters there are.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn as_heard(
    db: &Db,
    seer: &Seer,
    mut holds: Vec<Hold>,
) -> Result<Vec<Hold>, StoreError> {
    for hold in holds.iter_mut().filter(|hold| hold.counts_letters()) {
        if db.kept_of_batch(&seer.actor, hold.batch)?.letters > 0 {
            hold.detail = None;
        }
    }
    Ok(holds)
}

/// Who asks, having passed the gate; `None` for nobody, whom every route refuses itself.
///
/// # Errors
/// [`Shut`].
pub async fn pass(app: &App, parts: &mut Parts) -> Result<Option<Who>, Shut> {
    let Some(matched) = parts
        .extensions
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned())
    else {
        return Ok(None);
    };
    let params = RawPathParams::from_request_parts(parts, &()).await.ok();
    let id = params.as_ref().and_then(|params| {
        let mut all = params.iter();
        all.find(|(name, _)| *name == "id")
            .map(|(_, value)| value.to_owned())
    });
    let Some(subject) = id.and_then(|id| subject_of(&matched, &id)) else {
        return Ok(None);
    };
    let who = who_asks(app, parts).await.map_err(Shut::Problem)?;
    let Some(who) = who else {
        return Ok(None);
    };
    let seer = who.seer();
    app.store
        .look(move |db| enter(db, &seer, &subject))
        .await
        .map_err(Shut::Store)?;
    Ok(Some(who))
}

/// The gate of the API.
pub(super) async fn gate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match pass(&app, &mut parts).await {
        Ok(who) => {
            if let Some(who) = who {
                parts.extensions.insert(who);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(Shut::Store(error)) => Problem::from(error).into_response(),
        Err(Shut::Problem(problem)) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_a_letter_is_behind_the_gate() {
        let near = |matched: &str| subject_of(matched, "7").map(|(_, near)| near);
        for content in [
            "/v1/letters/{id}",
            "/v1/letters/{id}/pages/{n}/thumbnail",
            "/v1/letters/{id}/something-new",
            "/v1/drafts/{id}",
            "/letters/{id}/beside",
            "/v1/valuables/{id}/witness",
        ] {
            assert_eq!(near(content), Some(Nearness::Content), "{content}");
        }
        for beside in BESIDE {
            assert_eq!(near(beside), Some(Nearness::Beside), "{beside}");
        }
        for other in [
            "/v1/letters",
            "/v1/lettersx/{id}",
            "/v1/batches/{id}",
            "/letters",
        ] {
            assert_eq!(near(other), None, "{other}");
        }
        assert_eq!(near("/v1/holds/{id}/resolve"), Some(Nearness::Decision));
        assert_eq!(subject_of("/v1/valuables/{id}", "x"), None);
    }
}
