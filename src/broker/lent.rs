//! What goes between a station and a reader: a page, its bytes sealed to the readers; what was read on it, sealed to the station. Neither the brokers nor
//! their disks see any of it, and an answer is bound to the page it was asked for.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use nkeys::XKey;
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::store::Reading;

/// Lines of a page take 20 MB at most; what is longer is none.
const LONGEST: u64 = 256 * 1024 * 1024;

/// What is asked, in the clear: it says nothing of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ask {
    /// Names the page until it is answered; random.
    pub(super) token: String,
    /// The public key of the station in this run.
    pub(super) from: String,
}

/// Of the page itself, sealed with its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) token: String,
    /// SHA-256 of the original.
    pub(super) sha256: String,
    /// Page inside a multi-page file, from 0.
    pub(super) frame: u32,
    /// The engine it is to be read with.
    pub(super) engine: String,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) head: Head,
    /// Who read it.
    pub(super) reader: String,
    /// What is on it; or the stable code of why it was not read.
    pub(super) read: Result<Reading, String>,
}

/// A page for the readers. `None` where it cannot be sealed.
pub(super) fn sealed_page(head: &Head, bytes: &[u8], from: &XKey, to: &XKey) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(head).expect("plain values have a JSON form");
    let length = u32::try_from(text.len()).ok()?;
    let mut all = length.to_le_bytes().to_vec();
    all.extend_from_slice(&text);
    all.extend_from_slice(bytes);
    from.seal(&all, to).ok()
}

/// The page that this ask is about; `None` for anything else, changed or put in its place.
pub(super) fn opened_page(ask: &Ask, sealed: &[u8], own: &XKey) -> Option<(Head, Vec<u8>)> {
    let from = XKey::from_public_key(&ask.from).ok()?;
    let all = own.open(sealed, &from).ok()?;
    let (length, rest) = all.split_first_chunk::<4>()?;
    let (text, bytes) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let head: Head = serde_json::from_slice(text).ok()?;
    let is_it = head.token == ask.token && digest::sha256_hex(bytes) == head.sha256;
    is_it.then(|| (head, bytes.to_vec()))
}

/// An answer for the station.
pub(super) fn sealed_answer(done: &Done, own: &XKey, to: &XKey) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(done).expect("plain values have a JSON form");
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&text).ok()?;
    own.seal(&packed.finish().ok()?, to).ok()
}

/// What a reader answered; `None` for what no reader sealed.
pub(super) fn opened_answer(sealed: &[u8], own: &XKey, readers: &XKey) -> Option<Done> {
    let packed = own.open(sealed, readers).ok()?;
    let mut text = Vec::new();
    let mut unpacked = ZlibDecoder::new(packed.as_slice()).take(LONGEST);
    unpacked.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bytes: &[u8]) -> Head {
        Head {
            token: "t1".into(),
            sha256: digest::sha256_hex(bytes),
            frame: 0,
            engine: "e".into(),
        }
    }

    #[test]
    fn a_page_is_opened_by_readers_only_and_only_for_what_it_was_asked() {
        let (station, readers, other) = (XKey::new(), XKey::new(), XKey::new());
        let ask = Ask {
            token: "t1".into(),
            from: station.public_key(),
        };
        let bytes = "来信".as_bytes();
        let sealed = sealed_page(&head(bytes), bytes, &station, &readers).unwrap();
        assert!(!sealed.windows(3).any(|three| three == &bytes[..3]));
        let (found, page) = opened_page(&ask, &sealed, &readers).unwrap();
        assert_eq!((found, page.as_slice()), (head(bytes), bytes));
        assert_eq!(opened_page(&ask, &sealed, &other), None);
        let swapped = Ask {
            token: "t2".into(),
            ..ask.clone()
        };
        assert_eq!(opened_page(&swapped, &sealed, &readers), None);
        let forged = Ask {
            from: other.public_key(),
            ..ask.clone()
        };
        assert_eq!(opened_page(&forged, &sealed, &readers), None);
        let lying = sealed_page(&head(b"another"), bytes, &station, &readers).unwrap();
        assert_eq!(opened_page(&ask, &lying, &readers), None);
    }

    #[test]
    fn an_answer_is_a_readers_or_none() {
        let (station, readers, other) = (XKey::new(), XKey::new(), XKey::new());
        let done = Done {
            head: head(b"x"),
            reader: "r1".into(),
            read: Err("reader_died".into()),
        };
        let sealed = sealed_answer(&done, &readers, &station).unwrap();
        let opened = opened_answer(&sealed, &station, &readers).unwrap();
        assert_eq!(opened.head, done.head);
        assert!(opened_answer(&sealed, &other, &readers).is_none());
        let forged = sealed_answer(&done, &other, &station).unwrap();
        assert!(opened_answer(&forged, &station, &readers).is_none());
    }
}
