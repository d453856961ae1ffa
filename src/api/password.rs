//! Passwords and secrets: argon2id hashes, random tokens, and the proof of a password off the async threads.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};

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
    let argon2 = Argon2::default();
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(salt.as_salt()),
        hash: Some(output(
            &argon2,
            password,
            salt.as_salt(),
            Params::DEFAULT_OUTPUT_LEN,
        )?),
    };
    Ok(phc.to_string())
}

/// Whether the password belongs to the hash. Without a hash the same work is done and the answer is no.
pub fn proves(password: &str, phc: Option<&str>) -> bool {
    // Parameters as `hash` gives; nobody knows a password for it.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let right = is_hash_of(phc.unwrap_or(NOBODY), password).unwrap_or(false);
    right && phc.is_some()
}

fn is_hash_of(phc: &str, password: &str) -> Result<bool, argon2::password_hash::Error> {
    let phc = PasswordHash::new(phc)?;
    let (Some(salt), Some(hash)) = (phc.salt, phc.hash) else {
        return Ok(false);
    };
    let version = phc.version.map_or(Ok(Version::V0x13), Version::try_from)?;
    let algorithm = Algorithm::try_from(phc.algorithm)?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&phc)?);
    // Compared in constant time.
    Ok(output(&argon2, password, salt, hash.len())? == hash)
}

/// The hash itself, one at a time: 19 MB each, and a hundred who sign in at once must not take two gigabytes. They go back to the system afterwards
/// (`MALLOC_MMAP_THRESHOLD_` of the unit).
fn output(
    argon2: &Argon2<'_>,
    password: &str,
    salt: Salt<'_>,
    length: usize,
) -> Result<Output, argon2::password_hash::Error> {
    static TURN: Mutex<()> = Mutex::new(());
    let mut salt_bytes = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut salt_bytes)?;
    Output::init_with(length, |out| {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = vec![Block::default(); argon2.params().block_count()];
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory)?;
        Ok(())
    })
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
        for odd in [
            "",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$scrypt$ln=1$AAAA$AAAA",
        ] {
            assert!(!proves("correct horse", Some(odd)));
        }
    }

    #[test]
    fn a_hash_made_by_the_library_itself_is_proven_and_ours_by_it() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let theirs = Argon2::default().hash_password(b"correct horse", &salt);
        assert!(proves("correct horse", Some(&theirs.unwrap().to_string())));
        let ours = hash("correct horse").unwrap();
        let ours = PasswordHash::new(&ours).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &ours)
                .is_ok()
        );
    }
}
