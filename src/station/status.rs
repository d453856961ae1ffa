//! Task: what `systemctl status` says of the station, in words: that it runs, at which address, and what of it does not work. Leaves out what to
//! do about it: that is on page Today and in `laixin check`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::App;
use crate::api::health::parts;
use crate::config::Language;
use crate::console::words::Words;
use crate::health::NotReady;
use crate::sd_notify;

/// How often it is looked whether anything changed.
const LOOK: Duration = Duration::from_secs(5);
/// So many parts are named: a line is read at a glance.
const NAMED: usize = 4;

/// Runs until it is told to stop.
pub(super) async fn run(app: App, address: SocketAddr, stop: CancellationToken) {
    let w = Words::of(app.settings.station.language);
    let mut look = tokio::time::interval(LOOK);
    let mut last = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {}
        }
        let status = running(w, address, &parts(&app).await);
        if status != last {
            sd_notify::status(&status);
            last = status;
        }
    }
}

/// A station that is up.
pub(super) fn running(
    w: &Words,
    address: SocketAddr,
    parts: &BTreeMap<String, Option<NotReady>>,
) -> String {
    let mut told = vec![w.one("status.running", address)];
    let ill: Vec<_> = parts
        .iter()
        .filter_map(|(part, why)| Some((part, why.as_ref()?)))
        .collect();
    for (part, why) in ill.iter().take(NAMED) {
        let why = w.known("part_code", &why.code).unwrap_or(&why.message);
        told.push(w.two("status.part", w.part_name(part), why));
    }
    if ill.len() > NAMED {
        told.push(w.one("status.more", ill.len() - NAMED));
    }
    told.join(" · ")
}

/// One that did not start, by the stable name of what keeps it from it.
pub fn not_started(language: Language, code: &str) -> String {
    let w = Words::of(language);
    w.one("status.not_started", w.code("not_started", code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_work_stands_in_the_line_of_systemctl_status() {
        let w = Words::of(Language::Chinese);
        let address = "127.0.0.1:8470".parse().unwrap();
        let ill = |code: &str| {
            Some(NotReady {
                code: code.into(),
                message: "in English".into(),
            })
        };
        let mut parts = BTreeMap::from([("store".to_owned(), None), ("reading".to_owned(), None)]);
        assert_eq!(running(w, address, &parts), "运行中 · 127.0.0.1:8470");
        parts.insert("store".into(), ill("storage_full"));
        parts.insert("clock".into(), ill("clock_set_back"));
        parts.insert("handover".into(), ill("restored"));
        parts.insert("cabinet/cabinet-1".into(), ill("no_connection"));
        let told = running(w, address, &parts);
        for words in [
            "存储：磁盘已满",
            "时钟早于",
            "暂不移交",
            "消毒柜 cabinet-1：未连接",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(!told.contains("in English"), "{told}");
        parts.insert("reading".into(), ill("model_missing"));
        assert!(running(w, address, &parts).ends_with("另有 1 项"));
    }

    #[test]
    fn a_start_that_fails_says_why_in_words() {
        for code in ["data_dir_in_use", "data_emptied", "settings_refused"] {
            let told = not_started(Language::Chinese, code);
            assert!(
                told.starts_with("没有启动 · ") && !told.contains(code),
                "{told}"
            );
        }
    }
}
