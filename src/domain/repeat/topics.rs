//! Which topics a text speaks of, by the words of the categories' list: two letters on one matter share them where they share no phrase.

use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct Topic {
    path: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
struct Topics {
    category: Vec<Topic>,
}

/// Keys of topics among the keys of single characters: Unicode's private use area, where no letter has a character.
pub(super) const KEYS: std::ops::RangeInclusive<u32> = 0xE000..=0xF8FF;

fn all() -> &'static [(u32, Vec<String>)] {
    static ALL: OnceLock<Vec<(u32, Vec<String>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let list: Topics = toml::from_str(include_str!("../extract/matter/categories.toml"))
            .expect("a test reads the shipped file");
        let topics = list.category.into_iter();
        topics.map(|t| (key(&t.path), t.words)).collect()
    })
}

/// A topic's key comes from its name, so that it stays when others are added before it.
fn key(path: &str) -> u32 {
    let hash = path.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    KEYS.start() + hash % (KEYS.end() - KEYS.start() + 1)
}

/// The topics of a prepared text, each with how much its words speak for it: a word's characters, four at most.
pub(super) fn of(prepared: &str) -> Vec<(u32, usize)> {
    let weight = |words: &[String]| -> usize {
        let there = words.iter().filter(|w| prepared.contains(w.as_str()));
        there.map(|w| w.chars().count().min(4)).sum()
    };
    let topics = all().iter().map(|(key, words)| (*key, weight(words)));
    topics.filter(|(_, weight)| *weight > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_key_of_its_own() {
        let mut keys: Vec<u32> = all().iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        let many = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), many);
        assert!(many >= 30 && keys.iter().all(|key| KEYS.contains(key)));
    }

    #[test]
    fn other_words_speak_of_the_same_topic() {
        let one = of("包工头拖欠工资");
        let other = of("老板欠薪不还血汗钱");
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].0, other[0].0);
        assert!(of("今天天气很好").is_empty());
    }
}
