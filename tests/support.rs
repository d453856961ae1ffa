//! A whole station in a folder of its own: the real binary, a simulated cabinet on a real socket, the HTTP API.

pub mod clock;
pub mod described;
mod people;
pub mod reader;
pub mod small_disk;
pub mod vouched;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use laixin::config::Settings;
use laixin::store::{Db, StoreError};
use serde_json::{Value, json};

/// The binary under test.
pub const LAIXIN: &str = env!("CARGO_BIN_EXE_laixin");
pub const PASSWORD: &str = "only for this test 1";
/// What an account begins with that is made by command.
pub const MADE_AT_THE_MACHINE: &str = "only until it is changed 1";
/// The second person of an override.
pub const SECOND: &str = "second";

/// The project's folder.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where set-up put the models.
pub fn models() -> PathBuf {
    std::env::var_os("LAIXIN_MODELS").map_or_else(|| project(".setup/models"), PathBuf::from)
}

/// Waits until `condition` gives something; a test fails when that takes longer than `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited {seconds} s for {what}");
        std::thread::park_timeout(Duration::from_millis(30));
    }
}

/// A program whose process ends with this one, however that ends: by a signal too. The thread that starts it must last as long.
pub fn bounded(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A child that is ended by its process id when the test is over, however it ends.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    probe.local_addr().expect("a bound socket has an address")
}

/// A station: its folder outlives its processes, so that it can be killed and started again.
pub struct TestStation {
    home: tempfile::TempDir,
    pub address: SocketAddr,
    pub cabinet: SocketAddr,
    process: Option<Process>,
    simulator: Option<Process>,
    session: Option<(String, String)>,
    /// What the daemon finds in its environment.
    surroundings: Vec<(&'static str, String)>,
    /// Who has not chosen a password yet.
    to_choose: Mutex<Vec<String>>,
    is_tampered: AtomicBool,
}

/// Whatever a test does, at its end the ledger vouches for every row.
impl Drop for TestStation {
    fn drop(&mut self) {
        self.process = None;
        let is_asked = !std::thread::panicking() && !self.is_tampered.load(Ordering::Relaxed);
        if let Ok(mut settings) = Settings::load(&self.folder("station.toml"))
            && is_asked
            && settings.database().exists()
            // A test about keys may leave none.
            && settings.unlock().is_ok()
        {
            match Db::look_at(&settings) {
                Ok(db) => vouched::assert_vouched(&db),
                Err(StoreError::Locked(_)) => {}
                Err(error) => panic!("the station's database: {error}"),
            }
        }
    }
}

impl TestStation {
    /// A station with one operator and one case system, not started.
    pub fn new() -> Self {
        Self::with_settings(|text| text)
    }

    /// The same, its settings file changed by `change`.
    pub fn with_settings(change: impl FnOnce(String) -> String) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (address, cabinet) = (free_address(), free_address());
        fs::create_dir(home.path().join("inbox")).expect("a folder for the scanner");
        let quick = fs::read_to_string(project("config/cabinets/demo.toml"))
            .expect("the demo profile")
            .replace("target_dose_mj_cm2 = 100.0", "target_dose_mj_cm2 = 5.0")
            .replace("min_exposure_s = 8", "min_exposure_s = 1")
            .replace("\nventilation_s = 5", "\nventilation_s = 1");
        fs::write(home.path().join("cabinet.toml"), quick).expect("the profile is written");
        let settings = format!(
            "[station]\nname = \"测试信访局\"\ndata_dir = \"data\"\n[http]\nlisten = \"{address}\"\n\
             [[cabinet]]\nid = \"cabinet-1\"\nprofile = \"cabinet.toml\"\naddress = \"{cabinet}\"\n\
             [[scanner]]\nid = \"scanner-1\"\nfolder = \"inbox\"\nrescan_s = 1\nquiet_ms = 200\n\
             [reading]\nmodels_dir = {models:?}\nletter_quiet_s = 1\n\
             [registration]\nroster = {roster:?}\ndeadlines = {deadlines:?}\n[handoff]\noffer = \"read\"\n",
            models = models(),
            roster = project("config/roster.toml"),
            deadlines = project("config/deadlines/2022.toml"),
        );
        fs::write(home.path().join("station.toml"), change(settings))
            .expect("the settings are written");
        fs::create_dir_all(home.path().join("data")).expect("a folder for data");
        let station = Self {
            home,
            address,
            cabinet,
            process: None,
            simulator: None,
            session: None,
            surroundings: Vec::new(),
            to_choose: Mutex::default(),
            is_tampered: AtomicBool::new(false),
        };
        station.add_person("tester", "confirming_officer");
        station
    }

    /// The test changes records behind the station's back, or leaves none that can be read: nothing is asked of them at its end.
    pub fn tampered(&self) {
        self.is_tampered.store(true, Ordering::Relaxed);
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs a command beside the station.
    pub fn try_command(&self, arguments: &[&str], stdin: Option<&str>) -> Output {
        let mut child = Command::new(LAIXIN)
            // Compared line by line; in Chinese it is what `words::said` says.
            .env("LC_MESSAGES", "en")
            .args(arguments)
            .arg("--config")
            .arg(self.folder("station.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut input = child.stdin.take().expect("a pipe");
        if let Some(text) = stdin {
            let _ = writeln!(input, "{text}"); // a command that does not read it has said why
        }
        drop(input);
        child.wait_with_output().expect("the command ends")
    }

    /// The same; it must succeed.
    pub fn command(&self, arguments: &[&str], stdin: Option<&str>) -> String {
        let done = self.try_command(arguments, stdin);
        assert!(
            done.status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    pub fn start_simulator(&mut self) {
        self.start_simulator_with(&[]);
    }

    pub fn start_simulator_with(&mut self, more: &[&str]) {
        let child = bounded(LAIXIN)
            .args([
                "cabinet",
                "simulate",
                "--speed",
                "50",
                "--listen",
                &self.cabinet.to_string(),
            ])
            .args(more)
            .stdout(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        self.simulator = Some(Process(child));
    }

    /// Starts the daemon; its log goes to `log` in the folder.
    pub fn start(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder("log"))
            .expect("a log file");
        let child = bounded(LAIXIN)
            .args(["run", "--config"])
            .arg(self.folder("station.toml"))
            .stdout(Stdio::null())
            .stderr(log)
            .env_remove("JOURNAL_STREAM")
            // As the unit has it.
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .envs(self.surroundings.iter().map(|(name, value)| (name, value)))
            .spawn()
            .expect("the daemon starts");
        self.process = Some(Process(child));
        wait_for("the station to answer", 20, || {
            assert!(
                self.is_running(),
                "the station ended by itself:\n{}",
                self.log()
            );
            ureq::get(format!("http://{}/healthz", self.address))
                .call()
                .ok()
                .map(|_| ())
        });
        let to_choose = std::mem::take(&mut *self.to_choose.lock().unwrap());
        to_choose
            .iter()
            .for_each(|name| self.chooses_a_password(name));
    }

    /// From the next start on the daemon has this in its environment.
    pub fn surround(&mut self, name: &'static str, value: String) {
        self.surroundings.push((name, value));
    }

    pub fn kill_simulator(&mut self) {
        self.simulator = None;
    }

    /// The simulated cabinet's process, if there is one.
    pub fn simulator(&self) -> Option<u32> {
        self.simulator.as_ref().map(|process| process.0.id())
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| {
            process
                .0
                .try_wait()
                .expect("a child can be asked")
                .is_none()
        })
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder("log")).unwrap_or_default()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// As the service manager stops it: SIGTERM, and its end is awaited.
    pub fn stop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let pid = rustix::process::Pid::from_child(&process.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .expect("a child can be told to end");
        wait_for("the station to stop", 30, || {
            process.0.try_wait().expect("a child can be asked")
        });
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").0.id()
    }

    pub fn simulator_pid(&self) -> u32 {
        self.simulator.as_ref().expect("it runs").0.id()
    }

    /// A call as the signed-in operator: status and body.
    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let (cookie, csrf) = self.session.as_ref().expect("signed in");
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("cookie", cookie)
            .header("x-csrf-token", csrf)
            .header("content-type", "application/json")
            .header("idempotency-key", unique())
            .body(body.map(|body| body.to_string()).unwrap_or_default())
            .expect("a request");
        answer(request)
    }

    /// A change of a letter as it is now.
    pub fn change_letter(&self, letter: &str, what: &str) -> (u16, Value) {
        let path = format!("/v1/letters/{letter}");
        let version = self.ok("GET", &path, None)["version"].clone();
        let (cookie, csrf) = self.session.as_ref().expect("signed in");
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}{path}/{what}", self.address))
            .header("cookie", cookie)
            .header("x-csrf-token", csrf)
            .header("if-match", format!("\"{version}\""))
            .header("idempotency-key", unique())
            .body(String::new())
            .expect("a request");
        answer(request)
    }

    /// A call as the case system.
    pub fn call_with_token(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", unique())
            .body(body.map(|body| body.to_string()).unwrap_or_default())
            .expect("a request");
        answer(request)
    }

    /// A call that must succeed.
    pub fn ok(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, body) = self.call(method, path, body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {body}\n{}",
            self.log()
        );
        body
    }

    /// What a GET gives the signed-in operator, whatever it is.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let (cookie, _) = self.session.as_ref().expect("signed in");
        let mut answer = ureq::get(format!("http://{}{path}", self.address))
            .header("cookie", cookie)
            .call()
            .expect("the station answers");
        answer.body_mut().read_to_vec().expect("bytes")
    }

    /// The same with headers: status and bytes.
    pub fn bytes_of(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
        let (cookie, _) = self.session.as_ref().expect("signed in");
        let asked = ureq::get(format!("http://{}{path}", self.address)).header("cookie", cookie);
        let asked = headers
            .iter()
            .fold(asked, |asked, (name, value)| asked.header(*name, *value));
        let mut answer = asked.call().expect("the station answers");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_vec().expect("bytes"))
    }

    /// A batch whose load was opened by a signed override: for tests that are not about the cabinet.
    pub fn open_batch(&self, count: u32) -> i64 {
        let batch = self.ok("POST", "/v1/batches", Some(json!({"carrier": "letter", "count": count, "received_at": "2026-03-02T09:00:00+08:00"})));
        let id = batch["id"].as_i64().expect("a number");
        let load = self.ok(
            "POST",
            &format!("/v1/batches/{id}/loads"),
            Some(json!({"cabinet": "cabinet-1"})),
        );
        self.add_second();
        self.ok(
            "POST",
            &format!("/v1/loads/{}/override", load["id"]),
            Some(json!({"reason": "a test without a cabinet", "approver": SECOND, "approver_password": PASSWORD})),
        );
        id
    }

    /// Puts a file into the scanner's folder as a scanner would: written under a hidden name, then renamed.
    pub fn scan(&self, file: &Path, name: &str) {
        let part = self.folder("inbox").join(format!(".{name}.part"));
        fs::copy(file, &part).expect("copied");
        fs::rename(part, self.folder("inbox").join(name)).expect("renamed");
    }

    /// Puts a JPEG there with its name as a comment: the same image twice would be a question of its own.
    pub fn scan_its_own(&self, file: &Path, name: &str) {
        let image = fs::read(file).expect("an image");
        let length = u16::try_from(name.len() + 2).expect("a short name");
        let comment = [&[0xff, 0xfe], &length.to_be_bytes()[..], name.as_bytes()].concat();
        let own = [&image[..2], &comment, &image[2..]].concat();
        self.scan_bytes(&own, name);
    }

    /// Puts bytes there.
    pub fn scan_bytes(&self, bytes: &[u8], name: &str) {
        let part = self.folder("inbox").join(format!(".{name}.part"));
        fs::write(&part, bytes).expect("written");
        fs::rename(part, self.folder("inbox").join(name)).expect("renamed");
    }

    /// Waits for a letter to reach one of these stages.
    pub fn wait_for_stage(&self, letter: &str, stages: &[&str], seconds: u64) -> Value {
        wait_for(
            &format!("letter {letter} to be {stages:?}"),
            seconds,
            || {
                let (status, body) = self.call("GET", &format!("/v1/letters/{letter}"), None);
                if status == 403 && body["code"] == "reason_needed" {
                    let why = json!({"reason": "a test looks"});
                    self.call("POST", &format!("/v1/letters/{letter}/views"), Some(why));
                }
                (status == 200 && stages.iter().any(|stage| body["stage"] == *stage))
                    .then_some(body)
            },
        )
    }
}

pub fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn answer(request: ureq::http::Request<String>) -> (u16, Value) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent();
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let mut answer = agent.run(request).expect("the station answers");
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().expect("UTF-8");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    described::assert_described(&method, &uri, status, &body);
    (status, body)
}
