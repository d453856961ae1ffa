//! A draft that the accused office's own system had already read when somebody found out whom it accuses.

use laixin::domain::access::{InterestKind, Relation};
use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};
use super::late::{claim, page_comes, system_of};
use super::late_accusations::{OFFICE, accuses};

fn ack(house: &House, caller: &Caller) -> String {
    let ack = json!({"case_number": "XF-2"});
    house.post(caller, "/v1/drafts/A1/ack", ack).text
}

fn opens(house: &House, officer: &Caller) {
    let why = json!({"reason": "核对补页"});
    let opened = house.post(officer, "/v1/letters/A1/views", why);
    assert_eq!(opened.status, 200, "{}", opened.text);
}

/// It was taken back, and no page, alert or finding said that the office had read it; under which number it registered it was kept nowhere.
#[test]
fn an_officer_is_told_that_the_accused_office_had_read_a_draft_that_was_taken_back() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let operator = house.person("zhang", Role::Operator);
    let recused = house.person("li", Role::ConfirmingOfficer);
    let declared = house.app.store.wait(|db| {
        let interest = (InterestKind::Unit, Relation::Own, OFFICE);
        db.declare_interest("li", interest, "li")
    });
    declared.unwrap();
    let theirs = system_of(&house, "市政府");
    house.drafted("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    for _ in 0..2 {
        assert!(ack(&house, &theirs).contains("taken_back"));
    }
    let number =
        "SELECT count(*) FROM ledger WHERE subject = 'letter/A1' AND action = 'draft.ack_refused'
        AND actor = 'token/theirs' AND detail ->> '$.case_number' = 'XF-2'";
    assert_eq!(house.count(number), 1);
    let told = |caller: &Caller| {
        let lists = ["/v1/holds", "/batches", "/today"];
        lists.map(|path| {
            let text = house.get(caller, path).text;
            text.contains("accused_office_saw") || text.contains("被控告单位的业务系统已领取过")
        })
    };
    assert_eq!(told(&officer), [true; 3]);
    assert_eq!(told(&recused), [false; 3], "he is of that office");
    assert_eq!(told(&operator), [false; 3], "the letter is restricted");
    opens(&house, &officer);
    let page = house.get(&officer, "/letters/A1").text;
    assert!(page.contains("由核准人要求该系统的管理员删去所存内容"));
    let holds = house.get(&officer, "/v1/letters/A1").json()["holds"].clone();
    let named = |n: usize| (holds[n]["reason"].clone(), holds[n]["detail"].clone());
    let why = json!("accused_office_saw");
    assert_eq!(named(0), (why.clone(), json!("token/theirs")), "{holds}");
    assert_eq!(named(1), (why, json!("XF-2 (token/theirs)")));
    let settle = |caller: &Caller, n: usize| {
        let path = format!("/v1/holds/{}/resolve", holds[n]["id"]);
        let note = json!({"note": "对方已删除并撤销登记"});
        house.post(caller, &path, note).status
    };
    assert_eq!(settle(&recused, 0), 404);
    assert_eq!(settle(&operator, 0), 403);
    assert_eq!((settle(&officer, 0), settle(&officer, 1)), (200, 200));
    assert_eq!(told(&officer), [false; 3]);
}

/// Its lease had run out: nothing was there to be taken back, and it had been read all the same.
#[test]
fn an_office_that_had_the_draft_before_is_told_of_as_well() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市政府");
    house.drafted("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    house.sql("UPDATE drafts SET lease_ms = 1");
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    let held = "SELECT count(*) FROM holds WHERE letter_id = 'A1' AND reason = 'accused_office_saw' AND detail = 'token/theirs'";
    assert_eq!(house.count(held), 1);
}

/// The title said whom it accuses: to the accused, and to an office that it did not accuse at all.
#[test]
fn a_draft_that_was_taken_back_says_nothing_of_whom_it_accuses() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市政府");
    house.drafted("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    let nack = json!({"reason": "不属本单位"});
    let given_back = house.post(&theirs, "/v1/drafts/A1/nack", nack).text;
    for told in [ack(&house, &theirs), given_back] {
        assert!(told.contains("taken_back"), "{told}");
        assert!(
            !told.contains("accus") && !told.contains("Confirm"),
            "{told}"
        );
    }
    let cases = house.machine("cases", Scope::CaseSystem);
    assert!(claim(&house, &cases).is_empty());
}
