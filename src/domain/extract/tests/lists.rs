//! Lists of signatures, and what under a letter is no signature: one fault each.

use crate::domain::draft::Fields;

use super::letters::{envelope, letter, with_envelope};

const TOP: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

fn ended(closing: &[&'static str], tail: &[&'static str]) -> Vec<&'static str> {
    TOP.iter().chain(closing).chain(tail).copied().collect()
}

fn under(tail: &[&'static str]) -> Fields {
    letter(&ended(&["此致", "敬礼"], tail))
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

#[test]
fn a4_a_head_is_known_by_the_names_below_it_however_it_is_worded() {
    let names = [
        "蓝喆　　卜秋　　汪小满　　罕文山",
        "杞祥　　段美兰",
        "2025年4月26日",
    ];
    for head in ["签字人：", "联合署名：", "情况属实，住户落名：", "同意者："]
    {
        let mut tail = vec![head];
        tail.extend(names);
        let fields = under(&tail);
        assert_eq!(fields.joint.count, 6, "{head} {:?}", fields.joint);
        assert!(fields.joint.is_joint, "{head}");
        assert_eq!(sender(&fields), "蓝喆", "{head}");
    }
}

#[test]
fn a4_names_one_below_the_other_and_numbered_names_are_lists() {
    let fields = under(&["签名如下：", "蓝喆", "罕文山", "汪小满", "邓长河", "杞祥"]);
    assert_eq!(fields.joint.count, 5, "{:?}", fields.joint);
    let fields = under(&[
        "住户签字：",
        "1. 蓝喆　2. 罕文山　3. 汪小满",
        "4. 邓长河　5. 杞祥",
    ]);
    assert_eq!(fields.joint.count, 5, "{:?}", fields.joint);
}

#[test]
fn a4_a_head_that_says_nothing_of_signing_is_told_by_three_names_or_two_rows_of_units_below_it() {
    let fields = under(&[
        "赞成以上内容者：",
        "蓝喆",
        "汪小满",
        "罕文山",
        "邓长河",
        "杞祥",
    ]);
    assert_eq!(fields.joint.count, 5, "{:?}", fields.joint);
    let fields = under(&[
        "赞成以上内容：",
        "青山旱砂瓜合作社　　河东区阳光洗衣行",
        "东坡高原蔬菜冷藏库　　城北区老马牛肉面馆",
        "南湖玫瑰种植协会",
        "2025.2.27",
    ]);
    assert_eq!(fields.joint.count, 5, "{:?}", fields.joint);
}

#[test]
fn a4_what_is_left_of_a_misread_date_is_no_signatory() {
    for date in ["五年八月十二日", "二换二四年九月十三日"] {
        let fields = under(&["签名栏：", "马玉梅、汪小满、蓝喆、莫涛、邓长河", date]);
        assert_eq!(fields.joint.count, 5, "{date} {:?}", fields.joint);
    }
}

#[test]
fn a4_a_surname_nobody_listed_is_counted_in_a_block_of_names_without_a_head() {
    let fields = under(&[
        "罕文山　　汪小满　　杞祥　　罕志兰",
        "邓长河　　罕丽　　杞秀英",
        "2025年4月26日",
    ]);
    assert_eq!(fields.joint.count, 7, "{:?}", fields.joint);
}

#[test]
fn a4_a_unit_is_neither_cut_in_two_nor_grown_together_with_the_next() {
    let fields = under(&[
        "联名人签名：",
        "安江温泉疗养院　　滨江 区火宫小吃店",
        "滨江区永和鱼丸店河东区茉莉茶庄　　河东区育英托儿所",
    ]);
    let signed = &fields.joint.signatories;
    assert_eq!(
        signed,
        &[
            "安江温泉疗养院",
            "滨江区火宫小吃店",
            "滨江区永和鱼丸店",
            "河东区茉莉茶庄",
            "河东区育英托儿所"
        ]
    );
}

#[test]
fn c3_a_signatory_with_a_number_read_wrongly_left_one_all_the_same() {
    let fields = under(&[
        "联名人签名：",
        "丁一山　　汪小满　　邓长河1914541权120　　段美兰",
        "顾全福　　毛新社",
    ]);
    assert_eq!(sender(&fields), "邓长河");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/1"));
}

#[test]
fn c3_the_contact_person_is_known_by_what_is_left_of_the_label() {
    let fields = under(&[
        "（来信联系速：段美兰）",
        "联名人签名：",
        "丁一山　　汪小满　　邓长河　　段美兰　　顾全福",
    ]);
    assert_eq!(sender(&fields), "段美兰");
    assert_eq!(fields.sender_name.rule.as_deref(), Some("7.4.2.2/joint/2"));
}

#[test]
fn c2_what_leads_to_an_address_or_a_number_is_no_signature() {
    let front = || envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]);
    for tail in [
        ["目前住址：临江市河东区柳林路3号", "可打电话：13812345678"],
        ["常住地址：临江市河东区柳林路3号", "可拨打13812345678"],
        ["河东区柳林新村3幢2单元401室", "联络电话：13812345678"],
    ] {
        let rows = ended(&["此致", "敬礼"], &tail);
        let fields = with_envelope(&rows, front());
        assert_eq!(sender(&fields), "段美兰", "{tail:?}");
        assert_eq!(
            fields.sender_name.rule.as_deref(),
            Some("7.4.2.2/2"),
            "{tail:?}"
        );
    }
}

#[test]
fn c2_a_misread_closing_or_date_is_no_signature() {
    for closing in [
        ["此致", "敬祛"],
        ["敬祝", "夏安重"],
        ["尝颂", "政安！"],
        ["不胜感激，", "拜谢还"],
    ] {
        let fields = letter(&ended(&closing, &["2025步年8月15日"]));
        assert_eq!(sender(&fields), "匿名", "{closing:?}");
        assert_eq!(fields.anonymous.reason.as_deref(), Some("无署名"));
        let named = letter(&ended(&closing, &["汪小满", "2025年8月15日"]));
        assert_eq!(sender(&named), "汪小满", "{closing:?}");
    }
}

#[test]
fn c2_who_one_is_before_a_rare_surname_is_no_part_of_the_name() {
    assert_eq!(sender(&under(&["百姓罕文山"])), "罕文山");
    assert_eq!(sender(&under(&["写间人汪小满"])), "汪小满");
    assert_eq!(sender(&under(&["反映人（李名）：汪小满"])), "汪小满");
}

#[test]
fn a5_a_surname_with_a_word_of_kinship_and_a_whole_village_are_nobodys_name() {
    for (signed, reason) in [
        ("乔大娘", "署名不完整"),
        ("王嫂", "署名不完整"),
        ("全村老少", "假名"),
        ("众乡亲", "假名"),
    ] {
        let fields = under(&[signed]);
        assert_eq!(sender(&fields), "匿名", "{signed}");
        assert_eq!(fields.anonymous.reason.as_deref(), Some(reason), "{signed}");
    }
}
