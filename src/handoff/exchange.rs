//! Task: one exchange folder. Packages are laid into `out`, receipts are read from `in`; what is behind the folder may be a one-way gate.
//!
//! Never twice, whatever dies: a package lies whole and synced in `staging`, then that is on record, then its files move into `out`, the
//! manifest last. Whether a file still lies in `staging` says after a crash whether it had moved.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::answer::{self, Refusal};
use super::package::{self, PackageFile, manifest_name};
use super::receipts;
use super::{EVERY, Handoff, chance};
use crate::api::password::random_hex;
use crate::archive::{self, Outline};
use crate::config::Exchange;
use crate::domain::draft::Draft;
use crate::domain::mapping::Mapping;
use crate::domain::outgoing::{Kind, Retry, State};
use crate::events::Event;
use crate::sd_notify::Beat;
use crate::store::{Channel, Db, Found, Message, StoreError};
use crate::{Chain, digest};

/// Packages made in one go.
const AT_ONCE: u32 = 20;
/// A folder that cannot be written is tried again for as long as it takes; an archive file that cannot be made is not.
const FOLDER_RETRY: Retry = Retry {
    first_s: 5,
    attempts: u32::MAX,
};
const PDF_RETRY: Retry = Retry {
    first_s: 60,
    attempts: 6,
};

/// The folders of an exchange.
#[derive(Debug, Clone)]
struct Folders {
    staging: PathBuf,
    out: PathBuf,
    back: PathBuf,
}

impl Folders {
    fn of(folder: &Path) -> Self {
        Self {
            staging: folder.join("staging"),
            out: folder.join("out"),
            back: folder.join("in"),
        }
    }

    fn make(&self) -> io::Result<()> {
        for folder in [&self.staging, &self.out, &self.back] {
            fs::create_dir_all(folder)?;
        }
        fs::create_dir_all(self.back.join("done"))?;
        fs::create_dir_all(self.back.join("bad"))
    }

    /// Lays a package down whole beside the folder.
    fn stage(&self, files: &[PackageFile]) -> io::Result<()> {
        for PackageFile { name, bytes } in files {
            let part = self.staging.join(format!(".{name}.part"));
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(part, self.staging.join(name))?;
        }
        sync(&self.staging)
    }

    /// Moves what still lies there into the folder, the manifest last.
    fn place(&self, package: &str) -> io::Result<()> {
        let manifest = manifest_name(package);
        let begins = format!("{package}.");
        let mut names: Vec<String> = fs::read_dir(&self.staging)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(&begins) && *name != manifest)
            .collect();
        names.sort();
        for name in &names {
            fs::rename(self.staging.join(name), self.out.join(name))?;
        }
        sync(&self.out)?;
        match fs::rename(self.staging.join(&manifest), self.out.join(&manifest)) {
            // It had moved before the crash.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
        sync(&self.out)?;
        sync(&self.staging)
    }

    /// Takes a package out of the folder again, the manifest first: without it there is none.
    fn take_back(&self, package: &str) -> io::Result<Found> {
        let manifest = manifest_name(package);
        let found = match fs::remove_file(self.out.join(&manifest)) {
            Ok(()) => Found::There,
            // It never got there, or is fetched.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match self.staging.join(&manifest).exists() {
                    true => Found::There,
                    false => Found::Gone,
                }
            }
            Err(error) => return Err(error),
        };
        let begins = format!("{package}.");
        for folder in [&self.out, &self.staging] {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(&begins) {
                    fs::remove_file(entry.path())?;
                }
            }
            sync(folder)?;
        }
        Ok(found)
    }

    /// A receipt that was read goes out of the way, with the reason beside it where it changed nothing; an earlier one of the same name is kept, too.
    fn put_away(&self, receipt: &Path, taken: &Result<(), Refusal>) -> io::Result<()> {
        let to = if taken.is_ok() { "done" } else { "bad" };
        let name = receipt.file_name().unwrap_or_default().to_string_lossy();
        let folder = self.back.join(to);
        let mut target = folder.join(name.as_ref());
        let mut copy = 2;
        while target.symlink_metadata().is_ok() {
            target = folder.join(format!("{copy}-{name}"));
            copy += 1;
        }
        if let Err(refusal) = taken {
            super::set_aside::note(&target, refusal.code, &refusal.told)?;
        }
        fs::rename(receipt, target)
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The task's own things.
struct Carrier {
    handoff: Handoff,
    exchange: Exchange,
    mapping: Mapping,
    channel: Channel,
    folders: Folders,
}

/// Runs until `stop`.
pub(super) async fn run(
    handoff: Handoff,
    (exchange, mapping): (Exchange, Mapping),
    beat: Beat,
    stop: CancellationToken,
) {
    let name = format!("exchange/{}", exchange.id);
    let channel = Channel {
        holder: Some(name.clone()),
        name,
        kinds: if mapping.system.alerts {
            vec![Kind::AlertRaised, Kind::Amended]
        } else {
            vec![Kind::Amended]
        },
        unit: exchange.unit.clone(),
    };
    let carrier = Carrier {
        folders: Folders::of(&exchange.folder),
        handoff,
        exchange,
        mapping,
        channel,
    };
    loop {
        beat.beat();
        match carrier.round(&beat, &stop).await {
            Ok(()) => {}
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::error!(channel = carrier.channel.name, error = %Chain(&error), "the outbox cannot be worked on; it is tried again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Runs work that waits for disks where it holds nobody up.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|defect| Err(io::Error::other(defect)))
}

impl Carrier {
    async fn round(&self, beat: &Beat, stop: &CancellationToken) -> Result<(), StoreError> {
        let folders = self.folders.clone();
        if let Err(error) = on_disk(move || folders.make()).await {
            self.out_of_order(&error);
            return Ok(());
        }
        self.receipts().await?;
        if !self.take_back().await? {
            return Ok(());
        }
        let channel = self.channel.name.clone();
        let left = self
            .handoff
            .store
            .with(move |db| db.staged_packages(&channel))
            .await?;
        for message in left {
            if !self.place(message).await? {
                return Ok(());
            }
        }
        let channel = self.channel.clone();
        let due = self.handoff.store.with(move |db| {
            db.claim_packages(&channel, AT_ONCE, random_hex::<16>)?;
            db.queue_messages(&channel, random_hex::<16>)?;
            db.due_messages(&channel, AT_ONCE)
        });
        for message in due.await? {
            beat.beat();
            if stop.is_cancelled() || !self.send(message).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn out_of_order(&self, error: &io::Error) {
        let folder = self.exchange.folder.display();
        let why = format!("{folder}: {error}; packages wait until it can be written");
        self.handoff
            .readiness
            .not_ready(&self.channel.name, "folder_failed", &why);
    }

    /// Packages whose letter was registered out of one before; `false` when the folder cannot be written just now.
    async fn take_back(&self) -> Result<bool, StoreError> {
        let (store, channel) = (&self.handoff.store, self.channel.name.clone());
        let overtaken = store.with(move |db| db.packages_to_take_back(&channel));
        for message in overtaken.await? {
            let (folders, name) = (self.folders.clone(), message.message.clone());
            match on_disk(move || folders.take_back(&name)).await {
                Ok(found) => {
                    let taken = store
                        .with(move |db| db.package_taken_back(&message, (found, random_hex::<16>)));
                    taken.await?;
                }
                Err(error) => {
                    self.out_of_order(&error);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Makes one package and lays it down; `false` when the folder cannot be written just now.
    async fn send(&self, message: Message) -> Result<bool, StoreError> {
        if !message.has_content() {
            let told = message.clone();
            let about = self.handoff.store.with(move |db| match told.kind {
                Kind::AlertRaised => Ok(package::About::Pages(db.alert_pages_told(&told)?)),
                _ => Ok(package::About::Package(db.withdrawn_package(&told)?)),
            });
            let about = about.await?;
            let notice = package::notice(&message, &self.handoff.settings.station.name, &about);
            return self.stage(message, vec![notice], None).await;
        }
        let (letter, channel) = (message.letter.clone(), message.channel.clone());
        let handed = self.handoff.store.with(move |db| {
            let draft = db.draft_for(&channel, &letter)?;
            let kept = db.pages_kept_from_channel(&channel, &letter)?;
            let outline = Outline::of(db, &letter)?
                .without_instructions()
                .without_findings()
                .without(&kept);
            Ok((draft, outline))
        });
        let (draft, outline) = handed.await?;
        let pdf = match self.pdf(outline).await {
            Ok(pdf) => pdf,
            Err(why) => {
                tracing::warn!(
                    channel = self.channel.name,
                    letter = message.letter,
                    why,
                    "the archive file of a package cannot be made"
                );
                self.failed(message, "pdf_failed", PDF_RETRY).await?;
                return Ok(true);
            }
        };
        self.lay_down(message, &draft, pdf).await
    }

    async fn pdf(&self, outline: Outline) -> Result<Option<Vec<u8>>, String> {
        if !self.exchange.pdf || outline.pages() == 0 {
            return Ok(None);
        }
        let (evidence, settings) = (self.handoff.evidence.clone(), self.handoff.settings.clone());
        let made = tokio::task::spawn_blocking(move || {
            archive::make(
                outline,
                &evidence,
                &settings.station.name,
                settings.archive.level,
            )
        });
        match made.await {
            Ok(Ok(made)) => Ok(Some(made.pdf)),
            Ok(Err(error)) => Err(Chain(&error).to_string()),
            Err(defect) => Err(Chain(&defect).to_string()),
        }
    }

    async fn lay_down(
        &self,
        message: Message,
        draft: &Draft,
        pdf: Option<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let hash = pdf.as_ref().map(|pdf| digest::sha256_hex(pdf));
        let files = match package::files(&self.mapping, &message, draft, pdf) {
            Ok(files) => files,
            Err(unfit) => {
                let why = unfit.to_string();
                tracing::warn!(
                    channel = self.channel.name,
                    letter = message.letter,
                    why,
                    "the other system would not take this letter; it is back at the desk"
                );
                self.tell(&message.letter, "given_back");
                let back = self
                    .handoff
                    .store
                    .with(move |db| db.package_unfit(&message, &why));
                back.await?;
                return Ok(true);
            }
        };
        self.stage(message, files, hash).await
    }

    /// Whole beside the folder, on record, then into it.
    async fn stage(
        &self,
        message: Message,
        files: Vec<PackageFile>,
        hash: Option<String>,
    ) -> Result<bool, StoreError> {
        let folders = self.folders.clone();
        if let Err(error) = on_disk(move || folders.stage(&files)).await {
            self.out_of_order(&error);
            self.failed(message, "folder_failed", FOLDER_RETRY).await?;
            return Ok(false);
        }
        let staged = message.clone();
        let record = move |db: &mut Db| db.package_staged(&staged, hash.as_deref());
        self.handoff.store.with(record).await?;
        self.place(message).await
    }

    /// From `staging` into the folder, then on record.
    async fn place(&self, message: Message) -> Result<bool, StoreError> {
        let (folders, name) = (self.folders.clone(), message.message.clone());
        if let Err(error) = on_disk(move || folders.place(&name)).await {
            self.out_of_order(&error);
            return Ok(false);
        }
        self.handoff.readiness.ready(&self.channel.name);
        if message.has_content() {
            self.tell(&message.letter, "handed_out");
        }
        let placed = self
            .handoff
            .store
            .with(move |db| db.package_placed(&message));
        placed.await?;
        Ok(true)
    }

    async fn failed(
        &self,
        message: Message,
        code: &'static str,
        retry: Retry,
    ) -> Result<(), StoreError> {
        let letter = message.letter.clone();
        let failed =
            move |db: &mut Db| db.message_failed(&message, (code, None), (Some(retry), chance()));
        if self.handoff.store.with(failed).await? == State::Dead {
            self.handoff.events.tell(Event::Alert {
                code: "message_given_up".into(),
                subject: format!("letter/{letter}"),
            });
        }
        Ok(())
    }

    fn tell(&self, letter: &str, what: &str) {
        self.handoff.events.tell(Event::Letter {
            letter: letter.to_owned(),
            what: what.to_owned(),
        });
    }

    /// Every receipt that lies there: taken and put away, or set aside.
    async fn receipts(&self) -> Result<(), StoreError> {
        let (back, quiet) = (
            self.folders.back.clone(),
            Duration::from_millis(self.exchange.quiet_ms.0),
        );
        let found = match on_disk(move || receipts::look(&back, quiet)).await {
            Ok(found) => found,
            Err(error) => {
                self.out_of_order(&error);
                return Ok(());
            }
        };
        for found in found {
            let taken = match found.told {
                Ok(told) => answer::take(&self.handoff, &self.channel.name, told).await?,
                Err(no) => {
                    let language = self.handoff.settings.station.language;
                    Err(Refusal::new(language, no.code(), no.to_string()))
                }
            };
            if let Err(Refusal { why, .. }) = &taken {
                tracing::warn!(channel = self.channel.name, file = ?found.path.file_name(), why, "a receipt is set aside in in/bad: look at it");
                self.handoff.events.tell(Event::Alert {
                    code: "receipt_set_aside".into(),
                    subject: self.channel.name.clone(),
                });
            }
            let folders = self.folders.clone();
            // Taken twice is once: a receipt that cannot be put away is read again.
            if let Err(error) = on_disk(move || folders.put_away(&found.path, &taken)).await {
                self.out_of_order(&error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Vec<PackageFile> {
        ["p.xml", "p.pdf", "p.manifest.json"]
            .into_iter()
            .map(|name| PackageFile {
                name: name.into(),
                bytes: name.as_bytes().to_vec(),
            })
            .collect()
    }

    /// Killed between any two renames: going on brings the rest, and what was fetched meanwhile does not come again.
    #[test]
    fn a_package_is_placed_once_wherever_it_was_interrupted() {
        for moved in 0..=3 {
            let home = tempfile::tempdir().unwrap();
            let folders = Folders::of(home.path());
            folders.make().unwrap();
            folders.stage(&package()).unwrap();
            // The order in which they move, and the gate that carries each off at once.
            for name in ["p.pdf", "p.xml", "p.manifest.json"].iter().take(moved) {
                fs::rename(folders.staging.join(name), folders.out.join(name)).unwrap();
                fs::remove_file(folders.out.join(name)).unwrap();
            }
            folders.place("p").unwrap();
            folders.place("p").unwrap();
            let there = fs::read_dir(&folders.out).unwrap().count();
            assert_eq!(there, 3 - moved, "interrupted after {moved}");
            assert_eq!(fs::read_dir(&folders.staging).unwrap().count(), 0);
        }
    }

    #[test]
    fn another_package_with_a_longer_name_stays_where_it_is() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::of(home.path());
        folders.make().unwrap();
        folders.stage(&package()).unwrap();
        fs::write(folders.staging.join("p2.xml"), "x").unwrap();
        folders.place("p").unwrap();
        assert!(folders.staging.join("p2.xml").exists());
    }
}
