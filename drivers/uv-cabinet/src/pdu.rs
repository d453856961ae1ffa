//! What is asked and what may be answered, without frame or wire. Pure: a question knows the one reply that fits it.

use crate::{Table, error::BadReply};

/// One question. Every one of them is five bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Neighbouring addresses of one table.
    Read {
        table: Table,
        start: u16,
        count: u16,
    },
    /// One coil (0 or 1) or one holding register.
    Write {
        table: Table,
        address: u16,
        word: u16,
    },
}

/// The answer of a cabinet that is in step with us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As many as asked for; bits are 0 or 1.
    Words(Vec<u16>),
    /// The write's own echo.
    Written,
    /// It refuses, with this code.
    Exception(u8),
}

/// A coil is switched on with this word.
const COIL_ON: u16 = 0xFF00;
/// Set in the function code of an exception.
const EXCEPTION: u8 = 0x80;
/// Function and exception code.
pub(crate) const EXCEPTION_LEN: usize = 2;

impl Ask {
    /// Reads may be asked again; a write might be obeyed twice.
    pub(crate) fn may_be_repeated(self) -> bool {
        matches!(self, Self::Read { .. })
    }

    /// Whether the reply to one of them could pass for the reply to the other. The echo of a write names what was written.
    pub(crate) fn resembles(self, other: Self) -> bool {
        match (self, other) {
            (Self::Read { .. }, Self::Read { .. }) => {
                (self.function(), self.reply_len()) == (other.function(), other.reply_len())
            }
            _ => self == other,
        }
    }

    fn function(self) -> u8 {
        match self {
            Self::Read { table, .. } => match table {
                Table::Coil => 1,
                Table::DiscreteInput => 2,
                Table::HoldingRegister => 3,
                Table::InputRegister => 4,
            },
            Self::Write { table, .. } => match table {
                Table::Coil => 5,
                _ => 6,
            },
        }
    }

    /// The bytes of the question.
    pub(crate) fn bytes(self) -> [u8; 5] {
        let (first, second) = match self {
            Self::Read { start, count, .. } => (start, count),
            Self::Write {
                table: Table::Coil,
                address,
                word,
            } => (address, if word == 0 { 0 } else { COIL_ON }),
            Self::Write { address, word, .. } => (address, word),
        };
        let ([a, b], [c, d]) = (first.to_be_bytes(), second.to_be_bytes());
        [self.function(), a, b, c, d]
    }

    /// How long the reply is that fits, unless it is an exception.
    pub(crate) fn reply_len(self) -> usize {
        match self {
            Self::Read { table, count, .. } => 2 + value_bytes(table, count),
            Self::Write { .. } => 5,
        }
    }

    /// How long a reply that begins like this must be, or why it cannot be the one. Fewer than two bytes say nothing.
    pub(crate) fn expected(self, beginning: &[u8]) -> Result<Option<usize>, BadReply> {
        let Some(function) = beginning.first() else {
            return Ok(None);
        };
        if *function == self.function() | EXCEPTION {
            return Ok(Some(EXCEPTION_LEN));
        }
        if *function != self.function() {
            return Err(BadReply::Kind);
        }
        if let (Self::Read { table, count, .. }, Some(bytes)) = (self, beginning.get(1)) {
            let (asked, got) = (value_bytes(table, count), usize::from(*bytes));
            if asked != got {
                return Err(BadReply::Length { asked, got });
            }
        }
        Ok(Some(self.reply_len()))
    }

    /// What a whole reply says, after checking that it is the reply to this very question.
    pub(crate) fn answer(self, reply: &[u8]) -> Result<Answer, BadReply> {
        let expected = self.expected(reply)?.ok_or(BadReply::Malformed)?;
        if reply.len() != expected {
            return Err(BadReply::Length {
                asked: expected,
                got: reply.len(),
            });
        }
        if reply[0] & EXCEPTION != 0 {
            return Ok(Answer::Exception(reply[1]));
        }
        match self {
            Self::Write { .. } if reply == self.bytes() => Ok(Answer::Written),
            Self::Write { .. } => Err(BadReply::Echo),
            Self::Read { table, count, .. } => Ok(Answer::Words(values(table, count, &reply[2..]))),
        }
    }
}

fn is_bits(table: Table) -> bool {
    matches!(table, Table::Coil | Table::DiscreteInput)
}

fn value_bytes(table: Table, count: u16) -> usize {
    if is_bits(table) {
        usize::from(count).div_ceil(8)
    } else {
        2 * usize::from(count)
    }
}

fn values(table: Table, count: u16, bytes: &[u8]) -> Vec<u16> {
    if is_bits(table) {
        let bit = |at: usize| u16::from(bytes[at / 8] >> (at % 8) & 1);
        (0..usize::from(count)).map(bit).collect()
    } else {
        bytes
            .chunks_exact(2)
            .map(|word| u16::from_be_bytes([word[0], word[1]]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the Modbus application protocol 1.1b3, sections 6.1, 6.3 and 6.5.
    #[test]
    fn the_examples_of_the_standard() {
        let coils = Ask::Read {
            table: Table::Coil,
            start: 0x13,
            count: 0x13,
        };
        assert_eq!(coils.bytes(), [0x01, 0x00, 0x13, 0x00, 0x13]);
        let Ok(Answer::Words(bits)) = coils.answer(&[0x01, 0x03, 0xCD, 0x6B, 0x05]) else {
            panic!("not taken");
        };
        let wanted = [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1];
        assert_eq!(bits, wanted);
        let registers = Ask::Read {
            table: Table::HoldingRegister,
            start: 0x6B,
            count: 3,
        };
        assert_eq!(registers.bytes(), [0x03, 0x00, 0x6B, 0x00, 0x03]);
        assert_eq!(
            registers.answer(&[0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64]),
            Ok(Answer::Words(vec![0x022B, 0, 0x64]))
        );
        let coil = Ask::Write {
            table: Table::Coil,
            address: 0xAC,
            word: 1,
        };
        assert_eq!(coil.bytes(), [0x05, 0x00, 0xAC, 0xFF, 0x00]);
        assert_eq!(coil.answer(&coil.bytes()), Ok(Answer::Written));
    }

    #[test]
    fn a_reply_to_another_question_is_refused() {
        let two = Ask::Read {
            table: Table::InputRegister,
            start: 7,
            count: 2,
        };
        let length = |asked, got| Err(BadReply::Length { asked, got });
        assert_eq!(two.answer(&[3, 4, 0, 0, 0, 0]), Err(BadReply::Kind));
        assert_eq!(two.answer(&[4, 2, 0, 0]), length(4, 2));
        assert_eq!(two.answer(&[4, 4, 0, 0, 0]), length(6, 5));
        assert_eq!(two.answer(&[4, 4, 0, 0, 0, 0, 0]), length(6, 7));
        assert_eq!(two.answer(&[]), Err(BadReply::Malformed));
        assert_eq!(two.answer(&[0x84, 11]), Ok(Answer::Exception(11)));
        assert_eq!(two.answer(&[0x84, 11, 0]), length(2, 3));
        let lamp = |word| Ask::Write {
            table: Table::Coil,
            address: 0,
            word,
        };
        assert_eq!(lamp(0).answer(&lamp(1).bytes()), Err(BadReply::Echo));
    }
}
