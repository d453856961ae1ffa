//! How sure a value is: per field a logistic model of a few named signs, fitted on letters with known truth (`confidence.toml`).
//!
//! Every sign is something one can point at on the page; the file says on which letters it was fitted and checked. A field without a
//! model there keeps the engine's confidence times its rule's prior, and is never accepted.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::domain::field::{Sign, Source};
use crate::domain::zones::Glyph;

/// A field that has a confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measured {
    Sender,
    Address,
    Addressee,
    Date,
    Phone,
    IdNumber,
    Purpose,
}

impl Measured {
    fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender_name",
            Self::Address => "address",
            Self::Addressee => "addressee",
            Self::Date => "letter_date",
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Purpose => "purpose",
        }
    }
}

/// The model of one field.
#[derive(Debug, Deserialize)]
struct Model {
    bias: f32,
    /// Confidence from which on the value is accepted; above 1 where no threshold kept to the wrong accepts allowed.
    threshold: f32,
    weights: BTreeMap<String, f32>,
}

#[derive(Debug, Deserialize)]
struct Models {
    field: BTreeMap<String, Model>,
}

fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        toml::from_str(include_str!("confidence.toml")).expect("a test reads the shipped file")
    })
}

/// Confidence and whether it is accepted.
pub(crate) fn of(field: Measured, signs: &[Sign], first: f32) -> (f32, bool) {
    let Some(model) = models().field.get(field.name()) else {
        return (first, false);
    };
    let weight = |s: &Sign| model.weights.get(s.name).copied().unwrap_or(0.0) * s.value;
    let sum = model.bias + signs.iter().map(weight).sum::<f32>();
    let confidence = 1.0 / (1.0 + (-sum).exp());
    (confidence, confidence >= model.threshold)
}

/// The confidence from which on a field is accepted as shipped; of telephones that of each.
pub fn shipped_threshold(field: &str) -> Option<f32> {
    let model = if field == "phones" { "phone" } else { field };
    models().field.get(model).map(|model| model.threshold)
}

/// Odds on a logarithmic scale, kept within what a model can use.
pub(crate) fn log_odds(p: f32) -> f32 {
    let p = p.clamp(0.01, 0.998);
    (p / (1.0 - p)).ln()
}

/// What every value is measured by: the engine's confidence in its characters, the rule's prior, its length, where it stood.
pub(crate) fn common(glyphs: &[Glyph], prior: f32, source: Source) -> Vec<Sign> {
    let known: Vec<f32> = glyphs
        .iter()
        .filter(|g| g.ch != ' ')
        .map(|g| g.confidence.clamp(0.0, 1.0))
        .collect();
    let sign = |name, value| Sign { name, value };
    let mut sorted = known.clone();
    sorted.sort_by(f32::total_cmp);
    let at = |i: usize| log_odds(sorted.get(i).or(sorted.last()).copied().unwrap_or(0.5));
    let mean = known.iter().sum::<f32>() / known.len().max(1) as f32;
    let below = |limit: f32| known.iter().filter(|c| **c < limit).count().min(5) as f32;
    // As if the characters were right or wrong independently of each other.
    let together: f32 = known.iter().map(|c| c.max(0.05).ln()).sum();
    let mut signs = vec![
        sign("together", together.max(-4.0)),
        sign("below_90", below(0.9)),
        sign("below_97", below(0.97)),
        sign("below_99", below(0.99)),
        sign("worst", at(0)),
        sign("second", at(1)),
        sign("mean", log_odds(mean)),
        sign("prior", log_odds(prior)),
        sign("length", (known.len().max(1) as f32).ln()),
    ];
    let place = match source {
        Source::EnvelopeSender | Source::EnvelopeSenderAddress | Source::EnvelopeAddressee => {
            Some("on_envelope")
        }
        Source::EnvelopePostmark => Some("postmark"),
        Source::LetterBody | Source::LetterBodyHabitual => Some("in_body"),
        Source::LetterSignatureList => Some("in_list"),
        Source::None => Some("no_place"),
        _ => None,
    };
    signs.extend(place.map(|name| sign(name, 1.0)));
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_models_are_readable_and_every_weight_belongs_to_a_sign() {
        let models = models();
        for (field, model) in &models.field {
            assert!(
                model.threshold > 0.5,
                "{field}: accepts what is as likely wrong as right"
            );
            assert!(!model.weights.is_empty(), "{field}");
        }
    }

    #[test]
    fn better_reading_never_lowers_the_confidence_of_a_name() {
        let glyph = |confidence| Glyph {
            ch: '王',
            raw: '王',
            confidence,
            page: 0,
            line: 0,
            at: 0,
        };
        let sure = |confidence: f32| {
            let signs = common(&[glyph(confidence); 3], 0.97, Source::LetterSignature);
            of(Measured::Sender, &signs, confidence).0
        };
        assert!(sure(0.99) >= sure(0.5));
    }
}
