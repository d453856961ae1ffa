//! JPEG through libjpeg-turbo, which reports what others paper over: a stream cut short is an error here. EXIF orientation is
//! applied; CMYK becomes RGB.

use crate::orient::{Orientation, segments};
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::samples::cmyk_to_rgb;
use turbojpeg::{Colorspace, DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

/// The one warning that loses no pixel: padding between the last scan line and the end marker,
/// which some scanner firmwares write.
const HARMLESS: &str = "extraneous bytes before marker";

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Page, DecodeError> {
    let page = decode_as(bytes, limits, MediaType::Jpeg)?;
    Ok(Orientation::of_jpeg(bytes).apply(page))
}

/// The page made smaller while it is decoded, its longest side not below `at_least_px` where it has as many. Every byte of the stream is gone
/// through all the same: what is damaged is refused as [`decode`] refuses it.
pub(crate) fn decode_small(
    bytes: &[u8],
    at_least_px: u32,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let page = scaled(
        bytes,
        limits,
        (MediaType::Jpeg, Damage::Refused),
        |header| smallest(header, at_least_px),
    )?;
    Ok(Orientation::of_jpeg(bytes).apply(page))
}

/// As [`decode_small`], but what can be decoded of a damaged stream is shown.
pub(crate) fn decode_glimpse(
    bytes: &[u8],
    at_least_px: u32,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let page = scaled(bytes, limits, (MediaType::Jpeg, Damage::Shown), |header| {
        smallest(header, at_least_px)
    })?;
    Ok(Orientation::of_jpeg(bytes).apply(page))
}

/// What is done with a stream that is cut short.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damage {
    Refused,
    Shown,
}

/// Pixels as stored, whatever EXIF says.
pub(crate) fn decode_as(
    bytes: &[u8],
    limits: &Limits,
    container: MediaType,
) -> Result<Page, DecodeError> {
    scaled(bytes, limits, (container, Damage::Refused), |_| {
        ScalingFactor::ONE
    })
}

/// The smallest of the sizes for which the inverse transform is short.
fn smallest(header: &DecompressHeader, at_least_px: u32) -> ScalingFactor {
    let longest = header.width.max(header.height);
    [
        ScalingFactor::ONE_EIGHTH,
        ScalingFactor::ONE_QUARTER,
        ScalingFactor::ONE_HALF,
    ]
    .into_iter()
    // Lossless JPEG has no transform.
    .find(|factor| !header.is_lossless && factor.scale(longest) >= at_least_px as usize)
    .unwrap_or(ScalingFactor::ONE)
}

fn scaled(
    bytes: &[u8],
    limits: &Limits,
    (container, damage): (MediaType, Damage),
    factor: impl FnOnce(&DecompressHeader) -> ScalingFactor,
) -> Result<Page, DecodeError> {
    let damaged = |e: turbojpeg::Error| DecodeError::damaged(container, e);
    let mut decompressor = Decompressor::new().map_err(damaged)?;
    // A progressive file may ask for thousands of passes over every pixel; scanners write ten.
    decompressor.set_scan_limit(100).map_err(damaged)?;
    let header = decompressor.read_header(bytes).map_err(damaged)?;
    let too_wide = |_| DecodeError::Unsupported {
        format: container.as_str(),
        kind: "dimensions".into(),
    };
    limits.check(
        u32::try_from(header.width).map_err(too_wide)?,
        u32::try_from(header.height).map_err(too_wide)?,
    )?;
    let factor = factor(&header);
    decompressor.set_scaling_factor(factor).map_err(damaged)?;
    let header = header.scaled(factor);
    let width = u32::try_from(header.width).map_err(too_wide)?;
    let height = u32::try_from(header.height).map_err(too_wide)?;
    let (format, samples) = match header.colorspace {
        Colorspace::CMYK | Colorspace::YCCK => (PixelFormat::CMYK, 4),
        _ => (PixelFormat::RGB, 3),
    };
    let pitch = header.width * samples;
    let mut pixels = vec![0; pitch * header.height];
    let target = Image {
        pixels: pixels.as_mut_slice(),
        width: header.width,
        pitch,
        height: header.height,
        format,
    };
    match decompressor.decompress(bytes, target) {
        Err(turbojpeg::Error::TurboJpegError(said)) if said.contains(HARMLESS) => {}
        // Nothing but zeros: it stopped before the first line.
        Err(_) if damage == Damage::Shown && has_something(&pixels) => {}
        other => other.map_err(damaged)?,
    }
    if samples == 4 {
        // Adobe's programs store how much paper is left, everybody else how much ink there is.
        let ink_is_inverted =
            segments(bytes).any(|(m, body)| m == 0xEE && body.starts_with(b"Adobe"));
        if ink_is_inverted {
            pixels.iter_mut().for_each(|sample| *sample = 255 - *sample);
        }
        pixels = cmyk_to_rgb(&pixels);
    }
    Page::from_rgb(width, height, pixels, container).ok_or(DecodeError::NoPixels)
}

fn has_something(pixels: &[u8]) -> bool {
    pixels.iter().any(|sample| *sample != 0)
}
