//! The balance of a batch and the close of a day.

use laixin::clock;
use laixin::domain::balance::Exception;
use laixin::domain::grouping::GroupBy;
use laixin::store::StoreError;
use scanner::sim::Fault;

use super::Intake;
use super::sheets::page;

async fn close(intake: &Intake, batch: i64, note: Option<&'static str>) -> Result<(), String> {
    let closed = intake
        .store
        .with(move |db| db.close_batch(batch, "op", note))
        .await;
    closed.map_err(|error| error.to_string())
}

#[tokio::test]
async fn letters_missing_block_the_close_until_each_has_a_reason() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(3).await;
    intake.scan(load, 1, vec![page(1)]).await;
    let refused = close(&intake, batch, None).await.unwrap_err();
    assert!(
        refused.contains("2 letters fewer were scanned"),
        "{refused}"
    );
    let note = |kind, letters| {
        move |db: &mut laixin::store::Db| {
            db.add_exception(batch, (kind, letters), ("op", "on the desk"))
        }
    };
    intake
        .store
        .with(note(Exception::EmptyEnvelope, 1))
        .await
        .unwrap();
    assert!(
        close(&intake, batch, None)
            .await
            .unwrap_err()
            .contains("1 letter fewer was scanned")
    );
    intake
        .store
        .with(note(Exception::ReturnedUnread, 1))
        .await
        .unwrap();
    close(&intake, batch, None).await.unwrap();
    let late = intake.store.with(note(Exception::Other, 1)).await;
    assert!(
        matches!(late, Err(StoreError::WrongState { .. })),
        "a closed batch stays as it is"
    );
    intake.stop().await;
}

#[tokio::test]
async fn two_letters_in_one_envelope_come_out() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    intake.scan(load, 1, vec![page(1)]).await;
    intake.scan(load, 1, vec![page(2)]).await;
    assert!(
        close(&intake, batch, None)
            .await
            .unwrap_err()
            .contains("1 letter more was scanned")
    );
    let two = |db: &mut laixin::store::Db| {
        db.add_exception(1, (Exception::SeveralInOne, 1), ("op", "one envelope"))
    };
    intake.store.with(two).await.unwrap();
    close(&intake, batch, None).await.unwrap();
    intake.stop().await;
}

#[tokio::test]
async fn an_image_that_did_not_come_is_explained_by_no_note() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    intake
        .scan_with(Fault::CountsOneMore, load, vec![page(1), page(2)])
        .await;
    let refused = close(&intake, batch, Some("it will be all right"))
        .await
        .unwrap_err();
    assert!(
        refused.contains("1 image more or less came than a scanner fed"),
        "{refused}"
    );
    let resolved = intake.store.with(move |db| {
        let holds = db.open_holds(Some(batch), 10)?;
        holds.iter().try_for_each(|hold| {
            db.resolve_hold(hold.id, "op", "the sheet was found and is blank")
                .map(drop)
        })
    });
    resolved.await.unwrap();
    close(&intake, batch, None).await.unwrap();
    intake.stop().await;
}

#[tokio::test]
async fn a_held_letter_is_not_confirmed_or_claimed() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (batch, load) = intake.open_load(1).await;
    let scan = intake
        .scan_with(Fault::Jam(1), load, vec![page(1), page(2)])
        .await;
    let letter = format!("scan-{}", scan.id);
    let named = letter.clone();
    let held = intake
        .store
        .with(move |db| db.is_held(&named))
        .await
        .unwrap();
    assert!(held);
    let hold = intake
        .store
        .with(move |db| db.open_holds(Some(batch), 10))
        .await
        .unwrap()
        .remove(0);
    let twice = intake.store.with(move |db| {
        db.resolve_hold(hold.id, "op", "both pages are there")?;
        Ok(db.resolve_hold(hold.id, "other", "again").is_err())
    });
    assert!(twice.await.unwrap(), "resolved once");
    assert!(
        !intake
            .store
            .with(move |db| db.is_held(&letter))
            .await
            .unwrap()
    );
    intake.stop().await;
}

#[tokio::test]
async fn jams_and_sides_a_day_are_in_the_health_log_with_what_to_do() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (_, load) = intake.open_load(3).await;
    for _ in 0..3 {
        intake
            .scan_with(Fault::Jam(1), load, vec![page(1), page(2)])
            .await;
    }
    let log = intake
        .store
        .with(|db| db.health_log(Some("s1"), clock::Millis(0), 100))
        .await
        .unwrap();
    let jams: Vec<_> = log
        .iter()
        .filter(|row| row.point == "jam")
        .map(|row| (row.state.as_str(), row.code.as_deref()))
        .collect();
    assert_eq!(
        jams,
        [
            ("warning", Some("clear_paper_path")),
            ("warning", Some("clear_paper_path")),
            ("bad", Some("replace_rollers"))
        ],
        "three on one day are no accident"
    );
    intake.stop().await;
}

#[tokio::test]
async fn a_day_with_open_letters_is_not_closed_in_silence() {
    let mut intake = Intake::new(GroupBy::Scan).await;
    let (_, load) = intake.open_load(1).await;
    intake.scan(load, 1, vec![page(1)]).await;
    let today = clock::now().day();
    let bounds = clock::Millis::bounds_of_day(&today).unwrap();
    let day = today.clone();
    let refused = intake
        .store
        .with(move |db| db.close_day(&day, bounds, ("op", Some("  "))))
        .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("1 letter not confirmed, 1 batch not closed")
    );
    let day = today.clone();
    let closed = intake
        .store
        .with(move |db| db.close_day(&day, bounds, ("op", Some("to be read tomorrow"))))
        .await;
    let closed = closed.unwrap();
    assert_eq!(
        (closed.open_letters, closed.open_batches),
        (1, 1),
        "what was open stays on record"
    );
    let again = intake
        .store
        .with(move |db| db.close_day(&today, bounds, ("op", Some("again"))))
        .await;
    assert!(again.is_err());
    intake.stop().await;
}
