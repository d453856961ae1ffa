//! What wants a person now, each in words with what to do about it.

use std::collections::BTreeMap;

use super::{Kept, Seen, day, due, findings, raised, returned};
use crate::api::App;
use crate::console::batches::card_href;
use crate::console::cabinet;
use crate::console::scanning::{self, BatchOfScan, Trouble};
use crate::console::when;
use crate::console::words::Words;
use crate::disinfect::{CHANGED, CabinetControl};
use crate::domain::intake::reason;
use crate::domain::letter::LoadState;
use crate::health::NotReady;
use crate::store::{Db, HeldFile, LetterLine, StoreError};

/// So many files of one reason are named.
const NAMED_OF_A_GROUP: usize = 3;
/// So many letters that wait for an officer's word are named.
const NAMED_TO_BE_JUDGED: usize = 8;

/// The pages that lists wait for, by the list's arrival.
pub(in crate::console) type Waits = BTreeMap<String, Vec<String>>;

/// What lists of pages wait for.
pub(in crate::console) fn waits(db: &Db, files: &[HeldFile]) -> Result<Waits, StoreError> {
    let lists = files
        .iter()
        .filter(|file| file.reason == reason::INDEX_PAGE_MISSING);
    lists
        .take(20)
        .map(|list| Ok((list.id.clone(), db.waits_for(&list.id)?)))
        .collect()
}

pub(super) struct Alert {
    pub(super) what: String,
    pub(super) next: String,
    pub(super) subject: String,
    pub(super) href: Option<String>,
    pub(super) tone: &'static str,
}

/// Files that were not taken, those of one reason together.
fn held(w: &'static Words, seen: &Seen) -> Vec<Alert> {
    let mut groups: Vec<Vec<&HeldFile>> = Vec::new();
    for file in &seen.held {
        let like = |group: &&mut Vec<&HeldFile>| {
            (&group[0].reason, group[0].is_held) == (&file.reason, file.is_held)
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(file),
            None => groups.push(vec![file]),
        }
    }
    groups
        .iter()
        .map(|group| held_group(w, group, &seen.waits))
        .collect()
}

fn held_group(w: &'static Words, group: &[&HeldFile], waits: &Waits) -> Alert {
    let reason = &group[0].reason;
    let why = w.code("held", reason);
    let mut subject: Vec<String> = group
        .iter()
        .take(NAMED_OF_A_GROUP)
        .map(|file| held_words(w, file, waits))
        .collect();
    if group.len() > NAMED_OF_A_GROUP {
        subject.push(w.one("alert.held_more", group.len() - NAMED_OF_A_GROUP));
    }
    Alert {
        what: match group.len() {
            1 => w.one("alert.held", why),
            many => w.two("alert.held_many", many, why),
        },
        next: w.known("held_do", reason).unwrap_or_default().to_owned(),
        subject: subject.join("\n"),
        href: Some("/held".to_owned()),
        tone: "",
    }
}

/// A file and what it waits for; a folder below the scanner's counts as part of the file's name.
pub(in crate::console) fn held_words(w: &'static Words, file: &HeldFile, waits: &Waits) -> String {
    let mut told = vec![
        file.name.clone(),
        w.one("alert.by_source", &file.source),
        when::moment(w, file.seen),
    ];
    if let Some(names) = waits.get(&file.id).filter(|names| !names.is_empty()) {
        told.push(w.one("held_files.waits_for", names.join(", ")));
    }
    told.join(" · ")
}

fn troubled(w: &'static Words, letter: &LetterLine) -> Alert {
    let (what, next, tone) = match &letter.alert {
        Some(flag) => (
            w.two("alert.flagged", &letter.id, w.code("flag", flag)),
            w.t("alert.flagged_do"),
            "bad",
        ),
        None if letter.unreadable == 0 => (
            w.one("alert.reason_asked", &letter.id),
            w.t("alert.reason_asked_do"),
            "bad",
        ),
        None => (
            w.one("alert.unreadable", &letter.id),
            w.t("alert.unreadable_do"),
            "",
        ),
    };
    Alert {
        what,
        next: next.to_owned(),
        subject: when::moment(w, letter.created),
        href: Some(format!("/letters/{}", letter.id)),
        tone,
    }
}

pub(super) fn alerts(w: &'static Words, app: &App, seen: &Seen) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if seen.is_unrecorded {
        alerts.push(Alert {
            what: w.t("alert.unrecorded").to_owned(),
            next: w.t("alert.unrecorded_do").to_owned(),
            subject: String::new(),
            href: None,
            tone: "bad",
        });
    }
    alerts.extend(raised::alerts(w, &seen.raised));
    let others = seen
        .troubled
        .iter()
        .filter(|letter| !raised::is_told(&seen.raised, letter));
    alerts.extend(others.map(|letter| troubled(w, letter)));
    let quarantined = seen
        .loads
        .iter()
        .filter(|load| load.state == LoadState::Quarantined);
    alerts.extend(quarantined.map(|load| Alert {
        what: w.one("alert.quarantined", load.id),
        next: w.t("alert.quarantined_do").to_owned(),
        subject: load.cabinet.clone(),
        href: Some(format!("/cabinets/{}", load.cabinet)),
        tone: "bad",
    }));
    let damaged = match seen.damaged.is_empty() {
        true => String::new(),
        false => w.one("today.damaged", seen.damaged.join(w.t("outbox.and"))),
    };
    // That the disk takes nothing is told above.
    let parts = app.readiness.parts().into_iter();
    let parts = parts.filter(|(part, _)| !(seen.is_unrecorded && part == "store"));
    alerts.extend(parts.filter_map(|(part, why)| {
        let why = why?;
        let cabinet = part.strip_prefix("cabinet/");
        let (next, detail) = part_words(w, &why);
        Some(Alert {
            what: w.one("alert.not_ready", part_name(w, &part)),
            next: cabinet
                .and_then(|id| cabinet::blocked_words(w, &app.cabinets.get(id)?.view(), &why.code))
                .unwrap_or(next),
            // A cabinet's page says the rest in this person's language.
            subject: match cabinet {
                Some(id) => id.to_owned(),
                // These are told below.
                None if part == "clock" || part == "handover" => String::new(),
                None if part == "originals" => damaged.clone(),
                None => detail,
            },
            href: cabinet.map(|id| format!("/cabinets/{id}")),
            tone: "bad",
        })
    }));
    alerts.extend(stopped_scans(w, app, &seen.scans));
    let views = app.cabinets.values().map(CabinetControl::view);
    alerts.extend(views.filter(cabinet::is_told_by_another).map(|view| Alert {
        what: w.one(
            "alert.changed",
            part_name(w, &format!("cabinet/{}", view.id)),
        ),
        next: w.code("fault_do", CHANGED).to_owned(),
        subject: view.id.clone(),
        href: Some(format!("/cabinets/{}", view.id)),
        tone: "bad",
    }));
    if let Some(first) = seen.to_be_judged.first() {
        let named = seen.to_be_judged.iter().take(NAMED_TO_BE_JUDGED);
        let named: Vec<&str> = named.map(String::as_str).collect();
        alerts.push(Alert {
            what: w.two(
                "alert.office_waits",
                seen.to_be_judged.len(),
                w.list(&named),
            ),
            next: w.t("alert.office_waits_do").to_owned(),
            subject: String::new(),
            href: Some(format!("/letters/{first}")),
            tone: "bad",
        });
    }
    alerts.extend(seen.for_another.iter().map(|letter| Alert {
        what: w.one("alert.for_another", letter),
        next: w.t("alert.for_another_do").to_owned(),
        subject: String::new(),
        href: Some(format!("/letters/{letter}")),
        tone: "",
    }));
    alerts.extend(seen.shared.iter().map(|one| {
        let letters = one.letters.join(w.t("outbox.and"));
        Alert {
            what: w.two("alert.same_number", &one.case_number, letters),
            next: w.t("alert.same_number_do").to_owned(),
            subject: when::moment(w, one.last),
            href: Some("/outbox".to_owned()),
            tone: "",
        }
    }));
    alerts.extend(due::alerts(w, &seen.due, crate::clock::now()));
    alerts.extend(returned::alerts(w, &seen.returned));
    alerts.extend(findings::alerts(w, &seen.findings));
    alerts.extend(seen.day.iter().flat_map(|today| day::alerts(w, today)));
    alerts.extend(kept(w, app, &seen.kept));
    alerts.extend(held(w, seen));
    alerts
}

/// Driven scanners whose last scan failed, as long as its batch is open.
fn stopped_scans(w: &'static Words, app: &App, batches: &BatchOfScan) -> Vec<Alert> {
    let stopped = app.scanners.iter().filter_map(|(id, control)| {
        let state = control.state();
        let batch = *batches.get(&state.last?)?;
        let Trouble { what, next } = scanning::trouble(w, &state)?;
        Some(Alert {
            what: w.two("alert.scanner", id, what),
            next: next.to_owned(),
            subject: w.one("batches.number", batch),
            href: Some(card_href(batch)),
            tone: "bad",
        })
    });
    stopped.collect()
}

/// Originals that are damaged, back-ups that are overdue, valuables that are not returned.
fn kept(w: &'static Words, app: &App, kept: &Kept) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let mut add =
        |what: String, next: &'static str, subject: String, href: Option<String>, tone| {
            alerts.push(Alert {
                what,
                next: w.t(next).to_owned(),
                subject,
                href,
                tone,
            });
        };
    let limit = i64::try_from(app.settings.backup.warn_days.0).expect("at most 365");
    let days = kept
        .safe_since
        .map_or(0, |since| (crate::clock::now().0 - since.0) / 86_400_000);
    if days >= limit {
        let what = w.one("alert.backup", days);
        add(what, "alert.backup_do", String::new(), None, "");
    }
    for (letter, count, since) in &kept.open_valuables {
        let what = w.two("alert.valuables", letter, count);
        let href = Some(format!("/letters/{letter}/keeping"));
        add(
            what,
            "alert.valuables_do",
            when::moment(w, *since),
            href,
            "",
        );
    }
    alerts
}

/// What is to be done about a part that is not ready; and the system's own words, which are not this person's, where there are no others.
pub(in crate::console) fn part_words(w: &Words, why: &NotReady) -> (String, String) {
    match w.known("part_code", &why.code) {
        Some(told) => (told.to_owned(), String::new()),
        None => (why.code.clone(), w.system_said(&why.message)),
    }
}

/// A part of the station in words.
pub(in crate::console) fn part_name(w: &Words, part: &str) -> String {
    w.part_name(part)
}
