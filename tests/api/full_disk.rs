//! A disk that takes nothing: nobody can be put on record as having looked, and page 今日 is where that is told.

use std::fs;

use laixin::store::Role;

use super::house::{Caller, House};
use crate::support::small_disk::SmallDisk;

#[test]
fn page_today_tells_that_the_disk_is_full_and_shows_no_letter() {
    let Some(small) = SmallDisk::new(16) else {
        println!("skipped: a small tmpfs cannot be mounted here (not root)");
        return;
    };
    let house = House::in_folder(&small.path().join("data"));
    let li = house.person("li", Role::Operator);
    house.drafted("A1");
    let filler = small.path().join("filler");
    let written = fs::write(&filler, vec![1; 16 << 20]);
    assert!(written.is_err(), "the small disk is full now");
    let today = house.get(&li, "/today");
    assert_eq!(today.status, 200);
    assert!(today.text.contains("磁盘写不进去"), "{}", today.text);
    assert!(!today.text.contains("/letters/A1"));
    let letter = house.get(&li, "/letters/A1");
    assert_eq!(letter.status, 507);
    assert!(letter.text.contains("磁盘写不进去"), "{}", letter.text);
    fs::remove_file(&filler).unwrap();
    let today = house.get(&li, "/today");
    assert!(today.text.contains("/letters/A1"), "shown again, recorded");
    assert!(!today.text.contains("磁盘写不进去"));
}

/// Maintenance page, metrics and lists called the store ready while `/readyz` alone told that the disk took nothing.
#[test]
fn every_page_and_the_metrics_tell_that_the_disk_is_full_and_that_it_is_not_any_more() {
    const TOLD: &str = "磁盘已满或只读，什么也存不下";
    let Some(small) = SmallDisk::new(16) else {
        println!("skipped: a small tmpfs cannot be mounted here (not root)");
        return;
    };
    let house = House::in_folder(&small.path().join("data"));
    let mut people = Vec::new();
    for (role, pages) in [
        (Role::Operator, &["/batches", "/letters", "/search?q=x"][..]),
        (Role::ConfirmingOfficer, &["/batches"]),
        (Role::Maintenance, &["/today", "/maintenance", "/check"]),
        (
            Role::Administrator,
            &["/today", "/accounts", "/maintenance"],
        ),
        (Role::Auditor, &["/audit"]),
    ] {
        people.push((
            house.person(&format!("{role:?}").to_lowercase(), role),
            pages,
        ));
    }
    let on_host = Caller::default();
    // As the task that writes STATUS asks every few seconds.
    let ready = || house.get(&on_host, "/readyz").status == 200;
    let measured = |what: &str| {
        let told = house.get(&on_host, "/metrics").text;
        assert!(
            told.contains(&format!("laixin_part_ready{{part=\"store\"}} {what}")),
            "{told}"
        );
    };
    let on_pages = |is_told: bool| {
        for (person, pages) in &people {
            for page in *pages {
                let shown = house.get(person, page);
                assert_eq!(shown.text.contains(TOLD), is_told, "{page}: {}", shown.text);
            }
        }
        let sign_in = house.get(&Caller::default(), "/");
        assert_eq!(sign_in.text.contains(TOLD), is_told);
    };
    house.drafted("A1");
    house.app.readiness.ready("store");
    assert!(ready());
    on_pages(false);
    let filler = small.path().join("filler");
    let written = fs::write(&filler, vec![1; 16 << 20]);
    assert!(written.is_err(), "the small disk is full now");
    let li = &people[0].0;
    assert_eq!(house.get(li, "/letters/A1").status, 507);
    assert!(!ready());
    measured("0");
    on_pages(true);
    fs::remove_file(&filler).unwrap();
    assert!(ready());
    measured("1");
    on_pages(false);
}
