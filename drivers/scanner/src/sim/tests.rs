//! The client against the simulated device: one function per fault. Whatever the device does, an image that is offered is the one it sent, and what is
//! missing is said.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Fault, SimSettings, Simulator};
use crate::escl::EsclSettings;
use crate::order::{Colour, Manner, Paper, Sides, Tray};
use crate::{Ended, Escl, Feeding, Order, Outcome, Progress, Seen, Source, Trouble};

const BOUND: Duration = Duration::from_secs(60);

pub(super) struct Bench {
    pub(super) device: Simulator,
    pub(super) source: Source,
    spool: TempDir,
    orders: u32,
    /// Contents of the images offered, by name.
    offered: Vec<(String, Vec<u8>)>,
}

pub(crate) fn manner(sides: Sides) -> Manner {
    Manner {
        tray: Tray::Feeder,
        sides,
        colour: Colour::Grey,
        dpi: 300,
        paper: Paper {
            width_mm: 210,
            height_mm: 297,
        },
    }
}

/// The smallest structurally whole JPEG, made another one by `seed`.
fn side(seed: u8, bytes: usize) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xda, 0, 4, 1, 2, 7, seed & 0x7f];
    jpeg.extend((0..bytes).map(|at| (at % 120) as u8));
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

pub(super) fn sides(count: u8) -> Vec<Vec<u8>> {
    (1..=count).map(|seed| side(seed, 5000)).collect()
}

impl Bench {
    async fn new(faults: &[Fault]) -> Self {
        Self::with(faults, |settings| settings).await
    }

    pub(super) async fn with(
        faults: &[Fault],
        change: impl FnOnce(EsclSettings) -> EsclSettings,
    ) -> Self {
        let settings = SimSettings {
            faults: faults.to_vec(),
            ..SimSettings::default()
        };
        let device = Simulator::listen(([127, 0, 0, 1], 0).into(), settings)
            .await
            .unwrap();
        let spool = TempDir::new().unwrap();
        let escl = Escl::new(change(EsclSettings {
            serial: Some("SIM-0001".into()),
            stall: Duration::from_secs(2),
            busy: Duration::from_secs(3),
            ..EsclSettings::new(device.url())
        }));
        let feeding = Feeding::open(spool.path(), &[]).unwrap();
        Self {
            device,
            source: Source::Escl(escl, feeding),
            spool,
            orders: 0,
            offered: Vec::new(),
        }
    }

    fn start(&mut self, sides: Sides) {
        self.orders += 1;
        let order = Order {
            id: format!("scan-{}", self.orders),
            manner: manner(sides),
        };
        self.source.start(order).unwrap();
    }

    /// Runs until the scan is over and all its images were offered.
    pub(super) async fn end(&mut self) -> Ended {
        let mut ended: Option<Ended> = None;
        loop {
            let seen = tokio::time::timeout(BOUND, self.source.next()).await;
            match seen.expect("within the bound").unwrap() {
                Seen::Scan(Progress::Ended(end)) => ended = Some(end),
                Seen::Ready(offer) => {
                    let bytes = fs::read(&offer.found.path).unwrap();
                    let claimed = crate::claim::claim(
                        &offer.found,
                        self.spool.path(),
                        &format!("a{}", self.offered.len()),
                    );
                    claimed.unwrap();
                    self.offered.push((offer.found.name.clone(), bytes));
                }
                _ => {}
            }
            if let Some(end) = ended.take_if(|end| end.images as usize == self.offered.len()) {
                return end;
            }
        }
    }

    pub(super) async fn scan(&mut self, sides: Sides) -> Ended {
        self.start(sides);
        self.end().await
    }

    fn kept_aside(&self, code: &str) -> usize {
        fs::read_dir(self.spool.path().join("held").join(code)).map_or(0, Iterator::count)
    }
}

pub(super) fn failed(ended: &Ended) -> &Trouble {
    match &ended.outcome {
        Outcome::Failed(trouble) => trouble,
        other => panic!("it did not fail: {other:?}"),
    }
}

#[track_caller]
fn whole(bench: &Bench, ended: &Ended, sides: &[Vec<u8>]) {
    assert!(matches!(ended.outcome, Outcome::Done), "{ended:?}");
    assert_eq!(ended.images as usize, sides.len());
    kept(bench, sides);
}

/// What was offered are these sides, byte for byte, in their order.
#[track_caller]
pub(super) fn kept(bench: &Bench, sides: &[Vec<u8>]) {
    let mut offered = bench.offered.clone();
    offered.sort();
    for (at, (name, bytes)) in offered.iter().enumerate() {
        assert_eq!(*name, format!("scan-1/{:04}.jpg", at + 1));
        assert_eq!(bytes, &sides[at], "{name} is what the device sent");
    }
    assert_eq!(offered.len(), sides.len());
}

#[tokio::test]
async fn every_image_is_kept_as_it_was_sent() {
    let mut bench = Bench::new(&[]).await;
    bench.device.put_in(sides(8));
    let ended = bench.scan(Sides::Both).await;
    whole(&bench, &ended, &sides(8));
    assert_eq!(ended.device_images, Some(8));
}

#[tokio::test]
async fn jam_with_an_empty_200() {
    let mut bench = Bench::new(&[Fault::Jam(3)]).await;
    bench.device.put_in(sides(6));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Jam { after: 3 }),
        "{ended:?}"
    );
    kept(&bench, &sides(3));
    // The paper is taken out and put in again: the next scan does not begin while it is stuck, and goes on after.
    bench.device.set_faults(Vec::new());
    bench.device.put_in(Vec::new());
    bench.offered.clear();
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(ended.outcome, Outcome::Done) && ended.images == 3,
        "{ended:?}"
    );
}

#[tokio::test]
async fn double_feed() {
    let mut bench = Bench::new(&[Fault::DoubleFeed(2)]).await;
    bench.device.put_in(sides(6));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::DoubleFeed { after: 2 }),
        "{ended:?}"
    );
    kept(&bench, &sides(2));
}

#[tokio::test]
async fn early_404_is_not_the_end() {
    let mut bench = Bench::new(&[Fault::EarlyNotFound(3)]).await;
    bench.device.put_in(sides(4));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(4));
}

#[tokio::test]
async fn end_told_with_409() {
    let mut bench = Bench::new(&[Fault::ConflictAtEnd]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(3));
}

#[tokio::test]
async fn relative_location() {
    let mut bench = Bench::new(&[Fault::RelativeLocation]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(2));
}

#[tokio::test]
async fn a_location_elsewhere_is_not_followed_there() {
    let mut bench = Bench::new(&[Fault::ForeignLocation]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(2));
}

#[tokio::test]
async fn truncated_chunked_body() {
    let mut bench = Bench::new(&[Fault::TruncatedChunks(3)]).await;
    bench.device.put_in(sides(5));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Truncated { number: 3, .. }),
        "{ended:?}"
    );
    kept(&bench, &sides(2));
    assert_eq!(bench.kept_aside("truncated"), 1, "what came is kept");
    assert_eq!(bench.device.deleted(), 1, "the device is told");
    assert_eq!(
        ended.device_images,
        Some(3),
        "a person is told how many went through"
    );
}

#[tokio::test]
async fn body_shorter_than_its_length() {
    let mut bench = Bench::new(&[Fault::TruncatedLength(1)]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Truncated { number: 1, .. }),
        "{ended:?}"
    );
    kept(&bench, &[]);
}

#[tokio::test]
async fn half_an_image_that_looks_right_on_the_wire() {
    let mut bench = Bench::new(&[Fault::HalfImage(2)]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Truncated { number: 2, .. }),
        "{ended:?}"
    );
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("truncated"), 1);
}

#[tokio::test]
async fn device_dies_in_the_middle_of_a_page() {
    let mut bench = Bench::new(&[Fault::DiesMidPage(2)]).await;
    bench.device.put_in(sides(4));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Truncated { number: 2, .. }),
        "{ended:?}"
    );
    kept(&bench, &sides(1));
}

#[tokio::test]
async fn busy_for_a_while() {
    let mut bench = Bench::new(&[Fault::Busy(2)]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(2));
}

#[tokio::test]
async fn busy_for_good() {
    let mut bench = Bench::new(&[Fault::Busy(1000)]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    assert!(matches!(failed(&ended), Trouble::Busy), "{ended:?}");
}

#[tokio::test]
async fn a_web_page_instead_of_an_image() {
    let mut bench = Bench::new(&[Fault::Html(2)]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::NotAnImage { number: 2, .. }),
        "{ended:?}"
    );
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("not_an_image"), 1);
}

#[tokio::test]
async fn slow_loris_is_noticed_by_the_watchdog() {
    let mut bench = Bench::new(&[Fault::SlowLoris(2)]).await;
    bench.device.put_in(sides(3));
    let began = Instant::now();
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Stalled { after: 1, .. }),
        "{ended:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "2 s and a little after the last byte"
    );
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("stalled"), 1);
}

#[tokio::test]
async fn never_ready_is_noticed_by_the_watchdog() {
    let mut bench = Bench::new(&[Fault::NeverReady]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::Stalled { after: 0, .. }),
        "{ended:?}"
    );
    assert_eq!(bench.device.left(), 3);
}

#[tokio::test]
async fn another_device_is_refused() {
    let mut bench = Bench::new(&[Fault::WrongSerial]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    match failed(&ended) {
        Trouble::OtherDevice { wanted, found } => {
            assert_eq!((wanted.as_str(), found.as_str()), ("SIM-0001", "OTHER-9"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.device.left(), 2, "nothing was fed");
}

#[tokio::test]
async fn a_page_that_the_device_counted_and_never_sent() {
    let mut bench = Bench::new(&[Fault::CountsOneMore]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(
            failed(&ended),
            Trouble::CountsDiffer {
                device: 4,
                received: 3
            }
        ),
        "{ended:?}"
    );
    kept(&bench, &sides(3));
}

#[tokio::test]
async fn a_device_that_tells_nothing_of_jobs() {
    let mut bench = Bench::new(&[Fault::ForgetsJobs]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(3));
    assert_eq!(ended.device_images, None);
}

#[tokio::test]
async fn empty_feeder() {
    let mut bench = Bench::new(&[]).await;
    let ended = bench.scan(Sides::One).await;
    assert!(matches!(failed(&ended), Trouble::FeederEmpty), "{ended:?}");
}

#[tokio::test]
async fn what_the_device_has_not_is_not_asked_for() {
    let mut bench = Bench::new(&[]).await;
    bench.device.put_in(sides(2));
    let mut order = Order {
        id: "scan-1".into(),
        manner: manner(Sides::One),
    };
    order.manner.dpi = 1200;
    bench.source.start(order).unwrap();
    let ended = bench.end().await;
    assert!(
        matches!(failed(&ended), Trouble::Unsupported { .. }),
        "{ended:?}"
    );
    assert_eq!(bench.device.left(), 2);
}

#[tokio::test]
async fn nobody_there() {
    let mut bench = Bench::with(&[], |settings| EsclSettings {
        url: "http://127.0.0.1:9/eSCL".into(),
        ..settings
    })
    .await;
    let ended = bench.scan(Sides::One).await;
    assert!(
        matches!(failed(&ended), Trouble::NoConnection { .. }),
        "{ended:?}"
    );
}

/// A byte a second is headway to the watchdog: the operator's word has to end it.
#[tokio::test]
async fn a_page_that_drips_ends_when_the_operator_stops_it() {
    let mut bench = Bench::new(&[Fault::Drips(2)]).await;
    bench.device.put_in(sides(3));
    bench.start(Sides::One);
    let part = bench.spool.path().join("scan-1/.0002.part");
    let dripping = async {
        while !fs::metadata(&part).is_ok_and(|part| part.len() > 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, dripping).await.unwrap();
    let asked = Instant::now();
    assert!(bench.source.cancel());
    let ended = tokio::time::timeout(Duration::from_secs(5), bench.end()).await;
    let ended = ended.expect("a few seconds after the word");
    assert!(asked.elapsed() < Duration::from_secs(3));
    assert!(matches!(ended.outcome, Outcome::Cancelled), "{ended:?}");
    assert_eq!(bench.device.deleted(), 1, "the device is told");
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("cancelled"), 1, "the part is no page");
    bench.device.set_faults(Vec::new());
    bench.offered.clear();
    let ended = bench.scan(Sides::One).await;
    assert!(matches!(ended.outcome, Outcome::Done), "the next scan goes");
}

#[tokio::test]
async fn a_page_that_drips_shows_that_the_scanner_is_wedged() {
    let mut bench = Bench::new(&[Fault::Drips(2)]).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    let trouble = failed(&ended);
    assert!(
        matches!(trouble, Trouble::Stalled { after: 1, .. }),
        "{ended:?}"
    );
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("stalled"), 1);
}

#[tokio::test]
async fn a_page_that_takes_too_long_ends_with_its_own_code() {
    let longest = Duration::from_secs(3);
    let mut bench = Bench::with(&[Fault::Drips(2)], |settings| EsclSettings {
        longest_page: longest,
        stall: BOUND,
        ..settings
    })
    .await;
    bench.device.put_in(sides(3));
    let began = Instant::now();
    let ended = bench.scan(Sides::One).await;
    let trouble = failed(&ended);
    assert!(
        matches!(trouble, Trouble::TooSlow { number: 2, .. }),
        "{ended:?}"
    );
    assert_eq!(trouble.code(), "scanner_too_slow");
    assert!(began.elapsed() >= longest, "what still came was waited for");
    kept(&bench, &sides(1));
    assert_eq!(bench.kept_aside("too_slow"), 1);
    assert_eq!(bench.device.deleted(), 1);
}

#[tokio::test]
async fn stopped_by_the_operator() {
    let mut bench = Bench::new(&[Fault::SlowLoris(3)]).await;
    bench.device.put_in(sides(5));
    bench.start(Sides::One);
    loop {
        let seen = tokio::time::timeout(BOUND, bench.source.next()).await;
        if let Some(Seen::Scan(Progress::Image { number: 2, .. })) = seen.unwrap() {
            break;
        }
    }
    assert!(
        bench
            .source
            .start(Order {
                id: "scan-2".into(),
                manner: manner(Sides::One)
            })
            .is_err(),
        "one at a time"
    );
    assert!(bench.source.cancel());
    let seen = async {
        loop {
            if let Some(Seen::Scan(Progress::Ended(ended))) = bench.source.next().await {
                return ended;
            }
        }
    };
    let ended = tokio::time::timeout(BOUND, seen).await.unwrap();
    assert!(matches!(ended.outcome, Outcome::Cancelled), "{ended:?}");
    assert_eq!(ended.images, 2);
    assert_eq!(bench.device.deleted(), 1);
    assert_eq!(bench.source.running(), None);
}

/// The device went on scanning for a station that was no more.
#[tokio::test]
async fn the_job_of_a_killed_run_is_ended_at_the_next_start() {
    let patient = |settings| EsclSettings {
        stall: BOUND,
        ..settings
    };
    let mut bench = Bench::with(&[Fault::NeverReady], patient).await;
    bench.device.put_in(sides(3));
    bench.start(Sides::One);
    let job = bench.spool.path().join(".job");
    let noted = async {
        while !fs::read_to_string(&job).is_ok_and(|job| !job.is_empty()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, noted).await.unwrap();
    // The run that would have ended it is gone: another one opens its spool.
    let feeding = Feeding::open(bench.spool.path(), &[]).unwrap();
    let escl = Escl::new(EsclSettings {
        serial: Some("SIM-0001".into()),
        ..EsclSettings::new(bench.device.url())
    });
    let mut next = Source::Escl(escl, feeding);
    next.end_left_job();
    let ended = async {
        while job.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, ended).await.unwrap();
    assert_eq!(bench.device.deleted(), 1);
}

#[tokio::test]
async fn a_scan_that_is_over_leaves_no_job_to_be_ended() {
    let mut bench = Bench::new(&[]).await;
    bench.device.put_in(sides(2));
    let ended = bench.scan(Sides::One).await;
    whole(&bench, &ended, &sides(2));
    assert!(!bench.spool.path().join(".job").exists());
    assert_eq!(bench.device.deleted(), 0);
}

#[tokio::test]
async fn parts_of_a_killed_run_are_kept_aside() {
    let spool = TempDir::new().unwrap();
    let folder = spool.path().join("scan-7");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("0001.jpg"), side(1, 10)).unwrap();
    fs::write(folder.join(".0002.part"), b"half").unwrap();
    let feeding = Feeding::open(spool.path(), &[]).unwrap();
    let mut source = Source::Escl(
        Escl::new(EsclSettings::new("http://127.0.0.1:9/eSCL")),
        feeding,
    );
    let name = async {
        loop {
            if let Some(Seen::Ready(offer)) = source.next().await {
                return offer.found.name.clone();
            }
        }
    };
    assert_eq!(
        tokio::time::timeout(BOUND, name).await.unwrap(),
        "scan-7/0001.jpg"
    );
    assert!(!folder.join(".0002.part").exists());
    let aside = spool.path().join("held/interrupted");
    assert_eq!(fs::read_dir(&aside).unwrap().count(), 1);
    assert!(Path::new(&aside).is_dir());
}

/// 2,000 pages through the driver with every fault there is: `cargo test --release -p scanner -- --ignored escl_campaign --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of some minutes"]
async fn escl_campaign() {
    let faults = |round: u32| match round % 12 {
        0 => vec![Fault::Jam(7)],
        1 => vec![Fault::EarlyNotFound(2), Fault::RelativeLocation],
        2 => vec![Fault::TruncatedChunks(11)],
        3 => vec![Fault::ConflictAtEnd],
        4 => vec![Fault::Html(5)],
        5 => vec![Fault::DoubleFeed(9)],
        6 => vec![Fault::HalfImage(13)],
        7 => vec![Fault::TruncatedLength(3)],
        8 => vec![Fault::CountsOneMore],
        _ => Vec::new(),
    };
    let (mut offered, mut sent, mut named) = (0, 0, 0);
    for round in 0..120_u32 {
        let mut bench = Bench::new(&faults(round)).await;
        let put_in: Vec<_> = (0..20).map(|at| side(at, 2000 + round as usize)).collect();
        bench.device.put_in(put_in.clone());
        let ended = bench.scan(Sides::One).await;
        kept(&bench, &put_in[..ended.images as usize]);
        let complete = ended.images as usize + bench.device.left() == 20;
        let told = matches!(ended.outcome, Outcome::Failed(_));
        assert!(
            complete || told,
            "a sheet that went through and is not here is always told: {ended:?}"
        );
        offered += ended.images;
        sent += 20 - bench.device.left();
        named += u32::from(told);
    }
    println!(
        "escl_campaign: {sent} sheets fed, {offered} images kept byte for byte, {named} of 120 scans ended with a named trouble, 0 silent losses"
    );
    assert!(offered >= 1500);
}
