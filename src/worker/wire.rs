//! What goes over the socket between the station and its page worker: a length, a document, the length of what comes with it, that.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Wait;

/// A document longer than this is none: a page of 2,000 lines takes 20 MB.
const LONGEST_DOCUMENT: u32 = 256 * 1024 * 1024;
/// Nothing that comes with a document is longer, be it a file or what was made of one: a child that a file has taken over must not fill the
/// station's memory by a number alone.
const LONGEST_WITH: u64 = 1024 * 1024 * 1024;

/// Why nothing came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The other end is gone, or talks nonsense.
    Ended,
    /// Whoever waits was told to stop.
    Waited,
}

/// Called each time nothing moved for a tick.
type Tick<'a> = &'a mut dyn FnMut(Duration) -> Wait;

pub(super) fn send<T: Serialize>(
    socket: &mut UnixStream,
    document: &T,
    with: &[u8],
    tick: Tick<'_>,
) -> Result<(), Broken> {
    let text = serde_json::to_vec(document).expect("plain values have a JSON form");
    let length = u32::try_from(text.len()).map_err(|_| Broken::Ended)?;
    let mut head = length.to_le_bytes().to_vec();
    head.extend_from_slice(&text);
    head.extend_from_slice(&(with.len() as u64).to_le_bytes());
    for mut part in [head.as_slice(), with] {
        while !part.is_empty() {
            match socket.write(part) {
                Ok(0) => return Err(Broken::Ended),
                Ok(written) => part = &part[written..],
                Err(error) => again(&error, tick)?,
            }
        }
    }
    Ok(())
}

/// The document and what came with it.
pub(super) fn receive<T: DeserializeOwned>(
    socket: &mut UnixStream,
    tick: Tick<'_>,
) -> Result<(T, Vec<u8>), Broken> {
    let mut length = [0; 4];
    fill(socket, &mut length, tick)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST_DOCUMENT {
        return Err(Broken::Ended);
    }
    let mut text = vec![0; length as usize];
    fill(socket, &mut text, tick)?;
    let mut length = [0; 8];
    fill(socket, &mut length, tick)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_WITH {
        return Err(Broken::Ended);
    }
    let length = usize::try_from(length).map_err(|_| Broken::Ended)?;
    let mut with = Vec::new();
    with.try_reserve_exact(length).map_err(|_| Broken::Ended)?;
    with.resize(length, 0);
    fill(socket, &mut with, tick)?;
    let document = serde_json::from_slice(&text).map_err(|_| Broken::Ended)?;
    Ok((document, with))
}

fn fill(socket: &mut UnixStream, mut due: &mut [u8], tick: Tick<'_>) -> Result<(), Broken> {
    while !due.is_empty() {
        match socket.read(due) {
            Ok(0) => return Err(Broken::Ended),
            Ok(read) => due = &mut due[read..],
            Err(error) => again(&error, tick)?,
        }
    }
    Ok(())
}

fn again(error: &io::Error, tick: Tick<'_>) -> Result<(), Broken> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => match tick(super::TICK) {
            Wait::On => Ok(()),
            Wait::Stop => Err(Broken::Waited),
        },
        _ => Err(Broken::Ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        let (one, other) = UnixStream::pair().expect("a socket");
        one.set_read_timeout(Some(Duration::from_millis(5)))
            .expect("a timeout");
        (one, other)
    }

    #[test]
    fn a_document_and_what_comes_with_it_arrive_whole() {
        let (mut one, mut other) = pair();
        let with = vec![7; 300_000];
        let sent = with.clone();
        let sender = std::thread::spawn(move || send(&mut other, &"报", &sent, &mut |_| Wait::On));
        let (document, came): (String, _) = receive(&mut one, &mut |_| Wait::On).expect("it came");
        assert_eq!((document.as_str(), came), ("报", with));
        assert_eq!(sender.join().expect("no panic"), Ok(()));
    }

    #[test]
    fn an_end_that_closes_and_one_that_says_nothing_are_told_apart() {
        let (mut one, other) = pair();
        let waited = receive::<String>(&mut one, &mut |_| Wait::Stop);
        assert_eq!(waited.unwrap_err(), Broken::Waited);
        drop(other);
        let ended = receive::<String>(&mut one, &mut |_| Wait::On);
        assert_eq!(ended.unwrap_err(), Broken::Ended);
    }

    #[test]
    fn nonsense_is_no_document() {
        let (mut one, mut other) = pair();
        other.write_all(&[0xFF; 64]).expect("there is room");
        let nonsense = receive::<String>(&mut one, &mut |_| Wait::On);
        assert_eq!(nonsense.unwrap_err(), Broken::Ended);
    }

    #[test]
    fn a_length_beyond_all_files_is_nonsense_before_anything_is_set_aside_for_it() {
        let (mut one, mut other) = pair();
        let head = [
            &2_u32.to_le_bytes()[..],
            b"\"\"",
            &(1_u64 << 40).to_le_bytes(),
        ]
        .concat();
        other.write_all(&head).expect("there is room");
        // One that waits for the bytes would be told to stop, and say so.
        let nonsense = receive::<String>(&mut one, &mut |_| Wait::Stop);
        assert_eq!(nonsense.unwrap_err(), Broken::Ended);
    }
}
