//! An officer's corrections to a draft: what is allowed, what follows, what a later reading must leave alone.
//!
//! Nothing is repaired: what is typed is written in the form of its field (`correct/typed.rs`), refused (`correct/allowed.rs`) or shown for what it is.

use serde::{Deserialize, Deserializer, Serialize};

use super::draft::{Draft, Fields, IdNumber, Phone};
use super::extract::checksum_ok;
use super::field::{Alternative, Field, Source};

mod accused;
mod allowed;
mod matters;
mod stood;
mod typed;

pub use accused::{NamedAccused, NewAccused, Party, parties_in, stays};
use allowed::phone_kind;
pub use matters::NewMatter;
pub use stood::Stood;

/// Name under which anonymous letters are registered.
pub const ANONYMOUS_NAME: &str = "匿名";
/// Reasons of an anonymous letter (requirement A5).
pub const ANONYMOUS_REASONS: [&str; 3] = ["无署名", "假名", "署名不完整"];
/// Purposes of a letter.
pub const PURPOSES: [&str; 7] = [
    "投诉请求",
    "意见建议",
    "检举控告",
    "申诉",
    "咨询",
    "感谢",
    "其他",
];
/// From this many signatories on a letter is a joint one (SZ 3.3).
const JOINT_FROM: usize = 5;
/// Confidence in a typed ID number whose check digit does not fit: that of one read from a page.
const CHECK_DIGIT_WRONG: f32 = 0.5;

/// The new value of a field; `null` empties it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewValue {
    /// The value.
    #[serde(deserialize_with = "present")]
    #[schema(required)]
    pub value: Option<String>,
}

/// `null` is a value here; leaving the key out is not.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}

/// Anonymous or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnonymous {
    /// Anonymous or not.
    pub value: bool,
    /// `无署名`, `假名`, `署名不完整`; needed when anonymous.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The signatories; their number decides whether the letter is a joint one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJoint {
    /// Names in reading order.
    pub signatories: Vec<String>,
}

/// Fields to correct; those not named stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"sender_name": {"value": "陆思雨"}, "letter_date": {"value": "2025-02-17"}, "purpose": {"value": "投诉请求"},
    "phones": ["0512-65227061"], "anonymous": {"value": false}, "summary": "反映小区供暖问题，盼望答复。",
    "matters": [{"n": 1, "title": "小区供暖", "main": true, "place": "苏州市姑苏区", "category": "城乡建设/市政设施/排水与管网"}]}))]
pub struct Corrections {
    /// 姓名
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<NewValue>,
    /// 地址
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<NewValue>,
    /// 受信人
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressee: Option<NewValue>,
    /// 来信时间, `YYYY-MM-DD`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter_date: Option<NewValue>,
    /// 来信目的
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<NewValue>,
    /// 身份证号
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_number: Option<NewValue>,
    /// 联系方式, the whole list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phones: Option<Vec<String>>,
    /// 匿名
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<NewAnonymous>,
    /// 联名
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joint: Option<NewJoint>,
    /// 被举报人, the whole list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accused: Option<NewAccused>,
    /// 问题, the whole list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matters: Option<Vec<NewMatter>>,
    /// 摘要
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// 其他紧急情况 (SZ 7.3.5(5)): why; `null` takes it back
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent_reason: Option<NewValue>,
    /// 上报建议 (SZ 7.3.6): why; `null` takes it back
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_upward_reason: Option<NewValue>,
    /// 初信／重复信: the earlier registration this letter repeats, one of those shown; `null` for a first letter
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<NewValue>,
}

/// Why a correction is not allowed. Names the field and the rule, never the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct Refused {
    /// The field.
    pub field: &'static str,
    /// What is allowed.
    pub rule: &'static str,
}

/// A field before and after, as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The field.
    pub field: &'static str,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

type Text = (&'static str, fn(&mut Fields) -> &mut Field);

/// Fields of one text value.
const TEXTS: [Text; 6] = [
    ("sender_name", |fields| &mut fields.sender_name),
    ("address", |fields| &mut fields.address),
    ("addressee", |fields| &mut fields.addressee),
    ("letter_date", |fields| &mut fields.letter_date),
    ("purpose", |fields| &mut fields.purpose),
    ("id_number", |fields| &mut fields.id_number.field),
];

type Reason = (&'static str, fn(&mut Fields) -> &mut Option<String>);

/// What only a person says of a letter, and why.
const REASONS: [Reason; 2] = [
    ("urgent_reason", |fields| &mut fields.urgent_reason),
    ("report_upward_reason", |fields| {
        &mut fields.report_upward_reason
    }),
];

impl Corrections {
    fn reason(&self, field: &str) -> Option<&NewValue> {
        match field {
            "urgent_reason" => self.urgent_reason.as_ref(),
            "report_upward_reason" => self.report_upward_reason.as_ref(),
            _ => None,
        }
    }

    fn text(&self, field: &str) -> Option<&NewValue> {
        match field {
            "sender_name" => self.sender_name.as_ref(),
            "address" => self.address.as_ref(),
            "addressee" => self.addressee.as_ref(),
            "letter_date" => self.letter_date.as_ref(),
            "purpose" => self.purpose.as_ref(),
            "id_number" => self.id_number.as_ref(),
            _ => None,
        }
    }
}

impl Draft {
    /// Applies corrections, all or none, and says what changed.
    ///
    /// # Errors
    /// [`Refused`]; the draft is then as it was.
    pub fn correct(&mut self, corrections: &Corrections) -> Result<Vec<Corrected>, Refused> {
        let corrections = &corrections.as_registered();
        corrections.check()?;
        self.is_no_later_day(corrections)?;
        let mut corrected = self.clone();
        let changes = corrected.apply(corrections)?;
        *self = corrected;
        Ok(changes)
    }

    /// No letter was written after it arrived.
    fn is_no_later_day(&self, new: &Corrections) -> Result<(), Refused> {
        let day = new.text("letter_date").and_then(|new| new.value.as_deref());
        let received = self.received_at.as_deref().and_then(|at| at.get(..10));
        match day.zip(received) {
            Some((day, received)) if day > received => Err(Refused {
                field: "letter_date",
                rule: "a day as YYYY-MM-DD, not after the letter was received, is allowed",
            }),
            _ => Ok(()),
        }
    }

    fn apply(&mut self, new: &Corrections) -> Result<Vec<Corrected>, Refused> {
        let mut changes = Vec::new();
        let mut note = |field, before: String, after: String| {
            changes.push(Corrected {
                field,
                before,
                after,
            })
        };
        let signed = self.fields.sender_name.value.clone();
        for (name, field) in TEXTS {
            if let Some(new) = new.text(name) {
                let field = field(&mut self.fields);
                let before = plain(field.value.as_deref());
                by_officer(field, new.value.clone());
                note(name, before, plain(new.value.as_deref()));
            }
        }
        if new.id_number.is_some() {
            judge(&mut self.fields.id_number);
        }
        if let Some(phones) = &new.phones {
            note("phones", numbers(&self.fields.phones), phones.join("、"));
            self.fields.phones = phones
                .iter()
                .map(|number| phone(number, &self.fields.phones))
                .collect();
        }
        if let Some(joint) = &new.joint {
            let kept = &mut self.fields.joint;
            note(
                "joint",
                kept.signatories.join("、"),
                joint.signatories.join("、"),
            );
            kept.is_joint = joint.signatories.len() >= JOINT_FROM;
            kept.count = u32::try_from(joint.signatories.len()).unwrap_or(u32::MAX);
            kept.signatories.clone_from(&joint.signatories);
        }
        if let Some(accused) = &new.accused {
            let (before, after) = accused.apply(&mut self.fields.accused)?;
            note("accused", before, after);
        }
        if let Some(new) = &new.matters {
            let (before, after) = matters::apply(new, &mut self.fields)?;
            note("matters", before, after);
        }
        if let Some(summary) = &new.summary {
            note("summary", self.fields.summary.clone(), summary.clone());
            self.fields.summary.clone_from(summary);
        }
        for (name, reason) in REASONS {
            if let Some(new) = new.reason(name) {
                let reason = reason(&mut self.fields);
                note(name, plain(reason.as_deref()), plain(new.value.as_deref()));
                reason.clone_from(&new.value);
            }
        }
        if let Some(of) = &new.repeat {
            let kept = &mut self.fields.repeat;
            let before = plain(kept.of.as_deref());
            kept.decide(of.value.as_deref()).ok_or(Refused {
                field: "repeat",
                rule: "one of the earlier registrations shown, or null, is allowed",
            })?;
            note("repeat", before, plain(of.value.as_deref()));
        }
        let named = new
            .sender_name
            .as_ref()
            .and_then(|name| name.value.as_deref());
        let implied =
            named.is_some_and(|name| name != ANONYMOUS_NAME) && self.fields.anonymous.value;
        let implied = implied.then_some(NewAnonymous {
            value: false,
            reason: None,
        });
        if let Some(anonymous) = new.anonymous.as_ref().or(implied.as_ref()) {
            let word = |value: bool, reason: &Option<String>| {
                reason.clone().unwrap_or_else(|| value.to_string())
            };
            let kept = &mut self.fields.anonymous;
            note(
                "anonymous",
                word(kept.value, &kept.reason),
                word(anonymous.value, &anonymous.reason),
            );
            kept.value = anonymous.value;
            kept.reason.clone_from(&anonymous.reason);
            let name = &mut self.fields.sender_name;
            let is_nobody = name.value.as_deref() == Some(ANONYMOUS_NAME);
            if anonymous.value && !is_nobody {
                note(
                    "sender_name",
                    plain(name.value.as_deref()),
                    ANONYMOUS_NAME.to_owned(),
                );
                by_officer(name, Some(ANONYMOUS_NAME.to_owned()));
            } else if !anonymous.value && is_nobody {
                return Err(Refused {
                    field: "sender_name",
                    rule: "a letter that is not anonymous needs its sender",
                });
            }
        }
        if new.joint.is_none() {
            changes.extend(self.signed_as(signed.as_deref()));
        }
        self.recount_missing(new);
        Ok(changes)
    }

    /// The sender is one of those who signed: his corrected name takes the place of the misread one. Of several signatories none goes away, and another
    /// one of them may be registered instead.
    fn signed_as(&mut self, before: Option<&str>) -> Option<Corrected> {
        let sender = self.fields.sender_name.value.as_deref();
        let named = sender.filter(|name| *name != ANONYMOUS_NAME);
        let joint = &mut self.fields.joint;
        let signed = &mut joint.signatories;
        let at = signed
            .iter()
            .position(|name| Some(name.as_str()) == before)?;
        let (is_alone, old) = (signed.len() == 1, signed.join("、"));
        match named {
            Some(name) if !signed.iter().any(|one| one == name) => name.clone_into(&mut signed[at]),
            None if is_alone => {
                signed.clear();
                joint.count = 0;
            }
            _ => return None,
        }
        Some(Corrected {
            field: "joint",
            before: old,
            after: signed.join("、"),
        })
    }

    fn recount_missing(&mut self, new: &Corrections) {
        let mut empty: Vec<(&str, bool)> = Vec::new();
        for (name, field) in TEXTS {
            if new.text(name).is_some() || (name == "sender_name" && new.anonymous.is_some()) {
                empty.push((name, field(&mut self.fields).value.is_none()));
            }
        }
        if new.phones.is_some() {
            empty.push(("phones", self.fields.phones.is_empty()));
        }
        if new.matters.is_some() {
            empty.push(("matters", self.fields.matters.is_empty()));
        }
        for (name, is_empty) in empty {
            self.missing.retain(|missing| missing != name);
            if is_empty {
                self.missing.push(name.to_owned());
            }
        }
    }
}

fn by_officer(field: &mut Field, value: Option<String>) {
    let old = field.value.clone();
    // Each is told once, however often officers go to and fro.
    let is_told = |other: &Alternative| {
        Some(&other.value) == value.as_ref() || Some(&other.value) == old.as_ref()
    };
    field.alternatives.retain(|other| !is_told(other));
    if let Some(old) = field.value.take().filter(|old| value.as_ref() != Some(old)) {
        let (confidence, why_not) = (field.confidence, "经办人更正".to_owned());
        field.alternatives.insert(
            0,
            Alternative {
                value: old,
                confidence,
                why_not,
            },
        );
    }
    field.value = value;
    field.confidence = 1.0;
    field.accepted = true;
    field.source = Source::Officer;
}

/// A wrong check digit may be the letter's own and is kept, but nobody is told to rely on it.
fn judge(number: &mut IdNumber) {
    let eighteen = number
        .field
        .value
        .as_deref()
        .filter(|text| text.len() == 18);
    number.checksum_ok = eighteen.map(checksum_ok);
    if number.checksum_ok == Some(false) {
        number.field.accepted = false;
        number.field.confidence = CHECK_DIGIT_WRONG;
    }
}

fn phone(number: &str, earlier: &[Phone]) -> Phone {
    let seen = earlier
        .iter()
        .find(|phone| phone.field.value.as_deref() == Some(number));
    let mut field = seen.map_or_else(Field::empty, |phone| phone.field.clone());
    by_officer(&mut field, Some(number.to_owned()));
    let r#type = phone_kind(number).expect("checked before anything is applied");
    Phone {
        field,
        r#type,
        owner: seen.and_then(|phone| phone.owner.clone()),
    }
}

fn plain(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn numbers(phones: &[Phone]) -> String {
    phones
        .iter()
        .map(|phone| plain(phone.field.value.as_deref()))
        .collect::<Vec<_>>()
        .join("、")
}

#[cfg(test)]
#[path = "correct_tests.rs"]
mod tests;
