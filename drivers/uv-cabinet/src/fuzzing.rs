//! The door for whoever tries foreign bytes on the wire's two framings (`fuzz/` of the station, and its tests). No interface: it may change at any time.

use std::time::Duration;

use crate::frame::{self, Heard, LONGEST};
use crate::pdu::{Answer, Ask};
use crate::wire::{self, Block};
use crate::{Kind, Point, PointSpec, Table, Value, WordOrder};

const TABLES: [Table; 4] = [
    Table::Coil,
    Table::DiscreteInput,
    Table::HoldingRegister,
    Table::InputRegister,
];
const KINDS: [Kind; 7] = [
    Kind::Bool,
    Kind::Bit,
    Kind::U16,
    Kind::I16,
    Kind::U32,
    Kind::I32,
    Kind::F32,
];
const LEAST: f64 = -1e6;
const MOST: f64 = 1e6;

/// Takes the first five bytes for a question and the others for what was heard after it: as they are, and with unit, check sum, transaction and length
/// put right, so that what lies behind those is reached.
///
/// # Panics
/// When a reply is taken that is none to the question, a value passes that is out of its range, or a full buffer is still too little.
pub fn replies(bytes: &[u8]) {
    let [what, start, count, unit, transaction, heard @ ..] = bytes else {
        return;
    };
    let table = TABLES[usize::from(what & 3)];
    let ask = match what & 4 {
        0 => Ask::Read {
            table,
            start: (*start).into(),
            count: 1 + u16::from(*count) % 100,
        },
        _ => Ask::Write {
            table,
            address: (*start).into(),
            word: (*count).into(),
        },
    };
    let heard = &heard[..heard.len().min(LONGEST)];
    let body = &heard[..heard.len().min(LONGEST - 7)];
    let transaction = u16::from(*transaction);
    for rtu in [heard.to_vec(), frame::rtu_sealed(*unit, body)] {
        judge(ask, rtu.len(), frame::rtu_reply(*unit, ask, &rtu).ok());
        let late = frame::rtu_late_reply(*unit, ask, &rtu);
        assert!(late.unwrap_or(0) <= rtu.len());
    }
    let length = u16::try_from(body.len() + 1).expect("shorter than the longest frame");
    let head = [
        &transaction.to_be_bytes()[..],
        &[0, 0],
        &length.to_be_bytes(),
        &[*unit],
    ];
    for tcp in [heard.to_vec(), [&head.concat(), body].concat()] {
        let reply = frame::tcp_reply(transaction, *unit, ask, &tcp);
        judge(ask, tcp.len(), reply.ok());
    }
}

fn judge(ask: Ask, length: usize, heard: Option<Heard>) {
    match (heard, ask) {
        (Some(Heard::TooLittle), _) => assert!(length < LONGEST, "there is no room for more"),
        (Some(Heard::Whole(Answer::Words(words))), Ask::Read { count, .. }) => {
            assert_eq!(words.len(), usize::from(count));
            measure(&words);
        }
        (Some(Heard::Whole(Answer::Written)), Ask::Write { .. })
        | (Some(Heard::Whole(Answer::Exception(_))) | None, _) => {}
        (Some(Heard::Whole(answer)), _) => panic!("{answer:?} to {ask:?}"),
    }
}

/// Every meaning that words may have.
fn measure(words: &[u16]) {
    for kind in KINDS {
        for word_order in [WordOrder::HighFirst, WordOrder::LowFirst] {
            let spec = PointSpec {
                modbus_unit: None,
                table: Table::InputRegister,
                address: 0,
                kind,
                bit: 15,
                word_order,
                scale: 0.1,
                min: LEAST,
                max: MOST,
                max_age: Duration::ZERO,
                frozen_after: None,
            };
            let block = Block {
                unit: 1,
                table: Table::InputRegister,
                start: 0,
                count: kind.width(),
                points: Vec::new(),
            };
            if words.len() < usize::from(kind.width()) {
                continue;
            }
            for point in [Point::LampHoursH, Point::DoorClosed] {
                let value = wire::value(point, &spec, wire::raw(&spec, &block, words));
                if let Ok(Value::Number(number)) = value {
                    assert!((LEAST..=MOST).contains(&number), "{number}");
                }
            }
        }
    }
}
