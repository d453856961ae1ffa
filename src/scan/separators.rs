//! Makes out separator sheets, and the numbers of registered mail, on scanned images. Images are opened in the page worker, which gives
//! what their codes say; what that means is told here. It looks at a small grey copy: the codes are large.

use std::io;
use std::path::Path;

use ocr::Limits;
use rxing::common::HybridBinarizer;
use rxing::multi::{GenericMultipleBarcodeReader, MultipleBarcodeReader};
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, MultiUseMultiFormatReader,
};
use serde::{Deserialize, Serialize};
use turbojpeg::{Decompressor, ScalingFactor};

use super::bars::{self, Strip};
use crate::Chain;
use crate::domain::grouping::{Face, Separator};
use crate::domain::mail_number::{MailNumber, face_of, mail_number};
use crate::worker::{self, WorkerError};

/// An image in grey, one byte a pixel.
#[derive(Debug, Clone)]
pub struct Grey {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top.
    pub pixels: Vec<u8>,
}

/// The longest side at least of the copy that separators are looked for on, where the image has as many: their modules are still 4 pixels wide.
const SEPARATOR_PX: u32 = 850;
/// The longest side at least of the copy that bars are looked for on, where the image has as many: nothing at 200 or 300 dpi is made smaller. A module is
/// 2 to 6 pixels wide there, and half of 2 cannot be read.
const BARS_PX: u32 = 2800;

impl Grey {
    fn longest_px(&self) -> u32 {
        self.width.max(self.height)
    }

    /// Averages blocks of so many by so many pixels.
    fn shrunk(self, by: u32) -> Self {
        if by <= 1 {
            return self;
        }
        let (width, height) = (self.width / by, self.height / by);
        let mut pixels = Vec::with_capacity((width * height) as usize);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0;
                for row in 0..by {
                    let at = ((y * by + row) * self.width + x * by) as usize;
                    sum += self.pixels[at..at + by as usize]
                        .iter()
                        .map(|pixel| u32::from(*pixel))
                        .sum::<u32>();
                }
                pixels.push((sum / (by * by)) as u8);
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Twice as many pixels in each direction.
    fn doubled(&self) -> Self {
        let width = self.width as usize;
        let rows = self.pixels.chunks_exact(width.max(1)).flat_map(|row| {
            let next = row.iter().skip(1).chain(row.last());
            let between = |(one, next): (&u8, &u8)| [*one, one.midpoint(*next)];
            let row: Vec<u8> = row.iter().zip(next).flat_map(between).collect();
            [row.clone(), row].concat()
        });
        Self {
            pixels: rows.collect(),
            width: 2 * self.width,
            height: 2 * self.height,
        }
    }

    fn codes(self, formats: &[BarcodeFormat]) -> Vec<(BarcodeFormat, String)> {
        let Ok(source) = Luma8LuminanceSource::new(self.pixels, self.width, self.height) else {
            return Vec::new();
        };
        let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
        let hints = DecodeHints {
            TryHarder: Some(true),
            PossibleFormats: Some(formats.iter().copied().collect()),
            ..DecodeHints::default()
        };
        let mut reader = GenericMultipleBarcodeReader::new(MultiUseMultiFormatReader::default());
        let found = reader.decode_multiple_with_hints(&mut bitmap, &hints);
        // Nothing to be found is told as an error.
        found
            .unwrap_or_default()
            .iter()
            .map(|result| (*result.getBarcodeFormat(), result.getText().to_owned()))
            .collect()
    }
}

/// What the codes of an image say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Their texts, in no order.
    pub codes: Vec<String>,
    /// There are bars that nobody can read.
    pub has_unread_bars: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codes {
    /// The squares of separator sheets.
    Squares,
    /// The bars on registered and express mail.
    Bars,
}

impl Codes {
    /// What they say; `None` when the image cannot be decoded. In the page worker only: it opens foreign bytes.
    #[must_use]
    pub fn said(self, bytes: &[u8], frame: u32) -> Option<Said> {
        match self {
            Self::Squares => {
                let grey = grey_of(bytes, frame, SEPARATOR_PX)?;
                let by = grey.longest_px() / SEPARATOR_PX;
                let found = grey.shrunk(by).codes(&[BarcodeFormat::QR_CODE]);
                Some(Said {
                    codes: found.into_iter().map(|(_, text)| text).collect(),
                    has_unread_bars: false,
                })
            }
            Self::Bars => {
                let grey = grey_of(bytes, frame, u32::MAX)?;
                let by = grey.longest_px() / BARS_PX;
                let mut all = Said::default();
                for place in bars::places(&grey.shrunk(by)) {
                    let read = |strip: &Strip| said_by_bars(&strip.0);
                    let mut said: Vec<_> = place.parts.iter().filter_map(read).collect();
                    if said.is_empty() {
                        said.extend(place.whole.iter().find_map(read));
                    }
                    all.has_unread_bars |= said.is_empty() && place.are_bars();
                    all.codes.extend(said.into_iter().flatten());
                }
                Some(all)
            }
        }
    }
}

/// What bars say that may be a mail number; `None` where there are none, or nobody can read them. Wide ones in noise are made out at half the size, narrow
/// ones at twice.
fn said_by_bars(strip: &Grey) -> Option<Vec<String>> {
    // Goods bear the last: such bars are read, and say nothing here.
    const FORMATS: [BarcodeFormat; 3] = [
        BarcodeFormat::CODE_128,
        BarcodeFormat::CODE_39,
        BarcodeFormat::EAN_13,
    ];
    let sizes: [fn(&Grey) -> Grey; 3] = [Grey::clone, |grey| grey.clone().shrunk(2), Grey::doubled];
    let mut read = sizes.iter().map(|size| size(strip).codes(&FORMATS));
    let found = read.find(|found| !found.is_empty())?;
    // Code 39 has no checksum of its own: of it only what checks by its digits counts.
    let counts = |(format, text): &(BarcodeFormat, String)| match format {
        BarcodeFormat::CODE_128 => true,
        BarcodeFormat::CODE_39 => mail_number(text) == Some(MailNumber::Sound),
        _ => false,
    };
    let said = found.into_iter().filter(counts).map(|(_, text)| text);
    Some(said.collect())
}

/// What an image is, by its squares.
#[must_use]
pub fn face(squares: &[String]) -> Face {
    let mut found: Vec<Separator> = squares
        .iter()
        .filter_map(|code| Separator::parse(code))
        .collect();
    found.dedup();
    match found.as_slice() {
        [] => Face::Page,
        [one] => Face::Separator(one.clone()),
        _ => Face::Disputed,
    }
}

/// The number of registered or express mail, by the bars on an envelope.
#[must_use]
pub fn number_on_envelope(bars: Vec<String>) -> Option<String> {
    bars.into_iter()
        .find(|code| mail_number(code) == Some(MailNumber::Sound))
}

/// What the images of a file are. One that cannot be decoded is a page: the reader says what is wrong with it. One over which the worker
/// died is nobody's to guess: a person looks at it.
///
/// # Errors
/// When the worker cannot be started, or the file cannot be read.
pub(super) fn faces(file: &Path, frames: &[u32], wanted: Codes) -> io::Result<Vec<(u32, Face)>> {
    faces_in(&std::fs::read(file)?, frames, wanted)
}

/// As [`faces`], of bytes that are here already.
pub(super) fn faces_in(
    bytes: &[u8],
    frames: &[u32],
    wanted: Codes,
) -> io::Result<Vec<(u32, Face)>> {
    let look = |frame: &u32| match worker::codes(bytes, *frame, wanted) {
        Ok(said) => Ok((
            *frame,
            match wanted {
                Codes::Squares => face(&said.codes),
                Codes::Bars => face_of(&said.codes, said.has_unread_bars),
            },
        )),
        Err(WorkerError::Refused(_)) => Ok((*frame, Face::Page)),
        Err(error @ (WorkerError::Died { .. } | WorkerError::Hung { .. })) => {
            tracing::warn!(error = %Chain(&error), "an image was not looked at for separators: it is held");
            Ok((*frame, Face::Unseen))
        }
        Err(WorkerError::NotStarted(source)) => Err(source),
        Err(error @ WorkerError::Stopped) => Err(io::Error::other(error)),
    };
    frames.iter().map(look).collect()
}

/// Whether nothing is on an image. One that cannot be decoded, or over which the worker died, is not known to be blank.
pub(super) fn is_blank(bytes: &[u8], frame: u32) -> io::Result<bool> {
    match worker::is_blank(bytes, frame) {
        Ok(blank) => Ok(blank),
        Err(WorkerError::NotStarted(source)) => Err(source),
        Err(error @ WorkerError::Stopped) => Err(io::Error::other(error)),
        Err(_) => Ok(false),
    }
}

/// One image of a file in grey. A JPEG is made smaller while it is decoded, its longest side not below `at_least_px` where it has as many: that takes a
/// quarter of the time. In the page worker only: it decodes foreign bytes.
#[must_use]
pub fn grey_of(bytes: &[u8], frame: u32, at_least_px: u32) -> Option<Grey> {
    if bytes.starts_with(&[0xff, 0xd8]) {
        return grey_of_jpeg(bytes, at_least_px).ok().flatten();
    }
    let page = ocr::decode_frame(bytes, frame as usize, &Limits::default()).ok()?;
    let pixels = page
        .rgb()
        .chunks_exact(3)
        // ITU-R BT.601, in 256ths.
        .map(|p| ((77 * u32::from(p[0]) + 150 * u32::from(p[1]) + 29 * u32::from(p[2])) >> 8) as u8)
        .collect();
    Some(Grey {
        width: page.width(),
        height: page.height(),
        pixels,
    })
}

/// What there is of a damaged one counts, too: codes carry a checksum, and where there is none the reader says what is wrong with the page.
fn grey_of_jpeg(bytes: &[u8], at_least_px: u32) -> turbojpeg::Result<Option<Grey>> {
    let mut decompressor = Decompressor::new()?;
    // A progressive file may ask for thousands of passes over every pixel; scanners write ten.
    decompressor.set_scan_limit(100)?;
    let header = decompressor.read_header(bytes)?;
    // More than any page has: the reader refuses it, too.
    if (header.width as u64) * (header.height as u64) > Limits::default().pixels {
        return Ok(None);
    }
    let longest = header.width.max(header.height);
    let factor = (1..8)
        .map(|eighths| ScalingFactor::new(eighths, 8))
        // Lossless JPEG has no transform.
        .find(|factor| !header.is_lossless && factor.scale(longest) >= at_least_px as usize)
        .unwrap_or(ScalingFactor::ONE);
    decompressor.set_scaling_factor(factor)?;
    let header = header.scaled(factor);
    let (Ok(width), Ok(height)) = (u32::try_from(header.width), u32::try_from(header.height))
    else {
        return Ok(None);
    };
    let mut pixels = vec![0; header.width * header.height];
    let target = turbojpeg::Image {
        pixels: pixels.as_mut_slice(),
        width: header.width,
        pitch: header.width,
        height: header.height,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let decoded = decompressor.decompress(bytes, target);
    // Nothing but zeros: it stopped before the first line.
    if pixels.iter().all(|pixel| *pixel == 0) {
        decoded?;
    }
    Ok(Some(Grey {
        width,
        height,
        pixels,
    }))
}
