//! `laixin reader`: takes pages of all stations out of the work queue, reads them in its page worker, answers. It keeps nothing: a page that it has not
//! answered goes to another reader, or back to its station.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::object_store::ObjectStore;
use async_nats::jetstream::{self, AckKind};
use futures_util::StreamExt;
use nkeys::XKey;
use tokio::io::AsyncReadExt;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::lent::{Ask, Done, Head, opened_page, sealed_answer};
use super::neighbours::{self, Kind, Neighbours, Word};
use super::streams::{self, READING, done, station_of, tasks};
use super::{KeyFault, Link, SealKey};
use crate::config::{self, ReaderSettings};
use crate::health::Readiness;
use crate::store::Reading;
use crate::worker::{self, Patience, Task, Wait, Worker, WorkerError};
use crate::{Chain, clock, digest};

/// One is read, the next lies ready.
const IN_HAND: usize = 2;
/// How long loading the models may take.
const LOADING: Duration = Duration::from_secs(120);
/// Between two attempts after something went wrong.
const AGAIN: Duration = Duration::from_secs(2);
/// Readers that may take the same page one after the other; then its station reads it.
const TRIES: i64 = 2;
/// What is in hand at a stop may take so long.
const LAST_PAGE: Duration = Duration::from_secs(20);
/// An original is smaller.
const LARGEST: u64 = 512 * 1024 * 1024;
/// How a part is named that is not ready.
const PART: &str = "reading";

/// Why a reader does not start.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// Its key.
    #[error("reader.seal_key")]
    Key(#[from] KeyFault),
    /// Its models.
    #[error(
        "the models cannot be loaded; install the package again (from source: make setup), or name their folder in reading.models_dir"
    )]
    Models(#[source] WorkerError),
}

/// Tells readers of one model from those of another: under this name pages are put and taken.
#[must_use]
pub fn model(engine: &str) -> String {
    digest::sha256_hex(engine.as_bytes())[..16].to_owned()
}

/// A page for the thread that reads.
struct Job {
    frame: u32,
    bytes: Vec<u8>,
    done: oneshot::Sender<Result<Reading, String>>,
}

/// Reads until the stop.
///
/// # Errors
/// [`ReaderError`] when something keeps it from starting. Brokers that are away do not: it waits for them and says so.
pub async fn run(settings: ReaderSettings, stop: CancellationToken) -> Result<(), ReaderError> {
    let SealKey(own) = SealKey::load(&settings.reader.seal_key)?;
    let (engine, jobs, thread) = start(settings.reading.clone()).await?;
    tracing::info!(engine, model = model(&engine), "this reader is ready");
    let readiness = Readiness::default();
    let name = settings.reader.name.0.clone();
    let established = Link::established(&settings.brokers, &name, (&readiness, &stop));
    if let Some(link) = established.await {
        let reader = Arc::new(Serving {
            link,
            engine,
            own,
            name,
            page_timeout: Duration::from_secs(settings.reading.page_timeout_s.0),
            jobs,
            readiness,
        });
        reader.serve(&stop).await;
    } else {
        drop(jobs);
    }
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    Ok(())
}

/// The thread with the page worker, its models loaded: their name, and where it takes jobs.
async fn start(
    reading: config::Reading,
) -> Result<(String, mpsc::Sender<Job>, JoinHandle<()>), ReaderError> {
    let (jobs, taken) = mpsc::channel(1);
    let (opened, loaded) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("read".into())
        .spawn(move || read_jobs(&reading, opened, taken))
        .expect("the system can start a thread");
    let gone = || WorkerError::NotStarted(std::io::Error::other("the reading thread ended"));
    let loaded = loaded.await.unwrap_or_else(|_| Err(gone()));
    Ok((loaded.map_err(ReaderError::Models)?, jobs, thread))
}

fn asked(
    worker: &mut Worker,
    task: &Task,
    file: &[u8],
    limit: Duration,
) -> Result<worker::Done, WorkerError> {
    let mut on = |_| Wait::On;
    let (done, _) = worker.ask(task, file, &mut Patience::new(limit, &mut on))?;
    Ok(done)
}

fn open(worker: &mut Worker, reading: &config::Reading) -> Result<String, WorkerError> {
    match asked(worker, &Task::Open(Box::new(reading.clone())), &[], LOADING)? {
        worker::Done::Opened { engine, .. } => Ok(engine),
        other => Err(worker::unexpected(&other)),
    }
}

fn read_jobs(
    reading: &config::Reading,
    opened: oneshot::Sender<Result<String, WorkerError>>,
    mut jobs: mpsc::Receiver<Job>,
) {
    let mut worker = Worker::new(reading.memory_mb.0);
    let first = open(&mut worker, reading);
    let is_open = first.is_ok();
    if opened.send(first).is_err() || !is_open {
        return;
    }
    let limit = Duration::from_secs(reading.page_timeout_s.0);
    while let Some(job) = jobs.blocking_recv() {
        let read = read_one(&mut worker, reading, &job, limit);
        if let Err(error) = &read {
            tracing::warn!(code = error.code(), "a page was not read here: {error}");
        }
        // Whoever asked may be gone.
        let _ = job.done.send(read.map_err(|error| error.code().to_owned()));
    }
}

fn read_one(
    worker: &mut Worker,
    reading: &config::Reading,
    job: &Job,
    limit: Duration,
) -> Result<Reading, WorkerError> {
    if !worker.is_running() {
        open(worker, reading)?;
    }
    let task = Task::Read { frame: job.frame };
    match asked(worker, &task, &job.bytes, limit) {
        Ok(worker::Done::Read(reading)) => Ok(*reading),
        Ok(other) => Err(worker::unexpected(&other)),
        Err(WorkerError::Refused(refusal)) => {
            // Whatever it left in the worker goes with it.
            if refusal.may_be_the_workers() {
                worker.end();
            }
            Err(refusal.into())
        }
        Err(error) => Err(error),
    }
}

struct Serving {
    link: Link,
    engine: String,
    own: XKey,
    name: String,
    page_timeout: Duration,
    jobs: mpsc::Sender<Job>,
    readiness: Readiness,
}

impl Serving {
    async fn serve(self: Arc<Self>, stop: &CancellationToken) {
        let neighbours = Neighbours::default();
        let health = {
            let (reader, stop) = (self.clone(), stop.clone());
            let here = neighbours.clone();
            let jetstream = self.link.jetstream().clone();
            tokio::spawn(async move {
                let how = || async { Some(reader.word(&here)) };
                let of = (Kind::Reader, reader.name.clone());
                neighbours::run(jetstream, of, here.clone(), how, stop).await;
            })
        };
        let kept = {
            let (reader, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move { reader.link.keep(&reader.readiness, &stop).await })
        };
        let hands = Arc::new(Semaphore::new(IN_HAND));
        while !stop.is_cancelled() {
            let served = tokio::select! {
                () = stop.cancelled() => break,
                served = self.take_pages(&hands) => served,
            };
            if let Err(error) = served {
                let why = Chain(error.as_ref()).to_string();
                self.readiness
                    .not_ready(PART, "no_pages", &format!("no page can be taken: {why}"));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
        let all = u32::try_from(IN_HAND).unwrap_or(1);
        let _ = tokio::time::timeout(LAST_PAGE, hands.acquire_many(all)).await;
        let _ = tokio::join!(health, kept);
    }

    /// How this reader is; and a word where no station reads as it does.
    fn word(&self, neighbours: &Neighbours) -> Word {
        let part = (PART.to_owned(), None);
        for other in neighbours.reading_otherwise(&self.engine) {
            if other.kind == Kind::Station {
                let why = format!(
                    "station {} reads with another model ({}; this reader: {}): it gives this reader no pages",
                    other.name,
                    other.word.engine.unwrap_or_default(),
                    self.engine
                );
                self.readiness
                    .not_ready(&format!("station/{}", other.name), "another_model", &why);
            }
        }
        Word {
            version: env!("CARGO_PKG_VERSION").into(),
            engine: Some(self.engine.clone()),
            parts: BTreeMap::from([part]),
            unread: 0,
            drafts: 0,
            free_bytes: None,
        }
    }

    async fn take_pages(self: &Arc<Self>, hands: &Arc<Semaphore>) -> Result<(), async_nats::Error> {
        let jetstream = self.link.jetstream();
        let pages = streams::pages(jetstream).await?;
        let consumer = self.consumer(jetstream).await?;
        let tasks = consumer.stream().max_messages_per_batch(1);
        let mut tasks = tasks
            .expires(Duration::from_secs(10))
            .heartbeat(Duration::from_secs(3))
            .messages()
            .await?;
        self.readiness.ready(PART);
        loop {
            let hand = hands.clone().acquire_owned().await?;
            let task = tasks.next().await.ok_or("the work queue ended")??;
            let (reader, pages) = (self.clone(), pages.clone());
            tokio::spawn(async move {
                if let Err(error) = reader.answer(&task, &pages).await {
                    tracing::warn!(error = %Chain(error.as_ref()), "a page goes back: another reader or its station reads it");
                    // Then nobody has heard that; it comes back by itself.
                    let _ = task.ack_with(AckKind::Nak(Some(AGAIN))).await;
                }
                drop(hand);
            });
        }
    }

    async fn consumer(
        &self,
        jetstream: &jetstream::Context,
    ) -> Result<PullConsumer, async_nats::Error> {
        let model = model(&self.engine);
        let name = format!("readers-{model}");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: tasks(&model),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.page_timeout * 2 + LAST_PAGE,
            max_deliver: TRIES,
            ..pull::Config::default()
        };
        let queue = jetstream.get_stream(READING).await?;
        Ok(queue.get_or_create_consumer(&name, config).await?)
    }

    /// Reads one page and answers its station; then it is out of the queue.
    async fn answer(
        &self,
        task: &jetstream::Message,
        pages: &ObjectStore,
    ) -> Result<(), async_nats::Error> {
        let Some((head, bytes, ask, station)) = self.page(task, pages).await? else {
            return task.ack().await;
        };
        let (done_by, read) = oneshot::channel();
        let began = clock::monotonic();
        let job = Job {
            frame: head.frame,
            bytes,
            done: done_by,
        };
        let gone = |_| "the reading thread ended";
        self.jobs.send(job).await.map_err(gone)?;
        let read = read.await?;
        tracing::info!(
            station,
            ms = began.elapsed().as_millis(),
            read = read.is_ok(),
            "page answered"
        );
        let answer = Done {
            head,
            reader: self.name.clone(),
            read,
        };
        let to = XKey::from_public_key(&ask.from).map_err(|_| "its station gave no key")?;
        let sealed = self
            .fitting(answer, &to)
            .ok_or("an answer cannot be sealed")?;
        self.link
            .client()
            .publish(done(&station), sealed.into())
            .await?;
        self.link.client().flush().await?;
        task.ack().await
    }

    /// The page of a task; `None` where there is nothing to read any more, or what is no page.
    async fn page(
        &self,
        task: &jetstream::Message,
        pages: &ObjectStore,
    ) -> Result<Option<(Head, Vec<u8>, Ask, String)>, async_nats::Error> {
        let station = station_of(&task.subject).map(str::to_owned);
        let ask: Option<Ask> = serde_json::from_slice(&task.payload).ok();
        let Some((station, ask)) = station.zip(ask) else {
            tracing::warn!("what is no task lies in the work queue");
            return Ok(None);
        };
        let Ok(object) = pages.get(&ask.token).await else {
            tracing::debug!(station, "its station has read this page meanwhile");
            return Ok(None);
        };
        let mut sealed = Vec::new();
        object.take(LARGEST).read_to_end(&mut sealed).await?;
        let Some((head, bytes)) = opened_page(&ask, &sealed, &self.own) else {
            tracing::warn!(
                station,
                "a page cannot be opened: the station seals to other readers (office.readers.seal_to)"
            );
            return Ok(None);
        };
        Ok(Some((head, bytes, ask, station)))
    }

    /// Sealed; without the lines where they are more than a broker takes.
    fn fitting(&self, answer: Done, to: &XKey) -> Option<Vec<u8>> {
        let sealed = sealed_answer(&answer, &self.own, to)?;
        if sealed.len() < self.link.client().max_payload() {
            return Some(sealed);
        }
        let short = Done {
            read: Err("too_much_to_send".into()),
            ..answer
        };
        sealed_answer(&short, &self.own, to)
    }
}
