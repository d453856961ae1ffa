//! What stands in the way of closing: exceptions recorded and taken back, and a clock that was set back, in a real browser.

use laixin::domain::letter::Carrier;

use super::browser::with_browser;
use super::browser_station::{Station, USER};
use super::sign_in;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_exception_is_taken_back_and_a_clock_that_was_set_back_is_confirmed() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        let batch = station.open_batch(Carrier::Letter, 3).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        let form = format!("#exceptions-{batch} > form");
        browser
            .ask(&format!(
                "document.querySelector('#exceptions-{batch}').open = true;
                 document.querySelector('{form} select').value = 'missing';"
            ))
            .await;
        browser.fill(&format!("{form} [name=letters]"), "2").await;
        browser.fill(&format!("{form} [name=reason]"), "误记").await;
        browser.click(&format!("{form} button")).await;
        let counts = || station.app.store.with(move |db| db.batch_counts(batch));
        browser
            .until(
                "the exception",
                "document.querySelector('#exception-line-1')",
            )
            .await;
        assert_eq!(counts().await.unwrap().letters_short(), 1);
        browser
            .ask(&format!(
                "document.querySelector('#exceptions-{batch}').open = true;"
            ))
            .await;
        browser.picture("exceptions-zh").await;
        browser
            .fill("#exception-line-1 [name=reason]", "多记了")
            .await;
        browser.click("#exception-line-1 button").await;
        browser
            .until(
                "taken back",
                "document.querySelector('#exception-line-1 s')",
            )
            .await;
        assert_eq!(counts().await.unwrap().letters_short(), 3);

        // By what is on record, it is a year later.
        rusqlite::Connection::open(station.app.settings.database())
            .unwrap()
            .execute("UPDATE ledger SET at_ms = at_ms + 31536000000", [])
            .unwrap();
        browser.open(&station.page("/today")).await;
        browser.picture("clock-set-back-zh").await;
        browser.fill("#clock-reason", "时间服务器已校准").await;
        browser.click("#live-clock button").await;
        browser
            .until("confirmed", "!document.querySelector('#clock-reason')")
            .await;
        let told = station.app.store.with(|db| db.ledger_of("clock")).await;
        assert_eq!(told.unwrap().pop().unwrap().actor, USER);
    })
    .await;
}
