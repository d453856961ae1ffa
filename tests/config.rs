//! Every file in `config/` loads; every file in `tests/bad-config/` is refused with its message.

use std::path::{Path, PathBuf};

use laixin::config::{ReaderSettings, Reading, Settings};

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

#[test]
fn the_shipped_office_loads() {
    use laixin::broker::counter::CounterSettings;
    let office = CounterSettings::load(&project("config/office/office.toml")).expect("it loads");
    assert_eq!(office.stations[0].name.0, "desk-a");
    assert!(office.office.seal_key.is_absolute());
}

#[test]
fn a_readers_shipped_settings_load_and_a_mistake_is_named() {
    let shipped = project("config/reader.toml");
    let settings = ReaderSettings::load(&shipped).expect("config/reader.toml loads");
    assert_eq!(settings.reader.name.to_string(), "reader-1");
    assert_eq!(
        settings.reading.page_timeout_s,
        Reading::default().page_timeout_s
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("reader.toml");
    let text = std::fs::read_to_string(shipped).expect("it is there");
    let told = |text: String| {
        std::fs::write(&file, text).expect("written");
        let told = ReaderSettings::load(&file)
            .expect_err("refused")
            .to_string();
        told.replace(&file.display().to_string(), "")
    };
    let plain = told(text.replace("tls://nats-1", "nats://nats-1"));
    assert!(
        plain.starts_with(":8: brokers: servers: \"nats://nats-1:4222\" is not allowed"),
        "{plain}"
    );
    let typo = told(text.replace("seal_key", "seal-key"));
    assert!(
        typo.starts_with(":5: reader.seal-key: unknown field"),
        "{typo}"
    );
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

#[test]
fn shipped_mappings_load_and_say_that_they_are_invented() {
    let mut seen = 0;
    for entry in std::fs::read_dir(project("config/case-system")).expect("the folder is there") {
        let file = entry.expect("a readable entry").path();
        let mapping = laixin::handoff::mapping(&file).expect("it loads");
        assert!(mapping.system.invented, "{}", file.display());
        assert!(mapping.system.name.contains("虚构"), "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 1);
}

#[test]
fn a_mapping_with_a_mistake_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("theirs.toml");
    let head = "[system]\nname = \"x\"\ninvented = true\nformat = \"xml\"\n";
    for (text, expected) in [
        (
            "[[field]]\nname = \"xm\"\nform = \"sender_name\"\n",
            ":7: field[0].form: unknown field `form`, expected one of ",
        ),
        (
            "[[field]]\nname = \"xm\"\nfrom = \"sender\"\n",
            ":7: field[0].from: unknown variant `sender`, expected one of ",
        ),
        (
            "[[field]]\nname = \"xm\"\nfrom = \"purpose\"\ncodes = \"nothing\"\n",
            ":8: mapping: field xm: there is no code list [codes.nothing]",
        ),
        (
            "[[field]]\nname = \"xm\"\nvalue = \"1\"\n[[field]]\nname = \"xm\"\nvalue = \"2\"\n",
            ":9: mapping: field xm: stands here twice",
        ),
        (
            "more = 1\n",
            ":5: system.more: unknown field `more`, expected one of ",
        ),
    ] {
        std::fs::write(&file, format!("{head}{text}")).expect("written");
        let told = laixin::handoff::mapping(&file)
            .expect_err("refused")
            .to_string();
        let expected = format!("{}{expected}", file.display());
        assert!(told.starts_with(&expected), "{told}\nnot\n{expected}");
    }
}
