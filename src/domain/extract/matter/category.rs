//! What a matter is about: the likeliest entries of a list in three levels (`categories.toml`, a proposal that the office may differ from).

use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Category {
    path: String,
    words: Vec<String>,
}

impl Category {
    /// How much of its words stands in a text, a longer word more than a shorter one.
    fn weight(&self, text: &str) -> usize {
        let there = self.words.iter().filter(|w| text.contains(w.as_str()));
        there.map(|w| w.chars().count().min(4)).sum()
    }
}

#[derive(Debug, Deserialize)]
struct Categories {
    category: Vec<Category>,
}

fn all() -> &'static [Category] {
    static ALL: OnceLock<Categories> = OnceLock::new();
    let read =
        || toml::from_str(include_str!("categories.toml")).expect("a test reads the shipped file");
    &ALL.get_or_init(read).category
}

/// The category whose words speak most for a text, as `大类/中类/小类`; `None` where none of them is there.
pub(super) fn of(text: &str) -> Option<&'static str> {
    // Of equals the earlier: `max_by_key` takes the last.
    let best = all().iter().rev().max_by_key(|c| c.weight(text))?;
    (best.weight(text) >= LEAST).then_some(best.path.as_str())
}

/// The listed categories in their order, each with the words it is told by.
pub fn categories() -> impl Iterator<Item = (&'static str, &'static [String])> {
    let listed = all().iter();
    listed.map(|category| (category.path.as_str(), category.words.as_slice()))
}

/// Whether it is one of the listed categories, `大类/中类/小类`.
pub fn is_category(path: &str) -> bool {
    all().iter().any(|category| category.path == path)
}

/// Those whose words speak for a text, the likeliest first, `most` at most.
pub fn likely_categories(text: &str, most: usize) -> Vec<&'static str> {
    let weighed = all().iter().map(|c| (c.weight(text), c.path.as_str()));
    let mut likely: Vec<_> = weighed.filter(|(weight, _)| *weight >= LEAST).collect();
    likely.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    likely.truncate(most);
    likely.into_iter().map(|(_, path)| path).collect()
}

/// One word of two characters at least.
const LEAST: usize = 2;

/// Whether a text holds a word of that category.
pub(super) fn speaks_of(text: &str, path: &str) -> usize {
    let category = all().iter().find(|c| c.path == path);
    category.map_or(0, |c| {
        c.words.iter().filter(|w| text.contains(w.as_str())).count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_category_has_three_levels_and_words_of_its_own() {
        assert!(all().len() >= 30);
        for category in all() {
            assert_eq!(category.path.split('/').count(), 3, "{}", category.path);
            assert!(
                !category.path.contains(|c: char| c.is_ascii_digit()),
                "a digit chooses on the desk"
            );
            assert!(!category.words.is_empty(), "{}", category.path);
            assert!(category.words.iter().all(|w| w.chars().count() >= 2));
        }
    }

    #[test]
    fn more_and_longer_words_win() {
        assert_eq!(
            of("包工头拖欠工资，请政府帮我们要回血汗钱"),
            Some("劳动和社会保障/劳动报酬/拖欠工资")
        );
        assert_eq!(
            of("邻居把墙砌到我家宅基地的地界里"),
            Some("农业农村/宅基地/边界与审批")
        );
        assert_eq!(of("今天天气很好"), None);
    }
}
