//! What tests of late pages have in common: the system of an office, a page that comes after the hand-over.

use laixin::domain::draft::{Draft, DraftPage};
use laixin::domain::text::PageKind;
use laixin::store::{NewToken, Scope};
use serde_json::json;

use super::house::{Caller, House};

impl House {
    /// The case system of an office.
    pub(super) fn machine_of(&self, name: &str, unit: &str) -> Caller {
        let secret = format!("secret of {name}");
        let (kept, new) = (
            secret.clone(),
            NewToken {
                name: name.to_owned(),
                scope: Scope::CaseSystem,
                expires: None,
                unit: Some(unit.to_owned()),
                certificate: None,
            },
        );
        let added = self
            .app
            .store
            .wait(move |db| db.add_token(&new, &kept, "test"));
        added.unwrap();
        Caller::default().with("authorization", &format!("Bearer {secret}"))
    }
}

/// The case system of an office.
pub(super) fn system_of(house: &House, unit: &str) -> Caller {
    house.machine_of("theirs", unit)
}

/// The letters that a claim gets.
pub(super) fn claim(house: &House, caller: &Caller) -> Vec<String> {
    let claims = house.post(caller, "/v1/drafts/claims", json!({"limit": 50}));
    let drafts = claims.json()["drafts"].as_array().unwrap().clone();
    let letter = |draft: &serde_json::Value| draft["id"].as_str().unwrap().to_owned();
    drafts.iter().map(letter).collect()
}

/// The page lies there, unread.
pub(super) fn page_comes(house: &House, number: u32) {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S001_p1.jpg");
    let mut sample = std::fs::read(sample).unwrap();
    sample.extend(number.to_be_bytes());
    let original = house.app.evidence.put(&sample).unwrap();
    house.sql(&format!(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('late-{number}', 's', 'A1_p{number}.jpg', 'k', 2, 'taken');
         INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state, hint) VALUES ('A1', 'late-{number}', 'letter', '{}', '{}', 10, 'unread', {number});
         UPDATE letters SET last_arrival_ms = unixepoch('subsec') * 1000 + 5 WHERE id = 'A1'",
        original.sha256, original.sm3
    ));
}

/// The draft is of the pages that are there.
pub(super) fn with_pages(house: &House, draft: &mut Draft) {
    let pages = house.app.store.wait(|db| db.page_rows("A1")).unwrap();
    let page = |row: laixin::store::PageRow| DraftPage {
        n: row.n,
        kind: PageKind::Letter,
        sha256: row.sha256,
        sm3: row.sm3,
    };
    draft.pages = pages.into_iter().map(page).collect();
}
