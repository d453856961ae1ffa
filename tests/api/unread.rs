//! Drafts that are offered as they are read, and the system of an office: it gets none before somebody here has read it, whatever the letter says.

use laixin::domain::outgoing::Kind;
use laixin::store::{Channel, Role, Scope};
use serde_json::json;

use super::house::{Caller, House};
use super::late::{claim, system_of};
use super::named_offices::{OFFICE, judge, letter, shut, told};

/// What a reviewer wrote: each accuses somebody of the office whose system asked, in words that no rule has; the last accuses nobody.
const OBLIQUE: [(&str, &str, &str); 5] = [
    (
        "B01",
        "市信访局领导",
        "您好！为老房子漏水的事跑了十几趟，每次都空手，没人理我。后来邻居教我，要懂规矩，我就拎了两条中华放在传达室，第三天就给我登记了。请领导看看。",
    ),
    (
        "B02",
        "尊敬的信访局同志",
        "你们好！上月八号我来反映工资的事，接待我的女同志胸牌是零三一七，她说事情好办，就是最近手头紧。我当场给了她八百块，没有收条。现在又叫我等。",
    ),
    (
        "B03",
        "市长",
        "我要反映一件怪事。就是门口挂着来信来访牌子的那幢楼里，二楼东头的老钱，把我写的材料转手就给了我告的那家厂，第二天厂里就来人骂我。",
    ),
    (
        "B15",
        "信访局",
        "上周在三号窗口，工作人员把我的住址电话大声念出来，第二天被我投诉的公司就找上门来砸了玻璃。我现在不敢回家，请想想办法。",
    ),
    ("B16", "市长", "建议在汽车站设置轮椅通道，方便残疾人进出。"),
];

fn taken_by_folder(house: &House, unit: Option<&str>) -> Vec<String> {
    let channel = Channel {
        name: "exchange/own".into(),
        kinds: vec![Kind::DraftReady],
        unit: unit.map(str::to_owned),
        holder: Some("exchange/own".into()),
    };
    let id = laixin::api::password::random_hex::<16>;
    let taken = house.app.store.wait(move |db| {
        db.claim_packages(&channel, 50, id)?;
        db.due_messages(&channel, 99)
    });
    let mut letters: Vec<String> = taken.unwrap().into_iter().map(|one| one.letter).collect();
    letters.sort();
    letters
}

#[test]
fn what_nobody_here_has_read_goes_to_no_office_own_system_whatever_it_says() {
    let house = House::with_roster("");
    let (theirs, cases) = (
        system_of(&house, "市信访局"),
        house.machine("cases", Scope::CaseSystem),
    );
    for (id, to, said) in OBLIQUE {
        letter(&house, id, (to, said));
    }
    for (id, _, _) in OBLIQUE {
        shut(&house, &theirs, id);
        let ack = json!({"case_number": "XF-1"});
        let ack = house.post(&theirs, &format!("/v1/drafts/{id}/ack"), ack);
        assert_eq!(ack.status, 404, "{id}");
        assert_eq!(house.get(&cases, &format!("/v1/drafts/{id}")).status, 200);
    }
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    assert_eq!(told(&house, "市信访局"), Vec::<String>::new());
    assert_eq!(
        taken_by_folder(&house, Some("市信访局")),
        Vec::<String>::new()
    );
    let all = OBLIQUE.map(|(id, _, _)| id);
    assert_eq!(taken_by_folder(&house, None), all);
}

#[test]
fn an_office_own_system_gets_what_an_officer_has_confirmed_or_judged() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    letter(&house, "B16", (OBLIQUE[4].1, OBLIQUE[4].2));
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    let operator = house.person("zhang", Role::Operator);
    confirmed(&house, &operator, "B16");
    shut(&house, &theirs, "B16");
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    assert_eq!(told(&house, "市信访局"), Vec::<String>::new());
    confirmed(&house, &officer, "B16");
    assert_eq!(told(&house, "市信访局"), ["B16"]);
    assert_eq!(claim(&house, &theirs), ["B16"]);
    letter(
        &house,
        "B17",
        (
            "市长",
            "我去过信访局，那天正好停电，请问还要不要再去一次登记？",
        ),
    );
    let said = judge(&house, &officer, "B17", json!(OFFICE), false);
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(claim(&house, &theirs), ["B17"]);
}

/// What it registered before the back-up was confirmed then, and is not any more.
#[test]
fn an_office_own_system_acknowledges_again_what_a_restored_station_has_not_seen_confirmed() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    letter(&house, "B16", (OBLIQUE[4].1, OBLIQUE[4].2));
    super::restored::restore(&house);
    let ack = house.post(
        &theirs,
        "/v1/drafts/B16/ack",
        json!({"case_number": "XF-1"}),
    );
    assert_eq!(ack.status, 200, "{}", ack.text);
}

fn confirmed(house: &House, officer: &Caller, letter: &str) {
    let version = house
        .get(officer, &format!("/v1/letters/{letter}"))
        .header("etag");
    let officer = officer.with("if-match", &version);
    let answer = house.post(
        &officer,
        &format!("/v1/letters/{letter}/confirm"),
        json!({}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
}
