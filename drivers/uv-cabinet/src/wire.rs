//! Registers ↔ readings and commands. Pure: what to ask, whether the reply fits, what it means.

use tokio_modbus::{Request, Response};

use crate::{Kind, Missing, Point, PointSpec, Profile, Table, Value, WordOrder, error::BadReply};

/// Neighbouring addresses of one table, read with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) table: Table,
    pub(crate) start: u16,
    pub(crate) count: u16,
    pub(crate) points: Vec<Point>,
}

/// A block never asks for more than this many; well under the 125 registers of the protocol.
const LONGEST_BLOCK: u16 = 100;

/// Groups the readable points into as few reads as possible, without touching an address that the
/// profile does not name: a cabinet may refuse a whole read for one of those.
pub(crate) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut placed: Vec<(Point, &PointSpec)> = profile
        .points
        .iter()
        .filter(|(point, _)| !point.is_command())
        .map(|(point, spec)| (*point, spec))
        .collect();
    placed.sort_by_key(|(_, spec)| (spec.table, spec.address));
    let mut blocks: Vec<Block> = Vec::new();
    for (point, spec) in placed {
        let width = spec.kind.width();
        match blocks.last_mut() {
            Some(block)
                if block.table == spec.table
                    && u32::from(block.start) + u32::from(block.count)
                        == u32::from(spec.address)
                    && block.count + width <= LONGEST_BLOCK =>
            {
                block.count += width;
                block.points.push(point);
            }
            _ => blocks.push(Block {
                table: spec.table,
                start: spec.address,
                count: width,
                points: vec![point],
            }),
        }
    }
    blocks
}

/// The request that reads `count` addresses.
pub(crate) fn read_request(table: Table, start: u16, count: u16) -> Request<'static> {
    match table {
        Table::Coil => Request::ReadCoils(start, count),
        Table::DiscreteInput => Request::ReadDiscreteInputs(start, count),
        Table::InputRegister => Request::ReadInputRegisters(start, count),
        Table::HoldingRegister => Request::ReadHoldingRegisters(start, count),
    }
}

/// The words of a reply, after checking that it is the reply asked for. Bits become 0 or 1.
pub(crate) fn words(table: Table, count: u16, reply: Response) -> Result<Vec<u16>, BadReply> {
    let asked = usize::from(count);
    match (table, reply) {
        (Table::Coil, Response::ReadCoils(bits))
        | (Table::DiscreteInput, Response::ReadDiscreteInputs(bits)) => {
            // The wire pads bits to whole bytes.
            if bits.len() == asked || bits.len() == asked.next_multiple_of(8) {
                return Ok(bits.into_iter().take(asked).map(u16::from).collect());
            }
            let got = bits.len();
            Err(BadReply::Length { asked, got })
        }
        (Table::InputRegister, Response::ReadInputRegisters(words))
        | (Table::HoldingRegister, Response::ReadHoldingRegisters(words)) => {
            if words.len() == asked {
                return Ok(words);
            }
            let got = words.len();
            Err(BadReply::Length { asked, got })
        }
        _ => Err(BadReply::Kind),
    }
}

/// The bits of one point out of its block's words.
pub(crate) fn raw(spec: &PointSpec, block: &Block, words: &[u16]) -> u32 {
    let at = usize::from(spec.address - block.start);
    let first = u32::from(words[at]);
    match (spec.kind, spec.word_order) {
        (Kind::U32, WordOrder::HighFirst) => first << 16 | u32::from(words[at + 1]),
        (Kind::U32, WordOrder::LowFirst) => u32::from(words[at + 1]) << 16 | first,
        _ => first,
    }
}

/// What the bits mean.
pub(crate) fn value(point: Point, spec: &PointSpec, raw: u32) -> Result<Value, Missing> {
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
    let whole = match spec.kind {
        Kind::I16 => f64::from(i16::from_ne_bytes((raw as u16).to_ne_bytes())),
        Kind::Bool | Kind::U16 | Kind::U32 => f64::from(raw),
    };
    let value = whole * spec.scale;
    if (spec.min..=spec.max).contains(&value) {
        return Ok(Value::Number(value));
    }
    Err(Missing::OutOfRange {
        value,
        min: spec.min,
        max: spec.max,
    })
}

/// The request that writes one word; a coil takes 0 or 1.
pub(crate) fn write_request(spec: &PointSpec, word: u16) -> Request<'static> {
    match spec.table {
        Table::Coil => Request::WriteSingleCoil(spec.address, word != 0),
        _ => Request::WriteSingleRegister(spec.address, word),
    }
}

/// Whether the acknowledgement names the very write that was asked for.
pub(crate) fn check_echo(spec: &PointSpec, word: u16, reply: &Response) -> Result<(), BadReply> {
    let same = match (spec.table, reply) {
        (Table::Coil, Response::WriteSingleCoil(address, on)) => {
            (*address, u16::from(*on)) == (spec.address, word)
        }
        (Table::HoldingRegister, Response::WriteSingleRegister(address, echoed)) => {
            (*address, *echoed) == (spec.address, word)
        }
        _ => return Err(BadReply::Kind),
    };
    if same { Ok(()) } else { Err(BadReply::Echo) }
}
