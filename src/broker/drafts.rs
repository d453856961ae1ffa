//! Task: packages out to the brokers, as the outbox owes them. Claimed like by any case system; out once a majority of the brokers has the
//! message on disk. The package's name is the message's id: sent again after a crash it is the same one.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::fault::BrokerFault;
use super::package::{Archive, Package};
use super::{Outside, names, pages};
use crate::Chain;
use crate::api::password::random_hex;
use crate::archive::{self, Outline};
use crate::domain::draft::Draft;
use crate::domain::outgoing::{Kind, Retry, State};
use crate::events::Event;
use crate::handoff::chance;
use crate::sd_notify::Beat;
use crate::store::{BROKERS, Channel, Db, Found, Message, OwedAs, StoreError};

/// Packages made in one go.
const AT_ONCE: u32 = 20;
/// A package that the brokers do not take as it is, or whose PDF cannot be made, is tried so often.
const RETRY: Retry = Retry {
    first_s: 60,
    attempts: 6,
};
/// Between two looks at a name that is not ours.
const HELD: Duration = Duration::from_secs(1);

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// As much as could be made at once; there may be more.
    More,
    /// Nothing is owed now, or it waits for the brokers.
    Done,
}

/// A package that is made and sealed.
struct Made {
    message: Message,
    sealed: Vec<u8>,
    pdf: Option<String>,
}

/// What a package shows of its letter.
struct Content {
    draft: Draft,
    outline: Outline,
    /// The pages that an amendment tells of.
    added: Vec<u32>,
}

/// The originals of a letter that may be fetched: those of its draft, and those that came since.
fn files(draft: &Draft, outline: &Outline) -> Vec<(u32, String)> {
    let own = draft.pages.iter();
    let own = own.map(|page| (page.n, page.sha256.clone()));
    let files: BTreeMap<u32, String> = own.chain(outline.originals()).collect();
    files.into_iter().collect()
}

struct Carrier<'a> {
    outside: &'a Outside,
    channel: Channel,
}

/// Runs until `stop`; sends only while `may_send` says so.
pub(super) async fn run(
    outside: &Outside,
    may_send: watch::Receiver<bool>,
    beat: &Beat,
    stop: &CancellationToken,
) {
    let carrier = Carrier {
        outside,
        channel: Channel {
            name: BROKERS.to_owned(),
            kinds: vec![Kind::AlertRaised, Kind::Amended],
            unit: outside.office.unit.clone(),
            holder: Some(BROKERS.to_owned()),
        },
    };
    // The name stays what it is until this process ends.
    let mut is_named = false;
    loop {
        beat.beat();
        let pause = if !*may_send.borrow() {
            HELD
        } else {
            let went = async {
                is_named = is_named || carrier.is_named().await?;
                match is_named {
                    true => carrier.round(beat, stop).await,
                    false => Ok(Went::Done),
                }
            };
            match went.await {
                Ok(Went::More) => Duration::ZERO,
                Ok(Went::Done) => super::EVERY,
                Err(StoreError::Stopped) => return,
                Err(error) => {
                    tracing::error!(channel = BROKERS, error = %Chain(&error), "the outbox cannot be worked on; it is tried again");
                    super::EVERY
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Carrier<'_> {
    /// Whether letters may go out under this station's name; where some are with the office under another, and not answered for, none does.
    async fn is_named(&self) -> Result<bool, StoreError> {
        let Outside {
            handoff, office, ..
        } = self.outside;
        let name = office.station.0.clone();
        let owed = handoff.store.with(move |db| db.go_out_as(BROKERS, &name));
        let Some(OwedAs { name, drafts }) = owed.await? else {
            return Ok(true);
        };
        let now = &office.station.0;
        let why = format!(
            "{drafts} letters are with the office as {name} without an answer, and would be registered twice as {now}: set office.station back to {name} until each is registered or withdrawn; nothing is sent before"
        );
        handoff.readiness.not_ready(BROKERS, "name_changed", &why);
        Ok(false)
    }

    async fn round(&self, beat: &Beat, stop: &CancellationToken) -> Result<Went, StoreError> {
        let store = &self.outside.handoff.store;
        let (channel, most) = (self.channel.clone(), self.outside.office.most_waiting.0);
        let again_s = i64::try_from(self.outside.office.ask_again_s.0).expect("a week at most");
        let due = store.with(move |db| {
            // What the brokers have, and a notice that one is withdrawn follows.
            for message in db.packages_to_take_back(&channel.name)? {
                db.package_taken_back(&message, (Found::Gone, random_hex::<16>))?;
            }
            for message in db.staged_packages(&channel.name)? {
                db.package_placed(&message)?;
            }
            let room = most.saturating_sub(db.unanswered(&channel.name)?);
            let room = u32::try_from(room).unwrap_or(u32::MAX).min(AT_ONCE);
            if room > 0 {
                db.claim_packages(&channel, room, random_hex::<16>)?;
            }
            db.queue_messages(&channel, random_hex::<16>)?;
            let mut due = db.due_messages(&channel, AT_ONCE)?;
            if due.is_empty() {
                due = db.packages_to_ask_for(&channel.name, (again_s, AT_ONCE))?;
            }
            Ok(due)
        });
        let due = due.await?;
        let went = if due.len() == AT_ONCE as usize {
            Went::More
        } else {
            Went::Done
        };
        let mut made = Vec::with_capacity(due.len());
        for message in due {
            beat.beat();
            if stop.is_cancelled() {
                return Ok(Went::Done);
            }
            match self.make(message).await? {
                Ok(one) => made.extend(one),
                Err(fault) => {
                    self.held_up(&fault);
                    return Ok(Went::Done);
                }
            }
        }
        Ok(if self.send(made).await? {
            went
        } else {
            Went::Done
        })
    }

    /// Makes and seals one package, with its pages at the brokers; none where it cannot be made and is tried later.
    async fn make(
        &self,
        message: Message,
    ) -> Result<Result<Option<Made>, BrokerFault>, StoreError> {
        let Outside {
            handoff, office, ..
        } = self.outside;
        let mut package = Package {
            package: message.message.clone(),
            kind: message.kind,
            station: office.station.0.clone(),
            letter: message.letter.clone(),
            made_at: message.made.rfc3339(),
            withdrawn: None,
            code: message.code.clone(),
            pages: Vec::new(),
            draft: None,
            files: Vec::new(),
            archive: None,
        };
        let mut pdf = None;
        if message.has_content() {
            let Content {
                draft,
                outline,
                added,
            } = self.content(&message).await?;
            package.files = files(&draft, &outline);
            package.pages = added;
            let files = &package.files;
            package
                .pages
                .retain(|n| files.iter().any(|(at, _)| at == n));
            if office.pages {
                let file = match self.pdf(outline).await {
                    Ok(file) => file,
                    Err(why) => {
                        tracing::warn!(
                            channel = BROKERS,
                            letter = message.letter,
                            why,
                            "the archive file of a package cannot be made"
                        );
                        self.failed(message, "pdf_failed").await?;
                        return Ok(Ok(None));
                    }
                };
                match pages::put(self.outside, &package.files, file).await {
                    Ok(archive) => package.archive = archive,
                    Err(pages::NotPut::Fault(fault)) => return Ok(Err(fault)),
                    Err(pages::NotPut::Evidence(error)) => {
                        tracing::warn!(channel = BROKERS, letter = message.letter, error = %Chain(&error), "an original of a package cannot be read");
                        self.failed(message, "original_failed").await?;
                        return Ok(Ok(None));
                    }
                }
                pdf = package
                    .archive
                    .as_ref()
                    .map(|Archive { sha256, .. }| sha256.clone());
            }
            package.draft = Some(serde_json::to_value(&draft).expect("a draft is a document"));
        } else {
            let told = message.clone();
            let about = handoff.store.with(move |db| {
                let pages = match told.kind {
                    Kind::AlertRaised => db.alert_pages_told(&told)?,
                    _ => Vec::new(),
                };
                Ok((pages, db.withdrawn_package(&told)?))
            });
            (package.pages, package.withdrawn) = about.await?;
        }
        let plain = serde_json::to_vec(&package).expect("plain values are JSON");
        let sealed = self.outside.key.seal(&plain, &office.seal_to);
        Ok(Ok(Some(Made {
            message,
            sealed,
            pdf,
        })))
    }

    async fn content(&self, message: &Message) -> Result<Content, StoreError> {
        let message = message.clone();
        let handed = self.outside.handoff.store.with(move |db| {
            let letter = message.letter.as_str();
            let kept = db.pages_kept_from_channel(BROKERS, letter)?;
            Ok(Content {
                draft: db.draft_for(BROKERS, letter)?,
                outline: Outline::of(db, letter)?
                    .without_instructions()
                    .without_findings()
                    .without(&kept),
                added: db.added_pages_told(&message)?,
            })
        });
        handed.await
    }

    async fn pdf(&self, outline: Outline) -> Result<Option<Vec<u8>>, String> {
        if !self.outside.office.pdf || outline.pages() == 0 {
            return Ok(None);
        }
        let handoff = &self.outside.handoff;
        let (evidence, settings) = (handoff.evidence.clone(), handoff.settings.clone());
        let made = tokio::task::spawn_blocking(move || {
            let level = settings.archive.level;
            archive::make(outline, &evidence, &settings.station.name, level)
        });
        match made.await {
            Ok(Ok(made)) => Ok(Some(made.pdf)),
            Ok(Err(error)) => Err(Chain(&error).to_string()),
            Err(defect) => Err(Chain(&defect).to_string()),
        }
    }

    /// Sends them side by side and records those that the brokers have; whether all of them went.
    async fn send(&self, made: Vec<Made>) -> Result<bool, StoreError> {
        let mut sending = Vec::with_capacity(made.len());
        for one in made {
            sending.push(self.publish(one));
        }
        let sent = join_all(sending).await;
        let (mut out, mut refused, mut all) = (Vec::new(), Vec::new(), true);
        for (message, pdf, went) in sent {
            match went {
                Ok(()) => out.push((message, pdf)),
                Err(fault) => {
                    all = false;
                    self.held_up(&fault);
                    if matches!(fault, BrokerFault::TooLarge) {
                        refused.push(message);
                    }
                }
            }
        }
        for message in refused {
            self.failed(message, "too_large").await?;
        }
        if all {
            self.outside.handoff.readiness.ready(BROKERS);
        }
        if out.is_empty() {
            return Ok(all);
        }
        // What was out before is not recorded as going out; only that it was sent again.
        let (again, out): (Vec<_>, Vec<_>) = out
            .into_iter()
            .partition(|(message, _)| message.state == State::Sent);
        let again: Vec<Message> = again.into_iter().map(|(message, _)| message).collect();
        let told: Vec<String> = out
            .iter()
            .filter(|(message, _)| message.has_content())
            .map(|(message, _)| message.letter.clone())
            .collect();
        let store = &self.outside.handoff.store;
        let record = move |db: &mut Db| {
            db.packages_asked_for(&again)?;
            db.packages_out(&out)
        };
        store.with(record).await?;
        for letter in told {
            self.outside.handoff.events.tell(Event::Letter {
                letter,
                what: "handed_out".into(),
            });
        }
        Ok(all)
    }

    async fn publish(&self, made: Made) -> (Message, Option<String>, Result<(), BrokerFault>) {
        let Made {
            message,
            sealed,
            pdf,
        } = made;
        let station = &self.outside.office.station.0;
        let subject = names::subject(station, &message.letter, message.kind);
        // Sent again on purpose it is another message: of the first the brokers may remember the name and nothing else.
        let id = match message.state {
            State::Sent => format!("{}.{}", message.message, message.attempts),
            _ => message.message.clone(),
        };
        let publish = PublishMessage::build()
            .message_id(id)
            .payload(sealed.into());
        let link = &self.outside.link;
        let sending = async {
            let sent = link.jetstream().send_publish(subject, publish);
            sent.await?.await?;
            Ok(())
        };
        let went = link.put(names::stream(message.kind), sending).await;
        (message, pdf, went)
    }

    fn held_up(&self, fault: &BrokerFault) {
        let why = format!("{}; packages wait here", Chain(fault));
        self.outside
            .handoff
            .readiness
            .not_ready(BROKERS, fault.code(), &why);
    }

    async fn failed(&self, message: Message, code: &'static str) -> Result<(), StoreError> {
        let letter = message.letter.clone();
        let failed =
            move |db: &mut Db| db.message_failed(&message, (code, None), (Some(RETRY), chance()));
        if self.outside.handoff.store.with(failed).await? == State::Dead {
            self.outside.handoff.events.tell(Event::Alert {
                code: "message_given_up".into(),
                subject: format!("letter/{letter}"),
            });
        }
        Ok(())
    }
}
