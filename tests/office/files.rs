//! Originals and archive files through the brokers, their digest right at both ends.

use std::path::Path;

use serde_json::json;

use super::brokers::{Brokers, Office, ask};
use crate::support::{TestStation, project, wait_for};

/// A station that takes real images; nothing is read well, but everything is taken.
pub fn scanning(table: &str) -> TestStation {
    let mut station = TestStation::with_settings(|text| text + table);
    station.start();
    station.sign_in();
    station.open_batch(5);
    station
}

fn a_letter() -> std::path::PathBuf {
    let folder = project("tests/letters");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with("_p1.jpg"))
        .collect();
    names.sort();
    names.remove(0)
}

#[test]
fn an_original_and_the_pdf_come_through_as_they_were_and_an_altered_one_does_not() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = scanning(&office.table(&brokers, "desk-a", ""));
    let image: &Path = &a_letter();
    station.scan(image, "H00001_p1.jpg");
    station.wait_for_stage("H00001", &["drafted"], 120);
    let claim = office.claim(0, 1).remove(0);
    let sha256 = claim["draft"]["pages"][0]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();

    let (status, original) = office.bytes(0, "/v1/letters/desk-a.H00001/pages/1");
    assert_eq!(status, 200);
    assert!(
        original == std::fs::read(image).unwrap(),
        "every byte of it"
    );
    let (status, pdf) = office.bytes(0, "/v1/letters/desk-a.H00001/archive.pdf");
    assert_eq!((status, &pdf[..5]), (200, &b"%PDF-"[..]));
    let sent = "SELECT json_extract(detail, '$.pdf') FROM ledger WHERE action = 'draft.handed_out'";
    assert_eq!(ask(&station, sent), [laixin::digest::sha256_hex(&pdf)]);
    assert_eq!(office.bytes(0, "/v1/letters/desk-a.H00001/pages/2").0, 404);

    // Registered, they are still there.
    let body = json!({"case_number": "SZ-1", "lease": claim["lease"]});
    assert_eq!(
        office
            .call(0, "POST", "/v1/drafts/desk-a.H00001/ack", Some(body))
            .0,
        200
    );
    wait_for("the original of a registered letter", 10, || {
        (office.bytes(0, "/v1/letters/desk-a.H00001/pages/1").0 == 200).then_some(())
    });

    // Somebody at the brokers puts another thing under the same name.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let seed = std::fs::read_to_string(brokers.file("desk-a.nkey")).unwrap();
        let client = async_nats::ConnectOptions::with_nkey(seed)
            .custom_inbox_prefix("_INBOX.desk-a")
            .connect(format!("127.0.0.1:{}", brokers.nodes[0].port))
            .await
            .unwrap();
        let store = async_nats::jetstream::new(client)
            .get_object_store("pages-desk-a")
            .await;
        let put = store.unwrap();
        put.put(sha256.as_str(), &mut &b"another"[..])
            .await
            .unwrap();
    });
    let (status, told) = office.bytes(0, "/v1/letters/desk-a.H00001/pages/1");
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(
        status >= 400 && told.contains("original_altered"),
        "{status} {told}"
    );
}
