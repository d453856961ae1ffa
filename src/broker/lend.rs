//! Pages of this station that readers elsewhere read: out as tasks of a work queue, back as lines. The reading thread (`read/lent.rs`) decides which and
//! remembers them; here they are only carried. What is lost on the way is read by the station itself.

use std::sync::mpsc;
use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt;
use nkeys::XKey;
use tokio_util::sync::CancellationToken;

use super::Link;
use super::lent::{Ask, Head, opened_answer, sealed_page};
use super::neighbours::Neighbours;
use super::reader::model;
use super::streams::{self, done, task};
use crate::config::Readers;
use crate::digest::hex;
use crate::health::Readiness;
use crate::store::Reading;
use crate::{Chain, config};

/// The part of the station that readiness tells this of.
pub const PART: &str = "readers";
/// Words to the carrier that wait; a thread that has more to say keeps its pages.
const WAITING: usize = 64;
/// Between two attempts after something went wrong.
const AGAIN: Duration = Duration::from_secs(2);

/// A page to be read elsewhere.
#[derive(Debug, Clone)]
pub struct Loan {
    /// SHA-256 of the original.
    pub sha256: String,
    /// Page inside a multi-page file, from 0.
    pub frame: u32,
    /// The engine it is to be read with.
    pub engine: String,
    /// The original.
    pub bytes: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Names the page that was lent.
    pub token: String,
    /// Who read it.
    pub reader: String,
    /// What was read, of exactly this page by exactly this engine; or the code of why it was not.
    pub read: Result<Reading, String>,
}

enum Said {
    Lend(String, Loan),
    TakeBack(String),
}

/// The reading thread's end.
#[derive(Debug)]
pub struct Lending {
    out: tokio::sync::mpsc::Sender<Said>,
    answers: mpsc::Receiver<Answer>,
    neighbours: Neighbours,
    /// What the settings say.
    pub settings: Readers,
}

/// The carrier's end.
#[derive(Debug)]
pub struct Carrier {
    out: tokio::sync::mpsc::Receiver<Said>,
    answers: mpsc::Sender<Answer>,
    settings: Readers,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lend(token, _) | Self::TakeBack(token) => f.write_str(token),
        }
    }
}

/// Both ends.
#[must_use]
pub fn lending(settings: &Readers, neighbours: &Neighbours) -> (Lending, Carrier) {
    let (out, taken) = tokio::sync::mpsc::channel(WAITING);
    let (back, answers) = mpsc::channel();
    let lending = Lending {
        out,
        answers,
        neighbours: neighbours.clone(),
        settings: settings.clone(),
    };
    let carrier = Carrier {
        out: taken,
        answers: back,
        settings: settings.clone(),
    };
    (lending, carrier)
}

impl Lending {
    /// Pages that may be with readers of this engine at once.
    #[must_use]
    pub fn room(&self, engine: &str) -> usize {
        let each = usize::try_from(self.settings.each.0).unwrap_or(usize::MAX);
        self.neighbours.readers_with(engine).saturating_mul(each)
    }

    /// Gives a page out; the token its answer will name. `None`: too much waits to go out.
    #[must_use]
    pub fn lend(&self, loan: Loan) -> Option<String> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the system gives random numbers");
        let token = hex(&random);
        self.out.try_send(Said::Lend(token.clone(), loan)).ok()?;
        Some(token)
    }

    /// Nobody needs to read it any more.
    pub fn take_back(&self, token: String) {
        // What stays there is forgotten by itself.
        let _ = self.out.try_send(Said::TakeBack(token));
    }

    /// The next answer, waiting so long for one.
    #[must_use]
    pub fn answer(&self, patience: Duration) -> Option<Answer> {
        match patience.is_zero() {
            true => self.answers.try_recv().ok(),
            false => self.answers.recv_timeout(patience).ok(),
        }
    }
}

impl Carrier {
    /// Carries until the station stops.
    pub(super) async fn run(
        mut self,
        link: Link,
        station: String,
        readiness: Readiness,
        stop: CancellationToken,
    ) {
        let readers = XKey::from_public_key(&self.settings.seal_to.0)
            .expect("the settings take a public key only");
        // For this run: what was asked before a restart is not answered.
        let own = XKey::new();
        loop {
            let carried = tokio::select! {
                () = stop.cancelled() => return,
                carried = self.carry(&link, &station, (&own, &readers), &readiness) => carried,
            };
            match carried {
                Ok(()) => return,
                Err(error) => {
                    let why = format!(
                        "pages cannot be given to readers: {}; this station reads them itself",
                        Chain(error.as_ref())
                    );
                    readiness.not_ready(PART, "readers_unreachable", &why);
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// `Ok` once the reading thread is gone.
    async fn carry(
        &mut self,
        link: &Link,
        station: &str,
        (own, readers): (&XKey, &XKey),
        readiness: &Readiness,
    ) -> Result<(), async_nats::Error> {
        let jetstream = link.jetstream();
        let pages = streams::pages(jetstream).await?;
        let mut back = link.client().subscribe(done(station)).await?;
        readiness.ready(PART);
        loop {
            tokio::select! {
                said = self.out.recv() => match said {
                    None => return Ok(()),
                    Some(Said::TakeBack(token)) => drop(pages.delete(token).await),
                    Some(Said::Lend(token, loan)) => {
                        let lent = self.put_out(jetstream, &pages, station, (own, readers), (&token, loan)).await;
                        if let Err(error) = lent {
                            self.failed(token, "not_sent");
                            return Err(error);
                        }
                    }
                },
                message = back.next() => match message {
                    None => return Err("the connection ended".into()),
                    Some(message) => self.answered(&message.payload, own, readers),
                },
            }
        }
    }

    async fn put_out(
        &self,
        jetstream: &jetstream::Context,
        pages: &jetstream::object_store::ObjectStore,
        station: &str,
        (own, readers): (&XKey, &XKey),
        (token, loan): (&str, Loan),
    ) -> Result<(), async_nats::Error> {
        let head = Head {
            token: token.to_owned(),
            sha256: loan.sha256,
            frame: loan.frame,
            engine: loan.engine,
        };
        let sealed =
            sealed_page(&head, &loan.bytes, own, readers).ok_or("a page cannot be sealed")?;
        pages.put(token, &mut sealed.as_slice()).await?;
        let ask = Ask {
            token: token.to_owned(),
            from: own.public_key(),
        };
        let ask = serde_json::to_vec(&ask)?;
        let subject = task(&model(&head.engine), station);
        jetstream.publish(subject, ask.into()).await?.await?;
        Ok(())
    }

    fn answered(&self, sealed: &[u8], own: &XKey, readers: &XKey) {
        let Some(done) = opened_answer(sealed, own, readers) else {
            tracing::debug!("an answer that no reader of this run was asked for");
            return;
        };
        let read = done
            .read
            .and_then(|reading| match reading.engine == done.head.engine {
                true => Ok(reading),
                false => Err("another_engine".into()),
            });
        // The thread that asked may be gone.
        let _ = self.answers.send(Answer {
            token: done.head.token,
            reader: done.reader,
            read,
        });
    }

    fn failed(&self, token: String, code: &str) {
        let _ = self.answers.send(Answer {
            token,
            reader: String::new(),
            read: Err(code.to_owned()),
        });
    }
}

#[cfg(test)]
impl Carrier {
    /// What was lent last.
    pub(crate) fn lent(&mut self) -> Option<(String, Loan)> {
        match self.out.try_recv().ok()? {
            Said::Lend(token, loan) => Some((token, loan)),
            Said::TakeBack(_) => None,
        }
    }

    /// A reader's answer.
    pub(crate) fn answers(&self, token: &str, read: Result<Reading, String>) {
        let answer = Answer {
            token: token.to_owned(),
            reader: "reader-1".into(),
            read,
        };
        self.answers.send(answer).expect("somebody listens");
    }
}

/// Whether pages may go to readers at all.
#[must_use]
pub fn of(office: Option<&config::Office>) -> Option<&Readers> {
    office.and_then(|office| office.readers.as_ref())
}
