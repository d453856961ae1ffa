//! What of letters and pages that are kept from somebody left a trace in what he does see: digests and dates of files, counts of a batch.

use laixin::domain::draft::{Accused, Draft};
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House};
use super::kept_pages::{judge_alert, registered};
use super::late::{page_comes, system_of};
use super::late_accusations::{OFFICE, accuses, opens};

/// The PDF's digest and the dates in it became those of the second in which the page was read that accuses the office; what was found of it stood in the title.
#[test]
fn the_archive_of_the_accused_office_stays_as_it_was_when_a_page_is_kept_from_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市政府");
    registered(&house, &theirs);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S001_p1.jpg");
    let first = house
        .app
        .evidence
        .put(&std::fs::read(sample).unwrap())
        .unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{0}', sm3 = '{1}'; UPDATE drafts SET body = json_set(body, '$.pages[0].sha256', '{0}')",
        first.sha256, first.sm3
    ));
    let fetched = |caller: &Caller, below: &str| {
        let mut response = house.open(caller, &format!("/v1/letters/A1/{below}"));
        assert_eq!(response.status(), 200, "{below}");
        let header = response.headers().get("etag");
        let etag = header.map(|etag| etag.to_str().unwrap().to_owned());
        (etag, response.body_mut().read_to_vec().unwrap())
    };
    let sees = |caller: &Caller| {
        let below = [
            "archive.pdf",
            "pages/1",
            "pages/1/image",
            "pages/1/thumbnail",
        ];
        below.map(|below| fetched(caller, below))
    };
    let before = sees(&theirs);
    let dated = "<xmp:CreateDate>1970-01-01T";
    let has = |pdf: &[u8], text: &str| {
        let text = text.as_bytes();
        pdf.windows(text.len()).any(|part| part == text)
    };
    assert!(has(&before[0].1, dated), "of the page that it has");
    page_comes(&house, 2);
    let came = house.count("SELECT max(id) FROM pages");
    house.sql("UPDATE arrivals SET taken_ms = unixepoch('subsec') * 1000 WHERE id = 'late-2'");
    assert!(sees(&theirs) == before, "it came");
    let read = laixin::store::Reading {
        engine: "test".into(),
        width: 100,
        height: 100,
        turned_deg: 0,
        lines: Vec::new(),
        seconds: 0.1,
        blank: false,
    };
    house
        .app
        .store
        .wait(move |db| db.finish_reading(came, &read))
        .unwrap();
    accuses(&house, OFFICE);
    assert!(sees(&theirs) == before, "it is read");
    opens(&house, &officer);
    let whole = fetched(&officer, "archive.pdf").1;
    assert!(!has(&whole, dated), "whoever has the page sees its time");
    assert_eq!(judge_alert(&house, &officer), 200);
    house.sql("INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'accused_office_saw', 1)");
    assert!(sees(&theirs) == before, "it is judged, and to be settled");
    house.tampered();
}

/// “签收 8 件，已扫描 18 件 多出 10 件”, beside a finding that eighteen were released: ten letters were kept from him.
#[test]
fn a_recused_person_counts_by_a_batch_with_more_letters_than_signed_in_none_that_are_kept_from_him()
{
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let recused = house.person("钱正阳", Role::ConfirmingOfficer);
    for letter in ["A1", "B1"] {
        house.drafted(letter);
    }
    for letter in ["C1", "D1"] {
        house.drafted_as(letter, |draft: &mut Draft| {
            draft.fields.accused = vec![Accused {
                name: "钱正阳".into(),
                ..Accused::default()
            }];
        });
    }
    house.sql(
        "UPDATE batches SET count = 2; INSERT INTO load_letters (load_id, letters) VALUES (1, 2);
         INSERT INTO separators_seen (batch_id, arrival_id, frame, source, run, number, side, at_ms) SELECT 1, arrival_id, 0, 's', 'R', id, 'front', 1 FROM pages;
         INSERT INTO holds (id, batch_id, letter_id, reason, detail, at_ms) VALUES (7, 1, 'B1', 'unreleased_load', '2 released, this one is beyond', 1)",
    );
    house.tampered();
    let counts = |caller: &Caller| {
        let one = house.get(caller, "/v1/batches/1").json();
        let number = |of: &str| one[of].as_i64().unwrap();
        let letters = one["differences"].as_array().unwrap().iter();
        let short: Vec<String> = letters
            .filter(|one| one["where"].as_str().unwrap().starts_with("letters_"))
            .map(Value::to_string)
            .collect();
        (
            number("count"),
            number("letters"),
            one["files"]["separators"].as_i64().unwrap(),
            short.len(),
        )
    };
    assert_eq!(counts(&officer), (2, 4, 4, 1));
    assert_eq!(counts(&recused), (2, 2, 2, 0), "as somebody signed it in");
    let detail =
        |caller: &Caller| house.get(caller, "/v1/holds").json()["items"][0]["detail"].clone();
    assert_eq!(detail(&officer), "2 released, this one is beyond");
    assert_eq!(detail(&recused), Value::Null);
    for path in ["/batches", "/letters/B1", "/v1/letters/B1"] {
        for numbers in ["只放行了 2", "2 released", "多出"] {
            let text = house.get(&recused, path).text;
            assert!(!text.contains(numbers), "{path}: {numbers}");
        }
    }
    assert!(
        house
            .get(&officer, "/batches")
            .text
            .contains("只放行了 2 封")
    );
    let missing = json!({"kind": "missing", "letters": 1, "reason": "找不到"});
    let refused = house.post(&recused, "/v1/batches/1/exceptions", missing.clone());
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused
            .text
            .contains("2 signed in, +0 by exceptions, 2 scanned"),
        "{}",
        refused.text
    );
    let refused = house.post(&recused, "/v1/batches/1/close", json!({}));
    assert!(refused.text.contains("finding"), "{}", refused.text);
    // One letter of five is still to be scanned: that is told him as it is.
    house.sql("UPDATE batches SET count = 5");
    assert_eq!(counts(&recused), (3, 2, 2, 1));
    // Closed, and out of balance by what is kept from him alone.
    house.sql(
        "UPDATE batches SET count = 2, closed_ms = 5, closed_by = 'x';
         INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) VALUES (1, 'A1', 'A1', 'x', 'y', 6)",
    );
    let open = |caller: &Caller| house.get(caller, "/today").text.contains("结批后多了 2 件");
    assert!(open(&officer) && !open(&recused));
    let more = json!({"kind": "several_in_one", "letters": 2, "reason": "一封两信"});
    let refused = house.post(&recused, "/v1/batches/1/exceptions", more.clone());
    assert_eq!(refused.code(), "wrong_state", "{}", refused.text);
    let settled = house.post(&officer, "/v1/batches/1/exceptions", more);
    assert_eq!(settled.status, 201, "{}", settled.text);
}
