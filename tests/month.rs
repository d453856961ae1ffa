//! A month of a busy mailroom in one run of the station: day after day a thousand letters come, are drafted, handed over and closed by their batches, and
//! the nights and weekends between go by on every clock it has. What grows with the letters may be the disk alone: memory, open files and the time until
//! an answer are in the last days what they were in the first.
//!
//! `LAIXIN_MONTH_LETTERS` as in `make month`; the short form takes the same way with a few. Pages are read by a program in the second engine's place,
//! which says of each another invented letter.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::support::clock::Clock;
use crate::support::{TestStation, reader, wait_for};

/// Four weeks.
const WORKING_DAYS: usize = 20;
const NIGHT_S: i64 = 15 * 3600;
const WEEKEND_S: i64 = 48 * 3600;
/// Letters of one batch.
const BATCH: usize = 50;
/// Warm by then; the last days are compared with the ones after it.
const FIRST: std::ops::Range<usize> = 3..7;
const LAST: std::ops::Range<usize> = 16..20;

/// Says of every page another letter, out of its checksum.
const READER: &str = r#"#!/bin/sh
case "$*" in *--list-langs*) echo "List of available languages (1):"; echo chi_sim; exit ;; esac
n=$(cksum); n=${n%% *}
pick() { i=$((n / $1 % ($# - 1) + 2)); eval "said=\${$i}"; }
pick 7 陆 沈 顾 钱 徐 周 吴 郑 冯 蒋 韩 杨; name=$said
pick 11 思雨 建国 文英 小明 丽华 志强 秀兰 海燕 永平 春生 月娥 家骏; name=$name$said
pick 13 人民路 劳动路 干将路 平江路 东环路 西园路 广济路 南门路; road=$said
pick 17 楼上漏水多年无人处理 路灯坏了三个月 工地夜间施工吵得睡不着 小区停车位被占 河道垃圾发臭 拖欠工资半年 电梯经常停运; matter=$said
k=0
for text in 林市长： "$matter，请求派人解决，编号$n。" "家住苏州市姑苏区$road$((n % 300 + 1))号" "电话：138$((n % 90000000 + 10000000))" "来信人：$name" 2026年2月17日; do
  k=$((k + 1)); printf '5\t1\t1\t1\t%s\t1\t20\t%s\t300\t24\t96\t%s\n' $k $((k * 40)) "$text"
done
"#;

/// What is measured at the end of a day.
#[derive(Debug, Clone, Copy)]
struct Day {
    /// From the first page in the folder to the last draft, of one letter.
    letter_ms: f64,
    /// What a person and a case system wait for, each the median of some.
    list_ms: f64,
    letter_view_ms: f64,
    search_ms: f64,
    claim_ms: f64,
    memory_mb: f64,
    files: usize,
}

#[test]
fn after_a_month_memory_files_and_answers_are_as_they_were() {
    let letters = std::env::var("LAIXIN_MONTH_LETTERS").ok();
    let letters: usize = letters.map_or(40, |text| text.parse().unwrap());
    let days = if letters < 1_000 { 2 } else { WORKING_DAYS };
    let a_day = letters.div_ceil(days);
    let mut station = TestStation::with_settings(|text| {
        // The language model looks for threats in a tenth of a second a letter: it is reading, which is replayed.
        let text = text.replace("[reading]\nmodels_dir", "[reading]\n# models_dir");
        reader::chosen(&text) + "[evidence]\nroots_dir = \"roots\"\n"
    });
    reader::surround(&mut station);
    let program = station.folder("programs/tesseract");
    fs::write(&program, READER).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let Some(clock) = Clock::of(&mut station) else {
        return;
    };
    fs::create_dir(station.folder("roots")).unwrap();
    station.add_second();
    station.start_simulator();
    station.start();
    let token = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    let (began, mut passed, mut measured) = (Instant::now(), 0, Vec::new());
    for day in 0..days {
        let done = a_working_day(&mut station, token.trim(), (day, a_day), passed);
        println!("month: day {} {done:?}", day + 1);
        measured.push(done);
        passed += NIGHT_S + if day % 5 == 4 { WEEKEND_S } else { 0 };
        clock.has_passed(passed);
        // Whatever is to be done at night is seen to be due, and done while the next letters come.
        wait_for("the morning", 60, || {
            let alive = ureq::get(format!("http://{}/healthz", station.address)).call();
            alive.ok().map(|_| ())
        });
    }
    let all = a_day * days;
    println!(
        "month: {all} letters in {days} days, {} s",
        began.elapsed().as_secs()
    );
    station.stop();
    let told = station.command(&["verify"], None);
    assert!(
        told.contains(&format!("originals: {all} of {all} unaltered")),
        "{told}"
    );
    if days == WORKING_DAYS {
        judge(&measured);
    }
}

/// A figure's name, where it stands in a day, and how many times the first days' the last days' may be.
type Figure = (&'static str, fn(&Day) -> f64, f64);

fn judge(measured: &[Day]) {
    let mean = |days: std::ops::Range<usize>, of: fn(&Day) -> f64| {
        let count = days.len() as f64;
        measured[days].iter().map(of).sum::<f64>() / count
    };
    let figures: [Figure; 7] = [
        ("letter", |day| day.letter_ms, 1.5),
        ("list", |day| day.list_ms, 1.5),
        ("letter_view", |day| day.letter_view_ms, 1.5),
        ("search", |day| day.search_ms, 1.5),
        ("claim", |day| day.claim_ms, 1.5),
        ("memory", |day| day.memory_mb, 1.25),
        ("files", |day| day.files as f64, 1.1),
    ];
    let mut grown = Vec::new();
    for (name, of, most) in figures {
        let (first, last) = (mean(FIRST, of), mean(LAST, of));
        println!(
            "month/{name} first {first:.2} last {last:.2} ratio {:.2}",
            last / first
        );
        if last > first * most {
            grown.push(name);
        }
    }
    assert!(grown.is_empty(), "what has grown: {grown:?}");
}

/// As a scanner writes it whose clock is the station's. What is on it is no blank page, and another one for each number.
fn scan(station: &TestStation, name: &str, number: u64, passed_s: i64) {
    const INK: u64 = 0xFFFF_FFFF << 32;
    let part = station.folder("inbox").join(format!(".{name}.part"));
    fs::write(&part, reader::page(number | INK)).unwrap();
    let passed = Duration::from_secs(passed_s.unsigned_abs());
    let written = File::options().write(true).open(&part).unwrap();
    written.set_modified(SystemTime::now() + passed).unwrap();
    fs::rename(part, station.folder("inbox").join(name)).unwrap();
}

fn a_working_day(
    station: &mut TestStation,
    token: &str,
    (day, letters): (usize, usize),
    passed_s: i64,
) -> Day {
    // Yesterday's session is over.
    station.sign_in();
    let began = Instant::now();
    let mut claims = Vec::new();
    for first in (0..letters).step_by(BATCH) {
        let names: Vec<String> = (first..letters.min(first + BATCH))
            .map(|at| format!("D{:02}L{at:04}", day + 1))
            .collect();
        let batch = station.open_batch(u32::try_from(names.len()).unwrap());
        for (at, name) in (first..).zip(&names) {
            let number = (day * letters + at + 1) as u64;
            scan(station, &format!("{name}_p1.png"), number, passed_s);
        }
        let mut left = names.len();
        let what = format!("batch {batch} to be handed over");
        wait_for(&what, 120, || {
            let asked = Instant::now();
            let wish = Some(json!({"limit": 20, "lease_seconds": 600}));
            let (status, told) = station.call_with_token(token, "POST", "/v1/drafts/claims", wish);
            assert_eq!(status, 200, "{told}");
            let claimed = told["drafts"].as_array().unwrap();
            if !claimed.is_empty() {
                claims.push(asked.elapsed());
            }
            for draft in claimed {
                let letter = draft["id"].as_str().unwrap();
                let case =
                    Some(json!({"case_number": format!("SZ-{letter}"), "lease": draft["lease"]}));
                let path = format!("/v1/drafts/{letter}/ack");
                let acked = station.call_with_token(token, "POST", &path, case);
                assert_eq!(acked.0, 200, "{}", acked.1);
            }
            left -= claimed.len();
            (left == 0).then_some(())
        });
        station.ok(
            "POST",
            &format!("/v1/batches/{batch}/close"),
            Some(json!({})),
        );
    }
    let letter_ms = began.elapsed().as_secs_f64() * 1000.0 / letters as f64;
    let one = format!("/v1/letters/D{:02}L0000", day + 1);
    let looks = |path: &str| {
        let looked = (0..15).map(|_| {
            let asked = Instant::now();
            station.ok("GET", path, None);
            asked.elapsed()
        });
        median_ms(looked.collect())
    };
    let memory_mb = of_status(station, "VmRSS:") / 1024.0;
    Day {
        letter_ms,
        list_ms: looks("/v1/letters"),
        letter_view_ms: looks(&one),
        search_ms: looks("/v1/search?q=%E6%BC%8F%E6%B0%B4"),
        claim_ms: median_ms(claims),
        memory_mb,
        files: fs::read_dir(format!("/proc/{}/fd", station.pid()))
            .unwrap()
            .count(),
    }
}

fn median_ms(mut took: Vec<Duration>) -> f64 {
    took.sort();
    took[took.len() / 2].as_secs_f64() * 1000.0
}

fn of_status(station: &TestStation, line: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", station.pid())).unwrap();
    let said = status
        .lines()
        .find_map(|told| told.strip_prefix(line))
        .unwrap();
    said.split_whitespace().next().unwrap().parse().unwrap()
}
