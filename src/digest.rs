//! Hashes as lower-case hex: SHA-256 names originals and chains the ledger, SM3 (GB/T 32905) stands beside it.

use sha2::{Digest, Sha256};

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes every write");
            text
        })
}

/// SHA-256 of these bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, and how many bytes it has.
///
/// # Errors
/// What reading says.
pub fn sha256_of_file(path: &std::path::Path) -> std::io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let size = std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok((hex(&hasher.finalize()), size))
}

/// SM3 of these bytes.
pub fn sm3_hex(bytes: &[u8]) -> String {
    hex(&sm3::Sm3::digest(bytes))
}

/// A name of at most so many bytes: a longer one keeps its beginning and bears a hash of the whole, so that two stay two.
#[must_use]
pub fn bounded_name(name: &str, bytes: usize) -> String {
    if name.len() <= bytes {
        return name.to_owned();
    }
    let hash = &sha256_hex(name.as_bytes())[..12];
    let mut kept = bytes.saturating_sub(hash.len() + 1);
    while !name.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}-{hash}", &name[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_255_bytes_becomes_a_short_one_and_two_stay_two() {
        let long = |last: char| format!("{}{last}", "信".repeat(84));
        let (one, other) = (bounded_name(&long('甲'), 64), bounded_name(&long('乙'), 64));
        assert!(one.len() <= 64 && one.starts_with("信信信"), "{one}");
        assert_ne!(one, other);
        assert_eq!(bounded_name("A001", 64), "A001");
    }
}
