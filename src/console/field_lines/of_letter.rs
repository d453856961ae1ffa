//! Lines about the letter as a whole: one more telephone, anonymous, signatories, summary. They have no confidence and no
//! place on a page.

use super::{Choice, FieldLine, line, points};
use crate::console::words::Words;
use crate::domain::correct::ANONYMOUS_REASONS;
use crate::domain::draft::{Anonymous, Fields, Joint};
use crate::domain::field::Field;

/// A line for something that is not a [`Field`]: no confidence, no place.
pub(super) fn plain(
    w: &'static Words,
    name: &'static str,
    value: String,
    why: String,
) -> FieldLine {
    FieldLine {
        value,
        state: "plain",
        state_words: String::new(),
        wants: false,
        why,
        ..line(w, name, "", &Field::empty())
    }
}

/// Room for one more number.
pub(super) fn another_phone(w: &'static Words, at: usize) -> FieldLine {
    FieldLine {
        key: format!("phones-{at}"),
        label: w.t("letter.add_phone"),
        hint: w.t("letter.add_phone_hint"),
        ..plain(w, "phones", String::new(), String::new())
    }
}

/// The reason is the choice: without one the letter is not anonymous.
pub(super) fn anonymous(w: &'static Words, anonymous: &Anonymous) -> FieldLine {
    let reason = anonymous.reason.clone().unwrap_or_default();
    let unlisted = anonymous.value && !ANONYMOUS_REASONS.contains(&reason.as_str());
    let value = match (anonymous.value, unlisted) {
        (false, _) => String::new(),
        (true, false) => reason.clone(),
        (true, true) => "unlisted".to_owned(),
    };
    let choice = |code: &str, label: String| Choice {
        code: code.to_owned(),
        label,
    };
    let listed = ANONYMOUS_REASONS.into_iter().map(|reason| {
        let word = w.known("anonymous", reason).unwrap_or(reason);
        choice(reason, w.one("letter.anonymous_yes", word))
    });
    let other = unlisted.then(|| choice("unlisted", w.one("letter.anonymous_yes", &reason)));
    let no = choice("", w.t("letter.anonymous_no").to_owned());
    FieldLine {
        label: w.t("letter.anonymous"),
        choices: std::iter::once(no).chain(listed).chain(other).collect(),
        ..plain(w, "anonymous", value, String::new())
    }
}

/// The signatories' names are what is edited; their count and whether that makes a joint letter follow.
pub(super) fn joint(w: &'static Words, joint: &Joint) -> FieldLine {
    let said = match (joint.is_joint, joint.count) {
        (true, count) => w.one("letter.joint_yes", count),
        (false, 0 | 1) => String::new(),
        (false, count) => w.one("letter.joint_count", count),
    };
    FieldLine {
        label: w.t("letter.joint"),
        hint: w.t("letter.joint_hint"),
        ..plain(w, "joint", joint.signatories.join("、"), said)
    }
}

/// Whom the letter accuses: what is shown is what is typed, 王大明（姑苏区城市管理局局长）.
pub(super) fn accused(w: &'static Words, fields: &Fields, is_open: bool) -> FieldLine {
    let words = fields.accused.iter().map(|one| match &one.office {
        Some(office) => format!("{}（{office}）", one.name),
        None => one.name.clone(),
    });
    let first = fields.accused.first();
    FieldLine {
        label: w.t("letter.accused"),
        hint: w.t("letter.accused_hint"),
        wants: is_open,
        page: first
            .and_then(|one| one.page)
            .map(|page| page.to_string())
            .unwrap_or_default(),
        quad: first
            .and_then(|one| one.quad.as_ref())
            .map(points)
            .unwrap_or_default(),
        ..plain(
            w,
            "accused",
            words.collect::<Vec<_>>().join("、"),
            w.t("letter.accused_means").to_owned(),
        )
    }
}

/// The summary, in several lines.
pub(super) fn summary(w: &'static Words, summary: &str) -> FieldLine {
    FieldLine {
        label: w.t("letter.summary"),
        hint: w.t("letter.summary_hint"),
        ..plain(w, "summary", summary.trim().to_owned(), String::new())
    }
}

/// What only a person says, with his reason; an open line wants nothing.
pub(super) fn by_a_person(
    w: &'static Words,
    name: &'static str,
    label: &'static str,
    reason: Option<&str>,
) -> FieldLine {
    FieldLine {
        label: w.t(label),
        hint: w.t("letter.by_a_person_hint"),
        ..plain(
            w,
            name,
            reason.unwrap_or_default().to_owned(),
            String::new(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    #[test]
    fn an_anonymous_letter_is_never_shown_as_signed() {
        let w = Words::of(Language::Chinese);
        for reason in [None, Some("无署名"), Some("别的")] {
            let told = Anonymous {
                value: true,
                reason: reason.map(str::to_owned),
            };
            let line = anonymous(w, &told);
            assert!(!line.value.is_empty());
            assert!(line.choices.iter().any(|choice| choice.code == line.value));
        }
        assert_eq!(anonymous(w, &Anonymous::default()).value, "");
    }
}
