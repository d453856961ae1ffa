//! `laixin check` on the scanners: their folders, whose they are, what a device offers, and whether scans as the settings want them would be taken.

use scanner::claim;

use super::{Report, folder, machine};
use crate::config::{ScannerKind, Settings};
use crate::domain::intake::next_action;
use crate::{Chain, scan};

/// The folders that other software fills.
pub(super) fn folders(settings: &Settings, report: &mut Report) {
    let folders = settings.scanners.iter();
    for scanner in folders.filter(|scanner| !scanner.is_driven()) {
        let what = format!("scanner {}", scanner.id);
        folder(&what, &scanner.folder, "can be listed and written", report);
        if claim::is_owned(&scanner.folder) && !machine::station_runs(settings) {
            let why = format!(
                "{}: another laixin takes pages out of it",
                scanner.folder.display()
            );
            let then = "stop one of the two, or give each a folder of its own";
            report.bad(&what, &why, then);
        }
    }
}

/// The devices that the station drives.
pub(super) async fn all(settings: &Settings, report: &mut Report) {
    for scanner in &settings.scanners {
        let Some(looked) = scan::looked_at(scanner).await else {
            continue;
        };
        let what = format!("scanner {}", scanner.id);
        let looked = match looked {
            Ok(looked) => looked,
            Err(trouble) => {
                let then = next_action(trouble.code());
                report.bad(&what, &Chain(&trouble).to_string(), then);
                continue;
            }
        };
        report.good(&what, &looked.portrait.to_string());
        for fit in looked.others.iter().chain([&looked.usual]) {
            if let Some(offer) = &fit.offer {
                report.good(&what, &format!("{}: {offer}", fit.tray));
            }
        }
        let words = match scanner.kind {
            ScannerKind::Sane => "sources, dpi, paper_mm, colour and options",
            _ => "sides, dpi, paper_mm and colour",
        };
        let then = format!("set {words} of this scanner to what it offers");
        if let Some(trouble) = &looked.usual.lacks {
            let why = format!("every scan would be refused: {}", Chain(trouble));
            report.bad(&what, &why, &then);
        }
        for fit in &looked.others {
            match (&fit.lacks, &fit.offer) {
                (Some(trouble), Some(_)) => {
                    let why = format!(
                        "scans from its {} would be refused: {}",
                        fit.tray,
                        Chain(trouble)
                    );
                    report.warn(&what, &why, &then);
                }
                (Some(trouble), None) => {
                    report.good(&what, &format!("not used: {}", Chain(trouble)))
                }
                (None, _) => {}
            }
        }
    }
}
