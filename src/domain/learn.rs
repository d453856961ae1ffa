//! What an office's own history says about the station's confidence: how often proposals were right, and which thresholds follow.
//!
//! A threshold is lowered only where the history proves, at 95 %, that wrong accepts stay within what is allowed, and raised as soon as
//! they are seen not to. A person applies it and can take it back.

use std::collections::BTreeMap;

use super::draft::{Draft, Fields};
use super::field::Field;
use super::repeat::digits;

/// Wrong accepts allowed among accepted values.
pub const ALLOWED: f32 = 0.005;
/// Fields that are learned about, as drafts name them; of several telephones the list counts as one value.
pub const FIELDS: [&str; 7] = [
    "sender_name",
    "address",
    "addressee",
    "letter_date",
    "purpose",
    "id_number",
    "phones",
];
/// Above every confidence: nothing is accepted.
pub const NEVER: f32 = 1.01;

/// What the machine proposed for a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The field.
    pub field: &'static str,
    /// The value; telephones in one text.
    pub value: Option<String>,
    /// Its confidence.
    pub confidence: f32,
    /// It passed the threshold.
    pub accepted: bool,
    /// A rule wants a person to look, whatever the threshold.
    pub vetoed: bool,
}

/// How a proposal compares with what an officer confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Graded {
    /// The field.
    pub field: String,
    /// Its confidence.
    pub confidence: f32,
    /// It passed the threshold of then.
    pub accepted: bool,
    /// A rule wanted a person to look.
    pub vetoed: bool,
    /// There was a value.
    pub proposed: bool,
    /// The officer confirmed it as it was; also where both found nothing.
    pub right: bool,
}

/// What a field holds, in the one form values are compared in.
fn value_of(fields: &Fields, name: &str) -> Option<String> {
    if name == "phones" {
        let mut numbers: Vec<String> = fields
            .phones
            .iter()
            .filter_map(|phone| phone.field.value.as_deref())
            .map(digits)
            .collect();
        numbers.sort_unstable();
        return (!numbers.is_empty()).then(|| numbers.join(" "));
    }
    text(fields, name)?.value.clone()
}

/// A field with one value, by its name.
pub(crate) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a Field> {
    match name {
        "sender_name" => Some(&fields.sender_name),
        "address" => Some(&fields.address),
        "addressee" => Some(&fields.addressee),
        "letter_date" => Some(&fields.letter_date),
        "purpose" => Some(&fields.purpose),
        "id_number" => Some(&fields.id_number.field),
        _ => None,
    }
}

fn vetoed(field: &Field) -> bool {
    field.signs.iter().any(|sign| sign.name == "veto")
}

/// What a draft proposes, before anybody touched it.
pub fn proposed(draft: &Draft) -> Vec<Proposed> {
    let fields = &draft.fields;
    let of = |name: &'static str| {
        let value = value_of(fields, name);
        let (confidence, accepted, veto) = match text(fields, name) {
            Some(field) => (field.confidence, field.accepted, vetoed(field)),
            None => {
                let all = || fields.phones.iter().map(|phone| &phone.field);
                let least = all().map(|f| f.confidence).fold(f32::INFINITY, f32::min);
                let none = fields.phones.is_empty();
                (
                    if none { 0.0 } else { least },
                    !none && all().all(|f| f.accepted),
                    all().any(vetoed),
                )
            }
        };
        Proposed {
            field: name,
            value,
            confidence,
            accepted,
            vetoed: veto,
        }
    };
    FIELDS.into_iter().map(of).collect()
}

/// Grades a proposal by the draft an officer confirmed.
pub fn grade(proposed: &Proposed, confirmed: &Draft) -> Graded {
    Graded {
        field: proposed.field.to_owned(),
        confidence: proposed.confidence,
        accepted: proposed.accepted,
        vetoed: proposed.vetoed,
        proposed: proposed.value.is_some(),
        right: proposed.value == value_of(&confirmed.fields, proposed.field),
    }
}

/// What a threshold comes to on the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Values proposed.
    pub of: usize,
    /// Let through.
    pub accepted: usize,
    /// Of these wrong.
    pub wrong: usize,
}

/// A threshold that the history suggests.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The field.
    pub field: String,
    /// The threshold that holds.
    pub before: f32,
    /// The one suggested; [`NEVER`] where none keeps to what is allowed.
    pub after: f32,
    /// What the one that holds came to.
    pub was: Effect,
    /// What the suggested one would have come to.
    pub becomes: Effect,
}

/// What a threshold would have let through.
pub fn effect(history: &[Graded], threshold: f32) -> Effect {
    let values = history.iter().filter(|g| g.proposed);
    let through = |g: &&Graded| g.proposed && !g.vetoed && g.confidence >= threshold;
    Effect {
        of: values.count(),
        accepted: history.iter().filter(through).count(),
        wrong: history.iter().filter(through).filter(|g| !g.right).count(),
    }
}

impl Effect {
    fn share(self) -> f32 {
        self.wrong as f32 / self.accepted.max(1) as f32
    }

    /// Proven at 95 %: even the most wrong accepts that chance could have hidden are allowed.
    fn proven(self) -> bool {
        self.accepted > 0 && most_likely_hidden(self.wrong) / self.accepted as f32 <= ALLOWED
    }
}

/// Upper 95 % limit of a Poisson count.
fn most_likely_hidden(seen: usize) -> f32 {
    let at_most = |mean: f32| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for n in 1..=seen {
            term *= mean / n as f32;
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (seen as f32, seen as f32 * 2.0 + 10.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if at_most(middle) > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The threshold the history of one field suggests; none where the one that holds is good or too little is known.
pub fn propose(field: &str, before: f32, history: &[Graded]) -> Option<Proposal> {
    let mut steps: Vec<f32> = history
        .iter()
        .filter(|g| g.proposed)
        .map(|g| g.confidence)
        .collect();
    steps.sort_by(f32::total_cmp);
    steps.dedup();
    let was = effect(history, before);
    let seen_wrong = was.wrong >= 2 && was.share() > ALLOWED;
    let after = if seen_wrong {
        let higher = steps.iter().copied().filter(|step| *step > before);
        let good = |step: &f32| effect(history, *step).share() <= ALLOWED;
        higher.into_iter().find(good).unwrap_or(NEVER)
    } else {
        let lower = steps.iter().copied().take_while(|step| *step < before);
        let good = |step: &f32| {
            let becomes = effect(history, *step);
            becomes.proven() && becomes.accepted > was.accepted
        };
        lower.into_iter().find(good)?
    };
    Some(Proposal {
        field: field.to_owned(),
        before,
        after,
        was,
        becomes: effect(history, after),
    })
}

/// Thresholds an administrator took over, by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds(pub BTreeMap<String, f32>);

impl Thresholds {
    /// Lets through or holds back what was just read: a rule that wants a person to look is heeded whatever the threshold.
    pub fn apply(&self, fields: &mut Fields) {
        let at = |name: &str| self.0.get(name).copied();
        let decide = |field: &mut Field, threshold: Option<f32>| {
            if let (Some(threshold), true) = (threshold, field.value.is_some()) {
                field.accepted = !vetoed(field) && field.confidence >= threshold;
            }
        };
        decide(&mut fields.sender_name, at("sender_name"));
        decide(&mut fields.address, at("address"));
        decide(&mut fields.addressee, at("addressee"));
        decide(&mut fields.letter_date, at("letter_date"));
        decide(&mut fields.purpose, at("purpose"));
        decide(&mut fields.id_number.field, at("id_number"));
        let phones = at("phones");
        fields
            .phones
            .iter_mut()
            .for_each(|phone| decide(&mut phone.field, phones));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Sign;
    use proptest::prelude::*;

    fn graded(confidence: f32, right: bool) -> Graded {
        Graded {
            field: "address".into(),
            confidence,
            accepted: confidence >= 0.98,
            vetoed: false,
            proposed: true,
            right,
        }
    }

    fn many(n: usize, confidence: f32, right: bool) -> Vec<Graded> {
        vec![graded(confidence, right); n]
    }

    #[test]
    fn a_threshold_is_lowered_only_where_six_hundred_values_prove_it() {
        let few = many(500, 0.95, true);
        assert_eq!(propose("address", 0.98, &few), None);
        let enough = many(700, 0.95, true);
        let found = propose("address", 0.98, &enough).expect("a proposal");
        assert_eq!(found.after, 0.95);
        assert_eq!(
            (
                found.was.accepted,
                found.becomes.accepted,
                found.becomes.wrong
            ),
            (0, 700, 0)
        );
    }

    #[test]
    fn a_threshold_is_not_lowered_into_wrong_values() {
        let mut history = many(2_000, 0.97, true);
        history.extend(many(40, 0.9, false));
        let found = propose("address", 0.98, &history).expect("a proposal");
        assert_eq!(found.after, 0.97);
        assert_eq!(found.becomes.wrong, 0);
    }

    #[test]
    fn a_threshold_that_lets_wrong_values_through_is_raised() {
        let mut history = many(200, 0.995, true);
        history.extend(many(3, 0.985, false));
        let found = propose("address", 0.98, &history).expect("a proposal");
        assert_eq!(found.after, 0.995);
        assert_eq!((found.was.wrong, found.becomes.wrong), (3, 0));
        let all_wrong = many(3, 0.985, false);
        assert_eq!(
            propose("address", 0.98, &all_wrong)
                .expect("a proposal")
                .after,
            NEVER
        );
    }

    #[test]
    fn a_rule_that_wants_a_person_is_heeded_whatever_the_threshold() {
        let mut fields = Fields::default();
        fields.address.value = Some("x".into());
        fields.address.confidence = 0.99;
        let lower = Thresholds(BTreeMap::from([("address".to_owned(), 0.9)]));
        lower.apply(&mut fields);
        assert!(fields.address.accepted);
        fields.address.signs = vec![Sign {
            name: "veto",
            value: 1.0,
        }];
        lower.apply(&mut fields);
        assert!(!fields.address.accepted);
        let mut empty = Fields::default();
        lower.apply(&mut empty);
        assert!(!empty.address.accepted);
    }

    #[test]
    fn the_limit_of_no_case_seen_is_three() {
        assert!((most_likely_hidden(0) - 2.996).abs() < 0.01);
        assert!((most_likely_hidden(1) - 4.744).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn what_is_proposed_keeps_to_what_is_allowed(
            history in proptest::collection::vec((0_u16..1000, 0_u8..40), 0..3000), before in 0.5_f32..1.0
        ) {
            let history: Vec<Graded> = history.iter()
                .map(|(c, wrong)| graded(f32::from(*c) / 1000.0, *wrong != 0 || *c > 900)).collect();
            if let Some(found) = propose("address", before, &history) {
                prop_assert!(found.becomes.share() <= ALLOWED);
                prop_assert!(found.after > before || found.becomes.proven());
            }
        }
    }
}
