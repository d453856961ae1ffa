//! Whether a JBIG2 image of a PDF is there to its end (ITU-T T.88, 7.2): every segment as long as it says, and a picture among them. Decoders leave out what
//! was cut off, which is white then.

use crate::cut::{Cut, Part};

/// Up to wherever the data end.
const UNKNOWN: u32 = u32::MAX;
/// The last segment of a file.
const END: u8 = 51;

/// # Errors
/// What of it is missing.
pub(crate) fn check(data: &[u8]) -> Result<(), Cut> {
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
            length => rest.take(length as usize)?,
        };
    }
    has_picture.then_some(()).ok_or(Cut)
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
