//! A request as it stands on the wire: request line, headers, an empty line, body. `as:` says who asks. The answer is no defect of the station.
//!
//! The store is a real one and changes with the requests; it is made anew from time to time, so that it stays small.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use laixin::api::{self, App};
use laixin::config::{Offer, Settings};
use laixin::events::Events;
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::store::{NewToken, Role, Scope, Store};
use tower::ServiceExt as _;

/// So many requests see the same store at most.
const REQUESTS: u32 = 1_000;
const LETTERS: [&str; 3] = ["A001", "A002", "A003"];
const PEOPLE: [(&str, Role); 5] = [
    ("operator", Role::Operator),
    ("officer", Role::ConfirmingOfficer),
    ("maintenance", Role::Maintenance),
    ("auditor", Role::Auditor),
    ("administrator", Role::Administrator),
];
/// Proving a password takes a tenth of a second by its nature; what is wrong with such a body is found by every other.
const SLOW: [&str; 2] = ["/v1/session", "/v1/users"];

struct House {
    router: Router,
    runtime: tokio::runtime::Runtime,
    asked: u32,
    _folder: tempfile::TempDir,
}

thread_local! {
    static HOUSE: RefCell<Option<House>> = const { RefCell::new(None) };
}

pub(super) fn request(bytes: &[u8]) {
    let Some(request) = parsed(bytes) else {
        return;
    };
    if SLOW
        .iter()
        .any(|slow| request.uri().path().starts_with(slow))
    {
        return;
    }
    HOUSE.with_borrow_mut(|house| {
        house.take_if(|house| house.asked >= REQUESTS);
        let house = house.get_or_insert_with(House::new);
        house.asked += 1;
        let asked = format!("{} {}", request.method(), request.uri());
        let answer = house
            .runtime
            .block_on(house.router.clone().oneshot(request));
        let answer = answer.expect("a router never fails");
        if answer.status() == StatusCode::INTERNAL_SERVER_ERROR {
            let told = house
                .runtime
                .block_on(to_bytes(answer.into_body(), 1 << 20));
            let told = String::from_utf8_lossy(&told.expect("a problem")).into_owned();
            // There are no originals here, which is told as what it is.
            assert!(!told.contains("\"defect\""), "{asked}: {told}");
        }
    });
}

/// As an HTTP server would hand it on; `None` for what that refuses itself.
fn parsed(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, uri) = (words.next()?, words.next()?);
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..at], line[at + 1..].trim_ascii());
        request = match (name, std::str::from_utf8(value)) {
            (b"as", Ok("case_system")) => request.header("authorization", "Bearer secret"),
            (b"as", Ok(person)) => request
                .header("cookie", format!("laixin_session={person}"))
                .header("x-csrf-token", "csrf"),
            _ => request.header(name, value),
        };
    }
    let request = request.header("content-type", "application/json");
    request.body(Body::from(body.to_vec())).ok()
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(super::wires::quick_folder()).expect("a folder");
        let file = folder.path().join("station.toml");
        let text = "[station]\nname = \"x\"\ndata_dir = \"data\"\n[registration]\nroster = \"roster.toml\"\ndeadlines = \"none\"\n";
        let roster = include_str!("../../config/roster.toml");
        fs::write(folder.path().join("roster.toml"), roster).expect("written");
        fs::write(&file, text).expect("written");
        let settings = Settings::load(&file).expect("settings");
        fs::create_dir_all(&settings.station.data_dir).expect("a folder");
        let (store, _) = Store::of(&settings).expect("a store");
        let evidence = Arc::new(Evidence::of(&settings).expect("originals"));
        let database = settings.database();
        let app = App::new(
            Arc::new(settings),
            (store, evidence),
            Events::default(),
            Readiness::default(),
            (BTreeMap::new(), BTreeMap::new()),
        );
        people(&app);
        letters(&app, &database);
        let router = laixin::console::router(app.clone()).merge(api::router(app));
        let runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            router,
            runtime: { runtime }.enable_all().build().expect("a runtime"),
            asked: 0,
            _folder: folder,
        }
    }
}

fn people(app: &App) {
    for (name, role) in PEOPLE {
        let made = app.store.wait(move |db| {
            // Proves no password: nobody signs in here.
            db.add_user(name, role, "none", "fuzz")?;
            db.begin_session(name, name, "csrf", 600)
        });
        made.expect("a person");
    }
    let new = NewToken {
        name: "cases".into(),
        scope: Scope::CaseSystem,
        expires: None,
        unit: None,
        certificate: None,
    };
    let made = app
        .store
        .wait(move |db| db.add_token(&new, "secret", "fuzz"));
    made.expect("a token");
}

/// Letters as intake leaves them, with a draft each; the first is confirmed.
fn letters(app: &App, database: &std::path::Path) {
    let connection = rusqlite::Connection::open(database).expect("the database");
    // Of an original that is not there.
    let original = "a".repeat(64);
    for letter in LETTERS {
        let put_in = connection.execute_batch(&format!(
            "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 3, 1, 't', 1);
             INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (1, 1, 'cabinet-1', 'released', 1, 1);
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-{letter}', 's', '{letter}_p1.jpg', 'k', 1, 'taken');
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('{letter}', 1, 1, '{letter}', 'reading', 1, 1);
             INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state) VALUES ('{letter}', 'a-{letter}', 'letter', '{original}', '{original}', 10, 'read');"
        ));
        put_in.expect("a letter");
        let mut draft = super::texts::draft();
        draft.letter = letter.into();
        let kept = app
            .store
            .wait(move |db| db.insert_or_replace_draft(&draft, Offer::Read));
        kept.expect("a draft");
    }
}
