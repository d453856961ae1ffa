//! What a sentence means among its neighbours, weighed beside its words: a language model tells a threat in words nobody listed, and harm that only sounds like one.
//!
//! The model's numbers come from outside ([`Meaning`]); what they weigh is read from `meaning.txt`, made by `bench/letters/fit_meaning.py`.
//! Without the model the words alone decide ([`super::learned`]).

use std::sync::OnceLock;

/// A language model: what texts mean, as numbers.
pub trait Meaning: Send + Sync + std::fmt::Debug {
    /// The numbers of each text, in their order; none if the model is not there.
    fn of(&self, texts: &[String]) -> Option<Vec<Vec<f32>>>;
}

/// From this sum of both weights on a sentence is suspected: for recall. What that comes to is in `bench/letters/threats/README.md`.
pub(super) const SUSPECTED: f32 = -2.6;
/// So far below the limit of its words no sentence is asked about, for time: of 448 threats that fitted nothing one is lost by it.
pub(super) const NEVER: f32 = -2.0;
/// Characters of a neighbour that count.
const NEIGHBOUR: usize = 40;
/// A longer sentence has more in it than the model sees at once.
const LONGEST: usize = 200;
/// Sentences of a letter that are asked about, at some 10 ms each.
const MOST: usize = 100;

/// The sentences of a text, with the model to ask about them.
pub(super) struct Asked<'a> {
    model: Option<&'a dyn Meaning>,
    sentences: &'a [String],
}

/// What a sentence is asked about with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    /// The ends of its neighbours.
    Neighbours,
    /// Nothing: by itself.
    Nothing,
}

impl<'a> Asked<'a> {
    pub(super) fn of(model: Option<&'a dyn Meaning>, sentences: &'a [String]) -> Self {
        Self { model, sentences }
    }

    /// All sentences of the text.
    pub(super) fn sentences(&self) -> &'a [String] {
        self.sentences
    }

    /// What each of these sentences weighs by its meaning; none of one that is too long, of those beyond [`MOST`], and without a model.
    pub(super) fn weights(&self, of: &[usize], among: Among) -> Vec<Option<f32>> {
        let fits = |at: &&usize| self.sentences[**at].chars().count() <= LONGEST;
        let asked: Vec<usize> = of.iter().filter(fits).take(MOST).copied().collect();
        let texts: Vec<String> = asked.iter().map(|at| self.text(*at, among)).collect();
        let told = match self.model {
            Some(model) if !texts.is_empty() => model.of(&texts),
            _ => None,
        };
        let weighed = told.into_iter().flatten().map(|numbers| weigh(&numbers));
        let weights: Vec<(usize, Option<f32>)> = asked.into_iter().zip(weighed).collect();
        let weight = |at: &usize| weights.iter().find(|(one, _)| one == at)?.1;
        of.iter().map(weight).collect()
    }

    fn text(&self, at: usize, among: Among) -> String {
        let sentence = &self.sentences[at];
        if among == Among::Nothing {
            return sentence.clone();
        }
        let before = at.checked_sub(1).map_or("", |i| self.sentences[i].as_str());
        let behind = self.sentences.get(at + 1).map_or("", String::as_str);
        let skipped = before.chars().count().saturating_sub(NEIGHBOUR);
        let chars = before.chars().skip(skipped).chain(sentence.chars());
        chars.chain(behind.chars().take(NEIGHBOUR)).collect()
    }
}

/// The bias, and a weight for each number.
fn known() -> &'static (f32, Vec<f32>) {
    static KNOWN: OnceLock<(f32, Vec<f32>)> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let lines = include_str!("meaning.txt").lines();
        let numbers = lines.filter(|l| !l.starts_with('#'));
        let mut numbers = numbers.map(|l| l.parse().expect("a test reads the shipped file"));
        (numbers.next().unwrap_or_default(), numbers.collect())
    })
}

fn weigh(numbers: &[f32]) -> Option<f32> {
    let (bias, weights) = known();
    let sum: f32 = numbers.iter().zip(weights).map(|(n, w)| n * w).sum();
    (numbers.len() == weights.len()).then_some(bias + sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it was asked about.
    #[derive(Debug, Default)]
    struct Listener(std::sync::Mutex<Vec<String>>);

    impl Meaning for Listener {
        fn of(&self, texts: &[String]) -> Option<Vec<Vec<f32>>> {
            self.0.lock().expect("one thread").extend_from_slice(texts);
            Some(vec![vec![0.0; meaning::NUMBERS]; texts.len()])
        }
    }

    #[test]
    fn every_number_of_the_model_has_a_weight() {
        assert_eq!(known().1.len(), meaning::NUMBERS);
        assert_eq!(weigh(&[0.0; meaning::NUMBERS]), Some(known().0));
        assert_eq!(weigh(&[0.0]), None);
    }

    #[test]
    fn a_sentence_is_asked_about_with_its_neighbours_and_not_without_end() {
        let sentences = [
            "很".repeat(70),
            "我就".into(),
            "谢".repeat(70),
            "长".repeat(201),
        ];
        let listener = Listener::default();
        let asked = Asked::of(Some(&listener), &sentences);
        let told = asked.weights(&[1, 3], Among::Neighbours);
        assert!(told[0].is_some() && told[1].is_none());
        assert!(asked.weights(&[1], Among::Nothing)[0].is_some());
        let text = format!("{}我就{}", "很".repeat(40), "谢".repeat(40));
        let by_itself = "我就".to_owned();
        assert_eq!(*listener.0.lock().expect("one thread"), [text, by_itself]);
        let many: Vec<usize> = vec![0; MOST + 1];
        assert_eq!(asked.weights(&many, Among::Nothing).len(), MOST + 1);
        assert_eq!(listener.0.lock().expect("one thread").len(), MOST + 2);
        assert_eq!(
            Asked::of(None, &sentences).weights(&[1], Among::Nothing),
            [None]
        );
    }
}
