//! The station as a whole, for `/metrics`: which part is ready, what waits for whom, room on the disk, the last back-up and check.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Number;
use crate::broker::neighbours::Neighbour;
use crate::clock::{self, Millis};
use crate::store::Outstanding;

/// What is told of it.
#[derive(Debug, Clone, Default)]
pub struct StationFigures {
    /// Every part, and whether it is ready.
    pub parts: Vec<(String, bool)>,
    /// What waits.
    pub waiting: Outstanding,
    /// Bytes free and in all where the letters lie.
    pub disk: Option<(u64, u64)>,
    /// Of the last check: level and how many.
    pub findings: Vec<(&'static str, usize)>,
    /// When that was.
    pub checked: Option<Millis>,
    /// The office's stations and readers.
    pub neighbours: Vec<Neighbour>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    part: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Level {
    level: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Other {
    kind: String,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OtherPart {
    kind: String,
    name: String,
    part: String,
}

/// Everybody of the office, this station among them. Of who is silent nothing is told but that.
fn register_neighbours(registry: &mut Registry, all: &[Neighbour]) {
    if all.is_empty() {
        return;
    }
    let is_there: Family<Other, Gauge> = Family::default();
    let ready: Family<OtherPart, Gauge> = Family::default();
    let figures: [(&str, &str, Family<Other, Gauge>); 3] = [
        (
            "office_pages_unread",
            "Pages that wait to be read at a station",
            Family::default(),
        ),
        (
            "office_drafts_waiting",
            "Drafts that wait for somebody at a station",
            Family::default(),
        ),
        (
            "office_disk_free_bytes",
            "Bytes free where a station's letters lie",
            Family::default(),
        ),
    ];
    for one in all {
        let (kind, name) = (one.kind.word().to_owned(), one.name.clone());
        let other = Other {
            kind: kind.clone(),
            name: name.clone(),
        };
        is_there.get_or_create(&other).set(one.is_there().into());
        if !one.is_there() {
            continue;
        }
        for (part, why) in &one.word.parts {
            let part = OtherPart {
                kind: kind.clone(),
                name: name.clone(),
                part: part.clone(),
            };
            ready.get_or_create(&part).set(why.is_none().into());
        }
        let said = [
            Some(one.word.unread),
            Some(one.word.drafts),
            one.word.free_bytes,
        ];
        for ((.., family), value) in figures.iter().zip(said) {
            if let Some(value) = value {
                family
                    .get_or_create(&other)
                    .set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
    }
    let help = "1 while a station or reader of the office says how it is";
    registry.register("office_answers", help, is_there);
    registry.register(
        "office_part_ready",
        "1 while this part of a station or reader works",
        ready,
    );
    for (name, help, family) in figures {
        registry.register(name, help, family);
    }
}

pub(super) fn register(registry: &mut Registry, figures: StationFigures) {
    register_neighbours(registry, &figures.neighbours);
    let ready: Family<Part, Gauge> = Family::default();
    for (part, is_ready) in figures.parts {
        ready.get_or_create(&Part { part }).set(is_ready.into());
    }
    registry.register("part_ready", "1 while this part works", ready);
    let number = |registry: &mut Registry, name: &str, help: &str, value: f64| {
        let gauge = Number::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    let seconds = |at: Millis| at.0 as f64 / 1000.0;
    let waiting = figures.waiting;
    let holds = waiting.holds as f64;
    number(
        registry,
        "open_holds",
        "Findings that wait for a person",
        holds,
    );
    let help = "Alerts about letters that nobody decided";
    number(registry, "open_alerts", help, waiting.alerts as f64);
    let oldest = waiting.oldest_unread.map_or(0.0, |since| {
        (seconds(clock::now()) - seconds(since)).max(0.0)
    });
    let help = "How long the oldest unread page has waited; 0 when none waits";
    number(registry, "oldest_unread_page_seconds", help, oldest);
    if let Some(made) = waiting.backup {
        let help = "When the last back-up was made; missing when none was";
        number(
            registry,
            "backup_made_timestamp_seconds",
            help,
            seconds(made),
        );
    }
    if let Some((free, all)) = figures.disk {
        let help = "Bytes free where the letters lie";
        number(registry, "disk_free_bytes", help, free as f64);
        number(
            registry,
            "disk_size_bytes",
            "Bytes there in all",
            all as f64,
        );
    }
    let found: Family<Level, Gauge> = Family::default();
    for (level, count) in figures.findings {
        let level = level.to_owned();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        found.get_or_create(&Level { level }).set(count);
    }
    registry.register(
        "check_findings",
        "Findings of the last check by level",
        found,
    );
    if let Some(at) = figures.checked {
        let help = "When the last check was made";
        number(registry, "checked_timestamp_seconds", help, seconds(at));
    }
}
