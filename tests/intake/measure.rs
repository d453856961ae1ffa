//! How well separators are recognised, on sheets printed by the station, drawn by poppler and treated as scanners do.

use laixin::domain::grouping::Face;
use laixin::scan::separators::{Grey, face, grey_of};

use super::sheets::{drawn, jpeg, page};

/// Random numbers of our own, the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, low: f64, high: f64) -> f64 {
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
    let mut pixels = Vec::with_capacity(sheet.pixels.len());
    for y in 0..sheet.height {
        for x in 0..sheet.width {
            let (u, v) = (
                f64::from(x) - width / 2.0 - dx,
                f64::from(y) - height / 2.0 - dy,
            );
            let (mut u, mut v) = (
                u * cos + v * sin + width / 2.0,
                v * cos - u * sin + height / 2.0,
            );
            if upside_down {
                (u, v) = (width - 1.0 - u, height - 1.0 - v);
            }
            let inside = u >= 0.0 && v >= 0.0 && u < width && v < height;
            let level = match inside {
                true => f64::from(sheet.pixels[v as usize * sheet.width as usize + u as usize]),
                false => 255.0,
            };
            let level = black + (white - black) * level / 255.0 + dice.within(-noise, noise);
            pixels.push(level.clamp(0.0, 255.0) as u8);
        }
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
    let sheets = drawn("MEASRE", SHEETS, dpi);
    let (mut misread, mut missed) = (0, 0);
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..rounds {
        for (number, sheet) in (1..=SHEETS).zip(&sheets) {
            let image = scanned(sheet, dice);
            let image = grey_of(&jpeg(&image), 0).unwrap();
            let began = std::time::Instant::now();
            let found = face(&image);
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

#[test]
fn pages_are_no_separators() {
    for seed in 0..20 {
        let grey = grey_of(&page(seed), 0).unwrap();
        assert_eq!(face(&grey), Face::Page);
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
