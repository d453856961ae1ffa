//! Letters set line by line, and what must be registered from them.

use crate::domain::draft::Fields;
use crate::domain::extract::{extract, extract_by_roster};
use crate::domain::field::Source;
use crate::domain::roster::{Leader, Organisation, Roster};
use crate::domain::text::{Line, PageKind, PageText};

/// The office of an invented town.
pub(super) fn roster() -> Roster {
    let leader = |name: &str, title: &str, alias: &[&str], rank| Leader {
        name: name.into(),
        title: title.into(),
        alias: alias.iter().map(|a| (*a).into()).collect(),
        rank,
    };
    let org = |name: &str, alias: &[&str], order| Organisation {
        name: name.into(),
        alias: alias.iter().map(|a| (*a).into()).collect(),
        order,
    };
    Roster {
        station: "临江市信访局".into(),
        leaders: vec![
            leader("丁文远", "中共临江市委书记", &["市委书记", "丁书记"], 1),
            leader("霍国梁", "临江市人民政府市长", &["市长", "霍市长"], 2),
            leader("邵秋月", "临江市人民政府副市长", &["副市长", "邵副市长"], 5),
            leader("邵建民", "临江市信访局局长", &["信访局局长", "邵局长"], 8),
        ],
        orgs: vec![
            org("中共临江市委员会", &["临江市委", "市委"], 1),
            org("临江市人民政府", &["临江市政府", "市政府"], 3),
            org("临江市信访局", &["市信访局", "临江市信访办"], 8),
        ],
        outside: vec!["汉东省人民政府".into(), "国家信访局".into()],
    }
}

/// A letter page with one line a row.
pub(super) fn page(n: u32, kind: PageKind, rows: &[&str]) -> PageText {
    let lines = rows.iter().enumerate().map(|(i, text)| {
        let (y, right) = (
            200.0 + 120.0 * i as f32,
            200.0 + 80.0 * text.chars().count() as f32,
        );
        Line {
            text: (*text).into(),
            raw: (*text).into(),
            quad: [[200.0, y], [right, y], [right, y + 90.0], [200.0, y + 90.0]],
            confidence: 0.98,
            chars: Vec::new(),
            vertical: false,
        }
    });
    PageText {
        n,
        kind,
        width: 2400,
        height: 3500,
        lines: lines.collect(),
    }
}

/// An envelope: recipient above, sender below.
pub(super) fn envelope(recipient: &str, sender: &[&str]) -> PageText {
    let mut front = page(9, PageKind::Envelope, &[]);
    (front.width, front.height) = (2600, 1300);
    let mut put = |text: &str, x: f32, y: f32| {
        let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
        let shift = [x - line.quad[0][0], y - line.quad[0][1]];
        line.quad = line.quad.map(|p| [p[0] + shift[0], p[1] + shift[1]]);
        front.lines.push(line);
    };
    put("汉东省临江市滨河路1号", 260.0, 350.0);
    put(recipient, 400.0, 520.0);
    for (i, text) in sender.iter().enumerate() {
        put(text, 1100.0, 800.0 + 110.0 * i as f32);
    }
    front
}

pub(super) fn letter(rows: &[&str]) -> Fields {
    all_of(&[page(1, PageKind::Letter, rows)])
}

pub(super) fn with_envelope(rows: &[&str], front: PageText) -> Fields {
    all_of(&[page(1, PageKind::Letter, rows), front])
}

/// What is registered; whoever looks at another roster before it is put in force has to be told the same of it.
pub(super) fn all_of(pages: &[PageText]) -> Fields {
    let fields = extract(pages, &roster(), Some("2025-06-30"));
    let looked_at = extract_by_roster(pages, &roster());
    assert_eq!(looked_at.addressee.value, fields.addressee.value);
    assert_eq!(looked_at.accused, fields.accused);
    fields
}

const HEAD: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

fn signed(tail: &[&str]) -> Vec<String> {
    HEAD.iter()
        .chain(["此致", "敬礼"].iter())
        .chain(tail)
        .map(|s| (*s).to_owned())
        .collect()
}

fn registered(tail: &[&str]) -> Fields {
    let rows = signed(tail);
    letter(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn value(field: &crate::domain::field::Field) -> &str {
    field.value.as_deref().unwrap_or("")
}

#[test]
fn signature_wins_over_names_in_the_body() {
    let fields = letter(&[
        "霍市长：",
        "包工头李四拖欠工资，王五可以作证。",
        "请求查处。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ]);
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(fields.sender_name.source, Source::LetterSignature);
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/1"));
}

#[test]
fn signature_written_with_gaps_is_one_name() {
    assert_eq!(
        value(&registered(&["汪 小 满", "2025.3.4"]).sender_name),
        "汪小满"
    );
}

#[test]
fn label_without_colon_and_misread_label() {
    assert_eq!(value(&registered(&["反映人 汪小满"]).sender_name), "汪小满");
    assert_eq!(value(&registered(&["来信入:汪小满"]).sender_name), "汪小满");
}

#[test]
fn joint_is_five_not_four() {
    let four = registered(&["联名人签名：", "丁一山　　汪小满", "邓长河　　温雅"]);
    assert!(!four.joint.is_joint);
    assert_eq!(four.joint.count, 4);
    let five = registered(&["联名人签名：", "丁一山　　汪小满", "邓长河　　温雅　　卢亮"]);
    assert!(five.joint.is_joint);
    assert_eq!(five.joint.count, 5);
    assert_eq!(five.sender_name.rule.as_deref(), Some("7.4.2.2/joint/4"));
}

#[test]
fn units_count_like_persons() {
    let rows = [
        "联名人签名：",
        "丁一山　　汪小满　　邓长河　　温雅",
        "临江鸿运船务有限公司",
    ];
    let fields = registered(&rows);
    assert!(fields.joint.is_joint);
    assert_eq!(fields.joint.count, 5);
}

const SEVEN: [&str; 3] = [
    "联名人签名：",
    "丁一山　　汪小满　　邓长河　　温雅",
    "卢亮　　石国栋13912345678　　熊梅",
];

#[test]
fn phone_holder_comes_first() {
    let rows = signed(&SEVEN);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let fields = with_envelope(&rows, envelope("霍市长 收", &["汪小满 寄"]));
    assert_eq!(value(&fields.sender_name), "石国栋");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/1"));
    assert_eq!(fields.joint.count, 7);
    assert_eq!(fields.phones.len(), 1);
}

#[test]
fn contact_person_before_envelope_before_first_name() {
    let list = ["联名人签名：", "丁一山　　汪小满　　邓长河　　温雅　　卢亮"];
    let with = |extra: &[&str], sender: &[&str]| {
        let rows = signed(&[extra, &list].concat());
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        with_envelope(&rows, envelope("霍市长 收", sender))
    };
    assert_eq!(
        value(&with(&["（联系人：卢亮）"], &["汪小满 寄"]).sender_name),
        "卢亮"
    );
    assert_eq!(value(&with(&[], &["汪小满 寄"]).sender_name), "汪小满");
    assert_eq!(value(&with(&[], &[]).sender_name), "丁一山");
}

#[test]
fn signatures_run_together_by_the_engine_are_parted() {
    let fields = registered(&["联名人签名：", "丁一山汪小满邓长河", "温雅　卢亮"]);
    assert_eq!(
        fields.joint.signatories,
        ["丁一山", "汪小满", "邓长河", "温雅", "卢亮"]
    );
}

#[test]
fn envelope_name_after_no_signature() {
    let rows = signed(&["2025年3月4日"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let fields = with_envelope(
        &rows,
        envelope("霍市长 收", &["临江市河东区柳林路8号", "汪小满 缄"]),
    );
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(fields.sender_name.source, Source::EnvelopeSender);
    assert_eq!(value(&fields.address), "临江市河东区柳林路8号");
    assert!(!fields.anonymous.value);
}

#[test]
fn no_signature_anywhere_is_anonymous_and_not_accepted() {
    let fields = registered(&["2025年3月4日"]);
    assert_eq!(value(&fields.sender_name), "匿名");
    assert_eq!(fields.anonymous.reason.as_deref(), Some("无署名"));
    assert!(!fields.sender_name.accepted);
}

#[test]
fn incomplete_and_false_names_are_anonymous() {
    for (tail, reason) in [
        ("反映人：汪某某", "署名不完整"),
        ("李先生", "署名不完整"),
        ("张××", "署名不完整"),
        ("一名老党员", "假名"),
        ("小区部分业主", "假名"),
        ("苏小民（化名）", "假名"),
    ] {
        let fields = registered(&[tail, "2025年3月4日"]);
        assert_eq!(fields.anonymous.reason.as_deref(), Some(reason), "{tail}");
        assert_eq!(value(&fields.sender_name), "匿名");
    }
}

#[test]
fn role_before_a_name_is_no_false_name() {
    assert_eq!(value(&registered(&["市民 汪小满"]).sender_name), "汪小满");
    assert_eq!(
        value(&registered(&["退休职工汪小满"]).sender_name),
        "汪小满"
    );
}

#[test]
fn neixiang_is_no_address() {
    let rows = signed(&["汪小满"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let fields = with_envelope(&rows, envelope("霍市长 收", &["内详"]));
    assert_eq!(fields.address.value, None);
    assert!(fields.missing().contains(&"address".to_owned()));
}

#[test]
fn recipients_address_is_never_the_senders() {
    let rows = signed(&["汪小满"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(
        with_envelope(&rows, envelope("霍市长 收", &[]))
            .address
            .value,
        None
    );
}

#[test]
fn residence_of_others_is_not_the_senders() {
    let fields = letter(&[
        "霍市长：",
        "住在柳林新村11幢底层的人家占了绿地。",
        "请求拆除。",
        "此致",
        "敬礼",
        "汪小满",
    ]);
    assert_eq!(fields.address.value, None);
    let own = letter(&[
        "霍市长：",
        "我常年住在柳林新村11幢302室，一向守法。",
        "请求拆除。",
        "此致",
        "敬礼",
        "汪小满",
    ]);
    assert_eq!(value(&own.address), "柳林新村11幢302室");
    assert_eq!(own.address.rule.as_deref(), Some("7.4.2.3/3"));
}

fn addressed(salutation: &str) -> Fields {
    letter(&[
        salutation,
        "路灯坏了。",
        "请求修理。",
        "此致",
        "敬礼",
        "汪小满",
    ])
}

#[test]
fn higher_rank_person_before_office_and_scope() {
    assert_eq!(
        value(&addressed("尊敬的霍市长、丁书记：").addressee),
        "丁文远"
    );
    assert_eq!(value(&addressed("市委、霍国梁市长：").addressee), "霍国梁");
    assert_eq!(
        value(&addressed("市信访局、市政府：").addressee),
        "临江市人民政府"
    );
    let outside = addressed("汉东省人民政府、市信访局：");
    assert_eq!(value(&outside.addressee), "临江市信访局");
    assert!(
        outside
            .addressee
            .alternatives
            .iter()
            .any(|a| a.value == "汉东省人民政府" && a.why_not.contains("范围"))
    );
}

#[test]
fn nearly_the_same_name_is_the_addressee() {
    assert_eq!(
        value(&addressed("临江市信防局：").addressee),
        "临江市信访局"
    );
    assert_eq!(
        value(&addressed("临江市信访办公室：").addressee),
        "临江市信访局"
    );
    assert_eq!(value(&addressed("市政府霍书记：").addressee), "霍国梁");
    assert_eq!(value(&addressed("霍国粱市长：").addressee), "霍国梁");
}

#[test]
fn office_of_another_place_is_not_ours() {
    assert_eq!(addressed("平川市信访局：").addressee.value, None);
    assert_eq!(addressed("临河县人民政府：").addressee.value, None);
}

#[test]
fn vice_mayor_called_mayor() {
    let fields = addressed("邵市长：");
    assert_eq!(value(&fields.addressee), "邵秋月");
    assert!(!fields.addressee.accepted, "two persons of that surname");
    assert!(
        fields
            .addressee
            .alternatives
            .iter()
            .any(|a| a.value == "邵建民")
    );
}

#[test]
fn dates_in_every_written_form() {
    for written in [
        "2025年2月17日",
        "二○二五年二月十七日",
        "二〇二五年二月十七日",
        "2025.2.17",
        "2025-02-17",
        "2025/2/17",
        "20250217",
        "25年2月17日",
    ] {
        assert_eq!(
            value(&registered(&["汪小满", written]).letter_date),
            "2025-02-17",
            "{written}"
        );
    }
}

#[test]
fn date_after_receipt_or_without_year_is_none() {
    assert_eq!(
        registered(&["汪小满", "2025年8月1日"]).letter_date.value,
        None
    );
    assert_eq!(registered(&["汪小满", "2月17日"]).letter_date.value, None);
    assert_eq!(
        registered(&["汪小满", "2025年2月30日"]).letter_date.value,
        None
    );
}

#[test]
fn phones_are_typed_normalised_and_never_repaired() {
    let fields = registered(&["汪小满", "联系电话：138-1234-5678、(0513)65227061"]);
    let values: Vec<&str> = fields
        .phones
        .iter()
        .filter_map(|p| p.field.value.as_deref())
        .collect();
    assert_eq!(values, ["13812345678", "0513-65227061"]);
    let short = registered(&["汪小满", "电话：1381234567"]);
    assert_eq!(short.phones[0].field.value, None);
    assert_eq!(short.phones[0].field.raw, ["1381234567"]);
}

#[test]
fn registered_number_is_no_phone() {
    let rows = signed(&["汪小满"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert!(
        with_envelope(&rows, envelope("霍市长 收", &["挂号 XA13712345632"]))
            .phones
            .is_empty()
    );
}

#[test]
fn id_number_with_wrong_check_digit_is_kept_and_flagged() {
    let fields = registered(&["汪小满", "身份证号：11010519491231002X"]);
    assert_eq!(fields.id_number.checksum_ok, Some(true));
    let wrong = registered(&["汪小满", "身份证号：110105194912310021"]);
    assert_eq!(value(&wrong.id_number.field), "110105194912310021");
    assert_eq!(wrong.id_number.checksum_ok, Some(false));
    assert!(!wrong.id_number.field.accepted);
}

#[test]
fn principal_of_a_proxy_is_the_sender() {
    let first = page(
        1,
        PageKind::Letter,
        &[
            "霍市长：",
            "受熊大海（父亲）书面委托，由我代为写信。",
            "请求修路。",
            "此致",
            "敬礼",
            "代理人：熊小梅",
        ],
    );
    let second = page(
        2,
        PageKind::Letter,
        &["授权委托书", "委托人：熊大海", "受委托人：熊小梅"],
    );
    let fields = extract(&[first, second], &roster(), None);
    assert_eq!(value(&fields.sender_name), "熊大海");
    let proxy = fields.proxy.expect("a proxy's letter");
    assert_eq!(proxy.agent, "熊小梅");
    assert!(proxy.authorisation_seen);
}

fn threat(sentence: &str) -> bool {
    let fields = letter(&["霍市长：", sentence, "请求修路。", "此致", "敬礼", "汪小满"]);
    fields
        .flags
        .threat
        .is_some_and(|f| f.value && f.quote.is_some())
}

#[test]
fn threats_are_raised_quoted_ones_are_not() {
    assert!(threat("再不解决我就从塔吊上跳下去。"));
    assert!(threat("一个月内没人管，我就去市政府门口拉横幅。"));
    assert!(threat("实在逼急了就和他们同归于尽。"));
    assert!(!threat("我们不会上访闹事，只希望通过写信反映。"));
    assert!(!threat("前年隔壁楼有位老人险些跳楼，幸好被拉住。"));
}

#[test]
fn every_threat_of_a_letter_is_quoted_the_surest_first() {
    let fields = letter(&[
        "霍市长：",
        "一个月内没人管，我就去市政府门口拉横幅。",
        "请求修路。",
        "实在逼急了就和他们同归于尽。",
        "此致",
        "敬礼",
        "汪小满",
    ]);
    let threat = fields.flags.threat.expect("it is looked for");
    let quote = threat.quote.expect("a quotation");
    let quoted: Vec<&str> = quote.split("……").collect();
    assert_eq!(quoted.len(), 2, "{quote}");
    assert!(
        quote.contains("横幅") && quote.contains("同归于尽"),
        "{quote}"
    );
    assert_eq!(threat.why.as_deref(), Some("扬言字词"));
}

#[test]
fn postmark_struck_over_the_stamp_still_gives_its_place() {
    let rows = signed(&["汪小满"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut front = envelope("霍市长 收", &[]);
    for (text, y, width) in [("平川", 300.0, 120.0), ("2024.5国邮政120分", 360.0, 350.0)] {
        let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
        line.quad = [
            [2100.0, y],
            [2100.0 + width, y],
            [2100.0 + width, y + 90.0],
            [2100.0, y + 90.0],
        ];
        front.lines.push(line);
    }
    let fields = with_envelope(&rows, front);
    let postmark = fields.postmark.expect("a postmark");
    assert_eq!(postmark.place.as_deref(), Some("平川"));
    assert_eq!(postmark.date, None);
    assert_eq!(value(&fields.address), "平川");
    assert!(!fields.address.accepted);
}

#[test]
fn a_postmarks_town_is_found_beside_its_imprint_its_year_and_its_province() {
    let rows = signed(&["汪小满"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    for (struck, town) in [
        (&["甘肃平川中国邮政", "2024.05.06"][..], "平川"),
        (&["甘肃平川中国邮政"], "平川"),
        (&["中国邮政平川", "2024.5国邮政120分"], "平川"),
        (&["平川中国邮政2024.05.06"], "平川"),
        (&["平川20240"], "平川"),
        (&["黑龙江齐齐哈尔中国邮政"], "齐齐哈尔"),
    ] {
        let mut front = envelope("霍市长 收", &[]);
        for (at, text) in struck.iter().enumerate() {
            let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
            let (y, width) = (300.0 + 70.0 * at as f32, 40.0 * text.chars().count() as f32);
            line.quad = [
                [2100.0, y],
                [2100.0 + width, y],
                [2100.0 + width, y + 60.0],
                [2100.0, y + 60.0],
            ];
            front.lines.push(line);
        }
        let fields = with_envelope(&rows, front);
        let place = fields.postmark.and_then(|p| p.place);
        assert_eq!(place.as_deref(), Some(town), "{struck:?}");
        assert_eq!(value(&fields.sender_name), "汪小满", "{struck:?}");
    }
}

#[test]
fn a_speck_read_as_a_dot_parts_no_name() {
    assert_eq!(
        value(&registered(&["来信人：汪·小满"]).sender_name),
        "汪小满"
    );
    let listed = registered(&["联名人签名：", "丁一山·汪小满　　邓长河"]);
    assert_eq!(listed.joint.signatories, ["丁一山", "汪小满", "邓长河"]);
    assert_eq!(
        value(&registered(&["来信人：阿卜杜·热合曼"]).sender_name),
        "阿卜杜·热合曼"
    );
}

#[test]
fn a_damp_room_is_no_address() {
    let fields = letter(&[
        "霍市长：",
        "我母亲长期住在这样阴湿的屋里。",
        "请求修缮。",
        "此致",
        "敬礼",
        "汪小满",
    ]);
    assert_eq!(fields.address.value, None);
}

#[test]
fn an_address_with_an_unreadable_figure_is_not_accepted() {
    let fields = registered(&["汪小满", "地址：临江市河东区柳林新村6幢|单元302室"]);
    assert!(fields.address.value.is_some());
    assert!(!fields.address.accepted);
}
