//! The hand-over while everything dies: the case system in `tests/case_system` and the real station, both killed again and again while letters
//! arrive; the case system's own ledger says what became of each.
//!
//! `LAIXIN_DRAFTS`, `LAIXIN_KILLS` (of each side) and `LAIXIN_SEED` make it longer; a run of a seed draws the same letters, victims and
//! pauses again. `make campaign-handover` does 5,000 drafts and 200 + 200 kills.

pub(crate) mod letters;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use laixin::config::Settings;
use laixin::evidence::Evidence;
use laixin::store::Db;

use self::letters::{Dice, arrive};
use crate::support::{Process, TestStation, bounded, project, wait_for};

/// Longest pause between two kills, ms.
const PAUSE_MS: u64 = 1_800;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}

/// How drafts go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Two workers claim and acknowledge; they share a ledger.
    Pull,
    /// One carrier takes packages and lays receipts down.
    Exchange,
}

impl Way {
    fn workers(self) -> usize {
        match self {
            Self::Pull => 2,
            Self::Exchange => 1,
        }
    }
}

/// Who is killed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Station,
    Worker(usize),
}

/// The outside: its workers are processes, its ledger is a file.
struct CaseSystem {
    way: Way,
    url: String,
    home: PathBuf,
    workers: Vec<Option<Process>>,
    starts: u64,
}

impl CaseSystem {
    fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    fn command(&mut self, worker: &str) -> Command {
        self.starts += 1;
        let mut command = bounded("python3");
        match self.way {
            Way::Pull => command
                .arg(project("tests/case_system/client.py"))
                .args(["--url", &self.url, "--worker", worker])
                .arg("--token-file")
                .arg(self.file("token")),
            Way::Exchange => command
                .arg(project("tests/case_system/exchange.py"))
                .arg("--folder")
                .arg(self.file("exchange")),
        };
        command
            .args(["--seed", &self.starts.to_string()])
            .arg("--ledger")
            .arg(self.file("cases.db"));
        command
    }

    fn start(&mut self, worker: usize) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file("cases.log"));
        let way = self.way;
        let mut command = self.command(&format!("worker-{worker}"));
        command.arg("--forever");
        if way == Way::Pull {
            command.args(["--limit", "8", "--lease", "5", "--nacks", "0.03"]);
        }
        command
            .stdout(Stdio::null())
            .stderr(log.expect("a log file"));
        let child = command.spawn().expect("python3 starts");
        self.workers[worker] = Some(Process(child));
    }

    /// kill -9.
    fn kill(&mut self, worker: usize) {
        self.workers[worker] = None;
    }

    fn rows(&self, sql: &str) -> Vec<(String, String)> {
        let ledger = rusqlite::Connection::open(self.file("cases.db")).expect("the ledger");
        ledger.busy_timeout(Duration::from_secs(10)).unwrap();
        let mut query = ledger.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn registered(&self) -> u64 {
        let rows = self.rows("SELECT '', cast(count(DISTINCT letter) AS TEXT) FROM registrations");
        rows[0].1.parse().expect("a count")
    }
}

/// A test that fails ends what feeds it.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Letters arrive for as long as the campaign lets them: `allowed` of them by now.
fn feed(
    settings: &Settings,
    (seed, drafts): (u64, u64),
    (allowed, come): (&AtomicU64, &AtomicU64),
    (given_up, turn): (&AtomicBool, &Mutex<()>),
) -> BTreeMap<String, String> {
    let evidence = Evidence::open(&settings.evidence_dir()).expect("the evidence store");
    let office = laixin::read::office(settings).expect("roster and deadlines");
    let mut db = Db::open(&settings.database()).expect("the database");
    let mut dice = Dice(seed);
    let (mut fed, mut replayed) = (BTreeMap::new(), None);
    while (fed.len() as u64) < drafts && !given_up.load(Ordering::Relaxed) {
        if fed.len() as u64 >= allowed.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(10));
            continue;
        }
        let name = format!("H{:05}", fed.len() + 1);
        // SQLite's lock is not fair: whoever writes beside a station that starts may keep it out of its own database.
        let beside = turn.lock().expect("whoever starts the station");
        let sha256 = arrive(
            &mut db,
            (&evidence, &office, &mut replayed),
            &mut dice,
            &name,
        );
        drop(beside);
        fed.insert(name, sha256);
        come.store(fed.len() as u64, Ordering::Relaxed);
        // Nor while it runs.
        std::thread::park_timeout(Duration::from_millis(20));
    }
    fed
}

/// Who dies in which order, drawn.
fn victims(dice: &mut Dice, kills: u64, workers: usize) -> Vec<Victim> {
    let station = (0..kills).map(|_| Victim::Station);
    let workers = (0..kills).map(|n| Victim::Worker(n as usize % workers));
    let mut all: Vec<Victim> = station.chain(workers).collect();
    for at in (1..all.len()).rev() {
        all.swap(at, dice.below(at as u64 + 1) as usize);
    }
    all
}

#[test]
fn killed_on_both_sides_every_draft_is_registered_exactly_once() {
    run(
        Way::Pull,
        number("LAIXIN_DRAFTS", 100),
        number("LAIXIN_KILLS", 8),
    );
}

#[test]
fn killed_on_both_sides_every_package_is_registered_exactly_once() {
    run(
        Way::Exchange,
        number("LAIXIN_PACKAGES", 40),
        number("LAIXIN_PACKAGE_KILLS", 6),
    );
}

/// A station for this campaign, running, with an open batch.
fn station(way: Way, drafts: u64) -> TestStation {
    let mut station = TestStation::with_settings(|text| {
        // Nothing is read here: the engine that opens quickest, and no letter is drafted again.
        let text = text
            .replace("[reading]\n", "[reading]\nengine = \"tesseract\"\n")
            .replace("letter_quiet_s = 1\n", "letter_quiet_s = 3600\n");
        match way {
            Way::Pull => text,
            Way::Exchange => {
                text + "[[exchange]]\nid = \"gate-1\"\nfolder = \"exchange\"\nmapping = \"mapping.toml\"\nquiet_ms = 0\npdf = false\n"
            }
        }
    });
    let mapping = "[system]\nname = \"x\"\ninvented = true\nformat = \"json\"\n\
        [[field]]\nname = \"number\"\nfrom = \"letter\"\n[[field]]\nname = \"sender\"\nfrom = \"sender_name\"\n";
    std::fs::write(station.folder("mapping.toml"), mapping).expect("the mapping is written");
    station.start();
    station.sign_in();
    station.open_batch(u32::try_from(drafts).expect("fewer"));
    let token = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    std::fs::write(station.folder("token"), token).expect("the token is written");
    station
}

fn run(way: Way, drafts: u64, kills: u64) {
    let seed = number("LAIXIN_SEED", 20_261_127);
    println!("{way:?}: {drafts} drafts, {kills} + {kills} kills, LAIXIN_SEED={seed}");
    let mut station = station(way, drafts);
    let mut cases = CaseSystem {
        way,
        url: format!("http://{}", station.address),
        home: station.folder(""),
        workers: (0..way.workers()).map(|_| None).collect(),
        starts: seed,
    };
    (0..way.workers()).for_each(|worker| cases.start(worker));
    let (allowed, come) = (AtomicU64::new(0), AtomicU64::new(0));
    let (given_up, turn) = (AtomicBool::new(false), Mutex::new(()));
    let mut dice = Dice(seed ^ 0x5EED);
    let order = victims(&mut dice, kills, way.workers());
    let began = Instant::now();
    let settings = Settings::load(&station.folder("station.toml")).expect("the settings");
    let fed = std::thread::scope(|scope| {
        let feeding = scope.spawn(|| {
            feed(
                &settings,
                (seed, drafts),
                (&allowed, &come),
                (&given_up, &turn),
            )
        });
        let all = order.len() as u64;
        let _ends = Ends(&given_up);
        for (at, victim) in (1_u64..).zip(order) {
            // A share arrives with each kill: letters are on their way in whenever something dies.
            allowed.store(drafts * at / all, Ordering::Relaxed);
            // On a slow machine the kills wait for the letters, so that there is something to lose at each.
            let share = drafts * (at - 1) / all;
            wait_for("letters to come in", 120, || {
                (come.load(Ordering::Relaxed) >= share).then_some(())
            });
            // The moment of the kill is the point of this test, so it is a time and not a condition.
            std::thread::park_timeout(Duration::from_millis(dice.below(PAUSE_MS)));
            match victim {
                Victim::Station => {
                    station.kill();
                    std::thread::park_timeout(Duration::from_millis(dice.below(200)));
                    let _alone = turn.lock().expect("the feeder");
                    station.start();
                }
                Victim::Worker(worker) => {
                    cases.kill(worker);
                    cases.start(worker);
                }
            }
            if at % 20 == 0 {
                let (s, n) = (began.elapsed().as_secs(), cases.registered());
                println!("{at}/{all} kills after {s} s, {n} registered");
            }
        }
        feeding.join().expect("the feeder ends")
    });
    let during = cases.registered();
    println!("{during} registered while things died");
    assert_eq!(fed.len() as u64, drafts);
    assert!(
        during * 4 >= drafts,
        "only {during} of {drafts} were handed over while things died: this proves little"
    );
    wait_for("every draft to be registered", 60 + drafts, || {
        (cases.registered() >= drafts).then_some(())
    });
    (0..way.workers()).for_each(|worker| cases.kill(worker));
    judge(&station, &mut cases, &fed);
    println!("all of it took {} s", began.elapsed().as_secs());
}

/// By the case system's ledger, by what arrived, and by the station.
fn judge(station: &TestStation, cases: &mut CaseSystem, fed: &BTreeMap<String, String>) {
    let mut last = cases.command("last");
    if cases.way == Way::Pull {
        last.args(["--expect", &fed.len().to_string(), "--timeout", "120"]);
    }
    let last = last.output().expect("python3 starts");
    println!("{}", String::from_utf8_lossy(&last.stdout));
    let told = String::from_utf8_lossy(&last.stderr);
    assert!(last.status.success(), "{told}");
    let log = std::fs::read_to_string(cases.file("cases.log")).unwrap_or_default();
    assert_eq!(log, "", "the case system met an answer it does not know");

    // Neither lost nor twice nor mixed up: one row a letter, with the page that arrived as that letter's.
    let rows = cases.rows("SELECT letter, pages FROM registrations");
    assert_eq!(rows.len(), fed.len(), "registrations and letters");
    let registered: BTreeMap<String, String> = rows.into_iter().collect();
    if cases.way == Way::Pull {
        assert_eq!(&registered, fed);
    } else {
        assert!(registered.keys().eq(fed.keys()));
    }

    let settings = Settings::load(&station.folder("station.toml")).expect("the settings");
    let own = rusqlite::Connection::open(settings.database()).expect("the database");
    let count = |sql: &str| {
        let count: i64 = own.query_row(sql, [], |row| row.get(0)).expect("a count");
        usize::try_from(count).expect("no count is below nothing")
    };
    let all_acked = "SELECT count(*) FROM drafts WHERE state = 'acked'";
    wait_for("the last receipts", 60, || {
        (count(all_acked) == fed.len()).then_some(())
    });
    assert_eq!(count("SELECT count(*) FROM letters"), fed.len());
    let registered = "SELECT count(*) FROM letters WHERE stage = 'registered'";
    assert_eq!(count(registered), fed.len());
    let acked = "SELECT count(*) FROM ledger WHERE action = 'draft.acked'";
    assert_eq!(count(acked), fed.len(), "one acknowledgement a draft");
    // The same number on both sides.
    let theirs = cases.rows("SELECT letter, printf('CS-%06d', min(number)) FROM registrations GROUP BY letter ORDER BY letter");
    let mut query = own
        .prepare("SELECT letter_id, case_number FROM drafts ORDER BY letter_id")
        .unwrap();
    let ours = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let ours: Vec<(String, String)> = ours.unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(ours, theirs);
    station.command(&["verify"], None);
}
