//! A byte-level rogue in front of a cabinet: spoils replies on their way, on TCP and on a serial line. Frames by hand, from the
//! Modbus papers; nothing of the driver's.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What frames look like on this wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Tcp,
    Rtu,
}

/// What can happen to a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It comes this much later than it could, and never later than [`Rogue::latest`] after its request.
    Late(Duration),
    Dropped,
    Twice,
    GarbageBefore,
    GarbageAfter,
    Truncated,
    /// RTU: a wrong check sum. TCP has none: a bit of the transaction number is wrong.
    WrongCheck,
    OtherUnit,
    /// A Modbus exception with this code, in place of the reply.
    Exception(u8),
    /// One byte at a time, with this pause after each.
    SlowLoris(Duration),
    /// The connection is reset (TCP only; on a serial line the reply is dropped).
    Reset,
}

/// Small numbers that look like chance and can be had again.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Check sum of Modbus RTU, bit by bit.
pub(crate) fn check_sum(frame: &[u8]) -> [u8; 2] {
    let mut sum = 0xFFFF_u16;
    for byte in frame {
        sum ^= u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xA001
            } else {
                sum >> 1
            };
        }
    }
    sum.to_le_bytes()
}

/// Unit and what follows it up to the check sum, out of a whole frame.
pub(crate) fn opened(wire: Wire, frame: &[u8]) -> &[u8] {
    match wire {
        Wire::Tcp => &frame[6..],
        Wire::Rtu => &frame[..frame.len() - 2],
    }
}

/// A reply's frame around unit and body, for this request.
pub(crate) fn sealed(wire: Wire, request: &[u8], inside: &[u8]) -> Vec<u8> {
    match wire {
        Wire::Tcp => {
            let length = u16::try_from(inside.len()).expect("short");
            [&request[..4], &length.to_be_bytes(), inside].concat()
        }
        Wire::Rtu => [inside, &check_sum(inside)].concat(),
    }
}

/// The next whole request. On a serial line every request of a cabinet's driver has eight bytes.
pub(crate) async fn request<S: AsyncRead + Unpin>(wire: Wire, from: &mut S) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; if wire == Wire::Tcp { 6 } else { 8 }];
    from.read_exact(&mut frame).await?;
    if wire == Wire::Tcp {
        let rest = usize::from(u16::from_be_bytes([frame[4], frame[5]]));
        frame.resize(6 + rest, 0);
        from.read_exact(&mut frame[6..]).await?;
    } else {
        assert_eq!(check_sum(&frame[..6]), frame[6..], "the driver's own frame");
    }
    Ok(frame)
}

/// The next whole reply of a cabinet that is in order.
pub(crate) async fn reply<S: AsyncRead + Unpin>(wire: Wire, from: &mut S) -> io::Result<Vec<u8>> {
    if wire == Wire::Tcp {
        return request(wire, from).await;
    }
    let mut frame = vec![0; 3];
    from.read_exact(&mut frame).await?;
    let rest = match frame[1] {
        1..=4 => usize::from(frame[2]) + 2,
        5 | 6 => 5,
        _ => 2,
    };
    frame.resize(3 + rest, 0);
    from.read_exact(&mut frame[3..]).await?;
    Ok(frame)
}

/// How a conversation ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    HungUp,
    Reset,
}

/// Spoils replies.
#[derive(Debug, Clone)]
pub(crate) struct Rogue {
    pub(crate) wire: Wire,
    pub(crate) dice: Dice,
    /// The promise that a drain relies on: after this no reply comes any more.
    pub(crate) latest: Duration,
}

impl Rogue {
    /// Answers every request with what `answer` gives, spoilt as `weather` says.
    pub(crate) async fn serve<S, A>(
        &mut self,
        mut client: S,
        mut answer: impl FnMut(Vec<u8>) -> A,
        mut weather: impl FnMut(&mut Dice) -> Option<Fault>,
    ) -> (End, S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
        A: Future<Output = io::Result<Vec<u8>>>,
    {
        loop {
            let Ok(asked) = request(self.wire, &mut client).await else {
                return (End::HungUp, client);
            };
            let asked_at = Instant::now();
            let Ok(good) = answer(asked).await else {
                return (End::HungUp, client);
            };
            let fault = weather(&mut self.dice);
            match self.send(&mut client, &good, fault, asked_at).await {
                Ok(None) => {}
                Ok(Some(end)) => return (end, client),
                Err(_) => return (End::HungUp, client),
            }
        }
    }

    async fn send<S: AsyncWrite + Unpin>(
        &mut self,
        client: &mut S,
        good: &[u8],
        fault: Option<Fault>,
        asked_at: Instant,
    ) -> io::Result<Option<End>> {
        let mut spoilt = good.to_vec();
        match fault {
            None => {}
            Some(Fault::Late(by)) => {
                tokio::time::sleep(by).await;
                // This machine may be busy: keep the promise.
                if asked_at.elapsed() > self.latest {
                    return Ok(None);
                }
            }
            Some(Fault::Dropped) => return Ok(None),
            Some(Fault::Reset) if self.wire == Wire::Tcp => return Ok(Some(End::Reset)),
            Some(Fault::Reset) => return Ok(None),
            Some(Fault::Twice) => spoilt.extend_from_slice(good),
            Some(Fault::GarbageBefore) => {
                spoilt = [self.garbage(), spoilt].concat();
            }
            Some(Fault::GarbageAfter) => spoilt.extend(self.garbage()),
            Some(Fault::Truncated) => {
                let kept = 1 + self.dice.below(good.len() as u64 - 1) as usize;
                spoilt.truncate(kept);
            }
            Some(Fault::WrongCheck) => {
                let at = if self.wire == Wire::Tcp {
                    1
                } else {
                    good.len() - 1
                };
                spoilt[at] ^= 0x10;
            }
            Some(Fault::OtherUnit) => {
                let mut inside = opened(self.wire, good).to_vec();
                inside[0] ^= 0x02;
                spoilt = sealed(self.wire, good, &inside);
            }
            Some(Fault::Exception(code)) => {
                let [unit, function] = [opened(self.wire, good)[0], opened(self.wire, good)[1]];
                spoilt = sealed(self.wire, good, &[unit, function | 0x80, code]);
            }
            Some(Fault::SlowLoris(pause)) => {
                for byte in &spoilt {
                    if asked_at.elapsed() > self.latest {
                        return Ok(None);
                    }
                    client.write_all(&[*byte]).await?;
                    tokio::time::sleep(pause).await;
                }
                return Ok(None);
            }
        }
        client.write_all(&spoilt).await?;
        Ok(None)
    }

    fn garbage(&mut self) -> Vec<u8> {
        (0..=self.dice.below(5))
            .map(|_| self.dice.below(256) as u8)
            .collect()
    }
}
