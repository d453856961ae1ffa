//! Frames of Modbus RTU and Modbus TCP around a question and its reply. Pure, and stricter than the usual libraries: a reply is
//! taken only when it is exactly one frame, whole, of the right unit, with its check sum or its transaction.

use crc::{CRC_16_MODBUS, Crc};

use crate::{
    error::BadReply,
    pdu::{Answer, Ask},
};

/// No frame of either kind is longer.
pub(crate) const LONGEST: usize = 260;

const CHECK: Crc<u16> = Crc::<u16>::new(&CRC_16_MODBUS);
/// Unit before the reply, check sum after it.
const RTU_AROUND: usize = 3;
/// Transaction, protocol, length of the rest, unit.
const TCP_HEADER: usize = 7;

/// How the bytes that have come so far stand to the frame that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// They may become it.
    TooLittle,
    /// They are it, and nothing besides.
    Whole(Answer),
}

/// A question on a serial line.
pub(crate) fn rtu_question(unit: u8, ask: Ask) -> [u8; 8] {
    let [a, b, c, d, e] = ask.bytes();
    let [low, high] = CHECK.checksum(&[unit, a, b, c, d, e]).to_le_bytes();
    [unit, a, b, c, d, e, low, high]
}

/// A frame of whatever stands between unit and check sum.
pub(crate) fn rtu_sealed(unit: u8, body: &[u8]) -> Vec<u8> {
    let frame = [&[unit], body].concat();
    let check = CHECK.checksum(&frame).to_le_bytes();
    [frame.as_slice(), &check].concat()
}

/// What has come on a serial line since the question.
pub(crate) fn rtu_reply(unit: u8, ask: Ask, bytes: &[u8]) -> Result<Heard, BadReply> {
    match bytes.first() {
        None => return Ok(Heard::TooLittle),
        Some(first) if *first != unit => return Err(BadReply::Identifiers),
        Some(_) => {}
    }
    let Some(expected) = ask.expected(&bytes[1..])? else {
        return Ok(Heard::TooLittle);
    };
    let whole = expected + RTU_AROUND;
    if bytes.len() < whole {
        return Ok(Heard::TooLittle);
    }
    if CHECK.checksum(&bytes[..whole - 2]).to_le_bytes() != bytes[whole - 2..whole] {
        return Err(BadReply::CheckSum);
    }
    if bytes.len() > whole {
        return Err(BadReply::Unasked);
    }
    ask.answer(&bytes[1..whole - 2]).map(Heard::Whole)
}

/// How many of the first bytes are a late reply of `unit` to `ask`, whatever it says. 0: they are not. `None`: too few to tell.
pub(crate) fn rtu_late_reply(unit: u8, ask: Ask, bytes: &[u8]) -> Option<usize> {
    if bytes.first().is_some_and(|first| *first != unit) {
        return Some(0);
    }
    let Ok(expected) = ask.expected(bytes.get(1..).unwrap_or_default()) else {
        return Some(0);
    };
    let whole = expected? + RTU_AROUND;
    let frame = bytes.get(..whole)?;
    let sound = CHECK.checksum(&frame[..whole - 2]).to_le_bytes() == frame[whole - 2..]
        && ask.answer(&frame[1..whole - 2]).is_ok();
    Some(if sound { whole } else { 0 })
}

/// A question over TCP.
pub(crate) fn tcp_question(transaction: u16, unit: u8, ask: Ask) -> [u8; 12] {
    let [t, u] = transaction.to_be_bytes();
    let [a, b, c, d, e] = ask.bytes();
    [t, u, 0, 0, 0, 6, unit, a, b, c, d, e]
}

/// What has come over TCP since the question.
pub(crate) fn tcp_reply(
    transaction: u16,
    unit: u8,
    ask: Ask,
    bytes: &[u8],
) -> Result<Heard, BadReply> {
    let Some(header) = bytes.get(..TCP_HEADER) else {
        return Ok(Heard::TooLittle);
    };
    let rest = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if header[2..4] != [0, 0] || !(3..=254).contains(&rest) {
        return Err(BadReply::Malformed);
    }
    if header[..2] != transaction.to_be_bytes() || header[6] != unit {
        return Err(BadReply::Identifiers);
    }
    let whole = TCP_HEADER - 1 + rest;
    if bytes.len() < whole {
        return Ok(Heard::TooLittle);
    }
    if bytes.len() > whole {
        return Err(BadReply::Unasked);
    }
    ask.answer(&bytes[TCP_HEADER..]).map(Heard::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    const ASK: Ask = Ask::Read {
        table: Table::InputRegister,
        start: 0,
        count: 1,
    };

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let check = CHECK.checksum(bytes).to_le_bytes();
        [bytes, &check].concat()
    }

    #[test]
    fn check_sum_is_that_of_other_makers() {
        // A well-known frame: unit 1 is asked for ten holding registers from 0.
        let ask = Ask::Read {
            table: Table::HoldingRegister,
            start: 0,
            count: 10,
        };
        assert_eq!(rtu_question(1, ask), [1, 3, 0, 0, 0, 10, 0xC5, 0xCD]);
    }

    #[test]
    fn every_beginning_is_too_little_and_every_spoilt_byte_is_refused() {
        let good = sealed(&[9, 4, 2, 0x12, 0x34]);
        for length in 0..good.len() {
            assert_eq!(rtu_reply(9, ASK, &good[..length]), Ok(Heard::TooLittle));
        }
        let whole = Heard::Whole(Answer::Words(vec![0x1234]));
        assert_eq!(rtu_reply(9, ASK, &good), Ok(whole));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut spoilt = good.clone();
                spoilt[at] ^= 1 << bit;
                let heard = rtu_reply(9, ASK, &spoilt);
                assert!(!matches!(heard, Ok(Heard::Whole(_))), "{spoilt:02x?}");
            }
        }
        let garbage_before = [&[0x55], good.as_slice()].concat();
        assert_eq!(
            rtu_reply(9, ASK, &garbage_before),
            Err(BadReply::Identifiers)
        );
        let twice = [good.as_slice(), &good].concat();
        assert_eq!(rtu_reply(9, ASK, &twice), Err(BadReply::Unasked));
        let exception = sealed(&[9, 0x84, 2]);
        assert_eq!(
            rtu_reply(9, ASK, &exception),
            Ok(Heard::Whole(Answer::Exception(2)))
        );
    }

    #[test]
    fn late_reply_of_another_unit_is_told_from_garbage() {
        let late = sealed(&[2, 4, 2, 0, 7]);
        let ours = [late.as_slice(), &sealed(&[9, 4, 2, 0, 1])].concat();
        assert_eq!(rtu_late_reply(2, ASK, &ours), Some(7));
        assert_eq!(rtu_late_reply(2, ASK, &late[..6]), None);
        assert_eq!(rtu_late_reply(3, ASK, &late), Some(0));
        assert_eq!(rtu_late_reply(2, ASK, &[2, 4, 2, 0, 7, 0, 0]), Some(0));
        let lamp = |word| Ask::Write {
            table: Table::Coil,
            address: 0,
            word,
        };
        let off = sealed(&[&[2], lamp(0).bytes().as_slice()].concat());
        assert_eq!(rtu_late_reply(2, lamp(0), &off), Some(8));
        assert_eq!(rtu_late_reply(2, lamp(1), &off), Some(0), "another echo");
    }

    #[test]
    fn another_transaction_unit_or_protocol_is_refused() {
        let good = [0, 7, 0, 0, 0, 5, 9, 4, 2, 0, 1];
        let whole = Heard::Whole(Answer::Words(vec![1]));
        assert_eq!(tcp_reply(7, 9, ASK, &good), Ok(whole));
        for length in 0..good.len() {
            let heard = tcp_reply(7, 9, ASK, &good[..length]);
            assert_eq!(heard, Ok(Heard::TooLittle));
        }
        assert_eq!(tcp_reply(8, 9, ASK, &good), Err(BadReply::Identifiers));
        assert_eq!(tcp_reply(7, 8, ASK, &good), Err(BadReply::Identifiers));
        let mut other = good;
        other[3] = 1;
        assert_eq!(tcp_reply(7, 9, ASK, &other), Err(BadReply::Malformed));
        let after = [&good[..], &[0]].concat();
        assert_eq!(tcp_reply(7, 9, ASK, &after), Err(BadReply::Unasked));
    }
}
