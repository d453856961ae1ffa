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
    /// OpenVINO's library is not where it should be.
    #[error("{}", dir.as_ref().map_or_else(|| "OpenVINO is not installed".into(), |dir| format!("OpenVINO is not installed in {}", dir.display())))]
    OpenVinoMissing {
        /// The folder that was looked in; `None` when none was named.
        dir: Option<PathBuf>,
    },
    /// OpenVINO's library is there but does not work.
    #[error("OpenVINO does not start from {}", library.display())]
    OpenVino {
        /// The file.
        library: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
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

/// A value of an ONNX file's metadata: field 14 of the model holds pairs of key (1) and value (2).
pub(crate) fn metadata(model: &[u8], key: &str) -> Option<String> {
    const PAIR: u64 = 14;
    fields(model)
        .filter(|(field, _)| *field == PAIR)
        .find_map(|(_, pair)| {
            let part = |wanted| {
                fields(pair)
                    .find(|(field, _)| *field == wanted)
                    .map(|f| f.1)
            };
            let value = (part(1)? == key.as_bytes()).then(|| part(2))??;
            String::from_utf8(value.to_vec()).ok()
        })
}

/// Number and bytes of each length-delimited field of a protobuf message; ends at the first thing that is none.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let tag = varint(&mut message)?;
            match tag & 7 {
                0 => {
                    varint(&mut message)?;
                }
                2 => {
                    let length = usize::try_from(varint(&mut message)?).ok()?;
                    let (value, rest) = message.split_at_checked(length)?;
                    message = rest;
                    return Some((tag >> 3, value));
                }
                _ => return None,
            }
        }
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_metadata_is_found_and_a_broken_file_has_none() {
        // Version 8; a field of four bytes; key "a" with value "xy"; key "b" with "z".
        let model = b"\x08\x08\x12\x04abcd\x72\x07\x0a\x01a\x12\x02xy\x72\x06\x0a\x01b\x12\x01z";
        assert_eq!(metadata(model, "a").as_deref(), Some("xy"));
        assert_eq!(metadata(model, "b").as_deref(), Some("z"));
        assert_eq!(metadata(model, "c"), None);
        for end in 0..model.len() {
            assert_eq!(metadata(&model[..end], "b"), None);
        }
        assert_eq!(metadata(&[0xFF; 40], "a"), None);
    }
}
