//! The running `scanimage`: how it is started, what it has written, how it is ended together with whatever it started.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::watch;

use super::SaneSettings;
use crate::feeding::Job;
use crate::order::{Colour, Manner, Sides, Tray, Trouble};
use crate::spool::PRIVATE_NAME;

/// The name of an image with this number.
fn name(number: &str) -> String {
    format!("{PRIVATE_NAME}{number}.png")
}

/// What scanimage says behind each page it began: the `SANE_Status` its reading ended with.
const STATUS: &str = "(scanner status = ";
/// `SANE_STATUS_EOF`: the page was read to its end.
const WHOLE_PAGE: i32 = 5;

/// How it ended; no code: by a signal, and it had not said how its last page ended.
pub(super) struct Exit {
    pub(super) code: Option<i32>,
}

/// The program, as the first of a group of its own. It ends with the thread that started it, whatever ends that: a station that was killed feeds no more
/// paper.
pub(super) fn program(settings: &SaneSettings) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "TERM", "--"])
        .arg(&settings.program)
        .process_group(0)
        .kill_on_drop(true);
    command
}

pub(super) struct Child {
    process: tokio::process::Child,
    group: Option<Pid>,
    folder: PathBuf,
    /// What it says, its last part: the last line counts the images.
    said: watch::Receiver<String>,
}

impl Child {
    pub(super) fn start(
        settings: &SaneSettings,
        device: &str,
        manner: &Manner,
        folder: &Path,
    ) -> io::Result<Self> {
        let mut command = program(settings);
        command
            .arg(format!("--device-name={device}"))
            // Lossless: what the backend hands over is what is kept.
            .arg("--format=png")
            .arg(format!("--batch={}", folder.join(name("%04d")).display()))
            .args(words(settings, manner))
            .args(&settings.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let group = process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let (says, said) = watch::channel(String::new());
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(read(stderr, says));
        }
        Ok(Self {
            process,
            group,
            folder: folder.to_owned(),
            said,
        })
    }

    /// Resolves when the child has ended.
    pub(super) async fn ended(&mut self) {
        // What it cannot be waited for, `end` says again.
        let _ = self.process.wait().await;
    }

    /// Whether it has said that the whole scan is over. Some backends hang in closing the device after that.
    pub(super) fn said_its_last(&self) -> bool {
        last_line(&self.said.borrow()).is_some()
    }

    /// What is cut off of the paper, if something is.
    pub(super) fn cut_off(&self, manner: &Manner) -> Option<String> {
        let (said, paper) = (self.said.borrow(), manner.paper);
        let (width, height) = (
            cut(&said, ("br-x", paper.width_mm)),
            cut(&said, ("br-y", paper.height_mm)),
        );
        (width.is_some() || height.is_some()).then(|| {
            format!(
                "paper of {}×{} mm; it would keep {:.0}×{:.0} mm of it",
                paper.width_mm,
                paper.height_mm,
                width.unwrap_or(f64::from(paper.width_mm)),
                height.unwrap_or(f64::from(paper.height_mm)),
            )
        })
    }

    /// Asks the group to stop, then makes it.
    pub(super) async fn end(&mut self, patience: Duration) -> Exit {
        if let Ok(Some(status)) = self.process.try_wait() {
            self.signal(Signal::KILL);
            return Exit {
                code: status.code(),
            };
        }
        self.signal(Signal::TERM);
        let ended = tokio::time::timeout(patience, self.process.wait()).await;
        // Whatever it started goes with it, also when it went by itself.
        self.signal(Signal::KILL);
        let status = match ended {
            Ok(status) => status.ok(),
            Err(_) => self.process.wait().await.ok(),
        };
        let code = status.and_then(|status| status.code());
        Exit {
            code: code.or_else(|| said_status(&self.said.borrow())),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An empty group is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Bytes written so far, also of an image under way.
    pub(super) fn written(&self) -> io::Result<(u32, u64)> {
        let mut total = (0, 0);
        for item in fs::read_dir(&self.folder)? {
            total.0 += 1;
            // A name may change between the two looks.
            total.1 += item?.metadata().map_or(0, |metadata| metadata.len());
        }
        Ok(total)
    }

    /// Takes what is finished, in order, up to this image: it has its name when scanimage is done with it.
    pub(super) async fn gather(&self, job: &mut Job, last: u32) -> Result<(), Trouble> {
        loop {
            let number = job.images + 1;
            if number > last {
                return Ok(());
            }
            let file = self.folder.join(name(&format!("{number:04}")));
            if !file.exists() {
                return Ok(());
            }
            let (spool, order) = (job.spool.clone(), job.order.id.clone());
            let bytes = spool.adopt(file, &order, number).await?;
            job.image(bytes).await;
        }
    }

    /// Keeps what never became an image, out of the way.
    pub(super) fn put_parts_away(&self, job: &Job) -> io::Result<()> {
        for item in fs::read_dir(&self.folder)? {
            job.spool.put_away(&item?.path(), "truncated")?;
        }
        fs::remove_dir(&self.folder)
    }

    /// How many images scanimage says it made.
    pub(super) async fn counted(&mut self) -> Option<u32> {
        while self.said.changed().await.is_ok() {}
        let said = self.said.borrow();
        last_line(&said)?
            .split_whitespace()
            .rev()
            .nth(2)?
            .parse()
            .ok()
    }
}

/// Its last line but for complaints: how many pages.
fn last_line(said: &str) -> Option<&str> {
    said.lines()
        .rev()
        .find(|line| line.contains("pages scanned") || line.contains("page scanned"))
}

/// The exit code it owes when it said that the scan is over and then had to be killed.
fn said_status(said: &str) -> Option<i32> {
    last_line(said)?;
    let (_, behind) = said.rsplit_once(STATUS)?;
    let status = behind.split(')').next()?.parse().ok()?;
    Some(if status == WHOLE_PAGE { 0 } else { status })
}

async fn read(mut stderr: tokio::process::ChildStderr, says: watch::Sender<String>) {
    const KEPT: usize = 64 * 1024;
    let mut said = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut part).await {
        said.extend_from_slice(&part[..count]);
        let over = said.len().saturating_sub(KEPT);
        said.drain(..over);
        says.send_replace(String::from_utf8_lossy(&said).into_owned());
    }
}

/// The backend's word for the tray of a manner.
pub(super) fn source_of<'a>(settings: &'a SaneSettings, manner: &Manner) -> &'a str {
    match (manner.tray, manner.sides) {
        (Tray::Glass, _) => &settings.glass,
        (Tray::Feeder, Sides::One) => &settings.feeder,
        (Tray::Feeder, Sides::Both) => &settings.duplex,
    }
}

/// SANE's word for the colours of a manner.
pub(super) fn mode_of(manner: &Manner) -> &'static str {
    match manner.colour {
        Colour::Colour => "Color",
        Colour::Grey => "Gray",
        Colour::BlackAndWhite => "Lineart",
    }
}

pub(super) fn words(settings: &SaneSettings, manner: &Manner) -> Vec<String> {
    let mut words = vec![
        format!("--source={}", source_of(settings, manner)),
        format!("--mode={}", mode_of(manner)),
        format!("--resolution={}", manner.dpi),
        "-x".into(),
        manner.paper.width_mm.to_string(),
        "-y".into(),
        manner.paper.height_mm.to_string(),
    ];
    if manner.tray == Tray::Glass {
        words.push("--batch-count=1".into());
    }
    words
}

/// What scanimage takes away of the area that it was asked for, as it says itself: a device that is smaller than the paper cuts its edge off.
fn cut(said: &str, wanted: (&str, u32)) -> Option<f64> {
    const ROUNDING_MM: f64 = 1.0;
    let line = said.lines().find_map(|line| {
        line.strip_prefix("scanimage: rounded value of ")?
            .strip_prefix(wanted.0)
    })?;
    let given: f64 = line.rsplit_once(" to ")?.1.trim().parse().ok()?;
    (given + ROUNDING_MM < f64::from(wanted.1)).then_some(given)
}
