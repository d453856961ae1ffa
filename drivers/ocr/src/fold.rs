//! Traditional characters to Simplified: the recogniser prints 縣紀委 on a page that says 县纪委.

use std::sync::LazyLock;

use ferrous_opencc::{OpenCC, config::BuiltinConfig};

pub(crate) struct Folder(OpenCC);

impl Folder {
    /// # Errors
    /// Never in practice: the dictionary is compiled in; the library still says `Result`.
    pub(crate) fn new() -> Result<Self, ferrous_opencc::error::OpenCCError> {
        Ok(Self(OpenCC::from_config(BuiltinConfig::T2s)?))
    }

    /// `raw` in Simplified, with as many characters as `raw` has, so that positions stay true.
    pub(crate) fn fold(&self, raw: &str) -> String {
        let folded = self.0.convert(raw);
        if folded.chars().count() == raw.chars().count() {
            return folded;
        }
        raw.chars()
            .map(|c| {
                let one = self.0.convert(c.encode_utf8(&mut [0; 4]));
                let mut chars = one.chars();
                match (chars.next(), chars.next()) {
                    (Some(simplified), None) => simplified,
                    _ => c,
                }
            })
            .collect()
    }
}

/// The unified ideographs whose Simplified forms are looked up beforehand.
const IDEOGRAPHS: std::ops::RangeInclusive<char> = '\u{3400}'..='\u{9fff}';

/// One character in Simplified, whatever stands beside it: what a word is compared by, wherever it is written.
pub fn simplified(ch: char) -> char {
    static ALL: LazyLock<Vec<char>> = LazyLock::new(|| match Folder::new() {
        Ok(folder) => {
            let fold = |ch: char| folder.fold(ch.encode_utf8(&mut [0; 4])).chars().next();
            IDEOGRAPHS.map(|ch| fold(ch).unwrap_or(ch)).collect()
        }
        Err(_) => IDEOGRAPHS.collect(),
    });
    let at = (ch as usize).checked_sub(*IDEOGRAPHS.start() as usize);
    at.and_then(|at| ALL.get(at)).copied().unwrap_or(ch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_is_folded_and_simplified_left_alone() {
        let folder = Folder::new().unwrap();
        assert_eq!(folder.fold("縣紀委監委"), "县纪委监委");
        assert_eq!(
            "陸x陆７".chars().map(simplified).collect::<String>(),
            "陆x陆７"
        );
        assert_eq!(folder.fold("蘇州市長：關於門牌"), "苏州市长：关于门牌");
        let plain = "苏州市信访局　林市长 收 0512-65227061 〇㎡";
        assert_eq!(folder.fold(plain), plain);
    }

    #[test]
    fn length_never_changes() {
        let folder = Folder::new().unwrap();
        for raw in ["乾隆年間的乾淨", "著名的瀋陽", "𠮷野家", "麼", ""] {
            assert_eq!(
                folder.fold(raw).chars().count(),
                raw.chars().count(),
                "{raw}"
            );
        }
    }
}
