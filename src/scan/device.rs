//! Devices as the settings describe them: their sources, how they are asked, what is wanted of a scan.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use scanner::escl::{EsclSettings, Trust};
use scanner::order::{Colour, Manner, Paper, Sides, Tray};
use scanner::sane::SaneSettings;
use scanner::{Escl, Feeding, Fit, Folder, FolderSettings, Portrait, Sane, Source, Trouble};

use crate::config::{self, ScanColour, ScannerKind};

/// A device as the settings describe it, for a look at it; `None`: a folder.
pub fn device_of(scanner: &config::Scanner) -> Option<Device> {
    match scanner.kind {
        ScannerKind::Folder => None,
        ScannerKind::Escl => Some(Device::Escl(Escl::new(escl_settings(scanner)))),
        ScannerKind::Sane => Some(Device::Sane(Sane::new(sane_settings(scanner)))),
    }
}

/// A device that can be looked at without a spool.
#[derive(Debug, Clone)]
pub enum Device {
    /// Over eSCL.
    Escl(Escl),
    /// Over SANE.
    Sane(Sane),
}

impl Device {
    /// Asks it who it is and how it is.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn look(&self) -> Result<Portrait, Trouble> {
        match self {
            Self::Escl(escl) => escl.look().await,
            Self::Sane(sane) => sane.look().await,
        }
    }
}

/// What `laixin check` learns of a device.
#[derive(Debug)]
pub struct Looked {
    /// Who it is.
    pub portrait: Portrait,
    /// How it would take a scan as the settings want it.
    pub usual: Fit,
    /// The same from its other trays.
    pub others: Vec<Fit>,
}

/// Asks a driven scanner who it is and what it offers; `None`: a folder.
///
/// # Errors
/// [`Trouble`].
pub async fn looked_at(scanner: &config::Scanner) -> Option<Result<Looked, Trouble>> {
    let device = device_of(scanner)?;
    let looked = async {
        let portrait = device.look().await?;
        let usual = scanner.sides_of_a_sheet();
        let manners = [
            manner(scanner, usual, Tray::Feeder),
            manner(scanner, 3 - usual, Tray::Feeder),
            manner(scanner, 1, Tray::Glass),
        ];
        let mut fits = match &device {
            Device::Escl(escl) => escl.fits(&manners).await?,
            Device::Sane(sane) => sane.fits(&manners).await?,
        };
        let others = fits.split_off(1);
        let usual = fits.pop().expect("as many as manners");
        Ok(Looked {
            portrait,
            usual,
            others,
        })
    };
    Some(looked.await)
}

pub(super) fn source_of(scanner: &config::Scanner, folder: FolderSettings) -> io::Result<Source> {
    let feeding = |skip: &[PathBuf]| Feeding::open(&scanner.folder, skip);
    Ok(match scanner.kind {
        ScannerKind::Folder => Source::Folder(Folder::watch(folder)?),
        ScannerKind::Escl => {
            Source::Escl(Escl::new(escl_settings(scanner)), feeding(&folder.skip)?)
        }
        ScannerKind::Sane => {
            Source::Sane(Sane::new(sane_settings(scanner)), feeding(&folder.skip)?)
        }
    })
}

fn escl_settings(scanner: &config::Scanner) -> EsclSettings {
    let trust = match (&scanner.fingerprint, &scanner.authority) {
        (Some(fingerprint), _) => Trust::Fingerprint(fingerprint.clone()),
        (None, Some(authority)) => Trust::Authority(authority.clone()),
        (None, None) => Trust::Nothing,
    };
    EsclSettings {
        serial: scanner.serial.clone(),
        trust,
        stall: Duration::from_secs(scanner.stall_s.0),
        most_images: most_images(scanner),
        ..EsclSettings::new(scanner.url.clone().unwrap_or_default())
    }
}

fn sane_settings(scanner: &config::Scanner) -> SaneSettings {
    let [feeder, duplex, glass] = scanner.sources.clone();
    SaneSettings {
        program: scanner.program.clone(),
        serial: scanner.serial.clone(),
        feeder,
        duplex,
        glass,
        options: scanner.options.clone(),
        stall: Duration::from_secs(scanner.stall_s.0),
        most_images: most_images(scanner),
        ..SaneSettings::new(scanner.device.clone().unwrap_or_default())
    }
}

fn most_images(scanner: &config::Scanner) -> u32 {
    u32::try_from(scanner.most_images.0).expect("at most 100,000")
}

pub(super) fn manner(scanner: &config::Scanner, sides: u8, tray: Tray) -> Manner {
    let [width, height] = scanner.paper_mm;
    let mm = |length: u64| u32::try_from(length).expect("at most 450");
    Manner {
        tray,
        sides: if sides == 2 { Sides::Both } else { Sides::One },
        colour: match scanner.colour {
            ScanColour::Colour => Colour::Colour,
            ScanColour::Grey => Colour::Grey,
        },
        dpi: u32::try_from(scanner.dpi.0).expect("at most 1200"),
        paper: Paper {
            width_mm: mm(width.0),
            height_mm: mm(height.0),
        },
    }
}
