//! Three stations, three brokers, two processes of the office, two workers of the reference case system: all of them killed and cut off at random
//! while letters arrive, one station cut off for most of it; the case system's own ledger says what became of each letter.
//!
//! `LAIXIN_OFFICE_DRAFTS`, `LAIXIN_OFFICE_KILLS` and `LAIXIN_SEED` make it longer. `make campaign-office` does 20,000 drafts. The brokers live in
//! network namespaces of their own where the system lets us make them (root); elsewhere what is cut off is a process that is stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use laixin::config::Settings;
use laixin::evidence::Evidence;
use laixin::store::Db;

use super::brokers::{Brokers, Node, Office, ask, station, tool};
use crate::handover_campaign::letters::{Dice, arrive};
use crate::support::{Process, TestStation, bounded, project, wait_for};

const NAMES: [&str; 3] = ["desk-a", "desk-b", "desk-c"];
/// The network that each of the others sees the brokers through: three stations, two processes of the office.
const OTHERS: usize = 5;
/// Longest pause between two blows, ms.
const PAUSE_MS: u64 = 1_500;
const INSIDE: &str = "LAIXIN_OFFICE_INSIDE";

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}

/// Namespaces of this test, gone with it.
struct Net(String);

impl Net {
    fn of_broker(&self, n: usize) -> String {
        format!("{}-b{n}", self.0)
    }

    /// A namespace with a bridge, and one for each broker behind it. `None` where the system does not let us.
    fn new() -> Option<Self> {
        let net = Self(format!("lx{}", std::process::id()));
        let hub = net.0.as_str();
        let made = Command::new("ip").args(["netns", "add", hub]).output();
        if !made.is_ok_and(|done| done.status.success()) {
            return None;
        }
        tool("ip", &["-n", hub, "link", "set", "lo", "up"]);
        tool("ip", &["-n", hub, "link", "add", "br0", "type", "bridge"]);
        tool("ip", &["-n", hub, "link", "set", "br0", "up"]);
        for p in 0..=OTHERS {
            tool(
                "ip",
                &[
                    "-n",
                    hub,
                    "addr",
                    "add",
                    &format!("10.99.{p}.1/24"),
                    "dev",
                    "br0",
                ],
            );
        }
        for n in 0..3 {
            let (inner, outer) = (net.of_broker(n), format!("v{n}"));
            tool("ip", &["netns", "add", &inner]);
            let pair = ["type", "veth", "peer", "name", "e0", "netns"];
            tool(
                "ip",
                &[&["-n", hub, "link", "add", &outer][..], &pair, &[&inner]].concat(),
            );
            tool(
                "ip",
                &["-n", hub, "link", "set", &outer, "master", "br0", "up"],
            );
            tool("ip", &["-n", &inner, "link", "set", "lo", "up"]);
            tool("ip", &["-n", &inner, "link", "set", "e0", "up"]);
            for p in 0..=OTHERS {
                let address = format!("10.99.{p}.{}/24", 11 + n);
                tool("ip", &["-n", &inner, "addr", "add", &address, "dev", "e0"]);
            }
        }
        Some(net)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in [
            self.0.clone(),
            self.of_broker(0),
            self.of_broker(1),
            self.of_broker(2),
        ] {
            let _ = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

#[test]
fn brokers_stations_and_office_killed_and_cut_off_every_draft_is_registered_exactly_once() {
    let Some(net) = Net::new() else {
        println!("no network namespaces: what is cut off is a stopped process");
        return run(None);
    };
    let own = std::env::current_exe().expect("this program");
    let mut inside = bounded("ip");
    inside
        .args(["netns", "exec", &net.0])
        .arg(own)
        .args([
            "--exact",
            "office::campaign::inside",
            "--ignored",
            "--nocapture",
        ])
        .env(INSIDE, &net.0);
    let ended = inside.status().expect("it starts");
    assert!(ended.success(), "see above");
}

/// The campaign itself, where the test above has put it.
#[test]
#[ignore = "runs inside the network namespace that the campaign makes"]
fn inside() {
    if let Ok(name) = std::env::var(INSIDE) {
        // Whoever made it takes it down.
        let net = std::mem::ManuallyDrop::new(Net(name));
        run(Some(&net));
    }
}

/// Brokers and the ways to them.
struct World<'a> {
    net: Option<&'a Net>,
    brokers: Brokers,
}

impl World<'_> {
    fn new(net: Option<&Net>) -> World<'_> {
        let nodes = (0..3).map(|n| match net {
            None => Node {
                host: "127.0.0.1".into(),
                port: crate::support::free_address().port(),
                cluster: crate::support::free_address().port(),
                namespace: None,
            },
            Some(net) => Node {
                host: format!("10.99.0.{}", 11 + n),
                port: 4222,
                cluster: 6222,
                namespace: Some(net.of_broker(n)),
            },
        });
        World {
            brokers: Brokers::at(nodes.collect(), &NAMES, ""),
            net,
        }
    }

    /// The brokers as one of the others sees them.
    fn servers(&self, other: usize) -> String {
        match self.net {
            None => self.brokers.servers(),
            Some(_) => {
                let of = |n| format!("\"nats://10.99.{}.{}:4222\"", other + 1, 11 + n);
                format!("[{}]", (0..3).map(of).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn signal(&self, n: usize, what: &str) {
        tool("kill", &[what, &self.brokers.pid(n).to_string()]);
    }

    /// Nobody reaches this broker, nor it anybody.
    fn part(&self, n: usize) {
        match self.net {
            Some(_) => tool("ip", &["link", "set", &format!("v{n}"), "down"]),
            None => self.signal(n, "-STOP"),
        }
    }

    fn join(&self, n: usize) {
        match self.net {
            Some(_) => tool("ip", &["link", "set", &format!("v{n}"), "up"]),
            None => self.signal(n, "-CONT"),
        }
    }

    /// One of the others reaches no broker.
    fn cut(&self, other: usize, how: &str) {
        if self.net.is_some() {
            for n in 0..3 {
                let address = format!("10.99.{}.{}/32", other + 1, 11 + n);
                tool("ip", &["route", how, "blackhole", &address]);
            }
        }
    }
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    KillBroker(usize),
    PartBroker(usize),
    Cut(usize),
    KillStation(usize),
    KillOffice(usize),
    KillWorker(usize),
}

impl Blow {
    fn drawn(dice: &mut Dice) -> Self {
        let three = dice.below(3) as usize;
        let two = dice.below(2) as usize;
        match dice.below(10) {
            0..2 => Self::KillBroker(three),
            2..4 => Self::PartBroker(three),
            // Not the one that is cut off for a day.
            4..6 => Self::Cut([0, 1, 3, 4][dice.below(4) as usize]),
            6..8 => Self::KillStation(three),
            8 => Self::KillOffice(two),
            _ => Self::KillWorker(two),
        }
    }
}

/// The reference case system.
struct Cases {
    home: std::path::PathBuf,
    workers: [Option<Process>; 2],
    starts: u64,
}

impl Cases {
    fn command(&mut self, url: &str, worker: &str) -> Command {
        self.starts += 1;
        let mut command = bounded("python3");
        command
            .arg(project("tests/case_system/client.py"))
            .args([
                "--url",
                url,
                "--worker",
                worker,
                "--seed",
                &self.starts.to_string(),
            ])
            .arg("--token-file")
            .arg(self.home.join("token"))
            .arg("--ledger")
            .arg(self.home.join("cases.db"));
        command
    }

    fn start(&mut self, office: &Office, worker: usize) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home.join("cases.log"));
        let mut command = self.command(&office.url(worker), &format!("worker-{worker}"));
        let child = command
            .args([
                "--forever",
                "--limit",
                "20",
                "--lease",
                "5",
                "--nacks",
                "0.02",
            ])
            .stdout(Stdio::null())
            .stderr(log.expect("a log file"))
            .spawn()
            .expect("python3 starts");
        self.workers[worker] = Some(Process(child));
    }

    fn rows(&self, sql: &str) -> Vec<(String, String)> {
        let ledger = rusqlite::Connection::open(self.home.join("cases.db")).expect("the ledger");
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

/// Letters of one station: `allowed` of them by now. At every station they have the same numbers.
fn feed(
    settings: &Settings,
    (seed, drafts): (u64, u64),
    (allowed, come): (&AtomicU64, &AtomicU64),
    (given_up, turn): (&AtomicBool, &Mutex<()>),
) -> Vec<String> {
    let evidence = Evidence::open(&settings.evidence_dir()).expect("the evidence store");
    let roster = laixin::read::office(settings).expect("roster and deadlines");
    let mut db = Db::open(&settings.database()).expect("the database");
    let (mut dice, mut replayed, mut fed) = (Dice(seed), None, Vec::new());
    while (fed.len() as u64) < drafts && !given_up.load(Ordering::Relaxed) {
        if fed.len() as u64 >= allowed.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(10));
            continue;
        }
        let name = format!("H{:05}", fed.len() + 1);
        let beside = turn.lock().expect("whoever starts the station");
        let with = (&evidence, &roster, &mut replayed);
        fed.push(arrive(&mut db, with, &mut dice, &name));
        drop(beside);
        come.fetch_add(1, Ordering::Relaxed);
        // SQLite's lock is not fair: the station gets its turn.
        std::thread::park_timeout(Duration::from_millis(15));
    }
    fed
}

fn run(net: Option<&Net>) {
    let seed = number("LAIXIN_SEED", 20_261_130);
    let drafts = number("LAIXIN_OFFICE_DRAFTS", 120) / 3 * 3;
    let kills = number("LAIXIN_OFFICE_KILLS", 24);
    let way = if net.is_some() {
        "namespaces"
    } else {
        "stopped processes"
    };
    println!("{drafts} drafts, {kills} blows, {way}, LAIXIN_SEED={seed}");
    let mut world = World::new(net);
    let mut office = Office::new(&world.brokers, &NAMES, (2, 5));
    for n in 0..2 {
        office.sees(world.servers(3 + n));
        office.up(&world.brokers, n);
    }
    let each = drafts / 3;
    let letters = u32::try_from(each).expect("fewer");
    let mut stations: Vec<TestStation> = NAMES
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let with = (
                "pages = false\nmost_waiting = 1000000\nask_again_s = 45\n",
                world.servers(at),
            );
            station(
                &office.table_at(&world.brokers, (name, name), (with.0, &with.1)),
                letters,
            )
        })
        .collect();
    let mut cases = Cases {
        home: office.file(""),
        workers: [None, None],
        starts: seed,
    };
    (0..2).for_each(|worker| cases.start(&office, worker));

    let (allowed, come, given_up) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let turns = [Mutex::new(()), Mutex::new(()), Mutex::new(())];
    let settings: Vec<Settings> = stations
        .iter()
        .map(|one| Settings::load(&one.folder("station.toml")).expect("the settings"))
        .collect();
    let mut dice = Dice(seed ^ 0x5EED);
    let began = Instant::now();
    let fed: Vec<Vec<String>> = std::thread::scope(|scope| {
        let feeding: Vec<_> = settings
            .iter()
            .zip(&turns)
            .zip(0_u64..)
            .map(|((settings, turn), at)| {
                let (allowed, come, given_up) = (&allowed, &come, &given_up);
                scope.spawn(move || {
                    feed(
                        settings,
                        (seed + at, each),
                        (allowed, come),
                        (given_up, turn),
                    )
                })
            })
            .collect();
        let _ends = Ends(&given_up);
        for at in 1..=kills {
            // The third station's day without a cable.
            if at == kills / 5 + 1 {
                world.cut(2, "add");
            }
            if at == kills * 4 / 5 + 1 {
                world.cut(2, "del");
            }
            allowed.store(each * at / kills, Ordering::Relaxed);
            let share = drafts * (at - 1) / kills;
            wait_for("letters to come in", 300, || {
                (come.load(Ordering::Relaxed) >= share).then_some(())
            });
            // The moment of the blow is the point of this test, so it is a time and not a condition.
            std::thread::park_timeout(Duration::from_millis(dice.below(PAUSE_MS)));
            let blow = Blow::drawn(&mut dice);
            let lasts = Duration::from_millis(200 + dice.below(4_000));
            strike(
                blow,
                lasts,
                (&mut world, &mut office, &mut stations, &mut cases),
                &turns,
            );
            if at % 20 == 0 {
                let (s, n) = (began.elapsed().as_secs(), cases.registered());
                println!("{at}/{kills} blows after {s} s, {n} registered");
            }
        }
        feeding
            .into_iter()
            .map(|one| one.join().expect("a feeder ends"))
            .collect()
    });
    let during = cases.registered();
    println!(
        "{during} registered while things died, after {} s",
        began.elapsed().as_secs()
    );
    assert!(
        during * 4 >= drafts,
        "only {during} of {drafts} were handed over while things died: this proves little"
    );
    wait_for("every draft to be registered", 120 + drafts / 10, || {
        (cases.registered() >= drafts).then_some(())
    });
    println!("all registered after {} s", began.elapsed().as_secs());
    cases.workers = [None, None];
    judge(&stations, (&office, &mut cases), &fed);
    println!(
        "judged after {} s: 0 lost, 0 twice, 0 at the wrong station",
        began.elapsed().as_secs()
    );
}

fn strike(
    blow: Blow,
    lasts: Duration,
    (world, office, stations, cases): (&mut World<'_>, &mut Office, &mut [TestStation], &mut Cases),
    turns: &[Mutex<()>; 3],
) {
    match blow {
        Blow::KillBroker(n) => {
            world.brokers.kill(n);
            std::thread::park_timeout(lasts);
            world.brokers.start(n);
        }
        Blow::PartBroker(n) => {
            world.part(n);
            std::thread::park_timeout(lasts);
            world.join(n);
        }
        Blow::Cut(other) => {
            world.cut(other, "add");
            std::thread::park_timeout(lasts);
            world.cut(other, "del");
        }
        Blow::KillStation(at) => {
            stations[at].kill();
            std::thread::park_timeout(lasts / 10);
            let _alone = turns[at].lock().expect("the feeder");
            stations[at].start();
        }
        Blow::KillOffice(n) => {
            office.kill(n);
            std::thread::park_timeout(lasts / 4);
            office.sees(world.servers(3 + n));
            office.start(&world.brokers, n);
        }
        Blow::KillWorker(worker) => {
            cases.workers[worker] = None;
            cases.start(office, worker);
        }
    }
}

/// Waits for the last receipts; where some do not come it is told how the packages without one stand.
fn answered(station: &TestStation, letters: usize) {
    let acked = "SELECT letter_id FROM drafts WHERE state = 'acked'";
    let end = Instant::now() + Duration::from_secs(240);
    while ask(station, acked).len() < letters {
        let open = "SELECT d.state || ' ' || o.kind || ' ' || o.state || ' sent ' || o.attempts || ' times: ' || count(*) FROM drafts d
             JOIN outbox o ON o.letter_id = d.letter_id WHERE d.state != 'acked' GROUP BY d.state, o.kind, o.state, o.attempts";
        assert!(
            Instant::now() < end,
            "no receipts: {:?}\n{}",
            ask(station, open),
            station.log()
        );
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

/// By the case system's ledger, by what arrived, by the stations.
fn judge(stations: &[TestStation], (office, cases): (&Office, &mut Cases), fed: &[Vec<String>]) {
    let all: BTreeMap<String, String> = NAMES
        .iter()
        .zip(fed)
        .flat_map(|(name, pages)| {
            let numbered = pages.iter().enumerate();
            numbered.map(move |(at, page)| (format!("{name}.H{:05}", at + 1), page.clone()))
        })
        .collect();
    let mut last = cases.command(&office.url(0), "last");
    last.args(["--expect", &all.len().to_string(), "--timeout", "240"]);
    let last = last.output().expect("python3 starts");
    println!("{}", String::from_utf8_lossy(&last.stdout));
    assert!(
        last.status.success(),
        "{}",
        String::from_utf8_lossy(&last.stderr)
    );
    let log = std::fs::read_to_string(cases.home.join("cases.log")).unwrap_or_default();
    assert_eq!(log, "", "the case system met an answer it does not know");

    // Neither lost nor twice nor mixed up: one row a letter, with the page that arrived as that letter's at that station.
    let rows = cases.rows("SELECT letter, pages FROM registrations");
    assert_eq!(rows.len(), all.len(), "registrations and letters");
    assert_eq!(rows.into_iter().collect::<BTreeMap<_, _>>(), all);

    let numbers = cases.rows(
        "SELECT letter, printf('CS-%06d', min(number)) FROM registrations GROUP BY letter ORDER BY letter",
    );
    // It goes on: a receipt that a broker lost is said again once the package is.
    (0..2).for_each(|worker| cases.start(office, worker));
    for ((station, name), pages) in stations.iter().zip(NAMES).zip(fed) {
        answered(station, pages.len());
        let entries = "SELECT count(*) || '' FROM ledger WHERE action = 'draft.acked'";
        assert_eq!(
            ask(station, entries),
            [pages.len().to_string()],
            "one acknowledgement a draft"
        );
        let ours = ask(
            station,
            "SELECT letter_id || ' ' || case_number FROM drafts ORDER BY letter_id",
        );
        let begins = format!("{name}.");
        let theirs: Vec<String> = numbers
            .iter()
            .filter_map(|(letter, number)| {
                Some(format!("{} {number}", letter.strip_prefix(&begins)?))
            })
            .collect();
        assert_eq!(ours, theirs, "the same number on both sides");
        // No receipt came to a station that had no such package, or said otherwise than one before.
        let log = station.log();
        for code in ["unknown_package", "other_letter", "contradicts"] {
            assert!(!log.contains(code), "{code}\n{log}");
        }
        station.command(&["verify"], None);
    }
}
