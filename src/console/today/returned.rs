//! Letters that an exchange folder did not take as they stood, on the overview: why, and what is to be done.

use super::Alert;
use crate::console::outbox::returned_words;
use crate::console::when;
use crate::console::words::Words;
use crate::domain::access::Seer;
use crate::store::{Db, Message, StoreError};

/// So many are named.
const NAMED: u32 = 20;

/// Those of which this person may know, each as he may read it.
pub(super) fn look(db: &Db, seer: &Seer) -> Result<Vec<Message>, StoreError> {
    let mut seen = Vec::new();
    for message in db.returned(None, NAMED)? {
        if db.may_know_of_message(seer, &message)? {
            seen.push(db.message_for(seer, message)?);
        }
    }
    Ok(seen)
}

pub(super) fn alerts(w: &'static Words, returned: &[Message]) -> Vec<Alert> {
    let alert = |message: &Message| {
        let (told, next) = returned_words(w, message);
        let at = when::moment(w, message.last.unwrap_or(message.made));
        Alert {
            what: w.one("alert.returned", &message.letter),
            next: next.to_owned(),
            subject: format!("{told} · {at}"),
            href: Some(format!("/letters/{}", message.letter)),
            tone: "bad",
        }
    };
    returned.iter().map(alert).collect()
}
