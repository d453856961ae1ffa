//! Dates in the forms people write, and what only looks like one. Letters of these tests are received on 2025-06-30.

use super::letters::letter;
use crate::domain::field::Field;

fn under(rows: &[&str]) -> Field {
    let top = [
        "霍市长：",
        "我们小区的路灯坏了半年，没有人修。",
        "恳请派人修好。",
        "此致",
        "敬礼",
        "来信人：汪小满",
    ];
    let all: Vec<&str> = top.iter().chain(rows).copied().collect();
    letter(&all).letter_date
}

fn date(row: &str) -> Field {
    under(&[row])
}

#[test]
fn a_date_in_any_numerals_marks_and_order_is_read() {
    for row in [
        "贰零贰伍年叁月拾柒日",
        "贰〇贰伍年三月十七日",
        "’25.3.17",
        "'25/03/17",
        "17/3/2025",
        "17.03.2025",
        "二○二五.三.十七",
        "二〇二五、三、十七",
        "二零二五/三/十七",
        "二〇二五·三·十七",
        "2025年3.17",
        "2025年3/17日",
        "二〇二五年三．十七",
    ] {
        assert_eq!(date(row).value.as_deref(), Some("2025-03-17"), "{row}");
    }
    for (row, day) in [
        ("贰零壹玖年伍月陆日", "2019-05-06"),
        ("贰零贰肆年捌月贰拾日", "2024-08-20"),
        ("二〇二四.十二.三十一", "2024-12-31"),
    ] {
        assert_eq!(date(row).value.as_deref(), Some(day), "{row}");
    }
}

#[test]
fn day_and_month_that_may_be_either_are_shown_both_and_never_accepted() {
    let seen = date("5/3/2025");
    assert_eq!(seen.value.as_deref(), Some("2025-03-05"));
    assert!(!seen.accepted);
    assert!(seen.alternatives.iter().any(|a| a.value == "2025-05-03"));
    // Only one of the two lies before the day of receipt.
    let seen = date("6/12/2024");
    assert_eq!(seen.value.as_deref(), Some("2024-12-06"));
    let seen = date("3/9/2025");
    assert_eq!(seen.value, None);
    assert!(seen.alternatives.iter().any(|a| a.value == "2025-03-09"));
}

#[test]
fn a_year_of_two_figures_without_any_mark_is_left_to_a_person() {
    let seen = date("25.3.17");
    assert_eq!(seen.value.as_deref(), Some("2025-03-17"));
    assert!(!seen.accepted);
}

#[test]
fn no_form_gives_a_day_after_the_receipt_or_one_that_is_none() {
    for row in [
        "贰零贰伍年拾月叁拾日",
        "’25.10.30",
        "30/10/2025",
        "二○二五.十.三十",
        "2025年10.30",
        "31.6.2024",
        "’24.2.30",
        "二〇二四.二.三十",
    ] {
        assert_eq!(date(row).value, None, "{row}");
    }
}

#[test]
fn a_year_of_the_sixty_is_shown_and_not_converted() {
    for row in ["乙巳年二月初十", "甲辰年腊月廿三日"] {
        let seen = date(row);
        assert_eq!(seen.value, None, "{row}");
        assert!(!seen.alternatives.is_empty(), "{row}");
    }
}

#[test]
fn rooms_prices_and_versions_are_no_dates() {
    for row in [
        "12-3-4",
        "3-2-2001",
        "25-3-17",
        "联系电话：0512.65227061",
        "柳林新村3-2-2001室",
    ] {
        assert_eq!(date(row).value, None, "{row}");
    }
}

#[test]
fn a_year_behind_its_day_is_the_days() {
    for row in [
        "3月17日2025年",
        "三月十七日（2025年）",
        "3.17日（二〇二五）",
        "3月17日，2025",
        "三月十七日（今年是2025年）",
        "2025年3月17日（阳历）",
    ] {
        assert_eq!(date(row).value.as_deref(), Some("2025-03-17"), "{row}");
    }
    for row in [
        "3月17日2025年度",
        "3月17日2026年7月1日",
        "三月十七日（2025年",
        "三月十七日（农历）2025年",
    ] {
        assert!(!date(row).accepted, "{row}");
    }
}

#[test]
fn the_day_of_the_sun_beside_the_moons_is_taken_but_for_the_turn_of_the_year() {
    let seen = date("二〇二四年　农历七月十五　公历八月十八日");
    assert_eq!(seen.value.as_deref(), Some("2024-08-18"));
    let seen = date("2024年国庆次日（10月2日）");
    assert_eq!(seen.value.as_deref(), Some("2024-10-02"));
    // 2023 is the moon's year.
    for row in [
        "二〇二三年农历腊月二十　公历一月三十日",
        "2024年中秋（八月十五日）",
        "2024年三月初九（阴历）",
    ] {
        assert_eq!(date(row).value, None, "{row}");
    }
}

#[test]
fn a_memo_is_dated_in_its_head_where_nothing_dates_its_foot() {
    let memo = |rows: &[&str]| {
        let top = ["收：宜昌市信访局", "发：汪小满", rows[0], "事由：路灯"];
        let below = ["我们小区的路灯坏了半年，没有人修。", "请求派人修好。"];
        let all: Vec<&str> = top
            .iter()
            .chain(&below)
            .chain(&rows[1..])
            .copied()
            .collect();
        letter(&all).letter_date.value
    };
    assert_eq!(
        memo(&["日期：2025年3月17日", "签名：汪小满"]).as_deref(),
        Some("2025-03-17")
    );
    assert_eq!(
        memo(&["日期：2025年3月17日", "汪小满", "2025年3月18日"]).as_deref(),
        Some("2025-03-18")
    );
    assert_eq!(memo(&["停电日期：2025年3月17日", "签名：汪小满"]), None);
}
