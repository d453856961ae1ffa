//! JPEG through libjpeg-turbo, which reports what others paper over: a stream cut short is an error here.

use crate::page::{DecodeError, Limits, MediaType, Page};
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat};

/// The one warning that loses no pixel: padding between the last scan line and the end marker,
/// which some scanner firmwares write.
const HARMLESS: &str = "extraneous bytes before marker";

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Page, DecodeError> {
    decode_as(bytes, limits, MediaType::Jpeg)
}

pub(crate) fn decode_as(
    bytes: &[u8],
    limits: &Limits,
    container: MediaType,
) -> Result<Page, DecodeError> {
    let damaged = |e: turbojpeg::Error| DecodeError::damaged(container, e);
    let mut decompressor = Decompressor::new().map_err(damaged)?;
    // A progressive file may ask for thousands of passes over every pixel; scanners write ten.
    decompressor.set_scan_limit(100).map_err(damaged)?;
    let header = decompressor.read_header(bytes).map_err(damaged)?;
    if matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK) {
        return Err(DecodeError::Unsupported {
            format: container.as_str(),
            kind: "CMYK".into(),
        });
    }
    let too_wide = |_| DecodeError::Unsupported {
        format: container.as_str(),
        kind: "dimensions".into(),
    };
    let width = u32::try_from(header.width).map_err(too_wide)?;
    let height = u32::try_from(header.height).map_err(too_wide)?;
    limits.check(width, height)?;
    let pitch = header.width * 3;
    let mut rgb = vec![0; pitch * header.height];
    let target = Image {
        pixels: rgb.as_mut_slice(),
        width: header.width,
        pitch,
        height: header.height,
        format: PixelFormat::RGB,
    };
    match decompressor.decompress(bytes, target) {
        Err(turbojpeg::Error::TurboJpegError(said)) if said.contains(HARMLESS) => {}
        other => other.map_err(damaged)?,
    }
    Page::from_rgb(width, height, rgb, container).ok_or(DecodeError::NoPixels)
}
