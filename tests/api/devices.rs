//! Device health, metrics and certificates through the interface: trends, limits, what becomes of a missing font.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use laixin::api::problem::Problem;
use laixin::clock::{self, Millis};
use laixin::disinfect::{CabinetView, LinkView, PointView};
use laixin::domain::cycle::{Basis, Sides};
use laixin::domain::letter::Carrier;
use laixin::metrics::{Metrics, StationFigures};
use laixin::print::PrintFont;
use laixin::store::{CycleOutcome, CycleTerms, HealthRow, NewBatch, Role, Scope, SideExposure};

use super::house::{Caller, House};

const DAY_MS: i64 = 86_400_000;

fn row(at_ms: i64, point: &str, value: f64, limit: f64) -> HealthRow {
    HealthRow {
        at: Millis(at_ms),
        device: "cabinet-1".into(),
        point: point.into(),
        value: Some(value),
        limit: Some(limit),
        state: "good".into(),
        code: None,
        detail: None,
    }
}

/// A lamp that loses 0.1 mW/cm² a day and had 14 thirty days ago: 11 now, 10 in ten days.
fn ageing_lamp(house: &House) {
    let now = clock::now().0;
    let rows: Vec<HealthRow> = (0..=30)
        .map(|day| {
            let at = now - (30 - day) * DAY_MS;
            row(at, "irradiance_mw_cm2", 14.0 - 0.1 * day as f64, 10.0)
        })
        .collect();
    house
        .app
        .store
        .wait(move |db| db.log_health(&rows))
        .unwrap();
}

/// A batch whose load went through one cycle that ended like this; the cycle's number.
fn cycle(house: &House, failed: Option<&str>) -> String {
    let failed = failed.map(str::to_owned);
    let id = house.app.store.wait(move |db| {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: 3,
            received: clock::now(),
        };
        let batch = db.sign_in_batch(&new, "zhang")?;
        let load = db.add_load(batch, "cabinet-1", "zhang")?;
        let terms = CycleTerms::measured("cabinet-1", &"0".repeat(64));
        let id = db.begin_cycle(load, &terms, "zhang")?;
        let exposures = vec![SideExposure {
            dose_mj_cm2: Some(104.2),
            lit_s: 21.0,
        }];
        let ended = CycleOutcome {
            failed,
            exposures,
            ventilation_s: 12.0,
        };
        db.end_cycle(id, &ended)?;
        Ok(id)
    });
    format!("C{:06}", id.unwrap())
}

#[test]
fn a_lamp_that_ages_gets_a_date_and_an_action() {
    let house = House::new();
    ageing_lamp(&house);
    let caller = house.machine("devices", Scope::Maintenance);
    let answer = house.get(&caller, "/v1/health/devices").json();
    let line = &answer["items"][0];
    assert_eq!(line["trend"]["kind"], "reaches", "{line}");
    let per_day = line["trend"]["per_day"].as_f64().unwrap();
    assert!((per_day + 0.1).abs() < 0.001, "{per_day}");
    let at = line["trend"]["reaches_limit_at"].as_str().unwrap();
    let days = (Millis::parse(at).unwrap().0 - clock::now().0) as f64 / DAY_MS as f64;
    assert!((days - 10.0).abs() < 0.5, "{days} days");
    assert_eq!(
        (line["state"].as_str(), line["next_action"].as_str()),
        (Some("warning"), Some("clean_and_order_lamp"))
    );
}

#[test]
fn four_cycles_are_said_to_be_too_few() {
    let house = House::new();
    let now = clock::now().0;
    let rows: Vec<HealthRow> = (0..4)
        .map(|day| {
            row(
                now - (4 - day) * DAY_MS,
                "irradiance_mw_cm2",
                14.0 - day as f64,
                3.0,
            )
        })
        .collect();
    house
        .app
        .store
        .wait(move |db| db.log_health(&rows))
        .unwrap();
    let caller = house.person("maintenance", Role::Maintenance);
    let answer = house.get(&caller, "/v1/health/devices").json();
    let trend = &answer["items"][0]["trend"];
    assert_eq!(
        (
            trend["kind"].as_str(),
            trend["have"].as_u64(),
            trend["need"].as_u64()
        ),
        (Some("not_enough"), Some(4), Some(8))
    );
    assert!(trend["reaches_limit_at"].is_null());
}

#[test]
fn what_the_old_lamp_gave_says_nothing_of_the_new_one() {
    let house = House::new();
    ageing_lamp(&house);
    let now = clock::now().0;
    // The lamp was changed three days ago.
    let hours: Vec<HealthRow> = (0..30)
        .map(|day| {
            let h = if day < 27 {
                8_000.0 + 8.0 * day as f64
            } else {
                8.0 * (day - 26) as f64
            };
            row(now - (29 - day) * DAY_MS, "lamp_hours_h", h, 9_000.0)
        })
        .collect();
    house
        .app
        .store
        .wait(move |db| db.log_health(&hours))
        .unwrap();
    let caller = house.machine("devices", Scope::Maintenance);
    let answer = house.get(&caller, "/v1/health/devices").json();
    let irradiance = &answer["items"][0];
    assert_eq!(irradiance["point"], "irradiance_mw_cm2");
    assert_eq!(irradiance["trend"]["kind"], "not_enough", "{irradiance}");
}

#[test]
fn a_year_of_minutes_is_a_row_an_hour_and_what_changed_keeps_its_own() {
    let house = House::new();
    let hour = 1_772_413_200_000; // on the hour
    let noted = house.app.store.wait(move |db| {
        for minute in 0..180 {
            db.note_health(&[row(hour + minute * 60_000, "ozone_mg_m3", 0.01, 0.1)])?;
        }
        let mut high = row(hour + 180 * 60_000, "ozone_mg_m3", 0.2, 0.1);
        high.state = "bad".into();
        db.note_health(&[high])?;
        db.note_health(&[row(hour + 181 * 60_000, "ozone_mg_m3", 0.02, 0.1)])?;
        db.note_health(&[row(hour + 182 * 60_000, "ozone_mg_m3", 0.03, 0.1)])?;
        db.health_log(None, Millis(0), 1_000)
    });
    let kept: Vec<_> = noted
        .unwrap()
        .iter()
        .map(|row| (row.value, row.state.clone()))
        .collect();
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert_eq!(
        kept[3],
        (Some(0.2), "bad".into()),
        "a finding is not written over"
    );
    assert_eq!(kept[4].0, Some(0.03), "the newest value of its hour");
}

/// Years of a log stay small, and of what was rolled up mean, ends and the worst word are still there.
#[test]
fn old_entries_of_the_health_log_become_a_row_a_day() {
    let house = House::new();
    let today = clock::now();
    let old = today.plus_seconds(-500 * 86_400);
    let (begin, _) = Millis::bounds_of_day(&old.day()).unwrap();
    let day = begin.day();
    let rolled = house.app.store.wait(move |db| {
        for hour in 0..24 {
            let mut one = row(begin.0 + hour * 3_600_000, "ozone_mg_m3", hour as f64, 30.0);
            if hour == 7 {
                one.state = "warning".into();
            }
            db.log_health(&[one])?;
        }
        let mut silent = row(begin.0 + 5, "lamp_hours_h", 0.0, 9_000.0);
        (silent.value, silent.state) = (None, "unknown".into());
        db.log_health(&[silent, row(today.0, "ozone_mg_m3", 1.0, 30.0)])?;
        db.health_days(None, &begin.day())
    });
    let before = rolled.unwrap();
    let kept = laixin::config::Health::default();
    for _ in 0..2 {
        let turn = laixin::daily::roll_up(&house.app, &kept, today);
        house.runtime.block_on(turn).unwrap();
    }
    let looked = house.app.store.wait(move |db| {
        Ok((
            db.health_log(None, Millis(0), 1_000)?,
            db.health_days(None, &begin.day())?,
        ))
    });
    let (log, days) = looked.unwrap();
    assert_eq!(log.len(), 1, "only today's entry is whole: {log:?}");
    assert_eq!(days, before, "a day says the same rolled up and whole");
    assert_eq!(days.len(), 3, "{days:?}");
    let ozone = days
        .iter()
        .find(|one| one.day == day && one.point == "ozone_mg_m3");
    let ozone = ozone.expect("that day's ozone");
    assert_eq!(
        (ozone.mean, ozone.least, ozone.greatest),
        (Some(11.5), Some(0.0), Some(23.0))
    );
    assert_eq!((ozone.known, ozone.worst.as_str()), (24, "warning"));
    // Entries that came with a wrong clock after all are taken in.
    let late = house.app.store.wait(move |db| {
        db.log_health(&[row(begin.0 + 1, "ozone_mg_m3", 36.5, 30.0)])?;
        db.roll_health_up(today)?;
        db.health_days(Some("cabinet-1"), &begin.day())
    });
    let late = late.unwrap();
    let ozone = late
        .iter()
        .find(|one| one.day == day && one.point == "ozone_mg_m3");
    let ozone = ozone.expect("that day's ozone");
    assert_eq!(
        (ozone.mean, ozone.greatest, ozone.known),
        (Some(12.5), Some(36.5), 25)
    );
    let years = laixin::config::Health {
        daily_years: laixin::config::Within(1),
        ..kept
    };
    house
        .runtime
        .block_on(laixin::daily::roll_up(&house.app, &years, today))
        .unwrap();
    let left = house
        .app
        .store
        .wait(move |db| db.health_days(None, "2000-01-01"));
    assert_eq!(left.unwrap().len(), 1, "older days are forgotten");
}

/// Numbers only: what a letter says, and whose it is, is in no line of the journal.
#[test]
fn a_day_in_counts_counts_what_happened_on_it() {
    let house = House::new();
    cycle(&house, None);
    let counts = house
        .app
        .store
        .wait(|db| db.day_counts(&clock::now().day()));
    let counts = counts.unwrap();
    assert_eq!(
        (counts.signed_in, counts.loads, counts.cycles_failed),
        (house_batch(&house), 1, 0)
    );
    let tomorrow = clock::now().plus_seconds(86_400).day();
    let last = house
        .app
        .store
        .wait(move |db| db.last_day_before(&tomorrow));
    assert_eq!(last.unwrap(), Some(clock::now().day()));
    let none = house.app.store.wait(|db| db.day_counts("2001-01-01"));
    assert_eq!(none.unwrap(), laixin::store::DayCounts::default());
}

fn house_batch(house: &House) -> i64 {
    let batch = house.app.store.wait(|db| db.batch(1)).unwrap();
    i64::from(batch.count)
}

#[test]
fn the_certificate_of_a_cycle_is_a_pdf_for_operators_and_maintenance() {
    let house = House::new();
    let number = cycle(&house, None);
    for role in [Role::Operator, Role::Maintenance] {
        let caller = house.person(&format!("{role:?}"), role);
        let path = format!("/v1/cycles/{number}/certificate.pdf");
        let (status, kind, bytes) = house.get_bytes(&caller, &path);
        assert_eq!((status, kind.as_str()), (200, "application/pdf"));
        assert!(bytes.starts_with(b"%PDF-"));
    }
    let caller = house.person("li", Role::Operator);
    for unknown in ["C000099", "99", "C-1", "letters", "99999999999999999999"] {
        let path = format!("/v1/cycles/{unknown}/certificate.pdf");
        assert_eq!(house.get(&caller, &path).code(), "not_found", "{unknown}");
    }
}

/// “整批签收 2 件”, of which the page of batches shows him one.
#[test]
fn a_recused_person_counted_by_a_certificate_what_is_kept_from_him() {
    let house = House::new();
    let number = cycle(&house, None);
    house.letter("A1");
    let callers = ["qian", "li"].map(|name| house.person(name, Role::ConfirmingOfficer));
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'qian', 1, 'r', 'x')");
    let folder = tempfile::tempdir().unwrap();
    for (caller, is_told) in callers.iter().zip([false, true]) {
        let path = format!("/v1/cycles/{number}/certificate.pdf");
        let (_, _, bytes) = house.get_bytes(caller, &path);
        let file = folder.path().join("certificate.pdf");
        std::fs::write(&file, bytes).unwrap();
        let text = super::archive::pdftotext(&file, 1);
        assert!(text.contains(&number), "{text}");
        assert_eq!(text.contains("整批签收"), is_told, "{text}");
        assert_eq!(text.contains("见批次记录"), !is_told, "{text}");
    }
}

#[test]
fn a_missing_font_is_a_problem_that_says_what_to_install() {
    let error = PrintFont::load(std::path::Path::new("/nowhere/font.ttf")).unwrap_err();
    let problem = Problem::from(error);
    assert_eq!(
        (problem.code, problem.status.as_u16()),
        ("font_missing", 503)
    );
    assert!(
        problem.detail.contains("fonts-noto-cjk") && problem.detail.contains("/nowhere/font.ttf")
    );
}

fn view(id: &str, uv: Option<f64>) -> CabinetView {
    CabinetView {
        id: id.into(),
        model: "demo".into(),
        connected: uv.is_some(),
        wrong_cabinet: None,
        alarm_lamp: None,
        step: "idle".into(),
        dose_basis: Basis::Measured,
        ozone_basis: Basis::Measured,
        sides: Sides::Both,
        points: vec![
            PointView {
                quality: "good".into(),
                raw: None,
                point: "irradiance_mw_cm2".into(),
                value: uv,
                missing: None,
                age_ms: Some(80),
            },
            PointView {
                quality: "good".into(),
                raw: None,
                point: "lamp_strikes".into(),
                value: Some(482.0),
                missing: None,
                age_ms: Some(80),
            },
        ],
        blocked: None,
        absent: Vec::new(),
        map: "published".into(),
        awaits_unloading: false,
        troubles: Vec::new(),
        cycle: None,
        self_test: None,
        link: LinkView {
            requests: 1_000,
            timeouts: 7,
            round_trip_p50_ms: Some(12.5),
            ..LinkView::default()
        },
    }
}

fn metrics() -> String {
    let outcomes = vec![
        ("cabinet-1".to_owned(), "released".to_owned(), 41),
        ("cabinet-1".to_owned(), "quarantined".to_owned(), 2),
    ];
    let metrics = Metrics::default();
    let cabinets = [view("cabinet-1", Some(9.25)), view("cabinet-2", None)];
    let first = metrics.text(
        Vec::new(),
        outcomes.clone(),
        &cabinets,
        StationFigures::default(),
    );
    let again = metrics.text(Vec::new(), outcomes, &cabinets, StationFigures::default());
    // Lines of one family come in any order.
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        lines(&first),
        lines(&again),
        "asking twice counts nothing twice"
    );
    first
}

#[test]
fn metrics_tell_every_cabinet_and_a_missing_reading_has_no_line() {
    let text = metrics();
    for line in [
        "laixin_cabinet_irradiance_milliwatts_per_square_centimetre{cabinet=\"cabinet-1\"} 9.25",
        "laixin_cabinet_lamp_strikes{cabinet=\"cabinet-2\"} 482.0",
        "laixin_cabinet_link_timeouts_total{cabinet=\"cabinet-1\"} 7",
        "laixin_cabinet_link_round_trip_seconds{cabinet=\"cabinet-1\"} 0.0125",
        "laixin_cabinet_cycles_total{cabinet=\"cabinet-1\",outcome=\"released\"} 41",
        "laixin_cabinet_connected{cabinet=\"cabinet-2\"} 0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    let missing =
        "laixin_cabinet_irradiance_milliwatts_per_square_centimetre{cabinet=\"cabinet-2\"}";
    assert!(!text.contains(missing), "{text}");
}

/// Prometheus's own Python library, which is strict about OpenMetrics.
#[test]
fn the_metrics_are_read_by_prometheus_own_parser() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join(".setup/venv-test/bin/python");
    let script = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        families = list(read(sys.stdin.read()))\n\
        assert all(family.documentation for family in families)\n\
        print(sum(len(family.samples) for family in families))\n";
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("set-up makes the environment");
    let mut input = child.stdin.take().unwrap();
    input.write_all(metrics().as_bytes()).unwrap();
    drop(input);
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let samples: u32 = String::from_utf8(done.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(samples > 25, "{samples}");
}

#[test]
fn metrics_of_a_running_station_count_its_cycles() {
    let house = House::new();
    cycle(&house, None);
    cycle(&house, Some("door_open"));
    let text = house.get(&Caller::default(), "/metrics").text;
    for outcome in ["released", "quarantined"] {
        let line =
            format!("laixin_cabinet_cycles_total{{cabinet=\"cabinet-1\",outcome=\"{outcome}\"}} 1");
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn a_device_that_nobody_knows_has_no_good_health() {
    let house = House::new();
    ageing_lamp(&house);
    let caller = house.machine("devices", Scope::Maintenance);
    let known = house.get(&caller, "/v1/health/log?device=cabinet-1");
    assert_eq!(known.status, 200, "{}", known.text);
    let unknown = house.get(&caller, "/v1/health/log?device=nope");
    assert_eq!(
        (unknown.status, unknown.code()),
        (400, "query_invalid".into())
    );
    assert!(unknown.text.contains("cabinet-1"), "{}", unknown.text);
}

#[test]
fn a_maintenance_token_sees_cabinets_and_moves_none() {
    let house = House::new();
    let caller = house.machine("devices", Scope::Maintenance);
    for path in ["/v1/cabinets", "/v1/cabinets/cabinet-1"] {
        assert_eq!(house.get(&caller, path).status, 200, "{path}");
    }
    for path in ["cycles", "abort", "acknowledge", "selftest"] {
        let path = format!("/v1/cabinets/cabinet-1/{path}");
        let refused = house.call(&caller, "POST", &path, Some("{}"));
        assert_eq!(refused.code(), "forbidden", "{path}");
    }
}

#[test]
fn a_point_without_a_value_is_in_the_health_log_with_what_was_read_and_expected() {
    let house = House::new();
    let bad = HealthRow {
        value: None,
        limit: None,
        state: "bad".into(),
        code: Some("out_of_range".into()),
        detail: Some(
            "input_register 1: read 65.535 mg/m3 (raw 65535), expected 0 … 20 mg/m3".into(),
        ),
        ..row(clock::now().0, "ozone_mg_m3", 0.0, 0.1)
    };
    let written = bad.clone();
    house
        .app
        .store
        .wait(move |db| db.log_health(&[written]))
        .unwrap();
    let caller = house.machine("devices", Scope::Maintenance);
    for path in ["/v1/health/log", "/v1/health/devices"] {
        let line = house.get(&caller, path).json()["items"][0].clone();
        assert_eq!(line["next_action"], "out_of_range", "{line}");
        assert_eq!(line["detail"].as_str(), bad.detail.as_deref(), "{line}");
    }
}

#[test]
fn least_and_greatest_of_thirty_days_stand_beside_the_newest_value() {
    let house = House::new();
    ageing_lamp(&house);
    let caller = house.machine("devices", Scope::Maintenance);
    let line = house.get(&caller, "/v1/health/devices").json()["items"][0].clone();
    let (least, greatest) = (
        line["least"].as_f64().unwrap(),
        line["greatest"].as_f64().unwrap(),
    );
    assert!((least - 11.0).abs() < 1e-9 && greatest >= 13.8, "{line}");
}
