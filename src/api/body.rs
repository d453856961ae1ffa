//! A request's body as bytes: within a size, within a time. It leaves out what they say.
//!
//! What is too large is still taken off the line for a while and thrown away: whoever is in the middle of sending reads no answer.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::problem::Problem;

/// Largest body of a request; nothing that this API takes is near it.
pub const LARGEST: usize = 256 * 1024;
/// A body is there within this time, on the slowest line that an office has.
const WITHIN: Duration = Duration::from_secs(20);
/// Of one that is too large so much is thrown away, for so long.
const THROWN_AWAY: usize = 16 << 20;
const THROWN_AWAY_WITHIN: Duration = Duration::from_secs(5);

/// The whole body.
///
/// # Errors
/// `body_too_large`, `body_too_slow`, or `not_json` for one that ends before its end.
pub(super) async fn whole(body: Body) -> Result<Bytes, Problem> {
    whole_within(body, WITHIN).await
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
            throw_away(&mut parts).await;
            return Err(Problem::new(
                "body_too_large",
                format!("at most {LARGEST} bytes"),
            ));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

async fn throw_away(parts: &mut axum::body::BodyDataStream) {
    let (mut thrown, end) = (0, Instant::now() + THROWN_AWAY_WITHIN);
    while thrown < THROWN_AWAY {
        match tokio::time::timeout_at(end, parts.next()).await {
            Ok(Some(Ok(part))) => thrown += part.len(),
            _ => return,
        }
    }
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
