//! The second copy of every original, on another disk: written with the first, read when the first is bad, each made anew from the other.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::mark::SecondFolder;
use super::{Evidence, EvidenceError, Original, Place, failed, mark, sync_folder};

/// Which copy was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Healed {
    /// Both were good, or there is only one.
    Nothing,
    /// The first, from the second.
    First,
    /// The second, from the first.
    Second,
}

/// How the second copies stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Second {
    /// None are kept.
    None,
    /// Every original has one, as far as is known.
    Whole,
    /// Some original may have none.
    Behind,
    /// Their folder is not the one that they were put into.
    Away(PathBuf),
    /// Their folder was never used before.
    New(PathBuf),
}

impl Evidence {
    /// Keeps a second copy of everything in another folder. It may be away for a while: the scrub brings it up to date.
    #[must_use]
    pub fn with_second(mut self, folder: Option<&Path>) -> Self {
        self.second =
            folder.map(|folder| Box::new(Self::open_to_look(folder).with_lock(&self.lock)));
        self
    }

    /// Remembers in this folder that the second copies' folder was marked: it is never made anew.
    #[must_use]
    pub fn remembering_in(mut self, data: &Path) -> Self {
        if let Some(second) = &mut self.second {
            second.memory = Some(mark::memory(data));
        }
        self
    }

    /// How the second copies stand.
    pub fn second(&self) -> Second {
        match &self.second {
            None => Second::None,
            Some(second) => {
                let folder = second.as_second();
                if folder != SecondFolder::Known || second.was_exchanged() {
                    self.is_behind.store(true, Ordering::Relaxed);
                }
                match folder {
                    SecondFolder::Away => Second::Away(second.root.clone()),
                    SecondFolder::New => Second::New(second.root.clone()),
                    SecondFolder::Known if self.is_behind.load(Ordering::Relaxed) => Second::Behind,
                    SecondFolder::Known => Second::Whole,
                }
            }
        }
    }

    /// An original has no second copy: whoever watches looks at once.
    pub(super) fn fell_behind(&self) {
        if !self.is_behind.swap(true, Ordering::Relaxed) {
            self.wanting.notify_one();
        }
    }

    /// Makes the second copies that are missing of these; how many they were. Stops at the first that cannot be made.
    ///
    /// # Errors
    /// Why one could not be made.
    pub fn complete_second(&self, originals: &[Original]) -> Result<u64, EvidenceError> {
        let Some(second) = &self.second else {
            return Ok(0);
        };
        second.is_to_be_written()?;
        // What is kept from now on says itself when it has none.
        self.is_behind.store(false, Ordering::Relaxed);
        let mut made = 0;
        for original in originals {
            if second.found(&original.sha256).is_ok() {
                continue;
            }
            match self.copy_over(self, second, original) {
                Ok(()) => made += 1,
                // The scrub tells of a first copy that is bad.
                Err(EvidenceError::Altered { .. } | EvidenceError::Missing { .. }) => {}
                Err(error) => {
                    self.is_behind.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(made)
    }

    /// Best effort: a disk that is away does not keep the station from taking letters in.
    pub(super) fn put_second(&self, original: &Original) {
        let Some(second) = &self.second else {
            return;
        };
        if let Err(error) = self.copy_over(self, second, original) {
            self.fell_behind();
            tracing::warn!(error = %crate::Chain(&error), "no second copy yet; it is made as soon as that is possible");
        }
    }

    fn copy_over(&self, from: &Self, to: &Self, original: &Original) -> Result<(), EvidenceError> {
        let bytes = from.get_own(&original.sha256)?;
        to.is_to_be_written()?;
        to.keep_own(&mut bytes.as_slice()).map(drop)
    }

    /// Compares the copies of one original with everything that is known of it, and makes a bad one anew from the good one. Bad bytes are set aside,
    /// not deleted.
    ///
    /// # Errors
    /// What is wrong with the first, when no good copy is left; why one could not be made anew; [`EvidenceError::is_of_the_system`] when one
    /// could not be looked at.
    pub fn heal(&self, known: &Original) -> Result<Healed, EvidenceError> {
        let first = self.check_against(known);
        let is_there = |second: &&Self| second.as_second() == SecondFolder::Known;
        let Some(second) = self.second.as_deref().filter(is_there) else {
            return first.map(|()| Healed::Nothing);
        };
        match (first, second.check_against(known)) {
            (Ok(()), Ok(())) => self.part(second, known),
            (Ok(()), Err(_)) => {
                second.set_aside(&known.sha256)?;
                self.copy_over(self, second, known)?;
                second.check_against(known)?;
                Ok(Healed::Second)
            }
            (Err(_), Ok(())) => {
                self.set_aside(&known.sha256)?;
                self.copy_over(second, self, known)?;
                self.check_against(known)?;
                Ok(Healed::First)
            }
            (Err(error), Err(other)) => Err(error.of_both(other)),
        }
    }

    /// Whether what lies here is a file of its own: no link, and no second name of the first copy's file.
    ///
    /// # Errors
    /// [`EvidenceError::NoCopy`], [`EvidenceError::Missing`].
    pub fn is_of_its_own(&self, sha256: &str, first: Option<&Self>) -> Result<(), EvidenceError> {
        let path = self.found(sha256)?.path;
        let no_copy = |what| EvidenceError::NoCopy {
            sha256: sha256.to_owned(),
            path: path.clone(),
            what,
        };
        let own = fs::symlink_metadata(&path).map_err(failed("look at", &path))?;
        if own.is_symlink() {
            return Err(no_copy("a link"));
        }
        let file = |path: &Path| {
            let found = fs::metadata(path).ok()?;
            Some((found.dev(), found.ino()))
        };
        let other = first.and_then(|first| first.found(sha256).ok());
        match other.and_then(|other| file(&other.path)) {
            Some(other) if file(&path) == Some(other) => Err(no_copy("the first copy itself")),
            _ => Ok(()),
        }
    }

    /// Both names are of one file: that makes one copy. A link is put out of the way, and its copy made anew.
    fn part(&self, second: &Self, known: &Original) -> Result<Healed, EvidenceError> {
        let sha256 = &known.sha256;
        if self.is_of_its_own(sha256, None).is_err() {
            self.set_aside(sha256)?;
            self.copy_over(second, self, known)?;
            self.check_against(known)?;
            return Ok(Healed::First);
        }
        if second.is_of_its_own(sha256, Some(self)).is_ok() {
            return Ok(Healed::Nothing);
        }
        let path = second.found(sha256)?.path;
        let entry = fs::symlink_metadata(&path).map_err(failed("look at", &path))?;
        if !entry.is_symlink() && entry.nlink() < 2 {
            // A folder above is a link: what would be set aside is the first copy.
            return second
                .is_of_its_own(sha256, Some(self))
                .map(|()| Healed::Nothing);
        }
        second.set_aside(sha256)?;
        self.copy_over(self, second, known)?;
        second.check_against(known)?;
        Ok(Healed::Second)
    }

    /// Moves bad bytes out of the way, where somebody may look at them.
    fn set_aside(&self, sha256: &str) -> Result<(), EvidenceError> {
        for Place { path, .. } in self.places_of(sha256)? {
            if !path.exists() {
                continue;
            }
            let damaged = self.root.join("damaged");
            fs::create_dir_all(&damaged).map_err(failed("create", &damaged))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let free = (1..)
                .map(|n| damaged.join(format!("{name}-{n}")))
                .find(|path| !path.exists())
                .expect("some number is free");
            fs::rename(&path, &free).map_err(failed("set aside", &path))?;
            sync_folder(&damaged)?;
        }
        Ok(())
    }

    /// Destroys an original whose retention is over, with its second copy. One that is gone already is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn destroy(&self, sha256: &str) -> Result<(), EvidenceError> {
        for Place { path, .. } in self.places_of(sha256)? {
            if path.exists() {
                fs::remove_file(&path).map_err(failed("destroy", &path))?;
                sync_folder(path.parent().unwrap_or(&self.root))?;
            }
        }
        match &self.second {
            Some(second) => second.destroy(sha256),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn two() -> (tempfile::TempDir, Evidence) {
        let folder = tempfile::tempdir().unwrap();
        let first = Evidence::open(&folder.path().join("first")).unwrap();
        let second = folder.path().join("second");
        (folder, first.with_second(Some(&second)))
    }

    fn spoil(evidence: &Evidence, sha256: &str) {
        let path = evidence.place_of(sha256).unwrap().path;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(path, b"spoilt").unwrap();
    }

    #[test]
    fn each_copy_is_made_anew_from_the_other_and_bad_bytes_are_kept_aside() {
        let (folder, evidence) = two();
        let original = evidence.put(b"abc").unwrap();
        let second = evidence.second.as_deref().unwrap();
        assert_eq!(second.get(&original.sha256).unwrap(), b"abc");
        assert_eq!(evidence.heal(&original).unwrap(), Healed::Nothing);
        spoil(&evidence, &original.sha256);
        assert_eq!(
            evidence.get(&original.sha256).unwrap(),
            b"abc",
            "read from the second"
        );
        assert_eq!(evidence.heal(&original).unwrap(), Healed::First);
        let aside = folder
            .path()
            .join(format!("first/damaged/{}-1", original.sha256));
        assert_eq!(fs::read(aside).unwrap(), b"spoilt");
        fs::remove_file(second.place_of(&original.sha256).unwrap().path).unwrap();
        assert_eq!(evidence.heal(&original).unwrap(), Healed::Second);
        spoil(&evidence, &original.sha256);
        spoil(second, &original.sha256);
        let error = evidence.heal(&original).unwrap_err();
        assert!(error.to_string().contains(&original.sha256), "{error}");
        assert!(evidence.get(&original.sha256).is_err());
    }

    #[test]
    fn a_second_disk_that_is_away_holds_nothing_up_and_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let away = folder.path().join("mount");
        fs::write(&away, b"a file, where no folder can be").unwrap();
        let evidence = Evidence::open(&folder.path().join("first"))
            .unwrap()
            .with_second(Some(&away.join("second")));
        let original = evidence.put(b"abc").unwrap();
        assert!(evidence.heal(&original).is_err());
        assert_eq!(evidence.get(&original.sha256).unwrap(), b"abc");
        fs::remove_file(&away).unwrap();
        assert_eq!(evidence.heal(&original).unwrap(), Healed::Second);
    }

    /// It was made anew, silently, on the disk below.
    #[test]
    fn a_second_folder_that_goes_away_is_not_made_anew_and_is_completed_when_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let (place, away) = (folder.path().join("second"), folder.path().join("away"));
        let open = || {
            Evidence::open(&folder.path().join("first"))
                .unwrap()
                .with_second(Some(&place))
                .remembering_in(folder.path())
        };
        let evidence = open();
        evidence.begin_second().unwrap();
        let before = evidence.put(b"before").unwrap();
        assert_eq!(
            evidence
                .complete_second(std::slice::from_ref(&before))
                .unwrap(),
            0
        );
        assert_eq!(evidence.second(), Second::Whole);
        fs::rename(&place, &away).unwrap();
        // Also of a station that is started meanwhile, and where a bare folder is left.
        let evidence = open();
        for bare in [false, true] {
            if bare {
                fs::create_dir(&place).unwrap();
            }
            let meanwhile = evidence.put(b"meanwhile").unwrap();
            assert_eq!(evidence.second(), Second::Away(place.clone()));
            assert_eq!(evidence.heal(&meanwhile).unwrap(), Healed::Nothing);
            let written = fs::read_dir(&place).map_or(0, Iterator::count);
            assert_eq!(written, 0, "bare {bare}");
        }
        fs::remove_dir(&place).unwrap();
        fs::rename(&away, &place).unwrap();
        assert_eq!(evidence.second(), Second::Behind);
        let all = [before, evidence.put(b"meanwhile").unwrap()];
        fs::remove_file(
            evidence
                .second
                .as_ref()
                .unwrap()
                .place_of(&all[0].sha256)
                .unwrap()
                .path,
        )
        .unwrap();
        assert_eq!(evidence.complete_second(&all).unwrap(), 1);
        assert_eq!(evidence.second(), Second::Whole);
        assert_eq!(
            evidence
                .second
                .as_ref()
                .unwrap()
                .strays(&all)
                .unwrap()
                .others,
            0
        );
    }

    /// An empty mount point was filled with copies, and called whole.
    #[test]
    fn a_folder_that_was_never_used_gets_no_copy_before_somebody_begins_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("second");
        let evidence = Evidence::open(&folder.path().join("first"))
            .unwrap()
            .with_second(Some(&place))
            .remembering_in(folder.path());
        for bare in [false, true] {
            if bare {
                fs::create_dir(&place).unwrap();
            }
            let original = evidence.put(b"abc").unwrap();
            assert_eq!(evidence.second(), Second::New(place.clone()));
            assert!(
                evidence
                    .complete_second(std::slice::from_ref(&original))
                    .is_err()
            );
            assert_eq!(evidence.heal(&original).unwrap(), Healed::Nothing);
            let written = fs::read_dir(&place).map_or(0, Iterator::count);
            assert_eq!(written, 0, "bare {bare}");
            assert!(!evidence.second_holds(&original.sha256));
        }
        evidence.begin_second().unwrap();
        assert_eq!(evidence.second(), Second::Behind);
        let original = evidence.put(b"abc").unwrap();
        assert!(evidence.second_holds(&original.sha256));
        assert_eq!(evidence.complete_second(&[original]).unwrap(), 0);
        assert_eq!(evidence.second(), Second::Whole);
    }

    #[test]
    fn two_names_of_one_file_are_one_copy_and_are_parted() {
        for link in [
            "second is a hard link",
            "second is a link",
            "first is a link",
        ] {
            let (_folder, evidence) = two();
            let original = evidence.put(b"abc").unwrap();
            let second = evidence.second.as_deref().unwrap();
            let sha256 = original.sha256.as_str();
            let of = |store: &Evidence| store.place_of(sha256).unwrap().path;
            second.is_of_its_own(sha256, Some(&evidence)).unwrap();
            let (name, file) = match link.starts_with("first") {
                true => (of(&evidence), of(second)),
                false => (of(second), of(&evidence)),
            };
            fs::remove_file(&name).unwrap();
            match link.ends_with("hard link") {
                true => fs::hard_link(&file, &name).unwrap(),
                false => std::os::unix::fs::symlink(&file, &name).unwrap(),
            }
            assert!(
                evidence.check_against(&original).is_ok(),
                "its bytes are right"
            );
            let found = [
                evidence.is_of_its_own(sha256, None),
                second.is_of_its_own(sha256, Some(&evidence)),
            ];
            assert!(found.iter().any(Result::is_err), "{link}: {found:?}");
            evidence.heal(&original).unwrap();
            evidence.is_of_its_own(sha256, None).unwrap();
            second.is_of_its_own(sha256, Some(&evidence)).unwrap();
            assert_eq!(second.get(sha256).unwrap(), b"abc");
        }
    }

    #[test]
    fn what_is_destroyed_is_gone_from_both() {
        let (_folder, evidence) = two();
        let original = evidence.put(b"abc").unwrap();
        evidence.destroy(&original.sha256).unwrap();
        evidence.destroy(&original.sha256).unwrap();
        assert!(matches!(
            evidence.get(&original.sha256),
            Err(EvidenceError::Missing { .. })
        ));
    }
}
