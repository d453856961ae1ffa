//! Passwords and secrets: argon2id hashes, random tokens, and the proof of a password off the async threads.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::digest;

/// So many random bytes as hex.
///
/// # Panics
/// When the system has no random numbers; nothing secret may be made then.
pub fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    digest::hex(&bytes)
}

/// A password's argon2id hash as PHC string. Whether the password may be taken is `domain::password`'s to say.
///
/// # Errors
/// When the hash function refuses.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the system gives random numbers");
    let salt = SaltString::encode_b64(&salt)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

/// Whether the password belongs to the hash. Without a hash the same work is done and the answer is no.
pub fn proves(password: &str, phc: Option<&str>) -> bool {
    // Parameters as `hash` gives; nobody knows a password for it.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let right = PasswordHash::new(phc.unwrap_or(NOBODY)).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    right && phc.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_proves_its_password_only() {
        let phc = hash("correct horse").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(proves("correct horse", Some(&phc)));
        assert!(!proves("wrong horse!", Some(&phc)));
        assert!(!proves("correct horse", None));
    }
}
