//! Accounts of people, for the administrator; and everybody's own password.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{AccountKeepers, Caller, Person};
use super::password;
use super::problem::{Problem, Wanted};
use crate::clock::Millis;
use crate::domain::access::Role;
use crate::domain::password::{Refused, check};
use crate::store::{Answered, Db, StoreError, User};

/// An account.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"name": "zhang", "role": "operator", "created_at": "2026-11-20T08:00:00+08:00", "disabled": false,
    "locked_until": null}))]
pub struct UserView {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// When it was made.
    pub created_at: String,
    /// May not sign in.
    pub disabled: bool,
    /// No sign-in before this.
    pub locked_until: Option<String>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            name: user.name,
            role: user.role,
            created_at: user.created.rfc3339(),
            disabled: user.disabled,
            locked_until: user.locked_until.map(Millis::rfc3339),
        }
    }
}

/// Every account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Users {
    /// By name.
    pub items: Vec<UserView>,
}

/// A new account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "zhang", "role": "operator", "password": "…"}))]
pub struct NewUserBody {
    /// 1 to 32 letters, digits, `-`, `_` or `.`.
    name: String,
    role: Role,
    password: String,
}

/// A password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    password: String,
}

/// One's own password, old and new.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPasswordBody {
    old: String,
    new: String,
}

/// A role.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "confirming_officer"}))]
pub struct RoleBody {
    role: Role,
}

/// Names are used in records and addresses.
pub fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=32).contains(&name.chars().count()) && name.chars().all(good)
}

fn refused(why: Refused) -> Problem {
    Problem::new("password_refused", why.to_string())
}

impl App {
    /// A password's hash, once the rules let it pass; hashed like a proof, a few at a time.
    pub(super) async fn hashed(&self, name: &str, text: String) -> Result<String, Problem> {
        check(self.settings.passwords.rules(), name, &text).map_err(refused)?;
        tokio::task::spawn_blocking(move || password::hash(&text))
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| Problem::new("defect", "the station's log says more"))
    }
}

fn told(db: &Db, name: &str, status: StatusCode) -> Result<Answered, StoreError> {
    answer(status, &UserView::from(db.user(name)?))
}

/// Every account.
#[utoipa::path(get, path = "/v1/users", tag = "accounts", responses((status = 200, body = Users)))]
pub async fn list(
    State(app): State<App>,
    _: Caller<AccountKeepers>,
) -> Result<Json<Users>, Problem> {
    let users = app.store.with(|db| db.users()).await?;
    let items = users.into_iter().map(UserView::from).collect();
    Ok(Json(Users { items }))
}

/// Makes an account.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = NewUserBody, params(super::openapi::Key),
    responses((status = 201, body = UserView)))]
pub async fn add(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    asked: Asked<NewUserBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let NewUserBody {
        name,
        role,
        password,
    } = &asked.body;
    let key = asked.key_of(&by, &[name]);
    let (name, role) = (name.clone(), *role);
    if !is_name(&name) {
        return Err(Problem::body("name", Wanted::AccountName));
    }
    let phc = app.hashed(&name, password.clone()).await?;
    app.once(key, move |db| {
        db.add_user(&name, role, &phc, &by)?;
        told(db, &name, StatusCode::CREATED)
    })
    .await
}

/// Gives an account another password, unlocks it, ends its sessions.
#[utoipa::path(post, path = "/v1/users/{name}/password", tag = "accounts", request_body = PasswordBody,
    params(("name" = String, Path), super::openapi::Key),
    responses((status = 200, body = UserView)))]
pub async fn set_password(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    Path(name): Path<String>,
    asked: Asked<PasswordBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key_of(&by, &[]);
    let phc = app.hashed(&name, asked.body.password).await?;
    app.once(key, move |db| {
        db.set_password(&name, &phc, &by)?;
        told(db, &name, StatusCode::OK)
    })
    .await
}

/// Gives an account another role and ends its sessions. The last administrator stays one.
#[utoipa::path(post, path = "/v1/users/{name}/role", tag = "accounts", request_body = RoleBody,
    params(("name" = String, Path), super::openapi::Key),
    responses((status = 200, body = UserView)))]
pub async fn set_role(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    Path(name): Path<String>,
    asked: Asked<RoleBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let role = asked.body.role;
    app.once(key, move |db| {
        db.set_role(&name, role, &by)?;
        told(db, &name, StatusCode::OK)
    })
    .await
}

/// Closes an account and ends its sessions. The last administrator stays open.
#[utoipa::path(post, path = "/v1/users/{name}/disable", tag = "accounts", params(("name" = String, Path), super::openapi::Key),
    responses((status = 200, body = UserView)))]
pub async fn disable(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    Path(name): Path<String>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.disable_user(&name, &by)?;
        told(db, &name, StatusCode::OK)
    })
    .await
}

/// Opens a closed or locked account again.
#[utoipa::path(post, path = "/v1/users/{name}/enable", tag = "accounts", params(("name" = String, Path), super::openapi::Key),
    responses((status = 200, body = UserView)))]
pub async fn enable(
    State(app): State<App>,
    caller: Caller<AccountKeepers>,
    Path(name): Path<String>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.enable_user(&name, &by)?;
        told(db, &name, StatusCode::OK)
    })
    .await
}

/// Changes one's own password; every session of the account ends, this one too.
#[utoipa::path(post, path = "/v1/session/password", tag = "session", request_body = OwnPasswordBody,
    responses((status = 204)), security(("session" = [])))]
pub async fn own_password(
    State(app): State<App>,
    person: Person,
    asked: Asked<OwnPasswordBody>,
) -> Result<Response, Problem> {
    let name = person.session.user;
    let OwnPasswordBody { old, new } = asked.body;
    if !app.is_password_of(&name, old.clone()).await? {
        return Err(Problem::new(
            "sign_in_failed",
            "old: the password is wrong, or the account is locked",
        ));
    }
    if new == old {
        return Err(Problem::new("password_refused", "new: is the old one"));
    }
    let phc = app.hashed(&name, new).await?;
    app.store
        .with(move |db| db.set_password(&name, &phc, &name))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
