//! Names and numbers as they are shown to those who must not know them: enough to tell two lines apart, too little to find somebody.

/// 陆思雨 → 陆**; what cannot be told apart that way is hidden whole.
pub fn name(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.count()) {
        (None, _) => String::new(),
        (Some(_), 0) => "*".to_owned(),
        (Some(first), rest) => first.to_string() + &"*".repeat(rest.min(3)),
    }
}

/// 13812345678 → 138****5678, 0512-65227061 → 051*****7061; short ones are hidden whole.
pub fn phone(text: &str) -> String {
    ends(text, 3, 4)
}

/// The last four characters only (SZ 5.3.4).
pub fn id_number(text: &str) -> String {
    ends(text, 0, 4)
}

fn ends(text: &str, first: usize, last: usize) -> String {
    let chars: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if chars.len() < first + last + 4 {
        return "*".repeat(chars.len());
    }
    let shown = |at: usize| at < first || at >= chars.len() - last;
    let one = |(at, c): (usize, &char)| if shown(at) { *c } else { '*' };
    chars.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_does_not_find_anybody() {
        assert_eq!(name("陆思雨"), "陆**");
        assert_eq!(name("欧阳"), "欧*");
        assert_eq!(name("王"), "*");
        assert_eq!(name(""), "");
        assert_eq!(name("苏州市某某有限公司"), "苏***");
        assert_eq!(phone("138 1234 5678"), "138****5678");
        assert_eq!(phone("0512-65227061"), "051*****7061");
        assert_eq!(phone("110"), "***");
        assert_eq!(id_number("320502199001011234"), "**************1234");
        assert_eq!(id_number("12345"), "*****");
    }
}
