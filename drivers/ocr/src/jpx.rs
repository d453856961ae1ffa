//! Whether a JPEG 2000 image is there to its end (ISO/IEC 15444-1, annexes A and I). Decoders make of the first half of one a picture of the right size:
//! blurred, or grey all over.

use crate::cut::{Cut, Part};

const CODESTREAM: u16 = 0xFF4F;
const SIZE: u16 = 0xFF51;
const TILE_PART: u16 = 0xFF90;
const END: u16 = 0xFFD9;
/// What a tile part's header counts as its own, at least: its marker segment and the one before its data.
const LEAST_PART: usize = 14;

/// # Errors
/// What of it is missing.
pub(crate) fn check(data: &[u8]) -> Result<(), Cut> {
    if data.starts_with(&CODESTREAM.to_be_bytes()) {
        return codestream(Part(data));
    }
    let mut boxes = Part(data);
    while !boxes.0.is_empty() {
        let (length, kind) = (boxes.u32()?, boxes.u32()?);
        let inside = match length {
            // Up to the end of the file.
            0 => boxes.take(boxes.0.len())?,
            1 => {
                let length = u64::from(boxes.u32()?) << 32 | u64::from(boxes.u32()?);
                let length = usize::try_from(length).map_err(|_| Cut)?;
                boxes.take(length.checked_sub(16).ok_or(Cut)?)?
            }
            length => boxes.take((length as usize).checked_sub(8).ok_or(Cut)?)?,
        };
        if kind.to_be_bytes() == *b"jp2c" {
            return codestream(inside);
        }
    }
    Err(Cut)
}

fn codestream(mut rest: Part<'_>) -> Result<(), Cut> {
    let mut tiles = 0;
    let mut seen = std::collections::HashSet::new();
    rest.u16()?;
    loop {
        let from = rest;
        match rest.u16()? {
            END if tiles > 0 && seen.len() as u64 >= tiles => return Ok(()),
            END => return Err(Cut),
            TILE_PART => {
                rest.u16()?;
                seen.insert(rest.u16()?);
                let length = rest.u32()? as usize;
                rest = from;
                if length == 0 {
                    // The last one: up to the end marker.
                    let data = from.0.trim_ascii_end();
                    let is_whole = data.ends_with(&END.to_be_bytes()) && data.len() > LEAST_PART;
                    rest = Part(if is_whole {
                        &data[data.len() - 2..]
                    } else {
                        &[]
                    });
                } else {
                    rest.take(length.max(LEAST_PART - 2))?;
                }
            }
            marker => {
                let length = usize::from(rest.u16()?).checked_sub(2).ok_or(Cut)?;
                let inside = rest.take(length)?;
                if marker == SIZE {
                    tiles = tiles_of(inside)?;
                }
            }
        }
    }
}

/// How many tiles the picture is cut into.
fn tiles_of(mut size: Part<'_>) -> Result<u64, Cut> {
    size.u16()?;
    let mut number = || size.u32().map(u64::from);
    let (right, below) = (number()?, number()?);
    let _picture = (number()?, number()?);
    let (width, height) = (number()?, number()?);
    let (left, top) = (number()?, number()?);
    let along = |end: u64, begin: u64, step: u64| match step {
        0 => Err(Cut),
        step => Ok(end.saturating_sub(begin).div_ceil(step)),
    };
    Ok(along(right, left, width)? * along(below, top, height)?)
}
