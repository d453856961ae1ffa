//! What the program's own errors say, in Chinese: the section `said` of the English file has their texts as they are, with `{}` for names and numbers, the
//! Chinese file what that is. Leaves out what others say (libraries, devices): that stays as they have it.

use super::{ENGLISH, Words};

/// Where one error of a chain ends and its cause begins.
const CAUSED_BY: &str = ": ";
/// Where something else is told besides.
const BESIDES: &str = "; ";
/// So often one text stands in another at most.
const MOST: usize = 8;

/// Every known text within `text` in the words of `w`.
pub(super) fn translated(w: &Words, text: &str) -> String {
    let known = ENGLISH.section("said").into_iter().flatten();
    let mut known: Vec<_> = known.collect();
    // One that begins as another does, and says more, goes first.
    known.sort_by_key(|(_, said)| std::cmp::Reverse(said.len()));
    let mut told = text.to_owned();
    for (key, said) in known {
        // What is told does not say it any more; a text that does say it again is not gone through for ever.
        for _ in 0..MOST {
            let Some(found) = Found::of(said, &told) else {
                break;
            };
            // What is quoted may be a text of ours too.
            let values: Vec<String> = found
                .values
                .iter()
                .map(|value| translated(w, value))
                .collect();
            let values: Vec<&dyn std::fmt::Display> =
                values.iter().map(|value| value as _).collect();
            let words = w.fill(&format!("said.{key}"), &values);
            told.replace_range(found.start..found.end, &words);
        }
    }
    told
}

/// A text of ours within a longer one, from the beginning of an error to its end.
struct Found {
    start: usize,
    end: usize,
    values: Vec<String>,
}

impl Found {
    /// The one that begins last: a text that begins with a name takes no other before it for one.
    fn of(said: &str, text: &str) -> Option<Self> {
        let behind = |separator: &'static str| {
            let found = text.match_indices(separator);
            found.map(|(at, separator)| at + separator.len())
        };
        let begins = std::iter::once(0)
            .chain(behind(CAUSED_BY))
            .chain(behind(BESIDES));
        let mut begins: Vec<usize> = begins.collect();
        begins.sort_unstable();
        begins
            .into_iter()
            .rev()
            .find_map(|start| Self::at(said, text, start))
    }

    fn at(said: &str, text: &str, start: usize) -> Option<Self> {
        let mut pieces = said.split("{}");
        let first = pieces.next()?;
        if !text[start..].starts_with(first) {
            return None;
        }
        let mut at = start + first.len();
        let mut values = Vec::new();
        let mut pieces = pieces.peekable();
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            let rest = &text[at..];
            let length = match (piece, is_last) {
                ("", _) => rest.find(CAUSED_BY).unwrap_or(rest.len()),
                (piece, true) => rest
                    .match_indices(piece)
                    .map(|(found, _)| found)
                    .find(|found| is_end(&rest[found + piece.len()..]))?,
                (piece, false) => rest.find(piece)?,
            };
            values.push(rest[..length].to_owned());
            at += length + piece.len();
        }
        (is_end(&text[at..])).then_some(Self {
            start,
            end: at,
            values,
        })
    }
}

/// Whether what follows is no more of the same error.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(CAUSED_BY) || rest.starts_with(BESIDES)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::CHINESE;
    use super::*;
    use crate::Chain;
    use crate::at_rest::AtRestError;

    fn no_english(text: &str) -> bool {
        let is_word = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase());
        text.split(' ').filter(|word| is_word(word)).count() < 2
    }

    #[test]
    fn an_error_of_ours_is_told_in_chinese_with_its_names_and_numbers() {
        let missing = ocr::OpenError::ModelMissing {
            path: "/usr/share/laixin/models/PP-OCRv6_rec_small.onnx".into(),
        };
        let told = CHINESE.system_said(&missing.to_string());
        assert_eq!(
            told,
            "模型文件 /usr/share/laixin/models/PP-OCRv6_rec_small.onnx 不在"
        );
        let key = AtRestError::NotAKey {
            what: "/etc/laixin/keys/station.key".into(),
        };
        let told = CHINESE.system_said(&Chain(&key).to_string());
        assert!(
            told.contains("/etc/laixin/keys/station.key") && no_english(&told),
            "{told}"
        );
        let unreadable = ocr::OpenError::ModelUnreadable {
            path: "/m.onnx".into(),
            source: std::io::Error::from_raw_os_error(13),
        };
        let told = CHINESE.system_said(&Chain(&unreadable).to_string());
        assert_eq!(told, "模型文件 /m.onnx 不能读取: 没有权限（错误 13）");
        let other = "something nobody here says: model file";
        assert_eq!(CHINESE.system_said(other), other);
        assert_eq!(
            ENGLISH.system_said(&missing.to_string()),
            missing.to_string()
        );
    }

    #[test]
    fn what_a_command_found_is_told_in_chinese_with_what_it_quotes() {
        for (said, told) in [
            (
                "originals: 42 of 42 unaltered",
                "原件：完好 42 份，共 42 份",
            ),
            (
                "records: 7 as the ledger says; 2 of an older laixin, whose entries carry no hash",
                "数据行：7 行与账本一致; 另有 2 行由旧版本写成，其记录没有散列值",
            ),
            (
                "originals: BROKEN: there is no original ab12 (letter A001, page 1). Keep the file as it is; the station mends it from the second copy, or fetch this original from the last backup.",
                "原件：异常：没有原件 ab12（letter A001, page 1）。文件保留原样；工作站会用第二副本修复，或从最近的备份取回这份原件。",
            ),
            (
                "password of 赵敏, shown this once: a1b2",
                "赵敏 的密码，只显示这一次：a1b2",
            ),
        ] {
            assert_eq!(CHINESE.system_said(said), told);
        }
    }

    /// An error whose text was changed would stand in English in a Chinese list again.
    #[test]
    fn every_text_that_is_translated_is_one_that_the_program_says() {
        fn read(folder: &Path, all: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("target") && !path.ends_with("tests") {
                    read(&path, all);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    all.push_str(&std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut all = String::new();
        for folder in ["src", "drivers"] {
            read(
                &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder),
                &mut all,
            );
        }
        let all = all.replace("\\\"", "\"");
        let said = ENGLISH.section("said").unwrap();
        assert!(said.len() > 30);
        for (key, said) in said {
            for piece in said.split("{}").map(str::trim) {
                assert!(all.contains(piece), "{key}: nobody says “{piece}”");
            }
        }
    }
}
