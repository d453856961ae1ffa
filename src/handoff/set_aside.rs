//! Receipts that changed nothing: they lie in `in/bad`, each with a note of its reason beside it, until a person has looked and removed them.
//! Files in `in` that nobody will ever read as a receipt are told as well.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Beside `NAME` lies `NAME.why`: the code of the reason, then the reason in words.
const NOTE: &str = "why";
/// A file of another name is told when it has lain there for so long: it may be on its way to its right name.
const STRANGE_AFTER: Duration = Duration::from_secs(60);
/// Shown at most.
const MOST: usize = 100;

/// One file that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its name.
    pub file: String,
    /// Stable code: `no_receipt`, `not_a_file`, `too_large`, `unknown_package`, `other_letter`, `letter_missing`, `kind_unknown`, `contradicts`, `other_name`.
    pub code: String,
}

/// Notes why a file in `in/bad` was set aside.
pub(super) fn note(file: &Path, code: &str, why: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{NOTE}"));
    fs::write(name, format!("{code}\n{why}\n"))
}

/// What lies aside in an exchange folder, by name.
///
/// # Errors
/// When its folders cannot be listed.
pub fn set_aside(exchange: &Path) -> io::Result<Vec<SetAside>> {
    let back = exchange.join("in");
    let mut found = Vec::new();
    for (folder, is_bad) in [(back.join("bad"), true), (back, false)] {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let code = match is_bad {
                true if file.ends_with(&format!(".{NOTE}")) => continue,
                true => code_of(&path),
                false if is_strange(&path, file) => "other_name".to_owned(),
                false => continue,
            };
            let file = file.to_owned();
            found.push(SetAside { file, code });
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found.truncate(MOST);
    Ok(found)
}

/// Of what an older laixin set aside nobody noted the reason.
fn code_of(file: &Path) -> String {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{NOTE}"));
    let note = fs::read_to_string(name).unwrap_or_default();
    let code = note.lines().next().unwrap_or_default();
    match code.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !code.is_empty() {
        true => code.to_owned(),
        false => "no_receipt".to_owned(),
    }
}

fn is_strange(path: &Path, file: &str) -> bool {
    let is_receipt = file.ends_with(".receipt.json") || file.ends_with(".receipt.xml");
    let lies_for = path
        .symlink_metadata()
        .ok()
        .filter(|about| !about.is_dir())
        .and_then(|about| about.modified().ok())
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    !is_receipt && lies_for.is_some_and(|age| age >= STRANGE_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_aside_is_told_with_its_reason_and_strangers_after_a_minute() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(set_aside(home.path()).unwrap(), []);
        let back = home.path().join("in");
        fs::create_dir_all(back.join("bad")).unwrap();
        fs::create_dir_all(back.join("done")).unwrap();
        let bad = back.join("bad/a.receipt.json");
        fs::write(&bad, "{").unwrap();
        note(&bad, "contradicts", "another number").unwrap();
        fs::write(back.join("bad/old.receipt.json"), "{").unwrap();
        fs::write(back.join("b.receipt.json"), "{}").unwrap();
        for (name, age_s) in [("answer.json", 100), ("new.tmp", 1)] {
            let file = fs::File::create(back.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_s))
                .unwrap();
        }
        let found = set_aside(home.path()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.file.as_str(), one.code.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("a.receipt.json", "contradicts"),
                ("answer.json", "other_name"),
                ("old.receipt.json", "no_receipt")
            ]
        );
    }
}
