//! A page of what lies in a stream, asked of its leader one by one: a consumer without acknowledgements sends each message once, and a broker that is
//! just finding its way (seen at 2.9 under kills, at the first of a page) loses it.

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use axum::Json;

use crate::api::paging::{self, Listed, Part};
use crate::api::problem::Problem;
use crate::broker::fault::BrokerFault;

/// A page ends after so many messages, however few of them are the caller's.
const LOOKED_AT: usize = 1000;

/// A page on its way: messages under a subject from the cursor on, oldest first, and what is shown of them.
pub(super) struct Walk<'a, T> {
    stream: &'a Stream,
    subject: &'a str,
    limit: usize,
    at: u64,
    looked: usize,
    shown: Listed<T>,
}

impl<'a, T> Walk<'a, T> {
    /// Begins where the caller's cursor stands.
    ///
    /// # Errors
    /// A refused cursor or limit.
    pub(super) fn begin(
        (stream, subject): (&'a Stream, &'a str),
        part: &Part,
    ) -> Result<Self, Problem> {
        let after = paging::number_shown(part)?.unwrap_or(0);
        Ok(Self {
            stream,
            subject,
            limit: part.limit()? as usize,
            at: u64::try_from(after).map_err(|_| paging::invalid())? + 1,
            looked: 0,
            shown: Listed {
                items: Vec::new(),
                next: None,
            },
        })
    }

    /// The next message; none at the end, of the page or of all.
    ///
    /// # Errors
    /// Brokers that do not answer.
    pub(super) async fn next(&mut self) -> Result<Option<StreamMessage>, BrokerFault> {
        let asked = self.stream.raw_message_builder().sequence(self.at);
        let message = match asked.next_by_subject(self.subject).send().await {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                return Ok(None);
            }
            Err(error) => return Err(BrokerFault::away(error)),
        };
        if self.shown.items.len() == self.limit || self.looked == LOOKED_AT {
            let last = i64::try_from(self.at - 1).unwrap_or(i64::MAX);
            self.shown.next = Some(paging::mark(&paging::place_shown(last)));
            return Ok(None);
        }
        (self.at, self.looked) = (message.sequence + 1, self.looked + 1);
        Ok(Some(message))
    }

    /// Shows this of the message that came.
    pub(super) fn show(&mut self, item: T) {
        self.shown.items.push(item);
    }

    /// The page.
    pub(super) fn done(self) -> Json<Listed<T>> {
        Json(self.shown)
    }
}
