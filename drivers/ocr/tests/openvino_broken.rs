//! OpenVINO's library damaged. A program of its own: a library that was loaded stays loaded.

use ocr::{Engine, OpenError, Runtime, Settings};
use std::path::PathBuf;

#[test]
fn a_damaged_openvino_library_is_named_and_rten_reads() {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let models = std::env::var_os("LAIXIN_MODELS")
        .map_or_else(|| workspace.join(".setup/models"), PathBuf::from);
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("libopenvino_c.so");
    std::fs::write(&library, "cut off").unwrap();
    let settings = |runtime| Settings {
        runtime,
        openvino_dir: Some(dir.path().to_owned()),
        ..Settings::new(&models)
    };
    let engine = Engine::open(&settings(Runtime::Auto)).unwrap();
    assert!(engine.version().contains(" rten "), "{}", engine.version());
    let note = engine.note().expect("it says why");
    assert!(note.contains(&library.display().to_string()), "{note}");
    let error = Engine::open(&settings(Runtime::OpenVino)).unwrap_err();
    assert!(matches!(error, OpenError::OpenVino { .. }), "{error}");
}
