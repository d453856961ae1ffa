//! The cabinet's page when something is badly wrong: one thing to do, in the person's words, and no way to make it worse.

use laixin::disinfect::{BlockedView, CabinetView, TroubleView, WrongCabinetView};
use laixin::domain::letter::Carrier;
use laixin::store::{CycleOutcome, CycleTerms, NewBatch, Role};

use super::browser::{ENTER, with_browser};
use super::browser_station::{Station, idle, irradiating};
use super::trust::sign_in_as;
use super::{USER, pictures, sign_in};

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
        // Whoever only works with letters is told who ends it, and has no button that would be refused.
        station.add_person("李明", Role::Operator).await;
        sign_in_as(&browser, &station, "李明").await;
        browser.open(&station.page(PAGE)).await;
        browser.at("#wants-alarm-ender").await;
        let said = browser.text(".step").await;
        assert!(said.contains("由维护员、核准人或管理员"), "{said}");
        assert_eq!(browser.ask(none).await, 0, "it would be refused");
        pictures(&browser, &station, PAGE, "cabinet-alarm-operator").await;
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

fn broken_ozone_sensor(mut view: CabinetView) -> CabinetView {
    let trouble = TroubleView {
        point: "ozone_mg_m3".into(),
        code: "out_of_range".into(),
        place: "input_register 1".into(),
        read: "65.535 mg/m3 (raw 65535)".into(),
        expected: "0 … 20 mg/m3".into(),
        needed: true,
    };
    let silent = TroubleView {
        point: "locked".into(),
        code: "refused".into(),
        place: "discrete_input 2".into(),
        read: "Modbus exception 4".into(),
        expected: "0 … 1".into(),
        needed: true,
    };
    let refused = TroubleView {
        point: "lamp_temperature_c".into(),
        code: "refused".into(),
        place: "input_register 40".into(),
        read: "Modbus exception 2".into(),
        expected: "-20 … 120 degC".into(),
        needed: false,
    };
    view.blocked = Some(BlockedView {
        code: "reading_missing".into(),
        trouble: Some(trouble.clone()),
    });
    view.troubles = vec![trouble, silent, refused];
    view
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_cannot_be_believed_is_named_with_what_was_read_and_expected() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let view = broken_ozone_sensor(idle());
        station.cabinet.send(view).expect("somebody looks");
        for (language, words) in [
            (
                "zh",
                [
                    "臭氧浓度",
                    "现在不能开始消毒",
                    "Modbus 异常码 2",
                    "灯管温度",
                ],
            ),
            (
                "en",
                [
                    "Ozone",
                    "No cycle can be started",
                    "Modbus exception 2",
                    "Lamp temperature",
                ],
            ),
        ] {
            let to = station.page(&format!("/language/{language}"));
            browser.open(&to).await;
            browser.open(&station.page(PAGE)).await;
            browser.at("#blocked").await;
            let said = browser.text("main").await;
            for word in words {
                assert!(said.contains(word), "{word}: {said}");
            }
            for figure in ["ozone_mg_m3", "65.535 mg/m3 (raw 65535)", "0 … 20 mg/m3"] {
                assert!(said.contains(figure), "{figure}: {said}");
            }
            assert!(!said.contains("out_of_range"), "{said}");
            // Whatever is needed as well is never among what keeps nobody from disinfecting.
            let needed = browser.text("#needed").await;
            let warnings = browser.text("#warnings").await;
            let (lock, lamp) = ("discrete_input 2", "input_register 40");
            assert!(needed.contains(lock) && !needed.contains(lamp), "{needed}");
            assert!(
                warnings.contains(lamp) && !warnings.contains(lock),
                "{warnings}"
            );
            let none = "return document.querySelectorAll('form.start').length;";
            assert_eq!(browser.ask(none).await, 0, "no cycle is started");
        }
        pictures(&browser, &station, PAGE, "cabinet-blocked").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_self_test_says_that_no_cycle_starts() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = idle();
        view.blocked = Some(BlockedView {
            code: "self_test_failed".into(),
            trouble: None,
        });
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#blocked").await;
        let said = browser.text("main").await;
        for word in ["设备自检未通过", "再通过一次自检", "特批放行"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        pictures(&browser, &station, PAGE, "cabinet-test-failed").await;
    })
    .await;
}

/// A cycle of load 1 that failed, on record.
async fn quarantined(station: &Station) {
    let made = station.app.store.with(|db| {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: 3,
            received: laixin::clock::now(),
        };
        let batch = db.sign_in_batch(&new, USER)?;
        let load = db.add_load(batch, "cabinet-1", USER)?;
        let terms = CycleTerms::measured("cabinet-1", &"0".repeat(64));
        let cycle = db.begin_cycle(load, &terms, USER)?;
        let ended = CycleOutcome {
            failed: Some("door_open".into()),
            exposures: Vec::new(),
            ventilation_s: 0.0,
        };
        db.end_cycle(cycle, &ended)
    });
    made.await.expect("recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_says_where_the_override_is_and_offers_no_button_before_it() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        quarantined(&station).await;
        let mut view = irradiating(4.0, 12.0);
        view.step = "quarantined".into();
        view.cycle.as_mut().expect("a cycle").failed = Some("door_open".into());
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#wants-override a[href='/batches']").await;
        let none = "return document.querySelectorAll('form.acknowledge').length;";
        assert_eq!(browser.ask(none).await, 0, "it would be refused");
        let papers = browser.text(".cycle").await;
        assert!(
            papers.contains("照射记录（未放行）") && !papers.contains("照射证明"),
            "{papers}"
        );
        pictures(&browser, &station, PAGE, "cabinet-quarantined").await;
        let signed = station
            .app
            .store
            .with(|db| db.override_load(1, (USER, "li"), "urgent"));
        signed.await.expect("signed");
        browser.open(&station.page(PAGE)).await;
        browser.at("form.acknowledge").await;
        assert!(browser.text("form.acknowledge").await.contains("开门"));
        let page = browser.text("main").await;
        assert!(
            page.contains("柜内信件已经特批") && !page.contains("重新开始"),
            "one thing to do, and not what would be refused: {page}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_cabinet_shows_no_letters_and_tells_its_last_cycle() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        quarantined(&station).await;
        station.cabinet.send(idle()).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#last-cycle").await;
        let said = browser.text("#last-cycle").await;
        assert!(said.contains("C000001") && said.contains("未放行：柜门未关"), "{said}");
        assert!(said.contains("照射记录（未放行）") && !said.contains("照射证明"), "{said}");
        let letters = "return getComputedStyle(document.querySelector('.cab .mail')).display === 'none' ? 0 : 1;";
        assert_eq!(browser.ask(letters).await, 0, "nothing is inside");
        // After an aborted self test nothing is inside either, and there is a way out.
        let mut view = idle();
        view.step = "quarantined".into();
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("form.acknowledge").await;
        let said = browser.text(".step").await;
        assert!(said.contains("直接重新自检") && !said.contains("请按下一步处理"), "{said}");
        pictures(&browser, &station, PAGE, "cabinet-after-test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_names_every_fault_that_stands() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = irradiating(4.0, 12.0);
        view.step = "alarm".into();
        view.cycle.as_mut().expect("a cycle").failed = Some("aborted_by_operator".into());
        for (point, value) in [("door_closed", 0.0), ("estop_pressed", 1.0)] {
            let found = view.points.iter_mut().find(|at| at.point == point);
            found.expect("there").value = Some(value);
        }
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at(".fault").await;
        let said = browser.text(".step").await;
        for fault in [
            "经办人中止了消毒",
            "灯管没有按要求熄灭",
            "柜门未关",
            "急停按钮被按下",
        ] {
            assert!(said.contains(fault), "{fault}: {said}");
        }
    })
    .await;
}

/// Nothing is refused; whoever starts knows what every certificate will say.
#[tokio::test(flavor = "multi_thread")]
async fn before_a_start_it_is_said_that_no_self_test_was_passed() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let waits = station.app.store.with(|db| {
            let new = NewBatch {
                carrier: Carrier::Letter,
                count: 1,
                received: laixin::clock::now(),
            };
            let batch = db.sign_in_batch(&new, USER)?;
            db.add_load(batch, "cabinet-1", USER)
        });
        waits.await.expect("a load waits");
        let mut view = idle();
        view.self_test = None;
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("form.start #untested").await;
        let said = browser.text("form.start").await;
        assert!(
            said.contains("请先空柜自检") && said.contains("开始消毒"),
            "{said}"
        );
        pictures(&browser, &station, PAGE, "cabinet-untested").await;
        browser.open(&station.page("/batches")).await;
        browser.at(".loads form").await;
        let said = browser.text(".loads").await;
        assert!(said.contains("请先空柜自检"), "{said}");
        pictures(&browser, &station, "/batches", "batches-untested").await;
    })
    .await;
}

/// Where no dose is measured there is no bar that could look like one.
#[tokio::test(flavor = "multi_thread")]
async fn in_timer_mode_no_bar_of_a_dose_is_drawn() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let bars = "return document.querySelectorAll('progress.dose').length;";
        let mut view = irradiating(4.0, 12.0);
        station.cabinet.send(view.clone()).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#dose").await;
        assert_eq!(browser.ask(bars).await, 1, "measured");
        let cycle = view.cycle.as_mut().expect("a cycle");
        (cycle.dose_mj_cm2, cycle.target_dose_mj_cm2) = (None, None);
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#dose").await;
        assert!(browser.text("#dose").await.contains("未测量"));
        assert_eq!(browser.ask(bars).await, 0, "nothing to draw");
        pictures(&browser, &station, PAGE, "cabinet-timer").await;
    })
    .await;
}

/// The door was seen open after the release: what lies inside now is the next load, and nobody is told to open it.
#[tokio::test(flavor = "multi_thread")]
async fn once_the_load_is_taken_out_nobody_is_told_that_it_may_be_opened() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = irradiating(100.0, 12.0);
        view.step = "released".into();
        view.awaits_unloading = true;
        station.cabinet.send(view.clone()).expect("somebody looks");
        for (unloaded, told) in [(false, true), (true, false)] {
            view.awaits_unloading = !unloaded;
            station.cabinet.send(view.clone()).expect("somebody looks");
            for page in [PAGE, "/today"] {
                browser.open(&station.page(page)).await;
                browser.at("main").await;
                let said = browser.text("main").await;
                assert_eq!(said.contains("可以取信"), told, "{page}: {said}");
            }
        }
        let letters = "return getComputedStyle(document.querySelector('.cab .mail')).display === 'none' ? 0 : 1;";
        browser.open(&station.page(PAGE)).await;
        browser.at("#step").await;
        assert_eq!(browser.ask(letters).await, 0, "nothing of that load is inside");
        pictures(&browser, &station, PAGE, "cabinet-unloaded").await;
    })
    .await;
}

/// Nothing on record of it: what to find out, who ends it, and no test that would light it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cabinet_found_in_use_says_what_to_find_out_and_who_ends_it() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        let mut view = idle();
        view.step = "quarantined".into();
        view.blocked = Some(BlockedView {
            code: "found_in_use".into(),
            trouble: None,
        });
        station.cabinet.send(view).expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#blocked").await;
        let said = browser.text("main").await;
        assert!(said.contains("查清柜内是什么") && !said.contains("柜内应无信件"), "{said}");
        let forms = "return [...document.querySelectorAll('main form')].map(form => form.dataset.call.split('/').pop()).join();";
        assert_eq!(browser.ask(forms).await, "acknowledge,abort");
        pictures(&browser, &station, PAGE, "cabinet-found-in-use").await;
    })
    .await;
}

/// The page draws itself anew every second: the focus fell to nowhere, and Enter did nothing.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_on_the_button_that_aborts_stays_there_while_the_page_changes() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        station
            .cabinet
            .send(irradiating(4.0, 12.0))
            .expect("somebody looks");
        browser.open(&station.page(PAGE)).await;
        browser.at("#to-abort").await;
        browser
            .ask("document.getElementById('to-abort').focus();")
            .await;
        let mut view = irradiating(4.0, 24.0);
        view.troubles = vec![TroubleView {
            point: "lamp_temperature_c".into(),
            code: "refused".into(),
            place: "input_register 2".into(),
            read: "Modbus exception 4".into(),
            expected: "0 … 120".into(),
            needed: false,
        }];
        let cycle = view.cycle.as_mut().expect("a cycle");
        cycle.left_s = None;
        cycle.dose_mj_cm2 = None;
        station.cabinet.send(view).expect("somebody looks");
        browser
            .until("the change", "document.getElementById('warnings')")
            .await;
        let focused = "return document.activeElement.id;";
        assert_eq!(browser.ask(focused).await, "to-abort");
        browser.press(ENTER).await;
        browser
            .until("the question", "document.getElementById('abort').open")
            .await;
        // It is over meanwhile: nothing is left to abort.
        station.cabinet.send(idle()).expect("somebody looks");
        browser
            .until(
                "the question gone",
                "!document.getElementById('abort').open",
            )
            .await;
    })
    .await;
}
