//! Accounts of people and tokens of machines, for the administrator.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::AccountKeepers;
use crate::clock;
use crate::domain::access::{Role, Scope};
use crate::store::{Token, User};

struct Choice {
    code: &'static str,
    label: &'static str,
    means: &'static str,
    chosen: bool,
}

struct Account {
    name: String,
    roles: Vec<Choice>,
    made: String,
    state: String,
    tone: &'static str,
    is_open: bool,
    is_me: bool,
}

struct TokenLine {
    name: String,
    scope: &'static str,
    unit: String,
    certificate: String,
    made: String,
    state: String,
    tone: &'static str,
    holds: bool,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    f: Frame,
    accounts: Vec<Account>,
    roles: Vec<Choice>,
    tokens: Vec<TokenLine>,
    rules: String,
    longest: u64,
    asks_for_certificates: bool,
}

fn roles(w: &'static Words, now: Option<Role>) -> Vec<Choice> {
    let choice = |role: Role| {
        let code = role.word();
        Choice {
            code,
            label: w.code("role", code),
            means: w.code("role_means", code),
            chosen: now == Some(role),
        }
    };
    Role::ALL.into_iter().map(choice).collect()
}

fn account(w: &'static Words, user: User, me: &str) -> Account {
    let locked = user.locked_until.filter(|until| *until > clock::now());
    let (state, tone) = match (user.disabled, locked) {
        (true, _) => (w.t("accounts.closed").to_owned(), "bad"),
        (false, Some(until)) => (w.one("accounts.locked", when::moment(w, until)), "warning"),
        (false, None) => (w.t("accounts.open").to_owned(), "good"),
    };
    Account {
        roles: roles(w, Some(user.role)),
        made: when::moment(w, user.created),
        is_open: !user.disabled && locked.is_none(),
        is_me: user.name == me,
        name: user.name,
        state,
        tone,
    }
}

fn token(w: &'static Words, token: Token) -> TokenLine {
    let (state, tone, holds) = match (token.revoked, token.expires) {
        (Some(at), _) => (w.one("accounts.revoked", when::moment(w, at)), "bad", false),
        (None, Some(until)) if until <= clock::now() => (
            w.one("accounts.ran_out", when::moment(w, until)),
            "bad",
            false,
        ),
        (None, Some(until)) => (
            w.one("accounts.holds_until", when::moment(w, until)),
            "good",
            true,
        ),
        (None, None) => (w.t("accounts.holds").to_owned(), "good", true),
    };
    let scope = match token.scope {
        Scope::CaseSystem => "case_system",
        Scope::Maintenance => "maintenance",
    };
    TokenLine {
        name: token.name,
        scope: w.code("scope", scope),
        unit: token.unit.unwrap_or_default(),
        certificate: token
            .certificate
            .map_or(String::new(), |name| w.one("accounts.tied", name)),
        made: when::moment(w, token.created),
        state,
        tone,
        holds,
    }
}

/// What a password must be, in words.
pub(super) fn password_rules(w: &'static Words, app: &App) -> String {
    let rules = app.settings.passwords.rules();
    w.two("accounts.rules", rules.least_length, rules.least_kinds)
}

/// `GET /accounts`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<AccountKeepers>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "accounts"));
    let me = visitor.person.session.user.clone();
    match app.store.with(|db| Ok((db.users()?, db.tokens()?))).await {
        Ok((users, tokens)) => show(&AccountsPage {
            accounts: users
                .into_iter()
                .map(|user| account(w, user, &me))
                .collect(),
            roles: roles(w, None),
            tokens: tokens.into_iter().map(|row| token(w, row)).collect(),
            rules: password_rules(w, &app),
            longest: app.settings.http.session_longest_hours.0,
            asks_for_certificates: app.settings.http.client_authority.is_some(),
            f,
        }),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}
