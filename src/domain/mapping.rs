//! Our fields and codes → another system's: names, order, code lists, the form of dates. Which fields there are is ours to say, what they are
//! called there is a file's (`config/case-system/*.toml`). No code list is known here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::draft::Draft;

/// A whole mapping file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The other system.
    pub system: System,
    /// Its fields, in its order.
    #[serde(rename = "field")]
    pub fields: Vec<FieldRule>,
    /// Its code lists by name.
    #[serde(default)]
    pub codes: BTreeMap<String, CodeList>,
}

/// What the other system is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// For people.
    pub name: String,
    /// There is no such system: the file is an example.
    pub invented: bool,
    /// What it reads.
    pub format: Format,
    /// Of XML: the outermost element.
    #[serde(default = "registration")]
    pub root: String,
    /// How it writes days, unless a field says otherwise.
    #[serde(default)]
    pub date: DateForm,
    /// It takes alerts: a manifest without files, as soon as one is raised.
    #[serde(default = "takes_alerts")]
    pub alerts: bool,
}

fn takes_alerts() -> bool {
    true
}

fn registration() -> String {
    "registration".into()
}

/// Documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One flat object.
    Json,
    /// One element for each field.
    Xml,
}

/// How a day is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateForm {
    /// 2025-02-17
    #[default]
    Iso,
    /// 20250217
    Compact,
    /// 2025/02/17
    Slash,
    /// 2025年2月17日
    Chinese,
}

/// One field of the other system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// What it is called there.
    pub name: String,
    /// Which of ours it is.
    #[serde(default)]
    pub from: Option<From>,
    /// Or what always stands there.
    #[serde(default)]
    pub value: Option<String>,
    /// The code list that turns our word into theirs.
    #[serde(default)]
    pub codes: Option<String>,
    /// Without it the letter is not handed over.
    #[serde(default)]
    pub required: bool,
    /// Most characters there.
    #[serde(default)]
    pub longest: Option<usize>,
    /// What is longer is cut instead of refused.
    #[serde(default)]
    pub cut: bool,
    /// Of a day: how it is written.
    #[serde(default)]
    pub date: Option<DateForm>,
    /// Of several values: what stands between them.
    #[serde(default)]
    pub join: Option<String>,
}

/// A code list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// Our word → their code.
    pub list: BTreeMap<String, String>,
    /// For words that are not in the list; without it such a letter is not handed over.
    #[serde(default)]
    pub other: Option<String>,
}

/// Our fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "they are the draft's own names, see domain::draft"
)]
pub enum From {
    Letter,
    Station,
    ReceivedDay,
    SenderName,
    Address,
    Addressee,
    LetterDate,
    Purpose,
    IdNumber,
    Phones,
    Anonymous,
    AnonymousReason,
    Joint,
    JointCount,
    Signatories,
    ProxyAgent,
    PostmarkPlace,
    PostmarkDate,
    MatterTitle,
    MatterPlace,
    MatterCategory,
    Summary,
    Accused,
    Threat,
    CrimeClue,
    Sensitive,
    UrgentReason,
    ReportUpwardReason,
    RepeatRelation,
    RepeatOf,
    Cycle,
    ReleasedDay,
    ConfirmedBy,
    ConfirmedDay,
    PageCount,
    Deadlines,
}

/// Why a draft cannot be written for the other system. Names of fields, ours before theirs, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmapped {
    /// They need it and we have none.
    #[error("field_missing: {0}")]
    Missing(String),
    /// Their list has no code for our word.
    #[error("code_unknown: {0}")]
    NoCode(String),
    /// Longer than they take.
    #[error("too_long: {0}")]
    TooLong(String),
}

/// What is wrong with a mapping file beyond its shape: the text to look for in it, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Stands in the file where it is wrong.
    pub near: String,
    /// What is allowed.
    pub message: String,
}

impl Mapping {
    /// What is wrong with it.
    pub fn misfit(&self) -> Option<Misfit> {
        let wrong = |near: &str, message: String| {
            Some(Misfit {
                near: format!("\"{near}\""),
                message,
            })
        };
        if self.system.format == Format::Xml && !is_xml_name(&self.system.root) {
            return wrong(
                &self.system.root,
                "root: is no name of an XML element".into(),
            );
        }
        let mut seen = BTreeSet::new();
        for field in &self.fields {
            let name = field.name.as_str();
            if !seen.insert(name) {
                return wrong(name, format!("field {name}: stands here twice"));
            }
            let fits = self.system.format == Format::Json || is_xml_name(name);
            if name.trim().is_empty() || !fits {
                return wrong(name, format!("field {name}: is no name of an XML element"));
            }
            if field.from.is_some() == field.value.is_some() {
                return wrong(
                    name,
                    format!("field {name}: either from or value is needed"),
                );
            }
            if field.longest == Some(0) {
                return wrong(name, format!("field {name}: longest is 1 or more"));
            }
            let known = |list: &String| self.codes.contains_key(list);
            if let Some(list) = field.codes.as_ref().filter(|list| !known(list)) {
                return wrong(
                    list,
                    format!("field {name}: there is no code list [codes.{list}]"),
                );
            }
        }
        None
    }

    /// The other system's fields of a draft, in its order; `None` where there is nothing.
    ///
    /// # Errors
    /// [`Unmapped`].
    pub fn write(&self, draft: &Draft) -> Result<Vec<(&str, Option<String>)>, Unmapped> {
        let mut written = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            written.push((field.name.as_str(), self.field(field, draft)?));
        }
        Ok(written)
    }

    fn field(&self, rule: &FieldRule, draft: &Draft) -> Result<Option<String>, Unmapped> {
        let name = || rule.both_names();
        let values: Vec<String> = match (&rule.value, rule.from) {
            (Some(value), _) => vec![value.clone()],
            (None, Some(from)) => values(from, draft),
            (None, None) => Vec::new(),
        };
        let form = rule.date.unwrap_or(self.system.date);
        let mut told = Vec::with_capacity(values.len());
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            let is_day = rule.from.is_some_and(From::is_day);
            let value = if is_day { day(&value, form) } else { value };
            told.push(
                match rule.codes.as_ref().and_then(|list| self.codes.get(list)) {
                    Some(list) => list.code(&value).ok_or_else(|| Unmapped::NoCode(name()))?,
                    None => value,
                },
            );
        }
        if told.is_empty() {
            return match rule.required {
                true => Err(Unmapped::Missing(name())),
                false => Ok(None),
            };
        }
        let text = told.join(rule.join.as_deref().unwrap_or("、"));
        match rule.longest {
            Some(longest) if text.chars().count() > longest && rule.cut => {
                Ok(Some(text.chars().take(longest).collect()))
            }
            Some(longest) if text.chars().count() > longest => Err(Unmapped::TooLong(name())),
            _ => Ok(Some(text)),
        }
    }
}

impl FieldRule {
    /// What it is called here and there: `sender_name → xm`.
    fn both_names(&self) -> String {
        let ours = self.from.filter(|_| self.value.is_none());
        match ours.map(serde_json::to_value) {
            Some(Ok(serde_json::Value::String(ours))) => format!("{ours} → {}", self.name),
            _ => self.name.clone(),
        }
    }
}

impl CodeList {
    fn code(&self, word: &str) -> Option<String> {
        self.list.get(word).or(self.other.as_ref()).cloned()
    }
}

/// Names that XML takes as they are: a letter or `_`, then letters, digits, `-`, `_` and `.`.
fn is_xml_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let begins_reserved = name
        .get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("xml"));
    first && !begins_reserved && chars.all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

impl From {
    fn is_day(self) -> bool {
        matches!(
            self,
            Self::ReceivedDay
                | Self::LetterDate
                | Self::PostmarkDate
                | Self::ReleasedDay
                | Self::ConfirmedDay
        )
    }
}

/// `YYYY-MM-DD` in another form; what is no such day stays as it is.
fn day(text: &str, form: DateForm) -> String {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return text.to_owned();
    };
    let plain = |part: &str| part.trim_start_matches('0').to_owned();
    match form {
        DateForm::Iso => text.to_owned(),
        DateForm::Compact => format!("{year}{month}{day}"),
        DateForm::Slash => format!("{year}/{month}/{day}"),
        DateForm::Chinese => format!("{year}年{}月{}日", plain(month), plain(day)),
    }
}

/// The day of RFC 3339.
fn day_of(moment: Option<&String>) -> Option<String> {
    moment.map(|moment| moment.chars().take(10).collect())
}

/// Our value, or values, of a field.
fn values(from: From, draft: &Draft) -> Vec<String> {
    let fields = &draft.fields;
    let word = |yes: bool| Some(if yes { "true" } else { "false" }.to_owned());
    let flag = |flag: &Option<super::draft::Flag>| flag.as_ref().and_then(|flag| word(flag.value));
    let matter = fields
        .matters
        .iter()
        .find(|matter| matter.main)
        .or(fields.matters.first());
    // Pages of it may have been opened under other loads: it was disinfected when the last of them was.
    let proofs = || draft.disinfection.iter().chain(&draft.other_disinfections);
    let one = match from {
        From::Phones => {
            let phones = fields.phones.iter();
            return phones
                .filter_map(|phone| phone.field.value.clone())
                .collect();
        }
        From::Signatories => return fields.joint.signatories.clone(),
        From::Accused => return fields.accused.iter().map(|one| one.name.clone()).collect(),
        From::Deadlines => {
            let due = draft.deadlines.iter();
            return due.map(|due| format!("{} {}", due.name, due.due)).collect();
        }
        From::Letter => Some(draft.letter.clone()),
        From::Station => Some(draft.station.clone()),
        From::ReceivedDay => day_of(draft.received_at.as_ref()),
        From::SenderName => fields.sender_name.value.clone(),
        From::Address => fields.address.value.clone(),
        From::Addressee => fields.addressee.value.clone(),
        From::LetterDate => fields.letter_date.value.clone(),
        From::Purpose => fields.purpose.value.clone(),
        From::IdNumber => fields.id_number.field.value.clone(),
        From::Anonymous => word(fields.anonymous.value),
        From::AnonymousReason => fields.anonymous.reason.clone(),
        From::Joint => word(fields.joint.is_joint),
        From::JointCount => Some(fields.joint.count.to_string()),
        From::ProxyAgent => fields.proxy.as_ref().map(|proxy| proxy.agent.clone()),
        From::PostmarkPlace => fields.postmark.as_ref().and_then(|mark| mark.place.clone()),
        From::PostmarkDate => fields.postmark.as_ref().and_then(|mark| mark.date.clone()),
        From::MatterTitle => matter.map(|matter| matter.title.clone()),
        From::MatterPlace => matter.and_then(|matter| matter.place.clone()),
        From::MatterCategory => matter.and_then(|matter| matter.category.clone()),
        From::Summary => Some(fields.summary.clone()),
        From::Threat => flag(&fields.flags.threat),
        From::CrimeClue => flag(&fields.flags.crime_clue),
        From::Sensitive => flag(&fields.flags.sensitive),
        From::UrgentReason => fields.urgent_reason.clone(),
        From::ReportUpwardReason => fields.report_upward_reason.clone(),
        From::RepeatRelation => Some(fields.repeat.relation.clone()),
        From::RepeatOf => fields.repeat.of.clone(),
        From::Cycle => return proofs().filter_map(|proof| proof.cycle.clone()).collect(),
        From::ReleasedDay => proofs()
            .filter_map(|proof| day_of(proof.released_at.as_ref()))
            .max(),
        From::ConfirmedBy => draft.confirmed.as_ref().map(|by| by.by.clone()),
        From::ConfirmedDay => day_of(draft.confirmed.as_ref().map(|by| &by.at)),
        From::PageCount => Some(draft.pages.len().to_string()),
    };
    one.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Fields;

    fn mapping(fields: Vec<FieldRule>) -> Mapping {
        let purposes = CodeList {
            list: BTreeMap::from([("投诉请求".into(), "01".into())]),
            other: None,
        };
        Mapping {
            system: System {
                name: "示例".into(),
                invented: true,
                format: Format::Xml,
                root: "登记".into(),
                date: DateForm::Compact,
                alerts: true,
            },
            fields,
            codes: BTreeMap::from([("purpose".into(), purposes)]),
        }
    }

    fn rule(name: &str, from: From) -> FieldRule {
        FieldRule {
            name: name.into(),
            from: Some(from),
            value: None,
            codes: None,
            required: false,
            longest: None,
            cut: false,
            date: None,
            join: None,
        }
    }

    fn draft() -> Draft {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("陆思雨".into());
        fields.letter_date.value = Some("2025-02-07".into());
        fields.purpose.value = Some("投诉请求".into());
        fields.joint.signatories = vec!["甲某".into(), "乙某".into()];
        Draft {
            letter: "A001".into(),
            station: "局".into(),
            received_at: Some("2025-02-09T08:00:00+08:00".into()),
            pages: Vec::new(),
            disinfection: None,
            other_disinfections: Vec::new(),
            fields,
            missing: Vec::new(),
            deadlines: Vec::new(),
            deadlines_to_come: Vec::new(),
            second_entries: Vec::new(),
            visitor: None,
            confirmed: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn names_order_codes_and_days_are_the_other_systems() {
        let mapped = mapping(vec![
            FieldRule {
                codes: Some("purpose".into()),
                ..rule("xfmd", From::Purpose)
            },
            rule("sj", From::LetterDate),
            FieldRule {
                date: Some(DateForm::Chinese),
                ..rule("sdrq", From::ReceivedDay)
            },
            FieldRule {
                value: Some("X1".into()),
                from: None,
                ..rule("ly", From::Letter)
            },
            FieldRule {
                join: Some(";".into()),
                ..rule("lmr", From::Signatories)
            },
            rule("dz", From::Address),
        ]);
        assert_eq!(mapped.misfit(), None);
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("xfmd", some("01")),
            ("sj", some("20250207")),
            ("sdrq", some("2025年2月9日")),
            ("ly", some("X1")),
            ("lmr", some("甲某;乙某")),
            ("dz", None),
        ];
        assert_eq!(mapped.write(&draft()).unwrap(), expected);
    }

    #[test]
    fn what_does_not_fit_is_named_and_never_quoted() {
        let needed = FieldRule {
            required: true,
            ..rule("dz", From::Address)
        };
        assert_eq!(
            mapping(vec![needed]).write(&draft()),
            Err(Unmapped::Missing("address → dz".into()))
        );
        let short = FieldRule {
            longest: Some(2),
            ..rule("xm", From::SenderName)
        };
        assert_eq!(
            mapping(vec![short.clone()]).write(&draft()),
            Err(Unmapped::TooLong("sender_name → xm".into()))
        );
        let cut = FieldRule { cut: true, ..short };
        assert_eq!(
            mapping(vec![cut]).write(&draft()).unwrap()[0].1.as_deref(),
            Some("陆思")
        );
        let coded = FieldRule {
            codes: Some("purpose".into()),
            ..rule("xfmd", From::Purpose)
        };
        let mut other = draft();
        other.fields.purpose.value = Some("咨询".into());
        let mut mapped = mapping(vec![coded]);
        assert_eq!(
            mapped.write(&other),
            Err(Unmapped::NoCode("purpose → xfmd".into()))
        );
        mapped.codes.get_mut("purpose").unwrap().other = Some("99".into());
        assert_eq!(mapped.write(&other).unwrap()[0].1.as_deref(), Some("99"));
    }

    #[test]
    fn a_mapping_that_cannot_be_meant_is_refused() {
        let told = |fields| mapping(fields).misfit().map(|misfit| misfit.message);
        let twice = told(vec![
            rule("xm", From::SenderName),
            rule("xm", From::Address),
        ]);
        assert_eq!(twice.as_deref(), Some("field xm: stands here twice"));
        assert!(told(vec![rule("1x", From::SenderName)]).is_some());
        assert!(told(vec![rule("xmlname", From::SenderName)]).is_some());
        assert!(told(vec![rule("a><b", From::SenderName)]).is_some());
        let both = FieldRule {
            value: Some("x".into()),
            ..rule("xm", From::SenderName)
        };
        assert!(told(vec![both]).is_some());
        let unknown = FieldRule {
            codes: Some("nowhere".into()),
            ..rule("xm", From::SenderName)
        };
        assert!(told(vec![unknown]).unwrap().contains("[codes.nowhere]"));
        let nothing = FieldRule {
            longest: Some(0),
            ..rule("xm", From::SenderName)
        };
        let told = told(vec![nothing]);
        assert_eq!(told.as_deref(), Some("field xm: longest is 1 or more"));
    }
}
