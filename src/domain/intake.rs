//! What becomes of a file that a source showed: taken, left waiting, or held for a person. **No page without a release.**

use serde::{Deserialize, Serialize};

use super::grouping::hold;

/// Where an arrival stands.
///
/// ```text
/// waiting ──→ taken
///    ├──────→ held   (for a person; the file is kept, untouched) ──→ taken, or set_aside: a person decided
///    └──────→ gone   (somebody took the file away before the station did)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalState {
    /// Seen, and left where it is.
    Waiting,
    /// Its bytes are in the evidence store and its pages belong to a letter.
    Taken,
    /// Set aside for a person.
    Held,
    /// It was there and is no more.
    Gone,
    /// A person looked at the held file and left it out for good.
    SetAside,
}

/// Whether a page may enter now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It belongs to this load.
    Enter {
        /// The load.
        load: i64,
    },
    /// No load is open: the file stays where it is.
    NoReleasedLoad,
    /// It was there before any open load was released, so what it shows was not disinfected, or belongs elsewhere.
    SeenBeforeRelease,
    /// Several batches are open and nobody said which of them lies in its scanner.
    WhichBatch,
    /// The clock is behind what is on record: the file stays where it is.
    ClockSetBack,
}

/// A load whose letters may be scanned, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenLoad {
    /// The load.
    pub load: i64,
    /// Its batch.
    pub batch: i64,
    /// When it was released or overridden, milliseconds since 1970 UTC.
    pub released_ms: i64,
    /// The ledger's entry of it.
    pub entry: Option<i64>,
}

/// When a page was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSeen {
    /// By the wall clock, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The last entry of the ledger that was there; none of a page that an older laixin saw.
    pub after: Option<i64>,
}

impl FirstSeen {
    /// The order of entries decides; the wall clock, which jumps, only where there are none.
    fn is_after(self, load: &OpenLoad) -> bool {
        match (load.entry, self.after) {
            (Some(entry), Some(after)) => entry <= after,
            _ => load.released_ms <= self.at_ms,
        }
    }
}

/// The page belongs to the load that was last released when the page was first seen; a release never reaches back.
pub fn gate(first_seen: FirstSeen, open: &[OpenLoad]) -> Gate {
    let before = open.iter().filter(|load| first_seen.is_after(load));
    match before.max_by_key(|load| (load.entry, load.released_ms, load.load)) {
        Some(load) => Gate::Enter { load: load.load },
        None if open.is_empty() => Gate::NoReleasedLoad,
        None => Gate::SeenBeforeRelease,
    }
}

/// A person's word that a batch lies in a scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The batch.
    pub batch: i64,
    /// For files first seen from then on, milliseconds since 1970 UTC.
    pub from_ms: i64,
}

/// As [`gate`], where several batches may be open: a page belongs to the one of which a person said last that it lies in the scanner. Files that tell
/// their letter themselves go to the load last released unless somebody spoke since. Others are never guessed about, nor where only one batch is left
/// open of those that were open when it was asked.
pub fn gate_of_folder(
    first_seen: FirstSeen,
    open: &[OpenLoad],
    said: Option<Said>,
    (tells_its_letter, is_asked): (bool, bool),
) -> Gate {
    let usual = gate(first_seen, open);
    let Gate::Enter { load: last } = usual else {
        return usual;
    };
    let mut there: Vec<OpenLoad> = open
        .iter()
        .filter(|load| first_seen.is_after(load))
        .copied()
        .collect();
    let newest = there.iter().find(|load| load.load == last).copied();
    let batches_differ = there
        .iter()
        .any(|load| Some(load.batch) != newest.map(|newest| newest.batch));
    there.retain(|load| said.is_some_and(|said| said.batch == load.batch));
    let meant = there
        .iter()
        .max_by_key(|load| (load.entry, load.released_ms, load.load));
    let spoke_since = said
        .zip(newest)
        .is_some_and(|(said, newest)| said.from_ms >= newest.released_ms);
    match meant {
        Some(load) if !tells_its_letter || spoke_since => Gate::Enter { load: load.load },
        _ if !tells_its_letter && (batches_differ || is_asked) => Gate::WhichBatch,
        _ => usual,
    }
}

/// Why a file waits or is held, beside the reasons that the scanner's driver gives.
pub mod reason {
    /// Seen a moment ago; not yet whole.
    pub const ARRIVING: &str = "arriving";
    /// No load is open for scanning.
    pub const NO_RELEASED_LOAD: &str = "no_released_load";
    /// Several batches are open, and nobody said which of them lies in its scanner.
    pub const WHICH_BATCH: &str = "which_batch";
    /// The clock is behind what is on record.
    pub const CLOCK_SET_BACK: &str = "clock_set_back";
    /// It was there before the load was released.
    pub const SEEN_BEFORE_RELEASE: &str = "seen_before_release";
    /// Its letter was confirmed or registered already.
    pub const LETTER_CLOSED: &str = "letter_closed";
    /// Its letter is confirmed, and no case system has it yet: what is to be done about a page of it.
    pub const LETTER_CONFIRMED: &str = "letter_confirmed";
    /// Its letter was opened by mistake and returned unread.
    pub const LETTER_RETURNED_UNREAD: &str = "letter_returned_unread";
    /// Its bytes are those of a page that was returned unread, under another name.
    pub const BYTES_RETURNED_UNREAD: &str = "bytes_returned_unread";
    /// Its letter was withdrawn, or destroyed.
    pub const LETTER_WITHDRAWN: &str = "letter_withdrawn";
    /// Every page of its letter was put into another one.
    pub const LETTER_EMPTIED: &str = "letter_emptied";
    /// A letter of its name came with another batch, and it is no first page, or the envelope or first page that this letter lacks.
    pub const LATE_PAGE: &str = "late_page";
    /// It was written to after it was taken: these are its bytes since.
    pub const FILE_GREW: &str = "file_grew";
    /// It was claimed under a number this database does not know.
    pub const UNKNOWN_CLAIM: &str = "unknown_claim";
    /// No list of pages names it yet.
    pub const AWAITING_INDEX: &str = "awaiting_index";
    /// A list names a page that is not there.
    pub const INDEX_PAGE_MISSING: &str = "index_page_missing";
    /// Another file of its list is held, and a list is taken whole or not at all.
    pub const LIST_HELD: &str = "list_held";
    /// Its software has not finished it for long, under a name of its own.
    pub const LINGERING: &str = "lingering";
    /// It lies in a scanner's spool and belongs to no scan that this station began.
    pub const UNKNOWN_SCAN: &str = "unknown_scan";
}

/// Whether a file that is held for this reason may still turn out to be a page; otherwise it can only be left out.
#[must_use]
pub fn may_be_page(reason: &str) -> bool {
    matches!(
        reason,
        reason::SEEN_BEFORE_RELEASE
            | reason::LETTER_CLOSED
            | reason::LETTER_RETURNED_UNREAD
            | reason::BYTES_RETURNED_UNREAD
            | reason::LETTER_WITHDRAWN
            | reason::LETTER_EMPTIED
            | reason::LATE_PAGE
            | reason::FILE_GREW
            | reason::UNKNOWN_CLAIM
            | reason::UNKNOWN_SCAN
            | reason::NO_RELEASED_LOAD
            | reason::AWAITING_INDEX
            | reason::INDEX_PAGE_MISSING
            | reason::LIST_HELD
            | reason::ARRIVING
            | "unsafe_name"
    )
}

/// Whether there is anything to be seen of a file that is held for this reason: not of one that was refused for being no image, or that nothing could be
/// opened of. A list of pages is text.
#[must_use]
pub fn may_be_seen(reason: &str, name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_list = ["csv", "txt", "xml"]
        .iter()
        .any(|list| ending.eq_ignore_ascii_case(list));
    let is_image = may_be_page(reason) || matches!(reason, "truncated" | "too_many_pages");
    is_image && !is_list
}

/// What an operator does about a waiting or held file; the console says it in the operator's language by the same code.
pub fn next_action(reason: &str) -> &'static str {
    match reason {
        reason::ARRIVING => {
            "wait: the scanner is still writing; a page that a list names waits for the list, a list for its pages"
        }
        reason::NO_RELEASED_LOAD => {
            "where the letter is not disinfected, release the load or sign an override, then scan it again; where its batch is closed, take the file into a letter or set it aside once the next load is released"
        }
        reason::WHICH_BATCH => {
            "press “next letter” of the batch that lies in this scanner, or say so on the batch's page: what waits is taken into it then"
        }
        reason::CLOCK_SET_BACK => {
            "set the clock of this machine right, or let an officer confirm it; nothing has to be scanned again"
        }
        reason::SEEN_BEFORE_RELEASE => "scan the letter again now that its load is released",
        reason::LETTER_CLOSED => {
            "if it belongs to its letter, take it in with a reason: the case system that has the letter is told of the page; if the scanner reused a name, scan it under a new one"
        }
        reason::LETTER_CONFIRMED => {
            "its letter is confirmed: if it belongs to it, take the confirmation back first, by a correction, then take it in; if the scanner reused a name, scan it under a new one"
        }
        reason::LETTER_RETURNED_UNREAD => {
            "its letter was returned unread: put the sheet back to it, unread, and set the file aside; a confirming officer takes it into another letter where it was only named wrongly"
        }
        reason::BYTES_RETURNED_UNREAD => {
            "the very same image is a page of a letter that was returned unread: set the file aside; a confirming officer takes it into a letter where it was sorted wrongly before"
        }
        reason::LETTER_WITHDRAWN => {
            "its letter was withdrawn or destroyed: a confirming officer takes the page into the letter that stands for it now, or sets the file aside; a letter that was withdrawn by mistake is reinstated first"
        }
        reason::LETTER_EMPTIED => {
            "the pages of its letter are in another one now: take it in there, or set the file aside"
        }
        reason::LATE_PAGE => {
            "compare with the paper: take it into the earlier letter of its name, or into a new letter of the load"
        }
        hold::SCAN_INTERRUPTED => {
            "the station stopped while it scanned: compare the sheets with the pages of this scan, scan what is missing"
        }
        reason::FILE_GREW => {
            "take it into its letter: the pages that came since are added, those that were taken stay; set the scanner's software to write a file only when it is finished, or raise quiet_ms"
        }
        reason::AWAITING_INDEX => {
            "see whether the scanner's software finished the letter: no list of pages names this page yet"
        }
        reason::INDEX_PAGE_MISSING => {
            "see whether the scanner's software wrote every page that its list names; scan the letter again if one is missing"
        }
        reason::LIST_HELD => {
            "decide about the other file of its list first; then take the page into its letter"
        }
        "index_unclear" => {
            "put the list right where its fault is, or scan again; the pages that wait for it can be taken into their letters one by one"
        }
        reason::UNKNOWN_CLAIM => {
            "it was taken under another database: scan the letter again, or restore that database"
        }
        reason::UNKNOWN_SCAN => {
            "nobody started a scan for it here: scan the sheet again from the batch's page"
        }
        "scanner_jam" => "clear the paper path, put the sheets back from the one it named, scan on",
        "scanner_double_feed" => {
            "part the sheets, scan on from the one it named; clean the rollers when it happens often"
        }
        "scanner_cover_open" => "close the cover and scan again",
        "scanner_feeder_empty" => "put paper into the feeder and scan again",
        "scanner_busy" => "wait, or end what the scanner does at its own panel",
        "scanner_stalled" => "switch the scanner off and on, then scan on from the sheet it named",
        "scanner_too_slow" | "scanner_truncated" | "scanner_not_an_image" => {
            "scan on from the sheet it named; if it happens often, check the scanner's network cable"
        }
        "scanner_too_many" => {
            "see whether one sheet is fed again and again: if it is, switch the scanner off and on; if there are so many, scan them in several stacks or raise most_images in the settings"
        }
        "scanner_paper_left" => {
            "scan on behind the sheet it named until the feeder is empty; say so if it was empty"
        }
        "scanner_counts_differ" => {
            "compare the sheets with the pages of this scan, scan what is missing"
        }
        "scanner_other_device" => {
            "another scanner has this address: put the right one there, or change its serial in the settings"
        }
        "scanner_certificate" => {
            "if the scanner was replaced or reset, write its new fingerprint into the settings; if not, somebody stands in between"
        }
        "scanner_refused" | "scanner_aborted" => "see what its panel says, then scan again",
        "scanner_answer" => {
            "enter the scanner's own address in the settings where it sends elsewhere; else switch it off and on, then scan again"
        }
        "scanner_paper" => {
            "set paper_mm of this scanner to what it takes (the station's log names it), restart the station, scan again"
        }
        "scanner_unsupported" => "choose what the scanner offers: `laixin check` shows it",
        "scanner_no_connection" => {
            "switch the scanner on, check its cable and its address in the settings"
        }
        "scanner_program" => "install Debian's sane-utils",
        "scanner_disk" => "free some space on the disk of the data folder",
        "empty" | "truncated" => {
            "scan the page again; if it happens often, check the scanner's cable and disk"
        }
        "not_an_image" => "set the scanner to JPEG, PNG, TIFF or PDF and scan the page again",
        "encrypted" => {
            "switch off the password in the scanner's software and scan the letter again"
        }
        "damaged" | "no_pixels" | "reader_died" | "reader_hung" => {
            "scan the letter again; if it happens often, set the scanner to TIFF or JPEG"
        }
        "too_many_pages" => "scan each letter into a file of its own",
        "too_large" => "lower the scanner's resolution and scan the page again",
        "symlink" | "not_a_file" => "put the file itself into the folder",
        "nested_folder" => "put the pages directly into the letter's folder",
        "unsafe_name" => "give the file a short name without control characters",
        "unreadable" => "give the laixin user the right to read and move it",
        reason::LINGERING => {
            "restart the scanner's software; remove the file when it is not needed"
        }
        _ => "look at the file in the held folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(loads: &[(i64, i64)]) -> Vec<OpenLoad> {
        loads
            .iter()
            .map(|&(load, released_ms)| OpenLoad {
                load,
                batch: load,
                released_ms,
                entry: None,
            })
            .collect()
    }

    fn by_time(at_ms: i64) -> FirstSeen {
        FirstSeen { at_ms, after: None }
    }

    #[test]
    fn of_several_open_batches_the_one_that_a_person_named_and_never_a_guess() {
        let loads = open(&[(1, 50), (2, 90)]);
        let says = |batch, from_ms| Some(Said { batch, from_ms });
        let by_order = |seen, said| gate_of_folder(by_time(seen), &loads, said, (false, false));
        let by_file = |seen, said| gate_of_folder(by_time(seen), &loads, said, (true, false));
        assert_eq!(by_order(100, None), Gate::WhichBatch);
        assert_eq!(
            by_order(60, None),
            Gate::Enter { load: 1 },
            "the only one then"
        );
        assert_eq!(by_order(100, says(1, 60)), Gate::Enter { load: 1 });
        assert_eq!(by_order(100, says(2, 95)), Gate::Enter { load: 2 });
        assert_eq!(
            by_order(100, says(3, 95)),
            Gate::WhichBatch,
            "closed meanwhile"
        );
        assert_eq!(
            by_order(40, says(1, 30)),
            Gate::SeenBeforeRelease,
            "no word opens a load"
        );
        assert_eq!(by_file(100, None), Gate::Enter { load: 2 });
        assert_eq!(by_file(100, says(1, 95)), Gate::Enter { load: 1 });
        assert_eq!(
            by_file(100, says(1, 60)),
            Gate::Enter { load: 2 },
            "released since"
        );
        let left = open(&[(2, 90)]);
        let asked = |said| gate_of_folder(by_time(100), &left, said, (false, true));
        assert_eq!(
            asked(None),
            Gate::WhichBatch,
            "the other one was closed over it"
        );
        assert_eq!(asked(says(2, 95)), Gate::Enter { load: 2 });
    }

    #[test]
    fn no_page_without_a_release() {
        let gate = |at_ms, open: &[OpenLoad]| gate(by_time(at_ms), open);
        assert_eq!(gate(100, &[]), Gate::NoReleasedLoad);
        assert_eq!(gate(100, &open(&[(1, 101)])), Gate::SeenBeforeRelease);
        assert_eq!(gate(100, &open(&[(1, 100)])), Gate::Enter { load: 1 });
    }

    #[test]
    fn page_belongs_to_the_load_open_when_it_was_first_seen() {
        let loads = open(&[(1, 50), (3, 150), (2, 90)]);
        assert_eq!(gate(by_time(100), &loads), Gate::Enter { load: 2 });
        assert_eq!(gate(by_time(150), &loads), Gate::Enter { load: 3 });
        assert_eq!(gate(by_time(60), &loads), Gate::Enter { load: 1 });
    }

    #[test]
    fn the_order_of_entries_decides_whatever_the_clock_said() {
        let load = |load, entry, released_ms| OpenLoad {
            load,
            batch: load,
            released_ms,
            entry: Some(entry),
        };
        let seen = |at_ms, after| FirstSeen {
            at_ms,
            after: Some(after),
        };
        // The second was released after the clock had been set back.
        let loads = [load(1, 10, 5_000), load(2, 20, 100)];
        assert_eq!(gate(seen(9_000, 9), &loads), Gate::SeenBeforeRelease);
        assert_eq!(gate(seen(5_100, 19), &loads), Gate::Enter { load: 1 });
        assert_eq!(gate(seen(50, 20), &loads), Gate::Enter { load: 2 });
    }

    #[test]
    fn only_of_what_may_be_an_image_one_is_shown() {
        for reason in ["truncated", "unsafe_name", reason::SEEN_BEFORE_RELEASE] {
            assert!(may_be_seen(reason, "A001_p1.jpg"), "{reason}");
        }
        for reason in ["empty", "not_an_image", "symlink", "encrypted", "too_large"] {
            assert!(!may_be_seen(reason, "A001_p1.jpg"), "{reason}");
        }
        assert!(
            !may_be_seen(reason::INDEX_PAGE_MISSING, "A001.CSV"),
            "a list"
        );
    }
}
