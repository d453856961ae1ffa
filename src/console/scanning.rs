//! What a batch's card shows of its scanning: scans to start and stop, the key “next letter”, what does not come out, what waits for a person.

use super::words::Words;
use crate::api::App;
use crate::domain::balance::{Counts, Difference};
use crate::domain::grouping::GroupBy;
use crate::scan::ScannerControl;
use crate::store::{Hold, Load, Scan};

/// A scan that can be started, or the one that runs.
pub(super) struct ScanLine {
    pub(super) scanner: String,
    pub(super) load: i64,
    pub(super) label: String,
    /// Images of the running scan; none: it can be started.
    pub(super) running: Option<String>,
    /// Why the last one failed and what to do.
    pub(super) trouble: Option<String>,
}

/// Something to look at, with what was found to be said.
pub(super) struct HoldLine {
    pub(super) id: i64,
    pub(super) what: String,
    pub(super) next: String,
    pub(super) subject: String,
    pub(super) letter: Option<String>,
}

/// What a card shows.
pub(super) struct Scanning {
    pub(super) scans: Vec<ScanLine>,
    /// A press begins the next letter.
    pub(super) next_letter: bool,
    /// The newest scan in words.
    pub(super) newest: Option<String>,
    pub(super) differences: Vec<String>,
    pub(super) holds: Vec<HoldLine>,
}

/// What is looked up for it.
pub(super) type Found = (Counts, Vec<Hold>, Option<Scan>);

impl Scanning {
    pub(super) fn of(
        w: &'static Words,
        app: &App,
        loads: &[Load],
        found: Found,
        open: bool,
    ) -> Self {
        let (counts, holds, newest) = found;
        let released = loads
            .iter()
            .rev()
            .find(|load| open && load.state.may_be_opened());
        let driven = app
            .scanners
            .values()
            .filter(|control| control.settings().is_driven());
        let scans = released.map_or_else(Vec::new, |load| {
            driven
                .map(|control| scan_line(w, control, load.id))
                .collect()
        });
        let by_press = |control: &ScannerControl| control.settings().grouped_by() == GroupBy::Press;
        let differences = match open {
            true => counts.differences(),
            false => Vec::new(),
        };
        Self {
            next_letter: released.is_some() && app.scanners.values().any(by_press),
            scans,
            newest: newest.map(|scan| newest_words(w, &scan)),
            differences: differences
                .into_iter()
                .filter_map(|difference| difference_words(w, difference))
                .collect(),
            holds: holds.into_iter().map(|hold| hold_line(w, hold)).collect(),
        }
    }
}

fn scan_line(w: &'static Words, control: &ScannerControl, load: i64) -> ScanLine {
    let (scanner, state) = (control.settings().id.to_string(), control.state());
    ScanLine {
        label: w.two("scanning.start", &scanner, load),
        running: state
            .scan
            .map(|scan| w.two("scanning.running", scan, state.images)),
        trouble: state.trouble.map(|code| {
            let what = w.code("hold", &code);
            format!("{what} {}", w.known("hold_do", &code).unwrap_or_default())
        }),
        scanner,
        load,
    }
}

fn newest_words(w: &'static Words, scan: &Scan) -> String {
    let fed = scan
        .device_images
        .map_or_else(|| "–".to_owned(), |images| images.to_string());
    w.fill(
        "scanning.newest",
        &[
            &scan.id,
            &fed,
            &scan.received_images,
            &scan.registered_images,
        ],
    )
}

/// Letters short or over are said by the bar above already.
fn difference_words(w: &'static Words, difference: Difference) -> Option<String> {
    Some(match difference {
        Difference::LettersShort { .. } | Difference::LettersOver { .. } => return None,
        Difference::ScansOpen { scans } => w.one("scanning.scans_open", scans),
        Difference::ImagesMissing { images } => w.one("scanning.images_missing", images),
        Difference::ImagesUnregistered { images } => w.one("scanning.images_unregistered", images),
        Difference::Held { holds } => w.one("scanning.held", holds),
    })
}

fn hold_line(w: &'static Words, hold: Hold) -> HoldLine {
    // An image that was held has the code of its file.
    let next = w
        .known("hold_do", &hold.reason)
        .or_else(|| w.known("held_do", &hold.reason));
    let what = w
        .known("hold", &hold.reason)
        .unwrap_or_else(|| w.code("held", &hold.reason));
    let subject = [
        hold.letter.clone(),
        hold.scan.map(|scan| w.one("scanning.scan", scan)),
        hold.detail
            .filter(|detail| !detail.is_empty())
            .map(|detail| detail_words(w, &detail)),
    ];
    HoldLine {
        id: hold.id,
        what: what.to_owned(),
        next: next.unwrap_or_default().to_owned(),
        subject: subject
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        letter: hold.letter,
    }
}

/// What a hold says more, as the judgement of a scan writes it (`store/scans.rs`), in the reader's language; a separator's label stays as it is.
fn detail_words(w: &'static Words, detail: &str) -> String {
    match detail.split(' ').collect::<Vec<_>>().as_slice() {
        ["cancelled"] => w.t("scanning.cancelled").to_owned(),
        ["load", load] => w.one("batches.load", load),
        ["batch", batch] => w.one("batches.number", batch),
        ["image", place] => w.one("scanning.image", place),
        [count, "sides"] => w.one("scanning.sides", count),
        [code, "after", "image", place] => {
            let why = w.known("hold", code).unwrap_or(code);
            w.two("scanning.broke_after", place, why)
        }
        [came, "came,", here, "are", "here"] => w.two("scanning.came_here", came, here),
        [fed, "by", "the", "scanner,", here, "here"] => w.two("scanning.fed_here", fed, here),
        _ => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    #[test]
    fn details_of_a_hold_are_told_in_the_readers_language() {
        let zh = Words::of(Language::Chinese);
        for detail in [
            "cancelled",
            "load 2",
            "batch 2",
            "image 3",
            "7 sides",
            "scanner_jam after image 2",
            "3 came, 2 are here",
            "4 by the scanner, 3 here",
        ] {
            let told = detail_words(zh, detail);
            let plain = told.chars().any(|c| c.is_ascii_alphabetic());
            assert!(!plain, "{detail}: {told}");
        }
        assert_eq!(detail_words(zh, "ABCDEF-0001"), "ABCDEF-0001");
    }
}
