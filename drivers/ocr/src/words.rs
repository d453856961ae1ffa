//! The commonest words of two characters: whether a line goes on in another one. The list is the 2,400 most frequent such words of
//! jieba's dictionary (fxsjy/jieba 0.42.1, MIT).

/// Rows of words without anything between them, sorted.
const WORDS: &str = include_str!("words.txt");

/// Do the two characters make a word?
pub(crate) fn is_word(first: char, second: char) -> bool {
    static SORTED: std::sync::LazyLock<Vec<(char, char)>> = std::sync::LazyLock::new(|| {
        let rows = WORDS.lines();
        rows.flat_map(|row| {
            let firsts = row.chars().step_by(2);
            firsts
                .zip(row.chars().skip(1).step_by(2))
                .collect::<Vec<_>>()
        })
        .collect()
    });
    SORTED.binary_search(&(first, second)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_chance_is_not() {
        assert!(is_word('我', '们') && is_word('领', '导') && is_word('问', '题'));
        assert!(!is_word('人', '翻') && !is_word('们', '我'));
    }
}
