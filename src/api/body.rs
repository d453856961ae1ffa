//! A request's body as bytes: within a size, within a time. It leaves out what they say.
//!
//! What is too large, or belongs to a request that is refused, is still taken off the line for a while and thrown away: whoever is in the middle of
//! sending reads no answer. What does not end then ends the connection, and the answer says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::Instant;

use super::problem::Problem;

/// Largest body of a request; nothing that this API takes is near it.
pub const LARGEST: usize = 256 * 1024;
/// A body is there within this time, on the slowest line that an office has.
const WITHIN: Duration = Duration::from_secs(20);
/// Of one that is too large so much is thrown away, for so long.
const THROWN_AWAY: usize = 16 << 20;
const THROWN_AWAY_WITHIN: Duration = Duration::from_secs(5);
/// Nor is it waited for any longer once nothing of it has come for this long.
const SILENT: Duration = Duration::from_secs(1);

/// The whole body.
///
/// # Errors
/// `body_too_large`, `body_too_slow`, or `not_json` for one that ends before its end.
pub(super) async fn whole(body: Body) -> Result<Bytes, Problem> {
    whole_within(body, WITHIN).await
}

/// Refuses a body that says itself that it is too large, before any of it has come.
///
/// # Errors
/// `body_too_large`.
pub(super) fn fits(headers: &HeaderMap) -> Result<(), Problem> {
    match declared(headers) > LARGEST as u64 {
        true => Err(too_large()),
        false => Ok(()),
    }
}

/// The size that a body says it has; 0 where it says none.
fn declared(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or(0)
}

fn too_large() -> Problem {
    Problem::new("body_too_large", format!("at most {LARGEST} bytes"))
}

async fn whole_within(body: Body, within: Duration) -> Result<Bytes, Problem> {
    tokio::time::timeout(within, read(body))
        .await
        .unwrap_or_else(|_| {
            let seconds = within.as_secs();
            Err(Problem::new(
                "body_too_slow",
                format!("the body was not there within {seconds} seconds; nothing was done"),
            ))
        })
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let mut parts = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::new("not_json", "the body broke off"))?;
        if bytes.len() + part.len() > LARGEST {
            throw_away(&mut parts, THROWN_AWAY_WITHIN).await;
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

/// Whether it came to its end.
async fn throw_away<E>(
    parts: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    within: Duration,
) -> bool {
    let (mut thrown, end) = (0, Instant::now() + within);
    while thrown < THROWN_AWAY {
        let wait = end.min(Instant::now() + SILENT);
        match tokio::time::timeout_at(wait, parts.next()).await {
            Ok(Some(Ok(part))) => thrown += part.len(),
            Ok(None) => return true,
            Ok(Some(Err(_))) | Err(_) => return false,
        }
    }
    false
}

/// A body that can be gone on with after whoever was to read it has let go of it.
#[derive(Clone)]
struct Shared(Arc<Mutex<(BodyDataStream, bool)>>);

impl Shared {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (parts, is_over) = &mut *inner;
        if *is_over {
            return Poll::Ready(None);
        }
        let part = parts.poll_next_unpin(context);
        *is_over = matches!(part, Poll::Ready(None));
        part
    }

    fn parts(&self) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static {
        let shared = self.clone();
        stream::poll_fn(move |context| shared.poll(context))
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Takes the rest of a body that nobody read off the line, so that the connection serves the next request; where it does not end, says that the
/// connection does.
pub(crate) async fn to_its_end(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Who asks first whether he may send has not sent it; of what is larger than that the rest would be left all the same.
    let is_sent = !request.headers().contains_key(header::EXPECT)
        && declared(request.headers()) <= THROWN_AWAY as u64;
    let closes = request.version() <= Version::HTTP_11;
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new((body.into_data_stream(), false))));
    let body = Body::from_stream(shared.parts());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if shared.is_over() || is_sent && throw_away(&mut shared.parts(), THROWN_AWAY_WITHIN).await {
        return response;
    }
    if closes {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;

    use super::*;

    /// A body of so many parts of 64 KiB, and how many of them were taken.
    fn parts(count: usize) -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let all = stream::iter(0..count).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(vec![b' '; 64 * 1024])
        });
        (Body::from_stream(all), taken)
    }

    #[tokio::test]
    async fn a_body_of_the_largest_size_is_taken() {
        let (body, _) = parts(4);
        assert_eq!(whole(body).await.unwrap().len(), LARGEST);
    }

    #[tokio::test]
    async fn one_that_is_too_large_is_taken_off_the_line_first_and_an_endless_one_is_not() {
        for (sent, most) in [(40, 40), (usize::MAX, 270)] {
            let (body, taken) = parts(sent);
            assert_eq!(whole(body).await.unwrap_err().code, "body_too_large");
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken <= most, "{taken} parts");
            assert!(sent > most || taken == sent, "{taken} of {sent} parts");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_come_is_not_waited_for_and_one_that_breaks_off_is_none() {
        let never = Body::from_stream(stream::pending::<io::Result<Vec<u8>>>());
        let slow = whole_within(never, Duration::from_millis(30)).await;
        assert_eq!(slow.unwrap_err().code, "body_too_slow");
        let broken = stream::iter([Ok(b"{".to_vec()), Err(io::Error::other("gone"))]);
        let broken = whole(Body::from_stream(broken)).await;
        assert_eq!(broken.unwrap_err().code, "not_json");
    }
}
