//! What is told of people without the word for it: misdeeds of whoever was named sentences before, thanks that are to be passed on.

use super::letters::letter;
use crate::domain::draft::{Fields, Phone};

fn read(body: &[&str]) -> Fields {
    let mut rows = vec!["霍市长："];
    rows.extend(body);
    rows.extend(["一位老党员", "2025年4月16日"]);
    letter(&rows)
}

#[test]
fn misdeeds_told_without_the_word_make_a_clue_an_accusation_and_an_accused() {
    for body in [
        [
            "临江市白沙镇副镇长邱德海，工作日下午在茶馆打牌，一把一百，输赢上千。望查。",
            "他还收了修渠的老板一辆二手车，挂在他外甥名下。",
        ],
        [
            "白沙镇民政所所长邱德海，去年管着救灾的东西。到我们村只来过一回。",
            "他把给村里拨的水泥拉到他丈人家打了院子。请查处。",
        ],
    ] {
        let fields = read(&body);
        let crime = fields.flags.crime_clue.as_ref();
        assert!(crime.is_some_and(|flag| flag.value), "{body:?}");
        assert_eq!(
            fields.purpose.value.as_deref(),
            Some("检举控告"),
            "{body:?}"
        );
        let mut accused = fields.accused.iter();
        assert!(
            accused.any(|a| a.name == "邱德海"),
            "{body:?} {:?}",
            fields.accused
        );
    }
}

#[test]
fn whoever_helped_is_not_accused_of_what_befell_another() {
    for body in [
        [
            "白沙镇副镇长邱德海来看过两回。他说要帮我们问。",
            "他的司机说，我家的三轮车是被人偷卖的。请帮我找回来。",
        ],
        [
            "白沙镇副镇长邱德海答应过修路。",
            "他被人打伤以后就没有人管了。请修路。",
        ],
    ] {
        let fields = read(&body);
        let accused = fields.accused.iter();
        let names: Vec<&str> = accused.map(|a| a.name.as_str()).collect();
        assert!(!names.contains(&"邱德海"), "{body:?} {names:?}");
    }
}

#[test]
fn thanks_that_are_to_be_passed_on_ask_for_nothing() {
    for body in [
        [
            "我那个证前后跑了三年，是你们窗口的姑娘领着我把材料找齐的。",
            "请你们替我谢谢她。",
        ],
        [
            "上回我淋着雨来，有位同志给我倒了热水，心里暖得很。",
            "请表扬他。",
        ],
    ] {
        assert_eq!(
            read(&body).purpose.value.as_deref(),
            Some("感谢"),
            "{body:?}"
        );
    }
    let asked = read(&[
        "请你们替我谢谢窗口的姑娘，可是我家的低保至今没有发。",
        "请求补发低保，恳请尽快解决。",
    ]);
    assert_eq!(asked.purpose.value.as_deref(), Some("投诉请求"));
}

/// Where and whose a number is registered: its owner and whether it is accepted.
fn owner_of(fields: &Fields, number: &str) -> (Option<String>, bool) {
    let of = |phone: &&Phone| phone.field.value.as_deref() == Some(number);
    let phone = fields.phones.iter().find(of).expect("the number is shown");
    (phone.owner.clone(), phone.field.accepted)
}

#[test]
fn yc14_the_home_and_number_of_the_accused_are_not_an_anonymous_writers() {
    for (open, close) in [("（", "）"), ("，", "，")] {
        let named = format!("临江市某局副股长桂建国{open}家住临江市河东区柳林村3组");
        let number = format!("12号，电话13855662094{close}在审批采砂证时索要好处费。");
        let rows = ["市委：", &named, &number, "请严肃查处。", "2025年1月12日"];
        let fields = letter(&rows);
        assert_eq!(fields.address.value, None, "{open}");
        let owner = (Some("桂建国".to_owned()), false);
        assert_eq!(owner_of(&fields, "13855662094"), owner, "{open}");
    }
}

#[test]
fn yd07_the_number_of_the_accused_is_not_the_accusers() {
    for whom in ["临江市某学校校长郭振海", "郭振海", "临江市某局副股长郭振海"]
    {
        for home in [
            "住临江市河东区柳林村3组，",
            "家住临江市河东区柳林村3组，",
            "",
        ] {
            let accuses = format!("我叫苗向荣，实名举报{whom}（{home}");
            let number = "手机13772871045）收受回扣的问题。";
            let rows = ["市委：", &accuses, number, "举报人：苗向荣"];
            let fields = letter(&rows);
            let owner = (Some("郭振海".to_owned()), false);
            assert_eq!(owner_of(&fields, "13772871045"), owner, "{accuses}");
            let home = fields.address.value.as_deref().unwrap_or_default();
            assert!(!home.contains("柳林村"), "{accuses}");
        }
    }
    // The writer's own stay his.
    let told = "我叫苗向荣，家住临江市河东区柳林村3组12号，电话13772871045，";
    let fields = letter(&["市委：", told, "举报工地夜间施工。", "举报人：苗向荣"]);
    assert!(fields.phones.iter().all(|phone| !phone.is_anothers()));
    assert_eq!(
        owner_of(&fields, "13772871045").0.as_deref(),
        Some("苗向荣")
    );
    assert!(fields.address.value.is_some());
}

#[test]
fn w022_the_number_below_who_acts_for_another_is_his() {
    let rows = [
        "信访事项申请表",
        "申请人　蓝秋月",
        "联系电话　13737200925",
        "代理人　韦乐平（律师）",
        "联系电话　13907728833",
        "住址　临江市河东区柳林村3组12号",
        "申请事项　请求撤销处理决定。",
        "申请人签字：蓝秋月",
    ];
    let fields = letter(&rows);
    let owner = (Some("韦乐平".to_owned()), false);
    assert_eq!(owner_of(&fields, "13907728833"), owner);
    let (owner, _) = owner_of(&fields, "13737200925");
    assert_ne!(owner.as_deref(), Some("韦乐平"));
}

#[test]
fn w036_a_number_that_is_called_somebodys_is_his() {
    for (row, owner) in [
        ("我的号13985501762谭的号18785077431", Some("谭")),
        ("电话：13985501762；小谭的是18785077431", Some("小谭")),
        ("电话：13985501762；邻居小梁转：18785077431", None),
        ("本人电话13985501762　联系电话（母）：18785077431", None),
    ] {
        let fields = letter(&["市政府：", "路灯坏了，请派人修好。", "段美兰", row]);
        let own = fields.phones.iter().filter(|phone| phone.field.accepted);
        let own: Vec<_> = own.map(|phone| phone.field.value.as_deref()).collect();
        assert!(!own.contains(&Some("18785077431")), "{row}");
        if owner.is_some() {
            let told = (owner.map(str::to_owned), false);
            assert_eq!(owner_of(&fields, "18785077431"), told, "{row}");
        }
    }
}
