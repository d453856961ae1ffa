//! Weeks of an office: letters arrive on dated days, are drafted as the station drafts them, corrected and confirmed over the API by people
//! who sometimes overlook and sometimes mistype something; then the commands say how it went.
//!
//! The clock is pushed from day to day, so it runs in a process of its own. By default the samples come again and again with characters
//! misread; `OFFICE_LETTERS=DIR` (with `DIR-lines` as `laixin evaluate --lines` writes it), `OFFICE_A_DAY=N` and `OFFICE_KEEP=DIR` measure
//! with others: `cargo test --release --test station office::weeks -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use laixin::clock::{self, Millis};
use laixin::commands::extract::roster;
use laixin::config::Offer;
use laixin::digest::sha256_hex;
use laixin::domain::deadline::Profile;
use laixin::domain::draft::Fields;
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageText;
use laixin::evaluate::truth::{Truth, load};
use laixin::read::Office;
use laixin::store::{
    CycleOutcome, CycleTerms, NewArrival, NewBatch, Reading, Role, SideExposure, TakePage,
};
use serde_json::{Map, Value, json};

use super::house::{Caller, House};
use crate::support::{LAIXIN, project};

const WEEKS: i64 = 4;
const DAY_MS: i64 = 86_400_000;

/// Numbers that repeat from run to run.
struct Dice(u64);

impl Dice {
    /// True this often in a thousand.
    fn of_thousand(&mut self, share: u64) -> bool {
        self.next() % 1_000 < share
    }

    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// Characters that are taken for one another.
const ALIKE: &str = "未末士土日曰己已人入大太天夫干千牛午甲由自目白百王玉住往东乐木本休体力刀武斌峰锋军君华毕明朋建健兰芝亭停苑范17386905雨两思恩国图民氏";

/// A page as it might have been read.
fn misread(page: &mut PageText, dice: &mut Dice) {
    let pairs: Vec<char> = ALIKE.chars().collect();
    for line in &mut page.lines {
        let text = line.text.chars().map(|c| {
            let at = pairs.iter().position(|p| *p == c);
            match at {
                Some(at) if dice.of_thousand(25) => pairs[(at ^ 1).min(pairs.len() - 1)],
                _ => c,
            }
        });
        line.text = text.collect();
        line.raw.clone_from(&line.text);
        line.confidence = 0.97;
    }
}

/// The letters an office gets, with what was read of each.
fn letters(folder: &Path) -> Vec<(Truth, Option<Vec<PageText>>)> {
    let lines = PathBuf::from(format!("{}-lines", folder.display()));
    let read = |id: &str| {
        let text = std::fs::read_to_string(lines.join(format!("{id}.json"))).ok()?;
        Some(serde_json::from_str(&text).expect("lines as evaluate keeps them"))
    };
    let all = load(folder).expect("letters with their truth");
    all.into_iter()
        .map(|truth| {
            let lines = read(&truth.id);
            (truth, lines)
        })
        .collect()
}

/// Puts the wall clock to a moment; only forward.
fn at(moment: i64) {
    clock::jump(moment - clock::now().0);
}

fn day_begins(house: &House, letters: u32) {
    let made = house.app.store.wait(move |db| {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: letters,
            received: clock::now(),
        };
        let batch = db.sign_in_batch(&new, "王芳")?;
        let load = db.add_load(batch, "cabinet-1", "王芳")?;
        let terms = CycleTerms::measured("cabinet-1", &"0".repeat(64));
        let cycle = db.begin_cycle(load, &terms, "王芳")?;
        let exposure = SideExposure {
            dose_mj_cm2: Some(104.2),
            lit_s: 21.0,
        };
        let ended = CycleOutcome {
            failed: None,
            exposures: vec![exposure],
            ventilation_s: 12.0,
        };
        db.end_cycle(cycle, &ended)
    });
    made.unwrap();
}

/// Stands for the image of a page; no two are alike.
fn image(letter: &str, n: u32) -> Vec<u8> {
    format!("{letter} page {n}").into_bytes()
}

/// A letter's pages come, are read and drafted, as the station's tasks do it.
fn arrives(house: &House, office: &Office, id: &str, pages: Vec<PageText>) {
    for page in &pages {
        let original = house.app.evidence.put(&image(id, page.n)).unwrap();
        let (group, n, kind) = (id.to_owned(), page.n, page.kind);
        let taken = house.app.store.wait(move |db| {
            let name = format!("{group}_p{n}.jpg");
            let arrival = db.note_arrival(&NewArrival {
                source: "scanner-1".into(),
                file_key: name.clone(),
                name,
                first_seen: clock::now(),
                seen: None,
            })?;
            db.take_page(&TakePage {
                arrival: arrival.id,
                group,
                kind,
                number: Some(n),
                frames: vec![0],
                original,
            })
        });
        taken.unwrap();
    }
    let (letter, office) = (id.to_owned(), office.clone());
    let drafted = house.app.store.wait(move |db| {
        while let Some(due) = db.begin_reading()? {
            let page = pages
                .iter()
                .find(|page| sha256_hex(&image(&letter, page.n)) == due.sha256)
                .expect("a page of this letter")
                .clone();
            let reading = Reading {
                engine: "simulated".into(),
                width: page.width,
                height: page.height,
                turned_deg: 0,
                lines: page.lines,
                seconds: 0.1,
                blank: false,
            };
            db.finish_reading(due.id, &reading)?;
        }
        let (read, (batch, load)) = (db.read_pages(&letter)?, db.letter_origin(&letter)?);
        let mut draft = office.draft(&letter, &read, &batch, &load, None);
        db.learned()?.advise(&mut draft);
        db.insert_or_replace_draft(&draft, Offer::Confirmed)
    });
    drafted.unwrap();
}

/// What an officer makes of a draft: every field that he sees to be wrong; now and then he overlooks one that the station lets through, or
/// mistypes a name.
fn corrections(truth: &Truth, fields: &Fields, dice: &mut Dice) -> Map<String, Value> {
    let mut found = Map::new();
    let expected = &truth.fields;
    let text = |valued: Option<&laixin::evaluate::truth::Valued>| {
        valued.and_then(|valued| valued.value.clone())
    };
    let rows = [
        ("address", text(expected.address.as_ref()), &fields.address),
        (
            "addressee",
            text(expected.addressee.as_ref()),
            &fields.addressee,
        ),
        (
            "letter_date",
            expected.letter_date.clone(),
            &fields.letter_date,
        ),
        ("purpose", expected.purpose.clone(), &fields.purpose),
        (
            "id_number",
            text(expected.id_number.as_ref()),
            &fields.id_number.field,
        ),
    ];
    for (name, wanted, field) in rows {
        let overlooked = field.accepted && dice.of_thousand(100);
        if wanted != field.value && !overlooked {
            found.insert(name.into(), json!({"value": wanted}));
        }
    }
    let name = expected.sender_name.value.clone();
    if name != fields.sender_name.value {
        found.insert("sender_name".into(), json!({"value": name}));
        if expected.anonymous.value != fields.anonymous.value {
            let told =
                json!({"value": expected.anonymous.value, "reason": expected.anonymous.reason});
            found.insert("anonymous".into(), told);
        }
    } else if dice.of_thousand(10) && !expected.anonymous.value {
        found.insert("sender_name".into(), json!({"value": "王打错"}));
    }
    let digits = |number: &str| {
        number
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let wanted: BTreeSet<String> = expected
        .phones
        .iter()
        .filter_map(|phone| phone.value.clone())
        .collect();
    let seen = fields.phones.iter().filter_map(|p| p.field.value.clone());
    let plain = |numbers: &BTreeSet<String>| -> BTreeSet<String> {
        numbers.iter().map(|number| digits(number)).collect()
    };
    if plain(&wanted) != plain(&seen.collect()) {
        found.insert("phones".into(), json!(wanted));
    }
    found
}

/// Corrects and confirms over the API; what it was confirmed with, none where it could not be.
fn confirms(house: &House, officer: &Caller, truth: &Truth, id: &str, dice: &mut Dice) -> bool {
    let mut view = house.get(officer, &format!("/v1/letters/{id}"));
    if view.status == 403 && view.code() == "reason_needed" {
        let why = json!({"reason": "登记来信"});
        let told = house.post(officer, &format!("/v1/letters/{id}/views"), why);
        assert_eq!(told.status, 200, "{}", told.text);
        view = house.get(officer, &format!("/v1/letters/{id}"));
    }
    assert_eq!(view.status, 200, "{}", view.text);
    let fields: Fields =
        serde_json::from_value(view.json()["draft"]["draft"]["fields"].clone()).unwrap();
    let changes = corrections(truth, &fields, dice);
    if !changes.is_empty() {
        let caller = officer.with("if-match", &view.header("etag"));
        let body = Value::Object(changes).to_string();
        let answer = house.call(
            &caller,
            "PATCH",
            &format!("/v1/letters/{id}/fields"),
            Some(&body),
        );
        assert_eq!(answer.status, 200, "{id}: {}", answer.text);
        view = answer;
    }
    let caller = officer.with("if-match", &view.header("etag"));
    let answer = house.post(&caller, &format!("/v1/letters/{id}/confirm"), json!({}));
    // Letters that speak of enclosures wait for two people; nobody lists them here.
    assert!(
        answer.status == 200 || answer.code() == "valuables_open",
        "{id}: {}",
        answer.text
    );
    answer.status == 200
}

fn laixin(arguments: &[&str]) -> (i32, String) {
    let done = Command::new(LAIXIN)
        .args(arguments)
        .output()
        .expect("the binary runs");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    (done.status.code().expect("an exit code"), told)
}

#[test]
#[ignore = "pushes the clock: `the_weeks_of_an_office_are_told_as_they_were` runs it in a process of its own"]
fn weeks() {
    let named = std::env::var_os("OFFICE_LETTERS").map(PathBuf::from);
    let folder = named.clone().unwrap_or_else(|| project("tests/letters"));
    let a_day: usize = std::env::var("OFFICE_A_DAY").map_or(3, |n| n.parse().expect("a number"));
    let house = House::new();
    let office = Office {
        name: "测试信访局".into(),
        roster: roster(&folder.join("manifest.json")).unwrap().into(),
        deadlines: Profile::default().into(),
        meaning: None,
    };
    house.add_user("王芳", Role::ConfirmingOfficer);
    let (mut dice, all) = (Dice(7), letters(&folder));
    let mut next = all.iter().cycle();
    let first = Millis::parse("2027-01-04T09:00:00+08:00").expect("a Monday");
    let (mut confirmed, mut made) = (0, 0);
    for day in (0..WEEKS * 7).filter(|day| day % 7 < 5) {
        at(first.0 + day * DAY_MS);
        let officer = house.signed_in("王芳");
        day_begins(&house, u32::try_from(a_day).expect("a few"));
        for _ in 0..a_day {
            let (truth, read) = next.next().expect("letters come again");
            made += 1;
            let id = format!("L{made:04}");
            let mut pages = read.clone().unwrap_or_else(|| truth.as_pages());
            if read.is_none() {
                pages.iter_mut().for_each(|page| misread(page, &mut dice));
            }
            arrives(&house, &office, &id, pages);
            confirmed += usize::from(confirms(&house, &officer, truth, &id, &mut dice));
        }
    }
    println!("{confirmed} of {made} letters confirmed");
    tell(&house, confirmed, named.is_some());
}

/// The commands on what there is now; with the samples, what they must say.
fn tell(house: &House, confirmed: usize, measuring: bool) {
    let config = house.folder.path().join("station.toml");
    let config = config.to_str().expect("a path");
    let (code, told) = laixin(&["evaluate", "--history", "--config", config, "--json"]);
    assert_eq!(code, 0, "{told}");
    let weeks: Value = serde_json::from_str(&told).expect("one document");
    let rows = weeks["weeks"].as_array().expect("rows").clone();
    let days: BTreeSet<&str> = rows.iter().filter_map(|r| r["week"].as_str()).collect();
    let mondays: Vec<String> = (0..WEEKS)
        .map(|week| {
            let day = Millis::parse("2027-01-04T09:00:00+08:00").expect("a day");
            Millis(day.0 + week * 7 * DAY_MS).day()
        })
        .collect();
    assert!(
        mondays.iter().all(|monday| days.contains(monday.as_str())),
        "{days:?}"
    );
    let of = |row: &Value, what: &str| row[what].as_u64().expect("a count");
    for field in ["sender_name", "address", "phones"] {
        let of_field = rows.iter().filter(|row| row["field"] == field);
        let (all, weekly): (Vec<&Value>, Vec<&Value>) =
            of_field.partition(|row| row["week"] == "all");
        assert_eq!(of(all[0], "n"), confirmed as u64, "{field}");
        for what in ["n", "right", "accepted", "wrong_accepts"] {
            let sum: u64 = weekly.iter().map(|row| of(row, what)).sum();
            assert_eq!(of(all[0], what), sum, "{field} {what}");
        }
    }
    let of_all = rows.iter().filter(|row| row["week"] == "all");
    let mended: u64 = of_all.map(|row| of(row, "n") - of(row, "right")).sum();
    assert!(mended > 0, "nothing was misread: {told}");
    for command in [
        vec!["evaluate", "--history", "--config", config],
        vec!["learn", "show", "--config", config],
        vec!["learn", "propose", "--config", config],
    ] {
        let (code, told) = laixin(&command);
        assert_eq!(code, 0, "{command:?}: {told}");
        println!(
            "$ laixin {}\n{told}",
            command[..command.len() - 2].join(" ")
        );
    }
    if measuring {
        if let Some(keep) = std::env::var_os("OFFICE_KEEP") {
            std::fs::copy(house.database(), keep).expect("the database is kept");
        }
        return;
    }
    let (code, told) = laixin(&["learn", "apply", "--proposal", "none", "--config", config]);
    let nothing = told.contains("there is no proposal");
    assert!(
        nothing && code == 2 || !nothing && code == 1,
        "{code}: {told}"
    );
}

#[test]
fn the_weeks_of_an_office_are_told_as_they_were() {
    let test = std::env::current_exe().expect("this binary");
    let done = Command::new(test)
        .args(["--exact", "api::office::weeks", "--ignored", "--nocapture"])
        .env_remove("OFFICE_LETTERS")
        .env("TZ", "Asia/Shanghai")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
}
