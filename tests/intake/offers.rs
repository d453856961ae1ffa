//! `laixin check` on scanners: what each offers, whether scans as the settings want them would be taken, whose a folder is.

use scanner::claim;
use scanner::sim::{SimSettings, Simulator};

use crate::support::TestStation;

fn told(station: &TestStation) -> String {
    told_in(station, "en")
}

fn told_in(station: &TestStation, language: &str) -> String {
    let done = station.try_command(&["check", "--language", language], None);
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
             sources = [\"Automatic Document Feeder\", \"ADF Duplex\", \"Flatbed\"]\n\
             [[scanner]]\nid = \"odd\"\nkind = \"sane\"\ndevice = \"test:0\"\nsides = 1\npaper_mm = [150, 200]\n\
             sources = [\"Automatic Document Feeder\", \"ADF Duplex\", \"Flatbed\"]\noptions = [\"--no-such-option=1\"]\n"
        )
    });
    let both = tokio::task::spawn_blocking(move || [told(&station), told_in(&station, "zh")]);
    let [text, chinese] = both.await.unwrap();
    let line = |says: &str| text.lines().any(|line| line.contains(says));
    for says in [
        "ok    scanner good: feeder: 200, 300 dpi; grey (8 bits), colour (24 bits); paper up to 216×356 mm",
        "BAD   scanner fine: every scan would be refused: it has not 600 dpi, but 200, 300 dpi",
        "BAD   scanner tray: every scan would be refused: it has no ADF Duplex, but Flatbed, Automatic Document Feeder",
        "ok    scanner wide: Automatic Document Feeder: 1 to 1200 dpi; grey, colour; paper up to 200×200 mm",
        "BAD   scanner wide: every scan would be refused: it takes no paper of 210×297 mm; its largest is 200×200 mm",
        "ok    scanner fits: not used: it has no ADF Duplex, but Flatbed, Automatic Document Feeder",
        "BAD   scanner odd: every scan would be refused: it takes one of the settings not (",
    ] {
        assert!(line(says), "{says}\n{text}");
    }
    for says in [
        "扫描仪 good: 进纸器：200、300 dpi；灰度（8 位）、彩色（24 位）；纸张最大 216×356 mm",
        "扫描仪 fine: 每次扫描都会被拒绝：没有 600 dpi；有 200、300 dpi",
        "扫描仪 tray: 每次扫描都会被拒绝：没有进纸器双面（ADF Duplex）；有平板（Flatbed）、进纸器（Automatic Document Feeder）",
        "扫描仪 wide: 每次扫描都会被拒绝：放不下 210×297 mm 的纸；最大 200×200 mm",
    ] {
        assert!(chinese.contains(says), "{says}\n{chinese}");
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
