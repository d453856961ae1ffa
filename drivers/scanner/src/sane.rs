//! A scanner that SANE drives: a supervised `scanimage`, in a process group of its own, writing into a private folder. Its exit code is the device's
//! status, its files are believed only when they are whole, and a backend that hangs is killed with everything it started.

mod child;
mod options;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::feeding::Job;
use crate::offers::{Fit, Lack, TrayOffer};
use crate::order::{Ended, LONGEST_PAGE, MOST_IMAGES, Manner, Outcome, Portrait, Trouble};
use crate::spool;
use child::{Child, Exit};
use options::Options;

/// How a device is driven.
#[derive(Clone, Debug)]
pub struct SaneSettings {
    /// `scanimage`, from Debian's sane-utils.
    pub program: PathBuf,
    /// SANE's name of the device; with `*` a pattern that exactly one device has to match, for names that change with the USB port.
    pub device: String,
    /// Has to be part of the device's name, as the backends of document scanners write it there.
    pub serial: Option<String>,
    /// The backend's word for the feeder.
    pub feeder: String,
    /// The backend's word for the feeder, both sides.
    pub duplex: String,
    /// The backend's word for the glass.
    pub glass: String,
    /// Options of the backend, e.g. `--df-action=Stop`.
    pub options: Vec<String>,
    /// Nothing was written for this long: the scan is over.
    pub stall: Duration,
    /// A page that still is not whole after this long is given up, however steadily it comes.
    pub longest_page: Duration,
    /// A feeder's scan that has more images than this is ended: a device that never stops fills the disk.
    pub most_images: u32,
}

impl SaneSettings {
    /// The usual settings of a device.
    #[must_use]
    pub fn new(device: impl Into<String>) -> Self {
        Self {
            program: "scanimage".into(),
            device: device.into(),
            serial: None,
            feeder: "ADF Front".into(),
            duplex: "ADF Duplex".into(),
            glass: "Flatbed".into(),
            options: Vec::new(),
            stall: Duration::from_secs(25),
            longest_page: LONGEST_PAGE,
            most_images: MOST_IMAGES,
        }
    }
}

/// One device.
#[derive(Clone, Debug)]
pub struct Sane {
    settings: SaneSettings,
}

/// What a device offers, by what `scanimage --all-options` tells: for whoever tries foreign bytes on what reads that.
#[doc(hidden)]
#[must_use]
pub fn offer_of(told: &str) -> TrayOffer {
    options::parse(told).offer
}

/// How often the private folder is looked into.
const LOOK: Duration = Duration::from_millis(150);
/// So many images are taken in at one look.
const AT_ONCE: u32 = 8;
/// A child that was asked to stop gets so long.
const STOP: Duration = Duration::from_secs(4);

impl Sane {
    /// A device of these settings; nothing is started yet.
    #[must_use]
    pub fn new(settings: SaneSettings) -> Self {
        Self { settings }
    }

    /// Asks SANE whether the device is there and opens.
    ///
    /// # Errors
    /// [`Trouble`], also when another device is there.
    pub async fn look(&self) -> Result<Portrait, Trouble> {
        let device = self.bound().await?;
        let output = self.ask(&["--device-name", &device, "--dont-scan"]).await?;
        if let Some(trouble) = trouble_of(output.status.code(), 0) {
            return Err(trouble);
        }
        Ok(Portrait {
            model: device,
            serial: self.settings.serial.clone(),
            state: "Idle".into(),
            points: Vec::new(),
        })
    }

    /// How the device would take scans in these manners. Nothing is fed.
    ///
    /// # Errors
    /// [`Trouble`] when it does not say what it offers.
    pub async fn fits(&self, manners: &[Manner]) -> Result<Vec<Fit>, Trouble> {
        let device = self.bound().await?;
        let sources = self.offered(&device, None).await?.sources;
        let mut fits = Vec::new();
        for manner in manners {
            fits.push(self.fit(&device, &sources, manner).await?);
        }
        Ok(fits)
    }

    async fn fit(&self, device: &str, sources: &[String], manner: &Manner) -> Result<Fit, Trouble> {
        let source = child::source_of(&self.settings, manner);
        if !sources.iter().any(|has| has == source) {
            return Ok(Fit {
                tray: source.to_owned(),
                offer: None,
                lacks: Some(Lack::Tray {
                    tray: source.to_owned(),
                    has: sources.to_owned(),
                }),
            });
        }
        let offer = self.offered(device, Some(source)).await?.offer;
        let lacks = match offer.lacks(manner, child::mode_of(manner)) {
            Some(lack) => Some(lack),
            None => self.refusal(device, manner).await?,
        };
        Ok(Fit {
            tray: source.to_owned(),
            offer: Some(offer),
            lacks,
        })
    }

    /// What the device lists; some of it depends on the tray.
    async fn offered(&self, device: &str, source: Option<&str>) -> Result<Options, Trouble> {
        let source = source.map(|source| format!("--source={source}"));
        let mut arguments = vec!["--device-name", device];
        arguments.extend(source.as_deref());
        arguments.push("--all-options");
        let output = self.ask(&arguments).await?;
        match trouble_of(output.status.code(), 0) {
            Some(trouble) => Err(trouble),
            None => Ok(options::parse(&String::from_utf8_lossy(&output.stdout))),
        }
    }

    /// Sets everything that a scan would set, options of the settings included, and scans nothing.
    async fn refusal(&self, device: &str, manner: &Manner) -> Result<Option<Lack>, Trouble> {
        let mut words = vec![format!("--device-name={device}")];
        words.extend(child::words(&self.settings, manner));
        words.extend(self.settings.options.iter().cloned());
        words.push("--dont-scan".into());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.ask(&words).await?;
        let Some(trouble) = trouble_of(output.status.code(), 0) else {
            return Ok(None);
        };
        let told = String::from_utf8_lossy(&output.stderr);
        let said = told.lines().find_map(|line| {
            let line = line.strip_prefix("scanimage: ")?;
            (!line.starts_with("rounded value")).then(|| line.to_owned())
        });
        match said {
            Some(said) => Ok(Some(Lack::Setting { said })),
            None => Err(trouble),
        }
    }

    /// The device's whole name: given, or the one that matches.
    async fn bound(&self) -> Result<String, Trouble> {
        let wanted = &self.settings.device;
        let name = if wanted.contains('*') {
            let output = self.ask(&["--formatted-device-list", "%d%n"]).await?;
            let listed = String::from_utf8_lossy(&output.stdout).into_owned();
            one_matching(wanted, listed.lines())?
        } else {
            wanted.clone()
        };
        match &self.settings.serial {
            Some(serial) if !name.contains(serial.as_str()) => Err(Trouble::OtherDevice {
                wanted: serial.clone(),
                found: name,
            }),
            _ => Ok(name),
        }
    }

    async fn ask(&self, arguments: &[&str]) -> Result<std::process::Output, Trouble> {
        let mut command = child::program(&self.settings);
        command.args(arguments).stdin(Stdio::null());
        match tokio::time::timeout(self.settings.stall, command.output()).await {
            Ok(output) => {
                let output = output.map_err(|source| self.no_program(source))?;
                self.was_started(output.status.code()).map(|()| output)
            }
            Err(_) => Err(Trouble::Stalled {
                seconds: self.settings.stall.as_secs(),
                after: 0,
            }),
        }
    }

    /// `setpriv` says by these codes that the program is not there, or may not be started.
    fn was_started(&self, code: Option<i32>) -> Result<(), Trouble> {
        let kind = match code {
            Some(126) => std::io::ErrorKind::PermissionDenied,
            Some(127) => std::io::ErrorKind::NotFound,
            _ => return Ok(()),
        };
        Err(self.no_program(kind.into()))
    }

    fn no_program(&self, source: std::io::Error) -> Trouble {
        Trouble::Program {
            program: self.settings.program.clone(),
            source,
        }
    }

    /// Carries an order out.
    pub(crate) async fn scan(&self, mut job: Job) -> Ended {
        let mut device_images = None;
        let outcome = match self.whole(&mut job, &mut device_images).await {
            Ok(outcome) => outcome,
            Err(trouble) => Outcome::Failed(trouble),
        };
        Ended {
            order: job.order.id.clone(),
            images: job.images,
            device_images,
            outcome,
        }
    }

    async fn whole(
        &self,
        job: &mut Job,
        device_images: &mut Option<u32>,
    ) -> Result<Outcome, Trouble> {
        let device = tokio::select! {
            () = job.cancelled() => return Ok(Outcome::Cancelled),
            device = self.bound() => device?,
        };
        let private = job
            .spool
            .folder_of(&job.order.id)
            .map_err(Trouble::Disk)?
            .join(spool::PRIVATE);
        tokio::fs::create_dir_all(&private)
            .await
            .map_err(Trouble::Disk)?;
        let mut child = Child::start(&self.settings, &device, &job.order.manner, &private)
            .map_err(|source| self.no_program(source))?;
        let watched = self.watch(job, &mut child).await;
        let exit = child.end(STOP).await;
        self.was_started(exit.code)?;
        // What it finished before it ended.
        let gathered = match watched {
            Ok(_) | Err(Trouble::TooMany { .. }) => child.gather(job, u32::MAX).await,
            Err(_) => Ok(()),
        };
        child.put_parts_away(job).map_err(Trouble::Disk)?;
        *device_images = child.counted().await;
        let outcome = watched?;
        gathered?;
        if let Some(what) = child.cut_off(&job.order.manner) {
            return Err(Trouble::Paper { what });
        }
        if let Outcome::Cancelled = outcome {
            return Ok(outcome);
        }
        judge(&exit, job.images, *device_images)
    }

    /// Takes images in while the child runs: until it ends, hangs or somebody stops it.
    async fn watch(&self, job: &mut Job, child: &mut Child) -> Result<Outcome, Trouble> {
        let mut tick = tokio::time::interval(LOOK);
        let (mut seen, mut changed) = ((0, 0), Instant::now());
        let (mut whole, mut page_began) = (job.images, Instant::now());
        loop {
            tokio::select! {
                () = job.cancelled() => return Ok(Outcome::Cancelled),
                () = child.ended() => return Ok(Outcome::Done),
                _ = tick.tick() => {}
            }
            let written = child.written().map_err(Trouble::Disk)?;
            if written != seen {
                (seen, changed) = (written, Instant::now());
            }
            // A device that is faster than the disk must not keep it from being stopped.
            child.gather(job, job.images + AT_ONCE).await?;
            if let Some(what) = child.cut_off(&job.order.manner) {
                return Err(Trouble::Paper { what });
            }
            if child.said_its_last() && changed.elapsed() >= STOP {
                return Ok(Outcome::Done);
            }
            let most = job.order.manner.most_images(self.settings.most_images);
            if job.images > most {
                return Err(Trouble::TooMany { most });
            }
            if job.images != whole {
                (whole, page_began) = (job.images, Instant::now());
            }
            if page_began.elapsed() >= self.settings.longest_page {
                return Err(Trouble::TooSlow {
                    number: job.images + 1,
                    seconds: self.settings.longest_page.as_secs(),
                });
            }
            if changed.elapsed() >= self.settings.stall {
                return Err(Trouble::Stalled {
                    seconds: self.settings.stall.as_secs(),
                    after: job.images,
                });
            }
        }
    }
}

/// The exit code is SANE's status, but a good one alone proves nothing: the count has to agree.
fn judge(exit: &Exit, images: u32, device_images: Option<u32>) -> Result<Outcome, Trouble> {
    if let Some(trouble) = trouble_of(exit.code, images) {
        return Err(trouble);
    }
    match device_images {
        Some(device) if device != images => Err(Trouble::CountsDiffer {
            device,
            received: images,
        }),
        _ if images == 0 => Err(Trouble::FeederEmpty),
        _ => Ok(Outcome::Done),
    }
}

/// `SANE_Status` of the SANE standard, as scanimage gives it back; none: it was killed.
fn trouble_of(code: Option<i32>, after: u32) -> Option<Trouble> {
    Some(match code {
        Some(0) => return None,
        Some(3) => Trouble::Busy,
        Some(6) => Trouble::Jam { after },
        Some(7) if after > 0 => return None,
        Some(7) => Trouble::FeederEmpty,
        Some(8) => Trouble::CoverOpen,
        Some(1) => Trouble::Unsupported {
            what: "such a scan (SANE_STATUS_UNSUPPORTED)".into(),
        },
        Some(4) => Trouble::Unsupported {
            what: "such a setting or device (SANE_STATUS_INVAL)".into(),
        },
        Some(9) => Trouble::NoConnection {
            why: "SANE_STATUS_IO_ERROR".into(),
        },
        Some(11) => Trouble::NoConnection {
            why: "SANE_STATUS_ACCESS_DENIED".into(),
        },
        Some(other) => Trouble::Refused {
            status: other.unsigned_abs(),
            doing: "scanimage",
        },
        None => Trouble::Aborted {
            code: "scanimage was killed".into(),
        },
    })
}

/// The one device that matches a pattern of texts and `*`.
fn one_matching<'a>(
    pattern: &str,
    listed: impl Iterator<Item = &'a str>,
) -> Result<String, Trouble> {
    let matching: Vec<&str> = listed
        .map(str::trim)
        .filter(|name| matches(pattern, name))
        .collect();
    match matching.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Trouble::NoConnection {
            why: format!("SANE lists no device like {pattern}"),
        }),
        many => Err(Trouble::OtherDevice {
            wanted: pattern.to_owned(),
            found: many.join(", "),
        }),
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((front, rest)) => name.strip_prefix(front).is_some_and(|behind| {
            behind
                .char_indices()
                .map(|(at, _)| at)
                .chain([behind.len()])
                .any(|at| matches(rest, &behind[at..]))
        }),
    }
}

#[cfg(test)]
mod tests;
