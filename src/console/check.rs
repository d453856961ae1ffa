//! What would stop the station, or soon will: the list of `laixin check`, and the button that makes it anew.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::{Frame, Visitor};
use super::refused::show;
use super::when;
use crate::api::App;
use crate::api::auth::DeviceHealth;
use crate::check::{Finding, Level};

struct Line {
    part: String,
    tone: &'static str,
    state: &'static str,
    told: String,
    next: String,
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    f: Frame,
    /// When, and what it came to.
    at: Option<(String, String)>,
    lines: Vec<Line>,
}

/// `GET /check`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<DeviceHealth>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let last = app.checks.last();
    let line = |finding: &Finding| Line {
        part: finding.part(w),
        tone: finding.level.name(),
        state: w.t(match finding.level {
            Level::Good => "maintenance.good",
            Level::Warning => "maintenance.warning",
            Level::Bad => "maintenance.bad",
        }),
        told: finding.told(w),
        next: finding.next(w).unwrap_or_default(),
    };
    let at = last.as_ref().map(|made| {
        let [bad, warnings, good] =
            [Level::Bad, Level::Warning, Level::Good].map(|level| made.count(level));
        let counts = w.fill("check_page.counts", &[&bad, &warnings, &good]);
        (w.one("check_page.at", when::moment(w, made.at)), counts)
    });
    // What wants a person stands first; within one level the order of the station's parts stays.
    let mut found: Vec<Finding> = last.map(|made| made.findings).unwrap_or_default();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    show(&CheckPage {
        lines: found.iter().map(line).collect(),
        at,
        f,
    })
}
