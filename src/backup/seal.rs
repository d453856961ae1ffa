//! How a back-up is encrypted: argon2id makes a key of the passphrase, XChaCha20-Poly1305 seals every file in chunks. Leaves out where
//! files lie and what they mean.
//!
//! A sealed file is 19 random bytes, then chunks of 1 MiB with their tags. A chunk's nonce is those bytes, the chunk's number and
//! whether it is the last: chunks cannot be moved, repeated or left off. What the file is said to be is authenticated with it, so one
//! file cannot stand for another.

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::hex;

const CHUNK_BYTES: usize = 1024 * 1024;
const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 19;

/// What one try of a passphrase costs (RFC 9106's second choice), and the most that a folder may ask of us.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const MEMORY_KIB_MOST: u32 = 1024 * 1024;
const PASSES_MOST: u32 = 20;

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

/// How a folder's key is made; kept in the clear beside what it locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecipe {
    memory_kib: u32,
    passes: u32,
    /// Hex.
    salt: String,
    /// Tells a wrong passphrase from a damaged file.
    check: String,
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

/// The keys of one folder.
#[derive(Clone)]
pub struct Keys {
    cipher: XChaCha20Poly1305,
    names: [u8; 32],
}

fn derive(master: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(master).expect("any length is a key");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

impl Keys {
    /// New keys for a new folder.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(passphrase: &[u8]) -> io::Result<(Self, KeyRecipe)> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let mut recipe = KeyRecipe {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: hex(&salt),
            check: String::new(),
        };
        let (keys, check) = Self::make(passphrase, &recipe)?;
        recipe.check = check;
        Ok((keys, recipe))
    }

    /// The keys of a folder; `None` when the passphrase is another one.
    ///
    /// # Errors
    /// When the recipe asks for more than any of ours.
    pub fn of(passphrase: &[u8], recipe: &KeyRecipe) -> io::Result<Option<Self>> {
        let (keys, check) = Self::make(passphrase, recipe)?;
        Ok((check == recipe.check).then_some(keys))
    }

    fn make(passphrase: &[u8], recipe: &KeyRecipe) -> io::Result<(Self, String)> {
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "no recipe for a key of ours");
        if recipe.memory_kib > MEMORY_KIB_MOST || recipe.passes > PASSES_MOST {
            return Err(odd());
        }
        let params =
            Params::new(recipe.memory_kib, recipe.passes, 1, Some(32)).map_err(|_| odd())?;
        let mut master = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, recipe.salt.as_bytes(), &mut master)
            .map_err(|_| odd())?;
        let cipher = XChaCha20Poly1305::new(&derive(&master, "laixin back-up: files").into());
        let names = derive(&master, "laixin back-up: names");
        let check = hex(&derive(&master, "laixin back-up: check"));
        Ok((Self { cipher, names }, check))
    }
}

impl Seal {
    /// The file name of a blob: under encryption nobody can tell from it whether a known image is there.
    pub fn name_of(&self, sha256: &str) -> String {
        match self {
            Self::Open => sha256.to_owned(),
            Self::Sealed(keys) => hex(&derive(&keys.names, sha256)),
        }
    }

    /// Writes everything of `from` to `to`, sealed as `what`.
    ///
    /// # Errors
    /// What reading or writing says.
    pub fn write(&self, what: &str, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        let Self::Sealed(keys) = self else {
            return io::copy(from, to).map(drop);
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
            return Ok(io::copy(from, to).map(drop)?);
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
        let (keys, recipe) = Keys::new(b"one passphrase").unwrap();
        assert!(Keys::of(b"one passphrase", &recipe).unwrap().is_some());
        assert!(Keys::of(b"another", &recipe).unwrap().is_none());
        Seal::Sealed(Box::new(keys))
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

    #[test]
    fn a_recipe_that_would_take_the_machine_down_is_refused() {
        let (_, mut recipe) = Keys::new(b"p").unwrap();
        recipe.memory_kib = u32::MAX;
        assert!(Keys::of(b"p", &recipe).is_err());
    }
}
