//! Blind double entry: what a second person keyed from the paper without seeing the draft, compared with the draft.
//!
//! Leaves out who asks for it (the settings) and who may key (the store knows who wrote a value).

use serde::{Deserialize, Serialize};

use super::correct::ANONYMOUS_NAME;
use super::draft::Fields;

/// A field that an office may want keyed twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EntryField {
    /// 姓名
    SenderName,
    /// 联系方式, all numbers.
    Phones,
    /// 身份证号
    IdNumber,
}

impl EntryField {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::SenderName, Self::Phones, Self::IdNumber];

    /// As the draft and corrections name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SenderName => "sender_name",
            Self::Phones => "phones",
            Self::IdNumber => "id_number",
        }
    }

    /// What the draft says, as it would be keyed.
    #[must_use]
    pub fn drafted(self, fields: &Fields) -> Vec<String> {
        let one = |value: &Option<String>| value.iter().cloned().collect();
        match self {
            Self::SenderName => one(&fields.sender_name.value),
            Self::IdNumber => one(&fields.id_number.field.value),
            Self::Phones => {
                let phones = fields.phones.iter();
                phones
                    .filter_map(|phone| phone.field.value.clone())
                    .collect()
            }
        }
    }

    /// As it is compared: blanks, dashes and the width of a character are how somebody types, not what stands on the paper.
    fn compared(self, values: &[String]) -> Vec<String> {
        let mut all: Vec<String> = values
            .iter()
            .map(|value| self.plain(value))
            .filter(|value| !value.is_empty() && value != ANONYMOUS_NAME)
            .collect();
        // In which order the numbers were keyed is nobody's matter.
        all.sort();
        all.dedup();
        all
    }

    fn plain(self, value: &str) -> String {
        let narrow = |c: char| match c {
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(c) - 0xfee0).expect("a narrow character of ASCII")
            }
            '\u{3000}' => ' ',
            other => other,
        };
        let typed = value.chars().map(narrow).filter(|c| !c.is_whitespace());
        match self {
            // 买买提·艾山 is written with several dots.
            Self::SenderName => typed
                .map(|c| if "•‧・.".contains(c) { '·' } else { c })
                .collect(),
            Self::Phones | Self::IdNumber => typed
                .filter(|c| c.is_ascii_alphanumeric())
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        }
    }
}

/// What somebody keyed blind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecondEntry {
    /// Which field.
    pub field: EntryField,
    /// What he keyed; empty where the paper has nothing.
    pub values: Vec<String>,
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// How a field that is to be keyed twice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Nobody has keyed it, or only whoever wrote the draft's value himself.
    Missing,
    /// What was keyed is another value than the draft's.
    Differs,
    /// Two wrote the same.
    Agrees,
}

/// How a field stands. `written_by`: who corrected it last; `None` where it is as it was read.
#[must_use]
pub fn agreement(
    field: EntryField,
    fields: &Fields,
    entries: &[SecondEntry],
    written_by: Option<&str>,
) -> Agreement {
    match entries.iter().find(|entry| entry.field == field) {
        None => Agreement::Missing,
        // One person who writes the same twice is one entry.
        Some(entry) if written_by == Some(entry.by.as_str()) => Agreement::Missing,
        Some(entry) if field.compared(&entry.values) == field.compared(&field.drafted(fields)) => {
            Agreement::Agrees
        }
        Some(_) => Agreement::Differs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Phone;

    fn fields() -> Fields {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("陆思雨".into());
        fields.id_number.field.value = Some("32050419900101123X".into());
        fields.phones = ["0512-65227061", "13812345678"].map(phone).into();
        fields
    }

    fn phone(number: &str) -> Phone {
        let mut phone: Phone = serde_json::from_value(serde_json::json!({
            "value": null, "confidence": 0.0, "accepted": false, "source": "none", "rule": null, "page": null,
            "quad": null, "type": "mobile"
        }))
        .expect("it is a telephone number");
        phone.field.value = Some(number.to_owned());
        phone
    }

    fn keyed(field: EntryField, values: &[&str], written_by: Option<&str>) -> Agreement {
        let entry = SecondEntry {
            field,
            values: values.iter().map(|&value| value.to_owned()).collect(),
            by: "li".into(),
            at: String::new(),
        };
        agreement(field, &fields(), &[entry], written_by)
    }

    #[test]
    fn how_it_is_typed_does_not_matter_and_what_is_typed_does() {
        use EntryField::{IdNumber, Phones, SenderName};
        let good: [(EntryField, &[&str]); 5] = [
            (SenderName, &["陆思雨"]),
            (SenderName, &["陆 思雨　"]),
            (IdNumber, &["３２０５０４ 19900101 123x"]),
            (Phones, &["138 1234 5678", "051265227061"]),
            (Phones, &["13812345678", "0512 65227061", "13812345678", ""]),
        ];
        for (field, values) in good {
            assert_eq!(keyed(field, values, None), Agreement::Agrees, "{values:?}");
        }
        let bad: [(EntryField, &[&str]); 5] = [
            (SenderName, &["陆思宇"]),
            (SenderName, &[]),
            (IdNumber, &["320504199001011230"]),
            (Phones, &["13812345678"]),
            (Phones, &["13812345678", "051265227060"]),
        ];
        for (field, values) in bad {
            assert_eq!(keyed(field, values, None), Agreement::Differs, "{values:?}");
        }
    }

    #[test]
    fn nothing_on_the_paper_is_nothing_in_the_draft_and_an_anonymous_letter_has_no_name() {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("匿名".into());
        let entry = |field| SecondEntry {
            field,
            values: vec![" ".into()],
            by: "li".into(),
            at: String::new(),
        };
        for field in EntryField::ALL {
            let told = agreement(field, &fields, &[entry(field)], None);
            assert_eq!(told, Agreement::Agrees, "{field:?}");
            assert_eq!(agreement(field, &fields, &[], None), Agreement::Missing);
        }
    }

    #[test]
    fn whoever_wrote_the_value_has_not_keyed_it_a_second_time() {
        let same = ["陆思雨"];
        assert_eq!(
            keyed(EntryField::SenderName, &same, Some("li")),
            Agreement::Missing
        );
        assert_eq!(
            keyed(EntryField::SenderName, &same, Some("zhang")),
            Agreement::Agrees
        );
    }
}
