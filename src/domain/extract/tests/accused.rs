//! Whom letters accuse, in the ways people write it; wordings of a reviewer who read none of the code, and further ones.

use super::letters::{letter, roster};

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
        ("投诉宏达物业公司乱收费。", "宏达物业公司"),
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
