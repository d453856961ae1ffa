//! The balance of a batch: letters signed in = letters scanned + exceptions with a reason, and every image is somewhere. What does not come out is said
//! together with where to look.

use serde::{Deserialize, Serialize};

/// Why the number of letters scanned may rightly differ from the number signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// Sent back unopened, or given to whom it is addressed.
    Returned,
    /// Opened by mistake and not read (误拆).
    ReturnedUnread,
    /// Nothing was inside.
    EmptyEnvelope,
    /// Its contents cannot be scanned; they are kept as they are.
    NotScannable,
    /// It is registered with another batch.
    InOtherBatch,
    /// It was counted twice at sign-in.
    CountedTwice,
    /// It cannot be found; somebody looks for it.
    Missing,
    /// Another reason, told in words.
    Other,
    /// More than one letter in an envelope: so many more are scanned than were signed in.
    SeveralInOne,
    /// It was overlooked at sign-in.
    NotCounted,
}

impl Exception {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Returned,
        Self::ReturnedUnread,
        Self::EmptyEnvelope,
        Self::NotScannable,
        Self::InOtherBatch,
        Self::CountedTwice,
        Self::Missing,
        Self::Other,
        Self::SeveralInOne,
        Self::NotCounted,
    ];

    /// Stable.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::ReturnedUnread => "returned_unread",
            Self::EmptyEnvelope => "empty_envelope",
            Self::NotScannable => "not_scannable",
            Self::InOtherBatch => "in_other_batch",
            Self::CountedTwice => "counted_twice",
            Self::Missing => "missing",
            Self::Other => "other",
            Self::SeveralInOne => "several_in_one",
            Self::NotCounted => "not_counted",
        }
    }

    /// How one such letter changes what has to be scanned.
    #[must_use]
    pub fn sign(self) -> i64 {
        match self {
            Self::SeveralInOne | Self::NotCounted => 1,
            _ => -1,
        }
    }
}

/// What is known of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Letters at sign-in.
    pub signed_in: i64,
    /// Letters with at least one page.
    pub scanned: i64,
    /// Exceptions, with their sign: what has to be scanned more (or less).
    pub exceptions: i64,
    /// Scans that are not settled.
    pub scans_open: i64,
    /// Images that devices counted and that did not come, or the other way round, of settled scans where nobody has looked yet.
    pub images_missing: i64,
    /// Files of this batch's scans that were received and are neither registered nor held.
    pub images_unregistered: i64,
    /// Holds that nobody has resolved.
    pub holds: i64,
    /// Files that lie in a scanner's folder and are not taken.
    pub files_waiting: i64,
    /// Files beside those that a scanner's software left unfinished there.
    pub files_left: i64,
    /// Files that are held and about which nobody has decided.
    pub files_held: i64,
    /// Letters with something enclosed that only one person has seen.
    pub valuables_unseen: i64,
    /// Letters with something enclosed that two people have seen and that is not given back.
    pub valuables_not_returned: i64,
}

/// Where a difference is, and where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "where", rename_all = "snake_case")]
pub enum Difference {
    /// Fewer letters were scanned than were signed in.
    LettersShort {
        /// How many.
        letters: i64,
    },
    /// More letters were scanned than were signed in.
    LettersOver {
        /// How many.
        letters: i64,
    },
    /// A scan is under way, or its images are.
    ScansOpen {
        /// How many.
        scans: i64,
    },
    /// Devices fed other images than came.
    ImagesMissing {
        /// How many.
        images: i64,
    },
    /// Images came and are registered nowhere.
    ImagesUnregistered {
        /// How many.
        images: i64,
    },
    /// Somebody has to look at something first.
    Held {
        /// How many.
        holds: i64,
    },
    /// Files of this batch lie in a scanner's folder and are not taken.
    FilesWaiting {
        /// How many.
        files: i64,
    },
    /// A scanner's software left files unfinished in its folder.
    FilesLeft {
        /// How many.
        files: i64,
    },
    /// Files of this batch are held, and nobody has decided about them.
    FilesHeld {
        /// How many.
        files: i64,
    },
    /// What lay in letters was listed by one person, and no second one has seen it.
    ValuablesUnseen {
        /// How many letters.
        letters: i64,
    },
    /// What lay in letters is not given back.
    ValuablesNotReturned {
        /// How many letters.
        letters: i64,
    },
}

/// A number with its word.
#[must_use]
pub fn counted(number: i64, one: &str, more: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {more}"),
    }
}

impl Difference {
    /// Whether a note explains it: software leaves files behind that it never finished, and an identity card is posted when the post office opens. Letters
    /// that are missing are not explained but recorded (`Exception`), and every whole file is taken or decided about.
    #[must_use]
    pub fn is_explained_by_a_note(self) -> bool {
        matches!(
            self,
            Self::FilesLeft { .. } | Self::ValuablesNotReturned { .. }
        )
    }

    /// Where to look, in words; the console says it in its language by the same tag.
    #[must_use]
    pub fn told(self) -> String {
        match self {
            Self::LettersShort { letters } => format!(
                "{} than signed in: look for envelopes on the desk and in the cabinet, or record the exception",
                counted(
                    letters,
                    "letter fewer was scanned",
                    "letters fewer were scanned"
                )
            ),
            Self::LettersOver { letters } => format!(
                "{} than signed in: look for one letter scanned as two, or record the exception",
                counted(
                    letters,
                    "letter more was scanned",
                    "letters more were scanned"
                )
            ),
            Self::ScansOpen { scans } => format!(
                "{}: wait or stop it",
                counted(scans, "scan is not finished", "scans are not finished")
            ),
            Self::ImagesMissing { images } => format!(
                "{}: compare the paper of that scan with its pages",
                counted(
                    images,
                    "image more or less came than a scanner fed",
                    "images more or less came than a scanner fed"
                )
            ),
            Self::ImagesUnregistered { images } => format!(
                "{}: look at the scanner's folder and at the held files",
                counted(
                    images,
                    "image came and belongs to no letter",
                    "images came and belong to no letter"
                )
            ),
            Self::Held { holds } => format!(
                "{}: look at each and say what was found",
                counted(
                    holds,
                    "finding waits for a person",
                    "findings wait for a person"
                )
            ),
            Self::FilesWaiting { files } => format!(
                "{}: wait until they are taken, or see on the page of held files why they are not and decide there; what is no page is removed from the folder",
                counted(
                    files,
                    "file in a scanner's folder is not taken yet",
                    "files in scanners' folders are not taken yet"
                )
            ),
            Self::FilesLeft { files } => format!(
                "{}: see whether a page is missing, then remove them, or say in a note what they are",
                counted(
                    files,
                    "file was left unfinished in a scanner's folder",
                    "files were left unfinished in scanners' folders"
                )
            ),
            Self::FilesHeld { files } => format!(
                "{}: take each into its letter or set it aside, on the page of held files",
                counted(
                    files,
                    "file is held and not decided about",
                    "files are held and not decided about"
                )
            ),
            Self::ValuablesUnseen { letters } => format!(
                "{} that only one person has seen: a second person looks at them first",
                counted(letters, "letter holds things", "letters hold things")
            ),
            Self::ValuablesNotReturned { letters } => format!(
                "{} that are not given back: settle them, or say in a note where they lie",
                counted(letters, "letter holds things", "letters hold things")
            ),
        }
    }
}

impl Counts {
    /// Letters that should have been scanned and were not; negative where more were.
    #[must_use]
    pub fn letters_short(&self) -> i64 {
        self.signed_in + self.exceptions - self.scanned
    }

    /// Everything that does not come out, the first thing to look at first.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        let short = self.letters_short();
        let all = [
            (self.scans_open != 0).then_some(Difference::ScansOpen {
                scans: self.scans_open,
            }),
            (self.images_unregistered != 0).then_some(Difference::ImagesUnregistered {
                images: self.images_unregistered,
            }),
            (self.images_missing != 0).then_some(Difference::ImagesMissing {
                images: self.images_missing,
            }),
            // Whoever says why there are more answers what is held for it.
            (short < 0).then_some(Difference::LettersOver { letters: -short }),
            (self.holds != 0).then_some(Difference::Held { holds: self.holds }),
            (self.files_held != 0).then_some(Difference::FilesHeld {
                files: self.files_held,
            }),
            (self.files_waiting != 0).then_some(Difference::FilesWaiting {
                files: self.files_waiting,
            }),
            (self.files_left != 0).then_some(Difference::FilesLeft {
                files: self.files_left,
            }),
            (short > 0).then_some(Difference::LettersShort { letters: short }),
            (self.valuables_unseen != 0).then_some(Difference::ValuablesUnseen {
                letters: self.valuables_unseen,
            }),
            (self.valuables_not_returned != 0).then_some(Difference::ValuablesNotReturned {
                letters: self.valuables_not_returned,
            }),
        ];
        all.into_iter().flatten().collect()
    }
}

/// A load of a batch, as far as its letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InLoad {
    /// Letters that were put in, where somebody said.
    pub letters: Option<u32>,
    /// Whether its letters may be opened.
    pub opened: bool,
}

/// How many of a batch's expected letters may be opened. What was not counted into a load is in those of which nobody said a
/// number; `None` where some of these may be opened and others may not. `more` of them were found beyond what was signed in, and lay in the loads if these
/// are opened all.
#[must_use]
pub fn letters_opened(expected: i64, more: i64, loads: &[InLoad]) -> Option<i64> {
    let counted = |opened: bool| -> i64 {
        let of = loads.iter().filter(|load| load.opened == opened);
        of.filter_map(|load| load.letters).map(i64::from).sum()
    };
    let unsaid = |opened: bool| {
        let mut loads = loads.iter();
        loads.any(|load| load.letters.is_none() && load.opened == opened)
    };
    match (unsaid(true), unsaid(false)) {
        (false, _) if loads.iter().all(|load| load.opened) => Some(counted(true) + more),
        (false, _) => Some(counted(true)),
        (true, false) => Some((expected - counted(false)).max(0)),
        (true, true) => None,
    }
}

/// How many of a batch's expected letters are in no load yet; `None` where nobody can tell.
#[must_use]
pub fn letters_not_loaded(expected: i64, loads: &[InLoad]) -> Option<i64> {
    let counted: Option<Vec<u32>> = loads.iter().map(|load| load.letters).collect();
    let counted: i64 = counted?.into_iter().map(i64::from).sum();
    Some((expected - counted).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_batch_are_opened_with_the_loads_they_were_counted_into() {
        let load = |letters, opened| InLoad { letters, opened };
        // The only load of a batch has all of it.
        assert_eq!(letters_opened(4, 0, &[load(None, true)]), Some(4));
        // Four were signed in and loaded, a fifth lay among them; it is counted once.
        assert_eq!(letters_opened(5, 1, &[load(Some(4), true)]), Some(5));
        assert_eq!(letters_opened(5, 1, &[load(None, true)]), Some(5));
        let half = [load(Some(2), true), load(Some(2), false)];
        assert_eq!(letters_opened(5, 1, &half), Some(2));
        assert_eq!(letters_opened(4, 0, &[load(None, false)]), Some(0));
        let halves = [load(Some(2), true), load(Some(2), false)];
        assert_eq!(letters_opened(4, 0, &halves), Some(2));
        let rest = [load(None, true), load(Some(1), false)];
        assert_eq!(letters_opened(4, 0, &rest), Some(3));
        let unsaid = [load(None, true), load(None, false)];
        assert_eq!(letters_opened(4, 0, &unsaid), None);
        assert_eq!(letters_not_loaded(4, &unsaid), None);
        assert_eq!(letters_not_loaded(4, &[load(Some(3), true)]), Some(1));
        assert_eq!(letters_not_loaded(4, &[]), Some(4));
    }

    #[test]
    fn every_difference_is_found() {
        let even = Counts {
            signed_in: 12,
            scanned: 11,
            exceptions: -1,
            ..Counts::default()
        };
        assert_eq!(even.differences(), []);
        let short = Counts {
            scanned: 10,
            ..even
        };
        assert_eq!(
            short.differences(),
            [Difference::LettersShort { letters: 1 }]
        );
        let over = Counts {
            scanned: 13,
            ..even
        };
        assert_eq!(over.differences(), [Difference::LettersOver { letters: 2 }]);
        let open = Counts {
            scans_open: 1,
            images_missing: 2,
            images_unregistered: 3,
            holds: 4,
            ..even
        };
        assert_eq!(open.differences().len(), 4);
        assert_eq!(open.differences()[0], Difference::ScansOpen { scans: 1 });
    }

    #[test]
    fn one_is_told_as_one() {
        let told = |holds| Difference::Held { holds }.told();
        assert!(told(1).starts_with("1 finding waits for a person:"));
        assert!(told(2).starts_with("2 findings wait for a person:"));
    }

    #[test]
    fn exceptions_count_both_ways() {
        assert_eq!(Exception::SeveralInOne.sign(), 1);
        assert_eq!(Exception::NotCounted.sign(), 1);
        assert_eq!(Exception::Missing.sign(), -1);
        assert_eq!(Exception::ReturnedUnread.sign(), -1);
        for kind in Exception::ALL {
            assert_eq!(serde_json::json!(kind), kind.code());
        }
    }
}
