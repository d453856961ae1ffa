//! Foreign bytes through every door that opens them (`fuzz/src/lib.rs`): the files of each corpus as they are, and some thousand injuries of them, the
//! same ones each time. `make fuzz` looks further and longer; what it found lies in the corpora under the fault's name.
//!
//! `LAIXIN_SEEDS=1` writes the seeds of the corpora out of the project's samples, settings and description.

#[path = "../fuzz/src/lib.rs"]
mod doors;
mod seeds;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use crate::handover_campaign::letters::Dice;
use crate::support::{LAIXIN, project};

/// Injuries of a whole corpus.
const INJURIES: u64 = 1_500;
/// Of a processor's time, unoptimised.
const LONGEST: Duration = Duration::from_secs(10);

/// The time that a processor has worked for this thread: others may be in its way.
fn worked() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(at).unwrap()
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = project("fuzz/corpus").join(name);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = files.into_iter().map(|file| {
        let bytes = fs::read(&file).unwrap();
        (file, bytes)
    });
    read.collect()
}

/// One to four injuries: cut, changed, taken out, doubled, filled with extremes, or crossed with another.
fn injured(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        if bytes.len() < 4 {
            break;
        }
        let at = dice.below(bytes.len() as u64) as usize;
        let end = (at + 1 + dice.below(16) as usize).min(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => bytes[at..end].fill([0x00, 0xFF, 0x7F, b'9'][dice.below(4) as usize]),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let from = dice.below(other.len().max(1) as u64) as usize;
                let piece = other[from..(from + end - at).min(other.len())].to_vec();
                bytes.splice(at..end, piece);
            }
            _ => bytes[at] = dice.below(256) as u8,
        }
    }
    bytes
}

fn tried(name: &str, bytes: &[u8], what: &str) {
    let began = worked();
    let quiet = catch_unwind(AssertUnwindSafe(|| doors::through(name, bytes)));
    if quiet.is_err() {
        let kept = std::env::temp_dir().join(format!("laixin-foreign-{name}"));
        fs::write(&kept, bytes).unwrap();
        panic!(
            "{name}: {what}: not quiet, the bytes are in {}",
            kept.display()
        );
    }
    let took = worked() - began;
    assert!(took < LONGEST, "{name}: {what}: {took:?}");
}

fn end_quietly(name: &str) {
    laixin::worker::program_is(LAIXIN);
    let files = corpus(name);
    assert!(!files.is_empty());
    for (file, bytes) in &files {
        tried(name, bytes, &file.display().to_string());
    }
    let mut dice = Dice(20_261_130);
    for number in 0..INJURIES {
        let [one, other] = [(); 2].map(|()| &files[dice.below(files.len() as u64) as usize]);
        let bytes = injured(&one.1, &other.1, &mut dice);
        tried(
            name,
            &bytes,
            &format!("injury {number} of {}", one.0.display()),
        );
    }
}

#[test]
fn every_door_has_its_corpus_and_every_corpus_its_door() {
    let mut folders: Vec<String> = fs::read_dir(project("fuzz/corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, doors::DOORS.map(|(name, _)| name));
    let bytes: usize = folders
        .iter()
        .flat_map(|name| corpus(name))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(bytes < 2 << 20, "{bytes} bytes");
}

macro_rules! doors_end_quietly {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            end_quietly(stringify!($name));
        }
    )*};
}
doors_end_quietly!(api codes escl exchange image index inside_pdf modbus pdf settings whole);
