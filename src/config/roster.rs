//! The roster's file: what is wrong with an entry is refused with its line, before any letter goes by it.

use std::path::Path;

use super::{ConfigError, load_toml};
use crate::domain::roster::{Roster, RosterFault};

/// Loads a roster. One with two of the same place, with somebody twice or without a name is refused: which of two leaders of one rank a letter goes to
/// would be by chance.
///
/// # Errors
/// [`ConfigError`] with the line.
pub fn load_roster(file: &Path) -> Result<Roster, ConfigError> {
    let roster: Roster = load_toml(file)?;
    let Some(fault) = roster.fault().filter(RosterFault::is_of_an_entry) else {
        return Ok(roster);
    };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let named = |name: &str| {
        let is_there = |line: &&str| line.contains(&format!("\"{name}\""));
        // The second of two is the one to be looked at.
        text.lines()
            .rev()
            .position(|l| is_there(&l))
            .map(|i| text.lines().count() - 1 - i)
    };
    let entry = |head: &str, n: usize| {
        let heads = text
            .lines()
            .enumerate()
            .filter(|(_, l)| l.trim_start().starts_with(head));
        heads.map(|(i, _)| i).nth(n.saturating_sub(1))
    };
    let (key, line) = match &fault {
        RosterFault::SamePlace { other, .. } => ("rank, order", named(other)),
        RosterFault::Twice { name } => ("name", named(name)),
        RosterFault::NoName { entry: told } => {
            let (kind, n) = told.split_once(' ').unwrap_or((told, "1"));
            let n = n.parse().unwrap_or(1);
            let head = match kind {
                "领导" => "[[leaders]]",
                "单位" => "[[orgs]]",
                _ => "outside",
            };
            (
                "name, title, alias",
                entry(head, n).or_else(|| entry(head, 1)),
            )
        }
        _ => ("station", entry("station", 1)),
    };
    Err(ConfigError::Refused {
        file: file.to_owned(),
        line: line.map_or(1, |i| i + 1),
        key: key.to_owned(),
        message: fault.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"station = "宜昌市信访局"
[[leaders]]
name = "向东林"
title = "宜昌市人民政府市长"
alias = ["市长"]
rank = 2
[[leaders]]
name = "顾维桢"
title = "中共宜昌市委书记"
rank = 1
[[orgs]]
name = "宜昌市人民政府"
order = 3
"#;

    fn refused(text: &str) -> Option<(usize, String)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roster.toml");
        std::fs::write(&file, text).unwrap();
        match load_roster(&file) {
            Ok(_) => None,
            Err(ConfigError::Refused { line, message, .. }) => Some((line, message)),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn two_leaders_of_one_rank_are_refused_with_the_line_of_the_second() {
        assert_eq!(refused(SOUND), None);
        let (line, message) = refused(&SOUND.replace("rank = 1", "rank = 2")).unwrap();
        assert_eq!(line, 8);
        assert!(
            message.contains("向东林") && message.contains("顾维桢"),
            "{message}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let (line, _) = refused(&format!("foo = 1\n{SOUND}")).unwrap();
        assert_eq!(line, 1);
    }

    #[test]
    fn an_empty_name_or_alias_is_refused_with_the_line_of_its_entry() {
        let nameless = SOUND.replace("name = \"顾维桢\"", "name = \"\"");
        assert_eq!(refused(&nameless).map(|(line, _)| line), Some(7));
        let alias = SOUND.replace("[\"市长\"]", "[\"市长\", \"\"]");
        assert_eq!(refused(&alias).map(|(line, _)| line), Some(2));
    }
}
