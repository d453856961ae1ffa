//! A station's key: 32 random bytes, its number, and the form in which it is printed, typed in and kept in files.

use std::fmt;
use std::io;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::REALM;
use crate::digest::hex;
use crate::seal::{Master, derive};

/// Crockford's digits: no I, L, O, U, which are mistaken for others.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bytes that tell a mistyped key from a right one.
const CHECK_BYTES: usize = 3;
const BYTES: usize = 32 + CHECK_BYTES;
/// 35 bytes are 56 digits of five bits.
const SYMBOLS: usize = BYTES * 8 / 5;
const GROUP: usize = 4;

/// The key of a station; wiped when it is dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct StationKey(Master);

/// A key's number: tells keys apart and nothing about them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Debug for StationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StationKey({})", self.id())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl KeyId {
    /// Back from its hex form, as it is written: a capital letter is a changed bit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 8];
        if text.len() != 16 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(Self(id)).filter(|id| id.to_string() == text)
    }
}

impl StationKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> io::Result<Self> {
        let mut master = Master::default();
        getrandom::fill(master.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self(master))
    }

    /// One that was made elsewhere, of a passphrase or out of a sealed file.
    pub fn from_master(master: Master) -> Self {
        Self(master)
    }

    /// What others are derived from.
    pub(crate) fn master(&self) -> &Master {
        &self.0
    }

    /// Its number.
    pub fn id(&self) -> KeyId {
        let full = derive(&self.0, &format!("{REALM}: number"));
        let mut id = [0; 8];
        id.copy_from_slice(&full[..8]);
        KeyId(id)
    }

    /// As it is written down: 14 groups of four characters, the last of which check the others.
    pub fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..32].copy_from_slice(self.0.as_slice());
        bytes[32..].copy_from_slice(&check(&self.0));
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / GROUP));
        for at in 0..SYMBOLS {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(DIGITS[usize::from(five_bits(&bytes, at))]));
        }
        text
    }

    /// Read back from what was typed or lies in a file: case, spaces and dashes do not matter, O is 0, I and L are 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        let mut count = 0;
        for c in text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—'))
        {
            let digit = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = DIGITS.iter().position(|d| char::from(*d) == digit)?;
            if count == SYMBOLS {
                return None;
            }
            for bit in 0..5 {
                if value >> (4 - bit) & 1 == 1 {
                    let place = count * 5 + bit;
                    bytes[place / 8] |= 0x80 >> (place % 8);
                }
            }
            count += 1;
        }
        let mut master = Master::default();
        master.copy_from_slice(&bytes[..32]);
        let fits = count == SYMBOLS && bytes[32..] == check(&master);
        if !fits {
            master.zeroize();
            return None;
        }
        Some(Self(master))
    }

    /// Whether somebody meant to write a key, right or not: then it is no passphrase.
    pub fn looks_like_one(text: &str) -> bool {
        let letters = text.chars().filter(|c| c.is_ascii_alphanumeric()).count();
        let others = text.chars().filter(|c| !c.is_ascii_alphanumeric());
        letters.abs_diff(SYMBOLS) <= 4
            && others
                .clone()
                .all(|c| c.is_whitespace() || matches!(c, '-' | '–' | '—'))
            && others.count() >= 10
    }
}

fn check(master: &Master) -> [u8; CHECK_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update(b"laixin key");
    hasher.update(master.as_slice());
    let full = hasher.finalize();
    [full[0], full[1], full[2]]
}

fn five_bits(bytes: &[u8; BYTES], at: usize) -> u8 {
    (0..5).fold(0, |value, bit| {
        let place = at * 5 + bit;
        value << 1 | (bytes[place / 8] >> (7 - place % 8) & 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_however_it_was_typed() {
        let key = StationKey::new().unwrap();
        let text = key.text();
        assert_eq!(text.split('-').count(), 14);
        let typed = [
            text.to_string(),
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('-', ""),
            text.replace('0', "O").replace('1', "l"),
            format!("  {}\n", text.as_str()),
        ];
        for typed in typed {
            let again = StationKey::parse(&typed).expect(&typed);
            assert_eq!(again.master(), key.master());
        }
        assert!(StationKey::looks_like_one(&text));
        assert!(!StationKey::looks_like_one(
            "a passphrase of ordinary words"
        ));
        assert!(!format!("{key:?}").contains(&text[..9]));
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let text = StationKey::new().unwrap().text();
        for at in (0..text.len()).filter(|at| text.as_bytes()[*at] != b'-') {
            for other in DIGITS.iter().filter(|d| **d != text.as_bytes()[at]) {
                let mut wrong = text.as_bytes().to_vec();
                wrong[at] = *other;
                assert!(StationKey::parse(std::str::from_utf8(&wrong).unwrap()).is_none());
            }
        }
        assert!(StationKey::parse(&text[..text.len() - 1]).is_none());
        assert!(StationKey::parse(&format!("{}A", text.as_str())).is_none());
        assert!(StationKey::parse("").is_none());
    }
}
