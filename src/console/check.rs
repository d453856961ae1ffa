//! What would stop the station, or soon will: the list of `laixin check`, the button that makes it anew, and the settings as they were loaded.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::{Frame, Visitor};
use super::refused::show;
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::DeviceHealth;
use crate::check::{Finding, Level, Said};
use crate::config::Loaded;

struct Line {
    part: String,
    tone: &'static str,
    state: &'static str,
    told: String,
    /// What was said of it, in words.
    said: String,
    /// What a library or a device said, as it has it.
    raw: String,
    next: String,
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    f: Frame,
    /// When, and what it came to.
    at: Option<(String, String)>,
    lines: Vec<Line>,
    settings: Option<SettingsFile>,
}

/// The settings' file as it was loaded.
struct SettingsFile {
    name: String,
    loaded: String,
    is_outdated: bool,
    text: String,
}

/// What of the file says something: its comments are in the file.
fn settings_file(w: &'static Words, loaded: &Loaded) -> SettingsFile {
    let name = loaded.file.file_name().unwrap_or_default();
    let lines = loaded.text.lines().map(without_comment);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    SettingsFile {
        name: name.to_string_lossy().into_owned(),
        loaded: w.one("check_page.loaded_at", when::moment(w, loaded.at)),
        is_outdated: loaded.is_outdated(),
        text: lines.join("\n"),
    }
}

/// A line of TOML without the comment behind it; a `#` within quotes is none.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line[..at].trim_end(),
            (None, '"' | '\'') => quote = Some(c),
            (Some('"'), '\\') if !is_escaped => {
                is_escaped = true;
                continue;
            }
            (Some(open), _) if open == c && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = false;
    }
    line.trim_end()
}

/// `GET /check`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<DeviceHealth>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let last = app.checks.last();
    let line = |finding: &Finding| Line {
        part: finding.part(w),
        tone: finding.level.name(),
        state: w.t(match finding.level {
            Level::Good => "maintenance.good",
            Level::Warning => "maintenance.warning",
            Level::Bad => "maintenance.bad",
        }),
        told: finding.told(w),
        said: match finding.said(w) {
            Some(Said::InWords(said)) => said,
            _ => String::new(),
        },
        raw: match finding.said(w) {
            Some(Said::ByOthers(said)) => said,
            _ => String::new(),
        },
        next: finding.next(w).unwrap_or_default(),
    };
    let at = last.as_ref().map(|made| {
        let [bad, warnings, good] =
            [Level::Bad, Level::Warning, Level::Good].map(|level| made.count(level));
        let counts = w.fill("check_page.counts", &[&bad, &warnings, &good]);
        (w.one("check_page.at", when::moment(w, made.at)), counts)
    });
    // What wants a person stands first; within one level the order of the station's parts stays.
    let mut found: Vec<Finding> = last.map(|made| made.findings).unwrap_or_default();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let loaded = app.settings.loaded.clone();
    let settings = tokio::task::spawn_blocking(move || Some(settings_file(w, loaded.as_ref()?)));
    show(&CheckPage {
        settings: settings.await.ok().flatten(),
        lines: found.iter().map(line).collect(),
        at,
        f,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_shown_without_the_comments_behind_them() {
        for (line, shown) in [
            (
                r#"name = "苏州市信访局"   # the office's name"#,
                r#"name = "苏州市信访局""#,
            ),
            ("# rescan_s = 5", ""),
            (r##"a = "no # comment" # one"##, r##"a = "no # comment""##),
            (r##"a = "\"# none" # one"##, r##"a = "\"# none""##),
            (r"a = 'C:\' # one", r"a = 'C:\'"),
            ("[http]", "[http]"),
        ] {
            assert_eq!(without_comment(line), shown);
        }
    }
}
