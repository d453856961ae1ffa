//! Walks a PNG from chunk to chunk up to IEND; checks no checksum and inflates nothing.

use std::io::{self, BufRead, Seek};

/// Longest side of a page in pixels: A3 at 600 dpi is 9,921. A small PNG can promise far more than memory holds.
const SIDE_LIMIT_PX: u32 = 15_000;

/// Width and height out of the header, where one of them is beyond the limit.
pub(super) fn too_large(head: &[u8]) -> Option<(u32, u32)> {
    let ihdr = head.strip_prefix(&super::PNG_SIGNATURE)?.get(4..16)?;
    let size = ihdr.strip_prefix(b"IHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(size.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = (number(0)?, number(4)?);
    (width.max(height) > SIDE_LIMIT_PX).then_some((width, height))
}

/// Whether IEND is reached with its checksum in the file.
pub(super) fn has_end(reader: &mut (impl BufRead + Seek), length: u64) -> io::Result<bool> {
    let mut at = super::PNG_SIGNATURE.len() as u64;
    reader.seek_relative(8)?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        let body = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        at += 8 + body + 4;
        if at > length || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Ok(false);
        }
        if &kind == b"IEND" {
            return Ok(body == 0);
        }
        // `body` came from a u32, and the check above keeps it inside the file.
        reader.seek_relative(i64::try_from(body + 4).map_err(|_| io::ErrorKind::InvalidData)?)?;
    }
}
