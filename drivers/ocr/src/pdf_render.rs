//! A PDF page drawn on white paper, as dense as its densest picture within reason. What the renderer says it left out makes the page
//! an error: a person reading the draft would not see that something was missing.

use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::pdf::damaged;
use crate::pdf_content::Content;
use crate::stand_in;
use hayro::hayro_interpret::font::FontQuery;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::page::Page as PdfPage;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const POINTS_PER_INCH: f64 = 72.0;
/// Text and lines are drawn at this density, dots per inch.
const DENSITY_DPI: f64 = 300.0;
/// Pages whose pictures are denser are drawn at this density.
const DENSITY_MAX_DPI: f64 = 400.0;
/// Below this density nothing can be read: a page that large is refused.
const DENSITY_MIN_DPI: f64 = 150.0;

pub(crate) fn render(
    page: &PdfPage<'_>,
    content: &Content<'_>,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let (width, height) = page.render_dimensions();
    let dense = content.pictures.iter().map(|p| p.density());
    let wanted = dense
        .fold(DENSITY_DPI / POINTS_PER_INCH, f64::max)
        .min(DENSITY_MAX_DPI / POINTS_PER_INCH);
    let scale = fitting(f64::from(width), f64::from(height), wanted, limits)?;
    let (undrawn, unlettered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let told = (Arc::clone(&undrawn), Arc::clone(&unlettered));
    let lacking = Arc::clone(&unlettered);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| match warning {
            InterpreterWarning::ImageDecodeFailure => told.0.store(true, Ordering::Relaxed),
            InterpreterWarning::UnsupportedFont => told.1.store(true, Ordering::Relaxed),
            _ => {}
        }),
        // A font without the very characters would draw them as nothing.
        font_resolver: Arc::new(move |query| match query {
            FontQuery::Standard(font) => Some(font.get_font_data()),
            FontQuery::Fallback(query) => {
                let found = stand_in::font(query);
                lacking.fetch_or(found.is_none(), Ordering::Relaxed);
                found
            }
        }),
        ..InterpreterSettings::default()
    };
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &settings,
        &RenderSettings::default(),
        &PixmapSettings {
            x_scale: scale,
            y_scale: scale,
            bg_color: WHITE,
        },
    );
    if undrawn.load(Ordering::Relaxed) {
        return Err(damaged("an image on the page cannot be decoded"));
    }
    if unlettered.load(Ordering::Relaxed) {
        return Err(DecodeError::Unsupported {
            format: MediaType::Pdf.as_str(),
            kind: "text in a font that is neither in the file nor installed here (fonts-noto-cjk)"
                .into(),
        });
    }
    let rgb = pixmap
        .data_as_u8_slice()
        .chunks_exact(4)
        .flat_map(|p| [p[0], p[1], p[2]])
        .collect();
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    Page::from_rgb(width, height, rgb, MediaType::Pdf).ok_or(DecodeError::NoPixels)
}

/// The scale wanted, or the largest one that keeps the page within the limits.
fn fitting(width: f64, height: f64, wanted: f64, limits: &Limits) -> Result<f32, DecodeError> {
    let by_side = f64::from(limits.side_px) / width.max(height);
    let by_area = (limits.pixels as f64 / (width * height)).sqrt();
    let scale = wanted.min(by_side).min(by_area);
    let least = DENSITY_MIN_DPI / POINTS_PER_INCH;
    if !(width * height).is_finite() || scale < least {
        let pixels = |points: f64| (points * least).clamp(0.0, f64::from(u32::MAX)) as u32;
        return Err(DecodeError::TooLarge {
            width: pixels(width),
            height: pixels(height),
            side_limit_px: limits.side_px,
            pixel_limit: limits.pixels,
        });
    }
    Ok(scale as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_drawn_as_dense_as_the_limits_allow_or_refused() {
        let limits = Limits::default();
        let dense = 300.0 / 72.0;
        assert_eq!(fitting(595.0, 842.0, dense, &limits).unwrap(), dense as f32);
        let a1 = fitting(1684.0, 2384.0, dense, &limits).unwrap();
        assert!(a1 <= dense as f32 && a1 > 2.0, "{a1}");
        for side in [1e6, f64::INFINITY, f64::NAN] {
            assert!(matches!(
                fitting(side, 842.0, dense, &limits),
                Err(DecodeError::TooLarge { .. })
            ));
        }
    }
}
