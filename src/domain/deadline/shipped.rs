//! The shipped profiles, rule by rule against requirements G: which letters, from which event, how many of which days, on which basis.

use proptest::prelude::*;

use super::*;
use crate::domain::field::Source;

fn shipped(profile: &str) -> Profile {
    let mut profile: Profile = toml::from_str(profile).expect("the shipped profile parses");
    profile.holidays = toml::from_str(include_str!("../../../config/holidays.toml"))
        .expect("the shipped table parses");
    profile
}

fn of_2022() -> Profile {
    shipped(include_str!("../../../config/deadlines/2022.toml"))
}

fn of_sz() -> Profile {
    shipped(include_str!("../../../config/deadlines/sz-2022.toml"))
}

/// A letter with or without a name, with or without an address to write to.
fn letter(name: Option<&str>, address: Option<&str>) -> Fields {
    let mut fields = Fields::default();
    fields.anonymous.value = name.is_none();
    fields.sender_name.value = Some(name.unwrap_or("匿名").to_owned());
    fields.address.value = address.map(str::to_owned);
    fields.address.source = Source::LetterSignedAddress;
    fields
}

fn named() -> Fields {
    letter(Some("王俊杰"), Some("姑苏区人民路12号"))
}

fn due(profile: &Profile, received: &str, fields: &Fields) -> Vec<(String, String)> {
    let due = profile.due(received, fields);
    due.into_iter().map(|d| (d.name, d.due)).collect()
}

fn names(profile: &Profile, fields: &Fields) -> Vec<String> {
    let due = profile.due("2026-03-02", fields).into_iter();
    due.map(|d| d.name).collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let rows = rows.iter();
    rows.map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[test]
fn articles_22_and_23_fifteen_days_from_receipt() {
    assert_eq!(
        due(&of_2022(), "2026-03-02", &named()),
        owned(&[
            ("登记并转送", "2026-03-17"),
            ("告知信访人接收情况", "2026-03-17")
        ])
    );
}

#[test]
fn article_23_nobody_is_told_whose_name_or_address_is_unclear() {
    let told = "告知信访人接收情况".to_owned();
    let profile = of_2022();
    assert!(names(&profile, &named()).contains(&told));
    assert!(!names(&profile, &letter(None, Some("姑苏区人民路12号"))).contains(&told));
    assert!(!names(&profile, &letter(Some("王俊杰"), None)).contains(&told));
    let mut postmark = named();
    postmark.address.source = Source::EnvelopePostmark;
    assert!(!names(&profile, &postmark).contains(&told));
    // Registration is owed for every letter (Art. 44).
    assert!(names(&profile, &letter(None, None)).contains(&"登记并转送".to_owned()));
}

#[test]
fn g1_seven_working_days_from_receipt_but_for_anonymous_letters_with_unclear_address() {
    let (profile, notice) = (of_sz(), "受理告知");
    let on = |day: &str, fields: &Fields| {
        let all = due(&profile, day, fields);
        all.into_iter().find(|(n, _)| n == notice).map(|(_, d)| d)
    };
    // Monday to Wednesday of the week after; over the Spring Festival of 2026 (15 to 23 February off, 14 and 28 February worked).
    assert_eq!(on("2026-03-02", &named()).as_deref(), Some("2026-03-11"));
    assert_eq!(on("2026-02-12", &named()).as_deref(), Some("2026-02-28"));
    assert_eq!(
        on("2026-03-02", &letter(None, Some("姑苏区人民路12号"))).as_deref(),
        Some("2026-03-11")
    );
    assert_eq!(
        on("2026-03-02", &letter(Some("王俊杰"), None)).as_deref(),
        Some("2026-03-11")
    );
    assert_eq!(on("2026-03-02", &letter(None, None)), None);
}

#[test]
fn every_rule_that_starts_later_is_told_with_its_event_and_basis() {
    let told = |profile: &Profile| -> Vec<(String, Start, u32, Unit, Option<u32>, String)> {
        let all = profile.to_come(&named()).into_iter();
        all.map(|r| (r.name, r.start, r.days, r.unit, r.extend_days, r.basis))
            .collect()
    };
    let row = |name: &str, start, days, unit, longer, basis: &str| {
        (name.to_owned(), start, days, unit, longer, basis.to_owned())
    };
    assert_eq!(
        told(&of_2022()),
        [
            row(
                "对转送提出异议",
                Start::Transferred,
                5,
                Unit::Working,
                None,
                "信访工作条例第二十三条"
            ),
            row(
                "办结",
                Start::Accepted,
                60,
                Unit::Calendar,
                Some(30),
                "信访工作条例第三十四条"
            ),
        ]
    );
    assert_eq!(
        told(&of_sz()),
        [
            // G2, G3, G4
            row(
                "不予受理告知",
                Start::Registered,
                7,
                Unit::Working,
                None,
                "群众来信办理服务规范 7.6.3"
            ),
            row(
                "不再受理告知",
                Start::Registered,
                7,
                Unit::Working,
                None,
                "群众来信办理服务规范 7.7"
            ),
            row(
                "办结",
                Start::Accepted,
                60,
                Unit::Calendar,
                Some(30),
                "群众来信办理服务规范 7.10.3.1"
            ),
        ]
    );
}

#[test]
fn g12_the_clock_starts_on_the_day_of_receipt_whatever_the_letter_is_dated() {
    let mut fields = named();
    fields.letter_date.value = Some("2026-02-01".into());
    fields.postmark = Some(crate::domain::draft::Postmark {
        place: None,
        date: Some("2026-02-03".into()),
    });
    assert_eq!(
        due(&of_2022(), "2026-03-02", &fields),
        due(&of_2022(), "2026-03-02", &named())
    );
}

#[test]
fn a_letter_of_december_2026_says_that_the_holidays_of_2027_are_not_known() {
    let found = of_sz().due("2026-12-28", &named());
    let notice = found
        .iter()
        .find(|d| d.name == "受理告知")
        .expect("a notice");
    assert_eq!(
        (notice.due.as_str(), notice.basis.as_str()),
        (
            "2027-01-06",
            "群众来信办理服务规范 7.10.1（未计法定节假日）"
        )
    );
    // Days of the calendar need no table.
    assert_eq!(found[0].basis, "信访工作条例第二十二条");
}

proptest! {
    #[test]
    fn no_deadline_in_working_days_ends_on_a_day_off_and_none_is_earlier_for_a_later_letter(
        day in 0_u32..1_400, named_too in any::<bool>(), housed in any::<bool>()
    ) {
        // 2023-01-01 and on, within the shipped tables.
        let start = Day::parse("2023-01-01").expect("a day").plus(day);
        let fields = letter(named_too.then_some("王俊杰"), housed.then_some("姑苏区人民路12号"));
        for profile in [of_2022(), of_sz()] {
            let now = profile.due(&start.to_string(), &fields);
            let next = profile.due(&start.plus(1).to_string(), &fields);
            prop_assert_eq!(now.len(), next.len());
            for (rule, (a, b)) in profile.deadline.iter()
                .filter(|r| r.start == Start::Received && !r.excepts(&fields)).zip(now.iter().zip(&next)) {
                prop_assert!(a.due <= b.due && a.due.as_str() > start.to_string().as_str());
                if rule.unit == Unit::Working {
                    let due = Day::parse(&a.due).expect("a day");
                    prop_assert!(profile.holidays.worked(due), "{} is off", a.due);
                    prop_assert!(!a.basis.ends_with(WEEKENDS_ONLY));
                }
            }
        }
    }
}
