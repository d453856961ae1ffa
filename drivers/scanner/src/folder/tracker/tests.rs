//! Every fault at the level of decisions: instants are given, nobody waits, and looking into a file is a table.

use super::*;
use crate::complete::LooksLike;
use crate::{FileKey, PageKind};
use std::io::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

struct Desk {
    tracker: Tracker,
    now: Instant,
    verdict: Verdict,
    wanted: Wanted,
    inspections: u32,
}

impl Desk {
    fn new() -> Self {
        let tracker = Tracker::new(FolderSettings::new("/in"));
        Self {
            tracker,
            now: Instant::now(),
            verdict: Verdict::Complete(Shape::Jpeg),
            wanted: Wanted::ByTheFolder,
            inspections: 0,
        }
    }

    /// One look, `after` the last one.
    fn look(&mut self, after: Duration, entries: &[Entry]) -> Vec<Seen> {
        self.now += after;
        self.tracker.begin_look(self.now, self.wanted);
        let (verdict, inspections) = (&self.verdict, &mut self.inspections);
        let mut inspect = |_: &Path| {
            *inspections += 1;
            verdict.clone()
        };
        let mut seen: Vec<Seen> = entries
            .iter()
            .flat_map(|e| self.tracker.entry(e, self.now, &mut inspect))
            .collect();
        seen.extend(self.tracker.end_look());
        seen
    }
}

fn file(name: &str, inode: u64, bytes: u64) -> Entry {
    let stamp = Stamp {
        key: FileKey {
            device: 1,
            inode,
            born_ns: None,
        },
        bytes,
        modified_ns: 0,
    };
    Entry {
        path: Path::new("/in").join(name),
        folder: None,
        kind: Kind::File,
        stamp,
        safe_name: true,
        is_open: false,
    }
}

fn of_kind(kind: Kind) -> Entry {
    Entry {
        kind,
        ..file("A001_p1.jpg", 1, 10)
    }
}

/// What was seen, in short.
fn told(seen: &[Seen]) -> Vec<&'static str> {
    seen.iter()
        .map(|seen| match seen {
            Seen::Scan(_) => "scan",
            Seen::Appeared(_) => "appeared",
            Seen::Ready(_) => "ready",
            Seen::Refused(refused) => refused.reason.code(),
            Seen::Lingering(_) => "lingering",
            Seen::Gone(_) => "gone",
            Seen::FolderUnreadable { .. } => "folder_unreadable",
            Seen::MountGone { .. } => "mount_gone",
            Seen::FolderBack { .. } => "folder_back",
            Seen::WithoutEvents { .. } => "without_events",
        })
        .collect()
}

#[test]
fn half_written_page_waits() {
    let mut desk = Desk::new();
    assert_eq!(
        told(&desk.look(SECOND, &[file("A001_p1.jpg", 1, 10)])),
        ["appeared"]
    );
    for bytes in [20, 30, 40] {
        assert!(told(&desk.look(SECOND, &[file("A001_p1.jpg", 1, bytes)])).is_empty());
    }
    assert_eq!(desk.inspections, 0, "a file that grows is not opened");
    desk.verdict = Verdict::Incomplete;
    assert!(
        told(&desk.look(SECOND, &[file("A001_p1.jpg", 1, 40)])).is_empty(),
        "quiet, but without its end"
    );
    desk.verdict = Verdict::Complete(Shape::Jpeg);
    assert!(told(&desk.look(SECOND, &[file("A001_p1.jpg", 1, 50)])).is_empty());
    let ready = desk.look(SECOND, &[file("A001_p1.jpg", 1, 50)]);
    let [Seen::Ready(offer)] = &ready[..] else {
        panic!("{ready:?}")
    };
    assert_eq!(
        (
            offer.found.group.as_str(),
            offer.found.hint.kind,
            offer.found.stamp.bytes
        ),
        ("A001", PageKind::Letter, 50)
    );
    assert_eq!(
        desk.now - offer.found.first_seen,
        6 * SECOND,
        "first seen is when it began, not when it was whole"
    );
}

#[test]
fn not_now_is_offered_again() {
    let mut desk = Desk::new();
    let page = [file("A001_p1.jpg", 1, 10)];
    desk.look(SECOND, &page);
    let offered = desk.look(SECOND, &page);
    assert_eq!(told(&offered), ["ready"]);
    assert!(
        desk.look(SECOND, &page).is_empty(),
        "not twice while the first offer is open"
    );
    drop(offered);
    assert_eq!(told(&desk.look(5 * SECOND, &page)), ["ready"]);
    assert_eq!(desk.inspections, 1, "an unchanged file is not read again");
}

#[test]
fn truncated_page_is_refused_once() {
    let mut desk = Desk::new();
    desk.verdict = Verdict::Incomplete;
    let page = [file("A001_p1.jpg", 1, 10)];
    desk.look(SECOND, &page);
    assert!(desk.look(20 * SECOND, &page).is_empty(), "within the grace");
    assert_eq!(told(&desk.look(20 * SECOND, &page)), ["truncated"]);
    assert!(desk.look(20 * SECOND, &page).is_empty(), "told once");
    desk.verdict = Verdict::Complete(Shape::Jpeg);
    desk.look(SECOND, &[file("A001_p1.jpg", 1, 12)]);
    assert_eq!(
        told(&desk.look(SECOND, &[file("A001_p1.jpg", 1, 12)])),
        ["ready"],
        "the scanner went on after all"
    );
}

#[test]
fn refusal_is_told_again_when_asked() {
    let mut desk = Desk::new();
    desk.verdict = Verdict::NotAnImage(LooksLike::Text);
    let page = [file("A001_p1.jpg", 1, 10)];
    desk.look(SECOND, &page);
    let refused = desk.look(SECOND, &page);
    let [Seen::Refused(refused)] = &refused[..] else {
        panic!("{refused:?}")
    };
    refused.tell_again();
    assert_eq!(told(&desk.look(5 * SECOND, &page)), ["not_an_image"]);
    assert!(desk.look(5 * SECOND, &page).is_empty());
}

#[test]
fn zero_byte_file() {
    let mut desk = Desk::new();
    let page = [file("A001_p1.jpg", 1, 0)];
    desk.look(SECOND, &page);
    assert!(
        desk.look(20 * SECOND, &page).is_empty(),
        "some devices create their files first"
    );
    assert_eq!(told(&desk.look(61 * SECOND, &page)), ["empty"]);
    assert_eq!(desk.inspections, 0);
}

#[test]
fn name_reused() {
    let mut desk = Desk::new();
    desk.look(SECOND, &[file("scan.jpg", 1, 10)]);
    drop(desk.look(SECOND, &[file("scan.jpg", 1, 10)]));
    assert_eq!(
        told(&desk.look(SECOND, &[file("scan.jpg", 2, 10)])),
        ["gone", "appeared"],
        "another file under the same name"
    );
    let ready = desk.look(SECOND, &[file("scan.jpg", 2, 10)]);
    let [Seen::Ready(offer)] = &ready[..] else {
        panic!("{ready:?}")
    };
    assert_eq!(offer.found.first_seen, desk.now - SECOND);
}

#[test]
fn symlink_pipe_and_nested_folder_are_refused() {
    for (kind, code) in [
        (Kind::Symlink, "symlink"),
        (Kind::Special, "not_a_file"),
        (Kind::NestedFolder, "nested_folder"),
    ] {
        let mut desk = Desk::new();
        assert_eq!(told(&desk.look(SECOND, &[of_kind(kind)])), [code]);
        assert!(desk.look(SECOND, &[of_kind(kind)]).is_empty());
        assert_eq!(desk.inspections, 0);
    }
}

#[test]
fn unsafe_name_and_too_large_are_refused_unread() {
    let mut desk = Desk::new();
    let bad = Entry {
        safe_name: false,
        ..file("a\nb.jpg", 1, 10)
    };
    let seen = desk.look(SECOND, &[bad]);
    assert_eq!(told(&seen), ["appeared", "unsafe_name"]);
    let Seen::Refused(refused) = &seen[1] else {
        panic!()
    };
    assert_eq!(refused.found.name, "a\\nb.jpg");
    let huge = [file("b.jpg", 2, 1 << 40)];
    desk.look(SECOND, &huge);
    assert_eq!(told(&desk.look(SECOND, &huge)), ["too_large"]);
    assert_eq!(desk.inspections, 0);
}

#[test]
fn temp_name_lingers() {
    let mut desk = Desk::new();
    let temporary = [of_kind(Kind::Temporary)];
    assert!(desk.look(SECOND, &temporary).is_empty());
    assert!(desk.look(299 * SECOND, &temporary).is_empty());
    assert_eq!(told(&desk.look(SECOND, &temporary)), ["lingering"]);
    assert!(desk.look(300 * SECOND, &temporary).is_empty(), "told once");
}

#[test]
fn file_that_never_rests_lingers() {
    let mut desk = Desk::new();
    let told: Vec<_> = (1..400)
        .flat_map(|bytes| told(&desk.look(SECOND, &[file("a.jpg", 1, bytes)])))
        .collect();
    assert_eq!(told, ["appeared", "lingering"]);
}

#[test]
fn unreadable_file_heals() {
    let mut desk = Desk::new();
    desk.verdict = Verdict::Unreadable(ErrorKind::PermissionDenied);
    let page = [file("A001_p1.jpg", 1, 10)];
    desk.look(SECOND, &page);
    assert_eq!(told(&desk.look(SECOND, &page)), ["unreadable"]);
    assert!(desk.look(SECOND, &page).is_empty(), "told once");
    desk.verdict = Verdict::Complete(Shape::Jpeg);
    assert_eq!(
        told(&desk.look(SECOND, &page)),
        ["ready"],
        "giving rights changes neither size nor time"
    );
}

#[test]
fn unreadable_letter_folder_keeps_its_files() {
    let mut desk = Desk::new();
    let page = Entry {
        path: "/in/A001/1.jpg".into(),
        folder: Some("A001".into()),
        ..file("", 1, 10)
    };
    let closed = Entry {
        path: "/in/A001".into(),
        kind: Kind::ClosedFolder(ErrorKind::PermissionDenied),
        ..file("", 2, 0)
    };
    desk.look(SECOND, std::slice::from_ref(&page));
    assert_eq!(
        told(&desk.look(SECOND, &[closed])),
        ["unreadable"],
        "its page is not called gone"
    );
    let seen = desk.look(SECOND, &[page]);
    let [Seen::Ready(offer), Seen::Gone(folder)] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(desk.now - offer.found.first_seen, 2 * SECOND);
    assert_eq!(
        folder.name, "A001",
        "the trouble with the folder itself is over"
    );
}

#[test]
fn vanished_file_is_gone() {
    let mut desk = Desk::new();
    desk.look(SECOND, &[file("a.jpg", 1, 10)]);
    assert_eq!(told(&desk.look(SECOND, &[])), ["gone"]);
    assert!(desk.look(SECOND, &[]).is_empty());
}

#[test]
fn what_was_not_taken_is_offered_again_once_per_rescan_however_many_events_come() {
    let mut desk = Desk::new();
    let page = [file("A001_p1.jpg", 1, 10)];
    desk.look(SECOND, &page);
    assert_eq!(told(&desk.look(SECOND, &page)), ["ready"]);
    let looks = 500;
    let offers: usize = (0..looks)
        .map(|_| desk.look(Duration::from_millis(20), &page).len())
        .sum();
    // 10 s of looks, every 20 ms, with a rescan of 5 s.
    assert!((1..=2).contains(&offers), "{offers}");
    desk.wanted = Wanted::ByUs;
    assert_eq!(
        told(&desk.look(Duration::from_millis(20), &page)),
        ["ready"]
    );
}

#[test]
fn a_whole_file_that_its_writer_has_not_closed_waits_but_not_for_ever() {
    let mut desk = Desk::new();
    let open = Entry {
        is_open: true,
        ..file("A001.tif", 1, 10)
    };
    desk.look(SECOND, std::slice::from_ref(&open));
    for _ in 0..59 {
        assert_eq!(
            told(&desk.look(SECOND, std::slice::from_ref(&open))),
            [] as [&str; 0]
        );
    }
    assert_eq!(told(&desk.look(SECOND, &[open])), ["ready"]);
    let mut desk = Desk::new();
    let open = Entry {
        is_open: true,
        ..file("A001.tif", 1, 10)
    };
    desk.look(SECOND, &[open]);
    assert_eq!(
        told(&desk.look(SECOND, &[file("A001.tif", 1, 10)])),
        ["ready"],
        "closed"
    );
}
