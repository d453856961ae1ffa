//! The station and what stands around it: its disk, its clock, the cabinet, the case system; what goes wrong with them; and the judge.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::trouble::{Fault, Planned};
use crate::intake_campaign::Disk;
use crate::support::clock::Clock;
use crate::support::{Process, TestStation, bounded, project, reader};

/// Nothing of a round takes longer than this, whatever went wrong in it and however busy the machine is.
const AT_MOST: Duration = Duration::from_secs(150);
/// How far the clock jumps. A letter whose page came while it was ahead is complete only when the clock has caught up: not further than a round waits.
const JUMP_S: i64 = 40;

/// A fault that goes on, until then.
struct Going {
    fault: Fault,
    until: Instant,
}

pub(super) struct World {
    pub(super) station: TestStation,
    disk: Disk,
    cases: Option<Process>,
    clock: Option<Clock>,
    home: tempfile::TempDir,
    planned: Vec<Planned>,
    going: Vec<Going>,
    jumps: bool,
    began: Instant,
    round: String,
    /// The last that was seen, for whoever has to find out.
    seen: Vec<String>,
}

impl World {
    pub(super) fn new(rounds: u64) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let megabytes = usize::try_from(48 + rounds / 8).expect("fewer");
        let disk = Disk::at(home.path().join("disk"), megabytes);
        let data = disk.folder.join("data");
        let mut station = TestStation::with_settings(|text| {
            let text = text.replace("data_dir = \"data\"", &format!("data_dir = {data:?}"));
            reader::chosen(&text)
        });
        reader::surround(&mut station);
        let clock = Clock::of(&mut station);
        let token = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
        fs::write(home.path().join("token"), token).expect("the token is written");
        station.add_second();
        station.start_simulator();
        station.start();
        let mut world = Self {
            station,
            disk,
            cases: None,
            clock,
            home,
            planned: Vec::new(),
            going: Vec::new(),
            jumps: false,
            began: Instant::now(),
            round: String::new(),
            seen: Vec::new(),
        };
        world.start_cases();
        world
    }

    pub(super) fn begin(&mut self, round: &str, planned: Vec<Planned>) {
        self.round = round.to_owned();
        let jumps = [Fault::ClockAhead, Fault::ClockBehind];
        self.jumps = planned.iter().any(|one| jumps.contains(&one.fault));
        self.planned = planned;
        self.began = Instant::now();
        self.seen.clear();
    }

    /// Whether the clock is wrong at some time of this round.
    pub(super) fn clock_jumps(&self) -> bool {
        self.jumps
    }

    pub(super) fn remember(&mut self, seen: String) {
        if self.seen.last() != Some(&seen) {
            self.seen.push(seen);
        }
    }

    /// Waits for something while faults come and go.
    pub(super) fn until<T>(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let end = Instant::now() + AT_MOST;
        loop {
            self.tick();
            if let Some(found) = condition(self) {
                return found;
            }
            if Instant::now() > end {
                let log = self.station.log();
                let last: Vec<&str> = log.lines().rev().take(30).collect();
                let seen = self.seen.join("\n");
                panic!(
                    "{}: waited for {what}; seen:\n{seen}\nlog, newest first:\n{}",
                    self.round,
                    last.join("\n")
                );
            }
            std::thread::park_timeout(Duration::from_millis(40));
        }
    }

    /// Lets what is due begin and end.
    pub(super) fn tick(&mut self) {
        let now = Instant::now();
        while self
            .planned
            .first()
            .is_some_and(|one| now >= self.began + one.after)
        {
            let Planned { fault, lasts, .. } = self.planned.remove(0);
            if self.going.iter().any(|one| one.fault == fault) {
                continue;
            }
            self.break_it(fault);
            self.going.push(Going {
                fault,
                until: now + lasts,
            });
        }
        let (over, going): (Vec<_>, Vec<_>) =
            self.going.drain(..).partition(|one| now >= one.until);
        self.going = going;
        self.mend_all(over.into_iter().map(|one| one.fault).collect());
    }

    /// Everything is as it should be again.
    pub(super) fn heal(&mut self) {
        self.planned.clear();
        let going = self.going.drain(..).map(|one| one.fault).collect();
        self.mend_all(going);
    }

    /// Room first: a station on a full disk need not start.
    fn mend_all(&mut self, mut faults: Vec<Fault>) {
        faults.sort_by_key(|fault| *fault == Fault::StationKilled);
        if faults.contains(&Fault::StationKilled)
            && self.going.iter().any(|one| one.fault == Fault::DiskFull)
        {
            self.going.retain(|one| one.fault != Fault::DiskFull);
            self.mend(Fault::DiskFull);
        }
        faults.into_iter().for_each(|fault| self.mend(fault));
    }

    fn break_it(&mut self, fault: Fault) {
        match fault {
            Fault::StationKilled => self.station.kill(),
            Fault::StationFrozen if self.station.is_running() => {
                signal(self.station.pid(), Signal::STOP)
            }
            Fault::StationFrozen => {}
            Fault::CabinetKilled => self.station.kill_simulator(),
            Fault::CabinetFrozen => {
                if let Some(pid) = self.station.simulator() {
                    signal(pid, Signal::STOP);
                }
            }
            Fault::CasesKilled => self.cases = None,
            Fault::DiskFull => self.disk.fill(),
            Fault::ClockAhead => self.set_clock(JUMP_S),
            Fault::ClockBehind => self.set_clock(-JUMP_S),
        }
    }

    fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::StationKilled => {
                if !self.station.is_running() {
                    self.station.start();
                }
            }
            Fault::StationFrozen => {
                if self.station.is_running() {
                    signal(self.station.pid(), Signal::CONT);
                }
            }
            Fault::CabinetKilled => {
                if self.station.simulator().is_none() {
                    self.station.start_simulator();
                }
            }
            Fault::CabinetFrozen => {
                if let Some(pid) = self.station.simulator() {
                    signal(pid, Signal::CONT);
                }
            }
            Fault::CasesKilled => self.start_cases(),
            Fault::DiskFull => self.disk.make_room(),
            Fault::ClockAhead | Fault::ClockBehind => self.set_clock(0),
        }
    }

    fn set_clock(&mut self, ahead_s: i64) {
        if let Some(clock) = &self.clock {
            clock.set(ahead_s);
        }
    }

    fn start_cases(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home.path().join("cases.log"));
        let mut command = self.case_system("python");
        command.args(["--forever", "--limit", "4", "--lease", "20"]);
        let child = command
            .stdout(Stdio::null())
            .stderr(log.expect("a log"))
            .spawn();
        self.cases = Some(Process(child.expect("python3 starts")));
    }

    fn case_system(&self, worker: &str) -> Command {
        let mut command = bounded("python3");
        command
            .arg(project("tests/case_system/client.py"))
            .args([
                "--url",
                &format!("http://{}", self.station.address),
                "--worker",
                worker,
            ])
            .arg("--token-file")
            .arg(self.home.path().join("token"))
            .arg("--ledger")
            .arg(self.home.path().join("cases.db"));
        command
    }

    /// A page as a scanner writes it; another one for each number.
    pub(super) fn scan(&self, name: &str, number: u64) {
        self.station.scan_bytes(&reader::page(number), name);
    }

    fn database(&self) -> rusqlite::Connection {
        let file = self.disk.folder.join("data/station.sqlite3");
        let opened =
            rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        let opened = opened.expect("the database");
        opened
            .busy_timeout(Duration::from_secs(10))
            .expect("a limit");
        opened
    }

    pub(super) fn count(&self, sql: &str) -> i64 {
        self.database()
            .query_row(sql, [], |row| row.get(0))
            .expect("a count")
    }

    /// The books after a round.
    pub(super) fn judge(&mut self, fed: &[String]) {
        let letters = i64::try_from(fed.len()).expect("fewer");
        let at = &self.round;
        let signed_in = self.count("SELECT sum(count) FROM batches");
        let exceptions = self.count("SELECT coalesce(sum(letters), 0) FROM batch_exceptions");
        let there = self.count("SELECT count(*) FROM letters");
        assert_eq!(
            signed_in,
            there + exceptions,
            "{at}: letters signed in = letters + exceptions"
        );
        assert_eq!(there, letters, "{at}: letters that nobody fed");
        let opened = "SELECT count(*) FROM letters l JOIN loads d ON d.id = l.load_id WHERE d.released_ms IS NULL OR d.state NOT IN ('released', 'overridden')";
        assert_eq!(self.count(opened), 0, "{at}: an unreleased load was opened");
        let early = "SELECT count(*) FROM letters WHERE id LIKE 'E%'";
        assert_eq!(
            self.count(early),
            0,
            "{at}: what was opened before its release became a letter"
        );
        let unproven = "SELECT count(*) FROM loads d LEFT JOIN cycles c ON c.id = d.cycle_id WHERE d.state = 'released' AND (c.outcome IS NULL OR c.outcome <> 'released')";
        assert_eq!(self.count(unproven), 0, "{at}: a release without its cycle");
        let acked = self.count("SELECT count(*) FROM drafts WHERE state = 'acked'");
        assert_eq!(acked, letters, "{at}: a draft is lost or twice");
        let acks = self.count("SELECT count(*) FROM ledger WHERE action = 'draft.acked'");
        assert_eq!(acks, letters, "{at}: one acknowledgement a draft");
        let open = self.count("SELECT count(*) FROM batches WHERE closed_ms IS NULL");
        assert_eq!(open, 0, "{at}: a batch that was closed is open");
    }

    /// Every original, every entry of the ledger, every row.
    pub(super) fn verify(&self) {
        let done = self.station.try_command(&["verify"], None);
        let told = String::from_utf8_lossy(&done.stdout).into_owned()
            + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {told}", self.round);
    }

    /// By what the case system wrote down itself.
    pub(super) fn compare_with_the_case_system(&mut self, fed: &[String]) {
        self.cases = None;
        let mut last = self.case_system("last");
        last.args(["--expect", &fed.len().to_string(), "--timeout", "60"]);
        let last = last.output().expect("python3 starts");
        let told = String::from_utf8_lossy(&last.stderr);
        assert!(last.status.success(), "{}: {told}", self.round);
        let ledger =
            rusqlite::Connection::open(self.home.path().join("cases.db")).expect("its ledger");
        let mut query = ledger
            .prepare("SELECT letter FROM registrations ORDER BY letter")
            .expect("its table");
        let rows = query.query_map([], |row| row.get(0)).expect("its rows");
        let theirs: Vec<String> = rows.collect::<Result<_, _>>().expect("names");
        let mut ours = fed.to_vec();
        ours.sort();
        assert_eq!(theirs, ours, "{}: every letter once", self.round);
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    let _ = kill_process(pid, signal);
}
