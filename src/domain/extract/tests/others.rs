//! Homes and telephones of others are nothing a person need not look at; and what is the writer's own is not lost for standing below his name.

use super::letters::{page, roster};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::roster::{Leader, Roster};
use crate::domain::text::{PageKind, PageText};

const HOME: &str = "宜昌市西陵区珍珠路21号3栋201室";

fn office() -> Roster {
    Roster {
        station: "宜昌市信访局".into(),
        ..roster()
    }
}

fn read(rows: &[&str]) -> Fields {
    extract(&[clear(rows)], &office(), None)
}

/// A page read without a doubt, so that only a rule holds a value back.
pub(super) fn clear(rows: &[&str]) -> PageText {
    let mut page = page(1, PageKind::Letter, rows);
    page.lines
        .iter_mut()
        .for_each(|line| line.confidence = 0.9999);
    page
}

/// A letter of 向传英 with a sentence more.
fn saying(sentence: &str) -> Fields {
    read(&[
        "市信访局：",
        sentence,
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "此致",
        "敬礼",
        "向传英",
        "2025年3月4日",
    ])
}

/// The same letter with rows below its day.
fn below(rows: &[&str]) -> Fields {
    let letter = [
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "拜托了。",
        "向传英",
        "2025年3月4日",
    ];
    read(&letter.iter().chain(rows).copied().collect::<Vec<_>>())
}

fn sentence(before: &str, behind: &str) -> String {
    format!("{before}{HOME}{behind}")
}

#[test]
fn a_home_the_letter_gives_as_anothers_is_not_where_the_writer_lives() {
    for (before, behind) in [
        ("被举报人住", "。"),
        ("邻居家住", "，夜夜唱歌。"),
        ("肇事司机家住", "。"),
        ("我堂弟住", "，可以作证。"),
        ("我的大女儿住在", "，很少回来。"),
        ("欠我工钱的人叫陶响，家住", "。"),
        ("我们组的五保户陶老倌住", "。"),
        ("拿了我钱的那个人现住", "。"),
        ("楼下那户住", "，天天吵闹。"),
        ("打伤我的骆启华一直住在", "。"),
        ("房东户籍所在地", "。"),
        ("被告系", "居民。"),
        ("村会计骆启华，男，五十岁，家住", "。"),
    ] {
        let fields = saying(&sentence(before, behind));
        assert!(!fields.address.accepted, "{before}");
        assert_eq!(fields.address.value, None, "{before}");
    }
}

#[test]
fn a_home_of_which_the_writer_speaks_as_his_is_his() {
    for (before, behind) in [
        ("我叫向传英，女，今年六十八岁，住", "。"),
        ("我叫向传英，家住", "。"),
        ("我和老伴一直住在", "。"),
        ("我随儿子一家住在", "。"),
        ("本人户口在当阳市，2021年8月起租住在", "。"),
        ("我老两口在", "住了二十多年。"),
        ("我们一家五口在", "居住。"),
        ("敝人寓居", "已十六载。"),
        ("家住", "的我，今年七十岁。"),
    ] {
        let fields = saying(&sentence(before, behind));
        assert_eq!(fields.address.value.as_deref(), Some(HOME), "{before}");
        assert!(fields.address.accepted, "{before}");
    }
}

#[test]
fn a_home_without_a_subject_behind_a_sentence_about_others_is_not_accepted() {
    let told = format!("打人的叫陶响，是个包工头。家住{HOME}。");
    assert!(!saying(&told).address.accepted);
}

#[test]
fn an_address_to_send_to_or_of_kin_is_not_accepted() {
    for label in [
        "收件地址",
        "代收人地址",
        "我女儿家",
        "寄回材料请寄",
        "楼上那户地址",
    ] {
        let signed = format!("{label}：{HOME}");
        let fields = below(&[&signed]);
        assert!(!fields.address.accepted, "{label}");
    }
    for label in ["地址", "家庭住址", "现住", "通信地址", "我家住址"] {
        let signed = format!("{label}：{HOME}");
        let fields = below(&[&signed]);
        assert_eq!(fields.address.value.as_deref(), Some(HOME), "{label}");
        assert!(fields.address.accepted, "{label}");
    }
}

#[test]
fn a_number_beside_anybody_else_below_the_signature_is_not_the_senders() {
    for rows in [
        &["邻居骆启华也可以作证 13872514096"][..],
        &["（由网格员小陶13872514096代寄）"],
        &["（以上由社工小陶13872514096转交）"],
        &["社区小陶 13872514096"],
        &["找不到我可找覃玉兰，13872514096"],
        &["救助站电话 13872514096"],
        &["对方：陶响 13872514096"],
        &["证人 覃玉兰 13872514096"],
        &["附：照片一张（陶响电话13872514096）"],
        &["我外甥的电话13872514096"],
    ] {
        let fields = below(rows);
        for phone in &fields.phones {
            assert!(!phone.field.accepted, "{rows:?}");
            assert_ne!(phone.owner.as_deref(), Some("向传英"), "{rows:?}");
        }
    }
}

#[test]
fn the_senders_own_number_below_the_signature_stays_accepted() {
    for row in [
        "13872514096",
        "电话：13872514096",
        "向传英 13872514096",
        "白天请打13872514096",
        "本人手机13872514096（微信同号）",
        "有事请联系：13872514096",
    ] {
        let fields = below(&[row]);
        let [phone] = &fields.phones[..] else {
            panic!("{row}: {:?}", fields.phones);
        };
        assert!(phone.field.accepted, "{row}");
        assert_eq!(phone.owner.as_deref(), Some("向传英"), "{row}");
    }
}

#[test]
fn a_number_in_what_others_wrote_is_not_the_senders() {
    for told in [
        "上月街道回信说：“您反映的事已列入计划。联系电话13872514096，联系人骆启华。”",
        "镇政府联系电话13872514096，打了没有人接。",
        "热线的联系电话是13872514096，没有用。",
    ] {
        for phone in &saying(told).phones {
            assert!(!phone.field.accepted, "{told}");
            assert_ne!(phone.owner.as_deref(), Some("向传英"), "{told}");
        }
    }
    let own = saying("恳请政府派人来看，我的联系电话13872514096。");
    assert!(own.phones[0].field.accepted);
    assert_eq!(own.phones[0].owner.as_deref(), Some("向传英"));
}

#[test]
fn contact_below_the_day_takes_no_signature_away() {
    let street = format!("家住：{HOME}。手机13872514096");
    let spoken = format!("家住{HOME}，电话13872514096，白天在家。");
    for row in [
        &street[..],
        &spoken,
        "电话：(0717)6266-518；手机：+86 138 7251 4096",
        "手机13872514096，晚上打座机。",
    ] {
        let fields = below(&[row]);
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
        assert!(!fields.anonymous.value, "{row}");
        let own =
            |p: &&crate::domain::draft::Phone| p.field.value.as_deref() == Some("13872514096");
        assert!(fields.phones.iter().any(|p| own(&p)), "{row}");
    }
    assert_eq!(below(&[&street]).address.value.as_deref(), Some(HOME));
    // Two rows of it.
    let (first, rest) = (format!("家住：{HOME}。"), "手机13872514096");
    let fields = below(&[&first, rest]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"));
    assert_eq!(fields.address.value.as_deref(), Some(HOME));
}

#[test]
fn a_letter_that_ends_in_how_to_reach_its_writer_and_has_no_name_stays_unsigned() {
    let fields = read(&[
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "家住珍珠路的人都受害，电话打了无数次，没有人来。",
    ]);
    assert!(fields.anonymous.value);
}

#[test]
fn an_office_of_another_level_or_somebodys_secretary_is_not_the_leader() {
    let mut office = office();
    office.leaders = vec![Leader {
        name: "苏凤鸣".into(),
        title: "中共宜昌市委书记".into(),
        alias: vec!["市委书记".into()],
        rank: 1,
    }];
    let to = |salutation: &str| {
        let rows = [salutation, "路灯坏了半年，请派人修。", "向传英"];
        extract(&[clear(&rows)], &office, None).addressee
    };
    for other in [
        "县委书记：",
        "区委书记：",
        "镇委书记：",
        "苏书记的秘书小李：",
    ] {
        assert_eq!(to(other).value, None, "{other}");
    }
    for own in ["市委书记：", "苏书记：", "宜昌市委书记："] {
        assert_eq!(to(own).value.as_deref(), Some("苏凤鸣"), "{own}");
    }
    // Whoever answers a leader's telephone is not he.
    assert!(!to("市委书记热线：").accepted);
}

#[test]
fn a_name_with_who_bears_it_or_in_brackets_signs() {
    for row in [
        "（写信人 向传英）",
        "老农向传英",
        "一名老钳工向传英",
        "退伍军人 向传英 敬礼",
        "一位七十岁的老太婆向传英",
    ] {
        let fields = read(&[
            "市信访局：",
            "我们这条巷子的下水道堵了两个月，请派人疏通。",
            "此致",
            "敬礼",
            row,
            "2025年3月4日",
        ]);
        assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"), "{row}");
    }
}

#[test]
fn what_lies_at_ones_left_hand_is_no_name() {
    let fields = below(&["西陵区珍珠路21号1门6楼左手边"]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"));
    assert!(!fields.joint.signatories.contains(&"左手边".to_owned()));
}

#[test]
fn an_address_in_brackets_behind_the_name_is_signed() {
    let fields = below(&[]);
    assert_eq!(fields.address.value, None);
    let fields = read(&[
        "市信访局：",
        "我们这条巷子的下水道堵了两个月，请派人疏通。",
        "此致",
        "敬礼",
        "写信人：向传英（宜昌市西陵区珍珠路21号）",
        "2025年3月4日",
    ]);
    assert_eq!(fields.sender_name.value.as_deref(), Some("向传英"));
    assert_eq!(
        fields.address.value.as_deref(),
        Some("宜昌市西陵区珍珠路21号")
    );
}
