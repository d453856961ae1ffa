//! The cabinet's page when something is badly wrong: one thing to do, in the person's words, and no way to make it worse.

use laixin::disinfect::WrongCabinetView;

use super::browser::with_browser;
use super::browser_station::{Station, idle, irradiating};
use super::{pictures, sign_in};

const PAGE: &str = "/cabinets/cabinet-1";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_lamp_may_burn_the_page_says_cut_the_mains_and_nothing_else() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = irradiating(4.0, 12.0);
        view.step = "alarm".into();
        view.cycle.as_mut().expect("a cycle").failed = Some("door_open".into());
        station.cabinet.send(view.clone()).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser
            .until(
                "the alarm",
                "document.querySelector('#step').dataset.step === 'alarm'",
            )
            .await;
        let said = browser.text(".step").await;
        assert!(
            said.contains("切断消毒柜总电源") && said.contains("柜门未关"),
            "{said}"
        );
        assert!(
            !said.contains("重新开始"),
            "a burning lamp is not started again: {said}"
        );
        let none = "return document.querySelectorAll('form.acknowledge').length;";
        assert_eq!(browser.ask(none).await, 0, "not while it burns");
        pictures(&browser, &station, PAGE, "cabinet-alarm").await;
        // Seen out: now a person may take it from there.
        for (point, value) in [("lamp_on", 0.0), ("irradiance_mw_cm2", 0.0)] {
            let found = view.points.iter_mut().find(|at| at.point == point);
            found.expect("there").value = Some(value);
        }
        station.cabinet.send(view).expect("somebody looks");
        browser
            .until("the way out", "document.querySelector('form.acknowledge')")
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_is_named_and_no_code_is_shown() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = idle();
        view.wrong_cabinet = Some(WrongCabinetView {
            point: "model".into(),
            read: "\"LX-TWIN2\"".into(),
            expected: "\"LX-DEMO1\"".into(),
        });
        for point in &mut view.points {
            point.value = None;
            point.missing = Some("wrong_cabinet".into());
        }
        station.cabinet.send(view).expect("somebody looks");
        let words = "another model, see the fault";
        let part = "cabinet/cabinet-1";
        station
            .app
            .readiness
            .not_ready(part, "wrong_cabinet", words);
        for (language, model) in [("zh", "型号不符"), ("en", "another model")] {
            browser
                .open(&station.page(&format!("/language/{language}")))
                .await;
            browser.open(&station.page(PAGE)).await;
            browser
                .until("the fault", "document.querySelector('.fault')")
                .await;
            let said = browser.text("main").await;
            for word in ["LX-TWIN2", "LX-DEMO1", model] {
                assert!(said.contains(word), "{word}: {said}");
            }
            assert!(!said.contains("wrong_cabinet"), "{said}");
            browser.open(&station.page("/today")).await;
            let today = browser.text("main").await;
            assert!(
                today.contains("cabinet-1") && !today.contains("wrong_cabinet"),
                "{today}"
            );
            assert!(!today.contains(words), "a sentence for the log: {today}");
        }
        pictures(&browser, &station, PAGE, "cabinet-wrong").await;
    })
    .await;
}
