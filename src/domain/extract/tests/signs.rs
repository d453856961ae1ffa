//! Who writes, and where it is read: labels that sign, lists with a contact person, callings without a name, sheets of many cells, names of many syllables.

use super::letters::{envelope, letter, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::field::Source;

const TOP: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

const DAY: &str = "2025年3月4日";

fn ended<'a>(tail: &[&'a str]) -> Vec<&'a str> {
    let rows = TOP.iter().chain(&["此致", "敬礼"]).chain(tail);
    rows.copied().chain([DAY]).collect()
}

fn under(tail: &[&str]) -> Fields {
    letter(&ended(tail))
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

fn told(fields: &Fields) -> String {
    let sender = &fields.sender_name;
    format!(
        "{} {:?} {:?} joint {} {:?} accepted {}",
        self::sender(fields),
        sender.source,
        fields.anonymous.reason,
        fields.joint.count,
        fields.joint.signatories,
        !sender.signs.iter().any(|s| s.name == "veto"),
    )
}

/// Every case right, or all that are wrong.
fn all<T>(cases: &[T], right: impl Fn(&T) -> Option<String>) {
    let wrong: Vec<String> = cases.iter().filter_map(right).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const LABELS: [&str; 12] = [
    "姓名：段美兰",
    "申请人：段美兰",
    "投诉人：段美兰",
    "来信人：段美兰",
    "反映人：段美兰",
    "一位市民：段美兰",
    "一位居民：段美兰",
    "一名退休工人：段美兰",
    "您的市民：段美兰",
    "写信人姓名：段美兰",
    "来信群众：段美兰",
    "求助人姓名：段美兰",
];

#[test]
fn a_labelled_name_at_the_foot_signs_before_the_envelope() {
    all(&LABELS, |row| {
        let front = envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]);
        let fields = with_envelope(&ended(&[row]), front);
        let right = sender(&fields) == "段美兰"
            && fields.sender_name.source == Source::LetterSignature
            && fields.sender_name.rule.as_deref() == Some("7.4.2.2/1");
        (!right).then(|| format!("{row}: {}", told(&fields)))
    });
}

#[test]
fn a_labelled_name_on_top_signs_where_nobody_else_does() {
    // 您的市民: is whom a letter addresses as well.
    let labels = LABELS.map(|row| row.trim_start_matches("您的"));
    all(&labels, |row| {
        let one = [*row, "住址：临江市河东区柳林路3号"];
        let other = ["住址：临江市河东区柳林路3号", *row, "电话：13872514096"];
        for (at, head) in [&one[..], &other[..], &one[..1]].iter().enumerate() {
            let rows: Vec<&str> = head.iter().copied().chain(ended(&[])).collect();
            let front = envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]);
            for fields in [with_envelope(&rows, front), letter(&rows)] {
                let right = sender(&fields) == "段美兰"
                    && fields.sender_name.source == Source::LetterSignature;
                if !right {
                    return Some(format!("{at} {row}: {}", told(&fields)));
                }
            }
        }
        None
    });
}

#[test]
fn a_name_at_the_end_of_an_envelopes_row_is_its_senders() {
    let rows: [&[&str]; 6] = [
        &["临江市河东区柳林路3号 段美兰 寄"],
        &["临江市河东区柳林路3号段美兰寄"],
        &["临江市河东区柳林路3号 段美兰"],
        &["临江市河东区柳林镇三岔村二组段美兰寄"],
        &["临江市河东区柳林路3号2栋301室", "段美兰寄"],
        &["临江市河东区柳林路3号（段美兰）寄"],
    ];
    all(&rows, |rows| {
        let fields = with_envelope(&ended(&[]), envelope("霍市长 收", rows));
        let right =
            sender(&fields) == "段美兰" && fields.sender_name.source == Source::EnvelopeSender;
        (!right).then(|| format!("{rows:?}: {}", told(&fields)))
    });
}

#[test]
fn a_list_behind_a_label_counts_and_its_contact_is_no_other_sender() {
    let cases: [(&[&str], u32, &str); 17] = [
        (
            &[
                "签名：丁一山、汪小满、邓长河、段美兰、高长林",
                "联系人：汪小满 13872514096",
            ],
            5,
            "汪小满",
        ),
        (
            &[
                "签名：丁一山、汪小满、邓长河、段美兰、高长林",
                "联系人：段美兰",
                "电话：13872514096",
            ],
            5,
            "段美兰",
        ),
        (
            &["签名：丁一山、汪小满、邓长河", "联系人：汪小满 13872514096"],
            3,
            "丁一山",
        ),
        (
            &["签字：丁一山、汪小满、邓长河", "联系人：汪小满 13872514096"],
            3,
            "丁一山",
        ),
        (
            &["丁一山、汪小满等三十二人签名", "联系人：汪小满 13872514096"],
            32,
            "汪小满",
        ),
        (
            &["丁一山等三十二人签名", "联系人：丁一山 13872514096"],
            32,
            "丁一山",
        ),
        (&["柳林村三组丁一山等十八户"], 18, "丁一山"),
        (&["丁一山等十八户村民"], 18, "丁一山"),
        (&["丁一山等十八户", "联系电话：13872514096"], 18, "丁一山"),
        (&["代表签名：丁一山"], 1, "丁一山"),
        (&["代表签名：丁一山 汪小满 邓长河"], 3, "丁一山"),
        (&["住户代表签字：丁一山、汪小满"], 2, "丁一山"),
        (&["商户：丁一山 汪小满 邓长河"], 3, "丁一山"),
        (
            &["商户：丁一山、汪小满、邓长河、段美兰、高长林"],
            5,
            "丁一山",
        ),
        (
            &[
                "全体商户签名：丁一山 汪小满 邓长河 段美兰 高长林",
                "联系人：高长林 13872514096",
            ],
            5,
            "高长林",
        ),
        (&["柳林小区二十六户业主", "代表：丁一山"], 26, "丁一山"),
        (&["业主代表：丁一山（共四十一户）"], 41, "丁一山"),
    ];
    all(&cases, |(tail, count, name)| {
        let fields = under(tail);
        let right = sender(&fields) == *name && fields.joint.count == *count;
        (!right).then(|| format!("{tail:?}: {}", told(&fields)))
    });
}

#[test]
fn rare_surnames_and_single_syllables_sign_behind_a_label() {
    let cases = [
        ("来信人：代明珠", "代明珠"),
        ("代明珠", "代明珠"),
        ("反映人：代红", "代红"),
        ("佘国强", "佘国强"),
        ("敖汉生", "敖汉生"),
        ("一位市民：石请", "石请"),
        ("一位市民：敖玉", "敖玉"),
        ("市民：佘安", "佘安"),
        ("投诉人：么红梅", "么红梅"),
        ("来信人：第五建国", "第五建国"),
        ("村民代国富", "代国富"),
        ("草民延福堂", "延福堂"),
        ("草民：延福堂", "延福堂"),
        ("草民 段美兰", "段美兰"),
        ("来信群众：敖福堂", "敖福堂"),
        ("学员家长：佘大勇", "佘大勇"),
        ("小民段美兰", "段美兰"),
        ("晚辈段美兰", "段美兰"),
        ("养蜂人段美兰", "段美兰"),
        ("养蜂人：段美兰", "段美兰"),
        ("说明人：段美兰", "段美兰"),
        ("讨债人：段美兰", "段美兰"),
        ("班组长：段美兰", "段美兰"),
        ("班组长段美兰", "段美兰"),
        ("一个普通党员：段美兰", "段美兰"),
        ("小宝的家长：段美兰", "段美兰"),
        ("讨薪人：段美兰", "段美兰"),
    ];
    all(&cases, |(row, name)| {
        let fields = under(&[row]);
        (sender(&fields) != *name || fields.anonymous.value)
            .then(|| format!("{row}: {}", told(&fields)))
    });
}

#[test]
fn a_calling_without_a_name_leaves_the_letter_anonymous_for_its_reason() {
    let cases = [
        ("一个普通党员", "假名"),
        ("普通党员", "假名"),
        ("一个老百姓", "假名"),
        ("铁面包公", "假名"),
        ("当代包公", "假名"),
        ("三年级二班学生的家长", "假名"),
        ("王子涵的家长", "假名"),
        ("小宝的家长", "假名"),
        ("讨债人", "假名"),
        ("班组长", "假名"),
        ("养蜂人", "假名"),
        ("养鱼人", "假名"),
        ("说明人", "假名"),
        ("说明人：", "无署名"),
        ("草民", "假名"),
        ("草民一个", "假名"),
        ("学员小吴", "署名不完整"),
        ("学员：小吴", "署名不完整"),
        ("莘县赵女士", "署名不完整"),
        ("莘县 赵女士", "署名不完整"),
        ("临江市河东区赵先生", "署名不完整"),
        ("来信群众：赵女士", "署名不完整"),
        ("来信群众：小吴", "署名不完整"),
        ("来信群众：一名老党员", "假名"),
        ("一位市民：李某", "署名不完整"),
        ("草民 李某某", "署名不完整"),
        ("一个盼着开学的家长", "假名"),
        ("讨薪人", "假名"),
        ("守林人", "假名"),
        ("环卫工", "假名"),
        ("快递小哥", "假名"),
        ("老厂乡", "无署名"),
        ("老厂乡人", "假名"),
        ("石桥镇", "无署名"),
        ("白马乡", "无署名"),
    ];
    all(&cases, |(row, reason)| {
        let fields = under(&[row]);
        let right = sender(&fields) == "匿名" && fields.anonymous.reason.as_deref() == Some(reason);
        (!right).then(|| format!("{row}: {}", told(&fields)))
    });
}

#[test]
fn names_of_many_syllables_sign_whole() {
    let cases = [
        ("阿不都热依木·艾山", "阿不都热依木·艾山"),
        ("来信人：阿不都热依木·艾山", "阿不都热依木·艾山"),
        ("反映人：古丽巴哈尔·吐尔逊", "古丽巴哈尔·吐尔逊"),
        ("阿依古丽", "阿依古丽"),
        ("来信人：阿依古丽", "阿依古丽"),
        ("村民：吉克伍呷木", "吉克伍呷木"),
        ("反映人：吉克伍呷木", "吉克伍呷木"),
        ("阿尔木乃", "阿尔木乃"),
        ("反映人：依火木呷", "依火木呷"),
        ("反映人：依香罕", "依香罕"),
        ("来信人：才让卓玛", "才让卓玛"),
        ("来信人：索朗旺堆", "索朗旺堆"),
        ("索南才让", "索南才让"),
        ("来信人：次仁德吉拉姆", "次仁德吉拉姆"),
        ("来信人：热依木江买买提", "热依木江买买提"),
        ("买买提江·吾守尔 13872514096", "买买提江·吾守尔"),
        ("申请人：巴特尔", "巴特尔"),
        ("申请人：乌兰其其格", "乌兰其其格"),
        ("乌兰其其格", "乌兰其其格"),
        ("段大山之妻 高玉梅", "高玉梅"),
        ("段某某之妻 高玉梅", "高玉梅"),
        ("段某某之妻高玉梅", "高玉梅"),
        ("段大山之母高玉梅", "高玉梅"),
        ("段大山的妻子：高玉梅", "高玉梅"),
        ("段大山的妻子 高玉梅", "高玉梅"),
        ("死者段大山之女：段小云", "段小云"),
        ("死者段大山之女 段小云", "段小云"),
    ];
    all(&cases, |(row, name)| {
        let fields = under(&[row]);
        (sender(&fields) != *name || fields.joint.count != 1)
            .then(|| format!("{row}: {}", told(&fields)))
    });
}
