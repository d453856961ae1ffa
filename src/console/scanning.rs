//! What a batch's card shows of its scanning: scans to start and stop, the key “next letter”, what does not come out, what waits for a person.

use std::collections::BTreeMap;

use super::words::Words;
use crate::api::App;
use crate::domain::access::Action;
use crate::domain::balance::{Counts, Difference};
use crate::domain::grouping::{GroupBy, hold};
use crate::domain::intake::reason;
use crate::scan::{ScannerControl, ScannerState};
use crate::store::{BatchFiles, Hold, LiesIn, Load, RecordedException, Scan};

/// A scan that can be started, or the one that runs.
pub(super) struct ScanLine {
    pub(super) scanner: String,
    pub(super) load: i64,
    pub(super) label: String,
    /// Images of this batch's running scan.
    pub(super) running: Option<String>,
    /// It scans another batch; with neither it can be started.
    pub(super) elsewhere: Option<String>,
    /// Why the last one failed and what to do.
    pub(super) trouble: Option<Trouble>,
}

/// Why a scan stopped, and behind which side; what to do.
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) next: &'static str,
}

/// What stopped a scanner's last scan.
pub(super) fn trouble(w: &'static Words, state: &ScannerState) -> Option<Trouble> {
    let code = state.trouble.as_ref()?;
    let why = w
        .known("hold", code)
        .map_or_else(|| code.clone(), str::to_owned);
    Some(Trouble {
        what: match state.last_images {
            0 => why,
            images => w.two("scanning.broke_after", images, why),
        },
        next: w.known("hold_do", code).unwrap_or_default(),
    })
}

/// Where a finding is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// By whoever looks.
    Here,
    /// By somebody who may open its letter.
    ByAnother,
    /// By the decision about its file.
    ByItsFile,
}

/// Findings of one reason, with what was found to be said of all that are ticked.
pub(super) struct HoldGroup {
    /// Its first finding, which names its form.
    pub(super) id: i64,
    pub(super) what: String,
    pub(super) next: String,
    pub(super) lines: Vec<HoldLine>,
    pub(super) submit: String,
    /// The held files say more.
    pub(super) is_of_files: bool,
    /// Who says what was found, where not everybody may.
    pub(super) for_officer: Option<String>,
    /// Of some of them whoever looks may say what was found.
    pub(super) is_his: bool,
}

/// One finding.
pub(super) struct HoldLine {
    pub(super) id: i64,
    pub(super) subject: String,
    pub(super) letter: Option<String>,
    /// Whoever looks may open the letter, and say what was found.
    pub(super) is_his: bool,
    /// The decision about its file says it.
    pub(super) is_of_file: bool,
}

/// Where the files of a folder go while several batches are open.
pub(super) struct LiesLine {
    pub(super) scanner: String,
    pub(super) words: String,
    /// It may be said to be this one.
    pub(super) say: Option<String>,
}

/// The key “next letter”; of which scanner, where several go by it.
pub(super) struct NextLetter {
    pub(super) scanner: Option<String>,
    pub(super) label: String,
}

/// What a card shows.
pub(super) struct Scanning {
    pub(super) scans: Vec<ScanLine>,
    /// Which batch lies in which scanner, where that is a question.
    pub(super) lies: Vec<LiesLine>,
    /// A press begins the next letter.
    pub(super) next_letter: Vec<NextLetter>,
    /// The newest scan in words.
    pub(super) newest: Option<String>,
    pub(super) differences: Vec<String>,
    pub(super) holds: Vec<HoldGroup>,
    /// What scanners brought, in words; none before anything came.
    pub(super) files: Option<String>,
    /// Files are held, or wait in their folder.
    pub(super) has_held_files: bool,
}

/// What is looked up for it.
pub(super) struct Found {
    pub(super) counts: Counts,
    pub(super) exceptions: Vec<RecordedException>,
    pub(super) files: BatchFiles,
    /// Each with whether whoever looks may say what was found.
    pub(super) holds: Vec<(Hold, Answered)>,
    pub(super) newest: Option<Scan>,
    /// Of every folder, where its files go.
    pub(super) lies: Vec<(String, LiesIn)>,
    /// Several batches are open to be scanned.
    pub(super) are_several: bool,
}

/// The batches of scans that run, or ended last.
pub(super) type BatchOfScan = BTreeMap<i64, i64>;

/// Scans that run, or ended last, of every scanner.
pub(super) fn scans_now(app: &App) -> Vec<i64> {
    let states = app.scanners.values().map(ScannerControl::state);
    states
        .flat_map(|state| [state.scan, state.last])
        .flatten()
        .collect()
}

/// Scanners whose software fills a folder, and what tells letters apart there.
pub(super) fn folders(app: &App) -> Vec<(String, GroupBy)> {
    let all = app.scanners.values().map(ScannerControl::settings);
    all.filter(|scanner| !scanner.is_driven())
        .map(|scanner| (scanner.id.to_string(), scanner.grouped_by()))
        .collect()
}

impl Scanning {
    pub(super) fn of(
        w: &'static Words,
        app: &App,
        (batch, loads): (i64, &[Load]),
        found: Found,
        (open, scans_of): (bool, &BatchOfScan),
    ) -> Self {
        let Found {
            counts,
            files,
            holds,
            newest,
            lies,
            are_several,
            exceptions: _,
        } = found;
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
                .map(|control| scan_line(w, control, load.id, (batch, scans_of)))
                .collect()
        });
        let by_press = |control: &ScannerControl| control.settings().grouped_by() == GroupBy::Press;
        let differences = match open {
            true => counts.differences(),
            false => Vec::new(),
        };
        let asked = lies
            .into_iter()
            .filter(|(_, lies)| released.is_some() && (are_several || lies.is_asked));
        Self {
            next_letter: match released {
                Some(_) => next_letter(w, app.scanners.values().filter(|one| by_press(one))),
                None => Vec::new(),
            },
            lies: asked
                .map(|(scanner, lies)| lies_line(w, batch, scanner, &lies))
                .collect(),
            scans,
            newest: newest.map(|scan| newest_words(w, &scan)),
            differences: differences
                .into_iter()
                .filter_map(|difference| difference_words(w, difference))
                .collect(),
            holds: hold_groups(w, holds),
            files: files_words(w, files),
            has_held_files: open && files.held + files.waiting > 0,
        }
    }
}

fn next_letter<'a>(
    w: &'static Words,
    scanners: impl Iterator<Item = &'a ScannerControl>,
) -> Vec<NextLetter> {
    let ids: Vec<String> = scanners.map(|one| one.settings().id.to_string()).collect();
    match ids.as_slice() {
        [] => Vec::new(),
        [_] => vec![NextLetter {
            scanner: None,
            label: w.t("scanning.next").to_owned(),
        }],
        _ => ids
            .into_iter()
            .map(|id| NextLetter {
                label: w.one("scanning.next_at", &id),
                scanner: Some(id),
            })
            .collect(),
    }
}

fn lies_line(w: &'static Words, batch: i64, scanner: String, lies: &LiesIn) -> LiesLine {
    let words = match lies.batch {
        _ if lies.waiting > 0 => w.one("scanning.lies_waiting", lies.waiting),
        Some(here) if here == batch => w.t("scanning.lies_here").to_owned(),
        Some(elsewhere) => w.one("scanning.lies_elsewhere", elsewhere),
        None => w.t("scanning.lies_unsaid").to_owned(),
    };
    let is_here = lies.batch == Some(batch) && lies.waiting == 0;
    LiesLine {
        say: (!is_here).then(|| w.one("scanning.lies_say", &scanner)),
        words,
        scanner,
    }
}

fn scan_line(
    w: &'static Words,
    control: &ScannerControl,
    load: i64,
    (batch, scans_of): (i64, &BatchOfScan),
) -> ScanLine {
    let (scanner, state) = (control.settings().id.to_string(), control.state());
    let of = |scan: Option<i64>| scan.and_then(|scan| scans_of.get(&scan)).copied();
    let running = state.scan.filter(|_| of(state.scan) == Some(batch));
    ScanLine {
        label: w.two("scanning.start", &scanner, load),
        running: running.map(|scan| w.two("scanning.running", scan, state.images)),
        elsewhere: of(state.scan)
            .filter(|other| *other != batch)
            .map(|other| w.one("scanning.busy_elsewhere", other)),
        trouble: trouble(w, &state).filter(|_| of(state.last) == Some(batch)),
        scanner,
        load,
    }
}

/// What scanners brought; nothing of a batch for which nothing came.
fn files_words(w: &'static Words, files: BatchFiles) -> Option<String> {
    if files == BatchFiles::default() {
        return None;
    }
    let mut told = vec![w.two("scanning.files", files.taken, files.pages)];
    for (key, count) in [
        ("scanning.files_separators", files.separators),
        ("scanning.files_held", files.held),
        ("scanning.files_waiting", files.waiting),
    ] {
        if count > 0 {
            told.push(w.one(key, count));
        }
    }
    Some(told.join(" · "))
}

fn newest_words(w: &'static Words, scan: &Scan) -> String {
    let (received, registered) = (scan.received_images, scan.registered_images);
    match scan.device_images {
        Some(fed) => w.fill("scanning.newest", &[&scan.id, &fed, &received, &registered]),
        None => w.fill(
            "scanning.newest_uncounted",
            &[&scan.id, &received, &registered],
        ),
    }
}

/// Letters short or over are said by the bar above already.
fn difference_words(w: &'static Words, difference: Difference) -> Option<String> {
    Some(match difference {
        Difference::LettersShort { .. } | Difference::LettersOver { .. } => return None,
        Difference::ScansOpen { scans } => w.one("scanning.scans_open", scans),
        Difference::ImagesMissing { images } => w.one("scanning.images_missing", images),
        Difference::ImagesUnregistered { images } => w.one("scanning.images_unregistered", images),
        Difference::Held { holds } => w.one("scanning.held", holds),
        Difference::FilesHeld { files } => w.one("scanning.files_held_do", files),
        Difference::FilesLeft { files } => w.one("scanning.files_left_do", files),
        Difference::FilesWaiting { files } => w.one("scanning.files_waiting_do", files),
        Difference::ValuablesUnseen { letters } => w.one("scanning.valuables_unseen", letters),
        Difference::ValuablesNotReturned { letters } => {
            w.one("scanning.valuables_not_returned", letters)
        }
    })
}

/// Findings of one reason together, in the order of the first of each.
fn hold_groups(w: &'static Words, holds: Vec<(Hold, Answered)>) -> Vec<HoldGroup> {
    let mut groups: Vec<(String, HoldGroup)> = Vec::new();
    for (hold, answered) in holds {
        let code = hold.reason.clone();
        let line = hold_line(w, hold, answered);
        match groups.iter_mut().find(|(of, _)| *of == code) {
            Some((_, group)) => group.lines.push(line),
            None => {
                let group = hold_group(w, &code, line);
                groups.push((code, group));
            }
        }
    }
    let mut groups: Vec<HoldGroup> = groups.into_iter().map(|(_, group)| group).collect();
    for group in &mut groups {
        let his = group.lines.iter().filter(|line| line.is_his).count();
        group.is_his = his > 0;
        group.is_of_files |= group.lines.iter().any(|line| line.is_of_file);
        group.submit = match his {
            1 => w.t("scanning.resolve").to_owned(),
            many => w.one("scanning.all_looked", many),
        };
    }
    groups
}

fn hold_group(w: &'static Words, code: &str, first: HoldLine) -> HoldGroup {
    // An image that was held has the code of its file.
    let next = w
        .known("hold_do", code)
        .or_else(|| w.known("held_do", code));
    let what = w
        .known("hold", code)
        .unwrap_or_else(|| w.code("held", code));
    HoldGroup {
        id: first.id,
        what: what.to_owned(),
        next: next.unwrap_or_default().to_owned(),
        for_officer: hold::is_for_an_officer(code)
            .then(|| w.one("scanning.for_officer", w.who_may(Action::DecideAccess))),
        is_of_files: [
            hold::IMAGE_HELD,
            hold::FILE_GREW,
            reason::INDEX_PAGE_MISSING,
        ]
        .contains(&code),
        submit: String::new(),
        is_his: true,
        lines: vec![first],
    }
}

fn hold_line(w: &'static Words, hold: Hold, answered: Answered) -> HoldLine {
    let subject = [
        hold.scan.map(|scan| w.one("scanning.scan", scan)),
        hold_words(w, &hold),
    ];
    HoldLine {
        id: hold.id,
        subject: subject
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        letter: hold.letter,
        is_his: answered == Answered::Here,
        is_of_file: answered == Answered::ByItsFile,
    }
}

/// What a finding says more, if it does.
pub(super) fn hold_words(w: &'static Words, hold: &Hold) -> Option<String> {
    let detail = hold.detail.as_deref().filter(|detail| !detail.is_empty())?;
    let another = (hold.reason == hold::UNRELEASED_LOAD)
        .then(|| detail.split_once(' '))
        .flatten();
    Some(match another {
        // It does not lie there: it may have come from there.
        Some(("load", load)) => w.one("scanning.perhaps_of_load", load),
        Some(("batch", batch)) if batch != hold.batch.to_string() => {
            w.one("scanning.perhaps_of_batch", batch)
        }
        _ => detail_words(w, detail),
    })
}

/// What a hold says more, as the judgement of a scan writes it (`store/scans.rs`), in the reader's language; a separator's label stays as it is.
pub(super) fn detail_words(w: &'static Words, detail: &str) -> String {
    match detail.split(' ').collect::<Vec<_>>().as_slice() {
        ["cancelled"] => w.t("scanning.cancelled").to_owned(),
        ["load", load] => w.one("batches.load", load),
        ["batch", batch] => w.one("batches.number", batch),
        ["page", n, code] => {
            let why = w.known("held", code).unwrap_or(code);
            w.two("scanning.page_why", n, why)
        }
        [released, "released,", "this", "one", "is", "beyond"] => {
            w.one("scanning.beyond", released)
        }
        ["rejected", channel] => format!("{} {channel}", w.t("outbox_result.rejected")),
        ["image", place] => w.one("scanning.image", place),
        ["image", place, number] if place.ends_with(':') => {
            let image = w.one("scanning.image", place.trim_end_matches(':'));
            w.two("scanning.number_on", image, number)
        }
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

    /// After a jam the rest of the stack is scanned without its separator.
    #[test]
    fn a_scan_that_stopped_says_that_its_rest_may_be_a_letter_of_its_own() {
        for (language, own) in [
            (Language::Chinese, "另成一封信"),
            (Language::English, "a letter of its own"),
        ] {
            let told = Words::of(language).known("hold_do", hold::SCAN_BROKEN);
            assert!(told.unwrap().contains(own), "{told:?}");
        }
    }

    /// “scan-1 · batch 2” stood in the card of batch 1.
    #[test]
    fn a_letter_that_may_be_of_another_batch_is_not_told_as_if_it_lay_there() {
        let hold = |reason: &str, detail: &str| Hold {
            id: 1,
            batch: 1,
            letter: None,
            scan: None,
            reason: reason.to_owned(),
            detail: Some(detail.to_owned()),
            at: crate::clock::Millis(0),
            resolved: None,
        };
        let zh = Words::of(Language::Chinese);
        let told = |detail| hold_words(zh, &hold(hold::UNRELEASED_LOAD, detail)).unwrap();
        assert_eq!(told("batch 2"), "可能来自第 2 批，该批没有放行");
        assert!(told("load 3").contains("可能来自第 3 柜次"));
        assert_eq!(
            told("batch 1"),
            "第 1 批",
            "as an older laixin wrote of its own"
        );
        let other = hold_words(zh, &hold(hold::PAGE_AGAIN, "batch 2"));
        assert_eq!(other.unwrap(), "第 2 批");
    }

    /// “Put the sheets back from the one named”, and none was named.
    #[test]
    fn a_jam_says_behind_which_side_it_was() {
        let state = |code: &str, last_images| ScannerState {
            last: Some(1),
            last_images,
            trouble: Some(code.to_owned()),
            ..ScannerState::default()
        };
        let zh = Words::of(Language::Chinese);
        let told = |code, images| trouble(zh, &state(code, images)).unwrap();
        assert_eq!(told("scanner_jam", 3).what, "第 3 面之后：扫描仪卡纸。");
        assert_eq!(
            told("scanner_no_connection", 0).what,
            "连接不上扫描仪。",
            "before any side"
        );
        for language in [Language::Chinese, Language::English] {
            let section = Words::of(language).section("hold_do").unwrap();
            for (code, next) in section
                .iter()
                .filter(|(code, _)| code.starts_with("scanner_"))
            {
                assert!(
                    !next.contains("所说的") && !next.contains(" named"),
                    "{code}: {next}"
                );
            }
        }
    }

    #[test]
    fn images_beyond_those_fed_are_not_told_as_missing() {
        let difference = Difference::ImagesMissing { images: 2 };
        for (language, missing) in [(Language::Chinese, "缺"), (Language::English, "missing")] {
            let told = difference_words(Words::of(language), difference).unwrap();
            assert!(!told.contains(missing), "{told}");
        }
        assert!(!difference.told().contains("missing"));
    }

    #[test]
    fn details_of_a_hold_are_told_in_the_readers_language() {
        let zh = Words::of(Language::Chinese);
        for detail in [
            "cancelled",
            "load 2",
            "batch 2",
            "3 released, this one is beyond",
            "image 3",
            "image 3: 1023456789012",
            "page 2 too_large",
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
