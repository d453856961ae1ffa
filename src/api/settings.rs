//! What an administrator sets for the office: roster, deadlines, thresholds. Each is looked at first, by a request without `preview`, which changes
//! nothing and answers with its number; with that number it is put in force. What lessens protection a second person signs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Administrators, Caller, Countersigners};
use super::problem::Problem;
use super::second_person::Proof;
use crate::broker::shared::NotShared;
use crate::domain::access::{Lists, Seer, Sight, Standing, Unseen};
use crate::domain::learn::Proposal;
use crate::office::{self, Moved, OfficeFault, Preview, table};
use crate::store::{Db, Hindrance, OfficeSetting, RequestKey, SettingChange, Shared, StoreError};

pub mod access;
mod views;

pub use views::{
    DeadlinesBody, EffectView, EntryChangeView, LetterChangeView, ListsBody, RosterBody,
    SettingChangeRow, SettingChangeView, SettingEntry, SettingsView, ThresholdChangeView,
    ThresholdView, ThresholdsBody, ThresholdsChangeView, UndoBody,
};

/// What would change, or has changed.
trait Looked: Serialize + Send + 'static {
    /// It is to be put in force.
    fn is_applied(&self) -> bool;
    /// A second person signs.
    fn lessens(&self) -> bool;
}

impl Looked for SettingChangeView {
    fn is_applied(&self) -> bool {
        self.applied
    }

    fn lessens(&self) -> bool {
        self.second_person
    }
}

impl Looked for ThresholdsChangeView {
    fn is_applied(&self) -> bool {
        self.applied
    }

    fn lessens(&self) -> bool {
        self.second_person
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
            lists: db.lists_in_force().written(),
            lists_changes: rows(db.setting_changes(OfficeSetting::Lists)?),
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

fn is_open(standing: Standing) -> bool {
    standing.restricted.is_none() && !standing.is_recused
}

fn seen(
    db: &Db,
    seer: &Seer,
    letters: Vec<Moved>,
    of: Of,
) -> Result<Vec<LetterChangeView>, StoreError> {
    let mut all = Vec::new();
    for moved in letters {
        match db.sight(seer, &moved.letter)? {
            Sight::Full => all.push(moved.into()),
            // On which day a letter is due says nothing of what it says.
            Sight::No(Unseen::Role)
                if of == Of::Days && is_open(db.standing(seer, &moved.letter)?) =>
            {
                all.push(moved.into());
            }
            // Whoever sees no letter is told the number of one that is open to the mailroom.
            Sight::No(Unseen::Role) if is_open(db.standing(seer, &moved.letter)?) => {
                all.push(LetterChangeView {
                    before: None,
                    after: None,
                    ..moved.into()
                });
            }
            _ => {}
        }
    }
    Ok(all)
}

/// Open restricted letters that he does not see, but for those from which he is kept away. All of them, whether they change or not: who puts a name into a
/// roster to look at it would learn whom one accuses.
fn restricted(db: &Db, seer: &Seer) -> Result<usize, StoreError> {
    let mut count = 0;
    for letter in db.open_drafts()? {
        let standing = db.standing(seer, &letter)?;
        let is_shut = db.sight(seer, &letter)? != Sight::Full;
        count += usize::from(standing.restricted.is_some() && !standing.is_recused && is_shut);
    }
    Ok(count)
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
    let actor = by.clone();
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
    let shares = Shares::now(&app, OfficeSetting::Roster).await?;
    let new = match either(table.as_deref(), *change, "table")? {
        Ok(text) => std::sync::Arc::new(table::parsed(text)?),
        Err(0) => app.store.with(|db| Ok(db.roster_of_file())).await?,
        Err(change) => app.store.with(move |db| db.roster_set_by(change)).await?,
    };
    let to_share = shares.map(|shares| (shares, json!(*new)));
    let is_file = *change == Some(0) && to_share.is_none();
    let looked_at = new.clone();
    let looked = office::beside(&app.settings, move |db| {
        let found = office::roster_preview(db, &looked_at)?;
        let letters = found.letters.iter().map(|moved| moved.letter.clone());
        let letters: Vec<String> = letters.collect();
        Ok((letters, Found::of(db, &seer, found, Of::Names)?))
    });
    let (letters, found) = looked.await?;
    let view = found.told(preview.as_deref(), &app)?;
    let set = move |db: &mut Db, approved_by: Option<&str>| {
        let roster = (!is_file).then_some(&*new);
        db.set_roster(roster, &letters, (&by, approved_by))
    };
    put_in_force(
        &app,
        key,
        (view, set, to_share),
        (&actor, approver, approver_password),
    )
    .await
}

/// What would change, as the caller may see it.
struct Found {
    number: String,
    lessens: bool,
    entries: Vec<EntryChangeView>,
    letters: Vec<LetterChangeView>,
    restricted: usize,
}

/// What of a letter changes with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Names that it gives: its addressee, whom it accuses.
    Names,
    /// Days by which something is due.
    Days,
}

impl Found {
    fn of(db: &Db, seer: &Seer, found: Preview, of: Of) -> Result<Self, StoreError> {
        let restricted = match found.entries.is_empty() {
            true => 0,
            false => restricted(db, seer)?,
        };
        let entries = found.entries.into_iter();
        Ok(Self {
            number: found.number,
            lessens: found.lessens,
            restricted,
            entries: entries.map(EntryChangeView::from).collect(),
            letters: seen(db, seer, found.letters, of)?,
        })
    }

    /// What all stations share two people set, whatever it lessens.
    fn told(self, preview: Option<&str>, app: &App) -> Result<SettingChangeView, Problem> {
        Ok(SettingChangeView {
            applied: is_looked_at(preview, &self.number)?,
            preview: self.number,
            second_person: self.lessens || is_shared(app),
            entries: self.entries,
            letters: self.letters,
            restricted: self.restricted,
        })
    }
}

/// Answers what would change, or puts it in force; where that lessens protection a second person signs.
async fn put_in_force<V, F>(
    app: &App,
    key: Option<RequestKey>,
    (view, set, to_share): (V, F, Option<(Shares, Value)>),
    (by, approver, password): (&str, &str, &str),
) -> Result<Given, Problem>
where
    V: Looked,
    F: FnOnce(&mut Db, Option<&str>) -> Result<(), StoreError> + Send + 'static,
{
    if !view.is_applied() {
        return Ok(Given(answer(StatusCode::OK, &view)?));
    }
    let approved_by = signed(app, by, view.lessens(), (approver, password)).await?;
    let shared = match to_share {
        None => None,
        Some((shares, value)) => {
            let by = (by, approved_by.as_deref().unwrap_or_default());
            let setting = shares.setting;
            let (version, turn) = share(app, shares, value, by).await?;
            Some(((setting, version), turn))
        }
    };
    // Nobody hears the others' word of it before it is kept here: it would be put in force twice.
    let (noted, _turn) = shared.unzip();
    app.once(key, move |db| {
        set(db, approved_by.as_deref())?;
        if let Some((setting, version)) = &noted {
            db.note_shared(*setting, version)?;
        }
        answer(StatusCode::OK, &view)
    })
    .await
}

/// Roster and deadlines are those of all stations of the office.
fn is_shared(app: &App) -> bool {
    let office = app.settings.office.as_ref();
    office.is_some_and(|office| office.shared_settings)
}

/// A setting of all stations, and the version that was in force when it was looked at: put over that one, or not at all.
struct Shares {
    setting: OfficeSetting,
    over: Option<Shared>,
}

impl Shares {
    /// As it is now, before anything is looked at; `None` where stations share nothing.
    async fn now(app: &App, setting: OfficeSetting) -> Result<Option<Self>, Problem> {
        if !is_shared(app) {
            return Ok(None);
        }
        let over = app.store.look(move |db| db.shared(setting)).await?;
        Ok(Some(Self { setting, over }))
    }
}

/// Puts it in force at all stations; without the brokers at none.
async fn share(
    app: &App,
    Shares { setting, over }: Shares,
    value: Value,
    by: (&str, &str),
) -> Result<(Shared, OwnedMutexGuard<()>), Problem> {
    let unreachable = || {
        let what = "the setting is shared by all stations, and the brokers do not answer: nothing is changed; try again once they do";
        Problem::new("office_unreachable", what)
    };
    let shared = app.others.shared().ok_or_else(unreachable)?;
    shared
        .set((setting, over), value, by)
        .await
        .map_err(|error| match error {
            NotShared::Overtaken => Problem::new(
                "setting_changed",
                "another station has set it meanwhile: look at it again",
            ),
            NotShared::Unreachable(_) => {
                tracing::warn!(error = %crate::Chain(&error), "a shared setting was not set");
                unreachable()
            }
        })
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
    Ok(Some(app.second_person::<Countersigners>(by, proof).await?))
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
    let actor = by.clone();
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
    let shares = Shares::now(&app, OfficeSetting::Deadlines).await?;
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
    let to_share = shares.map(|shares| (shares, json!(new)));
    let is_file = *change == Some(0) && to_share.is_none();
    let looked_at = new.clone();
    let looked = office::beside(&app.settings, move |db| {
        Found::of(
            db,
            &seer,
            office::deadlines_preview(db, &now, &looked_at)?,
            Of::Days,
        )
    });
    let view = looked.await?.told(preview.as_deref(), &app)?;
    let set = move |db: &mut Db, approved_by: Option<&str>| {
        db.set_deadlines((!is_file).then_some(&new), (&by, approved_by))
            .map(drop)
    };
    put_in_force(
        &app,
        key,
        (view, set, to_share),
        (&actor, approver, approver_password),
    )
    .await
}

/// Looks at who is let in to restricted letters of a kind without being on each one's list, or puts it in force. Whoever is recused, or whose role sees no
/// letters, is let in to none; a letter with a secret mark is on no list. Where somebody is let in, a second person signs.
#[utoipa::path(post, path = "/v1/settings/lists", tag = "settings", request_body = ListsBody, params(super::openapi::Key),
    responses((status = 200, body = SettingChangeView)))]
pub async fn lists(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<ListsBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let actor = by.clone();
    let ListsBody {
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
    let shares = Shares::now(&app, OfficeSetting::Lists).await?;
    let new = match either(table.as_deref(), *change, "table")? {
        Ok(text) => Lists::parsed(text).map_err(OfficeFault::from)?,
        Err(change) => app.store.with(move |db| db.lists_set_by(change)).await?,
    };
    let now = app.store.with(|db| {
        db.office_in_force()?;
        Ok(db.lists_in_force().clone())
    });
    let found = office::lists_preview(&now.await?, &new);
    let found = Found {
        number: found.number,
        lessens: found.lessens,
        entries: found
            .entries
            .into_iter()
            .map(EntryChangeView::from)
            .collect(),
        letters: Vec::new(),
        restricted: 0,
    };
    let view = found.told(preview.as_deref(), &app)?;
    let to_share = shares.map(|shares| (shares, json!(new)));
    let set = move |db: &mut Db, approved_by: Option<&str>| db.set_lists(&new, (&by, approved_by));
    put_in_force(
        &app,
        key,
        (view, set, to_share),
        (&actor, approver, approver_password),
    )
    .await
}

/// Looks at the thresholds that the office's own history suggests, or takes them over: lower ones only where 600 confirmed values prove them, higher
/// ones where wrong values were let through. With `field` that one's threshold is raised instead. Where one is lowered, a second person signs.
#[utoipa::path(post, path = "/v1/settings/thresholds", tag = "settings", request_body = ThresholdsBody, params(super::openapi::Key),
    responses((status = 200, body = ThresholdsChangeView)))]
pub async fn thresholds(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<ThresholdsBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let actor = by.clone();
    let ThresholdsBody {
        field,
        threshold,
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let told_by = [
        field.as_deref().unwrap_or_default(),
        &threshold.map_or(String::new(), |threshold| threshold.to_string()),
        preview.as_deref().unwrap_or_default(),
        approver,
    ];
    let key = asked.key_of(&by, &told_by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let found = match (field.clone(), *threshold) {
        (None, None) => office::beside(&app.settings, Db::threshold_proposals).await?,
        (Some(field), threshold) if threshold.is_none_or(|one| (0.0..=1.0).contains(&one)) => {
            let raised = move |db: &Db| db.threshold_raised(&field, threshold);
            let raised = office::beside(&app.settings, raised).await?;
            vec![raised.ok_or(OfficeFault::NotHigher)?]
        }
        _ => {
            return Err(Problem::new(
                "body_invalid",
                "threshold: of a field, and from 0 to 1",
            ));
        }
    };
    let mut view = proposed(&found, preview.as_deref())?;
    view.applied &= !found.is_empty();
    let set = move |db: &mut Db, approved_by: Option<&str>| {
        db.apply_thresholds(&found, (&by, approved_by)).map(drop)
    };
    put_in_force(
        &app,
        key,
        (view, set, None),
        (&actor, approver, approver_password),
    )
    .await
}

fn proposed(found: &[Proposal], preview: Option<&str>) -> Result<ThresholdsChangeView, Problem> {
    let number = office::number_of(found);
    let fields = found.iter().cloned().map(ThresholdChangeView::from);
    Ok(ThresholdsChangeView {
        applied: is_looked_at(preview, &number)?,
        preview: number,
        second_person: found.iter().any(|one| one.after < one.before),
        fields: fields.collect(),
    })
}

/// Takes the newest change of thresholds back. Where that lowers one, a second person signs.
#[utoipa::path(post, path = "/v1/settings/thresholds/undo", tag = "settings", request_body = UndoBody, params(super::openapi::Key),
    responses((status = 200, body = ThresholdsChangeView)))]
pub async fn undo_thresholds(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<UndoBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let actor = by.clone();
    let UndoBody {
        preview,
        approver,
        approver_password,
    } = &asked.body;
    let key = asked.key_of(&by, &[preview.as_deref().unwrap_or_default(), approver]);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let found = office::beside(&app.settings, Db::threshold_undoing).await?;
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
    let view = proposed(&found, preview.as_deref())?;
    let set = move |db: &mut Db, approved_by: Option<&str>| {
        db.undo_thresholds((&by, approved_by)).map(drop)
    };
    put_in_force(
        &app,
        key,
        (view, set, None),
        (&actor, approver, approver_password),
    )
    .await
}
