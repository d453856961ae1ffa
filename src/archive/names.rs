//! Names of archive files: the office's own pattern (档号 and running number) filled in.

use crate::clock::Millis;
use crate::digest;

/// A file name has 255 bytes; an ending and the mark of a part are put to it.
const NAME_BYTES: usize = 200;

/// What a name is made of.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// The office's fonds number.
    pub fonds: String,
    /// The letter's number.
    pub letter: String,
    /// Year of receipt and running number within it, once given.
    pub number: Option<(i64, i64)>,
    /// The case system's number, once there is one.
    pub case: Option<String>,
    /// When it was received.
    pub received: Option<Millis>,
}

/// The name, without `.pdf`. What no file name may hold becomes `_`, and one that is too long is cut. Nor does it begin with a dot, which
/// would hide it, or with what a spreadsheet takes for a formula, so that the index names the file as it is.
#[must_use]
pub fn file_name(pattern: &str, naming: &Naming) -> String {
    let year = match (naming.number, naming.received) {
        (Some((year, _)), _) => year.to_string(),
        (None, Some(received)) => received.zoned().year().to_string(),
        (None, None) => String::new(),
    };
    let number = match naming.number {
        Some((_, number)) => format!("{number:04}"),
        // Not exported yet: the letter's own number tells it apart.
        None => naming.letter.clone(),
    };
    let filled = pattern
        .replace("{fonds}", &naming.fonds)
        .replace("{year}", &year)
        .replace("{number}", &number)
        .replace("{case}", naming.case.as_deref().unwrap_or("-"))
        .replace("{letter}", &naming.letter);
    let allowed: String = filled
        .chars()
        .enumerate()
        .map(|(at, c)| match c {
            '.' | '-' | '=' | '+' | '@' if at == 0 => '_',
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    digest::bounded_name(&allowed, NAME_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_filled_and_never_lead_out_of_the_folder() {
        let naming = Naming {
            fonds: "X043".into(),
            letter: "A001".into(),
            number: Some((2026, 7)),
            case: Some("../SZ/1".into()),
            received: None,
        };
        assert_eq!(
            file_name("{fonds}-XF·{year}-D30-{number}", &naming),
            "X043-XF·2026-D30-0007"
        );
        assert_eq!(file_name("{letter} {case}", &naming), "A001 .._SZ_1");
        assert_eq!(file_name("{case}-{letter}", &naming), "_._SZ_1-A001");
        let without_case = Naming {
            case: None,
            ..naming.clone()
        };
        assert_eq!(file_name("{case}-{letter}", &without_case), "_-A001");
        let long = Naming {
            letter: "信".repeat(83),
            ..naming.clone()
        };
        assert!(file_name("{fonds} {letter}", &long).len() <= NAME_BYTES);
        let not_yet = Naming {
            number: None,
            ..naming
        };
        assert_eq!(file_name("{number}", &not_yet), "A001");
    }
}
