//! The font of printed papers: one Chinese typeface out of the settings, and what to do with a character it has not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider};

use super::PrintError;

/// What stands for a character the font has not: the printer's mark for missing type, or what comes next to it.
const MISSING: [char; 3] = ['〓', '□', '?'];

/// A loaded font.
#[derive(Debug, Clone)]
pub struct PrintFont {
    file: PathBuf,
    bytes: Arc<Vec<u8>>,
    face: u32,
    font: Font,
}

/// A text as it is set: its glyphs, and the width they take at one point of size.
pub(super) struct SetText {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) ems: f32,
}

impl PrintFont {
    /// A TrueType or OpenType file; out of a collection, the simplified Chinese face. It has 19 MB, and is kept no longer than what is printed with it.
    ///
    /// # Errors
    /// When the file is not there, cannot be read or is no font.
    pub fn load(file: &Path) -> Result<Self, PrintError> {
        match std::fs::read(file) {
            Ok(bytes) => Self::read(file, bytes),
            Err(source) => Err(PrintError::FontUnreadable {
                file: file.to_owned(),
                source,
            }),
        }
    }

    fn read(file: &Path, bytes: Vec<u8>) -> Result<Self, PrintError> {
        let not_a_font = || PrintError::NotAFont {
            file: file.to_owned(),
        };
        let bytes = Arc::new(bytes);
        let face = simplified_chinese_face(&bytes).ok_or_else(not_a_font)?;
        let font = Font::new(Arc::clone(&bytes).into(), face).ok_or_else(not_a_font)?;
        Ok(Self {
            file: file.to_owned(),
            bytes,
            face,
            font,
        })
    }

    /// Where it was read from.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The characters of a text that it has no glyph for.
    #[must_use]
    pub fn lacks(&self, text: &str) -> BTreeSet<char> {
        let face = self.face();
        let map = face.charmap();
        text.chars()
            .filter(|c| !c.is_control() && map.map(*c).is_none())
            .collect()
    }

    pub(super) fn krilla(&self) -> Font {
        self.font.clone()
    }

    /// Sets a text in one line. What cannot be printed becomes a mark, and is named in `missing`.
    pub(super) fn set(&self, text: &str, missing: &mut BTreeSet<char>) -> SetText {
        let face = self.face();
        let map = face.charmap();
        let metrics = face.glyph_metrics(Size::unscaled(), LocationRef::default());
        let per_em = self.font.units_per_em();
        let mut set = SetText {
            text: String::with_capacity(text.len()),
            glyphs: Vec::with_capacity(text.len()),
            ems: 0.0,
        };
        let mut before = ' ';
        for wanted in text.chars() {
            let wanted = match wanted {
                _ if wanted.is_whitespace() => ' ',
                // A Chinese font sets it as wide as a character, as the end of a quotation.
                '’' if before.is_ascii_alphabetic() => '\'',
                _ => wanted,
            };
            before = wanted;
            let found = map.map(wanted).filter(|_| printable(wanted));
            let printed = match found {
                Some(glyph) => Some((wanted, glyph)),
                None if wanted.is_control() => None,
                None => {
                    missing.insert(wanted);
                    MISSING
                        .into_iter()
                        .find_map(|mark| Some((mark, map.map(mark)?)))
                }
            };
            let Some((character, glyph)) = printed else {
                continue;
            };
            let width = metrics.advance_width(glyph).unwrap_or(per_em) / per_em;
            let start = set.text.len();
            set.text.push(character);
            set.ems += width;
            set.glyphs.push(KrillaGlyph::new(
                GlyphId::new(glyph.to_u32()),
                width,
                0.0,
                0.0,
                0.0,
                start..set.text.len(),
                None,
            ));
        }
        set
    }

    fn face(&self) -> FontRef<'_> {
        FontRef::from_index(&self.bytes, self.face).expect("the same bytes were a font when loaded")
    }
}

/// Not in the text layer of an archived page: marks of byte order and what no standard has given a meaning.
fn printable(c: char) -> bool {
    !matches!(
        c,
        '\u{feff}' | '\u{fffe}' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}'
    ) && u32::from(c) < 0xf_0000
}

/// The face of a collection that draws characters as they are written in China; the first where none says so.
fn simplified_chinese_face(bytes: &[u8]) -> Option<u32> {
    let names = |index: u32| {
        let face = FontRef::from_index(bytes, index).ok()?;
        let names = face.localized_strings(StringId::FAMILY_NAME);
        Some(names.map(|name| name.to_string()).collect::<Vec<_>>())
    };
    names(0)?;
    let sc = (0..)
        .map_while(names)
        .position(|names| names.iter().any(|name| name.ends_with(" SC")));
    Some(sc.map_or(0, |at| u32::try_from(at).expect("a file has few faces")))
}
