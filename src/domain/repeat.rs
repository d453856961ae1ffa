//! First or repeat letter (SZ 7.4.1, 7.4.3): what an earlier registration is to a new letter, and why.
//!
//! Three scores: name, address, content. A letter is proposed as a repeat only where all three pass; where one is weak it is a candidate
//! for a person. Nothing is merged here. Finding the registrations worth comparing is the store's.

pub mod content;
mod fingerprint;
mod named;
mod packed;
pub mod place;
mod registered;
mod topics;

#[cfg(test)]
mod tests;

pub use content::{Grams, Weights};
pub use fingerprint::{Fingerprint, words_of};
pub use place::Place;
pub use registered::{Earlier, Registered, digits};

use super::draft::{
    Copies, Differs, EarlierFrom, EarlierIs, Repeat, RepeatCandidate, RepeatDifference,
    RepeatScores,
};
use content::{Alike, alike};
use place::{same_name, same_place};

/// From here on two names are the same.
const NAME_PASSES: f32 = 0.9;
/// Below this they are two people's.
const NAME_FAILS: f32 = 0.5;
/// From here on two addresses are the same place.
const ADDRESS_PASSES: f32 = 0.8;
/// Below this they are two places.
const ADDRESS_FAILS: f32 = 0.45;
/// From here on two letters are about the same matter.
const CONTENT_PASSES: f32 = 0.5;
/// Below this they are about two matters.
const CONTENT_FAILS: f32 = 0.06;
/// Strangers write about the same matter only where they share words, too: among a hundred thousand letters chance makes many alike.
const SOME_WORDS: f32 = 0.1;
/// From this cosine on two letters are the same text.
const NEAR_COPY: f32 = 0.85;
/// Candidates shown at most.
const SHOWN: usize = 8;

/// One earlier registration beside the new letter.
struct Judged<'a> {
    earlier: &'a Earlier,
    candidate: RepeatCandidate,
    /// The same text.
    copy: bool,
}

/// How one of the three marks stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Passes,
    Weak,
    Fails,
}

/// The three marks of SZ 7.4.1, and what counts where the senders differ.
struct Marks {
    name: Mark,
    address: Mark,
    content: Mark,
    /// The addresses are known and nearly the same: misread rather than another.
    near: bool,
    /// The content is alike enough for two strangers.
    strangers: bool,
    /// One of the two does not say who it is.
    nameless: bool,
}

fn mark(score: Option<f32>, passes: f32, fails: f32) -> Mark {
    match score {
        Some(score) if score >= passes => Mark::Passes,
        Some(score) if score < fails => Mark::Fails,
        _ => Mark::Weak,
    }
}

/// Compares a new letter with earlier registrations, given in the order they were registered.
pub fn compare(letter: &str, new: &Registered, earlier: &[Earlier], weights: &Weights) -> Repeat {
    if new.is_empty() {
        return Repeat {
            relation: "unchecked".into(),
            ..Repeat::default()
        };
    }
    let judged = earlier.iter().filter_map(|old| judge(new, old, weights));
    let mut judged: Vec<Judged<'_>> = judged.collect();
    let copies = copies(letter, new, &judged);
    // A letter that is only known as an accusation says nothing to readers of a stranger's letter.
    judged.retain(|j| !j.candidate.restricted || new.restricted || sender_alike(j.candidate.is));
    judged.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let repeats = judged
        .iter()
        .filter(|j| j.candidate.is == EarlierIs::Repeat)
        .count();
    let linked = judged
        .first()
        .filter(|_| repeats > 0)
        .map(|j| j.candidate.clone());
    let relation = match (&linked, new.grams.is_empty()) {
        (Some(_), _) => "repeat",
        // Without a text nobody knows what the letter is about.
        (None, true) => "unchecked",
        (None, false) => "first",
    };
    Repeat {
        relation: relation.into(),
        decided: false,
        of: linked.as_ref().map(|c| c.of.clone()),
        scores: linked.as_ref().map(|c| c.scores),
        nth: linked.map(|_| u32::try_from(repeats).unwrap_or(u32::MAX).saturating_add(1)),
        candidates: judged
            .into_iter()
            .take(SHOWN)
            .map(|j| j.candidate)
            .collect(),
        copies,
    }
}

fn sender_alike(is: EarlierIs) -> bool {
    matches!(
        is,
        EarlierIs::Repeat | EarlierIs::PossibleRepeat | EarlierIs::SameSenderOtherMatter
    )
}

/// The likeliest first; of several repeats the one settled, complete and early (SZ 7.4.3.1): `judged` is sorted stably.
fn rank(judged: &Judged<'_>) -> f32 {
    let kind = match judged.candidate.is {
        EarlierIs::Repeat => 4.0,
        EarlierIs::PossibleRepeat => 3.0,
        EarlierIs::SameSenderOtherMatter => 2.0,
        EarlierIs::SameMatterOtherSender => 1.0,
        EarlierIs::SameMatterSenderUnknown => 0.0,
    };
    let scores = judged.candidate.scores;
    let alike = (scores.name + scores.address + scores.content) / 3.0;
    let order = match judged.candidate.is {
        EarlierIs::Repeat => {
            let whole = judged.earlier.registered.completeness() as f32 / 8.0;
            0.5 * f32::from(u8::from(judged.earlier.settled)) + 0.4 * whole
        }
        _ => alike * 0.9,
    };
    kind + order
}

fn judge<'a>(new: &Registered, old: &'a Earlier, weights: &Weights) -> Option<Judged<'a>> {
    let there = &old.registered;
    let same_phone = new.phones.iter().any(|phone| there.phones.contains(phone));
    let same_id = new.id_number.is_some() && new.id_number == there.id_number;
    let name = names(new, there);
    let address = addresses(new, there);
    let alike = alike(&new.grams, &there.grams, weights);
    let content = (!new.grams.is_empty() && !there.grams.is_empty()).then(|| content_score(alike));
    // The same telephone or ID number stands in for an address one has moved from, and for a character of the name misread.
    let held = same_phone || same_id;
    let name_mark = match mark(name, NAME_PASSES, NAME_FAILS) {
        Mark::Weak if held && name.is_some() => Mark::Passes,
        other => other,
    };
    let address_mark = match mark(address, ADDRESS_PASSES, ADDRESS_FAILS) {
        Mark::Passes => Mark::Passes,
        _ if held => Mark::Passes,
        other => other,
    };
    let is = relation(&Marks {
        name: name_mark,
        address: address_mark,
        content: mark(content, CONTENT_PASSES, CONTENT_FAILS),
        near: address.is_some_and(|score| score >= ADDRESS_FAILS),
        strangers: alike.pairs >= SOME_WORDS,
        nameless: name.is_none(),
    })?;
    let moved = held && address.is_some_and(|a| a < ADDRESS_FAILS) && name_mark == Mark::Passes;
    let scores = RepeatScores {
        name: rounded(name),
        address: rounded(address),
        content: rounded(content),
    };
    let sender = name_mark == Mark::Passes && address_mark != Mark::Fails;
    Some(Judged {
        earlier: old,
        copy: sender && alike.pairs >= NEAR_COPY,
        candidate: RepeatCandidate {
            of: old.of.clone(),
            from: old.from,
            is,
            scores,
            same_phone,
            same_id_number: same_id,
            moved,
            received_on: there.received_on.clone(),
            restricted: there.restricted,
            differs: differences(new, old),
        },
    })
}

/// SZ 7.4.1 over the three marks; `None` where the two have nothing to do with each other.
fn relation(marks: &Marks) -> Option<EarlierIs> {
    use Mark::{Fails, Passes, Weak};
    match (marks.name, marks.address, marks.content) {
        (Passes, Passes, Passes) => Some(EarlierIs::Repeat),
        (Passes, Passes, Weak) | (Weak, Passes, Passes) => Some(EarlierIs::PossibleRepeat),
        // A namesake, or the same person from another place: a person decides.
        (Passes, _, Passes) => Some(EarlierIs::PossibleRepeat),
        (Passes, Passes, Fails) => Some(EarlierIs::SameSenderOtherMatter),
        (Passes, Weak, Fails) if marks.near => Some(EarlierIs::SameSenderOtherMatter),
        (_, _, Passes) if marks.strangers && marks.nameless => {
            Some(EarlierIs::SameMatterSenderUnknown)
        }
        (_, _, Passes) if marks.strangers => Some(EarlierIs::SameMatterOtherSender),
        (_, _, Passes) => None,
        (Weak | Fails, _, _) | (Passes, Weak | Fails, _) => None,
    }
}

/// `None` where one side does not say who it is.
fn names(new: &Registered, old: &Registered) -> Option<f32> {
    let (a, b) = (new.name.as_deref()?, old.name.as_deref()?);
    let registered = same_name(a, b);
    // One of a joint letter's signatories writing alone is not its registered sender: never more than weak.
    let signed = |list: &[String], name: &str| list.iter().any(|s| s == name);
    if registered < NAME_PASSES && (signed(&old.signatories, a) || signed(&new.signatories, b)) {
        return Some(registered.max(0.7));
    }
    Some(registered)
}

fn addresses(new: &Registered, old: &Registered) -> Option<f32> {
    let (a, b) = (new.address.as_deref()?, old.address.as_deref()?);
    if a == b {
        return Some(1.0);
    }
    same_place(&new.place, &old.place)
}

/// The content score of two letters. Fitted by logistic regression on generated ones (`bench/history.py`, part fit, 9,000 pairs) and moved so
/// that at 0.5 none of 3,000 pairs of one sender's letters on two matters is taken for one matter; below [`CONTENT_FAILS`] are 16 in a thousand of
/// the letters that tell one matter in other words. Turns of phrase do not make one matter of two: letters that speak of different things, or name
/// different places and parties, are left to a person however alike they sound.
fn content_score(alike: Alike) -> f32 {
    let topics = match alike.topics {
        None => 0.0,
        Some(cosine) if cosine < APART => OTHER_TOPICS,
        Some(cosine) => TOPICS * cosine,
    };
    let odds = BIAS + PAIRS * alike.pairs.min(0.4) + SINGLES * alike.singles.min(0.5) + topics;
    let score = 1.0 / (1.0 + (-odds).exp());
    let apart = |cosine: Option<f32>| cosine.is_some_and(|cosine| cosine < APART);
    let differs = apart(alike.topics) && alike.pairs < SAME_TEXT || apart(alike.named);
    if differs { score.min(NOT_SURE) } else { score }
}

const BIAS: f32 = -3.22;
const PAIRS: f32 = 2.37;
const SINGLES: f32 = 9.34;
const TOPICS: f32 = 1.47;
/// Below this cosine two letters have no topic, or no name, in common.
const APART: f32 = 0.05;
const OTHER_TOPICS: f32 = -1.31;
/// From this cosine of pairs on two letters are one text, misread here and there; what differs is the reading.
const SAME_TEXT: f32 = 0.7;
/// What letters in the same turns of phrase about different things come to at most.
const NOT_SURE: f32 = 0.4;

fn rounded(score: Option<f32>) -> f32 {
    (score.unwrap_or(0.0) * 1000.0).round() / 1000.0
}

/// Fields by which the two registrations differ, e.g. “the new letter has a telephone, the old record has none” (SZ 7.4.3.2).
/// Of what another station registered nobody knows here whom it is addressed to and what for.
fn differences(new: &Registered, old: &Earlier) -> Vec<RepeatDifference> {
    let untold = |field: &str| {
        old.from == EarlierFrom::OtherStation && matches!(field, "addressee" | "purpose")
    };
    let old = &old.registered;
    let phones = |r: &Registered| (!r.phones.is_empty()).then(|| r.phones.join(" "));
    let pairs = [
        ("sender_name", new.name.clone(), old.name.clone()),
        ("address", new.address.clone(), old.address.clone()),
        ("phones", phones(new), phones(old)),
        ("id_number", new.id_number.clone(), old.id_number.clone()),
        ("addressee", new.addressee.clone(), old.addressee.clone()),
        ("purpose", new.purpose.clone(), old.purpose.clone()),
    ];
    let told = pairs.into_iter().filter(|(field, ..)| !untold(field));
    let differ = told.filter_map(|(field, here, there)| {
        let how = match (here, there) {
            (Some(_), None) => Differs::OnlyHere,
            (None, Some(_)) => Differs::OnlyThere,
            (Some(a), Some(b)) if a != b => Differs::Other,
            _ => return None,
        };
        Some(RepeatDifference {
            field: field.to_owned(),
            how,
        })
    });
    differ.collect()
}

/// Near-copies to other addressees (SZ 7.5.2): the same sender, the same text, somebody else to read it. Whom another station's letters are addressed
/// to is not known here.
fn copies(letter: &str, new: &Registered, judged: &[Judged<'_>]) -> Option<Copies> {
    let elsewhere = |old: &Registered| {
        new.addressee.is_some() && old.addressee.is_some() && new.addressee != old.addressee
    };
    let lately = |old: &Registered| months_apart(&new.received_on, &old.received_on) <= COPY_MONTHS;
    let same_text = judged
        .iter()
        .filter(|j| j.copy && j.earlier.from != EarlierFrom::OtherStation)
        .filter(|j| lately(&j.earlier.registered));
    let same_text: Vec<&Judged<'_>> = same_text.collect();
    if !same_text.iter().any(|j| elsewhere(&j.earlier.registered)) {
        return None;
    }
    let mut letters: Vec<String> = same_text.iter().map(|j| j.candidate.of.clone()).collect();
    letters.push(letter.to_owned());
    Some(Copies {
        handled: letters[0].clone(),
        letters,
    })
}

/// A copy comes within the next month; what comes later is a repeat.
const COPY_MONTHS: i32 = 1;

/// Months between two days; none where a day is not known.
fn months_apart(a: &Option<String>, b: &Option<String>) -> i32 {
    let month = |day: &Option<String>| -> Option<i32> {
        let day = day.as_deref()?;
        let (year, month) = (day.get(..4)?, day.get(5..7)?);
        Some(year.parse::<i32>().ok()? * 12 + month.parse::<i32>().ok()?)
    };
    match (month(a), month(b)) {
        (Some(a), Some(b)) => (a - b).abs(),
        _ => 0,
    }
}
