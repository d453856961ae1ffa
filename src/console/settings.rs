//! What an administrator sets for the office: roster, deadlines, thresholds, and who may see what. Every change is looked at first.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Administrators;
use crate::domain::access::Lists;
use crate::domain::deadline::{Profile, Rule, Unit};
use crate::domain::learn::NEVER;
use crate::domain::roster::Roster;
use crate::office::{self, table};
use crate::store::{Db, OfficeSetting, SettingChange, StoreError, ThresholdInForce};

struct Entry {
    kind: &'static str,
    number: String,
    name: String,
    title: String,
    alias: String,
}

struct Past {
    change: i64,
    told: String,
}

struct DeadlineLine {
    name: String,
    days: String,
    start: &'static str,
    basis: String,
}

struct ThresholdLine {
    code: String,
    field: &'static str,
    shipped: String,
    here: String,
    of: usize,
    accepted: usize,
    share: String,
    wrong: usize,
}

struct Who {
    name: String,
    role: &'static str,
    told: String,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    f: Frame,
    entries: Vec<Entry>,
    table: String,
    roster_from: String,
    roster_past: Vec<Past>,
    profile: String,
    profiles: Vec<String>,
    deadlines: Vec<DeadlineLine>,
    deadlines_from: String,
    deadlines_past: Vec<Past>,
    holidays: String,
    thresholds: Vec<ThresholdLine>,
    may_undo: bool,
    lists: String,
    lists_from: Option<String>,
    lists_past: Vec<Past>,
    people: Vec<Who>,
    units: Vec<Who>,
}

struct Seen {
    roster: std::sync::Arc<Roster>,
    roster_changes: Vec<SettingChange>,
    deadlines: std::sync::Arc<Profile>,
    deadlines_changes: Vec<SettingChange>,
    thresholds: Vec<ThresholdInForce>,
    may_undo: bool,
    lists: Lists,
    lists_changes: Vec<SettingChange>,
    /// Name, role and how many interests are declared.
    people: Vec<(String, &'static str, usize)>,
    /// Name, unit and whether the roster knows it.
    units: Vec<(String, String, Option<bool>)>,
}

fn look(db: &Db, deadlines: std::sync::Arc<Profile>) -> Result<Seen, StoreError> {
    let roster = db.roster_in_force();
    let interests = db.interests(None)?;
    let declared = |user: &str| interests.iter().filter(|row| row.user == user).count();
    let users = db.users()?.into_iter().filter(|user| !user.disabled);
    let people = users.map(|user| (user.name.clone(), user.role.word(), declared(&user.name)));
    let people = people.collect();
    let tokens = db
        .tokens()?
        .into_iter()
        .filter(|token| token.revoked.is_none());
    let units = tokens.filter_map(|token| {
        let unit = token.unit?;
        let is_known = db.knows_office(&unit);
        Some((token.name, unit, is_known))
    });
    Ok(Seen {
        roster,
        roster_changes: db.setting_changes(OfficeSetting::Roster)?,
        deadlines,
        deadlines_changes: db.setting_changes(OfficeSetting::Deadlines)?,
        thresholds: db.thresholds_in_force()?,
        may_undo: db
            .threshold_changes()?
            .iter()
            .any(|change| change.undone.is_none()),
        lists: db.lists_in_force().clone(),
        lists_changes: db.setting_changes(OfficeSetting::Lists)?,
        people,
        units: units.collect(),
    })
}

fn entries(w: &'static Words, roster: &Roster) -> Vec<Entry> {
    let entry = |kind: &str, number: String, name: &str, title: &str, alias: &[String]| Entry {
        kind: w.known("setting_entry", kind).unwrap_or_default(),
        number,
        name: name.to_owned(),
        title: title.to_owned(),
        alias: alias.join("、"),
    };
    let leaders = roster.leaders.iter();
    let leaders = leaders.map(|one| {
        entry(
            "leader",
            one.rank.to_string(),
            &one.name,
            &one.title,
            &one.alias,
        )
    });
    let orgs = roster.orgs.iter();
    let orgs = orgs.map(|one| {
        entry(
            "organisation",
            one.order.to_string(),
            &one.name,
            "",
            &one.alias,
        )
    });
    let outside = roster.outside.iter();
    let outside = outside.map(|name| entry("outside", String::new(), name, "", &[]));
    let station = entry("station", String::new(), &roster.station, "", &[]);
    std::iter::once(station)
        .chain(leaders)
        .chain(orgs)
        .chain(outside)
        .collect()
}

fn told(w: &'static Words, change: &SettingChange) -> String {
    let what = w.t(if change.is_file {
        "settings.to_file"
    } else {
        "settings.set"
    });
    let by = match &change.approved_by {
        Some(approved_by) => w.two("override.signers", &change.by, approved_by),
        None => change.by.clone(),
    };
    w.fill(
        "settings.change",
        &[&when::moment(w, change.at), &by, &what],
    )
}

/// Changes that may be taken up again.
fn past<'a>(w: &'static Words, changes: impl Iterator<Item = &'a SettingChange>) -> Vec<Past> {
    let past = changes.filter(|change| !change.is_file).take(20);
    past.map(|change| Past {
        change: change.seq,
        told: told(w, change),
    })
    .collect()
}

/// Where what is in force comes from, and the changes before it.
fn origin(
    w: &'static Words,
    changes: &[SettingChange],
    file: &std::path::Path,
) -> (String, Vec<Past>) {
    let file = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let from = match changes.first().filter(|change| !change.is_file) {
        Some(change) => w.one("settings.from_change", told(w, change)),
        None => w.one("settings.from_file", &file),
    };
    let mut past = past(w, changes.iter().skip(1));
    if changes.first().is_some_and(|change| !change.is_file) {
        past.push(Past {
            change: 0,
            told: w.one("settings.file", &file),
        });
    }
    (from, past)
}

fn deadline(w: &'static Words, rule: &Rule) -> DeadlineLine {
    let days = match rule.unit {
        Unit::Calendar => "settings.calendar_days",
        Unit::Working => "settings.working_days",
    };
    let start = match rule.start {
        crate::domain::deadline::Start::Received => "received",
        crate::domain::deadline::Start::Accepted => "accepted",
        crate::domain::deadline::Start::Registered => "registered",
        crate::domain::deadline::Start::Transferred => "transferred",
    };
    DeadlineLine {
        name: w.code("deadline", &rule.name).to_owned(),
        days: w.one(days, rule.days),
        start: w.known("deadline_start", start).unwrap_or_default(),
        basis: rule.basis.clone(),
    }
}

fn threshold(w: &'static Words, one: ThresholdInForce) -> ThresholdLine {
    let shown = |threshold: Option<f32>| match threshold {
        Some(threshold) if threshold < NEVER => format!("{threshold:.4}"),
        _ => w.t("settings.never").to_owned(),
    };
    let came_to = one.came_to;
    ThresholdLine {
        field: w.known("field", &one.field).unwrap_or_default(),
        shipped: shown(one.shipped),
        here: one
            .here
            .map_or(w.t("settings.as_shipped").to_owned(), |here| {
                shown(Some(here))
            }),
        share: match came_to.of {
            0 => "–".to_owned(),
            of => format!("{:.0} %", came_to.accepted as f32 / of as f32 * 100.0),
        },
        of: came_to.of,
        accepted: came_to.accepted,
        wrong: came_to.wrong,
        code: one.field,
    }
}

/// `GET /settings`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Administrators>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "settings"));
    // The deadlines of the file are the running station's: a look beside it has none.
    let deadlines = app.store.with(|db| Ok(db.office_in_force()?.1)).await;
    let seen = match deadlines {
        Ok(deadlines) => office::beside(&app.settings, move |db| look(db, deadlines)).await,
        Err(error) => Err(error),
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let registration = &app.settings.registration;
    let (roster_from, roster_past) = origin(w, &seen.roster_changes, &registration.roster);
    let (deadlines_from, deadlines_past) =
        origin(w, &seen.deadlines_changes, &registration.deadlines);
    let profiles = office::profiles(&app.settings)
        .into_iter()
        .map(|one| one.profile);
    show(&SettingsPage {
        entries: entries(w, &seen.roster),
        table: table::written(&seen.roster),
        roster_from,
        roster_past,
        profiles: profiles
            .filter(|name| *name != seen.deadlines.profile)
            .collect(),
        profile: seen.deadlines.profile.clone(),
        deadlines: seen
            .deadlines
            .deadline
            .iter()
            .map(|rule| deadline(w, rule))
            .collect(),
        deadlines_from,
        deadlines_past,
        holidays: match seen.deadlines.holidays.last_year() {
            Some(year) => w.one("settings.holidays_to", year),
            None => w.t("settings.holidays_none").to_owned(),
        },
        thresholds: seen
            .thresholds
            .into_iter()
            .map(|one| threshold(w, one))
            .collect(),
        may_undo: seen.may_undo,
        lists: seen.lists.written(),
        lists_from: seen.lists_changes.first().map(|change| told(w, change)),
        lists_past: past(w, seen.lists_changes.iter().skip(1)),
        people: seen
            .people
            .into_iter()
            .map(|(name, role, declared)| Who {
                name,
                role: w.known("role", role).unwrap_or_default(),
                told: w.one("settings.declared", declared),
            })
            .collect(),
        units: seen
            .units
            .into_iter()
            .map(|(name, unit, is_known)| Who {
                name,
                role: w.t(if is_known == Some(false) {
                    "settings.unit_unknown"
                } else {
                    "settings.unit_known"
                }),
                told: unit,
            })
            .collect(),
        f,
    })
}
