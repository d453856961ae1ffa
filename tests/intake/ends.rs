//! Where a scan ends: a scanner that never stops, one that is done while paper is left, and what the batch says of it.

use laixin::domain::balance::Difference;
use laixin::domain::grouping::{GroupBy, hold};
use laixin::store::ScanOutcome;
use scanner::sim::Fault;

use super::Intake;
use super::sheets::page;

async fn told(intake: &Intake, batch: i64) -> Vec<(String, Option<String>)> {
    let holds = intake.store.with(move |db| db.open_holds(Some(batch), 100));
    let holds = holds.await.unwrap().into_iter();
    holds.map(|hold| (hold.reason, hold.detail)).collect()
}

#[tokio::test]
async fn paper_left_in_the_feeder_keeps_the_batch_from_coming_out() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    let scan = intake
        .scan_with(Fault::LeavesPaper(2), load, (0..5).map(page).collect())
        .await;
    assert_eq!(
        (scan.outcome, scan.trouble.as_deref()),
        (Some(ScanOutcome::Failed), Some("scanner_paper_left"))
    );
    let wanted = "scanner_paper_left after image 2".to_owned();
    assert_eq!(
        told(&intake, batch).await,
        [(hold::SCAN_BROKEN.to_owned(), Some(wanted))]
    );
    let counts = intake.store.with(move |db| db.batch_counts(batch));
    assert_eq!(
        counts.await.unwrap().differences(),
        [Difference::Held { holds: 1 }],
        "it came out by its letters alone"
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_scanner_that_never_stops_ends_at_the_settings_limit_and_every_page_is_registered() {
    let mut intake = Intake::stopped(GroupBy::Scan).await;
    intake.most_images = 4;
    intake.start();
    let (batch, load) = intake.open_load(1).await;
    let scan = intake
        .scan_with(Fault::Endless, load, (0..2).map(page).collect())
        .await;
    assert_eq!(
        (scan.outcome, scan.trouble.as_deref()),
        (Some(ScanOutcome::Failed), Some("scanner_too_many"))
    );
    assert_eq!((scan.received_images, scan.registered_images), (5, 5));
    let found = told(&intake, batch).await;
    let wanted = "scanner_too_many after image 5".to_owned();
    assert!(
        found.contains(&(hold::SCAN_BROKEN.to_owned(), Some(wanted))),
        "{found:?}"
    );
    intake.stop().await;
}
