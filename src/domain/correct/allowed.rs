//! What an officer may type into a field: length, form, list. Knows nothing of what stands in the draft.

use super::{ANONYMOUS_REASONS, Corrections, NewAnonymous, PURPOSES, REASONS, Refused, TEXTS};
use crate::domain::draft::PhoneKind;

/// Longest name of a person or unit: names of minorities and of foreigners have some thirty characters.
const LONGEST_NAME: usize = 50;
const LONGEST_ADDRESS: usize = 200;
/// An addressee may be an office with the offices above it.
const LONGEST_ADDRESSEE: usize = 100;
const LONGEST_SUMMARY: usize = 4000;
const MOST_SIGNATORIES: usize = 2000;
const MOST_PHONES: usize = 20;
const MOST_ACCUSED: usize = 50;
const LONGEST_REASON: usize = 500;

/// How long the text of a field may be, and how that is said.
fn longest(field: &str) -> (usize, &'static str) {
    match field {
        "address" => (
            LONGEST_ADDRESS,
            "one line of up to 200 characters is allowed",
        ),
        "addressee" => (
            LONGEST_ADDRESSEE,
            "one line of up to 100 characters is allowed",
        ),
        _ => (LONGEST_NAME, "one line of up to 50 characters is allowed"),
    }
}

impl Corrections {
    pub(super) fn check(&self) -> Result<(), Refused> {
        for (field, _) in TEXTS {
            if let Some(text) = self.text(field).and_then(|new| new.value.as_deref()) {
                check_text(field, text)?;
                check_form(field, text)?;
            }
        }
        for (field, _) in REASONS {
            if let Some(reason) = self.reason(field).and_then(|new| new.value.as_deref()) {
                let rule = "a reason of 2 to 500 characters is allowed";
                unless(is_reason(reason), field, rule)?;
            }
        }
        self.check_phones()?;
        self.check_joint()?;
        self.check_anonymous()?;
        self.check_accused()?;
        let summary = self.summary.as_deref().unwrap_or_default();
        let breaks = |c: char| c.is_control() && c != '\n';
        let sound = summary.chars().count() <= LONGEST_SUMMARY && !summary.chars().any(breaks);
        unless(sound, "summary", "up to 4000 characters are allowed")
    }

    fn check_phones(&self) -> Result<(), Refused> {
        let phones = self.phones.as_deref().unwrap_or_default();
        unless(
            phones.len() <= MOST_PHONES,
            "phones",
            "up to 20 numbers are allowed",
        )?;
        unless(
            phones.iter().all(|phone| phone_kind(phone).is_some()),
            "phones",
            "a mobile number of 11 digits, or 7 or 8 digits with or without an area code, and behind them an extension, is allowed",
        )
    }

    fn check_joint(&self) -> Result<(), Refused> {
        let mut names = self.joint.iter().flat_map(|joint| &joint.signatories);
        unless(
            names.clone().count() <= MOST_SIGNATORIES,
            "joint",
            "up to 2000 signatories are allowed",
        )?;
        names.try_for_each(|name| check_text("joint", name))
    }

    fn check_accused(&self) -> Result<(), Refused> {
        let Some(accused) = &self.accused else {
            return Ok(());
        };
        unless(
            accused.named.len() <= MOST_ACCUSED,
            "accused",
            "up to 50 persons and units are allowed",
        )?;
        let texts = accused
            .named
            .iter()
            .flat_map(|one| std::iter::once(&one.name).chain(&one.office));
        texts
            .into_iter()
            .try_for_each(|text| check_text("accused", text))?;
        let reason = accused.reason.as_deref().unwrap_or("两字");
        unless(
            is_reason(reason),
            "accused",
            "a reason of 2 to 500 characters is allowed",
        )
    }

    fn check_anonymous(&self) -> Result<(), Refused> {
        let Some(NewAnonymous { value, reason }) = &self.anonymous else {
            return Ok(());
        };
        let reason = reason.as_deref();
        let listed = reason.is_some_and(|reason| ANONYMOUS_REASONS.contains(&reason));
        unless(
            listed || !value,
            "anonymous",
            "one of the listed reasons is needed",
        )?;
        unless(
            *value || reason.is_none(),
            "anonymous",
            "only an anonymous letter has a reason",
        )
    }
}

fn is_reason(text: &str) -> bool {
    let length = text.trim().chars().count();
    (2..=LONGEST_REASON).contains(&length) && !text.chars().any(char::is_control)
}

fn unless(sound: bool, field: &'static str, rule: &'static str) -> Result<(), Refused> {
    if sound {
        Ok(())
    } else {
        Err(Refused { field, rule })
    }
}

fn check_text(field: &'static str, text: &str) -> Result<(), Refused> {
    unless(
        !text.trim().is_empty(),
        field,
        "null empties a field; an empty text is not allowed",
    )?;
    let (longest, rule) = longest(field);
    let sound = text.chars().count() <= longest && !text.chars().any(char::is_control);
    unless(sound, field, rule)
}

fn check_form(field: &'static str, text: &str) -> Result<(), Refused> {
    match field {
        "letter_date" => unless(
            is_date(text),
            field,
            "a day as YYYY-MM-DD, not after the letter was received, is allowed",
        ),
        "purpose" => unless(
            PURPOSES.contains(&text),
            field,
            "one of the listed purposes is allowed",
        ),
        "id_number" => unless(
            is_id_number(text),
            field,
            "15 digits, or 17 digits and a check digit (0 to 9 or X), are allowed",
        ),
        _ => Ok(()),
    }
}

/// The form alone; whether the check digit fits is told and not asked, because the letter itself may be wrong.
fn is_id_number(text: &str) -> bool {
    let (digits, last) = match text.as_bytes() {
        digits @ [..] if digits.len() == 15 => (digits, b'0'),
        [digits @ .., last] if digits.len() == 17 => (digits, *last),
        _ => return false,
    };
    digits.iter().all(u8::is_ascii_digit) && (last.is_ascii_digit() || matches!(last, b'X' | b'x'))
}

pub(super) fn phone_kind(number: &str) -> Option<PhoneKind> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // An extension, behind the number of a switchboard with its area code.
    let number = match number.rsplit_once('-') {
        Some((before, extension))
            if before.contains('-') && (1..=5).contains(&extension.len()) && digits(extension) =>
        {
            before
        }
        _ => number,
    };
    let (area, local) = number.split_once('-').unwrap_or(("", number));
    if !digits(area) || !digits(local) {
        return None;
    }
    let whole = format!("{area}{local}");
    let bytes = whole.as_bytes();
    if area.is_empty() && bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
    {
        return Some(PhoneKind::Mobile);
    }
    let landline = match bytes.first() {
        Some(b'0') => {
            (10..=12).contains(&bytes.len()) && (area.is_empty() || (3..=4).contains(&area.len()))
        }
        Some(_) => area.is_empty() && (7..=8).contains(&bytes.len()),
        None => false,
    };
    landline.then_some(PhoneKind::Landline)
}

fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    let bytes = text.as_bytes();
    text.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && year >= 1900
        && (1..=days).contains(&day)
}
