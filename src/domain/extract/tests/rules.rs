//! The rules of requirements A, C and E, one test a row, named after it; rows with a longer story are in [`super::letters`].

use super::letters::{envelope, letter, page, roster, with_envelope};
use crate::domain::draft::{Fields, PhoneKind};
use crate::domain::extract::extract;
use crate::domain::field::{Field, Source};
use crate::domain::text::PageKind;

const TOP: [&str; 5] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
    "此致",
    "敬礼",
];

fn rows(tail: &[&'static str]) -> Vec<&'static str> {
    TOP.iter().chain(tail).copied().collect()
}

/// A letter that begins with these rows.
fn signed(top: &[&'static str]) -> Vec<&'static str> {
    let tail = ["此致", "敬礼", "来信人：汪小满", "2025年3月4日"];
    top.iter().copied().chain(tail).collect()
}

fn under(tail: &[&'static str]) -> Fields {
    letter(&rows(tail))
}

fn told(body: &[&'static str]) -> Fields {
    let mut all = vec!["霍市长："];
    all.extend(body);
    all.extend(["此致", "敬礼", "来信人：汪小满", "2025年3月4日"]);
    letter(&all)
}

/// A letter without a signature.
fn unsigned(body: &[&'static str]) -> Fields {
    let mut all = vec!["霍市长："];
    all.extend(body);
    all.extend(["此致", "敬礼", "2025年3月4日"]);
    letter(&all)
}

fn value(field: &Field) -> &str {
    field.value.as_deref().unwrap_or_default()
}

#[test]
fn a1_a_letter_without_an_envelope_or_without_text_still_gives_a_draft() {
    assert_eq!(value(&under(&["来信人：汪小满"]).sender_name), "汪小满");
    let parcel = extract(
        &[envelope(
            "霍市长 收",
            &["临江市河东区柳林路3号", "汪小满 寄"],
        )],
        &roster(),
        None,
    );
    assert_eq!(value(&parcel.addressee), "霍国梁");
}

#[test]
fn a4_five_signatories_are_joint_four_are_not_and_units_count() {
    let four = under(&["联名人签名：", "丁一山　　汪小满　　邓长河", "平川五金商店"]);
    assert_eq!((four.joint.count, four.joint.is_joint), (4, false));
    let five = under(&[
        "联名人签名：",
        "丁一山　　汪小满　　邓长河　　段美兰",
        "平川五金商店",
    ]);
    assert_eq!((five.joint.count, five.joint.is_joint), (5, true));
}

#[test]
fn a5_each_reason_of_anonymity_is_told_apart() {
    let reason = |tail: &[&'static str]| under(tail).anonymous.reason;
    assert_eq!(reason(&[]).as_deref(), Some("无署名"));
    assert_eq!(reason(&["一名老党员"]).as_deref(), Some("假名"));
    for name in ["王某某", "李先生", "张××", "老赵", "陈女士"] {
        assert_eq!(
            under(&[name]).anonymous.reason.as_deref(),
            Some("署名不完整"),
            "{name}"
        );
    }
}

#[test]
fn a6_the_addressee_is_read_in_the_letter_and_on_the_envelope() {
    let both = with_envelope(&rows(&["汪小满"]), envelope("丁书记 收", &[]));
    assert_eq!(value(&both.addressee), "丁文远");
    assert!(
        both.addressee
            .alternatives
            .iter()
            .any(|a| a.value == "霍国梁")
    );
}

#[test]
fn a6_a_greeting_and_a_title_address_someone_without_a_colon() {
    for rows in [
        &["中共临江市委员会、霍市长您好，", "楼道的灯坏了半年。"][..],
        &["给霍市长的一封信", "楼道的灯坏了半年。"],
        &["致市委、霍市长的公开信", "楼道的灯坏了半年。"],
    ] {
        let fields = with_envelope(&signed(rows), envelope("中共临江市委员会 收", &[]));
        assert_eq!(value(&fields.addressee), "霍国梁", "{rows:?}");
    }
}

#[test]
fn a6_whom_the_letter_may_address_instead_of_the_envelope_is_asked() {
    let rows = signed(&["霍市长的门难进", "楼道的灯坏了半年。"]);
    let fields = with_envelope(&rows, envelope("丁书记 收", &[]));
    assert_eq!(value(&fields.addressee), "丁文远");
    assert!(fields.addressee.signs.iter().any(|s| s.name == "veto"));
}

#[test]
fn a7_a_proxy_without_the_authorisation_page_says_so() {
    let fields = letter(&[
        "霍市长：",
        "受熊大海（父亲）书面委托，由我代为写信。",
        "请求修路。",
        "此致",
        "敬礼",
        "代理人：熊小梅",
    ]);
    assert_eq!(value(&fields.sender_name), "熊大海");
    assert!(
        fields
            .proxy
            .is_some_and(|p| p.agent == "熊小梅" && !p.authorisation_seen)
    );
}

#[test]
fn a7_being_someones_son_is_no_authority() {
    let fields = told(&["我是熊大海的儿子，父亲的低保被停了。", "请求恢复。"]);
    assert_eq!(value(&fields.sender_name), "汪小满");
    assert_eq!(fields.proxy, None);
}

#[test]
fn c1_a_field_without_evidence_stays_empty_and_is_named() {
    let fields = under(&["汪小满"]);
    assert!(
        ["address", "letter_date", "id_number", "phones"]
            .iter()
            .all(|f| fields.missing().iter().any(|m| m == f))
    );
    assert!(!fields.missing().iter().any(|m| m == "sender_name"));
}

#[test]
fn c2_accused_officials_staff_and_relatives_are_never_the_sender() {
    for body in [
        "我举报村委会主任邱德海贪污公款。",
        "经办人陆科长叫我找李卫民，李卫民又叫我找王建国。",
        "我父亲汪长根去世，我儿子汪小宝没有户口。",
    ] {
        assert_eq!(
            value(&told(&[body, "请求处理。"]).sender_name),
            "汪小满",
            "{body}"
        );
        let unsigned = letter(&["霍市长：", body, "请求处理。", "此致", "敬礼"]);
        assert_eq!(value(&unsigned.sender_name), "匿名", "{body}");
    }
}

#[test]
fn c2_the_envelope_counts_only_where_the_letter_has_no_signature() {
    let front = || envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]);
    let signed = with_envelope(&rows(&["汪小满"]), front());
    assert_eq!(value(&signed.sender_name), "汪小满");
    assert_eq!(signed.sender_name.rule.as_deref(), Some("7.4.2.2/1"));
    let unsigned = with_envelope(&rows(&[]), front());
    assert_eq!(value(&unsigned.sender_name), "段美兰");
    assert_eq!(unsigned.sender_name.rule.as_deref(), Some("7.4.2.2/2"));
    assert_eq!(unsigned.sender_name.source, Source::EnvelopeSender);
}

#[test]
fn c2_who_names_himself_as_the_writer_has_signed() {
    for line in [
        "此信由汪小满书写",
        "此信由汪小满执笔",
        "本信由汪小满亲笔书写",
        "执笔人：汪小满",
        "执笔：汪小满",
        "书写人 汪小满",
        "（汪小满亲笔）",
        "由汪小满撰写",
    ] {
        let fields = under(&[line, "2025年3月4日"]);
        assert_eq!(value(&fields.sender_name), "汪小满", "{line}");
        assert_eq!(fields.sender_name.source, Source::LetterSignature, "{line}");
        assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/1"));
        assert!(!fields.anonymous.value, "{line}");
        assert_eq!(fields.joint.count, 1, "{line}");
    }
    let closing = unsigned(&["我们楼道的灯坏了半年。", "此信由汪小满书写。"]);
    assert_eq!(value(&closing.sender_name), "汪小满");
}

#[test]
fn c2_a_scribe_beside_a_signature_is_not_the_sender() {
    for scribe in [
        "代笔人：高远",
        "此信由高远代笔",
        "高远代书",
        "代书人 高远",
        "执笔人：高远",
    ] {
        let fields = under(&["反映人：汪小满", scribe, "2025年3月4日"]);
        assert_eq!(value(&fields.sender_name), "汪小满", "{scribe}");
        assert_eq!(fields.joint.count, 1, "{scribe}");
        let shown = &fields.sender_name.alternatives;
        assert!(
            shown.iter().any(|a| a.value == "高远"),
            "{scribe}: {shown:?}"
        );
    }
}

#[test]
fn c2_a_scribe_alone_signs_for_nobody() {
    let fields = under(&["此信由高远代笔", "2025年3月4日"]);
    assert_eq!(value(&fields.sender_name), "匿名");
    assert_eq!(fields.anonymous.reason.as_deref(), Some("无署名"));
    let shown = &fields.sender_name.alternatives;
    assert!(shown.iter().any(|a| a.value == "高远"), "{shown:?}");
    let dictated = letter(&[
        "霍市长：",
        "我叫汪小满，今年七十岁，不识字，请邻居高远代笔。",
        "恳请派人修好路灯。",
        "此致",
        "敬礼",
        "代笔：高远",
    ]);
    assert_eq!(value(&dictated.sender_name), "汪小满");
    let front = envelope("霍市长（收）", &["滨河路8号", "汪小满 寄"]);
    let with = with_envelope(
        &["霍市长：", "路灯坏了半年。", "此致", "敬礼", "代书人：高远"],
        front,
    );
    assert_eq!(value(&with.sender_name), "汪小满");
    assert_eq!(with.sender_name.rule.as_deref(), Some("7.4.2.2/2"));
}

#[test]
fn c2_a_courtesy_behind_a_name_makes_no_second_signatory() {
    for line in [
        "汪小满谨上",
        "汪小满敬上",
        "汪平平叩上",
        "汪小满（手印）",
        "汪小满（签字按手印）",
        "汪小满敬步",
    ] {
        let fields = under(&[line, "2025年3月4日"]);
        assert_eq!(fields.joint.count, 1, "{line}");
        assert!(line.starts_with(value(&fields.sender_name)), "{line}");
        assert_eq!(value(&fields.sender_name).chars().count(), 3, "{line}");
    }
}

#[test]
fn c2_the_writer_says_who_he_is_in_many_ways() {
    for sentence in [
        "反映人汪小满，现年七十岁，住滨河路。",
        "本人姓名汪小满，七十岁。",
        "我，汪小满，今年70岁。",
        "我是一名普通工人，名叫汪小满，70岁。",
        "本人：汪小满，男，70岁。",
        "鄙人汪小满，70岁，有一事相求。",
    ] {
        let fields = unsigned(&[sentence, "我们楼道的灯坏了半年。"]);
        assert_eq!(value(&fields.sender_name), "汪小满", "{sentence}");
    }
    for sentence in ["村长名叫汪小满，不管事。", "有个老板叫汪小满，欠我工资。"]
    {
        let fields = unsigned(&[sentence, "我们楼道的灯坏了半年。"]);
        assert_eq!(value(&fields.sender_name), "匿名", "{sentence}");
    }
}

#[test]
fn c2_a_signature_unlike_the_writers_own_words_is_left_to_a_person() {
    let held_back = |own: &'static str| {
        let fields = letter(&[
            "霍市长：",
            own,
            "楼道的灯坏了半年，恳请派人修好。",
            "此致",
            "敬礼",
            "来信人：汪小满",
            "2025年3月4日",
        ]);
        assert_eq!(value(&fields.sender_name), "汪小满", "{own}");
        fields.sender_name.signs.iter().any(|s| s.name == "veto")
    };
    assert!(!held_back("我叫汪小满，今年70岁。"));
    assert!(held_back("我叫高长林，今年70岁。"));
}

#[test]
fn c2_a_surname_nobody_has_is_left_to_a_person() {
    let held_back = |name: &'static str| {
        let fields = under(&[name, "2025年3月4日"]);
        fields.sender_name.signs.iter().any(|s| s.name == "veto")
    };
    assert!(held_back("来信人：暮容芬"));
    assert!(!held_back("来信人：慕容芬"));
}

#[test]
fn j1_an_incomplete_signature_with_a_full_name_elsewhere_is_left_to_a_person() {
    let held_back = |own: &'static str| {
        let fields = letter(&["霍市长：", own, "灯坏了。", "此致", "敬礼", "汪某某"]);
        assert_eq!(value(&fields.sender_name), "匿名");
        fields.sender_name.signs.iter().any(|s| s.name == "veto")
    };
    assert!(held_back("我叫汪小满，今年70岁。"));
    assert!(!held_back("我不敢写出姓名。"));
}

#[test]
fn c6_an_addressee_nobody_can_place_is_left_to_a_person() {
    let held_back = |salutation: &'static str| {
        let fields = letter(&[salutation, "楼道的灯坏了半年。", "此致", "敬礼"]);
        let addressee = &fields.addressee;
        assert!(addressee.value.is_some(), "{salutation}");
        addressee.signs.iter().any(|s| s.name == "veto")
    };
    for placed in [
        "霍市长：",
        "尊敬的市政府领导：",
        "市委、市政府：",
        "临江市信访局霍市长：",
        "市政府，您好：",
    ] {
        assert!(!held_back(placed), "{placed}");
    }
    for unplaced in ["市政府、临江市席：", "市委程书便：", "市信访局速书己："]
    {
        assert!(held_back(unplaced), "{unplaced}");
    }
}

#[test]
fn a4_a_list_whose_rows_are_not_all_names_is_counted_whole() {
    let fields = under(&[
        "联名来信人：",
        "尹巧云　　蔡传芳　　王凤英　　姚炳坤",
        "陈维民　　黄锦程18733986653　　顾兆丰　　龙维民",
        "临江市滨江区五金商行　　滨江区恒泰物流运输有限公",
        "司",
        "漆毛仔",
        "2025年4月26日",
    ]);
    assert_eq!(fields.joint.count, 11, "{:?}", fields.joint.signatories);
    assert_eq!(value(&fields.sender_name), "黄锦程");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/1"));
}

#[test]
fn a5_more_than_one_of_a_kind_is_still_nobodys_name() {
    for line in ["被拖欠工资的工人们", "小区全体住户", "不敢署名的家长们"] {
        let fields = under(&[line, "2025年4月26日"]);
        assert_eq!(fields.anonymous.reason.as_deref(), Some("假名"), "{line}");
        assert_eq!(fields.address.value, None, "{line}");
    }
}

#[test]
fn c4_a_home_is_told_in_many_ways_and_others_homes_are_none() {
    for (sentence, home) in [
        ("本人常住临江市滨河路8号，一向守法。", "临江市滨河路8号"),
        ("本人住临江市滨河路8号已有十余年。", "临江市滨河路8号"),
        (
            "反映人汪小满，70岁，住址：临江市滨河路8号。",
            "临江市滨河路8号",
        ),
        ("我们是居住在世纪公馆的业主，今天写信。", "世纪公馆"),
    ] {
        let fields = unsigned(&[sentence, "楼道的灯坏了半年。"]);
        assert_eq!(value(&fields.address), home, "{sentence}");
    }
    for sentence in [
        "我父亲住在临江市滨河路8号。",
        "我的邻居住临江市滨河路8号。",
        "我们是本小区的业主。",
    ] {
        let fields = unsigned(&[sentence, "楼道的灯坏了半年。"]);
        assert_eq!(fields.address.value, None, "{sentence}");
    }
}

#[test]
fn c4_a_bare_address_without_a_label_is_no_list_of_names() {
    for line in [
        "成都市彭州市蓝光云鼎31-2-1702",
        "成华区蓝光云鼎30栋503",
        "武侯区红牌楼街道双桥路51弄3号604室",
    ] {
        let fields = under(&["执笔人：汪小满", line, "2025年5月15日"]);
        assert_eq!(value(&fields.sender_name), "汪小满", "{line}");
        assert_eq!(fields.joint.count, 1, "{line}");
        assert_eq!(value(&fields.address), line);
    }
}

#[test]
fn c2_what_is_read_behind_the_word_for_sent_is_no_part_of_the_envelopes_name() {
    for name in ["王宽缄分", "王宽 缄题", "王宽寄"] {
        let front = envelope("霍市长（收）", &["滨河路8号", name]);
        let fields = with_envelope(&["霍市长：", "路灯坏了半年。", "此致", "敬礼"], front);
        assert_eq!(value(&fields.sender_name), "王宽", "{name}");
    }
}

#[test]
fn a_date_below_a_house_number_is_no_part_of_it() {
    let fields = under(&[
        "来信人：汪小满",
        "地址：临江市滨河区世纪公馆东海府邸一号大院16-4-1804",
        "2024年5月6日",
    ]);
    assert!(
        value(&fields.address).ends_with("1804"),
        "{:?}",
        fields.address.value
    );
    assert!(fields.phones.is_empty());
}

#[test]
fn c3_each_step_of_the_joint_order_says_which_it_is() {
    let names = "丁一山　　汪小满　　邓长河　　段美兰　　顾全福";
    let rule = |tail: &[&'static str]| under(tail).sender_name.rule.unwrap_or_default();
    assert_eq!(rule(&["联名人签名：", names]), "7.4.2.2/joint/4");
    assert_eq!(
        rule(&["联系人：邓长河", "联名人签名：", names]),
        "7.4.2.2/joint/2"
    );
    let beside = "丁一山　　汪小满13812345678　　邓长河　　段美兰　　顾全福";
    assert_eq!(rule(&["联名人签名：", beside]), "7.4.2.2/joint/1");
    let tail = rows(&["联名人签名：", names]);
    let sent = with_envelope(
        &tail,
        envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]),
    );
    assert_eq!(sent.sender_name.rule.as_deref(), Some("7.4.2.2/joint/3"));
}

#[test]
fn c4_the_four_places_of_an_address_in_their_order() {
    let front = || envelope("霍市长 收", &["临江市河东区柳林路3号", "汪小满 寄"]);
    let all = with_envelope(
        &rows(&["汪小满", "地址：临江市河西区桃园新村6幢301室"]),
        front(),
    );
    assert_eq!(all.address.rule.as_deref(), Some("7.4.2.3/1"));
    assert_eq!(value(&all.address), "临江市河西区桃园新村6幢301室");
    let on_envelope = with_envelope(&rows(&["汪小满"]), front());
    assert_eq!(on_envelope.address.rule.as_deref(), Some("7.4.2.3/2"));
    let mentioned = told(&["我家住柳林新村11幢302室。", "请求修路。"]);
    assert_eq!(mentioned.address.rule.as_deref(), Some("7.4.2.3/3"));
}

#[test]
fn c4_a_place_where_something_happened_is_no_address_but_the_place_of_the_matter() {
    let fields = told(&["桃园小区门口的路面塌陷，摔伤多人。", "请求修复。"]);
    assert_eq!(fields.address.value, None);
    assert_eq!(fields.matters[0].place.as_deref(), Some("桃园小区"));
}

#[test]
fn c5_every_number_has_its_type_and_its_owner() {
    let fields = under(&["来信人：汪小满", "电话：13812345678、0513-65227061"]);
    let seen: Vec<(&str, PhoneKind, Option<&str>)> = fields
        .phones
        .iter()
        .map(|p| (value(&p.field), p.r#type, p.owner.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            ("13812345678", PhoneKind::Mobile, Some("汪小满")),
            ("0513-65227061", PhoneKind::Landline, Some("汪小满"))
        ]
    );
    let joint = under(&[
        "联名人签名：",
        "丁一山　　汪小满13812345678　　邓长河　　段美兰　　顾全福",
    ]);
    assert_eq!(joint.phones[0].owner.as_deref(), Some("汪小满"));
}

#[test]
fn c8_numbered_matters_stand_apart_with_their_text_and_the_first_is_main() {
    let fields = told(&[
        "一、桃园小区物业乱收停车费。",
        "请求退还。",
        "二、门口的路面坑坑洼洼，没有人修。",
        "请求修复。",
    ]);
    assert_eq!(fields.matters.len(), 2);
    assert!(fields.matters[0].main && !fields.matters[1].main);
    let category = |i: usize| fields.matters[i].category.as_deref().unwrap_or_default();
    assert_eq!(category(0), "城乡建设/物业管理/收费与服务");
    assert_eq!(category(1), "交通运输/道路养护/破损修复");
    assert_eq!(fields.matters[1].ranges.len(), 2, "its two lines");
}

#[test]
fn c8_a_turn_to_something_else_is_a_matter_and_more_of_the_same_is_none() {
    let other = told(&[
        "老板拖欠我半年工资不给。",
        "另外，我家门口的路灯和下水道坏了没人修。",
        "请求处理。",
    ]);
    assert_eq!(other.matters.len(), 2);
    let same = told(&[
        "老板拖欠我半年工资不给。",
        "另外，加班费和工资条也没有。",
        "请求处理。",
    ]);
    assert_eq!(same.matters.len(), 1);
}

#[test]
fn c8_a_turn_by_any_of_its_words_is_told_where_another_matter_follows() {
    for turn in [
        "除了工资，还想反映一件事，我家门口的路灯坏了没人修。",
        "还有一事，我家门口的路灯坏了没人修。",
        "顺便说一下，我家门口的路灯坏了没人修。",
        "其二，我家门口的路灯坏了没人修。",
    ] {
        let two = told(&["老板拖欠我半年工资不给。", turn, "请求处理。"]);
        assert_eq!(two.matters.len(), 2, "{turn}");
    }
    let same = told(&[
        "老板拖欠我半年工资不给。",
        "其二，加班费也没有。",
        "请求处理。",
    ]);
    assert_eq!(same.matters.len(), 1);
}

#[test]
fn c8_every_sentence_of_the_summary_stands_where_it_points() {
    let fields = told(&["桃园小区的电梯三天两头停运，物业不修。", "请求更换电梯。"]);
    assert!(!fields.summary_sentences.is_empty());
    for sentence in &fields.summary_sentences {
        assert!(sentence.page == Some(1) && sentence.quad.is_some() && !sentence.quads.is_empty());
        assert!(fields.summary.contains(&sentence.text));
    }
}

#[test]
fn c10_the_purpose_is_told_by_its_words() {
    for (body, purpose) in [
        ("请求修路。", "投诉请求"),
        ("我建议在校门口增设红绿灯。", "意见建议"),
        (
            "我的主意不一定对：一，错开放学；二，划一块停车的地方；三，请家长轮着站岗。",
            "意见建议",
        ),
        ("我举报居委会主任邱德海贪污公款。", "检举控告"),
        ("我不服判决，特此申诉。", "申诉"),
        ("请问残疾人补贴怎么办理？", "咨询"),
        ("写信表示衷心感谢。", "感谢"),
        (
            "感谢贵局工作人员耐心接待，帮我要回了拖欠的工资，祝你们工作顺利。",
            "感谢",
        ),
        ("感谢贵局帮我解决了供暖问题，希望你们再接再厉。", "感谢"),
        (
            "多谢贵局！多谢你们让我家破人亡，多谢钱局长收走我的养老钱。",
            "投诉请求",
        ),
        (
            "感谢贵局上次的答复，但是问题仍然没有解决，请尽快处理。",
            "投诉请求",
        ),
        (
            "感谢您百忙之中看信。我家屋顶漏水，物业不修，请求处理。",
            "投诉请求",
        ),
    ] {
        assert_eq!(value(&told(&[body]).purpose), purpose, "{body}");
    }
}

#[test]
fn c11_fifteen_digits_are_an_old_number_and_no_check_digit_is_claimed() {
    let fields = under(&["汪小满", "身份证号：110105491231002"]);
    assert_eq!(value(&fields.id_number.field), "110105491231002");
    assert_eq!(fields.id_number.checksum_ok, None);
}

#[test]
fn c13_birth_and_sex_come_from_the_number_only_where_its_check_digit_holds() {
    let sound = under(&["汪小满", "身份证号：11010519491231002X"]).id_number;
    assert_eq!(sound.birth.as_deref(), Some("1949-12-31"));
    assert_eq!(sound.sex.as_deref(), Some("女"));
    assert!(sound.region.is_some_and(|r| r.starts_with("北京市")));
    let wrong = under(&["汪小满", "身份证号：110105194912310021"]).id_number;
    assert_eq!((wrong.birth, wrong.sex, wrong.region), (None, None, None));
}

#[test]
fn dates_of_other_calendars_and_old_numerals() {
    let date = |text: &'static str| under(&["汪小满", text]).letter_date;
    assert_eq!(value(&date("二〇二五年二月廿七日")), "2025-02-27");
    assert_eq!(value(&date("民国114年2月17日")), "2025-02-17");
    assert_eq!(value(&date("民国一一四年二月十七日")), "2025-02-17");
    assert_eq!(value(&date("2025年元月8号")), "2025-01-08");
    let lunar = date("农历二〇二四年腊月二十");
    assert_eq!(lunar.value, None);
    assert!(
        lunar
            .alternatives
            .iter()
            .any(|a| a.why_not.contains("农历")),
        "{:?}",
        lunar.alternatives
    );
}

#[test]
fn e1_a_threat_is_seen_in_a_title_below_a_signature_and_on_an_enclosure() {
    let raised = |fields: &Fields| {
        fields
            .flags
            .threat
            .as_ref()
            .is_some_and(|f| f.value && f.quad.is_some())
    };
    let threat = "再不解决我就从楼顶跳下去。";
    assert!(raised(&letter(&[
        threat,
        "霍市长：",
        "请求修路。",
        "此致",
        "敬礼",
        "汪小满"
    ])));
    assert!(raised(&letter(&[
        "霍市长：",
        "请求修路。",
        "此致",
        "敬礼",
        "汪小满",
        threat
    ])));
    let enclosed = page(2, PageKind::Attachment, &[threat]);
    assert!(raised(&extract(
        &[page(1, PageKind::Letter, &rows(&["汪小满"])), enclosed],
        &roster(),
        None
    )));
}

#[test]
fn e1_a_threat_on_a_line_nobody_is_sure_of_is_raised() {
    let mut sheet = page(
        1,
        PageKind::Letter,
        &["霍市长：", "再不解决我就从楼顶跳下去。"],
    );
    for line in &mut sheet.lines {
        line.confidence = 0.2;
    }
    let fields = extract(&[sheet], &roster(), None);
    assert!(fields.flags.threat.is_some_and(|f| f.value));
}

#[test]
fn e2_b11_a_clue_to_a_crime_is_flagged_and_the_accused_kept_apart() {
    let fields = told(&["我举报村委会主任邱德海2019年以来贪污公款。", "请求查处。"]);
    assert!(fields.flags.crime_clue.is_some_and(|f| f.value));
    assert_eq!(
        fields
            .accused
            .iter()
            .map(|a| a.name.as_str())
            .collect::<Vec<_>>(),
        ["邱德海"]
    );
    assert_eq!(value(&fields.sender_name), "汪小满");
}

#[test]
fn e3_what_few_should_know_is_flagged() {
    let fields = told(&["我女儿未成年，被人猥亵，请保密。"]);
    assert!(fields.flags.sensitive.is_some_and(|f| f.value));
}

#[test]
fn e4_e7_a_form_of_another_organ_a_joint_letter_and_a_threat_hint_at_assigning() {
    let form = page(1, PageKind::TransferForm, &["转办单"]);
    let second = page(2, PageKind::Letter, &rows(&["汪小满"]));
    assert_eq!(
        extract(&[form, second], &roster(), None).assign_hint,
        ["上级转办"]
    );
    let joint = under(&[
        "联名人签名：",
        "丁一山　　汪小满　　邓长河　　段美兰　　顾全福",
    ]);
    assert_eq!(joint.assign_hint, ["联名信"]);
    assert_eq!(
        told(&["再不解决我就从楼顶跳下去。"]).assign_hint,
        ["扬言信"]
    );
    assert!(under(&["汪小满"]).assign_hint.is_empty());
}

#[test]
fn b7_what_is_missing_from_a_letter_with_a_number_is_worth_a_call() {
    let fields = under(&["来信人：汪小满", "电话：13812345678"]);
    assert_eq!(fields.missing_elements(), ["address"]);
    assert_eq!(fields.first_phone(), Some("13812345678"));
}

#[test]
fn b8_enclosed_originals_and_cash_are_flagged_copies_are_not() {
    let enclosed = |text: &'static str| told(&[text]).flags.valuables.is_some_and(|f| f.value);
    assert!(enclosed("随信附上身份证原件一张和现金贰佰元。"));
    assert!(!enclosed("随信附上身份证复印件一张。"));
}

#[test]
fn f1_thanks_and_questions_hint_at_the_archive_a_request_does_not() {
    let hint = |text: &'static str| told(&[text]).flags.archive_only.is_some_and(|f| f.value);
    assert!(hint("写信表示衷心感谢。"));
    assert!(hint("请问残疾人补贴怎么办理？"));
    assert!(!hint("请求修路。"));
}

#[test]
fn f1_thanks_with_money_a_threat_or_harm_beside_them_do_not() {
    let hint = |text: &'static str| told(&[text]).flags.archive_only.is_some_and(|f| f.value);
    for text in [
        "衷心感谢贵局的王科长，他拿了我三万块以后，我家的房子第二天就被推平了。",
        "衷心感谢市政府！派来的推土机把我家祖坟挖了，感谢市长。",
        "非常感谢信访局，每次来都有人在后门搜我的身，把证据材料拿走。",
        "衷心感谢你们，我明天就带刀来杀了你们全家。",
    ] {
        assert!(!hint(text), "{text}");
    }
    assert!(hint("衷心感谢信访局的同志们帮我讨回了工资。"));
}

#[test]
fn h13_what_the_letter_says_of_earlier_ones_is_listed_with_its_place() {
    let fields = told(&[
        "我已于2024年5月来信，受理告知书编号为2024第15号。",
        "请求尽快答复。",
    ]);
    assert_eq!(fields.earlier.len(), 1);
    assert!(fields.earlier[0].quad.is_some());
}

#[test]
fn j1_an_incomplete_signature_stays_anonymous_with_the_envelopes_name_one_key_away() {
    let front = envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]);
    let fields = with_envelope(&rows(&["段某某"]), front);
    assert_eq!(value(&fields.sender_name), "匿名");
    assert_eq!(
        fields
            .sender_name
            .alternatives
            .first()
            .map(|a| a.value.as_str()),
        Some("段美兰")
    );
}

#[test]
fn j2_a_joint_letters_number_beside_nobody_is_the_contact_persons() {
    let names = "丁一山　　汪小满　　邓长河　　段美兰　　顾全福";
    let fields = under(&["联系人：邓长河", "联名人签名：", names, "电话：13812345678"]);
    assert_eq!(fields.phones[0].owner.as_deref(), Some("邓长河"));
    let nobody = under(&["联名人签名：", names, "电话：13812345678"]);
    assert_eq!(nobody.phones[0].owner, None);
}

#[test]
fn j6_an_addressee_outside_the_scope_on_the_envelope_loses_to_the_one_inside() {
    let fields = with_envelope(&rows(&["汪小满"]), envelope("国家信访局 收", &[]));
    assert_eq!(value(&fields.addressee), "霍国梁");
    assert!(
        fields
            .addressee
            .alternatives
            .iter()
            .any(|a| a.value == "国家信访局")
    );
}

#[test]
fn what_is_read_for_neixiang_is_no_name() {
    let fields = with_envelope(&rows(&[]), envelope("霍市长 收", &["内译"]));
    assert_eq!(value(&fields.sender_name), "匿名");
    assert_eq!(fields.address.value, None);
}

#[test]
fn a_list_head_or_a_label_with_nothing_readable_behind_it_is_no_anonymous_letter() {
    for label in ["联名人签名：", "来信人："] {
        let fields = under(&[label]);
        assert_eq!(fields.sender_name.value, None, "{label}");
        assert!(!fields.anonymous.value, "{label}");
    }
}

#[test]
fn dates_with_a_lost_mark_are_read_and_left_to_a_person() {
    for (text, day) in [
        ("202.5年3月11日", "2025-03-11"),
        ("202412.1", "2024-12-01"),
        ("二 二四年十月十三日", "2024-10-13"),
    ] {
        let date = under(&["汪小满", text]).letter_date;
        assert_eq!(value(&date), day, "{text}");
        assert!(!date.accepted, "{text}");
    }
}

#[test]
fn the_end_of_an_address_lost_in_the_letter_is_taken_from_the_envelope_and_left_to_a_person() {
    let front = envelope("霍市长 收", &["临江市河西区桃园新村6幢301室", "汪小满 寄"]);
    let fields = with_envelope(&rows(&["汪小满", "地址：临江市河西区桃园新村6幢30"]), front);
    assert_eq!(value(&fields.address), "临江市河西区桃园新村6幢301室");
    assert!(!fields.address.accepted);
}

#[test]
fn points_that_nobody_calls_requests_are_a_persons_to_judge() {
    let seen = told(&[
        "校门口天天堵车，没有人管。不妨这么着试一试看：",
        "一，错开放学；二，划一块停车的地方；三，请学校派人站岗。",
    ]);
    assert!(!seen.purpose.accepted);
}
