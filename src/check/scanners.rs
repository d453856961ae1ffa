//! The scanners: their folders, whose they are, what a device offers, and whether scans as the settings want them would be taken.

use scanner::{claim, mount};

use super::machine::{folder, station_runs};
use super::{Report, machine};
use crate::Chain;
use crate::config::{ScannerKind, Settings};
use crate::domain::intake::next_action;
use crate::scan::{self, mounted};

/// The folders that other software fills.
pub(super) fn folders(settings: &Settings, report: &mut Report) {
    let folders = settings.scanners.iter();
    for scanner in folders.filter(|scanner| !scanner.is_driven()) {
        let what = format!("scanner {}", scanner.id);
        let (data, id) = (&settings.station.data_dir, scanner.id.to_string());
        let gone = mounted::remembered(&scanner.folder, data, &id)
            .filter(|was| mount::is_gone(&scanner.folder, was));
        if let Some(was) = gone {
            let told = [scanner.folder.as_path(), &was].map(|path| path.display().to_string());
            report.bad(&what, "mount_gone", &[&told[0], &told[1]]);
            continue;
        }
        folder(&what, &scanner.folder, "can_be_used", report);
        let is_own = machine::station_runs(settings) && !claim::is_anothers(&scanner.folder, data);
        if claim::is_owned(&scanner.folder) && !is_own {
            let shown = scanner.folder.display().to_string();
            report.bad(&what, "folder_of_another", &[&shown]);
        }
    }
}

/// The devices that the station drives. One that is opened by whoever uses it is left alone while a station runs: it may be scanning.
pub(super) async fn all(settings: &Settings, is_inside: bool, report: &mut Report) {
    let runs = is_inside || station_runs(settings);
    for scanner in &settings.scanners {
        let what = format!("scanner {}", scanner.id);
        if runs && scanner.kind == ScannerKind::Sane {
            report.good(&what, "scanner_in_use", &[]);
            continue;
        }
        let Some(looked) = scan::looked_at(scanner).await else {
            continue;
        };
        let looked = match looked {
            Ok(looked) => looked,
            Err(trouble) => {
                let raw = Chain(&trouble).to_string();
                report.bad(&what, "scanner_trouble", &[trouble.code(), &raw]);
                report.advise(next_action(trouble.code()), trouble.code());
                continue;
            }
        };
        report.good(&what, "scanner_is", &[&looked.portrait.to_string()]);
        for fit in looked.others.iter().chain([&looked.usual]) {
            if let Some(offer) = &fit.offer {
                report.good(
                    &what,
                    "tray_offers",
                    &[&fit.tray.to_string(), &offer.to_string()],
                );
            }
        }
        let words = match scanner.kind {
            ScannerKind::Sane => "sources, dpi, paper_mm, colour and options",
            _ => "sides, dpi, paper_mm and colour",
        };
        let then = format!("set {words} of this scanner to what it offers");
        if let Some(trouble) = &looked.usual.lacks {
            report.bad(&what, "scans_refused", &[&Chain(trouble).to_string()]);
            report.advise(&then, "");
        }
        for fit in &looked.others {
            let tray = fit.tray.to_string();
            match (&fit.lacks, &fit.offer) {
                (Some(trouble), Some(_)) => {
                    let why = Chain(trouble).to_string();
                    report.warn(&what, "tray_refused", &[&tray, &why]);
                    report.advise(&then, "");
                }
                (Some(trouble), None) => {
                    report.good(&what, "tray_unused", &[&Chain(trouble).to_string()]);
                }
                (None, _) => {}
            }
        }
    }
}
