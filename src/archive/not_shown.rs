//! What stands on a page whose original cannot be shown: the words as an image, so that no font is needed, and why, in the text layer.

use super::image::Image;
use crate::domain::text::Line;
use crate::store::{PageRow, Reading};

/// “此页无法显示”, and where the original is, drawn once with Noto Sans CJK SC (OFL 1.1): one bit a pixel, deflated.
const WORDS: &[u8] = include_bytes!("not_shown.flate");
const WIDTH: u32 = 1600;
const HEIGHT: u32 = 360;

/// Their width and height.
pub(super) const SIZE: (f32, f32) = (WIDTH as f32, HEIGHT as f32);

/// The words.
pub(super) fn image() -> Image {
    Image::bilevel(WIDTH, HEIGHT, WORDS.to_vec())
}

/// Why, where the words stand: in the middle of a sheet of A4, in points.
pub(super) fn reading(page: &PageRow) -> Reading {
    let why = page.problem.as_deref().unwrap_or("not_decoded");
    let text = format!(
        "第 {} 页无法显示（{why}）；原件 SHA-256 {}",
        page.n, page.sha256
    );
    Reading {
        engine: String::new(),
        width: 595,
        height: 842,
        turned_deg: 0,
        lines: vec![Line {
            raw: text.clone(),
            text,
            quad: [[60.0, 410.0], [535.0, 410.0], [535.0, 425.0], [60.0, 425.0]],
            confidence: 1.0,
            chars: Vec::new(),
            vertical: false,
        }],
        seconds: 0.0,
        blank: false,
    }
}
