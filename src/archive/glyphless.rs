//! A font without shapes: what the invisible text layer is set in. Every character is one em wide; none has an outline.
//!
//! The file is made here, table by table (OpenType 1.9, `glyf` flavour): a reader asks for its metrics and never draws it.

/// Units of an em.
pub(super) const UNITS: u16 = 1000;
/// Height above and depth below the baseline.
pub(super) const ASCENT: i16 = 880;
pub(super) const DESCENT: i16 = -120;

struct Table {
    tag: [u8; 4],
    bytes: Vec<u8>,
}

fn table(tag: &[u8; 4], words: &[&[u8]]) -> Table {
    Table {
        tag: *tag,
        bytes: words.concat(),
    }
}

fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn i16s(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

/// The font file: `.notdef` and one glyph, both empty and one em wide.
pub(super) fn font() -> Vec<u8> {
    let head = table(
        b"head",
        &[
            &u16s(&[1, 0, 1, 0]), // version 1.0, revision 1.0
            &0_u32.to_be_bytes(), // check sum of the whole, set below
            &0x5f0f_3cf5_u32.to_be_bytes(),
            &u16s(&[0, UNITS]), // flags, units per em
            &[0; 16],           // made, changed: 1904
            &i16s(&[0, DESCENT, UNITS.cast_signed(), ASCENT]),
            &u16s(&[0, 8, 2, 0, 0]), // style, smallest size, direction, short offsets, glyf format
        ],
    );
    let hhea = table(
        b"hhea",
        &[
            &u16s(&[1, 0]),
            &i16s(&[ASCENT, DESCENT, 0]),
            &u16s(&[UNITS]), // widest advance
            &i16s(&[0, 0, UNITS.cast_signed(), 1, 0, 0, 0, 0, 0, 0, 0]),
            &u16s(&[2]), // advances in hmtx
        ],
    );
    let maxp = table(
        b"maxp",
        &[&u16s(&[1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])],
    );
    let hmtx = table(b"hmtx", &[&u16s(&[UNITS, 0, UNITS, 0])]);
    let loca = table(b"loca", &[&u16s(&[0, 0, 0])]);
    let glyf = table(b"glyf", &[&[0]]);
    // Tables in the order of their tags.
    assemble(vec![glyf, head, hhea, hmtx, loca, maxp])
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0_u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

fn assemble(tables: Vec<Table>) -> Vec<u8> {
    let count = u16::try_from(tables.len()).expect("six tables");
    let power = 1_u16 << count.ilog2();
    let mut file = 0x0001_0000_u32.to_be_bytes().to_vec();
    file.extend(u16s(&[
        count,
        power * 16,
        count.ilog2() as u16,
        count * 16 - power * 16,
    ]));
    let mut offset = 12 + 16 * tables.len();
    let mut head_at = 0;
    let mut bodies = Vec::new();
    for Table { tag, bytes } in tables {
        file.extend(tag);
        file.extend(checksum(&bytes).to_be_bytes());
        file.extend((offset as u32).to_be_bytes());
        file.extend((bytes.len() as u32).to_be_bytes());
        if &tag == b"head" {
            head_at = offset;
        }
        let padded = bytes.len().next_multiple_of(4);
        bodies.extend(&bytes);
        bodies.resize(bodies.len() + padded - bytes.len(), 0);
        offset += padded;
    }
    file.extend(bodies);
    let adjustment = 0xb1b0_afba_u32.wrapping_sub(checksum(&file));
    file[head_at + 8..head_at + 12].copy_from_slice(&adjustment.to_be_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use skrifa::instance::{LocationRef, Size};
    use skrifa::{FontRef, GlyphId, MetadataProvider};

    #[test]
    fn another_reader_finds_two_empty_glyphs_one_em_wide() {
        let bytes = font();
        assert_eq!(checksum(&bytes), 0xb1b0_afba);
        let font = FontRef::new(&bytes).unwrap();
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        assert_eq!(metrics.glyph_count(), 2);
        assert_eq!(metrics.advance_width(GlyphId::new(1)), Some(1000.0));
        assert_eq!(
            font.metrics(Size::unscaled(), LocationRef::default())
                .units_per_em,
            1000
        );
    }
}
