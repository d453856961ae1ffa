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

/// Messages under this subject from the cursor on, oldest first; those that `shown` makes nothing of are passed over.
///
/// # Errors
/// A refused cursor or limit, or brokers that do not answer.
pub(super) async fn page<T>(
    (stream, subject): (&Stream, &str),
    part: &Part,
    shown: impl Fn(&StreamMessage) -> Option<T>,
) -> Result<Json<Listed<T>>, Problem> {
    let limit = part.limit()? as usize;
    let after = paging::number_shown(part)?.unwrap_or(0);
    let mut at = u64::try_from(after).map_err(|_| paging::invalid())? + 1;
    let (mut items, mut looked, mut next) = (Vec::new(), 0, None);
    loop {
        let asked = stream.raw_message_builder().sequence(at);
        let message = match asked.next_by_subject(subject).send().await {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => break,
            Err(error) => return Err(BrokerFault::away(error).into()),
        };
        if items.len() == limit || looked == LOOKED_AT {
            let last = i64::try_from(at - 1).unwrap_or(i64::MAX);
            next = Some(paging::mark(&paging::place_shown(last)));
            break;
        }
        (at, looked) = (message.sequence + 1, looked + 1);
        items.extend(shown(&message));
    }
    Ok(Json(Listed { items, next }))
}
