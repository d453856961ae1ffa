//! The Chinese font that stands in for one a PDF names but does not bring: out of the folders where systems keep theirs. Only where the
//! file says which characters its codes mean; without that another font would show other characters.

use hayro::hayro_interpret::font::{FallbackFontQuery, FontData};
use std::sync::Arc;

/// Fonts with the Chinese characters, and which face of the file has the forms of the mainland. The first that is there is taken.
const FONTS: [(&str, u32); 6] = [
    ("/usr/share/laixin/fonts/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    (
        "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
        2,
    ),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc", 0),
];

/// The font for a query, if it can be told what is to be drawn and one is installed.
pub(crate) fn font(query: &FallbackFontQuery) -> Option<(FontData, u32)> {
    chosen(query, &FONTS)
}

fn chosen(query: &FallbackFontQuery, fonts: &[(&str, u32)]) -> Option<(FontData, u32)> {
    // Collections of Chinese, Japanese and Korean characters: each code has its Unicode.
    let collection = query.character_collection.as_ref()?;
    collection.family.ucs2_cmap()?;
    fonts.iter().find_map(|(file, face)| {
        let bytes = std::fs::read(file).ok()?;
        Some((Arc::new(bytes) as FontData, *face))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_interpret::hayro_cmap::{CharacterCollection, CidFamily};

    fn query(family: CidFamily) -> FallbackFontQuery {
        FallbackFontQuery {
            character_collection: Some(CharacterCollection {
                family,
                supplement: 2,
            }),
            ..FallbackFontQuery::default()
        }
    }

    #[test]
    fn a_font_stands_in_only_for_known_characters_and_only_if_it_is_there() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let there = [("/nowhere", 0), (file.path().to_str().expect("UTF-8"), 7)];
        let face = |query: &FallbackFontQuery, fonts| chosen(query, fonts).map(|(_, face)| face);
        assert_eq!(face(&query(CidFamily::AdobeGB1), &there), Some(7));
        assert_eq!(face(&query(CidFamily::AdobeGB1), &there[..1]), None);
        assert_eq!(face(&query(CidFamily::AdobeIdentity), &there), None);
        assert_eq!(face(&FallbackFontQuery::default(), &there), None);
    }
}
