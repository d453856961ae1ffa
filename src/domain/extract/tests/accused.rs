//! Whom letters accuse, in the ways people write it; wordings of a reviewer who read none of the code, and further ones.

use super::letters::{letter, page, roster};
use crate::domain::text::{PageKind, PageText};

fn accused(body: &'static str) -> Vec<String> {
    let all = [
        "霍市长：",
        body,
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ];
    let fields = letter(&all);
    fields.accused.into_iter().map(|a| a.name).collect()
}

#[test]
fn b11_a_named_person_is_found_in_every_way_of_accusing() {
    for (body, name) in [
        ("我举报邱德海收受贿赂。", "邱德海"),
        ("举报镇长邱德海。", "邱德海"),
        ("被举报人：邱德海，男，五十岁。", "邱德海"),
        ("实名举报邱德海滥用职权、贪污公款。", "邱德海"),
        ("现控告邱德海强占耕地。", "邱德海"),
        ("我要举报村委会主任邱德海收受贿赂的事。", "邱德海"),
        ("被举报人邱德海系我村会计。", "邱德海"),
        ("举报对象：邱德海。", "邱德海"),
        ("举报邱德海主任欺压百姓。", "邱德海"),
        ("揭发支书邱德海私分征地款。", "邱德海"),
        ("检举：邱德海虚报低保。", "邱德海"),
        ("状告副局长邱德海不作为。", "邱德海"),
    ] {
        assert!(
            accused(body).iter().any(|a| a == name),
            "{body}: {:?}",
            accused(body)
        );
    }
}

#[test]
fn b11_whom_the_roster_knows_is_found_by_his_full_name() {
    let roster = roster();
    let leader = &roster.leaders[0];
    let org = &roster.orgs[0];
    for body in [
        format!("我要举报{}滥用职权、收受贿赂。", leader.name),
        format!("我要举报{}{}收受贿赂。", leader.title, leader.name),
        format!("举报{}贪污。", leader.title),
        format!("举报对象：{}，违法征地。", leader.name),
    ] {
        let found = accused(String::leak(body.clone()));
        assert!(found.contains(&leader.name), "{body}: {found:?}");
    }
    for body in [
        format!("举报对象：{}，违法征地。", org.name),
        format!("我举报{}不作为。", org.name),
    ] {
        let found = accused(String::leak(body.clone()));
        assert!(found.contains(&org.name), "{body}: {found:?}");
    }
}

#[test]
fn b11_a_unit_is_found() {
    for (body, name) in [
        ("我举报新安镇人民政府违法征地。", "新安镇人民政府"),
        ("举报县公安局城东派出所不立案。", "县公安局城东派出所"),
        ("举报宏达物业公司偷税漏税。", "宏达物业公司"),
        ("投诉新安镇中心小学乱收费。", "新安镇中心小学"),
    ] {
        assert!(
            accused(body).iter().any(|a| a == name),
            "{body}: {:?}",
            accused(body)
        );
    }
}

#[test]
fn b11_whoever_writes_or_is_turned_to_is_not_accused() {
    for body in [
        "我打举报电话三次，无人管。",
        "举报人：汪小满，住新安镇。",
        "我把举报材料寄给了市纪委。",
        "我向市信访局举报过，没有结果。",
        "我曾举报到县里，请霍市长查处。",
        "楼上高空抛物，我投诉多次。",
        "举报后遭到打击，请求保护。",
        "我举报有人夜里倒垃圾，请派人查。",
    ] {
        assert_eq!(accused(body), Vec::<String>::new(), "{body}");
    }
}

/// Every second letter complains about one; as an accusation it would keep half the mail from the mailroom.
#[test]
fn a_business_that_is_complained_about_is_not_accused() {
    for body in ["投诉宏达物业公司乱收费。", "我投诉幸福超市卖过期食品。"]
    {
        assert_eq!(accused(body), Vec::<String>::new(), "{body}");
    }
}

/// By unit, office and name in one, with any verb or none, as people write it who never read a form.
#[test]
fn whoever_is_named_with_his_office_where_a_crime_is_told_is_accused() {
    let offices = [
        "石桥村村委会主任",
        "东山镇派出所所长",
        "县信访局干部",
        "我村村支书",
        "区城管局执法队员",
    ];
    let deeds = [
        "收受工程老板贿赂二十万元",
        "包庇黑恶势力",
        "吃拿卡要",
        "贪污扶贫款",
        "私分征地补偿款",
    ];
    for office in offices {
        for deed in deeds {
            for verb in ["", "反映", "现反映", "我要举报", "投诉"] {
                for name in ["赵铁民", "李华"] {
                    let body = format!("{verb}{office}{name}{deed}，望查处。");
                    let found = accused(String::leak(body.clone()));
                    assert!(found.iter().any(|one| one == name), "{body}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn an_office_without_a_name_is_accused_and_one_that_nobody_can_tell_is_for_a_person() {
    for (body, name, is_known) in [
        (
            "举报新安镇财政所工作人员索要红包。",
            "新安镇财政所工作人员",
            true,
        ),
        ("我要举报该局工作人员索要红包。", "该局工作人员", false),
        ("我单位领导贪污公款三十万元。", "我单位领导", false),
        ("镇城管所执法人员殴打商贩。", "镇城管所执法人员", true),
    ] {
        let fields = letter(&[
            "霍市长：",
            body,
            "此致",
            "敬礼",
            "来信人：汪小满",
            "2025年3月4日",
        ]);
        let found: Vec<&str> = fields.accused.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(found, [name], "{body}");
        assert_eq!(!fields.accuses_somebody_unknown(), is_known, "{body}");
        assert!(is_known || !fields.addressee.accepted, "{body}");
    }
}

#[test]
fn whoever_is_told_of_a_crime_has_not_committed_it() {
    for body in [
        "我向镇长邱德海反映过有人贪污公款。",
        "我找派出所民警邱德海说他们赌博。",
        "有人在楼下赌博，居委会多次劝阻。",
        "我被电话诈骗了三万元，报警后没有下文。",
    ] {
        assert_eq!(accused(body), Vec::<String>::new(), "{body}");
    }
}

/// The office that the letter is written to: by its short name, by 贵局, and by whoever works there.
#[test]
fn whoever_works_at_the_addressed_office_is_never_handed_the_letter() {
    let org = &roster().orgs[0].name;
    let short: String = {
        let chars: Vec<char> = org.chars().collect();
        chars[chars.len().saturating_sub(3)..].iter().collect()
    };
    let unit = if short.ends_with('局') {
        short
    } else {
        org.clone()
    };
    for body in [
        format!("投诉{unit}干部李华吃拿卡要。"),
        format!("{unit}干部李华收受好处费。"),
        format!("举报{org}工作人员索要红包。"),
        "举报贵局工作人员李华索要红包。".to_owned(),
        "贵单位领导贪污公款。".to_owned(),
    ] {
        let to: &'static str = String::leak(format!("{org}："));
        let body: &'static str = String::leak(body);
        let fields = letter(&[to, body, "此致", "敬礼", "来信人：汪小满", "2025年3月4日"]);
        assert_eq!(fields.addressee.value.as_ref(), Some(org));
        let stopped = crate::domain::access::goes_to_accused(&fields, None, &roster());
        assert!(stopped, "{body}: {:?}", fields.accused);
    }
}

/// Whom it must not reach is then unknown: the addressee is never let through unseen.
#[test]
fn b11_an_accusation_without_anybody_named_leaves_the_addressee_to_a_person() {
    let fields = letter(&[
        "霍市长：",
        "我要举报一名领导干部的问题，名字不敢写。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ]);
    assert!(fields.accuses_somebody_unknown(), "{:?}", fields.accused);
    assert_eq!(fields.addressee.value.as_deref(), Some("霍国梁"));
    assert!(!fields.addressee.accepted);
}

#[test]
fn b11_a_leader_by_his_alias_behind_his_office_is_found() {
    for (body, name) in [
        (
            "我举报信访局邵局长压信不办，收受贿赂，请求依法查处。",
            "邵建民",
        ),
        ("我举报霍市长收受开发商贿赂。", "霍国梁"),
        ("我举报市信访局邵局长收受贿赂。", "邵建民"),
    ] {
        assert!(
            accused(body).iter().any(|a| a == name),
            "{body}: {:?}",
            accused(body)
        );
    }
}

#[test]
fn b11_an_accusation_behind_the_signature_finds_whom_it_accuses() {
    let own = [
        "霍市长：",
        "拆迁补偿款一直没有发放，具体情况见附件，请求解决。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ];
    let enclosed = [
        "附件：情况说明",
        "我控告临江市人民政府贪污拆迁款，请求依法查处。",
    ];
    for kind in [PageKind::Letter, PageKind::Attachment] {
        let pages = [page(1, PageKind::Letter, &own), page(2, kind, &enclosed)];
        let fields = crate::domain::extract::extract(&pages, &roster(), None);
        assert_eq!(
            fields.sender_name.value.as_deref(),
            Some("汪小满"),
            "{kind:?}"
        );
        let accused: Vec<_> = fields
            .accused
            .iter()
            .map(|one| (one.name.as_str(), one.page))
            .collect();
        assert_eq!(accused, [("临江市人民政府", Some(2))], "{kind:?}");
        assert!(fields.accuses(), "{kind:?}");
    }
}

#[test]
fn b11_an_enclosed_judgment_accuses_nobody() {
    let own = [
        "霍市长：",
        "法院判决后一直没有执行，请求督促。",
        "此致",
        "敬礼",
        "来信人：汪小满",
        "2025年3月4日",
    ];
    let enclosed = ["民事判决书", "原告：汪小满", "被告：李华"];
    let pages = [
        page(1, PageKind::Letter, &own),
        page(2, PageKind::Attachment, &enclosed),
    ];
    let fields = crate::domain::extract::extract(&pages, &roster(), None);
    assert_eq!(fields.accused, []);
}

#[test]
fn a_judgment_read_before_the_letters_other_pages_accuses_nobody() {
    use crate::domain::kind;
    let rows = [
        "民事判决书",
        "临江市人民法院",
        "（2023）临0235民初1187号",
        "原告：汪小满，女，汉族",
        "被告：临江市安居物业有限公司",
        "本院认为，物业服务合同依法成立，判决如下：",
    ];
    let mut sheet = page(1, PageKind::Letter, &rows);
    let sign = kind::proposed(&sheet);
    assert_eq!(sign, Some(kind::Sign::CourtPaper));
    let alone = |sheet: &PageText| {
        crate::domain::extract::extract(std::slice::from_ref(sheet), &roster(), None).accuses()
    };
    assert!(alone(&sheet), "as a sheet of the letter it does");
    sheet.kind = kind::before_the_others(sign);
    assert!(!alone(&sheet));
    assert_eq!(kind::before_the_others(None), PageKind::Letter);
}

fn written(to: &str, body: &str) -> crate::domain::draft::Fields {
    let to: &'static str = String::leak(format!("{to}："));
    let body: &'static str = String::leak(body.to_owned());
    letter(&[to, body, "此致", "敬礼", "来信人：汪小满", "2025年3月4日"])
}

fn reaches(fields: &crate::domain::draft::Fields, unit: &str) -> bool {
    let unit = [unit];
    !crate::domain::access::is_accused(&fields.accused, unit.into_iter(), &roster())
}

/// A reviewer's letters reached the very office: no 举报 in them, the head by title, alias or 贵局, and what he did in plain words.
#[test]
fn whoever_the_roster_knows_is_accused_by_words_of_a_misdeed_beside_him() {
    for (to, body) in [
        (
            "临江市信访局",
            "贵局邵局长拿了工程队十五万元，把我的材料退了回来。",
        ),
        (
            "临江市信访局",
            "我要告信访局的局长，他挪用困难群众补助，还打击报复我。",
        ),
        (
            "市委书记",
            "邵建民身为信访局局长，雁过拔毛，吃拿卡要，群众怨声载道。",
        ),
        ("霍市长", "邵局长跟承包商勾结，把修路款侵吞了。"),
        ("霍市长", "邵建民是信访局局长，私卖办公设备，所得不入公账。"),
        ("临江市信访局", "反映邵建民生活作风败坏，在外包养女人。"),
        ("霍市长", "邵建民在信访局当局长以来，谁送红包就给谁盖章。"),
        (
            "临江市信访局",
            "你局局长收受饭店老板的购物卡，对我的来信压着不办。",
        ),
        ("临江市信访局", "你们信访局的局长徇私舞弊，偏袒有钱的一方。"),
        (
            "霍市长",
            "我找过信访局邵局长三次，他收了对方的钱，就是不办。",
        ),
        ("霍市长", "信访局的一把手滥用职权，替亲戚要工程。"),
        ("霍市长", "开发商送给邵局长二十万元现金，此事全城皆知。"),
        ("霍市长", "开发商买通了邵局长，我们的信就石沉大海。"),
        (
            "霍市长",
            "我们要反映的是信访局局长的问题。他贪污救灾款，至今没有人管。",
        ),
        ("霍市长", "收受红包的是信访局局长，请您明察。"),
    ] {
        let fields = written(to, body);
        let named: Vec<_> = fields.accused.iter().map(|one| one.name.as_str()).collect();
        assert!(named.contains(&"邵建民"), "{body}: {named:?}");
        assert!(
            fields.accuses() && !reaches(&fields, "临江市信访局"),
            "{body}"
        );
    }
}

#[test]
fn an_office_of_the_roster_or_whoever_works_there_is_accused_by_words_of_a_misdeed() {
    for (to, body) in [
        (
            "临江市信访局",
            "你们信访局的工作人员收黑钱，我的信一压就是半年。",
        ),
        ("临江市信访局", "贵局与开发商串通一气，截留我的赔偿款。"),
        ("临江市信访局", "贵单位工作人员索要好处，不给就不登记。"),
        ("霍市长", "市信访局打击报复上访群众，把我关了三天。"),
        ("临江市信访局", "你们收了人家多少黑钱？"),
        ("丁书记", "信访局的人员吃请受礼，收受土特产。"),
        (
            "霍市长",
            "我多次向市信访局反映，他们收了对方红包，一直不答复。",
        ),
    ] {
        let fields = written(to, body);
        assert!(fields.accuses(), "{body}");
        assert!(
            !reaches(&fields, "临江市信访局"),
            "{body}: {:?}",
            fields.accused
        );
        assert!(
            !fields.accuses_somebody_unknown(),
            "{body}: {:?}",
            fields.accused
        );
    }
}

/// 贵局 in most letters is whoever is asked for help.
#[test]
fn an_office_that_is_asked_thanked_or_only_met_is_not_accused() {
    for (to, body) in [
        ("临江市信访局", "请求贵局查处小区物业公司收受回扣的行为。"),
        ("临江市信访局", "恳请贵局严查收受回扣的物业。"),
        ("临江市信访局", "希望贵局调查我村会计贪污低保金一事。"),
        ("临江市信访局", "贵局查处了收受回扣的村主任，群众拍手称快。"),
        (
            "临江市信访局",
            "感谢邵局长和信访局的同志们，帮我要回了被侵占的宅基地。",
        ),
        (
            "临江市信访局",
            "邵局长廉洁奉公，从不收受红包，是我们的好局长。",
        ),
        (
            "临江市信访局",
            "我向贵局反映过楼上邻居赌博的事，至今没有回音。",
        ),
        (
            "临江市信访局",
            "我到市信访局反映开发商勾结物业，工作人员热情接待了我。",
        ),
        (
            "霍市长",
            "邻居王某仗着亲戚在市政府上班，勾结村干部侵占我家宅基地，请市政府做主。",
        ),
        ("霍市长", "霍市长，您好！我村村干部侵占集体鱼塘，请您过问。"),
        (
            "霍市长",
            "霍市长，我们小区物业克扣维修资金，收受广告公司回扣。",
        ),
        (
            "临江市信访局",
            "市信访局把我的信转给了街道，街道主任收受红包，反而包庇对方。",
        ),
        ("临江市信访局", "市政府门口的饭店老板收受假币，扰乱秩序。"),
        ("临江市信访局", "建议贵局在门口增设长椅，方便老人。"),
        ("临江市信访局", "贵局受理我的信已经三个月，请尽快答复。"),
        ("霍市长", "昆山市信访局干部李华收受好处费。"),
        ("临江市信访局", "我被人诬告贪污，恳请贵局还我清白。"),
    ] {
        let fields = written(to, body);
        for unit in ["临江市信访局", "临江市人民政府"] {
            assert!(reaches(&fields, unit), "{body}: {:?}", fields.accused);
        }
    }
}

#[test]
fn who_was_rude_to_people_in_an_office_is_kept_from_its_system_and_a_shop_assistant_accuses_nobody()
{
    for body in [
        "反映临江市信访局工作人员赵敏接访时辱骂群众，请批评教育。",
        "市信访局干部李华态度恶劣，对我百般刁难。",
        "我到市信访局上访，工作人员赵敏态度恶劣，把我推搡出门。",
        "我被信访局工作人员辱骂。",
    ] {
        let fields = written("霍市长", body);
        assert!(
            !reaches(&fields, "临江市信访局"),
            "{body}: {:?}",
            fields.accused
        );
    }
    let fields = written("霍市长", "反映临江市信访局工作人员赵敏接访时辱骂群众。");
    assert!(
        fields.accused.iter().any(|one| one.name == "赵敏"),
        "{:?}",
        fields.accused
    );
    for body in [
        "幸福超市收银员态度恶劣，辱骂顾客。",
        "阳光小区物业公司经理李华态度恶劣。",
        "市第一医院医生李华态度恶劣。",
        "市信访局态度恶劣。",
    ] {
        let fields = written("霍市长", body);
        assert_eq!(fields.accused, [], "{body}");
    }
}

#[test]
fn the_government_by_its_usual_short_name_is_the_rosters_own() {
    for body in [
        "举报市府主要领导在土地出让中收受贿赂。",
        "市府领导收受巨额贿赂，望严查。",
        "临江市府侵吞征地款。",
    ] {
        let fields = written("丁书记", body);
        assert!(
            !reaches(&fields, "临江市人民政府"),
            "{body}: {:?}",
            fields.accused
        );
        assert!(
            reaches(&fields, "临江市信访局"),
            "{body}: {:?}",
            fields.accused
        );
    }
}

#[test]
fn no_verb_and_no_half_title_is_part_of_a_name() {
    for body in [
        "我实名检举控告临江市信访局局长邵建民收受贿赂，请求查处。",
        "我要检举控告信访局局长收受红包，请求立案调查。",
        "控告市信访局副局长李华徇私。",
        "举报临江市信访局局长贪污。",
    ] {
        let fields = written("丁书记", body);
        for one in &fields.accused {
            let is_odd =
                one.name.ends_with("局局") || one.name.contains("控告") || one.name == "信访局局长";
            assert!(!is_odd, "{body}: {:?}", fields.accused);
        }
        assert!(
            !reaches(&fields, "临江市信访局"),
            "{body}: {:?}",
            fields.accused
        );
    }
}

#[test]
fn what_the_accused_is_said_to_have_done_is_no_threat_of_the_writer() {
    for body in [
        "我要举报信访局局长贪污救灾款，打击报复上访群众。",
        "我要告村主任，他打击报复举报人，请上级为我做主。",
    ] {
        let flags = written("霍市长", body).flags;
        assert!(
            !flags.threat.as_ref().is_some_and(|flag| flag.value),
            "{body}: {:?}",
            flags.threat
        );
    }
    let flags = written("霍市长", "再不给我解决，我要打击报复你们所有人，同归于尽。").flags;
    assert!(flags.threat.is_some_and(|flag| flag.value));
}

/// Whoever is misread, broken up or called by a part of his name was not found, and his own office got the letter.
#[test]
fn an_office_and_its_people_are_spoken_of_however_they_are_called() {
    let spoken_of = |to: &str, body: &str| {
        let lines: Vec<String> = vec![format!("{to}："), body.to_owned(), "此致敬礼".to_owned()];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let page = page(1, PageKind::Letter, &lines);
        let fields = crate::domain::extract::extract(std::slice::from_ref(&page), &roster(), None);
        crate::domain::extract::offices_spoken_of(
            &[page],
            &fields,
            &roster(),
            &["河东区城管局".to_owned()],
        )
    };
    for (to, body) in [
        ("市委书记", "窃查邵君建民，苞苴公行，门庭若市。"),
        ("市委书记", "建民同志的夫人名下有十一套门面房。"),
        ("市委书记", "邵·建·民家里三套别墅。"),
        ("市委书记", "信坊局的仓库里堆着救灾的米面。"),
        ("市委书记", "信-访-局上下都知道。"),
        ("市委书记", "姓邵的局长开豪车。"),
        ("市委书记", "邵大局长喝得满面红光。"),
        ("市委书记", "信访大厅二楼谁的信先看要看谁的烟好。"),
        ("临江市信访局", "我递了材料，该局把它交给了开发商。"),
        ("临江市信访局", "您去年中秋收下的字画是我祖父留下的。"),
        ("临江市信访局", "局里的人知道内情。"),
        ("临江市信访局", "那个局长家里三套别墅。"),
        ("临江市信访局", "我想问你们：收我的三万元什么时候还？"),
        ("临江市信访局", "我只想说：“你们收了我三万元。”"),
    ] {
        assert_eq!(spoken_of(to, body), ["临江市信访局"], "{body}");
    }
    assert_eq!(
        spoken_of("市委书记", "河东区城管局拖走了我的三轮车。"),
        ["河东区城管局"]
    );
    for body in [
        "物业经理说你爱去哪里告就去哪里告，请求处理。",
        "老板对我说：“你们去告吧！”",
        "公安局长接待了我。",
        "我住临江市长安路8号，请求修路。",
    ] {
        assert_eq!(
            spoken_of("临江市信访局", body),
            Vec::<String>::new(),
            "{body}"
        );
    }
}

#[test]
fn behind_a_label_a_word_is_a_name_though_it_is_one() {
    assert_eq!(accused("被检举人：平安，男，某镇城管队长。"), ["平安"]);
    assert!(accused("被举报人：不详，请查明。").is_empty());
    assert!(accused("被投诉人：物业，收费不服务。").is_empty());
}
