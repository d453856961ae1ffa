//! Names as they are shown in lists to those who must not know them: enough to tell two lines apart, too little to find somebody. Numbers
//! are in no list.

/// 陆思雨 → 陆**; what cannot be told apart that way is hidden whole.
pub fn name(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.count()) {
        (None, _) => String::new(),
        (Some(_), 0) => "*".to_owned(),
        (Some(first), rest) => first.to_string() + &"*".repeat(rest.min(3)),
    }
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
    }
}
