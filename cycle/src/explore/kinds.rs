//! Looks after which nothing differs, so that one of each kind is followed and counted for all.
//!
//! A look does four things: the machine sees it, the witness counts it, and the world and the judge ask of it what [`Told`] has. The
//! machine goes by its cycle and the sample alone, the witness by itself and the sample; there are far fewer of each than of worlds.
//! So each cycle sorts all looks once by what becomes of it, each witness once by what it has counted and was [`Told`], and a world
//! follows one look of every pair. That this leaves nothing out is shown by following every look where they are few enough.

use std::rc::Rc;

use super::*;

/// For each look the number of its kind.
type Sorted = Vec<u16>;
/// A look by its place, and how many are of its kind.
type Kind = (usize, u64);

#[derive(Default)]
pub(super) struct Kinds {
    by_cycle: HashMap<(CycleKey, Option<Fault>), usize>,
    by_witness: HashMap<WitnessKey, usize>,
    /// Many cycles, and many witnesses, sort alike.
    numbers: HashMap<Sorted, usize>,
    sorted: Vec<Sorted>,
    crossed: HashMap<(usize, usize), Rc<[Kind]>>,
}

impl Kinds {
    /// One look of each kind for this world.
    pub(super) fn of(&mut self, world: &World, rules: &Rules, glances: &[Glance]) -> Rc<[Kind]> {
        let (cycle, witness) = world.key(rules);
        let cycle = (cycle, world.cycle.load.failed);
        let by_cycle = match self.by_cycle.get(&cycle) {
            Some(number) => *number,
            None => {
                let number = self.number(glances.iter().map(|glance| {
                    let (mut next, seen) = world.seen(glance);
                    next.cycle = world.cycle.see(&seen);
                    (next.cycle_key(rules), next.cycle.load.failed)
                }));
                self.by_cycle.insert(cycle, number);
                number
            }
        };
        let by_witness = match self.by_witness.get(&witness) {
            Some(number) => *number,
            None => {
                let number = self.number(glances.iter().map(|glance| {
                    let (mut next, seen) = world.seen(glance);
                    next.witness.look(rules, &seen);
                    (
                        next.witness_key(rules),
                        next.witness.ventilated,
                        Told::of(glance, &seen),
                    )
                }));
                self.by_witness.insert(witness, number);
                number
            }
        };
        let sorted = [by_cycle, by_witness].map(|number| &self.sorted[number]);
        let crossed = self.crossed.entry((by_cycle, by_witness));
        crossed.or_insert_with(|| cross(sorted)).clone()
    }

    /// The number of a way of sorting.
    fn number<T: Eq + Hash>(&mut self, outcomes: impl Iterator<Item = T>) -> usize {
        let mut kinds = HashMap::new();
        let sorted: Sorted = outcomes
            .map(|outcome| {
                let next = kinds.len() as u16;
                *kinds.entry(outcome).or_insert(next)
            })
            .collect();
        *self.numbers.entry(sorted).or_insert_with_key(|sorted| {
            self.sorted.push(sorted.clone());
            self.sorted.len() - 1
        })
    }
}

/// The first look of every pair of kinds, and how many have both.
fn cross([one, other]: [&Sorted; 2]) -> Rc<[Kind]> {
    let mut places = HashMap::new();
    let mut kinds: Vec<Kind> = Vec::new();
    for (glance, pair) in one.iter().zip(other).enumerate() {
        let place = *places.entry(pair).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some((_, alike)) => *alike += 1,
            None => kinds.push((glance, 1)),
        }
    }
    kinds.into()
}
