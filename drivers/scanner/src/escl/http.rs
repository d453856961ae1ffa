//! One device over HTTP: its documents as values, its refusals as [`Trouble`]. No redirect is followed, no proxy used, no other host ever spoken to.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::EsclSettings;
use super::tls::{self, Refused};
use super::xml::{self, Capabilities, Status};
use crate::order::{Manner, Trouble};

const CONNECT: Duration = Duration::from_secs(5);
/// A document, not an image, is there within this time.
const DOCUMENT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Device {
    client: Client,
    base: Url,
    serial: Option<String>,
    refused: Refused,
}

impl Device {
    pub(super) fn connect(settings: &EsclSettings) -> Result<Self, Trouble> {
        let refused = Refused::default();
        let answer = |why: String| Trouble::Answer {
            doing: "the address in the settings",
            why,
        };
        let mut url = settings.url.trim_end_matches('/').to_owned();
        url.push('/');
        let base = Url::parse(&url).map_err(|error| answer(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(answer("http:// or https:// and a host are needed".into()));
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(&settings.trust, &refused)?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| answer(error.to_string()))?;
        Ok(Self {
            client,
            base,
            serial: settings.serial.clone(),
            refused: Arc::clone(&refused),
        })
    }

    fn address(&self, path: &str) -> Url {
        self.base.join(path).unwrap_or_else(|_| self.base.clone())
    }

    /// What the device can do, when it is the device of the settings.
    pub(super) async fn capabilities(&self) -> Result<Capabilities, Trouble> {
        let doing = "ScannerCapabilities";
        let text = self.document(doing).await?;
        let found = xml::capabilities(&text).map_err(|error| not_understood(doing, &error))?;
        match &self.serial {
            Some(wanted) if found.serial.as_ref() != Some(wanted) => Err(Trouble::OtherDevice {
                wanted: wanted.clone(),
                found: found
                    .serial
                    .unwrap_or_else(|| "without a serial number".into()),
            }),
            _ => Ok(found),
        }
    }

    pub(super) async fn status(&self) -> Result<Status, Trouble> {
        let doing = "ScannerStatus";
        let text = self.document(doing).await?;
        xml::status(&text).map_err(|error| not_understood(doing, &error))
    }

    async fn document(&self, doing: &'static str) -> Result<String, Trouble> {
        let request = self.client.get(self.address(doing)).timeout(DOCUMENT);
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        if response.status() != StatusCode::OK {
            return Err(refused(&response, doing));
        }
        let mut bytes = Vec::new();
        while let Some(part) = response
            .chunk()
            .await
            .map_err(|error| self.failed(&error))?
        {
            bytes.extend_from_slice(&part);
            if bytes.len() > xml::LONGEST_BYTES {
                return Err(not_understood(doing, &xml::XmlError::TooLarge));
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Makes a job; `Ok(Err(wait))` while the device is busy.
    pub(super) async fn new_job(
        &self,
        version: &str,
        manner: &Manner,
    ) -> Result<Result<Url, Duration>, Trouble> {
        let doing = "ScanJobs";
        let request = self
            .client
            .request(Method::POST, self.address(doing))
            .header("content-type", "text/xml")
            .body(xml::scan_settings(version, manner))
            .timeout(DOCUMENT);
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        match response.status() {
            StatusCode::SERVICE_UNAVAILABLE => Ok(Err(retry_after(response.headers()))),
            StatusCode::CREATED | StatusCode::OK => {
                let location = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|value| value.to_str().ok());
                let no_job = || Trouble::Answer {
                    doing,
                    why: "it names no job".into(),
                };
                self.job_address(location.ok_or_else(no_job)?)
                    .ok_or_else(no_job)
                    .map(Ok)
            }
            _ => Err(refused(&response, doing)),
        }
    }

    /// Where the job is: relative to the device, or absolute; of an absolute one only the path is believed.
    pub(super) fn job_address(&self, location: &str) -> Option<Url> {
        let mut url = self.address("ScanJobs").join(location).ok()?;
        url.set_scheme(self.base.scheme()).ok()?;
        url.set_host(self.base.host_str()).ok()?;
        url.set_port(self.base.port()).ok()?;
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        Some(url)
    }

    /// Asks for the next image; how long its bytes may take is the caller's to watch.
    pub(super) async fn next_document(&self, job: &Url) -> Result<Response, Trouble> {
        let address = job
            .join("NextDocument")
            .map_err(|error| not_understood("NextDocument", &error))?;
        let request = self.client.get(address);
        request.send().await.map_err(|error| self.failed(&error))
    }

    /// Ends a job on the device, whatever it answers; whether it answered.
    pub(super) async fn delete(&self, job: &Url) -> bool {
        let mut address = job.clone();
        address.set_path(job.path().trim_end_matches('/'));
        let request = self.client.delete(address).timeout(CONNECT);
        // It may be over already, or the device gone: there is nothing left to do about either.
        request.send().await.is_ok()
    }

    pub(super) fn failed(&self, error: &reqwest::Error) -> Trouble {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match &*refused {
            Some(found) => Trouble::Certificate {
                found: found.clone(),
            },
            None => {
                let why = innermost(error);
                match is_of_an_answer(&why) {
                    true => Trouble::Answer { doing: "HTTP", why },
                    false => Trouble::NoConnection { why },
                }
            }
        }
    }
}

/// It is there and answers, in words that are no HTTP: headers without end, a page of another protocol.
fn is_of_an_answer(why: &str) -> bool {
    ["message head", "invalid HTTP"]
        .iter()
        .any(|told| why.contains(told))
}

/// What the system said, without the address that every layer repeats.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(below) = at.source() {
        at = below;
    }
    at.to_string()
}

fn not_understood(doing: &'static str, error: &dyn std::error::Error) -> Trouble {
    Trouble::Answer {
        doing,
        why: error.to_string(),
    }
}

pub(super) fn refused(response: &Response, doing: &'static str) -> Trouble {
    match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => Trouble::Busy,
        status if status.is_redirection() => Trouble::Answer {
            doing,
            why: format!("it sends to another address ({status}), which is not followed"),
        },
        status => Trouble::Refused {
            status: status.as_u16().into(),
            doing,
        },
    }
}

/// How long the device wants to be left alone: at least half a second, at most five.
pub(super) fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    seconds.map_or(Duration::from_secs(1), |seconds| {
        Duration::from_secs(seconds).clamp(Duration::from_millis(500), Duration::from_secs(5))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// What a device's first document comes to, where it answers so.
    async fn answering(head: String) -> Trouble {
        let device = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/eSCL", device.local_addr().unwrap());
        let answers = std::thread::spawn(move || {
            let (mut stream, _) = device.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            // It may be cut short: nobody reads on.
            let _ = stream.write_all(head.as_bytes());
            stream
        });
        let settings = EsclSettings::new(url);
        let trouble = Device::connect(&settings).unwrap().status().await;
        drop(answers.join().unwrap());
        trouble.unwrap_err()
    }

    #[tokio::test]
    async fn a_head_without_end_and_a_way_elsewhere_are_answers_not_cables() {
        let endless = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n", "x".repeat(2_000_000));
        let elsewhere =
            "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n";
        for head in [endless, elsewhere.to_owned()] {
            let trouble = answering(head).await;
            assert_eq!(trouble.code(), "scanner_answer", "{trouble}");
        }
    }
}
