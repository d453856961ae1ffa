//! A store, a router on a socket of its own, accounts, and letters as intake leaves them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use laixin::api::{self, App, password};
use laixin::config::{DeviceId, Offer, Settings};
use laixin::disinfect::{CabinetControl, CabinetView, Order};
use laixin::domain::cycle::{Basis, Sides};
use laixin::domain::draft::{Disinfection, Draft, DraftPage, Fields};
use laixin::domain::field::{Field, Source};
use laixin::domain::text::PageKind;
use laixin::events::Events;
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::store::{Channel, NewToken, Role, Scope, Store};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::support::described::assert_described;
use crate::support::vouched::PutIn;

pub(super) const PASSWORD: &str = "correct horse battery";

/// A running API; ends with the value.
pub(super) struct House {
    pub(super) app: App,
    pub(super) url: String,
    pub(super) folder: tempfile::TempDir,
    pub(super) runtime: Runtime,
    orders: Option<mpsc::Receiver<Order>>,
    put_in: PutIn,
}

/// What a call says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    headers: Vec<(String, String)>,
}

impl Caller {
    /// The same caller, whose bodies say that they are of this kind.
    pub(super) fn sending(&self, content_type: &str) -> Self {
        let mut caller = self.clone();
        let header = ("content-type".to_owned(), content_type.to_owned());
        caller.headers.insert(0, header);
        caller
    }

    fn says_its_kind(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "content-type")
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ureq::http::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The problem's code, having checked that it is a whole problem document.
    pub(super) fn code(&self) -> String {
        let problem = self.json();
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{problem}"
        );
        assert_eq!(problem["status"], self.status, "{problem}");
        let code = problem["code"].as_str().expect("a code").to_owned();
        assert_eq!(problem["type"], format!("urn:laixin:problem:{code}"));
        code
    }

    pub(super) fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }
}

impl Caller {
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }
}

impl House {
    pub(super) fn new() -> Self {
        Self::offering("confirmed")
    }

    pub(super) fn offering(offer: &str) -> Self {
        Self::set_up(offer, "")
    }

    /// With more lines at the end of the settings.
    pub(super) fn with_more(settings: &str) -> Self {
        Self::set_up("confirmed", settings)
    }

    /// What is read is offered, with more lines at the end of the settings, and case systems are told.
    pub(super) fn telling(settings: &str) -> Self {
        let house = Self::set_up("read", settings);
        let handoff = laixin::handoff::Handoff {
            settings: house.app.settings.clone(),
            store: house.app.store.clone(),
            evidence: house.app.evidence.clone(),
            events: house.app.events.clone(),
            readiness: house.app.readiness.clone(),
        };
        let mappings = laixin::handoff::mappings(&house.app.settings).unwrap();
        let _guard = house.runtime.enter();
        let watchdog = laixin::sd_notify::Watchdog::default();
        laixin::handoff::start(
            &handoff,
            mappings,
            (&watchdog, &house.app.closing),
            &mut Vec::new(),
        );
        drop(_guard);
        house
    }

    /// With the sample roster, as the station has it.
    pub(super) fn with_roster(more: &str) -> Self {
        let roster = concat!(env!("CARGO_MANIFEST_DIR"), "/config/roster.toml");
        Self::set_up(
            "read",
            &format!("{more}\n[registration]\nroster = \"{roster}\"\ndeadlines = \"d\"\n"),
        )
    }

    /// With its data in this folder.
    pub(super) fn in_folder(data: &Path) -> Self {
        Self::set_up_in(data, "confirmed", "")
    }

    fn set_up(offer: &str, more: &str) -> Self {
        Self::set_up_in(Path::new("data"), offer, more)
    }

    fn set_up_in(data: &Path, offer: &str, more: &str) -> Self {
        laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("station.toml");
        let text = format!(
            "[station]\nname = \"test\"\ndata_dir = {data:?}\n[handoff]\noffer = \"{offer}\"\n{more}"
        );
        let own = "\n[registration]\nroster = \"r\"\ndeadlines = \"d\"\n";
        let text = if text.contains("[registration]") {
            text
        } else {
            text + own
        };
        std::fs::write(&file, text).unwrap();
        let settings = Settings::load(&file).unwrap();
        std::fs::create_dir_all(&settings.station.data_dir).unwrap();
        let (store, _thread) = Store::of(&settings).unwrap();
        let evidence = Arc::new(Evidence::of(&settings).unwrap());
        let (orders_in, orders) = mpsc::channel(4);
        // The view has no sender any more: what was last known stays.
        let (_, view) = watch::channel(cabinet_view());
        let cabinet = CabinetControl::new(DeviceId("cabinet-1".into()), orders_in, view);
        let cabinets = BTreeMap::from([("cabinet-1".to_owned(), cabinet)]);
        let app = App::new(
            Arc::new(settings),
            (store, evidence),
            Events::default(),
            Readiness::default(),
            (cabinets, BTreeMap::new()),
        );
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = laixin::console::router(app.clone()).merge(api::router(app.clone()));
        runtime.spawn(api::serve(listener, router, app.closing.clone()));
        Self {
            app,
            url,
            folder,
            runtime,
            orders: Some(orders),
            put_in: PutIn::default(),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.app.settings.database()
    }

    /// Answers the cabinet's orders with what `answer` says.
    pub(super) fn cabinet_answers(&mut self, answer: impl Fn(Order) + Send + 'static) {
        let mut orders = self.orders.take().expect("once per house");
        self.runtime.spawn(async move {
            while let Some(order) = orders.recv().await {
                answer(order);
            }
        });
    }

    fn response(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> ureq::http::Response<ureq::Body> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(std::time::Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        let json = caller.sending("application/json");
        let caller = if caller.says_its_kind() {
            caller
        } else {
            &json
        };
        for (name, value) in &caller.headers {
            request = request.header(name, value);
        }
        let response = match body {
            Some(body) => agent.run(request.body(body.to_owned()).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        response.unwrap()
    }

    pub(super) fn call(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Answer {
        let mut response = self.response(caller, method, path, body);
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap(),
        };
        if let Ok(told) = serde_json::from_str(&answer.text) {
            assert_described(method, path, answer.status, &told);
        }
        answer
    }

    /// Status, content type, bytes, whatever is asked.
    pub(super) fn bytes(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> (u16, String, Vec<u8>) {
        let mut response = self.response(caller, method, path, body);
        let kind = response.headers().get("content-type");
        let kind = kind.map_or(String::new(), |kind| kind.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        (status, kind, response.body_mut().read_to_vec().unwrap())
    }

    /// Status, content type, bytes.
    pub(super) fn get_bytes(&self, caller: &Caller, path: &str) -> (u16, String, Vec<u8>) {
        let mut response = self.response(caller, "GET", path, None);
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (
            response.status().as_u16(),
            kind,
            response.body_mut().read_to_vec().unwrap(),
        )
    }

    /// Sends a request; whoever drops the connection has hung up.
    pub(super) fn asks(&self, caller: &Caller, path: &str, body: &Value) -> TcpStream {
        let (host, body) = (self.url.trim_start_matches("http://"), body.to_string());
        let heads = caller.headers.iter();
        let heads: String = heads
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let mut stream = TcpStream::connect(host).unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{heads}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The answer before its body has ended.
    pub(super) fn open(&self, caller: &Caller, path: &str) -> ureq::http::Response<ureq::Body> {
        self.response(caller, "GET", path, None)
    }

    pub(super) fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.call(caller, "GET", path, None)
    }

    pub(super) fn post(&self, caller: &Caller, path: &str, body: Value) -> Answer {
        self.call(caller, "POST", path, Some(&body.to_string()))
    }

    /// An account whose owner has chosen its password himself.
    pub(super) fn add_user(&self, name: &str, role: Role) {
        // Made once: a password takes its time by its nature, and a thousand people have this one.
        static PHC: LazyLock<String> = LazyLock::new(|| password::hash(PASSWORD).unwrap());
        let name = name.to_owned();
        let made = self.app.store.wait(move |db| {
            db.add_user(&name, role, &PHC, "test")?;
            db.set_password(&name, &PHC, &name)
        });
        made.unwrap();
    }

    pub(super) fn sign_in(&self, name: &str) -> Answer {
        self.post(
            &Caller::default(),
            "/v1/session",
            serde_json::json!({"user": name, "password": PASSWORD}),
        )
    }

    /// A signed-in person with an account of that role.
    pub(super) fn person(&self, name: &str, role: Role) -> Caller {
        self.add_user(name, role);
        self.signed_in(name)
    }

    /// Somebody who has an account, signed in anew.
    pub(super) fn signed_in(&self, name: &str) -> Caller {
        let answer = self.sign_in(name);
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        Caller::default()
            .with("cookie", &cookie)
            .with("x-csrf-token", answer.json()["csrf"].as_str().unwrap())
    }

    pub(super) fn machine(&self, name: &str, scope: Scope) -> Caller {
        let (token, secret) = (name.to_owned(), format!("secret of {name}"));
        let kept = secret.clone();
        self.app
            .store
            .wait(move |db| {
                let new = NewToken {
                    name: token,
                    scope,
                    expires: None,
                    unit: None,
                    certificate: None,
                };
                db.add_token(&new, &kept, "test")
            })
            .unwrap();
        Caller::default().with("authorization", &format!("Bearer {secret}"))
    }

    /// A letter as intake leaves it: its only page read, its load opened.
    pub(super) fn letter(&self, id: &str) {
        self.sql(&format!(
            "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 3, 1, 't', 1);
             INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (1, 1, 'cabinet-1', 'released', 1, 1);
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state)
                 VALUES ('a-{id}', 's', '{id}_p1.jpg', 'k', 1, 'taken');
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms)
                 VALUES ('{id}', 1, 1, '{id}', 'reading', 1, 1);
             INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state)
                 VALUES ('{id}', 'a-{id}', 'letter', 'aa', 'bb', 10, 'read');"
        ));
    }

    /// A letter with its draft, offered as the settings say.
    pub(super) fn drafted(&self, id: &str) {
        self.letter(id);
        self.draft(id, self.app.settings.handoff.offer);
    }

    pub(super) fn draft(&self, id: &str, offer: Offer) {
        let draft = draft(id);
        self.app
            .store
            .wait(move |db| db.insert_or_replace_draft(&draft, offer))
            .unwrap();
    }

    /// A letter whose draft is changed by `change` before it is kept.
    pub(super) fn drafted_as(&self, id: &str, change: impl FnOnce(&mut Draft)) {
        self.letter(id);
        let mut draft = draft(id);
        change(&mut draft);
        let offer = self.app.settings.handoff.offer;
        self.app
            .store
            .wait(move |db| db.insert_or_replace_draft(&draft, offer))
            .unwrap();
    }

    /// Another page came, and the letter was read again.
    pub(super) fn drafted_again(&self, id: &str, change: impl FnOnce(&mut Draft)) {
        let mut draft = draft(id);
        change(&mut draft);
        let offer = self.app.settings.handoff.offer;
        self.app
            .store
            .wait(move |db| db.insert_or_replace_draft(&draft, offer))
            .unwrap();
    }

    /// An officer has read its draft: the system of an office gets none before.
    pub(super) fn confirmed(&self, id: &str) {
        self.sql(&format!(
            "UPDATE drafts SET body = json_set(body, '$.confirmed', json('{{\"by\":\"wang\",\"at\":\"2026-03-02T09:00:00+08:00\"}}')) WHERE letter_id = '{id}'"
        ));
    }

    /// How many messages a channel is owed by now.
    pub(super) fn queued(&self, channel: Channel) -> usize {
        let queue = self
            .app
            .store
            .wait(move |db| db.queue_messages(&channel, password::random_hex::<16>));
        queue.unwrap()
    }

    pub(super) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection
            .busy_timeout(std::time::Duration::from_secs(5))
            .unwrap();
        let put_in = || connection.execute_batch(sql).unwrap();
        self.put_in.by(&self.app.store, put_in);
    }

    /// Nothing is asked of the records at the end.
    pub(super) fn tampered(&self) {
        self.put_in.tampered();
    }

    pub(super) fn count(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.app.closing.cancel();
        self.put_in.assert_nothing_else(&self.app.store);
    }
}

fn cabinet_view() -> CabinetView {
    CabinetView {
        id: "cabinet-1".into(),
        model: "demo".into(),
        connected: true,
        wrong_cabinet: None,
        step: "idle".into(),
        alarm_lamp: None,
        dose_basis: Basis::Measured,
        ozone_basis: Basis::Measured,
        sides: Sides::Both,
        points: Vec::new(),
        blocked: None,
        absent: Vec::new(),
        map: "published".into(),
        awaits_unloading: false,
        troubles: Vec::new(),
        cycle: None,
        self_test: None,
        link: laixin::disinfect::LinkView::default(),
    }
}

/// A draft as reading makes it.
pub(super) fn draft(id: &str) -> Draft {
    let sender_name = Field {
        value: Some("陆思雨".to_owned()),
        confidence: 0.9,
        accepted: true,
        source: Source::LetterSignature,
        page: Some(1),
        ..Field::empty()
    };
    Draft {
        letter: id.into(),
        station: "test".into(),
        received_at: None,
        pages: vec![DraftPage {
            n: 1,
            kind: PageKind::Letter,
            sha256: "aa".into(),
            sm3: "bb".into(),
        }],
        disinfection: Some(Disinfection {
            cycle: Some("C000001".into()),
            released_at: None,
            dose_mj_cm2: Some(100.0),
            r#override: None,
        }),
        other_disinfections: Vec::new(),
        fields: Fields {
            sender_name,
            ..Fields::default()
        },
        missing: vec!["address".into()],
        deadlines: Vec::new(),
        deadlines_to_come: Vec::new(),
        second_entries: Vec::new(),
        visitor: None,
        confirmed: None,
        notes: Vec::new(),
    }
}

/// Two uncompressed grey pages: 8×8 and 24×16 pixels.
pub(super) fn two_page_tiff() -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for (width, height, last) in [(8u32, 8u32, false), (24, 16, true)] {
        let begin = file.len() as u32;
        let tags = 9u32;
        let pixels_at = begin + 2 + tags * 12 + 4;
        let bytes = width * height;
        file.extend((tags as u16).to_le_bytes());
        // Width, height, bits, compression, photometric, offset, samples, rows per strip, bytes.
        for (tag, value) in [
            (256u16, width),
            (257, height),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, pixels_at),
            (277, 1),
            (278, height),
            (279, bytes),
        ] {
            file.extend(tag.to_le_bytes());
            file.extend(4u16.to_le_bytes());
            file.extend(1u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        let next = if last { 0 } else { pixels_at + bytes };
        file.extend(next.to_le_bytes());
        file.extend((0..bytes).map(|n| n as u8));
    }
    file
}
