//! What an administrator sets for the office: roster, deadlines, thresholds. Each is looked at first, by a request without `preview`, which changes
//! nothing and answers with its number; with that number it is put in force. What lessens protection a second person signs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Administrators, Caller, Deciders};
use super::problem::Problem;
use super::second_person::Proof;
use crate::domain::access::{Seer, Sight};
use crate::domain::learn::{Effect, Proposal};
use crate::domain::roster::EntryKind;
use crate::office::{self, Change, Moved, Thing, table};
use crate::store::{Db, Hindrance, OfficeSetting, SettingChange, StoreError};

/// What kind of entry changes.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingEntry {
    /// 本站: the office that runs the station.
    Station,
    /// 领导.
    Leader,
    /// 单位.
    Organisation,
    /// 范围外: known, never chosen.
    Outside,
    /// 期限.
    Deadline,
}

/// An entry that comes, goes or changes.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"kind": "leader", "name": "汤继红", "before": "5 · 苏州市人民政府副市长 · 汤市长", "after": null}))]
pub struct EntryChangeView {
    /// What it is.
    kind: SettingEntry,
    /// Its name.
    name: String,
    /// How it stands; `null` where it comes.
    before: Option<String>,
    /// How it will stand; `null` where it goes.
    after: Option<String>,
}

/// What of an open letter's draft becomes another.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"letter": "A001", "what": "addressee", "before": "林伯年", "after": "吴立新"}))]
pub struct LetterChangeView {
    /// The letter.
    letter: String,
    /// `addressee`, `accused`, or the name of a deadline.
    what: String,
    /// As its draft has it.
    before: Option<String>,
    /// As it will be.
    after: Option<String>,
}

/// What a setting would change, or has changed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"preview": "4b1f0c9e", "applied": false, "second_person": true,
    "entries": [{"kind": "leader", "name": "汤继红", "before": "5 · 苏州市人民政府副市长 · 汤市长", "after": null}], "letters": []}))]
pub struct SettingChangeView {
    /// The number to put it in force with.
    preview: String,
    /// It is in force.
    applied: bool,
    /// It lessens protection: a second person signs.
    second_person: bool,
    /// What comes, goes and changes.
    entries: Vec<EntryChangeView>,
    /// Open letters whose drafts change, of those that the caller may see.
    letters: Vec<LetterChangeView>,
}

/// A roster to look at or to put in force: a table, or the one of an earlier change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"table": "本站,,苏州市信访局,,\n领导,1,周明远,中共苏州市委书记,市委书记、周书记\n", "preview": "4b1f0c9e"}))]
pub struct RosterBody {
    /// One entry a line, commas or tabs between the cells: 本站, 领导, 单位 or 范围外; number; name; title; aliases with 、 between them.
    table: Option<String>,
    /// Instead of a table the number of an earlier change; 0: the file of the settings.
    change: Option<i64>,
    /// What the look answered; without it nothing is changed.
    preview: Option<String>,
    /// Who signs beside the caller.
    #[serde(default)]
    approver: String,
    #[serde(default)]
    approver_password: String,
}

/// Deadlines to look at or to put in force: one of the profiles, or that of an earlier change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"profile": "sz-2022"}))]
pub struct DeadlinesBody {
    /// The name of a profile.
    profile: Option<String>,
    /// Instead of a profile the number of an earlier change; 0: the file of the settings.
    change: Option<i64>,
    /// What the look answered; without it nothing is changed.
    preview: Option<String>,
    /// Who signs beside the caller.
    #[serde(default)]
    approver: String,
    #[serde(default)]
    approver_password: String,
}

/// Thresholds to look at or to take over.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"preview": "4b1f0c9e"}))]
pub struct ThresholdsBody {
    /// What the look answered; without it nothing is changed.
    preview: Option<String>,
    /// Who signs beside the caller, where a threshold is lowered.
    #[serde(default)]
    approver: String,
    #[serde(default)]
    approver_password: String,
}

/// A change of a setting.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"change": 4711, "by": "zhang", "approved_by": "li", "at": "2026-03-02T09:00:00+08:00", "file": false}))]
pub struct SettingChangeRow {
    /// Its number.
    change: i64,
    /// Who.
    by: String,
    /// Who signed beside him.
    approved_by: Option<String>,
    /// When.
    at: String,
    /// Back to the file of the settings.
    file: bool,
}

/// What a threshold came to on the office's own history.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct EffectView {
    /// Values proposed.
    of: usize,
    /// Let through.
    accepted: usize,
    /// Of these wrong.
    wrong: usize,
}

/// The threshold of a field.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"field": "address", "shipped": 0.98, "here": null, "came_to": {"of": 812, "accepted": 540, "wrong": 0}}))]
pub struct ThresholdView {
    /// The field.
    field: String,
    /// The one that comes along; `null`: never accepted.
    shipped: Option<f32>,
    /// The one taken over here; above 1: never accepted.
    here: Option<f32>,
    /// What the one that holds came to on confirmed letters.
    came_to: EffectView,
}

/// A threshold that the history suggests.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"field": "address", "before": 0.98, "after": 0.95, "was": {"of": 812, "accepted": 540, "wrong": 0},
    "becomes": {"of": 812, "accepted": 700, "wrong": 0}}))]
pub struct ThresholdChangeView {
    /// The field.
    field: String,
    /// The one that holds; above 1: nothing is accepted.
    before: f32,
    /// The one suggested.
    after: f32,
    /// What the one that holds came to.
    was: EffectView,
    /// What the suggested one would have come to.
    becomes: EffectView,
}

/// Thresholds that the history suggests, or that were taken over.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"preview": "4b1f0c9e", "applied": false, "second_person": true, "fields": []}))]
pub struct ThresholdsChangeView {
    /// The number to take them over with.
    preview: String,
    /// They are in force.
    applied: bool,
    /// One is lowered: a second person signs.
    second_person: bool,
    /// The fields.
    fields: Vec<ThresholdChangeView>,
}

/// The settings as they are in force.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"roster": "本站,,苏州市信访局,,\n领导,1,周明远,中共苏州市委书记,市委书记、周书记\n", "roster_changes": [],
    "deadlines": "2022", "deadlines_changes": [], "profiles": ["2022", "sz-2022"], "holidays_to": 2026, "thresholds": []}))]
pub struct SettingsView {
    /// The roster as a table.
    roster: String,
    /// Its changes, the newest first; the first one holds, without any the file of the settings.
    roster_changes: Vec<SettingChangeRow>,
    /// The profile of deadlines.
    deadlines: String,
    /// Its changes, the newest first.
    deadlines_changes: Vec<SettingChangeRow>,
    /// Profiles to choose from.
    profiles: Vec<String>,
    /// The last year that the table of holidays knows.
    holidays_to: Option<i64>,
    /// Thresholds by field.
    thresholds: Vec<ThresholdView>,
}

impl From<Change> for EntryChangeView {
    fn from(change: Change) -> Self {
        let kind = match change.thing {
            Thing::Entry(EntryKind::Station) => SettingEntry::Station,
            Thing::Entry(EntryKind::Leader) => SettingEntry::Leader,
            Thing::Entry(EntryKind::Organisation) => SettingEntry::Organisation,
            Thing::Entry(EntryKind::Outside) => SettingEntry::Outside,
            Thing::Deadline => SettingEntry::Deadline,
        };
        Self {
            kind,
            name: change.name,
            before: change.before,
            after: change.after,
        }
    }
}

impl From<Moved> for LetterChangeView {
    fn from(moved: Moved) -> Self {
        let Moved {
            letter,
            what,
            before,
            after,
        } = moved;
        Self {
            letter,
            what,
            before,
            after,
        }
    }
}

impl From<SettingChange> for SettingChangeRow {
    fn from(change: SettingChange) -> Self {
        Self {
            change: change.seq,
            by: change.by,
            approved_by: change.approved_by,
            at: change.at.rfc3339(),
            file: change.is_file,
        }
    }
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> Self {
        let Effect {
            of,
            accepted,
            wrong,
        } = effect;
        Self {
            of,
            accepted,
            wrong,
        }
    }
}

impl From<Proposal> for ThresholdChangeView {
    fn from(one: Proposal) -> Self {
        Self {
            field: one.field,
            before: one.before,
            after: one.after,
            was: one.was.into(),
            becomes: one.becomes.into(),
        }
    }
}

/// The settings as they are in force, and how they came to be.
#[utoipa::path(get, path = "/v1/settings", tag = "settings", responses((status = 200, body = SettingsView)))]
pub async fn get(
    State(app): State<App>,
    _: Caller<Administrators>,
) -> Result<Json<SettingsView>, Problem> {
    let profiles = office::profiles(&app.settings)
        .into_iter()
        .map(|one| one.profile);
    let profiles = profiles.collect();
    let rows = |all: Vec<SettingChange>| all.into_iter().map(SettingChangeRow::from).collect();
    let view = app.store.with(move |db| {
        let (roster, deadlines) = db.office_in_force()?;
        let thresholds = db.thresholds_in_force()?.into_iter();
        Ok(SettingsView {
            roster: table::written(&roster),
            roster_changes: rows(db.setting_changes(OfficeSetting::Roster)?),
            deadlines: deadlines.profile.clone(),
            deadlines_changes: rows(db.setting_changes(OfficeSetting::Deadlines)?),
            profiles,
            holidays_to: deadlines.holidays.last_year(),
            thresholds: thresholds
                .map(|one| ThresholdView {
                    field: one.field,
                    shipped: one.shipped,
                    here: one.here,
                    came_to: one.came_to.into(),
                })
                .collect(),
        })
    });
    Ok(Json(view.await?))
}

/// Looks beside the store, where it takes as long as it takes.
async fn beside<T, F>(app: &App, look: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
{
    let settings = app.settings.clone();
    let looked = tokio::task::spawn_blocking(move || look(&Db::look_at(&settings)?));
    match looked.await {
        Ok(looked) => Ok(looked?),
        Err(_) => Err(Problem::new("defect", "the station's log says more")),
    }
}

fn seen(db: &Db, seer: &Seer, letters: Vec<Moved>) -> Result<Vec<LetterChangeView>, StoreError> {
    let mut all = Vec::new();
    for moved in letters {
        if db.sight(seer, &moved.letter)? == Sight::Full {
            all.push(moved.into());
        }
    }
    Ok(all)
}

fn either<T>(new: Option<T>, change: Option<i64>, name: &str) -> Result<Result<T, i64>, Problem> {
    match (new, change) {
        (Some(new), None) => Ok(Ok(new)),
        (None, Some(change)) => Ok(Err(change)),
        _ => Err(Problem::new(
            "body_invalid",
            format!("{name}: it, or change, and not both"),
        )),
    }
}

/// Whether it is to be put in force: with the number of what would change now.
fn is_looked_at(preview: Option<&str>, number: &str) -> Result<bool, Problem> {
    match preview {
        None => Ok(false),
        Some(preview) if preview == number => Ok(true),
        Some(_) => Err(Problem::new(
            "setting_changed",
            "look at it again: the setting in force, or the new one, is another than it was",
        )),
    }
}

/// Looks at a roster in the place of the one in force, or puts it in force: who comes, goes and changes, and what it makes of open letters. Drafts of
/// these letters are made anew, out of what was read; what people corrected stays. Where a name, a title or an alias goes, a second person signs:
/// a letter that accuses somebody by it is no longer found to.
#[utoipa::path(post, path = "/v1/settings/roster", tag = "settings", request_body = RosterBody, params(super::openapi::Key),
    responses((status = 200, body = SettingChangeView)))]
pub async fn roster(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<RosterBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let RosterBody {
        table,
        change,
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let told_by = [
        table.as_deref().unwrap_or_default(),
        &change.unwrap_or(-1).to_string(),
        preview.as_deref().unwrap_or_default(),
        approver,
    ];
    let key = asked.key_of(&by, &told_by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let new = match either(table.as_deref(), *change, "table")? {
        Ok(text) => std::sync::Arc::new(table::parsed(text)?),
        Err(0) => app.store.with(|db| Ok(db.roster_of_file())).await?,
        Err(change) => app.store.with(move |db| db.roster_set_by(change)).await?,
    };
    let is_file = *change == Some(0);
    let looked_at = new.clone();
    let looked = beside(&app, move |db| {
        let found = office::roster_preview(db, &looked_at)?;
        let letters: Vec<String> = found
            .letters
            .iter()
            .map(|moved| moved.letter.clone())
            .collect();
        Ok((
            letters,
            seen(db, &seer, found.letters)?,
            found.entries,
            found.lessens,
            found.number,
        ))
    });
    let (letters, seen, entries, lessens, number) = looked.await?;
    let applied = is_looked_at(preview.as_deref(), &number)?;
    let view = SettingChangeView {
        preview: number,
        applied,
        second_person: lessens,
        entries: entries.into_iter().map(EntryChangeView::from).collect(),
        letters: seen,
    };
    if !applied {
        return Ok(Given(answer(StatusCode::OK, &view)?));
    }
    let approved_by = signed(&app, &by, lessens, (approver, approver_password)).await?;
    app.once(key, move |db| {
        let roster = (!is_file).then_some(&*new);
        db.set_roster(roster, &letters, (&by, approved_by.as_deref()))?;
        answer(StatusCode::OK, &view)
    })
    .await
}

/// The second person, where one has to sign.
async fn signed(
    app: &App,
    by: &str,
    is_needed: bool,
    (name, password): (&str, &str),
) -> Result<Option<String>, Problem> {
    if !is_needed {
        return Ok(None);
    }
    let proof = Proof::of(name.trim(), password);
    Ok(Some(app.second_person::<Deciders>(by, proof).await?))
}

/// Looks at a profile of deadlines in the place of the one in force, or puts it in force: which deadlines come, go and change, and which open letters
/// are due otherwise. Where a deadline goes or gets longer, a second person signs.
#[utoipa::path(post, path = "/v1/settings/deadlines", tag = "settings", request_body = DeadlinesBody, params(super::openapi::Key),
    responses((status = 200, body = SettingChangeView)))]
pub async fn deadlines(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<DeadlinesBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let DeadlinesBody {
        profile,
        change,
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let told_by = [
        profile.as_deref().unwrap_or_default(),
        &change.unwrap_or(-1).to_string(),
        preview.as_deref().unwrap_or_default(),
        approver,
    ];
    let key = asked.key_of(&by, &told_by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let (_, now) = app.store.with(Db::office_in_force).await?;
    let new = match either(profile.as_deref(), *change, "profile")? {
        Ok(name) => {
            let mut all = office::profiles(&app.settings).into_iter();
            let found = all.find(|one| one.profile == name);
            found.ok_or_else(|| Problem::not_found("profile of deadlines", name))?
        }
        Err(change) => {
            app.store
                .with(move |db| db.deadlines_set_by(change))
                .await?
        }
    };
    let new = crate::domain::deadline::Profile {
        holidays: now.holidays.clone(),
        ..new
    };
    let is_file = *change == Some(0);
    let looked_at = new.clone();
    let looked = beside(&app, move |db| {
        let found = office::deadlines_preview(db, &now, &looked_at)?;
        Ok((
            seen(db, &seer, found.letters)?,
            found.entries,
            found.lessens,
            found.number,
        ))
    });
    let (letters, entries, lessens, number) = looked.await?;
    let applied = is_looked_at(preview.as_deref(), &number)?;
    let view = SettingChangeView {
        preview: number,
        applied,
        second_person: lessens,
        entries: entries.into_iter().map(EntryChangeView::from).collect(),
        letters,
    };
    if !applied {
        return Ok(Given(answer(StatusCode::OK, &view)?));
    }
    let approved_by = signed(&app, &by, lessens, (approver, approver_password)).await?;
    app.once(key, move |db| {
        db.set_deadlines((!is_file).then_some(&new), (&by, approved_by.as_deref()))?;
        answer(StatusCode::OK, &view)
    })
    .await
}

/// Looks at the thresholds that the office's own history suggests, or takes them over: lower ones only where 600 confirmed values prove them, higher
/// ones where wrong values were let through. Where one is lowered, a second person signs.
#[utoipa::path(post, path = "/v1/settings/thresholds", tag = "settings", request_body = ThresholdsBody, params(super::openapi::Key),
    responses((status = 200, body = ThresholdsChangeView)))]
pub async fn thresholds(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<ThresholdsBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let ThresholdsBody {
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let key = asked.key_of(&by, &[preview.as_deref().unwrap_or_default(), approver]);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let found = beside(&app, Db::threshold_proposals).await?;
    let number = office::number_of(&found);
    let applied = is_looked_at(preview.as_deref(), &number)?;
    let lowers = found.iter().any(|one| one.after < one.before);
    let view = ThresholdsChangeView {
        preview: number,
        applied,
        second_person: lowers,
        fields: found
            .iter()
            .cloned()
            .map(ThresholdChangeView::from)
            .collect(),
    };
    if !applied || found.is_empty() {
        return Ok(Given(answer(StatusCode::OK, &view)?));
    }
    let approved_by = signed(&app, &by, lowers, (approver, approver_password)).await?;
    app.once(key, move |db| {
        db.apply_thresholds(&found, (&by, approved_by.as_deref()))?;
        answer(StatusCode::OK, &view)
    })
    .await
}

/// Takes the newest change of thresholds back. Where that lowers one, a second person signs.
#[utoipa::path(post, path = "/v1/settings/thresholds/undo", tag = "settings", request_body = ThresholdsBody, params(super::openapi::Key),
    responses((status = 200, body = ThresholdsChangeView)))]
pub async fn undo_thresholds(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<ThresholdsBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let ThresholdsBody {
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let key = asked.key_of(&by, &[preview.as_deref().unwrap_or_default(), approver]);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let found = beside(&app, Db::threshold_undoing).await?;
    if found.is_empty() {
        return Err(StoreError::WrongState {
            why: Hindrance::Over,
            what: "change of thresholds",
            id: "newest".into(),
            state: "taken back, or was never made".into(),
            action: "take it back",
        }
        .into());
    }
    let number = office::number_of(&found);
    let applied = is_looked_at(preview.as_deref(), &number)?;
    let lowers = found.iter().any(|one| one.after < one.before);
    let view = ThresholdsChangeView {
        preview: number,
        applied,
        second_person: lowers,
        fields: found.into_iter().map(ThresholdChangeView::from).collect(),
    };
    if !applied {
        return Ok(Given(answer(StatusCode::OK, &view)?));
    }
    let approved_by = signed(&app, &by, lowers, (approver, approver_password)).await?;
    app.once(key, move |db| {
        db.undo_thresholds((&by, approved_by.as_deref()))?;
        answer(StatusCode::OK, &view)
    })
    .await
}
