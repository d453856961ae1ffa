//! What happens in the station, as it happens: for the console and for `GET /v1/events`. Identifiers only.
//!
//! Events are hints. Whoever misses one reads the store; nothing is decided on an event.

use serde::Serialize;
use tokio::sync::broadcast;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A device's state changed.
    Device {
        /// Its id in the settings.
        device: String,
        /// Stable code of the state.
        state: String,
    },
    /// A batch or one of its loads changed.
    Batch {
        /// Its number.
        batch: i64,
    },
    /// A letter changed: pages arrived, were read, a draft is there, somebody corrected it.
    Letter {
        /// Its number.
        letter: String,
        /// Stable code of what happened.
        what: String,
    },
    /// Something wants a person.
    Alert {
        /// Stable code.
        code: String,
        /// The file, letter or device it is about.
        subject: String,
    },
}

/// Sends events to whoever listens; nobody listening is fine.
#[derive(Debug, Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(256),
        }
    }
}

impl Events {
    /// Tells everyone who listens.
    pub fn tell(&self, event: Event) {
        // An error only says that nobody listens.
        let _ = self.sender.send(event);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
