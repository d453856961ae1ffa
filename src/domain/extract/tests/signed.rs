//! The ways people sign a letter: courtesies, callings, kin, units, houses, dates and numbers around the name; and what stays anonymous.

use super::letters::{envelope, letter, page, roster, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::text::PageKind;

const TOP: [&str; 3] = [
    "霍市长：",
    "我们小区的路灯坏了半年，没有人修。",
    "恳请派人修好。",
];

const DAY: &str = "2025年3月4日";

fn ended(closing: &[&'static str], tail: &[&'static str]) -> Fields {
    let rows: Vec<&str> = TOP.iter().chain(closing).chain(tail).copied().collect();
    letter(&rows)
}

fn under(tail: &[&'static str]) -> Fields {
    ended(&["此致", "敬礼"], tail)
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

/// Every row, alone and with a date below it, names this sender.
fn all_signed(name: &str, rows: &[&'static str]) {
    let mut wrong = Vec::new();
    for row in rows {
        for tail in [&[*row][..], &[*row, DAY], &["　　", *row, DAY]] {
            let fields = under(tail);
            if sender(&fields) != name || fields.anonymous.value {
                wrong.push(format!("{row}: {}", sender(&fields)));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_courtesy_or_a_place_behind_the_name_is_no_part_of_it() {
    all_signed(
        "段美兰",
        &[
            "段美兰敬上",
            "段美兰　叩首",
            "段美兰谨上",
            "段美兰上",
            "段美兰拜上",
            "段美兰呈",
            "段美兰泣书",
            "段美兰　泣血敬上",
            "段美兰顿首",
            "段美兰草",
            "段美兰　草",
            "段美兰手书",
            "段美兰书",
            "段美兰　亲笔",
            "段美兰　跪呈",
            "段美兰含泪叩首",
            "段美兰写于家中",
            "段美兰　写于病床",
            "段美兰泣书于病榻",
            "段美兰于临江",
            "段美兰　于临江市家中",
            "段美兰书于2025年3月4日",
            "段美兰于2025年3月4日",
            "段美兰　二〇二五年三月四日于临江",
            "段美兰字",
            "段美兰　即日",
            "段美兰再拜！",
            "段美兰　恳请",
        ],
    );
}

#[test]
fn brackets_marks_and_company_behind_the_name_are_no_part_of_it() {
    all_signed(
        "段美兰",
        &[
            "段美兰（手印）",
            "段美兰（指印）",
            "段美兰（指模）",
            "段美兰（盖章）",
            "段美兰（签字）",
            "段美兰（按红手印）",
            "段美兰（亲笔）",
            "段美兰（党员）",
            "段美兰（74岁）",
            "段美兰（身份证号附后）",
            "段美兰[印]",
            "段美兰　印",
            "段美兰夫妇",
            "段美兰夫妻",
            "段美兰一家",
            "段美兰全家",
            "段美兰携全家",
            "段美兰及家人",
            "段美兰母子",
            "段美兰　率全家老小",
            "段美兰等",
        ],
    );
}

#[test]
fn who_he_is_stands_before_the_name_with_and_without_a_gap() {
    all_signed(
        "段美兰",
        &[
            "儿媳段美兰",
            "儿媳　段美兰",
            "您的学生　段美兰",
            "学生段美兰",
            "老党员段美兰",
            "一名老党员　段美兰",
            "退休教师段美兰",
            "退休民办教师　段美兰",
            "村民段美兰",
            "东坡村村民段美兰",
            "东坡村三组段美兰",
            "东坡村3组段美兰",
            "河东区柳林街道居民段美兰",
            "普通市民段美兰",
            "一个普通市民：段美兰",
            "受害人家属段美兰",
            "死者之妻段美兰",
            "死者妻子段美兰",
            "下岗工人　段美兰",
            "低保户段美兰",
            "五保户段美兰",
            "残疾人段美兰",
            "环卫工段美兰",
            "购房者段美兰",
            "3栋501室段美兰",
            "3栋501　段美兰",
            "柳林小区3栋501室业主段美兰",
            "临江市机械厂段美兰",
            "临江市机械厂　段美兰",
            "临江市第二中学教师段美兰",
            "临江市第二中学　段美兰",
            "恒达机械有限公司职工段美兰",
            "恒达机械有限公司　段美兰",
            "退休老校长段美兰",
            "原村会计段美兰",
            "退役军人段美兰",
            "草民段美兰叩上",
            "民妇段美兰",
            "母亲段美兰",
            "女儿　段美兰　敬上",
            "高二（3）班家长段美兰",
            "段美兰　村民",
            "段美兰　一名普通退休职工",
            "宜昌市西陵区段美兰",
        ],
    );
}

#[test]
fn labels_of_every_wording_name_the_writer() {
    all_signed(
        "段美兰",
        &[
            "写信人是段美兰",
            "写信人：段美兰",
            "写信人段美兰",
            "写信人叫段美兰",
            "来信人是：段美兰",
            "来信者：段美兰",
            "反应人：段美兰",
            "反映人——段美兰",
            "署名：段美兰",
            "署名　段美兰",
            "落款：段美兰",
            "签名　段美兰",
            "姓名　段美兰",
            "本人　段美兰",
            "陈情人段美兰",
            "投书人：段美兰",
            "申请人（签字）：段美兰",
            "信访人签名（盖章）：段美兰（指印）",
            "户主：段美兰",
            "业主：段美兰",
            "家长：段美兰",
            "此信由段美兰所写",
            "我叫段美兰",
            "本人段美兰",
            "本人：段美兰",
            "我的名字叫段美兰",
        ],
    );
}

#[test]
fn numbers_dates_and_addresses_share_the_row_with_the_name() {
    all_signed(
        "段美兰",
        &[
            "2025年3月4日　段美兰",
            "段美兰　2025年3月4日",
            "段美兰2025.3.4",
            "2025.3.4段美兰",
            "段美兰　13812345678",
            "段美兰13812345678",
            "段美兰（13812345678）",
            "段美兰（电话13812345678）",
            "段美兰，13812345678，临江市河东区柳林路3号",
            "段美兰　13812345678　临江市河东区柳林路3号",
            "段美兰　临江市河东区柳林路3号　13812345678",
            "临江市河东区柳林路3号　段美兰　13812345678",
            "段美兰　女　63岁",
            "段美兰，女，63岁，住临江市河东区柳林路3号",
            "段美兰　住临江市河东区柳林路3号",
            "段美兰　电话：13812345678　2025年3月4日",
            "姓名：段美兰　电话：13812345678　地址：临江市河东区柳林路3号",
            "姓名　段美兰　电话　13812345678",
            "段　美　兰",
            "段 美兰",
        ],
    );
}

#[test]
fn a_name_of_two_characters_and_one_of_another_language_sign_as_well() {
    all_signed(
        "段兰",
        &[
            "段　兰",
            "段 兰　敬上",
            "段　兰（手印）",
            "村民　段　兰",
            "段兰　上",
            "儿媳段兰",
            "段　兰　2025年3月4日",
        ],
    );
    all_signed(
        "买买提·吐尔逊",
        &[
            "买买提·吐尔逊",
            "买买提·吐尔逊（手印）",
            "买买提·吐尔逊　敬上",
            "村民买买提·吐尔逊",
            "买买提·吐尔逊　13812345678",
            "知情群众　买买提·吐尔逊",
        ],
    );
    all_signed(
        "欧阳春兰",
        &[
            "欧阳春兰泣上",
            "村民欧阳春兰",
            "东坡村三组欧阳春兰",
            "欧阳春兰于家中",
        ],
    );
}

#[test]
fn the_closing_formula_shares_its_row_with_the_name() {
    for row in [
        "此致敬礼　段美兰",
        "此致敬礼！段美兰",
        "此致敬礼段美兰",
        "此致 敬礼 段美兰　2025年3月4日",
        "此致敬礼！　段美兰　13812345678",
        "敬礼　村民段美兰",
        "盼复。段美兰",
        "盼复　段美兰　2025年3月4日",
        "段美兰　此致敬礼",
        "万分感谢！段美兰",
    ] {
        let fields = ended(&[], &[row]);
        assert_eq!(sender(&fields), "段美兰", "{row}");
    }
    let fields = ended(&["段美兰", "此致", "敬礼"], &[DAY]);
    assert_eq!(sender(&fields), "段美兰");
}

#[test]
fn a_name_at_the_end_of_the_last_sentence_signs() {
    for row in [
        "请尽快派人来看一看。　　段美兰",
        "请尽快派人来看一看。段美兰",
        "请尽快派人来看一看！　段美兰　2025年3月4日",
        "请尽快派人来看一看。　村民段美兰",
    ] {
        let fields = ended(&[], &[row]);
        assert_eq!(sender(&fields), "段美兰", "{row}");
        assert!(!fields.sender_name.accepted, "{row}");
    }
}

#[test]
fn whoever_says_in_the_letter_who_he_is_is_proposed_where_nobody_signed() {
    for sentence in [
        "我叫段美兰，今年63岁。",
        "我是东坡村三组的段美兰，今年63岁。",
        "我是东坡村村民段美兰，今年63岁。",
        "本人系机械厂退休工人段美兰，今年63岁。",
        "写信人是段美兰，住在柳林路3号。",
        "我是死者的女儿段美兰。",
    ] {
        let fields = letter(&[
            "霍市长：",
            sentence,
            "路灯坏了半年，请派人修好。",
            "此致",
            "敬礼",
            DAY,
        ]);
        assert_eq!(sender(&fields), "段美兰", "{sentence}");
        assert!(!fields.sender_name.accepted, "{sentence}");
    }
    let late = [
        "霍市长：",
        "我们小区的路灯坏了半年，晚上漆黑一片，老人孩子出门都要打手电筒，上个月还摔伤了两个人，大家都很着急，找过物业也没有用。",
        "物业说灯是市政的，市政说灯是物业的，推来推去推了半年，谁也不肯来修，居民的意见很大，天天有人在楼下说这件事情，都说没有人管。",
        "去年冬天下雪，路面结冰，又没有灯，三号楼的老师傅下楼倒垃圾滑了一跤，腿骨折了，在医院里住了一个多月，花了两万多块钱，现在还拄着拐。",
        "今年开春以后，我们又去找过两回，每一回都是记下来，叫我们回去等，等到现在还是没有消息，灯杆倒是锈得更厉害了，怕要倒下来砸人的。",
        "写这封信的是住在三号楼的退休老人，我叫段美兰，请给我回个话。",
    ];
    assert_eq!(sender(&letter(&late)), "段美兰");
}

#[test]
fn whoever_signs_for_nobody_stays_anonymous() {
    for (row, reason) in [
        ("一个关心家乡的市民", "假名"),
        ("一名被拖欠工资的农民工", "假名"),
        ("一位绝望的母亲", "假名"),
        ("您的市民", "假名"),
        ("东坡村部分村民", "假名"),
        ("知情人", "假名"),
        ("段兰（化名）", "假名"),
        ("姓段的村民", "署名不完整"),
        ("姓段", "署名不完整"),
        ("段某某", "署名不完整"),
        ("段姓村民", "署名不完整"),
        ("段女士", "署名不完整"),
        ("村民段某", "署名不完整"),
    ] {
        let fields = under(&[row, DAY]);
        assert_eq!(sender(&fields), "匿名", "{row}");
        assert_eq!(fields.anonymous.reason.as_deref(), Some(reason), "{row}");
    }
}

#[test]
fn an_address_or_an_office_alone_signs_nothing() {
    for row in [
        "临江市河东区柳林路",
        "河东区柳林街道和平里",
        "城关镇柳林路",
        "东坡村方圆组",
        "望领导明察",
        "请为民做主",
        "请还我公道",
        "祝全市人民幸福安康",
        "全体村民跪求",
    ] {
        let fields = under(&[row, DAY]);
        assert!(
            matches!(sender(&fields), "匿名" | ""),
            "{row}: {}",
            sender(&fields)
        );
    }
}

#[test]
fn a_name_on_the_envelope_goes_before_words_that_only_look_like_a_signature() {
    let rows = [
        "霍市长：",
        "路灯坏了半年。",
        "此致",
        "敬礼",
        "望领导明察",
        DAY,
    ];
    let fields = with_envelope(
        &rows,
        envelope("霍市长 收", &["临江市河东区柳林路3号", "段美兰 寄"]),
    );
    assert_eq!(sender(&fields), "段美兰");
}

#[test]
fn a_sentence_that_begins_like_a_name_signs_nothing() {
    let rows = [
        "霍市长：",
        "我是段美兰，有一事反映。",
        "上次的答复是：“来信收悉。经核实，正在处理，",
        "请耐心等待。",
        "经办人：罗成　联系电话：0512-65227061",
        "2024年10月22日”",
        "此致",
        "联系人：段美兰　手机：13812345678",
    ];
    assert_eq!(sender(&letter(&rows)), "段美兰");
}

#[test]
fn an_address_stands_in_a_cell_of_a_form_and_goes_on_below_it() {
    let form = |cell: &'static str, below: Option<&'static str>| {
        let mut rows = vec![
            "群众来信登记表",
            "来信人姓名　段美兰　民族　汉",
            "身份证号码　11010519491231002X　联系电话　13812345678",
            cell,
        ];
        rows.extend(below);
        rows.extend([
            "反映事项：路灯坏了半年，没有人修。",
            "诉求：请派人修好。",
            "填表人签字：段美兰",
        ]);
        let mut sheet = page(1, PageKind::Letter, &rows);
        for line in sheet
            .lines
            .iter_mut()
            .filter(|line| Some(&*line.text) == below)
        {
            line.quad = line.quad.map(|[x, y]| [x + 400.0, y]);
        }
        extract(&[sheet], &roster(), Some("2025-06-30"))
    };
    let whole = Some("宜昌市西陵区珍珠路21号");
    let fields = form(
        "现居住地　宜昌市西陵区珍珠路21号　工作单位　临江市机械厂",
        None,
    );
    assert_eq!(fields.address.value.as_deref(), whole);
    assert_eq!(sender(&fields), "段美兰");
    assert!(!fields.address.accepted);
    let fields = form(
        "现居住地　宜昌市西陵区珍珠路　工作单位　临江市机械厂",
        Some("21号"),
    );
    assert_eq!(fields.address.value.as_deref(), whole);
}

#[test]
fn names_with_a_labelled_number_each_are_two_signatories_and_own_them() {
    for tail in [
        ["段美兰　电话：13812345678", "汪小满　电话：13987654321"],
        ["段美兰：13812345678", "汪小满：13987654321"],
        ["段美兰　13812345678", "汪小满　13987654321"],
        ["段美兰（电话13812345678）", "汪小满（电话13987654321）"],
    ] {
        let fields = under(&[tail[0], tail[1], DAY]);
        assert_eq!(sender(&fields), "段美兰", "{tail:?}");
        assert_eq!(fields.joint.count, 2, "{tail:?}");
        let owners: Vec<_> = fields.phones.iter().map(|p| p.owner.as_deref()).collect();
        assert_eq!(owners, [Some("段美兰"), Some("汪小满")], "{tail:?}");
    }
    let fields = under(&["段美兰：13812345678", DAY]);
    assert_eq!(sender(&fields), "段美兰");
    assert_eq!(fields.phones[0].owner.as_deref(), Some("段美兰"));
}

#[test]
fn a_village_before_a_name_signs_nothing() {
    for row in [
        "卢坪村　段美兰",
        "康坡村 段美兰",
        "窦沟村　段美兰",
        "窦沟村　段美兰　女　61岁",
        "柳家庄　段美兰",
        "柳林村三组　段美兰",
        "东十里铺村　段美兰",
        "河东区柳林镇康坡村　段美兰",
        "柳林小区　段美兰",
        "康新村　段美兰",
    ] {
        for tail in [
            &[row][..],
            &[row, DAY],
            &[row, DAY, "住临江市河东区柳林镇卢坪村"],
        ] {
            let rows: Vec<&str> = TOP.iter().chain(tail).copied().collect();
            let fields = letter(&rows);
            assert_eq!(sender(&fields), "段美兰", "{tail:?}");
            assert_eq!(fields.joint.count, 1, "{tail:?}");
        }
    }
    // Nor does it alone, unless a committee or a seal says so; many are called so.
    for row in ["卢坪村", "柳家庄", "东十里铺村"] {
        let fields = under(&[row, DAY]);
        assert!(!fields.sender_name.accepted, "{row}");
    }
    let fields = under(&["临江市河东区柳林镇卢坪村村民委员会（盖章）", DAY]);
    assert!(sender(&fields).contains("卢坪村村民委员会"));
    let both = under(&["段美兰　向传英", DAY]);
    assert_eq!(both.joint.count, 2);
}

#[test]
fn what_a_day_is_told_by_names_nobody() {
    for day in [
        "二〇二六年三月初九（阳历）",
        "2026年清明节",
        "正月初四，2026.2.20",
        "二〇二六年农历七月十五　公历八月二十七日",
        "2026年国庆次日（10月2日）",
        "正月未出，2026.2.11",
        "八月二十五日（今年是2026年）",
    ] {
        for name in [
            "段美兰",
            "病人女儿　段美兰",
            "段美兰泣笔",
            "段美兰　上",
            "柳家庄段美兰求告",
        ] {
            let rows: Vec<&str> = TOP.iter().chain(&[name, day]).copied().collect();
            let fields = letter(&rows);
            assert_eq!(sender(&fields), "段美兰", "{name} {day}");
            assert_eq!(fields.joint.count, 1, "{name} {day}");
        }
    }
    assert_eq!(sender(&under(&["阳春", DAY])), "阳春");
}

#[test]
fn who_signs_in_anothers_place_counts_once() {
    let fields = letter(&[
        "霍市长：",
        "我们五家的果树遭了冻，没有人管。",
        "签名：",
        "段美兰",
        "向传英",
        "骆启华",
        "聂光明",
        "张俊（代：其妻王翠）",
        DAY,
        "联系人向传英，电话13812345678，住临江市河东区柳林村3组12号",
    ]);
    assert_eq!(fields.joint.count, 5);
    assert_eq!(sender(&fields), "向传英");
    assert!(fields.address.value.is_some());
}

#[test]
fn a_number_beside_the_name_on_an_envelope_is_no_part_of_it() {
    let rows = ["霍市长：", "我们小区的路灯坏了半年。", DAY];
    let posted = envelope("临江市信访局 收", &["段美兰　13812345678"]);
    let fields = with_envelope(&rows, posted);
    assert_eq!(sender(&fields), "段美兰");
    assert!(!fields.anonymous.value);
}
