//! What comes from outside and is not meant well, or not well meant: slow bodies, tricks in addresses and fields, two case systems at one draft.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};

const HOSTILE: [&str; 4] = [
    "'); DROP TABLE drafts;--",
    "<script>document.title='x'</script>",
    "\" onmouseover=\"alert(1)",
    "{{7*7}} ${7*7} %00 ../../etc/passwd",
];

fn socket(house: &House) -> TcpStream {
    let address = house.url.trim_start_matches("http://");
    let socket = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(50));
    socket.set_read_timeout(patience).unwrap();
    socket
}

/// What was answered, and after how long.
fn answered(mut socket: TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    (
        String::from_utf8_lossy(&bytes).into_owned(),
        began.elapsed(),
    )
}

/// What is refused before its body is read: the body is taken off the line and the connection serves on, or the answer says that it does not.
#[test]
fn a_refused_call_with_a_body_leaves_its_connection_whole_or_says_that_it_ends() {
    let house = House::new();
    let head = |length: usize, more: &str| {
        format!(
            "POST /v1/drafts/claims HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n"
        )
    };
    let mut whole = socket(&house);
    let body = vec![b' '; 200_000];
    for _ in 0..2 {
        whole.write_all(head(body.len(), "").as_bytes()).unwrap();
        whole.write_all(&body).unwrap();
    }
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    whole.write_all(last.as_bytes()).unwrap();
    let (told, _) = answered(whole);
    let statuses: Vec<&str> = told
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &told[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["401", "401", "200"], "{told}");
    for more in ["", "Expect: 100-continue\r\n"] {
        let mut cut = socket(&house);
        cut.write_all(head(1000, more).as_bytes()).unwrap();
        let (told, after) = answered(cut);
        assert!(told.starts_with("HTTP/1.1 401"), "{told}");
        assert!(told.to_lowercase().contains("connection: close"), "{told}");
        assert!(after < Duration::from_secs(5), "{after:?}");
    }
}

/// It was answered when the time for its body was up, twenty seconds later.
#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_comes() {
    let house = House::offering("read");
    house.machine("cases", Scope::CaseSystem);
    for (length, most) in [
        (99_999_999_999_u64, Duration::from_millis(900)),
        (300_000, Duration::from_secs(4)),
    ] {
        let mut head_only = socket(&house);
        let head = format!(
            "POST /v1/drafts/claims HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret of cases\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        head_only.write_all(head.as_bytes()).unwrap();
        let (told, after) = answered(head_only);
        assert!(told.starts_with("HTTP/1.1 413"), "{length}: {told}");
        assert!(told.contains("\"body_too_large\""), "{length}: {told}");
        assert!(after < most, "{length}: {after:?}");
    }
}

#[test]
fn no_page_of_another_site_takes_an_answer_in() {
    let house = House::new();
    for path in ["/healthz", "/v1/letters", "/", "/openapi.json", "/nowhere"] {
        let answer = house.get(&super::house::Caller::default(), path);
        let policy = answer.header("cross-origin-resource-policy");
        assert_eq!(policy, "same-origin", "{path}");
    }
}

/// A body that never ends, and a head that never ends: each is told or hung up on, and nobody else waits.
#[test]
fn slow_bodies_and_slow_heads_end_and_hold_nobody_up() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut socket = socket(&house);
            let head = "POST /v1/drafts/claims HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret of cases\r\n\
                Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
            socket.write_all(head.as_bytes()).unwrap();
            socket
        })
        .collect();
    let mut half = socket(&house);
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        .unwrap();
    let began = Instant::now();
    let claimed = house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claimed.status, 200, "{}", claimed.text);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let waiting: Vec<_> = slow
        .into_iter()
        .map(|socket| std::thread::spawn(move || answered(socket)))
        .collect();
    let (told, after) = answered(half);
    assert!(
        after < Duration::from_secs(45),
        "a head that never ends is hung up on: {after:?}"
    );
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{told}");
    for socket in waiting {
        let (told, after) = socket.join().unwrap();
        assert!(told.starts_with("HTTP/1.1 408"), "{told}");
        assert!(told.contains("\"code\":\"body_too_slow\""), "{told}");
        assert!(after < Duration::from_secs(45), "{after:?}");
    }
    assert_eq!(house.count("SELECT sum(offered) FROM drafts"), 1);
}

#[test]
fn sql_and_html_in_what_a_case_system_says_stay_text() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let zhang = house.person("zhang", Role::Operator);
    for (at, text) in HOSTILE.into_iter().enumerate() {
        let (back, taken) = (format!("B{at}"), format!("T{at}"));
        house.drafted(&back);
        house.drafted(&taken);
        house.post(&cases, "/v1/drafts/claims", json!({"limit": 10}));
        let nack = house.post(
            &cases,
            &format!("/v1/drafts/{back}/nack"),
            json!({"reason": text}),
        );
        assert_eq!(nack.status, 200, "{text}: {}", nack.text);
        assert_eq!(nack.json()["nack_reason"], text);
        let ack = house.post(
            &cases,
            &format!("/v1/drafts/{taken}/ack"),
            json!({"case_number": text}),
        );
        assert_eq!(ack.status, 200, "{text}: {}", ack.text);
        assert_eq!(ack.json()["case_number"], text);
        for letter in [&back, &taken] {
            let html = house.get(&zhang, &format!("/letters/{letter}"));
            assert_eq!(html.status, 200, "{}", html.text);
            assert!(!html.text.contains("<script>document.title"));
            assert!(!html.text.contains("\" onmouseover=\"alert"));
        }
        // Taken out of the queue: the next round claims its own two.
        house.sql("UPDATE drafts SET ready_ms = NULL WHERE state <> 'acked'");
    }
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'acked'"),
        4
    );
    for wrong in [
        "a\u{0}b",
        "a\nb",
        "李\u{202e}四",
        "",
        "   ",
        &"长".repeat(65),
    ] {
        let ack = house.post(&cases, "/v1/drafts/T0/ack", json!({"case_number": wrong}));
        assert_eq!(ack.code(), "body_invalid", "{wrong:?}");
    }
}

#[test]
fn tricks_in_addresses_lead_nowhere() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    for id in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fA1",
        "A1%00",
        "A1%27%20OR%201%3D1--",
        "A1%2f..%2fA1",
        "%F0%9F%92%A9",
        "A1;jsessionid=1",
    ] {
        for path in ["/v1/letters", "/v1/drafts", "/letters"] {
            let answer = house.get(&zhang, &format!("{path}/{id}"));
            assert!(
                matches!(answer.status, 400 | 404),
                "{path}/{id}: {}",
                answer.status
            );
        }
        let pages = house.get(&cases, &format!("/v1/letters/{id}/pages/1"));
        assert!(matches!(pages.status, 400 | 404), "{id}: {}", pages.status);
        let ack = house.post(
            &cases,
            &format!("/v1/drafts/{id}/ack"),
            json!({"case_number": "N"}),
        );
        assert!(matches!(ack.status, 400 | 404), "{id}: {}", ack.status);
    }
    for n in ["0", "-1", "99999999999999999999", "1e3", "..", "%00"] {
        let page = house.get(&zhang, &format!("/v1/letters/A1/pages/{n}"));
        assert!(matches!(page.status, 400 | 404), "{n}: {}", page.status);
    }
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'open'"),
        1
    );
}

/// Side by side, again and again: each draft is with one of them.
#[test]
fn two_case_systems_at_once_never_get_the_same_draft() {
    let house = House::offering("read");
    let systems: Vec<Caller> = ["one", "two", "three", "four"]
        .into_iter()
        .map(|name| house.machine(name, Scope::CaseSystem))
        .collect();
    let all: Vec<String> = (0..60).map(|n| format!("L{n:02}")).collect();
    all.iter().for_each(|id| house.drafted(id));
    let mut claimed: Vec<String> = std::thread::scope(|scope| {
        let claiming: Vec<_> = systems
            .iter()
            .map(|system| {
                let house = &house;
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    loop {
                        let answer = house.post(system, "/v1/drafts/claims", json!({"limit": 3}));
                        let drafts = answer.json()["drafts"].as_array().unwrap().clone();
                        if drafts.is_empty() {
                            return mine;
                        }
                        for draft in drafts {
                            let id = draft["id"].as_str().unwrap().to_owned();
                            let number =
                                json!({"case_number": format!("N-{id}"), "lease": draft["lease"]});
                            let ack = house.post(system, &format!("/v1/drafts/{id}/ack"), number);
                            assert_eq!(ack.status, 200, "{}", ack.text);
                            mine.push(id);
                        }
                    }
                })
            })
            .collect();
        let joined = claiming.into_iter().flat_map(|one| one.join().unwrap());
        joined.collect()
    });
    claimed.sort();
    assert_eq!(claimed, all);
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE offered = 1"),
        60
    );
}

/// A key holds for thirty days, and what it kept of a letter is gone with the letter.
#[test]
fn a_key_is_remembered_for_a_month_and_forgotten_with_its_letter() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let keyed = cases.with("idempotency-key", "k-1");
    let claim = |caller: &Caller| {
        let answer = house.post(
            caller,
            "/v1/drafts/claims",
            json!({"limit": 1, "lease_seconds": 60}),
        );
        answer.json()["drafts"].as_array().unwrap().len()
    };
    assert_eq!(claim(&keyed), 1);
    let day = 24 * 3_600_000_i64;
    house.sql(&format!(
        "UPDATE idempotency SET at_ms = at_ms - {}",
        29 * day
    ));
    assert_eq!(claim(&keyed), 1, "the answer of 29 days ago");
    assert_eq!(house.count("SELECT offered FROM drafts"), 1);
    house.sql(&format!(
        "UPDATE idempotency SET at_ms = at_ms - {}",
        2 * day
    ));
    assert_eq!(claim(&keyed), 0, "31 days: a new request");
    // Given back, then returned unread: nothing of it is kept, not even in an answer.
    let name = "SELECT count(*) FROM idempotency WHERE body LIKE '%陆思雨%'";
    assert_eq!(
        house
            .post(&cases, "/v1/drafts/A1/nack", json!({"reason": "x"}))
            .status,
        200
    );
    assert_eq!(claim(&cases.with("idempotency-key", "k-2")), 1);
    assert!(house.count(name) > 0);
    assert_eq!(
        house
            .post(&cases, "/v1/drafts/A1/nack", json!({"reason": "x"}))
            .status,
        200
    );
    house
        .app
        .store
        .wait(|db| db.return_unread("A1", "误拆", "zhang"))
        .unwrap();
    assert_eq!(house.count(name), 0);
}
