//! Images whose order makes the letters: what is made out on them, in which order they are taken, and when a scan is judged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use scanner::PageHint;
use scanner::claim::{CLAIMED_FOLDER, Claimed};

use super::ScanError;
use super::control::scan_of;
use super::desk::Desk;
use super::separators::{self, Codes};
use crate::config::Unchecked;
use crate::domain::grouping::{Face, GroupBy, Side, SideSeen, hold, of_two_sides};
use crate::domain::intake::{Gate, reason};
use crate::domain::mail_number;
use crate::events::Event;
use crate::evidence::Original;
use crate::store::{Db, EndedScan, Ordered, Scan, ScanOutcome, TakeOrdered};

/// What the order of an image hangs on.
pub(super) enum Turn {
    /// It may be taken.
    Now,
    /// The image before it, or the other side of its sheet, has to be there first.
    Wait,
}

impl Desk {
    /// What parts letters on the images themselves.
    pub(super) fn codes_looked_for(&self) -> Option<Codes> {
        match self.by {
            GroupBy::Separator => Some(Codes::Squares),
            GroupBy::Barcode => Some(Codes::Bars),
            GroupBy::Name | GroupBy::Index | GroupBy::Scan | GroupBy::Press => None,
        }
    }

    /// Which scan a file of a driven scanner belongs to, and which image of it it is.
    pub(super) fn scan_of_file(
        &self,
        group: &str,
        hint: PageHint,
    ) -> Result<Option<(Scan, u32)>, ScanError> {
        let Some((id, place)) = scan_of(group).zip(hint.number) else {
            return Ok(None);
        };
        let scan = self.store.wait(move |db| db.find_scan(id))?;
        Ok(scan.map(|scan| (scan, place)))
    }

    /// Whether an image may be taken yet: a separator may be told by either side of its sheet.
    pub(super) fn turn(&self, scan: &Scan, place: u32) -> Turn {
        let before = place.saturating_sub(1);
        if self.image_at(scan.id, before).is_some() || self.is_claimed(scan.id, before) {
            return Turn::Wait;
        }
        let alone = self.codes_looked_for().is_none()
            || scan.sides < 2
            || place.is_multiple_of(2)
            || scan.ended.is_some();
        match alone || self.image_at(scan.id, place + 1).is_some() {
            true => Turn::Now,
            false => Turn::Wait,
        }
    }

    /// Whether an image of a scan is claimed and could not be finished with yet.
    fn is_claimed(&self, scan: i64, place: u32) -> bool {
        let name = format!("__scan-{scan}%2F{place:04}.");
        let items = fs::read_dir(self.inbox.join(CLAIMED_FOLDER));
        items
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .any(|item| item.file_name().to_string_lossy().contains(&name))
    }

    /// Where an image of a scan lies that was not taken yet.
    fn image_at(&self, scan: i64, place: u32) -> Option<PathBuf> {
        let folder = self.inbox.join(format!("scan-{scan}"));
        ["jpg", "png", "tif", "pdf"]
            .into_iter()
            .map(|ending| folder.join(format!("{place:04}.{ending}")))
            .find(|path| path.is_file())
    }

    /// From the claim to `done`, for images whose order counts.
    pub(super) fn keep_ordered(
        &self,
        claimed: &Claimed,
        frames: &[u32],
        original: Original,
    ) -> Result<(), ScanError> {
        let hint = scanner::naming::parse(claimed.folder.as_deref(), &claimed.file_name).hint;
        let scan = match self.driven {
            true => self.scan_of_file(claimed.folder.as_deref().unwrap_or_default(), hint)?,
            false => None,
        };
        if self.driven && scan.is_none() {
            return self.hold_claimed(claimed, reason::UNKNOWN_SCAN);
        }
        let faces = match self.faces(&claimed.path, frames, scan.as_ref()) {
            Ok(faces) => faces,
            Err(source) => {
                self.return_to_folder(claimed);
                return Err(ScanError::NotOpened(source));
            }
        };
        let (sha256, kept) = (original.sha256.clone(), original.clone());
        let take = TakeOrdered {
            arrival: claimed.arrival_id.clone(),
            source: self.source.clone(),
            by: self.by,
            scan: scan.as_ref().map(|(scan, place)| (scan.id, *place)),
            sides: self.sides,
            faces,
            original,
        };
        let own = self.own_time(&claimed.path);
        let take_and_judge = move |db: &mut Db| {
            let taken = db.take_ordered(&take)?;
            // The load of a scan that was begun here is known.
            let judged = match (&taken, take.scan) {
                (Ordered::Taken { .. }, None) => Some(db.judge_own_time(&take.arrival, own)?),
                _ => None,
            };
            Ok((taken, judged))
        };
        let (taken, judged) = self
            .store
            .wait(move |db| db.atomically(take_and_judge))
            .inspect_err(|_| self.mark_stuck())?;
        if let Some(judged) = judged {
            self.learn_of_clock(&claimed.arrival_id, own, judged);
        }
        match taken {
            Ordered::Taken {
                letters,
                holds,
                same_as,
            } => {
                tracing::info!(
                    scanner = self.source,
                    arrival = claimed.arrival_id,
                    ?letters,
                    ?holds,
                    same_as,
                    "page arrived"
                );
                for letter in letters {
                    self.events.tell(Event::Letter {
                        letter,
                        what: "page_arrived".into(),
                    });
                }
                for code in holds {
                    self.events.tell(Event::Alert {
                        code: code.to_owned(),
                        subject: self.source.clone(),
                    });
                }
                self.finish(claimed, &sha256, Some(claimed.stamp))?;
            }
            Ordered::Already => self.finish(claimed, &sha256, Some(claimed.stamp))?,
            Ordered::NotNow(Gate::SeenBeforeRelease) => {
                self.hold_claimed(claimed, reason::SEEN_BEFORE_RELEASE)?;
            }
            // It is offered again until the clock is right.
            Ordered::NotNow(Gate::ClockSetBack) => self.return_to_folder(claimed),
            // Begun for an open load whose batch was closed meanwhile: nobody may take it any more.
            Ordered::NotNow(_) if scan.is_some() => {
                self.hold_claimed(claimed, reason::NO_RELEASED_LOAD)?;
            }
            Ordered::NotNow(_) | Ordered::NotYet => self.return_to_folder(claimed),
            Ordered::Unread => self.hold_kept(claimed, reason::BYTES_RETURNED_UNREAD, kept)?,
            Ordered::LetterClosed { letter } => {
                self.hold_kept(claimed, self.why_closed(letter)?, kept)?;
            }
        }
        self.settle();
        Ok(())
    }

    /// What is on each image of a file.
    fn faces(
        &self,
        file: &Path,
        frames: &[u32],
        scan: Option<&(Scan, u32)>,
    ) -> io::Result<Vec<(u32, Face)>> {
        let Some(wanted) = self.codes_looked_for() else {
            return Ok(frames.iter().map(|frame| (*frame, Face::Page)).collect());
        };
        let mut faces = match self.seen_ahead(file).filter(|_| frames == [0]) {
            Some(faces) => faces,
            None => separators::faces(file, frames, wanted)?,
        };
        match scan {
            Some((scan, place)) if scan.sides == 2 => {
                self.other_side(&mut faces, file, (scan.id, *place), wanted)?;
            }
            None if wanted == Codes::Squares => self.backs(&mut faces, file)?,
            _ => {}
        }
        for (_, face) in &mut faces {
            match face {
                Face::DoubtfulMail(text)
                    if self.express == Unchecked::Take && mail_number::is_express(text) =>
                {
                    *face = Face::Mail(std::mem::take(text));
                }
                _ => {}
            }
        }
        Ok(faces)
    }

    /// In a folder a blank side directly behind a separator is that sheet's back, whatever is known of how its software scans. Where it is known to scan
    /// both sides, a written one is in its place.
    fn backs(&self, faces: &mut [(u32, Face)], file: &Path) -> io::Result<()> {
        let source = self.source.clone();
        let open = self.store.wait(move |db| db.open_separator(&source));
        let mut before = open.map_err(io::Error::other)?;
        for (frame, face) in faces {
            let separator = before.take();
            match face {
                Face::Separator(separator) => before = Some(separator.clone()),
                Face::Page => {
                    let Some(separator) = separator else { continue };
                    if separators::is_blank(&fs::read(file)?, *frame)? {
                        *face = Face::SeparatorBack(separator);
                    } else if self.sides == 2 {
                        *face = Face::BesideSeparator(separator);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A separator sheet has two sides, and either may tell it; see [`of_two_sides`].
    fn other_side(
        &self,
        faces: &mut [(u32, Face)],
        file: &Path,
        (scan, place): (i64, u32),
        wanted: Codes,
    ) -> io::Result<()> {
        let side = match place.is_multiple_of(2) {
            false => Side::First,
            true => Side::Second,
        };
        let other = match side {
            Side::First => self.image_at(scan, place + 1).map(fs::read).transpose()?,
            Side::Second => self.taken_bytes(scan, place - 1)?,
        };
        let Some(other) = other else {
            return Ok(());
        };
        let seen = separators::faces_in(&other, &[0], wanted)?.pop();
        let Some((_, other_face)) = seen else {
            return Ok(());
        };
        for (frame, face) in faces {
            if wanted == Codes::Bars {
                *face = mail_number::of_two_sides(side, face, &other_face);
                continue;
            }
            // Whether a side is blank counts only beside a separator.
            let tells = |face: &Face| matches!(face, Face::Separator(_));
            let is_blank = tells(&other_face)
                && !tells(face)
                && separators::is_blank(&fs::read(file)?, *frame)?;
            let other_is_blank =
                tells(face) && !tells(&other_face) && separators::is_blank(&other, 0)?;
            let this = SideSeen { face, is_blank };
            let other = SideSeen {
                face: &other_face,
                is_blank: other_is_blank,
            };
            *face = of_two_sides(side, this, other);
        }
        Ok(())
    }

    /// An image that was taken before: from `done`, or from among the sealed originals.
    fn taken_bytes(&self, scan: i64, place: u32) -> io::Result<Option<Vec<u8>>> {
        if !self.evidence.is_sealed() {
            return self.taken_image(scan, place).map(fs::read).transpose();
        }
        let found = self
            .store
            .wait(move |db| db.image_of_scan(scan, place))
            .map_err(io::Error::other)?;
        let Some(sha256) = found else {
            return Ok(None);
        };
        self.evidence
            .get(&sha256)
            .map(Some)
            .map_err(io::Error::other)
    }

    fn taken_image(&self, scan: i64, place: u32) -> Option<PathBuf> {
        let folder = self.done.join(format!("scan-{scan}"));
        let front = format!("{place:04}");
        let items = fs::read_dir(folder).ok()?;
        items
            .filter_map(Result::ok)
            .map(|item| item.path())
            .find(|path| path.file_stem().is_some_and(|stem| stem == front.as_str()))
    }

    /// Ends what an earlier run left running. What came of it is what is registered, held, or lies in the spool.
    pub(super) fn end_interrupted(&self) -> Result<(), ScanError> {
        let source = self.source.clone();
        for scan in self.store.wait(move |db| db.running_scans(&source))? {
            tracing::warn!(
                scanner = self.source,
                scan = scan.id,
                "the station stopped while this scan ran: compare its paper with its pages"
            );
            let waiting = self.waiting_images(scan.id).unwrap_or(0);
            let end = EndedScan {
                outcome: ScanOutcome::Interrupted,
                trouble: Some(hold::SCAN_INTERRUPTED.into()),
                device_images: None,
                received_images: scan.registered_images + scan.held_images + waiting,
            };
            self.store.wait(move |db| db.end_scan(scan.id, &end))?;
        }
        Ok(())
    }

    /// How many images of a scan lie in the spool, claimed or not; `None` when it cannot be listed.
    fn waiting_images(&self, scan: i64) -> Option<u32> {
        let count = |folder: &Path, fits: &dyn Fn(&str) -> bool| match fs::read_dir(folder) {
            Ok(items) => {
                let names = items.map(|item| item.map(|item| item.file_name()));
                let names = names.collect::<Result<Vec<_>, _>>().ok()?;
                let fitting = names.iter().filter(|name| fits(&name.to_string_lossy()));
                u32::try_from(fitting.count()).ok()
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(0),
            Err(_) => None,
        };
        let unclaimed = count(&self.inbox.join(format!("scan-{scan}")), &|name| {
            !name.starts_with('.')
        })?;
        let claim = format!("__scan-{scan}%2F");
        let claimed = count(&self.inbox.join(CLAIMED_FOLDER), &|name| {
            name.contains(&claim)
        })?;
        Some(unclaimed + claimed)
    }

    /// Judges scans that ended and of which nothing lies in the spool any more.
    pub(super) fn settle(&self) {
        if !self.driven {
            return;
        }
        let source = self.source.clone();
        let settled = self
            .store
            .wait(move |db| db.unsettled_scans(&source))
            .and_then(|scans| {
                let mut found = Vec::new();
                for scan in scans {
                    if self.waiting_images(scan.id) != Some(0) {
                        continue;
                    }
                    if let Some(reasons) = self.store.wait(move |db| db.settle_scan(scan.id))? {
                        found.push((scan.id, scan.batch, reasons));
                    }
                }
                Ok(found)
            });
        match settled {
            Ok(settled) => {
                for (scan, batch, reasons) in settled {
                    tracing::info!(scanner = self.source, scan, ?reasons, "scan settled");
                    self.events.tell(Event::Batch { batch });
                }
            }
            Err(error) => {
                tracing::error!(scanner = self.source, %error, "scans were not settled; tried again with the next image")
            }
        }
    }
}
