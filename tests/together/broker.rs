//! A real nats-server with JetStream, on loopback and a free port, with its disk in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use async_nats::jetstream;
use laixin::broker::streams;

use crate::support::{Process, TestStation, bounded, free_address, project, wait_for};

/// One broker; it can be stopped, started again, and lose its disk.
pub struct Broker {
    home: tempfile::TempDir,
    pub address: SocketAddr,
    process: Option<Process>,
    /// Of whoever made the streams.
    seed: String,
    /// Seeds of stations and readers by name, where each has its own; otherwise everybody has the same.
    seeds: BTreeMap<String, String>,
    /// The readers' sealing key.
    pub readers: nkeys::XKey,
    runtime: tokio::runtime::Runtime,
}

/// What the stations share.
pub const STATIONS_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A file that nobody else reads.
pub fn private(file: &Path, text: &str) {
    fs::write(file, text).expect("a file is written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("it is closed");
}

impl Broker {
    /// Running, with the streams and buckets that stations and readers use.
    pub fn new() -> Self {
        let user = nkeys::KeyPair::new_user();
        let users = format!(
            "authorization {{ users: [ {{ nkey: {} }} ] }}",
            user.public_key()
        );
        Self::with(user.seed().expect("a seed"), BTreeMap::new(), &users)
    }

    /// The same, with the permissions that are shipped, for these stations and a reader `reader-1`.
    pub fn guarded(stations: &[&str]) -> Self {
        let shipped =
            fs::read_to_string(project("config/office/permissions.conf")).expect("shipped");
        let (head, rest) = shipped
            .split_once("      # --- a station; repeat")
            .expect("it begins");
        let (block, rest) = rest
            .split_once("      # --- a station: ends ---\n")
            .expect("it ends");
        let (_, rest) = rest.split_once("begins ---\n").expect("a reader's begins");
        let (reader, tail) = rest
            .split_once("      # --- a reader: ends ---\n")
            .expect("it ends");
        let mut seeds = BTreeMap::new();
        let mut key = |name: &str| {
            let user = nkeys::KeyPair::new_user();
            seeds.insert(name.to_owned(), user.seed().expect("a seed"));
            user.public_key()
        };
        let mut text = head.replace("OFFICE_NKEY", &key("office"));
        for name in stations {
            let block = format!("#{block}").replace("DESK-A_NKEY", &key(name));
            text += &block.replace("desk-a", name);
        }
        let reader: String = reader
            .lines()
            .map(|line| line.trim_start().trim_start_matches('#').to_owned() + "\n")
            .collect();
        text += &reader.replace("READER-1_NKEY", &key("reader-1"));
        text += tail;
        let office = seeds["office"].clone();
        Self::with(office, seeds, &text)
    }

    fn with(seed: String, seeds: BTreeMap<String, String>, users: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut broker = Self {
            home,
            address: free_address(),
            process: None,
            seed,
            seeds,
            readers: nkeys::XKey::new(),
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
        };
        // Another test may have taken the port meanwhile.
        let mut tries = 5;
        while !broker.try_start(users) {
            tries -= 1;
            assert!(tries > 0, "no port for the broker");
            broker.address = free_address();
        }
        broker.make_streams();
        broker
    }

    fn try_start(&mut self, users: &str) -> bool {
        let settings = format!(
            "listen: \"{}\"\njetstream {{ store_dir: {:?} }}\n{users}\n",
            self.address,
            self.home.path().join("disk"),
        );
        fs::write(self.home.path().join("nats.conf"), settings).expect("its settings are written");
        self.begin();
        wait_for("the broker or its end", 20, || match self.greets() {
            true => Some(true),
            false if self.has_ended() => Some(false),
            false => None,
        })
    }

    fn begin(&mut self) {
        let child = bounded("nats-server")
            .arg("-c")
            .arg(self.home.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts");
        self.process = Some(Process(child));
    }

    fn has_ended(&mut self) -> bool {
        let process = self.process.as_mut().expect("it was started");
        process
            .0
            .try_wait()
            .expect("a child can be asked")
            .is_some()
    }

    /// It is a broker that listens there, and this one.
    fn greets(&mut self) -> bool {
        let mut word = [0; 5];
        let greeted = std::net::TcpStream::connect(self.address)
            .and_then(|mut stream| stream.read_exact(&mut word));
        greeted.is_ok() && word == *b"INFO " && !self.has_ended()
    }

    /// Again, where it was.
    pub fn start(&mut self) {
        self.begin();
        wait_for("the broker", 20, || self.greets().then_some(()));
    }

    /// kill -9: the cable is out.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Its disk is lost; it has to be killed.
    pub fn lose_disk(&self) {
        fs::remove_dir_all(self.home.path().join("disk")).expect("there was a disk");
    }

    pub fn run<T>(&self, work: impl AsyncFnOnce(jetstream::Context) -> T) -> T {
        self.runtime.block_on(async {
            let options = async_nats::ConnectOptions::with_nkey(self.seed.clone())
                .custom_inbox_prefix("_INBOX.office");
            let client = options.connect(self.address.to_string()).await;
            work(jetstream::new(client.expect("the broker answers"))).await
        })
    }

    pub fn make_streams(&self) {
        self.run(async |jetstream| {
            streams::make(&jetstream, 1)
                .await
                .expect("streams are made");
        });
    }

    /// `[office]` of a station with this name; its files are put into its folder.
    pub fn office(&self, station: &TestStation, name: &str, more: &str) -> String {
        let write = |file: &str, text: &str| {
            private(&station.folder(file), text);
        };
        write("desk.nkey", self.seeds.get(name).unwrap_or(&self.seed));
        write("desk.seal", &nkeys::XKey::new().seed().expect("a seed"));
        if !station.folder("stations.key").exists() {
            write("stations.key", STATIONS_KEY);
        }
        format!(
            "[office]\nstation = \"{name}\"\nseal_key = \"desk.seal\"\nseal_to = \"{}\"\nstations_key = \"stations.key\"\n{more}\n\
             [office.brokers]\nservers = [\"nats://{}\"]\ncredentials = \"desk.nkey\"\nplain = true\n",
            nkeys::XKey::new().public_key(),
            self.address
        )
    }

    /// A station of the office, not started.
    pub fn station(&self, name: &str, more: &str) -> TestStation {
        let station = TestStation::new();
        let file = station.folder("station.toml");
        let text = fs::read_to_string(&file).expect("the settings");
        let text = format!("{text}\n{}", self.office(&station, name, more));
        fs::write(file, text).expect("the settings are written");
        station
    }

    /// The settings of a reader, written into a folder; `more` goes into `[reading]`.
    pub fn reader(&self, folder: &tempfile::TempDir, name: &str, more: &str) -> PathBuf {
        let write = |file: &str, text: &str| {
            let file = folder.path().join(file);
            private(&file, text);
            file
        };
        write(
            &format!("{name}.nkey"),
            self.seeds.get(name).unwrap_or(&self.seed),
        );
        write(
            &format!("{name}.seal"),
            &self.readers.seed().expect("a seed"),
        );
        let models = std::env::var_os("LAIXIN_MODELS")
            .map_or_else(|| project(".setup/models"), PathBuf::from);
        write(
            &format!("{name}.toml"),
            &format!(
                "[reader]\nname = \"{name}\"\nseal_key = \"{name}.seal\"\n[brokers]\nservers = [\"nats://{}\"]\n\
                 credentials = \"{name}.nkey\"\nplain = true\n[reading]\nmodels_dir = {models:?}\n{more}\n",
                self.address
            ),
        )
    }
}
