//! A network scanner over eSCL: asked, driven, and its images kept as they came. Knows HTTP and its documents, and nothing of letters.
//!
//! One scan: capabilities (is it the device, can it do that) → status → `ScanJobs` → `NextDocument` until the device has no more → status again. What
//! ends a scan is never an answer alone: after every end the job's state and its count decide whether anything is missing.

pub mod discover;
mod http;
mod job;
mod tls;
pub mod xml;

use std::path::PathBuf;
use std::time::Duration;

use crate::feeding::Job;
use crate::offers::Fit;
use crate::order::{Ended, LONGEST_PAGE, MOST_IMAGES, Manner, Portrait, Trouble};
use crate::spool::Spool;
use http::Device;

/// Whose certificate is trusted when the address is https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Plain http, or whatever a public authority has signed: nothing is accepted over https.
    Nothing,
    /// The device's own certificate, by its SHA-256 in hexadecimal; `:` between bytes is allowed.
    Fingerprint(String),
    /// Whatever this authority, a PEM file, has signed.
    Authority(PathBuf),
}

/// How a device is reached.
#[derive(Clone, Debug)]
pub struct EsclSettings {
    /// Its eSCL root, e.g. `http://192.168.1.60/eSCL`.
    pub url: String,
    /// The serial number it has to have.
    pub serial: Option<String>,
    /// Whose certificate is trusted.
    pub trust: Trust,
    /// Nothing came for this long: the scan is over.
    pub stall: Duration,
    /// A page that still is not whole after this long is given up, however steadily it comes.
    pub longest_page: Duration,
    /// A feeder's scan that has more images than this is ended: a device that never stops fills the disk.
    pub most_images: u32,
    /// How long a device that is busy is asked again.
    pub busy: Duration,
    /// A larger image is refused.
    pub max_image_bytes: u64,
}

impl EsclSettings {
    /// The usual settings of a device.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            serial: None,
            trust: Trust::Nothing,
            stall: Duration::from_secs(25),
            longest_page: LONGEST_PAGE,
            most_images: MOST_IMAGES,
            busy: Duration::from_secs(20),
            max_image_bytes: 512 * 1024 * 1024,
        }
    }
}

/// One device.
#[derive(Clone, Debug)]
pub struct Escl {
    settings: EsclSettings,
}

impl Escl {
    /// A device of these settings; nothing is asked of it yet.
    #[must_use]
    pub fn new(settings: EsclSettings) -> Self {
        Self { settings }
    }

    /// Asks the device who it is and how it is.
    ///
    /// # Errors
    /// [`Trouble`], also when it is another device.
    pub async fn look(&self) -> Result<Portrait, Trouble> {
        let device = Device::connect(&self.settings)?;
        let capabilities = device.capabilities().await?;
        let status = device.status().await?;
        let points = status
            .adf
            .map(|adf| ("adf_state".to_owned(), adf))
            .into_iter()
            .collect();
        Ok(Portrait {
            model: capabilities.model,
            serial: capabilities.serial,
            state: status.state,
            points,
        })
    }

    /// How the device would take scans in these manners.
    ///
    /// # Errors
    /// [`Trouble`] when it does not say what it offers.
    pub async fn fits(&self, manners: &[Manner]) -> Result<Vec<Fit>, Trouble> {
        let capabilities = Device::connect(&self.settings)?.capabilities().await?;
        Ok(manners
            .iter()
            .map(|manner| job::fit(&capabilities, manner))
            .collect())
    }

    /// Ends the job that a killed run left on the device, once it is the one that is meant.
    pub(crate) async fn end_left_job(&self, spool: Spool) {
        let connected = Device::connect(&self.settings);
        let Some(device) = connected.ok().filter(|_| spool.remembered_job().is_some()) else {
            return;
        };
        // One that does not answer now is told before the next scan.
        if device.capabilities().await.is_ok() {
            job::end_left(&device, &spool).await;
        }
    }

    /// Carries an order out.
    pub(crate) async fn scan(&self, job: Job) -> Ended {
        job::run(&self.settings, job).await
    }
}
