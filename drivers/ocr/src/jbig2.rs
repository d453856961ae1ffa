//! Whether a JBIG2 image of a PDF is there to its end (ITU-T T.88, 7.2): every segment as long as it says, and a picture among them. Decoders leave out what
//! was cut off, which is white then. Regions coded as a fax (MMR) are decoded strictly; the arithmetic coding of the others reads any bytes as some picture.

use crate::cut::{Cut, Part};
use crate::fax::{self, Coding, Fax, FaxError};

/// Up to wherever the data end.
const UNKNOWN: u32 = u32::MAX;
/// The last segment of a file.
const END: u8 = 51;

/// A region drawn at once, coded by itself; lossless or not.
const GENERIC: [u8; 2] = [38, 39];

/// What is wrong with an image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Cut(#[from] Cut),
    #[error(transparent)]
    Fax(#[from] FaxError),
}

/// An image of `pixels`.
///
/// # Errors
/// What of it is missing or damaged.
pub(crate) fn check(data: &[u8], pixels: u64) -> Result<(), Fault> {
    let mut rest = Part(data);
    let mut has_picture = false;
    while rest.0.iter().any(|byte| !b"\0\r\n ".contains(byte)) {
        let number = rest.u32()?;
        let flags = rest.take(1)?.0[0];
        let kind = flags & 0x3F;
        if kind == END {
            break;
        }
        referred(&mut rest, number)?;
        rest.take(if flags & 0x40 == 0 { 1 } else { 4 })?;
        // Regions that are drawn at once: text, halftone, generic, refined.
        has_picture |= matches!(kind, 6 | 7 | 22 | 23 | 38 | 39 | 42 | 43);
        match rest.u32()? {
            UNKNOWN => break,
            length => {
                let segment = rest.take(length as usize)?;
                if GENERIC.contains(&kind) {
                    as_fax(segment, pixels)?;
                }
            }
        }
    }
    if has_picture { Ok(()) } else { Err(Cut.into()) }
}

/// Decodes a generic region (7.4.6), if it is coded as a fax and no larger than its image.
fn as_fax(mut region: Part<'_>, pixels: u64) -> Result<(), Fault> {
    let (width, height) = (region.u32()?, region.u32()?);
    region.take(9)?; // its place, and how it is combined
    let is_fax = region.take(1)?.0[0] & 1 == 1;
    if is_fax && u64::from(width) * u64::from(height) <= pixels {
        let fax = Fax {
            coding: Coding::Group4,
            width,
            height,
            aligned: false,
        };
        fax::decode(region.0, &fax)?;
    }
    Ok(())
}

/// Passes over the numbers of other segments.
fn referred(rest: &mut Part<'_>, number: u32) -> Result<(), Cut> {
    let first = *rest.0.first().ok_or(Cut)?;
    let count = match first >> 5 {
        7 => {
            let count = (rest.u32()? & 0x1FFF_FFFF) as usize;
            rest.take((count + 1).div_ceil(8))?;
            count
        }
        count => {
            rest.take(1)?;
            usize::from(count)
        }
    };
    let each = match number {
        0..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    };
    rest.take(count * each).map(drop)
}
