//! Errors → HTTP, in this one place: an RFC 9457 problem document with a stable `code`. No letter's content in any of them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::archive::ArchiveError;
use crate::config::Language;
use crate::console::words::Words;
use crate::disinfect::{Refused, TroubleView};
use crate::domain::access::{Action, Role, Unseen, roles_that_may};
use crate::evidence::EvidenceError;
use crate::office::OfficeFault;
use crate::print::PrintError;
use crate::store::StoreError;

mod codes;
mod wanted;

use codes::CODES;
pub(super) use wanted::Wanted;

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"type": "urn:laixin:problem:not_found", "title": "There is no such thing", "status": 404,
    "code": "not_found", "detail": "there is no letter A009"}))]
pub struct Problem {
    /// `urn:laixin:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    /// What the code means.
    pub title: &'static str,
    /// HTTP status.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16)]
    pub status: StatusCode,
    /// Stable: programs decide by this.
    pub code: &'static str,
    /// What happened here, and what to do.
    pub detail: String,
    /// Of `cabinet_refuses`: the cabinet's own stable code, e.g. `door_open`; of `setting_refused`: what is wrong, e.g. `same_place`; of
    /// `body_invalid`: what a field takes, e.g. `characters`, where one field is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<Box<str>>,
    /// Of `cabinet_refuses`: the point to blame, what was read there and what is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Box<TroubleView>>,
    /// Of `cabinet_refuses` with `other_load_inside`: the load that is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub load: Option<Box<i64>>,
    /// Of `setting_refused`: what fills the sentence of `reason`: lines, names, numbers. Of `body_invalid`: the field, and from what to what it
    /// goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub values: Option<Box<Filling>>,
    /// Of `forbidden`: the roles of people that may do it.
    #[serde(
        rename = "roles",
        serialize_with = "as_roles",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<Vec<Role>>)]
    pub action: Option<Action>,
}

/// What fills a sentence. Boxed where it stands, for a problem is in the way of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Filling(pub Vec<String>);

fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

fn as_roles<S: serde::Serializer>(action: &Option<Action>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(action.iter().copied().flat_map(roles_that_may))
}

impl Problem {
    /// Every code there is.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        CODES.iter().map(|(code, ..)| *code)
    }

    /// The problem of a code.
    ///
    /// # Panics
    /// When the code is not in the list: a defect that any test of the route shows.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        let (code, status, title) = CODES
            .iter()
            .find(|(known, ..)| *known == code)
            .expect("every code used is in CODES");
        Self {
            kind: format!("urn:laixin:problem:{code}").into(),
            title,
            status: *status,
            code,
            detail: detail.into(),
            reason: None,
            trouble: None,
            load: None,
            values: None,
            action: None,
        }
    }

    /// This caller may not do that; whoever may is named.
    pub fn forbidden(action: Action, detail: &str) -> Self {
        let roles: Vec<&str> = roles_that_may(action).map(Role::word).collect();
        let detail = match roles.as_slice() {
            [] => format!("{detail}: it is for machines"),
            roles => format!("{detail}: it is for {}", roles.join(", ")),
        };
        Self {
            action: Some(action),
            ..Self::new("forbidden", detail)
        }
    }

    /// Nobody is signed in, or the token does not hold.
    pub fn not_signed_in() -> Self {
        Self::new(
            "not_signed_in",
            "sign in with POST /v1/session, or send a machine token as Authorization: Bearer",
        )
    }

    /// A letter that is not for this caller. Whoever is recused gets the answer that a letter has which is not there.
    fn unseen(letter: &str, why: Unseen) -> Self {
        match why {
            Unseen::Role => Self::forbidden(Action::ReadLetters, NOT_THIS_CALLER),
            Unseen::Recused => Self::not_found("letter", letter),
            Unseen::NotOffered => Self::not_found("draft", letter),
            Unseen::Restricted => {
                Self::new("restricted", "a confirming officer decides who sees it")
            }
            Unseen::ReasonAsked => Self::new(
                "reason_needed",
                "say why with POST /v1/letters/{id}/views, then ask again",
            ),
        }
    }

    /// There is no such thing.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new("not_found", format!("there is no {what} {id}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What is said of a caller without the right.
pub(super) const NOT_THIS_CALLER: &str = "this account or token may not do that";

/// What to do when nothing can be written.
pub(super) const STORAGE_FULL: &str = "nothing of this was kept: the disk of data_dir is full, failing or read-only. Make room on it, then do it again";

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let told = error.to_string();
        if error.is_full() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the disk took nothing"
            );
            return Self::new("storage_full", STORAGE_FULL);
        }
        match error {
            StoreError::NotFound { .. } => Self::new("not_found", told),
            StoreError::WrongState { why, .. } => Self::new(why.code(), told),
            StoreError::Unseen { id, why } => Self::unseen(&id, why),
            StoreError::Changed { .. } => Self::new("changed", format!("{told}: read it again")),
            StoreError::TooMany { .. } => Self::new("body_invalid", told),
            StoreError::KeyReused => Self::new("key_reused", "a new request needs a new key"),
            StoreError::Correction(refused) => Self::new("correction_invalid", refused.to_string()),
            StoreError::Stopped => Self::new(
                "store_stopped",
                "the station is stopping; try again when it is back",
            ),
            StoreError::Sqlite(_)
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::NotForTraining
            | StoreError::OnlyForTraining
            | StoreError::Locked(_)
            | StoreError::AtRest(_)
            | StoreError::Gone(_)
            | StoreError::Document { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
                Self::new("defect", "the station's log says more")
            }
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let told = refused.to_string();
        let refuses = |reason: &str, told: String| Self {
            reason: Some(reason.into()),
            ..Self::new("cabinet_refuses", told)
        };
        match refused {
            Refused::NotNow { code } => {
                let told = Words::of(Language::English).refusal(&code).unwrap_or(told);
                refuses(&code, told)
            }
            Refused::WrongCabinet(_) => refuses("wrong_cabinet", told),
            Refused::Reading(trouble) => Self {
                trouble: Some(trouble),
                ..refuses("reading_missing", told)
            },
            Refused::OtherLoadInside { load } => Self {
                load: Some(Box::new(load)),
                ..refuses(
                    "other_load_inside",
                    Words::of(Language::English).other_load(load),
                )
            },
            Refused::NotYourAlarm => Self::forbidden(Action::EndAlarms, &told),
            Refused::Load { reason } => Self::new("wrong_state", reason),
            Refused::Stopped => Self::new("cabinet_stopped", told),
        }
    }
}

impl From<OfficeFault> for Problem {
    fn from(fault: OfficeFault) -> Self {
        let (reason, values) = fault.code();
        Self {
            reason: Some(reason.into()),
            values: Some(Box::new(Filling(values))),
            ..Self::new("setting_refused", format!("{fault}; nothing is changed"))
        }
    }
}

impl From<PrintError> for Problem {
    fn from(error: PrintError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a paper cannot be printed"
        );
        match error {
            PrintError::FontUnreadable { .. } | PrintError::NotAFont { .. } => Self::new(
                "font_missing",
                format!(
                    "{error}: install fonts-noto-cjk, or name a Chinese font as print.font in the settings"
                ),
            ),
            PrintError::Refused(_) => Self::new("defect", "the station's log says more"),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Evidence(error) => error.into(),
            ArchiveError::Worker(error) => Self::new("page_unreadable", error.to_string()),
        }
    }
}

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "an original cannot be given out"
        );
        match error {
            EvidenceError::Altered { .. } => {
                Self::new("original_altered", "run `laixin verify` on the station")
            }
            EvidenceError::Missing { .. } => {
                Self::new("original_missing", "run `laixin verify` on the station")
            }
            EvidenceError::Io { .. } | EvidenceError::Full { .. } => Self::new(
                "original_unreadable",
                "the system does not let it be read: see to the rights of the folder evidence, or to its disk",
            ),
            _ => Self::new("defect", "the station's log says more"),
        }
    }
}
