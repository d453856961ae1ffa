//! Corrections: what is taken, what is refused, what a later reading leaves alone.

use super::*;
use crate::domain::draft::{Joint, PhoneKind};
use crate::domain::field::Field;

fn draft() -> Draft {
    let fields = Fields {
        sender_name: Field {
            value: Some("陆思雨".into()),
            confidence: 0.6,
            source: Source::LetterSignature,
            page: Some(1),
            ..Field::empty()
        },
        ..Fields::default()
    };
    Draft {
        letter: "A001".into(),
        station: "test".into(),
        received_at: None,
        pages: Vec::new(),
        disinfection: None,
        other_disinfections: Vec::new(),
        fields,
        missing: vec!["address".into(), "id_number".into(), "phones".into()],
        deadlines: Vec::new(),
        deadlines_to_come: Vec::new(),
        second_entries: Vec::new(),
        visitor: None,
        confirmed: None,
        notes: Vec::new(),
    }
}

fn text(value: &str) -> Option<NewValue> {
    Some(NewValue {
        value: Some(value.into()),
    })
}

#[test]
fn the_old_value_stays_as_an_alternative() {
    let mut draft = draft();
    let new = Corrections {
        sender_name: text("陆思羽"),
        ..Default::default()
    };
    let changed = draft.correct(&new).unwrap();
    assert_eq!(
        changed,
        [Corrected {
            field: "sender_name",
            before: "陆思雨".into(),
            after: "陆思羽".into()
        }]
    );
    let name = &draft.fields.sender_name;
    assert_eq!(name.value.as_deref(), Some("陆思羽"));
    assert_eq!(
        (name.source, name.confidence, name.accepted, name.page),
        (Source::Officer, 1.0, true, Some(1))
    );
    assert_eq!(name.alternatives[0].value, "陆思雨");
    assert_eq!(name.alternatives[0].confidence, 0.6);
}

#[test]
fn the_same_value_again_is_a_confirmation_without_an_alternative() {
    let mut draft = draft();
    draft
        .correct(&Corrections {
            sender_name: text("陆思雨"),
            ..Default::default()
        })
        .unwrap();
    assert!(draft.fields.sender_name.alternatives.is_empty());
    assert_eq!(draft.fields.sender_name.source, Source::Officer);
}

#[test]
fn missing_follows_the_corrections() {
    let mut draft = draft();
    let new = Corrections {
        sender_name: Some(NewValue { value: None }),
        address: text("苏州市姑苏区某路1号"),
        phones: Some(vec!["0512-65227061".into(), "13800000000".into()]),
        ..Default::default()
    };
    draft.correct(&new).unwrap();
    assert_eq!(draft.missing, ["id_number", "sender_name"]);
    let kinds: Vec<_> = draft
        .fields
        .phones
        .iter()
        .map(|phone| phone.r#type)
        .collect();
    assert_eq!(kinds, [PhoneKind::Landline, PhoneKind::Mobile]);
}

#[test]
fn an_id_number_is_shown_for_what_it_is_and_never_repaired() {
    let cases = [
        ("11010519491231002X", Some(true)),
        ("11010519491231002x", Some(true)),
        ("110105194912310021", Some(false)),
        ("110105491231002", None),
    ];
    for (number, expected) in cases {
        let mut draft = draft();
        draft
            .correct(&Corrections {
                id_number: text(number),
                ..Default::default()
            })
            .unwrap();
        assert_eq!(draft.fields.id_number.field.value.as_deref(), Some(number));
        assert_eq!(draft.fields.id_number.checksum_ok, expected, "{number}");
        let trusted = expected != Some(false);
        assert_eq!(draft.fields.id_number.field.accepted, trusted, "{number}");
        assert_eq!(
            draft.fields.id_number.field.confidence == 1.0,
            trusted,
            "{number}"
        );
    }
}

#[test]
fn a_typed_id_number_has_the_form_of_one() {
    for number in [
        "123",
        "1101051949123100",
        "11010519491231002",
        "1101051949123100212",
        "1101051949123100X1",
        "11010549123100X",
        "110105 19491231002",
    ] {
        let mut draft = draft();
        let new = Corrections {
            id_number: text(number),
            ..Default::default()
        };
        let refused = draft.correct(&new).unwrap_err();
        assert_eq!(refused.field, "id_number", "{number}");
        assert_eq!(draft, self::draft());
    }
    let mut draft = draft();
    let emptied = Corrections {
        id_number: Some(NewValue { value: None }),
        ..Default::default()
    };
    draft.correct(&emptied).unwrap();
    assert_eq!(draft.fields.id_number.checksum_ok, None);
}

#[test]
fn a_text_longer_than_its_field_is_refused() {
    let one = |field: &str, length: usize| -> Corrections {
        let value = serde_json::json!({ "value": "王".repeat(length) });
        serde_json::from_value(serde_json::json!({ field: value })).unwrap()
    };
    for (field, longest) in [("sender_name", 50), ("address", 200), ("addressee", 100)] {
        draft().correct(&one(field, longest)).unwrap();
        let refused = draft().correct(&one(field, longest + 1)).unwrap_err();
        assert_eq!(refused.field, field);
        assert!(refused.rule.contains(&longest.to_string()), "{refused}");
    }
    let joint = |names: usize, length: usize| Corrections {
        joint: Some(NewJoint {
            signatories: vec!["王".repeat(length); names],
        }),
        ..Default::default()
    };
    draft().correct(&joint(2000, 50)).unwrap();
    assert!(draft().correct(&joint(1, 51)).is_err());
    assert!(draft().correct(&joint(2001, 2)).is_err());
}

#[test]
fn refused_corrections_change_nothing() {
    let refused = [
        Corrections {
            letter_date: text("2025-02-29"),
            ..Default::default()
        },
        Corrections {
            letter_date: text("25-2-9"),
            ..Default::default()
        },
        Corrections {
            letter_date: text("二〇二五年二"),
            ..Default::default()
        },
        Corrections {
            purpose: text("别的"),
            ..Default::default()
        },
        Corrections {
            address: text("  "),
            ..Default::default()
        },
        Corrections {
            address: text("一\n二"),
            ..Default::default()
        },
        Corrections {
            phones: Some(vec!["12345".into()]),
            ..Default::default()
        },
        Corrections {
            phones: Some(vec!["23800000000".into()]),
            ..Default::default()
        },
        Corrections {
            anonymous: Some(NewAnonymous {
                value: true,
                reason: None,
            }),
            ..Default::default()
        },
        Corrections {
            sender_name: text(ANONYMOUS_NAME),
            anonymous: Some(NewAnonymous {
                value: false,
                reason: None,
            }),
            ..Default::default()
        },
    ];
    for new in refused {
        let mut draft = draft();
        assert!(draft.correct(&new).is_err(), "{new:?}");
        assert_eq!(draft, self::draft());
    }
}

#[test]
fn an_anonymous_letter_is_registered_as_such() {
    let mut draft = draft();
    let anonymous = Some(NewAnonymous {
        value: true,
        reason: Some("假名".into()),
    });
    let changed = draft
        .correct(&Corrections {
            anonymous,
            ..Default::default()
        })
        .unwrap();
    assert_eq!(changed.len(), 2);
    assert_eq!(
        draft.fields.sender_name.value.as_deref(),
        Some(ANONYMOUS_NAME)
    );
    assert_eq!(draft.fields.anonymous.reason.as_deref(), Some("假名"));
}

#[test]
fn five_signatories_make_a_joint_letter() {
    for (count, joint) in [(4, false), (5, true)] {
        let mut draft = draft();
        let signatories = (0..count).map(|n| format!("人{n}")).collect();
        draft
            .correct(&Corrections {
                joint: Some(NewJoint { signatories }),
                ..Default::default()
            })
            .unwrap();
        assert_eq!(draft.fields.joint.is_joint, joint);
    }
}

#[test]
fn a_later_reading_leaves_corrected_fields_alone() {
    let mut earlier = draft();
    let new = Corrections {
        sender_name: text("陆思羽"),
        phones: Some(Vec::new()),
        ..Default::default()
    };
    earlier.correct(&new).unwrap();
    let mut later = draft();
    later.fields.address.value = Some("新".into());
    later.missing = vec!["id_number".into()];
    later.keep_corrected(&earlier, &["sender_name".into(), "phones".into()]);
    assert_eq!(later.fields.sender_name, earlier.fields.sender_name);
    assert_eq!(later.fields.address.value.as_deref(), Some("新"));
    assert_eq!(later.missing, ["id_number", "phones"]);
}

fn accused(named: &[(&str, Option<&str>)], reason: Option<&str>) -> Corrections {
    let named = named.iter().map(|(name, office)| NamedAccused {
        name: (*name).to_owned(),
        office: office.map(str::to_owned),
    });
    Corrections {
        accused: Some(NewAccused {
            named: named.collect(),
            reason: reason.map(str::to_owned),
        }),
        ..Corrections::default()
    }
}

#[test]
fn nobody_is_taken_off_the_accused_without_a_reason() {
    let mut draft = draft();
    draft
        .correct(&accused(&[("王大明", None)], None))
        .expect("named");
    let more = accused(
        &[("王大明", Some("姑苏区城市管理局局长")), ("恒发公司", None)],
        None,
    );
    let changed = draft.correct(&more).expect("more is said of him");
    assert_eq!(changed[0].after, "王大明（姑苏区城市管理局局长）、恒发公司");
    for fewer in [
        accused(&[], None),
        accused(&[("王大明", None), ("恒发公司", None)], None),
        accused(
            &[("王大民", Some("姑苏区城市管理局局长")), ("恒发公司", None)],
            None,
        ),
        accused(&[], Some(" ")),
    ] {
        let refused = draft.correct(&fewer).expect_err("no reason");
        assert_eq!(refused.field, "accused");
        assert_eq!(draft.fields.accused.len(), 2);
    }
    draft
        .correct(&accused(&[], Some("读错，来信未举报任何人")))
        .expect("with a reason");
    assert!(draft.fields.accused.is_empty());
}

#[test]
fn whom_a_person_named_stays_accused_when_the_letter_is_read_again() {
    let mut earlier = draft();
    earlier
        .correct(&accused(&[("王大明", None)], None))
        .expect("named");
    let mut again = draft();
    again.keep_corrected(&earlier, &["accused".to_owned()]);
    assert_eq!(again.fields.accused, earlier.fields.accused);
}

#[test]
fn what_only_a_person_says_has_a_reason_and_a_later_reading_leaves_it() {
    let mut draft = draft();
    let said = Corrections {
        urgent_reason: text("明日停暖"),
        report_upward_reason: text("多部门联合办理"),
        ..Default::default()
    };
    let changed = draft.correct(&said).unwrap();
    let fields: Vec<_> = changed.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["urgent_reason", "report_upward_reason"]);
    assert_eq!(draft.fields.urgent_reason.as_deref(), Some("明日停暖"));
    let mut again = self::draft();
    again.keep_corrected(&draft, &["report_upward_reason".into()]);
    assert_eq!(again.fields.urgent_reason, None);
    let kept = again.fields.report_upward_reason.as_deref();
    assert_eq!(kept, Some("多部门联合办理"));
    let missing = draft.missing.clone();
    let taken_back = Corrections {
        urgent_reason: Some(NewValue { value: None }),
        ..Default::default()
    };
    draft.correct(&taken_back).unwrap();
    assert_eq!(
        (&draft.fields.urgent_reason, draft.missing),
        (&None, missing)
    );
    for bad in ["急", " 急 ", "两\n行"] {
        let bad = Corrections {
            urgent_reason: text(bad),
            ..Default::default()
        };
        assert_eq!(again.correct(&bad).unwrap_err().field, "urgent_reason");
    }
}

#[test]
fn who_signed_alone_follows_the_corrected_sender() {
    let mut draft = draft();
    draft.fields.joint = Joint {
        is_joint: false,
        count: 1,
        signatories: vec!["陆思雨".into()],
    };
    let new = Corrections {
        sender_name: text("陆思语"),
        ..Default::default()
    };
    let changes = draft.correct(&new).unwrap();
    assert_eq!(draft.fields.joint.signatories, ["陆思语"]);
    let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["sender_name", "joint"]);
    let nobody = Corrections {
        anonymous: Some(NewAnonymous {
            value: true,
            reason: Some("假名".into()),
        }),
        ..Default::default()
    };
    draft.correct(&nobody).unwrap();
    assert_eq!(draft.fields.joint.count, 0);
    assert!(draft.fields.joint.signatories.is_empty());
}

#[test]
fn in_a_list_of_several_the_corrected_name_takes_the_misread_ones_place() {
    let several = |first: &str| vec![first.to_owned(), "钱文博".to_owned()];
    let corrected = |name: &str| {
        let mut draft = draft();
        draft.fields.joint = Joint {
            is_joint: false,
            count: 2,
            signatories: several("陆思雨"),
        };
        let new = Corrections {
            sender_name: text(name),
            ..Default::default()
        };
        draft.correct(&new).unwrap();
        draft.fields.joint.signatories
    };
    assert_eq!(corrected("陆思语"), several("陆思语"));
    assert_eq!(
        corrected("钱文博"),
        several("陆思雨"),
        "another of them is registered"
    );
}

#[test]
fn no_letter_was_written_after_it_arrived() {
    let mut draft = draft();
    draft.received_at = Some("2025-03-04T09:15:00+08:00".into());
    let on = |day: &str| Corrections {
        letter_date: text(day),
        ..Default::default()
    };
    assert_eq!(
        draft.correct(&on("2025.3.5")).unwrap_err().field,
        "letter_date"
    );
    draft.correct(&on("2025年3月4日")).unwrap();
    assert_eq!(
        draft.fields.letter_date.value.as_deref(),
        Some("2025-03-04")
    );
}

#[test]
fn numbers_are_registered_without_the_blanks_they_were_typed_with() {
    let mut draft = draft();
    let new = Corrections {
        phones: Some(vec!["138 0013 8000".into(), "0512-65123456转8001".into()]),
        id_number: text("１１０１０５ 19491231 002X"),
        ..Default::default()
    };
    draft.correct(&new).unwrap();
    let phones: Vec<_> = draft
        .fields
        .phones
        .iter()
        .map(|phone| phone.field.value.as_deref())
        .collect();
    assert_eq!(phones, [Some("13800138000"), Some("0512-65123456-8001")]);
    assert_eq!(draft.fields.id_number.checksum_ok, Some(true));
}
