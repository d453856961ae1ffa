//! What the other stations of an office get of a confirmed registration: what SZ 7.4.1 compares it by, and nothing more. Whom it is addressed to, what it
//! asks for and its text are not in it.

use super::content::trigrams;
use super::packed::{put, take};
use super::{Grams, Place, Registered};

/// Triples of a text by which it is found: those whose hashes are the lowest, the same ones in every text that has them.
const SKETCH: usize = 32;
/// The first byte. What a newer laixin writes otherwise has another.
const FORMAT: u8 = 1;
/// Longest text and longest list: what is longer is no registration's.
const LONGEST: u32 = 1 << 16;

/// What one station says of one of its letters.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    /// The letter's number at its station.
    pub letter: String,
    /// What it is compared by; `None`: what was said of it before is taken back.
    pub registered: Option<Registered>,
    /// Hashes of triples of its text.
    sketch: Vec<u32>,
}

impl Fingerprint {
    /// Of a registration; `prepared` is the text of its matter.
    pub fn of(letter: &str, registered: &Registered, prepared: &str) -> Self {
        Self {
            letter: letter.to_owned(),
            registered: Some(compared(registered)),
            sketch: sketch(prepared),
        }
    }

    /// What was said of this letter is taken back.
    pub fn taken_back(letter: &str) -> Self {
        Self {
            letter: letter.to_owned(),
            registered: None,
            sketch: Vec::new(),
        }
    }

    /// The words by which it is found, a blank between; see [`words_of`].
    pub fn words(&self) -> String {
        match &self.registered {
            None => String::new(),
            Some(registered) => joined(keys(registered).chain(triples(&self.sketch))),
        }
    }

    /// As sent and as kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        put_text(&mut bytes, &self.letter);
        bytes.push(u8::from(self.registered.is_some()));
        let Some(r) = &self.registered else {
            return bytes;
        };
        let texts = [&r.name, &r.address, &r.id_number, &r.received_on];
        for text in texts {
            put_text(&mut bytes, text.as_deref().unwrap_or_default());
        }
        put_text(&mut bytes, &r.place.divisions);
        for list in [&r.place.ways, &r.place.numbers, &r.phones, &r.signatories] {
            put(&mut bytes, list.len() as u32);
            list.iter().for_each(|text| put_text(&mut bytes, text));
        }
        put(&mut bytes, self.sketch.len() as u32);
        bytes.extend(self.sketch.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes.extend(r.grams.packed());
        bytes
    }

    /// As [`Fingerprint::to_bytes`] wrote it; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (format, mut rest) = bytes.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let bytes = &mut rest;
        let letter = take_text(bytes)?;
        if letter.is_empty() {
            return None;
        }
        match *bytes.split_off_first()? {
            0 if bytes.is_empty() => return Some(Self::taken_back(&letter)),
            1 => {}
            _ => return None,
        }
        let mut text = || take_text(bytes).map(|text| (!text.is_empty()).then_some(text));
        let (name, address, id_number, received_on) = (text()?, text()?, text()?, text()?);
        let divisions = take_text(bytes)?;
        let mut list = || take_list(bytes);
        let (ways, numbers, phones, signatories) = (list()?, list()?, list()?, list()?);
        let hashes = take(bytes)? as usize;
        if hashes > SKETCH {
            return None;
        }
        let sketch = bytes.split_off(..hashes * 4)?.as_chunks::<4>().0.iter();
        let sketch = sketch.map(|hash| u32::from_le_bytes(*hash)).collect();
        let registered = Registered {
            name,
            address,
            id_number,
            received_on,
            place: Place {
                divisions,
                ways,
                numbers,
            },
            phones,
            signatories,
            grams: Grams::unpacked(bytes)?,
            ..Registered::default()
        };
        Some(Self {
            letter,
            registered: Some(registered),
            sketch,
        })
    }
}

/// The words by which registrations alike to this one are found: of its sender, and of its text. Each is a hash: the index holds no names.
pub fn words_of(registered: &Registered, prepared: &str) -> (Vec<String>, Vec<String>) {
    let of_text = triples(&sketch(prepared)).collect();
    (keys(registered).collect(), of_text)
}

/// What SZ 7.4.1 compares of a registration.
fn compared(registered: &Registered) -> Registered {
    Registered {
        addressee: None,
        written_on: None,
        purpose: None,
        category: None,
        restricted: false,
        ..registered.clone()
    }
}

fn keys(registered: &Registered) -> impl Iterator<Item = String> {
    let keys = registered.keys().into_iter();
    keys.map(|key| format!("k{:08x}", hash(&key)))
}

fn triples(sketch: &[u32]) -> impl Iterator<Item = String> {
    sketch.iter().map(|hash| format!("t{hash:08x}"))
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn sketch(prepared: &str) -> Vec<u32> {
    let mut hashes: Vec<u32> = trigrams(prepared)
        .iter()
        .map(|triple| hash(triple))
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(SKETCH);
    hashes
}

/// FNV-1a over 64 bits, its halves mixed: each bit of the result depends on every byte.
fn hash(text: &str) -> u32 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mixed = (hash ^ hash >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    ((mixed ^ mixed >> 33) >> 16) as u32
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u32);
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let length = take(bytes).filter(|length| *length < LONGEST)? as usize;
    let text = bytes.split_off(..length)?;
    String::from_utf8(text.to_vec()).ok()
}

fn take_list(bytes: &mut &[u8]) -> Option<Vec<String>> {
    let count = take(bytes).filter(|count| *count < LONGEST)?;
    (0..count).map(|_| take_text(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::draft::{EarlierFrom, EarlierIs};
    use crate::domain::repeat::content::of_text;
    use crate::domain::repeat::{Earlier, Weights, compare};

    fn registered(name: &str, phone: &str, text: &str) -> Registered {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let address = some("江苏省苏州市姑苏区平江路12号3幢401室");
        Registered {
            name: some(name),
            place: address.as_deref().map(Place::of).unwrap_or_default(),
            address,
            phones: some(phone).into_iter().collect(),
            id_number: some("320501196001011234"),
            signatories: vec![],
            addressee: some("林伯年"),
            written_on: some("2025-02-17"),
            received_on: some("2025-02-19"),
            purpose: some("投诉请求"),
            category: some("城建/物业"),
            restricted: false,
            grams: Grams::of(&of_text(text)),
        }
    }

    #[test]
    fn what_7_4_1_does_not_compare_is_not_told() {
        let text = "屋顶漏水三年，物业不修";
        let bytes =
            Fingerprint::of("A001", &registered("陆思雨", "0512", text), &of_text(text)).to_bytes();
        let told = String::from_utf8_lossy(&bytes);
        assert!(told.contains("陆思雨") && told.contains("平江路"));
        for untold in ["林伯年", "2025-02-17", "投诉请求", "城建", "漏水", "屋顶漏"] {
            assert!(!told.contains(untold), "{untold}");
        }
    }

    #[test]
    fn another_stations_registration_is_found_and_judged_like_ones_own() {
        let text = "我家住顶楼，屋面防水层老化，逢雨必漏，墙皮大片脱落，物业公司和社区推来推去，不肯动用维修基金";
        let old = registered("陆思雨", "13800000000", text);
        let there =
            Fingerprint::from_bytes(&Fingerprint::of("B7", &old, &of_text(text)).to_bytes());
        let there = there.expect("it was written so");
        let (by_sender, by_text) = words_of(&old, &of_text(text));
        let words = there.words();
        assert!(
            by_sender
                .iter()
                .chain(&by_text)
                .all(|word| words.split(' ').any(|w| w == word))
        );
        let earlier = Earlier {
            of: "desk-b/B7".into(),
            from: EarlierFrom::OtherStation,
            settled: true,
            registered: there.registered.expect("it is there"),
        };
        let found = compare("A1", &old, &[earlier], &Weights::default());
        let [candidate] = found.candidates.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(candidate.is, EarlierIs::Repeat);
        assert_eq!(candidate.elsewhere(), Some(("desk-b", "B7")));
        // Whom it is addressed to and what for was not told: that is no difference, and no copy to somebody else.
        assert!(candidate.differs.is_empty(), "{:?}", candidate.differs);
        assert_eq!(found.copies, None);
    }

    #[test]
    fn texts_that_share_much_share_some_of_their_sketch() {
        let one = "屋面防水层老化，逢雨必漏，墙皮大片脱落，先后三次找物业公司和社区居委会，都说要动用维修基金，手续复杂，让我等";
        let other = "自二零二一年以来，屋面防水层老化，逢雨必漏，物业公司和社区居委会都说动用维修基金，手续复杂，无人过问";
        let shared = sketch(&of_text(one))
            .into_iter()
            .filter(|hash| sketch(&of_text(other)).contains(hash));
        assert!(shared.count() >= 3);
    }

    proptest! {
        #[test]
        fn any_registration_comes_back(
            name in "[王李陆思雨]{0,4}", phone in "[0-9]{0,12}", text in "[屋顶漏水物业维修基金，]{0,200}", letter in "[A-Z0-9/·一]{1,20}"
        ) {
            let registered = registered(&name, &phone, &text);
            let said = Fingerprint::of(&letter, &registered, &of_text(&text));
            let back = Fingerprint::from_bytes(&said.to_bytes());
            prop_assert_eq!(back.as_ref(), Some(&said));
            prop_assert_eq!(back.map(|one| one.words()), Some(said.words()));
            let gone = Fingerprint::taken_back(&letter);
            prop_assert_eq!(Fingerprint::from_bytes(&gone.to_bytes()), Some(gone));
        }

        #[test]
        fn any_bytes_are_a_fingerprint_or_none(mut bytes in prop::collection::vec(any::<u8>(), 0..300), format in any::<bool>()) {
            if format && !bytes.is_empty() {
                bytes[0] = FORMAT;
            }
            if let Some(said) = Fingerprint::from_bytes(&bytes) {
                prop_assert_eq!(Fingerprint::from_bytes(&said.to_bytes()), Some(said));
            }
        }

        #[test]
        fn a_fingerprint_cut_short_is_none(cut in 0_usize..60) {
            let bytes = Fingerprint::of("A1", &registered("陆思雨", "139", "屋顶漏水"), "屋顶漏水").to_bytes();
            if cut < bytes.len() {
                prop_assert_eq!(Fingerprint::from_bytes(&bytes[..cut]), None);
            }
        }
    }
}
