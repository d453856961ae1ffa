//! Offices that a letter speaks of and whose case systems wait: a confirming officer says whether it accuses them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::access::AccessView;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Deciders, Mailroom};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::events::Event;
use crate::store::NamedOffice;

/// An office that a letter speaks of, as whoever reads it says.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"office": "苏州市信访局"}))]
pub struct SpokenOfBody {
    /// One of those whose systems wait or would receive the letter (`receivers` of the letter).
    office: String,
}

/// An office that a letter speaks of, and whose case system does not get it before an officer has said that it does not accuse it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NamedOfficeView {
    /// Its full name; `null`: the letter accuses somebody of whom nobody knows where he works, and every office's system waits.
    pub office: Option<String>,
    /// Since when.
    pub named_at: String,
    /// Its system waits for an officer: he has said nothing, or not of the letter's last page.
    pub waits: bool,
    /// What he said.
    pub accuses: Option<bool>,
    /// Who.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl From<NamedOffice> for NamedOfficeView {
    fn from(row: NamedOffice) -> Self {
        let mut view = Self {
            office: row.office,
            named_at: row.raised.rfc3339(),
            waits: row.is_open,
            accuses: None,
            by: None,
            at: None,
            reason: None,
        };
        if let Some((accuses, by, at, reason)) = row.decided {
            view.accuses = Some(accuses);
            (view.by, view.at, view.reason) = (Some(by), Some(at.rfc3339()), Some(reason));
        }
        view
    }
}

/// What the officer says of one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"office": "苏州市信访局", "accuses": false, "reason": "只是写到去过信访局"}))]
pub struct OfficeWordBody {
    /// Which; `null`: the accused of whom nobody knows where he works is of none of the offices whose systems wait.
    office: Option<String>,
    /// Whether the letter accuses it or somebody of it. Where it does, the office is among the accused from now on; of `null` name his office among the
    /// accused instead.
    accuses: bool,
    /// 2 to 500 characters.
    reason: String,
}

/// Says whether a letter accuses an office that it speaks of, having read it: `not_opened` unless he has looked at the letter since its last page came;
/// `same_person` for whoever holds office there or declared it. Until then no system of that office gets the letter, or the page that came since.
#[utoipa::path(post, path = "/v1/letters/{id}/offices", tag = "access", request_body = OfficeWordBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn judge(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path(letter): Path<String>,
    asked: Asked<OfficeWordBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let OfficeWordBody {
        office,
        accuses,
        reason: why,
    } = asked.body;
    let why = reason(&ReasonBody { reason: why })?;
    let offer = app.settings.handoff.offer;
    app.once_telling(key, move |db| {
        db.judge_office(&letter, (office.as_deref(), accuses), (&by, &why, offer))?;
        let given = answer(StatusCode::OK, &AccessView::read(db, &letter)?)?;
        let what = "office_judged".to_owned();
        Ok((given, Event::Letter { letter, what }))
    })
    .await
}

/// Says that a letter speaks of an office or its people, whatever the station has seen: that office's system does not get it before a confirming officer has
/// said that it accuses nobody there. Whoever may confirm may say so; only an officer takes it back.
#[utoipa::path(post, path = "/v1/letters/{id}/offices/named", tag = "access", request_body = SpokenOfBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = AccessView)))]
pub async fn say(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<SpokenOfBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let office = asked.body.office;
    app.once_telling(key, move |db| {
        db.say_speaks_of(&letter, &office, &by)?;
        let given = answer(StatusCode::OK, &AccessView::read(db, &letter)?)?;
        let what = "office_named".to_owned();
        Ok((given, Event::Letter { letter, what }))
    })
    .await
}
