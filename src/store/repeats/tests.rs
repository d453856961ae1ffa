//! Letters compared with letters in a real database: when they are drafted, corrected, confirmed, imported.

mod elsewhere;
mod upkeep;

use crate::config::Offer;
use crate::domain::correct::{Corrections, NewValue};
use crate::domain::draft::{Draft, Fields};
use crate::domain::lexicon::Kind;
use crate::domain::repeat::{Place, Registered};
use crate::domain::text::Line;
use crate::store::{Db, Imported, ImportedRecord, Reading};

const ROOF: [&str; 4] = [
    "尊敬的领导：",
    "我家住顶楼，屋面防水层老化，从2021年起逢雨必漏，墙皮大片脱落。我先后3次找物业公司和社区居委会，他们都推说维修基金手续复杂。",
    "请求督促物业公司启用维修资金，尽快修缮屋面。",
    "此致",
];
const WAGES: [&str; 4] = [
    "尊敬的领导：",
    "2020年下半年我在彩虹新村工地干木工活，老板沈思雨至今没有结清工钱。粗算下来欠薪9万余元，去劳动监察投诉过三回。",
    "恳请领导帮忙讨回血汗钱，全家都靠这笔钱过日子。",
    "此致",
];
const HOME: &str = "江苏省苏州市常熟市莫城街道梅亭苑38幢1单元1405室";

/// A letter that was read: its row, its page, what stands on it.
fn read_letter(db: &mut Db, id: &str, rows: &[&str]) {
    db.connection
        .execute_batch(&format!(
            "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 9, 1, 'z', 1);
             INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'cabinet-1', 'released', 1);
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms)
               VALUES ('{id}', 1, 1, '{id}', 'reading', 5, 5);
             INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-{id}', 's', '{id}', '', 1, 'taken');
             INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size) VALUES ('{id}', 'a-{id}', 'letter', 'x', 'x', 1);"
        ))
        .unwrap();
    let page = db.connection.last_insert_rowid();
    let lines = rows.iter().zip(0_u8..).map(|(text, at)| {
        let y = f32::from(at) * 100.0 + 100.0;
        Line {
            text: (*text).to_owned(),
            raw: (*text).to_owned(),
            quad: [
                [100.0, y],
                [2000.0, y],
                [2000.0, y + 60.0],
                [100.0, y + 60.0],
            ],
            confidence: 0.99,
            chars: Vec::new(),
            vertical: false,
        }
    });
    let reading = Reading {
        engine: "test".into(),
        width: 2480,
        height: 3507,
        turned_deg: 0,
        lines: lines.collect(),
        seconds: 0.1,
        blank: false,
    };
    db.finish_reading(page, &reading).unwrap();
}

fn draft(id: &str, name: &str, address: &str) -> Draft {
    let mut fields = Fields::default();
    fields.sender_name.value = Some(name.to_owned());
    (fields.sender_name.confidence, fields.sender_name.accepted) = (0.99, true);
    fields.address.value = Some(address.to_owned());
    (fields.address.confidence, fields.address.accepted) = (0.97, false);
    fields.addressee.value = Some("钱正阳".into());
    Draft {
        letter: id.to_owned(),
        station: "苏州市信访局".into(),
        received_at: Some("2026-03-02T09:00:00+08:00".into()),
        pages: Vec::new(),
        disinfection: None,
        other_disinfections: Vec::new(),
        fields,
        missing: Vec::new(),
        deadlines: Vec::new(),
        deadlines_to_come: Vec::new(),
        second_entries: Vec::new(),
        visitor: None,
        confirmed: None,
        notes: Vec::new(),
    }
}

fn keep(db: &mut Db, draft: &Draft) -> Draft {
    db.insert_or_replace_draft(draft, Offer::Confirmed).unwrap();
    db.draft(&draft.letter).unwrap().draft
}

fn version(db: &Db, id: &str) -> i64 {
    db.letter_row(id).unwrap().version
}

fn correct(db: &mut Db, id: &str, name: &str) -> Draft {
    let corrections = Corrections {
        sender_name: Some(NewValue {
            value: Some(name.to_owned()),
        }),
        ..Corrections::default()
    };
    let version = version(db, id);
    db.correct(id, version, &corrections, ("王芳", Offer::Confirmed))
        .unwrap();
    db.draft(id).unwrap().draft
}

fn record(case: &str, name: &str, text: &str) -> ImportedRecord {
    ImportedRecord {
        case_number: case.into(),
        digest: format!("{name}{text}"),
        registered: Registered {
            name: Some(name.to_owned()),
            address: Some(HOME.to_owned()),
            place: Place::of(HOME),
            received_on: Some("2021-03-02".into()),
            ..Registered::default()
        },
        text: text.into(),
    }
}

#[test]
fn a_letter_is_compared_when_drafted_and_again_when_corrected() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    read_letter(&mut db, "A2", &ROOF);
    read_letter(&mut db, "A3", &WAGES);
    assert_eq!(
        keep(&mut db, &draft("A1", "王俊杰", HOME))
            .fields
            .repeat
            .relation,
        "first"
    );
    // Its name was misread as quite another one: same matter, other sender.
    let misread = keep(&mut db, &draft("A2", "汪峻木", HOME));
    assert_eq!(misread.fields.repeat.relation, "first");
    let corrected = correct(&mut db, "A2", "王俊杰").fields.repeat;
    assert_eq!(
        (corrected.relation.as_str(), corrected.of.as_deref()),
        ("repeat", Some("A1"))
    );
    assert_eq!(db.letters_naming("A1").unwrap(), ["A2"]);
    let other = keep(&mut db, &draft("A3", "王俊杰", HOME)).fields.repeat;
    assert_eq!(
        (other.relation.as_str(), other.candidates.len()),
        ("first", 2)
    );
    // A later letter is never the earlier one.
    let first = correct(&mut db, "A1", "王俊杰").fields.repeat;
    assert_eq!(
        (first.relation.as_str(), first.candidates.len()),
        ("first", 0)
    );
}

#[test]
fn a_letter_without_text_is_not_called_a_first_one() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &[]);
    assert_eq!(
        keep(&mut db, &draft("A1", "王俊杰", HOME))
            .fields
            .repeat
            .relation,
        "unchecked"
    );
}

#[test]
fn an_imported_registration_is_found_and_the_same_file_again_changes_nothing() {
    let mut db = Db::in_memory().unwrap();
    let records = [
        record("SZ-1", "王俊杰", ROOF[1]),
        record("SZ-2", "李桂芳", WAGES[1]),
    ];
    assert_eq!(
        db.import_earlier(&records).unwrap(),
        [Imported::New, Imported::New]
    );
    assert_eq!(
        db.import_earlier(&records).unwrap(),
        [Imported::Same, Imported::Same]
    );
    let renamed = [record("SZ-2", "李桂兰", WAGES[1])];
    assert_eq!(db.import_earlier(&renamed).unwrap(), [Imported::Changed]);
    read_letter(&mut db, "A1", &ROOF);
    let found = keep(&mut db, &draft("A1", "王俊杰", HOME)).fields.repeat;
    assert_eq!(
        (found.relation.as_str(), found.of.as_deref()),
        ("repeat", Some("SZ-1"))
    );
    assert_eq!(db.history_counts().unwrap().imported, 2);
    // The old name of the changed record finds nothing any more.
    read_letter(&mut db, "A2", &WAGES);
    let found = keep(&mut db, &draft("A2", "李桂芳", HOME)).fields.repeat;
    assert_eq!(found.relation, "first");
}

#[test]
fn a_letter_handed_over_is_not_its_own_earlier_letter_when_its_case_is_imported() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "王俊杰", HOME));
    assert_eq!(
        db.import_earlier(&[record("SZ-9", "王俊杰", ROOF[1])])
            .unwrap(),
        [Imported::New]
    );
    let now = version(&db, "A1");
    db.confirm("A1", now, "王芳").unwrap();
    let claiming = crate::store::Claiming {
        by: "token/case".into(),
        limit: 1,
        lease_seconds: 60,
    };
    assert_eq!(
        db.claim_drafts(&claiming, || "lease".to_owned())
            .unwrap()
            .len(),
        1
    );
    db.ack_draft("A1", "SZ-9", "token/case", None).unwrap();
    assert_eq!(db.history_counts().unwrap().imported, 0);
    assert_eq!(
        db.import_earlier(&[record("SZ-9", "王俊杰", ROOF[1])])
            .unwrap(),
        [Imported::Ours]
    );
}

#[test]
fn a_confirmation_teaches_and_its_withdrawal_unteaches() {
    let mut db = Db::in_memory().unwrap();
    read_letter(&mut db, "A1", &ROOF);
    keep(&mut db, &draft("A1", "汪俊杰", HOME));
    correct(&mut db, "A1", "王俊杰");
    assert!(db.outcomes().unwrap().is_empty());
    let now = version(&db, "A1");
    db.confirm("A1", now, "王芳").unwrap();
    let outcomes = db.outcomes().unwrap();
    let of = |field: &str| {
        outcomes
            .iter()
            .find(|o| o.graded.field == field)
            .unwrap()
            .graded
            .clone()
    };
    let name = of("sender_name");
    assert!(
        name.accepted && !name.right,
        "the machine's own name was wrong"
    );
    assert!(of("address").right && !of("address").accepted);
    assert!(of("id_number").right && !of("id_number").proposed);
    assert_eq!(
        db.learned().unwrap().lexicon.count(Kind::Estate, "梅亭苑"),
        1
    );
    assert_eq!(db.lessons(Kind::Writer, 9).unwrap()[0].name, "王俊杰");
    correct(&mut db, "A1", "王俊木");
    assert!(db.outcomes().unwrap().is_empty());
    assert_eq!(
        db.learned().unwrap().lexicon.count(Kind::Estate, "梅亭苑"),
        0
    );
}

#[test]
fn thresholds_are_taken_over_together_and_taken_back() {
    use crate::domain::learn::{Effect, Proposal};
    let mut db = Db::in_memory().unwrap();
    let none = Effect {
        of: 0,
        accepted: 0,
        wrong: 0,
    };
    let to = |field: &str, after: f32| Proposal {
        field: field.into(),
        before: 0.9,
        after,
        was: none,
        becomes: none,
    };
    assert_eq!(
        db.apply_thresholds(
            &[to("address", 0.8), to("phones", 0.7)],
            ("command/x", None)
        )
        .unwrap(),
        1
    );
    assert_eq!(
        db.apply_thresholds(&[to("address", 0.75)], ("command/x", None))
            .unwrap(),
        2
    );
    assert_eq!(db.thresholds().unwrap().0["address"], 0.75);
    assert_eq!(db.undo_thresholds(("command/x", None)).unwrap(), Some(2));
    assert_eq!(db.thresholds().unwrap().0["address"], 0.8);
    assert_eq!(db.undo_thresholds(("command/x", None)).unwrap(), Some(1));
    assert!(db.thresholds().unwrap().0.is_empty());
    assert_eq!(db.undo_thresholds(("command/x", None)).unwrap(), None);
    assert_eq!(db.threshold_changes().unwrap().len(), 3);
}

#[test]
fn a_deleted_letter_leaves_nothing_to_be_compared_with() {
    let mut db = Db::in_memory().unwrap();
    db.import_earlier(&[record("SZ-1", "王俊杰", ROOF[1])])
        .unwrap();
    db.connection
        .execute("DELETE FROM earlier WHERE case_number = 'SZ-1'", [])
        .unwrap();
    let left: i64 = db
        .connection
        .query_row(
            "SELECT (SELECT count(*) FROM earlier_keys) + (SELECT count(*) FROM earlier_words WHERE earlier_words MATCH '\"屋面防\"')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}
