//! Whom letters accuse, in the ways people write it; wordings of a reviewer who read none of the code, and further ones.

use super::letters::{letter, page, roster};
use crate::domain::text::PageKind;

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
