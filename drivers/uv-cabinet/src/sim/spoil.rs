//! What a fault of the wire makes of one reply: the same for both wires, each with its own frames.

use std::time::Duration;

use super::{Fault, fault::Faults};

/// Which frames a wire has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// A header with transaction, protocol, length and unit.
    Tcp,
    /// Unit before, checksum behind.
    Rtu,
}

/// What is done about one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// These bytes, in this order; none is silence.
    Send(Vec<Piece>),
    /// The connection is reset; a serial port hangs up.
    HangUp,
}

/// Some bytes, after a pause.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) after: Duration,
    pub(super) bytes: Vec<u8>,
}

const GARBAGE: [u8; 5] = [0x00, 0xFF, 0x55, 0xAA, 0x01];
/// How much later the late one of two copies comes.
const SECOND_COPY: Duration = Duration::from_millis(25);
/// Parts of `late` between two bytes of a slow reply.
const SLOW_PART: u32 = 4;

/// One connection's memory.
#[derive(Debug)]
pub(super) struct Spoiler {
    frames: Frames,
    late: Duration,
    previous: Option<Vec<u8>>,
    turn: u32,
    life: Life,
}

#[derive(Debug, PartialEq, Eq)]
enum Life {
    Good,
    /// The other side does not know that nobody is here any more.
    Dead,
    /// The controller has forgotten this connection.
    Forgotten,
}

impl Spoiler {
    pub(super) fn new(frames: Frames, late: Duration) -> Self {
        Self {
            frames,
            late,
            previous: None,
            turn: 0,
            life: Life::Good,
        }
    }

    /// What is done about a request to which the controller answers `reply`.
    pub(super) fn act(
        &mut self,
        reply: Option<Vec<u8>>,
        faults: &Faults,
        frame: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Act {
        let has = |fault| faults.contains(&fault);
        self.turn = self.turn.wrapping_add(1);
        if has(Fault::Resets) || (self.life == Life::Forgotten && reply.is_some()) {
            return Act::HangUp;
        }
        let stays_open = self.frames == Frames::Tcp;
        if has(Fault::PowerCut) || has(Fault::PlcReboots) {
            if stays_open {
                self.life = Life::Forgotten;
            }
        } else if has(Fault::HalfOpen) {
            if stays_open {
                self.life = Life::Dead;
            }
            return Act::Send(Vec::new());
        }
        let Some(mut reply) = reply.filter(|_| self.life == Life::Good) else {
            return Act::Send(Vec::new());
        };
        if has(Fault::ShortReply) && matches!(reply[0], 3 | 4) && reply.len() >= 4 {
            reply.truncate(reply.len() - 2);
            reply[1] -= 2;
        }
        let right = reply.clone();
        if has(Fault::PreviousReply)
            && let Some(previous) = &self.previous
        {
            reply.clone_from(previous);
        }
        self.previous = Some(right);
        Act::Send(self.pieces(&reply, faults, frame))
    }

    fn pieces(
        &self,
        reply: &[u8],
        faults: &Faults,
        frame: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Vec<Piece> {
        let has = |fault| faults.contains(&fault);
        let mut whole = frame(reply);
        self.spoil_frame(&mut whole, faults);
        if has(Fault::HalfReply) {
            whole.truncate(whole.len() / 2);
        }
        if has(Fault::GarbageBefore) {
            whole.splice(0..0, GARBAGE);
        }
        if has(Fault::GarbageAfter) {
            whole.extend(GARBAGE);
        }
        if has(Fault::SecondMaster) && self.frames == Frames::Rtu {
            let mut theirs = frame(&[reply[0], 0, 100, 0, 7]);
            theirs.extend(frame(&foreign(reply)));
            if self.turn.is_multiple_of(2) {
                whole.extend(theirs);
            } else {
                whole.splice(0..0, theirs);
            }
        }
        if has(Fault::SlowLoris) {
            let after = self.late / SLOW_PART;
            let bytes = whole.into_iter();
            return bytes.map(|byte| piece(after, vec![byte])).collect();
        }
        let after = if has(Fault::LateReply) {
            self.late
        } else {
            Duration::ZERO
        };
        let mut pieces = vec![piece(after, whole.clone())];
        if has(Fault::DuplicatedReply) {
            let after = SECOND_COPY * (self.turn % 2);
            pieces.push(piece(after, whole));
        }
        pieces
    }

    fn spoil_frame(&self, whole: &mut [u8], faults: &Faults) {
        let has = |fault| faults.contains(&fault);
        match self.frames {
            Frames::Tcp => {
                if has(Fault::OtherUnit) {
                    whole[6] ^= 0x02;
                }
                if has(Fault::WrongCrc) {
                    whole[2] ^= 0x5A;
                }
                if has(Fault::WrongTransaction) {
                    whole[1] ^= 0x55;
                }
            }
            Frames::Rtu => {
                let body = whole.len() - 2;
                if has(Fault::OtherUnit) {
                    whole[0] ^= 0x02;
                }
                if has(Fault::WrongTransaction) {
                    whole[1] = if whole[1] == 3 { 4 } else { 3 };
                }
                let crc = super::rtu::crc(&whole[..body]).to_le_bytes();
                whole[body..].copy_from_slice(&crc);
                if has(Fault::WrongCrc) {
                    whole[body] ^= 0x5A;
                }
            }
        }
    }
}

fn piece(after: Duration, bytes: Vec<u8>) -> Piece {
    Piece { after, bytes }
}

/// What another master of this unit asked for and got: of the same kind and length as our reply, from
/// somewhere else. It looks as good as possible: bright lamp, clean air, door shut and locked.
fn foreign(ours: &[u8]) -> Vec<u8> {
    let mut theirs = ours.to_vec();
    match theirs[0] {
        2 => theirs[2..].fill(0b0_1011),
        3 | 4 => {
            theirs[2..].fill(0);
            theirs[2] = 0x36;
        }
        _ => {}
    }
    theirs
}
