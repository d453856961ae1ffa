//! Kept page workers: one serves many files, and whatever happens to it costs no sound file anything.

use std::fs;
use std::path::Path;
use std::time::Duration;

use laixin::worker::{self, Done, Kept, Task, WorkerError};

use crate::support::{LAIXIN, project, wait_for};

/// Longer than any of these tests.
const LONG: Duration = Duration::from_secs(600);

fn kept(at_once: usize, rest: Duration) -> Kept {
    worker::program_is(LAIXIN);
    Kept::new(at_once, rest)
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(project("drivers/ocr/tests/samples").join(name)).expect("a sample")
}

/// Has the pages of a sound file counted.
fn count(workers: &Kept) {
    let answer = workers.ask(&Task::Frames, &sample("scan_pages.pdf"));
    assert!(matches!(answer, Ok((Done::Frames(3), _))), "{answer:?}");
}

fn the_one(workers: &Kept) -> u32 {
    let resting = workers.resting();
    assert_eq!(resting.len(), 1, "{resting:?}");
    resting[0]
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[test]
fn a_worker_is_kept_from_one_file_to_the_next_also_when_who_asked_is_gone() {
    let workers = kept(2, LONG);
    // A child is ended with the thread that started it: that must not be the one that asks.
    std::thread::scope(|scope| scope.spawn(|| count(&workers)).join().expect("counted"));
    let first = the_one(&workers);
    for _ in 0..20 {
        count(&workers);
    }
    assert_eq!(the_one(&workers), first);
    drop(workers);
    wait_for("it to end with those that kept it", 20, || {
        (!is_there(first)).then_some(())
    });
}

#[test]
fn a_worker_killed_while_it_rested_costs_no_file() {
    let workers = kept(1, LONG);
    count(&workers);
    let first = the_one(&workers);
    let process = rustix::process::Pid::from_raw(first as i32).expect("a process");
    rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("it is there");
    count(&workers);
    assert_ne!(the_one(&workers), first);
}

#[test]
fn a_worker_that_refused_a_file_or_died_over_it_serves_no_other() {
    let workers = kept(1, LONG);
    count(&workers);
    let first = the_one(&workers);
    let picture = Task::Picture {
        frame: 0,
        longest_px: Some(320),
    };
    let page = fs::read(project("tests/letters/A001_p1.jpg")).expect("a letter");
    let cut = workers.ask(&picture, &page[..page.len() / 2]);
    assert!(
        matches!(&cut, Err(WorkerError::Refused(refusal)) if refusal.code == "damaged"),
        "{cut:?}"
    );
    assert!(workers.resting().is_empty(), "it was ended");
    assert!(!is_there(first));
    let bomb = workers.ask(&picture, &sample("bomb.pdf"));
    assert!(bomb.is_err(), "a bomb is no page");
    assert!(workers.resting().is_empty());
    let (_, small) = workers
        .ask(&picture, &page)
        .expect("the next page is drawn");
    let header = turbojpeg::read_header(&small).expect("a JPEG");
    assert_eq!(header.width.max(header.height), 320);
}

#[test]
fn a_worker_that_rested_long_enough_leaves_the_memory() {
    let workers = kept(2, Duration::from_millis(200));
    count(&workers);
    wait_for("it to be ended", 20, || {
        workers.resting().is_empty().then_some(())
    });
    count(&workers);
}

#[test]
fn no_more_work_at_once_than_there_are_places() {
    let workers = kept(1, LONG);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..5 {
                    count(&workers);
                }
            });
        }
    });
    the_one(&workers);
}

/// The upper half of a page's stream, with an end mark where it broke off.
pub(crate) fn half_a_page() -> Vec<u8> {
    let mut bytes = fs::read(project("tests/letters/A001_p1.jpg")).expect("a sample letter");
    bytes.truncate(bytes.len() / 2);
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn of_a_page_that_was_cut_short_what_came_is_shown_and_it_is_never_taken_for_whole() {
    worker::program_is(LAIXIN);
    let half = half_a_page();
    let cut = &half[..half.len() - 2];
    for bytes in [half.as_slice(), cut] {
        assert!(
            worker::picture(bytes, 0, Some(320)).is_err(),
            "not for reading"
        );
        let shown = worker::glimpse(bytes, 320).expect("what came of it");
        let page = ocr::decode_frame(&shown, 0, &ocr::Limits::default()).expect("a whole JPEG");
        assert_eq!(page.width().max(page.height()), 320);
    }
    assert!(worker::glimpse(b"<html>no image</html>", 320).is_err());
    assert!(
        worker::glimpse(&half[..40], 320).is_err(),
        "not even a header"
    );
}
