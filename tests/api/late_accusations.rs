//! A page that comes after the hand-over and accuses somebody: no case system gets it before an officer has judged it, the accused office never.

use laixin::domain::draft::Accused;
use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};
use super::late::{page_comes, system_of, with_pages};

pub(super) const OFFICE: &str = "苏州市人民政府";

fn systems(house: &House) -> (Caller, Caller) {
    let cases = house.machine("cases", Scope::CaseSystem);
    (cases, system_of(house, "市政府"))
}

fn claim(house: &House, caller: &Caller) -> usize {
    super::late::claim(house, caller).len()
}

fn ack(house: &House, caller: &Caller) -> String {
    let answer = house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "C-1"}));
    match answer.status {
        200 => String::new(),
        _ => answer.code(),
    }
}

/// It is read, and accuses somebody.
pub(super) fn accuses(house: &House, name: &str) {
    is_read(house, Some(name));
}

pub(super) fn is_read(house: &House, accused: Option<&str>) {
    house.sql(
        "UPDATE pages SET state = 'read'; UPDATE letters SET last_arrival_ms = 2 WHERE id = 'A1'",
    );
    let mut now = super::house::draft("A1");
    with_pages(house, &mut now);
    let page = now.pages.last().map(|page| page.n);
    let accused = accused.into_iter().map(|name| Accused {
        name: name.into(),
        page,
        ..Accused::default()
    });
    now.fields.accused = accused.collect();
    let offer = house.app.settings.handoff.offer;
    let kept = house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&now, offer));
    kept.unwrap();
}

fn told(house: &House, caller: &Caller) -> usize {
    let listed = house.get(caller, "/v1/amendments").json();
    listed["items"].as_array().unwrap().len()
}

fn page(house: &House, caller: &Caller, n: u32) -> u16 {
    house
        .get_bytes(caller, &format!("/v1/letters/A1/pages/{n}"))
        .0
}

pub(super) fn opens(house: &House, officer: &Caller) {
    let why = json!({"reason": "核对补页"});
    assert_eq!(house.post(officer, "/v1/letters/A1/views", why).status, 200);
}

fn judge(house: &House, officer: &Caller, verdict: &str) {
    opens(house, officer);
    let open = house.get(officer, "/v1/alerts?open=true").json();
    let alert = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|alert| alert["code"] == "page_kept_back");
    let path = format!("/v1/alerts/{}/acknowledge", alert.unwrap()["id"]);
    let said = house.post(officer, &path, json!({"verdict": verdict}));
    assert_eq!(said.status, 200, "{}", said.text);
}

#[test]
fn a_page_that_accuses_the_office_which_registered_the_letter_never_goes_to_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (_, theirs) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), 1);
    assert_eq!(ack(&house, &theirs), "");
    page_comes(&house, 2);
    let shut = || {
        assert_eq!(page(&house, &theirs, 2), 404);
        for below in ["image", "thumbnail"] {
            assert_eq!(
                house
                    .get(&theirs, &format!("/v1/letters/A1/pages/2/{below}"))
                    .status,
                404
            );
        }
        assert_eq!(told(&house, &theirs), 0);
        let kept = house
            .app
            .store
            .wait(|db| db.pages_kept_from_channel("token/theirs", "A1"));
        assert_eq!(kept.unwrap(), [2], "nor in a file");
        assert_eq!(
            house.get(&theirs, "/v1/drafts/A1").status,
            200,
            "what it has it keeps"
        );
        assert_eq!(house.get(&theirs, "/v1/alerts").json()["items"], json!([]));
    };
    shut();
    accuses(&house, OFFICE);
    shut();
    assert_eq!(house.count("SELECT count(*) FROM amendments"), 1);
    assert_eq!(
        house.count("SELECT count(*) FROM restrictions WHERE state = 'restricted'"),
        1
    );
    let number = house
        .app
        .store
        .wait(|db| db.number_shown(laixin::store::Numbered::Amendment, 1));
    let path = format!("/v1/amendments/{}/ack", number.unwrap());
    let acked = house.post(&theirs, &path, json!({}));
    assert_eq!(acked.status, 404, "it cannot be guessed either");
    judge(&house, &officer, "confirmed");
    shut();
    let altered = |sql: &str| {
        house.sql(sql);
        let rows = house.app.store.wait(|db| db.verify_rows());
        rows.unwrap()
            .faults
            .iter()
            .any(|fault| fault.what.starts_with("alert"))
    };
    assert!(!altered("SELECT 1"));
    let office = "UPDATE alerts SET later = replace(later, '市', '县')";
    assert!(altered(office), "whom it accuses is vouched for");
    assert!(!altered(
        "UPDATE alerts SET later = replace(later, '县', '市')"
    ));
    // Another page calls for another word.
    page_comes(&house, 3);
    accuses(&house, OFFICE);
    assert_eq!(
        house
            .count("SELECT count(*) FROM alerts WHERE code = 'page_kept_back' AND verdict IS NULL"),
        1
    );
}

/// It was offered and could be read; the next one hid it until that one was judged.
#[test]
fn a_further_page_takes_nothing_back_that_was_offered() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (_, theirs) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    claim(&house, &theirs);
    assert_eq!(ack(&house, &theirs), "");
    let gets = || {
        (
            page(&house, &theirs, 2),
            page(&house, &theirs, 3),
            told(&house, &theirs),
        )
    };
    page_comes(&house, 2);
    assert_eq!(gets(), (404, 404, 0), "unread");
    is_read(&house, None);
    assert_eq!(gets(), (200, 404, 1));
    page_comes(&house, 3);
    assert_eq!(gets(), (200, 404, 1));
    accuses(&house, OFFICE);
    assert_eq!(gets(), (200, 404, 1));
    judge(&house, &officer, "false_alarm");
    assert_eq!(gets(), (200, 200, 2));
    // Nor does one more take back what an officer judged.
    page_comes(&house, 4);
    accuses(&house, OFFICE);
    assert_eq!((gets(), page(&house, &theirs, 4)), ((200, 200, 2), 404));
}

#[test]
fn a_page_that_accuses_somebody_waits_for_an_officer_before_any_case_system_gets_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (cases, _) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(&house, &cases), 1);
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    assert_eq!((page(&house, &cases, 2), told(&house, &cases)), (404, 0));
    assert_eq!(ack(&house, &cases), "", "it was registering it this moment");
    assert_eq!((page(&house, &cases, 2), told(&house, &cases)), (404, 0));
    judge(&house, &officer, "confirmed");
    assert_eq!((page(&house, &cases, 2), told(&house, &cases)), (200, 1));
}

#[test]
fn what_turns_out_to_be_no_accusation_goes_on_its_way() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (_, theirs) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), 1);
    assert_eq!(ack(&house, &theirs), "");
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    judge(&house, &officer, "false_alarm");
    assert_eq!((page(&house, &theirs, 2), told(&house, &theirs)), (200, 1));
}

#[test]
fn a_draft_leased_to_the_office_that_a_late_page_accuses_comes_back_to_the_desk() {
    let house = House::with_roster("");
    let (cases, theirs) = systems(&house);
    house.drafted("A1");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let etag = house.get(&officer, "/v1/letters/A1").header("etag");
    let asking = officer.with("if-match", &etag);
    let confirmed = house.call(&asking, "POST", "/v1/letters/A1/confirm", Some("{}"));
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(claim(&house, &theirs), 1);
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    assert_eq!(ack(&house, &theirs), "taken_back");
    for path in [
        "/v1/drafts/A1",
        "/v1/letters/A1/pages/1",
        "/v1/letters/A1/archive.pdf",
    ] {
        assert_eq!(house.get(&theirs, path).status, 404, "{path}");
    }
    assert_eq!(
        claim(&house, &theirs) + claim(&house, &cases),
        0,
        "an officer confirms it first"
    );
    let accused = "SELECT count(*) FROM drafts WHERE body ->> '$.fields.accused[0].name' = '苏州市人民政府' AND ready_ms IS NULL";
    assert_eq!(house.count(accused), 1, "and he has it as it is now");
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let is_missed = |what: &str| what == "confirmed draft of letter A1";
    assert!(
        !rows.faults.iter().any(|fault| is_missed(&fault.what)),
        "that it waits for a confirmation of its own is no break"
    );
}

#[test]
fn a_late_page_that_cannot_be_read_waits_for_an_officer_who_looks_at_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (_, theirs) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), 1);
    assert_eq!(ack(&house, &theirs), "");
    page_comes(&house, 2);
    house.sql("UPDATE pages SET state = 'unreadable' WHERE state = 'unread'; UPDATE letters SET last_arrival_ms = 2");
    let mut now = super::house::draft("A1");
    with_pages(&house, &mut now);
    now.notes = vec!["page_unreadable: 2 (damaged)".into()];
    let offer = house.app.settings.handoff.offer;
    let kept = house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&now, offer));
    kept.unwrap();
    assert_eq!((page(&house, &theirs, 2), told(&house, &theirs)), (404, 0));
    judge(&house, &officer, "false_alarm");
    assert_eq!((page(&house, &theirs, 2), told(&house, &theirs)), (200, 1));
}

/// It reached nobody: the office that registered the letter may not have it, and it could not be taken out of the letter.
#[test]
fn a_later_page_that_accuses_the_office_becomes_a_letter_of_its_own() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let (_, theirs) = systems(&house);
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), 1);
    assert_eq!(ack(&house, &theirs), "");
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    let split = |page: u32| {
        let body = json!({"pages": [page], "reason": "补页另立一封"});
        house.post(&officer, "/v1/letters/A1/pages/move", body)
    };
    let why = json!({"reason": "核对补页"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    assert_eq!(
        split(2).code(),
        "already_registered",
        "nobody has judged it"
    );
    let offers_it = || {
        house
            .get(&officer, "/letters/A1")
            .text
            .contains("id=\"to-part\"")
    };
    assert!(!offers_it());
    judge(&house, &officer, "confirmed");
    assert!(offers_it(), "with a form on its page");
    assert_eq!(split(1).code(), "already_registered", "that page it has");
    let made = split(2);
    assert_eq!(made.status, 200, "{}", made.text);
    let letter = made.json()["letter"].as_str().unwrap().to_owned();
    let at = |letter: &str, stage: &str| {
        let of =
            format!("SELECT count(*) FROM letters WHERE id = '{letter}' AND stage = '{stage}'");
        house.count(&of)
    };
    assert!(!offers_it());
    assert_eq!((at("A1", "registered"), at(&letter, "reading")), (1, 1));
    // The first page's file is not there in this house.
    assert_eq!(
        (page(&house, &theirs, 1), page(&house, &theirs, 2)),
        (500, 404)
    );
}

/// Its later page is unread, and may accuse that office; what the office has says the alert already.
#[test]
fn the_holder_of_a_draft_keeps_its_alerts_while_a_later_page_is_unread() {
    let house = House::with_roster("");
    let (_, theirs) = systems(&house);
    let flag = || {
        Some(laixin::domain::draft::Flag {
            value: true,
            ..Default::default()
        })
    };
    for letter in ["A1", "B1"] {
        house.drafted_as(letter, |draft| draft.fields.flags.threat = flag());
        house.confirmed(letter);
    }
    let told = || {
        let listed = house.get(&theirs, "/v1/alerts").json();
        let items = listed["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|alert| alert["letter"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let claims = house.post(&theirs, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claims.json()["drafts"][0]["id"], "A1");
    assert_eq!(told(), ["A1", "B1"]);
    page_comes(&house, 2);
    house.sql("UPDATE letters SET last_arrival_ms = unixepoch('subsec') * 1000 + 5");
    assert_eq!(told(), ["A1"], "of one that it does not hold it waits");
}
