//! Model files: read, checked against the pinned SHA-256, then loaded. Downloads nothing.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A model file this driver was built for.
pub(crate) struct Pinned {
    pub(crate) file: &'static str,
    pub(crate) sha256: &'static str,
}

/// Text detection, PP-OCRv6 small.
pub(crate) const DETECTION: Pinned = Pinned {
    file: "PP-OCRv6_det_small.onnx",
    sha256: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
};

/// Text recognition, PP-OCRv6 small; its dictionary is in its metadata.
pub(crate) const RECOGNITION: Pinned = Pinned {
    file: "PP-OCRv6_rec_small.onnx",
    sha256: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
};

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No such file.
    #[error("model file {} is missing", path.display())]
    ModelMissing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The file is there but could not be read.
    #[error("model file {} cannot be read", path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another file than the one this driver was tested with: an interrupted download, an update, tampering.
    #[error("model file {} has SHA-256 {found}, expected {expected}", path.display())]
    WrongChecksum {
        /// The file.
        path: PathBuf,
        /// The pinned hash, hexadecimal.
        expected: &'static str,
        /// The hash of what is there.
        found: String,
    },
    /// The runtime did not accept the file.
    #[error("model file {} does not load", path.display())]
    ModelRefused {
        /// The file.
        path: PathBuf,
        /// What the runtime said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The recognition model carries no character list.
    #[error("model file {} has no metadata key `character`", path.display())]
    NoDictionary {
        /// The file.
        path: PathBuf,
    },
    /// The compiled-in folding dictionary did not load.
    #[error("the Traditional-to-Simplified dictionary does not load")]
    Folding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Tesseract or its language data did not start.
    #[error("Tesseract does not start with language {language}")]
    Tesseract {
        /// The language asked for.
        language: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The bytes of `model` in `dir`, once their hash is right.
pub(crate) fn read(dir: &Path, model: &Pinned) -> Result<Vec<u8>, OpenError> {
    let path = dir.join(model.file);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::ModelMissing { path });
        }
        Err(source) => return Err(OpenError::ModelUnreadable { path, source }),
    };
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if found != model.sha256 {
        return Err(OpenError::WrongChecksum {
            path,
            expected: model.sha256,
            found,
        });
    }
    Ok(bytes)
}
