//! What is ready and what is not: each part of the station says so itself; `/readyz`, the console and systemd read it.

pub mod devices;

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::sync::watch;

/// Why a part is not ready.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotReady {
    /// Stable code, e.g. `model_missing`, `no_connection`, `folder_unreadable`.
    pub code: String,
    /// What happened and what to do, for a person; file and device names, never a letter's content.
    pub message: String,
}

/// Every part's state by name: `store`, `reading`, `cabinet/…`, `scanner/…`.
#[derive(Debug, Clone)]
pub struct Readiness {
    parts: watch::Sender<BTreeMap<String, Option<NotReady>>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            parts: watch::Sender::new(BTreeMap::new()),
        }
    }
}

impl Readiness {
    /// This part works.
    pub fn ready(&self, part: &str) {
        self.set(part, None);
    }

    /// This part does not, and why. Logged when it changes.
    pub fn not_ready(&self, part: &str, code: &str, message: &str) {
        self.set(
            part,
            Some(NotReady {
                code: code.to_owned(),
                message: message.to_owned(),
            }),
        );
    }

    fn set(&self, part: &str, state: Option<NotReady>) {
        self.parts.send_if_modified(|parts| {
            let changed = parts.get(part) != Some(&state);
            if changed {
                match &state {
                    None => tracing::info!(part, "ready"),
                    Some(why) => {
                        tracing::warn!(part, code = why.code, "not ready: {}", why.message)
                    }
                }
                parts.insert(part.to_owned(), state);
            }
            changed
        });
    }

    /// Every part's state.
    pub fn parts(&self) -> BTreeMap<String, Option<NotReady>> {
        self.parts.borrow().clone()
    }

    /// Whether every part works.
    pub fn all_ready(&self) -> bool {
        self.parts.borrow().values().all(Option::is_none)
    }
}
