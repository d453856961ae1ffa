//! What people declare of themselves and their relatives; letters that touch it are kept from them (SZ 4.3).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Oneself};
use super::problem::Problem;
use super::valuables::words;
use crate::domain::access::{InterestKind, Relation};
use crate::store::{Db, InterestRow, StoreError};

/// One interest.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": 3, "kind": "unit", "relation": "relative", "text": "恒发纺织有限公司", "declared_at": "2026-11-20T08:00:00+08:00"}))]
pub struct InterestView {
    /// Number.
    pub id: i64,
    /// What kind.
    pub kind: InterestKind,
    /// Whose.
    pub relation: Relation,
    /// As declared.
    pub text: String,
    /// When.
    pub declared_at: String,
}

impl From<InterestRow> for InterestView {
    fn from(row: InterestRow) -> Self {
        Self {
            id: row.id,
            kind: row.interest.kind,
            relation: row.relation,
            text: row.interest.text,
            declared_at: row.declared.rfc3339(),
        }
    }
}

/// One's own interests.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Interests {
    /// Oldest first.
    pub items: Vec<InterestView>,
}

/// What to declare.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "unit", "relation": "relative", "text": "恒发纺织有限公司"}))]
pub struct InterestBody {
    kind: InterestKind,
    relation: Relation,
    /// A name of 2 characters at least, an address or a unit of 4; 100 at most.
    text: String,
}

fn of(db: &Db, user: &str) -> Result<Interests, StoreError> {
    let rows = db.interests(Some(user))?;
    Ok(Interests {
        items: rows.into_iter().map(InterestView::from).collect(),
    })
}

/// What one has declared.
#[utoipa::path(get, path = "/v1/interests", tag = "access", responses((status = 200, body = Interests)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Oneself>,
) -> Result<Json<Interests>, Problem> {
    let user = caller.actor();
    Ok(Json(app.store.with(move |db| of(db, &user)).await?))
}

/// Declares an interest; every letter that touches it is kept from the declarer at once.
#[utoipa::path(post, path = "/v1/interests", tag = "access", request_body = InterestBody, params(super::openapi::Key),
    responses((status = 201, body = Interests)))]
pub async fn declare(
    State(app): State<App>,
    caller: Caller<Oneself>,
    asked: Asked<InterestBody>,
) -> Result<Given, Problem> {
    let user = caller.actor();
    let key = asked.key(&user);
    let InterestBody {
        kind,
        relation,
        text,
    } = asked.body;
    let least = if kind == InterestKind::Name { 2 } else { 4 };
    let text = words("text", &text, least, 100)?;
    app.once(key, move |db| {
        db.declare_interest(&user, (kind, relation, &text), &user)?;
        answer(StatusCode::CREATED, &of(db, &user)?)
    })
    .await
}

/// Takes one's own interest back. Letters kept because of it stay kept until a decider lifts that.
#[utoipa::path(delete, path = "/v1/interests/{number}", tag = "access", params(("number" = i64, Path), super::openapi::Key),
    responses((status = 200, body = Interests)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller<Oneself>,
    Path(number): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let user = caller.actor();
    app.once(asked.key(&user), move |db| {
        db.end_interest(number, &user, &user)?;
        answer(StatusCode::OK, &of(db, &user)?)
    })
    .await
}
