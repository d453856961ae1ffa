//! What a mailroom does to computers: each gets one clear message, the file is kept untouched, everything else goes on.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{TestStation, models, project, wait_for};

/// A station with one open batch.
fn station() -> TestStation {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(2);
    station
}

/// A good letter still comes through.
fn everything_else_goes_on(station: &TestStation) {
    station.scan(&project("tests/letters/A001_p1.jpg"), "GOOD_p1.jpg");
    station.wait_for_stage("GOOD", &["drafted"], 90);
}

/// Waits until the station holds this file, and gives the reason.
fn held(station: &TestStation, name: &str) -> String {
    wait_for(&format!("{name} to be held"), 60, || {
        let arrivals = station.ok("GET", "/v1/arrivals?state=held", None);
        let found = arrivals["items"]
            .as_array()?
            .iter()
            .find(|item| item["name"] == name)?;
        Some(found["reason"].as_str()?.to_owned())
    })
}

fn bytes_kept(station: &TestStation, bytes: &[u8]) {
    let mut folders = vec![station.folder("inbox")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path).expect("a file") == bytes {
                return;
            }
        }
    }
    panic!("the file's bytes are nowhere below the inbox");
}

#[test]
fn a_truncated_jpeg_is_held_with_its_reason() {
    let station = station();
    let whole = fs::read(project("tests/letters/A001_p1.jpg")).expect("a sample");
    let half = &whole[..whole.len() / 2];
    station.scan_bytes(half, "HALF_p1.jpg");
    assert_eq!(held(&station, "HALF_p1.jpg"), "truncated");
    bytes_kept(&station, half);
    everything_else_goes_on(&station);
    assert!(station.log().contains("HALF_p1.jpg"), "{}", station.log());
}

#[test]
fn an_empty_file_is_held_with_its_reason() {
    let station = station();
    station.scan_bytes(b"", "EMPTY_p1.jpg");
    assert_eq!(held(&station, "EMPTY_p1.jpg"), "empty");
    everything_else_goes_on(&station);
}

#[test]
fn a_text_file_named_jpg_is_held_with_its_reason() {
    let station = station();
    station.scan_bytes(b"this is no picture", "TEXT_p1.jpg");
    assert_eq!(held(&station, "TEXT_p1.jpg"), "not_an_image");
    bytes_kept(&station, b"this is no picture");
    everything_else_goes_on(&station);
}

/// Whole by its structure, broken inside: it is evidence, and its letter says that it could not be read.
#[test]
fn a_damaged_jpeg_is_kept_and_its_letter_is_not_called_anonymous() {
    let station = station();
    let whole = fs::read(project("tests/letters/A001_p1.jpg")).expect("a sample");
    let mut damaged = whole[..whole.len() / 2].to_vec();
    damaged.extend([0xFF, 0xD9]);
    station.scan_bytes(&damaged, "DAMAGED_p1.jpg");
    let letter = station.wait_for_stage("DAMAGED", &["drafted"], 60);
    let draft = &letter["draft"]["draft"];
    assert!(draft["notes"].to_string().contains("damaged"), "{draft}");
    assert_eq!(draft["fields"]["sender_name"]["value"], Value::Null);
    assert_eq!(draft["fields"]["anonymous"]["value"], false);
    bytes_kept(&station, &damaged);
    everything_else_goes_on(&station);
}

/// A PNG whose header says 20,000×20,000 is refused by that header, before pixels are allocated.
#[test]
fn a_huge_png_is_held_with_its_reason() {
    let station = station();
    let png = huge_png();
    station.scan_bytes(&png, "HUGE_p1.png");
    assert_eq!(held(&station, "HUGE_p1.png"), "too_large");
    bytes_kept(&station, &png);
    everything_else_goes_on(&station);
    let status = fs::read_to_string(format!("/proc/{}/status", station.pid()))
        .expect("the station's status");
    let peak_kb: u64 = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .trim()
                .strip_suffix(" kB")?
                .trim()
                .parse()
                .ok()
        })
        .expect("a peak");
    assert!(peak_kb < 900 * 1024, "{peak_kb} kB");
}

fn huge_png() -> Vec<u8> {
    let side = 20_000_u32;
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().expect("a header");
    let rows = vec![0xFF; side as usize / 8 * side as usize];
    writer.write_image_data(&rows).expect("pixels");
    writer.finish().expect("an end");
    png
}

#[test]
fn an_unreadable_folder_is_told_and_heals() {
    let mut station = TestStation::new();
    let inbox = station.folder("inbox");
    // Root may read everything, so the folder is taken away instead.
    fs::rename(&inbox, station.folder("away")).expect("renamed");
    station.start();
    station.sign_in();
    station.open_batch(1);
    wait_for("the folder to be missed", 20, || {
        part(&station, "scanner/scanner-1")["code"]
            .as_str()
            .map(str::to_owned)
    });
    fs::rename(station.folder("away"), &inbox).expect("renamed back");
    fs::set_permissions(&inbox, fs::Permissions::from_mode(0o755)).expect("permissions");
    everything_else_goes_on(&station);
}

/// One part of `/readyz`.
fn part(station: &TestStation, name: &str) -> Value {
    let (_, body) = station.call("GET", "/readyz", None);
    let parts = body["parts"].as_array().cloned().unwrap_or_default();
    parts
        .into_iter()
        .find(|part| part["part"] == name)
        .unwrap_or_default()
}

#[test]
fn a_missing_model_is_named_and_the_rest_runs() {
    let station = with_models(|_| {});
    let message = unready_reading(&station);
    assert!(message.contains("PP-OCRv6_det_small.onnx"), "{message}");
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.wait_for_stage("A001", &["arriving"], 30);
}

#[test]
fn a_wrong_model_is_named_with_both_checksums() {
    let station = with_models(|folder| {
        for name in ["PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"] {
            fs::write(folder.join(name), b"not a model").expect("written");
        }
    });
    let message = unready_reading(&station);
    assert!(
        message.contains("PP-OCRv6_det_small.onnx") && message.contains("090f04ab"),
        "{message}"
    );
}

fn with_models(make: impl FnOnce(&std::path::Path)) -> TestStation {
    let real = format!("{:?}", models());
    let mut station = TestStation::with_settings(|text| text.replace(&real, "\"models\""));
    fs::create_dir(station.folder("models")).expect("a folder");
    make(&station.folder("models"));
    station.start();
    station.sign_in();
    station.open_batch(1);
    station
}

fn unready_reading(station: &TestStation) -> String {
    wait_for("reading to say what is wrong", 20, || {
        part(station, "reading")["message"]
            .as_str()
            .map(str::to_owned)
    })
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let station = TestStation::new();
    let _taken = TcpListener::bind(station.address).expect("the port is free until now");
    let done = station.try_command(&["run"], None);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&station.address.to_string()) && said.contains("http.listen"),
        "{said}"
    );
}

#[test]
fn a_cabinet_that_does_not_answer_is_told_and_the_rest_runs() {
    let station = station();
    wait_for("the cabinet to be missed", 20, || {
        part(&station, "cabinet/cabinet-1")["code"]
            .as_str()
            .map(str::to_owned)
    });
    let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
    assert_eq!(view["connected"], false);
    everything_else_goes_on(&station);
}

#[test]
fn two_stations_in_one_folder_are_refused() {
    let mut station = TestStation::new();
    station.start();
    let done = station.try_command(&["run"], None);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("in use by another laixin"), "{said}");
}

/// A TIFF of some hundred bytes that says it is 60,000×60,000 pixels: kept, and refused by its header before pixels are allocated.
#[test]
fn a_tiff_bomb_is_kept_and_given_up_by_its_header() {
    let station = station();
    let side = 60_000_u32;
    let mut tiff = b"II\x2a\0\x08\0\0\0".to_vec();
    let entries: [(u16, u32); 9] = [
        (256, side),
        (257, side),
        (258, 8),
        (259, 32773),
        (262, 1),
        (273, 8 + 2 + 9 * 12 + 4),
        (277, 1),
        (278, side),
        (279, 64),
    ];
    tiff.extend(9_u16.to_le_bytes());
    for (tag, value) in entries {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(4_u16.to_le_bytes());
        tiff.extend(1_u32.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    tiff.extend([0x81; 64]);
    station.scan_bytes(&tiff, "BOMB_p1.tif");
    let letter = station.wait_for_stage("BOMB", &["drafted"], 60);
    let notes = letter["draft"]["draft"]["notes"].to_string();
    assert!(
        notes.contains("too_large") || notes.contains("damaged"),
        "{notes}"
    );
    bytes_kept(&station, &tiff);
    everything_else_goes_on(&station);
    let status = fs::read_to_string(format!("/proc/{}/status", station.pid())).expect("its status");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    let peak_kb: u64 = peak
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    assert!(peak_kb < 900 * 1024, "{peak_kb} kB");
}
