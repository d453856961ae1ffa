//! A person names whom a letter accuses: restriction, recusal, conflict and the hand-over follow at once, and nobody is taken off silently.

use laixin::domain::access::{InterestKind, Relation};
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};
use super::late::system_of;

const OFFICE: &str = "姑苏区城市管理局局长";

fn claimed(house: &House, caller: &Caller) -> usize {
    let claims = house.post(caller, "/v1/drafts/claims", json!({"limit": 10}));
    claims.json()["drafts"].as_array().unwrap().len()
}

fn name_accused(house: &House, caller: &Caller, accused: Value) -> Answer {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let body = json!({"accused": accused}).to_string();
    let caller = caller.with("if-match", &etag);
    house.call(&caller, "PATCH", "/v1/letters/A1/fields", Some(&body))
}

fn ack(house: &House, caller: &Caller) -> Answer {
    house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "C-1"}))
}

#[test]
fn a_missing_accused_is_named_by_a_person_and_the_draft_comes_back_from_his_office() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let cases = house.machine("cases", Scope::CaseSystem);
    let theirs = system_of(&house, "苏州市姑苏区城市管理局");
    let declared = house.app.store.wait(|db| {
        db.declare_interest(
            "li",
            (InterestKind::Name, Relation::Relative, "王大明"),
            "li",
        )
    });
    declared.unwrap();
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claimed(&house, &theirs), 1, "nobody knows whom it accuses");
    let named = json!({"named": [{"name": "王大明", "office": OFFICE}]});
    let told = name_accused(&house, &zhang, named);
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(
        told.json()["draft"]["draft"]["fields"]["accused"][0]["office"],
        OFFICE
    );
    // His office's system has it no longer, and cannot register it any more.
    assert_eq!(ack(&house, &theirs).code(), "taken_back");
    assert_eq!(house.get(&theirs, "/v1/drafts/A1").status, 404);
    assert_eq!(claimed(&house, &theirs), 0);
    assert_eq!(claimed(&house, &cases), 0, "a person looks at it first");
    assert_eq!(house.get(&li, "/v1/letters/A1").code(), "not_found");
    assert_eq!(house.get(&zhang, "/v1/letters/A1").code(), "restricted");
    let why = json!({"reason": "核对被举报人"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    house.sql("UPDATE holds SET resolved_ms = 1, resolved_by = 'wang', note = '已请对方删除'");
    let etag = house.get(&officer, "/v1/letters/A1").header("etag");
    let confirm = officer.with("if-match", &etag);
    let confirmed = house.call(&confirm, "POST", "/v1/letters/A1/confirm", Some("{}"));
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(claimed(&house, &theirs), 0);
    assert_eq!(claimed(&house, &cases), 1);
    assert_eq!(ack(&house, &cases).status, 200);
    let taken_back =
        "SELECT count(*) FROM ledger WHERE action = 'draft.taken_back' AND actor = 'zhang'";
    assert_eq!(house.count(taken_back), 1);
    // The letter itself was put there by the test; what people did with its draft is vouched for.
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_draft = |what: &str| {
        ["draft", "correction", "restriction", "recusal"]
            .iter()
            .any(|word| what.contains(word))
    };
    assert!(
        !rows.faults.iter().any(|fault| of_draft(&fault.what)),
        "{:?}",
        rows.faults
    );
}

#[test]
fn a_draft_with_a_system_that_is_not_accused_stays_there() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    assert_eq!(claimed(&house, &cases), 1);
    let named = json!({"named": [{"name": "王大明"}]});
    assert_eq!(
        name_accused(&house, &zhang, named).code(),
        "with_case_system"
    );
    assert_eq!(ack(&house, &cases).status, 200);
    assert_eq!(house.count("SELECT count(*) FROM restrictions"), 0);
}

#[test]
fn naming_the_addressee_as_accused_stops_the_hand_over() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", |draft| {
        draft.fields.addressee.value = Some("林建国".into());
    });
    assert_eq!(claimed(&house, &cases), 1);
    let named = json!({"named": [{"name": "林建国"}]});
    assert_eq!(name_accused(&house, &zhang, named).status, 200);
    assert_eq!(ack(&house, &cases).code(), "taken_back");
    assert_eq!(house.get(&cases, "/v1/drafts/A1").status, 404);
    assert_eq!(claimed(&house, &cases), 0);
}

#[test]
fn an_accused_is_taken_away_only_with_a_reason_that_stands_in_the_ledger() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.accused = vec![laixin::domain::draft::Accused {
            name: "王大明".into(),
            ..Default::default()
        }];
    });
    let why = json!({"reason": "核对被举报人"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    let silent = name_accused(&house, &officer, json!({"named": []}));
    assert_eq!(silent.code(), "correction_invalid");
    assert!(
        silent.text.contains("a reason is needed"),
        "{}",
        silent.text
    );
    let said = json!({"named": [], "reason": "读错，来信未举报任何人"});
    assert_eq!(name_accused(&house, &officer, said).status, 200);
    let kept = "SELECT count(*) FROM ledger WHERE action = 'draft.corrected' AND detail LIKE '%读错，来信未举报任何人%'";
    assert_eq!(house.count(kept), 1);
    // It stays restricted until somebody opens it.
    assert_eq!(
        house.count("SELECT count(*) FROM restrictions WHERE state = 'restricted'"),
        1
    );
}

/// One person alone would send the letter to the office that it accuses.
#[test]
fn who_takes_an_accused_away_is_an_officer_and_confirms_nothing() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.accused = vec![laixin::domain::draft::Accused {
            name: "苏州市信访局".into(),
            ..Default::default()
        }];
    });
    // The fixture's officer had opened it to everybody.
    house.sql("DELETE FROM restrictions");
    let none = json!({"named": [], "reason": "没有被举报人"});
    let his = name_accused(&house, &zhang, none.clone());
    assert_eq!((his.status, his.code().as_str()), (409, "officer_needed"));
    let more = json!({"named": [{"name": "苏州市信访局"}, {"name": "王大明"}]});
    assert_eq!(name_accused(&house, &zhang, more).status, 200);
    let grant = json!({"user": "zhang", "reason": "经办此信"});
    let granted = house.post(&officer, "/v1/letters/A1/access", grant);
    assert_eq!(granted.status, 200, "{}", granted.text);
    for caller in [&zhang, &officer] {
        let why = json!({"reason": "核对被举报人"});
        let look = house.post(caller, "/v1/letters/A1/views", why);
        assert_eq!(look.status, 200, "{}", look.text);
    }
    assert_eq!(name_accused(&house, &officer, none).status, 200);
    let confirm = |caller: &Caller| {
        let etag = house.get(caller, "/v1/letters/A1").header("etag");
        let caller = caller.with("if-match", &etag);
        house.call(&caller, "POST", "/v1/letters/A1/confirm", Some("{}"))
    };
    assert_eq!(confirm(&officer).code(), "same_person");
    let his = confirm(&zhang);
    assert_eq!(his.status, 200, "{}", his.text);
}

fn confirm(house: &House, caller: &Caller) -> Answer {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let caller = caller.with("if-match", &etag);
    house.call(&caller, "POST", "/v1/letters/A1/confirm", Some("{}"))
}

fn looks(house: &House, caller: &Caller) {
    let why = json!({"reason": "核对被举报人"});
    let look = house.post(caller, "/v1/letters/A1/views", why);
    assert_eq!(look.status, 200, "{}", look.text);
}

/// It reads as an accusation, and names nobody.
fn accuses_nobody_named(draft: &mut laixin::domain::draft::Draft) {
    draft.fields.purpose.value = Some("检举控告".into());
}

/// What its system would be told of drafts.
fn told(house: &House) -> usize {
    let channel = laixin::store::Channel {
        name: "webhook/office".into(),
        kinds: vec![laixin::domain::outgoing::Kind::DraftReady],
        unit: Some("苏州市信访局".into()),
        holder: None,
    };
    let queued = house.app.store.wait(move |db| {
        db.queue_messages(&channel, || "m1".to_owned())?;
        db.due_messages(&channel, 9)
    });
    queued.unwrap().len()
}

/// A reviewer's letter accused the head of the office in words that the reading did not know: one person confirmed it, and his office had it.
#[test]
fn an_accusation_in_which_nobody_was_read_goes_to_no_office_before_an_officer_has_said_of_whom() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let zhang = house.person("zhang", Role::Operator);
    let theirs = system_of(&house, "苏州市信访局");
    house.drafted_as("A1", accuses_nobody_named);
    looks(&house, &officer);
    let refused = confirm(&house, &officer);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "accused_unknown")
    );
    let page = house.get(&officer, "/letters/A1").text;
    assert!(page.contains("id=\"nobody-why\"") && page.contains("没有举报任何单位或其人员"));
    // An operator on its list may name somebody, but not say that it is nobody.
    let grant = json!({"user": "zhang", "reason": "经办此信"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/access", grant).status,
        200
    );
    looks(&house, &zhang);
    assert!(!house.get(&zhang, "/letters/A1").text.contains("nobody-why"));
    let nobody = json!({"named": [], "reason": "举报的是邻居，不是单位人员"});
    assert_eq!(
        name_accused(&house, &zhang, nobody.clone()).code(),
        "officer_needed"
    );
    // Without a reason it is no word, and another purpose makes it none either.
    assert_eq!(
        name_accused(&house, &officer, json!({"named": []})).status,
        200
    );
    assert_eq!(confirm(&house, &officer).code(), "accused_unknown");
    let etag = house.get(&zhang, "/v1/letters/A1").header("etag");
    let other = json!({"purpose": {"value": "投诉请求"}}).to_string();
    let patched = house.call(
        &zhang.with("if-match", &etag),
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&other),
    );
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(confirm(&house, &zhang).code(), "accused_unknown");
    assert_eq!(name_accused(&house, &officer, nobody).status, 200);
    assert!(
        !house
            .get(&officer, "/letters/A1")
            .text
            .contains("nobody-why")
    );
    let confirmed = confirm(&house, &officer);
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(
        (claimed(&house, &theirs), told(&house)),
        (1, 0),
        "claimed, so not told any more"
    );
}

#[test]
fn where_officers_confirm_elsewhere_no_office_is_offered_an_accusation_in_which_nobody_was_read() {
    let house = House::offering("read");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "苏州市信访局");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", accuses_nobody_named);
    assert_eq!((claimed(&house, &theirs), told(&house)), (0, 0));
    for path in [
        "/v1/drafts/A1",
        "/v1/letters/A1/pages/1",
        "/v1/letters/A1/archive.pdf",
    ] {
        assert_eq!(house.get(&theirs, path).status, 404, "{path}");
    }
    assert_eq!(
        house.get(&cases, "/v1/drafts/A1").status,
        200,
        "of no office"
    );
    looks(&house, &officer);
    let named = json!({"named": [{"name": "王大明", "office": OFFICE}]});
    assert_eq!(name_accused(&house, &officer, named).status, 200);
    house.confirmed("A1");
    assert_eq!(
        (told(&house), claimed(&house, &theirs)),
        (1, 1),
        "another office is accused"
    );
}

/// The word was about the pages that were there.
#[test]
fn that_nobody_is_accused_is_said_again_once_another_page_came() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", accuses_nobody_named);
    looks(&house, &officer);
    let nobody = json!({"named": [], "reason": "举报的是邻居，不是单位人员"});
    assert_eq!(name_accused(&house, &officer, nobody).status, 200);
    house.sql("UPDATE letters SET last_arrival_ms = unixepoch() * 1000 + 60000");
    assert_eq!(confirm(&house, &officer).code(), "accused_unknown");
}

#[test]
fn an_accused_is_respelt_beside_what_stands_there_and_his_office_is_an_officers_to_take_away() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.accused = vec![laixin::domain::draft::Accused {
            name: "张海涛".into(),
            office: Some("姑苏区城市管理局局长".into()),
            ..Default::default()
        }];
    });
    house.sql("DELETE FROM restrictions");
    let (known, office) = (
        json!({"name": "张海涛", "office": "姑苏区城市管理局局长"}),
        "姑苏区城市管理局局长",
    );
    for other in [
        json!({"name": "张海滔", "office": office}),
        json!({"name": "张海涛", "office": "某镇镇长"}),
        json!({"name": "张海涛"}),
    ] {
        let his = json!({"named": [other], "reason": "写法不对"});
        let his = name_accused(&house, &zhang, his);
        assert_eq!((his.status, his.code().as_str()), (409, "officer_needed"));
        assert!(his.text.contains("add the right spelling"), "{}", his.text);
    }
    let both = json!({"named": [known, {"name": "张海滔", "office": office}]});
    assert_eq!(name_accused(&house, &zhang, both).status, 200);
    let why = json!({"reason": "核对被举报人"});
    let look = house.post(&officer, "/v1/letters/A1/views", why);
    assert_eq!(look.status, 200, "both restrict: {}", look.text);
    let right = json!({"named": [{"name": "张海滔"}], "reason": "原件写作“滔”"});
    assert_eq!(name_accused(&house, &officer, right).status, 200);
    let etag = house.get(&officer, "/v1/letters/A1").header("etag");
    let caller = officer.with("if-match", &etag);
    let confirmed = house.call(&caller, "POST", "/v1/letters/A1/confirm", Some("{}"));
    assert_eq!(confirmed.code(), "same_person");
}

#[test]
fn a_unit_read_as_accused_restricts_and_is_nothing_of_which_today_tells_an_operator() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.accused = vec![laixin::domain::draft::Accused {
            name: "苏州市信访局".into(),
            ..Default::default()
        }];
        draft.fields.flags.crime_clue = Some(laixin::domain::draft::Flag {
            value: true,
            ..Default::default()
        });
    });
    assert_eq!(house.get(&zhang, "/v1/letters/A1").code(), "restricted");
    let alerts = |caller: &Caller| {
        let page = house.get(caller, "/today").text;
        let from = page.find("/letters/A1").unwrap_or(page.len());
        (page.contains("无法识别"), page.contains("信件 A1"), from)
    };
    let (unreadable, told, _) = alerts(&zhang);
    assert!(
        !unreadable && !told,
        "nothing of it, and no page was unreadable"
    );
    let (unreadable, told, _) = alerts(&officer);
    assert!(
        !unreadable && told,
        "that there is something, before he says why he looks"
    );
}

#[test]
fn the_list_of_drafts_shows_people_no_whole_number_and_a_case_system_everything() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", |draft| {
        draft.fields.id_number.field.value = Some("32050419900101123X".into());
        draft.fields.address.value = Some("江苏省苏州市姑苏区彩虹新村38幢".into());
        draft.fields.summary = "住江苏省苏州市姑苏区彩虹新村38幢，电话13812345678。".into();
    });
    let hidden = ["32050419900101123X", "彩虹新村38幢", "13812345678"];
    let shows = |caller: &Caller, path: &str| {
        let text = house.get(caller, path).text;
        hidden.iter().filter(|one| text.contains(**one)).count()
    };
    assert_eq!(shows(&zhang, "/v1/drafts"), 0);
    assert!(house.get(&zhang, "/v1/drafts").text.contains("138****5678"));
    assert_eq!(shows(&zhang, "/v1/drafts/A1"), 3, "a look on record");
    assert_eq!(shows(&cases, "/v1/drafts"), 3);
}

/// Somebody whose account carries the name of the accused opened the letter, took himself off it and lifted its restriction.
#[test]
fn the_accused_never_sees_the_letter_whether_he_declared_his_name_or_not() {
    let house = House::with_roster("");
    let himself = house.person("钱正阳", Role::ConfirmingOfficer);
    let colleague = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.accused =
            serde_json::from_value(json!([{"name": "钱局长", "quote": ""}])).unwrap();
    });
    let why = json!({"reason": "办理本件"});
    let status = |caller: &Caller| {
        house
            .post(caller, "/v1/letters/A1/views", why.clone())
            .status
    };
    assert_eq!((status(&himself), status(&colleague)), (404, 200));
    // An account that is made later: letters that are there already are kept from it, too.
    house.drafted_as("A2", |draft| {
        draft.fields.accused =
            serde_json::from_value(json!([{"name": "汤继红", "quote": ""}])).unwrap();
    });
    let later = house.person("汤继红", Role::ConfirmingOfficer);
    let views = |caller: &Caller, letter: &str| {
        house
            .post(caller, &format!("/v1/letters/{letter}/views"), why.clone())
            .status
    };
    assert_eq!((views(&later, "A2"), views(&later, "A1")), (404, 200));
}

/// He had declared his office, and letters that accuse its head by name and title came to him.
#[test]
fn a_declared_office_covers_whoever_holds_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let declared = house.app.store.wait(|db| {
        db.declare_interest(
            "wang",
            (InterestKind::Unit, Relation::Own, "市信访局"),
            "wang",
        )
    });
    declared.unwrap();
    let traditional = house.person("liu", Role::ConfirmingOfficer);
    let declared = house.app.store.wait(|db| {
        db.declare_interest(
            "liu",
            (InterestKind::Unit, Relation::Own, "蘇州市信訪局"),
            "liu",
        )
    });
    declared.unwrap();
    for (letter, accused) in [
        ("A1", "钱正阳"),
        ("A2", "钱局长"),
        ("A3", "信访局局长"),
        ("A4", "汤继红"),
    ] {
        house.drafted_as(letter, |draft| {
            draft.fields.accused =
                serde_json::from_value(json!([{"name": accused, "quote": ""}])).unwrap();
        });
        for caller in [&officer, &traditional] {
            let seen = house.post(
                caller,
                &format!("/v1/letters/{letter}/views"),
                json!({"reason": "办理本件"}),
            );
            let is_open = seen.status == 200;
            assert_eq!(is_open, letter == "A4", "{accused}: {}", seen.text);
        }
    }
}
