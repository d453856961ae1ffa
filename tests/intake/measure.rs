//! How well separators are recognised, on sheets printed by the station, drawn by poppler and treated as scanners do.

use laixin::domain::grouping::Face;
use laixin::scan::separators::{Codes, Grey, face, number_on_envelope};
use laixin::worker;

use super::sheets::{drawn, jpeg, page};

/// Random numbers of our own, the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A sheet as it comes out of a feeder: turned by some degrees, moved, paler, noisy, also upside down.
fn scanned(sheet: &Grey, dice: &mut Dice) -> Grey {
    let upside_down = dice.next().is_multiple_of(2);
    let degrees = dice.within(-5.0, 5.0);
    let (dx, dy) = (dice.within(-30.0, 30.0), dice.within(-30.0, 30.0));
    let (black, white) = (dice.within(0.0, 90.0), dice.within(170.0, 255.0));
    let noise = dice.within(0.0, 25.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(sheet.width), f64::from(sheet.height));
    let table: Vec<u8> = (0..=255)
        .map(|level| (black + (white - black) * f64::from(level) / 255.0) as u8)
        .collect();
    // Fixed point of 16 bits behind the point: millions of pixels in a build that is not optimised.
    let fixed = |value: f64| (value * 65536.0) as i64;
    let flip = if upside_down { -1.0 } else { 1.0 };
    let (right, down) = (
        (fixed(cos * flip), fixed(-sin * flip)),
        (fixed(sin * flip), fixed(cos * flip)),
    );
    let at = |x: f64, y: f64| {
        let (u, v) = (x - width / 2.0 - dx, y - height / 2.0 - dy);
        (
            fixed((u * cos + v * sin) * flip + width / 2.0),
            fixed((v * cos - u * sin) * flip + height / 2.0),
        )
    };
    let (mut row_u, mut row_v) = at(0.0, 0.0);
    let (w, h) = (i64::from(sheet.width), i64::from(sheet.height));
    let mut pixels = Vec::with_capacity(sheet.pixels.len());
    let noise = noise as i64;
    let mut random = 0;
    for _ in 0..sheet.height {
        let (mut u, mut v) = (row_u, row_v);
        for x in 0..sheet.width {
            if x % 8 == 0 {
                random = dice.next();
            }
            let (column, row) = (u >> 16, v >> 16);
            let inside = column >= 0 && row >= 0 && column < w && row < h;
            let level = if inside {
                sheet.pixels[(row * w + column) as usize]
            } else {
                255
            };
            let byte = (random >> (8 * (x % 8))) as u8;
            let shake = (i64::from(byte) - 128) * noise / 128;
            pixels.push((i64::from(table[usize::from(level)]) + shake).clamp(0, 255) as u8);
            u += right.0;
            v += right.1;
        }
        row_u += down.0;
        row_v += down.1;
    }
    Grey {
        width: sheet.width,
        height: sheet.height,
        pixels,
    }
}

/// (sheets, misread, missed) and the longest look.
fn tried(dpi: u32, rounds: u32, dice: &mut Dice) -> (u32, u32, u32, std::time::Duration) {
    const SHEETS: u32 = 25;
    worker::program_is(crate::support::LAIXIN);
    let sheets = drawn("MEASRE", SHEETS, dpi);
    let (mut misread, mut missed) = (0, 0);
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..rounds {
        for (number, sheet) in (1..=SHEETS).zip(&sheets) {
            let image = scanned(sheet, dice);
            let image = jpeg(&image);
            let began = std::time::Instant::now();
            // As the look-ahead asks: over the page worker, which makes the JPEG small while it decodes it.
            let found = face(&worker::codes(&image, 0, Codes::Squares).unwrap().codes);
            longest = longest.max(began.elapsed());
            match found {
                Face::Separator(found) if found.run == "MEASRE" && found.number == number => {}
                Face::Page => missed += 1,
                _ => misread += 1,
            }
        }
    }
    (rounds * SHEETS, misread, missed, longest)
}

#[test]
fn separators_are_recognised_skewed_pale_noisy_and_upside_down() {
    let mut dice = Dice(1);
    for dpi in [200, 300] {
        let (sheets, misread, missed, _) = tried(dpi, 1, &mut dice);
        assert_eq!((misread, missed), (0, 0), "of {sheets} at {dpi} dpi");
    }
}

/// An envelope with a bar code as the post prints them: 60 mm wide at so many dots an inch.
pub(super) fn envelope(code: &str, dpi: u32) -> Grey {
    use rxing::{BarcodeFormat, MultiFormatWriter, Writer};
    let (width, height) = (220 * dpi / 25, 110 * dpi / 25);
    let bars = MultiFormatWriter
        .encode(
            code,
            &BarcodeFormat::CODE_128,
            (60 * dpi / 25) as i32,
            (12 * dpi / 25) as i32,
        )
        .unwrap();
    let mut pixels = vec![230; (width * height) as usize];
    for y in 0..bars.height() {
        for x in 0..bars.width() {
            if bars.get(x, y) {
                pixels[((y + 200) * width + x + 300) as usize] = 40;
            }
        }
    }
    Grey {
        width,
        height,
        pixels,
    }
}

#[test]
fn the_number_of_registered_mail_is_read_from_its_envelope() {
    let mut dice = Dice(3);
    for dpi in [200, 300] {
        let flat = envelope("RR473124829GB", dpi);
        let turned = scanned(&flat, &mut dice);
        let read =
            |image: &Grey| number_on_envelope(Codes::Bars.said(&jpeg(image), 0).unwrap().codes);
        assert_eq!(read(&flat).as_deref(), Some("RR473124829GB"), "{dpi} dpi");
        // Turned and noisy it is found or it is not, but never another one.
        assert!(read(&turned).is_none_or(|code| code == "RR473124829GB"));
    }
    assert_eq!(
        number_on_envelope(
            Codes::Bars
                .said(&jpeg(&envelope("6901234567892", 200)), 0)
                .unwrap()
                .codes
        ),
        None,
        "another bar code is no mail number"
    );
}

/// Envelopes of 330 mm drawn by python-barcode 0.16 at 200 dpi, 2.3 pixels a module: their copy was halved, and none was read.
#[test]
fn bars_of_a_wide_envelope_are_read_at_the_size_they_were_scanned() {
    for (image, number) in [
        (
            &include_bytes!("envelopes/express_3_degrees.png")[..],
            "EA234567895CN",
        ),
        (
            &include_bytes!("envelopes/registered_on_its_side.png")[..],
            "XA456789015CN",
        ),
    ] {
        assert_eq!(
            number_on_envelope(Codes::Bars.said(image, 0).unwrap().codes).as_deref(),
            Some(number)
        );
    }
}

#[test]
fn pages_are_no_separators() {
    for seed in 0..20 {
        let squares = Codes::Squares.said(&page(seed), 0).unwrap().codes;
        assert_eq!(face(&squares), Face::Page);
    }
}

/// Figures for the report: `cargo test --release --test station -- --ignored --nocapture measure_separators`.
#[test]
#[ignore = "a measurement"]
fn measure_separators() {
    let mut dice = Dice(7);
    for dpi in [200, 300] {
        let (sheets, misread, missed, longest) = tried(dpi, 20, &mut dice);
        println!(
            "separators at {dpi} dpi: {sheets} sheets, {misread} misread, {missed} missed, longest look {} ms",
            longest.as_millis()
        );
        assert_eq!(misread, 0);
        assert!(f64::from(missed) <= f64::from(sheets) * 0.001);
    }
}
