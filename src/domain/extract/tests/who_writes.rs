//! Who writes where it is not told by a bare whole name: behind labels and callings, beside kin, with names of peoples without surnames, in lists that
//! count more than they name; and envelopes that name nobody.

use super::letters::{envelope, letter, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::field::Source;

const TOP: [&str; 4] = [
    "尊敬的霍市长：",
    "　　您好！我们小区的路灯坏了半年，没有人修，晚上老人摔跤。",
    "　　恳请派人修好。",
    "　　此致敬礼！",
];

const DAY: &str = "2025年3月4日";

fn under(tail: &[&'static str]) -> Fields {
    letter(&[&TOP[..], tail].concat())
}

fn value(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// Every row signs for this name, as the letter's own signature.
fn sign(cases: &[(&str, &'static str)]) {
    for (name, row) in cases {
        let fields = under(&[*row, DAY]);
        assert_eq!(value(&fields.sender_name.value), *name, "{row}");
        assert_eq!(fields.sender_name.source, Source::LetterSignature, "{row}");
    }
}

/// Every row names nobody, for this reason.
fn withhold(reason: &str, rows: &[&'static str]) {
    for row in rows {
        let fields = under(&[*row, DAY]);
        assert_eq!(value(&fields.sender_name.value), "匿名", "{row}");
        assert_eq!(value(&fields.anonymous.reason), reason, "{row}");
        assert!(!fields.sender_name.accepted || reason == "署名不完整" || reason == "假名");
    }
}

#[test]
fn a_name_behind_a_label_or_a_calling_signs() {
    sign(&[
        ("汪小满", "姓名：汪小满"),
        ("汪小满", "申请人：汪小满"),
        ("汪小满", "一位市民：汪小满"),
        ("汪福堂", "草民汪福堂"),
        ("代建国", "代建国"),
        ("代小红", "反映人：代小红"),
        ("佘秀英", "写信人：佘秀英"),
        ("敖志强", "反映情况人：敖志强"),
    ]);
}

#[test]
fn a_name_misread_behind_who_writes_is_one_for_a_person_to_look_at() {
    for (name, row) in [("石请", "一位市民：石请"), ("屈巧他", "来信群众：屈巧他")]
    {
        let fields = under(&[row, DAY]);
        assert_eq!(value(&fields.sender_name.value), name);
        assert!(!fields.sender_name.accepted, "{row}");
    }
}

#[test]
fn callings_trades_and_figures_of_opera_are_nobodys_name() {
    withhold(
        "假名",
        &[
            "一个普通党员",
            "三年级二班一名学生的家长",
            "二年级学生家长",
            "王小军的家长",
            "班组长",
            "养蜂人",
            "说明人",
            "讨债人",
            "一个讨薪的农民工",
            "铁面包公",
            "当代窦娥",
        ],
    );
}

#[test]
fn a_surname_behind_whence_or_what_somebody_is_is_incomplete() {
    withhold(
        "署名不完整",
        &["学员小吴", "莘县赵女士", "陆良县赵女士", "开出租的老张"],
    );
}

#[test]
fn a_place_alone_under_a_letter_signs_for_nobody() {
    withhold("无署名", &["老厂乡", "云南省富源县老厂镇"]);
}

#[test]
fn names_of_peoples_without_surnames_are_whole() {
    sign(&[
        ("阿不都热依木·艾山", "阿不都热依木·艾山"),
        ("古丽巴哈尔·买买提", "反映人：古丽巴哈尔·买买提"),
        ("扎西顿珠", "扎西顿珠"),
        ("桑吉卓玛", "来信人：桑吉卓玛"),
        ("依香罕", "依香罕"),
        ("阿力木江", "阿力木江"),
        ("吉克阿支", "吉克阿支"),
        ("玉罕叫", "玉罕叫"),
        ("岩温罕", "岩温罕"),
    ]);
}

#[test]
fn who_says_whose_kin_he_is_signs_and_not_the_kin() {
    sign(&[
        ("王秀兰", "李国富之妻　王秀兰"),
        ("王秀兰", "李国富的妻子王秀兰"),
        ("李小军", "李国富之子：李小军"),
        ("李小军", "死者李国富的儿子　李小军"),
        ("李小军", "学生李文文的父亲李小军"),
        ("李国富", "李国富（由其子李小军代笔）"),
    ]);
    let agent = under(&[
        "申请人：李国富",
        "代理人：李小军　联系电话：13812345678",
        DAY,
    ]);
    assert_eq!(value(&agent.sender_name.value), "李国富");
}

#[test]
fn a_list_counts_those_it_says_it_has_and_not_only_those_it_names() {
    for (count, tail) in [
        (
            32,
            &["青山村三组村民丁一山、汪小满、邓长河等三十二人签名"][..],
        ),
        (18, &["丁一山、汪小满、邓长河等十八户"]),
        (18, &["丁一山等18户居民"]),
        (5, &["商户：丁一山　汪小满　邓长河　邱大勇　何玉珍"]),
        (
            5,
            &["全体业主签字：", "丁一山　汪小满　邓长河", "邱大勇　何玉珍"],
        ),
        (
            23,
            &["代表签名：丁一山（电话13812345678）", "等二十三户村民"],
        ),
        (12, &["以上十二户业主：丁一山、汪小满、邓长河……"]),
    ] {
        let fields = under(tail);
        assert!(fields.joint.is_joint, "{tail:?}");
        assert_eq!(fields.joint.count, count, "{tail:?}");
    }
}

#[test]
fn the_contact_below_a_list_of_signatures_stands_for_it_and_adds_nobody() {
    let list = "签名：丁一山、汪小满、邓长河、邱大勇、何玉珍、曹文彬";
    let fields = under(&[list, "联系人：邓长河　13812345678", DAY]);
    assert_eq!(fields.joint.count, 6);
    assert_eq!(value(&fields.sender_name.value), "邓长河");
}

const HOME: &str = "云安县桃园新村11幢302室";

#[test]
fn a_name_and_a_home_in_one_row_of_an_envelope_are_both_the_senders() {
    for row in [
        "云安县桃园新村11幢302室　汪小满",
        "云安县桃园新村11幢302室汪小满寄",
        "寄件人：汪小满 云安县桃园新村11幢302室",
    ] {
        let fields = with_envelope(&TOP, envelope("霍市长 收", &[row]));
        assert_eq!(value(&fields.sender_name.value), "汪小满", "{row}");
        assert_eq!(value(&fields.address.value), HOME, "{row}");
    }
}

#[test]
fn a_town_with_nothing_or_an_office_on_an_envelope_is_no_sender() {
    for row in ["宣威内详", "莘县", "单局长", "本市 内详", "莘县一中 内详"] {
        let fields = with_envelope(&TOP, envelope("霍市长 收", &[row]));
        assert_eq!(value(&fields.sender_name.value), "匿名", "{row}");
        assert!(!fields.address.accepted, "{row}");
    }
}

#[test]
fn what_letter_and_envelope_both_say_is_told_as_the_letters() {
    for tail in [
        &["姓名：汪小满", "住址：云安县桃园新村11幢302室"][..],
        &["反映人：汪小满　云安县桃园新村11幢302室", DAY],
        &["云安县桃园新村11幢302室 汪小满", DAY],
        &["家住云安县桃园新村11幢302室的汪小满", DAY],
        &["地址 云安县桃园新村11幢302室", "汪小满", DAY],
        &["汪小满", "我住云安县桃园新村11幢302室", DAY],
        &["汪小满　敬上", "来信地址：云安县桃园新村11幢302室", DAY],
    ] {
        let rows = [&TOP[..], tail].concat();
        let fields = with_envelope(&rows, envelope("霍市长 收", &[HOME, "汪小满"]));
        assert_eq!(value(&fields.sender_name.value), "汪小满", "{tail:?}");
        assert_eq!(value(&fields.address.value), HOME, "{tail:?}");
        let told = (fields.sender_name.source, fields.address.source);
        let wanted = (Source::LetterSignature, Source::LetterSignedAddress);
        assert_eq!(told, wanted, "{tail:?}");
    }
}
