//! Why a value that was read is not taken unseen, in words: its confidence is under the field's standard, or a rule wants a person to look whatever that is.

use super::{FieldLine, percent};
use crate::console::words::Words;
use crate::domain::draft::{Draft, Fields};
use crate::domain::extract::shipped_threshold;
use crate::domain::field::Field;
use crate::domain::learn::{Thresholds, text};

/// A draft keeps confidences to three places: one that seems to reach its standard may have been rounded up to it.
const ROUNDED: f32 = 0.0005;

/// The standard of a field that is in force; none where nothing is accepted unseen.
fn standard(taken: &Thresholds, field: &str) -> Option<f32> {
    let here = taken.0.get(field).copied();
    here.or_else(|| shipped_threshold(field))
        .filter(|standard| *standard <= 1.0)
}

/// Never 100 %, which would say that it is sure.
fn unsure_percent(confidence: f32) -> String {
    percent(confidence.min(0.99))
}

/// Says it of the lines that want a look.
pub(super) fn tell(
    w: &'static Words,
    lines: &mut [FieldLine],
    draft: &Draft,
    thresholds: &Thresholds,
) {
    for line in lines.iter_mut().filter(|line| line.state == "check") {
        let Some(field) = field_of(&draft.fields, &line.key) else {
            continue;
        };
        match standard(thresholds, line.name) {
            Some(standard) if field.confidence < standard + ROUNDED => {
                let shown = unsure_percent(field.confidence);
                line.state_words = format!("{} {shown}", w.t("letter.check"));
                line.state_means = w.one("letter.check_means", exact_percent(standard));
            }
            // Its note says what is wrong with it.
            _ if line.note.is_some() => {}
            standard => {
                let why = w.t(reason(line.name, field, &draft.fields, standard.is_some()));
                line.state_words = w.t("letter.check").to_owned();
                why.clone_into(&mut line.state_means);
                line.why = match line.why.is_empty() {
                    true => why.to_owned(),
                    false => format!("{} · {why}", line.why),
                };
            }
        }
    }
}

fn exact_percent(standard: f32) -> String {
    format!("{:.1}%", standard * 100.0)
}

fn field_of<'a>(fields: &'a Fields, key: &str) -> Option<&'a Field> {
    let Some(at) = key.strip_prefix("phones-") else {
        return text(fields, key);
    };
    let phone = fields.phones.get(at.parse::<usize>().ok()?)?;
    Some(&phone.field)
}

/// The rule behind it, as the message that tells of it.
fn reason(name: &str, field: &Field, fields: &Fields, has_standard: bool) -> &'static str {
    let crime = fields.flags.crime_clue.as_ref();
    let accuses = !fields.accused.is_empty() || crime.is_some_and(|flag| flag.value);
    let is_of_several = fields.joint.signatories.len() > 1 || fields.proxy.is_some();
    match name {
        _ if !has_standard => "letter.held_always",
        "purpose" if field.value.as_deref() != Some("投诉请求") => "letter.held_other_purpose",
        "purpose" if accuses => "letter.held_accuses",
        "purpose" => "letter.held_mixed_purpose",
        "sender_name" if is_of_several => "letter.held_several",
        "phones" => "letter.held_phone",
        _ if !field.alternatives.is_empty() => "letter.held_alternatives",
        _ => "letter.held_rule",
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;
    use crate::config::Language;
    use crate::domain::field::{Alternative, Source};

    fn shown(language: Language, fields: Fields, key: &str) -> FieldLine {
        let mut draft: Draft = serde_json::from_value(serde_json::json!({
            "letter": "A1", "station": "s", "received_at": null, "pages": [], "disinfection": null,
            "fields": Fields::default(), "missing": [], "deadlines": [], "confirmed": null
        }))
        .expect("a draft");
        draft.fields = fields;
        let all = lines(Words::of(language), &draft, false, &Thresholds::default());
        all.into_iter()
            .find(|line| line.key == key)
            .expect("the line")
    }

    fn read(value: &str, confidence: f32) -> Field {
        Field {
            value: Some(value.to_owned()),
            confidence,
            source: Source::LetterBody,
            ..Field::empty()
        }
    }

    #[test]
    fn a_value_that_a_rule_holds_back_is_not_said_to_be_under_its_standard() {
        for (language, below) in [
            (Language::Chinese, "未达到"),
            (Language::English, "under the"),
        ] {
            for (purpose, confidence) in [("投诉请求", 1.0), ("感谢", 0.999)] {
                let fields = Fields {
                    purpose: read(purpose, confidence),
                    ..Fields::default()
                };
                let line = shown(language, fields, "purpose");
                assert!(line.wants && line.state == "check");
                assert!(!line.state_words.contains('%'), "{}", line.state_words);
                assert!(!line.state_means.contains(below), "{}", line.state_means);
                assert!(line.why.contains(&line.state_means), "{}", line.why);
                assert!(line.state_means.len() > 20, "the reason in words");
            }
        }
        let another = Alternative {
            value: "陆思羽".into(),
            confidence: 0.9,
            why_not: "信封".into(),
        };
        let name = Field {
            alternatives: vec![another],
            ..read("陆思雨", 1.0)
        };
        let fields = Fields {
            sender_name: name,
            ..Fields::default()
        };
        let why = shown(Language::Chinese, fields, "sender_name").why;
        assert!(why.contains("备选"), "{why}");
    }

    #[test]
    fn what_is_not_accepted_is_never_shown_as_a_hundred_percent() {
        let standard = shipped_threshold("purpose").expect("a standard");
        let fields = Fields {
            purpose: read("投诉请求", standard - 0.001),
            ..Fields::default()
        };
        let line = shown(Language::Chinese, fields, "purpose");
        assert_eq!(line.state_words, "请核对 99%");
        assert!(
            line.state_means
                .contains(&format!("{:.1}%", standard * 100.0)),
            "{}",
            line.state_means
        );
        assert_eq!(unsure_percent(0.996), "99%");
    }
}
