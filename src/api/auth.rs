//! Who asks: a person by session cookie, a machine by bearer token; and what each may do. One extractor per need.
//!
//! The console uses [`Person`] and `Option<Person>`; passwords are hashed in `api/password.rs`.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::App;
use super::problem::Problem;
use crate::digest;
use crate::store::{Role, Scope, Session};

/// Name of the session cookie.
pub const COOKIE: &str = "laixin_session";
/// Header that proves that a cookie's request comes from our own pages.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The session.
    pub session: Session,
    /// The cookie's value.
    pub cookie: String,
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person.
    Person(Person),
    /// A machine by its token.
    Machine {
        /// The token's name.
        name: String,
        /// What it may do.
        scope: Scope,
    },
}

impl Who {
    /// As records name it: `zhang`, `token/cases`.
    pub fn actor(&self) -> String {
        match self {
            Self::Person(person) => person.session.user.clone(),
            Self::Machine { name, .. } => format!("token/{name}"),
        }
    }
}

/// What a route needs of its caller.
pub trait Need {
    /// Roles that suffice.
    const ROLES: &'static [Role];
    /// Scopes that suffice.
    const SCOPES: &'static [Scope];
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $roles:expr, $scopes:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl Need for $name {
            const ROLES: &'static [Role] = $roles;
            const SCOPES: &'static [Scope] = $scopes;
        }
    )*};
}
needs! {
    /// Batches, letters, corrections.
    Mailroom: &[Role::Operator, Role::Administrator], &[];
    /// Pages and letters as they are.
    LetterReader: &[Role::Operator, Role::Administrator], &[Scope::CaseSystem];
    /// What needs an administrator's name.
    Administrators: &[Role::Administrator], &[];
    /// Cabinets: state and cycles.
    Cabinets: &[Role::Operator, Role::Maintenance, Role::Administrator], &[];
    /// Takes drafts over.
    CaseSystem: &[], &[Scope::CaseSystem];
    /// Device health.
    DeviceHealth: &[Role::Maintenance, Role::Administrator], &[Scope::Maintenance];
    /// Anyone signed in.
    AnyoneSignedIn: &[Role::Operator, Role::Maintenance, Role::Administrator],
        &[Scope::CaseSystem, Scope::Maintenance];
}

/// A caller who may do what `N` needs.
#[derive(Debug, Clone)]
pub struct Caller<N> {
    /// Who it is.
    pub who: Who,
    need: PhantomData<N>,
}

impl<N> Caller<N> {
    /// As records name the caller.
    pub fn actor(&self) -> String {
        self.who.actor()
    }
}

impl<N: Need + Send> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = who_asks(app, &parts.headers)
            .await?
            .ok_or_else(Problem::not_signed_in)?;
        let allowed = match &who {
            Who::Person(person) => N::ROLES.contains(&person.session.role),
            Who::Machine { scope, .. } => N::SCOPES.contains(scope),
        };
        if !allowed {
            return Err(Problem::new(
                "forbidden",
                "this account or token may not do that",
            ));
        }
        if let Who::Person(person) = &who {
            person.prove_own_page(parts)?;
        }
        Ok(Self {
            who,
            need: PhantomData,
        })
    }
}

impl Person {
    /// SameSite keeps other sites from sending the cookie; the token also stops what slips through.
    fn prove_own_page(&self, parts: &Parts) -> Result<(), Problem> {
        if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let sent = parts
            .headers
            .get(CSRF_HEADER)
            .and_then(|value| value.to_str().ok());
        if sent.is_some_and(|sent| same(sent, &self.session.csrf)) {
            return Ok(());
        }
        Err(Problem::new(
            "csrf",
            "send the csrf value of GET /v1/session as X-CSRF-Token",
        ))
    }
}

/// Compares hashes, so that the time it takes says nothing about how much was right.
fn same(sent: &str, known: &str) -> bool {
    digest::sha256_hex(sent.as_bytes()) == digest::sha256_hex(known.as_bytes())
}

impl FromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let person = person_of(app, &parts.headers)
            .await?
            .ok_or_else(Problem::not_signed_in)?;
        person.prove_own_page(parts)?;
        Ok(person)
    }
}

impl OptionalFromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let person = person_of(app, &parts.headers).await?;
        if let Some(person) = &person {
            person.prove_own_page(parts)?;
        }
        Ok(person)
    }
}

/// The signed-in person of these headers, if there is one.
///
/// # Errors
/// When the store does not answer.
pub async fn person_of(app: &App, headers: &HeaderMap) -> Result<Option<Person>, Problem> {
    let Some(cookie) = cookie_of(headers) else {
        return Ok(None);
    };
    let (sought, minutes) = (cookie.clone(), app.session_minutes());
    let session = app
        .store
        .with(move |db| db.session(&sought, minutes))
        .await?;
    Ok(session.map(|session| Person { session, cookie }))
}

async fn who_asks(app: &App, headers: &HeaderMap) -> Result<Option<Who>, Problem> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return Ok(person_of(app, headers).await?.map(Who::Person));
    };
    // Whoever sends a token is judged by it alone.
    let secret = authorization
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim().to_owned());
    let Some(secret) = secret else {
        return Ok(None);
    };
    let token = app.store.with(move |db| db.token_of(&secret)).await?;
    Ok(token.map(|token| Who::Machine {
        name: token.name,
        scope: token.scope,
    }))
}

fn cookie_of(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}
