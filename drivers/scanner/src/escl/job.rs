//! One scan job from the order to its end. What the device answers is one thing, what became of the job another: they are always compared.

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode, Url};

use super::EsclSettings;
use super::http::{Device, refused, retry_after};
use super::xml::{self, Capabilities, JobStatus, Status, TrayCapabilities};
use crate::complete::LooksLike;
use crate::feeding::Job;
use crate::offers::{Fit, Lack};
use crate::order::{Ended, Manner, Outcome, Sides, Tray, Trouble};
use crate::spool::Spool;

/// Between two questions to a device that says “not yet”.
const ASK_AGAIN: Duration = Duration::from_millis(400);
/// A body makes headway by so many bytes: one that drips is as wedged as one that stands still.
const HEADWAY_BYTES: u64 = 1024;
/// What the device had counted is asked for so long once a scan is over.
const LAST_WORD: Duration = Duration::from_secs(2);

pub(super) async fn run(settings: &EsclSettings, job: Job) -> Ended {
    let mut scan = Scan {
        settings,
        job,
        device_images: None,
        last_byte: Instant::now(),
    };
    let outcome = match scan.whole().await {
        Ok(outcome) => outcome,
        Err(trouble) => Outcome::Failed(trouble),
    };
    Ended {
        order: scan.job.order.id.clone(),
        images: scan.job.images,
        device_images: scan.device_images,
        outcome,
    }
}

struct Scan<'a> {
    settings: &'a EsclSettings,
    job: Job,
    device_images: Option<u32>,
    /// When something last came, or the device last made headway.
    last_byte: Instant,
}

/// What one question for an image brought.
enum Next {
    Image,
    /// No image now: what the device's status says counts.
    AskStatus,
    /// Later.
    Wait(Duration),
    /// Somebody stopped the scan.
    Cancelled,
}

impl Scan<'_> {
    async fn whole(&mut self) -> Result<Outcome, Trouble> {
        let device = Device::connect(self.settings)?;
        let capabilities = tokio::select! {
            () = self.job.cancelled() => return Ok(Outcome::Cancelled),
            capabilities = self.looked_at(&device) => capabilities?,
        };
        let Some(address) = self.begin(&device, &capabilities.version).await? else {
            return Ok(Outcome::Cancelled);
        };
        self.last_byte = Instant::now();
        let outcome = match self.job.spool.remember_job(address.as_str()) {
            Ok(()) => self.images(&device, &address).await,
            Err(error) => Err(Trouble::Disk(error)),
        };
        let is_done = matches!(outcome, Ok(Outcome::Done));
        let outcome = match is_done && self.leaves_paper(&device).await {
            true => Err(Trouble::PaperLeft {
                after: self.job.images,
            }),
            false => outcome,
        };
        if is_done || device.delete(&address).await {
            self.job.spool.forget_job(address.as_str());
        }
        if !is_done {
            // What the device had counted tells a person how many sheets went through.
            if let Some(Ok(status)) = within(LAST_WORD, device.status()).await {
                self.count(status.job(address.path()));
            }
        }
        outcome
    }

    /// What the device can do, once it can do what is ordered and has nothing else to do.
    async fn looked_at(&self, device: &Device) -> Result<Capabilities, Trouble> {
        let capabilities = device.capabilities().await?;
        can(&capabilities, &self.job.order.manner)?;
        end_left(device, &self.job.spool).await;
        self.is_free(&device.status().await?)?;
        Ok(capabilities)
    }

    fn is_free(&self, status: &Status) -> Result<(), Trouble> {
        if let Some(trouble) = adf_trouble(status, 0) {
            return Err(trouble);
        }
        let from_feeder = self.job.order.manner.tray == Tray::Feeder;
        if from_feeder && status.adf.as_deref() == Some("ScannerAdfEmpty") {
            return Err(Trouble::FeederEmpty);
        }
        match status.state.as_str() {
            "Stopped" | "Down" => Err(Trouble::Aborted {
                code: status.state.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Makes the job; `None` when somebody stopped it before the device had time for it.
    async fn begin(&self, device: &Device, version: &str) -> Result<Option<Url>, Trouble> {
        let until = Instant::now() + self.settings.busy;
        loop {
            let wait = match device.new_job(version, &self.job.order.manner).await? {
                Ok(address) => return Ok(Some(address)),
                Err(wait) => wait,
            };
            if Instant::now() + wait > until {
                return Err(Trouble::Busy);
            }
            tokio::select! {
                () = self.job.cancelled() => return Ok(None),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn images(&mut self, device: &Device, address: &Url) -> Result<Outcome, Trouble> {
        loop {
            let next = tokio::select! {
                biased;
                () = self.job.cancelled() => return Ok(Outcome::Cancelled),
                response = within(self.left()?, device.next_document(address)) => response,
            };
            let next = match next {
                None => return Err(self.stalled()),
                Some(response) => self.answer(device, response?).await?,
            };
            let wait = match next {
                Next::Image => {
                    let most = self.job.order.manner.most_images(self.settings.most_images);
                    if self.job.images > most {
                        return Err(Trouble::TooMany { most });
                    }
                    continue;
                }
                Next::Cancelled => return Ok(Outcome::Cancelled),
                Next::Wait(wait) => wait,
                Next::AskStatus => {
                    let cancelled = self.job.cancelled();
                    let outcome = tokio::select! {
                        () = cancelled => Some(Outcome::Cancelled),
                        outcome = self.what_now(device, address) => outcome?,
                    };
                    match outcome {
                        Some(outcome) => return Ok(outcome),
                        None => ASK_AGAIN,
                    }
                }
            };
            self.left()?;
            tokio::select! {
                () = self.job.cancelled() => return Ok(Outcome::Cancelled),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Whether sheets still lie in the feeder although the job is complete. The feeder gets a moment to see that it is empty; a device that does not
    /// answer any more has given everything it counted.
    async fn leaves_paper(&self, device: &Device) -> bool {
        if self.job.order.manner.tray != Tray::Feeder {
            return false;
        }
        let until = Instant::now() + LAST_WORD;
        loop {
            let adf = match within(LAST_WORD, device.status()).await {
                Some(Ok(status)) => status.adf,
                _ => return false,
            };
            if adf.as_deref() != Some("ScannerAdfLoaded") {
                return false;
            }
            if Instant::now() >= until {
                return true;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// How much of the watchdog's time is left.
    fn left(&self) -> Result<Duration, Trouble> {
        let left = self.settings.stall.checked_sub(self.last_byte.elapsed());
        left.filter(|left| !left.is_zero())
            .ok_or_else(|| self.stalled())
    }

    fn stalled(&self) -> Trouble {
        Trouble::Stalled {
            seconds: self.settings.stall.as_secs(),
            after: self.job.images,
        }
    }

    async fn answer(&mut self, device: &Device, response: Response) -> Result<Next, Trouble> {
        match response.status() {
            StatusCode::OK => self.body(device, response).await,
            StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE => Ok(Next::AskStatus),
            StatusCode::SERVICE_UNAVAILABLE => Ok(Next::Wait(retry_after(response.headers()))),
            _ => Err(refused(&response, "NextDocument")),
        }
    }

    /// Keeps a body as it comes. Nothing of it is looked at before it is on the disk.
    async fn body(&mut self, device: &Device, mut response: Response) -> Result<Next, Trouble> {
        let number = self.job.images + 1;
        let is_text = is_text(&response);
        let order = self.job.order.id.clone();
        let mut incoming = self
            .job
            .spool
            .begin(&order, number)
            .await
            .map_err(Trouble::Disk)?;
        let longest = self.settings.longest_page;
        let too_slow = tokio::time::sleep(longest);
        tokio::pin!(too_slow);
        let mut counted = 0;
        loop {
            let stall = self.settings.stall.saturating_sub(self.last_byte.elapsed());
            let part = tokio::select! {
                biased;
                () = self.job.cancelled() => {
                    incoming.broke_off("cancelled").await?;
                    return Ok(Next::Cancelled);
                }
                () = &mut too_slow => {
                    incoming.broke_off("too_slow").await?;
                    let seconds = longest.as_secs();
                    return Err(Trouble::TooSlow { number, seconds });
                }
                part = within(stall, response.chunk()) => part,
            };
            let part = match part {
                None => {
                    let stalled = self.stalled();
                    incoming.broke_off("stalled").await?;
                    return Err(stalled);
                }
                Some(Ok(part)) => part,
                Some(Err(error)) => {
                    let bytes = incoming.bytes();
                    incoming.broke_off("truncated").await?;
                    return Err(match bytes {
                        0 => device.failed(&error),
                        bytes => Trouble::Truncated { number, bytes },
                    });
                }
            };
            let Some(part) = part else { break };
            incoming.write(&part).await.map_err(Trouble::Disk)?;
            if counted == 0 || incoming.bytes() >= counted + HEADWAY_BYTES {
                counted = incoming.bytes();
                self.last_byte = Instant::now();
            }
            if incoming.bytes() > self.settings.max_image_bytes {
                let bytes = incoming.bytes();
                incoming.broke_off("too_large").await?;
                return Err(Trouble::Truncated { number, bytes });
            }
        }
        if incoming.bytes() == 0 {
            // What a jam looks like on some devices; the status tells.
            incoming.broke_off("empty").await?;
            return Ok(Next::AskStatus);
        }
        if is_text {
            return Err(incoming.put_away_as_no_image(LooksLike::Markup).await);
        }
        let bytes = incoming.finish().await?;
        self.last_byte = Instant::now();
        self.job.image(bytes).await;
        Ok(Next::Image)
    }

    /// The device has no image now: is it over, is it stuck, or must one wait?
    async fn what_now(
        &mut self,
        device: &Device,
        address: &Url,
    ) -> Result<Option<Outcome>, Trouble> {
        let status = device.status().await?;
        let images = self.job.images;
        let job = status.job(address.path());
        if self.count(job) {
            self.last_byte = Instant::now();
        }
        if let Some(trouble) = adf_trouble(&status, images) {
            return Err(trouble);
        }
        match job.map(|job| (job.state.as_str(), job)) {
            Some(("Pending" | "Processing" | "PendingHeld", _)) => Ok(None),
            // Made but not yet handed over: asked for again until the watchdog ends it.
            Some(("Completed", job)) if job.images_completed.is_some_and(|made| made > images) => {
                match self.left() {
                    Ok(_)
                        if job.images_to_transfer.is_none_or(|left| left > 0)
                            && self.may_ask_again() =>
                    {
                        Ok(None)
                    }
                    _ => Err(self.counts_differ()),
                }
            }
            Some(("Completed", _)) => self.counted(),
            Some(("Aborted" | "Canceled", job)) => Err(Trouble::Aborted {
                code: job
                    .reasons
                    .first()
                    .cloned()
                    .unwrap_or_else(|| job.state.clone()),
            }),
            // Forgotten by the device, or a state of its own: what it is doing decides.
            _ if status.state == "Processing" => Ok(None),
            _ if images == 0 => Err(Trouble::FeederEmpty),
            _ => self.counted(),
        }
    }

    /// A job that says it is complete while images are missing gets a few seconds, not the whole watchdog.
    fn may_ask_again(&self) -> bool {
        self.last_byte.elapsed() < self.settings.stall.min(Duration::from_secs(4))
    }

    /// Notes the device's count; whether it rose.
    fn count(&mut self, job: Option<&JobStatus>) -> bool {
        let made = job.and_then(|job| job.images_completed);
        let rose = made > self.device_images;
        self.device_images = made.max(self.device_images);
        rose
    }

    fn counted(&self) -> Result<Option<Outcome>, Trouble> {
        match self.device_images {
            Some(made) if made != self.job.images => Err(self.counts_differ()),
            _ => Ok(Some(Outcome::Done)),
        }
    }

    fn counts_differ(&self) -> Trouble {
        Trouble::CountsDiffer {
            device: self.device_images.unwrap_or(0),
            received: self.job.images,
        }
    }
}

/// Ends the job that a killed run left on the device, or one whose end it did not hear of.
pub(super) async fn end_left(device: &Device, spool: &Spool) {
    let Some(left) = spool.remembered_job() else {
        return;
    };
    let ended = match device.job_address(&left) {
        Some(address) => device.delete(&address).await,
        // Written in part: no address of any job.
        None => true,
    };
    if ended {
        spool.forget_job(&left);
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, work).await.ok()
}

fn is_text(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/") || kind.contains("xml"))
}

/// What the trays are called.
const GLASS: &str = "glass";
const FEEDER: &str = "feeder";
const DUPLEX: &str = "feeder for both sides";

/// The tray of a manner, and what it is called.
fn tray_of<'a>(
    capabilities: &'a Capabilities,
    manner: &Manner,
) -> (Option<&'a TrayCapabilities>, &'static str) {
    let (tray, name) = match (manner.tray, manner.sides) {
        (Tray::Glass, _) => (&capabilities.glass, GLASS),
        (Tray::Feeder, Sides::One) => (&capabilities.feeder, FEEDER),
        (Tray::Feeder, Sides::Both) => (&capabilities.duplex, DUPLEX),
    };
    (tray.as_ref(), name)
}

fn trays(capabilities: &Capabilities) -> Vec<String> {
    let all = [
        (&capabilities.feeder, FEEDER),
        (&capabilities.duplex, DUPLEX),
        (&capabilities.glass, GLASS),
    ];
    let there = all.into_iter().filter(|(tray, _)| tray.is_some());
    there.map(|(_, name)| name.to_owned()).collect()
}

/// Whether the tray offers what is ordered; what a device does not list at all it is not held to.
fn can(capabilities: &Capabilities, manner: &Manner) -> Result<(), Lack> {
    let (tray, name) = tray_of(capabilities, manner);
    let tray = tray.ok_or_else(|| Lack::Tray {
        tray: name.to_owned(),
        has: trays(capabilities),
    })?;
    if let Some(lack) = tray.offer().lacks(manner, xml::colour_mode(manner.colour)) {
        return Err(lack);
    }
    if !tray.formats.is_empty() && !tray.formats.iter().any(|has| has == "image/jpeg") {
        return Err(Lack::Jpeg {
            has: tray.formats.clone(),
        });
    }
    Ok(())
}

/// How the device would take a scan in this manner.
pub(super) fn fit(capabilities: &Capabilities, manner: &Manner) -> Fit {
    let (tray, name) = tray_of(capabilities, manner);
    Fit {
        tray: name.to_owned(),
        offer: tray.map(TrayCapabilities::offer),
        lacks: can(capabilities, manner).err(),
    }
}

/// What the feeder's own word means.
fn adf_trouble(status: &Status, after: u32) -> Option<Trouble> {
    match status.adf.as_deref()? {
        "ScannerAdfJam" => Some(Trouble::Jam { after }),
        "ScannerAdfMultipickDetected" => Some(Trouble::DoubleFeed { after }),
        "ScannerAdfHatchOpen" => Some(Trouble::CoverOpen),
        "ScannerAdfLoaded" | "ScannerAdfEmpty" | "ScannerAdfProcessing" => None,
        other if other.starts_with("ScannerAdf") => Some(Trouble::Aborted {
            code: other.to_owned(),
        }),
        _ => None,
    }
}
