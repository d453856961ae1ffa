//! The embedded style, scripts and pictures, under an address that changes with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::words::Words;
use crate::config::Language;
use crate::digest;
use crate::domain::extract::categories;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const FILES: [(&str, &str, &str); 23] = [
    ("base.css", CSS, include_str!("assets/base.css")),
    ("pages.css", CSS, include_str!("assets/pages.css")),
    ("cabinet.css", CSS, include_str!("assets/cabinet.css")),
    ("trust.css", CSS, include_str!("assets/trust.css")),
    ("alerts.js", SCRIPT, include_str!("assets/alerts.js")),
    ("letter.css", CSS, include_str!("assets/letter.css")),
    ("visitor.css", CSS, include_str!("assets/visitor.css")),
    ("contrast.css", CSS, include_str!("assets/contrast.css")),
    ("visitor.js", SCRIPT, include_str!("assets/visitor.js")),
    ("live.js", SCRIPT, include_str!("assets/live.js")),
    ("focus.js", SCRIPT, include_str!("assets/focus.js")),
    ("call.js", SCRIPT, include_str!("assets/call.js")),
    ("session.js", SCRIPT, include_str!("assets/session.js")),
    ("search.js", SCRIPT, include_str!("assets/search.js")),
    ("trail.js", SCRIPT, include_str!("assets/trail.js")),
    ("review.js", SCRIPT, include_str!("assets/review.js")),
    ("sheets.js", SCRIPT, include_str!("assets/sheets.js")),
    ("settings.js", SCRIPT, include_str!("assets/settings.js")),
    ("sheets.css", CSS, include_str!("assets/sheets.css")),
    ("viewer.js", SCRIPT, include_str!("assets/viewer.js")),
    ("matters.js", SCRIPT, include_str!("assets/matters.js")),
    ("fields.js", SCRIPT, include_str!("assets/fields.js")),
    ("mark.svg", "image/svg+xml", include_str!("assets/mark.svg")),
];

/// What scripts say, as a script of its own: the content security policy allows none inside a page.
fn words_script(language: Language) -> String {
    let words = Words::of(language);
    let wanted = [
        "app",
        "script",
        "problem",
        "allowed",
        "asked",
        "validity",
        "fault",
        "fault_do",
        "point",
        "missing",
        "letter",
        "alarm",
        "rule",
        "sheets",
        "role",
        "settings",
        "setting_fault",
        "setting_entry",
        "right",
        "sight",
        "deadline",
        "field",
    ];
    let said: serde_json::Map<_, _> = wanted
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), serde_json::json!(words.section(name)?))))
        .collect();
    // What a matter may be about, with the words that each is found by.
    let listed: Vec<_> = categories().collect();
    format!(
        "window.laixinWords = {};\nwindow.laixinCategories = {};\n",
        serde_json::Value::Object(said),
        serde_json::json!(listed)
    )
}

static SCRIPTS_OF_WORDS: LazyLock<[(&str, String); 2]> = LazyLock::new(|| {
    [
        ("words.zh.js", words_script(Language::Chinese)),
        ("words.en.js", words_script(Language::English)),
    ]
});

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let files = FILES.iter().map(|(_, _, text)| *text);
    let words = SCRIPTS_OF_WORDS.iter().map(|(_, text)| text.as_str());
    let all: String = files.chain(words).collect();
    digest::sha256_hex(all.as_bytes())[..12].to_owned()
});

/// The address part that changes with the content of any embedded file.
pub(super) fn version() -> &'static str {
    &VERSION
}

/// `GET /console/{version}/{name}`
pub(super) async fn serve(Path((_, name)): Path<(String, String)>) -> Response {
    let plain = FILES
        .iter()
        .find(|(file, ..)| *file == name)
        .map(|(_, kind, text)| (*kind, *text));
    let words = || {
        SCRIPTS_OF_WORDS
            .iter()
            .find(|(file, _)| *file == name)
            .map(|(_, text)| (SCRIPT, text.as_str()))
    };
    match plain.or_else(words) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((kind, text)) => (
            [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            text,
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    /// A page asked for numbers that the script sent as text: the button was refused whenever it was pressed.
    #[test]
    fn every_kind_of_value_that_a_page_asks_for_is_known_to_the_script() {
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/templates");
        let script = include_str!("assets/call.js");
        let mut asked = BTreeSet::new();
        for file in std::fs::read_dir(templates).expect("the templates are there") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text file");
            let kinds = text.split("data-as=\"").skip(1);
            asked.extend(kinds.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        assert!(asked.len() > 4, "{asked:?}");
        let is_unknown = |kind: &&String| !script.contains(&format!("\"{kind}\""));
        let unknown: Vec<_> = asked.iter().filter(is_unknown).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
