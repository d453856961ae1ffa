//! Another role for an account, looked at first: what its owner may do then, and which open letters he sees.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Looked, is_looked_at, put_in_force};
use crate::api::App;
use crate::api::asked::{Asked, Given};
use crate::api::auth::{AccountKeepers, Caller};
use crate::api::problem::Problem;
use crate::domain::access::{Action, Role};
use crate::office::{
    self,
    access::{RoleChange, Seen, role_preview},
};
use crate::store::Db;

/// Another role to look at or to give.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "zhang", "role": "confirming_officer", "preview": "4b1f0c9e"}))]
pub struct AccessBody {
    /// Whose.
    user: String,
    role: Role,
    /// What the look answered; without it nothing is changed.
    preview: Option<String>,
}

/// Open letters that somebody sees otherwise.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"before": "nothing", "after": "after_reason", "letters": 3}))]
pub struct SeenOtherwise {
    /// How much of them he sees.
    before: Seen,
    /// How much he will.
    after: Seen,
    /// How many, of those that the caller may know of.
    letters: usize,
}

/// What another role changes, or has changed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"preview": "4b1f0c9e", "applied": false, "user": "zhang", "before": "operator", "after": "confirming_officer",
    "gains": ["decide_access", "end_alarms"], "loses": [], "letters": [{"before": "nothing", "after": "after_reason", "letters": 3}]}))]
pub struct AccessChangeView {
    /// The number to give it with.
    preview: String,
    /// It is given.
    applied: bool,
    /// Whose.
    user: String,
    /// The role that he has.
    before: Role,
    /// The role that he gets.
    after: Role,
    /// What he may do then.
    gains: Vec<Action>,
    /// What he may do no more.
    loses: Vec<Action>,
    /// Which open letters he sees otherwise.
    letters: Vec<SeenOtherwise>,
}

impl Looked for AccessChangeView {
    fn is_applied(&self) -> bool {
        self.applied
    }

    fn lessens(&self) -> bool {
        false
    }
}

fn view(
    (user, role): (&str, Role),
    found: RoleChange,
    preview: Option<&str>,
) -> Result<AccessChangeView, Problem> {
    let letters = found.letters.into_iter();
    Ok(AccessChangeView {
        applied: is_looked_at(preview, &found.number)?,
        preview: found.number,
        user: user.to_owned(),
        before: found.before,
        after: role,
        gains: found.gains,
        loses: found.loses,
        letters: letters
            .map(|((before, after), letters)| SeenOtherwise {
                before,
                after,
                letters,
            })
            .collect(),
    })
}

/// Looks at another role for an account, or gives it: what its owner may do then and what no more, and how many open letters he sees otherwise. Given, it
/// ends his sessions. The last administrator stays one.
#[utoipa::path(post, path = "/v1/settings/access", tag = "settings", request_body = AccessBody, params(crate::api::openapi::Key),
    responses((status = 200, body = AccessChangeView)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    asked: Asked<AccessBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let AccessBody {
        user,
        role,
        preview,
    } = asked.body;
    let (name, actor) = (user.clone(), by.clone());
    let looked = office::beside(&app.settings, move |db| {
        role_preview(db, &name, role, &seer)
    });
    let view = view((&user, role), looked.await?, preview.as_deref())?;
    let set = move |db: &mut Db, _: Option<&str>| db.set_role(&user, role, &by);
    put_in_force(&app, key, (view, set, None), (&actor, "", "")).await
}
