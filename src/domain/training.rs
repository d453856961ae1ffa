//! A guided first day on sample letters: its steps, and which of them somebody has done. What was done is what the ledger has under his name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A step, in the order of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The batch is signed in.
    SignIn,
    /// It goes into the cabinet, and the cycle is started.
    Disinfect,
    /// The sample letters go into the scanner.
    Scan,
    /// A field is corrected by the page.
    Correct,
    /// Letters are confirmed.
    Confirm,
    /// The batch is closed.
    CloseBatch,
    /// The day is closed.
    CloseDay,
}

/// Letters that go into the scanner at a time: a batch of the first day.
pub const LETTERS_AT_ONCE: usize = 3;

/// Steps in order: what the ledger calls it, and how often it takes.
const DAY: [(Step, &str, u32); 7] = [
    (Step::SignIn, "batch.signed_in", 1),
    (Step::Disinfect, "cycle.begun", 1),
    (Step::Scan, "training.letters_put", 1),
    (Step::Correct, "draft.corrected", 1),
    (Step::Confirm, "draft.confirmed", LETTERS_AT_ONCE as u32),
    (Step::CloseBatch, "batch.closed", 1),
    (Step::CloseDay, "day.closed", 1),
];

/// How far somebody is with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Done {
    /// Which.
    pub step: Step,
    /// How often he has done it, up to `wanted`.
    pub done: u32,
    /// How often it takes.
    pub wanted: u32,
}

impl Done {
    /// Nothing is left of it.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done >= self.wanted
    }
}

/// How far somebody is, from how often the ledger has each action of his.
#[must_use]
pub fn progress(actions: &BTreeMap<String, u32>) -> Vec<Done> {
    let done = |(step, action, wanted): (Step, &str, u32)| Done {
        step,
        done: actions.get(action).copied().unwrap_or_default().min(wanted),
        wanted,
    };
    DAY.into_iter().map(done).collect()
}

/// The letters of a folder by the names of their pages (`A001_p1.jpg`, `A001_env.jpg`), in order, with those that were not used yet.
#[must_use]
pub fn next_letters(files: &[String], used: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let is_image = [".jpg", ".jpeg", ".png", ".tif", ".tiff"]
            .iter()
            .any(|end| file.to_ascii_lowercase().ends_with(end));
        if let Some((letter, _)) = file.split_once('_').filter(|_| is_image) {
            letters
                .entry(letter.to_owned())
                .or_default()
                .push(file.clone());
        }
    }
    letters.retain(|letter, _| !used.contains(letter));
    letters.values_mut().for_each(|pages| pages.sort());
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_done_step_by_step_and_confirming_takes_every_letter() {
        let mut actions = BTreeMap::new();
        assert!(progress(&actions).iter().all(|one| !one.is_done()));
        for (action, times) in [
            ("batch.signed_in", 4),
            ("draft.confirmed", 2),
            ("draft.viewed", 9),
        ] {
            actions.insert(action.to_owned(), times);
        }
        let told = progress(&actions);
        assert_eq!(
            told[0],
            Done {
                step: Step::SignIn,
                done: 1,
                wanted: 1
            }
        );
        assert_eq!(
            told[4],
            Done {
                step: Step::Confirm,
                done: 2,
                wanted: 3
            }
        );
        assert_eq!(told.iter().filter(|one| one.is_done()).count(), 1);
    }

    #[test]
    fn letters_are_told_by_the_names_of_their_pages_and_used_once() {
        let files = [
            "S1_p2.jpg",
            "S1_p1.jpg",
            "S1.json",
            "A2_env.PNG",
            "README.md",
            "notes_1.txt",
        ];
        let files: Vec<String> = files.map(str::to_owned).into();
        let all = next_letters(&files, &[]);
        let told: Vec<_> = all
            .iter()
            .map(|(letter, pages)| (letter.as_str(), pages.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                ("A2", "A2_env.PNG".to_owned()),
                ("S1", "S1_p1.jpg S1_p2.jpg".to_owned())
            ]
        );
        assert_eq!(next_letters(&files, &["A2".into()]).len(), 1);
    }
}
