//! What a Chinese text means, as numbers: multilingual-e5-small cut down by `setup/meaning.py`, computed in plain Rust.
//!
//! The first eight of its twelve layers are computed, and of three of them the mean over the text is given: what tells a threat from what
//! only sounds like one is in the middle of the model, not in its last layer.

mod network;
mod pieces;
mod stored;

use std::path::{Path, PathBuf};

use network::Network;
use pieces::Pieces;
use sha2::{Digest, Sha256};
use stored::Stored;

/// The model's file, as `make setup` writes it.
pub const FILE: &str = "meaning.bin";
const SHA256: &str = "ec96c716cbe2c45b788f2bcf1882c9da7b89de86c1ac7defff99b466bad2aea1";

/// How many numbers a text has: of three layers, 384 each.
pub const NUMBERS: usize = 1152;

/// Texts computed at once.
const MOST_CORES: usize = 4;

/// Why the model could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not the one this driver was built for.
    #[error("{}: not the model of this version", path.display())]
    WrongChecksum {
        /// Which.
        path: PathBuf,
    },
}

/// Whether a folder has the model, without loading it.
///
/// # Errors
/// [`OpenError`] names the file.
pub fn check(models_dir: &Path) -> Result<(), OpenError> {
    pinned(models_dir).map(drop)
}

/// The bytes of the file, if they are the model's.
fn pinned(models_dir: &Path) -> Result<Vec<u8>, OpenError> {
    let path = models_dir.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(OpenError::Unreadable { path, source }),
    };
    let digest = Sha256::digest(&bytes);
    let found: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    if found == SHA256 {
        Ok(bytes)
    } else {
        Err(OpenError::WrongChecksum { path })
    }
}

/// The model, loaded: about 70 MB.
#[derive(Debug)]
pub struct Meaning {
    pieces: Pieces,
    network: Network,
    /// One thread each.
    cores: Vec<rayon::ThreadPool>,
}

impl Meaning {
    /// Loads the model from a folder.
    ///
    /// # Errors
    /// [`OpenError`] names the file.
    pub fn open(models_dir: &Path) -> Result<Self, OpenError> {
        let read = Self::read(&pinned(models_dir)?);
        read.ok_or_else(|| OpenError::WrongChecksum {
            path: models_dir.join(FILE),
        })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut stored = Stored::of(bytes);
        let sizes = network::Sizes::read(&mut stored)?;
        let pieces = Pieces::read(&mut stored, &sizes)?;
        let network = Network::read(&mut stored, sizes)?;
        // A text on one thread: shared out among several, each of its fifty multiplications would wait for the slowest of them, and beside
        // other work that is nearly all its time.
        let one = |_| rayon::ThreadPoolBuilder::new().num_threads(1).build().ok();
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_CORES));
        let cores = (0..cores).filter_map(one).collect();
        Some(Self {
            pieces,
            network,
            cores,
        })
    }

    /// The [`NUMBERS`] of each text, several at once where there are cores; what is longer than the model sees counts to there.
    #[must_use]
    pub fn of(&self, texts: &[String]) -> Vec<Vec<f32>> {
        let means = |share: &[String]| -> Vec<Vec<f32>> {
            let pieces = share.iter().map(|text| self.pieces.of(text));
            pieces.map(|pieces| self.network.means(&pieces)).collect()
        };
        if self.cores.is_empty() {
            return means(texts);
        }
        let each = texts.len().div_ceil(self.cores.len()).max(1);
        std::thread::scope(|scope| {
            let shares = texts.chunks(each).zip(&self.cores);
            let begun = shares.map(|(share, core)| scope.spawn(|| core.install(|| means(share))));
            let begun: Vec<_> = begun.collect();
            let done = begun.into_iter().map(std::thread::ScopedJoinHandle::join);
            done.flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }
}
