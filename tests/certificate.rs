//! Certificates read back by other people's tools (poppler, qpdf): one page, the right words, and no fault that breaks it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use laixin::certificate::{
    Acknowledged, AlarmSeen, Certificate, Device, HeldAgainst, Moments, Office, Outcome, SelfTest,
    SignedOverride, Span, TurnedOver, pdf, wording,
};
use laixin::clock::{self, Millis};
use laixin::config::{Language, Print};
use laixin::domain::cycle::{Basis, Sides};
use laixin::domain::letter::Carrier;
use laixin::print::{PrintError, PrintFont};
use laixin::store::{
    Anchor, CycleOutcome, CycleSample, CycleStep, CycleTerms, NewBatch, SideExposure, Store,
    TestOutcome,
};
use proptest::prelude::*;

use crate::support::TestStation;

static FONT: LazyLock<PrintFont> =
    LazyLock::new(|| PrintFont::load(&Print::default().font).expect("set-up installs it"));

const BEGAN: Millis = Millis(1_772_413_200_000);

/// The curve of a lamp that warms up: 4 s to strike, 16 s lit, 12 s of air.
fn curve() -> Vec<CycleSample> {
    let mut dose = 0.0;
    let sample = |at: u64| {
        let lit = (4..20).contains(&at);
        let uv = if lit {
            9.0 - 6.0 * (-(at as f64 - 4.0) / 5.0).exp()
        } else {
            0.01
        };
        dose += if lit { uv } else { 0.0 };
        let ozone = match at {
            0..=3 => 0.012,
            4..=19 => 0.012 + 0.03 * (at - 3) as f64,
            _ => 0.5 * (-((at - 19) as f64) / 5.0).exp(),
        };
        CycleSample {
            at_ms: at * 1000,
            irradiance_mw_cm2: Some(uv),
            dose_mj_cm2: Some(dose),
            ozone_mg_m3: Some(ozone),
        }
    };
    (0..34).map(sample).collect()
}

fn span(from_s: i64, to_s: i64) -> Span {
    let at = |seconds: i64| Millis(BEGAN.0 + seconds * 1000);
    Span {
        from: at(from_s),
        to: Some(at(to_s)),
    }
}

fn released() -> Certificate {
    let curve = curve();
    let dose = curve.last().and_then(|sample| sample.dose_mj_cm2);
    let after = |seconds: i64| Some(Millis(BEGAN.0 + seconds * 1000));
    Certificate {
        station: "苏州市信访局".into(),
        number: "C000012".into(),
        printed: Millis(BEGAN.0 + 86_400_000),
        device: Device {
            id: "cabinet-1".into(),
            model: Some("laixin demo cabinet".into()),
            link: Some("Modbus TCP 127.0.0.1:1502，从站 1".into()),
            profile_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                .into(),
        },
        load: 21,
        batch: 7,
        carrier: Carrier::Registered,
        count: Some(36),
        in_load: Some(20),
        started_by: "王芳".into(),
        moments: Moments {
            started: BEGAN,
            lit: vec![span(4, 20)],
            aired_by_fan: vec![span(20, 32)],
            turned: None,
            aired: after(32),
            unwatched: false,
            alarm: None,
            acknowledged: None,
            ended: after(33),
        },
        dose_basis: Basis::Measured,
        ozone_basis: Basis::Measured,
        sides: Sides::Both,
        outcome: Outcome::Released,
        overridden: None,
        released_by_other: None,
        exposures: vec![SideExposure {
            dose_mj_cm2: dose,
            lit_s: 16.0,
        }],
        dose_mj_cm2: dose,
        exposure_s: Some(16.0),
        ventilation_s: Some(12.0),
        limits: HeldAgainst {
            dose_mj_cm2: Some(100.0),
            irradiance_mw_cm2: Some(0.5),
            exposure_s: Some(8.0),
            exposure_max_s: Some(120.0),
            ventilation_s: Some(5.0),
            ventilation_max_s: Some(120.0),
            ozone_mg_m3: Some(0.1),
        },
        faults: Vec::new(),
        aborted_by: None,
        curve,
        absent: Vec::new(),
        invented: false,
        clock_was_set: false,
        self_test: Some(SelfTest {
            at: Millis(BEGAN.0 - 3_600_000),
            outcome: TestOutcome::Passed,
            failed: None,
        }),
        anchors: vec![Anchor {
            seq: 1204,
            hash: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".into(),
        }],
    }
}

fn failed() -> Certificate {
    let mut certificate = released();
    certificate.outcome = Outcome::Failed;
    certificate.moments.aired = None;
    certificate.faults = vec![(BEGAN, "door_open".into())];
    certificate
}

fn overridden(reason: &str) -> Certificate {
    let mut certificate = failed();
    certificate.overridden = Some(SignedOverride {
        approved_by: Some("王秀英".to_owned()),
        by: "李建国".into(),
        reason: reason.into(),
        at: Millis(BEGAN.0 + 600_000),
        alarm_lamp: Some("not_shown".into()),
    });
    certificate
}

fn timer() -> Certificate {
    let mut certificate = released();
    certificate.dose_basis = Basis::Timer;
    certificate.dose_mj_cm2 = None;
    certificate.limits.dose_mj_cm2 = None;
    for sample in &mut certificate.curve {
        sample.irradiance_mw_cm2 = None;
        sample.dose_mj_cm2 = None;
    }
    certificate
}

fn printed(certificate: &Certificate) -> Vec<u8> {
    pdf(certificate, &FONT, Language::Chinese).expect("a certificate is always printed")
}

fn tool(name: &str, arguments: &[&str], pdf: &[u8]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("certificate.pdf");
    std::fs::write(&file, pdf).expect("written");
    let file = file.to_str().expect("a temporary path is UTF-8");
    let arguments = arguments
        .iter()
        .map(|a| if *a == "FILE" { file } else { a });
    Command::new(name)
        .args(arguments)
        .output()
        .expect("set-up installs it")
}

/// The page's text as another program reads it, and its number of pages.
fn read_back(pdf: &[u8]) -> String {
    let info = tool("pdfinfo", &["FILE"], pdf);
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(info.contains("Pages:           1\n"), "{info}");
    assert!(info.contains("(A4)"), "{info}");
    let text = tool("pdftotext", &["-layout", "FILE", "-"], pdf);
    assert!(text.status.success());
    String::from_utf8(text.stdout).expect("UTF-8")
}

#[test]
fn a_released_cycle_says_exposed_and_never_sterile() {
    let text = read_back(&printed(&released()));
    for said in [
        "外表面已照射，准予开启",
        "不表示无菌",
        "王芳",
        "C000012",
        "挂号信",
        "2c26b46b68ffc68f",
        "≥ 100 mJ/cm²",
        "0.030 mg/m³",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    for never in ["消毒合格", "已消毒", "已灭菌", "〓"] {
        assert!(!text.contains(never), "{never} is in\n{text}");
    }
}

#[test]
fn what_was_not_released_never_reads_like_a_release() {
    let mut running = released();
    running.outcome = Outcome::Running;
    running.moments.ended = None;
    let mut other = failed();
    other.released_by_other = Some("C000013".into());
    for (certificate, said) in [
        (failed(), "消毒未完成，不得据此开启"),
        (
            overridden("柜体故障，经值班主任批准人工处理"),
            "消毒未完成，经签字特批开启",
        ),
        (running, "照射尚未结束"),
        (other, "该柜次另由 C000013 号照射放行"),
    ] {
        let text = read_back(&printed(&certificate));
        assert!(text.contains(said), "{said} is not in\n{text}");
        for never in ["外表面已照射", "准予开启", "信件外表面紫外线照射证明"]
        {
            assert!(!text.contains(never), "{never} is in\n{text}");
        }
        let title = text
            .lines()
            .map(str::trim)
            .find(|line| line.contains("紫外线照射记录"));
        let said = ["未放行：", "未经消毒放行：", "未结束："];
        assert!(
            title.is_some_and(|title| said.iter().any(|said| title.starts_with(said))),
            "{text}"
        );
    }
}

#[test]
fn times_have_a_zone_the_link_names_its_unit_and_the_curve_how_often_it_was_taken() {
    let text = read_back(&printed(&released()));
    let offset = BEGAN.rfc3339()[19..].to_owned();
    let zone = format!("所列时刻均为 UTC{}", offset.replace('Z', ""));
    for said in [zone.as_str(), "从站 1", "每秒一点"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn a_missing_reading_stands_with_what_was_read_and_expected() {
    let mut certificate = failed();
    let fault = "reading_missing: ozone_mg_m3 out_of_range: input_register 1: read 65.535 mg/m3 (raw 65535), expected 0 … 20 mg/m3";
    certificate.faults = vec![(BEGAN, fault.into())];
    let text = read_back(&printed(&certificate));
    for said in ["臭氧浓度", "65.535 mg/m3", "0 … 20 mg/m3"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn a_cycle_begun_after_a_failed_self_test_says_so() {
    let mut certificate = released();
    certificate.self_test = Some(SelfTest {
        at: Millis(BEGAN.0 - 3_600_000),
        outcome: TestOutcome::Failed,
        failed: Some("strike".into()),
    });
    let text = read_back(&printed(&certificate));
    for said in ["启动前最近一次自检未通过", "灯管点亮"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn an_override_names_who_signed_and_why() {
    let text = read_back(&printed(&overridden("柜体故障，经值班主任批准人工处理")));
    for said in [
        "李建国",
        "理由：柜体故障，经值班主任批准人工处理",
        "柜门未关",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn without_a_sensor_no_dose_is_claimed() {
    let text = read_back(&printed(&timer()));
    assert!(
        text.contains("外表面已按时间照射，剂量未测") && text.contains("仅按照射时间"),
        "{text}"
    );
    assert!(
        !text.contains("mJ/cm²  ") && !text.contains("≥ 100"),
        "{text}"
    );
    let dose = text.lines().find(|line| line.contains("外表面照射剂量"));
    assert!(
        dose.is_some_and(|line| line.contains("未测") && line.contains("未判定")),
        "{text}"
    );
}

#[test]
fn a_dose_below_its_limit_is_not_met_whatever_the_outcome_says() {
    let mut certificate = failed();
    certificate.dose_mj_cm2 = Some(99.9);
    let text = read_back(&printed(&certificate));
    let dose = text.lines().find(|line| line.contains("外表面照射剂量"));
    assert!(
        dose.is_some_and(|line| line.contains("99.9") && line.contains("不符合")),
        "{text}"
    );
}

#[test]
fn a_record_without_curve_limits_or_ledger_says_so() {
    let mut certificate = released();
    certificate.curve.clear();
    certificate.anchors.clear();
    certificate.self_test = None;
    certificate.device.model = None;
    certificate.limits = HeldAgainst {
        dose_mj_cm2: None,
        irradiance_mw_cm2: None,
        exposure_s: None,
        exposure_max_s: None,
        ventilation_s: None,
        ventilation_max_s: None,
        ozone_mg_m3: None,
    };
    let text = read_back(&printed(&certificate));
    for said in ["没有留存曲线", "尚未入账", "无记录", "未判定"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert!(!text.contains("符合"), "{text}");
}

#[test]
fn a_character_the_font_has_not_becomes_a_mark_and_a_note() {
    let mut certificate = released();
    certificate.started_by = "王\u{e123}\u{1f600}\u{0}\u{feff}".into();
    let text = read_back(&printed(&certificate));
    assert!(text.contains("王〓〓"), "{text}");
    assert!(text.contains("表示字体中没有的字"), "{text}");
}

#[test]
fn a_reason_of_ten_thousand_characters_stays_on_the_page() {
    let text = read_back(&printed(&overridden(&"理由很长，".repeat(2_000))));
    assert!(text.contains("全文见账本"), "{text}");
    assert!(text.contains("第 1 页，共 1 页"), "{text}");
}

#[test]
fn twenty_faults_are_counted_and_do_not_run_over_the_ledger() {
    let mut certificate = overridden("柜体故障");
    certificate.faults = (0..20).map(|at| (BEGAN, format!("fault_{at}"))).collect();
    let text = read_back(&printed(&certificate));
    assert!(text.contains("另有 17 项"), "{text}");
    assert!(text.contains("第 1204 条"), "{text}");
}

#[test]
fn a_reading_that_failed_is_a_gap_in_the_curve_and_not_a_zero() {
    let mut certificate = released();
    for sample in &mut certificate.curve[8..12] {
        sample.irradiance_mw_cm2 = None;
        sample.ozone_mg_m3 = None;
    }
    read_back(&printed(&certificate));
}

#[test]
fn other_programs_find_nothing_wrong_with_the_file() {
    for certificate in [released(), overridden("柜体故障"), timer()] {
        let pdf = printed(&certificate);
        let checked = tool("qpdf", &["--check", "FILE"], &pdf);
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stderr)
        );
        let fonts = tool("pdffonts", &["FILE"], &pdf);
        let fonts = String::from_utf8_lossy(&fonts.stdout).into_owned();
        let embedded = fonts
            .lines()
            .skip(2)
            .all(|line| line.contains(" yes yes yes "));
        assert!(embedded && fonts.lines().count() > 2, "{fonts}");
        assert!(pdf.len() < 200_000, "{} bytes", pdf.len());
        let archived = String::from_utf8_lossy(&pdf).into_owned();
        assert!(
            archived.contains("<pdfaid:part>2</pdfaid:part>"),
            "not marked as PDF/A-2"
        );
        assert!(
            archived.contains("<pdfaid:conformance>U</pdfaid:conformance>"),
            "not level U"
        );
    }
}

#[test]
fn the_font_of_the_set_up_has_every_word_of_a_certificate() {
    for language in [Language::Chinese, Language::English] {
        assert!(
            FONT.lacks(&wording(language)).is_empty(),
            "{:?}",
            FONT.lacks(&wording(language))
        );
    }
}

#[test]
fn a_missing_font_and_a_file_that_is_none_are_told_by_name() {
    let gone = PrintFont::load(Path::new("/nowhere/font.ttf"));
    assert!(
        matches!(gone, Err(PrintError::FontUnreadable { .. })),
        "{gone:?}"
    );
    for no_font in ["Cargo.toml", "src/console/assets/mark.svg"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(no_font);
        let error = PrintFont::load(&file).expect_err("that is no font");
        assert!(error.to_string().contains(no_font), "{error}");
    }
}

#[test]
fn a_font_that_is_cut_off_is_refused_or_prints_but_never_panics() {
    let whole = std::fs::read(Print::default().font).expect("set-up installs it");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cut.ttc");
    for share in [1, 10, 50, 90, 99] {
        std::fs::write(&file, &whole[..whole.len() / 100 * share]).expect("written");
        if let Ok(font) = PrintFont::load(&file) {
            // Whether tables are still there differs with the cut; an error is as good as a page.
            let _ = pdf(&released(), &font, Language::Chinese);
        }
    }
}

/// A new typeface under the old name is printed with, not the one that was kept.
#[test]
fn a_font_that_was_replaced_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("font.ttc");
    std::fs::copy(Print::default().font, &file).expect("copied");
    assert!(PrintFont::load(&file).is_ok());
    std::fs::write(&file, "no font any more").expect("written");
    assert!(matches!(
        PrintFont::load(&file),
        Err(PrintError::NotAFont { .. })
    ));
    std::fs::remove_file(&file).expect("removed");
    assert!(matches!(
        PrintFont::load(&file),
        Err(PrintError::FontUnreadable { .. })
    ));
}

/// The record itself says so, whatever became of the profile since.
#[test]
fn asked_for_less_than_any_disinfection_takes_it_says_that_it_proves_none() {
    let words = "不证明任何消毒";
    assert!(!read_back(&printed(&released())).contains(words));
    let changes: [fn(&mut Certificate); 2] = [
        |certificate| certificate.limits.dose_mj_cm2 = Some(4.0),
        |certificate| certificate.limits.exposure_s = Some(1.0),
    ];
    for change in changes {
        let mut certificate = released();
        change(&mut certificate);
        let text = read_back(&printed(&certificate));
        assert!(text.contains(words), "{text}");
    }
}

/// Killed on the second side: what the first one had is there, and is not judged as if the letters had had it.
#[test]
fn one_side_of_two_is_shown_and_not_met() {
    let mut certificate = failed();
    certificate.sides = Sides::One;
    certificate.exposures = vec![SideExposure {
        dose_mj_cm2: Some(104.2),
        lit_s: 20.0,
    }];
    certificate.dose_mj_cm2 = Some(104.2);
    let text = read_back(&printed(&certificate));
    let dose = text.lines().find(|line| line.contains("外表面照射剂量"));
    let dose = dose.expect("a line of the table");
    assert!(
        dose.contains("104.2 / —") && dose.contains("不符合"),
        "{dose}"
    );
}

#[test]
fn check_tells_that_the_font_is_missing_and_what_to_do() {
    let station = TestStation::with_settings(|text| text + "[print]\nfont = \"gone.ttc\"\n");
    let done = station.try_command(&["check", "--language", "en"], None);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let mut lines = said.lines().skip_while(|line| !line.contains("print:"));
    let (what, then) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    assert!(what.contains("warn") && what.contains("gone.ttc"), "{said}");
    assert!(then.contains("fonts-noto-cjk"), "{said}");
}

#[test]
fn a_cycle_that_is_not_there_is_wrong_usage_and_writes_nothing() {
    let station = TestStation::new();
    let file = station.folder("certificate.pdf");
    let output = file.to_str().expect("a temporary path is UTF-8");
    for cycle in ["C000007", "seven", "-1"] {
        let done = station.try_command(&["cabinet", "certificate", cycle, "-o", output], None);
        assert_eq!(done.status.code(), Some(2), "{cycle}: {done:?}");
        assert!(!file.exists());
    }
}

fn turned() -> Certificate {
    let mut turned = released();
    turned.sides = Sides::One;
    turned.moments.lit = vec![span(4, 12), span(18, 26)];
    turned.moments.aired_by_fan = vec![span(12, 15), span(26, 32)];
    turned.moments.turned = Some(TurnedOver {
        at: Millis(BEGAN.0 + 17_000),
        by: "王秀英".into(),
    });
    turned.exposures = vec![
        SideExposure {
            dose_mj_cm2: Some(104.2),
            lit_s: 16.0,
        },
        SideExposure {
            dose_mj_cm2: Some(101.7),
            lit_s: 15.4,
        },
    ];
    turned
}

#[test]
fn a_one_sided_cabinet_shows_both_exposures_and_who_turned_the_letters_over() {
    let text = read_back(&printed(&turned()));
    let clock = |seconds: i64| Millis(BEGAN.0 + seconds * 1000).rfc3339()[11..19].to_owned();
    let times: Vec<String> = [4, 12, 17, 18, 26].map(clock).to_vec();
    for said in [
        "第 1 面点亮",
        "第 2 面点亮",
        "第 2 面熄灭",
        "由 王秀英 确认已翻面",
    ]
    .into_iter()
    .chain(times.iter().map(String::as_str))
    {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    let both = read_back(&printed(&released()));
    assert!(!both.contains("翻面"), "{both}");
}

#[test]
fn a_load_of_a_part_of_its_batch_does_not_claim_the_whole_batch() {
    let text = read_back(&printed(&released()));
    assert!(text.contains("20 件（整批签收 36 件）"), "{text}");
    let mut unsaid = released();
    unsaid.in_load = None;
    let text = read_back(&printed(&unsaid));
    assert!(text.contains("未记录（整批签收 36 件）"), "{text}");
}

/// Everything that a sheet can have to say, at once, and as long as it gets.
fn everything() -> Certificate {
    let reason = "门锁损坏，".repeat(200);
    let mut all = overridden(&reason);
    let missing = |point: &str| {
        format!(
            "reading_missing: {point} out_of_range: input_register 4001 (unit 12): read 6553.5 mW/cm2 (raw 65535), expected 0 … 20 mW/cm2"
        )
    };
    all.faults = vec![
        (BEGAN, "aborted_by_operator".into()),
        (BEGAN, "restarted_mid_cycle".into()),
        (BEGAN, missing("irradiance_mw_cm2")),
        (BEGAN, "lamp_not_off".into()),
    ];
    all.aborted_by = Some("欧阳王秀英（夜班经办人）".into());
    all.sides = Sides::One;
    all.moments.turned = Some(TurnedOver {
        at: Millis(BEGAN.0 + 17_000),
        by: "王秀英".into(),
    });
    all.moments.alarm = Some(AlarmSeen {
        began: BEGAN,
        out: Some(Millis(BEGAN.0 + 90_000)),
    });
    all.moments.acknowledged = Some(Acknowledged {
        at: Millis(BEGAN.0 + 99_000),
        by: "维护员赵铁柱".into(),
        reason: Some("继电器触点粘连，已更换。".repeat(40)),
    });
    all.limits.dose_mj_cm2 = Some(4.0);
    all.clock_was_set = true;
    all.invented = true;
    all.absent = [
        "irradiance_mw_cm2",
        "ozone_mg_m3",
        "locked",
        "estop_pressed",
        "scan_counter",
    ]
    .map(str::to_owned)
    .to_vec();
    all.self_test = Some(SelfTest {
        at: Millis(BEGAN.0 - 3_600_000),
        outcome: TestOutcome::Failed,
        failed: Some("heartbeat_cut_off".into()),
    });
    all.anchors.extend(all.anchors.clone());
    all
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// B1: a sentence that is too long for its line goes on in the next one; nothing is lost at the paper's edge, and nothing lies over the signatures.
#[test]
fn the_longest_sheet_has_every_sentence_whole_and_inside_the_page() {
    for (language, sentences) in [
        (
            Language::Chinese,
            [
                "消毒途中系统时钟被调整，所列时刻按启动后的实际时长推算。",
                "档案为虚构的模拟器档案，不得用于真实信件。",
                "缺少的测点不作核对，或按时间判定。",
                "经办人中止了消毒（欧阳王秀英（夜班经办人））",
                "0 … 20 mW/cm2",
                "未通过：",
                "第 1204 条",
            ],
        ),
        (
            Language::English,
            [
                "times are told by the time passed since the start.",
                "never for real letters",
                "(欧阳王秀英（夜班经办人）)",
                "0 … 20 mW/cm2",
                "The curves end where the station was restarted.",
                "not judged",
                "1204",
            ],
        ),
    ] {
        let whole = pdf(&everything(), &FONT, language).expect("printed");
        let raw = tool("pdftotext", &["-raw", "FILE", "-"], &whole);
        let said = without_blanks(&String::from_utf8_lossy(&raw.stdout));
        for sentence in sentences {
            let sentence = without_blanks(sentence);
            assert!(said.contains(&sentence), "{sentence} is not in\n{said}");
        }
        let boxes = tool("pdftotext", &["-bbox", "FILE", "-"], &whole);
        let boxes = String::from_utf8_lossy(&boxes.stdout).into_owned();
        let edge = |line: &str, name: &str| -> f64 {
            let rest = line.split(name).nth(1).expect("an edge");
            rest[2..]
                .split('"')
                .next()
                .expect("it")
                .parse()
                .expect("a number")
        };
        let words: Vec<&str> = boxes.lines().filter(|l| l.contains("<word ")).collect();
        assert!(words.len() > 40, "{boxes}");
        for word in &words {
            let inside = edge(word, "xMin") > 40.0
                && edge(word, "xMax") < 555.0
                && edge(word, "yMin") > 20.0
                && edge(word, "yMax") < 835.0;
            assert!(inside, "{word}");
        }
        let lowest = words.iter().filter(|word| word.contains("2c26b46b"));
        let lowest = lowest.map(|word| edge(word, "yMax")).fold(0.0, f64::max);
        // The signatures' base line is at 269 mm.
        assert!((700.0..755.0).contains(&lowest), "{lowest}");
    }
}

/// Of the second side nobody knows what it had: that is neither nothing nor a failure.
#[test]
fn a_second_side_that_nobody_watched_is_unknown_and_not_judged() {
    let mut cut = failed();
    cut.sides = Sides::One;
    cut.moments.unwatched = true;
    cut.exposures = vec![SideExposure {
        dose_mj_cm2: Some(100.3),
        lit_s: 9.0,
    }];
    (cut.exposure_s, cut.dose_mj_cm2) = (Some(9.0), Some(100.3));
    let text = read_back(&printed(&cut));
    assert!(text.contains("100.3 / 未知 mJ/cm²"), "{text}");
    for row in ["外表面照射剂量", "照射时间"] {
        let row = text.lines().find(|line| line.trim_start().starts_with(row));
        assert!(row.is_some_and(|row| row.contains("未判定")), "{text}");
    }
}

/// Each side's times say what its figures say: what was never begun is no unknown.
#[test]
fn killed_while_striking_the_unknown_times_are_those_of_that_side() {
    for (done, unknown) in [(0, 5), (1, 5)] {
        let mut cut = failed();
        cut.sides = Sides::One;
        cut.moments.unwatched = true;
        let side = SideExposure {
            dose_mj_cm2: Some(100.3),
            lit_s: 9.0,
        };
        cut.exposures = vec![side; done];
        cut.moments.lit.truncate(done);
        (cut.exposure_s, cut.dose_mj_cm2) = (None, None);
        if done == 1 {
            (cut.exposure_s, cut.dose_mj_cm2) = (Some(9.0), Some(100.3));
        }
        let text = read_back(&printed(&cut));
        assert_eq!(
            text.matches("未知").count(),
            unknown,
            "lit, out, dose, time, ozone: {text}"
        );
    }
}

/// The lamp was ordered on and burnt below what counts as lit when the station died.
#[test]
fn killed_while_striking_the_lamp_is_unknown() {
    let mut cut = failed();
    cut.moments.unwatched = true;
    cut.moments.lit.clear();
    cut.exposures.clear();
    (cut.exposure_s, cut.dose_mj_cm2) = (None, None);
    let text = read_back(&printed(&cut));
    assert!(!text.contains("0.0 秒"), "{text}");
    assert!(
        text.matches("未知").count() >= 5,
        "lit, out, dose, time, ozone: {text}"
    );
}

/// B7.
#[test]
fn what_nobody_saw_is_unknown_and_not_zero() {
    let mut cut = failed();
    cut.moments.unwatched = true;
    cut.moments.lit[0].to = None;
    cut.exposures.clear();
    (cut.exposure_s, cut.dose_mj_cm2) = (None, None);
    let text = read_back(&printed(&cut));
    for row in ["外表面照射剂量", "照射时间"] {
        let row = text.lines().find(|line| line.trim_start().starts_with(row));
        assert!(row.is_some_and(|row| row.contains("未知")), "{text}");
    }
    assert!(!text.contains("0.0 秒"), "{text}");
    assert_eq!(
        text.matches("未知").count(),
        4,
        "when it went out and what ozone there was, too: {text}"
    );
}

/// A2: the sheet of an alarm that nobody has acknowledged says so.
#[test]
fn an_alarm_that_stands_is_on_the_sheet_with_its_times() {
    let mut alarm = failed();
    let began = BEGAN;
    alarm.moments.alarm = Some(AlarmSeen { began, out: None });
    let text = read_back(&printed(&alarm));
    for said in ["报警尚未由维护员确认", "此后未见灯管熄灭"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

/// Pictures to look at, on request.
#[test]
fn samples_to_look_at() {
    let Some(folder) = std::env::var_os("LAIXIN_SHOTS") else {
        return;
    };
    let folder = Path::new(&folder);
    let long = overridden(
        "柜体门锁损坏待修，三十六封信件中有一封标注特急，经值班主任李建国电话请示分管副局长同意，由两名工作人员佩戴防护用具在通风处开启，开启过程录像留存。",
    );
    for (name, certificate) in [
        ("released", released()),
        ("override", long),
        ("failed", failed()),
        ("timer", timer()),
        ("turned", turned()),
        ("everything", everything()),
    ] {
        std::fs::write(folder.join(format!("{name}.pdf")), printed(&certificate)).expect("written");
    }
    let english = pdf(&released(), &FONT, Language::English).expect("printed");
    std::fs::write(folder.join("released-en.pdf"), english).expect("written");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever people are called and whatever they write: a page.
    #[test]
    fn no_text_breaks_the_page(by in any::<String>(), reason in any::<String>(), station in any::<String>()) {
        let mut certificate = overridden(&reason);
        certificate.started_by = by;
        certificate.station = station;
        prop_assert!(pdf(&certificate, &FONT, Language::Chinese).is_ok());
    }

    /// Whatever was measured: a page.
    #[test]
    fn no_number_breaks_the_page(values in prop::collection::vec((any::<u32>(), any::<f64>(), any::<f64>()), 0..40), limit in any::<f64>()) {
        let mut certificate = released();
        certificate.curve = values.iter().map(|(at, uv, dose)| CycleSample {
            at_ms: u64::from(*at), irradiance_mw_cm2: Some(*uv), dose_mj_cm2: Some(*dose), ozone_mg_m3: Some(*uv),
        }).collect();
        certificate.limits.dose_mj_cm2 = Some(limit);
        prop_assert!(pdf(&certificate, &FONT, Language::Chinese).is_ok());
    }
}

/// The wall clock goes back an hour while the lamp burns: the times stay in their order, and the paper says why they are not the clock's.
#[tokio::test]
async fn a_clock_that_was_set_back_leaves_the_times_in_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _thread) = Store::open(&folder.path().join("laixin.db")).expect("a database");
    let file = store
        .with(|db| {
            let new = NewBatch {
                carrier: Carrier::Letter,
                count: 1,
                received: clock::now(),
            };
            let batch = db.sign_in_batch(&new, "test")?;
            let load = db.add_load(batch, "cabinet-1", "test")?;
            let cycle = db.begin_cycle(load, &CycleTerms::measured("cabinet-1", "00"), "test")?;
            let began = db.cycle(cycle)?.started;
            let steps = [
                ("locked", 1_000, 0),
                ("irradiating", 4_000, 0),
                ("ventilating", 20_000, -3_600_000),
                ("releasing", 32_000, -3_600_000),
            ];
            for (name, after, set) in steps {
                let step = CycleStep {
                    at: Millis(began.0 + after + set),
                    after_ms: u64::try_from(after).ok(),
                    step: name.to_owned(),
                    detail: None,
                    by: None,
                };
                db.cycle_step(cycle, &step)?;
            }
            let released = CycleOutcome {
                failed: None,
                exposures: Vec::new(),
                ventilation_s: 12.0,
            };
            db.end_cycle(cycle, &released)?;
            db.cycle_file(cycle)
        })
        .await
        .expect("recorded");
    let office = Office {
        station: "测试信访局",
        profile: None,
        address: None,
        now: clock::now(),
    };
    let certificate = Certificate::of(&file, &office);
    let m = &certificate.moments;
    let [lit] = m.lit[..] else {
        panic!("{m:?}");
    };
    let times = [Some(m.started), Some(lit.from), lit.to, m.aired, m.ended];
    assert!(times.is_sorted(), "{times:?}");
    assert!(certificate.clock_was_set);
    let told = tool(
        "pdftotext",
        &["-layout", "FILE", "-"],
        &printed(&certificate),
    );
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("系统时钟被调整"), "{told}");
}

/// The steps of a one-sided cycle as the station records them.
#[tokio::test]
async fn the_moments_of_a_turned_cycle_are_those_of_both_sides() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _thread) = Store::open(&folder.path().join("laixin.db")).expect("a database");
    let file = store
        .with(|db| {
            let new = NewBatch {
                carrier: Carrier::Letter,
                count: 4,
                received: clock::now(),
            };
            let batch = db.sign_in_batch(&new, "test")?;
            let load = db.add_load_of(batch, ("cabinet-1", Some(2)), "test")?;
            let cycle = db.begin_cycle(load, &CycleTerms::measured("cabinet-1", "00"), "test")?;
            let began = db.cycle(cycle)?.started;
            let steps = [
                ("irradiating", 4_000, None),
                ("stopping", 11_900, None),
                ("ventilating", 12_000, None),
                ("turning_over", 15_000, None),
                ("locked", 17_000, Some("王秀英")),
                ("irradiating", 18_000, None),
                ("stopping", 25_900, None),
                ("ventilating", 26_000, None),
                ("releasing", 32_000, None),
            ];
            for (name, after, by) in steps {
                let step = CycleStep {
                    at: Millis(began.0 + after),
                    after_ms: u64::try_from(after).ok(),
                    step: name.to_owned(),
                    detail: None,
                    by: by.map(str::to_owned),
                };
                db.cycle_step(cycle, &step)?;
            }
            db.cycle_file(cycle)
        })
        .await
        .expect("recorded");
    let office = Office {
        station: "测试信访局",
        profile: None,
        address: None,
        now: clock::now(),
    };
    let certificate = Certificate::of(&file, &office);
    let m = &certificate.moments;
    let after = |at: Millis| (at.0 - m.started.0) / 1000;
    let spans = |spans: &[Span]| -> Vec<(i64, Option<i64>)> {
        let spans = spans.iter();
        spans.map(|s| (after(s.from), s.to.map(after))).collect()
    };
    assert_eq!(spans(&m.lit), [(4, Some(12)), (18, Some(26))]);
    assert_eq!(spans(&m.aired_by_fan), [(12, Some(15)), (26, Some(32))]);
    let turned = m.turned.as_ref().map(|t| (after(t.at), t.by.as_str()));
    assert_eq!(turned, Some((17, "王秀英")));
    assert_eq!((certificate.in_load, certificate.count), (Some(2), Some(4)));
}
