//! Names as they are shown in lists to those who must not know them: enough to tell two lines apart, too little to find somebody. Numbers
//! and addresses are in no list that people see; the letter itself shows them, and that look is on record.

use super::zones::fold;

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
    let mut hidden = figures_hidden(&chars).into_iter().peekable();
    let (mut out, mut was_hidden) = (String::with_capacity(text.len()), false);
    for (at, c) in chars.into_iter().enumerate() {
        let is_hidden = hidden.next_if_eq(&at).is_some();
        match (is_hidden, was_hidden) {
            (true, false) => out.push_str("****"),
            (true, true) => {}
            (false, _) => out.push(c),
        }
        was_hidden = is_hidden;
    }
    out
}

/// Which characters of a text are hidden, in order: of every number all but its end, of one with eleven figures all but its beginning and its end. A
/// number may be written with single blanks, dashes or line breaks in it.
pub fn figures_hidden(chars: &[char]) -> Vec<usize> {
    let mut hidden = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let run = number_at(chars, at);
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            at += 1;
            continue;
        };
        let is_whole = last - first < run.len();
        let is_mobile = run.len() == 11 && fold(chars[at]) == '1';
        if is_whole && run.len() >= LONG || is_mobile || run.len() >= LONG_IN_PARTS {
            let shown = if run.len() == 11 { 3 } else { 0 };
            let (from, to) = (run[shown], run[run.len() - 4]);
            hidden.extend(from..to);
            at = last + 1;
        } else {
            // Not one number: its first part may be.
            let part = run
                .windows(2)
                .take_while(|two| two[1] == two[0] + 1)
                .count()
                + 1;
            if part >= LONG {
                let shown = if part == 11 { 3 } else { 0 };
                hidden.extend(run[shown]..run[part - 4]);
            }
            at = run[part - 1] + 1;
        }
    }
    hidden
}

/// Where the figures of a number stand that begins here, with the X at its end.
fn number_at(chars: &[char], from: usize) -> Vec<usize> {
    let is_figure = |at: usize| chars.get(at).is_some_and(|c| fold(*c).is_ascii_digit());
    let parts = |at: usize| {
        let between = chars.get(at).is_some_and(|c| " -\n\u{3000}".contains(*c));
        between && is_figure(at + 1)
    };
    let (mut run, mut at) = (Vec::new(), from);
    loop {
        if is_figure(at) {
            run.push(at);
        } else if run.is_empty() || !parts(at) {
            break;
        }
        at += 1;
    }
    let ends_in_x = chars.get(at).is_some_and(|c| matches!(fold(*c), 'X' | 'x'));
    if ends_in_x && run.len() >= LONG {
        run.push(at);
    }
    run
}

/// So many figures in a row are a telephone's or a card's.
const LONG: usize = 7;
/// So many with blanks or dashes between them are a card's: a day, and an area code with its number, have fewer.
const LONG_IN_PARTS: usize = 15;

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
