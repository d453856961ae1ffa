//! What an officer types → the form in which it is registered: wide characters become narrow, blanks and dashes inside numbers go, a day may be written
//! in any usual way. Only how it is written changes; what is no date or number stays as it is and is refused for its form.

use super::{Corrections, NewValue};

impl Corrections {
    /// The same corrections, each value in the form in which it is registered.
    pub(super) fn as_registered(&self) -> Self {
        let mut new = self.clone();
        in_form(&mut new.letter_date, day);
        in_form(&mut new.id_number, narrow);
        for number in new.phones.iter_mut().flatten() {
            *number = phone(number);
        }
        new
    }
}

fn in_form(new: &mut Option<NewValue>, form: impl Fn(&str) -> String) {
    if let Some(text) = new.as_mut().and_then(|new| new.value.as_mut()) {
        *text = form(text);
    }
}

/// Wide characters of ASCII made narrow, every blank taken out.
fn narrow(text: &str) -> String {
    let one = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).expect("a narrow character of ASCII")
        }
        '—' | '–' | '‐' => '-',
        other => other,
    };
    let blank = |c: &char| *c == ' ' || *c == '\u{3000}' || *c == '\u{a0}';
    text.chars().filter(|c| !blank(c)).map(one).collect()
}

/// 2025.3.4, 2025/3/4, 2025-3-4, 20250304, 2025年3月4日 → 2025-03-04.
fn day(text: &str) -> String {
    let plain = narrow(text);
    let whole = plain.strip_suffix(['日', '号']).unwrap_or(&plain);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = match whole.len() {
        8 if digits(whole) => vec![&whole[..4], &whole[4..6], &whole[6..]],
        _ => whole.split(['.', '/', '-', '年', '月']).collect(),
    };
    match parts[..] {
        [year, month, day]
            if year.len() == 4
                && month.len() <= 2
                && day.len() <= 2
                && [year, month, day].into_iter().all(digits) =>
        {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => text.to_owned(),
    }
}

/// 138 0013 8000, 138-0013-8000 → 13800138000; (0512)65123456转8001 → 0512-65123456-8001.
fn phone(text: &str) -> String {
    let plain = narrow(text);
    let plain = plain.strip_prefix("+86").unwrap_or(&plain);
    let digits: String = plain.chars().filter(|c| *c != '-').collect();
    let is_mobile =
        digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit());
    if is_mobile {
        return digits;
    }
    let landline = plain.replace(['(', ')'], "-").replace('转', "-");
    landline.trim_matches('-').replace("--", "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_typed_in_any_usual_way() {
        for typed in [
            "2025-03-04",
            "2025-3-4",
            "2025.3.4",
            "2025/03/4",
            "20250304",
            "2025年3月4日",
            "２０２５年３月４日",
            " 2025 - 3 - 4 ",
        ] {
            assert_eq!(day(typed), "2025-03-04", "{typed}");
        }
        for other in [
            "25.3.4",
            "3月4日",
            "2025年3月",
            "昨天",
            "2025-03-04-05",
            "2025..4",
        ] {
            assert_eq!(day(other), other);
        }
    }

    #[test]
    fn a_number_is_typed_with_blanks_dashes_and_wide_digits() {
        let cases = [
            ("138 0013 8000", "13800138000"),
            ("138-0013-8000", "13800138000"),
            ("１３８００１３８０００", "13800138000"),
            ("+86 13800138000", "13800138000"),
            ("0512-65123456", "0512-65123456"),
            ("（0512）65123456", "0512-65123456"),
            ("0512-65123456转8001", "0512-65123456-8001"),
            ("65123456", "65123456"),
            ("no number", "nonumber"),
        ];
        for (typed, registered) in cases {
            assert_eq!(phone(typed), registered);
        }
        assert_eq!(narrow("１１０１０５ 19491231 002x"), "11010519491231002x");
    }
}
