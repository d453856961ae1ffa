//! Numbers of registered and express mail as bars on envelopes say them: which of them begins a letter, and which only a person can judge.

use super::grouping::{Face, Side};

/// What a text is as a mail number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailNumber {
    /// One that begins a letter.
    Sound,
    /// It has the form of one; its check digit is wrong, or nobody knows how to check it.
    Doubtful,
}

/// What a text is as a mail number; `None` where it has the form of none.
///
/// International ones are written as the Universal Postal Union has it (S10): two letters, nine digits of which the last checks, country. Registered
/// letters within China have two letters and eleven digits, express mail thirteen digits of which the first is 1; neither has a check digit that is public.
#[must_use]
pub fn mail_number(text: &str) -> Option<MailNumber> {
    let bytes = text.as_bytes();
    let letters = |range: &[u8]| range.iter().all(u8::is_ascii_uppercase);
    let digits = |range: &[u8]| range.iter().all(u8::is_ascii_digit);
    if bytes.len() != 13 {
        return None;
    }
    let (front, middle, back) = (&bytes[..2], &bytes[2..11], &bytes[11..]);
    match (letters(front), digits(middle), letters(back), digits(back)) {
        (true, true, true, _) if is_checked(middle) => Some(MailNumber::Sound),
        (true, true, true, _) => Some(MailNumber::Doubtful),
        (true, true, _, true) => Some(MailNumber::Sound),
        _ if is_express(text) => Some(MailNumber::Doubtful),
        _ => None,
    }
}

/// The mail number that stands in a line by itself, as it does below its bars, where its check digit is right. In a sentence it is another letter's.
#[must_use]
pub fn written(line: &str) -> Option<String> {
    let text: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    let is_checked = matches!(text.as_bytes(), [.., last] if last.is_ascii_uppercase());
    (is_checked && mail_number(&text) == Some(MailNumber::Sound)).then_some(text)
}

/// Whether a text is a number of express mail within China: bars carry a checksum of their own, its digits none.
#[must_use]
pub fn is_express(text: &str) -> bool {
    text.len() == 13 && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the last of nine digits is what the others give by S10.
fn is_checked(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let sum: u32 = WEIGHTS
        .iter()
        .zip(digits)
        .map(|(weight, digit)| weight * u32::from(digit - b'0'))
        .sum();
    let wanted = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        other => other,
    };
    u32::from(digits[8] - b'0') == wanted
}

/// What an image is, by what its bars say; `has_unread` where there are bars that say nothing.
#[must_use]
pub fn face_of(bars: &[String], has_unread: bool) -> Face {
    let of = |wanted| {
        let fits = |code: &&String| mail_number(code) == Some(wanted);
        let mut numbers: Vec<&String> = bars.iter().filter(fits).collect();
        numbers.sort();
        numbers.dedup();
        numbers
    };
    match (
        of(MailNumber::Sound).as_slice(),
        of(MailNumber::Doubtful).as_slice(),
    ) {
        ([number], _) => Face::Mail((*number).clone()),
        ([_, _, ..], _) => Face::Disputed,
        ([], [number, ..]) => Face::DoubtfulMail((*number).clone()),
        ([], []) if has_unread => Face::UnreadBars,
        ([], []) => Face::Page,
    }
}

/// What one of two sides is, in view of the one that came with it. Whichever side of an envelope bears the number, its letter begins with the first.
#[must_use]
pub fn of_two_sides(side: Side, this: &Face, other: &Face) -> Face {
    let begins = |face: &Face| matches!(face, Face::Mail(_) | Face::DoubtfulMail(_));
    let is_plain = |face: &Face| matches!(face, Face::Page | Face::UnreadBars);
    match (side, this, other) {
        (_, Face::Mail(one), Face::Mail(two)) if one != two => Face::Disputed,
        (Side::First, Face::DoubtfulMail(_), Face::Mail(_)) => other.clone(),
        (Side::First, this, other) if is_plain(this) && begins(other) => other.clone(),
        // The first side has begun it.
        (Side::Second, this, other) if begins(this) && (begins(other) || is_plain(other)) => {
            Face::Page
        }
        (Side::Second, Face::UnreadBars, other) if begins(other) => Face::Page,
        _ => this.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_mail() {
        // The first is the example of UPU S10-12.
        for sound in ["RR473124829GB", "XA12345678901"] {
            assert_eq!(mail_number(sound), Some(MailNumber::Sound), "{sound}");
        }
        for doubtful in ["RR473124828GB", "1023456789012"] {
            assert_eq!(
                mail_number(doubtful),
                Some(MailNumber::Doubtful),
                "{doubtful}"
            );
        }
        for other in [
            "6901234567892",
            "RR47312482９GB",
            "RR473124829G",
            "rr473124829gb",
        ] {
            assert_eq!(mail_number(other), None, "{other}");
        }
    }

    #[test]
    fn a_number_is_written_where_it_stands_by_itself_and_checks() {
        assert_eq!(
            written(" RR 473 124 829 GB "),
            Some("RR473124829GB".to_owned())
        );
        for other in [
            "RR473124828GB",
            "我寄出的挂号信RR473124829GB至今没有回音",
            // Nothing checks these.
            "XA12345678901",
            "1023456789012",
            "",
        ] {
            assert_eq!(written(other), None, "{other}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_not_taken_for_no_number() {
        let said = |codes: &[&str], has_unread| {
            let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
            face_of(&codes, has_unread)
        };
        let wrong = Face::DoubtfulMail("RR473124828GB".into());
        assert_eq!(said(&["RR473124828GB"], false), wrong);
        let sound = Face::Mail("RR473124829GB".into());
        assert_eq!(said(&["RR473124828GB", "RR473124829GB"], false), sound);
        assert_eq!(said(&[], true), Face::UnreadBars);
        assert_eq!(said(&["WZ-2025-17"], false), Face::Page);
    }

    #[test]
    fn whichever_side_bears_the_number_the_first_begins_the_letter() {
        let sound = Face::Mail("RR473124829GB".into());
        let doubtful = Face::DoubtfulMail("RR473124828GB".into());
        let both = |first: &Face, second: &Face| {
            (
                of_two_sides(Side::First, first, second),
                of_two_sides(Side::Second, second, first),
            )
        };
        for number in [&sound, &doubtful] {
            let begun = (number.clone(), Face::Page);
            for plain in [Face::Page, Face::UnreadBars] {
                assert_eq!(both(number, &plain), begun);
                assert_eq!(both(&plain, number), begun);
            }
        }
        assert_eq!(both(&doubtful, &sound), (sound.clone(), Face::Page));
        let other = Face::Mail("EE000000014CN".into());
        assert_eq!(both(&sound, &other), (Face::Disputed, Face::Disputed));
        // Nobody could look at the first side: the second begins it.
        assert_eq!(both(&Face::Unseen, &sound), (Face::Unseen, sound));
    }
}
