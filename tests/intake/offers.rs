//! `laixin check` on scanners: what each offers, whether scans as the settings want them would be taken, whose a folder is.

use scanner::claim;
use scanner::sim::{SimSettings, Simulator};

use crate::support::TestStation;

fn told(station: &TestStation) -> String {
    let done = station.try_command(&["check", "--language", "en"], None);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The advice of `scanner_unsupported` is to look here.
#[tokio::test(flavor = "multi_thread")]
async fn check_shows_what_a_scanner_offers_and_tries_the_settings_against_it() {
    let device = Simulator::listen(([127, 0, 0, 1], 0).into(), SimSettings::default());
    let device = device.await.unwrap();
    let url = device.url();
    let station = TestStation::with_settings(|text| {
        format!(
            "{text}[[scanner]]\nid = \"good\"\nkind = \"escl\"\nurl = \"{url}\"\ndpi = 300\n\
             [[scanner]]\nid = \"fine\"\nkind = \"escl\"\nurl = \"{url}\"\ndpi = 600\n\
             [[scanner]]\nid = \"tray\"\nkind = \"sane\"\ndevice = \"test:0\"\n\
             [[scanner]]\nid = \"wide\"\nkind = \"sane\"\ndevice = \"test:0\"\nsides = 1\n\
             sources = [\"Automatic Document Feeder\", \"Automatic Document Feeder\", \"Flatbed\"]\n\
             [[scanner]]\nid = \"fits\"\nkind = \"sane\"\ndevice = \"test:0\"\nsides = 1\npaper_mm = [150, 200]\n\
             sources = [\"Automatic Document Feeder\", \"ADF Duplex\", \"Flatbed\"]\n"
        )
    });
    let text = tokio::task::spawn_blocking(move || told(&station))
        .await
        .unwrap();
    let line = |says: &str| text.lines().any(|line| line.contains(says));
    for says in [
        "ok    scanner good: feeder: 200, 300 dpi; Grayscale8, RGB24; paper up to 216×356 mm",
        "BAD   scanner fine: every scan would be refused: the device has no resolution of 600 dpi; it has 200, 300 dpi",
        "BAD   scanner tray: every scan would be refused: the device has no source \"ADF Duplex\"; it has Flatbed, Automatic Document Feeder",
        "ok    scanner wide: Automatic Document Feeder: 1 to 1200 dpi; Gray, Color; paper up to 200×200 mm",
        "BAD   scanner wide: every scan would be refused: the device has no paper of 210×297 mm; its largest is 200×200 mm",
        "ok    scanner fits: not used: the device has no source \"ADF Duplex\"",
    ] {
        assert!(line(says), "{says}\n{text}");
    }
    assert!(
        !line("BAD   scanner good") && !line("BAD   scanner fits"),
        "{text}"
    );
}

#[test]
fn check_says_that_another_station_has_the_folder() {
    let station = TestStation::new();
    let says = "BAD   scanner scanner-1";
    assert!(!told(&station).contains(says));
    let owned = claim::own(&station.folder("inbox")).unwrap();
    let text = told(&station);
    assert!(
        text.contains(says) && text.contains("another laixin takes pages out of it"),
        "{text}"
    );
    drop(owned);
    assert!(!told(&station).contains(says));
}
