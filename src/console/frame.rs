//! What every page shares: who looks at it, in which language, and the bar on top.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::refused::Refused;
use super::words::Words;
use super::{address, assets};
use crate::api::App;
use crate::api::auth::{
    AccountKeepers, Administrators, AlarmEnders, AlertReader, Auditors, Cabinets, Countersigners,
    Deciders, DeviceHealth, Mailroom, Need, Person, person_of,
};
use crate::config::Language;
use crate::domain::access::{Holder, Role, Seer};

/// The cookie that keeps the chosen language.
pub(super) const LANGUAGE_COOKIE: &str = "laixin_language";

/// The language and the address of a request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) words: &'static Words,
    pub(super) path: String,
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

impl FromRequestParts<App> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let language = match cookie(&parts.headers, LANGUAGE_COOKIE) {
            Some("zh") => Language::Chinese,
            Some("en") => Language::English,
            _ => app.settings.station.language,
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            words: Words::of(language),
            path: path.to_owned(),
        })
    }
}

/// A signed-in person who may see what `N` needs; anyone else is sent to sign in, or told.
#[derive(Debug)]
pub(super) struct Visitor<N> {
    pub(super) asked: Asked,
    pub(super) person: Person,
    need: PhantomData<N>,
}

impl<N: Need + Send> FromRequestParts<App> for Visitor<N> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(asked) = Asked::from_request_parts(parts, app).await;
        let person = person_of(app, &parts.headers)
            .await
            .map_err(|_| Refused::failed(app, asked.clone()).into_response())?;
        let Some(person) = person else {
            let to = format!("/?to={}", address::encode(&asked.path));
            return Err(Redirect::to(&to).into_response());
        };
        if !N::lets(Holder::Person(person.session.role)) {
            return Err(Refused::forbidden(app, asked, &person, N::ACTION).into_response());
        }
        Ok(Self {
            asked,
            person,
            need: PhantomData,
        })
    }
}

impl<N> Visitor<N> {
    /// The frame of a page under this entry of the bar.
    pub(super) fn frame(&self, app: &App, here: &'static str) -> Frame {
        Frame::signed_in(app, self.asked.clone(), &self.person, here)
    }

    /// As the one who wants to see a letter.
    pub(super) fn seer(&self) -> Seer {
        self.person.seer()
    }

    /// The texts in this person's language.
    pub(super) fn words(&self) -> &'static Words {
        self.asked.words
    }
}

/// The parts of a page that are the same everywhere.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) w: &'static Words,
    /// The page's entry in the bar.
    pub(super) here: &'static str,
    pub(super) station: String,
    pub(super) path: String,
    /// Who is signed in.
    pub(super) user: Option<String>,
    /// As what.
    pub(super) role: Option<Role>,
    /// What scripts send with every change.
    pub(super) csrf: String,
    /// The first cabinet, for the bar.
    pub(super) cabinet: Option<String>,
    /// This station is for training.
    pub(super) is_training: bool,
    /// Some case system is told by the station itself.
    pub(super) tells_case_systems: bool,
    /// Why nothing can be kept now, and what to do, where that is so.
    pub(super) nothing_kept: Option<&'static str>,
    /// Changes with the embedded files.
    pub(super) version: &'static str,
}

/// Pages that only show say it too: whoever works on them learns it before his next change is refused.
fn nothing_kept(app: &App, w: &'static Words) -> Option<&'static str> {
    let store = app.readiness.parts().remove("store").flatten()?;
    w.known("part_code", &store.code)
}

impl Frame {
    /// For a page that is shown without signing in.
    pub(super) fn open(app: &App, asked: Asked) -> Self {
        Self {
            w: asked.words,
            here: "",
            station: app.settings.station.name.clone(),
            path: asked.path,
            user: None,
            role: None,
            csrf: String::new(),
            cabinet: app.cabinets.keys().next().cloned(),
            is_training: app.settings.training.is_some(),
            tells_case_systems: app.settings.tells_case_systems(),
            nothing_kept: nothing_kept(app, asked.words),
            version: assets::version(),
        }
    }

    /// For a page that somebody signed in looks at.
    pub(super) fn signed_in(app: &App, asked: Asked, person: &Person, here: &'static str) -> Self {
        Self {
            here,
            user: Some(person.session.user.clone()),
            role: Some(person.session.role),
            csrf: person.session.csrf.clone(),
            ..Self::open(app, asked)
        }
    }

    /// Whether this person decides what is not everybody's to say.
    pub(super) fn decides(&self) -> bool {
        self.may::<Deciders>()
    }

    /// Whether this person answers for the clock and for what leaves the station.
    pub(super) fn countersigns(&self) -> bool {
        self.may::<Countersigners>()
    }

    /// Whether this person's name stands for what the station keeps and destroys.
    pub(super) fn administers(&self) -> bool {
        self.may::<Administrators>()
    }

    fn may<N: Need>(&self) -> bool {
        self.role.is_some_and(|role| N::lets(Holder::Person(role)))
    }

    /// Whether this person works with batches and letters.
    pub(super) fn sees_letters(&self) -> bool {
        self.may::<Mailroom>()
    }

    /// Whether this person may see the cabinets and what wants a person now.
    pub(super) fn sees_today(&self) -> bool {
        self.may::<Cabinets>()
    }

    /// Whether this person may end an alarm of a cabinet.
    pub(super) fn ends_alarms(&self) -> bool {
        self.may::<AlarmEnders>()
    }

    /// Whether this person may see the health of devices.
    pub(super) fn sees_devices(&self) -> bool {
        self.may::<DeviceHealth>()
    }

    /// Whether this person keeps accounts.
    pub(super) fn keeps_accounts(&self) -> bool {
        self.may::<AccountKeepers>()
    }

    /// Whether this person looks through the audit.
    pub(super) fn audits(&self) -> bool {
        self.may::<Auditors>()
    }

    /// Whether alerts about letters are shown to this person.
    pub(super) fn sees_alerts(&self) -> bool {
        self.may::<AlertReader>()
    }

    /// The first page of this person.
    pub(super) fn home(&self) -> &'static str {
        if self.sees_today() {
            "/today"
        } else {
            "/audit"
        }
    }

    /// `page` for the entry of this page, for `aria-current`.
    pub(super) fn current(&self, entry: &str) -> &'static str {
        if self.here == entry { "page" } else { "false" }
    }
}
