//! Who asks: a person by session cookie, a machine by bearer token; and what each may do. One extractor per need.
//!
//! The console uses [`Person`] and `Option<Person>`; passwords are hashed in `api/password.rs`.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::App;
use super::problem::{NOT_THIS_CALLER, Problem};
use super::tls::{ClientCertificate, Shown};
use crate::digest;
use crate::domain::access::{Action, Holder, Scope, Seer, may};
use crate::store::{Session, Token};

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

    /// By role or scope.
    pub fn holder(&self) -> Holder {
        match self {
            Self::Person(person) => Holder::Person(person.session.role),
            Self::Machine { scope, .. } => Holder::Machine(*scope),
        }
    }

    /// As the one who wants to see a letter.
    pub fn seer(&self) -> Seer {
        Seer {
            actor: self.actor(),
            holder: self.holder(),
        }
    }
}

/// What a route needs of its caller: one action of the table in `domain/access.rs`.
pub trait Need {
    /// The action.
    const ACTION: Action;

    /// Whether the table lets this holder.
    fn lets(holder: Holder) -> bool {
        may(holder, Self::ACTION)
    }
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $action:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl Need for $name {
            const ACTION: Action = $action;
        }
    )*};
}
needs! {
    /// Batches, letters, corrections.
    Mailroom: Action::Mailroom;
    /// Pages and letters as they are.
    LetterReader: Action::ReadLetters;
    /// Who sees which letter.
    Deciders: Action::DecideAccess;
    /// What an officer or an administrator answers for.
    Countersigners: Action::Countersign;
    /// What needs an administrator's name.
    Administrators: Action::Approve;
    /// Destructions that wait for an administrator.
    DestructionReader: Action::SeeDestructions;
    /// Accounts and tokens.
    AccountKeepers: Action::Accounts;
    /// Cabinets: cycles, quarantines, self tests.
    Cabinets: Action::Cabinets;
    /// Alarms of cabinets.
    AlarmEnders: Action::EndAlarms;
    /// Cabinets as they are.
    CabinetReader: Action::SeeCabinets;
    /// Takes drafts over.
    CaseSystem: Action::TakeDrafts;
    /// Device health.
    DeviceHealth: Action::DeviceHealth;
    /// Alerts about letters.
    AlertReader: Action::Alerts;
    /// Who did and saw what.
    Auditors: Action::Audit;
    /// One's own affairs.
    Oneself: Action::OwnAffairs;
    /// Anyone signed in.
    AnyoneSignedIn: Action::Events;
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

    /// As the one who wants to see a letter.
    pub fn seer(&self) -> Seer {
        self.who.seer()
    }
}

impl<N: Need + Send> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // The gate may have asked already.
        let who = match parts.extensions.get::<Who>() {
            Some(who) => who.clone(),
            None => who_asks(app, parts)
                .await?
                .ok_or_else(Problem::not_signed_in)?,
        };
        if !N::lets(who.holder()) {
            return Err(Problem::forbidden(N::ACTION, NOT_THIS_CALLER));
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
    /// As the one who wants to see a letter.
    pub fn seer(&self) -> Seer {
        Seer {
            actor: self.session.user.clone(),
            holder: Holder::Person(self.session.role),
        }
    }

    /// SameSite keeps other sites from sending the cookie; the token also stops what slips through.
    fn prove_own_page(&self, parts: &Parts) -> Result<(), Problem> {
        if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        refuse_other_sites(&parts.headers)?;
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

/// What a page of another site sends is refused, before anybody is signed in, too: it could sign somebody in under another name.
///
/// # Errors
/// `csrf`
pub fn refuse_other_sites(headers: &HeaderMap) -> Result<(), Problem> {
    match comes_from_elsewhere(headers) {
        false => Ok(()),
        true => Err(Problem::new(
            "csrf",
            "the request comes from a page of another site",
        )),
    }
}

/// A browser names the page a request comes from; a stolen cookie with a stolen token is still not one of our pages.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != text(header::HOST)
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
    let session = app.store.session(cookie.clone(), app.lasting()).await?;
    Ok(session.map(|session| Person { session, cookie }))
}

pub(super) async fn who_asks(app: &App, parts: &Parts) -> Result<Option<Who>, Problem> {
    let headers = &parts.headers;
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
    let token = app.store.look(move |db| db.token_of(&secret)).await?;
    let Some(token) = token else {
        return Ok(None);
    };
    let shown = parts.extensions.get::<ClientCertificate>();
    let shown = shown.and_then(|certificate| certificate.shown.as_deref());
    fits_certificate(app, &token, shown)?;
    Ok(Some(Who::Machine {
        name: token.name,
        scope: token.scope,
    }))
}

/// A token that is tied to a certificate holds with that one only: whoever stole the token has nothing.
fn fits_certificate(app: &App, token: &Token, shown: Option<&Shown>) -> Result<(), Problem> {
    let needs_one =
        app.settings.http.client_authority.is_some() && token.scope == Scope::CaseSystem;
    match (&token.certificate, shown) {
        (Some(tied), shown) if !shown.is_some_and(|shown| shown.is(tied)) => {
            tracing::warn!(
                token = token.name,
                "a token came without the certificate that it is tied to: it may be stolen"
            );
            Err(Problem::new(
                "certificate_mismatch",
                "this token is tied to a client certificate: connect over TLS with that one, or ask an administrator for a token of your own",
            ))
        }
        (None, None) if needs_one => Err(Problem::new(
            "certificate_needed",
            "show the certificate that http.client_authority signed for this case system",
        )),
        _ => Ok(()),
    }
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
