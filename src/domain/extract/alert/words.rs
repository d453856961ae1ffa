//! The words threats are told by, read from `words.txt`; what they mean beside each other is in [`super::threat`].

use std::sync::OnceLock;

/// Every list.
pub(super) struct Words {
    /// Enough by themselves.
    pub(super) strong: Vec<&'static str>,
    /// Harm only where the writer does it or makes it depend on something.
    pub(super) weak: Vec<&'static str>,
    /// Disturbance of order: where the writer does it or makes it depend on something.
    pub(super) disorder: Vec<&'static str>,
    /// The writer.
    pub(super) writer: Vec<&'static str>,
    /// Others, or where one hears of others.
    pub(super) others: Vec<&'static str>,
    /// 我 before these is someone else.
    pub(super) kin: Vec<&'static str>,
    /// What makes harm depend on something, or announces it.
    pub(super) intent: Vec<&'static str>,
    /// What tells of the past.
    pub(super) past: Vec<&'static str>,
    /// What denies, or wants to avert.
    pub(super) denied: Vec<&'static str>,
    /// Words so unlike all others that one character may be misread.
    pub(super) unmistakable: Vec<&'static str>,
    /// Someone else says or spreads it: what follows in the clause is told, not meant.
    pub(super) reported: Vec<&'static str>,
    /// What speaks of the time to come, whatever else the sentence tells.
    pub(super) ahead: Vec<&'static str>,
    /// What makes an ultimatum: something is not done in time.
    pub(super) ultimatum: Vec<&'static str>,
    /// What the writer would do then, whoever it is done to.
    pub(super) then: Vec<&'static str>,
    /// What anyone may do and say he will.
    pub(super) lawful: Vec<&'static str>,
    /// Of the classes of harm in `signs.txt`, what everyday talk has as well.
    pub(super) everyday: Vec<&'static str>,
    /// A farewell, a last word, and what is done for the dead.
    pub(super) farewell: Vec<&'static str>,
    /// How people begin and end a letter.
    pub(super) courtesy: Vec<&'static str>,
    /// Two words that mean disorder or harm together, in this order and close to each other in one clause.
    pub(super) together: Vec<(&'static str, &'static str)>,
}

/// The lists there are.
pub(super) fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let pair = |w: &'static str| w.split_once('…').expect("a test reads the shipped file");
        Words {
            strong: list("strong"),
            weak: list("weak"),
            disorder: list("disorder"),
            writer: list("writer"),
            others: list("others"),
            kin: list("kin"),
            intent: list("intent"),
            past: list("past"),
            denied: list("denied"),
            unmistakable: list("unmistakable"),
            reported: list("reported"),
            ahead: list("ahead"),
            ultimatum: list("ultimatum"),
            then: list("then"),
            lawful: list("lawful"),
            everyday: list("everyday"),
            farewell: list("farewell"),
            courtesy: list("courtesy"),
            together: list("together").into_iter().map(pair).collect(),
        }
    })
}

/// The words under a name.
fn list(name: &str) -> Vec<&'static str> {
    let lines = include_str!("words.txt")
        .lines()
        .filter(|l| !l.starts_with('#'));
    let head = format!("[{name}]");
    let under = lines.skip_while(|l| *l != head).skip(1);
    under
        .take_while(|l| !l.starts_with('['))
        .flat_map(str::split_whitespace)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn every_list_of_the_shipped_file_is_found() {
        let words = words();
        assert!(words.strong.len() > 250 && words.weak.len() > 100 && words.past.len() > 40);
        assert!(
            !words.together.is_empty() && !words.lawful.is_empty() && !words.reported.is_empty()
        );
        assert!(
            words.everyday.len() > 20 && words.farewell.len() > 40 && words.courtesy.len() > 10
        );
    }
}
