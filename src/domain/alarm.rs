//! What of a letter wants a person at once, and when it has to be told to somebody higher.

use serde::{Deserialize, Serialize};

use super::draft::{Fields, Flag};

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 扬言
    Threat,
    /// 密级标志
    SecretMark,
    /// 敏感
    Sensitive,
    /// 补页暂不移送: a page that came after the hand-over accuses somebody, calls for a restriction or cannot be read; an officer judges it.
    PageKeptBack,
}

impl Code {
    /// The stable code.
    pub fn word(self) -> &'static str {
        match self {
            Self::Threat => "threat",
            Self::SecretMark => "secret_mark",
            Self::Sensitive => "sensitive",
            Self::PageKeptBack => "page_kept_back",
        }
    }
}

/// What the person who acknowledges it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is so.
    Confirmed,
    /// It only looks like it.
    FalseAlarm,
    /// Seen, and not decided yet.
    Noted,
    /// An operator takes a threat or a secret mark for a false alarm: a confirming officer decides. Nobody says it of himself: it is what becomes of his
    /// `false_alarm`.
    Doubted,
}

impl Verdict {
    /// What becomes of somebody's word about an alert of this kind: that there is no threat, and no secret, is an officer's to say.
    #[must_use]
    pub fn of(self, code: Code, decides: Decides) -> Self {
        match (self, decides) {
            (Self::FalseAlarm, Decides::No) if code != Code::Sensitive => Self::Doubted,
            (said, _) => said,
        }
    }

    /// The stable code.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FalseAlarm => "false_alarm",
            Self::Noted => "noted",
            Self::Doubted => "doubted",
        }
    }

    /// Whether nothing more is to be said after it.
    #[must_use]
    pub fn is_last(self) -> bool {
        matches!(self, Self::Confirmed | Self::FalseAlarm)
    }
}

/// Whether somebody is a confirming officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decides {
    /// He is.
    Yes,
    /// He is an operator.
    No,
}

/// Minutes after which an alert that nobody decided goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalation {
    /// To the confirming officers.
    pub officers_min: i64,
    /// After that, to the administrators.
    pub administrators_min: i64,
}

/// Up to whom an alert has gone.
pub const HIGHEST: i64 = 2;

/// What a draft says of an alert of this kind.
pub fn flag_of(fields: &Fields, code: Code) -> Option<&Flag> {
    let flags = &fields.flags;
    match code {
        Code::Threat => flags.threat.as_ref(),
        Code::SecretMark => flags.secret_mark.as_ref(),
        Code::Sensitive => flags.sensitive.as_ref(),
        Code::PageKeptBack => None,
    }
}

/// Everything that a draft raises.
pub fn raised(fields: &Fields) -> Vec<Code> {
    let is_raised = |code: &Code| flag_of(fields, *code).is_some_and(|flag| flag.value);
    let all = [Code::Threat, Code::SecretMark, Code::Sensitive];
    all.into_iter().filter(is_raised).collect()
}

/// The level that an alert belongs on, from the one it is on and for how long: 0 the mailroom, 1 officers, 2 administrators.
pub fn level(now: i64, for_minutes: i64, rules: Escalation) -> i64 {
    match now {
        0 if for_minutes >= rules.officers_min => 1,
        1 if for_minutes >= rules.administrators_min => HIGHEST,
        stays => stays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Escalation = Escalation {
        officers_min: 5,
        administrators_min: 15,
    };

    #[test]
    fn an_alert_goes_up_step_by_step_and_no_further() {
        assert_eq!(level(0, 4, RULES), 0);
        assert_eq!(level(0, 5, RULES), 1);
        assert_eq!(level(0, 500, RULES), 1, "one step at a time: each is told");
        assert_eq!(level(1, 14, RULES), 1);
        assert_eq!(level(1, 15, RULES), 2);
        assert_eq!(level(2, 5000, RULES), 2);
    }

    #[test]
    fn no_operator_alone_dismisses_a_threat_or_a_secret_mark() {
        for code in [Code::Threat, Code::SecretMark] {
            let his = Verdict::FalseAlarm.of(code, Decides::No);
            assert!(his == Verdict::Doubted && !his.is_last());
            let officers = Verdict::FalseAlarm.of(code, Decides::Yes);
            assert!(officers == Verdict::FalseAlarm && officers.is_last());
            assert_eq!(Verdict::Confirmed.of(code, Decides::No), Verdict::Confirmed);
        }
        let sensitive = Verdict::FalseAlarm.of(Code::Sensitive, Decides::No);
        assert_eq!(sensitive, Verdict::FalseAlarm);
    }

    #[test]
    fn only_raised_flags_raise_an_alert() {
        let mut fields = Fields::default();
        assert_eq!(raised(&fields), []);
        fields.flags.threat = Some(Flag::default());
        assert_eq!(raised(&fields), []);
        fields.flags.threat = Some(Flag {
            value: true,
            ..Flag::default()
        });
        fields.flags.secret_mark = fields.flags.threat.clone();
        assert_eq!(raised(&fields), [Code::Threat, Code::SecretMark]);
    }
}
