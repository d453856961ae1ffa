//! Every text of the console, by language: two message files with the same keys, embedded.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use crate::config::Language;
use crate::domain::access::{Action, roles_that_may};

mod said;

type Messages = BTreeMap<String, BTreeMap<String, String>>;

/// The texts of one language.
#[derive(Debug)]
pub(crate) struct Words {
    language: Language,
    messages: Messages,
}

fn load(language: Language, file: &str) -> Words {
    Words {
        language,
        messages: toml::from_str(file)
            .expect("the embedded message files parse: a test reads them"),
    }
}

static CHINESE: LazyLock<Words> =
    LazyLock::new(|| load(Language::Chinese, include_str!("messages/zh.toml")));
static ENGLISH: LazyLock<Words> =
    LazyLock::new(|| load(Language::English, include_str!("messages/en.toml")));

impl Words {
    /// The texts of a language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }

    /// Which language this is.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// For `<html lang>` and file names.
    pub(crate) fn tag(&self) -> &'static str {
        match self.language {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    /// The short name, as in the cookie.
    pub(crate) fn short(&self) -> &'static str {
        match self.language {
            Language::Chinese => "zh",
            Language::English => "en",
        }
    }

    /// The short name of the language one may switch to.
    pub(crate) fn other(&self) -> &'static str {
        match self.language {
            Language::Chinese => "en",
            Language::English => "zh",
        }
    }

    /// One text, by `section.key`. A key that is not there shows itself; a test looks for such.
    pub(crate) fn t<'a>(&'a self, key: &'a str) -> &'a str {
        key.split_once('.')
            .and_then(|(section, name)| self.messages.get(section)?.get(name))
            .map_or(key, String::as_str)
    }

    /// The word for a stable code, or the code itself.
    pub(crate) fn code<'a>(&'a self, section: &str, code: &'a str) -> &'a str {
        self.known(section, code).unwrap_or(code)
    }

    /// The word for a stable code, where there is one.
    pub(crate) fn known(&self, section: &str, code: &str) -> Option<&str> {
        self.messages.get(section)?.get(code).map(String::as_str)
    }

    /// What an error says: ours in this language (`said`), what the system said within it in words with its number (`os_error`); what is not listed stays
    /// as it is.
    pub(crate) fn system_said(&self, text: &str) -> String {
        let mut told = match self.language {
            Language::Chinese => said::translated(self, text),
            Language::English => text.to_owned(),
        };
        for (number, words) in self.messages.get("os_error").into_iter().flatten() {
            if let Ok(number) = number.parse() {
                let said = std::io::Error::from_raw_os_error(number).to_string();
                told = told.replace(&said, words);
            }
        }
        told
    }

    /// A part of the station in words: `cabinet/cabinet-1` is the cabinet `cabinet-1`, `office/clock` has a name of its own.
    pub(crate) fn part_name(&self, part: &str) -> String {
        if let Some(own) = self.known("part", &part.replace('/', "_")) {
            return own.to_owned();
        }
        match part.split_once('/') {
            None => self.code("part", part).to_owned(),
            Some((kind, id)) => format!("{} {id}", self.code("part", kind)),
        }
    }

    /// A text with its `{}` filled in order.
    pub(crate) fn fill(&self, key: &str, values: &[&dyn Display]) -> String {
        let mut parts = self.t(key).split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (at, part) in parts.enumerate() {
            if let Some(value) = values.get(at) {
                text.push_str(&value.to_string());
            }
            text.push_str(part);
        }
        let is_one = values.first().is_some_and(|value| value.to_string() == "1");
        counted(&text, is_one)
    }

    /// A text with one `{}`.
    pub(crate) fn one(&self, key: &str, value: impl Display) -> String {
        self.fill(key, &[&value])
    }

    /// A text with two `{}`.
    pub(crate) fn two(&self, key: &str, first: impl Display, second: impl Display) -> String {
        self.fill(key, &[&first, &second])
    }

    /// A refusal of a cabinet by its stable code, and what to do about it; none of a code that has no words.
    pub(crate) fn refusal(&self, code: &str) -> Option<String> {
        Some(self.and_next(code, self.known("fault", code)?))
    }

    /// The refusal of a cabinet in which this other load lies.
    pub(crate) fn other_load(&self, load: i64) -> String {
        self.and_next("other_load_inside", &self.one("script.other_load", load))
    }

    fn and_next(&self, code: &str, what: &str) -> String {
        match self.known("fault_do", code) {
            Some(next) => format!("{code}: {what}{}{next}", self.t("script.stop")),
            None => format!("{code}: {what}"),
        }
    }

    /// Several, one behind the other.
    pub(crate) fn list<S: std::borrow::Borrow<str>>(&self, items: &[S]) -> String {
        items.join(self.t("app.and"))
    }

    /// The roles of people that may do that, in words.
    pub(crate) fn who_may(&self, action: Action) -> String {
        let roles = roles_that_may(action).map(|role| self.code("role", role.word()));
        roles.collect::<Vec<_>>().join(self.t("script.or"))
    }

    /// Who signed an override: both people, or the one of records from before two had to.
    pub(crate) fn signers(&self, by: &str, approved_by: Option<&str>) -> String {
        match approved_by {
            Some(approver) => self.two("override.signers", by, approver),
            None => by.to_owned(),
        }
    }

    /// A whole section, for scripts.
    pub(crate) fn section(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.messages.get(name)
    }
}

/// `[waits|wait]` becomes the word that goes with the text's first number.
fn counted(text: &str, is_one: bool) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let words = behind.split_once(']');
        let Some(((one, more), after)) =
            words.and_then(|(words, after)| Some((words.split_once('|')?, after)))
        else {
            break;
        };
        told.push_str(before);
        told.push_str(if is_one { one } else { more });
        rest = after;
    }
    told.push_str(rest);
    told
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn keys(words: &Words) -> BTreeMap<(String, String), usize> {
        let flat = words.messages.iter().flat_map(|(section, texts)| {
            texts.iter().map(move |(key, text)| {
                ((section.clone(), key.clone()), text.matches("{}").count())
            })
        });
        flat.collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_places() {
        assert_eq!(keys(&CHINESE), keys(&ENGLISH));
    }

    #[test]
    fn what_the_system_says_in_english_is_told_in_words_with_its_number() {
        let full = std::io::Error::from_raw_os_error(28);
        let text = format!("cannot write /var/lib/laixin/lock: {full}");
        let told = "cannot write /var/lib/laixin/lock: 磁盘已满（错误 28）";
        assert_eq!(CHINESE.system_said(&text), told);
        for number in CHINESE.section("os_error").unwrap().keys() {
            let said = std::io::Error::from_raw_os_error(number.parse().unwrap());
            let told = CHINESE.system_said(&said.to_string());
            assert_eq!(told, CHINESE.code("os_error", number));
            assert!(told.ends_with(&format!("（错误 {number}）")), "{told}");
        }
        let rare = std::io::Error::from_raw_os_error(61).to_string();
        assert_eq!(CHINESE.system_said(&rare), rare);
    }

    /// “cannot connect” stood where the next step belongs.
    #[test]
    fn what_is_to_be_done_about_a_reading_that_is_missing_is_a_step() {
        for words in [&*CHINESE, &*ENGLISH] {
            let missing = words.section("missing").unwrap().keys();
            for code in
                missing.filter(|code| !["not_in_profile", "not_fitted"].contains(&code.as_str()))
            {
                let step = words
                    .known("health_do", code)
                    .or(words.known("fault_do", code));
                assert!(step.is_some(), "{code} has a cause and no step");
                assert_ne!(step, words.known("missing", code), "{code}");
            }
        }
    }

    /// `cannot_connect` and the library's own English stood on the overview.
    #[test]
    fn every_part_that_is_not_ready_is_told_in_words() {
        fn literals(folder: &Path, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    literals(&path, found);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    let source = source.split("#[cfg(test)]").next().unwrap();
                    for call in source.split("not_ready(").skip(1) {
                        let call = call.split([';', ')']).next().unwrap().split('"');
                        let texts = call.skip(1).step_by(2);
                        let codes = texts.filter(|text| {
                            !text.is_empty()
                                && text.chars().all(|c| c == '_' || c.is_ascii_lowercase())
                        });
                        found.extend(codes.map(str::to_owned));
                    }
                }
            }
        }
        let mut found = BTreeSet::new();
        literals(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        assert!(
            found.contains("webhook_off") && found.len() > 10,
            "{found:?}"
        );
        // What keeps a webhook from being told, each given out of an enum of its own.
        let of_webhooks = [
            "cannot_connect",
            "no_answer",
            "broken_off",
            "no_address",
            "address_not_allowed",
            "secret_unusable",
            "tls_unusable",
        ];
        found.extend(of_webhooks.map(str::to_owned));
        for words in [&*CHINESE, &*ENGLISH] {
            for code in &found {
                let known = words.known("part_code", code).or(words.known("part", code));
                assert!(known.is_some(), "{code} has no words");
            }
            for part in ["webhook", "exchange"] {
                assert!(words.known("part", part).is_some(), "{part}");
            }
        }
    }

    #[test]
    fn one_is_told_as_one_and_names_keep_their_brackets() {
        assert_eq!(
            ENGLISH.one("scanning.held", 1),
            "1 finding waits for a person: look at each and say what was found."
        );
        assert!(
            ENGLISH
                .one("scanning.held", 2)
                .starts_with("2 findings wait ")
        );
        assert_eq!(counted("a [b] c", true), "a [b] c");
    }

    #[test]
    fn english_texts_are_english() {
        for (section, texts) in &ENGLISH.messages {
            for (key, text) in texts {
                let han = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert!(!han || key == "language", "{section}.{key}: {text}");
            }
        }
    }

    /// Every `t("…")`, `one("…")`, `fill("…")` in this module's sources and templates names a text that exists.
    #[test]
    fn every_text_that_is_asked_for_exists() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        let mut missing = BTreeSet::new();
        let mut asked = 0;
        for folder in ["", "templates"] {
            for file in std::fs::read_dir(here.join(folder)).expect("the sources are there") {
                let path = file.expect("the folder can be listed").path();
                if path.is_dir() || path.ends_with("words.rs") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("a text file");
                for call in [".t(\"", ".one(\"", ".two(\"", ".fill(\""] {
                    for rest in text.split(call).skip(1) {
                        let key = rest.split('"').next().unwrap_or_default();
                        asked += 1;
                        if CHINESE.t(key) == key {
                            missing.insert(key.to_owned());
                        }
                    }
                }
            }
        }
        assert!(asked > 100, "only {asked} texts are asked for");
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// What stands in a page itself is shown in both languages alike.
    #[test]
    fn no_page_has_a_chinese_text_of_its_own() {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/templates");
        for file in std::fs::read_dir(pages).expect("the templates are there") {
            let path = file.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("a text file");
            let found = text
                .lines()
                .find(|line| line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
            assert_eq!(found, None, "{}", path.display());
        }
    }

    #[test]
    fn every_deadline_that_comes_along_has_an_english_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/deadlines");
        let mut named = 0;
        for file in std::fs::read_dir(folder).expect("the profiles are there") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text file");
            let profile: crate::domain::deadline::Profile =
                toml::from_str(&text).expect("a profile");
            for rule in profile.deadline {
                assert!(
                    ENGLISH.known("deadline", &rule.name).is_some(),
                    "{}",
                    rule.name
                );
                named += 1;
            }
        }
        assert!(named > 0);
    }

    /// What the two lists of forbidden wordings (常信〔2019〕24号 附件2, 巫山 附件2) come down to, each by the words that make it rude.
    const FORBIDDEN: [&str; 42] = [
        "不知道",
        "不清楚",
        "喊什么",
        "等会儿",
        "没看到我",
        "着什么急",
        "简单点",
        "罗嗦",
        "啰嗦",
        "吵什么",
        "叫什么",
        "有完没完",
        "烦不烦",
        "废话",
        "想干什么",
        "随便你",
        "找领导去",
        "这个态度",
        "就这态度",
        "管不着",
        "管不了",
        "解决不了",
        "愿意找谁",
        "爱上哪",
        "自己去问",
        "告我去",
        "还没上班",
        "没办法",
        "自己看着办",
        "这么多事",
        "又来啦",
        "自己解决去",
        "不听了",
        "下班了",
        "急什么",
        "不告诉你",
        "喂",
        "干啥子",
        "不要吵",
        "都不懂",
        "自己看啊",
        "可没好处",
    ];
    /// The same in English: orders without please, and blame.
    const FORBIDDEN_ENGLISH: [&str; 9] = [
        "don't know",
        "not my",
        "shut up",
        "hurry",
        "your fault",
        "stupid",
        "obviously",
        "you should have",
        "illegal ",
    ];

    /// The lists ask for 您 and 请, and for no sharp word; no text of the console needs 你 or a shout.
    #[test]
    fn no_text_is_on_the_lists_of_forbidden_wordings() {
        for (section, texts) in &CHINESE.messages {
            for (key, text) in texts {
                let rude = FORBIDDEN.iter().find(|words| text.contains(**words));
                assert_eq!(rude, None, "{section}.{key}: {text}");
                assert!(
                    !text.contains('你') && !text.contains('！'),
                    "{section}.{key}: {text}"
                );
            }
        }
        for (section, texts) in &ENGLISH.messages {
            for (key, text) in texts {
                let lower = text.to_lowercase();
                let rude = FORBIDDEN_ENGLISH
                    .iter()
                    .find(|words| lower.contains(**words));
                assert_eq!(rude, None, "{section}.{key}: {text}");
                assert!(!text.contains('!'), "{section}.{key}: {text}");
            }
        }
    }

    /// What a person is to do after a refusal or a fault is asked for, as the courteous list does: 请……, or it says what happens by itself.
    #[test]
    fn whoever_is_refused_is_asked_politely() {
        for section in ["problem", "refused", "again"] {
            for (key, text) in CHINESE.section(section).expect("the section is there") {
                let orders = ["必须", "不许", "不准", "严禁"];
                assert!(
                    !orders.iter().any(|order| text.contains(order)),
                    "{section}.{key}: {text}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_code_shows_itself() {
        assert_eq!(CHINESE.code("fault", "door_open"), "柜门未关");
        assert_eq!(CHINESE.code("fault", "from_the_future"), "from_the_future");
    }

    #[test]
    fn places_are_filled_in_order() {
        assert_eq!(
            CHINESE.two("batches.balance", 3, 2),
            "签收 3 件，已扫描 2 件"
        );
    }
}
