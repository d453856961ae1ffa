//! How much a sentence must weigh that only sounds like a threat, without any word of the lists: more where nobody speaks of harm, as old people and shoe menders tell of their wells.
//!
//! What each limit loses and saves is in `bench/letters/threats/README.md`.

use std::sync::OnceLock;

use super::meaning;
use super::words::words;
use crate::domain::extract::glyphs::has_any;

/// Where harm, a weapon, fire, death, revenge or consequences are spoken of, or a farewell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Harm {
    /// In the sentence itself.
    Here,
    /// In the one before or behind it.
    Near,
    Nowhere,
}

/// Where harm is spoken of around the sentence at this place: in what the writer says himself there (`own`), or in anything beside it.
pub(super) fn around(own: &[String], sentences: &[String], at: usize) -> Harm {
    let harm = |i: usize| sentences.get(i).is_some_and(|text| is_spoken_of(text));
    match (
        own.get(at).is_some_and(|text| is_spoken_of(text)),
        at.checked_sub(1).is_some_and(harm) || harm(at + 1),
    ) {
        (true, _) => Harm::Here,
        (false, true) => Harm::Near,
        (false, false) => Harm::Nowhere,
    }
}

/// Whether what words and meaning weigh together is enough for a sentence without words of threats.
pub(super) fn is_enough(harm: Harm, sentence: &str, over: f32, meant: f32) -> bool {
    let sum = over + meant;
    match harm {
        Harm::Here => sum >= meaning::SUSPECTED,
        Harm::Near => sum >= NEAR,
        Harm::Nowhere if has_any(sentence, &words().courtesy) => sum >= COURTEOUS,
        Harm::Nowhere => sum >= NOWHERE && meant >= UNMEANT,
    }
}

const NEAR: f32 = -0.5;
const NOWHERE: f32 = 0.0;
/// What people write where they begin and end a letter.
const COURTEOUS: f32 = 3.0;
/// Below this the meaning says that nothing is announced, whatever the words sound like.
const UNMEANT: f32 = -4.0;

/// The classes of `signs.txt` that name harm.
const CLASSES: &[&str] = &[
    "death", "selfharm", "violence", "weapon", "fire", "poison", "damage", "revenge", "hostage",
    "veiled",
];

fn is_spoken_of(text: &str) -> bool {
    static HARM: OnceLock<Vec<&'static str>> = OnceLock::new();
    let harm = HARM.get_or_init(|| {
        let everyday = |word: &&str| words().everyday.contains(word);
        let named = CLASSES
            .iter()
            .flat_map(|class| super::learned::class(class));
        let named = named.filter(|word| !everyday(word));
        named.chain(words().farewell.iter().copied()).collect()
    });
    has_any(text, harm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harm_is_spoken_of_in_a_sentence_or_beside_it() {
        let texts = ["路坏了。", "井也干了。", "我就带着汽油去。", "谢谢。"];
        let texts = texts.map(str::to_owned);
        let around = |at| around(&texts, &texts, at);
        assert_eq!(around(0), Harm::Nowhere);
        assert_eq!(around(1), Harm::Near);
        assert_eq!(around(2), Harm::Here);
        assert_eq!(around(3), Harm::Near);
        assert!(is_spoken_of("生无可恋,就此别过。") && !is_spoken_of("腿疼,夜里烤火。"));
    }

    #[test]
    fn without_harm_around_it_a_sentence_must_weigh_more() {
        let enough = |harm, sentence, over, meant| is_enough(harm, sentence, over, meant);
        assert!(enough(Harm::Here, "记着", 0.0, -2.0));
        assert!(!enough(Harm::Near, "记着", 0.0, -2.0));
        assert!(!enough(Harm::Nowhere, "记着", 0.2, -0.4));
        assert!(enough(Harm::Nowhere, "记着", 0.4, -0.2));
        assert!(!enough(Harm::Nowhere, "记着", 6.4, -5.2));
        assert!(!enough(Harm::Nowhere, "先给你们鞠个躬", 2.2, -0.2));
    }
}
