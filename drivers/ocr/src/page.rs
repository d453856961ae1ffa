//! A decoded page and the strict way to it: media type by magic bytes, size checked before
//! allocation, damage is an error. Formats live in `jpeg.rs`, `tiff_pages.rs` and `pdf.rs`; PNG is short enough to stay here.

use crate::{jpeg, pdf, tiff_pages};

/// What a file is, by its first bytes; its name is never asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/tiff`, one page or many
    Tiff,
    /// `application/pdf`, one page or many
    Pdf,
}

impl MediaType {
    /// The type the magic bytes speak of, if it is one that can be decoded.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The IANA name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Pdf => "application/pdf",
        }
    }
}

/// What a page may cost at most. Checked against the header, before pixels are allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest allowed side, pixels.
    pub side_px: u32,
    /// Largest allowed width × height.
    pub pixels: u64,
    /// Most pages in one file.
    pub pages: usize,
}

impl Default for Limits {
    /// A3 at 600 dpi (70 MP) passes.
    fn default() -> Self {
        Self {
            side_px: 15_000,
            pixels: 100_000_000,
            pages: 200,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::NoPixels);
        }
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) > self.side_px || pixels > self.pixels {
            return Err(DecodeError::TooLarge {
                width,
                height,
                side_limit_px: self.side_px,
                pixel_limit: self.pixels,
            });
        }
        Ok(())
    }
}

/// One page: RGB, 8 bits, rows from the top, no padding. Grey and bilevel originals are spread to RGB.
#[derive(Clone)]
pub struct Page {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    media_type: MediaType,
}

impl Page {
    /// A page from pixels that are already there. `None` unless `rgb` holds exactly width × height × 3 bytes.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>, media_type: MediaType) -> Option<Self> {
        let expected = u64::from(width) * u64::from(height) * 3;
        (expected > 0 && rgb.len() as u64 == expected).then_some(Self {
            width,
            height,
            rgb,
            media_type,
        })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The page turned back by quarter turns; other angles leave it as it is.
    pub(crate) fn upright(&self, turned_deg: u16) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        let (new_width, new_height) = match turned_deg {
            90 | 270 => (height, width),
            _ => (width, height),
        };
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (from_x, from_y) = match turned_deg {
                    90 => (width - 1 - y, x),
                    180 => (width - 1 - x, height - 1 - y),
                    270 => (y, height - 1 - x),
                    _ => (x, y),
                };
                let at = 3 * (from_y * width + from_x);
                rgb.extend_from_slice(&self.rgb[at..at + 3]);
            }
        }
        Self {
            width: new_width as u32,
            height: new_height as u32,
            rgb,
            media_type: self.media_type,
        }
    }

    /// `width × height × 3` bytes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// What the file was that this page came out of.
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Page({}×{} {})",
            self.width,
            self.height,
            self.media_type.as_str()
        )
    }
}

/// Why a file gave no page. Nothing half-decoded is ever returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Neither JPEG, PNG, TIFF nor PDF, whatever its name says.
    #[error("not a JPEG, PNG, TIFF or PDF file")]
    NotAnImage {
        /// Up to the first eight bytes.
        first: Vec<u8>,
    },
    /// The header promises more than the limits allow; nothing was allocated.
    #[error(
        "{width}×{height} pixels exceed the limit of {side_limit_px} a side and {pixel_limit} in all"
    )]
    TooLarge {
        /// Width the header gives.
        width: u32,
        /// Height the header gives.
        height: u32,
        /// The limit on a side.
        side_limit_px: u32,
        /// The limit on width × height.
        pixel_limit: u64,
    },
    /// More pages than the limit.
    #[error("more than {limit} pages")]
    TooManyPages {
        /// The limit.
        limit: usize,
    },
    /// The file has fewer pages.
    #[error("the file has no page {frame} (counted from 0)")]
    NoSuchFrame {
        /// The page asked for, from 0.
        frame: usize,
    },
    /// Width or height is zero, or there is no page at all.
    #[error("the image has no pixels")]
    NoPixels,
    /// It opens with a password only.
    #[error("the file is encrypted")]
    Encrypted,
    /// The data end early or contradict themselves.
    #[error("{format} data are cut short or damaged")]
    Damaged {
        /// `image/jpeg` and so on.
        format: &'static str,
        /// What the decoder said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A sound file of a kind that is not decoded here (CMYK, floating point, old-style JPEG in TIFF…).
    #[error("{format} of an unsupported kind: {kind}")]
    Unsupported {
        /// `image/jpeg` and so on.
        format: &'static str,
        /// Which property.
        kind: String,
    },
}

impl DecodeError {
    /// Stable code for records and messages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnImage { .. } => "not_an_image",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::NoSuchFrame { .. } => "frame_missing",
            Self::NoPixels => "no_pixels",
            Self::Encrypted => "encrypted",
            Self::Damaged { .. } => "damaged",
            Self::Unsupported { .. } => "unsupported_image",
        }
    }

    pub(crate) fn damaged(
        media_type: MediaType,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self::Damaged {
            format: media_type.as_str(),
            source: match ends_early(source.as_ref()) {
                true => "the file ends before its data do".into(),
                false => source,
            },
        }
    }
}

/// Whether a decoder wanted bytes that are not there. It says so in words of the library, once for each of its layers.
fn ends_early(error: &(dyn std::error::Error + 'static)) -> bool {
    let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
    std::iter::successors(first, |error| error.source()).any(|error| {
        error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
    })
}

/// How many pages a file has, by its structure; no pixel is decoded. Thumbnails inside a TIFF count.
///
/// # Errors
/// [`DecodeError`].
pub fn frames(bytes: &[u8], limits: &Limits) -> Result<usize, DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Tiff) => tiff_pages::frames(bytes, limits),
        Some(MediaType::Pdf) => pdf::frames(bytes, limits),
        Some(_) => Ok(1),
        None => Err(unknown(bytes)),
    }
}

fn unknown(bytes: &[u8]) -> DecodeError {
    if bytes.is_empty() {
        return DecodeError::Empty;
    }
    DecodeError::NotAnImage {
        first: bytes.iter().take(8).copied().collect(),
    }
}

/// One page of a file, `frame` counted from 0 over all image directories of a TIFF or pages of a PDF; other formats have page 0 alone.
/// Only this page is decoded, so that a long file costs no more memory than its largest page.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_frame(bytes: &[u8], frame: usize, limits: &Limits) -> Result<Page, DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Tiff) => tiff_pages::decode_frame(bytes, frame, limits),
        Some(MediaType::Pdf) => pdf::decode_frame(bytes, frame, limits),
        _ if frame > 0 => Err(DecodeError::NoSuchFrame { frame }),
        _ => decode(bytes, limits).map(|mut pages| pages.remove(0)),
    }
}

/// As [`decode_frame`], for a small picture of the page: where the format allows, fewer pixels are made, the longest side not below `at_least_px`
/// where the page has as many. What is damaged is refused all the same.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_small(
    bytes: &[u8],
    frame: usize,
    at_least_px: u32,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Jpeg) if frame == 0 => jpeg::decode_small(bytes, at_least_px, limits),
        _ => decode_frame(bytes, frame, limits),
    }
}

/// As [`decode_small`] of the first page, for a person who has to see what came of a damaged file: of a JPEG whatever could be decoded. Never for
/// reading.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_glimpse(
    bytes: &[u8],
    at_least_px: u32,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Jpeg) => jpeg::decode_glimpse(bytes, at_least_px, limits),
        _ => decode_frame(bytes, 0, limits),
    }
}

/// Every page of a JPEG, PNG, TIFF or PDF file.
///
/// # Errors
/// [`DecodeError`]; a multi-page file with one bad page is refused as a whole, so that no page is lost unseen.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Page>, DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Jpeg) => Ok(vec![jpeg::decode(bytes, limits)?]),
        Some(MediaType::Png) => Ok(vec![decode_png(bytes, limits)?]),
        Some(MediaType::Tiff) => tiff_pages::decode(bytes, limits),
        Some(MediaType::Pdf) => pdf::decode(bytes, limits),
        None => Err(unknown(bytes)),
    }
}

fn decode_png(bytes: &[u8], limits: &Limits) -> Result<Page, DecodeError> {
    use image::ImageDecoder as _;
    let damaged = |e: image::ImageError| DecodeError::damaged(MediaType::Png, e);
    // The header chunk comes first in every PNG; its size is asked before a decoder sets anything up.
    let (width, height) = png_size(bytes)
        .ok_or_else(|| DecodeError::damaged(MediaType::Png, "the header chunk is missing"))?;
    limits.check(width, height)?;
    let mut decoder =
        image::codecs::png::PngDecoder::new(std::io::Cursor::new(bytes)).map_err(damaged)?;
    let mut memory = image::Limits::default();
    memory.max_alloc = Some(limits.pixels.saturating_mul(8));
    decoder.set_limits(memory).map_err(damaged)?;
    let rgb = image::DynamicImage::from_decoder(decoder).map_err(damaged)?;
    let rgb = on_white(rgb);
    Ok(Page {
        width,
        height,
        rgb,
        media_type: MediaType::Png,
    })
}

pub(crate) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header: &[u8; 12] = bytes.get(12..24)?.try_into().ok()?;
    let [b'I', b'H', b'D', b'R', w0, w1, w2, w3, h0, h1, h2, h3] = *header else {
        return None;
    };
    Some((
        u32::from_be_bytes([w0, w1, w2, w3]),
        u32::from_be_bytes([h0, h1, h2, h3]),
    ))
}

/// Transparent pixels become paper, not black.
fn on_white(image: image::DynamicImage) -> Vec<u8> {
    if !image.color().has_alpha() {
        return image.into_rgb8().into_raw();
    }
    let rgba = image.into_rgba8();
    rgba.pixels()
        .flat_map(|p| {
            let alpha = u16::from(p[3]);
            [p[0], p[1], p[2]].map(|c| {
                let mixed = (u16::from(c) * alpha + 255 * (255 - alpha)) / 255;
                u8::try_from(mixed).unwrap_or(u8::MAX)
            })
        })
        .collect()
}
