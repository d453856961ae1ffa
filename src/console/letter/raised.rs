//! What of a letter wants a person at once: its alerts with what raised them, those of a page that came later first, what was answered before, and what else the
//! draft says.

use super::super::field_lines::points;
use super::super::when;
use super::super::words::Words;
use crate::domain::alarm::Code;
use crate::domain::draft::{Fields, Flag};
use crate::store::{AlertAnswer, AlertQuote, AlertRow};

/// An alert with what raised it, as far as this person may read it.
pub(in crate::console) type Raised = (AlertRow, Vec<AlertQuote>);

/// A sentence that shows its place.
pub(super) struct QuoteLine {
    pub(super) text: String,
    pub(super) page: String,
    pub(super) quad: String,
}

/// Something that is raised.
pub(super) struct FlagLine {
    pub(super) words: &'static str,
    pub(super) tone: &'static str,
    pub(super) quotes: Vec<QuoteLine>,
    pub(super) why: Option<String>,
    /// What was answered, the newest first.
    pub(super) answers: Vec<String>,
}

/// Why it was raised, which a draft says in Chinese: words of a threat, or a suspicion with what it hangs on.
fn why_words(w: &'static Words, why: &str) -> String {
    let of = |begins: &str, key: &str| why.strip_prefix(begins).map(|rest| w.one(key, rest));
    let known = w.known("flag_why", why).map(str::to_owned);
    known
        .or_else(|| of("疑似扬言：字迹不清，或为", "letter.threat_unclear"))
        .or_else(|| of("疑似扬言：", "letter.threat_suspected"))
        .unwrap_or_else(|| why.to_owned())
}

/// Where a sentence stands: page 2, which came later.
pub(in crate::console) fn place_words(w: &'static Words, quote: &AlertQuote) -> String {
    match quote.is_late {
        true => w.one("letter.late_page", quote.page),
        false => w.one("letter.seen_on", quote.page),
    }
}

/// Sentence by sentence with its page, in one line.
pub(in crate::console) fn quoted_words(w: &'static Words, quote: &AlertQuote) -> String {
    let place = place_words(w, quote);
    match quote.text.is_empty() {
        true => place,
        false => w.two("letter.quote_on", place, &quote.text),
    }
}

/// Who said what.
pub(in crate::console) fn answer_words(w: &'static Words, answer: &AlertAnswer) -> String {
    let verdict = w.code("verdict", answer.verdict.word());
    let at = when::moment(w, answer.at);
    let told = match answer.is_before {
        true => "letter.answered_before",
        false => "letter.answered",
    };
    let told = w.fill(told, &[&answer.by, &at, &verdict]);
    match &answer.note {
        Some(note) => format!("{told} · {note}"),
        None => told,
    }
}

pub(super) fn flags(
    w: &'static Words,
    fields: Option<&Fields>,
    alerts: &[Raised],
) -> Vec<FlagLine> {
    let none = Fields::default();
    let flags = &fields.unwrap_or(&none).flags;
    let all: [(&str, Option<Code>, &Option<Flag>, &str); 6] = [
        ("threat", Some(Code::Threat), &flags.threat, "bad"),
        (
            "secret_mark",
            Some(Code::SecretMark),
            &flags.secret_mark,
            "bad",
        ),
        ("crime_clue", None, &flags.crime_clue, "bad"),
        ("valuables", None, &flags.valuables, ""),
        ("sensitive", Some(Code::Sensitive), &flags.sensitive, ""),
        ("archive_only", None, &flags.archive_only, ""),
    ];
    let mut lines = Vec::new();
    for (code, alert, flag, tone) in all {
        let alert = alerts.iter().find(|(row, _)| Some(row.code) == alert);
        let flag = flag.as_ref().filter(|flag| flag.value);
        if flag.is_none() && alert.is_none() {
            continue;
        }
        let quotes = match alert {
            // Of which page a draft does not say, the alert cannot either.
            Some((_, quotes)) => {
                let unplaced = flag.filter(|flag| flag.page.is_none());
                let lines = quotes.iter().map(|quote| quote_line(w, quote));
                lines
                    .chain(unplaced.and_then(|flag| flag_line(w, flag)))
                    .collect()
            }
            None => flag
                .and_then(|flag| flag_line(w, flag))
                .into_iter()
                .collect(),
        };
        lines.push(FlagLine {
            words: w.code("flag", code),
            tone,
            quotes,
            why: flag
                .and_then(|flag| flag.why.as_deref())
                .map(|why| why_words(w, why)),
            answers: alert.map_or_else(Vec::new, |(row, _)| {
                let answers = row.answers().into_iter();
                answers.map(|answer| answer_words(w, &answer)).collect()
            }),
        });
    }
    lines
}

fn quote_line(w: &'static Words, quote: &AlertQuote) -> QuoteLine {
    QuoteLine {
        text: quoted_words(w, quote),
        page: quote.page.to_string(),
        quad: quote.quad.as_ref().map(points).unwrap_or_default(),
    }
}

fn flag_line(w: &'static Words, flag: &Flag) -> Option<QuoteLine> {
    Some(QuoteLine {
        text: w.one("letter.quote", flag.quote.as_ref()?),
        page: flag.page.map(|page| page.to_string()).unwrap_or_default(),
        quad: flag.quad.as_ref().map(points).unwrap_or_default(),
    })
}
