//! Numbers of alerts and amendments as case systems see them. The station's own rise by one, and whoever misses some knows how many are kept from him: so each
//! is told by a number that says nothing, and always by the same (a keyed permutation of 52 bits, which every JSON reader holds).

use super::{Db, StoreError};
use crate::digest;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// Alerts.
    Alert,
    /// Amendments.
    Amendment,
}

const HALF: u32 = 26;
const MASK: i64 = (1 << HALF) - 1;
const ROUNDS: u8 = 6;

fn mixed(key: &[u8], of: Numbered, round: u8, half: i64) -> i64 {
    let said = [key, &[of as u8, round], &half.to_be_bytes()].concat();
    let hash = digest::sha256_hex(&said);
    i64::from_str_radix(&hash[..8], 16).expect("hexadecimal") & MASK
}

fn shown(key: &[u8], of: Numbered, number: i64) -> i64 {
    let (mut left, mut right) = (number >> HALF & MASK, number & MASK);
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ mixed(key, of, round, right));
    }
    left << HALF | right
}

fn meant(key: &[u8], of: Numbered, number: i64) -> i64 {
    let (mut left, mut right) = (number >> HALF & MASK, number & MASK);
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ mixed(key, of, round, left), left);
    }
    left << HALF | right
}

impl Db {
    /// The number under which case systems know an alert or an amendment.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn number_shown(&self, of: Numbered, number: i64) -> Result<i64, StoreError> {
        Ok(shown(&self.number_key()?, of, number))
    }

    /// The station's number for one that a case system names.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn number_meant(&self, of: Numbered, number: i64) -> Result<i64, StoreError> {
        Ok(meant(&self.number_key()?, of, number))
    }

    /// The key of the searches, for want of another that is random and stays.
    fn number_key(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT key FROM search_key")?
            .query_row([], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_leads_back_and_says_nothing_of_those_before_it() {
        let told: Vec<i64> = (1..200)
            .map(|n| shown(b"key", Numbered::Alert, n))
            .collect();
        for (n, told) in (1..).zip(&told) {
            assert_eq!(meant(b"key", Numbered::Alert, *told), n);
            assert!((0..1 << 52).contains(told));
            assert_ne!(*told, shown(b"key", Numbered::Amendment, n));
            assert_ne!(*told, shown(b"other", Numbered::Alert, n));
        }
        let rising = told.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((60..140).contains(&rising), "{rising} of 198");
    }
}
