//! Roster, deadlines and thresholds set by an administrator: looked at first, in the ledger, kept over a restart, taken back.

use laixin::domain::access::Restricted;
use laixin::domain::deadline::Profile;
use laixin::domain::roster::Roster;
use laixin::office::table;
use laixin::store::{Db, Role};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House, PASSWORD};
use super::named_offices::letter;

const ROSTER: &str = "/v1/settings/roster";
const DEADLINES: &str = "/v1/settings/deadlines";

fn shipped() -> Roster {
    toml::from_str(include_str!("../../config/roster.toml")).unwrap()
}

fn look(house: &House, caller: &Caller, path: &str, body: &Value) -> Value {
    let looked = house.post(caller, path, body.clone());
    assert_eq!(looked.status, 200, "{}", looked.text);
    assert_eq!(looked.json()["applied"], false);
    looked.json()
}

/// With the number of the look, and a second person where there is one.
fn apply(
    house: &House,
    caller: &Caller,
    path: &str,
    mut body: Value,
    approver: Option<&str>,
) -> Answer {
    body["preview"] = look(house, caller, path, &body)["preview"].clone();
    if let Some(approver) = approver {
        body["approver"] = json!(approver);
        body["approver_password"] = json!(PASSWORD);
    }
    house.post(caller, path, body)
}

fn names(found: &Value, list: &str, name: &str) -> Vec<String> {
    let all = found[list].as_array().unwrap().iter();
    all.map(|one| one[name].as_str().unwrap().to_owned())
        .collect()
}

fn leaders(house: &House) -> usize {
    house
        .app
        .store
        .wait(|db| Ok(db.office_in_force()?.0.leaders.len()))
        .unwrap()
}

#[test]
fn a_roster_is_looked_at_put_in_force_kept_over_a_restart_and_taken_back() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    house.person("wang", Role::ConfirmingOfficer);
    letter(
        &house,
        "L1",
        ("周明远", "我村的路灯坏了三个月，请派人来看一看。"),
    );
    letter(
        &house,
        "L2",
        ("林伯年", "小区的自来水发黄，请派人来看一看。"),
    );
    let mut new = shipped();
    let one = new.leaders.remove(0);
    let without = json!({"table": table::written(&new)});
    let found = look(&house, &admin, ROSTER, &without);
    assert_eq!(names(&found, "entries", "name"), [one.name.as_str()]);
    assert_eq!(names(&found, "letters", "letter"), ["L1"]);
    assert_eq!(found["second_person"], true);
    assert_eq!(leaders(&house), 5, "a look changes nothing");
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE subject = 'settings/roster'"),
        0
    );
    // Nobody knows the leader any more: that lessens protection.
    assert_eq!(
        apply(&house, &admin, ROSTER, without.clone(), None).code(),
        "second_person_needed"
    );
    assert_eq!(leaders(&house), 5);
    let set = apply(&house, &admin, ROSTER, without, Some("wang"));
    assert_eq!(
        (set.status, &set.json()["applied"]),
        (200, &json!(true)),
        "{}",
        set.text
    );
    assert_eq!(leaders(&house), 4);
    let due = house
        .app
        .store
        .wait(|db| db.letters_due(laixin::clock::now(), 0))
        .unwrap();
    assert_eq!(
        due.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["L1"],
        "its draft is made anew"
    );
    let signed = "SELECT count(*) FROM ledger WHERE action = 'roster.set' AND actor = 'zhao' AND detail ->> 'approved_by' = 'wang'";
    assert_eq!(house.count(signed), 1);
    // Another start finds it, and so does whoever looks beside the station.
    let beside = Db::look_at(&house.app.settings).unwrap();
    assert_eq!(beside.roster_in_force().leaders.len(), 4);
    let looked = house.runtime.block_on(
        house
            .app
            .store
            .look(|db| Ok(db.roster_in_force().leaders.len())),
    );
    assert_eq!(looked.unwrap(), 4, "the thread that only looks");
    // Back to the file, which knows more: one person is enough.
    let back = apply(&house, &admin, ROSTER, json!({"change": 0}), None);
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(leaders(&house), 5);
    let told = house.get(&admin, "/v1/settings").json();
    let first = &told["roster_changes"];
    assert_eq!(
        (first[0]["file"].as_bool(), first[1]["approved_by"].as_str()),
        (Some(true), Some("wang"))
    );
    // And an earlier change again, by its number.
    let again = apply(
        &house,
        &admin,
        ROSTER,
        json!({"change": first[1]["change"]}),
        Some("wang"),
    );
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(leaders(&house), 4);
    let none = house.post(&admin, ROSTER, json!({"change": 1}));
    assert_eq!(none.code(), "not_found");
}

#[test]
fn what_changed_since_the_look_is_looked_at_again() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    let mut more = shipped();
    more.outside.push("中央电视台".into());
    let first = json!({"table": table::written(&more)});
    let number = look(&house, &admin, ROSTER, &first)["preview"].clone();
    more.outside.push("新华社".into());
    let other = json!({"table": table::written(&more), "preview": number});
    assert_eq!(house.post(&admin, ROSTER, other).code(), "setting_changed");
    assert_eq!(
        apply(&house, &admin, ROSTER, first.clone(), None).status,
        200
    );
    let mut late = first;
    late["preview"] = number;
    assert_eq!(house.post(&admin, ROSTER, late).code(), "setting_changed");
}

#[test]
fn a_roster_that_is_none_is_refused_in_one_sentence_and_nothing_changes() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    let good = "本站,,苏州市信访局\n领导,1,周明远,市委书记\n";
    let bad = [
        ("empty", String::new()),
        ("same_place", format!("{good}领导,1,林伯年,市长\n")),
        ("no_name", format!("{good}领导,2,<img src=x>,市长\n")),
        ("quotes", format!("{good}领导,2,\"林伯年,市长\n")),
        ("kind", "[[leaders]]\nname = \"周明远\"\n".to_owned()),
        ("number", format!("{good}单位,x,苏州市人民政府\n")),
        ("twice", format!("{good}领导,2,周明远,市长\n")),
        ("no_station", "领导,1,周明远,市委书记\n".to_owned()),
    ];
    for (reason, table) in bad {
        let refused = house.post(&admin, ROSTER, json!({"table": table}));
        assert_eq!(
            (refused.code().as_str(), refused.json()["reason"].as_str()),
            ("setting_refused", Some(reason))
        );
    }
    let huge = house.post(&admin, ROSTER, json!({"table": "领".repeat(3_500_000)}));
    assert_eq!(huge.code(), "body_too_large");
    let both = house.post(&admin, ROSTER, json!({"table": good, "change": 0}));
    assert_eq!(both.code(), "body_invalid");
    assert_eq!(leaders(&house), 5);
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE subject LIKE 'settings/%'"),
        0
    );
}

#[test]
fn a_letter_that_is_not_for_the_administrator_is_not_told() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    for id in ["L1", "SHUT"] {
        letter(
            &house,
            id,
            ("周明远", "我村的路灯坏了三个月，请派人来看一看。"),
        );
    }
    let shut = house.app.store.wait(|db| {
        db.restrict(
            "SHUT",
            laixin::domain::access::Restricted::ByHand,
            ("wang", "不宜公开"),
        )
    });
    shut.unwrap();
    let mut new = shipped();
    new.leaders.remove(0);
    let found = look(
        &house,
        &admin,
        ROSTER,
        &json!({"table": table::written(&new)}),
    );
    assert_eq!(names(&found, "letters", "letter"), ["L1"]);
}

#[test]
fn deadlines_are_chosen_among_the_profiles_and_open_letters_are_due_by_them() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    house.person("wang", Role::ConfirmingOfficer);
    let files = [
        (
            "2022.toml",
            include_str!("../../config/deadlines/2022.toml"),
        ),
        (
            "sz-2022.toml",
            include_str!("../../config/deadlines/sz-2022.toml"),
        ),
    ];
    for (name, text) in files {
        std::fs::write(house.folder.path().join(name), text).unwrap();
    }
    let of_file: Profile = toml::from_str(files[0].1).unwrap();
    house.drafted_as("L1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
    });
    house
        .app
        .store
        .wait(move |db| db.count_due_by(of_file.into()))
        .unwrap();
    let due = |house: &House| -> Vec<String> {
        let row = house.app.store.wait(|db| db.draft("L1")).unwrap();
        row.draft
            .deadlines
            .into_iter()
            .map(|one| format!("{} {}", one.name, one.due))
            .collect()
    };
    assert_eq!(due(&house), ["登记并转送 2026-03-17"]);
    let body = json!({"profile": "sz-2022"});
    let found = look(&house, &admin, DEADLINES, &body);
    assert_eq!(names(&found, "letters", "what"), ["受理告知"]);
    assert!(names(&found, "entries", "name").contains(&"告知信访人接收情况".to_owned()));
    assert_eq!(due(&house).len(), 1, "a look changes nothing");
    // Deadlines go with it: two sign.
    assert_eq!(
        apply(&house, &admin, DEADLINES, body.clone(), None).code(),
        "second_person_needed"
    );
    let set = apply(&house, &admin, DEADLINES, body, Some("wang"));
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(
        due(&house),
        ["登记并转送 2026-03-17", "受理告知 2026-03-11"]
    );
    let told = house.get(&admin, "/v1/settings").json();
    assert_eq!(
        (
            told["deadlines"].as_str(),
            told["profiles"].as_array().map(Vec::len)
        ),
        (Some("sz-2022"), Some(2))
    );
    // Another start takes it up in the place of its file.
    let again: Profile = toml::from_str(files[0].1).unwrap();
    house
        .app
        .store
        .wait(move |db| db.count_due_by(again.into()))
        .unwrap();
    assert_eq!(due(&house).len(), 2);
    let back = apply(
        &house,
        &admin,
        DEADLINES,
        json!({"change": 0}),
        Some("wang"),
    );
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(due(&house), ["登记并转送 2026-03-17"]);
    assert_eq!(
        house
            .post(&admin, DEADLINES, json!({"profile": "1999"}))
            .code(),
        "not_found"
    );
}

#[test]
fn thresholds_that_the_history_suggests_are_taken_over_and_back() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    house.person("wang", Role::ConfirmingOfficer);
    const PATH: &str = "/v1/settings/thresholds";
    let nothing = look(&house, &admin, PATH, &json!({}));
    assert_eq!(
        (&nothing["fields"], &nothing["second_person"]),
        (&json!([]), &json!(false))
    );
    let none = house.post(&admin, "/v1/settings/thresholds/undo", json!({}));
    assert_eq!(none.code(), "wrong_state");
    house.sql(
        "PRAGMA foreign_keys = OFF;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
         INSERT INTO outcomes (letter_id, field, confidence, accepted, vetoed, proposed, is_right, at_ms)
         SELECT 'H' || i, 'address', 0.5, 0, 0, 1, 1, i FROM n;",
    );
    let found = look(&house, &admin, PATH, &json!({}));
    assert_eq!(names(&found, "fields", "field"), ["address"]);
    assert_eq!(
        found["fields"][0]["becomes"],
        json!({"of": 700, "accepted": 700, "wrong": 0})
    );
    assert_eq!(
        apply(&house, &admin, PATH, json!({}), None).code(),
        "second_person_needed"
    );
    let set = apply(&house, &admin, PATH, json!({}), Some("wang"));
    assert_eq!(set.status, 200, "{}", set.text);
    let held =
        |house: &House| house.get(&admin, "/v1/settings").json()["thresholds"][1]["here"].clone();
    assert_eq!(held(&house), json!(0.5));
    // Back to a higher one: nobody else needs to sign.
    let back = apply(
        &house,
        &admin,
        "/v1/settings/thresholds/undo",
        json!({}),
        None,
    );
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(held(&house), Value::Null);
}

#[test]
fn a_threshold_is_raised_by_hand_and_never_lowered() {
    const PATH: &str = "/v1/settings/thresholds";
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    let lower = json!({"field": "address", "threshold": 0.2});
    let refused = house.post(&admin, PATH, lower);
    assert_eq!(refused.code(), "setting_refused");
    assert_eq!(refused.json()["reason"], "not_higher");
    for (body, code) in [
        (json!({"field": "weather", "threshold": 0.2}), "not_found"),
        (json!({"threshold": 0.2}), "body_invalid"),
        (
            json!({"field": "address", "threshold": 1.5}),
            "body_invalid",
        ),
    ] {
        assert_eq!(house.post(&admin, PATH, body).code(), code);
    }
    let always = json!({"field": "address"});
    let found = look(&house, &admin, PATH, &always);
    assert_eq!(names(&found, "fields", "field"), ["address"]);
    assert_eq!(found["second_person"], false, "it protects more");
    let set = apply(&house, &admin, PATH, always, None);
    assert_eq!(set.status, 200, "{}", set.text);
    let held = house.get(&admin, "/v1/settings").json()["thresholds"][1]["here"].clone();
    assert!(held.as_f64() > Some(1.0), "{held}");
}

#[test]
fn another_role_is_looked_at_and_then_given() {
    const PATH: &str = "/v1/settings/access";
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    house.person("wang", Role::Operator);
    for id in ["OPEN", "SHUT", "KEPT"] {
        house.drafted(id);
    }
    house.sql(
        "INSERT INTO restrictions (letter_id, state, why, at_ms, by) VALUES ('SHUT', 'restricted', 'by_hand', 1, 'x');
         INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('KEPT', 'zhao', 1, 'r', 'x')",
    );
    let officer = json!({"user": "wang", "role": "confirming_officer"});
    let found = look(&house, &admin, PATH, &officer);
    assert_eq!(found["before"], "operator");
    assert_eq!(
        found["gains"],
        json!(["decide_access", "countersign", "end_alarms"])
    );
    assert_eq!(found["loses"], json!([]));
    // A letter that is kept from whoever asks is not counted.
    assert_eq!(
        found["letters"],
        json!([{"before": "nothing", "after": "after_reason", "letters": 1}])
    );
    let none = json!({"user": "wang", "role": "maintenance"});
    let found = look(&house, &admin, PATH, &none);
    assert_eq!(
        found["letters"],
        json!([{"before": "whole", "after": "nothing", "letters": 1}])
    );
    let stale = json!({"user": "wang", "role": "auditor", "preview": found["preview"]});
    assert_eq!(house.post(&admin, PATH, stale).code(), "setting_changed");
    let given = apply(&house, &admin, PATH, none, None);
    assert_eq!(given.status, 200, "{}", given.text);
    assert_eq!(
        house.count("SELECT count(*) FROM users WHERE name = 'wang' AND role = 'maintenance'"),
        1
    );
    let last = json!({"user": "zhao", "role": "operator"});
    assert_eq!(house.post(&admin, PATH, last).code(), "last_administrator");
    let nobody = json!({"user": "nobody", "role": "operator"});
    assert_eq!(house.post(&admin, PATH, nobody).code(), "not_found");
}

/// What somebody recused would learn of a letter that another has open.
#[test]
fn who_works_on_a_letter_is_not_told_to_whom_it_is_kept_from() {
    let house = House::new();
    let callers: Vec<Caller> = ["li", "wang", "zhao"]
        .into_iter()
        .map(|name| house.person(name, Role::Operator))
        .collect();
    house.drafted("A1");
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'zhao', 1, 'r', 'x')");
    assert_eq!(house.get(&callers[0], "/letters/A1").status, 200);
    let at_work = |caller: &Caller| {
        let page = house.get(caller, "/today").text;
        let part = page.split_once("live-at-work").unwrap().1;
        part.split_once("</section>").unwrap().0.to_owned()
    };
    assert!(at_work(&callers[1]).contains("<b>li</b>"));
    assert!(!at_work(&callers[2]).contains("<b>li</b>"));
}

/// Neither named nor counted. Which of them change is not told: a name that is put in to be looked at would tell whom one accuses.
#[test]
fn restricted_letters_were_not_counted_before_a_roster_is_put_in_force() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    for (id, whom) in [
        ("L1", "周明远"),
        ("L2", "周明远"),
        ("L3", "林伯年"),
        ("L4", "周明远"),
    ] {
        letter(&house, id, (whom, "我村的路灯坏了三个月，请派人来看一看。"));
    }
    house.sql(
        "INSERT INTO restrictions (letter_id, state, why, at_ms, by) SELECT id, 'restricted', 'by_hand', 1, 'x' FROM letters WHERE id <> 'L1';
         INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('L4', 'zhao', 1, 'r', 'x')",
    );
    let mut new = shipped();
    new.leaders.remove(0);
    let without = json!({"table": table::written(&new)});
    let found = look(&house, &admin, ROSTER, &without);
    assert_eq!(names(&found, "letters", "letter"), ["L1"]);
    assert_eq!(
        found["restricted"], 2,
        "but for the one that is kept from him"
    );
    let same = json!({"table": table::written(&shipped())});
    assert_eq!(look(&house, &admin, ROSTER, &same)["restricted"], 0);
}

const LISTS: &str = "/v1/settings/lists";

/// Restricted as read, and as whoever of the mailroom finds it then.
fn restricted(house: &House, id: &str, why: Restricted) {
    letter(
        house,
        id,
        ("周明远", "我村的路灯坏了三个月，请派人来看一看。"),
    );
    let id = id.to_owned();
    house
        .app
        .store
        .wait(move |db| db.restrict(&id, why, ("task/read", "")))
        .unwrap();
}

#[test]
fn whoever_is_on_an_access_list_is_let_in_to_restricted_letters_of_that_kind_and_no_others() {
    let house = House::with_roster("");
    let admin = house.person("zhao", Role::Administrator);
    house.person("wang", Role::ConfirmingOfficer);
    let operator = house.person("li", Role::Operator);
    restricted(&house, "L1", Restricted::Accusation);
    restricted(&house, "L2", Restricted::ByHand);
    restricted(&house, "L3", Restricted::Secret);
    let sees = |id: &str| house.get(&operator, &format!("/v1/letters/{id}")).code();
    let all = || ["L1", "L2", "L3"].map(sees);
    assert_eq!(all(), ["restricted", "restricted", "restricted"]);
    let table = json!({"table": "li,检举控告\nzhao,检举控告\n"});
    let found = look(&house, &admin, LISTS, &table);
    assert_eq!(names(&found, "entries", "name"), ["li", "zhao"]);
    assert_eq!(found["second_person"], true);
    assert_eq!(
        apply(&house, &admin, LISTS, table.clone(), None).code(),
        "second_person_needed"
    );
    assert_eq!(all(), ["restricted", "restricted", "restricted"]);
    assert_eq!(
        apply(&house, &admin, LISTS, table, Some("wang")).status,
        200
    );
    assert_eq!(all(), ["reason_needed", "restricted", "restricted"]);
    // An administrator sees no letters, whatever list he is on.
    assert_ne!(house.get(&admin, "/v1/letters/L1").status, 200);
    let beside = Db::look_at(&house.app.settings).unwrap();
    assert!(beside.lists_in_force().let_in("li", Restricted::Accusation));
    // Taken off it is one person's to do.
    assert_eq!(
        apply(&house, &admin, LISTS, json!({"change": 0}), None).status,
        200
    );
    assert_eq!(all(), ["restricted", "restricted", "restricted"]);
    let broken = house.post(&admin, LISTS, json!({"table": "li,密级标志"}));
    assert_eq!(broken.code(), "setting_refused", "{}", broken.text);
}
