//! First or repeat: each rule of SZ 7.4.1 and 7.4.3 by name.

use proptest::prelude::*;

use super::content::{of_text, trigrams};
use super::place::{same_name, same_place};
use super::*;
use crate::domain::draft::EarlierFrom;

const ROOF: &str = "我家住顶楼，屋面防水层老化，从2021年起逢雨必漏，墙皮大片脱落。我先后3次找物业公司和社区居委会，他们都说要动用维修基金，手续复杂，让我等。家中老人患有关节炎，长期住在潮湿的房间里，病情越来越重。请求督促物业公司启用维修资金，尽快修缮屋面。";
const ROOF_AGAIN: &str = "由于顶层屋顶防水早已失效，2021年以来只要下雨家里就漏水，墙面发霉掉皮。物业和社区我跑了不下3趟，每次都推说维修资金申请手续麻烦，一直拖着不办。我母亲八十多岁，有风湿病，住在这样阴湿的屋里身体每况愈下。恳请责成物业动用维修基金修好屋顶。";
const WAGES: &str = "2020年下半年我在彩虹新村工地干木工活，老板沈思雨至今没有结清工钱。粗算下来欠薪9万余元，去劳动监察投诉过三回，都没有下文。家里上有老下有小，全靠这笔血汗钱过日子。恳请领导帮忙讨回血汗钱。";

const HOME: &str = "江苏省苏州市常熟市莫城街道梅亭苑38幢1单元1405室";

fn letter(name: Option<&str>, address: Option<&str>, text: &str) -> Registered {
    Registered {
        name: name.map(str::to_owned),
        address: address.map(str::to_owned),
        place: address.map(Place::of).unwrap_or_default(),
        addressee: Some("钱正阳".into()),
        grams: Grams::of(&of_text(text)),
        ..Registered::default()
    }
}

fn earlier(of: &str, registered: &Registered) -> Earlier {
    Earlier {
        of: of.into(),
        from: EarlierFrom::Station,
        settled: false,
        registered: registered.clone(),
    }
}

/// Weights of an office that has many letters about this and that.
fn weights() -> Weights {
    let mut weights = Weights::default();
    for text in [ROOF, ROOF_AGAIN, WAGES] {
        weights.add(&Grams::of(&of_text(text)));
    }
    weights
}

fn compared(new: &Registered, old: &[Earlier]) -> Repeat {
    compare("N", new, old, &weights())
}

/// What the one earlier letter is to the new one.
fn is(new: &Registered, old: &Registered) -> Option<EarlierIs> {
    compared(new, &[earlier("A", old)])
        .candidates
        .first()
        .map(|c| c.is)
}

#[test]
fn name_address_and_matter_the_same_is_a_repeat() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let found = compared(
        &letter(Some("王俊杰"), Some(HOME), ROOF_AGAIN),
        &[earlier("A037", &old)],
    );
    assert_eq!(
        (found.relation.as_str(), found.of.as_deref(), found.nth),
        ("repeat", Some("A037"), Some(2))
    );
    let scores = found.scores.expect("scores");
    assert!(
        scores.name == 1.0 && scores.address == 1.0 && scores.content >= 0.5,
        "{scores:?}"
    );
}

#[test]
fn the_same_sender_on_another_matter_is_a_first_letter() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let new = letter(Some("王俊杰"), Some(HOME), WAGES);
    let found = compared(&new, &[earlier("A037", &old)]);
    assert_eq!((found.relation.as_str(), found.of), ("first", None));
    assert_eq!(found.candidates[0].is, EarlierIs::SameSenderOtherMatter);
}

#[test]
fn another_sender_on_the_same_matter_is_a_first_letter() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let new = letter(
        Some("周国平"),
        Some("吴中区太湖街道金鸡湖大道468号3幢1512室"),
        ROOF,
    );
    let found = compared(&new, &[earlier("A037", &old)]);
    assert_eq!((found.relation.as_str(), found.of), ("first", None));
    assert_eq!(found.candidates[0].is, EarlierIs::SameMatterOtherSender);
    // The neighbour upstairs has the same address but for the room, and the spouse the same address.
    let spouse = letter(Some("李桂芳"), Some(HOME), ROOF);
    assert_eq!(is(&spouse, &old), Some(EarlierIs::SameMatterOtherSender));
}

#[test]
fn a_house_number_misread_in_one_digit_is_still_the_senders_other_matter() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let misread = "江苏省苏州市常熟市莫城街道梅亭苑38幢1单元1406室";
    assert_eq!(
        is(&letter(Some("王俊杰"), Some(misread), WAGES), &old),
        Some(EarlierIs::SameSenderOtherMatter)
    );
    let elsewhere = letter(Some("王俊杰"), Some("姑苏区人民路12号"), WAGES);
    assert_eq!(is(&elsewhere, &old), None);
    assert_eq!(is(&letter(Some("王俊杰"), None, WAGES), &old), None);
}

#[test]
fn another_sender_on_another_matter_is_not_shown() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    assert_eq!(
        is(
            &letter(Some("周国平"), Some("吴中区金鸡湖大道468号"), WAGES),
            &old
        ),
        None
    );
}

#[test]
fn one_weak_mark_makes_a_candidate_and_no_repeat() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    for new in [
        letter(Some("王骏杰"), Some(HOME), ROOF),
        letter(Some("王俊杰"), None, ROOF),
        letter(Some("王俊杰"), Some("姑苏区人民路12号"), ROOF),
        letter(Some("王俊杰"), Some(HOME), ""),
    ] {
        let found = compared(&new, &[earlier("A", &old)]);
        assert_ne!(found.relation, "repeat");
        assert_eq!(
            found.candidates[0].is,
            EarlierIs::PossibleRepeat,
            "{:?}",
            new.name
        );
    }
}

#[test]
fn a_move_with_the_same_telephone_or_id_number_is_still_a_repeat() {
    let mut old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let mut new = letter(Some("王俊杰"), Some("姑苏区人民路12号"), ROOF_AGAIN);
    old.phones = vec!["13812345678".into()];
    new.phones = vec!["051265227061".into(), "13812345678".into()];
    let found = compared(&new, &[earlier("A", &old)]);
    assert_eq!(found.relation, "repeat");
    assert!(
        found.candidates[0].moved
            && found.candidates[0].same_phone
            && !found.candidates[0].same_id_number
    );
    new.phones.clear();
    (old.id_number, new.id_number) = (
        Some("320504194202197354".into()),
        Some("320504194202197354".into()),
    );
    assert!(compared(&new, &[earlier("A", &old)]).candidates[0].moved);
    new.id_number = Some("320504194202197355".into());
    assert_eq!(compared(&new, &[earlier("A", &old)]).relation, "first");
}

#[test]
fn two_anonymous_letters_are_never_one_senders() {
    let nobody = letter(None, None, ROOF);
    let found = compared(&nobody, &[earlier("A", &nobody)]);
    assert_eq!(found.relation, "first");
    assert_eq!(found.candidates[0].is, EarlierIs::SameMatterSenderUnknown);
}

#[test]
fn of_several_records_the_settled_and_full_one_is_linked() {
    let bare = letter(Some("王俊杰"), Some(HOME), ROOF);
    let full = Registered {
        phones: vec!["13812345678".into()],
        id_number: Some("320504194202197354".into()),
        ..bare.clone()
    };
    let settled = Earlier {
        settled: true,
        ..earlier("C", &bare)
    };
    let found = compared(&bare, &[earlier("A", &bare), earlier("B", &full)]);
    assert_eq!((found.of.as_deref(), found.nth), (Some("B"), Some(3)));
    let found = compared(&bare, &[earlier("A", &bare), earlier("B", &full), settled]);
    assert_eq!((found.of.as_deref(), found.nth), (Some("C"), Some(4)));
    let found = compared(&bare, &[earlier("A", &bare), earlier("B", &bare)]);
    assert_eq!(
        found.of.as_deref(),
        Some("A"),
        "of equals the first registered"
    );
}

#[test]
fn differing_fields_are_named_without_their_values() {
    let old = letter(Some("王俊杰"), Some(HOME), ROOF);
    let new = Registered {
        phones: vec!["13812345678".into()],
        addressee: Some("韩立群".into()),
        ..old.clone()
    };
    let found = compared(&new, &[earlier("A", &old)]);
    let differs: Vec<(&str, Differs)> = found.candidates[0]
        .differs
        .iter()
        .map(|d| (d.field.as_str(), d.how))
        .collect();
    assert_eq!(
        differs,
        [("phones", Differs::OnlyHere), ("addressee", Differs::Other)]
    );
    let told = serde_json::to_string(&found).expect("it has a JSON form");
    assert!(!told.contains("13812345678") && !told.contains("梅亭苑") && !told.contains("王俊杰"));
}

#[test]
fn an_accusation_is_shown_to_its_own_sender_only() {
    let accusation = Registered {
        restricted: true,
        ..letter(Some("王俊杰"), Some(HOME), ROOF)
    };
    let stranger = letter(Some("周国平"), Some("吴中区金鸡湖大道468号"), ROOF);
    assert_eq!(is(&stranger, &accusation), None);
    assert_eq!(
        is(&letter(Some("王俊杰"), Some(HOME), ROOF_AGAIN), &accusation),
        Some(EarlierIs::Repeat)
    );
    let other_accusation = Registered {
        restricted: true,
        ..stranger
    };
    assert_eq!(
        is(&other_accusation, &accusation),
        Some(EarlierIs::SameMatterOtherSender)
    );
}

#[test]
fn near_copies_to_several_addressees_are_grouped_and_the_first_is_handled() {
    let to = |who: &str| Registered {
        addressee: Some(who.into()),
        received_on: Some("2026-03-02".into()),
        ..letter(Some("王俊杰"), Some(HOME), ROOF)
    };
    let found = compared(
        &to("林伯年"),
        &[earlier("A", &to("周明远")), earlier("B", &to("韩立群"))],
    );
    let copies = found.copies.expect("copies");
    assert_eq!(copies.handled, "A");
    assert_eq!(copies.letters, ["A", "B", "N"]);
    // The same addressee again is a repeat, not a copy; so is a letter of last year.
    assert_eq!(
        compared(&to("林伯年"), &[earlier("A", &to("林伯年"))]).copies,
        None
    );
    let long_ago = Registered {
        received_on: Some("2025-03-02".into()),
        ..to("周明远")
    };
    assert_eq!(
        compared(&to("林伯年"), &[earlier("A", &long_ago)]).copies,
        None
    );
}

#[test]
fn a_letter_with_nothing_to_compare_by_is_unchecked() {
    assert_eq!(compared(&Registered::default(), &[]).relation, "unchecked");
    let unread = letter(Some("王俊杰"), Some(HOME), "");
    assert_eq!(compared(&unread, &[]).relation, "unchecked");
}

#[test]
fn one_place_written_in_many_ways() {
    let same = |a: &str, b: &str| same_place(&Place::of(a), &Place::of(b)).unwrap_or(-1.0);
    for (a, b) in [
        (HOME, "常熟市梅亭苑38-1-1405"),
        (HOME, "江苏常熟莫城梅亭苑小区38号楼1单元1405"),
        ("苏州市吴中区甪直镇红星村3组12号", "甪直镇红星村第三组12号"),
        ("姑苏区平江路〇12号", "苏州市姑苏区平江路12号"),
        ("姑苏区人民路12号3幢402室", "姑苏区人民路１２号３幢４０２室"),
        ("姑苏区人民路12号3幢402室", "姑苏区人民路12号"),
        ("相城区玉成家园5幢乙单元601", "相城区玉成家园5幢乙单元601室"),
        (HOME, "常熟市梅亭苑38幢单元1405室"),
    ] {
        assert!(same(a, b) >= ADDRESS_PASSES, "{a} and {b}: {}", same(a, b));
    }
    for (a, b) in [
        (HOME, "常熟市梅亭苑38幢1单元1505室"),
        (HOME, "常熟市梅亭苑36幢1单元1405室"),
        (HOME, "姑苏区莲花新村38幢1单元1405室"),
        ("姑苏区人民路12号", "吴江区人民路12号"),
        ("姑苏区人民路12号", "姑苏区人民路112号"),
        (HOME, "常熟市梅亭苑38幢2单元1405室"),
        (HOME, "常熟市梅亭苑1405幢1单元38室"),
    ] {
        assert!(same(a, b) < ADDRESS_PASSES, "{a} and {b}: {}", same(a, b));
    }
    assert_eq!(
        same_place(&Place::of("苏州市姑苏区"), &Place::of(HOME)),
        None
    );
}

#[test]
fn names_misread_in_one_character_are_weak_and_others_are_not_the_same() {
    assert_eq!(same_name("王 俊杰", "王俊杰"), 1.0);
    assert!((NAME_FAILS..NAME_PASSES).contains(&same_name("王骏杰", "王俊杰")));
    assert!(same_name("王芳", "李芳") < NAME_FAILS);
    assert!(same_name("王俊杰", "王国平") < NAME_FAILS);
    assert!(same_name("苏州宏基机械有限公司", "苏州宏基机械有限公可") >= NAME_PASSES);
    assert!(same_name("苏州宏基机械有限公司", "苏州大明食品有限公司") < NAME_PASSES);
}

#[test]
fn who_one_is_says_nothing_about_the_matter() {
    let prepared =
        of_text("尊敬的领导：您好！我叫王俊杰，34岁，家住姑苏区梅亭苑38幢1405室。楼上漏水。");
    assert_eq!(prepared, "楼上漏水");
    assert!(trigrams("楼上漏水").contains(&"楼上漏".to_owned()));
}

proptest! {
    #[test]
    fn comparing_is_fair_and_within_bounds(a in "[一-丐0-9，。]{0,60}", b in "[一-丐0-9，。]{0,60}") {
        let (x, y) = (Grams::of(&of_text(&a)), Grams::of(&of_text(&b)));
        let (one, other) = (alike(&x, &y, &weights()), alike(&y, &x, &weights()));
        prop_assert!((one.pairs - other.pairs).abs() < 1e-4 && (one.singles - other.singles).abs() < 1e-4);
        prop_assert!((0.0..=1.0).contains(&one.pairs) && (0.0..=1.0).contains(&one.singles));
        prop_assert_eq!(Grams::from_bytes(&x.to_bytes()), x.clone());
        if !x.is_empty() {
            prop_assert!(alike(&x, &x, &weights()).singles > 0.999);
        }
        prop_assert_eq!(same_name(&a, &b), same_name(&b, &a));
    }

    #[test]
    fn any_text_is_an_address_without_panic(text in "\\PC{0,40}") {
        let place = Place::of(&text);
        if let Some(score) = same_place(&place, &place) {
            prop_assert!(score >= 0.8, "{text}: {score}");
        }
    }
}

/// One sender's other matter in the turns of phrase every letter has: what differs is what the letter is about.
const SAME_PHRASES: &[(&str, &str)] = &[
    (
        "我家住的小区去年换了供热公司，今年入冬以来室内温度一直只有十三度左右，多次找物业反映，对方总说管道老化，让我们再等等。请求有关部门督促供热公司尽快检修，退还未达标期间的采暖费。",
        "尊敬的领导您好，我是一名普通市民，冒昧给您写信打扰了。小区电梯经常故障，老人被困，多次找物业反映，对方总说零件老化，让我们再等等。请求有关部门督促物业公司尽快更换电梯。",
    ),
    (
        "我在恒达机械公司上班，公司从去年三月起拖欠我工资两万元，我多次到劳动监察大队反映，至今没有结果，严重影响了我一家人的生活。恳请领导重视，督促公司尽快发放工资。",
        "我在恒达机械公司上班，去年三月右手被机器轧伤，公司不给申报工伤，我多次到劳动监察大队反映，至今没有结果，严重影响了我一家人的生活。恳请领导重视，督促公司尽快办理工伤认定。",
    ),
    (
        "楼下的烧烤店每天营业到凌晨，油烟直往我家灌，老人孩子咳嗽不止，我多次拨打热线投诉，城管来了就好两天，走了照旧。请求有关部门依法查处，还我们一个安静的环境。",
        "楼上的培训班每天营业到夜里，孩子跑跳吵得老人没法睡觉，我多次拨打热线投诉，城管来了就好两天，走了照旧。请求有关部门依法查处，还我们一个安静的环境。",
    ),
    (
        "村口的路灯坏了半年，夜里一片漆黑，村民出行很不方便，有老人摔伤，我们多次向村委会反映，村干部总是推诿，说没有资金。恳请上级尽快派人维修。",
        "村口的水渠堵了半年，浇地没有水，村民种田很不方便，有几家绝收，我们多次向村委会反映，村干部总是推诿，说没有资金。恳请上级尽快派人清淤。",
    ),
    (
        "我儿子今年六岁，户口在本市，学校以学位已满为由拒绝他入学，我多次到教育局反映，工作人员让我等通知，眼看就要开学了，心里十分着急。请求领导过问。",
        "我儿子今年六岁，在学校食堂吃饭后上吐下泻，学校说是个别现象拒绝处理，我多次到教育局反映，工作人员让我等通知，眼看就要开学了，心里十分着急。请求领导过问。",
    ),
];

/// One matter told again in other words.
const SAME_MATTER: &[(&str, &str)] = &[
    (ROOF, ROOF_AGAIN),
    (
        "我家住的小区去年换了供热公司，今年入冬以来室内温度一直只有十三度左右，多次找物业反映，对方总说管道老化，让我们再等等。请求有关部门督促供热公司尽快检修，退还未达标期间的采暖费。",
        "上次来信反映的暖气不热一事，到现在还是没人修。家里只有十三四度，老人冻得感冒。供热公司收了采暖费却不管，物业说管道老了要等。请政府督促他们检修，没达标的钱应当退给我们。",
    ),
    (
        "我在恒达机械公司上班，公司从去年三月起拖欠我工资两万元，我多次到劳动监察大队反映，至今没有结果，严重影响了我一家人的生活。恳请领导重视，督促公司尽快发放工资。",
        "恒达机械公司欠我的工钱一直没给，从去年三月算起已有两万多。劳动监察去了好几趟，都让等。一家老小等米下锅，请领导管一管，让公司把血汗钱发下来。",
    ),
];

/// The same words of another place or another firm.
const OTHER_NAMES: &[(&str, &str)] = &[
    (
        "珍珠路的路灯坏了半年，夜里一片漆黑，有老人摔伤，请求尽快修好。",
        "东山大道的路灯坏了半年，夜里一片漆黑，有老人摔伤，请求尽快修好。",
    ),
    (
        "我在恒达机械公司干了一年，公司拖欠我工资两万元，请求督促公司发放。",
        "我在永安纺织厂干了一年，厂里拖欠我工资三万元，请求督促厂里发放。",
    ),
    (
        "我在明珠小学门口被电动车撞伤，肇事者跑了，派出所没有立案，请求查处。",
        "我在胜利路菜市场门口被电动车撞伤，肇事者跑了，派出所没有立案，请求查处。",
    ),
];

#[test]
fn turns_of_phrase_make_no_repeat_of_another_matter() {
    let old = |text: &str| letter(Some("王俊杰"), Some(HOME), text);
    for (a, b) in SAME_PHRASES.iter().chain(OTHER_NAMES) {
        for (a, b) in [(a, b), (b, a)] {
            let found = compared(&old(b), &[earlier("A", &old(a))]);
            assert_eq!(found.relation, "first", "{a}\n{b}");
            assert_ne!(found.candidates.len(), 0, "shown all the same: {b}");
        }
    }
}

#[test]
fn one_matter_in_other_words_is_still_a_repeat() {
    for (a, b) in SAME_MATTER {
        let old = letter(Some("王俊杰"), Some(HOME), a);
        let new = letter(Some("王俊杰"), Some(HOME), b);
        let found = compared(&new, &[earlier("A", &old)]);
        assert_eq!(found.relation, "repeat", "{a}\n{b}");
    }
}
