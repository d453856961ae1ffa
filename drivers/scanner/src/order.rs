//! What a scanner is asked to do, how it goes on, and what came of it. Plain values; each source puts them into its own words.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::complete::LooksLike;

/// What the slowest scanner needs for its largest page, and more.
pub const LONGEST_PAGE: Duration = Duration::from_secs(600);

/// More than any feeder takes, both sides of each sheet.
pub const MOST_IMAGES: u32 = 2000;

/// Which sides of a sheet are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// The front.
    One,
    /// Front and back: every sheet gives two images.
    Both,
}

/// What is kept of the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Everything; seals are red.
    Colour,
    /// 256 greys.
    Grey,
    /// Black and white.
    BlackAndWhite,
}

/// Where the paper lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tray {
    /// The automatic feeder.
    Feeder,
    /// The glass: one image.
    Glass,
}

/// The area that is scanned, from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Width.
    pub width_mm: u32,
    /// Height.
    pub height_mm: u32,
}

/// How pages are to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Where from.
    pub tray: Tray,
    /// Which sides.
    pub sides: Sides,
    /// Which colours.
    pub colour: Colour,
    /// Resolution in both directions.
    pub dpi: u32,
    /// Which area.
    pub paper: Paper,
}

/// One scan: everything that lies in the feeder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Names the folder of its pages: letters, digits and `-`, at most 40.
    pub id: String,
    /// How.
    pub manner: Manner,
}

impl Manner {
    /// How many images one scan has at most, where a feeder's stack may have so many.
    pub(crate) fn most_images(&self, of_a_stack: u32) -> u32 {
        match self.tray {
            Tray::Feeder => of_a_stack,
            Tray::Glass => 1,
        }
    }
}

/// How a scan goes on.
#[derive(Debug)]
pub enum Progress {
    /// An image is whole, on the disk, and will be offered.
    Image {
        /// The scan.
        order: String,
        /// Which image of it, from 1.
        number: u32,
        /// Its size.
        bytes: u64,
    },
    /// The scan is over; the scanner takes another.
    Ended(Ended),
}

/// What came of a scan.
#[derive(Debug)]
pub struct Ended {
    /// The scan.
    pub order: String,
    /// Images that are whole and on the disk.
    pub images: u32,
    /// Images that the device says it made; `None` where it does not say.
    pub device_images: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a scan ended.
#[derive(Debug)]
pub enum Outcome {
    /// The feeder is empty and every image that the device counted is here.
    Done,
    /// Somebody asked for it; what had come is kept.
    Cancelled,
    /// Something went wrong; what had come is kept.
    Failed(Trouble),
}

/// Why a scanner does not scan, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Paper is stuck.
    #[error("paper is jammed after image {after}")]
    Jam {
        /// Images that had come.
        after: u32,
    },
    /// Two sheets went through together.
    #[error("two sheets went through together after image {after}")]
    DoubleFeed {
        /// Images that had come.
        after: u32,
    },
    /// A cover is open.
    #[error("a cover is open")]
    CoverOpen,
    /// Nothing lies in the feeder.
    #[error("the feeder is empty")]
    FeederEmpty,
    /// The device does something else.
    #[error("the device is busy")]
    Busy,
    /// Nothing came for so long.
    #[error("nothing came for {seconds} s after image {after}")]
    Stalled {
        /// How long was waited.
        seconds: u64,
        /// Images that had come.
        after: u32,
    },
    /// An image came so slowly that it was given up.
    #[error("image {number} was not whole after {seconds} s")]
    TooSlow {
        /// Which image.
        number: u32,
        /// How long was waited.
        seconds: u64,
    },
    /// More images came than a scan may have.
    #[error("more than {most} images came in one scan")]
    TooMany {
        /// How many it may have.
        most: u32,
    },
    /// The scan is over and sheets still lie in the feeder.
    #[error("paper still lies in the feeder after image {after}")]
    PaperLeft {
        /// Images that had come.
        after: u32,
    },
    /// An image stopped before its end.
    #[error("image {number} stopped after {bytes} bytes")]
    Truncated {
        /// Which image.
        number: u32,
        /// How much of it came; kept beside.
        bytes: u64,
    },
    /// What came is no image.
    #[error("instead of image {number} came {looks_like}")]
    NotAnImage {
        /// Which image.
        number: u32,
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// The device counted other images than came.
    #[error("the device made {device} images, {received} came")]
    CountsDiffer {
        /// What the device says.
        device: u32,
        /// What is here.
        received: u32,
    },
    /// Another device answers under this address.
    #[error("the device is {found}, not {wanted}")]
    OtherDevice {
        /// What the settings say.
        wanted: String,
        /// What answered.
        found: String,
    },
    /// Its certificate is not the one that is trusted.
    #[error("the device's certificate has the fingerprint {found}, which is not trusted")]
    Certificate {
        /// SHA-256 of the certificate, hexadecimal.
        found: String,
    },
    /// The device cannot do what is asked.
    #[error("the device has no {what}")]
    Unsupported {
        /// What, in its own words.
        what: String,
    },
    /// It takes no paper of the size that is set.
    #[error("the device has no {what}")]
    Paper {
        /// The size, and what it would keep of it.
        what: String,
    },
    /// It gave up by itself and said why in its own words.
    #[error("the device gave up: {code}")]
    Aborted {
        /// Its word.
        code: String,
    },
    /// It refused.
    #[error("the device answered {status} to {doing}")]
    Refused {
        /// HTTP status, or SANE status.
        status: u32,
        /// What was asked.
        doing: &'static str,
    },
    /// It answers something that cannot be understood.
    #[error("the device's answer to {doing} cannot be understood: {why}")]
    Answer {
        /// What was asked.
        doing: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be reached.
    #[error("the device cannot be reached: {why}")]
    NoConnection {
        /// What the system said.
        why: String,
    },
    /// The program that drives it cannot be started.
    #[error("{} cannot be started", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An image cannot be written.
    #[error("an image cannot be kept")]
    Disk(#[source] io::Error),
}

impl Trouble {
    /// A stable code for lists, logs and messages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jam { .. } => "scanner_jam",
            Self::DoubleFeed { .. } => "scanner_double_feed",
            Self::CoverOpen => "scanner_cover_open",
            Self::FeederEmpty => "scanner_feeder_empty",
            Self::Busy => "scanner_busy",
            Self::Stalled { .. } => "scanner_stalled",
            Self::TooSlow { .. } => "scanner_too_slow",
            Self::TooMany { .. } => "scanner_too_many",
            Self::PaperLeft { .. } => "scanner_paper_left",
            Self::Truncated { .. } => "scanner_truncated",
            Self::NotAnImage { .. } => "scanner_not_an_image",
            Self::CountsDiffer { .. } => "scanner_counts_differ",
            Self::OtherDevice { .. } => "scanner_other_device",
            Self::Certificate { .. } => "scanner_certificate",
            Self::Unsupported { .. } => "scanner_unsupported",
            Self::Paper { .. } => "scanner_paper",
            Self::Aborted { .. } => "scanner_aborted",
            Self::Refused { .. } => "scanner_refused",
            Self::Answer { .. } => "scanner_answer",
            Self::NoConnection { .. } => "scanner_no_connection",
            Self::Program { .. } => "scanner_program",
            Self::Disk(_) => "scanner_disk",
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portrait {
    /// Make and model.
    pub model: String,
    /// Serial number, where it says.
    pub serial: Option<String>,
    /// What it is doing, in its own word.
    pub state: String,
    /// Counters and states it offers besides, by name.
    pub points: Vec<(String, String)>,
}

impl fmt::Display for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serial = self.serial.as_deref().unwrap_or("-");
        write!(f, "{} (serial {serial}): {}", self.model, self.state)
    }
}
