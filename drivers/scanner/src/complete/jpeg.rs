//! Walks a JPEG from segment to segment up to its end marker; decodes nothing. A thumbnail inside a segment has an end marker of its own, so looking
//! for the two last bytes is not enough.

use std::io::{self, BufRead, Read};

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// Whether the end marker of the outer image is reached. Bytes behind it are allowed: some devices pad.
pub(super) fn has_end(reader: &mut impl BufRead) -> io::Result<bool> {
    let mut start = [0; 2];
    reader.read_exact(&mut start)?;
    if start != [0xff, START] {
        return Ok(false);
    }
    let mut marker = next_marker(reader)?;
    loop {
        marker = match marker {
            END => return Ok(true),
            SCAN => {
                skip_segment(reader)?;
                end_of_scan(reader)?
            }
            0x01 | 0xd0..=0xd7 => next_marker(reader)?,
            0x00 | START => return Ok(false),
            _ => {
                skip_segment(reader)?;
                next_marker(reader)?
            }
        };
    }
}

/// A marker is 0xff, any number of fill bytes 0xff, and a code. Anything else here means the file is not what it says (zeros of a reserved file).
fn next_marker(reader: &mut impl BufRead) -> io::Result<u8> {
    if byte(reader)? != 0xff {
        return Ok(0);
    }
    marker_code(reader)
}

fn marker_code(reader: &mut impl BufRead) -> io::Result<u8> {
    loop {
        let code = byte(reader)?;
        if code != 0xff {
            return Ok(code);
        }
    }
}

fn skip_segment(reader: &mut impl BufRead) -> io::Result<()> {
    let mut length = [0; 2];
    reader.read_exact(&mut length)?;
    let body = u64::from(u16::from_be_bytes(length)).saturating_sub(2);
    let skipped = io::copy(&mut reader.by_ref().take(body), &mut io::sink())?;
    if skipped < body {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(())
    }
}

/// The marker that ends the entropy-coded bytes: not a stuffed 0xff00 and not a restart.
fn end_of_scan(reader: &mut impl BufRead) -> io::Result<u8> {
    loop {
        reader.skip_until(0xff)?;
        let code = marker_code(reader)?;
        if !matches!(code, 0x00 | 0xd0..=0xd7) {
            return Ok(code);
        }
    }
}

fn byte(reader: &mut impl BufRead) -> io::Result<u8> {
    let mut one = [0];
    reader.read_exact(&mut one)?;
    Ok(one[0])
}
