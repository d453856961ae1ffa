//! What stands around a signature, a number or an address and is none of it: eras, remarks, endorsements, copies, postscripts, questions of a form.

use super::letters::{envelope, letter, page, roster, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::text::{PageKind, PageText};

const BODY: [&str; 2] = ["霍市长：", "我们小区的路灯坏了半年，恳请派人修好。"];

/// Rows that begin at the right of the page.
pub(super) fn at_right(mut sheet: PageText, rows: &[&str]) -> PageText {
    for line in &mut sheet.lines {
        if rows.contains(&line.text.as_str()) {
            line.quad = line.quad.map(|[x, y]| [x + 1100.0, y]);
        }
    }
    sheet
}

fn of(pages: &[PageText]) -> Fields {
    extract(pages, &roster(), Some("2025-06-30"))
}

/// A letter with these rows under it, those that are short at the right.
fn under(tail: &[&str]) -> Fields {
    let rows = [&BODY[..], tail].concat();
    let short: Vec<&str> = tail
        .iter()
        .copied()
        .filter(|t| t.chars().count() <= 14)
        .collect();
    of(&[at_right(page(1, PageKind::Letter, &rows), &short)])
}

fn told(body: &[&str], tail: &[&str]) -> Fields {
    letter(&[&["霍市长："], body, &["此致", "敬礼"], tail].concat())
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

fn date(fields: &Fields) -> Option<&str> {
    fields.letter_date.value.as_deref()
}

fn address(fields: &Fields) -> Option<&str> {
    fields.address.value.as_deref()
}

fn phones(fields: &Fields) -> Vec<(&str, &str)> {
    let phones = fields.phones.iter();
    phones
        .map(|p| {
            let owner = p.owner.as_deref().unwrap_or_default();
            (p.field.value.as_deref().unwrap_or_default(), owner)
        })
        .collect()
}

#[test]
fn the_era_before_a_day_is_nobodys_name() {
    for day in [
        "公元2025年3月4日",
        "公历2025年3月4日",
        "西元2025年3月4日",
        "于公元2025年3月4日",
    ] {
        let fields = under(&["汪小满", day]);
        assert_eq!(
            (sender(&fields), date(&fields)),
            ("汪小满", Some("2025-03-04")),
            "{day}"
        );
        assert!(under(&[day]).anonymous.value, "{day}");
        let five = under(&["联名人：汪小满 段美兰 骆启华 聂光明 向传英", day]);
        assert_eq!(five.joint.count, 5, "{day}");
    }
}

#[test]
fn a_name_a_day_and_when_it_was_sent_share_a_row() {
    for row in [
        "汪小满，2025年3月4日写，次日寄出",
        "汪小满　2025年3月4日夜写",
        "汪小满，于2025年3月4日",
    ] {
        let fields = under(&[row]);
        assert_eq!(
            (sender(&fields), date(&fields)),
            ("汪小满", Some("2025-03-04")),
            "{row}"
        );
    }
    let fields = told(
        &["汪小满，2025年3月4日写信举报，无人理睬，", "请查一查。"],
        &["段美兰"],
    );
    assert_eq!(sender(&fields), "段美兰");
    assert!(!fields.letter_date.accepted);
}

#[test]
fn to_whom_copies_go_is_no_signature_and_hides_none() {
    for row in [
        "送：市信访局谭局长；报：霍书记；存底一份。",
        "抄送：市纪委；市住建局。",
        "抄报：省信访局",
    ] {
        let fields = under(&["汪小满", "2025年3月4日", row]);
        assert_eq!(
            (sender(&fields), date(&fields)),
            ("汪小满", Some("2025-03-04")),
            "{row}"
        );
    }
}

#[test]
fn who_endorses_a_letter_has_not_signed_it() {
    let fields = under(&[
        "汪小满",
        "段美兰",
        "骆启华",
        "村委会意见：情况属实。　村主任：聂光明",
        "2025年3月4日",
    ]);
    assert_eq!((sender(&fields), fields.joint.count), ("汪小满", 3));
    assert!(!fields.joint.signatories.contains(&"聂光明".to_owned()));
    assert_eq!(date(&fields), Some("2025-03-04"));
    let fields = under(&["单位意见：同意上报。　负责人：聂光明", "2025年3月4日"]);
    assert!(fields.anonymous.value);
}

#[test]
fn a_remark_in_brackets_below_the_day_signs_nothing() {
    let fields = under(&[
        "汪小满",
        "2025年3月4日",
        "（原件已于2024年8月14日交社区，此为重写）",
    ]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
    let fields = under(&["（一名不愿透露姓名的村民）", "2025年3月4日"]);
    assert_eq!(fields.anonymous.reason.as_deref(), Some("假名"));
}

#[test]
fn whose_number_it_is_among_several_is_said_in_brackets() {
    let fields = under(&[
        "签名人：汪小满 段美兰 骆启华 聂光明 向传英",
        "（其中骆启华的手机：13872514096）",
        "2025年3月4日",
    ]);
    assert_eq!((sender(&fields), fields.joint.count), ("骆启华", 5));
    assert_eq!(phones(&fields), [("13872514096", "骆启华")]);
}

#[test]
fn who_was_chosen_to_speak_for_the_others_is_the_contact_person() {
    let fields = under(&[
        "推选向传英为联系人，电话13872514096",
        "（1）汪小满",
        "（2）段美兰",
        "（3）骆启华",
        "（4）聂光明",
        "（5）向传英",
        "2025年3月4日",
    ]);
    assert_eq!((sender(&fields), fields.joint.count), ("向传英", 5));
    assert_eq!(phones(&fields), [("13872514096", "向传英")]);
    let fields = under(&[
        "推选段美兰为代表",
        "（1）汪小满",
        "（2）段美兰",
        "2025年3月4日",
    ]);
    assert_eq!(fields.joint.count, 2);
}

#[test]
fn names_parted_by_commas_behind_a_label_are_a_list() {
    let fields = under(&[
        "申请人：汪小满，段美兰，骆启华，聂光明等4人",
        "2025年3月4日",
    ]);
    assert_eq!((sender(&fields), fields.joint.count), ("汪小满", 4));
    let fields = under(&["申请人：汪小满，女，汉族，住临江市河东区", "2025年3月4日"]);
    assert_eq!(fields.joint.count, 1);
}

#[test]
fn a_rare_name_between_two_sure_ones_is_counted() {
    let fields = under(&["汪小满", "段美兰", "屈王秀芳", "骆启华", "2025年3月4日"]);
    assert_eq!(fields.joint.count, 4);
}

#[test]
fn a_word_that_is_a_name_signs_only_where_one_signs() {
    let fields = under(&["白天", "2025年3月4日"]);
    assert_eq!(sender(&fields), "白天");
    assert!(!fields.sender_name.accepted);
    let at_left = letter(&[&BODY[..], &["白天", "2025年3月4日"]].concat());
    assert!(at_left.anonymous.value);
}

#[test]
fn half_a_surname_at_the_edge_belongs_to_the_name_below() {
    let mut sheet = page(
        1,
        PageKind::Letter,
        &[
            &BODY[..],
            &[
                "签名人：汪小满 段美兰 骆启华 聂光明 公",
                "孙喜梅 向传英",
                "2025年3月4日",
            ],
        ]
        .concat(),
    );
    sheet.lines[2].quad = sheet.lines[2]
        .quad
        .map(|[x, y]| [if x > 300.0 { 2200.0 } else { x }, y]);
    let fields = of(&[sheet]);
    assert_eq!(fields.joint.count, 6);
    assert!(fields.joint.signatories.contains(&"公孙喜梅".to_owned()));
}

#[test]
fn a_room_beside_a_name_is_no_signatory() {
    let fields = under(&[
        "汪小满 2号楼158",
        "段美兰 4号楼1161",
        "骆启华 3号楼209",
        "2025年3月4日",
    ]);
    assert_eq!(fields.joint.signatories, ["汪小满", "段美兰", "骆启华"]);
}

#[test]
fn who_held_the_pen_or_took_it_down_is_not_who_speaks() {
    for tail in [
        &["汪小满", "执笔：段美兰"][..],
        &["口述：汪小满", "记录：段美兰"],
        &["口述人：汪小满", "记录人：段美兰"],
    ] {
        let fields = under(&[tail, &["2025年3月4日"]].concat());
        assert_eq!(
            (sender(&fields), fields.joint.count),
            ("汪小满", 1),
            "{tail:?}"
        );
    }
    assert_eq!(sender(&under(&["执笔：段美兰", "2025年3月4日"])), "段美兰");
}

#[test]
fn a_wife_signs_for_herself() {
    let fields = under(&["骆启华之妻段美兰", "2025年3月4日"]);
    assert_eq!((sender(&fields), fields.joint.count), ("段美兰", 1));
}

#[test]
fn a_withheld_name_stays_one_with_a_reason_behind_it() {
    for (row, reason) in [
        ("汪某（不便透露真名）", "署名不完整"),
        ("良知", "假名"),
        ("正义之声　宣", "假名"),
    ] {
        let fields = under(&[row, "2025年3月4日"]);
        assert_eq!(fields.anonymous.reason.as_deref(), Some(reason), "{row}");
    }
}

#[test]
fn what_is_added_below_the_signature_signs_and_dates_nothing() {
    for added in [
        &["又：前面讲的事，经手人是聂光明，他的电话是13872514096。"][..],
        &[
            "再补充一点：段美兰的妹夫叫聂光明，没人敢管。",
            "材料里有一张2024年9月13日的收条。",
        ],
        &[
            "附件目录：1.《承包合同》（2022年6月6日）；2.照片",
            "四张；3.段美兰写的保证书（2024年11月21日）。",
        ],
    ] {
        let fields = under(&[&["汪小满", "2025年3月4日"], added].concat());
        assert_eq!(
            (sender(&fields), date(&fields)),
            ("汪小满", Some("2025-03-04")),
            "{added:?}"
        );
        assert!(
            fields
                .phones
                .iter()
                .all(|p| p.owner.as_deref() != Some("汪小满")),
            "{added:?}"
        );
    }
    let fields = under(&[
        "汪小满",
        "2025年3月4日",
        "又及：我的手机白天不方便接，请晚上打13872514096。",
    ]);
    assert_eq!(phones(&fields), [("13872514096", "汪小满")]);
}

#[test]
fn enclosures_above_the_signature_do_not_hide_it() {
    let fields = under(&[
        "附件：1.承包合同；2.收据两张。",
        "申请人：汪小满",
        "2025年3月4日",
    ]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
}

#[test]
fn a_threat_in_a_postscript_is_raised() {
    let fields = under(&[
        "汪小满",
        "2025年3月4日",
        "又及：再不解决我就带汽油到市政府自焚。",
    ]);
    assert!(fields.flags.threat.is_some_and(|flag| flag.value));
}

#[test]
fn the_minutes_of_a_meeting_behind_a_letter_are_another_paper() {
    let first = at_right(
        page(
            1,
            PageKind::Letter,
            &[&BODY[..], &["汪小满", "2025年3月4日", "电话：13872514096"]].concat(),
        ),
        &["汪小满"],
    );
    let title = "村民小组会议记录";
    let second = page(
        2,
        PageKind::Letter,
        &[
            title,
            "主持人：段美兰",
            "会议同意重新发包。",
            "2019年12月12日",
        ],
    );
    let fields = of(&[first, at_right(second, &[title])]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
}

#[test]
fn the_day_at_the_right_below_whom_it_is_for_is_the_letters() {
    let rows = [
        "霍市长：",
        "2025年3月4日",
        "我们小区的路灯坏了半年。",
        "恳请派人修好。",
        "汪小满",
    ];
    let sheet = at_right(
        page(1, PageKind::Letter, &rows),
        &["2025年3月4日", "汪小满"],
    );
    assert_eq!(date(&of(&[sheet])), Some("2025-03-04"));
    // At the left it heads what is told.
    assert_eq!(date(&of(&[page(1, PageKind::Letter, &rows)])), None);
}

#[test]
fn a_town_and_neixiang_is_no_address() {
    let rows = [&BODY[..], &["2025年3月4日"]].concat();
    let fields = with_envelope(&rows, envelope("临江市信访局收", &["临江市 内详"]));
    assert!(
        address(&fields).is_none_or(|a| !a.contains("内详")),
        "{:?}",
        address(&fields)
    );
}

#[test]
fn a_name_behind_the_address_on_an_envelope_is_no_part_of_it() {
    let rows = [&BODY[..], &["汪师傅", "2025年3月4日"]].concat();
    let front = envelope("临江市信访局收", &["临江市河东区柳林路21号 汪小满"]);
    let fields = with_envelope(&rows, front);
    assert!(fields.anonymous.value);
    assert_eq!(address(&fields), Some("临江市河东区柳林路21号"));
    assert!(
        fields
            .sender_name
            .alternatives
            .iter()
            .any(|a| a.value == "汪小满")
    );
}

#[test]
fn what_stands_behind_an_address_on_its_row_is_no_part_of_it() {
    for row in [
        "回信请寄：临江市河东区柳林路21号　邮编721000",
        "地址：临江市河东区柳林路21号，户口所在地：秀水县",
        "常住地址：临江市河东区柳林路21号",
        "现暂住：临江市河东区柳林路21号",
    ] {
        let fields = under(&["汪小满", row, "2025年3月4日"]);
        assert_eq!(address(&fields), Some("临江市河东区柳林路21号"), "{row}");
    }
}

#[test]
fn where_one_lives_now_goes_before_where_one_lived() {
    let body =
        "我原住临江市河东区柳林路21号，前年拆迁后搬到临江市河东区文昌路5号居住，过渡费停了。";
    assert_eq!(
        address(&told(&[body], &["汪小满"])),
        Some("临江市河东区文昌路5号")
    );
    let goods = "我把货搬到临江市河东区文昌路5号的仓库，被人拉走了。";
    assert_eq!(address(&told(&[goods], &["汪小满"])), None);
    let body = "我是临江市河东区柳林路21号的汪小满。";
    assert_eq!(
        address(&told(&[body], &["汪小满"])),
        Some("临江市河东区柳林路21号")
    );
}

#[test]
fn a_name_and_a_number_above_a_letter_have_their_address_with_them() {
    let rows = [
        "汪小满",
        "临江市河东区柳林路21号",
        "电话：13872514096",
        "霍市长：",
        "路灯坏了半年，恳请派人修好。",
        "汪小满",
    ];
    let fields = letter(&rows);
    assert_eq!(address(&fields), Some("临江市河东区柳林路21号"));
    assert!(!fields.address.accepted);
    // The address of a letterhead is nobody's.
    let rows = [
        "临江市河东区柳林路21号",
        "霍市长：",
        "路灯坏了半年，恳请派人修好。",
        "汪小满",
    ];
    assert_eq!(address(&letter(&rows)), None);
}

#[test]
fn a_neighbours_number_is_the_neighbours() {
    let fields = under(&[
        "汪小满",
        "本人无电话，可打邻居段美兰手机：13872514096转告",
        "2025年3月4日",
    ]);
    assert_eq!(phones(&fields), [("13872514096", "段美兰")]);
    assert!(!fields.phones[0].field.accepted);
}

#[test]
fn two_surnames_are_two_people() {
    let body = "苟凤琴，身份证号11010519491231002X，是我们厂的厂长，私卖设备。";
    let fields = told(&[body], &["惠凤琴"]);
    assert_eq!(
        (sender(&fields), fields.id_number.field.value.clone()),
        ("惠凤琴", None)
    );
}

#[test]
fn a_number_in_a_sentence_of_its_own_is_the_writers_where_he_speaks_of_himself() {
    let own = "信访局：我叫汪小满，我家停水十一天。电话13872514096。";
    assert_eq!(phones(&letter(&[own])), [("13872514096", "汪小满")]);
    let anothers = "信访局：我家停水，水厂的人叫段美兰。电话13872514096。";
    assert!(phones(&letter(&[anothers])).is_empty());
}

#[test]
fn eleven_figures_in_four_groups_are_a_number() {
    let fields = under(&["汪小满", "打电话找我：138 725 140 96", "2025年3月4日"]);
    assert_eq!(phones(&fields), [("13872514096", "汪小满")]);
}

#[test]
fn an_id_number_broken_in_the_text_is_one() {
    let rows = [
        "申请人：汪小满，女，汉族，住柳林路21号，公民身份号码110",
        "10519491231002X，联系电话13872514096。",
    ];
    let mut sheet = page(
        1,
        PageKind::Letter,
        &[&rows[..], &["请求复核。", "此致", "申请人：汪小满"]].concat(),
    );
    sheet.lines[0].quad = sheet.lines[0].quad.map(|[x, y]| [x.min(2200.0), y]);
    let fields = of(&[sheet]);
    assert_eq!(
        fields.id_number.field.value.as_deref(),
        Some("11010519491231002X")
    );
}

#[test]
fn a_lawyer_below_his_office_is_the_agent() {
    let fields = told(
        &["汉东律师事务所接受申请人汪小满委托，指派段美兰律师代理信访事宜。"],
        &["代理人：汉东律师事务所", "段美兰律师", "2025年3月4日"],
    );
    assert_eq!(sender(&fields), "汪小满");
    assert_eq!(fields.proxy.map(|p| p.agent).as_deref(), Some("段美兰"));
}

#[test]
fn an_enclosed_authorisation_names_the_agent_of_who_signed_himself() {
    let letter = page(
        1,
        PageKind::Letter,
        &[
            &BODY[..],
            &["此致", "敬礼", "申诉人：汪小满", "2025年3月4日"],
        ]
        .concat(),
    );
    let paper = page(
        2,
        PageKind::Letter,
        &[
            "授权委托书",
            "委托人汪小满委托段美兰为代理人，权限为特别授权。",
            "委托人：汪小满",
        ],
    );
    let fields = of(&[letter, paper]);
    assert_eq!(sender(&fields), "汪小满");
    assert_eq!(fields.proxy.map(|p| p.agent).as_deref(), Some("段美兰"));
}

#[test]
fn where_the_principal_lives_is_the_senders_address() {
    let fields = told(
        &["受伯母汪小满之托（授权委托书见后页），我替她反映补助少发的问题。"],
        &[
            "受托人　段美兰",
            "2025年3月4日",
            "委托人住：临江市河东区柳林路21号",
        ],
    );
    assert_eq!(
        (sender(&fields), address(&fields)),
        ("汪小满", Some("临江市河东区柳林路21号"))
    );
}

#[test]
fn a_heading_within_a_letter_addresses_nobody() {
    for heading in [
        "12345的回复短信：",
        "附：复查意见书复印件一份",
        "2.住哪里：柳林路21号",
    ] {
        let fields = letter(&[
            "霍书记、霍市长来信收",
            heading,
            "路灯坏了半年，恳请派人修好。",
            "汪小满",
        ]);
        assert!(
            !fields
                .addressee
                .raw
                .iter()
                .any(|raw| heading.contains(raw.as_str())),
            "{heading}"
        );
    }
}

#[test]
fn who_is_addressed_in_the_row_of_the_text_is_the_addressee() {
    let fields = letter(&["霍市长：我的低保为什么停了？盼答。", "汪小满"]);
    assert_eq!(
        fields.addressee.value,
        letter(&["霍市长：", "我的低保停了。", "汪小满"])
            .addressee
            .value
    );
    assert!(fields.addressee.value.is_some());
}

#[test]
fn a_form_of_questions_is_answered_beside_them() {
    let fields = letter(&[
        "1.我是谁：汪小满",
        "2.住哪里：临江市河东区柳林路21号",
        "3.怎么联系我：13872514096",
        "4.我要说的事：",
        "路灯坏了半年，恳请派人修好。",
        "5.我希望谁来解决：霍市长",
        "6.今天的日期：2025年3月4日",
    ]);
    assert_eq!(
        (sender(&fields), date(&fields)),
        ("汪小满", Some("2025-03-04"))
    );
    assert_eq!(address(&fields), Some("临江市河东区柳林路21号"));
    assert!(fields.addressee.value.is_some());
    assert_eq!(phones(&fields), [("13872514096", "汪小满")]);
}

#[test]
fn an_appeal_that_is_told_of_is_not_what_a_letter_is_for() {
    let fields = told(
        &["女儿被分到七公里外的学校，我们多次申诉，没有答复。请解决。"],
        &["汪小满"],
    );
    assert_eq!(fields.purpose.value.as_deref(), Some("投诉请求"));
    let fields = told(&["不服区里的答复，现提出申诉。"], &["汪小满"]);
    assert_eq!(fields.purpose.value.as_deref(), Some("申诉"));
}

#[test]
fn a_printed_mail_says_above_it_whom_it_went_to() {
    let fields = letter(&[
        "发件人：汪小满 <wang@example.com>",
        "收件人：xfj@example.gov.cn（临江市人民政府）",
        "时　间：2025年3月4日 21:14",
        "主　题：小区的路灯",
        "工作人员：",
        "路灯坏了半年，恳请派人修好。",
        "汪小满",
    ]);
    assert_eq!(fields.addressee.value.as_deref(), Some("临江市人民政府"));
}
