//! A draft that the accused office's own system had already read when somebody found out whom it accuses.

use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::draft::{Accused, DraftPage};
use laixin::domain::text::PageKind;
use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};
use super::late::{claim, page_comes, system_of};
use super::late_accusations::{OFFICE, accuses};
use super::named_offices::{self, judge, letter};

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
    house.confirmed("A1");
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
    house.confirmed("A1");
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
    house.confirmed("A1");
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

fn held(house: &House, system: &str) -> i64 {
    house.count(&format!(
        "SELECT count(*) FROM holds WHERE letter_id = 'A1' AND reason = 'accused_office_saw' AND detail = '{system}' AND resolved_ms IS NULL"
    ))
}

/// Another system held the letter by then, leased or registered, and nobody was told that the accused office had read it.
#[test]
fn an_office_that_had_the_draft_before_another_system_is_told_of_as_well() {
    for is_registered in [false, true] {
        let house = House::with_roster("");
        let theirs = system_of(&house, "市政府");
        let cases = house.machine("cases", Scope::CaseSystem);
        house.drafted("A1");
        house.confirmed("A1");
        assert_eq!(claim(&house, &theirs), ["A1"]);
        house.sql("UPDATE drafts SET lease_ms = 1");
        assert_eq!(claim(&house, &cases), ["A1"]);
        if is_registered {
            assert!(ack(&house, &cases).contains("XF-2"));
        }
        page_comes(&house, 2);
        accuses(&house, OFFICE);
        let told = (held(&house, "token/theirs"), held(&house, "token/cases"));
        assert_eq!(told, (1, 0), "registered: {is_registered}");
    }
}

/// The officer's word that a letter accuses an office told nobody that its system had it, and left it there.
#[test]
fn an_officers_word_takes_the_draft_from_the_office_and_tells_that_it_had_read_it() {
    for is_registered in [false, true] {
        let house = House::with_roster("");
        let officer = house.person("wang", Role::ConfirmingOfficer);
        let theirs = system_of(&house, "市信访局");
        letter(&house, "A1", ("市长", "请问低保如何申请？"));
        house.confirmed("A1");
        assert_eq!(claim(&house, &theirs), ["A1"]);
        if is_registered {
            assert!(ack(&house, &theirs).contains("XF-2"));
        }
        let office = json!(named_offices::OFFICE);
        let named = json!({"office": office});
        let named = house.post(&officer, "/v1/letters/A1/offices/named", named);
        assert_eq!(named.status, 200, "{}", named.text);
        assert_eq!(held(&house, "token/theirs"), 0);
        let word = judge(&house, &officer, "A1", office, true);
        assert_eq!(word.status, 200, "{}", word.text);
        let told = match is_registered {
            true => "XF-2 (token/theirs)",
            false => "token/theirs",
        };
        assert_eq!(held(&house, told), 1);
        let row = house.app.store.wait(|db| db.draft("A1")).unwrap();
        assert_eq!(
            row.claimed_by.is_some(),
            is_registered,
            "it keeps what it registered"
        );
        if !is_registered {
            assert!(ack(&house, &theirs).contains("taken_back"));
        }
    }
}

/// It was told that the letter is taken back from it as from an office that is accused, and to confirm what it gave back.
#[test]
fn a_system_that_is_not_accused_acknowledges_late_and_hears_nothing_of_an_accusation() {
    let house = House::with_roster("");
    let own = system_of(&house, "市信访局");
    let governments = house.machine_of("gov", "市政府");
    let addressed = |draft: &mut laixin::domain::draft::Draft| {
        draft.fields.addressee.value = Some("钱正阳".into());
    };
    house.drafted_as("A1", addressed);
    house.confirmed("A1");
    for system in [&own, &governments] {
        assert_eq!(claim(&house, system), ["A1"]);
        house.sql("UPDATE drafts SET lease_ms = 1");
    }
    house.drafted_again("A1", |draft| {
        addressed(draft);
        draft.pages.push(DraftPage {
            n: 2,
            kind: PageKind::Letter,
            sha256: "cc".into(),
            sm3: "dd".into(),
        });
        draft.fields.accused = vec![Accused {
            name: "钱正阳".into(),
            page: Some(2),
            ..Accused::default()
        }];
    });
    let conflict = "SELECT count(*) FROM drafts WHERE conflict IS NOT NULL AND ready_ms IS NULL";
    assert_eq!(house.count(conflict), 1);
    assert!(ack(&house, &own).contains("taken_back"));
    let nack = json!({"reason": "不属本单位"});
    let given_back = house.post(&governments, "/v1/drafts/A1/nack", nack);
    assert_eq!(given_back.code(), "not_leased");
    assert!(!given_back.text.contains("onfirm"), "{}", given_back.text);
    let late = ack(&house, &governments);
    assert!(late.contains("XF-2"), "it is registered there: {late}");
}
