//! Rows of the standard's list that need more than a short letter: a doubtful line, an envelope, several mentions. Named as in [`super::rules`].

use super::letters::{envelope, letter, page, roster, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::field::{Field, Source};
use crate::domain::text::{Char, PageKind, PageText};

const BODY: [&str; 5] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
    "此致",
    "敬礼",
];

fn with_tail(tail: &[&'static str]) -> Vec<&'static str> {
    BODY.iter().chain(tail).copied().collect()
}

fn under(tail: &[&'static str]) -> Fields {
    letter(&with_tail(tail))
}

/// A signed letter that begins so.
fn told(body: &[&'static str]) -> Fields {
    let mut rows = vec!["霍市长："];
    rows.extend(body);
    rows.extend(["此致", "敬礼", "来信人：汪小满", "2025年3月4日"]);
    letter(&rows)
}

fn addressed(salutation: &'static str) -> Field {
    let rows = [
        salutation,
        "路灯坏了。",
        "请求修理。",
        "此致",
        "敬礼",
        "汪小满",
    ];
    letter(&rows).addressee
}

/// The letter, whose lines with this in them nobody could read surely.
fn doubtful(rows: &[&str], part: &str) -> Fields {
    let mut sheet = page(1, PageKind::Letter, rows);
    for line in sheet.lines.iter_mut().filter(|l| l.text.contains(part)) {
        line.confidence = 0.3;
        let n = line.text.chars().count() as f32;
        let char = |(i, ch): (usize, char)| Char {
            ch,
            confidence: 0.3,
            at: (i as f32 + 0.5) / n,
            others: vec![],
            digit: None,
        };
        line.chars = line.text.chars().enumerate().map(char).collect();
    }
    extract(&[sheet], &roster(), Some("2025-06-30"))
}

fn value(field: &Field) -> &str {
    field.value.as_deref().unwrap_or_default()
}

fn rule(field: &Field) -> &str {
    field.rule.as_deref().unwrap_or_default()
}

fn lost<'a>(field: &'a Field, value: &str) -> Option<&'a str> {
    let found = field.alternatives.iter().find(|a| a.value == value);
    found.map(|a| a.why_not.as_str())
}

#[test]
fn a1_a_fax_and_a_postcard_need_no_envelope_and_a_parcel_no_letter() {
    let fax = under(&["来信人：汪小满", "2025年3月4日"]);
    assert_eq!(
        (value(&fax.sender_name), value(&fax.addressee)),
        ("汪小满", "霍国梁")
    );
    let postcard = envelope("霍市长 收", &["临江市河东区柳林路3号", "汪小满 寄"]);
    let fields = extract(&[postcard], &roster(), None);
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(value(&fields.address), "临江市河东区柳林路3号");
    let parcel = extract(
        &[page(1, PageKind::Photograph, &["核桃两斤"])],
        &roster(),
        None,
    );
    assert_eq!(parcel.sender_name.value, None, "nothing is invented");
    assert!(parcel.matters.is_empty() && parcel.summary.is_empty());
}

#[test]
fn a6_every_mention_is_listed_and_says_why_it_lost() {
    let rows = [
        "市信访局、霍市长：",
        "路灯坏了。",
        "请求修理。",
        "此致",
        "敬礼",
        "汪小满",
    ];
    let field = with_envelope(&rows, envelope("汉东省人民政府 收", &[])).addressee;
    assert_eq!(value(&field), "霍国梁");
    assert!(lost(&field, "临江市信访局").is_some_and(|why| why.contains("优先")));
    assert!(lost(&field, "汉东省人民政府").is_some_and(|why| why.contains("范围")));
}

#[test]
fn a7_d1_a_proxys_principal_is_who_is_compared_with_earlier_letters() {
    let fields = told(&["受熊大海（父亲）书面委托，由我代为写信。", "请求修路。"]);
    assert_eq!(value(&fields.sender_name), "熊大海");
    assert!(
        lost(&fields.sender_name, "汪小满").is_some(),
        "the agent is shown"
    );
    assert!(!fields.sender_name.accepted);
}

#[test]
fn c1_every_one_of_the_eight_fields_is_there_or_named_as_missing() {
    let full = with_envelope(
        &[
            "霍市长：",
            "桃园小区门口的路面塌陷，摔伤多人，请求修复。",
            "此致",
            "敬礼",
            "来信人：汪小满",
            "身份证号：11010519491231002X",
            "电话：13812345678",
            "2025年3月4日",
        ],
        envelope("霍市长 收", &["临江市河东区柳林路3号", "汪小满 寄"]),
    );
    assert!(full.missing().is_empty(), "{:?}", full.missing());
    let empty = extract(&[page(1, PageKind::Letter, &[])], &roster(), None);
    assert_eq!(empty.missing().len(), 8, "{:?}", empty.missing());
}

#[test]
fn c2_no_whole_name_in_the_letter_or_on_the_envelope_is_anonymous_by_the_third_step() {
    for (tail, sender) in [
        (&[][..], &[][..]),
        (&["一名老党员"], &["内详"]),
        (&["王某某"], &["王先生 寄"]),
    ] {
        let fields = with_envelope(&with_tail(tail), envelope("霍市长 收", sender));
        assert_eq!(value(&fields.sender_name), "匿名", "{tail:?}");
        assert_eq!(rule(&fields.sender_name), "7.4.2.2/3", "{tail:?}");
        assert!(fields.anonymous.value && fields.anonymous.reason.is_some());
    }
}

#[test]
fn c3_of_several_telephones_the_first_in_reading_order_is_registered() {
    let fields = under(&[
        "联名人签名：",
        "丁一山　　汪小满　　邓长河13812345678",
        "段美兰13987654321　　顾全福",
    ]);
    assert_eq!(value(&fields.sender_name), "邓长河");
    assert_eq!(rule(&fields.sender_name), "7.4.2.2/joint/1");
}

#[test]
fn c3_a_first_name_nobody_can_read_gives_way_to_the_first_clear_one() {
    let list = [
        "联名人签名：",
        "丁一山",
        "汪小满　　邓长河　　段美兰　　顾全福",
    ];
    assert_eq!(value(&under(&list).sender_name), "丁一山");
    let fields = doubtful(&with_tail(&list), "丁一山");
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(rule(&fields.sender_name), "7.4.2.2/joint/4");
    assert_eq!(fields.joint.count, 5, "who cannot be read still counts");
}

#[test]
fn c4_the_envelope_goes_before_a_home_told_in_the_letter_which_is_shown() {
    let front = envelope("霍市长 收", &["临江市河东区柳林路3号", "汪小满 寄"]);
    let rows = [
        "霍市长：",
        "我家住桃园新村11幢302室。",
        "请求修路。",
        "此致",
        "敬礼",
        "汪小满",
    ];
    let fields = with_envelope(&rows, front);
    assert_eq!(value(&fields.address), "临江市河东区柳林路3号");
    assert_eq!(rule(&fields.address), "7.4.2.3/2");
    assert!(lost(&fields.address, "桃园新村11幢302室").is_some());
}

#[test]
fn c4_a_postmark_alone_gives_a_place_by_the_last_step_and_is_never_accepted() {
    for place in ["平川", "甘肃平川"] {
        stamped(place);
    }
}

/// An envelope with this place in its postmark.
fn stamped(place: &str) {
    let mut front = envelope("霍市长 收", &["内详"]);
    for (text, y) in [(place, 300.0), ("2024.05.06", 400.0)] {
        let mut line = page(1, PageKind::Letter, &[text]).lines.remove(0);
        line.quad = [
            [2100.0, y],
            [2300.0, y],
            [2300.0, y + 90.0],
            [2100.0, y + 90.0],
        ];
        front.lines.push(line);
    }
    let address = with_envelope(&with_tail(&["汪小满"]), front).address;
    assert_eq!((value(&address), rule(&address)), ("平川", "7.4.2.3/4"));
    assert_eq!(address.source, Source::EnvelopePostmark);
    assert!(!address.accepted && address.signs.iter().any(|s| s.name == "veto"));
}

#[test]
fn c5_a_number_of_no_known_form_is_shown_as_read_and_registered_as_none() {
    for number in ["12812345678", "1381234567", "138123456789"] {
        let tail = ["来信人：汪小满".to_owned(), format!("电话：{number}")];
        let rows: Vec<&str> = BODY
            .iter()
            .copied()
            .chain(tail.iter().map(String::as_str))
            .collect();
        let phones = letter(&rows).phones;
        assert!(
            phones.iter().all(|p| p.field.value.is_none()),
            "{number}: {phones:?}"
        );
        assert!(
            phones
                .iter()
                .any(|p| p.field.raw.iter().any(|r| r == number)),
            "{number}"
        );
    }
}

#[test]
fn c5_c11_digits_nobody_is_sure_of_are_left_to_a_person_with_their_place() {
    let tail = [
        "来信人：汪小满",
        "电话：13812345678",
        "身份证号：11010519491231002X",
    ];
    let phones = doubtful(&with_tail(&tail), "电话").phones;
    assert!(!phones.is_empty());
    assert!(
        phones
            .iter()
            .all(|p| !p.field.accepted && p.field.quad.is_some())
    );
    let id = doubtful(&with_tail(&tail), "身份证").id_number.field;
    assert!(!id.accepted && id.quad.is_some());
}

#[test]
fn c6_of_several_organisations_the_first_of_the_establishment_and_a_person_before_them() {
    assert_eq!(
        value(&addressed("市信访局、市政府、市委：")),
        "中共临江市委员会"
    );
    assert_eq!(value(&addressed("市委、邵副市长：")), "邵秋月");
    assert_eq!(value(&addressed("国家信访局、市信访局：")), "临江市信访局");
    assert_eq!(
        addressed("国家信访局：").value,
        None,
        "outside the scope is listed, not chosen"
    );
    assert!(lost(&addressed("国家信访局："), "国家信访局").is_some());
}

#[test]
fn c7_long_short_and_misread_names_mean_one_addressee_and_say_how_they_were_written() {
    for (written, meant) in [
        ("中国共产党临江市委员会：", "中共临江市委员会"),
        ("临江市人民政府信访局：", "临江市信访局"),
        ("市委市政府信访局：", "临江市信访局"),
        ("市政府信访办：", "临江市信访局"),
        ("临江信访局：", "临江市信访局"),
        ("临江市信仿局：", "临江市信访局"),
        ("霍国良市长：", "霍国梁"),
        ("霍国粱同志：", "霍国梁"),
        ("市长霍国梁：", "霍国梁"),
    ] {
        let field = addressed(written);
        assert_eq!(value(&field), meant, "{written}");
        let as_written = written.trim_end_matches('：');
        assert!(
            field.raw.iter().any(|r| as_written.starts_with(r.as_str())),
            "{written}: {:?}",
            field.raw
        );
    }
}

#[test]
fn c8_the_summary_tells_the_main_matter_and_every_matter_has_its_place_in_the_text() {
    let fields = told(&[
        "一、老板拖欠我半年工资三万元不给。",
        "请求追讨。",
        "二、家门口的路灯坏了没人修。",
    ]);
    assert!(fields.summary.contains("工资"), "{}", fields.summary);
    assert_eq!(fields.matters.iter().filter(|m| m.main).count(), 1);
    assert!(
        fields
            .matters
            .iter()
            .all(|m| !m.ranges.is_empty() && !m.title.is_empty())
    );
}

#[test]
fn c10_a_question_a_proposal_and_thanks_are_accepted_where_nothing_else_is_wanted() {
    let thanks = ["李科长第二天就带人来修好了。", "特写信感谢，衷心感谢政府。"];
    let is_accepted = |body: &[&'static str]| told(body).purpose.accepted;
    assert!(is_accepted(&["请问失地农民怎样参加养老保险？"]));
    assert!(is_accepted(&[
        "路口没有红绿灯。",
        "建议在校门口增设红绿灯。"
    ]));
    assert!(is_accepted(&thanks));
    // Beside a request each of them may be a courtesy.
    let grievance = "老板拖欠我半年工资不给，我去了五趟都没有结果。";
    let urged = "恳请领导督促公司发放。";
    for beside in [
        "请问失地农民怎样参加养老保险？",
        "建议在校门口增设红绿灯。",
        "衷心感谢政府。",
    ] {
        let purpose = told(&[grievance, urged, beside]).purpose;
        let is_complaint = value(&purpose) == "投诉请求";
        assert!(is_complaint || !purpose.accepted, "{beside}");
    }
}

#[test]
fn c10_a_grievance_that_asks_for_nothing_is_proposed_as_a_complaint_and_never_accepted() {
    let purpose = told(&["老板拖欠我半年工资不给。"]).purpose;
    assert_eq!(value(&purpose), "投诉请求");
    assert!(!purpose.accepted);
}

#[test]
fn c11_a_number_whose_check_digit_holds_but_whose_birthday_is_none_is_kept_and_shown() {
    for number in ["110105194902300004", "110105194913310013"] {
        let tail = ["来信人：汪小满".to_owned(), format!("身份证号：{number}")];
        let rows: Vec<&str> = BODY
            .iter()
            .copied()
            .chain(tail.iter().map(String::as_str))
            .collect();
        let id = letter(&rows).id_number;
        assert_eq!(value(&id.field), number);
        assert_eq!(id.checksum_ok, Some(true), "{number}");
        assert!(
            !id.field.accepted && id.birth.is_none() && id.sex.is_none(),
            "{number}"
        );
    }
}

#[test]
fn c12_the_category_has_three_levels_of_the_list_and_the_place_is_where_it_happened() {
    for (body, category) in [
        ("老板拖欠我半年工资不给，请求追讨。", "劳动"),
        (
            "桃园小区的电梯三天两头停运，物业不修，请求更换。",
            "城乡建设",
        ),
        ("村里的鱼塘被排进污水，鱼都死了，请求查处。", "环境保护"),
    ] {
        let matter = told(&[body]).matters.remove(0);
        let path = matter.category.unwrap_or_default();
        assert_eq!(
            path.split('/').filter(|p| !p.is_empty()).count(),
            3,
            "{body}: {path}"
        );
        assert!(path.starts_with(category), "{body}: {path}");
    }
    let nothing = told(&["天冷了，请多保重。"]).matters;
    assert!(nothing.iter().all(|m| m.category.is_none()), "{nothing:?}");
    let there = told(&[
        "桃园小区门口的路面塌陷，请求修复。",
        "我家住柳林新村11幢302室。",
    ]);
    assert_eq!(there.matters[0].place.as_deref(), Some("桃园小区"));
}

#[test]
fn d1_to_d5_until_earlier_letters_are_compared_nothing_is_called_first_or_repeat() {
    assert_eq!(under(&["汪小满"]).repeat.relation, "unchecked");
}

#[test]
fn e1_the_quotation_of_a_threat_stands_where_it_points_on_whatever_page() {
    let threat = "再不解决我就从楼顶跳下去。";
    let second = page(2, PageKind::Letter, &[threat, "此致", "敬礼", "汪小满"]);
    let pages: Vec<PageText> = vec![page(1, PageKind::Letter, &BODY[..3]), second];
    let flag = extract(&pages, &roster(), None)
        .flags
        .threat
        .unwrap_or_default();
    assert_eq!((flag.value, flag.page), (true, Some(2)));
    assert_eq!(flag.quote.as_deref(), Some("再不解决我就从楼顶跳下去。"));
    assert!(
        flag.quad.is_some_and(|q| q[0][1] < 300.0),
        "the first line of the second page"
    );
}

#[test]
fn e7_a_leaders_instruction_hints_at_assigning_and_nothing_of_it_is_registered() {
    let note = page(
        1,
        PageKind::Instruction,
        &["请信访局办理。", "丁文远", "2025年5月1日"],
    );
    let second = page(2, PageKind::Letter, &with_tail(&["汪小满"]));
    let fields = extract(&[note, second], &roster(), None);
    assert_eq!(fields.assign_hint, ["领导批示"]);
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(value(&fields.addressee), "霍国梁");
}

#[test]
fn c6_whom_a_page_without_salutation_accuses_is_no_addressee() {
    for begin in [
        "另外我要检举霍市长，他收了开发商",
        "还有一件事我要控告，霍国梁市长收了",
        "补充：举报市信访局局长",
        "我还要检举市信访局局长",
    ] {
        let rows = [
            begin,
            "三十万元，请上级查处。",
            "此致",
            "敬礼",
            "汪小满",
            "2025年3月4日",
        ];
        let told = letter(&rows).addressee;
        assert_eq!(told.value, None, "{begin}");
    }
    // The same without a colon that was read still finds whom it addresses.
    assert_eq!(value(&addressed("尊敬的霍市长")), "霍国梁");
}

#[test]
fn c8_a_turn_to_another_matter_and_matters_that_are_counted_are_told_apart() {
    let turned = told(&[
        "今年入冬以来室温只有十三度，多次找物业反映，都说管道老化。",
        "另外，门前的路灯坏了两个月，夜里一片漆黑，希望一并维修。",
    ]);
    assert_eq!(turned.matters.len(), 2, "{:?}", turned.matters);
    let counted = told(&[
        "我要反映两件事。第一件事是供热不达标，室温只有十三度。第二件事是单位少缴了我五年社保。",
    ]);
    let titles: Vec<&str> = counted.matters.iter().map(|m| m.title.as_str()).collect();
    assert_eq!(titles, ["供热不达标", "单位少缴了我五年社保"]);
}

#[test]
fn c8_a_title_is_neither_the_greeting_nor_an_empty_request() {
    let fields = told(&[
        "您好！打扰您了。",
        "小区的电梯坏了三个月没有人修。",
        "请求处理。",
    ]);
    assert_eq!(fields.matters[0].title, "小区的电梯坏了三个月没有人修");
    assert_eq!(
        fields.matters[0].category.as_deref(),
        Some("城乡建设/物业管理/电梯与消防隐患")
    );
}

#[test]
fn c10_a_complaint_that_asks_and_does_nothing_else_is_accepted_and_what_else_a_letter_does_holds_it_back()
 {
    let grievance = "老板拖欠我半年工资不给，我去了五趟都没有结果。";
    assert!(told(&[grievance, "请督促公司尽快发放。"]).purpose.accepted);
    assert!(told(&[grievance, "恳请领导过问此事。"]).purpose.accepted);
    for other in [
        "感谢李科长帮我补发了低保。",
        "请问到哪里能查到我的档案？",
        "建议在村口增设路灯。",
        "村主任段国平还虚报冒领低保金。",
        "我不服原来的处理意见。",
    ] {
        let purpose = told(&[grievance, "请督促公司尽快发放。", other]).purpose;
        assert!(!purpose.accepted, "{other}: {:?}", purpose.value);
    }
    for alone in ["公交站牌的字太小，请改大一些。", "多亏李科长，水管接通了。"]
    {
        assert!(!told(&[alone]).purpose.accepted, "{alone}");
    }
}
