//! How files are encrypted, here and in back-ups: XChaCha20-Poly1305 in chunks, under keys derived from one. Leaves out where files lie,
//! what they mean, and where the one key comes from.
//!
//! A sealed file is 19 random bytes, then chunks of 1 MiB with their tags. A chunk's nonce is those bytes, the chunk's number and
//! whether it is the last: chunks cannot be moved, repeated or left off. What the file is said to be is authenticated with it, so one
//! file cannot stand for another.

mod passphrase;

use std::io::{self, Read, Write};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::digest::hex;

pub use passphrase::KeyRecipe;

const CHUNK_BYTES: usize = 1024 * 1024;
const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 19;

/// Bytes that are copied at once where nothing is sealed.
const PLAIN_BYTES: usize = 256 * 1024;

/// A key that others are derived from; wiped when it is dropped.
pub type Master = Zeroizing<[u8; 32]>;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Its bytes were changed, cut short or moved, or another key sealed it.
    #[error("its bytes are not those that were written")]
    Damaged,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What files go through on their way.
#[derive(Clone)]
pub enum Seal {
    /// As they are: only where somebody asked for it by name.
    Open,
    /// Encrypted.
    Sealed(Box<Keys>),
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Sealed(_) => "Sealed",
        })
    }
}

/// The keys that files of one kind are sealed and named with.
#[derive(Clone)]
pub struct Keys {
    cipher: XChaCha20Poly1305,
    names: Master,
}

/// One key for one purpose: HMAC-SHA256, as the expansion of HKDF does it for a key of full strength.
pub fn derive(master: &Master, purpose: &str) -> Master {
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(master.as_slice()).expect("any length is a key");
    mac.update(purpose.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

impl Keys {
    /// The keys of a realm, such as `laixin back-up`: those of another realm open nothing of it.
    pub fn of(master: &Master, realm: &str) -> Self {
        let files = derive(master, &format!("{realm}: files"));
        Self {
            cipher: XChaCha20Poly1305::new(files.as_slice().into()),
            names: derive(master, &format!("{realm}: names")),
        }
    }
}

impl Seal {
    /// The file name of a blob: under encryption nobody can tell from it whether a known image is there.
    pub fn name_of(&self, sha256: &str) -> String {
        match self {
            Self::Open => sha256.to_owned(),
            Self::Sealed(keys) => hex(derive(&keys.names, sha256).as_slice()),
        }
    }

    /// Writes everything of `from` to `to`, sealed as `what`.
    ///
    /// # Errors
    /// What reading or writing says.
    pub fn write(&self, what: &str, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        let Self::Sealed(keys) = self else {
            return pass(from, to);
        };
        let mut prefix = [0; PREFIX_BYTES];
        getrandom::fill(&mut prefix).map_err(io::Error::other)?;
        to.write_all(&prefix)?;
        let (mut chunk, mut next) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
        let mut filled = fill(from, &mut chunk)?;
        for number in 0.. {
            let coming = fill(from, &mut next)?;
            let payload = Payload {
                msg: &chunk[..filled],
                aad: what.as_bytes(),
            };
            let sealed = keys
                .cipher
                .encrypt(&nonce(&prefix, number, coming == 0), payload)
                .map_err(|_| io::Error::other("a chunk could not be sealed"))?;
            to.write_all(&sealed)?;
            if coming == 0 {
                return Ok(());
            }
            std::mem::swap(&mut chunk, &mut next);
            filled = coming;
        }
        unreachable!("a file has fewer than 4 billion chunks")
    }

    /// Writes what was sealed as `what` to `to`. Until this returned `Ok`, what was written is not to be used.
    ///
    /// # Errors
    /// [`SealError::Damaged`], or what reading or writing says.
    pub fn read(
        &self,
        what: &str,
        from: &mut dyn Read,
        to: &mut dyn Write,
    ) -> Result<(), SealError> {
        let Self::Sealed(keys) = self else {
            return Ok(pass(from, to)?);
        };
        let mut prefix = [0; PREFIX_BYTES];
        if fill(from, &mut prefix)? < PREFIX_BYTES {
            return Err(SealError::Damaged);
        }
        let whole = CHUNK_BYTES + TAG_BYTES;
        let (mut chunk, mut next) = (vec![0; whole], vec![0; whole]);
        let mut filled = fill(from, &mut chunk)?;
        for number in 0.. {
            let coming = fill(from, &mut next)?;
            let payload = Payload {
                msg: &chunk[..filled],
                aad: what.as_bytes(),
            };
            let opened = keys
                .cipher
                .decrypt(&nonce(&prefix, number, coming == 0), payload)
                .map_err(|_| SealError::Damaged)?;
            to.write_all(&opened)?;
            if coming == 0 {
                return Ok(());
            }
            std::mem::swap(&mut chunk, &mut next);
            filled = coming;
        }
        unreachable!("a file has fewer than 4 billion chunks")
    }
}

fn pass(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; PLAIN_BYTES];
    loop {
        match fill(from, &mut buffer)? {
            0 => return Ok(()),
            filled => to.write_all(&buffer[..filled])?,
        }
    }
}

fn nonce(prefix: &[u8; PREFIX_BYTES], number: u32, is_last: bool) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..PREFIX_BYTES].copy_from_slice(prefix);
    nonce[PREFIX_BYTES..23].copy_from_slice(&number.to_be_bytes());
    nonce[23] = u8::from(is_last);
    nonce.into()
}

/// Reads until the buffer is full or nothing more comes.
fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Seal {
        let mut master = Master::default();
        getrandom::fill(master.as_mut_slice()).unwrap();
        Seal::Sealed(Box::new(Keys::of(&master, "a test")))
    }

    fn write(seal: &Seal, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal.write("blob/x", &mut &bytes[..], &mut out).unwrap();
        out
    }

    fn read(seal: &Seal, what: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        seal.read(what, &mut &bytes[..], &mut out).map(|()| out)
    }

    #[test]
    fn what_was_sealed_comes_back_and_nothing_of_it_shows() {
        let seal = sealed();
        for size in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            2 * CHUNK_BYTES,
        ] {
            let bytes = vec![b'a'; size];
            let out = write(&seal, &bytes);
            assert_eq!(read(&seal, "blob/x", &out).unwrap(), bytes);
            assert!(!out.windows(8).any(|w| w == b"aaaaaaaa"), "{size}");
        }
        assert_ne!(seal.name_of("ab"), "ab");
        assert_eq!(seal.name_of("ab"), seal.name_of("ab"));
    }

    #[test]
    fn changed_cut_moved_or_renamed_files_do_not_open() {
        let seal = sealed();
        let out = write(&seal, &vec![7; 2 * CHUNK_BYTES + 5]);
        let damaged =
            |bytes: &[u8]| matches!(read(&seal, "blob/x", bytes), Err(SealError::Damaged));
        for at in [0, 18, 19, CHUNK_BYTES, out.len() - 1] {
            let mut changed = out.clone();
            changed[at] ^= 1;
            assert!(damaged(&changed), "byte {at}");
        }
        let whole = CHUNK_BYTES + TAG_BYTES;
        assert!(
            damaged(&out[..PREFIX_BYTES + whole]),
            "cut at a chunk's end"
        );
        assert!(damaged(&out[..10]));
        assert!(damaged(&[out.as_slice(), b"x"].concat()), "longer");
        let mut moved = out.clone();
        let (first, rest) = moved[PREFIX_BYTES..].split_at_mut(whole);
        first.swap_with_slice(&mut rest[..whole]);
        assert!(damaged(&moved), "chunks in another order");
        assert!(matches!(
            read(&seal, "blob/y", &out),
            Err(SealError::Damaged)
        ));
        let other = sealed();
        assert!(matches!(
            read(&other, "blob/x", &out),
            Err(SealError::Damaged)
        ));
    }
}
