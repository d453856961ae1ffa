//! What is the office's own: who may sign in, the roster, deadline tables, back-ups, models and paper.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Report, together};
use crate::backup::{Folder, Shown};
use crate::config::{self, Offer, Settings};
use crate::domain::access::{Role, Scope};
use crate::domain::deadline::Profile;
use crate::domain::roster::{Leader, Roster};
use crate::print::PrintFont;
use crate::read::Office;
use crate::store::{BROKERS, BackupRow, Db, OfficeSetting};
use crate::worker::{Done, Patience, Task, Wait, Worker};
use crate::{Chain, certificate, read};

/// How long loading the models may take, on a slow computer that is busy.
const LOADING: Duration = Duration::from_secs(120);
const DAY_MS: i64 = 86_400_000;

/// The office's files, in the order of the settings.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    backups(settings, report);
    registration(settings, report);
    offered_as_read(settings, report);
    reading(&settings.reading, report);
    meaning(settings, report);
    paper(settings, report);
    together::of_station(settings, report);
}

/// A station that nobody can sign in to does nothing.
pub(super) fn accounts(db: &Db, report: &mut Report) {
    let Ok(users) = db.users() else { return };
    let active = |role: Role| users.iter().any(|user| user.role == role && !user.disabled);
    if !Role::ALL.into_iter().any(active) {
        report.warn("accounts", "nobody_signs_in", &[]);
    } else if !active(Role::Administrator) {
        report.warn("accounts", "no_administrator", &[]);
    }
}

/// Monthly back-ups are written duty (FK 一(九)5).
fn backups(settings: &Settings, report: &mut Report) {
    let device = |path: &Path| path.metadata().map(|meta| meta.dev()).ok();
    if let Some(folder) = &settings.backup.folder {
        match device(folder) {
            None => report.warn(
                "backup",
                "backup_folder_gone",
                &[&folder.display().to_string()],
            ),
            found if found == device(&settings.station.data_dir) => {
                report.warn(
                    "backup",
                    "backup_same_disk",
                    &[&folder.display().to_string()],
                );
            }
            Some(_) => {}
        }
    }
    let Ok(db) = Db::look_at(settings) else {
        return; // told above, or there is none yet
    };
    let (Ok(last), Ok(first)) = (db.last_backup(), db.first_arrival()) else {
        return;
    };
    let days = |since: crate::clock::Millis| (crate::clock::now().0 - since.0) / DAY_MS;
    let shown = |last: &BackupRow| Folder::shows(Path::new(&last.folder), &last.snapshot);
    let limit = i64::try_from(settings.backup.warn_days.0).expect("at most 365");
    match last {
        Some(last) if days(last.made) >= limit => {
            report.warn("backup", "backup_old", &[&days(last.made).to_string()]);
        }
        Some(last) if shown(&last) == Shown::Gone => {
            report.warn(
                "backup",
                "backup_gone",
                &[&last.made.rfc3339(), &last.folder],
            );
        }
        Some(last) if last.faults > 0 => {
            report.warn("backup", "backup_lacks", &[&last.faults.to_string()]);
        }
        Some(last) => report.good(
            "backup",
            "backup_made",
            &[&last.made.rfc3339(), &last.folder],
        ),
        None if first.is_some_and(|first| days(first) >= limit) => {
            report.warn("backup", "backup_never", &[]);
        }
        None => report.good("backup", "backup_not_yet", &[]),
    }
}

fn registration(settings: &Settings, report: &mut Report) {
    match read::office(settings) {
        Ok(office) => {
            let office = as_it_was_set(settings, office, report);
            let (leaders, orgs) = (&office.roster.leaders, &office.roster.orgs);
            let counts = [&leaders.len().to_string(), &orgs.len().to_string()];
            report.good("roster", "roster_has", &counts.map(String::as_str));
            if leaders.is_empty() && orgs.is_empty() {
                report.warn("roster", "roster_empty", &[]);
            }
            let invented = invented(&office.roster);
            if !invented.is_empty() {
                report.warn("roster", "roster_invented", &[&invented.join("、")]);
            }
            let (roster, own) = (&office.roster.station, &settings.station.name);
            if !(roster.contains(own.as_str()) || own.contains(roster.as_str())) {
                report.warn("roster", "roster_of_another", &[roster, own]);
            }
            if let Some((word, one, other)) = told_twice(&office.roster) {
                report.warn("roster", "roster_twice", &[&word, &one, &other]);
            }
            for (whose, unit) in unknown_units(settings, &office.roster) {
                report.warn("roster", "unit_unknown", &[&whose, &unit]);
            }
            holidays(&office.deadlines, report);
        }
        Err(error) => {
            report.bad("roster", "office_refused", &[]);
            report.said(Chain(&error));
        }
    }
}

/// Leaders of the shipped example, who do not exist, by name.
fn invented(roster: &Roster) -> Vec<&str> {
    let shipped: Roster = toml::from_str(include_str!("../../config/roster.toml"))
        .expect("the shipped roster is loaded by a test");
    let is_shipped = |leader: &Leader| {
        let mut leaders = shipped.leaders.iter();
        leaders.any(|known| known.name == leader.name && known.title == leader.title)
    };
    let found = roster.leaders.iter().filter(|leader| is_shipped(leader));
    found.map(|leader| leader.name.as_str()).collect()
}

/// The office with what an administrator has set in the place of its files.
fn as_it_was_set(settings: &Settings, mut office: Office, report: &mut Report) -> Office {
    let Ok(db) = Db::look_at(settings) else {
        return office; // told above, or there is none yet
    };
    let mut newest = |setting: OfficeSetting, part: &'static str, code: &'static str| {
        let changes = db.setting_changes(setting).unwrap_or_default();
        let last = changes.into_iter().next().filter(|last| !last.is_file)?;
        report.good(part, code, &[&last.by, &last.at.rfc3339()]);
        Some(last.seq)
    };
    if newest(OfficeSetting::Roster, "roster", "roster_set").is_some() {
        office.roster = db.roster_in_force();
    }
    if let Some(seq) = newest(OfficeSetting::Deadlines, "holidays", "deadlines_set")
        && let Ok(set) = db.deadlines_set_by(seq)
    {
        let holidays = office.deadlines.holidays.clone();
        office.deadlines = Arc::new(Profile { holidays, ..set });
    }
    office
}

/// Case systems whose office the roster does not know: who accuses it by another name is not found to accuse it.
fn unknown_units(settings: &Settings, roster: &Roster) -> Vec<(String, String)> {
    if roster.orgs.is_empty() {
        return Vec::new();
    }
    let all = case_systems(settings).into_iter();
    let all = all.filter_map(|(whose, unit)| Some((whose, unit?)));
    all.filter(|(_, unit)| roster.organisation(unit).is_none())
        .collect()
}

/// Where drafts are offered as they are read: a system that stands for an office gets none before an officer has read it, and whatever a letter says of the
/// office behind any other, it gets at once.
fn offered_as_read(settings: &Settings, report: &mut Report) {
    if settings.handoff.offer != Offer::Read {
        return;
    }
    for (whose, unit) in case_systems(settings) {
        match unit {
            Some(unit) => report.warn("handover", "read_waits_for_office", &[&whose, &unit]),
            None => report.warn("handover", "read_without_unit", &[&whose]),
        }
    }
}

/// Every token of a case system, exchange folder and webhook, and what is behind the brokers, with its office.
fn case_systems(settings: &Settings) -> Vec<(String, Option<String>)> {
    let now = crate::clock::now();
    let tokens = Db::look_at(settings)
        .and_then(|db| db.tokens())
        .unwrap_or_default()
        .into_iter();
    let held = tokens.filter(|token| {
        token.scope == Scope::CaseSystem
            && token.revoked.is_none()
            && token.expires.is_none_or(|until| until > now)
    });
    let tokens = held.map(|token| (format!("token/{}", token.name), token.unit));
    let exchanges = settings.exchanges.iter();
    let exchanges = exchanges.map(|one| (format!("exchange/{}", one.id), one.unit.clone()));
    let office = settings.office.iter();
    let office = office.map(|one| (BROKERS.to_owned(), one.unit.clone()));
    let hooks = settings.webhooks.iter();
    let hooks = hooks.map(|one| (format!("webhook/{}", one.id), one.unit.clone()));
    tokens.chain(exchanges).chain(office).chain(hooks).collect()
}

/// The first name or alias that means two: a letter addressed so has no one addressee.
fn told_twice(roster: &Roster) -> Option<(String, String, String)> {
    let leaders = roster.leaders.iter().map(|one| {
        let names = std::iter::once(&one.name).chain(&one.alias);
        (format!("{} {}", one.title, one.name), names)
    });
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut all: Vec<(String, Vec<&String>)> =
        leaders.map(|(who, names)| (who, names.collect())).collect();
    all.extend(roster.orgs.iter().map(|one| {
        let names = std::iter::once(&one.name).chain(&one.alias);
        (one.name.clone(), names.collect())
    }));
    for (at, (who, names)) in all.iter().enumerate() {
        let mut own: Vec<&&String> = names.iter().collect();
        own.sort();
        own.dedup();
        for name in own {
            let key = name.trim().to_owned();
            // By its place: an entry that stands there twice is two entries.
            let here = format!("{}. {who}", at + 1);
            if let Some(before) = seen.insert(key.clone(), here.clone()) {
                return Some((key, before, here));
            }
        }
    }
    None
}

/// A due date that runs into a year without a table is told too early rather than too late, and says so; better to know before.
fn holidays(deadlines: &Profile, report: &mut Report) {
    match (
        deadlines.table_wanting(&crate::clock::now().day()),
        deadlines.holidays.last_year(),
    ) {
        (Some(year), _) => report.warn("holidays", "holidays_end", &[&year.to_string()]),
        (None, Some(last)) => report.good("holidays", "holidays_to", &[&last.to_string()]),
        (None, None) => report.good("holidays", "holidays_none", &[]),
    }
}

/// The models are loaded where pages are read: in a process of its own, within its limit of memory.
pub(super) fn reading(reading: &config::Reading, report: &mut Report) {
    let mut worker = Worker::new(reading.memory_mb.0);
    let task = Task::Open(Box::new(reading.clone()));
    let mut on = |_| Wait::On;
    let opened = worker.ask(&task, &[], &mut Patience::new(LOADING, &mut on));
    worker.end();
    match opened {
        Ok((Done::Opened { engine, note }, _)) => {
            report.good("reading", "reading_works", &[&engine]);
            match note {
                Some(note) if reading.openvino_dir.exists() => {
                    report.warn("reading", "reading_slower", &[]);
                    report.said(note);
                }
                // Not there, and not asked for.
                Some(_) => report.good("reading", "reading_rten", &[]),
                None => {}
            }
        }
        Ok(_) => {}
        Err(error) => {
            report.bad("reading", "reading_fails", &[]);
            report.said(Chain(&error));
        }
    }
}

/// Threats are found without the language model too, but not as many.
fn meaning(settings: &Settings, report: &mut Report) {
    if let Err(error) = meaning::check(&settings.reading.models_dir) {
        report.warn("reading", "words_alone", &[]);
        report.said(Chain(&error));
    }
}

/// Letters are read and registered without it; only certificates are not.
fn paper(settings: &Settings, report: &mut Report) {
    match PrintFont::load(&settings.print.font) {
        Err(error) => {
            report.warn("print", "font_missing", &[]);
            report.said(Chain(&error));
        }
        Ok(font) => {
            let lacks = font.lacks(&certificate::wording(settings.station.language));
            let file = font.file().display().to_string();
            if lacks.is_empty() {
                report.good("print", "font_is", &[&file]);
            } else {
                let lacks: String = lacks.into_iter().take(12).collect();
                report.warn("print", "font_lacks", &[&file, &lacks]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Value;
    use crate::domain::roster::Organisation;

    #[test]
    fn a_word_that_means_two_addressees_is_named() {
        let leader = |name: &str, alias: &str| Leader {
            name: name.into(),
            title: "市长".into(),
            alias: vec![alias.into(), name.into()],
            rank: 1,
        };
        let mut roster = Roster {
            leaders: vec![leader("林某", "林市长"), leader("吴某", "吴市长")],
            orgs: vec![Organisation {
                name: "市信访局".into(),
                alias: vec!["信访局".into()],
                order: 1,
            }],
            ..Roster::default()
        };
        assert_eq!(told_twice(&roster), None, "an alias of its own is none");
        roster.orgs[0].alias.push("吴市长".into());
        let (word, one, other) = told_twice(&roster).expect("one word for two");
        assert_eq!(word, "吴市长");
        assert!(
            one.contains("吴某") && other.contains("市信访局"),
            "{one} {other}"
        );
    }

    #[test]
    fn an_exchange_folder_of_an_office_that_the_roster_does_not_know_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("station.toml");
        let exchange = |id: &str, unit: &str| {
            format!(
                "[[exchange]]\nid = \"{id}\"\nfolder = \"{id}\"\nmapping = \"m\"\nunit = \"{unit}\"\n"
            )
        };
        let text = format!(
            "[station]\nname = \"t\"\ndata_dir = \"data\"\n[registration]\nroster = \"r\"\ndeadlines = \"d\"\n{}{}",
            exchange("known", "市信访局"),
            exchange("unknown", "市教委办")
        );
        std::fs::write(&file, text).unwrap();
        let settings = Settings::load(&file).unwrap();
        let roster = Roster {
            station: "苏州市信访局".into(),
            orgs: vec![Organisation {
                name: "苏州市信访局".into(),
                alias: Vec::new(),
                order: 1,
            }],
            ..Roster::default()
        };
        let told = unknown_units(&settings, &roster);
        assert_eq!(
            told,
            [("exchange/unknown".to_owned(), "市教委办".to_owned())]
        );
    }

    #[test]
    fn what_offering_as_read_means_is_told_of_each_case_system() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("station.toml");
        let codes = |offer: &str| {
            let text = format!(
                "[station]\nname = \"t\"\ndata_dir = \"data\"\n[registration]\nroster = \"r\"\ndeadlines = \"d\"\n[handoff]\noffer = \"{offer}\"\n
                 [[exchange]]\nid = \"theirs\"\nfolder = \"a\"\nmapping = \"m\"\nunit = \"市信访局\"\n[[exchange]]\nid = \"ours\"\nfolder = \"b\"\nmapping = \"m\"\n"
            );
            std::fs::write(&file, text).unwrap();
            let mut report = Report::default();
            offered_as_read(&Settings::load(&file).unwrap(), &mut report);
            let told = report.findings.into_iter();
            told.map(|one| (one.code, one.values)).collect::<Vec<_>>()
        };
        let of = |whose: &str, unit: &[&str]| {
            let values = [&[whose], unit].concat().into_iter();
            values.map(Value::from).collect::<Vec<Value>>()
        };
        assert_eq!(
            codes("read"),
            [
                (
                    "read_waits_for_office",
                    of("exchange/theirs", &["市信访局"])
                ),
                ("read_without_unit", of("exchange/ours", &[]))
            ]
        );
        assert_eq!(codes("confirmed"), []);
    }

    #[test]
    fn the_invented_roster_and_one_of_another_office_are_told() {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/station.toml");
        let mut settings = Settings::load(Path::new(shipped)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        settings.station.data_dir = folder.path().to_owned();
        let codes = |settings: &Settings| {
            let mut report = Report::default();
            registration(settings, &mut report);
            let found = report.findings.into_iter().map(|one| one.code);
            found
                .filter(|code| code.starts_with("roster_"))
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(&settings), ["roster_has", "roster_invented"]);
        settings.station.name = "吴江区信访局".into();
        let told = codes(&settings);
        assert_eq!(told, ["roster_has", "roster_invented", "roster_of_another"]);
        settings.registration.roster = folder.path().join("roster.toml");
        let own = "station = \"吴江区信访局\"\n[[leaders]]\nname = \"周明远\"\ntitle = \"吴江区区长\"\nrank = 1\n";
        std::fs::write(&settings.registration.roster, own).unwrap();
        assert_eq!(codes(&settings), ["roster_has"]);
    }

    #[test]
    fn a_missing_language_model_is_told_and_a_whole_one_is_not() {
        let away = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/config/station.toml"
        )))
        .unwrap();
        let mut codes = |folder: &Path| {
            settings.reading.models_dir = folder.to_owned();
            let mut report = Report::default();
            meaning(&settings, &mut report);
            report.findings.iter().map(|f| f.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(away.path()), ["words_alone"]);
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/.setup/models");
        assert!(codes(here.as_ref()).is_empty());
    }
}
