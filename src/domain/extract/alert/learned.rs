//! How much a sentence sounds like a threat, weighed beside the lists of words: no list knows every wording.
//!
//! Logistic weights of characters, pairs of characters and classes of words (`signs.txt`), fitted on invented sentences by
//! `bench/letters/fit_threats.py`; the weights are read from `weights.txt`. What is raised here is a suspicion for a person to read (疑似).

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::domain::zones::is_han;

/// From this sum on a sentence is suspected: for recall, since a false alarm costs a look and a missed threat a life.
/// What that comes to on texts that fitted nothing is in `bench/letters/threats/README.md`.
const SUSPECTED: f32 = -2.0;
/// The same for a sentence without any of [`TELLING`]: what a complaint says every day.
const SUSPECTED_BARE: f32 = -1.0;
/// Below this even a sentence with words of threats is none: of 298 threats that fitted nothing none, of 437 near misses twelve fewer than at -3.
const UNLIKE: f32 = -2.0;
/// Characters weighed at once; a longer sentence is weighed in stretches of whole clauses, so that nothing around a threat outweighs it.
const STRETCH: usize = 60;
/// Fewer characters are a greeting.
const FEWEST: usize = 5;
/// The longest run of characters shown as the reason.
const SHOWN: usize = 12;

/// A sentence that sounds like a threat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspicion {
    /// The sum of the weights.
    pub(super) weight: f32,
    /// From which sum on that is enough.
    enough: f32,
    /// The characters that weighed most.
    pub(super) words: String,
}

impl Suspicion {
    /// How much more than enough it weighs; with words of threats less is enough.
    pub(super) fn over(&self, words: bool) -> f32 {
        self.weight - if words { UNLIKE } else { self.enough }
    }
}

/// What the sentence weighs most in, if that is enough.
pub(super) fn suspects(sentence: &str) -> Option<Suspicion> {
    weigh(sentence).filter(|heaviest| heaviest.weight >= heaviest.enough)
}

/// What the sentence weighs most in; too short or without any sign it weighs nothing.
pub(super) fn weigh(sentence: &str) -> Option<Suspicion> {
    let weighed = stretches(sentence).into_iter().filter_map(weighed);
    weighed.max_by(|a, b| a.weight.total_cmp(&b.weight))
}

/// The sentence, or runs of its clauses of about [`STRETCH`] characters, each beginning at another clause.
fn stretches(sentence: &str) -> Vec<Vec<char>> {
    let chars = figures_as_one(sentence);
    if chars.len() <= STRETCH {
        return vec![chars];
    }
    let ends = |c: &char| matches!(c, ',' | '、' | ':' | '。' | '!' | '?' | ';');
    let clauses = chars
        .split_inclusive(ends)
        .flat_map(|clause| clause.chunks(STRETCH));
    let clauses: Vec<&[char]> = clauses.collect();
    let from = |at: usize| {
        let mut room = STRETCH;
        let fits = |clause: &&&[char]| {
            let fits = clause.len() <= room;
            room = room.saturating_sub(clause.len());
            fits
        };
        let run = clauses[at..].iter().take_while(fits);
        run.flat_map(|c| c.iter().copied()).collect()
    };
    // A row of nothing but commas says nothing, however long it is.
    let speaks = |at: &usize| clauses[*at].iter().any(|c| !ends(c));
    (0..clauses.len()).filter(speaks).map(from).collect()
}

/// Its characters without blanks, every run of figures as one 0.
fn figures_as_one(sentence: &str) -> Vec<char> {
    let mut chars: Vec<char> = Vec::new();
    for c in sentence.chars().filter(|c| !c.is_whitespace()) {
        match (c.is_ascii_digit(), chars.last()) {
            (true, Some('0')) => {}
            (true, _) => chars.push('0'),
            (false, _) => chars.push(c),
        }
    }
    chars
}

fn weighed(chars: Vec<char>) -> Option<Suspicion> {
    let known = known();
    if chars.len() <= FEWEST || says_nothing(&chars, known) {
        return None;
    }
    let all = known.classes_in(&chars);
    let mut each = vec![0.0_f32; chars.len()];
    let mut before = '^';
    for (i, c) in chars.iter().enumerate() {
        each[i] += known.single.get(c).copied().unwrap_or(0.0);
        let pair = known.pair.get(&(before, *c)).copied().unwrap_or(0.0);
        each[i] += pair / 2.0;
        each[i.saturating_sub(1)] += pair / 2.0;
        before = *c;
    }
    let last = known.pair.get(&(before, '$')).copied().unwrap_or(0.0);
    // The same character counts once, however often it stands there: as it was fitted.
    let repeated = repeats(&chars, known);
    let mut weight = known.bias + each.iter().sum::<f32>() + last - repeated;
    weight += known.of_classes(all, &known.both) + known.alone(all);
    let mut met = vec![0.0_f32; known.clause.len()];
    for clause in chars.split(|c| matches!(c, ',' | '、' | ':' | '。' | '!' | '?' | ';')) {
        for at in known.pairs_of(known.classes_in(clause)) {
            met[at] = known.clause[at];
        }
    }
    weight += met.iter().sum::<f32>();
    Some(Suspicion {
        weight,
        enough: if all & known.telling == 0 {
            SUSPECTED_BARE
        } else {
            SUSPECTED
        },
        words: heaviest_run(&chars, &each),
    })
}

/// Characters by chance: of their pairs next to none is in the weights. Of 301 threats the strangest has half of its pairs there, of 3000 runs of random
/// characters none more than a tenth.
fn says_nothing(chars: &[char], known: &Known) -> bool {
    let pairs = chars.windows(2).map(|w| (w[0], w[1]));
    let pairs = pairs.filter(|(a, b)| is_han(*a) && is_han(*b));
    let (all, met) = pairs.fold((0, 0), |(all, met), pair| {
        (all + 1, met + usize::from(known.pair.contains_key(&pair)))
    });
    all >= FEWEST_PAIRS && met * ONE_IN < all
}

/// Fewer pairs say nothing about a text; and the share of known ones below which it is no Chinese.
const FEWEST_PAIRS: usize = 6;
const ONE_IN: usize = 7;

/// What characters and pairs weigh that stand in a stretch more than once.
fn repeats(chars: &[char], known: &Known) -> f32 {
    let mut seen = std::collections::HashSet::new();
    let mut pairs = std::collections::HashSet::new();
    let (mut sum, mut before) = (0.0, '^');
    for c in chars {
        if !seen.insert(*c) {
            sum += known.single.get(c).copied().unwrap_or(0.0);
        }
        if !pairs.insert((before, *c)) {
            sum += known.pair.get(&(before, *c)).copied().unwrap_or(0.0);
        }
        before = *c;
    }
    sum
}

/// The run of at most [`SHOWN`] characters that weighs most.
fn heaviest_run(chars: &[char], each: &[f32]) -> String {
    let width = SHOWN.min(chars.len());
    let sum = |from: usize| each[from..from + width].iter().sum::<f32>();
    let best = (0..=chars.len() - width).max_by(|a, b| sum(*a).total_cmp(&sum(*b)));
    let from = best.unwrap_or(0);
    let mut run = &chars[from..from + width];
    let mut weights = &each[from..from + width];
    while let ([first, rest @ ..], [_, tail @ ..]) = (weights, run) {
        if *first > 0.0 || tail.is_empty() {
            break;
        }
        (weights, run) = (rest, tail);
    }
    while let ([rest @ .., last], [head @ .., _]) = (weights, run) {
        if *last > 0.0 || head.is_empty() {
            break;
        }
        (weights, run) = (rest, head);
    }
    run.iter().collect()
}

/// A set of classes, one bit each.
type Classes = u64;

/// Classes of which a threat nearly always has one.
const TELLING: &[&str] = &[
    "death",
    "selfharm",
    "violence",
    "weapon",
    "fire",
    "poison",
    "damage",
    "crowd",
    "up",
    "traffic",
    "veiled",
    "know",
    "nofear",
    "revenge",
    "hostage",
    "media",
    "selfwill",
    "target",
    "will",
    "condition",
    "deadline",
];

struct Known {
    bias: f32,
    single: HashMap<char, f32>,
    pair: HashMap<(char, char), f32>,
    /// Of a class, by its number.
    class: Vec<f32>,
    /// Of two classes in a stretch, and in a clause: see [`Known::at`].
    both: Vec<f32>,
    clause: Vec<f32>,
    /// Words by their first character, with the number of their class.
    words: HashMap<char, Vec<(Vec<char>, usize)>>,
    telling: Classes,
}

impl Known {
    fn classes_in(&self, chars: &[char]) -> Classes {
        let mut found = 0;
        for (i, c) in chars.iter().enumerate() {
            for (word, class) in self.words.get(c).into_iter().flatten() {
                if chars[i..].starts_with(word) {
                    found |= 1 << class;
                }
            }
        }
        found
    }

    fn at(&self, a: usize, b: usize) -> usize {
        a * self.class.len() + b
    }

    fn pairs_of(&self, found: Classes) -> impl Iterator<Item = usize> {
        let of = move |from: usize| (from..self.class.len()).filter(move |i| found >> i & 1 == 1);
        of(0).flat_map(move |a| of(a + 1).map(move |b| self.at(a, b)))
    }

    fn of_classes(&self, found: Classes, weights: &[f32]) -> f32 {
        self.pairs_of(found).map(|at| weights[at]).sum()
    }

    fn alone(&self, found: Classes) -> f32 {
        let each = self.class.iter().enumerate();
        each.filter(|(i, _)| found >> i & 1 == 1)
            .map(|(_, w)| w)
            .sum()
    }
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let (names, words) = read_classes(include_str!("signs.txt"));
        let n = names.len();
        let telling = TELLING.iter().filter_map(|t| names.get(t));
        let mut known = Known {
            bias: 0.0,
            single: HashMap::new(),
            pair: HashMap::new(),
            class: vec![0.0; n],
            both: vec![0.0; n * n],
            clause: vec![0.0; n * n],
            words,
            telling: telling.fold(0, |set, i| set | 1 << i),
        };
        let lines = include_str!("weights.txt").lines();
        for line in lines.filter(|l| !l.starts_with('#')) {
            if let Some((name, weight)) = line.rsplit_once(' ') {
                let weight = weight.parse().expect("a test reads the shipped file");
                known.put(&names, name, weight);
            }
        }
        known
    })
}

impl Known {
    fn put(&mut self, names: &HashMap<&str, usize>, name: &str, weight: f32) {
        let both = |mark| {
            let (a, b) = name.split_once(mark)?;
            Some((*names.get(a)?, *names.get(b)?))
        };
        if name == "bias" {
            self.bias = weight;
        } else if let Some(class) = name.strip_suffix('.').and_then(|n| names.get(n)) {
            self.class[*class] = weight;
        } else if let Some((a, b)) = both('+') {
            let at = self.at(a.min(b), a.max(b));
            self.both[at] = weight;
        } else if let Some((a, b)) = both('&') {
            let at = self.at(a.min(b), a.max(b));
            self.clause[at] = weight;
        } else {
            let mut chars = name.chars();
            match (chars.next(), chars.next()) {
                (Some(a), Some(b)) => self.pair.insert((a, b), weight),
                (Some(a), None) => self.single.insert(a, weight),
                _ => None,
            };
        }
    }
}

/// The words of a class.
pub(super) fn class(name: &str) -> impl Iterator<Item = &'static str> {
    let head = format!("[{name}]");
    let lines = include_str!("signs.txt").lines();
    let under = lines.skip_while(move |line| *line != head).skip(1);
    under
        .take_while(|line| !line.starts_with('['))
        .flat_map(str::split_whitespace)
}

type Words = HashMap<char, Vec<(Vec<char>, usize)>>;

fn read_classes(text: &'static str) -> (HashMap<&'static str, usize>, Words) {
    let (mut names, mut words) = (HashMap::new(), Words::new());
    let mut class = 0;
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            class = names.len();
            names.insert(name, class);
            continue;
        }
        for word in line.split_whitespace() {
            let chars: Vec<char> = word.chars().collect();
            words.entry(chars[0]).or_default().push((chars, class));
        }
    }
    (names, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_read_and_every_kind_is_there() {
        let known = known();
        assert!(known.bias != 0.0 && known.single.len() > 300 && known.pair.len() > 1000);
        let set = |weights: &[f32]| weights.iter().filter(|w| **w != 0.0).count();
        assert!(set(&known.class) > 25 && set(&known.both) > 100 && set(&known.clause) > 100);
        assert!(known.class.len() < 64, "one bit each");
        assert_eq!(known.telling.count_ones() as usize, TELLING.len());
        assert!(class("weapon").any(|word| word == "菜刀") && class("no class").next().is_none());
    }

    #[test]
    fn a_threat_between_long_harmless_clauses_is_suspected_as_it_is_alone() {
        let threat = "再不给个说法,我就带着汽油到你们办公室去,大家一起死";
        let around = "本人系本市居民,家住老街,房屋为祖上所留,面积八十平方米,";
        let long = format!("{}{threat},{}", around.repeat(4), around.repeat(4));
        assert!(suspects(threat).is_some() && suspects(&long).is_some());
        let words = suspects(threat).map(|s| s.words).unwrap_or_default();
        assert!(threat.contains(&words) && words.chars().count() <= SHOWN);
    }

    #[test]
    fn characters_by_chance_are_suspected_of_nothing() {
        let mut state = 7_u32;
        let mut any = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4e00 + (state >> 12) % 0x5000).expect("a Han character")
        };
        for _ in 0..500 {
            let noise: String = (0..30).map(|_| any()).collect();
            assert_eq!(suspects(&noise), None, "{noise}");
        }
        // A threat with every third character misread is one all the same.
        let misread = "再丕给个诜法,我就带看汽油到你们办公窒去,大家一走死";
        assert!(suspects(misread).is_some());
    }

    #[test]
    fn a_line_without_end_is_weighed_in_stretches() {
        let long = "我们村的路十年没有修过".repeat(20_000);
        assert!(stretches(&long).iter().all(|s| s.len() <= STRETCH));
        assert_eq!(suspects("你好!"), None);
    }
}
