//! A passphrase → a key, by argon2id; and the recipe by which the same passphrase gives the same key again.

use std::io;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Master, derive};
use crate::digest::hex;

/// What one try of a passphrase costs (RFC 9106's second choice), and the most that a recipe may ask of us.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const MEMORY_KIB_MOST: u32 = 1024 * 1024;
const PASSES_MOST: u32 = 20;

/// How a key is made of a passphrase; kept in the clear beside what it locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecipe {
    memory_kib: u32,
    passes: u32,
    /// Hex.
    salt: String,
    /// Tells a wrong passphrase from a damaged file.
    check: String,
}

impl KeyRecipe {
    /// A new key of this passphrase, and how it was made.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(passphrase: &[u8], realm: &str) -> io::Result<(Master, Self)> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let mut recipe = Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: hex(&salt),
            check: String::new(),
        };
        let master = recipe.make(passphrase)?;
        recipe.check = check(&master, realm);
        Ok((master, recipe))
    }

    /// The key again; `None` when the passphrase is another one.
    ///
    /// # Errors
    /// When the recipe asks for more than any of ours.
    pub fn key_of(&self, passphrase: &[u8], realm: &str) -> io::Result<Option<Master>> {
        let master = self.make(passphrase)?;
        Ok((check(&master, realm) == self.check).then_some(master))
    }

    fn make(&self, passphrase: &[u8]) -> io::Result<Master> {
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "no recipe for a key of ours");
        if self.memory_kib > MEMORY_KIB_MOST || self.passes > PASSES_MOST {
            return Err(odd());
        }
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).map_err(|_| odd())?;
        let mut master = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, self.salt.as_bytes(), master.as_mut_slice())
            .map_err(|_| odd())?;
        Ok(master)
    }
}

fn check(master: &Master, realm: &str) -> String {
    hex(derive(master, &format!("{realm}: check")).as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_passphrase_gives_the_same_key_and_another_none() {
        let (key, recipe) = KeyRecipe::new(b"one passphrase", "a test").unwrap();
        let again = recipe.key_of(b"one passphrase", "a test").unwrap();
        assert_eq!(again, Some(key));
        assert_eq!(recipe.key_of(b"another", "a test").unwrap(), None);
    }

    #[test]
    fn a_recipe_that_would_take_the_machine_down_is_refused() {
        let (_, mut recipe) = KeyRecipe::new(b"p", "a test").unwrap();
        recipe.memory_kib = u32::MAX;
        assert!(recipe.key_of(b"p", "a test").is_err());
    }
}
