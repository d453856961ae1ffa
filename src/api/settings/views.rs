//! What a setting is asked with and told as.

use serde::{Deserialize, Serialize};

use crate::domain::learn::{Effect, Proposal};
use crate::domain::roster::EntryKind;
use crate::office::{Change, Moved, Thing};
use crate::store::SettingChange;

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
    /// 限制信查阅人: an account that is let in to restricted letters.
    Listed,
}

/// An entry that comes, goes or changes.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"kind": "leader", "name": "汤继红", "before": "5 · 苏州市人民政府副市长 · 汤市长", "after": null}))]
pub struct EntryChangeView {
    /// What it is.
    pub(super) kind: SettingEntry,
    /// Its name.
    pub(super) name: String,
    /// How it stands; `null` where it comes.
    pub(super) before: Option<String>,
    /// How it will stand; `null` where it goes.
    pub(super) after: Option<String>,
}

/// What of an open letter's draft becomes another.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"letter": "A001", "what": "addressee", "before": "林伯年", "after": "吴立新"}))]
pub struct LetterChangeView {
    /// The letter.
    pub(super) letter: String,
    /// `addressee`, `accused`, or the name of a deadline.
    pub(super) what: String,
    /// As its draft has it; `null` also for whoever sees no letter.
    pub(super) before: Option<String>,
    /// As it will be.
    pub(super) after: Option<String>,
}

/// What a setting would change, or has changed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"preview": "4b1f0c9e", "applied": false, "second_person": true,
    "entries": [{"kind": "leader", "name": "汤继红", "before": "5 · 苏州市人民政府副市长 · 汤市长", "after": null}], "letters": [], "restricted": 2}))]
pub struct SettingChangeView {
    /// The number to put it in force with.
    pub(super) preview: String,
    /// It is in force.
    pub(super) applied: bool,
    /// It lessens protection: a second person signs.
    pub(super) second_person: bool,
    /// What comes, goes and changes.
    pub(super) entries: Vec<EntryChangeView>,
    /// Open letters whose drafts change, of those that the caller may see; an administrator is told their numbers.
    pub(super) letters: Vec<LetterChangeView>,
    /// Open restricted letters that the caller does not see and that it may change as well: how many there are, since which of them would say whom they name.
    pub(super) restricted: usize,
}

/// A roster to look at or to put in force: a table, or the one of an earlier change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"table": "本站,,苏州市信访局,,\n领导,1,周明远,中共苏州市委书记,市委书记、周书记\n", "preview": "4b1f0c9e"}))]
pub struct RosterBody {
    /// One entry a line, commas or tabs between the cells: 本站, 领导, 单位 or 范围外; number; name; title; aliases with 、 between them.
    pub(super) table: Option<String>,
    /// Instead of a table the number of an earlier change; 0: the file of the settings.
    pub(super) change: Option<i64>,
    /// What the look answered; without it nothing is changed.
    pub(super) preview: Option<String>,
    /// Who signs beside the caller.
    #[serde(default)]
    pub(super) approver: String,
    #[serde(default)]
    pub(super) approver_password: String,
}

/// Deadlines to look at or to put in force: one of the profiles, or that of an earlier change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"profile": "sz-2022"}))]
pub struct DeadlinesBody {
    /// The name of a profile.
    pub(super) profile: Option<String>,
    /// Instead of a profile the number of an earlier change; 0: the file of the settings.
    pub(super) change: Option<i64>,
    /// What the look answered; without it nothing is changed.
    pub(super) preview: Option<String>,
    /// Who signs beside the caller.
    #[serde(default)]
    pub(super) approver: String,
    #[serde(default)]
    pub(super) approver_password: String,
}

/// Who is let in to restricted letters, to look at or to put in force: a table, or that of an earlier change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"table": "zhang,检举控告、敏感内容\n", "preview": "4b1f0c9e"}))]
pub struct ListsBody {
    /// One account a line: its name, a comma, and to which restricted letters it is let in: 检举控告, 敏感内容, 人工设定, with 、 between them.
    pub(super) table: Option<String>,
    /// Instead of a table the number of an earlier change; 0: nobody.
    pub(super) change: Option<i64>,
    /// What the look answered; without it nothing is changed.
    pub(super) preview: Option<String>,
    /// Who signs beside the caller.
    #[serde(default)]
    pub(super) approver: String,
    #[serde(default)]
    pub(super) approver_password: String,
}

/// Thresholds to look at or to take over: what the history suggests, or a higher one of one field.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"field": "address", "threshold": 0.995, "preview": "4b1f0c9e"}))]
pub struct ThresholdsBody {
    /// The field whose threshold is raised; without it what the history suggests for every one.
    #[serde(default)]
    pub(super) field: Option<String>,
    /// Its threshold, higher than the one in force; `null`: every value of it is looked at.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub(super) threshold: Option<f32>,
    /// What the look answered; without it nothing is changed.
    pub(super) preview: Option<String>,
    /// Who signs beside the caller, where a threshold is lowered.
    #[serde(default)]
    pub(super) approver: String,
    #[serde(default)]
    pub(super) approver_password: String,
}

/// The newest change of thresholds to look at or to take back.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"preview": "4b1f0c9e"}))]
pub struct UndoBody {
    /// What the look answered; without it nothing is changed.
    pub(super) preview: Option<String>,
    /// Who signs beside the caller, where a threshold is lowered.
    #[serde(default)]
    pub(super) approver: String,
    #[serde(default)]
    pub(super) approver_password: String,
}

/// A change of a setting.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"change": 4711, "by": "zhang", "approved_by": "li", "at": "2026-03-02T09:00:00+08:00", "file": false}))]
pub struct SettingChangeRow {
    /// Its number.
    pub(super) change: i64,
    /// Who.
    pub(super) by: String,
    /// Who signed beside him.
    pub(super) approved_by: Option<String>,
    /// When.
    pub(super) at: String,
    /// Back to the file of the settings.
    pub(super) file: bool,
}

/// What a threshold came to on the office's own history.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct EffectView {
    /// Values proposed.
    pub(super) of: usize,
    /// Let through.
    pub(super) accepted: usize,
    /// Of these wrong.
    pub(super) wrong: usize,
}

/// The threshold of a field.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"field": "address", "shipped": 0.98, "here": null, "came_to": {"of": 812, "accepted": 540, "wrong": 0}}))]
pub struct ThresholdView {
    /// The field.
    pub(super) field: String,
    /// The one that comes along; `null`: never accepted.
    pub(super) shipped: Option<f32>,
    /// The one taken over here; above 1: never accepted.
    pub(super) here: Option<f32>,
    /// What the one that holds came to on confirmed letters.
    pub(super) came_to: EffectView,
}

/// A threshold that the history suggests.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"field": "address", "before": 0.98, "after": 0.95, "was": {"of": 812, "accepted": 540, "wrong": 0},
    "becomes": {"of": 812, "accepted": 700, "wrong": 0}}))]
pub struct ThresholdChangeView {
    /// The field.
    pub(super) field: String,
    /// The one that holds; above 1: nothing is accepted.
    pub(super) before: f32,
    /// The one suggested.
    pub(super) after: f32,
    /// What the one that holds came to.
    pub(super) was: EffectView,
    /// What the suggested one would have come to.
    pub(super) becomes: EffectView,
}

/// Thresholds that the history suggests, or that were taken over.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"preview": "4b1f0c9e", "applied": false, "second_person": true, "fields": []}))]
pub struct ThresholdsChangeView {
    /// The number to take them over with.
    pub(super) preview: String,
    /// They are in force.
    pub(super) applied: bool,
    /// One is lowered: a second person signs.
    pub(super) second_person: bool,
    /// The fields.
    pub(super) fields: Vec<ThresholdChangeView>,
}

/// The settings as they are in force.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"roster": "本站,,苏州市信访局,,\n领导,1,周明远,中共苏州市委书记,市委书记、周书记\n", "roster_changes": [],
    "deadlines": "2022", "deadlines_changes": [], "profiles": ["2022", "sz-2022"], "holidays_to": 2026,
    "lists": "账号,可查阅的限制信\nzhang,检举控告\n", "lists_changes": [], "thresholds": []}))]
pub struct SettingsView {
    /// The roster as a table.
    pub(super) roster: String,
    /// Its changes, the newest first; the first one holds, without any the file of the settings.
    pub(super) roster_changes: Vec<SettingChangeRow>,
    /// The profile of deadlines.
    pub(super) deadlines: String,
    /// Its changes, the newest first.
    pub(super) deadlines_changes: Vec<SettingChangeRow>,
    /// Profiles to choose from.
    pub(super) profiles: Vec<String>,
    /// The last year that the table of holidays knows.
    pub(super) holidays_to: Option<i64>,
    /// Who is let in to restricted letters without being on each one's list, as a table.
    pub(super) lists: String,
    /// Its changes, the newest first.
    pub(super) lists_changes: Vec<SettingChangeRow>,
    /// Thresholds by field.
    pub(super) thresholds: Vec<ThresholdView>,
}

impl From<Change> for EntryChangeView {
    fn from(change: Change) -> Self {
        let kind = match change.thing {
            Thing::Entry(EntryKind::Station) => SettingEntry::Station,
            Thing::Entry(EntryKind::Leader) => SettingEntry::Leader,
            Thing::Entry(EntryKind::Organisation) => SettingEntry::Organisation,
            Thing::Entry(EntryKind::Outside) => SettingEntry::Outside,
            Thing::Deadline => SettingEntry::Deadline,
            Thing::Listed => SettingEntry::Listed,
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
