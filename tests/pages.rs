//! Files and pages that fight back, and what a page turns out to be: the station outlives its page worker, PDFs are letters, enclosures
//! are known, a secret mark stops the reading.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use laixin::config::Reading;
use laixin::print::{About, Align, Ink, PrintFont, Type, Weight, page};
use laixin::scan::separators::{Codes, Said};
use laixin::worker::{self, Done, Patience, Task, Wait, Worker, WorkerError};
use serde_json::Value;

use crate::support::{LAIXIN, TestStation, models, project, wait_for};

fn station(change: impl FnOnce(String) -> String) -> TestStation {
    let mut station = TestStation::with_settings(change);
    station.start();
    station.sign_in();
    station.open_batch(3);
    station
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(project("drivers/ocr/tests/samples").join(name)).expect("a sample")
}

/// A printed sheet with these rows, as PDF.
fn sheet(rows: &[&str]) -> Vec<u8> {
    let font = PrintFont::load(&PathBuf::from(
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ))
    .expect("the font of make setup");
    let about = About {
        title: "test".into(),
        author: "test".into(),
        language: "zh-CN",
        made: [2026, 3, 2, 9, 0, 0],
        offset_minutes: 480,
    };
    let set = Type {
        points: 16.0,
        ink: Ink(0, 0, 0),
        weight: Weight::Plain,
        align: Align::Left,
    };
    page(&font, &about, |pen| {
        for (i, row) in rows.iter().enumerate() {
            pen.text((25.0, 30.0 + 14.0 * i as f32), row, set);
        }
    })
    .expect("a page")
}

fn held(station: &TestStation, name: &str) -> String {
    wait_for(&format!("{name} to be held"), 60, || {
        let arrivals = station.ok("GET", "/v1/arrivals?state=held", None);
        let found = arrivals["items"]
            .as_array()?
            .iter()
            .find(|item| item["name"] == name)?;
        Some(found["reason"].as_str()?.to_owned())
    })
}

/// The station's page worker, as the system lists it.
fn page_worker(station: &TestStation) -> Option<u32> {
    let pid = station.pid();
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|children| {
            children
                .split_whitespace()
                .filter_map(|child| child.parse().ok())
                .collect::<Vec<u32>>()
        })
        .find(|child| {
            fs::read_to_string(format!("/proc/{child}/cmdline"))
                .is_ok_and(|line| line.contains(worker::COMMAND))
        })
}

fn kill_9(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid as i32).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is there");
}

/// Kilobytes of memory a process has: `VmRSS` or, as its limit counts, `VmData`.
fn memory_kb(pid: u32, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|l| l.starts_with(what)).expect("told");
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .expect("a number")
}

#[test]
fn a_page_worker_killed_over_a_page_costs_nothing_but_time() {
    let station = station(|text| text);
    let first = wait_for("the page worker", 60, || page_worker(&station));
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.scan(&project("tests/letters/A002_p1.jpg"), "A002_p1.jpg");
    wait_for("a page to be read", 60, || {
        let letter = station.call("GET", "/v1/letters/A001", None).1;
        (letter["stage"] == "reading").then_some(())
    });
    kill_9(first);
    for letter in ["A001", "A002"] {
        let drafted = station.wait_for_stage(letter, &["drafted"], 120);
        let notes = drafted["draft"]["draft"]["notes"].to_string();
        assert!(!notes.contains("unreadable"), "{notes}");
    }
    let second = page_worker(&station).expect("another page worker");
    assert_ne!(first, second);
}

#[test]
fn a_bomb_is_given_up_and_the_next_page_goes_on() {
    let mut station = station(|text| {
        text.replace(
            "letter_quiet_s = 1",
            "letter_quiet_s = 1\nmemory_mb = 1024\npage_timeout_s = 15",
        )
    });
    station.scan_bytes(&sample("bomb.pdf"), "BOMB_p1.pdf");
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    let bomb = station.wait_for_stage("BOMB", &["drafted"], 120);
    let notes = bomb["draft"]["draft"]["notes"].to_string();
    assert!(
        notes.contains("reader_died") || notes.contains("damaged"),
        "{notes}"
    );
    station.wait_for_stage("A001", &["drafted"], 120);
    assert!(station.is_running());
    let kb = memory_kb(station.pid(), "VmRSS");
    assert!(kb < 300 * 1024, "the station itself took {kb} kB");
}

#[test]
fn a_pdf_is_a_letter_with_a_page_for_each_of_its_own() {
    let station = station(|text| text);
    station.scan_bytes(&sample("scan_pages.pdf"), "P001.pdf");
    let letter = station.wait_for_stage("P001", &["drafted"], 90);
    let pages = letter["page_list"].as_array().expect("pages");
    assert_eq!(pages.len(), 3, "{letter}");
    for page in pages {
        assert_eq!(
            (&page["width"], &page["height"]),
            (&Value::from(96), &Value::from(64)),
            "{page}"
        );
    }
    for n in 1..=3 {
        for what in ["image", "thumbnail"] {
            let jpeg = station.bytes(&format!("/v1/letters/P001/pages/{n}/{what}"));
            assert_eq!(jpeg[..3], [0xFF, 0xD8, 0xFF], "page {n} {what}");
        }
        let original = station.bytes(&format!("/v1/letters/P001/pages/{n}"));
        assert_eq!(
            original,
            sample("scan_pages.pdf"),
            "the evidence is the file as it came"
        );
    }
}

#[test]
fn pdfs_that_cannot_be_pages_are_held_with_their_reason() {
    let station = station(|text| text);
    station.scan_bytes(&sample("password.pdf"), "SECRET_p1.pdf");
    assert_eq!(held(&station, "SECRET_p1.pdf"), "encrypted");
    station.scan_bytes(&sample("lost_page.pdf"), "LOST_p1.pdf");
    assert_eq!(held(&station, "LOST_p1.pdf"), "damaged");
    let whole = sample("scan_pages.pdf");
    station.scan_bytes(&whole[..whole.len() / 2], "HALF_p1.pdf");
    assert_eq!(held(&station, "HALF_p1.pdf"), "truncated");
    station.scan(&project("tests/letters/A001_p1.jpg"), "GOOD_p1.jpg");
    station.wait_for_stage("GOOD", &["drafted"], 90);
}

#[test]
fn models_leave_the_memory_when_nothing_is_read_and_come_back() {
    let station = station(|text| {
        text.replace(
            "letter_quiet_s = 1",
            "letter_quiet_s = 1\nunload_after_s = 5",
        )
    });
    wait_for("the page worker", 60, || page_worker(&station));
    wait_for("it to go", 60, || {
        page_worker(&station).is_none().then_some(())
    });
    let kb = memory_kb(station.pid(), "VmRSS");
    assert!(kb < 150 * 1024, "an idle station takes {kb} kB");
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.wait_for_stage("A001", &["drafted"], 90);
    // What reading took goes back to the system: of 124 MB, 104 were what the C library kept of the language model, a font and a password's hash.
    wait_for("the page worker to go again", 60, || {
        page_worker(&station).is_none().then_some(())
    });
    wait_for("the station to be small again", 20, || {
        (memory_kb(station.pid(), "RssAnon") < 60 * 1024).then_some(())
    });
}

/// Requirement B15: nothing of the letter is read after the page with the mark.
#[test]
fn a_secret_mark_stops_the_reading_of_its_letter() {
    let station = station(|text| text);
    let marked = sheet(&["机密★1年", "", "尊敬的局长：", "我要反映一件事情。"]);
    let further = sheet(&["这一页不应当被识别。", "联系电话：13812345678"]);
    // The mark is on the last page, which is read before those between.
    station.scan_bytes(&sheet(&["尊敬的局长：", "第一页的内容。"]), "S001_p1.pdf");
    station.scan_bytes(&further, "S001_p2.pdf");
    station.scan_bytes(&marked, "S001_p3.pdf");
    let letter = station.wait_for_stage("S001", &["drafted"], 120);
    let pages = letter["page_list"].as_array().expect("pages");
    let state = |n: usize| (pages[n]["state"].clone(), pages[n]["problem"].clone());
    let (unread, why) = state(1);
    let marked_first = pages.iter().any(|p| p["problem"] == "secret_mark");
    assert!(marked_first, "{letter}");
    assert_eq!(
        (unread, why),
        ("unreadable".into(), "secret_mark".into()),
        "{letter}"
    );
    assert_eq!(
        letter["draft"]["draft"]["fields"]["flags"]["secret_mark"]["value"],
        true
    );
    assert_eq!(
        letter["draft"]["draft"]["fields"]["phones"],
        serde_json::json!([])
    );
    // A page that comes later is not read either.
    station.scan_bytes(&further, "S001_p4.pdf");
    wait_for("the late page to be left unread", 60, || {
        let letter = station.call("GET", "/v1/letters/S001", None).1;
        let pages = letter["page_list"].as_array()?;
        (pages.len() == 4 && pages[3]["problem"] == "secret_mark").then_some(())
    });
}

#[test]
fn a_judgment_among_the_pages_is_an_attachment_until_a_person_says_otherwise() {
    let station = station(|text| text);
    let letter = sheet(&[
        "尊敬的局长：",
        "我不服法院的判决，请求帮助。",
        "此致",
        "敬礼",
        "张建国",
        "2026年3月1日",
    ]);
    let paper = sheet(&[
        "江苏省苏州市中级人民法院",
        "民事判决书",
        "（2021）苏05民终1234号",
        "上诉人李明，男，1960年3月2日生。",
    ]);
    station.scan_bytes(&letter, "K001_p1.pdf");
    station.scan_bytes(&paper, "K001_p2.pdf");
    let read = station.wait_for_stage("K001", &["drafted"], 120);
    let kinds = |view: &Value| -> Vec<String> {
        let pages = view["page_list"].as_array().expect("pages");
        pages
            .iter()
            .map(|p| p["kind"].as_str().expect("a kind").to_owned())
            .collect()
    };
    assert_eq!(kinds(&read), ["letter", "attachment"], "{read}");
    let said = station.ok(
        "PUT",
        "/v1/letters/K001/pages/2/kind",
        Some(serde_json::json!({"kind": "letter"})),
    );
    assert_eq!(kinds(&said), ["letter", "letter"]);
    let again = station.wait_for_stage("K001", &["drafted"], 60);
    assert_eq!(
        kinds(&again),
        ["letter", "letter"],
        "what a person said stays"
    );
}

/// The worker by itself, started by a process that is not the station.
#[test]
fn a_worker_that_hangs_or_dies_is_told_and_replaced() {
    worker::program_is(LAIXIN);
    let mut worker = Worker::new(1024);
    let mut on = |_| Wait::On;
    let limit = Duration::from_secs(60);
    let count = |worker: &mut Worker, on: &mut dyn FnMut(Duration) -> Wait| {
        worker.ask(
            &Task::Frames,
            &sample("scan_pages.pdf"),
            &mut Patience::new(limit, on),
        )
    };
    assert!(matches!(
        count(&mut worker, &mut on),
        Ok((Done::Frames(3), _))
    ));
    let pid = worker.process().expect("it runs");
    // Stopped, it does not answer: it is ended at the limit.
    let raw = rustix::process::Pid::from_raw(pid as i32).expect("a process");
    rustix::process::kill_process(raw, rustix::process::Signal::STOP).expect("it is there");
    let short = Duration::from_millis(600);
    let hung = worker.ask(
        &Task::Frames,
        &sample("scan_pages.pdf"),
        &mut Patience::new(short, &mut on),
    );
    assert!(matches!(hung, Err(WorkerError::Hung { .. })), "{hung:?}");
    assert!(!worker.is_running());
    assert!(matches!(
        count(&mut worker, &mut on),
        Ok((Done::Frames(3), _))
    ));
    kill_9(worker.process().expect("it runs"));
    let died = count(&mut worker, &mut on);
    assert!(
        matches!(&died, Err(WorkerError::Died { how }) if how == "signal 9"),
        "{died:?}"
    );
    assert!(matches!(
        count(&mut worker, &mut on),
        Ok((Done::Frames(3), _))
    ));
    let mut stop = |_| Wait::Stop;
    let pid = rustix::process::Pid::from_raw(worker.process().expect("it runs") as i32)
        .expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("it is there");
    let stopped = count(&mut worker, &mut stop);
    assert!(matches!(stopped, Err(WorkerError::Stopped)), "{stopped:?}");
}

#[test]
fn a_bomb_ends_the_worker_and_not_the_test() {
    worker::program_is(LAIXIN);
    let mut worker = Worker::new(768);
    let mut on = |_| Wait::On;
    let task = Task::Picture {
        frame: 0,
        longest_px: None,
    };
    let limit = Duration::from_secs(60);
    let answer = worker.ask(
        &task,
        &sample("bomb.pdf"),
        &mut Patience::new(limit, &mut on),
    );
    let code = answer.expect_err("a bomb is no page").code().to_owned();
    assert!(
        matches!(code.as_str(), "reader_died" | "reader_hung" | "damaged"),
        "{code}"
    );
    let (done, jpeg) = worker
        .ask(
            &task,
            &sample("scan_jpeg.pdf"),
            &mut Patience::new(limit, &mut on),
        )
        .expect("the next one is drawn");
    assert!(matches!(done, Done::Picture(_)) && jpeg.starts_with(&[0xFF, 0xD8]));
}

#[test]
fn codes_and_archive_images_are_made_in_the_worker_and_a_bomb_only_ends_that() {
    worker::program_is(LAIXIN);
    let bomb = sample("bomb.pdf");
    for error in [
        worker::codes(&bomb, 0, Codes::Squares).map(drop),
        worker::packed(&bomb, 0).map(drop),
    ] {
        let code = error.expect_err("a bomb is no page").code().to_owned();
        assert!(
            matches!(code.as_str(), "reader_died" | "reader_hung" | "not_decoded"),
            "{code}"
        );
    }
    let page = sample("scan_pages.pdf");
    let said = worker::codes(&page, 0, Codes::Squares).expect("it can be looked at");
    assert_eq!(said, Said::default());
    let (derivative, bytes) = worker::packed(&page, 0).expect("it can be packed");
    assert!(derivative.width > 0 && !bytes.is_empty());
}

/// What a page worker that reads these pages holds after each, MB.
fn held_mb(what: &str, pages: impl Iterator<Item = Vec<u8>>) -> Vec<u64> {
    worker::program_is(LAIXIN);
    let settings = Reading {
        models_dir: models(),
        openvino_dir: project(".setup/openvino/openvino/libs"),
        ..Reading::default()
    };
    let mut worker = Worker::new(2048);
    let mut on = |_| Wait::On;
    let limit = Duration::from_secs(120);
    let mut ask = |worker: &mut Worker, task: &Task, file: &[u8]| {
        let answer = worker.ask(task, file, &mut Patience::new(limit, &mut on));
        answer.expect("an answer")
    };
    ask(&mut worker, &Task::Open(Box::new(settings)), &[]);
    let read = |page: Vec<u8>| {
        ask(&mut worker, &Task::Read { frame: 0 }, &page);
        memory_kb(worker.process().expect("it runs"), what) / 1024
    };
    pages.map(read).collect()
}

#[test]
fn pages_of_many_sizes_do_not_pile_up_in_the_worker() {
    let page = |step: usize| bars(320 + 32 * (step % 8), 320 + 32 * (step / 8));
    let taken_mb = held_mb("VmData", (0..64).map(page));
    let (half, end) = (taken_mb[31], taken_mb[63]);
    assert!(end < half + 100, "{taken_mb:?}");
}

#[test]
fn the_worker_does_not_keep_the_memory_that_a_page_took() {
    let names = [
        "A001_env", "A001_p1", "A002_env", "A002_p1", "S001_p1", "S002_p1", "S003_p1", "S004_p1",
    ];
    let page = |name| fs::read(project(&format!("tests/letters/{name}.jpg"))).expect("a page");
    let held_mb = held_mb("RssAnon", names.into_iter().map(page));
    let most = held_mb.iter().max().expect("some");
    assert!(*most < 550, "{held_mb:?}");
}

/// A page with strokes from edge to edge, as JPEG.
fn bars(width: usize, height: usize) -> Vec<u8> {
    let ink = |at: usize| match (at / width % 16, at % width % 16) {
        (5..8, _) | (_, 5..8) => 0,
        _ => 255,
    };
    let pixels: Vec<u8> = (0..width * height).map(ink).collect();
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: width,
        height,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let jpeg = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray);
    jpeg.expect("an image").to_vec()
}
