//! The index follows what happens to earlier letters: corrected, withdrawn, reinstated, imported, forgotten. Drafts that nobody confirmed
//! follow too, and nobody confirms what he did not see.

use super::*;
use crate::store::{Ignored, StoreError};

const OTHER_HOME: &str = "苏州市姑苏区人民路12号3幢402室";

fn repeat(db: &Db, id: &str) -> (String, Option<String>) {
    let repeat = db.draft(id).unwrap().draft.fields.repeat;
    (repeat.relation, repeat.of)
}

fn says(relation: &str, of: Option<&str>) -> (String, Option<String>) {
    (relation.to_owned(), of.map(str::to_owned))
}

/// Two letters of one sender on one matter, drafted.
fn two_letters() -> Db {
    let mut db = Db::in_memory().unwrap();
    for id in ["A1", "A2"] {
        read_letter(&mut db, id, &ROOF);
        keep(&mut db, &draft(id, "王俊杰", HOME));
    }
    assert_eq!(repeat(&db, "A2"), says("repeat", Some("A1")));
    db
}

fn confirm(db: &mut Db, id: &str) -> Result<(), StoreError> {
    let now = version(db, id);
    db.confirm(id, now, "王芳")
}

#[test]
fn a_withdrawn_letter_is_no_earlier_letter_until_it_is_reinstated() {
    let mut db = two_letters();
    let seen = version(&db, "A2");
    db.withdraw("A1", "扫描两次", "王芳").unwrap();
    assert_eq!(repeat(&db, "A2"), says("first", None));
    assert!(version(&db, "A2") > seen, "an officer looks again");
    read_letter(&mut db, "A3", &ROOF);
    let third = keep(&mut db, &draft("A3", "王俊杰", HOME)).fields.repeat;
    assert_eq!(
        (third.of.as_deref(), third.candidates.len()),
        (Some("A2"), 1)
    );
    db.reinstate("A1", "并未重复", "王芳").unwrap();
    assert_eq!(repeat(&db, "A2"), says("repeat", Some("A1")));
    assert_eq!(repeat(&db, "A3"), says("repeat", Some("A1")));
    assert_eq!(db.letters_naming("A1").unwrap(), ["A2", "A3"]);
    db.withdraw("A3", "扫描两次", "王芳").unwrap();
    assert_eq!(db.letters_naming("A1").unwrap(), ["A2"]);
}

#[test]
fn a_letter_returned_unread_is_forgotten_by_those_that_named_it() {
    let mut db = two_letters();
    db.return_unread("A1", "误拆", "王芳").unwrap();
    assert_eq!(repeat(&db, "A2"), says("first", None));
    let left: i64 = db
        .connection
        .query_row(
            "SELECT count(*) FROM earlier WHERE letter_id = 'A1'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_corrected_name_of_an_earlier_letter_reaches_the_later_drafts() {
    let mut db = two_letters();
    let seen = version(&db, "A2");
    correct(&mut db, "A1", "李桂芳");
    assert_eq!(repeat(&db, "A2"), says("first", None));
    assert!(version(&db, "A2") > seen);
    // And back: the later letter shares its new key, though it does not name it any more.
    correct(&mut db, "A1", "王俊杰");
    assert_eq!(repeat(&db, "A2"), says("repeat", Some("A1")));
}

#[test]
fn a_corrected_address_of_an_earlier_letter_reaches_the_later_drafts() {
    let mut db = two_letters();
    let to = |address: &str| Corrections {
        address: Some(NewValue {
            value: Some(address.to_owned()),
        }),
        ..Corrections::default()
    };
    let move_to = |db: &mut Db, address: &str| {
        let now = version(db, "A1");
        db.correct("A1", now, &to(address), ("王芳", Offer::Confirmed))
            .unwrap();
    };
    move_to(&mut db, OTHER_HOME);
    assert_eq!(repeat(&db, "A2"), says("first", None));
    move_to(&mut db, "常熟市梅亭苑38-1-1405");
    assert_eq!(repeat(&db, "A2"), says("repeat", Some("A1")));
}

#[test]
fn a_confirmed_letter_keeps_what_its_officer_saw() {
    let mut db = two_letters();
    confirm(&mut db, "A2").unwrap();
    let (body, seen) = (db.draft("A2").unwrap().draft, version(&db, "A2"));
    correct(&mut db, "A1", "李桂芳");
    db.withdraw("A1", "扫描两次", "王芳").unwrap();
    assert_eq!(db.draft("A2").unwrap().draft, body);
    assert_eq!(version(&db, "A2"), seen);
}

#[test]
fn an_import_reaches_drafts_that_nobody_confirmed() {
    let mut db = Db::in_memory().unwrap();
    for id in ["A1", "A2"] {
        read_letter(&mut db, id, if id == "A1" { &ROOF } else { &WAGES });
        keep(&mut db, &draft(id, "王俊杰", HOME));
    }
    db.import_earlier(&[record("SZ-1", "王俊杰", ROOF[1])])
        .unwrap();
    let done = db.compare_open_drafts().unwrap();
    assert_eq!((done.drafts, done.changed), (2, 2));
    assert_eq!(repeat(&db, "A1"), says("repeat", Some("SZ-1")));
    assert_eq!(repeat(&db, "A2"), says("first", None));
    assert_eq!(db.compare_open_drafts().unwrap().changed, 0);
}

#[test]
fn nobody_confirms_a_relation_he_did_not_see() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    let seen = version(&db, "A1");
    db.import_earlier(&[record("SZ-1", "王俊杰", ROOF[1])])
        .unwrap();
    db.compare_before_confirming("A1", seen).unwrap();
    let refused = db.confirm("A1", seen, "王芳");
    assert!(
        matches!(refused, Err(StoreError::Changed { .. })),
        "{refused:?}"
    );
    assert_eq!(repeat(&db, "A1"), says("repeat", Some("SZ-1")));
    // Looked at again, it is confirmed as it stands.
    let seen = version(&db, "A1");
    db.compare_before_confirming("A1", seen).unwrap();
    db.confirm("A1", seen, "王芳").unwrap();
    // What asks again with the old version changes nothing.
    db.compare_before_confirming("A1", seen).unwrap();
    assert_eq!(repeat(&db, "A1"), says("repeat", Some("SZ-1")));
}

#[test]
fn an_import_that_stopped_halfway_goes_on_where_it_was() {
    let mut db = Db::in_memory().unwrap();
    let all: Vec<ImportedRecord> = (0..40)
        .map(|n| record(&format!("SZ-{n}"), "王俊杰", ROOF[1]))
        .collect();
    // Killed after the first transaction; the second one never was.
    db.import_earlier(&all[..20]).unwrap();
    let again = db.import_earlier(&all).unwrap();
    let of = |what| again.iter().filter(|one| **one == what).count();
    assert_eq!((of(Imported::Same), of(Imported::New)), (20, 20));
    let counted =
        |sql: &str| -> i64 { db.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(counted("SELECT count(*) FROM earlier"), 40);
    assert_eq!(
        counted("SELECT count(*) FROM earlier_words WHERE earlier_words MATCH '\"屋面防\"'"),
        40
    );
}

#[test]
fn tidying_the_index_ends_and_keeps_every_letter() {
    let mut db = Db::in_memory().unwrap();
    for n in 0..30 {
        db.import_earlier(&[record(&format!("SZ-{n}"), "王俊杰", ROOF[1])])
            .unwrap();
    }
    let mut step = crate::store::TidyStep::First;
    let mut steps = 0;
    while db.tidy_index(step).unwrap() {
        step = crate::store::TidyStep::Next;
        steps += 1;
        assert!(steps < 100, "it does not end");
    }
    let found: i64 = db
        .connection
        .query_row(
            "SELECT count(*) FROM earlier_words WHERE earlier_words MATCH '\"屋面防\"'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(found, 30);
}

/// A registration of one sender at one estate.
fn from(case: &str, name: &str, address: &str) -> ImportedRecord {
    let mut one = record(case, name, ROOF[1]);
    one.registered.address = Some(address.to_owned());
    one.registered.place = Place::of(address);
    one
}

#[test]
fn one_sender_makes_no_place_known_however_often_he_writes() {
    let mut db = Db::in_memory().unwrap();
    let misled = "姑苏区梅停苑38幢1405室";
    let often: Vec<ImportedRecord> = (0..20)
        .map(|n| from(&format!("SZ-{n}"), "王俊杰", misled))
        .collect();
    db.import_earlier(&often).unwrap();
    let lexicon = db.learned().unwrap().lexicon;
    assert_eq!(lexicon.count(Kind::Estate, "梅停苑"), 1);
    assert_eq!(lexicon.place_meant("梅亭苑"), None);
    // Nor do letters that nobody signed.
    let nameless: Vec<ImportedRecord> = (20..40)
        .map(|n| {
            let mut one = from(&format!("SZ-{n}"), "", misled);
            one.registered.name = None;
            one
        })
        .collect();
    db.import_earlier(&nameless).unwrap();
    let lexicon = db.learned().unwrap().lexicon;
    assert_eq!(lexicon.count(Kind::Estate, "梅停苑"), 2);
    assert_eq!(lexicon.place_meant("梅亭苑"), None);
    let lesson = &db.lessons(Kind::Estate, 5).unwrap()[0];
    assert_eq!(
        (lesson.times, lesson.registrations, lesson.imported),
        (2, 40, 40)
    );
}

#[test]
fn an_ignored_name_is_heeded_no_longer_until_that_is_taken_back() {
    let mut db = Db::in_memory().unwrap();
    let neighbours: Vec<ImportedRecord> = ["王俊杰", "李桂芳", "周国平"]
        .iter()
        .zip(0..)
        .map(|(name, n)| from(&format!("SZ-{n}"), name, "姑苏区梅停苑38幢1405室"))
        .collect();
    db.import_earlier(&neighbours).unwrap();
    let meant = |db: &Db| {
        let lexicon = db.learned().unwrap().lexicon;
        lexicon.place_meant("梅亭苑").map(|(name, _)| name)
    };
    assert_eq!(meant(&db).as_deref(), Some("梅停苑"));
    assert!(db.ignore_name("梅停苑", Ignored::Yes, "command/x").unwrap());
    assert_eq!(meant(&db), None);
    assert!(db.lessons(Kind::Estate, 5).unwrap().is_empty());
    assert_eq!(db.ignored_names().unwrap(), ["梅停苑"]);
    // It stays ignored when more of it comes.
    db.import_earlier(&[from("SZ-9", "何秀英", "姑苏区梅停苑3幢405室")])
        .unwrap();
    assert_eq!(meant(&db), None);
    assert!(!db.ignore_name("梅停苑", Ignored::Yes, "command/x").unwrap());
    assert!(db.ignore_name("梅停苑", Ignored::No, "command/x").unwrap());
    assert_eq!(meant(&db).as_deref(), Some("梅停苑"));
    assert!(!db.ignore_name("梅停苑", Ignored::No, "command/x").unwrap());
    assert!(
        !db.ignore_name("无此名苑", Ignored::Yes, "command/x")
            .unwrap()
    );
    let told = db.ledger_of("lexicon").unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|entry| !entry.detail.contains("梅停苑")));
}

#[test]
fn a_withdrawn_letter_takes_what_it_taught_with_it_and_brings_it_back_under_its_day() {
    let mut db = two_letters();
    confirm(&mut db, "A1").unwrap();
    let before = db.outcomes().unwrap();
    assert!(!before.is_empty());
    db.withdraw("A1", "扫描两次", "王芳").unwrap();
    assert!(db.outcomes().unwrap().is_empty());
    assert_eq!(
        db.learned().unwrap().lexicon.count(Kind::Estate, "梅亭苑"),
        0
    );
    db.reinstate("A1", "并未重复", "王芳").unwrap();
    let after = db.outcomes().unwrap();
    assert_eq!(after.len(), before.len());
    // To the second, as the confirmation is written.
    let day = |at: crate::clock::Millis| at.0 / 1000;
    assert_eq!(day(after[0].at), day(before[0].at));
    assert_eq!(
        db.learned().unwrap().lexicon.count(Kind::Estate, "梅亭苑"),
        1
    );
}

#[test]
fn a_name_or_address_given_by_an_officer_brings_its_deadline() {
    use crate::domain::deadline::Profile;
    let profile: Profile =
        toml::from_str(include_str!("../../../../config/deadlines/2022.toml")).unwrap();
    let mut db = Db::in_memory().unwrap();
    db.count_due_by(profile.clone().into()).unwrap();
    read_letter(&mut db, "A1", &ROOF);
    let mut nobody = draft("A1", "匿名", HOME);
    nobody.fields.anonymous.value = true;
    nobody.deadlines = profile.due("2026-03-02", &nobody.fields);
    keep(&mut db, &nobody);
    let due = |db: &Db| -> Vec<String> {
        let draft = db.draft("A1").unwrap().draft;
        draft.deadlines.into_iter().map(|d| d.name).collect()
    };
    assert_eq!(due(&db), ["登记并转送"]);
    let corrected = correct(&mut db, "A1", "王俊杰");
    assert_eq!(due(&db), ["登记并转送", "告知信访人接收情况"]);
    assert_eq!(corrected.deadlines_to_come.len(), 2);
    // Read again, the officer's name and its deadline stay.
    keep(&mut db, &nobody);
    assert_eq!(due(&db), ["登记并转送", "告知信访人接收情况"]);
}

#[test]
fn a_new_table_of_holidays_counts_waiting_drafts_again_and_leaves_confirmed_ones() {
    use crate::domain::deadline::{Profile, Year};
    let mut profile: Profile =
        toml::from_str(include_str!("../../../../config/deadlines/sz-2022.toml")).unwrap();
    let mut db = Db::in_memory().unwrap();
    for id in ["A1", "A2"] {
        read_letter(&mut db, id, &ROOF);
        let mut one = draft(id, "王俊杰", HOME);
        one.deadlines = profile.due("2026-03-02", &one.fields);
        keep(&mut db, &one);
    }
    assert_eq!(
        db.count_due_by(profile.clone().into()).unwrap(),
        2,
        "to come"
    );
    confirm(&mut db, "A2").unwrap();
    let notice = |db: &Db, id: &str| {
        let draft = db.draft(id).unwrap().draft;
        let all = draft.deadlines.into_iter();
        all.filter(|d| d.name == "受理告知")
            .map(|d| (d.due, d.basis.contains("未计法定节假日")))
            .next()
            .unwrap()
    };
    assert_eq!(notice(&db, "A1"), ("2026-03-11".to_owned(), true));
    profile.holidays.year = vec![Year {
        year: 2026,
        off: vec!["2026-03-05".into()],
        ..Year::default()
    }];
    let seen = version(&db, "A1");
    assert_eq!(db.count_due_by(profile.into()).unwrap(), 1);
    assert_eq!(notice(&db, "A1"), ("2026-03-12".to_owned(), false));
    assert_eq!(notice(&db, "A2"), ("2026-03-11".to_owned(), true));
    assert!(version(&db, "A1") > seen);
}
