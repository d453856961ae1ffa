//! Registers → readings. Pure: what to ask for, and what the answer means.

use std::collections::BTreeSet;

use crate::{Kind, Missing, Point, PointSpec, Profile, Table, Value, WordOrder, pdu::Ask};

/// Neighbouring addresses of one table of one unit, read with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) unit: u8,
    pub(crate) table: Table,
    pub(crate) start: u16,
    pub(crate) count: u16,
    pub(crate) points: Vec<Point>,
}

impl Block {
    pub(crate) fn ask(&self) -> Ask {
        Ask::Read {
            table: self.table,
            start: self.start,
            count: self.count,
        }
    }

    /// Takes the point in when it begins inside the block or right after it. Bits of one register share its address.
    fn takes(&mut self, unit: u8, point: Point, spec: &PointSpec) -> bool {
        let end = u32::from(self.start) + u32::from(self.count);
        let needs = u32::from(spec.address) + u32::from(spec.kind.width());
        let length = needs.max(end) - u32::from(self.start);
        if (self.unit, self.table) != (unit, spec.table)
            || u32::from(spec.address) > end
            || length > LONGEST_BLOCK
        {
            return false;
        }
        self.count = u16::try_from(length).expect("not over the longest block");
        self.points.push(point);
        true
    }
}

/// A block never asks for more than this many; well under the 125 registers of the protocol.
const LONGEST_BLOCK: u32 = 100;

/// Groups the readable points into as few reads as possible, without touching an address that the
/// profile does not name: a cabinet may refuse a whole read for one of those.
pub(crate) fn blocks(profile: &Profile) -> Vec<Block> {
    blocks_with(profile, &BTreeSet::new())
}

/// The same, with each of these points in a block of its own: the cabinet refuses them.
pub(crate) fn blocks_with(profile: &Profile, apart: &BTreeSet<Point>) -> Vec<Block> {
    let mut placed: Vec<(u8, Point, &PointSpec)> = profile
        .points
        .iter()
        .filter(|(point, _)| !point.is_command())
        .map(|(point, spec)| {
            let unit = spec.modbus_unit.unwrap_or(profile.link.unit);
            (unit, *point, spec)
        })
        .collect();
    // The cabinet's own unit first: a silent neighbour must not keep its door waiting.
    placed.sort_by_key(|(unit, _, spec)| {
        (*unit != profile.link.unit, *unit, spec.table, spec.address)
    });
    let mut blocks: Vec<Block> = Vec::new();
    for (unit, point, spec) in placed {
        let refused = |block: &Block| block.points.iter().any(|point| apart.contains(point));
        let joins = !apart.contains(&point)
            && blocks
                .last_mut()
                .is_some_and(|block| !refused(block) && block.takes(unit, point, spec));
        if !joins {
            blocks.push(alone(profile, point, spec));
        }
    }
    blocks
}

/// A read of one point and nothing else.
pub(crate) fn alone(profile: &Profile, point: Point, spec: &PointSpec) -> Block {
    Block {
        unit: spec.modbus_unit.unwrap_or(profile.link.unit),
        table: spec.table,
        start: spec.address,
        count: spec.kind.width(),
        points: vec![point],
    }
}

/// Every read that the units of this cabinet know: its blocks, and each command read back.
pub(crate) fn reads(profile: &Profile) -> Vec<(u8, Ask)> {
    let blocks = blocks(profile);
    let polled = blocks.iter().map(|block| (block.unit, block.ask()));
    let read_back = commands(profile).map(|block| (block.unit, block.ask()));
    polled.chain(read_back).collect()
}

/// Each command's register, to be read back.
pub(crate) fn commands(profile: &Profile) -> impl Iterator<Item = Block> {
    let points = profile.points.iter();
    points
        .filter(|(point, _)| point.is_command())
        .map(|(point, spec)| alone(profile, *point, spec))
}

/// The bits of one point out of its block's words.
pub(crate) fn raw(spec: &PointSpec, block: &Block, words: &[u16]) -> u32 {
    let at = usize::from(spec.address - block.start);
    let first = u32::from(words[at]);
    if spec.kind.width() == 1 {
        return first;
    }
    let second = u32::from(words[at + 1]);
    match spec.word_order {
        WordOrder::HighFirst => first << 16 | second,
        WordOrder::LowFirst => second << 16 | first,
    }
}

/// What the bits mean.
pub(crate) fn value(point: Point, spec: &PointSpec, raw: u32) -> Result<Value, Missing> {
    if spec.kind == Kind::Bit {
        return Ok(Value::Flag(raw >> spec.bit & 1 == 1));
    }
    if !point.is_number() {
        return match raw {
            0 => Ok(Value::Flag(false)),
            1 => Ok(Value::Flag(true)),
            other => Err(Missing::OutOfRange {
                value: f64::from(other),
                min: 0.0,
                max: 1.0,
            }),
        };
    }
    let number = match spec.kind {
        Kind::I16 => f64::from(i16::from_ne_bytes((raw as u16).to_ne_bytes())),
        Kind::I32 => f64::from(i32::from_ne_bytes(raw.to_ne_bytes())),
        Kind::F32 => f64::from(f32::from_bits(raw)),
        Kind::Bool | Kind::Bit | Kind::U16 | Kind::U32 => f64::from(raw),
    };
    let value = without_noise(number * spec.scale);
    // Not a number is in no range.
    if (spec.min..=spec.max).contains(&value) {
        return Ok(Value::Number(value));
    }
    Err(Missing::OutOfRange {
        value,
        min: spec.min,
        max: spec.max,
    })
}

/// 234 tenths are 23.4 and not 23.400000000000002: what binary fractions add lies far behind any sensor's last digit.
fn without_noise(value: f64) -> f64 {
    const DIGITS: f64 = 1e9;
    let rounded = (value * DIGITS).round() / DIGITS;
    if rounded.is_finite() { rounded } else { value }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn spec(kind: Kind, word_order: WordOrder) -> PointSpec {
        PointSpec {
            modbus_unit: None,
            table: Table::InputRegister,
            address: 10,
            kind,
            bit: 0,
            word_order,
            scale: 1.0,
            min: -1e9,
            max: 1e9,
            max_age: Duration::ZERO,
            frozen_after: None,
        }
    }

    fn read(spec: &PointSpec, words: &[u16]) -> Result<Value, Missing> {
        let block = Block {
            unit: 1,
            table: Table::InputRegister,
            start: 10,
            count: spec.kind.width(),
            points: Vec::new(),
        };
        value(Point::LampHoursH, spec, raw(spec, &block, words))
    }

    #[test]
    fn every_kind_in_both_word_orders() {
        use WordOrder::{HighFirst, LowFirst};
        let cases = [
            (Kind::U16, HighFirst, [0xFFFE, 0], 65_534.0),
            (Kind::I16, HighFirst, [0xFFFE, 0], -2.0),
            (Kind::U32, HighFirst, [0x0001, 0xE240], 123_456.0),
            (Kind::U32, LowFirst, [0xE240, 0x0001], 123_456.0),
            (Kind::I32, HighFirst, [0xFFFF, 0xFFFE], -2.0),
            (Kind::I32, LowFirst, [0xFFFE, 0xFFFF], -2.0),
            (Kind::F32, HighFirst, [0x4145, 0x0000], 12.3125),
            (Kind::F32, LowFirst, [0x0000, 0x4145], 12.3125),
        ];
        for (kind, order, words, number) in cases {
            let value = read(&spec(kind, order), &words);
            assert_eq!(value, Ok(Value::Number(number)), "{kind:?} {order:?}");
        }
    }

    #[test]
    fn a_scaled_value_has_no_digits_that_nobody_measured() {
        let tenths = PointSpec {
            scale: 0.1,
            ..spec(Kind::U16, WordOrder::HighFirst)
        };
        assert_eq!(read(&tenths, &[234]), Ok(Value::Number(23.4)));
        assert_eq!(read(&tenths, &[3]), Ok(Value::Number(0.3)));
    }

    #[test]
    fn not_a_number_and_infinity_are_not_values() {
        for words in [[0x7FC0, 0], [0x7F80, 0], [0xFF80, 0]] {
            let value = read(&spec(Kind::F32, WordOrder::HighFirst), &words);
            assert!(
                matches!(value, Err(Missing::OutOfRange { .. })),
                "{words:?}"
            );
        }
    }

    #[test]
    fn a_bit_within_a_register() {
        let mut spec = spec(Kind::Bit, WordOrder::HighFirst);
        for bit in 0..16 {
            spec.bit = bit;
            assert_eq!(read(&spec, &[1 << bit]), Ok(Value::Flag(true)));
            assert_eq!(read(&spec, &[!(1 << bit)]), Ok(Value::Flag(false)));
        }
    }
}
