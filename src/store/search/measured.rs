//! What searching costs among 20,000 letters: `cargo test --release --lib store::search::measured -- --ignored --nocapture`.

use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::domain::access::{Holder, Role};

const LETTERS: usize = 20_000;
const LOOKS: usize = 40;
/// Commoner and rarer characters, as a letter has them.
const CHARS: &str = "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏楼噪邻居";

/// A sequence of figures that is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn text(dice: &mut Dice, chars: &[char], length: usize) -> String {
    // The first are the commonest.
    let mut pick = || chars[dice.below(chars.len()).min(dice.below(chars.len()))];
    (0..length).map(|_| pick()).collect()
}

fn filled(db: &mut Db) {
    let example: Value =
        serde_json::from_str(include_str!("../../api/examples/draft.json")).unwrap();
    let chars: Vec<char> = CHARS.chars().collect();
    let mut dice = Dice(88_172_645_463_325_252);
    db.connection
        .execute_batch(
            "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 1, 1, 'z', 1);
             INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'c', 'released', 1); BEGIN",
        )
        .unwrap();
    for n in 0..LETTERS {
        let id = format!("L{n:05}");
        let mut draft = example.clone();
        draft["letter"] = json!(id);
        draft["fields"]["sender_name"]["value"] = json!(text(&mut dice, &chars, 3));
        draft["fields"]["address"]["value"] = json!(text(&mut dice, &chars, 20));
        let mut phone = draft["fields"]["sender_name"].clone();
        phone["value"] = json!(format!("138{:08}", n * 4_999));
        phone["type"] = json!("mobile");
        draft["fields"]["phones"] = json!([phone]);
        let lines: Vec<Value> = (0..15)
            .map(|_| {
                let text = text(&mut dice, &chars, 25);
                let each: Vec<Value> = text.chars().map(|ch| json!({"ch": ch, "confidence": 0.987_654, "at": 0.512_345})).collect();
                json!({"text": text, "raw": text, "quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "confidence": 0.9, "chars": each, "vertical": false})
            })
            .collect();
        let c = &db.connection;
        c.execute("INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES (?1, 's', ?1, ?1, 1, 'taken')", [&id]).unwrap();
        c.execute("INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES (?1, 1, 1, ?1, 'drafted', ?2, 1)", (&id, n as i64)).unwrap();
        c.execute("INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state) VALUES (?1, ?1, 'letter', 'a', 'b', 1, 'read')", [&id]).unwrap();
        c.execute(
            "INSERT INTO readings VALUES (last_insert_rowid(), 'e', 1, 1, 0, ?1, 1.0, 1)",
            [json!(lines).to_string()],
        )
        .unwrap();
        c.execute(
            "INSERT INTO drafts (letter_id, body, created_ms, updated_ms) VALUES (?1, ?2, 1, 1)",
            (&id, draft.to_string()),
        )
        .unwrap();
    }
    db.connection.execute_batch("COMMIT").unwrap();
}

#[test]
#[ignore = "a measurement of some minutes"]
fn searching_among_20_000_letters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let mut db = Db::open(&path).unwrap();
    filled(&mut db);
    let size = |db: &Db| -> i64 {
        db.connection
            .query_row(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    let before = size(&db);
    let began = Instant::now();
    db.index_due().unwrap();
    let each = began.elapsed().as_secs_f64() * 1000.0 / LETTERS as f64;
    println!("search_index_letter {each:.2} ms");
    println!(
        "search_index_size {} bytes/letter",
        (size(&db) - before) / LETTERS as i64
    );
    db.connection.execute_batch("ANALYZE").unwrap();
    let seer = Seer {
        actor: "z".into(),
        holder: Holder::Person(Role::Operator),
    };
    let chars: Vec<char> = CHARS.chars().collect();
    let mut dice = Dice(7);
    for (name, length) in [
        ("one_character", 1),
        ("common_word", 2),
        ("rare_name", 3),
        ("digits", 0),
    ] {
        let mut all: Vec<f64> = (0..LOOKS)
            .map(|n| {
                let asked = match length {
                    0 => format!("138{:08}", (n * 499) * 4_999),
                    3 => text(&mut dice, &chars[300..], 3),
                    length => text(&mut dice, &chars[..40], length),
                };
                let words = Words::of(&asked).unwrap();
                let began = Instant::now();
                db.search(&seer, &words, (None, 20)).unwrap();
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        all.sort_by(f64::total_cmp);
        println!(
            "search_{name}_p50 {:.1} ms\nsearch_{name}_p95 {:.1} ms",
            all[LOOKS / 2],
            all[LOOKS * 95 / 100 - 1]
        );
    }
}
