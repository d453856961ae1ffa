//! The model of `make setup`, against what the C program of its package computes.

use std::path::PathBuf;

use meaning::{Meaning, NUMBERS, OpenError, check};

fn models() -> PathBuf {
    std::env::var_os("LAIXIN_MODELS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.setup/models"),
        PathBuf::from,
    )
}

/// The numbers of one text.
fn of(model: &Meaning, text: &str) -> Vec<f32> {
    model.of(&[text.to_owned()]).remove(0)
}

#[test]
fn it_computes_what_the_peer_in_c_computes() {
    let model = Meaning::open(&models()).expect("make setup");
    let numbers = of(&model, "再不给钱，我就从楼顶跳下去。");
    assert_eq!(numbers.len(), NUMBERS);
    let peer = [
        [0.24, -0.011, 0.028, 0.357, 0.244, 0.079],
        [0.257, -0.117, -0.057, 0.325, 0.15, 0.206],
        [0.072, -0.06, 0.005, 0.298, 0.205, 0.338],
    ];
    for (layer, expected) in numbers.chunks(NUMBERS / 3).zip(peer) {
        for (got, expected) in layer.iter().zip(expected) {
            assert!((got - expected).abs() < 0.01, "{got} {expected}");
        }
    }
    // Full and half width are one.
    assert_eq!(numbers, of(&model, "再不给钱,我就从楼顶跳下去。"));
}

#[test]
fn anything_is_a_text() {
    let model = Meaning::open(&models()).expect("make setup");
    for text in ["", " ", "ß🙂\u{0}", &"再不给钱，".repeat(1000)] {
        let numbers = of(&model, text);
        assert!(numbers.len() == NUMBERS && numbers.iter().all(|n| n.is_finite()));
    }
}

#[test]
fn of_many_texts_each_has_its_own_numbers_in_their_order() {
    let model = Meaning::open(&models()).expect("make setup");
    let texts: Vec<String> = (0..11).map(|n| "再等".repeat(n + 1)).collect();
    let one_by_one: Vec<Vec<f32>> = texts.iter().map(|text| of(&model, text)).collect();
    assert_eq!(model.of(&texts), one_by_one);
    assert_eq!(model.of(&[]), Vec::<Vec<f32>>::new());
}

#[test]
fn a_file_that_is_absent_or_damaged_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let absent = Meaning::open(folder.path()).expect_err("no file");
    assert!(matches!(absent, OpenError::Unreadable { .. }));
    let mut bytes = std::fs::read(models().join(meaning::FILE)).expect("make setup");
    bytes[5_000_000] ^= 1;
    std::fs::write(folder.path().join(meaning::FILE), bytes).expect("written");
    let damaged = Meaning::open(folder.path()).expect_err("another file");
    assert!(matches!(damaged, OpenError::WrongChecksum { .. }));
    let told = check(folder.path()).map_err(|error| error.to_string());
    assert_eq!(told, Err(damaged.to_string()));
    assert!(check(&models()).is_ok());
    assert!(damaged.to_string().contains(meaning::FILE));
}
