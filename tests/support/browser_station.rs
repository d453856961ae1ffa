//! A station for the console's tests: the real routes on a free loopback port, a store in a temporary folder, a cabinet
//! whose state the test sets, and letters with drafts made from the samples' ground truth. No value here is measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use laixin::api::{self, App};
use laixin::clock;
use laixin::config::{DeviceId, Scanner, ScannerKind, Settings, Within};
use laixin::disinfect::{CabinetControl, CabinetView, CycleView, Order, PointView};
use laixin::domain::cycle::{Basis, Sides};
use laixin::domain::draft::Draft;
use laixin::domain::grouping::GroupBy;
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::Events;
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::scan::{self, Desk, ScannerControl};
use laixin::store::{CycleTerms, NewArrival, NewBatch, Role, SideExposure, Store, TakePage, Taken};
use scanner::sim::{SimSettings, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const USER: &str = "王芳";
/// An administrator, where a test adds one.
pub(crate) const ADMINISTRATOR: &str = "孙管理";
pub(crate) const PASSWORD: &str = "correct-horse-1";

pub(crate) struct Station {
    pub(crate) app: App,
    pub(crate) address: String,
    pub(crate) cabinet: watch::Sender<CabinetView>,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// A scanner on a real socket, where the station has one.
    pub(crate) device: Option<Simulator>,
    serving: JoinHandle<std::io::Result<()>>,
    /// Ends what serves, and nothing else of the station.
    stop: CancellationToken,
    folder: tempfile::TempDir,
}

impl Drop for Station {
    fn drop(&mut self) {
        // The scanners' tasks end with it.
        self.app.closing.cancel();
        self.serving.abort();
    }
}

const SETTINGS: &str = r#"
[station]
name = "苏州市信访局"
data_dir = "data"
[[cabinet]]
id = "cabinet-1"
profile = "demo.toml"
address = "127.0.0.1:1502"
[registration]
roster = "roster.toml"
deadlines = "deadlines.toml"
{more}
[[retention]]
policy = "信访文件材料保管期限表 短期"
years = 10
"#;

/// A case system that is told.
const TELLS: &str = r#"
[handoff]
push_to = ["127.0.0.1"]
[[webhook]]
id = "cases"
url = "http://127.0.0.1:9/hook"
secret_file = "secrets"
plain = true
"#;

fn point(name: &str, value: f64, age_ms: u64) -> PointView {
    PointView {
        quality: "good".into(),
        raw: None,
        point: name.to_owned(),
        value: Some(value),
        missing: None,
        age_ms: Some(age_ms),
    }
}

/// A cabinet that waits with its door open.
pub(crate) fn idle() -> CabinetView {
    CabinetView {
        id: "cabinet-1".into(),
        model: "laixin demo cabinet".into(),
        connected: true,
        wrong_cabinet: None,
        alarm_lamp: None,
        step: "idle".into(),
        dose_basis: Basis::Measured,
        ozone_basis: Basis::Measured,
        sides: Sides::Both,
        points: vec![
            point("door_closed", 0.0, 80),
            point("locked", 0.0, 80),
            point("estop_pressed", 0.0, 80),
            point("lamp_on", 0.0, 80),
            point("fan_on", 0.0, 80),
            point("irradiance_mw_cm2", 0.0, 80),
            point("ozone_mg_m3", 0.012, 90),
            point("lamp_temperature_c", 22.4, 120),
            point("lamp_hours_h", 1312.5, 4_200),
            point("lamp_strikes", 482.0, 4_200),
        ],
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

/// The same cabinet under way: this much UV, this much dose.
pub(crate) fn irradiating(mw_cm2: f64, dose: f64) -> CabinetView {
    let mut view = idle();
    view.step = "irradiating".into();
    for (name, value) in [
        ("door_closed", 1.0),
        ("locked", 1.0),
        ("lamp_on", 1.0),
        ("fan_on", 1.0),
        ("irradiance_mw_cm2", mw_cm2),
    ] {
        let found = view.points.iter_mut().find(|point| point.point == name);
        found.expect("the point is there").value = Some(value);
    }
    view.cycle = Some(CycleView {
        cycle: "C000001".into(),
        load: 1,
        step: "irradiating".into(),
        failed: None,
        failed_besides: None,
        dose_mj_cm2: Some(dose),
        target_dose_mj_cm2: Some(100.0),
        exposure_s: Some(dose / mw_cm2),
        min_exposure_s: 8.0,
        side: 1,
        left_s: Some((100.0 - dose) / mw_cm2),
    });
    view
}

/// The same cabinet when nobody answers: no value at all.
pub(crate) fn silent() -> CabinetView {
    let mut view = idle();
    view.connected = false;
    for point in &mut view.points {
        point.value = None;
        point.missing = Some("no_connection".into());
        point.age_ms = Some(42_000);
    }
    view
}

impl Station {
    /// Another account, with the same password.
    pub(crate) async fn add_person(&self, name: &'static str, role: Role) {
        add_person(&self.app, name, role).await;
    }

    /// A station that answers.
    pub(crate) async fn start() -> Self {
        Self::build(None, TELLS.to_owned()).await
    }

    /// The same in an office that wants these fields keyed twice.
    pub(crate) async fn keying_twice(fields: &str) -> Self {
        let more = format!("double_entry = [{fields}]\n{TELLS}");
        Self::build(None, more).await
    }

    /// A station for training, with its scanner's folder and the project's sample letters.
    pub(crate) async fn training() -> Self {
        let letters = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters");
        let more = format!(
            "[[scanner]]\nid = \"scanner-1\"\nfolder = \"data/scanner-1\"\n[training]\nletters = \"{letters}\"\n"
        );
        let station = Self::build(None, more).await;
        let inbox = station.folder.path().join("data/scanner-1");
        std::fs::create_dir_all(inbox).expect("a folder");
        station
    }

    /// The same with a watched folder (`scanner-1`) and a scanner that it drives (`scanner-2`).
    pub(crate) async fn with_scanners() -> Self {
        laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
        let device = Simulator::listen(([127, 0, 0, 1], 0).into(), SimSettings::default());
        Self::build(Some(device.await.expect("a free port")), TELLS.to_owned()).await
    }

    /// The folder that `scanner-1` watches.
    pub(crate) fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    fn scanners(folder: &Path, device: &Simulator) -> Vec<Scanner> {
        let inbox = folder.join("inbox");
        std::fs::create_dir_all(&inbox).expect("a folder");
        vec![
            Scanner {
                quiet_ms: Within(100),
                rescan_s: Within(1),
                ..Scanner::folder("scanner-1", inbox)
            },
            Scanner {
                kind: ScannerKind::Escl,
                by: Some(GroupBy::Scan),
                url: Some(device.url()),
                sides: Some(Within(1)),
                ..Scanner::folder("scanner-2", folder.join("spool"))
            },
        ]
    }

    /// Serves the scanners of the settings until the station closes.
    fn serve_scanners(app: &App) -> BTreeMap<String, ScannerControl> {
        let scanners = app.settings.scanners.iter();
        scanners
            .map(|scanner| {
                let parts = (app.events.clone(), app.readiness.clone());
                let desk = Desk::new(
                    scanner,
                    app.store.clone(),
                    app.evidence.clone(),
                    parts.0,
                    parts.1,
                );
                let (source, control, orders) = scan::open(scanner, &desk).expect("it opens");
                let beat = laixin::sd_notify::Watchdog::default()
                    .task("scan", std::time::Duration::from_secs(60));
                tokio::spawn(scan::run(desk, source, orders, beat, app.closing.clone()));
                (scanner.id.to_string(), control)
            })
            .collect()
    }

    async fn build(device: Option<Simulator>, more: String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("station.toml");
        let settings = SETTINGS.replace("{more}", &more);
        std::fs::write(&file, settings).expect("the settings can be written");
        let mut settings = Settings::load(&file).expect("the settings load");
        if let Some(device) = &device {
            settings.scanners = Self::scanners(folder.path(), device);
        }
        // Then the page of accounts asks which certificate a token is tied to.
        settings.http.client_authority = Some("case-systems.pem".into());
        let settings = Arc::new(settings);
        std::fs::create_dir_all(&settings.station.data_dir).expect("a data folder");
        let (store, _thread) = Store::of(&settings).expect("the store opens");
        let (cabinet, view) = watch::channel(idle());
        let (send, orders) = mpsc::channel(4);
        let id = DeviceId("cabinet-1".into());
        let control = CabinetControl::new(id.clone(), send, view);
        let cabinets = BTreeMap::from([(id.0, control)]);
        let evidence = Arc::new(Evidence::open(&settings.evidence_dir()).expect("evidence opens"));
        let told = (Events::default(), Readiness::default());
        let mut app = App::new(
            settings,
            (store, evidence),
            told.0,
            told.1,
            (cabinets, BTreeMap::new()),
        );
        // A training station has its folder only: nobody takes the sample letters out of it.
        if device.is_some() {
            app.scanners = Arc::new(Self::serve_scanners(&app));
        }
        add_person(&app, USER, Role::ConfirmingOfficer).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!(
            "http://{}",
            listener.local_addr().expect("it has an address")
        );
        let stop = app.closing.child_token();
        let serving = Self::serve(&app, listener, &stop);
        Self {
            app,
            address,
            cabinet,
            orders,
            device,
            serving,
            stop,
            folder,
        }
    }

    fn serve(
        app: &App,
        listener: TcpListener,
        stop: &CancellationToken,
    ) -> JoinHandle<std::io::Result<()>> {
        let routes = laixin::console::router(app.clone()).merge(api::router(app.clone()));
        tokio::spawn(api::serve(listener, routes, stop.clone()))
    }

    /// Nobody answers at its address any more; connections that were open are closed.
    pub(crate) async fn goes_away(&mut self) {
        self.stop.cancel();
        let ended = (&mut self.serving).await;
        ended.expect("it ends").expect("it ends well");
    }

    /// It answers again, at the same address.
    pub(crate) async fn comes_back(&mut self) {
        let at = self.address.trim_start_matches("http://");
        let listener = TcpListener::bind(at).await.expect("its port is free");
        self.stop = self.app.closing.child_token();
        self.serving = Self::serve(&self.app, listener, &self.stop);
    }

    /// The address of a page.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// A batch whose one load is open; its number.
    pub(crate) async fn open_batch(&self, carrier: Carrier, count: u32) -> i64 {
        let received = clock::now();
        let made = self.app.store.with(move |db| {
            let batch = db.sign_in_batch(
                &NewBatch {
                    carrier,
                    count,
                    received,
                },
                USER,
            )?;
            let load = db.add_load(batch, "cabinet-1", USER)?;
            let cycle = db.begin_cycle(
                load,
                &CycleTerms::measured("cabinet-1", &"0".repeat(64)),
                USER,
            )?;
            let ended = laixin::store::CycleOutcome {
                failed: None,
                exposures: vec![SideExposure {
                    dose_mj_cm2: Some(104.2),
                    lit_s: 21.0,
                }],
                ventilation_s: 12.0,
            };
            db.end_cycle(cycle, &ended)?;
            Ok(batch)
        });
        made.await.expect("a batch can be made")
    }

    /// Scans a sample letter and gives it the draft that the ground truth describes, changed by `change`.
    pub(crate) async fn letter(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
        let truth = std::fs::read_to_string(samples.join(format!("{id}.json"))).expect("a sample");
        let truth: Value = serde_json::from_str(&truth).expect("its truth is JSON");
        let mut pages = Vec::new();
        for (page, n) in truth["pages"]
            .as_array()
            .expect("pages")
            .iter()
            .zip(1_u32..)
        {
            let file = page["file"].as_str().expect("a file");
            let bytes = std::fs::read(samples.join(file)).expect("its image");
            let kind = match page["kind"].as_str() {
                Some("envelope_front") => PageKind::Envelope,
                Some("attachment") => PageKind::Attachment,
                _ => PageKind::Letter,
            };
            pages.push(self.page_arrives(id, file, n, kind, &bytes).await);
        }
        let mut draft = drafted(id, &truth, &pages);
        change(&mut draft);
        let draft: Draft = serde_json::from_value(draft).expect("it is a draft");
        let offer = self.app.settings.handoff.offer;
        let kept = self
            .app
            .store
            .with(move |db| db.insert_or_replace_draft(&draft, offer));
        kept.await.expect("a draft can be kept");
    }

    /// A page as the scanner brings it.
    pub(crate) async fn page_arrives(
        &self,
        letter: &str,
        file: &str,
        n: u32,
        kind: PageKind,
        bytes: &[u8],
    ) -> Value {
        let original = self.app.evidence.put(bytes).expect("it is kept");
        let told = json!({"n": n, "kind": kind, "sha256": original.sha256, "sm3": original.sm3});
        let (group, file) = (letter.to_owned(), file.to_owned());
        let taken = self.app.store.with(move |db| {
            let new = NewArrival {
                source: "scanner-1".into(),
                file_key: file.clone(),
                name: file,
                first_seen: clock::now(),
                seen: None,
            };
            let arrival = db.note_arrival(&new)?.id;
            db.take_page(&TakePage {
                arrival,
                group,
                kind,
                number: Some(n),
                frames: vec![0],
                original,
            })
        });
        let taken = taken.await.expect("a page can be taken");
        assert!(matches!(taken, Taken::Letter { .. }), "{taken:?}");
        told
    }

    /// A letter's draft as it is stored.
    pub(crate) async fn draft(&self, id: &str) -> Draft {
        let id = id.to_owned();
        self.app
            .store
            .with(move |db| db.draft(&id))
            .await
            .expect("there is a draft")
            .draft
    }

    /// A file that was not taken.
    pub(crate) async fn held(&self, name: &str, reason: &'static str) {
        let name = name.to_owned();
        let held = self.app.store.with(move |db| {
            let new = NewArrival {
                source: "scanner-1".into(),
                file_key: name.clone(),
                name,
                first_seen: clock::now(),
                seen: None,
            };
            let arrival = db.note_arrival(&new)?.id;
            db.hold_arrival(&arrival, reason)
        });
        held.await.expect("an arrival can be held");
    }

    /// The folder of this station.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The place of a field on the sample's pages.
fn place(truth: &Value, wanted: &str) -> (Value, Value) {
    for (page, n) in truth["pages"].as_array().into_iter().flatten().zip(1..) {
        for line in page["lines"].as_array().into_iter().flatten() {
            for span in line["spans"].as_array().into_iter().flatten() {
                if span["field"] == wanted {
                    return (json!(n), span["quad"].clone());
                }
            }
        }
    }
    (Value::Null, Value::Null)
}

fn field(truth: &Value, value: &Value, span: &str, source: &str, rule: &str) -> Value {
    let (page, quad) = place(truth, span);
    if value.is_null() {
        return json!({"value": null, "confidence": 0.0, "accepted": false, "source": "none", "rule": null,
            "page": null, "quad": null});
    }
    json!({"value": value, "confidence": 0.97, "accepted": true, "source": source, "rule": rule, "page": page, "quad": quad})
}

fn drafted(id: &str, truth: &Value, pages: &[Value]) -> Value {
    let fields = &truth["fields"];
    let or_itself = |name: &str| match fields[name].get("value") {
        Some(value) => value.clone(),
        None => fields[name].clone(),
    };
    let mut id_number = field(
        truth,
        &or_itself("id_number"),
        "id_number",
        "letter.contact",
        "7.4.2.1",
    );
    id_number["checksum_ok"] = fields["id_number"]
        .get("checksum_ok")
        .cloned()
        .unwrap_or(Value::Null);
    let phones: Vec<_> = fields["phones"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|phone| {
            let mut told = field(truth, &phone["value"], "phone", "letter.contact", "7.4.2.5");
            told["type"] = phone["type"].clone();
            told
        })
        .collect();
    let mut addressee = field(
        truth,
        &or_itself("addressee"),
        "addressee_raw",
        "letter.salutation",
        "7.4.2.4",
    );
    addressee["raw"] = fields["addressee"]["raw"].clone();
    let name = if fields["joint"]["is_joint"] == true {
        "signatory"
    } else {
        "signature"
    };
    let matters: Vec<_> = fields["matters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|matter| {
            json!({"title": matter["title"], "main": matter["main"], "pages": [1], "place": null,
            "category": matter["category"]})
        })
        .collect();
    let flag = |name: &str| json!({"value": fields["flags"][name], "quote": null, "page": null, "quad": null});
    json!({
        "letter": id, "station": "苏州市信访局", "received_at": clock::now().rfc3339(), "pages": pages,
        "disinfection": {"cycle": "C000001", "released_at": clock::now().rfc3339(), "dose_mj_cm2": 104.2, "override": null},
        "fields": {
            "sender_name": field(truth, &or_itself("sender_name"), name, "letter.signature", "7.4.2.2/1"),
            "address": field(truth, &or_itself("address"), "address", "letter.signed_address", "7.4.2.3/1"),
            "addressee": addressee,
            "letter_date": field(truth, &or_itself("letter_date"), "date", "letter.signature", "7.4.2.1"),
            "purpose": field(truth, &or_itself("purpose"), "-", "letter.body", "7.4.2.1"),
            "id_number": id_number, "phones": phones,
            "anonymous": fields["anonymous"], "joint": fields["joint"], "proxy": null,
            "postmark": fields["postmark"], "matters": matters, "summary": "",
            "flags": {"threat": flag("threat"), "crime_clue": flag("crime_clue"), "valuables": flag("valuables"),
                "archive_only": flag("archive_only"), "sensitive": null, "secret_mark": null},
            "repeat": {"relation": "unchecked", "of": null, "scores": null}},
        "missing": if or_itself("id_number").is_null() { json!(["id_number"]) } else { json!([]) },
        "deadlines": [{"name": "登记并转送", "due": "2026-12-06", "basis": "信访工作条例第二十二条（未计法定节假日）"}],
        "confirmed": null, "notes": []
    })
}

async fn add_person(app: &App, name: &'static str, role: Role) {
    let phc = api::password::hash(PASSWORD).expect("a password can be hashed");
    let added = app.store.with(move |db| {
        db.add_user(name, role, &phc, "test")?;
        db.set_password(name, &phc, name)
    });
    added.await.expect("a user can be added");
}
