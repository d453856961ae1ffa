//! Names as they are shown in lists to those who must not know them: enough to tell two lines apart, too little to find somebody. Numbers
//! and addresses are in no list that people see; the letter itself shows them, and that look is on record.

/// 陆思雨 → 陆**; what cannot be told apart that way is hidden whole.
pub fn name(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.count()) {
        (None, _) => String::new(),
        (Some(_), 0) => "*".to_owned(),
        (Some(first), rest) => first.to_string() + &"*".repeat(rest.min(3)),
    }
}

/// 13812345678 → 138****5678, 320504199001011234 → ****1234: every run of so many figures in a text, where it ends in X, too.
pub fn numbers(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let figures = chars[at..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        let end = match chars.get(at + figures) {
            Some('X' | 'x') if figures >= LONG => at + figures + 1,
            _ => at + figures,
        };
        if figures >= LONG {
            let shown = if figures == 11 { 3 } else { 0 };
            out.extend(&chars[at..at + shown]);
            out.push_str("****");
            out.extend(&chars[end - 4..end]);
        } else {
            out.extend(&chars[at..end.max(at + 1)]);
        }
        at = end.max(at + 1);
    }
    out
}

/// So many figures in a row are a telephone's or a card's.
const LONG: usize = 7;

/// 江苏省苏州市姑苏区彩虹新村38幢 → 江苏省苏州市***.
pub fn address(text: &str) -> String {
    let shown: String = text.chars().take(6).collect();
    match shown.len() == text.len() {
        true => "***".to_owned(),
        false => shown + "***",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_list_shows_its_end() {
        assert_eq!(numbers("电话13812345678。"), "电话138****5678。");
        assert_eq!(numbers("0512-65227061"), "0512-****7061");
        assert_eq!(numbers("32050419900101123X"), "****123X");
        assert_eq!(numbers("2025-02-17, 3号楼"), "2025-02-17, 3号楼");
        assert_eq!(address("江苏省苏州市姑苏区彩虹新村38幢"), "江苏省苏州市***");
        assert_eq!(address("北京"), "***");
    }

    #[test]
    fn what_is_left_does_not_find_anybody() {
        assert_eq!(name("陆思雨"), "陆**");
        assert_eq!(name("欧阳"), "欧*");
        assert_eq!(name("王"), "*");
        assert_eq!(name(""), "");
        assert_eq!(name("苏州市某某有限公司"), "苏***");
    }
}
