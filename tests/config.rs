//! Every file in `config/` loads; every file in `tests/bad-config/` is refused with its message.

use std::path::{Path, PathBuf};

use laixin::config::Settings;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn shipped_settings_load() {
    let settings =
        Settings::load(&project("config/station.toml")).expect("config/station.toml loads");
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8470");
    assert!(settings.registration.roster.ends_with("config/roster.toml"));
}

/// A bad file's first line is `# expect: ` and the message after the file's name.
#[test]
fn bad_settings_are_refused_with_their_message() {
    let mut seen = 0;
    for entry in
        std::fs::read_dir(project("tests/bad-config")).expect("the folder of bad settings is there")
    {
        let file = entry.expect("a readable entry").path();
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let expected = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# expect: "))
            .expect("a first line `# expect: …`");
        let refusal = Settings::load(&file).expect_err("refused").to_string();
        assert_eq!(refusal, format!("{}:{expected}", file.display()));
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} bad files were found");
}
