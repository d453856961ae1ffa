//! Brokers on loopback or in network namespaces of their own, with the shipped permissions; and the office's own processes.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use laixin::broker::SealKey;
use laixin::config::{PublicKey, Settings};
use laixin::digest;
use laixin::evidence::Evidence;
use laixin::store::Db;
use serde_json::Value;

use crate::handover_campaign::letters::{Dice, arrive};
use crate::support::{LAIXIN, Process, TestStation, bounded, free_address, project, wait_for};

/// The token of the tests' case system.
pub const TOKEN: &str = "only for this test";
/// That of another.
pub const OTHER_TOKEN: &str = "of another case system";
const BEGINS: &str =
    "      # --- a station; repeat the block for each, with its own name and key: begins ---\n";
const ENDS: &str = "      # --- a station: ends ---\n";

/// Where one broker listens and what it runs in.
#[derive(Debug, Clone)]
pub struct Node {
    /// For clients and for the other brokers.
    pub host: String,
    pub port: u16,
    pub cluster: u16,
    /// Its network namespace.
    pub namespace: Option<String>,
}

/// Brokers with JetStream and the shipped permissions.
pub struct Brokers {
    pub home: tempfile::TempDir,
    pub nodes: Vec<Node>,
    processes: Vec<Option<Process>>,
    more: String,
    /// How those who connect do it, as lines of their settings: without TLS.
    pub secured: String,
}

/// An nkey in a file only its owner reads; its public half.
fn nkey(file: &Path) -> String {
    let pair = nkeys::KeyPair::new_user();
    private(file, &pair.seed().expect("its seed"));
    pair.public_key()
}

pub fn private(file: &Path, text: &str) {
    fs::write(file, text).expect("a key is written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("it is closed");
}

/// The shipped file with these stations, and the keys that go with it in `home`.
pub fn permissions(home: &Path, stations: &[&str]) -> String {
    let shipped = fs::read_to_string(project("config/office/permissions.conf")).expect("shipped");
    let (head, rest) = shipped.split_once(BEGINS).expect("the block begins");
    let (block, tail) = rest.split_once(ENDS).expect("the block ends");
    let head = head.replace("OFFICE_NKEY", &nkey(&home.join("office.nkey")));
    let blocks: String = stations
        .iter()
        .map(|name| {
            let key = nkey(&home.join(format!("{name}.nkey")));
            block.replace("DESK-A_NKEY", &key).replace("desk-a", name)
        })
        .collect();
    head + &blocks + tail
}

impl Brokers {
    /// So many on loopback, up, for these stations.
    pub fn new(count: usize, stations: &[&str]) -> Self {
        let nodes = (0..count).map(|_| Node {
            host: "127.0.0.1".into(),
            port: free_address().port(),
            cluster: free_address().port(),
            namespace: None,
        });
        Self::at(nodes.collect(), stations, "")
    }

    /// At these places; `more` goes into every broker's configuration.
    pub fn at(nodes: Vec<Node>, stations: &[&str], more: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let permissions = permissions(home.path(), stations);
        fs::write(home.path().join("permissions.conf"), permissions).expect("written");
        let mut brokers = Self {
            home,
            processes: nodes.iter().map(|_| None).collect(),
            nodes,
            more: more.to_owned(),
            secured: "plain = true\n".into(),
        };
        (0..brokers.nodes.len()).for_each(|n| brokers.start(n));
        brokers
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn configuration(&self, n: usize) -> String {
        let Node { port, cluster, .. } = &self.nodes[n];
        let folder = self.file(&format!("node-{n}"));
        let routes: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("\"nats-route://{}:{}\"", node.host, node.cluster))
            .collect();
        let any = match self.nodes[n].namespace {
            Some(_) => "0.0.0.0",
            None => "127.0.0.1",
        };
        let cluster = match self.nodes.len() {
            1 => String::new(),
            _ => format!(
                "cluster {{ name: test, listen: \"{any}:{cluster}\", no_advertise: true, routes: [{}] }}\n",
                routes.join(", ")
            ),
        };
        format!(
            "server_name: n{n}\nlisten: \"{any}:{port}\"\nmax_payload: 8MB\n\
             jetstream {{ store_dir: {folder:?}, max_file_store: 10GB, max_memory_store: 64MB }}\n{cluster}{}\ninclude \"permissions.conf\"\n",
            self.more
        )
    }

    /// A configuration under which a broker neither finds the others nor is found by them.
    pub fn alone(whole: &str) -> String {
        let (before, behind) = whole.split_once("cluster {").expect("it is one of several");
        let (_, rest) = behind.split_once("}\n").expect("it ends");
        let (own, other) = (free_address().port(), free_address().port());
        format!(
            "{before}cluster {{ name: test, listen: \"127.0.0.1:{own}\", no_advertise: true, routes: [\"nats-route://127.0.0.1:{other}\"] }}\n{rest}"
        )
    }

    pub fn start(&mut self, n: usize) {
        let text = self.configuration(n);
        self.start_with(n, &text);
    }

    /// Starts one with another configuration.
    pub fn start_with(&mut self, n: usize, text: &str) {
        let file = self.file(&format!("node-{n}.conf"));
        fs::write(&file, text).expect("written");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file(&format!("node-{n}.log")));
        let mut command = match &self.nodes[n].namespace {
            None => bounded("nats-server"),
            Some(name) => {
                let mut command = bounded("ip");
                command.args(["netns", "exec", name, "nats-server"]);
                command
            }
        };
        let child = command
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(log.expect("a log file"))
            .spawn()
            .expect("nats-server starts; `make setup` installs it");
        self.processes[n] = Some(Process(child));
    }

    /// kill -9.
    pub fn kill(&mut self, n: usize) {
        self.processes[n] = None;
    }

    pub fn pid(&self, n: usize) -> u32 {
        self.processes[n].as_ref().expect("it runs").0.id()
    }

    /// As settings name them, seen through this host part (`None`: as they are).
    pub fn servers(&self) -> String {
        let scheme = if self.secured.contains("plain") {
            "nats"
        } else {
            "tls"
        };
        let all: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("\"{scheme}://{}:{}\"", node.host, node.port))
            .collect();
        format!("[{}]", all.join(", "))
    }

    /// The table of brokers for somebody with this name.
    pub fn table(&self, head: &str, name: &str, servers: &str) -> String {
        let credentials = self.file(&format!("{name}.nkey"));
        let secured = &self.secured;
        format!("[{head}]\nservers = {servers}\ncredentials = {credentials:?}\n{secured}")
    }
}

/// The office: its key, its file, its processes.
pub struct Office {
    pub home: tempfile::TempDir,
    key: SealKey,
    keys: Vec<(String, SealKey)>,
    pub processes: Vec<Option<Process>>,
    pub addresses: Vec<SocketAddr>,
    servers: String,
    lease_s: u64,
    /// On how many brokers everything lies.
    pub replicas: usize,
    /// How many drafts the brokers take.
    pub drafts_most: u32,
    /// How large each station's bucket of originals may become in MB, and how long they lie there in days.
    pub pages: (u32, u32),
}

impl Office {
    /// An office for these stations, nothing of it started.
    pub fn new(brokers: &Brokers, stations: &[&str], (count, lease_s): (usize, u64)) -> Self {
        let office = Self {
            home: tempfile::tempdir().expect("a folder"),
            key: SealKey::generated(),
            keys: stations
                .iter()
                .map(|name| ((*name).to_owned(), SealKey::generated()))
                .collect(),
            processes: (0..count).map(|_| None).collect(),
            addresses: (0..count).map(|_| free_address()).collect(),
            servers: brokers.servers(),
            lease_s,
            replicas: if brokers.nodes.len() == 1 { 1 } else { 3 },
            drafts_most: 100_000,
            pages: (500, 30),
        };
        private(&office.file("office.seal"), &office.key.seed());
        for (name, key) in &office.keys {
            private(&office.file(&format!("{name}.seal")), &key.seed());
        }
        fs::write(office.file("token"), TOKEN).expect("written");
        office
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What stations seal to.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Its settings name this key for a station from the next start on.
    pub fn knows(&mut self, station: &str, key: SealKey) {
        let mut known = self.keys.iter_mut();
        let known = known.find(|(name, _)| name == station);
        known.expect("a station of this office").1 = key;
    }

    /// It sees the brokers at these addresses.
    pub fn sees(&mut self, servers: String) {
        self.servers = servers;
    }

    /// What its processes have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    pub fn url(&self, n: usize) -> String {
        format!("http://{}", self.addresses[n])
    }

    fn settings(&self, brokers: &Brokers, n: usize) -> String {
        let stations: String = self
            .keys
            .iter()
            .map(|(name, key)| {
                format!(
                    "[[station]]\nname = \"{name}\"\nseal_to = \"{}\"\n",
                    key.public().0
                )
            })
            .collect();
        format!(
            "[office]\nseal_key = \"office.seal\"\nlease_seconds = {}\nreplicas = {}\ndrafts_most = {}\npages_mb = {}\npages_days = {}\n{}\
             [http]\nlisten = \"{}\"\n{stations}[[system]]\nname = \"cases\"\ntoken_sha256 = \"{}\"\n\
             [[system]]\nname = \"others\"\ntoken_sha256 = \"{}\"\n",
            self.lease_s,
            self.replicas,
            self.drafts_most,
            self.pages.0,
            self.pages.1,
            brokers.table("brokers", "office", &self.servers),
            self.addresses[n],
            digest::sha256_hex(TOKEN.as_bytes()),
            digest::sha256_hex(OTHER_TOKEN.as_bytes()),
        )
    }

    /// The settings of one of its processes, written.
    pub fn settings_file(&self, brokers: &Brokers, n: usize) -> PathBuf {
        let file = self.file(&format!("office-{n}.toml"));
        fs::write(&file, self.settings(brokers, n)).expect("written");
        file
    }

    /// Starts one of its processes; it may still wait for the brokers.
    pub fn start(&mut self, brokers: &Brokers, n: usize) {
        let file = self.settings_file(brokers, n);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file("log"));
        let child = bounded(LAIXIN)
            .args(["office", "--config"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(log.expect("a log file"))
            .env_remove("JOURNAL_STREAM")
            .spawn()
            .expect("the office starts");
        self.processes[n] = Some(Process(child));
    }

    /// The same, and it answers.
    pub fn up(&mut self, brokers: &Brokers, n: usize) {
        self.start(brokers, n);
        let url = format!("{}/healthz", self.url(n));
        wait_for("the office to answer", 60, || {
            ureq::get(&url).call().ok().map(drop)
        });
    }

    /// kill -9.
    pub fn kill(&mut self, n: usize) {
        self.processes[n] = None;
    }

    /// What a station's settings say of it; `more` are keys of `[office]`.
    pub fn table(&self, brokers: &Brokers, station: &str, more: &str) -> String {
        self.table_at(brokers, (station, station), (more, &brokers.servers()))
    }

    /// The same with the sealing key of this `key`, and the brokers at these addresses.
    pub fn table_at(
        &self,
        brokers: &Brokers,
        (station, key): (&str, &str),
        (more, servers): (&str, &str),
    ) -> String {
        format!(
            "[office]\nstation = \"{station}\"\nseal_key = {:?}\nseal_to = \"{}\"\n{more}{}",
            self.file(&format!("{key}.seal")),
            self.key.public().0,
            brokers.table("office.brokers", station, servers),
        )
    }

    /// A call as the case system: status and body.
    pub fn call(&self, n: usize, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call_keyed(n, (method, path), body, &crate::support::unique())
    }

    /// A call as the other case system.
    pub fn call_as_other(
        &self,
        n: usize,
        (method, path): (&str, &str),
        body: Option<Value>,
    ) -> (u16, Value) {
        let key = crate::support::unique();
        self.call_with(n, (method, path), body, (OTHER_TOKEN, &key))
    }

    pub fn call_keyed(
        &self,
        n: usize,
        (method, path): (&str, &str),
        body: Option<Value>,
        key: &str,
    ) -> (u16, Value) {
        self.call_with(n, (method, path), body, (TOKEN, key))
    }

    fn call_with(
        &self,
        n: usize,
        (method, path): (&str, &str),
        body: Option<Value>,
        (token, key): (&str, &str),
    ) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url(n)))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body.map(|body| body.to_string()).unwrap_or_default())
            .expect("a request");
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(40)))
            .build()
            .new_agent();
        let mut answer = agent.run(request).expect("the office answers");
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().expect("UTF-8");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A file as the case system gets it.
    pub fn bytes(&self, n: usize, path: &str) -> (u16, Vec<u8>) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut answer = agent
            .get(format!("{}{path}", self.url(n)))
            .header("authorization", format!("Bearer {TOKEN}"))
            .call()
            .expect("the office answers");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_vec().expect("bytes"))
    }

    /// Claims until so many drafts came.
    pub fn claim(&self, n: usize, count: usize) -> Vec<Value> {
        let mut all = Vec::new();
        wait_for(&format!("{count} drafts"), 60, || {
            let wish = serde_json::json!({"limit": count - all.len()});
            let (status, body) = self.call(n, "POST", "/v1/drafts/claims", Some(wish));
            if status == 200 {
                all.extend(body["drafts"].as_array().expect("drafts").clone());
            }
            (all.len() >= count).then_some(())
        });
        all
    }
}

/// A station of this office with an open batch, running; nothing is read in it.
pub fn station(table: &str, letters: u32) -> TestStation {
    let mut station = TestStation::with_settings(|text| {
        text.replace("[reading]\n", "[reading]\nengine = \"tesseract\"\n")
            .replace("letter_quiet_s = 1\n", "letter_quiet_s = 3600\n")
            + table
    });
    station.start();
    station.sign_in();
    station.open_batch(letters);
    station
}

/// Whether a part of the station says so: the code of why not, or nothing where it is ready or unknown.
pub fn code_of(station: &TestStation, part: &str) -> Option<String> {
    let url = format!("http://{}/readyz", station.address);
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut answer = agent.get(url).call().ok()?;
    let body: Value = answer.body_mut().read_json().ok()?;
    let parts = body["parts"].as_array()?;
    let found = parts.iter().find(|one| one["part"] == part)?;
    found["code"].as_str().map(str::to_owned)
}

/// Letters of these names arrive, are read and drafted, beside the station.
pub fn feed(station: &TestStation, names: &[&str]) -> Vec<String> {
    let settings = Settings::load(&station.folder("station.toml")).expect("the settings");
    let evidence = Evidence::open(&settings.evidence_dir()).expect("the evidence store");
    let roster = laixin::read::office(&settings).expect("roster and deadlines");
    let mut db = Db::open(&settings.database()).expect("the database");
    let (mut dice, mut replayed) = (Dice(7), None);
    names
        .iter()
        .map(|name| {
            arrive(
                &mut db,
                (&evidence, &roster, &mut replayed),
                &mut dice,
                name,
            )
        })
        .collect()
}

/// What the station's own database says, one column as text.
pub fn ask(station: &TestStation, sql: &str) -> Vec<String> {
    let settings = Settings::load(&station.folder("station.toml")).expect("the settings");
    let own = rusqlite::Connection::open(settings.database()).expect("the database");
    own.busy_timeout(Duration::from_secs(10)).expect("a time");
    let mut query = own.prepare(sql).expect("a question");
    let rows = query
        .query_map([], |row| row.get::<_, Option<String>>(0))
        .expect("rows");
    rows.map(|row| row.expect("a row").unwrap_or_default())
        .collect()
}

/// Runs a tool that must succeed.
pub fn tool(program: &str, arguments: &[&str]) {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .expect("it starts");
    assert!(
        done.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
