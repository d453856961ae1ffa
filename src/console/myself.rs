//! One's own affairs: who one is here, one's password, what one declares of oneself and of relatives.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::accounts::password_rules;
use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::{Mailroom, Need, Oneself};
use crate::domain::access::{Holder, InterestKind, Relation};
use crate::store::InterestRow;

struct Interest {
    id: i64,
    text: String,
    about: String,
}

#[derive(Template)]
#[template(path = "myself.html")]
struct MyselfPage {
    f: Frame,
    me: String,
    role: &'static str,
    means: &'static str,
    expires: String,
    rules: String,
    reads: bool,
    interests: Vec<Interest>,
}

fn interest(w: &'static Words, row: InterestRow) -> Interest {
    let kind = match row.interest.kind {
        InterestKind::Name => "name",
        InterestKind::Address => "address",
        InterestKind::Unit => "unit",
    };
    let relation = match row.relation {
        Relation::Own => "own",
        Relation::Relative => "relative",
    };
    let parts = [
        w.code("interest_kind", kind).to_owned(),
        w.code("interest_relation", relation).to_owned(),
        when::moment(w, row.declared),
    ];
    Interest {
        id: row.id,
        text: row.interest.text,
        about: parts.join(" · "),
    }
}

/// `GET /myself`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Oneself>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "myself"));
    let session = visitor.person.session.clone();
    let me = session.user.clone();
    let role = session.role.word();
    match app.store.with(move |db| db.interests(Some(&me))).await {
        Ok(rows) => show(&MyselfPage {
            role: w.code("role", role),
            means: w.code("role_means", role),
            expires: when::moment(w, session.expires),
            rules: password_rules(w, &app),
            reads: Mailroom::lets(Holder::Person(session.role)),
            interests: rows.into_iter().map(|row| interest(w, row)).collect(),
            me: session.user,
            f,
        }),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}
