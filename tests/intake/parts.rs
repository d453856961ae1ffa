//! Letters that do not come in one piece: one in two batches, two in one envelope, pages that turn up later; and a scanner that answers with a web page.

use laixin::domain::balance::Exception;
use laixin::domain::grouping::{GroupBy, hold};
use laixin::domain::letter::Stage;
use laixin::store::{MoveTo, ScanOutcome};
use scanner::sim::Fault;

use super::Intake;
use super::sheets::page;

#[tokio::test]
async fn one_letter_in_two_batches_is_put_together_and_both_come_out() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (first, load) = intake.open_load(1).await;
    intake.scan(load, 1, vec![page(1), page(2)]).await;
    let (second, later) = intake.open_load(1).await;
    intake.scan(later, 1, vec![page(3)]).await;
    let joined = intake.store.with(move |db| {
        let pages = db.page_ids("scan-2")?;
        let into = MoveTo::Letter("scan-1".into());
        db.move_pages("scan-2", &pages, &into, ("王芳", "第二页随下一批寄到"))?;
        db.add_exception(
            second,
            (Exception::InOtherBatch, 1),
            ("王芳", "与第 1 批的信合并"),
        )?;
        db.close_batch(second, "王芳", None)?;
        db.close_batch(first, "王芳", None)
    });
    joined.await.unwrap();
    assert_eq!(
        intake.letters(first).await,
        [("scan-1".to_owned(), 2, 1)],
        "all three sheets in one letter"
    );
    let (moved, rows) = intake
        .store
        .with(|db| Ok((db.ledger_of("letter/scan-1")?, db.verify_rows()?)))
        .await
        .unwrap();
    let received = moved
        .iter()
        .find(|entry| entry.action == "pages.received")
        .unwrap();
    assert_eq!(received.actor, "王芳");
    assert!(received.detail.contains("第二页随下一批寄到"));
    assert_eq!(rows.faults, []);
    intake.stop().await;
}

#[tokio::test]
async fn two_letters_in_one_envelope_are_parted_with_person_and_reason() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    intake.scan(load, 1, vec![page(1), page(2), page(3)]).await;
    let parted = intake.store.with(move |db| {
        let pages = db.page_ids("scan-1")?;
        // In archive order the envelope comes last.
        let other = db.move_pages(
            "scan-1",
            &pages[1..2],
            &MoveTo::NewLetter,
            ("王芳", "两封信装在一个信封里"),
        )?;
        db.add_exception(
            batch,
            (Exception::SeveralInOne, 1),
            ("王芳", "一个信封两封信"),
        )?;
        db.close_batch(batch, "王芳", None)?;
        Ok((other, db.verify_rows()?))
    });
    let (other, rows) = parted.await.unwrap();
    assert_eq!(
        intake.letters(batch).await,
        [("scan-1".to_owned(), 1, 1), (other, 0, 1)]
    );
    assert_eq!(rows.faults, []);
    intake.stop().await;
}

#[tokio::test]
async fn a_page_that_turns_up_later_sends_its_letter_back_to_reading() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    intake.scan(load, 1, vec![page(1), page(2)]).await;
    intake.scan(load, 1, vec![page(3)]).await;
    let added = intake.store.with(|db| {
        let before = db.letter_row("scan-1")?.version;
        let pages = db.page_ids("scan-2")?;
        db.move_pages(
            "scan-2",
            &pages,
            &MoveTo::Letter("scan-1".into()),
            ("王芳", "漏扫的一页"),
        )?;
        Ok((before, db.letter_row("scan-1")?))
    });
    let (before, letter) = added.await.unwrap();
    assert_eq!(letter.stage, Stage::Reading, "its draft is made anew");
    let emptied = intake.store.with(|db| db.withholding("scan-2")).await;
    assert!(
        emptied.unwrap().is_some(),
        "a letter without pages is withdrawn, and not read for ever"
    );
    assert!(letter.version > before, "who looks at it is told");
    assert_eq!(
        intake.letters(batch).await[0],
        ("scan-1".to_owned(), 2, 1),
        "two first sheets, one letter"
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_scanner_that_answers_with_a_web_page_loses_nothing_in_silence() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    let scan = intake
        .scan_with(Fault::Html(2), load, vec![page(1), page(2), page(3)])
        .await;
    assert_eq!(scan.outcome, Some(ScanOutcome::Failed));
    assert_eq!(scan.trouble.as_deref(), Some("scanner_not_an_image"));
    assert_eq!(scan.registered_images, 1);
    let held = intake.holds(batch).await;
    assert!(
        held.iter().any(|(reason, _)| reason == hold::SCAN_BROKEN),
        "{held:?}"
    );
    let kept = intake.spool().join("held/not_an_image");
    let answer = std::fs::read_dir(kept)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let answer = std::fs::read_to_string(answer).unwrap();
    assert!(answer.to_lowercase().contains("<html"), "what came is kept");
    intake.stop().await;
}

/// How long after its last byte a wedged scanner is told, with the settings as shipped: `cargo test --release --test station -- --ignored --nocapture measure_wedged`.
#[tokio::test]
#[ignore = "a measurement of half a minute"]
async fn measure_wedged() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (_, load) = intake.open_load(1).await;
    let began = std::time::Instant::now();
    let scan = intake
        .scan_with(Fault::SlowLoris(2), load, vec![page(1), page(2)])
        .await;
    let seconds = began.elapsed().as_secs_f64();
    println!("a wedged eSCL scanner is told {seconds:.1} s after the scan began");
    assert_eq!(scan.trouble.as_deref(), Some("scanner_stalled"));
    assert!(seconds <= 30.0);
    intake.stop().await;
}
