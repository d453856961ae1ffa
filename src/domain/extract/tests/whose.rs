//! What is somebody else's is not the sender's: ID numbers, addresses, telephones, titles.

use super::letters::{envelope, page, roster, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::{extract, illegible, remarks};
use crate::domain::field::Field;
use crate::domain::roster::{Leader, Roster};
use crate::domain::text::PageKind;

const ID: &str = "420503196208172326";
const OTHER_ID: &str = "420503198505054312";

fn checked(id: &str) -> String {
    let tried = "0123456789X".chars().map(|c| format!("{}{c}", &id[..17]));
    let mut sound = tried.filter(|id| crate::domain::extract::checksum_ok(id));
    sound.next().expect("one check digit holds")
}

fn letter_in(station: &str, body: &[&str], tail: &[&str]) -> Fields {
    let mut rows = vec!["市政府：", "我家的路灯坏了半年，无人来修。"];
    rows.extend(body);
    rows.extend(["请求派人处理。", "此致", "敬礼"]);
    rows.extend(tail);
    let roster = Roster {
        station: station.into(),
        ..roster()
    };
    extract(&[page(1, PageKind::Letter, &rows)], &roster, None)
}

fn letter(body: &[&str], tail: &[&str]) -> Fields {
    letter_in("宜昌市信访局", body, tail)
}

fn shown(field: &Field, value: &str) -> bool {
    field.alternatives.iter().any(|a| a.value == value)
}

#[test]
fn the_id_number_of_another_is_never_the_senders() {
    let id = checked(ID);
    for (body, tail) in [
        (
            format!("黄大发（身份证号{id}）占用我家菜地建房。"),
            "骆启华".to_owned(),
        ),
        (
            format!("我妻子向传英（身份证号{id}）在厂里摔伤。"),
            "骆启华".to_owned(),
        ),
        (
            format!("被举报人：黄大发，男，身份证号{id}，村主任。"),
            "骆启华".to_owned(),
        ),
        (String::new(), format!("黄大发身份证号：{id}")),
        (String::new(), format!("配偶身份证号：{id}")),
        (String::new(), format!("对方身份证号码：{id}")),
    ] {
        let body: Vec<&str> = [body.as_str()]
            .into_iter()
            .filter(|b| !b.is_empty())
            .collect();
        let signed = ["来信人：骆启华", tail.as_str()];
        let tail = if body.is_empty() {
            &signed[..]
        } else {
            &signed[..1]
        };
        let fields = letter(&body, tail);
        let number = &fields.id_number;
        assert_eq!(number.field.value, None, "{body:?} {tail:?}");
        assert_eq!((&number.birth, &number.sex), (&None, &None));
        assert!(shown(&number.field, &id), "{body:?} {tail:?}");
    }
}

#[test]
fn the_writers_own_id_number_stands_beside_anothers() {
    let (own, other) = (checked(ID), checked(OTHER_ID));
    let body = format!("对方司机杜长河，身份证号{other}，至今不赔偿。");
    let signed = format!("身份证号：{own}");
    let fields = letter(&[&body], &["谭家英", &signed]);
    assert_eq!(fields.id_number.field.value.as_deref(), Some(&own[..]));
    let told = format!("我叫谭家英，身份证号{own}。");
    let fields = letter(&[&told], &["谭家英"]);
    assert_eq!(fields.id_number.field.value.as_deref(), Some(&own[..]));
}

#[test]
fn an_id_number_below_anothers_name_is_not_accepted() {
    let id = checked(ID);
    let signed = format!("身份证号：{id}");
    for signature in ["骆启华", "来信人：骆启华"] {
        for other in ["被投诉人：杜长河", "证明人：向传英"] {
            let fields = letter(&[], &[signature, other, &signed]);
            let number = &fields.id_number;
            // Who is taken for the sender by mistake has his own number.
            if fields.sender_name.value.as_deref() == Some("骆启华") || other.starts_with('被')
            {
                assert!(!number.field.accepted, "{signature} {other}");
                assert_eq!(number.birth, None, "{signature} {other}");
            }
        }
    }
}

#[test]
fn an_id_number_with_a_date_that_is_no_day_is_told_and_not_accepted() {
    let id = checked("420503196213452326");
    let signed = format!("身份证号：{id}");
    let fields = letter(&[], &["骆启华", &signed]);
    assert_eq!(fields.id_number.field.value.as_deref(), Some(&id[..]));
    assert!(!fields.id_number.field.accepted);
    assert_eq!(remarks(&[], &fields)[1..], ["id_date_impossible"]);
}

#[test]
fn an_address_labelled_as_anothers_or_as_a_place_is_not_the_senders() {
    let street = "宜昌市西陵区珍珠路21号";
    for label in [
        "被举报人住址",
        "对方住址",
        "被告地址",
        "问题发生地",
        "事发地点",
        "房屋坐落",
        "公司地址",
        "项目地址",
        "村书记住址",
    ] {
        let signed = format!("{label}：{street}");
        let fields = letter(&[], &["来信人：骆启华", &signed]);
        assert_eq!(fields.address.value, None, "{label}");
        assert!(shown(&fields.address, street), "{label}");
    }
    let fields = letter(
        &[],
        &[
            "来信人：骆启华",
            "地址：宜昌市点军区桥边镇2组",
            "对方住址：宜昌市西陵区珍珠路21号",
        ],
    );
    assert_eq!(
        fields.address.value.as_deref(),
        Some("宜昌市点军区桥边镇2组")
    );
}

#[test]
fn a_labelled_place_of_incident_is_the_matters_place() {
    let fields = letter(&[], &["来信人：骆启华", "事发地点：宜昌市西陵区珍珠路21号"]);
    let place = fields.matters[0].place.as_deref();
    assert_eq!(place, Some("宜昌市西陵区珍珠路21号"));
}

#[test]
fn where_one_lives_now_goes_before_where_one_is_registered_and_neither_is_accepted() {
    let (now, registered) = ("宜昌市西陵区珍珠路21号", "湖北省恩施市龙凤镇青堡村5组");
    for (old, new) in [
        ("户籍地", "现住"),
        ("户籍地址", "通讯地址"),
        ("身份证地址", "现居住地"),
    ] {
        let (old, new) = (format!("{old}：{registered}"), format!("{new}：{now}"));
        let fields = letter(&[], &["来信人：骆启华", &old, &new]);
        assert_eq!(fields.address.value.as_deref(), Some(now), "{old}");
        assert!(shown(&fields.address, registered), "{old}");
        assert!(fields.address.signs.iter().any(|s| s.name == "veto"));
    }
}

#[test]
fn an_address_given_as_that_on_the_envelope_is_read_there() {
    let rows = [
        "霍市长：",
        "路灯坏了半年。",
        "此致",
        "敬礼",
        "汪小满",
        "地址同信封",
    ];
    let front = envelope("霍市长（收）", &["苏州市姑苏区人民路3号", "汪小满 寄"]);
    let fields = with_envelope(&rows, front);
    assert_eq!(
        fields.address.value.as_deref(),
        Some("苏州市姑苏区人民路3号")
    );
}

#[test]
fn a_name_and_a_number_beside_an_address_are_no_part_of_it() {
    for row in [
        "骆启华　13872514096　伍家岗区东山大道126号",
        "伍家岗区东山大道126号　骆启华",
    ] {
        let fields = letter(&[], &[row]);
        assert_eq!(
            fields.address.value.as_deref(),
            Some("伍家岗区东山大道126号"),
            "{row}"
        );
    }
}

#[test]
fn a_number_labelled_as_anothers_has_him_as_owner_and_is_not_called_back() {
    for (label, owner) in [
        ("村书记电话", "村书记"),
        ("对方电话", "对方"),
        ("儿子手机", "儿子"),
        ("村主任黄大发电话", "黄大发"),
    ] {
        let signed = format!("{label}：13997712345");
        let fields = letter(&[], &["来信人：骆启华", &signed]);
        let phone = &fields.phones[0];
        assert_eq!(phone.field.value.as_deref(), Some("13997712345"));
        assert_eq!(phone.owner.as_deref(), Some(owner));
        assert!(!phone.field.accepted, "{label}");
        assert_eq!(fields.first_phone(), None, "{label}");
    }
    let fields = letter(&[], &["来信人：骆启华", "电话：13997712345（儿子）"]);
    assert_eq!(fields.phones[0].owner.as_deref(), Some("儿子"));
    let fields = letter(&[], &["来信人：骆启华", "本人电话：13997712345"]);
    assert_eq!(fields.phones[0].owner.as_deref(), Some("骆启华"));
}

#[test]
fn numbers_of_others_in_the_text_are_told_behind_the_writers() {
    for (body, owner) in [
        (
            "被反映人：黄大发，男，棠垭村村主任，电话13997712345。",
            "黄大发",
        ),
        (
            "包工头马老板的手机是13997712345，他都不接。",
            "包工头马老板",
        ),
    ] {
        let fields = letter(&[body], &["骆启华", "电话：15972501188"]);
        let told = fields.phones.iter();
        let told: Vec<_> = told
            .map(|p| (p.field.value.as_deref(), p.owner.as_deref()))
            .collect();
        let own = (Some("15972501188"), Some("骆启华"));
        assert_eq!(told, [own, (Some("13997712345"), Some(owner))]);
    }
}

#[test]
fn anothers_number_that_goes_on_in_the_next_row_is_told_whole() {
    let rows = ["被反映人：黄大发，男，电话139977", "12345。他不理我们。"];
    let fields = letter(&rows, &["骆启华", "电话：15972501188"]);
    let told = fields.phones.iter();
    let told: Vec<_> = told
        .map(|p| (p.field.value.as_deref(), p.field.accepted))
        .collect();
    assert_eq!(told[1..], [(Some("13997712345"), false)]);
}

fn addressed(salutation: &str, roster: &Roster) -> Field {
    let rows = [
        salutation,
        "路灯坏了半年，请求修好。",
        "此致",
        "敬礼",
        "汪小满",
    ];
    extract(&[page(1, PageKind::Letter, &rows)], roster, None).addressee
}

fn with_second_deputy() -> Roster {
    let mut roster = roster();
    roster.leaders.push(Leader {
        name: "谭雪芬".into(),
        title: "临江市人民政府副市长".into(),
        alias: vec!["谭副市长".into()],
        rank: 7,
    });
    roster
}

#[test]
fn a_title_with_a_name_beside_it_is_not_its_usual_holders() {
    let roster = with_second_deputy();
    for (salutation, name) in [
        ("谭雪芬副市长：", "谭雪芬"),
        ("谭雪芳副市长：", "谭雪芬"),
        ("副市长谭雪芬：", "谭雪芬"),
        ("谭雪芬常务副市长：", "谭雪芬"),
        ("市委、市政府、谭雪芬副市长：", "谭雪芬"),
        ("副市长：", "邵秋月"),
        ("邵秋月副市长：", "邵秋月"),
        ("副市长谭雪芬、副市长邵秋月：", "邵秋月"),
    ] {
        let field = addressed(salutation, &roster);
        assert_eq!(field.value.as_deref(), Some(name), "{salutation}");
    }
    for stranger in ["王建国副市长：", "常务副市长："] {
        let field = addressed(stranger, &roster);
        assert!(!field.accepted, "{stranger}");
        assert_ne!(field.value.as_deref(), Some("邵秋月"), "{stranger}");
    }
}

#[test]
fn of_two_leaders_of_one_rank_neither_is_accepted() {
    let mut roster = roster();
    roster.leaders[1].rank = 1;
    let field = addressed("丁书记、霍市长：", &roster);
    assert!(field.signs.iter().any(|s| s.name == "veto"));
    assert!(
        field
            .alternatives
            .iter()
            .any(|a| a.why_not.contains("次序相同"))
    );
}

#[test]
fn a_letter_that_cannot_be_read_says_why() {
    let why = |rows: &[&str]| illegible(&[page(1, PageKind::Letter, rows)]);
    assert_eq!(why(&[]).as_deref(), Some("illegible: blank"));
    let foreign = ["Dear Sir, the lamps in our street are broken."];
    assert_eq!(why(&foreign).as_deref(), Some("illegible: foreign"));
    let mut noise = page(1, PageKind::Letter, &["三王丰工卅"]);
    noise.lines[0].confidence = 0.2;
    assert_eq!(illegible(&[noise]).as_deref(), Some("illegible: noise"));
    assert_eq!(why(&["路灯坏了半年，请求修好。"]), None);
}

#[test]
fn a_town_that_is_not_there_is_not_accepted() {
    let is_for_a_person = |address: &str| {
        let signed = format!("地址：{address}");
        let field = letter(&[], &["来信人：骆启华", &signed]).address;
        assert_eq!(field.value.as_deref(), Some(address));
        field.signs.iter().any(|s| s.name == "veto")
    };
    for real in [
        "湖北省宜昌市夷陵区分乡镇棠垭村三组",
        "宜昌市西陵区古镇路21号",
        "宜昌市西陵区水乡花园3幢201室",
    ] {
        assert!(!is_for_a_person(real), "{real}");
    }
    for misread in [
        "湖北省宜昌市夷陵区一分镇棠垭村三组",
        "湖北省宜昌市夷陵区乡镇棠垭村三组",
        "宜昌市西陵区山街道珍珠路21号",
    ] {
        assert!(is_for_a_person(misread), "{misread}");
    }
}

#[test]
fn a_district_that_is_not_there_is_not_accepted_and_the_near_one_is_shown() {
    for (written, meant) in [
        (
            "湖北省宜昌市夷凌区分乡镇棠垭村三组",
            "湖北省宜昌市夷陵区分乡镇棠垭村三组",
        ),
        ("宜昌市西林区珍珠路21号", "宜昌市西陵区珍珠路21号"),
    ] {
        let signed = format!("地址：{written}");
        let rows = [
            "市政府：",
            "请求派人处理。",
            "此致",
            "敬礼",
            "来信人：骆启华",
            &signed,
        ];
        let mut sure = page(1, PageKind::Letter, &rows);
        sure.lines
            .iter_mut()
            .for_each(|line| line.confidence = 0.995);
        let field = extract(
            &[sure],
            &Roster {
                station: "宜昌市信访局".into(),
                ..roster()
            },
            None,
        )
        .address;
        assert_eq!(field.value.as_deref(), Some(written));
        assert!(field.signs.iter().any(|s| s.name == "veto"), "{written}");
        assert!(shown(&field, meant), "{written}: {:?}", field.alternatives);
    }
    let field = letter(&[], &["来信人：骆启华", "地址：宜昌市东山小区3栋201室"]).address;
    assert!(!field.signs.iter().any(|s| s.name == "veto"));
}

#[test]
fn a_former_name_without_its_city_or_beside_todays_is_offered_as_todays() {
    for (written, today) in [
        (
            "湖北省宜昌县分乡镇棠垭村三组",
            "湖北省夷陵区分乡镇棠垭村三组",
        ),
        ("安徽省巢湖市居巢区人民路3号", "安徽省巢湖市人民路3号"),
    ] {
        let signed = format!("地址：{written}");
        let field = letter(&[], &["来信人：骆启华", &signed]).address;
        assert_eq!(field.value.as_deref(), Some(written));
        assert!(shown(&field, today), "{written}: {:?}", field.alternatives);
    }
}
