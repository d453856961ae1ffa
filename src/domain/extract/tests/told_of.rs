//! What is told of people without the word for it: misdeeds of whoever was named sentences before, thanks that are to be passed on.

use super::letters::letter;
use crate::domain::draft::Fields;

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
