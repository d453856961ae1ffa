//! Papers that go with a letter, forms and headings: what is written there is not the letter's own.

use super::letters::{envelope, page, roster, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::text::{PageKind, PageText};

const BODY: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

/// A sheet whose rows begin at these shares of its width.
fn set(n: u32, rows: &[(f32, &str)]) -> PageText {
    let texts: Vec<&str> = rows.iter().map(|(_, text)| *text).collect();
    let mut sheet = page(n, PageKind::Letter, &texts);
    for (line, (left, _)) in sheet.lines.iter_mut().zip(rows) {
        let shift = left * 2400.0 - line.quad[0][0];
        line.quad = line.quad.map(|[x, y]| [x + shift, y]);
    }
    sheet
}

fn of(pages: &[PageText]) -> Fields {
    extract(pages, &roster(), Some("2025-06-30"))
}

fn letter(tail: &[&str]) -> Fields {
    let rows = [&BODY[..], tail].concat();
    of(&[page(1, PageKind::Letter, &rows)])
}

fn date(fields: &Fields) -> Option<&str> {
    fields.letter_date.value.as_deref()
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

#[test]
fn who_signed_and_dated_another_paper_behind_the_letter_did_not_sign_or_date_the_letter() {
    let first = [&BODY[..], &["汪小满", "2025年3月4日", "电话：13812345678"]].concat();
    for paper in [
        &[
            (0.3, "附件：施工合同（复印件）"),
            (0.1, "甲方：临江建筑公司"),
            (0.1, "乙方（签字）：段美兰"),
            (0.1, "2022年8月14日"),
        ][..],
        &[
            (0.45, "证 明"),
            (0.2, "兹证明汪小满系我社区居民。"),
            (0.6, "南湖社区居民委员会"),
            (0.6, "2024年8月12日"),
        ],
        &[
            (0.1, "（复印件）"),
            (0.1, "市住建局："),
            (0.2, "我家阳台渗水，请管一管。"),
            (0.6, "写信人：屈宗岐"),
            (0.6, "电话：18223238853"),
            (0.6, "2022年3月21日"),
        ],
        &[
            (0.45, "收条"),
            (0.2, "今收到汪小满押金三千元。"),
            (0.6, "段美兰"),
            (0.6, "2023年1月2日"),
        ],
    ] {
        let fields = of(&[page(1, PageKind::Letter, &first), set(2, paper)]);
        assert_eq!(
            (sender(&fields), date(&fields)),
            ("汪小满", Some("2025-03-04")),
            "{paper:?}"
        );
        assert_eq!(fields.phones.len(), 1, "{paper:?}");
    }
}

#[test]
fn a_page_that_goes_on_with_the_letter_is_no_other_paper() {
    let pages = [
        page(1, PageKind::Letter, &BODY),
        set(
            2,
            &[
                (0.1, "证明"),
                (0.1, "我说的都是实话，请查。"),
                (0.6, "汪小满"),
                (0.6, "2025年3月4日"),
            ],
        ),
    ];
    let fields = of(&pages);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
}

#[test]
fn a_threat_on_an_enclosed_paper_is_seen() {
    let pages = [
        page(1, PageKind::Letter, &[&BODY[..], &["汪小满"]].concat()),
        set(
            2,
            &[(0.45, "证明"), (0.2, "再不解决我就从市政府楼顶跳下去。")],
        ),
    ];
    assert!(of(&pages).flags.threat.is_some_and(|threat| threat.value));
}

#[test]
fn a_date_of_another_paper_under_the_letter_is_shown_and_not_the_letters() {
    for (row, seen) in [
        ("附：购房合同一份（2021年5月18日签订）", "2021-05-18"),
        ("上次答复意见书落款日期：2023年8月3日", "2023-08-03"),
        ("附注：上述协议签订于2023年5月21日", "2023-05-21"),
        ("收据开具于2024年1月6日", "2024-01-06"),
    ] {
        let fields = letter(&["此致", "敬礼", "汪小满", "2025年3月4日", row]);
        assert_eq!(date(&fields), Some("2025-03-04"), "{row}");
        let fields = letter(&["此致", "敬礼", row, "汪小满"]);
        assert_eq!(date(&fields), None, "{row}");
        let shown = &fields.letter_date.alternatives;
        assert!(shown.iter().any(|a| a.value == seen), "{row}: {shown:?}");
    }
    let rows = ["汪小满", "2025年3月4日", "附：收据两张", "（2024年1月6日）"];
    assert_eq!(date(&letter(&rows)), Some("2025-03-04"));
}

#[test]
fn a_date_beside_the_name_is_the_letters() {
    for row in [
        "汪小满　2025年3月4日",
        "汪小满于2025年3月4日",
        "写信日期：2025年3月4日",
        "2025年3月4日　星期二",
    ] {
        let fields = letter(&["此致", "敬礼", row]);
        assert_eq!(date(&fields), Some("2025-03-04"), "{row}");
    }
}

#[test]
fn above_a_letter_too_a_number_is_whose_the_words_before_it_say() {
    let rows = [
        "控告书",
        "控告人：汪小满，女，汉族，1946年生，住临江市河东区柳林路9号，电话138",
        "12345678。",
        "被控告人：段美兰，女，某镇干部，住临江市河东区滨河路26号，",
        "电话13857482132。",
        "控告请求：",
        "依法查处被控告人侵占补偿款的行为。",
        "此致",
        "临江市信访局",
        "控告人：汪小满",
        "2025年3月4日",
    ];
    let fields = of(&[page(1, PageKind::Letter, &rows)]);
    let told = |number: &str| {
        let phone = fields
            .phones
            .iter()
            .find(|p| p.field.value.as_deref() == Some(number));
        phone.map(|phone| {
            (
                phone.owner.as_deref().unwrap_or_default(),
                phone.field.accepted,
            )
        })
    };
    assert_eq!(told("13812345678").map(|(owner, _)| owner), Some("汪小满"));
    assert_eq!(told("13857482132"), Some(("段美兰", false)));
    assert_eq!(
        fields.address.value.as_deref(),
        Some("临江市河东区柳林路9号")
    );
}

#[test]
fn a_form_that_is_signed_has_its_signature_and_no_word_of_the_form_is_a_name() {
    let rows = [
        "群众来信登记表",
        "反映对象　段美兰　对象电话　18612885586",
        "反映事项：小区北门夜间货车鸣笛扰民，请求设置禁鸣标志。",
        "填表人签字：汪小满",
        "填表日期：2025-03-04",
    ];
    let fields = of(&[page(1, PageKind::Letter, &rows)]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
    assert!(
        fields.phones.iter().all(|phone| !phone.field.accepted),
        "{:?}",
        fields.phones
    );
    let blank = letter(&["申请人（签字）：", "填表日期：", "甲方（盖章）："]);
    assert!(
        !["签字", "填表日期", "甲方"].contains(&sender(&blank)),
        "{}",
        sender(&blank)
    );
}

#[test]
fn two_rows_of_a_table_are_two_signatories_and_the_first_counts() {
    let fields = letter(&[
        "姓名　　住址　　电话",
        "汪垚　　7栋199　　13944012411",
        "汪小满　　8栋558　　13826468070",
    ]);
    assert_eq!((fields.joint.count, sender(&fields)), (2, "汪垚"));
    let column = letter(&[
        "反映人：项春桃",
        "段美兰",
        "丁一山",
        "邓长河",
        "陆平",
        "2025年3月4日",
    ]);
    assert_eq!(column.joint.count, 5, "{:?}", column.joint);
}

#[test]
fn an_address_on_an_envelope_ends_before_the_name() {
    let rows = [&BODY[..], &["汪小满"]].concat();
    for line in [
        "临江市河东区柳林路3号汪小满",
        "临江市河东区柳林路3号 汪小满",
        "临江市河东区柳林路3号汪小满 寄",
    ] {
        let fields = with_envelope(&rows, envelope("霍市长 收", &[line]));
        assert_eq!(
            fields.address.value.as_deref(),
            Some("临江市河东区柳林路3号"),
            "{line}"
        );
    }
}

#[test]
fn a_bracket_inside_an_address_is_closed() {
    let fields = letter(&[
        "来信人：汪小满",
        "地址：临江市河东区柳林路21号（靠近长途汽车站）",
    ]);
    let address = fields.address.value.unwrap_or_default();
    assert_eq!(address, "临江市河东区柳林路21号(靠近长途汽车站)");
}

#[test]
fn who_signs_with_thanks_or_below_a_postscript_has_signed() {
    assert_eq!(
        sender(&letter(&["盼复。", "欧阳春兰　叩谢", "2025年3月4日"])),
        "欧阳春兰"
    );
    let fields = letter(&[
        "汪小满",
        "2025年3月4日",
        "又及：段美兰昨天又来闹，说再写信就给我好看，我没有答应。",
    ]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
}

#[test]
fn the_principals_id_number_stands_in_the_authorisation() {
    let fields = of(&[
        page(
            1,
            PageKind::Letter,
            &[
                "霍市长：",
                "受汪小满委托，代为写信，请求修路。",
                "此致",
                "敬礼",
                "代理人：段美兰",
            ],
        ),
        page(
            2,
            PageKind::Letter,
            &[
                "授权委托书",
                "委托人：汪小满，身份证号码：11010519491231002X",
                "受托人：段美兰，身份证号码：110105196001010017",
            ],
        ),
    ]);
    assert_eq!(sender(&fields), "汪小满");
    assert_eq!(
        fields.id_number.field.value.as_deref(),
        Some("11010519491231002X")
    );
    assert!(!fields.id_number.field.accepted);
}

#[test]
fn a_form_has_its_address_above_and_a_person_looks_at_it() {
    let fields = of(&[page(
        1,
        PageKind::Letter,
        &[
            "来信登记表",
            "姓　名：汪小满",
            "住　址：临江市河东区柳林路3号",
            "反映问题：我们小区的路灯坏了半年，请派人修好。",
            "收信单位：临江市人民政府",
            "2025年3月4日",
        ],
    )]);
    let address = &fields.address;
    assert_eq!(address.value.as_deref(), Some("临江市河东区柳林路3号"));
    assert!(!address.accepted);
}

#[test]
fn a_name_of_another_language_without_its_dot_is_proposed_and_the_letter_not_anonymous() {
    let fields = letter(&["盼复。", "买买提 吐尔逊（13888990424）", "2025年3月4日"]);
    assert_eq!(sender(&fields), "买买提吐尔逊");
    assert!(!fields.sender_name.accepted && !fields.anonymous.value);
}

#[test]
fn what_a_letter_is_for_is_left_to_a_person_where_it_accuses_somebody() {
    let rows = [
        "霍市长：",
        "被反映人：段美兰，某村村主任。",
        "她把集体鱼塘低价包给了侄子，账目从不公开，我们跑了五趟没有结果。",
        "请求派人查账。",
        "此致",
        "敬礼",
        "来信人：汪小满",
    ];
    assert!(!of(&[page(1, PageKind::Letter, &rows)]).purpose.accepted);
}

#[test]
fn a_letter_that_has_not_ended_goes_on_whatever_its_next_page_begins_with() {
    let open = [
        &BODY[..2],
        &["他们拿来的那张收条我没有签过字，请你们对一对下面这份"],
    ]
    .concat();
    let pages = [
        page(1, PageKind::Letter, &open),
        set(
            2,
            &[
                (0.45, "收条"),
                (0.1, "是假的，请查。"),
                (0.6, "汪小满"),
                (0.6, "2025年3月4日"),
            ],
        ),
    ];
    assert_eq!(sender(&of(&pages)), "汪小满");
}
