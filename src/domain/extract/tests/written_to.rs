//! Whom a letter is for by a label or in the row its text begins in; who wrote it where nobody signed.

use super::letters::{envelope, letter, page, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::text::PageKind;

const TEXT: &str = "门前的路灯坏了半年，请派人修好。";
const DAY: &str = "2025年3月4日";

fn addressee(fields: &Fields) -> &str {
    fields.addressee.value.as_deref().unwrap_or_default()
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

/// In an envelope to the office itself.
fn posted(rows: &[&str]) -> Fields {
    with_envelope(rows, envelope("临江市信访局 收", &["内详"]))
}

#[test]
fn c6_a_label_on_top_addresses_as_a_salutation_does() {
    for label in [
        "收件：",
        "收件人：",
        "收信人：",
        "致：",
        "呈：",
        "主送：",
        "写给：",
        "呈送单位：",
        "送：",
        "收信单位：",
    ] {
        let row = format!("{label}霍国梁市长");
        let fields = posted(&[&row, TEXT, "段美兰", DAY]);
        assert_eq!(addressee(&fields), "霍国梁", "{row}");
        let row = format!("{label}市信访局邵建民局长并霍市长");
        let fields = posted(&[&row, TEXT, "段美兰", DAY]);
        assert_eq!(addressee(&fields), "霍国梁", "{row}");
    }
}

#[test]
fn c6_the_cell_of_a_form_addresses_as_a_salutation_does() {
    for label in ["致", "呈", "收件人", "收信单位", "写给"] {
        let row = format!("{label}　　市委、市政府领导");
        let form = [
            "来信登记表",
            "姓名　　段美兰",
            "住址　　临江市河东区柳林村3组12号",
            "联系电话　　13812345678",
            &row,
            "内容　　门前的路灯坏了半年，请派人修好。",
        ];
        assert_eq!(addressee(&posted(&form)), "中共临江市委员会", "{row}");
    }
    // 送 in the text of a letter addresses nobody.
    let told = [
        "临江市信访局：",
        TEXT,
        "送　霍市长的礼他没有收。",
        "段美兰",
        DAY,
    ];
    assert_eq!(addressee(&posted(&told)), "临江市信访局");
}

#[test]
fn c6_whom_one_greets_where_the_text_goes_on_in_his_row_is_addressed() {
    for row in [
        "霍市长您好！我是柳林村的段美兰，有件事请您帮忙。",
        "霍市长，您好！我是柳林村的段美兰，有件事请您帮忙。",
        "霍国梁市长你好，我叫段美兰，住在柳林村，有一件事想请您帮忙过问。",
    ] {
        let fields = posted(&[row, TEXT, DAY]);
        assert_eq!(addressee(&fields), "霍国梁", "{row}");
        assert_eq!(sender(&fields), "段美兰", "{row}");
    }
    let row = "尊敬的霍市长：您好！我叫段美兰，是柳林村的村民，有件事请您帮忙。";
    let fields = posted(&[row, TEXT, DAY]);
    assert_eq!((addressee(&fields), sender(&fields)), ("霍国梁", "段美兰"));
    let row = "市政府、市人大常委会：您好。我叫段美兰，住在柳林村，电话是13812345678。";
    assert_eq!(addressee(&posted(&[row, TEXT, DAY])), "临江市人民政府");
    // Told of, not greeted.
    let row = "我见到霍市长说您好的时候他没有理我，后来也没有人来找过我谈这件事。";
    assert_eq!(addressee(&posted(&[row, TEXT, DAY])), "临江市信访局");
}

#[test]
fn c2_a_form_that_asks_who_writes_is_answered() {
    for rows in [
        [
            "一、我是谁：段美兰",
            "二、我住哪里：临江市河东区柳林村3组12号",
        ],
        [
            "（一）写信人是谁：段美兰",
            "（二）住址：临江市河东区柳林村3组12号",
        ],
        [
            "1.我叫什么：段美兰",
            "2.我住哪里：临江市河东区柳林村3组12号",
        ],
    ] {
        let form = [
            "反映事项单",
            "收件：市信访局",
            rows[0],
            rows[1],
            "三、我要说的事：",
            TEXT,
        ];
        let fields = letter(&form);
        assert_eq!(sender(&fields), "段美兰", "{}", rows[0]);
        assert!(!fields.anonymous.value);
        assert!(!fields.sender_name.accepted);
    }
    let form = [
        "反映事项单",
        "收件：市信访局",
        "一、被反映人：骆大海",
        "二、我要说的事：",
        TEXT,
    ];
    assert_ne!(sender(&letter(&form)), "骆大海");
}

#[test]
fn c2_name_and_address_above_the_salutation_tell_who_wrote() {
    for head in [
        &["临江市河东区建设街6号　段美兰", "电话13812345678"][..],
        &["段美兰　临江市河东区建设街6号"],
        &["段美兰", "临江市河东区建设街6号", "13812345678"],
    ] {
        let rows: Vec<&str> = head
            .iter()
            .copied()
            .chain(["霍市长：", TEXT, DAY])
            .collect();
        let fields = letter(&rows);
        assert_eq!(sender(&fields), "段美兰", "{head:?}");
        assert!(!fields.sender_name.accepted, "{head:?}");
    }
    let titled = ["申诉书", "临江市河东区建设街6号", "霍市长：", TEXT, DAY];
    assert!(letter(&titled).anonymous.value);
}

#[test]
fn c2_a_name_on_the_envelope_behind_the_address_or_neixiang_is_read() {
    let unsigned = ["霍市长：", TEXT, DAY];
    for (line, home) in [
        ("内详　段美兰", None),
        ("内详 段美兰缄", None),
        (
            "临江市河东区建设街6号1204室段美兰",
            Some("临江市河东区建设街6号1204室"),
        ),
        (
            "临江市河东区建设街6号　段美兰",
            Some("临江市河东区建设街6号"),
        ),
    ] {
        let fields = with_envelope(&unsigned, envelope("霍市长 收", &[line]));
        assert_eq!(sender(&fields), "段美兰", "{line}");
        assert_eq!(
            fields.sender_name.rule.as_deref(),
            Some("7.4.2.2/2"),
            "{line}"
        );
        assert_eq!(fields.address.value.as_deref(), home, "{line}");
    }
    for line in ["临江市河东区建设街6号和平里", "临江市河东区柳林村3组王家湾"]
    {
        let fields = with_envelope(&unsigned, envelope("霍市长 收", &[line]));
        assert!(fields.anonymous.value, "{line}");
        assert_eq!(fields.address.value.as_deref(), Some(line));
    }
}

#[test]
fn a5_an_incomplete_name_on_the_envelope_is_the_reason_and_no_part_of_the_address() {
    let unsigned = ["霍市长：", TEXT, DAY];
    for line in [
        "临江市河东区建设街6号　段先生",
        "临江市河东区建设街6号段先生",
        "临江市河东区建设街6号　段某",
    ] {
        let fields = with_envelope(&unsigned, envelope("霍市长 收", &[line]));
        assert_eq!(
            fields.anonymous.reason.as_deref(),
            Some("署名不完整"),
            "{line}"
        );
        assert_eq!(
            fields.address.value.as_deref(),
            Some("临江市河东区建设街6号"),
            "{line}"
        );
    }
    let fields = with_envelope(&unsigned, envelope("霍市长 收", &["临江市河东区建设街6号"]));
    assert_eq!(fields.anonymous.reason.as_deref(), Some("无署名"));
}

#[test]
fn c6_the_offices_own_name_without_its_place_addresses_it() {
    for row in [
        "信访局：",
        "信访局的同志：",
        "信访局的领导同志，你们辛苦了：",
        "尊敬的信访局领导：",
        "收：临江市信访局",
        "发件人：段美兰　收件单位：临江市信访局",
    ] {
        let fields = letter(&[row, TEXT, "段美兰", DAY]);
        assert_eq!(addressee(&fields), "临江市信访局", "{row}");
        assert_eq!(sender(&fields), "段美兰", "{row}");
    }
    for row in ["国家信访局：", "昆山市信访局：", "省信访局："] {
        let fields = letter(&[row, TEXT, "段美兰", DAY]);
        assert_ne!(addressee(&fields), "临江市信访局", "{row}");
    }
    // 信访人 misread as one character else is still who writes.
    assert_eq!(
        sender(&letter(&["霍市长：", TEXT, "信坊人：段美兰", DAY])),
        "段美兰"
    );
}

#[test]
fn c6_a_cell_that_says_for_whom_stands_among_the_others() {
    for label in ["致", "信访机关", "受理单位"] {
        let cell = format!("{label}　　临江市信访局");
        let fields = letter(&[
            "群众来信登记表",
            "姓名　　段美兰　　性别　　女",
            "家庭住址　　临江市河东区柳林村3组12号",
            "联系电话　　13812345678　　职业　　务农",
            &cell,
            "内容　　门前的路灯坏了半年，请派人修好。",
        ]);
        assert_eq!(addressee(&fields), "临江市信访局", "{label}");
        assert_eq!(sender(&fields), "段美兰", "{label}");
    }
    let fields = letter(&[
        "来信人基本情况",
        "1. 来信人：段美兰　　女　　39岁",
        "2. 现住址：临江市河东区柳林村3组12号",
        "3. 联系电话：13812345678",
        "4. 收信单位：临江市信访局",
        TEXT,
    ]);
    assert_eq!(addressee(&fields), "临江市信访局");
}

#[test]
fn who_sends_by_a_label_on_top_has_not_withheld_his_name() {
    let rows = [
        "发件人：段美兰　收件单位：临江市信访局",
        "主题：路灯",
        TEXT,
        "此致，2025年3月4日",
    ];
    let fields = letter(&rows);
    assert_eq!(sender(&fields), "段美兰");
    assert!(!fields.anonymous.value);
}

#[test]
fn c6_to_whom_copies_go_addresses_nobody_however_the_label_is_spaced() {
    for label in ["抄　送：", "抄送：", "主　题："] {
        let row = format!("{label}向传英");
        let rows = [
            "发件人：段美兰",
            "收件人：临江市信访局",
            &row,
            TEXT,
            "段美兰",
            DAY,
        ];
        let fields = letter(&rows);
        assert_eq!(addressee(&fields), "临江市信访局", "{label}");
        assert!(fields.addressee.accepted, "{label}");
    }
}

/// An office with two vice-mayors; the first of them is whom the list calls 副市长.
fn with_two_deputies(rows: &[&str], front: &str) -> Fields {
    let mut roster = super::letters::roster();
    let mut other = roster.leaders[2].clone();
    other.name = "关志坚".into();
    other.alias = vec!["关副市长".into()];
    other.rank = 6;
    roster.leaders.push(other);
    let pages = [page(1, PageKind::Letter, rows), envelope(front, &["内详"])];
    extract(&pages, &roster, Some("2025-06-30"))
}

#[test]
fn a_title_behind_a_gap_is_of_whoever_is_named_before_it() {
    for (top, front) in [
        ("关志坚 副市长：", "临江市信访局 收"),
        ("关志坚副市长：", "副市长 收"),
        ("尊敬的关志坚 副市长：", "临江市人民政府 副市长 收"),
        ("关志坚副市长：", "关志坚 副市长 收"),
    ] {
        let fields = with_two_deputies(&[top, TEXT, "段美兰", DAY], front);
        assert_eq!(addressee(&fields), "关志坚", "{top} {front}");
    }
    // Which of the two is meant nobody says.
    let fields = with_two_deputies(&["副市长：", TEXT, "段美兰", DAY], "副市长 收");
    assert!(!fields.addressee.accepted);
    let fields = with_two_deputies(&["邵秋月副市长：", TEXT, "段美兰", DAY], "副市长 收");
    assert_eq!(addressee(&fields), "邵秋月");
    // Two who are addressed with a gap between them stay two.
    let fields = posted(&["霍市长 邵局长：", TEXT, "段美兰", DAY]);
    assert_eq!(addressee(&fields), "霍国梁");
}

#[test]
fn a_year_before_a_name_is_no_part_of_it() {
    for row in ["1979年入伍时大勇", "1979年入伍 时大勇", "2020年退休 时大勇"] {
        let fields = letter(&["霍市长：", TEXT, row, DAY]);
        assert_eq!(sender(&fields), "时大勇", "{row}");
        assert_eq!(fields.joint.count, 1, "{row}");
    }
}

#[test]
fn yb19_offices_in_rows_without_marks_are_all_addressed() {
    let rows = [
        "临江市信访局",
        "临江市人民政府",
        "国家信访局：",
        TEXT,
        "段美兰",
        DAY,
    ];
    let fields = posted(&rows);
    assert_eq!(addressee(&fields), "临江市人民政府");
    // It may be the head of the sheet.
    assert!(!fields.addressee.accepted);
    // An office over two rows is one; a leader goes before what heads the sheet.
    let fields = posted(&["临江市人民政府", "信访局：", TEXT, "段美兰", DAY]);
    assert_ne!(addressee(&fields), "临江市人民政府");
    let fields = posted(&["临江市人民政府", "邵建民局长：", TEXT, "段美兰", DAY]);
    assert_eq!(addressee(&fields), "邵建民");
}
