//! What becomes of a page that a page worker refuses, with a worker that does as it is told.

mod lent;

use super::*;
use crate::domain::deadline::Profile;
use crate::domain::roster::Roster;
use crate::sd_notify::Watchdog;

struct Bench {
    folder: tempfile::TempDir,
    reader: Reader,
    worker: Worker,
}

/// What `a page` hashes to.
const PAGE: &str = "9a8eeff1d0bc6b9b7acf170b1168d6d07f193dc770d4c1864b03e48d775e8d1a";

impl Bench {
    /// One unread page; the worker's processes answer by this plan, one line each.
    fn new(plan: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let settings = "[station]\nname = \"test\"\ndata_dir = \"data\"\n[[cabinet]]\nid = \"c\"\nprofile = \"p\"\naddress = \"192.0.2.1:502\"\n\
                        [registration]\nroster = \"r\"\ndeadlines = \"d\"\n";
        std::fs::write(at("station.toml"), settings).expect("it is written");
        std::fs::write(at("plan"), plan).expect("it is written");
        let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/fake_worker.py");
        std::os::unix::fs::symlink(fake, at("worker")).expect("it is linked");
        let evidence = Evidence::open(&at("evidence")).expect("a new store");
        let page = evidence.put(b"a page").expect("it is kept");
        let (store, _) = Store::open(&at("laixin.db")).expect("a new database");
        let rows = format!(
            "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 1, 0, 'x', 0);
             INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'c', 'released', 0);
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, urgent, created_ms, last_arrival_ms)
             VALUES ('L', 1, 1, 'L', 'arriving', 0, 0, 0);
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a', 's', 'a', 'a', 0, 'taken');
             INSERT INTO pages (id, letter_id, arrival_id, kind, hint, sha256, sm3, size) VALUES (1, 'L', 'a', 'letter', 1, '{}', '', 0);",
            page.sha256
        );
        let beside = rusqlite::Connection::open(at("laixin.db")).expect("it is there");
        beside.execute_batch(&rows).expect("a letter");
        let reader = Reader {
            withheld: RefCell::default(),
            settings: Arc::new(Settings::load(&at("station.toml")).expect("sound settings")),
            office: Office {
                name: "test".into(),
                roster: Roster::default().into(),
                deadlines: Profile::default().into(),
                meaning: None,
            },
            store,
            evidence: Arc::new(evidence),
            events: Events::default(),
            readiness: Readiness::default(),
            metrics: Metrics::default(),
            beat: Watchdog::default().task("reading", Duration::from_secs(60)),
            learned: RefCell::default(),
            engine: RefCell::default(),
            others: crate::broker::together::Others::default(),
            lent: None,
        };
        let worker = Worker::of(at("worker"));
        Self {
            folder,
            reader,
            worker,
        }
    }

    /// Reads until nothing is left to read, and says what became of the page and how many processes there were.
    fn read(&mut self) -> (String, Option<String>, usize) {
        let stop = CancellationToken::new();
        let next = |reader: &Reader| reader.store.wait(|db| db.begin_reading());
        while let Some(page) = next(&self.reader).expect("the store answers") {
            let read = self.reader.read_page(&mut self.worker, &page, &stop);
            read.expect("the store answers");
        }
        let file = self.folder.path().join("laixin.db");
        let beside = rusqlite::Connection::open(file).expect("it is there");
        let (state, problem) = beside
            .query_row("SELECT state, problem FROM pages", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("the page");
        let started = std::fs::read_to_string(self.folder.path().join("started"));
        (state, problem, started.expect("some").lines().count())
    }
}

#[test]
fn a_page_that_one_worker_failed_on_is_read_by_the_next() {
    let read = Bench::new("reader_failed\nreader_defect\nread\n").read();
    assert_eq!(read, ("read".into(), None, 3));
}

#[test]
fn a_page_that_three_workers_failed_on_is_given_up() {
    let read = Bench::new("reader_failed\nreader_failed\nreader_defect\nread\n").read();
    assert_eq!(read, ("unreadable".into(), Some("reader_defect".into()), 3));
}

/// Root reads whatever it likes: a link that leads nowhere but to itself is refused to it as well.
#[test]
fn a_page_whose_original_cannot_be_read_now_waits_and_is_read_once_it_can() {
    let mut bench = Bench::new("read\n");
    let kept = |name: &str| bench.folder.path().join("evidence").join(name);
    let stored = bench.reader.evidence.get(PAGE).map(|bytes| bytes.len());
    assert_eq!(stored.expect("it is kept"), 6);
    let (folder, away) = (kept(&PAGE[..2]), kept("away"));
    std::fs::rename(&folder, &away).expect("it is moved");
    std::os::unix::fs::symlink(&folder, &folder).expect("a link to itself");
    let stop = CancellationToken::new();
    for _ in 0..READING_ATTEMPTS + 2 {
        let page = bench.reader.store.wait(|db| db.begin_reading());
        let page = page.expect("the store answers").expect("it waits");
        let read = bench.reader.read_page(&mut bench.worker, &page, &stop);
        read.expect("the store answers");
    }
    // Nobody else's page waits behind it, and nobody is sent for the paper.
    let mut worker = Worker::of(bench.folder.path().join("worker"));
    assert!(!bench.reader.step(&mut worker, &stop).expect("it answers"));
    let holds = bench.reader.store.wait(|db| db.open_holds(None, 10));
    assert!(holds.expect("the store answers").is_empty());
    std::fs::remove_file(&folder).expect("the link");
    std::fs::rename(&away, &folder).expect("it is back");
    assert_eq!(bench.read(), ("read".into(), None, 1));
    assert!(bench.reader.withheld.borrow().is_empty());
}

#[test]
fn a_damaged_page_is_given_up_by_the_first_worker() {
    let read = Bench::new("damaged\nread\n").read();
    assert_eq!(read, ("unreadable".into(), Some("damaged".into()), 1));
}

/// A page with one line.
fn saying(text: &str) -> Reading {
    let line = crate::domain::text::Line {
        text: text.into(),
        raw: text.into(),
        quad: [
            [100.0, 100.0],
            [900.0, 100.0],
            [900.0, 150.0],
            [100.0, 150.0],
        ],
        confidence: 0.99,
        chars: Vec::new(),
        vertical: false,
    };
    Reading {
        engine: "test".into(),
        width: 1000,
        height: 1400,
        turned_deg: 0,
        lines: vec![line],
        seconds: 0.1,
        blank: false,
    }
}

#[test]
fn a_threat_on_a_page_that_is_read_later_opens_an_answered_alert_again() {
    let bench = Bench::new("");
    let file = bench.folder.path().join("laixin.db");
    let beside = rusqlite::Connection::open(file).expect("it is there");
    beside
        .execute_batch(
            "INSERT INTO pages (id, letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (2, 'L', 'a', 1, 'letter', 2, '', '', 0),
             (3, 'L', 'a', 2, 'letter', 3, '', '', 0)",
        )
        .expect("two pages more");
    let read = |id, text| {
        let page = UnreadPage {
            id,
            letter: "L".into(),
            sha256: String::new(),
            frame: 0,
            attempts: 1,
        };
        bench.reader.keep(&page, saying(text)).expect("it is kept");
    };
    let answer = |verdict: &str| {
        let said = format!(
            "UPDATE alerts SET acked_by = 'wang', acked_ms = 1, verdict = '{verdict}', level = 1"
        );
        assert_eq!(beside.execute(&said, []).expect("an answer"), 1);
    };
    let is_open = || -> bool {
        let open = "SELECT acked_ms IS NULL AND verdict IS NULL AND level = 0 FROM alerts";
        beside
            .query_row(open, [], |row| row.get(0))
            .expect("one alert")
    };
    read(1, "再不解决我就从塔吊上跳下去。");
    assert!(is_open());
    answer("false_alarm");
    read(2, "请求修路。");
    assert!(!is_open(), "a page without a threat opens nothing");
    read(1, "再不解决我就从塔吊上跳下去。");
    assert!(!is_open(), "nor does one that was read before");
    read(3, "实在逼急了就和他们同归于尽。");
    assert!(is_open());
    answer("confirmed");
    read(2, "实在逼急了就和他们同归于尽。");
    assert!(!is_open(), "a page that was read before raises nothing");
    beside
        .execute("DELETE FROM readings WHERE page_id = 3", [])
        .expect("as if new");
    read(3, "实在逼急了就和他们同归于尽。");
    assert!(is_open(), "what was confirmed were other words");
}

/// The alert stood at a letter without pages, beside the one of the letter that had them.
#[test]
fn a_page_that_was_moved_while_it_was_read_raises_its_alert_where_it_lies() {
    let threat = "再不解决我就从塔吊上跳下去。";
    for is_read_first in [false, true] {
        let bench = Bench::new("");
        let beside = rusqlite::Connection::open(bench.folder.path().join("laixin.db"));
        let beside = beside.expect("it is there");
        beside
            .execute_batch(
                "INSERT INTO letters (id, batch_id, load_id, group_name, stage, urgent, created_ms, last_arrival_ms)
                 VALUES ('M', 1, 1, 'M', 'reading', 0, 0, 0);
                 INSERT INTO pages (id, letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (2, 'M', 'a', 1, 'letter', 2, '', '', 0)",
            )
            .expect("a letter more");
        let page = UnreadPage {
            id: 2,
            letter: "M".into(),
            sha256: String::new(),
            frame: 0,
            attempts: 1,
        };
        let alerts = |sql: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {sql}");
            beside
                .query_row(&sql, [], |row| row.get(0))
                .expect("a count")
        };
        let open = || {
            bench
                .reader
                .store
                .wait(|db| db.open_alerts(9))
                .expect("alerts")
        };
        let is_of_l =
            |open: Vec<crate::store::AlertRow>| open.iter().all(|alert| alert.letter == "L");
        let keep = || {
            bench
                .reader
                .keep(&page, saying(threat))
                .expect("it is kept")
        };
        if is_read_first {
            keep();
            assert_eq!((open().len(), is_of_l(open())), (1, false));
        }
        let to = crate::store::MoveTo::Letter("L".into());
        let moved = bench
            .reader
            .store
            .wait(move |db| db.move_pages("M", &[2], &to, ("li", "一封信")));
        moved.expect("it is moved");
        if !is_read_first {
            keep();
        }
        assert_eq!(open().len(), 1, "one alert, read first: {is_read_first}");
        assert!(is_of_l(open()));
        let told = alerts("ledger WHERE action = 'alert.moved' AND detail ->> '$.to' = 'L'");
        assert_eq!(told, i64::from(is_read_first));
        assert_eq!(
            alerts("alerts WHERE letter_id = 'M'"),
            i64::from(is_read_first)
        );
    }
}

/// Somebody had answered other words of the letter that the page came into.
#[test]
fn an_open_alert_that_moves_into_a_letter_opens_what_was_answered_there() {
    let bench = Bench::new("");
    let beside = rusqlite::Connection::open(bench.folder.path().join("laixin.db"));
    let beside = beside.expect("it is there");
    beside
        .execute_batch(
            "INSERT INTO letters (id, batch_id, load_id, group_name, stage, urgent, created_ms, last_arrival_ms)
             VALUES ('M', 1, 1, 'M', 'reading', 0, 0, 0);
             INSERT INTO pages (id, letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (2, 'M', 'a', 1, 'letter', 2, '', '', 0)",
        )
        .expect("a letter more");
    for (id, letter) in [(1, "L"), (2, "M")] {
        let page = UnreadPage {
            id,
            letter: letter.into(),
            sha256: String::new(),
            frame: 0,
            attempts: 1,
        };
        let read = bench
            .reader
            .keep(&page, saying("再不解决我就从塔吊上跳下去。"));
        read.expect("it is kept");
        if letter == "L" {
            let said = "UPDATE alerts SET acked_by = 'wang', acked_ms = 1, verdict = 'false_alarm'";
            assert_eq!(beside.execute(said, []).expect("an answer"), 1);
        }
    }
    let to = crate::store::MoveTo::Letter("L".into());
    let moved = bench
        .reader
        .store
        .wait(move |db| db.move_pages("M", &[2], &to, ("li", "一封信")));
    moved.expect("it is moved");
    let open = bench
        .reader
        .store
        .wait(|db| db.open_alerts(9))
        .expect("alerts");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].letter, "L");
    assert_eq!(open[0].earlier().len(), 1, "what was said before stays");
}

/// Its draft named the load of its first page only.
#[test]
fn a_draft_tells_of_every_load_its_pages_came_under() {
    let mut bench = Bench::new("read\n");
    bench.read();
    let rows = "INSERT INTO loads (id, batch_id, cabinet, state, created_ms, released_ms, override_by, override_reason, override_ms)
        VALUES (2, 1, 'c', 'overridden', 0, NULL, 'wang', '门锁坏了', 5)";
    let beside = rusqlite::Connection::open(bench.folder.path().join("laixin.db"));
    beside
        .expect("it is there")
        .execute_batch(rows)
        .expect("another load");
    let nothing = (crate::clock::monotonic(), Learned::default());
    bench.reader.learned = RefCell::new(Some(nothing));
    let due = DueLetter {
        id: "L".into(),
        read: PagesRead::All,
    };
    let told = |bench: &Bench| {
        bench.reader.draft(&due).expect("the store answers");
        let row = bench.reader.store.wait(|db| db.draft("L"));
        row.expect("a draft").draft.other_disinfections
    };
    assert_eq!(told(&bench), []);
    let arrived = |db: &mut Db| {
        let detail = serde_json::json!({"letter": "L", "load": 2});
        db.record("task/scan", "page.arrived", "arrival/a", &detail)
    };
    bench.reader.store.wait(arrived).expect("the store answers");
    let others = told(&bench);
    assert_eq!(others.len(), 1);
    assert!(others[0].r#override.is_some(), "{others:?}");
}
