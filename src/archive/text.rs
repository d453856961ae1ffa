//! The invisible text over an image: every line where it stands on the page, so that a reader finds and copies it. Lines that run down, lie
//! on their side or on their head are set that way: a line's own corners say how it runs.

use std::collections::BTreeMap;

use pdf_writer::types::{SystemInfo, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Name, Str};

use crate::domain::text::{Line, Point, Quad};

pub(super) const FONT: Name<'static> = Name(b"F");
pub(super) const CMAP: Name<'static> = Name(b"laixin-text");
pub(super) const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The characters of a document, numbered as they come: any character of Unicode has room.
#[derive(Debug, Default)]
pub(super) struct Characters {
    numbers: BTreeMap<char, u16>,
}

impl Characters {
    /// `None` for what no text layer may hold, and when 65,534 different ones are there already.
    fn number(&mut self, c: char) -> Option<u16> {
        if c.is_control() || is_no_character(c) {
            return None;
        }
        let next = u16::try_from(self.numbers.len() + 1)
            .ok()
            .filter(|n| *n < u16::MAX)?;
        Some(*self.numbers.entry(c).or_insert(next))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Number → Unicode.
    pub(super) fn to_unicode(&self) -> Vec<u8> {
        let mut map = UnicodeCmap::<u16>::new(CMAP, SYSTEM);
        let mut pairs: Vec<_> = self.numbers.iter().map(|(c, n)| (*n, *c)).collect();
        pairs.sort_unstable();
        for (number, c) in pairs {
            map.pair(number, c);
        }
        map.finish().into_vec()
    }

    /// Every number is drawn with glyph 1.
    pub(super) fn to_glyphs(&self) -> Vec<u8> {
        let mut map = vec![0, 0];
        map.extend(self.numbers.iter().flat_map(|_| [0, 1]));
        map
    }
}

/// PDF/A-2u refuses these as meanings.
fn is_no_character(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0xfeff | 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

/// From pixels of the image to points of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Height of the page in points: images count from the top, pages from the bottom.
    pub(super) height: f32,
}

impl Scale {
    fn of(self, [x, y]: Point) -> [f32; 2] {
        [x * self.x, self.height - y * self.y]
    }
}

/// Sets the lines invisibly.
pub(super) fn set(
    content: &mut Content,
    lines: &[Line],
    scale: Scale,
    characters: &mut Characters,
) {
    content.begin_text();
    content.set_text_rendering_mode(TextRenderingMode::Invisible);
    content.set_font(FONT, 1.0);
    for line in lines {
        let codes: Vec<u8> = line
            .text
            .chars()
            .filter_map(|c| characters.number(c))
            .flat_map(u16::to_be_bytes)
            .collect();
        let Some(matrix) = matrix(&line.quad, line.vertical, codes.len() / 2, scale) else {
            continue;
        };
        content.set_text_matrix(matrix);
        content.show(Str(&codes));
    }
    content.end_text();
}

/// One em along the line for each character, one em across for its height. A column runs from its top down, with the tops of its
/// characters' em boxes to the right: so viewers that know turned text order columns from right to left.
fn matrix(quad: &Quad, vertical: bool, characters: usize, scale: Scale) -> Option<[f32; 6]> {
    let [tl, tr, br, bl] = quad.map(|corner| scale.of(corner));
    let (origin, end, top) = if vertical { (tl, bl, tr) } else { (bl, br, tl) };
    let n = characters as f32;
    let along = [(end[0] - origin[0]) / n, (end[1] - origin[1]) / n];
    let up = [top[0] - origin[0], top[1] - origin[1]];
    let area = along[0] * up[1] - along[1] * up[0];
    let matrix = [along[0], along[1], up[0], up[1], origin[0], origin[1]];
    let whole = characters > 0 && matrix.iter().all(|v| v.is_finite() && v.abs() < 1e5);
    (whole && area.abs() > 1e-3).then(|| matrix.map(|v| (v * 1000.0).round() / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        x: 0.5,
        y: 0.5,
        height: 100.0,
    };

    #[test]
    fn a_row_runs_right_and_a_column_runs_down() {
        let row: Quad = [[10.0, 20.0], [110.0, 20.0], [110.0, 40.0], [10.0, 40.0]];
        assert_eq!(
            matrix(&row, false, 5, SCALE),
            Some([10.0, 0.0, 0.0, 10.0, 5.0, 80.0])
        );
        let column: Quad = [[10.0, 20.0], [30.0, 20.0], [30.0, 120.0], [10.0, 120.0]];
        assert_eq!(
            matrix(&column, true, 5, SCALE),
            Some([0.0, -10.0, 10.0, 0.0, 5.0, 90.0])
        );
        assert_eq!(matrix(&row, false, 0, SCALE), None);
        assert_eq!(matrix(&[[1.0, 1.0]; 4], false, 3, SCALE), None);
        let wild = [[f32::NAN, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(matrix(&wild, false, 3, SCALE), None);
    }

    #[test]
    fn every_character_keeps_its_number_and_what_is_none_gets_none() {
        let mut characters = Characters::default();
        assert_eq!(characters.number('信'), Some(1));
        assert_eq!(characters.number('\u{20bb7}'), Some(2));
        assert_eq!(characters.number('信'), Some(1));
        for c in ['\u{feff}', '\u{fffe}', '\u{1ffff}', '\n', '\0', '\u{fdd0}'] {
            assert_eq!(characters.number(c), None, "{c:?}");
        }
        let map = String::from_utf8(characters.to_unicode()).unwrap();
        assert!(
            map.contains("<0001> <4FE1>") && map.contains("<0002> <D842DFB7>"),
            "{map}"
        );
        assert_eq!(characters.to_glyphs(), [0, 0, 0, 1, 0, 1]);
    }
}
