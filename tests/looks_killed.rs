//! Looks by many at once while the station is killed: each that was answered is in its ledger, and the ledger is whole.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laixin::config::Settings;
use laixin::store::{AuditWanted, Db};

use crate::support::{TestStation, project};

const KILLS: u64 = 5;
const LOOKERS: usize = 16;

/// Answered looks by action.
type Answered = Mutex<BTreeMap<&'static str, usize>>;

/// Asks one after another until told to stop; only a whole answer counts.
fn look(
    url: &str,
    token: &str,
    (path, action): (&str, &'static str),
    answered: &Answered,
    stop: &AtomicBool,
) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    while !stop.load(Ordering::Relaxed) {
        let request = agent
            .get(format!("{url}{path}"))
            .header("authorization", format!("Bearer {token}"));
        let whole = request
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_vec());
        match whole {
            Ok(_) => *answered.lock().unwrap().entry(action).or_default() += 1,
            // It was killed; it comes back.
            Err(_) => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

#[test]
fn a_kill_between_answer_and_commit_loses_no_look_that_was_answered() {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.wait_for_stage("A001", &["drafted"], 120);
    let made = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    let (token, url) = (made.trim(), format!("http://{}", station.address));
    let (answered, stop) = (Answered::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for n in 0..LOOKERS {
            let what = if n % 2 == 0 {
                ("/v1/letters/A001/pages/1/thumbnail", "page.viewed")
            } else {
                ("/v1/drafts/A001", "draft.viewed")
            };
            let (url, answered, stop) = (&url, &answered, &stop);
            scope.spawn(move || look(url, token, what, answered, stop));
        }
        for kill in 0..KILLS {
            std::thread::park_timeout(Duration::from_millis(400 + 130 * kill));
            station.kill();
            station.start();
        }
        stop.store(true, Ordering::Relaxed);
    });
    station.stop();
    let settings = Settings::load(&station.folder("station.toml")).unwrap();
    let db = Db::look_at(&settings).unwrap();
    assert!(db.verify_ledger().unwrap().is_ok());
    let wanted = AuditWanted {
        letter: Some("A001".into()),
        actor: Some("token/cases".into()),
        looks_only: true,
        before: None,
    };
    let recorded = db.audit(&wanted, u32::MAX).unwrap();
    for (action, answered) in answered.into_inner().unwrap() {
        let recorded = recorded
            .iter()
            .filter(|entry| entry.action == action)
            .count();
        println!("{action}: {answered} answered, {recorded} recorded");
        assert!(answered > 20, "{action}: only {answered} were answered");
        assert!(
            recorded >= answered,
            "{action}: {answered} answered, {recorded} recorded"
        );
    }
}
