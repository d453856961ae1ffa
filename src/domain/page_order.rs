//! Where a page stands among those of its kind in a letter: with the others of its naming by its number; behind the letter's pages where its number is
//! taken, or where a person put it there; in front of another where he said so.

/// Above every number of a page.
const ADDITION: i64 = 1_000_000;

/// Additions from here on came when a case system had the letter.
pub const HANDED_OUT: i64 = 1_000_000;

/// Which addition to its letter a page came with, and its number there. Kept as one number, so that what was there first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// 0: what the letter began with.
    pub addition: i64,
    /// Its number by its name, from 1; 0 where it has none, or a person put it there.
    pub number: u32,
}

impl Place {
    /// Before everything that was added.
    pub const ADDED: Self = Self {
        addition: 1,
        number: 0,
    };

    /// As it is kept.
    #[must_use]
    pub fn kept(self) -> i64 {
        let number = i64::from(self.number).min(ADDITION - 1);
        self.addition.saturating_mul(ADDITION) + number
    }

    /// Out of what is kept.
    #[must_use]
    pub fn of(kept: i64) -> Self {
        Self {
            addition: kept.div_euclid(ADDITION),
            number: kept.rem_euclid(ADDITION) as u32,
        }
    }

    /// Behind every page whatever its kind: what a case system has keeps its numbers.
    #[must_use]
    pub fn once_handed_out(self) -> Self {
        Self {
            addition: self.addition.max(HANDED_OUT),
            ..self
        }
    }

    fn of_addition(addition: i64) -> Self {
        Self {
            addition,
            number: 0,
        }
    }
}

/// A page that is there already, in the order of arrival.
#[derive(Debug, Clone)]
pub struct Known {
    /// Where it stands.
    pub place: Place,
    /// How its file is named.
    pub naming: String,
}

/// How a file is named: without its ending and its last number.
#[must_use]
pub fn naming(name: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    let is_digit = |c: char| c.is_ascii_digit();
    let front = stem.trim_end_matches(|c| !is_digit(c));
    match front.is_empty() {
        true => stem.to_lowercase(),
        false => {
            let back = &stem[front.len()..];
            format!("{}#{back}", front.trim_end_matches(is_digit)).to_lowercase()
        }
    }
}

/// Behind everything that the letter has.
#[must_use]
pub fn behind(there: impl IntoIterator<Item = Place>) -> Place {
    let last = there.into_iter().map(|place| place.addition).max();
    Place::of_addition(last.map_or(0, |last| last + 1))
}

/// By its number, with the pages that are named like it. Where another file of its kind has that number there, it is of another count: behind all.
#[must_use]
pub fn by_number(there: &[Known], number: u32, named: &str) -> Place {
    let numbered = || there.iter().filter(|known| known.place.number > 0);
    let is_kin = |known: &&Known| known.naming == named;
    let has_kin = numbered().any(|known| is_kin(&known));
    let near = || numbered().filter(|known| !has_kin || is_kin(known));
    let below = near().filter(|known| known.place.number <= number);
    let above = near().filter(|known| known.place.number > number);
    let beside = below
        .max_by_key(|known| known.place.number)
        .or_else(|| above.min_by_key(|known| known.place.number));
    let place = Place {
        addition: beside.map_or(0, |known| known.place.addition),
        number,
    };
    match numbered().any(|known| known.place == place) {
        true => Place {
            number,
            ..behind(there.iter().map(|known| known.place))
        },
        false => place,
    }
}

/// In front of the page at this position of those of its kind in their order: its place, and where they stand then.
#[must_use]
pub fn before(there: &[Place], at: usize) -> (Place, Vec<Place>) {
    let (front, back) = there.split_at(at.min(there.len()));
    let own = front.last().map_or(0, |place| place.addition + 1);
    let moved = back.iter().map(|place| Place {
        addition: place.addition + if front.is_empty() { 1 } else { 2 },
        ..*place
    });
    (
        Place::of_addition(own),
        front.iter().copied().chain(moved).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_named_alike_but_for_their_number() {
        for (one, other) in [
            ("A1_p1.jpg", "A1_p12.jpg"),
            ("A1_p1.jpg", "a1_P02.png"),
            ("A1/0001.jpg", "A1/0002.jpg"),
            ("A1(1).jpg", "A1(2).jpg"),
            ("A1_第1页.jpg", "A1_第2页.jpg"),
        ] {
            assert_eq!(naming(one), naming(other));
        }
        assert_ne!(naming("A1_p1.jpg"), naming("A1/0001.jpg"));
        assert_ne!(naming("信封.jpg"), naming("信.jpg"));
    }

    /// Puts files into a letter as they arrive; their order then, by position of arrival.
    fn arrive(files: &[(u32, &str)]) -> (Vec<Known>, Vec<usize>) {
        let mut there: Vec<Known> = Vec::new();
        for (number, named) in files {
            let place = by_number(&there, *number, named);
            there.push(Known {
                place,
                naming: (*named).to_owned(),
            });
        }
        let order = in_order(&there);
        (there, order)
    }

    fn in_order(there: &[Known]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..there.len()).collect();
        order.sort_by_key(|at| (there[*at].place.kept(), *at));
        order
    }

    #[test]
    fn a_count_that_begins_again_comes_behind_the_first_one() {
        let twice = [(1, "a"), (2, "a"), (1, "a"), (2, "a"), (3, "a")];
        assert_eq!(arrive(&twice).1, [0, 1, 2, 3, 4]);
        // Two namings that arrive in turn.
        let mixed = [(1, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "b")];
        assert_eq!(arrive(&mixed).1, [0, 2, 1, 3, 4]);
    }

    proptest! {
        #[test]
        fn what_is_kept_sorts_as_the_place_does(a in (0..900_i64, 0..9_999_u32), b in (0..900_i64, 0..9_999_u32)) {
            let [a, b] = [a, b].map(|(addition, number)| Place { addition, number });
            prop_assert_eq!(Place::of(a.kept()), a);
            prop_assert_eq!(a.cmp(&b), a.kept().cmp(&b.kept()));
        }

        #[test]
        fn pages_of_one_naming_stand_by_their_numbers_however_they_arrive(
            numbers in Just((1..40_u32).collect::<Vec<_>>()).prop_shuffle(), count in 1..39_usize
        ) {
            let files: Vec<_> = numbers[..count].iter().map(|number| (*number, "a")).collect();
            let (_, order) = arrive(&files);
            let sorted: Vec<u32> = order.iter().map(|at| files[*at].0).collect();
            prop_assert!(sorted.is_sorted(), "{:?}", sorted);
        }

        /// A held page that was taken in stood in front of the letter's first.
        #[test]
        fn a_page_put_into_a_letter_stands_where_it_was_put_and_the_others_keep_their_order(
            files in proptest::collection::vec((1..9_u32, prop_oneof![Just("a"), Just("b")]), 1..12),
            puts in proptest::collection::vec(proptest::option::of(0..14_usize), 1..8),
            later in 1..9_u32,
        ) {
            let (mut there, mut expected) = arrive(&files);
            for put in puts {
                let order = in_order(&there);
                let places: Vec<Place> = order.iter().map(|at| there[*at].place).collect();
                let new = there.len();
                let own = match put {
                    Some(at) => {
                        let (own, places) = before(&places, at);
                        for (at, place) in order.iter().zip(places) {
                            there[*at].place = place;
                        }
                        expected.insert(at.min(expected.len()), new);
                        own
                    }
                    None => {
                        expected.push(new);
                        behind(places)
                    }
                };
                there.push(Known { place: own, naming: "another letter's".into() });
                prop_assert_eq!(in_order(&there), expected.clone());
            }
            // Whatever comes by its name then disturbs none of them.
            let place = by_number(&there, later, "a");
            there.push(Known { place, naming: "a".into() });
            let mut order = in_order(&there);
            order.retain(|at| *at + 1 < there.len());
            prop_assert_eq!(order, expected);
        }
    }
}
