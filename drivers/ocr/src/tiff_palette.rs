//! TIFF whose samples are places in a table of colours, 1 to 8 bits. The `tiff` crate decodes no such page, but its samples are coded as
//! grey ones are: it is given the file with the one word changed that says what they mean.

use tiff::ColorType;
use tiff::decoder::DecodingResult;
use tiff::tags::{ByteOrder, PhotometricInterpretation, Tag};

use crate::packed::{Colour, Samples};
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::samples::unpacked;
use crate::tiff_pages::{self, Tiff, failed, tag, unsupported};

fn damaged(said: &'static str) -> DecodeError {
    DecodeError::damaged(MediaType::Tiff, said)
}

/// The samples of the decoder's page and their colours, if it has a palette.
pub(crate) fn samples(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<Samples>, DecodeError> {
    let palette = PhotometricInterpretation::RGBPalette.to_u16();
    if tag(decoder, Tag::PhotometricInterpretation, 1)? != palette {
        return Ok(None);
    }
    let bits = tag(decoder, Tag::BitsPerSample, 1)?;
    if tag(decoder, Tag::SamplesPerPixel, 1)? != 1 || !matches!(bits, 1 | 2 | 4 | 8) {
        return Err(unsupported(format!("palette of {bits} bits")));
    }
    let colours = decoder.get_tag_u16_vec(Tag::ColorMap).map_err(failed)?;
    let colours = triples(&colours, 1 << bits)
        .ok_or_else(|| damaged("the table of colours is of another length than its samples"))?;
    let (width, height) = decoder.dimensions().map_err(failed)?;

    let directory = decoder
        .ifd_pointer()
        .ok_or_else(|| damaged("no directory"))?;
    let mut grey = bytes.to_vec();
    let meaning = meaning_at(bytes, directory.0, decoder.byte_order())
        .ok_or_else(|| damaged("the directory lies beyond the end of the file"))?;
    let black_is_zero = PhotometricInterpretation::BlackIsZero.to_u16();
    let word = match decoder.byte_order() {
        ByteOrder::LittleEndian => black_is_zero.to_le_bytes(),
        ByteOrder::BigEndian => black_is_zero.to_be_bytes(),
    };
    grey[meaning..meaning + 2].copy_from_slice(&word);
    let mut decoder = tiff_pages::open(&grey, limits)?;
    while decoder.ifd_pointer() != Some(directory) {
        decoder.next_image().map_err(failed)?;
    }
    let kind = decoder.colortype().map_err(failed)?;
    match (kind, decoder.read_image().map_err(failed)?) {
        (ColorType::Gray(_), DecodingResult::U8(places)) => Ok(Some(Samples {
            width,
            height,
            colour: Colour::Palette(colours),
            // As wide as in the file: at most eight.
            bits: bits as u8,
            bytes: places,
            media_type: MediaType::Tiff,
        })),
        (kind, _) => Err(unsupported(format!("palette of {kind:?}"))),
    }
}

/// All red, all green, all blue, 16 bits each, to RGB of 8; `None` if there are not as many as due. Some writers put 8 bits there.
fn triples(table: &[u16], due: usize) -> Option<Vec<u8>> {
    if table.len() != 3 * due {
        return None;
    }
    let is_wide = table.iter().any(|value| *value > 255);
    let byte = |value: u16| {
        let [high, low] = value.to_be_bytes();
        if is_wide { high } else { low }
    };
    let channels = (&table[..due], &table[due..2 * due], &table[2 * due..]);
    Some(
        (0..due)
            .flat_map(|i| [channels.0[i], channels.1[i], channels.2[i]].map(byte))
            .collect(),
    )
}

/// Where in the file the directory says what its samples mean; within the file by two bytes at least.
fn meaning_at(bytes: &[u8], directory: u64, order: ByteOrder) -> Option<usize> {
    let number = |at: usize, length: usize| -> Option<u64> {
        let found = bytes.get(at..at.checked_add(length)?)?.iter();
        let add = |sum, byte: &u8| sum << 8 | u64::from(*byte);
        Some(match order {
            ByteOrder::BigEndian => found.fold(0, add),
            ByteOrder::LittleEndian => found.rev().fold(0, add),
        })
    };
    let is_big = number(2, 2)? == 43;
    // Length of the count, of an entry, and where in it the value is.
    let (count, entry, value) = if is_big { (8, 20, 12) } else { (2, 12, 8) };
    let start = usize::try_from(directory).ok()?;
    let entries = usize::try_from(number(start, count)?).ok()?;
    let wanted = u64::from(Tag::PhotometricInterpretation.to_u16());
    (0..entries)
        .map_while(|i| start.checked_add(count)?.checked_add(i.checked_mul(entry)?))
        .map_while(|at| Some((at, number(at, 2)?)))
        .find(|(_, tag)| *tag == wanted)
        .map(|(at, _)| at + value)
        .filter(|at| bytes.len() >= at + 2)
}

impl Samples {
    /// The page its colours show; grey and RGB have ways of their own.
    pub(crate) fn page(&self) -> Result<Page, DecodeError> {
        let Colour::Palette(colours) = &self.colour else {
            return Err(unsupported("samples without a palette"));
        };
        let highest = (1_usize << self.bits) - 1;
        let (width, height) = (self.width as usize, self.height as usize);
        let spread = unpacked(&self.bytes, usize::from(self.bits), width, height);
        let rgb = spread
            .iter()
            .flat_map(|shade| {
                let at = 3 * (usize::from(*shade) * highest / 255);
                [colours[at], colours[at + 1], colours[at + 2]]
            })
            .collect();
        Page::from_rgb(self.width, self.height, rgb, MediaType::Tiff)
            .ok_or_else(|| damaged("fewer samples than pixels"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_eight_bits_is_taken_as_meant() {
        assert_eq!(
            triples(&[0, 255, 1, 2, 3, 4], 2).unwrap(),
            [0, 1, 3, 255, 2, 4]
        );
        assert_eq!(
            triples(&[0, 65535, 257, 0, 0, 0x8000], 2).unwrap(),
            [0, 1, 0, 255, 0, 0x80]
        );
        assert_eq!(triples(&[0; 5], 2), None);
    }

    #[test]
    fn a_directory_beyond_the_file_has_no_place() {
        for directory in [0, 7, 8, 1 << 40, u64::MAX] {
            let file = b"II*\0\x08\0\0\0\xFF\xFF";
            assert_eq!(meaning_at(file, directory, ByteOrder::LittleEndian), None);
        }
    }
}
