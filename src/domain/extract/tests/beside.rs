//! Who is named under a letter and did not sign it, whom it is for there, and signatures in the company of other words: one fault each.

use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::text::PageKind;

use super::letters::{envelope, letter, page, roster, with_envelope};

const TOP: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

fn under(tail: &[&'static str]) -> Fields {
    letter(&ended(&["此致", "敬礼"], tail))
}

fn ended(closing: &[&'static str], tail: &[&'static str]) -> Vec<&'static str> {
    TOP.iter().chain(closing).chain(tail).copied().collect()
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

fn vetoed(fields: &Fields) -> bool {
    fields.sender_name.signs.iter().any(|s| s.name == "veto")
}

fn shown(fields: &Fields, name: &str) -> bool {
    let shown = &fields.sender_name.alternatives;
    shown.iter().any(|a| a.value == name)
}

const DAY: &str = "2025年3月4日";

#[test]
fn c2_whoever_is_labelled_as_somebody_else_is_no_sender() {
    for other in [
        "被投诉人：邱德海",
        "被举报人：邱德海",
        "被告：邱德海",
        "对方：邱德海",
        "肇事者：邱德海",
        "责任人：邱德海",
        "包工头：邱德海",
        "证明人：邱德海",
        "证明人 邱德海",
        "见证人：邱德海",
        "经手人：邱德海",
        "转交人：邱德海",
        "打印：邱德海",
        "收信人：邱德海",
        "律师：邱德海",
        "物业经理：邱德海",
        "东坡村村主任：邱德海",
        "邻居：邱德海",
    ] {
        let signed = under(&["汪小满", other, DAY]);
        assert_eq!(sender(&signed), "汪小满", "{other}");
        assert_eq!(signed.joint.count, 1, "{other}");
        let alone = under(&[other, DAY]);
        assert_eq!(sender(&alone), "匿名", "{other}");
        assert!(!alone.sender_name.accepted, "{other}");
        assert!(shown(&alone, "邱德海"), "{other} {:?}", alone.sender_name);
    }
}

#[test]
fn c2_several_witnesses_make_no_joint_letter() {
    for tail in [
        &[
            "来信人：汪小满",
            "证明人：丁一山、邓长河、段美兰、罕文山",
            DAY,
        ][..],
        &[
            "来信人：汪小满",
            "证明人：丁一山、邓长河、",
            "段美兰、罕文山",
            DAY,
        ],
        &[
            "来信人：汪小满",
            "证明人：",
            "丁一山　　邓长河",
            "段美兰　　罕文山",
            DAY,
        ],
        &[
            "来信人：汪小满",
            "见证人：",
            "丁一山",
            "邓长河",
            "段美兰",
            "罕文山",
            DAY,
        ],
        &["汪小满　　证明人：丁一山", DAY],
    ] {
        let fields = under(tail);
        assert_eq!(sender(&fields), "汪小满", "{tail:?}");
        assert_eq!(fields.joint.count, 1, "{tail:?} {:?}", fields.joint);
        assert!(!fields.joint.is_joint, "{tail:?}");
    }
}

#[test]
fn c2_a_unit_behind_the_label_of_another_is_no_sender() {
    for tail in ["投诉对象：平川明珠印刷厂", "施工单位：平川明珠印刷厂"] {
        let fields = under(&[tail, DAY]);
        assert_eq!(sender(&fields), "匿名", "{tail}");
        assert!(shown(&fields, "平川明珠印刷厂"), "{tail}");
    }
}

#[test]
fn c2_a_name_behind_an_unknown_label_is_for_a_person_to_accept() {
    let fields = under(&["掌柜：汪小满", DAY]);
    assert_eq!(sender(&fields), "汪小满");
    assert!(vetoed(&fields));
    let signed = under(&["段美兰", "掌柜：汪小满", DAY]);
    assert_eq!(sender(&signed), "段美兰");
}

#[test]
fn c2_nobody_accused_addressed_or_of_the_roster_is_accepted_as_the_sender() {
    let accused = letter(&[
        "霍市长：",
        "我要举报村委会主任邱德海贪污公款。",
        "请求查处。",
        "此致",
        "敬礼",
        "邱德海",
        DAY,
    ]);
    assert!(accused.accused.iter().any(|a| a.name == "邱德海"));
    assert!(sender(&accused) != "邱德海" || vetoed(&accused));
    for name in ["霍国梁", "临江市信访局", "市信访局"] {
        let fields = under(&[name, DAY]);
        assert!(sender(&fields) != name || vetoed(&fields), "{name}");
    }
}

#[test]
fn c2_the_office_below_the_closing_is_whom_the_letter_is_for() {
    for closing in [
        &["此致", "临江市人民政府"][..],
        &["此致", "临江市人民政府", "敬礼"],
        &["此致　临江市人民政府"],
        &["谨呈", "临江市人民政府"],
        &["呈：临江市人民政府"],
    ] {
        let unsigned = letter(&ended(closing, &[DAY]));
        assert_eq!(sender(&unsigned), "匿名", "{closing:?}");
        assert!(!shown(&unsigned, "临江市人民政府"), "{closing:?}");
        let rows: Vec<&str> = TOP[1..]
            .iter()
            .chain(closing)
            .copied()
            .chain(["汪小满", DAY])
            .collect();
        let signed = with_envelope(&rows, envelope("临江市信访局 收", &[]));
        assert_eq!(sender(&signed), "汪小满", "{closing:?}");
        assert_eq!(
            signed.addressee.value.as_deref(),
            Some("临江市人民政府"),
            "{closing:?}"
        );
    }
}

#[test]
fn c1_a_form_nobody_filled_in_has_no_sender() {
    for tail in [
        &["来信人：＿＿＿＿＿＿", "　年　月　日"][..],
        &["来信人：", "年月日"],
        &["签名：　　年　月　日"],
        &["年 月 日"],
    ] {
        let fields = under(tail);
        assert!(
            ["", "匿名"].contains(&sender(&fields)),
            "{tail:?} {}",
            sender(&fields)
        );
        assert!(!fields.sender_name.accepted, "{tail:?}");
    }
}

#[test]
fn c2_the_unit_signs_and_its_officer_speaks_for_it() {
    for officer in [
        "法定代表人：邱德海",
        "法定代表人 邱德海",
        "负责人：邱德海",
        "总经理：邱德海",
        "村主任：邱德海",
    ] {
        let fields = under(&["平川恒达机械有限公司", officer, DAY]);
        assert_eq!(sender(&fields), "平川恒达机械有限公司", "{officer}");
        assert!(shown(&fields, "邱德海"), "{officer}");
        assert_eq!(fields.joint.count, 1, "{officer}");
    }
    let one_row = under(&["平川恒达机械有限公司　法定代表人：邱德海", DAY]);
    assert_eq!(sender(&one_row), "平川恒达机械有限公司");
    // Without a word about who he is a person says which of them wrote.
    assert!(vetoed(&under(&["平川恒达机械有限公司", "邱德海", DAY])));
}

#[test]
fn c2_a_signature_is_seen_beside_courtesies_notes_and_addresses() {
    for row in [
        "具信人　汪小满　敬上",
        "（签名）汪小满",
        "（签字） 汪小满",
        "汪小满（女，63岁）",
        "汪小满　泣书",
        "汪小满　顿首",
        "盼复！汪小满",
        "此致敬礼！　汪小满",
        "您的选民汪小满",
        "临江市河东区柳林路3号　汪小满",
        "汪小满　河东区柳林路3号",
        "汪小满　13812345678　河东区柳林路3号",
    ] {
        let fields = under(&[row, DAY]);
        assert_eq!(sender(&fields), "汪小满", "{row}");
        assert!(!fields.anonymous.value, "{row}");
    }
    let housed = under(&["临江市河东区柳林路3号　汪小满", DAY]);
    assert_eq!(
        housed.address.value.as_deref(),
        Some("临江市河东区柳林路3号")
    );
    let behind = under(&["汪小满　13812345678　河东区柳林路3号", DAY]);
    assert_eq!(behind.address.value.as_deref(), Some("河东区柳林路3号"));
}

#[test]
fn c2_who_writes_by_the_heading_or_his_own_words_is_shown_and_never_accepted() {
    for first in [
        "申诉人：汪小满，女，住河东区柳林路3号。",
        "举报人：汪小满，女，东坡村村民。",
        "控告人：汪小满，住东坡村。",
        "我叫汪小满，今年六十三岁。",
    ] {
        let fields = letter(&[
            "霍市长：",
            first,
            "我被拖欠工资。",
            "请求处理。",
            "此致",
            "敬礼",
            DAY,
        ]);
        assert_eq!(sender(&fields), "汪小满", "{first}");
        assert!(vetoed(&fields), "{first}");
    }
    let other = letter(&[
        "霍市长：",
        "被申请人：邱德海，东坡村村民。",
        "被举报人：邱德海，男。",
        "请求处理。",
        "此致",
        "敬礼",
        DAY,
    ]);
    assert_eq!(sender(&other), "匿名");
}

#[test]
fn a6_a_form_says_behind_its_colon_whom_it_is_for() {
    let fields = letter(&[
        "来信登记表",
        "姓　名：汪小满　　性　别：女",
        "住　址：河东区柳林路3号",
        "反映问题：我们小区的路灯坏了半年，请派人修好。",
        "收信单位：临江市人民政府",
        DAY,
    ]);
    assert_eq!(fields.addressee.value.as_deref(), Some("临江市人民政府"));
    assert_eq!(sender(&fields), "汪小满");
    assert!(vetoed(&fields));
}

#[test]
fn a4_own_labels_one_below_the_other_are_signatories() {
    let five = under(&[
        "反映人：汪小满",
        "反映人：丁一山",
        "反映人：邓长河",
        "反映人：段美兰",
        "反映人：陆平",
        "联系人：丁一山",
        DAY,
    ]);
    assert_eq!(
        (five.joint.count, five.joint.is_joint),
        (5, true),
        "{:?}",
        five.joint
    );
    assert_eq!(sender(&five), "丁一山");
    let unlisted = under(&[
        "来信人：汪小满",
        "来信人：丁一山",
        "来信人：邓长河",
        "来信人：段美兰",
        "来信人：望大梅",
        DAY,
    ]);
    assert_eq!((unlisted.joint.count, unlisted.joint.is_joint), (5, true));
    let two = under(&["来信人：汪小满", "来信人：丁一山", DAY]);
    assert_eq!((two.joint.count, two.joint.is_joint), (2, false));
    assert_eq!(sender(&two), "汪小满");
}

#[test]
fn a4_the_last_row_of_a_table_is_as_good_as_the_others() {
    let fields = under(&[
        "1. 汪小满　13812345678",
        "2. 丁一山　13812345679",
        "3. 邓长河　13812345670",
        "4. 段美兰　13812345671",
        "5. 望大梅　13812345672",
        DAY,
    ]);
    assert_eq!(
        (fields.joint.count, fields.joint.is_joint),
        (5, true),
        "{:?}",
        fields.joint
    );
}

#[test]
fn a4_words_about_the_signatories_are_none_of_them() {
    let couple = under(&["夫妻　汪小满　丁一山", DAY]);
    assert_eq!(couple.joint.signatories, ["汪小满", "丁一山"]);
    assert_eq!(sender(&couple), "汪小满");
    let more = under(&["汪小满、段美兰、丁一山等32人", DAY]);
    assert_eq!(more.joint.signatories, ["汪小满", "段美兰", "丁一山"]);
    assert_eq!((more.joint.count, more.joint.is_joint), (32, true));
    assert!(vetoed(&more));
    let chosen = under(&["代表：汪小满、段美兰、丁一山", DAY]);
    assert_eq!(chosen.joint.signatories, ["汪小满", "段美兰", "丁一山"]);
}

#[test]
fn a4_how_many_signed_is_what_the_letter_says_where_not_all_are_named() {
    for (row, count) in [
        ("汪小满等三十二户", 32),
        ("汪小满、段美兰等12名业主", 12),
        ("平川五金商店等6家商户", 6),
    ] {
        let fields = under(&[row, "联系电话：13812345678", DAY]);
        assert_eq!(
            (fields.joint.count, fields.joint.is_joint),
            (count, true),
            "{row}"
        );
        assert!(!fields.anonymous.value, "{row}");
        assert!(vetoed(&fields), "{row}");
    }
    let counted = under(&[
        "业主签字：",
        "汪小满　　丁一山　　邓长河",
        "以上共计9户",
        DAY,
    ]);
    assert_eq!((counted.joint.count, counted.joint.is_joint), (9, true));
    let few = under(&["汪小满等3人", DAY]);
    assert!(!few.joint.is_joint);
}

#[test]
fn c2_a_number_beside_a_signatorys_name_below_the_list_is_his() {
    let fields = under(&[
        "业主签字：",
        "汪小满　　丁一山　　邓长河",
        "段美兰　　陆平",
        "联系电话：13812345678（段美兰）",
        DAY,
    ]);
    assert_eq!(sender(&fields), "段美兰");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/1"));
    assert_eq!(fields.phones[0].owner.as_deref(), Some("段美兰"));
}

#[test]
fn a7_the_principal_is_the_sender_however_the_commission_is_worded() {
    let told = |body: &'static str, tail: &[&'static str]| {
        let mut rows = vec!["霍市长：", body, "请求修理屋顶。", "此致", "敬礼"];
        rows.extend(tail);
        rows.push(DAY);
        letter(&rows)
    };
    for (body, tail) in [
        (
            "本人熊小梅，受邻居熊大海老人委托代为写信。",
            &["代理人：熊小梅"][..],
        ),
        ("受熊大海委托，现就漏雨一事来信反映。", &["代理人：熊小梅"]),
        (
            "本人受熊大海先生的委托，来信反映漏雨一事。",
            &["受托人：熊小梅"],
        ),
        ("房屋漏雨一年多。", &["代理人：熊小梅（受熊大海委托）"]),
        ("房屋漏雨一年多。", &["委托人：熊大海", "受托人：熊小梅"]),
        (
            "房屋漏雨一年多。",
            &["申请人：熊大海", "委托代理人：熊小梅"],
        ),
        (
            "我父亲熊大海年过八旬，委托我写信反映漏雨一事。",
            &["熊小梅"],
        ),
        (
            "汉东正源律师事务所接受熊大海女士的委托，指派本律师致函。",
            &["汉东正源律师事务所", "律师：熊小梅"],
        ),
    ] {
        let fields = told(body, tail);
        assert_eq!(sender(&fields), "熊大海", "{body} {tail:?}");
        let proxy = fields.proxy.as_ref();
        assert_eq!(proxy.map(|p| p.agent.as_str()), Some("熊小梅"), "{body}");
        assert!(proxy.is_some_and(|p| !p.authorisation_seen), "{body}");
    }
    let unsaid = told("房屋漏雨一年多。", &["代理人：熊小梅"]);
    assert_eq!(sender(&unsaid), "匿名");
    assert!(shown(&unsaid, "熊小梅"));
    let managed = told("我受邱德海委托管理工地。", &["汪小满"]);
    assert_eq!(sender(&managed), "汪小满");
    assert_eq!(managed.proxy, None);
    let others = told("邻居老李受熊大海委托来我家闹事。", &["汪小满"]);
    assert_eq!(sender(&others), "汪小满");
    assert_eq!(others.proxy, None);
}

#[test]
fn a5_sayings_and_what_a_writer_calls_himself_are_false_names() {
    let reason = |tail: &'static str| under(&[tail, DAY]).anonymous.reason;
    for name in ["正义之声", "老实人", "路见不平", "乡亲们的心里话"] {
        assert_eq!(reason(name).as_deref(), Some("假名"), "{name}");
    }
    assert_eq!(reason("吴姓住户").as_deref(), Some("署名不完整"));
}

#[test]
fn a7_an_agent_is_beside_who_signed_and_the_page_is_asked_for() {
    let pages = [page(
        1,
        PageKind::Letter,
        &ended(&["此致", "敬礼"], &["汪小满", "代理人：段美兰", DAY]),
    )];
    let fields = extract(&pages, &roster(), Some("2025-06-30"));
    assert_eq!(sender(&fields), "汪小满");
    assert!(
        fields
            .proxy
            .is_some_and(|p| p.agent == "段美兰" && !p.authorisation_seen)
    );
}

#[test]
fn a7_whoever_writes_or_signs_for_another_is_his_agent_in_every_wording() {
    let told = |body: &'static str, tail: &[&'static str]| {
        let mut rows = vec!["霍市长：", body, "请求修理屋顶。", "此致", "敬礼"];
        rows.extend(tail);
        rows.push(DAY);
        letter(&rows)
    };
    for (body, tail) in [
        ("我代我母亲熊大海写这封信，反映漏雨一事。", &["熊小梅"][..]),
        ("我替父亲熊大海写信，反映漏雨一事。", &["熊小梅"]),
        ("现代老母亲熊大海向您反映漏雨一事。", &["女儿　熊小梅"]),
        ("本人受熊大海之托写信反映漏雨一事。", &["熊小梅"]),
        ("受邻居熊大海所托，来信反映漏雨一事。", &["受托人：熊小梅"]),
        ("我父亲熊大海叫我写信反映漏雨一事。", &["熊小梅"]),
        ("我年老多病，特委托我女儿熊小梅代为反映。", &["熊大海"]),
        ("我不识字，现委托侄女熊小梅写信反映漏雨一事。", &["熊大海"]),
        ("房屋漏雨一年多。", &["熊小梅（代熊大海）"]),
        ("房屋漏雨一年多。", &["熊大海（女儿熊小梅代）"]),
        ("房屋漏雨一年多。", &["熊大海（熊小梅代签）"]),
        (
            "我叫熊大海，今年八十岁，不识字，由女儿熊小梅代笔写信。",
            &["熊小梅"],
        ),
    ] {
        let fields = told(body, tail);
        assert_eq!(sender(&fields), "熊大海", "{body} {tail:?}");
        let proxy = fields.proxy.as_ref();
        assert_eq!(
            proxy.map(|p| p.agent.as_str()),
            Some("熊小梅"),
            "{body} {tail:?}"
        );
        assert!(!fields.sender_name.accepted, "{body} {tail:?}");
    }
    // Without brackets it is not understood, and left to a person.
    let fields = told("房屋漏雨一年多。", &["熊小梅代熊大海"]);
    assert!(!fields.sender_name.accepted);
    for body in [
        "我委托律师赵明起诉了物业，至今没有结果。",
        "村里让会计高远代领补贴，我没有拿到。",
        "他代表物业来谈过一次。",
    ] {
        let fields = told(body, &["汪小满"]);
        assert_eq!(sender(&fields), "汪小满", "{body}");
        assert_eq!(fields.proxy, None, "{body}");
    }
}

#[test]
fn a7_who_held_the_pen_beside_who_signed_is_for_a_person_to_accept() {
    for pen in ["执笔：熊小梅（村小教师）", "执笔人：熊小梅"] {
        let fields = under(&["段美兰", pen, DAY]);
        let accepted = fields.sender_name.accepted;
        assert!(!accepted || sender(&fields) == "段美兰", "{pen}");
    }
}

#[test]
fn c5_a_number_below_one_of_several_names_is_his() {
    let fields = under(&[
        "委托人：熊大海",
        "电话：13812345678",
        "代理人：熊小梅",
        "电话：13987654321",
        DAY,
    ]);
    let owners: Vec<_> = fields
        .phones
        .iter()
        .map(|p| p.owner.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(owners, ["熊大海", "熊小梅"]);
    let fields = under(&[
        "反映人：汪小满",
        "电话：13812345678",
        "反映人：段美兰",
        "电话：13987654321",
        DAY,
    ]);
    let owners: Vec<_> = fields
        .phones
        .iter()
        .map(|p| p.owner.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(owners, ["汪小满", "段美兰"]);
}
