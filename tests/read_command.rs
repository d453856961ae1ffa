//! `laixin read` as others rely on it: what it says of files of which some cannot be read.

use std::process::Command;

use serde_json::Value;

use crate::support::{LAIXIN, models, project};

#[test]
fn every_file_is_told_of_when_one_of_them_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let whole = std::fs::read(project("tests/letters/A001_env.jpg")).expect("a letter");
    std::fs::write(file("cut.jpg"), &whole[..whole.len() / 2]).expect("it is written");
    std::fs::write(file("whole.jpg"), &whole).expect("it is written");
    std::fs::write(file("text.jpg"), "no image").expect("it is written");
    let pages = project("drivers/ocr/tests/samples/pages_jpeg.tif");
    std::fs::copy(pages, file("pages.tif")).expect("it is copied");
    let names = [
        "cut.jpg",
        "whole.jpg",
        "absent.jpg",
        "text.jpg",
        "pages.tif",
        // As long as one reads.
        "/dev/zero",
    ];

    let done = Command::new(LAIXIN)
        .args(["read", "--json", "--models"])
        .arg(models())
        .args(names.map(file))
        .output()
        .expect("the binary runs");
    assert_eq!(done.status.code(), Some(1), "a finding");
    let said: Value = serde_json::from_slice(&done.stdout).expect("one JSON document");
    let named = |list: &str, told: &dyn Fn(&Value) -> String| -> Vec<String> {
        let list = said[list].as_array().expect("a list");
        list.iter().map(told).collect()
    };
    let base = |one: &Value| {
        let path = one["file"].as_str().expect("a file");
        path.rsplit('/').next().expect("a name").to_owned()
    };
    let read = named("pages", &base);
    assert_eq!(read[0], "whole.jpg");
    assert!(read.len() > 2 && read[1..].iter().all(|name| name == "pages.tif"));
    let code = |one: &Value| format!("{} {}", base(one), one["code"].as_str().expect("a code"));
    assert_eq!(
        named("unread", &code),
        [
            "cut.jpg damaged",
            "absent.jpg not_opened",
            "text.jpg not_an_image",
            "zero not_opened"
        ]
    );
    for one in said["unread"].as_array().expect("a list") {
        let (detail, name) = (one["detail"].as_str().expect("a sentence"), base(one));
        assert!(
            detail.contains(&name) && detail.lines().count() == 1,
            "{detail}"
        );
    }
    let lines = said["pages"][0]["lines"].as_array().expect("lines");
    assert!(!lines.is_empty(), "the whole one is read");
}
