//! Samples of one kind to RGB, 8 bits: grey of any depth, CMYK, YCbCr; pure.

use tiff::ColorType;
use tiff::decoder::DecodingResult;

/// RGB of a TIFF's samples; the name of its kind when that is not one a scanner writes.
pub(crate) fn to_rgb(
    kind: ColorType,
    samples: &DecodingResult,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, String> {
    // The high byte of a 16-bit sample.
    let high = |wide: &[u16]| -> Vec<u8> { wide.iter().map(|s| s.to_be_bytes()[0]).collect() };
    Ok(match (kind, samples) {
        (ColorType::Gray(bits @ (1 | 2 | 4)), DecodingResult::U8(packed)) => {
            grey_to_rgb(&unpacked(packed, usize::from(bits), width, height))
        }
        (ColorType::Gray(8), DecodingResult::U8(grey)) => grey_to_rgb(grey),
        (ColorType::Gray(16), DecodingResult::U16(grey)) => grey_to_rgb(&high(grey)),
        (ColorType::RGB(8), DecodingResult::U8(rgb)) => rgb.clone(),
        (ColorType::RGB(16), DecodingResult::U16(rgb)) => high(rgb),
        (ColorType::RGBA(8), DecodingResult::U8(rgba)) => rgba
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect(),
        (ColorType::CMYK(8), DecodingResult::U8(inks)) => cmyk_to_rgb(inks),
        (ColorType::CMYK(16), DecodingResult::U16(inks)) => cmyk_to_rgb(&high(inks)),
        (ColorType::YCbCr(8), DecodingResult::U8(ycc)) => ycbcr_to_rgb(ycc),
        (kind, _) => return Err(format!("{kind:?}")),
    })
}

pub(crate) fn grey_to_rgb(grey: &[u8]) -> Vec<u8> {
    grey.iter().flat_map(|g| [*g; 3]).collect()
}

/// Ink (255 is full) on white paper, without a colour profile.
pub(crate) fn cmyk_to_rgb(inks: &[u8]) -> Vec<u8> {
    let paper = |ink: u8, black: u8| {
        let left = (255 - u16::from(ink)) * (255 - u16::from(black));
        u8::try_from((left + 127) / 255).unwrap_or(u8::MAX)
    };
    inks.chunks_exact(4)
        .flat_map(|p| [paper(p[0], p[3]), paper(p[1], p[3]), paper(p[2], p[3])])
        .collect()
}

/// BT.601, full range, as TIFF and JPEG have it.
fn ycbcr_to_rgb(ycc: &[u8]) -> Vec<u8> {
    let byte = |v: f32| v.round().clamp(0.0, 255.0) as u8;
    ycc.chunks_exact(3)
        .flat_map(|p| {
            let [y, cb, cr] = [
                f32::from(p[0]),
                f32::from(p[1]) - 128.0,
                f32::from(p[2]) - 128.0,
            ];
            [
                byte(y + 1.402 * cr),
                byte(y - 0.344_14 * cb - 0.714_14 * cr),
                byte(y + 1.772 * cb),
            ]
        })
        .collect()
}

/// Samples of 1, 2 or 4 bits, rows beginning on byte borders, to 0–255.
pub(crate) fn unpacked(packed: &[u8], bits: usize, width: usize, height: usize) -> Vec<u8> {
    let row_bytes = (width * bits).div_ceil(8);
    let highest = (1_u16 << bits) - 1;
    packed
        .chunks_exact(row_bytes)
        .take(height)
        .flat_map(|row| {
            (0..width).map(move |x| {
                let shift = 8 - bits - (x * bits) % 8;
                let sample = (u16::from(row[x * bits / 8]) >> shift) & highest;
                u8::try_from(sample * 255 / highest).unwrap_or(u8::MAX)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_on_paper() {
        assert_eq!(cmyk_to_rgb(&[0, 0, 0, 0]), [255, 255, 255]);
        assert_eq!(cmyk_to_rgb(&[0, 0, 0, 255]), [0, 0, 0]);
        assert_eq!(cmyk_to_rgb(&[0, 255, 255, 0]), [255, 0, 0]);
    }

    #[test]
    fn luminance_and_colour() {
        assert_eq!(ycbcr_to_rgb(&[255, 128, 128]), [255, 255, 255]);
        let red = ycbcr_to_rgb(&[76, 85, 255]);
        assert!(red[0] > 250 && red[1] < 5 && red[2] < 5, "{red:?}");
    }

    #[test]
    fn packed_samples_span_the_whole_range() {
        assert_eq!(unpacked(&[0b1010_0000], 1, 3, 1), [255, 0, 255]);
        assert_eq!(unpacked(&[0x0F, 0x80], 4, 3, 1), [0, 255, 136]);
    }
}
