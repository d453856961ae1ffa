//! A letter that speaks of an office goes to no system of that office before a confirming officer has said that it does not accuse it, whatever words it
//! uses; one that only addresses it goes as ever.

use laixin::domain::draft::{Accused, Draft};
use laixin::domain::field::Field;
use laixin::events::Event;
use laixin::store::{Channel, Role};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};
use super::late::{claim, page_comes, system_of, with_pages};

pub(super) const OFFICE: &str = "苏州市信访局";

/// What reviewers wrote in plain words: nothing of it is read as an accusation.
const PLAIN: [(&str, &str); 14] = [
    (
        "市委书记",
        "钱局长家里三套别墅，儿子开的豪车都是老板送的，他一个公务员哪来这么多钱，请上面派人看看。",
    ),
    (
        "苏州市信访局",
        "逢年过节不给你们局长送烟送酒，他就不给办，我前后送了两万块，求求领导给我做主。",
    ),
    (
        "市长",
        "钱正阳的小舅子什么都不会，却进了信访局上班，还领两份工资，老百姓都看在眼里。",
    ),
    (
        "市委书记",
        "信访局那位姓钱的一把手，收了拆迁公司的钱，我们的信交上去就没了下文。",
    ),
    (
        "苏州市信访局",
        "我找贵单位领导三次，他让我拿五千块茶水费才肯签字，请问这合理吗？",
    ),
    (
        "市纪委",
        "信访局把中央拨下来的救助款拿去买小汽车、盖办公楼，群众一分没有见到。",
    ),
    (
        "市委书记",
        "信访局老钱把我老婆叫到办公室动手动脚，我不敢报警，请组织替我说话。",
    ),
    (
        "市委书记",
        "信访办接待科的刘科长每次都要我请吃饭才肯登记，前后花了六千多元。",
    ),
    (
        "市委书记",
        "信访局把我写的信原样转给了被我告的村支书，村支书带人来砸了我家的窗户。",
    ),
    (
        "市长",
        "钱局把信访局的公车给自己老婆接送孩子，油钱都是公家报销。",
    ),
    (
        "苏州市信访局",
        "听说你局负责人在外面养了情人，房子是建筑老板给买的，影响极坏。",
    ),
    ("苏州市信访局", "上次我来，刘局长说再不送钱就不给我登记。"),
    (
        "苏州市信访局",
        "贵局把我写的信原样转给了被我告的村支书，村支书带人来砸了我家的窗户。",
    ),
    (
        "苏州市信访局",
        "上个月贵局的小王到我家来，走的时候提了两只鸡和一桶油。",
    ),
];

/// What only addresses the office, or speaks of others.
const ADDRESSING: [(&str, &str); 12] = [
    (
        "苏州市信访局",
        "我村村主任把集体的地卖给了开发商，钱不知去向，请贵局帮忙转交有关部门处理。",
    ),
    (
        "苏州市信访局",
        "物业公司经理收了停车费不给发票，希望贵局督促物价局查一查。",
    ),
    (
        "苏州市信访局",
        "我的医药费报销被医保局退回来了，请贵局领导帮我问问原因，需要补什么材料。",
    ),
    (
        "苏州市信访局",
        "我被骗子收了五万元，公安局说正在查，请信访局帮我催一催。",
    ),
    (
        "市长",
        "您好！打扰您了。建议在汽车站设置轮椅通道，方便残疾人进出，请市政府考虑。",
    ),
    (
        "钱局长",
        "钱局长，您好！我是村民，楼上邻居夜里噪音扰民，请求处理。",
    ),
    (
        "苏州市信访局",
        "我于上月向贵局递交的材料，请问何时能够答复？",
    ),
    (
        "苏州市信访局",
        "特向苏州市信访局反映如下情况：邻居装修占用了公共楼道，请协调处理。",
    ),
    (
        "苏州市信访局",
        "感谢信访局多年来的关心和支持，请求信访局派人调查处理。",
    ),
    (
        "苏州市信访局",
        "感谢贵局同志冒雨上门调解，我和邻居已经和好，特此致谢。",
    ),
    (
        "市委书记",
        "我在信访局递交过材料，接待的同志很耐心，我想知道现在办到哪一步了。",
    ),
    (
        "苏州市信访局",
        "现联名向您反映一件关系大家切身利益的事情。物业不修电梯，恳请领导派人实地查看，尽快解决。",
    ),
];

/// Thanks, requests, wishes and suggestions with somebody of the office in them, or what it did.
const COURTEOUS: [(&str, &str); 24] = [
    (
        "苏州市信访局",
        "感谢钱局长收下我的两万元，事情还是没有办成。",
    ),
    (
        "苏州市信访局",
        "感谢钱局长收下我的金镯子，可是我的房子还是被拆了。",
    ),
    (
        "苏州市信访局",
        "感谢贵局的王科长，他拿了我三万块以后，我家的房子第二天就被推平了。",
    ),
    (
        "苏州市信访局",
        "多谢贵局！多谢你们让我家破人亡，多谢钱局长收走我的养老钱。",
    ),
    (
        "苏州市信访局",
        "感谢信访局多年来对我“照顾有加”，每次来都有人在后门搜我的身，把证据材料拿走，至今一张也没有退。",
    ),
    (
        "苏州市信访局",
        "谢谢你们啊！谢谢你们把我的信送到被告手里，谢谢你们让我断了三根肋骨，真是人民的好公仆。",
    ),
    (
        "苏州市信访局",
        "祝钱局长步步高升，多收多得，他家门口排队送礼的人比我们村赶集还热闹。",
    ),
    ("苏州市信访局", "希望钱局长把从我家牵走的两头牛还给我。"),
    (
        "苏州市信访局",
        "请钱局长把从我家牵走的羊还给我，请信访局的司机不要再来抄我家的电表。",
    ),
    ("苏州市信访局", "请信访局不要再派人跟踪我和我的女儿。"),
    (
        "苏州市信访局",
        "请贵局领导管管自己人：接访大厅后门天天有人收我们的票子。",
    ),
    (
        "苏州市信访局",
        "建议贵局给每位接待员配一台验钞机，免得收到假钞的时候打骂上访的老人。",
    ),
    ("苏州市信访局", "请局长把我送去的玉镯退回来。"),
    (
        "苏州市信访局",
        "我去年向贵局反映过此事，贵局答复称已转交镇里，至今没有结果，望贵局再催一催。",
    ),
    (
        "苏州市信访局",
        "感谢信访局多年来的关心。他们派车把我送进了精神病院。",
    ),
    ("苏州市信访局", "请信访局调查门口那几个收票子的人。"),
    ("苏州市信访局", "请信访局还我的工资。"),
    ("苏州市信访局", "钱局长：三套别墅，两辆豪车。"),
    (
        "苏州市信访局",
        "我上月向贵局递交过材料，工作人员让我回去等死。",
    ),
    ("苏州市信访局", "请你们的会计把账本交出来。"),
    ("苏州市信访局", "请钱正阳同志把欠我的饭钱结了。"),
    (
        "市长",
        "感谢市政府！派来的推土机把我家祖坟挖了，感谢市长，感谢各位老爷。",
    ),
    ("市长", "请市长把我父亲的矿还给我，您的弟弟已经挖了三年。"),
    (
        "市长",
        "您去年中秋收下的那幅字画是我祖父留下的，请把字画还我。",
    ),
];

/// What its pages say, each in lines of this length.
pub(super) fn read(house: &House, letter: &str, hint: u32, lines: &[&str]) {
    let mut all = Vec::new();
    for (n, text) in lines.iter().enumerate() {
        let (top, width) = (100.0 + 60.0 * n as f64, 30.0 * text.chars().count() as f64);
        let quad = json!([
            [100.0, top],
            [100.0 + width, top],
            [100.0 + width, top + 40.0],
            [100.0, top + 40.0]
        ]);
        all.push(
            json!({"text": text, "raw": text, "quad": quad, "confidence": 0.95, "vertical": false}),
        );
    }
    house.sql(&format!(
        "INSERT INTO readings (page_id, engine, width, height, turned_deg, lines, seconds, read_ms)
         SELECT id, 'e', 2400, 3400, 0, '{}', 1.0, 1 FROM pages WHERE letter_id = '{letter}' AND max(coalesce(hint, 1), 1) = {hint}",
        Value::from(all)
    ));
}

fn letter_as(house: &House, id: &str, (to, body): (&str, &str), change: impl FnOnce(&mut Draft)) {
    house.letter(id);
    let salutation = format!("{to}：");
    let chars: Vec<char> = body.chars().collect();
    let mut lines = vec![salutation];
    lines.extend(chars.chunks(24).map(|line| line.iter().collect::<String>()));
    lines.extend([
        "此致敬礼".to_owned(),
        "来信人：陆思雨".to_owned(),
        "2026年11月20日".to_owned(),
    ]);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    read(house, id, 1, &lines);
    house.drafted_again(id, |draft| {
        draft.fields.addressee = Field {
            value: Some(to.to_owned()),
            ..Field::empty()
        };
        change(draft);
    });
}

pub(super) fn letter(house: &House, id: &str, said: (&str, &str)) {
    letter_as(house, id, said, |_| {});
}

pub(super) fn looks(house: &House, officer: &Caller, letter: &str) {
    let why = json!({"reason": "核对来信"});
    let look = house.post(officer, &format!("/v1/letters/{letter}/views"), why);
    assert_eq!(look.status, 200, "{}", look.text);
}

pub(super) fn judge(
    house: &House,
    officer: &Caller,
    letter: &str,
    office: Value,
    accuses: bool,
) -> Answer {
    house.get(officer, &format!("/letters/{letter}"));
    judge_unread(house, officer, letter, office, accuses)
}

fn judge_unread(
    house: &House,
    officer: &Caller,
    letter: &str,
    office: Value,
    accuses: bool,
) -> Answer {
    let said = json!({"office": office, "accuses": accuses, "reason": "看过原件"});
    house.post(officer, &format!("/v1/letters/{letter}/offices"), said)
}

/// What a webhook of that office would hear of letters by now.
pub(super) fn told(house: &House, unit: &str) -> Vec<String> {
    use laixin::domain::outgoing::Kind;
    let channel = Channel {
        name: "webhook/office".into(),
        kinds: vec![Kind::DraftReady, Kind::Amended],
        unit: Some(unit.into()),
        holder: None,
    };
    let told = house.app.store.wait(move |db| {
        db.queue_messages(&channel, laixin::api::password::random_hex::<16>)?;
        db.due_messages(&channel, 99)
    });
    told.unwrap()
        .into_iter()
        .map(|message| message.letter)
        .collect()
}

pub(super) fn shut(house: &House, caller: &Caller, letter: &str) {
    for path in [
        format!("/v1/drafts/{letter}"),
        format!("/v1/letters/{letter}"),
        format!("/v1/letters/{letter}/pages/1"),
        format!("/v1/letters/{letter}/pages/1/image"),
        format!("/v1/letters/{letter}/pages/1/thumbnail"),
        format!("/v1/letters/{letter}/archive.pdf"),
    ] {
        assert_eq!(house.get(caller, &path).status, 404, "{path}");
    }
    let listed = house.get(caller, "/v1/drafts").text;
    assert!(!listed.contains(&format!("\"{letter}\"")), "{listed}");
}

#[test]
fn an_accusation_in_plain_words_waits_for_an_officer_before_it_goes_to_the_office_of_which_it_speaks()
 {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let zhang = house.person("zhang", Role::Operator);
    let theirs = system_of(&house, "市信访局");
    let names: Vec<String> = (0..PLAIN.len()).map(|n| format!("P{n:02}")).collect();
    for (name, said) in names.iter().zip(PLAIN) {
        letter(&house, name, said);
        shut(&house, &theirs, name);
    }
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    assert_eq!(told(&house, "苏州信访局"), Vec::<String>::new());
    // Whoever may see it reads why; only an officer says it.
    let page = house.get(&zhang, "/letters/P05").text;
    assert!(page.contains("核准人看过并说明是否举报该单位之前") && !page.contains("data-judge"));
    assert_eq!(
        judge(&house, &zhang, "P05", json!(OFFICE), false).status,
        403
    );
    assert!(
        house
            .get(&officer, "/letters/P05")
            .text
            .contains("data-judge")
    );
    assert!(house.get(&officer, "/today").text.contains("P05"));
    let none = judge(&house, &officer, "P05", json!("苏州市教育局"), false);
    assert_eq!(none.code(), "not_found");
    // One word each: no, and it is offered; yes, and the office is accused.
    let said = judge(&house, &officer, "P05", json!("市信访局"), false);
    assert_eq!(said.status, 200, "{}", said.text);
    let word = said.json()["offices"][0].clone();
    assert_eq!(
        (
            word["by"].as_str(),
            word["reason"].as_str(),
            word["waits"].as_bool()
        ),
        (Some("wang"), Some("看过原件"), Some(false))
    );
    assert_eq!(told(&house, "苏州信访局"), ["P05"]);
    assert_eq!(claim(&house, &theirs), ["P05"]);
    let said = judge(&house, &officer, "P06", json!(OFFICE), true);
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(said.json()["restriction"]["why"], "accusation");
    looks(&house, &officer, "P06");
    let draft = house.get(&officer, "/v1/drafts/P06").json();
    assert_eq!(draft["draft"]["fields"]["accused"][0]["name"], OFFICE);
    shut(&house, &theirs, "P06");
    let entries = "SELECT count(*) FROM ledger WHERE action = 'office.judged' AND actor = 'wang' AND detail LIKE '%看过原件%'";
    assert_eq!(house.count(entries), 2);
    let cases = house.machine("cases", laixin::store::Scope::CaseSystem);
    assert_eq!(
        claim(&house, &cases).len(),
        PLAIN.len() - 1,
        "to nobody else does it matter"
    );
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let faults = rows
        .faults
        .iter()
        .filter(|fault| fault.what.contains("office"));
    assert_eq!(faults.count(), 0, "{:?}", rows.faults);
}

#[test]
fn a_letter_that_only_addresses_the_office_goes_to_it_once_it_is_confirmed() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    for (n, said) in ADDRESSING.into_iter().enumerate() {
        letter(&house, &format!("Q{n}"), said);
        house.confirmed(&format!("Q{n}"));
    }
    assert_eq!(claim(&house, &theirs).len(), ADDRESSING.len());
}

/// Thanks that were none and requests to leave off went to the accused unjudged.
#[test]
fn thanks_and_requests_that_name_somebody_or_a_deed_wait() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    let governments = house.machine_of("gov", "市政府");
    for (n, said) in COURTEOUS.into_iter().enumerate() {
        let name = format!("S{n:02}");
        letter(&house, &name, said);
        let waiting = [&theirs, &governments][usize::from(said.0 == "市长")];
        let path = format!("/v1/drafts/{name}");
        assert_eq!(house.get(waiting, &path).status, 404, "{}", said.1);
    }
}

/// The head of an office opened the letters about it, saw their alerts and let them go to it; and somebody said it of a letter that he had never opened.
#[test]
fn whoever_holds_office_there_neither_sees_nor_judges_a_letter_that_waits_for_its_sake() {
    let house = House::with_roster("");
    let head = house.person("钱正阳", Role::ConfirmingOfficer);
    let declared = house.person("wang", Role::ConfirmingOfficer);
    let other = house.person("zhao", Role::ConfirmingOfficer);
    house
        .app
        .store
        .wait(|db| {
            use laixin::domain::access::{InterestKind, Relation};
            db.declare_interest(
                "wang",
                (InterestKind::Unit, Relation::Own, "市信访局"),
                "wang",
            )
        })
        .unwrap();
    let said = "信访局的办公室里摆着三尊金佛，都是求办事的人送的。再压我的信，我就带刀去拼命。";
    letter(&house, "P1", ("市委书记", said));
    house.sql(
        "INSERT INTO alerts (letter_id, code, raised_ms, level_ms) VALUES ('P1', 'threat', 1, 1)",
    );
    for his in [&head, &declared] {
        let word = judge(&house, his, "P1", json!(OFFICE), false);
        assert_eq!(word.status, 404, "{}", word.text);
        for path in ["/letters/P1", "/v1/letters/P1", "/v1/letters/P1/pages/1"] {
            assert_eq!(house.get(his, path).status, 404, "{path}");
        }
        assert!(!house.get(his, "/v1/alerts").text.contains("P1"));
    }
    assert!(house.get(&other, "/v1/alerts").text.contains("P1"));
    let unread = judge_unread(&house, &other, "P1", json!(OFFICE), false);
    assert_eq!(unread.code(), "not_opened");
    assert_eq!(
        judge(&house, &other, "P1", json!(OFFICE), false).status,
        200
    );
    // It does not accuse it: it is a letter like others.
    for his in [&head, &declared] {
        assert_eq!(house.get(his, "/v1/letters/P1").status, 200);
    }
    let whole = house.app.store.wait(|db| db.verify_rows()).unwrap();
    assert!(
        whole
            .faults
            .iter()
            .all(|fault| !fault.what.contains("recusal")),
        "{:?}",
        whole.faults
    );
}

/// Nor whoever is asked about somebody of whom nobody knows where he works, or of an office that is not in the letter.
#[test]
fn what_the_letter_does_not_ask_is_not_answered() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    system_of(&house, "市信访局");
    letter(&house, "P1", ("市委书记", "信访局的办公室里摆着三尊金佛。"));
    for (office, told) in [
        (Value::Null, "nobody knows where he works"),
        (json!("苏州市教育局"), "苏州市教育局"),
    ] {
        let word = judge(&house, &officer, "P1", office, true);
        assert_eq!(word.code(), "not_found");
        assert!(word.text.contains(told), "{}", word.text);
    }
}

/// The cursor named what was kept from it, one letter a page.
#[test]
fn the_list_of_drafts_says_nothing_of_what_is_kept_from_a_case_system() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    letter(&house, "A1", ADDRESSING[0]);
    letter(&house, "B1", PLAIN[5]);
    letter(&house, "C1", ADDRESSING[1]);
    letter(&house, "D1", PLAIN[6]);
    for letter in ["A1", "B1", "C1", "D1"] {
        house.confirmed(letter);
    }
    let first = house.get(&theirs, "/v1/drafts?limit=1").json();
    assert_eq!(first["items"][0]["id"], "A1");
    let next = first["next"].as_str().unwrap();
    assert_eq!(next, "4131", "A1");
    let path = format!("/v1/drafts?limit=1&cursor={next}");
    let last = house.get(&theirs, &path).json();
    assert_eq!(
        (last["items"][0]["id"].as_str(), &last["next"]),
        (Some("C1"), &Value::Null)
    );
}

/// It heard that letter B1 was confirmed, which it did not find, and of D1, which another system had.
#[test]
fn events_say_nothing_of_what_is_kept_from_a_case_system() {
    use std::io::Read;
    let house = House::with_roster("");
    let governments = house.machine_of("gov", "市政府");
    letter(&house, "D1", ADDRESSING[0]);
    house.confirmed("D1");
    assert_eq!(claim(&house, &governments), ["D1"]);
    let theirs = system_of(&house, "市信访局");
    letter(&house, "A1", ADDRESSING[0]);
    letter(&house, "B1", PLAIN[5]);
    house.confirmed("A1");
    house.confirmed("B1");
    let mut stream = house.open(&theirs, "/v1/events").into_body().into_reader();
    for (letter, what) in [
        ("B1", "confirmed"),
        ("C1", "page_read"),
        ("D1", "corrected"),
        ("A1", "confirmed"),
    ] {
        house.app.events.tell(Event::Letter {
            letter: letter.into(),
            what: what.into(),
        });
    }
    let mut text = String::new();
    let mut part = [0; 4096];
    while !text.contains("A1") {
        let n = stream.read(&mut part).unwrap();
        assert!(n > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..n]));
    }
    for kept in ["B1", "C1", "D1"] {
        assert!(!text.contains(kept), "{text}");
    }
}

/// It speaks of the mayor: his office waits, and another does not.
#[test]
fn each_office_waits_for_what_speaks_of_itself() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    let governments = house.machine_of("gov", "市政府");
    letter(
        &house,
        "P08",
        (
            "苏州市信访局",
            "林市长让他弟弟的公司中标，工程质量一塌糊涂，人人皆知。",
        ),
    );
    house.confirmed("P08");
    shut(&house, &governments, "P08");
    assert_eq!(
        (
            claim(&house, &governments).len(),
            claim(&house, &theirs).len()
        ),
        (0, 1)
    );
}

/// It was confirmed and registered without that page.
#[test]
fn a_late_page_that_speaks_of_the_office_waits_for_an_officer() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市信访局");
    letter(&house, "A1", ADDRESSING[0]);
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    let acked = house.post(&theirs, "/v1/drafts/A1/ack", json!({"case_number": "C-1"}));
    assert_eq!(acked.status, 200, "{}", acked.text);
    let comes = |n: u32, said: &str| {
        page_comes(&house, n);
        read(&house, "A1", n, &[said]);
        house.sql("UPDATE pages SET state = 'read'; UPDATE letters SET last_arrival_ms = unixepoch('subsec') * 1000 - 1, stage = 'registered'");
        let mut now = super::house::draft("A1");
        with_pages(&house, &mut now);
        let offer = house.app.settings.handoff.offer;
        house
            .app
            .store
            .wait(move |db| db.insert_or_replace_draft(&now, offer))
            .unwrap();
    };
    let gets = |n: u32| {
        let page = house
            .get_bytes(&theirs, &format!("/v1/letters/A1/pages/{n}"))
            .0;
        let changes = house.get(&theirs, "/v1/amendments").json();
        (
            page,
            changes["items"].as_array().unwrap().len(),
            told(&house, "市信访局").len(),
        )
    };
    comes(
        2,
        "还有一件事，信访局老钱收了拆迁公司的钱，我们的信交上去就没了下文，请查处。",
    );
    assert_eq!(gets(2), (404, 0, 0));
    assert_eq!(
        house.get(&theirs, "/v1/drafts/A1").status,
        200,
        "what it has it keeps"
    );
    assert!(house.get(&officer, "/today").text.contains("A1"));
    assert_eq!(
        judge(&house, &officer, "A1", json!(OFFICE), false).status,
        200
    );
    assert_eq!(gets(2), (200, 1, 1));
    // Of another page he has said nothing.
    comes(3, "信访局的工作人员让我拿五千块茶水费。");
    assert_eq!(
        (gets(3), gets(2).0),
        ((404, 1, 1), 200),
        "what it was offered it keeps"
    );
    assert_eq!(
        judge(&house, &officer, "A1", json!(OFFICE), true).status,
        200
    );
    assert_eq!(gets(3), (404, 0, 0), "for good");
    let restricted = "SELECT count(*) FROM restrictions WHERE state = 'restricted' AND why = 'accusation' AND by = 'wang'";
    assert_eq!(house.count(restricted), 1);
}

/// 刘科长 and 张三 say nothing of where they work.
#[test]
fn an_accused_without_an_office_is_asked_about_once() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市信访局");
    let accuse = |id: &str, name: &str, office: Option<&str>| {
        letter_as(
            &house,
            id,
            ("市委书记", "此人敲诈群众，请求查处。"),
            |draft| {
                draft.fields.accused = vec![Accused {
                    name: name.into(),
                    office: office.map(Into::into),
                    ..Accused::default()
                }];
            },
        );
        house.confirmed(id);
    };
    accuse("K1", "刘科长", None);
    accuse("K2", "张三", None);
    accuse("K3", "王大明", Some("姑苏区城市管理局局长"));
    accuse("K4", "恒发公司", None);
    assert_eq!(claim(&house, &theirs), ["K3", "K4"]);
    looks(&house, &officer, "K1");
    assert!(
        house
            .get(&officer, "/letters/K1")
            .text
            .contains("不是苏州市信访局的人员")
    );
    assert_eq!(
        judge(&house, &officer, "K1", Value::Null, true).code(),
        "accused_unknown",
        "he names the office instead"
    );
    assert_eq!(
        judge(&house, &officer, "K1", Value::Null, false).status,
        200
    );
    assert!(
        !house
            .get(&officer, "/letters/K1")
            .text
            .contains("data-judge")
    );
    assert_eq!(claim(&house, &theirs), ["K1"]);
}

/// The page that spoke of the office is a letter of its own now.
#[test]
fn what_only_a_page_said_that_was_moved_out_holds_no_more() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    house.letter("A1");
    read(
        &house,
        "A1",
        1,
        &[
            "苏州市信访局：",
            "信访局的人收了钱，还打人骂人，我要检举控告。",
        ],
    );
    house.drafted_again("A1", |draft| {
        draft.fields.purpose.value = Some("检举控告".into())
    });
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    house.letter("B1");
    house.sql(
        "DELETE FROM readings WHERE page_id IN (SELECT id FROM pages WHERE letter_id = 'A1');
         INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) SELECT id, 'A1', 'B1', 'z', 'r', unixepoch('subsec') * 1000 + 9 FROM pages WHERE letter_id = 'A1'",
    );
    read(
        &house,
        "A1",
        1,
        &["苏州市信访局：", "楼上邻居夜里噪音扰民，请求处理。"],
    );
    house.drafted_again("A1", |_| {});
    assert_eq!(
        house.count("SELECT count(*) FROM restrictions WHERE state = 'restricted'"),
        0
    );
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    // What a person said stands.
    house.drafted_again("A1", |draft| {
        draft.fields.purpose.value = Some("检举控告".into())
    });
    house.sql("UPDATE restrictions SET state = 'restricted', by = 'wang'");
    house.drafted_again("A1", |_| {});
    assert_eq!(
        house.count("SELECT count(*) FROM restrictions WHERE state = 'restricted'"),
        1
    );
}
