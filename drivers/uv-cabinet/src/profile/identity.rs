//! The `[identity.…]` of a profile: registers whose content tells this model from another.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Table, WordOrder, check::Place};
use crate::{error::ProfileError, pdu::Ask};

/// A register, or some, that every cabinet of this model holds the same in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name, for people.
    pub name: String,
    /// The Modbus unit it is in, where that is not the cabinet's own.
    pub modbus_unit: Option<u8>,
    /// Modbus table: input or holding registers.
    pub table: Table,
    /// Zero-based address on the wire.
    pub address: u16,
    /// How people read it.
    kind: SignKind,
    word_order: WordOrder,
    /// What must be there.
    pub(crate) words: Vec<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignKind {
    /// One register.
    U16,
    /// Two registers.
    U32,
    /// Two characters a register, the first in the high byte.
    Text,
}

impl Identity {
    pub(crate) fn ask(&self) -> Ask {
        Ask::Read {
            table: self.table,
            start: self.address,
            count: u16::try_from(self.words.len()).expect("limited by the check"),
        }
    }

    /// Words as people read them: a number as it stands in the profile, or a text in quotes.
    pub(crate) fn shown(&self, words: &[u16]) -> String {
        match (self.kind, words) {
            (SignKind::U16, [word]) => format!("{word} (0x{word:04X})"),
            (SignKind::U32, [first, second]) => {
                let (high, low) = match self.word_order {
                    WordOrder::HighFirst => (first, second),
                    WordOrder::LowFirst => (second, first),
                };
                let number = u32::from(*high) << 16 | u32::from(*low);
                format!("{number} (0x{number:08X})")
            }
            _ => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                let text = String::from_utf8_lossy(&bytes);
                format!("{:?}", text.trim_end_matches(['\0', ' ']))
            }
        }
    }
}

/// The keys as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityTable {
    modbus_unit: Option<Spanned<u64>>,
    table: Spanned<Table>,
    address: Spanned<u64>,
    #[serde(rename = "type")]
    kind: Spanned<SignKind>,
    #[serde(default)]
    word_order: WordOrder,
    expected: Spanned<Expected>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Number(u64),
    Text(String),
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// Characters of the longest text.
const LONGEST_TEXT: usize = 64;

/// Turns the tables into identity points, or names the first that cannot be.
pub(super) fn check(
    at: &Place<'_>,
    tables: &BTreeMap<String, IdentityTable>,
) -> Result<Vec<Identity>, ProfileError> {
    tables
        .iter()
        .map(|(name, table)| one(at, name, table))
        .collect()
}

fn one(at: &Place<'_>, name: &str, file: &IdentityTable) -> Result<Identity, ProfileError> {
    let key = |part: &str| format!("identity.{name}.{part}");
    let table = *file.table.get_ref();
    if !matches!(table, Table::InputRegister | Table::HoldingRegister) {
        let (place, found) = (file.table.span().start, table.name());
        return at.refuse(
            place,
            &key("table"),
            found,
            "input_register or holding_register",
        );
    }
    let modbus_unit = match &file.modbus_unit {
        Some(unit) => Some(at.whole(&key("modbus_unit"), unit, 1..=247)?),
        None => None,
    };
    let kind = *file.kind.get_ref();
    let words = words(at, &key("expected"), kind, file)?;
    let last = 65_536 - words.len() as u64;
    let address = at.whole(&key("address"), &file.address, 0..=last)?;
    Ok(Identity {
        name: name.to_owned(),
        modbus_unit: modbus_unit.map(|unit| u8::try_from(unit).expect("at most 247")),
        table,
        address: u16::try_from(address).expect("checked to be at most 65535"),
        kind,
        word_order: file.word_order,
        words,
    })
}

fn words(
    at: &Place<'_>,
    key: &str,
    kind: SignKind,
    file: &IdentityTable,
) -> Result<Vec<u16>, ProfileError> {
    let place = file.expected.span().start;
    let refuse = |found: &Expected, allowed: &str| at.refuse(place, key, found, allowed);
    match (kind, file.expected.get_ref()) {
        (SignKind::U16, Expected::Number(number)) if *number <= u64::from(u16::MAX) => {
            Ok(vec![*number as u16])
        }
        (SignKind::U16, other) => refuse(other, "a number, 0 to 65535"),
        (SignKind::U32, Expected::Number(number)) if *number <= u64::from(u32::MAX) => {
            let (high, low) = ((number >> 16) as u16, *number as u16);
            Ok(match file.word_order {
                WordOrder::HighFirst => vec![high, low],
                WordOrder::LowFirst => vec![low, high],
            })
        }
        (SignKind::U32, other) => refuse(other, "a number, 0 to 4294967295"),
        (SignKind::Text, Expected::Text(text))
            if text.is_ascii() && (1..=LONGEST_TEXT).contains(&text.len()) =>
        {
            let pair =
                |pair: &[u8]| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
            Ok(text.as_bytes().chunks(2).map(pair).collect())
        }
        (SignKind::Text, other) => refuse(other, "1 to 64 ASCII characters in quotes"),
    }
}
