//! For `bench/office.py`: tells a broker of registrations as a station would. Each line of standard input is one of `laixin history`'s records.
//!
//! `fingerprints HOST:PORT SEED-FILE STATIONS-KEY-FILE STATION`; `fingerprints new-keys` makes those of a user and of a sealer.

use std::io::BufRead as _;
use std::path::Path;

use laixin::broker::stations_key::StationsKey;
use laixin::broker::streams;
use laixin::domain::repeat::{Fingerprint, Grams, Registered, content};
use laixin::history::{lines, record};

/// Messages under way at once.
const AT_ONCE: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "new-keys").is_some() {
        let (user, seal) = (nkeys::KeyPair::new_user(), nkeys::XKey::new());
        println!(
            "user {}\nseed {}\nseal_seed {}\nseal {}",
            user.public_key(),
            user.seed()?,
            seal.seed()?,
            seal.public_key()
        );
        return Ok(());
    }
    let mut next = || {
        arguments
            .next()
            .ok_or("HOST:PORT SEED-FILE STATIONS-KEY-FILE STATION")
    };
    let (address, seed, key, station) = (next()?, next()?, next()?, next()?);
    let key = StationsKey::read(Path::new(&key))?;
    let seed = std::fs::read_to_string(seed)?.trim().to_owned();
    let client = async_nats::ConnectOptions::with_nkey(seed)
        .connect(address)
        .await?;
    let jetstream = async_nats::jetstream::new(client);
    streams::make(&jetstream, 1).await?;
    let subject = format!("fingerprints.{station}");
    let mut under_way = Vec::with_capacity(AT_ONCE);
    for (at, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        let parsed = lines(&line, true);
        let (_, columns) = parsed.into_iter().next().ok_or("an empty line")?;
        let record = record(&columns.map_err(|fault| fault.to_string())?)
            .map_err(|fault| fault.to_string())?;
        let prepared = content::of_text(&record.text);
        let registered = Registered {
            grams: Grams::of(&prepared),
            ..record.registered
        };
        let said = Fingerprint::of(&format!("L{at}"), &registered, &prepared);
        let sealed = key.seal(&subject, &said.to_bytes());
        under_way.push(jetstream.publish(subject.clone(), sealed.into()).await?);
        if under_way.len() == AT_ONCE {
            for sent in under_way.drain(..) {
                sent.await?;
            }
        }
    }
    for sent in under_way {
        sent.await?;
    }
    Ok(())
}
