//! A registered value: its confidence, where on the page it was seen, by which rule it won, and who lost.

use serde::{Deserialize, Serialize};

use super::text::Quad;

/// Where a value comes from (CONTRACT: `source`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Source {
    /// Signature in the letter.
    #[serde(rename = "letter.signature")]
    LetterSignature,
    /// List of signatures of a joint letter.
    #[serde(rename = "letter.signature_list")]
    LetterSignatureList,
    /// Contact person or contact line of the letter.
    #[serde(rename = "letter.contact")]
    LetterContact,
    /// Body text.
    #[serde(rename = "letter.body")]
    LetterBody,
    /// Habitual residence mentioned in the body.
    #[serde(rename = "letter.body.habitual")]
    LetterBodyHabitual,
    /// Address signed under the letter.
    #[serde(rename = "letter.signed_address")]
    LetterSignedAddress,
    /// Sender's name on the envelope.
    #[serde(rename = "envelope.sender")]
    EnvelopeSender,
    /// Sender's address on the envelope.
    #[serde(rename = "envelope.sender_address")]
    EnvelopeSenderAddress,
    /// Postmark on the envelope.
    #[serde(rename = "envelope.postmark")]
    EnvelopePostmark,
    /// The salutation of the letter.
    #[serde(rename = "letter.salutation")]
    LetterSalutation,
    /// The addressee on the envelope.
    #[serde(rename = "envelope.addressee")]
    EnvelopeAddressee,
    /// Corrected by a person on the console or by the case system.
    #[serde(rename = "officer")]
    Officer,
    /// No evidence.
    #[serde(rename = "none")]
    None,
}

/// A candidate that lost, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alternative {
    /// The value.
    pub value: String,
    /// Confidence, 0 to 1.
    pub confidence: f32,
    /// Why it did not win, in the operator's language.
    pub why_not: String,
}

/// One thing a confidence is worked out from, by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sign {
    /// Its name in the model of the field.
    pub name: &'static str,
    /// How strong it is.
    pub value: f32,
}

/// One field of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Field<T = String> {
    /// The value; `None` when there is no evidence. Nothing is invented.
    #[schema(inline)]
    pub value: Option<T>,
    /// Confidence, 0 to 1.
    pub confidence: f32,
    /// The confidence passes the field's threshold.
    pub accepted: bool,
    /// Where it comes from.
    pub source: Source,
    /// The rule it won by, as section of the Suzhou standard, e.g. `7.4.2.2/1`.
    pub rule: Option<String>,
    /// Page number within the letter, from 1.
    pub page: Option<u32>,
    /// Where on that page, in pixels of the original image.
    #[schema(value_type = Option<Vec<Vec<f32>>>, min_items = 4, max_items = 4)]
    pub quad: Option<Quad>,
    /// What the page says, before normalisation, where that differs or there are several mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<String>,
    /// Candidates that lost.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    /// What the confidence was worked out from; for fitting, not part of the draft.
    #[serde(skip)]
    pub signs: Vec<Sign>,
}

impl<T> Field<T> {
    /// A field without evidence.
    pub fn empty() -> Self {
        Self {
            value: None,
            confidence: 0.0,
            accepted: false,
            source: Source::None,
            rule: None,
            page: None,
            quad: None,
            raw: Vec::new(),
            alternatives: Vec::new(),
            signs: Vec::new(),
        }
    }
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self::empty()
    }
}
