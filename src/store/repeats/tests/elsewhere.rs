//! Letters of other stations: found like one's own, replaced and taken back; and which of ours they are told.

use super::*;
use crate::domain::access::{Holder, Restricted, Role, Seer};
use crate::domain::draft::{Accused, EarlierFrom};
use crate::domain::repeat::{Fingerprint, Grams, content};
use crate::store::{Heard, TakenUpTo, ToTell};

const STREAM: &str = "fingerprints";

fn registered(name: &str, day: &str, text: &str) -> (Registered, String) {
    let prepared = content::of_text(text);
    let registered = Registered {
        name: Some(name.to_owned()),
        address: Some(HOME.to_owned()),
        place: Place::of(HOME),
        received_on: Some(day.to_owned()),
        grams: Grams::of(&prepared),
        ..Registered::default()
    };
    (registered, prepared)
}

fn said(letter: &str, name: &str, day: &str) -> Fingerprint {
    let (registered, prepared) = registered(name, day, &ROOF[1..3].concat());
    Fingerprint::of(letter, &registered, &prepared)
}

fn hear(db: &mut Db, number: i64, said: &Fingerprint) -> Heard {
    let heard = Heard::of("desk-b", said.to_bytes()).unwrap();
    let taken = TakenUpTo {
        made: "once".into(),
        number,
    };
    db.take_heard(STREAM, std::slice::from_ref(&heard), &taken)
        .unwrap();
    heard
}

fn confirm(db: &mut Db, id: &str) {
    let version = version(db, id);
    db.confirm(id, version, "王芳").unwrap();
}

/// What there is to tell now, told.
fn tell(db: &mut Db) -> Vec<ToTell> {
    let mut all = Vec::new();
    while let Some((told, upto)) = db.to_tell(db.told_up_to().unwrap()).unwrap() {
        db.told_elsewhere(&told, upto).unwrap();
        all.extend(told);
    }
    all
}

fn told(db: &mut Db) -> Vec<(String, bool)> {
    let all = tell(db).into_iter();
    all.map(|one| (one.said.letter, one.said.registered.is_some()))
        .collect()
}

fn officer() -> Seer {
    Seer {
        actor: "王芳".into(),
        holder: Holder::Person(Role::ConfirmingOfficer),
    }
}

#[test]
fn a_letter_that_arrived_at_another_table_is_found_and_never_merged() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "王俊杰", "2026-03-01"));
    read_letter(&mut db, "A1", &ROOF);
    let repeat = keep(&mut db, &draft("A1", "王俊杰", HOME)).fields.repeat;
    assert_eq!(
        (repeat.relation.as_str(), repeat.of.as_deref()),
        ("repeat", Some("desk-b/B7"))
    );
    assert_eq!(repeat.candidates[0].from, EarlierFrom::OtherStation);
    assert_eq!(repeat.candidates[0].elsewhere(), Some(("desk-b", "B7")));
    assert!(!repeat.decided);
    assert_eq!(db.heard().unwrap(), 1);
}

#[test]
fn what_came_to_the_office_later_is_not_earlier() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "王俊杰", "2026-03-03"));
    read_letter(&mut db, "A1", &ROOF);
    let repeat = keep(&mut db, &draft("A1", "王俊杰", HOME)).fields.repeat;
    assert_eq!(repeat.relation, "first");
}

#[test]
fn of_another_matter_elsewhere_by_other_words_nothing_is_found() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "赵一鸣", "2026-03-01"));
    read_letter(&mut db, "A1", &WAGES);
    let mut other = draft("A1", "王俊杰", "江苏省苏州市吴江区松陵街道1号");
    other.fields.phones = Vec::new();
    assert!(keep(&mut db, &other).fields.repeat.candidates.is_empty());
}

#[test]
fn the_same_text_by_a_stranger_elsewhere_is_found_by_its_words() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "赵一鸣", "2026-03-01"));
    read_letter(&mut db, "A1", &ROOF);
    let found = keep(
        &mut db,
        &draft("A1", "王俊杰", "江苏省苏州市吴江区松陵街道1号"),
    );
    assert_eq!(found.fields.repeat.candidates[0].of, "desk-b/B7");
}

#[test]
fn a_later_word_replaces_the_earlier_and_what_is_taken_back_is_gone() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "赵一鸣", "2026-03-01"));
    hear(&mut db, 2, &said("B7", "王俊杰", "2026-03-01"));
    read_letter(&mut db, "A1", &ROOF);
    let open = keep(&mut db, &draft("A1", "王俊杰", HOME));
    assert_eq!(open.fields.repeat.of.as_deref(), Some("desk-b/B7"));
    assert_eq!(db.heard().unwrap(), 1);
    let heard = hear(&mut db, 3, &Fingerprint::taken_back("B7"));
    assert_eq!(db.heard().unwrap(), 0);
    assert_eq!(
        db.stream_taken(STREAM).unwrap(),
        TakenUpTo {
            made: "once".into(),
            number: 3
        }
    );
    // The open draft names it: it is compared again.
    let alike = db.open_drafts_alike(&[heard]).unwrap();
    assert_eq!(alike, ["A1"]);
    assert!(db.compare_again("A1", "station/desk-b").unwrap());
    assert_eq!(
        db.draft("A1").unwrap().draft.fields.repeat.relation,
        "first"
    );
    assert!(
        !db.compare_again("no such letter", "station/desk-b")
            .unwrap()
    );
}

#[test]
fn an_open_draft_is_compared_with_what_is_heard_later() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    read_letter(&mut db, "A2", &WAGES);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    keep(
        &mut db,
        &draft("A2", "沈一平", "江苏省苏州市吴江区松陵街道1号"),
    );
    let heard = hear(&mut db, 1, &said("B7", "王俊杰", "2026-03-01"));
    let alike = db.open_drafts_alike(&[heard]).unwrap();
    assert_eq!(alike, ["A1"]);
    assert!(db.compare_again("A1", "station/desk-b").unwrap());
    let repeat = db.draft("A1").unwrap().draft.fields.repeat;
    assert_eq!(repeat.of.as_deref(), Some("desk-b/B7"));
}

#[test]
fn of_what_was_taken_back_a_confirmed_draft_tells_nobody() {
    let mut db = Db::in_memory().unwrap();
    hear(&mut db, 1, &said("B7", "王俊杰", "2026-03-01"));
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    confirm(&mut db, "A1");
    let seen = |db: &Db| {
        let mut draft = db.draft("A1").unwrap().draft;
        db.without_unseen(&officer(), &mut draft).unwrap();
        let repeat = draft.fields.repeat;
        (repeat.of, repeat.candidates.len())
    };
    assert_eq!(seen(&db), (Some("desk-b/B7".into()), 1));
    // It turned out to be an accusation, say.
    hear(&mut db, 2, &Fingerprint::taken_back("B7"));
    assert_eq!(seen(&db), (None, 0));
}

#[test]
fn told_is_what_is_confirmed_once_until_it_changes() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    assert_eq!(told(&mut db), []);
    confirm(&mut db, "A1");
    let all = tell(&mut db);
    let [
        ToTell {
            said,
            sha256: Some(_),
        },
    ] = all.as_slice()
    else {
        panic!("{all:?}");
    };
    let registered = said.registered.as_ref().unwrap();
    assert_eq!(registered.name.as_deref(), Some("王俊杰"));
    assert_eq!(registered.addressee, None);
    assert!(said.words().contains('t') && !registered.grams.is_empty());
    // What happens to it otherwise tells nobody anything.
    db.record("王芳", "letter.opened", "letter/A1", &serde_json::json!({}))
        .unwrap();
    assert_eq!(told(&mut db), []);
    correct(&mut db, "A1", "王俊洁");
    assert_eq!(told(&mut db), [("A1".into(), false)]);
    confirm(&mut db, "A1");
    assert_eq!(told(&mut db), [("A1".into(), true)]);
    db.withdraw("A1", "scanned twice", "王芳").unwrap();
    assert_eq!(told(&mut db), [("A1".into(), false)]);
    db.reinstate("A1", "it was not", "王芳").unwrap();
    assert_eq!(told(&mut db), [("A1".into(), true)]);
}

#[test]
fn a_restricted_letter_is_told_to_no_other_station() {
    for why in [
        Restricted::Secret,
        Restricted::Accusation,
        Restricted::Sensitive,
        Restricted::ByHand,
    ] {
        let mut db = Db::in_memory().unwrap();
        for id in ["A1", "A2"] {
            read_letter(&mut db, id, &ROOF);
            keep(&mut db, &draft(id, "王俊杰", HOME));
        }
        confirm(&mut db, "A1");
        confirm(&mut db, "A2");
        db.restrict("A1", why, ("王芳", "")).unwrap();
        assert_eq!(told(&mut db), [("A2".into(), true)], "{why:?}");
        db.restrict("A2", why, ("王芳", "")).unwrap();
        assert_eq!(told(&mut db), [("A2".into(), false)], "{why:?}");
        db.lift_restriction("A2", "it accuses nobody", "王芳")
            .unwrap();
        assert_eq!(told(&mut db), [("A2".into(), true)], "{why:?}");
    }
}

#[test]
fn a_letter_that_accuses_is_told_to_nobody_whoever_lifted_its_restriction() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    let mut accusing = draft("A1", "王俊杰", HOME);
    accusing.fields.purpose.value = Some("检举控告".into());
    accusing.fields.accused = vec![Accused {
        name: "王大明".into(),
        ..Accused::default()
    }];
    keep(&mut db, &accusing);
    db.lift_restriction("A1", "", "王芳").unwrap();
    confirm(&mut db, "A1");
    assert_eq!(told(&mut db), []);
}

#[test]
fn another_stream_of_the_same_name_is_told_everything_anew() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    confirm(&mut db, "A1");
    assert_eq!(told(&mut db).len(), 1);
    hear(&mut db, 9, &said("B7", "赵一鸣", "2026-03-01"));
    db.begin_elsewhere_anew(STREAM, "again").unwrap();
    assert_eq!(told(&mut db), [("A1".into(), true)]);
    // What is known stays known meanwhile.
    assert_eq!(
        (db.heard().unwrap(), db.stream_taken(STREAM).unwrap().number),
        (1, 0)
    );
}

#[test]
fn what_is_no_fingerprint_is_not_heard() {
    assert!(Heard::of("desk-b", b"nonsense".to_vec()).is_none());
    assert!(Heard::of("desk-b", Vec::new()).is_none());
}
