//! Against SANE's own `test` device, which is always there, and against a program that behaves worse than any backend.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::offers::Resolutions;
use crate::order::{Colour, Manner, Paper, Sides, Tray};
use crate::{Feeding, Order, Progress, Seen, Source};

const BOUND: Duration = Duration::from_secs(60);

fn test_device(options: &[&str]) -> SaneSettings {
    SaneSettings {
        feeder: "Automatic Document Feeder".into(),
        stall: Duration::from_secs(10),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        ..SaneSettings::new("test:0")
    }
}

struct Run {
    ended: Ended,
    names: Vec<String>,
    spool: TempDir,
}

impl Run {
    fn trouble(&self) -> &Trouble {
        match &self.ended.outcome {
            Outcome::Failed(trouble) => trouble,
            other => panic!("it did not fail: {other:?}"),
        }
    }

    fn kept_aside(&self, code: &str) -> usize {
        fs::read_dir(self.spool.path().join("held").join(code)).map_or(0, Iterator::count)
    }
}

fn order() -> Order {
    Order {
        id: "scan-1".into(),
        manner: Manner {
            tray: Tray::Feeder,
            sides: Sides::One,
            colour: Colour::Grey,
            dpi: 50,
            paper: Paper {
                width_mm: 100,
                height_mm: 100,
            },
        },
    }
}

async fn scan(settings: SaneSettings) -> Run {
    let spool = TempDir::new().unwrap();
    let feeding = Feeding::open(spool.path(), &[]).unwrap();
    let mut source = Source::Sane(Sane::new(settings), feeding);
    source.start(order()).unwrap();
    let (mut names, mut ended) = (Vec::new(), None);
    let mut offers = Vec::new();
    loop {
        let seen = tokio::time::timeout(BOUND, source.next()).await;
        match seen.expect("within the bound").unwrap() {
            Seen::Ready(offer) => {
                names.push(offer.found.name.clone());
                offers.push(offer);
            }
            Seen::Scan(Progress::Ended(end)) => ended = Some(end),
            _ => {}
        }
        if let Some(ended) = ended.take_if(|end: &mut Ended| end.images as usize == names.len()) {
            names.sort();
            return Run {
                ended,
                names,
                spool,
            };
        }
    }
}

#[tokio::test]
async fn ten_pages_of_the_test_device() {
    let run = scan(test_device(&["--test-picture=Grid"])).await;
    assert!(
        matches!(run.ended.outcome, Outcome::Done),
        "{:?}",
        run.ended
    );
    assert_eq!((run.ended.images, run.ended.device_images), (10, Some(10)));
    assert_eq!(run.names[0], "scan-1/0001.png");
    assert_eq!(run.names[9], "scan-1/0010.png");
    assert!(!run.spool.path().join("scan-1/.scanimage").exists());
}

#[tokio::test]
async fn every_status_of_sane_is_told_apart() {
    for (status, code) in [
        ("SANE_STATUS_JAMMED", "scanner_jam"),
        ("SANE_STATUS_COVER_OPEN", "scanner_cover_open"),
        ("SANE_STATUS_DEVICE_BUSY", "scanner_busy"),
        ("SANE_STATUS_IO_ERROR", "scanner_no_connection"),
        ("SANE_STATUS_ACCESS_DENIED", "scanner_no_connection"),
        ("SANE_STATUS_INVAL", "scanner_unsupported"),
        ("SANE_STATUS_NO_MEM", "scanner_refused"),
    ] {
        let run = scan(test_device(&[&format!("--read-return-value={status}")])).await;
        assert_eq!(run.trouble().code(), code, "{status}: {:?}", run.ended);
        assert_eq!(run.ended.images, 0, "{status}");
    }
}

/// Ten files of 35 bytes and exit code 0: the device's word is not enough.
#[tokio::test]
async fn pages_without_a_picture_are_a_failure() {
    let run = scan(test_device(&[
        "--format=tiff",
        "--read-return-value=SANE_STATUS_EOF",
    ]))
    .await;
    assert!(
        matches!(
            run.trouble(),
            Trouble::Truncated { .. } | Trouble::CountsDiffer { .. } | Trouble::NotAnImage { .. }
        ),
        "{:?}",
        run.ended
    );
    assert_eq!(run.ended.images, 0);
    assert!(run.names.is_empty());
}

#[tokio::test]
async fn device_that_is_not_there() {
    let run = scan(SaneSettings {
        device: "test:77".into(),
        ..test_device(&[])
    })
    .await;
    assert_eq!(
        run.trouble().code(),
        "scanner_unsupported",
        "{:?}",
        run.ended
    );
}

#[tokio::test]
async fn device_of_another_serial_number() {
    let run = scan(SaneSettings {
        serial: Some("S/N 4711".into()),
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(run.trouble(), Trouble::OtherDevice { .. }),
        "{:?}",
        run.ended
    );
}

#[tokio::test]
async fn program_that_is_not_installed() {
    let run = scan(SaneSettings {
        program: "/nonexistent/scanimage".into(),
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(run.trouble(), Trouble::Program { .. }),
        "{:?}",
        run.ended
    );
}

/// A program in the place of scanimage.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("scanimage");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const TO_FOLDER: &str =
    r#"for a in "$@"; do case "$a" in --batch=*) f="${a#--batch=}"; d="${f%/*}";; esac; done"#;

#[tokio::test]
async fn hanging_backend_is_killed_with_what_it_started() {
    let home = TempDir::new().unwrap();
    let pid = home.path().join("pid");
    let script = format!(
        "{TO_FOLDER}\ntrap '' TERM\nsleep 300 & echo $! > {}\nprintf half > \"$d/p0001.png.part\"\nwait; sleep 300",
        pid.display()
    );
    let began = Instant::now();
    let run = scan(SaneSettings {
        program: program(home.path(), &script),
        stall: Duration::from_secs(1),
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(run.trouble(), Trouble::Stalled { .. }),
        "{:?}",
        run.ended
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(run.kept_aside("truncated"), 1, "the half page is kept");
    let grandchild = fs::read_to_string(pid).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", grandchild.trim()));
    let alive = state.is_ok_and(|stat| !stat.contains(") Z "));
    assert!(!alive, "nothing of its group is left");
}

#[tokio::test]
async fn a_page_that_a_backend_writes_without_end_ends_with_its_own_code() {
    let home = TempDir::new().unwrap();
    let script =
        format!("{TO_FOLDER}\nwhile :; do printf x >> \"$d/p0001.png.part\"; sleep 0.2; done");
    let longest = Duration::from_secs(2);
    let began = Instant::now();
    let run = scan(SaneSettings {
        program: program(home.path(), &script),
        stall: Duration::from_secs(1),
        longest_page: longest,
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(run.trouble(), Trouble::TooSlow { number: 1, .. }),
        "{:?}",
        run.ended
    );
    assert!(began.elapsed() >= longest, "what still came was waited for");
    assert_eq!(run.kept_aside("truncated"), 1, "the part is kept");
}

/// The station is killed: what it started must not go on feeding paper. It ends with the thread that started it, and that with the station.
#[test]
fn scanimage_ends_with_the_station_that_started_it() {
    let home = TempDir::new().unwrap();
    let pid = home.path().join("pid");
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 300",
        pid.display()
    );
    let settings = SaneSettings {
        program: program(home.path(), &script),
        ..test_device(&[])
    };
    let folder = home.path().to_owned();
    let station = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let child =
            runtime.block_on(async { Child::start(&settings, "test:0", &order().manner, &folder) });
        while !pid.exists() {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        // Nothing that runs at the end of a life runs at a kill.
        std::mem::forget((child, runtime));
        fs::read_to_string(pid)
            .unwrap()
            .trim()
            .parse::<i32>()
            .unwrap()
    });
    let pid = station.join().unwrap();
    let is_there = || {
        let state = fs::read_to_string(format!("/proc/{pid}/stat"));
        state.is_ok_and(|stat| !stat.contains(") Z "))
    };
    let end = Instant::now() + Duration::from_secs(10);
    while is_there() && Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let lives_on = is_there();
    if let Some(left) = rustix::process::Pid::from_raw(pid).filter(|_| lives_on) {
        let _ = rustix::process::kill_process(left, rustix::process::Signal::KILL);
    }
    assert!(!lives_on, "it feeds on");
}

/// SANE's own `test` device does this in one scan of five: the reason was said, and then closing the device never ends.
#[tokio::test]
async fn a_backend_that_hangs_after_its_last_word_is_told_by_that_word() {
    let home = TempDir::new().unwrap();
    let script = "trap '' TERM\necho 'Scanned page 1. (scanner status = 6)' >&2\necho 'Batch terminated, 1 page scanned' >&2\nwhile :; do sleep 1; done";
    let began = Instant::now();
    let run = scan(SaneSettings {
        program: program(home.path(), script),
        stall: Duration::from_secs(25),
        ..test_device(&[])
    })
    .await;
    assert_eq!(run.trouble().code(), "scanner_jam", "{:?}", run.ended);
    assert!(began.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn killed_scanimage_leaves_a_part_that_is_no_page() {
    let home = TempDir::new().unwrap();
    let script = format!("{TO_FOLDER}\nprintf half > \"$d/p0001.png.part\"\nkill -9 $$");
    let run = scan(SaneSettings {
        program: program(home.path(), &script),
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(run.trouble(), Trouble::Aborted { .. }),
        "{:?}",
        run.ended
    );
    assert_eq!((run.ended.images, run.kept_aside("truncated")), (0, 1));
}

#[tokio::test]
async fn a_backend_that_claims_pages_it_did_not_write() {
    let home = TempDir::new().unwrap();
    let script = "echo 'Batch terminated, 3 pages scanned' >&2; exit 0";
    let run = scan(SaneSettings {
        program: program(home.path(), script),
        ..test_device(&[])
    })
    .await;
    assert!(
        matches!(
            run.trouble(),
            Trouble::CountsDiffer {
                device: 3,
                received: 0
            }
        ),
        "{:?}",
        run.ended
    );
}

#[tokio::test]
async fn stopped_by_the_operator() {
    let spool = TempDir::new().unwrap();
    let feeding = Feeding::open(spool.path(), &[]).unwrap();
    let slow = test_device(&["--read-delay=yes", "--read-delay-duration=200000"]);
    let mut source = Source::Sane(Sane::new(slow), feeding);
    let mut order = order();
    order.manner.dpi = 600;
    source.start(order).unwrap();
    assert!(source.cancel());
    let ended = async {
        loop {
            if let Some(Seen::Scan(Progress::Ended(ended))) = source.next().await {
                return ended;
            }
        }
    };
    let ended = tokio::time::timeout(BOUND, ended).await.unwrap();
    assert!(matches!(ended.outcome, Outcome::Cancelled), "{ended:?}");
}

#[test]
fn patterns_match_one_device() {
    let listed = ["fujitsu:fi-7160:123", "fujitsu:fi-7160:456", "test:0"];
    let one = |pattern| one_matching(pattern, listed.into_iter());
    assert_eq!(one("*:456").unwrap(), "fujitsu:fi-7160:456");
    assert!(matches!(one("fujitsu:*"), Err(Trouble::OtherDevice { .. })));
    assert!(matches!(one("canon*"), Err(Trouble::NoConnection { .. })));
    assert!(matches("a*c*e", "abcde") && !matches("a*c", "abcd"));
}

#[tokio::test]
async fn what_scanimage_finished_for_a_killed_station_is_taken_in_and_the_rest_is_kept() {
    let spool = TempDir::new().unwrap();
    let private = spool.path().join("scan-7/.scanimage");
    fs::create_dir_all(&private).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ocr/tests/samples/bars.png");
    let page = fs::read(sample).unwrap();
    // Killed between the two renames of an image.
    fs::write(spool.path().join("scan-7/.0002.part"), &page).unwrap();
    fs::write(private.join("p0003.png"), &page).unwrap();
    fs::write(private.join("p0004.png"), &page[..page.len() / 2]).unwrap();
    fs::write(private.join("p0005.png.part"), &page[..9]).unwrap();
    crate::spool::Spool::open(spool.path()).unwrap();
    assert_eq!(
        fs::read(spool.path().join("scan-7/0003.png")).unwrap(),
        page
    );
    for code in ["truncated", "interrupted"] {
        let kept = fs::read_dir(spool.path().join("held").join(code)).unwrap();
        assert_eq!(kept.count(), 1, "{code}");
    }
    // It may still be writing there.
    assert!(private.is_dir());
}

/// 2,000 pages through the driver, some scans killed: `cargo test --release -p scanner -- --ignored sane_campaign --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of some minutes"]
async fn sane_campaign() {
    let (mut images, mut named) = (0, 0);
    for round in 0..220_u32 {
        let options: &[&str] = match round % 10 {
            3 => &["--read-return-value=SANE_STATUS_JAMMED"],
            7 => &["--format=tiff", "--read-return-value=SANE_STATUS_EOF"],
            _ => &["--test-picture=Grid"],
        };
        let run = scan(test_device(options)).await;
        match &run.ended.outcome {
            Outcome::Done => assert_eq!((run.ended.images, run.names.len()), (10, 10)),
            Outcome::Failed(_) => named += 1,
            Outcome::Cancelled => panic!("nobody stopped it"),
        }
        images += run.ended.images;
    }
    println!("sane_campaign: {images} pages, {named} of 220 scans ended with a named trouble");
    assert!(images >= 1700);
}

/// How long after its last byte a wedged backend is told: `cargo test --release -p scanner -- --ignored --nocapture measure_wedged_backend`.
#[tokio::test]
#[ignore = "a measurement of half a minute"]
async fn measure_wedged_backend() {
    let home = TempDir::new().unwrap();
    let script = format!("{TO_FOLDER}\nprintf half > \"$d/p0001.png.part\"\nsleep 300");
    let began = Instant::now();
    let run = scan(SaneSettings {
        program: program(home.path(), &script),
        // As the station's settings have it by default.
        stall: Duration::from_secs(25),
        ..test_device(&[])
    })
    .await;
    let seconds = began.elapsed().as_secs_f64();
    println!("a wedged SANE backend is told {seconds:.1} s after its last byte");
    assert!(matches!(run.trouble(), Trouble::Stalled { .. }));
    assert!(seconds <= 30.0);
}

fn manner(dpi: u32, width_mm: u32) -> Manner {
    Manner {
        dpi,
        paper: Paper {
            width_mm,
            height_mm: 150,
        },
        ..order().manner
    }
}

#[tokio::test]
async fn what_the_device_offers_is_told_and_tried() {
    let glass = |dpi, width_mm| Manner {
        tray: Tray::Glass,
        ..manner(dpi, width_mm)
    };
    let both = Manner {
        sides: Sides::Both,
        ..manner(300, 150)
    };
    let sane = Sane::new(test_device(&[]));
    let wanted = [manner(300, 150), both, glass(2400, 150), glass(300, 210)];
    let fits = sane.fits(&wanted).await.unwrap();
    let told: Vec<Option<String>> = fits
        .iter()
        .map(|fit| fit.lacks.as_ref().map(ToString::to_string))
        .collect();
    assert_eq!(told[0], None);
    assert_eq!(
        told[1].as_deref(),
        Some("source \"ADF Duplex\"; it has Flatbed, Automatic Document Feeder")
    );
    assert!(
        told[2].as_deref().unwrap().contains("it has 1 to 1200 dpi"),
        "{told:?}"
    );
    assert!(
        told[3]
            .as_deref()
            .unwrap()
            .contains("its largest is 200×200 mm"),
        "{told:?}"
    );
    let offer = fits[0].offer.as_ref().unwrap();
    assert_eq!(offer.resolutions, Resolutions::Range(1, 1200));
    assert_eq!(offer.modes, ["Gray", "Color"]);
    assert_eq!(offer.largest(), "200×200");
    let odd = Sane::new(test_device(&["--no-such-option=1"]));
    let fits = odd.fits(&[manner(300, 150)]).await.unwrap();
    let told = fits[0].lacks.as_ref().unwrap().to_string();
    assert!(told.contains("no-such-option"), "{told}");
}

/// scanimage only says that it rounds, and scans the smaller area.
#[tokio::test]
async fn paper_that_the_device_would_cut_is_not_scanned() {
    let spool = TempDir::new().unwrap();
    let feeding = Feeding::open(spool.path(), &[]).unwrap();
    let mut source = Source::Sane(Sane::new(test_device(&["--read-delay=yes"])), feeding);
    source
        .start(Order {
            manner: manner(50, 210),
            ..order()
        })
        .unwrap();
    let ended = loop {
        let seen = tokio::time::timeout(BOUND, source.next()).await;
        if let Seen::Scan(Progress::Ended(ended)) = seen.expect("within the bound").unwrap() {
            break ended;
        }
    };
    let Outcome::Failed(trouble) = &ended.outcome else {
        panic!("it did not fail: {ended:?}");
    };
    assert_eq!(trouble.code(), "scanner_paper");
    assert!(trouble.to_string().contains("210×150"), "{trouble}");
}

/// The test device's glass is read again and again as long as pages are asked for.
#[tokio::test]
async fn a_device_that_never_stops_ends_at_the_limit_and_all_that_came_is_kept() {
    let settings = SaneSettings {
        feeder: "Flatbed".into(),
        most_images: 5,
        ..test_device(&[])
    };
    let began = Instant::now();
    let run = scan(settings).await;
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it is faster than the disk"
    );
    assert!(
        matches!(run.trouble(), Trouble::TooMany { most: 5 }),
        "{:?}",
        run.ended
    );
    assert!(run.ended.images > 5, "{:?}", run.ended);
    assert_eq!(run.names.len(), run.ended.images as usize);
    if let Some(counted) = run.ended.device_images {
        assert_eq!(counted, run.ended.images, "every whole image was taken in");
    }
}
