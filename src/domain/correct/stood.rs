//! What stood in a field before it was changed: kept whole, so that a later reading leaves it alone, or a change is taken back.

use serde::{Deserialize, Serialize};

use super::{REASONS, TEXTS};
use crate::domain::draft::{Draft, Fields};

/// One field as it stood, with its source and its confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stood {
    field: String,
    /// Nothing but that field.
    fields: Fields,
    /// It was named among those without evidence.
    is_missing: bool,
}

impl Draft {
    /// A field as it stands now, to be taken back to. Whom a letter accuses is none of them: a name that guards it goes by its own rules only.
    pub fn as_it_stands(&self, field: &str) -> Option<Stood> {
        (field != "accused").then(|| self.kept(field))
    }

    fn kept(&self, field: &str) -> Stood {
        let mut fields = Fields::default();
        take_over(&mut fields, &self.fields, field);
        Stood {
            field: field.to_owned(),
            fields,
            is_missing: self.missing.iter().any(|missing| missing == field),
        }
    }

    /// The field is again what it was.
    pub fn stands_again(&mut self, stood: &Stood) {
        take_over(&mut self.fields, &stood.fields, &stood.field);
        self.missing.retain(|missing| *missing != stood.field);
        if stood.is_missing {
            self.missing.push(stood.field.clone());
        }
    }

    /// Takes over what officers corrected in an earlier draft of the same letter: a later reading never overwrites it.
    pub fn keep_corrected(&mut self, earlier: &Self, corrected: &[String]) {
        for field in corrected {
            self.stands_again(&earlier.kept(field));
        }
    }
}

fn take_over(to: &mut Fields, from: &Fields, field: &str) {
    match field {
        "id_number" => to.id_number = from.id_number.clone(),
        "phones" => to.phones.clone_from(&from.phones),
        "joint" => to.joint = from.joint.clone(),
        "accused" => to.accused.clone_from(&from.accused),
        "matters" => {
            to.matters.clone_from(&from.matters);
            to.matters_read.clone_from(&from.matters_read);
        }
        "summary" => to.summary.clone_from(&from.summary),
        "repeat" => to.repeat = from.repeat.clone(),
        "anonymous" => to.anonymous = from.anonymous.clone(),
        _ => {
            let mut old = from.clone();
            if let Some((_, text)) = TEXTS.iter().find(|(name, _)| *name == field) {
                *text(to) = text(&mut old).clone();
            }
            if let Some((_, reason)) = REASONS.iter().find(|(name, _)| *name == field) {
                reason(to).clone_from(reason(&mut old));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::correct::Corrections;
    use crate::domain::field::{Alternative, Source};

    fn read() -> Draft {
        let mut draft: Draft = serde_json::from_value(serde_json::json!({
            "letter": "A1", "station": "s", "received_at": null, "pages": [], "disinfection": null,
            "fields": Fields::default(), "missing": ["id_number", "phones"], "deadlines": [], "confirmed": null
        }))
        .expect("a draft");
        let name = &mut draft.fields.sender_name;
        name.value = Some("陆思雨".into());
        (name.confidence, name.source) = (0.91, Source::LetterSignature);
        name.alternatives = vec![Alternative {
            value: "陆恩雨".into(),
            confidence: 0.2,
            why_not: "得分较低".into(),
        }];
        draft.fields.joint.signatories = vec!["陆思雨".into()];
        draft.fields.joint.count = 1;
        draft
    }

    #[test]
    fn whatever_was_corrected_is_taken_back_whole() {
        let before = read();
        for new in [
            r#"{"sender_name": {"value": "陆恩雨"}}"#,
            r#"{"sender_name": {"value": null}, "letter_date": {"value": "2024-01-02"}}"#,
            r#"{"anonymous": {"value": true, "reason": "假名"}}"#,
            r#"{"id_number": {"value": "11010519491231002X"}, "phones": ["13912345678"]}"#,
            r#"{"joint": {"signatories": ["甲", "乙"]}, "summary": "供暖", "urgent_reason": {"value": "病重"}}"#,
            r#"{"matters": [{"title": "供暖", "main": true}]}"#,
        ] {
            let new: Corrections = serde_json::from_str(new).expect("corrections");
            let mut draft = before.clone();
            let changes = draft.correct(&new).expect("allowed");
            assert_ne!(draft, before);
            for change in changes.iter().rev() {
                let stood = before.as_it_stands(change.field).expect("it is kept");
                let kept = serde_json::to_string(&stood).expect("a document");
                draft.stands_again(&serde_json::from_str(&kept).expect("the same"));
            }
            draft.missing.sort();
            assert_eq!(draft, before, "{new:?}");
        }
        assert_eq!(
            before.as_it_stands("accused"),
            None,
            "that goes by its own rules"
        );
    }
}
