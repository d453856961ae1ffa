//! A scanner that speaks eSCL on a real socket, with faults one can switch on. It shares nothing with the client: its HTTP and its documents are its
//! own, so that a mistake in the one does not hide behind the same mistake in the other.

mod documents;
mod faults;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use faults::{Fault, UnknownFault};
use wire::{Asked, Body};

/// How the device is made.
#[derive(Clone, Debug)]
pub struct SimSettings {
    /// Its serial number.
    pub serial: String,
    /// What it takes for one image.
    pub pace: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Default for SimSettings {
    fn default() -> Self {
        Self {
            serial: "SIM-0001".into(),
            pace: Duration::ZERO,
            faults: Vec::new(),
        }
    }
}

struct State {
    settings: SimSettings,
    /// Sides in the feeder, in order, as JPEG, each with its number.
    feeder: VecDeque<(usize, Vec<u8>)>,
    put_in: usize,
    /// Which job fed which side, in order.
    fed: Vec<(u32, usize)>,
    jobs: BTreeMap<u32, SimJob>,
    adf: &'static str,
    refused: u32,
    gone: bool,
}

#[derive(Default)]
struct SimJob {
    state: &'static str,
    made: u32,
    asked: u32,
    duplex: bool,
    deleted: bool,
}

/// A device on a socket. Dropping it closes the socket.
pub struct Simulator {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Simulator {
    /// Listens; port 0 lets the system choose.
    ///
    /// # Errors
    /// When the address cannot be opened.
    pub async fn listen(address: SocketAddr, settings: SimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            settings,
            feeder: VecDeque::new(),
            put_in: 0,
            fed: Vec::new(),
            jobs: BTreeMap::new(),
            adf: "ScannerAdfEmpty",
            refused: 0,
            gone: false,
        }));
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self {
            state,
            address,
            task,
        })
    }

    /// Its eSCL root.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/eSCL", self.address)
    }

    /// Puts sides into the feeder, JPEG each; a jam is cleared by it.
    pub fn put_in(&self, sides: Vec<Vec<u8>>) {
        let mut state = lock(&self.state);
        let first = state.put_in;
        state.put_in += sides.len();
        state.feeder.extend((first..).zip(sides));
        state.adf = "ScannerAdfLoaded";
    }

    /// Switches faults on and all others off.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        lock(&self.state).settings.faults = faults;
    }

    /// Sides that are still in the feeder.
    #[must_use]
    pub fn left(&self) -> usize {
        lock(&self.state).feeder.len()
    }

    /// The sides that went through, in order: the job that fed each, and its number among all that were put in, from 0. A scanner keeps no such
    /// list; a test does, to account for every sheet.
    #[must_use]
    pub fn fed(&self) -> Vec<(u32, usize)> {
        lock(&self.state).fed.clone()
    }

    /// Jobs that were deleted.
    #[must_use]
    pub fn deleted(&self) -> usize {
        let state = lock(&self.state);
        state.jobs.values().filter(|job| job.deleted).count()
    }
}

fn lock(state: &Arc<Mutex<State>>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut calls = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { continue };
                if lock(&state).gone {
                    drop(socket);
                    continue;
                }
                calls.spawn(answer(socket, Arc::clone(&state)));
            }
            Some(_) = calls.join_next() => {}
        }
    }
}

async fn answer(mut socket: TcpStream, state: Arc<Mutex<State>>) {
    // A caller that goes away has its reasons.
    let Ok(Some(asked)) = wire::read(&mut socket).await else {
        return;
    };
    let pace = lock(&state).settings.pace;
    if asked.path.ends_with("/NextDocument") {
        tokio::time::sleep(pace).await;
    }
    let answer = lock(&state).answer(&asked);
    let _ = wire::write(&mut socket, answer).await;
}

/// What is answered.
struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

fn plain(status: &'static str) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: Body::Whole(Vec::new()),
    }
}

fn document(text: String) -> Answer {
    Answer {
        status: "200 OK",
        headers: vec![("Content-Type", "text/xml".into())],
        body: Body::Whole(text.into_bytes()),
    }
}

impl State {
    fn has(&self, fault: Fault) -> bool {
        self.settings.faults.contains(&fault)
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        let path = asked.path.as_str();
        match (asked.method.as_str(), path) {
            ("GET", "/eSCL/ScannerCapabilities") => {
                let serial = match self.has(Fault::WrongSerial) {
                    true => "OTHER-9",
                    false => &self.settings.serial,
                };
                document(documents::capabilities(serial))
            }
            ("GET", "/eSCL/ScannerStatus") => document(self.status()),
            ("POST", "/eSCL/ScanJobs") => self.new_job(&asked.body),
            ("GET", path) => match job_of(path.strip_suffix("/NextDocument")) {
                Some(job) => self.next(job),
                None => plain("404 Not Found"),
            },
            ("DELETE", path) => self.delete(job_of(Some(path))),
            _ => plain("405 Method Not Allowed"),
        }
    }

    fn status(&self) -> String {
        let jobs: Vec<_> = match self.has(Fault::ForgetsJobs) {
            true => Vec::new(),
            false => self
                .jobs
                .iter()
                .map(|(number, job)| {
                    let more =
                        u32::from(self.has(Fault::CountsOneMore) && job.state == "Completed");
                    (*number, job.state, job.made + more)
                })
                .collect(),
        };
        let busy = self.jobs.values().any(|job| job.state == "Processing");
        documents::status(if busy { "Processing" } else { "Idle" }, self.adf, &jobs)
    }

    fn new_job(&mut self, body: &str) -> Answer {
        let busy = self.settings.faults.iter().find_map(|fault| match fault {
            Fault::Busy(times) => Some(*times),
            _ => None,
        });
        if busy.is_some_and(|times| self.refused < times) {
            self.refused += 1;
            return Answer {
                headers: vec![("Retry-After", "0".into())],
                ..plain("503 Service Unavailable")
            };
        }
        if !body.contains("ScanSettings") || !body.contains("image/jpeg") {
            return plain("400 Bad Request");
        }
        let number = self.jobs.len() as u32 + 1;
        let duplex = body.contains("Duplex>true<");
        self.jobs.insert(
            number,
            SimJob {
                state: "Processing",
                duplex,
                ..SimJob::default()
            },
        );
        let location = if self.has(Fault::RelativeLocation) {
            format!("ScanJobs/{number}")
        } else if self.has(Fault::ForeignLocation) {
            format!("http://192.0.2.1:9/eSCL/ScanJobs/{number}")
        } else {
            format!("/eSCL/ScanJobs/{number}")
        };
        Answer {
            headers: vec![("Location", location)],
            ..plain("201 Created")
        }
    }

    fn delete(&mut self, job: Option<u32>) -> Answer {
        match job.and_then(|number| self.jobs.get_mut(&number)) {
            Some(job) => {
                job.deleted = true;
                if job.state == "Processing" {
                    job.state = "Canceled";
                }
                plain("200 OK")
            }
            None => plain("404 Not Found"),
        }
    }

    fn next(&mut self, number: u32) -> Answer {
        let faults = self.settings.faults.clone();
        let Some(job) = self.jobs.get_mut(&number) else {
            return plain("404 Not Found");
        };
        job.asked += 1;
        if job.state != "Processing" {
            return plain("404 Not Found");
        }
        for fault in &faults {
            match fault {
                Fault::EarlyNotFound(times) if job.asked <= *times => {
                    return plain("404 Not Found");
                }
                Fault::NeverReady => return plain("503 Service Unavailable"),
                Fault::Jam(after) if job.made >= *after => {
                    (job.state, self.adf) = ("Aborted", "ScannerAdfJam");
                    return plain("200 OK");
                }
                Fault::LeavesPaper(after) if job.made >= *after => {
                    job.state = "Completed";
                    return plain("404 Not Found");
                }
                Fault::DoubleFeed(after) if job.made >= *after => {
                    (job.state, self.adf) = ("Aborted", "ScannerAdfMultipickDetected");
                    return plain("404 Not Found");
                }
                _ => {}
            }
        }
        let Some((side, image)) = self.feeder.pop_front() else {
            (job.state, self.adf) = ("Completed", "ScannerAdfEmpty");
            return plain(match faults.contains(&Fault::ConflictAtEnd) {
                true => "409 Conflict",
                false => "404 Not Found",
            });
        };
        self.fed.push((number, side));
        if faults.contains(&Fault::Endless) {
            self.feeder.push_back((side, image.clone()));
        }
        if !job.duplex && self.feeder.is_empty() {
            self.adf = "ScannerAdfEmpty";
        }
        job.made += 1;
        let made = job.made;
        self.image(image, made, &faults)
    }

    fn image(&mut self, image: Vec<u8>, made: u32, faults: &[Fault]) -> Answer {
        let half = image.len() / 2;
        let mut kind = "image/jpeg";
        let mut body = Body::Chunks(image.clone());
        for fault in faults {
            match fault {
                Fault::TruncatedChunks(at) if *at == made => {
                    body = Body::ChunksWithoutEnd(image[..half].to_vec());
                }
                Fault::TruncatedLength(at) if *at == made => {
                    body = Body::Short(image[..half].to_vec(), image.len());
                }
                Fault::DiesMidPage(at) if *at == made => {
                    self.gone = true;
                    body = Body::ChunksWithoutEnd(image[..half].to_vec());
                }
                Fault::Html(at) if *at == made => {
                    kind = "text/html";
                    body = Body::Whole(b"<html><body>Please wait</body></html>".to_vec());
                }
                Fault::SlowLoris(at) if *at == made => {
                    body = Body::Hangs(image[..half].to_vec());
                }
                Fault::Drips(at) if *at == made => body = Body::Drips(image[..half].to_vec()),
                Fault::HalfImage(at) if *at == made => body = Body::Whole(image[..half].to_vec()),
                _ => {}
            }
        }
        Answer {
            status: "200 OK",
            headers: vec![("Content-Type", kind.into())],
            body,
        }
    }
}

fn job_of(path: Option<&str>) -> Option<u32> {
    path?.strip_prefix("/eSCL/ScanJobs/")?.parse().ok()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unending_tests;
