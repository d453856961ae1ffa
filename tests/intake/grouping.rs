//! What becomes a letter, and what is held instead of guessed: one function per fault of a stack of paper.

use laixin::domain::grouping::{GroupBy, hold};
use laixin::store::{NewScan, ScanOutcome};
use scanner::order::Tray;
use scanner::sim::Fault;

use super::Intake;
use super::measure::envelope;
use super::sheets::{blank, foreign, jpeg, know_run, label, page, separator};

async fn by_separator() -> (Intake, i64, i64) {
    let intake = Intake::new(GroupBy::Separator).await;
    know_run(&intake.store).await;
    let (batch, load) = intake.open_load(2).await;
    (intake, batch, load)
}

fn about(reason: &str, letter: &str) -> (String, Option<String>) {
    (reason.to_owned(), Some(letter.to_owned()))
}

#[tokio::test]
async fn separators_part_letters_and_are_no_pages() {
    let (mut intake, batch, load) = by_separator().await;
    let images = vec![
        separator(1),
        page(1),
        page(2),
        page(3),
        separator(2),
        page(4),
        page(5),
    ];
    let scan = intake.scan(load, 1, images.clone()).await;
    assert_eq!(
        intake.letters(batch).await,
        [(label(1), 1, 2), (label(2), 1, 1)]
    );
    assert_eq!(intake.holds(batch).await, []);
    assert_eq!(
        (
            scan.device_images,
            scan.received_images,
            scan.registered_images
        ),
        (Some(7), 7, 7)
    );
    // Every image is an original, byte for byte, the separators too.
    for image in &images {
        let sha256 = laixin::digest::sha256_hex(image);
        assert_eq!(intake.evidence.get(&sha256).unwrap(), *image);
    }
    let counts = intake
        .store
        .with(move |db| db.batch_counts(batch))
        .await
        .unwrap();
    assert_eq!(counts.differences(), []);
    let vouched = intake.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(
        (vouched.good, vouched.faults.as_slice()),
        // Seven arrivals; then each as it was seen, five pages, two letters (twice each: also what became of a page, when a letter's last one came), two
        // separators and their run, the scan, its batch and its load.
        (7 + 7 + 2 * (5 + 2) + 3 + 3, &[][..]),
        "the ledger vouches for every image"
    );
    intake.stop().await;
}

#[tokio::test]
async fn both_sides_with_the_separator_face_up_or_face_down() {
    let (mut intake, batch, load) = by_separator().await;
    let face_up = vec![separator(1), blank(), page(1), page(2), page(3), page(4)];
    let face_down = vec![blank(), separator(2), page(5), page(6), page(7), page(8)];
    let scan = intake.scan(load, 2, [face_up, face_down].concat()).await;
    assert_eq!(
        intake.letters(batch).await,
        [(label(1), 2, 2), (label(2), 2, 2)]
    );
    assert_eq!(intake.holds(batch).await, []);
    assert_eq!(scan.registered_images, 12);
    intake.stop().await;
}

#[tokio::test]
async fn pages_in_front_of_the_first_separator_are_held() {
    let (mut intake, batch, load) = by_separator().await;
    let scan = intake
        .scan(load, 1, vec![page(1), page(2), separator(1), page(3)])
        .await;
    let lost = format!("scan-{}", scan.id);
    assert_eq!(
        intake.letters(batch).await,
        [(label(1), 1, 0), (lost.clone(), 0, 2)],
        "which of them is an envelope nobody knows"
    );
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SEPARATOR_MISSING, &lost)]
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_skipped_separator_holds_the_letter_before() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(
            load,
            1,
            vec![separator(1), page(1), page(2), separator(3), page(3)],
        )
        .await;
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SEPARATOR_SKIPPED, &label(1))]
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_separator_used_twice_holds_its_letter() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(
            load,
            1,
            vec![
                separator(1),
                page(1),
                separator(2),
                page(2),
                separator(1),
                page(3),
            ],
        )
        .await;
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SEPARATOR_REPEATED, &label(1))]
    );
    assert_eq!(
        intake.letters(batch).await.len(),
        2,
        "nothing is lost: the page is with its number"
    );
    intake.stop().await;
}

#[tokio::test]
async fn separators_in_the_wrong_order_are_held() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(load, 1, vec![separator(2), page(1), separator(1), page(2)])
        .await;
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SEPARATOR_OUT_OF_ORDER, &label(1))]
    );
    intake.stop().await;
}

/// The first sheet lay where it did not belong: the text asked for the letter behind the sheets that had been used before it.
#[tokio::test]
async fn a_sheet_out_of_its_order_makes_no_letter_missing() {
    let (mut intake, batch, load) = by_separator().await;
    let sheets = [2, 3, 1, 4].map(|number| [separator(number), page(number)]);
    intake.scan(load, 1, sheets.concat()).await;
    let held = intake.holds(batch).await;
    let reasons: Vec<&str> = held.iter().map(|one| one.0.as_str()).collect();
    assert!(reasons.contains(&hold::SEPARATOR_OUT_OF_ORDER), "{held:?}");
    assert!(!reasons.contains(&hold::SEPARATOR_SKIPPED), "{held:?}");
    intake.stop().await;
}

/// Its sheet went through the feeder and was lost on the way: nobody takes its envelope for empty.
#[tokio::test]
async fn a_scan_that_stopped_behind_a_separator_suggests_no_empty_envelope() {
    for fault in [
        Fault::TruncatedLength(4),
        Fault::Html(4),
        Fault::HalfImage(4),
    ] {
        let (mut intake, batch, load) = by_separator().await;
        let images = vec![separator(1), page(1), separator(2), page(2)];
        intake.scan_with(fault, load, images).await;
        let held = intake.holds(batch).await;
        let reasons: Vec<&str> = held.iter().map(|one| one.0.as_str()).collect();
        assert_ne!(reasons, [""; 0], "{fault:?}");
        assert!(
            !reasons.contains(&hold::LETTER_EMPTY),
            "{fault:?}: {held:?}"
        );
        intake.stop().await;
    }
}

#[tokio::test]
async fn nothing_between_two_separators_is_held() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(
            load,
            1,
            vec![separator(1), separator(2), page(1), separator(3)],
        )
        .await;
    let empty = (hold::LETTER_EMPTY.to_owned(), None);
    assert_eq!(
        intake.holds(batch).await,
        [empty.clone(), empty],
        "between two, and at the end"
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_separator_of_another_station_separates_nothing() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(load, 1, vec![separator(1), page(1), foreign(), page(2)])
        .await;
    assert_eq!(
        intake.letters(batch).await,
        [(label(1), 1, 2)],
        "it is a page of the letter"
    );
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SEPARATOR_FOREIGN, &label(1))]
    );
    intake.stop().await;
}

#[tokio::test]
async fn an_odd_number_of_sides_is_held() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan(
            load,
            2,
            vec![separator(1), blank(), page(1), page(2), page(3)],
        )
        .await;
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::ODD_COUNT, &label(1))]
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_scanner_that_leaves_blank_backs_out_loses_no_page_behind_a_separator() {
    let (mut intake, batch, load) = by_separator().await;
    let first = vec![separator(1), page(1), page(2), page(3)];
    // The next separator comes as the second side of a pair.
    let more = vec![page(4), separator(2), page(5), page(6)];
    let scan = intake.scan(load, 2, [first, more].concat()).await;
    assert_eq!(scan.registered_images, 8);
    assert_eq!(
        intake.letters(batch).await,
        [(label(1), 2, 2), (label(2), 2, 0)],
        "every written side is a page"
    );
    assert_eq!(
        intake.holds(batch).await,
        [
            about(hold::ODD_COUNT, &label(1)),
            about(hold::ODD_COUNT, &label(1))
        ],
        "its own back is missing, and the next one's"
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_jam_holds_the_letter_it_happened_in_and_the_rest_is_put_together_by_a_person() {
    let (mut intake, batch, load) = by_separator().await;
    let scan = intake
        .scan_with(
            Fault::Jam(3),
            load,
            vec![separator(1), page(1), page(2), page(3)],
        )
        .await;
    assert_eq!(
        (scan.outcome, scan.trouble.as_deref()),
        (Some(ScanOutcome::Failed), Some("scanner_jam"))
    );
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SCAN_BROKEN, &label(1))]
    );
    // The last sheet is still in the feeder: it comes without a separator.
    let rest = intake.scan(load, 1, Vec::new()).await;
    let lost = format!("scan-{}", rest.id);
    assert!(
        intake
            .holds(batch)
            .await
            .contains(&about(hold::SEPARATOR_MISSING, &lost))
    );
    let (from, to) = (lost.clone(), label(1));
    let moved = intake.store.with(move |db| {
        let pages = db.page_ids(&from)?;
        let to = laixin::store::MoveTo::Letter(to);
        db.move_pages(&from, &pages, &to, ("op", "belongs to the letter before"))
    });
    assert_eq!(moved.await.unwrap(), label(1));
    let letters = intake.letters(batch).await;
    let (_, envelopes, sheets) = letters.iter().find(|of| of.0 == label(1)).unwrap();
    assert_eq!(*envelopes, 1, "what came behind the jam is no second one");
    assert!(*sheets >= 1);
    let held = intake
        .store
        .with(move |db| db.is_held(&lost))
        .await
        .unwrap();
    assert!(held, "the emptied letter is handed over to nobody");
    intake.stop().await;
}

#[tokio::test]
async fn a_page_that_the_scanner_counted_and_never_sent_holds_every_letter_of_the_scan() {
    let (mut intake, batch, load) = by_separator().await;
    intake
        .scan_with(
            Fault::CountsOneMore,
            load,
            vec![separator(1), page(1), separator(2), page(2)],
        )
        .await;
    let holds = intake.holds(batch).await;
    for letter in [label(1), label(2)] {
        assert!(
            holds.contains(&about(hold::COUNTS_DIFFER, &letter)),
            "{holds:?}"
        );
    }
    intake.stop().await;
}

#[tokio::test]
async fn every_scan_is_a_letter() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(2).await;
    let first = intake.scan(load, 1, vec![page(1), page(2)]).await;
    let second = intake.scan(load, 1, vec![page(3)]).await;
    let name = |id| format!("scan-{id}");
    assert_eq!(
        intake.letters(batch).await,
        [(name(first.id), 1, 1), (name(second.id), 1, 0)]
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_press_begins_the_next_letter() {
    let mut intake = Intake::new(GroupBy::Press).await;
    let (batch, load) = intake.open_load(2).await;
    intake.scan(load, 1, vec![page(1)]).await;
    intake.scan(load, 1, vec![page(2)]).await;
    intake
        .store
        .with(move |db| db.next_letter(batch, None, "op"))
        .await
        .unwrap();
    intake.scan(load, 1, vec![page(3)]).await;
    let letters = intake.letters(batch).await;
    assert_eq!(
        letters,
        [
            (format!("B{batch}-001"), 1, 1),
            (format!("B{batch}-002"), 1, 0)
        ]
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_press_while_pages_are_on_their_way_is_refused() {
    let mut intake = Intake::new(GroupBy::Press).await;
    let (batch, load) = intake.open_load(2).await;
    intake.device.set_faults(vec![Fault::SlowLoris(2)]);
    intake.device.put_in(vec![page(1), page(2)]);
    let begun = intake
        .control()
        .start(load, Some(1), Tray::Feeder, "op")
        .await
        .unwrap();
    let refused = intake
        .store
        .with(move |db| db.next_letter(batch, None, "op"))
        .await;
    let refused = refused.unwrap_err().to_string();
    let which = format!("still receiving pages: scan {} of s1", begun.id);
    assert!(refused.contains(&which), "{refused}");
    assert!(intake.control().cancel("op").await.unwrap());
    let scan = intake.settled(begun.id).await;
    assert_eq!(scan.outcome, Some(ScanOutcome::Cancelled));
    intake.stop().await;
}

const NUMBERS: [&str; 2] = ["RR473124829GB", "EE000000014CN"];

fn numbered(which: usize) -> Vec<u8> {
    jpeg(&envelope(NUMBERS[which], 200))
}

#[tokio::test]
async fn the_bar_code_on_an_envelope_begins_its_letter_on_whichever_side_it_is() {
    let mut intake = Intake::new(GroupBy::Barcode).await;
    let (batch, load) = intake.open_load(2).await;
    let first = vec![numbered(0), page(1), page(2), page(3)];
    let second = vec![page(4), numbered(1), page(5), page(6)];
    intake.scan(load, 2, [first, second].concat()).await;
    let letters = intake.letters(batch).await;
    let wanted = NUMBERS.map(|number| (number.to_owned(), 2, 2));
    let mut wanted = wanted.to_vec();
    wanted.sort();
    assert_eq!(letters, wanted);
    assert_eq!(intake.holds(batch).await, []);
    intake.stop().await;
}

#[tokio::test]
async fn a_bar_code_that_comes_again_or_late_holds_its_letter() {
    let mut intake = Intake::new(GroupBy::Barcode).await;
    let (batch, load) = intake.open_load(3).await;
    let images = vec![
        page(1),
        numbered(0),
        page(2),
        numbered(1),
        page(3),
        numbered(0),
        page(4),
    ];
    let scan = intake.scan(load, 1, images).await;
    let lost = format!("scan-{}", scan.id);
    assert_eq!(
        intake.holds(batch).await,
        [
            about(hold::MAIL_NUMBER_MISSING, &lost),
            about(hold::MAIL_NUMBER_AGAIN, NUMBERS[0]),
            about(hold::SAME_BYTES, NUMBERS[0]),
        ]
    );
    let mut letters = vec![
        (NUMBERS[0].to_owned(), 1, 3),
        (NUMBERS[1].to_owned(), 1, 1),
        (lost, 1, 0),
    ];
    letters.sort();
    assert_eq!(intake.letters(batch).await, letters);
    intake.stop().await;
}

#[tokio::test]
async fn a_load_that_is_not_released_cannot_be_scanned() {
    let mut intake = Intake::new(GroupBy::Separator).await;
    let (_, load) = intake.load(1).await;
    intake.device.put_in(vec![page(1)]);
    let refused = intake.control().start(load, None, Tray::Feeder, "op").await;
    assert!(refused.unwrap_err().to_string().contains("not released"));
    assert_eq!(intake.device.left(), 1, "nothing was fed");
    intake.stop().await;
}

#[tokio::test]
async fn a_scan_cut_off_by_a_power_cut_is_told_and_its_pages_are_taken() {
    let mut intake = Intake::stopped(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    let new = NewScan {
        scanner: "s1".into(),
        load,
        sides: 1,
        by: "op".into(),
    };
    let scan = intake
        .store
        .with(move |db| db.begin_scan(&new))
        .await
        .unwrap();
    let folder = intake.spool().join(format!("scan-{}", scan.id));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("0001.jpg"), page(1)).unwrap();
    std::fs::write(folder.join(".0002.part"), &page(2)[..500]).unwrap();
    intake.start();
    let scan = intake.settled(scan.id).await;
    assert_eq!(scan.outcome, Some(ScanOutcome::Interrupted));
    assert_eq!(
        intake.letters(batch).await,
        [(format!("scan-{}", scan.id), 1, 0)]
    );
    assert_eq!(
        intake.holds(batch).await,
        [about(hold::SCAN_INTERRUPTED, &format!("scan-{}", scan.id))]
    );
    intake.stop().await;
}

#[tokio::test]
async fn an_image_in_the_spool_that_no_scan_explains_is_held() {
    let mut intake = Intake::stopped(GroupBy::Scan).await;
    intake.open_load(1).await;
    let folder = intake.spool().join("scan-77");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("0001.jpg"), page(1)).unwrap();
    intake.start();
    let search = async {
        loop {
            let held = laixin::domain::intake::ArrivalState::Held;
            let held = intake
                .store
                .with(move |db| db.arrivals(held, None, 10))
                .await
                .unwrap();
            if let [one] = held.as_slice() {
                return one.reason.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let reason = tokio::time::timeout(super::BOUND, search).await.unwrap();
    assert_eq!(reason.as_deref(), Some("unknown_scan"));
    intake.stop().await;
}

#[tokio::test]
async fn an_image_that_comes_when_its_scan_is_over_is_taken_and_its_letter_looked_at_again() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    let scan = intake.scan(load, 1, vec![page(1)]).await;
    assert_eq!(intake.holds(batch).await, []);
    // As a program that outlived its station leaves it; the image before it never came.
    let folder = intake.spool().join(format!("scan-{}", scan.id));
    std::fs::write(folder.join("0003.jpg"), page(3)).unwrap();
    let letter = format!("scan-{}", scan.id);
    let search = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        while intake.letters(batch).await != [(letter.clone(), 1, 1)] {
            tick.tick().await;
        }
    };
    tokio::time::timeout(super::BOUND, search)
        .await
        .expect("it is taken");
    assert_eq!(
        intake.holds(batch).await,
        [(hold::SCAN_INTERRUPTED.to_owned(), Some(letter))]
    );
    intake.stop().await;
}
