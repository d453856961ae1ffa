//! A disk that takes nothing: nobody can be put on record as having looked, and page 今日 is where that is told.

use std::fs;

use laixin::store::Role;

use super::house::House;
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
