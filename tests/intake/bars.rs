//! Registered mail parted by the numbers on its envelopes, from the drawn bars to the letters: what checks begins a letter, what does not is held.

use std::time::{Duration, Instant};

use laixin::config::Unchecked;
use laixin::domain::grouping::{Face, GroupBy, hold};
use laixin::domain::mail_number::face_of;
use laixin::domain::text::PageKind;
use laixin::scan::separators::Codes;
use laixin::worker;

use super::Intake;
use super::measure::Dice;
use super::post::{Look, envelope, s10, wrong};
use super::sheets::{jpeg, page};

fn about(reason: &str, letter: &str) -> (String, Option<String>) {
    (reason.to_owned(), Some(letter.to_owned()))
}

async fn by_barcode(letters: u32) -> (Intake, i64, i64) {
    worker::program_is(crate::support::LAIXIN);
    let intake = Intake::new(GroupBy::Barcode).await;
    let (batch, load) = intake.open_load(letters).await;
    (intake, batch, load)
}

fn plain(number: &str) -> Vec<u8> {
    jpeg(&envelope(number, &Look::plain(), &mut Dice(1)))
}

/// Nobody can read bars under a blot.
fn blotted(number: &str) -> Vec<u8> {
    let look = Look {
        blot: 24.0,
        ..Look::plain()
    };
    jpeg(&envelope(number, &look, &mut Dice(1)))
}

#[tokio::test]
async fn registered_mail_is_parted_by_numbers_that_another_encoder_drew() {
    let (mut intake, batch, load) = by_barcode(8).await;
    let mut dice = Dice(5);
    let mut images = Vec::new();
    let mut wanted = Vec::new();
    for (at, front) in ["XA", "RR", "EA", "LN", "XA", "EE", "XB", "RR"]
        .into_iter()
        .enumerate()
    {
        let number = match front {
            // Within China: no check digit.
            "XB" => "XB12345678901".to_owned(),
            _ => s10(front, 7_654_321 + 1_234_567 * at as u32),
        };
        let look = Look::any(&mut dice, (110.0, 60.0));
        images.push(jpeg(&envelope(&number, &look, &mut dice)));
        images.push(page(2 * at as u32));
        images.push(page(2 * at as u32 + 1));
        wanted.push((number, 1, 2));
    }
    intake.scan(load, 1, images).await;
    wanted.sort();
    assert_eq!(intake.letters(batch).await, wanted);
    assert_eq!(intake.holds(batch).await, []);
    intake.stop().await;
}

#[tokio::test]
async fn a_wrong_check_digit_begins_a_letter_that_is_held_and_not_dropped() {
    let (mut intake, batch, load) = by_barcode(2).await;
    let number = s10("XA", 12_345_678);
    let printed_wrong = wrong(&s10("XA", 34_567_890));
    let images = vec![plain(&number), page(1), plain(&printed_wrong), page(2)];
    intake.scan(load, 1, images).await;
    let letters = intake.letters(batch).await;
    let wanted = [(number, 1, 1), (printed_wrong.clone(), 1, 1)];
    assert_eq!(letters, wanted, "its pages are not in the letter before");
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::MAIL_NUMBER_DOUBTFUL, &printed_wrong)]
    );
    intake.stop().await;
}

/// Nothing checks them: who trusts the post's bars says so.
#[tokio::test]
async fn express_mail_is_held_unless_the_office_takes_it() {
    worker::program_is(crate::support::LAIXIN);
    for (express, held) in [(Unchecked::Hold, 2), (Unchecked::Take, 0)] {
        let mut intake = Intake::stopped(GroupBy::Barcode).await;
        intake.express = express;
        intake.start();
        let (batch, load) = intake.open_load(2).await;
        let numbers = ["1023456789012", "1198765432101"];
        let images = vec![plain(numbers[0]), page(1), plain(numbers[1]), page(2)];
        intake.scan(load, 1, images).await;
        let letters = numbers.map(|number| (number.to_owned(), 1, 1));
        assert_eq!(intake.letters(batch).await, letters);
        assert_eq!(intake.holds(batch).await.len(), held, "{express:?}");
        intake.stop().await;
    }
}

#[tokio::test]
async fn bars_that_nobody_can_read_hold_the_letter_they_lie_in() {
    let (mut intake, batch, load) = by_barcode(2).await;
    let number = s10("EA", 23_456_789);
    let images = vec![
        plain(&number),
        page(1),
        blotted(&s10("EA", 98_765_432)),
        page(2),
    ];
    let scan = intake.scan(load, 1, images).await;
    assert_eq!(intake.letters(batch).await, [(number.clone(), 1, 3)]);
    let holds = intake.store.with(move |db| db.open_holds(Some(batch), 10));
    let holds = holds.await.unwrap();
    let told: Vec<_> = holds
        .iter()
        .map(|hold| {
            (
                hold.reason.as_str(),
                hold.letter.as_deref(),
                hold.scan,
                hold.detail.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(
            hold::BARS_UNREAD,
            Some(number.as_str()),
            Some(scan.id),
            Some("image 3")
        )]
    );
    intake.stop().await;
}

/// Its label was torn off, so that nothing but what is written on it tells it.
#[tokio::test]
async fn an_envelope_that_is_read_inside_a_registered_letter_holds_it() {
    let (mut intake, batch, load) = by_barcode(2).await;
    let number = s10("XA", 45_678_901);
    let images = vec![plain(&number), page(1), page(2), page(3)];
    let scan = intake.scan(load, 1, images).await;
    assert_eq!(intake.holds(batch).await, []);
    let letter = number.clone();
    let reader = intake.store.with(move |db| {
        let pages = db.page_ids(&letter)?;
        db.propose_kind(pages[1], PageKind::Envelope, "envelope")
    });
    assert!(reader.await.unwrap());
    let holds = intake.store.with(move |db| db.open_holds(Some(batch), 10));
    let holds = holds.await.unwrap();
    let told: Vec<_> = holds
        .iter()
        .map(|hold| {
            (
                hold.reason.as_str(),
                hold.letter.as_deref(),
                hold.scan,
                hold.detail.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(
            hold::ENVELOPE_INSIDE,
            Some(number.as_str()),
            Some(scan.id),
            Some("image 3")
        )]
    );
    intake.stop().await;
}

/// Two envelopes lay on the glass together, or one label covers another.
#[tokio::test]
async fn two_numbers_on_one_image_are_held() {
    let (mut intake, batch, load) = by_barcode(2).await;
    let (first, second, third) = (
        s10("XA", 45_678_901),
        s10("EE", 12_345_678),
        s10("RR", 23_456_789),
    );
    let draw = |number: &str| envelope(number, &Look::plain(), &mut Dice(1));
    let (mut above, below) = (draw(&second), draw(&third));
    assert_eq!(above.width, below.width);
    above.height += below.height;
    above.pixels.extend(below.pixels);
    let images = vec![plain(&first), page(1), jpeg(&above), page(2)];
    intake.scan(load, 1, images).await;
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::TWO_MAIL_NUMBERS, &first)]
    );
    intake.stop().await;
}

/// Nothing of its bars was made out; the number below them was read.
#[tokio::test]
async fn a_number_that_is_written_inside_a_registered_letter_holds_it() {
    let (mut intake, batch, load) = by_barcode(2).await;
    let (number, other) = (s10("XA", 45_678_901), s10("EE", 12_345_678));
    let images = vec![plain(&number), page(1), page(2), page(3)];
    let scan = intake.scan(load, 1, images).await;
    let (letter, read) = (number.clone(), other.clone());
    let reader = intake.store.with(move |db| {
        let pages = db.page_ids(&letter)?;
        // The letter's own, on its envelope and perhaps on a copy.
        db.note_written_number(pages[0], &letter)?;
        db.note_written_number(pages[1], &read)
    });
    reader.await.unwrap();
    let holds = intake.store.with(move |db| db.open_holds(Some(batch), 10));
    let holds = holds.await.unwrap();
    let told: Vec<_> = holds
        .iter()
        .map(|hold| (hold.reason.as_str(), hold.letter.clone(), hold.scan))
        .collect();
    assert_eq!(
        told,
        [(hold::MAIL_NUMBER_WRITTEN, Some(number), Some(scan.id))]
    );
    let detail = holds[0].detail.clone().unwrap();
    assert!(detail.ends_with(&format!(": {other}")), "{detail}");
    intake.stop().await;
}

#[test]
fn writing_is_no_unread_bar() {
    let letters = std::fs::read_dir(crate::support::project("tests/letters")).unwrap();
    let images = letters.map(|item| item.unwrap().path());
    for image in images.filter(|path| path.extension().is_some_and(|end| end == "jpg")) {
        let said = Codes::Bars
            .said(&std::fs::read(&image).unwrap(), 0)
            .unwrap();
        assert!(!said.has_unread_bars, "{}", image.display());
    }
}

/// No blot, and how it does not lean.
const CLEAN: (f64, f64) = (0.0, 0.0);

/// (read, misread, missed and told, missed), and how long one took.
type Tried = ([u32; 4], Vec<Duration>);

/// As the station looks: over the page worker, from the JPEG to what the image is.
fn tried(count: u32, (blot, leans): (f64, f64), size_mm: (f64, f64), dice: &mut Dice) -> Tried {
    worker::program_is(crate::support::LAIXIN);
    let (mut results, mut took) = ([0; 4], Vec::new());
    for at in 0..count {
        let front = ["XA", "RR", "EA", "EE", "LN"][at as usize % 5];
        let number = s10(front, (dice.next() % 100_000_000) as u32);
        let look = Look {
            blot,
            leans,
            ..Look::any(dice, size_mm)
        };
        let image = jpeg(&envelope(&number, &look, dice));
        let began = Instant::now();
        let said = worker::codes(&image, 0, Codes::Bars).unwrap();
        took.push(began.elapsed());
        let which = match face_of(&said.codes, said.has_unread_bars) {
            Face::Mail(found) if found == number => 0,
            Face::UnreadBars => 2,
            Face::Page => 3,
            _ => 1,
        };
        results[which] += 1;
        if which > 0 {
            println!("{which} {look:?} {:?}", said.codes);
        }
    }
    took.sort();
    (results, took)
}

#[test]
fn bars_are_read_askew_pale_noisy_upside_down_and_on_their_side() {
    let (results, _) = tried(20, CLEAN, (110.0, 60.0), &mut Dice(2));
    assert_eq!(results, [20, 0, 0, 0]);
}

/// A thick pen crossed the number out, or a blot fell on it: neither half is as long as a number is.
#[test]
fn bars_under_a_thick_stroke_are_told_and_not_missed() {
    for stroke in [(24.0, 0.0), (24.0, 30.0)] {
        let ([read, misread, told, missed], _) = tried(20, stroke, (110.0, 60.0), &mut Dice(3));
        assert_eq!((misread, missed), (0, 0), "{stroke:?}");
        assert_eq!(read + told, 20);
    }
}

/// Figures for the report: `cargo test --release --test station -- --ignored --nocapture measure_bars`.
#[test]
#[ignore = "a measurement"]
fn measure_bars() {
    let ([read, misread, told, missed], took) = tried(500, CLEAN, (220.0, 110.0), &mut Dice(9));
    println!(
        "bars of 500 envelopes: {read} read, {misread} misread, {told} not read and told, {missed} missed; median {} ms, longest {} ms",
        took[250].as_millis(),
        took[499].as_millis()
    );
    assert_eq!((misread, missed), (0, 0));
}

/// Figures for the report: `cargo test --release --test station -- --ignored --nocapture measure_crossed_out_bars`.
#[test]
#[ignore = "a measurement"]
fn measure_crossed_out_bars() {
    for leans in [0.0, 30.0] {
        for blot in [6.0, 12.0, 24.0, 36.0, 48.0] {
            let ([read, misread, told, missed], _) =
                tried(40, (blot, leans), (220.0, 110.0), &mut Dice(7));
            println!(
                "a stroke of {blot} modules that leans {leans}: of 40 {read} read, {misread} misread, {told} told, {missed} missed"
            );
        }
    }
}
