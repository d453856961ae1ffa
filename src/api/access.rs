//! Who sees a letter: its restriction, its access list, why one looks, and from whom it is kept.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Deciders, Mailroom};
use super::named_offices::NamedOfficeView;
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::domain::access::{Action, Matched, Restricted, may};
use crate::events::Event;
use crate::store::{AccessRow, Answered, Db, RecusalRow, StoreError};

/// A letter's restriction.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RestrictionView {
    /// It holds; lifted otherwise.
    pub holds: bool,
    /// Why.
    pub why: Restricted,
    /// By whom it was set or lifted; `task/read` until an officer decides.
    pub by: String,
    /// In words.
    pub reason: String,
    /// Since when.
    pub at: String,
}

/// Somebody on the list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ListedView {
    /// Who.
    pub user: String,
    /// By whom.
    pub granted_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub granted_at: String,
}

impl From<AccessRow> for ListedView {
    fn from(row: AccessRow) -> Self {
        Self {
            user: row.user,
            granted_by: row.granted_by,
            reason: row.reason,
            granted_at: row.granted.rfc3339(),
        }
    }
}

/// Somebody whom the letter is or was kept from.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RecusalView {
    /// Who.
    pub user: String,
    /// What of the letter an interest met; `null` where a person said it.
    pub matched: Option<Matched>,
    /// In words.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: String,
    /// Lifted by whom.
    pub lifted_by: Option<String>,
    /// And why.
    pub lifted_reason: Option<String>,
}

impl From<RecusalRow> for RecusalView {
    fn from(row: RecusalRow) -> Self {
        let (lifted_by, lifted_reason) = row.lifted.unzip();
        Self {
            user: row.user,
            matched: row.matched,
            reason: row.reason,
            by: row.by,
            at: row.at.rfc3339(),
            lifted_by,
            lifted_reason,
        }
    }
}

/// Who sees a letter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AccessView {
    /// The letter.
    pub letter: String,
    /// Its restriction, lifted ones too.
    pub restriction: Option<RestrictionView>,
    /// Who beside the confirming officers sees it while it is restricted.
    pub listed: Vec<ListedView>,
    /// Whom it is or was kept from.
    pub recused: Vec<RecusalView>,
    /// Offices that it speaks of and whose case systems wait for an officer's word, or have got it.
    pub offices: Vec<NamedOfficeView>,
    /// Why it must not be handed over as it stands: `addressee_accused`.
    pub conflict: Option<String>,
}

impl AccessView {
    /// As it stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn read(db: &Db, letter: &str) -> Result<Self, StoreError> {
        db.letter_row(letter)?;
        Ok(Self {
            restriction: db.restriction(letter)?.map(|row| RestrictionView {
                holds: row.holds,
                why: row.why,
                by: row.by,
                reason: row.reason,
                at: row.at.rfc3339(),
            }),
            listed: db
                .access_list(letter)?
                .into_iter()
                .map(ListedView::from)
                .collect(),
            recused: db
                .recusals_of(letter)?
                .into_iter()
                .map(RecusalView::from)
                .collect(),
            offices: db
                .named_offices(letter)?
                .into_iter()
                .map(NamedOfficeView::from)
                .collect(),
            conflict: db.conflict(letter)?,
            letter: letter.to_owned(),
        })
    }
}

/// Why one looks at a restricted letter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LookView {
    /// The letter.
    letter: String,
    /// The reason holds until then.
    until: String,
}

/// Whom to let in, or to keep out.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "zhang", "reason": "协助核对附件"}))]
pub struct PersonBody {
    user: String,
    /// 2 to 500 characters.
    reason: String,
}

impl PersonBody {
    fn checked(self) -> Result<(String, String), Problem> {
        let why = reason(&ReasonBody {
            reason: self.reason,
        })?;
        Ok((self.user, why))
    }
}

fn changed(db: &Db, letter: String, what: &str) -> Result<(Answered, Event), StoreError> {
    let given = answer(StatusCode::OK, &AccessView::read(db, &letter)?)?;
    let what = what.to_owned();
    Ok((given, Event::Letter { letter, what }))
}

/// The answer may be for somebody who is out from now on.
fn nothing_to_say(letter: String, what: &str) -> Result<(Answered, Event), StoreError> {
    let given = Answered {
        status: 204,
        body: String::new(),
    };
    let what = what.to_owned();
    Ok((given, Event::Letter { letter, what }))
}

/// Says why one looks at a restricted letter; it is then to be seen for a while. The reason is in the ledger.
#[utoipa::path(post, path = "/v1/letters/{id}/views", tag = "access", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = LookView)))]
pub async fn look(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let why = reason(&asked.body)?;
    let minutes =
        i64::try_from(app.settings.access.reason_minutes.0).expect("limited by the settings");
    app.once(key, move |db| {
        let until = db.say_reason(&seer, &letter, (&why, minutes))?.rfc3339();
        answer(StatusCode::OK, &LookView { letter, until })
    })
    .await
}

/// Who sees a letter, and from whom it is kept.
#[utoipa::path(get, path = "/v1/letters/{id}/access", tag = "access", params(("id" = String, Path)),
    responses((status = 200, body = AccessView)))]
pub async fn get(
    State(app): State<App>,
    _: Caller<Deciders>,
    Path(letter): Path<String>,
) -> Result<Json<AccessView>, Problem> {
    Ok(Json(
        app.store
            .with(move |db| AccessView::read(db, &letter))
            .await?,
    ))
}

/// Restricts a letter by hand.
#[utoipa::path(post, path = "/v1/letters/{id}/restriction", tag = "access", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 204)))]
pub async fn restrict(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        if db.restriction(&letter)?.is_none_or(|known| !known.holds) {
            db.restrict(&letter, Restricted::ByHand, (&by, &why))?;
        }
        nothing_to_say(letter, "restricted")
    })
    .await
}

/// Lifts a restriction: everybody of the mailroom sees the letter again.
#[utoipa::path(delete, path = "/v1/letters/{id}/restriction", tag = "access", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn unrestrict(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    let seer = caller.seer();
    app.once_telling(key, move |db| {
        // Only who may see it can know that it harms nobody.
        db.let_see(&seer, &letter)?;
        db.lift_restriction(&letter, &why, &by)?;
        changed(db, letter, "unrestricted")
    })
    .await
}

/// Puts somebody on the letter's access list; nobody lets himself in.
#[utoipa::path(post, path = "/v1/letters/{id}/access", tag = "access", request_body = PersonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn grant(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path(letter): Path<String>,
    asked: Asked<PersonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let (user, why) = asked.body.checked()?;
    app.once_telling(key, move |db| {
        db.grant_access(&letter, &user, (&by, &why))?;
        changed(db, letter, "access_changed")
    })
    .await
}

/// Takes somebody off the letter's access list.
#[utoipa::path(delete, path = "/v1/letters/{id}/access/{user}", tag = "access",
    params(("id" = String, Path), ("user" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path((letter, user)): Path<(String, String)>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once_telling(asked.key(&by), move |db| {
        db.end_access(&letter, &user, &by)?;
        changed(db, letter, "access_changed")
    })
    .await
}

/// Keeps a letter from somebody, or from oneself (SZ 4.3). Anybody of the mailroom may say it of himself, a decider of everybody.
#[utoipa::path(post, path = "/v1/letters/{id}/recusals", tag = "access", request_body = PersonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 204)))]
pub async fn recuse(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<PersonBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let (user, why) = asked.body.checked()?;
    let decides = may(seer.holder, Action::DecideAccess);
    if user != seer.actor && !decides {
        return Err(Problem::forbidden(
            Action::DecideAccess,
            "this account recuses nobody but itself",
        ));
    }
    app.once_telling(key, move |db| {
        db.recuse(&letter, &user, (&seer.actor, &why))?;
        nothing_to_say(letter, "recused")
    })
    .await
}

/// Lets somebody at the letter again; another person than he has to say it.
#[utoipa::path(delete, path = "/v1/letters/{id}/recusals/{user}", tag = "access", request_body = ReasonBody,
    params(("id" = String, Path), ("user" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn lift(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path((letter, user)): Path<(String, String)>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        db.lift_recusal(&letter, &user, (&by, &why))?;
        changed(db, letter, "recusal_lifted")
    })
    .await
}
