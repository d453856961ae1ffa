//! What the simulated controller answers to one request, as bytes after the header. Written by hand
//! from the Modbus papers; shares nothing with the driver's client.

use std::time::Instant;

use super::{
    Fault, Writer,
    fault::Faults,
    plant::{COILS, Plant},
};

const READ_COILS: u8 = 1;
const READ_INPUTS: u8 = 2;
const READ_HOLDING: u8 = 3;
const READ_INPUT_REGISTERS: u8 = 4;
const WRITE_COIL: u8 = 5;
const WRITE_REGISTER: u8 = 6;

/// Holding registers with the model's name, two characters each: `LX-DEMO1`, or that of another model.
const NAME_AT: usize = 16;
const NAME: [u16; 4] = [0x4C58, 0x2D44, 0x454D, 0x4F31];
const ANOTHER_NAME: [u16; 4] = [0x4C58, 0x2D54, 0x5749, 0x4E32];

/// Modbus exceptions.
const ILLEGAL_FUNCTION: u8 = 1;
const ILLEGAL_ADDRESS: u8 = 2;
const ILLEGAL_VALUE: u8 = 3;

impl Plant {
    /// What becomes of one request; `None` is silence.
    pub(super) fn answer(&mut self, pdu: &[u8], now: Instant, faults: &Faults) -> Option<Vec<u8>> {
        let has = |fault| faults.contains(&fault);
        self.truth.requests += 1;
        let function = pdu.first().copied().unwrap_or(0);
        self.note_request(pdu, faults);
        if has(Fault::PowerCut) || has(Fault::PlcReboots) || has(Fault::NoAnswer) {
            return None;
        }
        if let Some(code) = faults.iter().find_map(|fault| fault.exception()) {
            return Some(vec![function | 0x80, code]);
        }
        Some(match self.obey(pdu, now, faults) {
            Ok(reply) => reply,
            Err(exception) => vec![function | 0x80, exception],
        })
    }

    /// How many looks at an open door or a pressed stop it takes until the lamp is told to go out.
    fn note_request(&mut self, pdu: &[u8], faults: &Faults) {
        let [door_closed, _, estop, ..] = self.inputs;
        let truth = &mut self.truth;
        if door_closed && !estop {
            truth.looks_at_trouble = 0;
        }
        match *pdu {
            [READ_INPUTS, 0, 0, ..] => {
                truth.polls += 1;
                if !door_closed || estop {
                    truth.looks_at_trouble += 1;
                }
            }
            [WRITE_COIL, 0, 0, 0, _] => {
                truth.lamp_off_orders += 1;
                if (!door_closed || estop) && truth.looks_until_off.is_none() {
                    truth.looks_until_off = Some(truth.looks_at_trouble);
                }
            }
            [WRITE_COIL, 0, 0, 0xFF, _] if !faults.contains(&Fault::IgnoresWrites) => {
                truth.lamp_on_orders += 1;
            }
            _ => {}
        }
    }

    /// Error: the exception code.
    fn obey(&mut self, pdu: &[u8], now: Instant, faults: &Faults) -> Result<Vec<u8>, u8> {
        let [function, a, b, c, d] = *pdu else {
            return Err(match pdu.first() {
                Some(READ_COILS..=WRITE_REGISTER) => ILLEGAL_VALUE,
                _ => ILLEGAL_FUNCTION,
            });
        };
        let address = usize::from(u16::from_be_bytes([a, b]));
        let second = u16::from_be_bytes([c, d]);
        let count = usize::from(second);
        let ignored = faults.contains(&Fault::IgnoresWrites);
        match function {
            READ_COILS => bits(&self.coils, function, address, count),
            READ_INPUTS => bits(&self.inputs, function, address, count),
            READ_HOLDING if address >= NAME_AT => {
                let name = if faults.contains(&Fault::WrongCabinet) {
                    ANOTHER_NAME
                } else {
                    NAME
                };
                registers(&name, function, address - NAME_AT, count)
            }
            READ_HOLDING => registers(&[self.heartbeat], function, address, count),
            READ_INPUT_REGISTERS => registers(&self.input_registers, function, address, count),
            WRITE_COIL if address >= COILS => Err(ILLEGAL_ADDRESS),
            WRITE_COIL if !matches!(second, 0 | 0xFF00) => Err(ILLEGAL_VALUE),
            WRITE_COIL => {
                if !ignored {
                    self.coils[address] = second != 0;
                    if address == 2 {
                        self.bolt_by = Writer::Bus;
                    }
                }
                Ok(pdu.to_vec())
            }
            WRITE_REGISTER if address != 0 => Err(ILLEGAL_ADDRESS),
            WRITE_REGISTER => {
                if !ignored {
                    if self.heartbeat != second {
                        self.heartbeat_at = Some(now);
                    }
                    self.heartbeat = second;
                }
                Ok(pdu.to_vec())
            }
            _ => Err(ILLEGAL_FUNCTION),
        }
    }
}

fn bits(all: &[bool], function: u8, address: usize, count: usize) -> Result<Vec<u8>, u8> {
    if !(1..=2000).contains(&count) {
        return Err(ILLEGAL_VALUE);
    }
    let asked = all.get(address..address + count).ok_or(ILLEGAL_ADDRESS)?;
    let mut reply = vec![function, count.div_ceil(8) as u8];
    for byte in asked.chunks(8) {
        reply.push(
            byte.iter()
                .rev()
                .fold(0, |acc, bit| acc << 1 | u8::from(*bit)),
        );
    }
    Ok(reply)
}

fn registers(all: &[u16], function: u8, address: usize, count: usize) -> Result<Vec<u8>, u8> {
    if !(1..=125).contains(&count) {
        return Err(ILLEGAL_VALUE);
    }
    let asked = all.get(address..address + count).ok_or(ILLEGAL_ADDRESS)?;
    let mut reply = vec![function, (count * 2) as u8];
    reply.extend(asked.iter().flat_map(|word| word.to_be_bytes()));
    Ok(reply)
}
