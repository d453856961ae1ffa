//! The written forms of a phone number: mobile, landline with area code and extension, with blanks, dashes and brackets inside.

use crate::domain::draft::PhoneKind;
use crate::domain::zones::Glyph;

/// A number found in some characters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) value: String,
    pub(crate) kind: PhoneKind,
}

/// Every well-formed number in some characters.
pub(crate) fn find_phones(glyphs: &[Glyph]) -> Vec<Found> {
    let chars = in_figures(glyphs.iter().map(|g| g.ch).collect());
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let starts = chars[at].is_ascii_digit() || chars[at] == '(' || chars[at] == '+';
        let glued = out.last().is_some_and(|found: &Found| found.to == at);
        let inside = at > 0 && !glued && before(&chars, at);
        if !starts || inside {
            at += 1;
            continue;
        }
        let from = country_code(&chars, at);
        match mobile(&chars, from).or_else(|| landline(&chars, from)) {
            Some((value, kind, to)) => {
                out.push(Found {
                    from: at,
                    to,
                    value,
                    kind,
                });
                at = to;
            }
            None => at += 1,
        }
    }
    out
}

/// The characters with the eleven numerals of a mobile as figures: 一三八七二五一四〇九六, 幺三八…. A year has four of them, an amount other words.
fn in_figures(mut chars: Vec<char>) -> Vec<char> {
    let mut at = 0;
    while at < chars.len() {
        let run: Vec<u32> = chars[at..].iter().map_while(|c| numeral(*c)).collect();
        let spoken = chars[at..at + run.len()].iter();
        let spoken = spoken.filter(|c| !c.is_ascii_digit()).count();
        let is_mobile = matches!(run[..], [1, 3..=9, ..]) && run.len() == 11;
        if is_mobile && spoken > run.len() / 2 {
            for (ch, figure) in chars[at..].iter_mut().zip(&run) {
                *ch = char::from_digit(*figure, 10).expect("a numeral is one of ten");
            }
        }
        at += run.len().max(1);
    }
    chars
}

fn numeral(ch: char) -> Option<u32> {
    match ch {
        '〇' | '零' | '○' => Some(0),
        '幺' => Some(1),
        _ => ch
            .to_digit(10)
            .or_else(|| Some("一二三四五六七八九".chars().position(|c| c == ch)? as u32 + 1)),
    }
}

/// `1 50 72781 247`, `153-1 369-1 486`: a row of nothing but the eleven digits of one mobile, blanks and dashes wherever a pen has left them.
pub(crate) fn alone_in_row(glyphs: &[Glyph]) -> Option<Found> {
    let is_digit = |g: &Glyph| g.ch.is_ascii_digit();
    let from = glyphs.iter().position(is_digit)?;
    let to = glyphs.iter().rposition(is_digit)? + 1;
    let inside = |g: &Glyph| is_digit(g) || matches!(g.ch, ' ' | '-');
    let around = |g: &Glyph| matches!(g.ch, ' ' | '.' | ',' | '。' | ':' | '(' | ')');
    let bare = glyphs[..from].iter().chain(&glyphs[to..]).all(around);
    let digits = glyphs.iter().map(|g| g.ch).filter(char::is_ascii_digit);
    let value: String = digits.collect();
    let second = value.as_bytes().get(1).copied()?;
    let sound = value.len() == 11 && value.starts_with('1') && (b'3'..=b'9').contains(&second);
    (bare && sound && glyphs[from..to].iter().all(inside)).then_some(Found {
        from,
        to,
        value,
        kind: PhoneKind::Mobile,
    })
}

/// A digit or letter right before: the middle of something else.
fn before(chars: &[char], at: usize) -> bool {
    let previous = chars[at - 1];
    previous.is_ascii_alphanumeric() && chars[at] != '('
        || previous == '-' && at > 1 && chars[at - 2].is_ascii_digit()
        // `XA 137…` is a registered number even where the engine saw a blank.
        || previous == ' ' && at > 1 && chars[at - 2].is_ascii_uppercase()
}

fn country_code(chars: &[char], at: usize) -> usize {
    for code in ["+86", "0086", "86"] {
        let code: Vec<char> = code.chars().collect();
        if chars[at..].starts_with(&code) {
            let mut next = at + code.len();
            while matches!(chars.get(next), Some(' ' | '-')) {
                next += 1;
            }
            if mobile(chars, next).is_some() {
                return next;
            }
        }
    }
    at
}

/// 1[3-9] and nine more, blanks and dashes passed over, no digit right after.
fn mobile(chars: &[char], at: usize) -> Option<(String, PhoneKind, usize)> {
    let (digits, end) = take_digits(chars, at, 11, 2).or_else(|| in_groups(chars, at))?;
    let second = digits.as_bytes().get(1).copied()?;
    let ends = !chars.get(end).is_some_and(char::is_ascii_digit) || next_number(chars, end);
    let sound = digits.starts_with('1') && (b'3'..=b'9').contains(&second) && ends;
    sound.then_some((digits, PhoneKind::Mobile, end))
}

/// `136…690731-26067547`: the blank between two numbers was lost, and a whole one with its area code and a dash, or a mobile's eleven figures, follow.
fn next_number(chars: &[char], at: usize) -> bool {
    let run = chars[at..]
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let dashed = chars.get(at + run) == Some(&'-') && (3..=4).contains(&run);
    let mobile = run == 11 && chars[at] == '1' && matches!(chars[at + 1], '3'..='9');
    mobile || dashed && landline(chars, at).is_some()
}

/// `158 109 952 46`: eleven digits in four groups of two or more, blanks between them.
fn in_groups(chars: &[char], at: usize) -> Option<(String, usize)> {
    let (digits, end) = take_digits(chars, at, 11, 3)?;
    let mut groups = chars[at..end].split(|c| *c == ' ');
    groups
        .all(|group| group.len() >= 2 && group.iter().all(char::is_ascii_digit))
        .then_some((digits, end))
}

/// `0512-65227061`, `(010) 65227061`, `051265227061`, with an extension perhaps.
fn landline(chars: &[char], at: usize) -> Option<(String, PhoneKind, usize)> {
    let open = chars.get(at) == Some(&'(');
    let start = at + usize::from(open);
    if chars.get(start) != Some(&'0') {
        return None;
    }
    let short = matches!(chars.get(start + 1), Some('1' | '2'));
    let area_length = if short { 3 } else { 4 };
    let (area, mut i) = take_digits(chars, start, area_length, 0)?;
    if area.starts_with("00") {
        return None;
    }
    while matches!(chars.get(i), Some('-' | ')' | ' ')) {
        i += 1;
    }
    for length in [8, 7] {
        if let Some((local, end)) = take_digits(chars, i, length, 1)
            && !chars.get(end).is_some_and(char::is_ascii_digit)
            && !local.starts_with(['0', '1'])
        {
            let (extension, end) = extension(chars, end);
            return Some((
                format!("{area}-{local}{extension}"),
                PhoneKind::Landline,
                end,
            ));
        }
    }
    None
}

fn extension(chars: &[char], at: usize) -> (String, usize) {
    if matches!(chars.get(at), Some('-' | '转')) {
        let digits: String = chars[at + 1..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .collect();
        if (1..=5).contains(&digits.len()) {
            return (format!("-{digits}"), at + 1 + digits.len());
        }
    }
    (String::new(), at)
}

/// Exactly `count` digits with at most `gaps` blanks or dashes between them.
fn take_digits(chars: &[char], at: usize, count: usize, gaps: usize) -> Option<(String, usize)> {
    let (mut digits, mut i, mut left) = (String::new(), at, gaps);
    while digits.len() < count {
        match chars.get(i)? {
            c if c.is_ascii_digit() => digits.push(*c),
            ' ' | '-' if left > 0 && !digits.is_empty() => left -= 1,
            _ => return None,
        }
        i += 1;
    }
    Some((digits, i))
}
