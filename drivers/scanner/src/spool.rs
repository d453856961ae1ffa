//! Where a driven scanner's images are written before they are offered: `<spool>/<scan>/0001.jpg`. An image has that name only when it is whole and on
//! the disk; until then it is hidden, and what never became whole is kept in `held`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use crate::complete::{self, LooksLike, Shape, Verdict};
use crate::order::Trouble;

/// The spool of one scanner.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
}

/// The sub-folder of what was cut short.
const HELD: &str = "held";
/// Which job runs on the device, as long as it may.
const JOB: &str = ".job";
/// Where another program writes the images of one scan, below the scan's folder.
pub(crate) const PRIVATE: &str = ".scanimage";

/// The name of an image there, without its number and ending.
pub(crate) const PRIVATE_NAME: &str = "p";

/// The number of an image there; none: not finished, or nothing of ours.
fn number_of(file: &Path) -> Option<u32> {
    let is_image = file.extension().is_some_and(|end| end == "png");
    let stem = file.file_stem().filter(|_| is_image)?.to_str()?;
    stem.strip_prefix(PRIVATE_NAME)?.parse().ok()
}

/// The number of a part, by its name `.0003.part`.
fn part_number(file: &Path) -> Option<u32> {
    file.file_stem()?.to_str()?.strip_prefix('.')?.parse().ok()
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let items = fs::read_dir(folder)?.map(|item| item.map(|item| item.path()));
    let mut paths = items.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

impl Spool {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let spool = Self {
            folder: folder.to_owned(),
        };
        spool.put_away_interrupted()?;
        Ok(spool)
    }

    pub(crate) fn held(&self) -> PathBuf {
        self.folder.join(HELD)
    }

    /// The file that says which job runs on the device.
    pub(crate) fn job_file(&self) -> PathBuf {
        self.folder.join(JOB)
    }

    /// Remembers the job that runs on the device: a run that is killed cannot end it.
    pub(crate) fn remember_job(&self, address: &str) -> io::Result<()> {
        let file = self.job_file();
        fs::write(&file, address)?;
        File::open(&file)?.sync_all()?;
        File::open(&self.folder)?.sync_all()
    }

    /// The job that an earlier run, or scan, may have left on the device.
    pub(crate) fn remembered_job(&self) -> Option<String> {
        let address = fs::read_to_string(self.job_file()).ok()?;
        (!address.is_empty()).then_some(address)
    }

    /// That job is over; another one may be remembered by now.
    pub(crate) fn forget_job(&self, address: &str) {
        if self.remembered_job().is_some_and(|known| known == address) {
            // Best effort: it is ended once more at the next start.
            let _ = fs::remove_file(self.job_file());
        }
    }

    /// Parts of images that a killed run left are kept, out of the way; images that another program had finished for it are taken in.
    fn put_away_interrupted(&self) -> io::Result<()> {
        for item in fs::read_dir(&self.folder)? {
            let folder = item?.path();
            if !folder.is_dir() || folder.file_name().is_some_and(|name| name == HELD) {
                continue;
            }
            let private = folder.join(PRIVATE);
            for file in sorted(&folder)? {
                if file.extension().is_none_or(|end| end != "part") {
                    continue;
                }
                match part_number(&file).filter(|_| private.is_dir()) {
                    // The other program was done with it.
                    Some(number) => self.take_in(&file, number)?,
                    None => self.put_away(&file, "interrupted")?,
                }
            }
            if private.is_dir() {
                self.take_over(&folder, &private)?;
            }
        }
        Ok(())
    }

    /// What the other program wrote: whole images get their name, the rest is put away. Its folder stays, since it may still be at it.
    fn take_over(&self, folder: &Path, private: &Path) -> io::Result<()> {
        for file in sorted(private)? {
            let Some(number) = number_of(&file) else {
                self.put_away(&file, "interrupted")?;
                continue;
            };
            let part = folder.join(format!(".{number:04}.part"));
            fs::rename(&file, &part)?;
            self.take_in(&part, number)?;
        }
        Ok(())
    }

    /// Offers an image if it is one; what is none, or has a number that is taken, is put away.
    fn take_in(&self, part: &Path, number: u32) -> io::Result<()> {
        let bytes = fs::metadata(part)?.len();
        match self.offer(part, number, bytes) {
            Err(Trouble::Disk(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.put_away(part, "interrupted")
            }
            Err(Trouble::Disk(error)) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Keeps what never became an image; of nothing nothing is kept.
    pub(crate) fn put_away(&self, path: &Path, code: &str) -> io::Result<()> {
        if fs::metadata(path)?.len() == 0 {
            return fs::remove_file(path);
        }
        let folder = self.held().join(code);
        fs::create_dir_all(&folder)?;
        let above = path.ancestors().skip(1).filter_map(Path::file_name);
        let scan = above
            .into_iter()
            .find(|name| *name != PRIVATE)
            .unwrap_or_default();
        let name = path.file_name().unwrap_or_default();
        let name = format!("{}_{}", scan.to_string_lossy(), name.to_string_lossy());
        let free = (1..)
            .map(|number| folder.join(format!("{}.{number}", name.replace("_.", "_"))))
            .find(|path| !path.exists())
            .expect("some number is free");
        fs::rename(path, free)
    }

    /// The folder of a scan; made if it is not there.
    pub(crate) fn folder_of(&self, order: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join(order);
        if !folder.is_dir() {
            fs::create_dir_all(&folder)?;
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(folder)
    }

    /// Begins an image.
    pub(crate) async fn begin(&self, order: &str, number: u32) -> io::Result<Incoming> {
        let part = self.folder_of(order)?.join(format!(".{number:04}.part"));
        let file = tokio::fs::File::create(&part).await?;
        Ok(Incoming {
            spool: self.clone(),
            part,
            file,
            number,
            bytes: 0,
        })
    }

    /// Takes a finished file of another program in as an image.
    pub(crate) async fn adopt(
        &self,
        file: PathBuf,
        order: &str,
        number: u32,
    ) -> Result<u64, Trouble> {
        let (spool, order) = (self.clone(), order.to_owned());
        tokio::task::spawn_blocking(move || {
            let bytes = fs::metadata(&file).map_err(Trouble::Disk)?.len();
            let part = spool
                .folder_of(&order)
                .map_err(Trouble::Disk)?
                .join(format!(".{number:04}.part"));
            fs::rename(&file, &part).map_err(Trouble::Disk)?;
            spool.offer(&part, number, bytes).map(|()| bytes)
        })
        .await
        .map_err(|defect| Trouble::Disk(io::Error::other(defect)))?
    }

    /// Looks whether the image is whole, makes it durable, gives it its name.
    fn offer(&self, part: &Path, number: u32, bytes: u64) -> Result<(), Trouble> {
        let (trouble, code) = match complete::inspect(part) {
            Verdict::Complete(shape) => {
                return name_it(part, number, &shape).map_err(Trouble::Disk);
            }
            Verdict::Unreadable(kind) => return Err(Trouble::Disk(kind.into())),
            Verdict::NotAnImage(looks_like) => {
                (Trouble::NotAnImage { number, looks_like }, "not_an_image")
            }
            _ => (Trouble::Truncated { number, bytes }, "truncated"),
        };
        self.put_away(part, code).map_err(Trouble::Disk)?;
        Err(trouble)
    }
}

fn name_it(part: &Path, number: u32, shape: &Shape) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    let ending = match shape {
        Shape::Jpeg => "jpg",
        Shape::Png => "png",
        Shape::Tiff { .. } => "tif",
        Shape::Pdf => "pdf",
        // Only a folder that is filled by others has such.
        Shape::Index(_) => return Err(io::ErrorKind::InvalidData.into()),
    };
    let folder = part.parent().unwrap_or(Path::new("."));
    let name = folder.join(format!("{number:04}.{ending}"));
    if name.exists() {
        // A number comes once in a scan: nothing that is there is ever replaced.
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(part, name)?;
    File::open(folder)?.sync_all()
}

/// An image that is being written.
#[derive(Debug)]
pub(crate) struct Incoming {
    spool: Spool,
    part: PathBuf,
    file: tokio::fs::File,
    number: u32,
    bytes: u64,
}

impl Incoming {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// The body has ended as it should: checked, durable, offered.
    pub(crate) async fn finish(mut self) -> Result<u64, Trouble> {
        self.file.flush().await.map_err(Trouble::Disk)?;
        drop(self.file);
        let (spool, part, number, bytes) = (self.spool, self.part, self.number, self.bytes);
        tokio::task::spawn_blocking(move || spool.offer(&part, number, bytes).map(|()| bytes))
            .await
            .map_err(|defect| Trouble::Disk(io::Error::other(defect)))?
    }

    /// The body broke off: kept beside, not offered.
    pub(crate) async fn broke_off(mut self, code: &'static str) -> Result<(), Trouble> {
        // What could not be written any more is lost with the body; what was written is kept.
        let _ = self.file.flush().await;
        drop(self.file);
        self.spool.put_away(&self.part, code).map_err(Trouble::Disk)
    }

    /// The same, for a body that is something else than an image.
    pub(crate) async fn put_away_as_no_image(self, looks_like: LooksLike) -> Trouble {
        let number = self.number;
        match self.broke_off("not_an_image").await {
            Ok(()) => Trouble::NotAnImage { number, looks_like },
            Err(trouble) => trouble,
        }
    }
}
