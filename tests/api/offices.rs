//! Which office a case system belongs to: nothing reaches it that accuses it, by whatever name, and it learns of no letter that is not its own.

use laixin::domain::draft::{
    Accused, Draft, EarlierFrom, EarlierIs, RepeatCandidate, RepeatScores,
};
use laixin::store::{Channel, NewToken, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

fn system_of(house: &House, name: &str, unit: &str) -> Caller {
    let secret = format!("secret of {name}");
    let (new, kept) = (
        NewToken {
            name: name.into(),
            scope: Scope::CaseSystem,
            expires: None,
            unit: Some(unit.into()),
            certificate: None,
        },
        secret.clone(),
    );
    let added = house
        .app
        .store
        .wait(move |db| db.add_token(&new, &kept, "test"));
    added.unwrap();
    Caller::default().with("authorization", &format!("Bearer {secret}"))
}

fn accusing(name: &str) -> impl FnOnce(&mut Draft) {
    let accused = Accused {
        name: name.into(),
        ..Accused::default()
    };
    move |draft| draft.fields.accused = vec![accused]
}

fn claimed(house: &House, caller: &Caller) -> Vec<String> {
    let claims = house
        .post(caller, "/v1/drafts/claims", json!({"limit": 10}))
        .json();
    let ids = claims["drafts"].as_array().unwrap().iter();
    ids.map(|draft| draft["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ack(house: &House, caller: &Caller, letter: &str) -> Answer {
    let path = format!("/v1/drafts/{letter}/ack");
    house.post(caller, &path, json!({"case_number": "C-1"}))
}

#[test]
fn what_a_case_system_is_told_of_earlier_letters_names_none_that_it_may_not_see() {
    let house = House::offering("read");
    let theirs = system_of(&house, "theirs", "苏州市人民政府");
    house.drafted_as("A1", accusing("苏州市人民政府"));
    house.drafted_as("A2", |draft| {
        let repeat = &mut draft.fields.repeat;
        repeat.candidates = vec![RepeatCandidate {
            of: "A1".into(),
            from: EarlierFrom::Station,
            is: EarlierIs::Repeat,
            scores: RepeatScores {
                name: 1.0,
                address: 1.0,
                content: 0.9,
            },
            same_phone: true,
            same_id_number: false,
            moved: false,
            received_on: None,
            restricted: true,
            differs: Vec::new(),
        }];
        repeat.decide(Some("A1")).unwrap();
    });
    // Comparing anew would find nothing in these letters: what stands in the draft is what matters here.
    house.sql("UPDATE drafts SET body = json_set(body, '$.fields.repeat.candidates', json('[{\"of\":\"A1\",\"from\":\"station\",\"is\":\"repeat\",\"scores\":{\"name\":1.0,\"address\":1.0,\"content\":0.9},\"same_phone\":true,\"same_id_number\":false,\"moved\":false,\"received_on\":null,\"restricted\":true,\"differs\":[]}]'), '$.fields.repeat.of', 'A1', '$.fields.repeat.relation', 'repeat') WHERE letter_id = 'A2'");
    house.confirmed("A1");
    house.confirmed("A2");
    let claims = house.post(&theirs, "/v1/drafts/claims", json!({"limit": 10}));
    assert_eq!(claims.json()["drafts"].as_array().unwrap().len(), 1);
    let got = house.get(&theirs, "/v1/drafts/A2");
    let listed = house.get(&theirs, "/v1/drafts");
    let acked = ack(&house, &theirs, "A2");
    for told in [claims, got, listed, acked] {
        assert!(
            told.text.contains("A2") && !told.text.contains("A1"),
            "{}",
            told.text
        );
        assert!(told.text.contains("\"first\""), "{}", told.text);
    }
    let package = house
        .app
        .store
        .wait(|db| db.draft_for("token/theirs", "A2"));
    assert!(package.unwrap().fields.repeat.candidates.is_empty());
}

#[test]
fn a_case_system_learns_nothing_of_a_letter_that_it_was_never_offered() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let theirs = system_of(&house, "theirs", "苏州市人民政府");
    house.drafted_as("A1", accusing("苏州市人民政府"));
    house.drafted("A2");
    house.drafted("A3");
    house.drafted("A4");
    house.sql(
        "UPDATE drafts SET ready_ms = NULL WHERE letter_id = 'A2';
         UPDATE letters SET withheld = 'withdrawn', withheld_ms = 1 WHERE id = 'A3'",
    );
    assert_eq!(claimed(&house, &cases), ["A1", "A4"]);
    assert_eq!(ack(&house, &cases, "A4").status, 200);
    let (good, bad) = (json!({"case_number": "1"}), json!({"nonsense": 1}));
    let reason = json!({"reason": "x"});
    for letter in ["A1", "A2", "A3", "A4"] {
        let all = |id: &str| -> Vec<(u16, String)> {
            let post = |below: &str, body: &Value| {
                house.post(&theirs, &format!("/v1/drafts/{id}/{below}"), body.clone())
            };
            let get = |path: String| house.get(&theirs, &path);
            let answers = [
                post("ack", &good),
                post("ack", &bad),
                post("nack", &reason),
                get(format!("/v1/drafts/{id}")),
                get(format!("/v1/letters/{id}")),
                get(format!("/v1/letters/{id}/pages/1")),
                get(format!("/v1/letters/{id}/pages/1/thumbnail")),
                get(format!("/v1/letters/{id}/archive.pdf")),
                get(format!("/v1/letters/{id}/access")),
            ];
            let told = answers.into_iter();
            told.map(|answer| (answer.status, answer.text.replace(id, "ID")))
                .collect()
        };
        let known = all(letter);
        assert_eq!(known, all("X9"), "{letter}");
        assert!(known.iter().all(|(status, _)| *status == 404), "{known:?}");
    }
    let thing = |id: &str| house.get(&theirs, &format!("/v1/valuables/{id}")).status;
    assert_eq!(thing("1"), thing("99"));
}

#[test]
fn a_unit_by_its_short_name_is_the_office_that_a_letter_accuses() {
    let house = House::with_roster("");
    for (at, (unit, accused)) in [
        ("市政府", "苏州市人民政府"),
        ("苏州市政府", "市政府办公室"),
        ("苏州市人民政府", "市政府"),
        ("市信访局", "信访局局长"),
        ("苏州市信访局", "苏州信访局"),
        ("市委", "中共苏州市委员会"),
    ]
    .into_iter()
    .enumerate()
    {
        let letter = format!("A{at}");
        let theirs = system_of(&house, &format!("of-{at}"), unit);
        house.drafted_as(&letter, accusing(accused));
        house.confirmed(&letter);
        assert!(
            !claimed(&house, &theirs).contains(&letter),
            "{unit}: {accused}"
        );
        assert_eq!(
            house.get(&theirs, &format!("/v1/drafts/{letter}")).status,
            404
        );
        house.sql(
            "UPDATE drafts SET state = 'open', claimed_by = NULL, lease_ms = NULL, ready_ms = NULL",
        );
    }
    house.drafted_as("B1", accusing("苏州市人民政府"));
    house.confirmed("B1");
    let folder = Channel {
        name: "exchange/e".into(),
        kinds: Vec::new(),
        unit: Some("市政府".into()),
        holder: Some("exchange/e".into()),
    };
    let laid = house
        .app
        .store
        .wait(move |db| db.claim_packages(&folder, 10, || "l".into()));
    assert_eq!(laid.unwrap(), 0);
    let other = system_of(&house, "other", "昆山市人民政府");
    assert_eq!(
        claimed(&house, &other),
        ["B1"],
        "another office of the kind"
    );
}

#[test]
fn whoever_the_roster_knows_to_hold_an_office_is_of_that_office() {
    let house = House::with_roster("");
    for (at, (unit, accused)) in [
        ("苏州市人民政府", "汤继红"),
        ("市政府", "汤市长"),
        ("市信访局", "钱局长"),
        ("苏州市委", "周明远"),
    ]
    .into_iter()
    .enumerate()
    {
        let letter = format!("A{at}");
        let theirs = system_of(&house, &format!("of-{at}"), unit);
        house.drafted_as(&letter, accusing(accused));
        house.confirmed(&letter);
        assert!(
            !claimed(&house, &theirs).contains(&letter),
            "{unit}: {accused}"
        );
    }
    house.sql("UPDATE drafts SET state = 'open', claimed_by = NULL, lease_ms = NULL");
    let other = system_of(&house, "other", "苏州市教育局");
    assert_eq!(claimed(&house, &other).len(), 4);
}

#[test]
fn a_unit_that_the_roster_does_not_know_is_told_where_the_token_is_made() {
    let house = House::with_roster("");
    let admin = house.person("root", laixin::store::Role::Administrator);
    let made = |name: &str, unit: &str| {
        let body = json!({"name": name, "scope": "case_system", "unit": unit});
        house.post(&admin, "/v1/tokens", body).json()["unit_known"].clone()
    };
    assert_eq!(made("a", "市政府"), true);
    assert_eq!(made("b", "市教委办"), false);
    let listed = house.get(&admin, "/v1/tokens").json();
    assert_eq!(listed["items"][1]["unit_known"], false, "{listed}");
}

#[test]
fn a_lease_that_ran_out_hinders_a_late_acknowledgement_no_more_than_none() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let others = house.machine("others", Scope::CaseSystem);
    house.drafted("A1");
    let claim = |caller: &Caller| {
        let claims = house.post(caller, "/v1/drafts/claims", json!({"limit": 1}));
        claims.json()["drafts"][0]["lease"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let lease = claim(&cases);
    house.sql("UPDATE drafts SET lease_ms = 1");
    let theirs = claim(&others);
    let nack = json!({"reason": "not ours", "lease": theirs});
    assert_eq!(house.post(&others, "/v1/drafts/A1/nack", nack).status, 200);
    let late = json!({"case_number": "C-1", "lease": lease});
    assert_eq!(house.post(&cases, "/v1/drafts/A1/ack", late).status, 200);
}

#[test]
fn a_letter_acknowledged_late_stays_its_systems_own_without_what_nobody_confirmed() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    house.sql(
        "UPDATE drafts SET state = 'acked', claimed_by = 'token/cases', case_number = 'C-12', acked_ms = 5, ready_ms = NULL",
    );
    let own = house.get(&cases, "/v1/drafts/A1");
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(own.json()["case_number"], "C-12");
    assert_eq!(own.json()["draft"], Value::Null);
    let listed = house.get(&cases, "/v1/drafts?state=acked").json();
    assert_eq!(listed["items"][0]["id"], "A1", "{listed}");
    assert_eq!(listed["items"][0]["draft"], Value::Null);
    let others = house.machine("others", Scope::CaseSystem);
    assert_eq!(house.get(&others, "/v1/drafts/A1").status, 404);
}
