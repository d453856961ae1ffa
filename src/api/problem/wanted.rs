//! What a field of a request takes, where what was sent does not fit: in words for programs' authors, and apart for whoever tells it in another language.

use super::{Filling, Problem};
use crate::clock::Millis;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Wanted<'a> {
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// A text of so many characters, from the first number to the second.
    Characters(usize, usize),
    /// A moment from the first to the second; and what the station takes for now.
    Moment(Millis, Millis, Millis),
    /// A day up to today.
    DayPast,
    /// Something: it was left empty.
    Something,
    /// A name of letters, figures, `-`, `_` and `.`.
    AccountName,
    /// A text without such an invisible character.
    Visible(char),
    /// Anything else, in words.
    Said(&'a str),
}

impl Problem {
    /// A field of the body does not fit: which, and what it takes. Never what was sent: it may be a letter's.
    pub(in crate::api) fn body(field: &str, wanted: Wanted<'_>) -> Self {
        let numbers =
            |least: &dyn ToString, most: &dyn ToString| vec![least.to_string(), most.to_string()];
        let (reason, values, told) = match wanted {
            Wanted::Number(least, most) => (
                "number",
                numbers(&least, &most),
                format!("{least} to {most} is allowed"),
            ),
            Wanted::Characters(least, most) => (
                "characters",
                numbers(&least, &most),
                format!("{least} to {most} characters are needed"),
            ),
            Wanted::Moment(early, late, now) => {
                let (early, late, now) = (early.rfc3339(), late.rfc3339(), now.rfc3339());
                let told = format!(
                    "from {early} to {late} is allowed; the clock of this station says {now}"
                );
                ("moment", vec![early, late], told)
            }
            Wanted::DayPast => (
                "day_past",
                Vec::new(),
                "a day such as 2026-11-27 is needed, today or before".to_owned(),
            ),
            Wanted::Something => ("something", Vec::new(), "it has to be said".to_owned()),
            Wanted::AccountName => (
                "account_name",
                Vec::new(),
                "1 to 32 letters, digits, - _ and . are allowed".to_owned(),
            ),
            Wanted::Visible(mark) => {
                let code = format!("U+{:04X}", u32::from(mark));
                let told = format!(
                    "has an invisible character ({code}) that can make a text look like another one; type it anew"
                );
                ("visible", vec![code], told)
            }
            Wanted::Said(words) => ("other", Vec::new(), words.to_owned()),
        };
        let values = std::iter::once(field.to_owned()).chain(values).collect();
        Self {
            reason: Some(reason.into()),
            values: Some(Box::new(Filling(values))),
            ..Self::new("body_invalid", format!("{field}: {told}"))
        }
    }
}
