//! The scanners: their folders, whose they are, what a device offers, and whether scans as the settings want them would be taken.

use scanner::{Lack, Portrait, Resolutions, TrayOffer, claim, mount};

use super::machine::{folder, station_runs};
use super::{Level, Report, Value, machine};
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
                let code = Value::Code("hold", trouble.code().to_owned());
                report.tell(Level::Bad, &what, "scanner_trouble", vec![code]);
                report.said(Chain(&trouble));
                report.advise(next_action(trouble.code()), trouble.code());
                continue;
            }
        };
        who(&what, looked.portrait, report);
        let fits = looked.others.iter().chain([&looked.usual]);
        for (fit, offer) in fits.filter_map(|fit| Some((fit, fit.offer.as_ref()?))) {
            let mut told = vec![tray(&fit.tray)];
            told.extend(offered(offer));
            report.tell(Level::Good, &what, "tray_offers", told);
        }
        if let Some(lack) = &looked.usual.lacks {
            report.tell(Level::Bad, &what, "scans_refused", vec![lacks(lack)]);
            setting_said(lack, report);
        }
        for fit in &looked.others {
            match (&fit.lacks, &fit.offer) {
                (Some(lack), Some(_)) => {
                    let told = vec![tray(&fit.tray), lacks(lack)];
                    report.tell(Level::Warning, &what, "tray_refused", told);
                    setting_said(lack, report);
                }
                (Some(lack), None) => {
                    report.tell(Level::Good, &what, "tray_unused", vec![lacks(lack)]);
                }
                (None, _) => {}
            }
        }
    }
}

fn who(what: &str, portrait: Portrait, report: &mut Report) {
    let state = Value::Code("scanner_state", portrait.state);
    let model = portrait.model.into();
    match portrait.serial {
        Some(serial) => {
            let told = vec![model, serial.into(), state];
            report.tell(Level::Good, what, "scanner_is", told);
        }
        None => report.tell(
            Level::Good,
            what,
            "scanner_without_serial",
            vec![model, state],
        ),
    }
}

fn tray(tray: &str) -> Value {
    Value::Code("scanner_tray", tray.to_owned())
}

/// What a tray offers: resolutions, colours, the largest paper.
fn offered(offer: &TrayOffer) -> [Value; 3] {
    let modes = match offer.modes.is_empty() {
        true => Value::Text("scanner_offer.modes_unsaid", Vec::new()),
        false => Value::codes("scanner_mode", &offer.modes),
    };
    [dpi(&offer.resolutions), modes, offer.largest().into()]
}

fn dpi(resolutions: &Resolutions) -> Value {
    match resolutions {
        Resolutions::Unsaid => Value::Text("scanner_offer.dpi_unsaid", Vec::new()),
        Resolutions::Listed(listed) => {
            let listed = listed.iter().map(Value::from).collect();
            Value::Text("scanner_offer.dpi", vec![Value::Several(listed)])
        }
        Resolutions::Range(lowest, highest) => Value::Text(
            "scanner_offer.dpi_range",
            vec![lowest.into(), highest.into()],
        ),
    }
}

/// What a scan as the settings want it would lack.
fn lacks(lack: &Lack) -> Value {
    let (key, values) = match lack {
        Lack::Tray { tray: it, has } if has.is_empty() => ("scanner_lack.no_trays", vec![tray(it)]),
        Lack::Tray { tray: it, has } => {
            let has = Value::codes("scanner_tray", has);
            ("scanner_lack.tray", vec![tray(it), has])
        }
        Lack::Resolution { dpi: it, has } => ("scanner_lack.dpi", vec![it.into(), dpi(has)]),
        Lack::Mode { mode, has } => {
            let mode = Value::Code("scanner_mode", mode.clone());
            let has = Value::codes("scanner_mode", has);
            ("scanner_lack.mode", vec![mode, has])
        }
        Lack::Paper {
            width_mm,
            height_mm,
            largest,
        } => {
            let values = vec![width_mm.into(), height_mm.into(), largest.into()];
            ("scanner_lack.paper", values)
        }
        Lack::Jpeg { has } => {
            let has = has.iter().map(Value::from).collect();
            ("scanner_lack.jpeg", vec![Value::Several(has)])
        }
        Lack::Setting { .. } => ("scanner_lack.setting", Vec::new()),
    };
    Value::Text(key, values)
}

/// Which setting it is, its backend alone says.
fn setting_said(lack: &Lack, report: &mut Report) {
    if let Lack::Setting { said } = lack {
        report.said(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;
    use crate::console::words::Words;

    fn has(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn whatever_a_device_has_not_is_told_in_words_of_both_languages() {
        let duplex = "feeder for both sides".to_owned();
        let all = [
            Lack::Tray {
                tray: duplex.clone(),
                has: has(&["feeder", "glass"]),
            },
            Lack::Tray {
                tray: duplex,
                has: Vec::new(),
            },
            Lack::Resolution {
                dpi: 600,
                has: Resolutions::Listed(vec![200, 300]),
            },
            Lack::Resolution {
                dpi: 600,
                has: Resolutions::Range(50, 300),
            },
            Lack::Mode {
                mode: "RGB24".into(),
                has: has(&["Grayscale8", "Sepia"]),
            },
            Lack::Paper {
                width_mm: 297,
                height_mm: 420,
                largest: "216×?".into(),
            },
            Lack::Jpeg {
                has: has(&["application/pdf"]),
            },
            Lack::Setting {
                said: "no such option".into(),
            },
        ];
        let told = |language| {
            let mut report = Report::default();
            for lack in &all {
                report.tell(Level::Bad, "scanner s", "scans_refused", vec![lacks(lack)]);
            }
            let (w, found) = (Words::of(language), report.findings.into_iter());
            found.map(|one| one.told(w)).collect::<Vec<_>>()
        };
        let of = "每次扫描都会被拒绝：";
        assert_eq!(
            told(Language::Chinese),
            [
                "没有进纸器双面；有进纸器、平板",
                "没有进纸器双面，也没有其他进纸处可选",
                "没有 600 dpi；有 200、300 dpi",
                "没有 600 dpi；有 50 至 300 dpi",
                "没有彩色（24 位）；有灰度（8 位）、Sepia",
                "放不下 297×420 mm 的纸；最大 216×? mm",
                "不提供 JPEG 图像；有 application/pdf",
                "它不接受某项设置",
            ]
            .map(|said| format!("{of}{said}"))
        );
        for said in told(Language::English) {
            assert!(!said.contains('_') && !said.contains("{}"), "{said}");
        }
    }

    #[test]
    fn what_a_device_does_not_tell_is_said_to_be_untold() {
        let mut report = Report::default();
        let mut told = vec![tray("glass")];
        told.extend(offered(&TrayOffer::default()));
        report.tell(Level::Good, "scanner s", "tray_offers", told);
        let said = report.findings[0].told(Words::of(Language::Chinese));
        assert_eq!(said, "平板：未说明分辨率；未说明颜色；纸张最大 ?×? mm");
    }
}
