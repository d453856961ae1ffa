//! Pages and separator sheets as images: separators are printed by the station and drawn by poppler.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use laixin::config::Settings;
use laixin::domain::grouping::Separator;
use laixin::scan::separators::{Grey, grey_of};
use laixin::store::Store;
use laixin::{clock, separators};
use tempfile::TempDir;

/// A page with grey lines of text, another one for each seed.
pub(super) fn page(seed: u32) -> Vec<u8> {
    let (width, height) = (620, 877);
    let mut pixels = vec![235_u8; width * height];
    for line in 0..20 {
        let length = 100 + (seed as usize * 37 + line * 53) % 400;
        for y in 0..12 {
            for x in 0..length {
                pixels[(80 + line * 36 + y) * width + 60 + x] = 60;
            }
        }
    }
    jpeg(&Grey {
        width: width as u32,
        height: height as u32,
        pixels,
    })
}

/// The side of a sheet with nothing on it.
pub(super) fn blank() -> Vec<u8> {
    jpeg(&Grey {
        width: 620,
        height: 877,
        pixels: vec![235; 620 * 877],
    })
}

pub(super) fn jpeg(grey: &Grey) -> Vec<u8> {
    let image = turbojpeg::Image {
        pixels: grey.pixels.as_slice(),
        width: grey.width as usize,
        pitch: grey.width as usize,
        height: grey.height as usize,
        format: turbojpeg::PixelFormat::GRAY,
    };
    turbojpeg::compress(image, 80, turbojpeg::Subsamp::Gray)
        .unwrap()
        .to_vec()
}

pub(super) fn settings(folder: &Path) -> Settings {
    let file = folder.join("station.toml");
    let text = "[station]\nname = \"测试信访局\"\ndata_dir = \"data\"\n[registration]\nroster = \"r\"\ndeadlines = \"d\"\n";
    std::fs::write(&file, text).unwrap();
    Settings::load(&file).unwrap()
}

/// A run printed and drawn at so many dots an inch, in grey.
pub(super) fn drawn(run: &str, count: u32, dpi: u32) -> Vec<Grey> {
    let folder = TempDir::new().unwrap();
    let pdf = separators::print(&settings(folder.path()), run, count, clock::now()).unwrap();
    let file = folder.path().join("sheets.pdf");
    std::fs::write(&file, pdf).unwrap();
    let done = Command::new("pdftoppm")
        .args(["-gray", "-jpeg", "-r", &dpi.to_string()])
        .arg(&file)
        .arg(folder.path().join("sheet"))
        .status()
        .unwrap();
    assert!(done.success());
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jpg"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| grey_of(&std::fs::read(file).unwrap(), 0, u32::MAX).unwrap())
        .collect()
}

pub(super) const RUN: &str = "TESTAB";

/// Sheet `number` of the tests' run, as a scanner sends it.
pub(super) fn separator(number: u32) -> Vec<u8> {
    static SHEETS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let sheets = SHEETS.get_or_init(|| drawn(RUN, 5, 100).iter().map(jpeg).collect());
    sheets[number as usize - 1].clone()
}

/// A sheet of a run that no station printed.
pub(super) fn foreign() -> Vec<u8> {
    static SHEETS: OnceLock<Vec<u8>> = OnceLock::new();
    SHEETS
        .get_or_init(|| jpeg(&drawn("FREMDE", 1, 100)[0]))
        .clone()
}

/// Makes the tests' run known.
pub(super) async fn know_run(store: &Store) {
    // Images are looked at by the program, which these tests are not.
    laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
    store
        .with(|db| db.add_separator_run(RUN, 5, "op"))
        .await
        .unwrap();
}

pub(super) fn label(number: u32) -> String {
    Separator {
        run: RUN.into(),
        number,
    }
    .label()
}
