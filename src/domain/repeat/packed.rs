//! [`Grams`] in less than half of their room, for the wire and for the copies that stations keep of one another's registrations.
//!
//! Every character of a pair stands among the single ones too, so a pair is two places in their list: numbers that fit into a byte.
//!
//! ```text
//! singles: count, then each: distance from the one before · 2 + (more than once), times where more than once
//! pairs:   for each single one: count of those that follow it, then each of them the same way, by its place
//! ```

use super::content::Grams;

/// Writes a number in groups of seven bits, the low ones first.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads such a number off the front.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u32::from(first & 0x7F);
        number |= group.checked_shl(shift)?;
        if group << shift >> shift != group {
            return None;
        }
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn put_keys(bytes: &mut Vec<u8>, keys: &[(u32, u8)]) {
    put(bytes, keys.len() as u32);
    let mut before = 0;
    for (key, times) in keys {
        put(bytes, (key - before) << 1 | u32::from(*times > 1));
        if *times > 1 {
            bytes.push(*times);
        }
        before = *key;
    }
}

/// Keys that rise, below `end`.
fn take_keys(bytes: &mut &[u8], end: u32) -> Option<Vec<(u32, u8)>> {
    let count = take(bytes)?;
    if count as usize > bytes.len() {
        return None;
    }
    let mut keys: Vec<(u32, u8)> = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let said = take(bytes)?;
        let before = keys.last().map_or(0, |(key, _)| *key);
        let key = before.checked_add(said >> 1)?;
        let rises = keys.is_empty() || key > before;
        let times = match said & 1 {
            0 => 1,
            _ => *bytes.split_off_first()?,
        };
        if key >= end || !rises || times == 0 {
            return None;
        }
        keys.push((key, times));
    }
    Some(keys)
}

impl Grams {
    /// As the wire has them. Pairs of characters that do not stand among the single ones are no text's and are left out.
    pub fn packed(&self) -> Vec<u8> {
        let from_pairs = self.0.partition_point(|(key, _)| *key <= 0xFFFF);
        let (singles, pairs) = self.0.split_at(from_pairs);
        let place = |key: u32| {
            singles
                .binary_search_by_key(&key, |(single, _)| *single)
                .ok()
        };
        let mut bytes = Vec::with_capacity(self.0.len() * 2);
        put_keys(&mut bytes, singles);
        let mut rest = pairs;
        for (single, _) in singles {
            let begin = rest.partition_point(|(pair, _)| pair >> 16 < *single);
            let end = rest.partition_point(|(pair, _)| pair >> 16 <= *single);
            let followers = rest[begin..end].iter();
            let known = followers.filter_map(|(pair, times)| {
                Some((u32::try_from(place(pair & 0xFFFF)?).ok()?, *times))
            });
            put_keys(&mut bytes, &known.collect::<Vec<_>>());
            rest = &rest[end..];
        }
        bytes
    }

    /// As [`Grams::packed`] wrote them; `None` for anything else.
    pub fn unpacked(mut bytes: &[u8]) -> Option<Self> {
        let mut keys = take_keys(&mut bytes, 0x1_0000)?;
        let singles: Vec<u32> = keys.iter().map(|(key, _)| *key).collect();
        for first in &singles {
            let followers = take_keys(&mut bytes, singles.len() as u32)?;
            keys.extend(
                followers
                    .into_iter()
                    .map(|(place, times)| (first << 16 | singles[place as usize], times)),
            );
        }
        // A pair that begins with no character would stand among the single ones.
        (bytes.is_empty() && keys.is_sorted_by(|one, other| one.0 < other.0)).then_some(Self(keys))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::repeat::content::of_text;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, 1 << 21, u32::MAX - 1, u32::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = bytes.as_slice();
            assert_eq!((take(&mut rest), rest.len()), (Some(number), 0));
        }
        assert_eq!(take(&mut [0xFF, 0xFF, 0xFF, 0xFF, 0x7F].as_slice()), None);
        assert_eq!(take(&mut [0x80].as_slice()), None);
    }

    #[test]
    fn a_letter_takes_less_than_half_the_room() {
        let text = "我家住顶楼，屋面防水层老化，从2021年起逢雨必漏，墙皮大片脱落。我先后3次找物业公司和社区居委会，他们都说要动用维修基金，手续复杂，让我等。\
            家中老人患有关节炎，长期住在潮湿的房间里，病情越来越重。请求督促物业公司启用维修资金，尽快修缮屋面。";
        let grams = Grams::of(&of_text(text));
        assert!(grams.packed().len() * 2 < grams.to_bytes().len());
    }

    proptest! {
        #[test]
        fn the_grams_of_any_text_come_back(text in "[屋顶漏水物业维修基金三年a-c0-3， ]{0,400}") {
            let grams = Grams::of(&of_text(&text));
            let packed = grams.packed();
            prop_assert_eq!(Grams::unpacked(&packed), Some(grams.clone()));
            prop_assert!(packed.len() <= grams.to_bytes().len() + 1);
        }

        #[test]
        fn any_bytes_are_grams_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(grams) = Grams::unpacked(&bytes) {
                prop_assert_eq!(Grams::unpacked(&grams.packed()), Some(grams));
            }
        }
    }
}
