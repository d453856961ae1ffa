//! An order that waits for a late reply is over, and the cabinet looked at again, before it counts as unwatched.

use std::time::Duration;

use uv_cabinet::Profile;

use super::{DEMO, refusal};

fn with(poll_ms: u64, reply_timeout_ms: u64) -> Result<Profile, String> {
    // What ends a cycle at once may be two and a half polls old.
    let text = DEMO
        .replace("poll_ms = 100", &format!("poll_ms = {poll_ms}"))
        .replace(
            "reply_timeout_ms = 150",
            &format!("reply_timeout_ms = {reply_timeout_ms}"),
        )
        .replace(
            "max_age_ms = 250",
            &format!("max_age_ms = {}", poll_ms * 5 / 2),
        );
    Profile::parse(&text).map_err(|error| error.to_string())
}

/// Every poll there may be, and reply times about the limit of each: taken exactly where orders leave time to look.
#[test]
fn whatever_is_taken_leaves_time_to_look_and_whatever_is_refused_does_not() {
    let (mut taken, mut refused) = (0, 0);
    for poll_ms in (20..=300).step_by(7) {
        let about = [10, 11, 50, 150, 333, 1_000, 10_000];
        let limit = (1_000 - 2 * poll_ms) / 2;
        let near = [limit - 1, limit, limit + 1, limit + 2, limit / 2, limit * 2];
        for reply_ms in about
            .into_iter()
            .chain(near)
            .filter(|ms| (10..=10_000).contains(ms))
        {
            let order_ms = poll_ms + 2 * reply_ms;
            // One point tells the demo cabinet's model; it is asked before the lamp is lit.
            let lighting_ms = 3 * reply_ms;
            let fits = order_ms.max(lighting_ms) + poll_ms <= 1_000;
            match with(poll_ms, reply_ms) {
                Ok(profile) => {
                    taken += 1;
                    assert!(fits, "taken: poll {poll_ms}, reply {reply_ms}");
                    let patience = profile.order_patience();
                    assert_eq!(patience, Duration::from_millis(order_ms));
                    assert!(patience + profile.timing.poll <= profile.unwatched());
                }
                Err(told) => {
                    refused += 1;
                    assert!(!fits, "poll {poll_ms}, reply {reply_ms}: {told}");
                    let names = [
                        "line ",
                        "link.reply_timeout_ms",
                        &reply_ms.to_string(),
                        &poll_ms.to_string(),
                    ];
                    assert!(names.iter().all(|name| told.contains(name)), "{told}");
                }
            }
        }
    }
    assert!(
        taken > 100 && refused > 100,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn a_reply_time_that_outlasts_the_watch_is_refused_with_line_and_figures() {
    assert_eq!(
        refusal("reply_timeout_ms = 150", "reply_timeout_ms = 450"),
        "link.reply_timeout_ms = 450: allowed: 10 to 300: an order would be waited for up to 1350 ms, and with timing.poll_ms = 100 \
         the next look would come after 1450 ms; after 1000 ms without a look a cycle ends"
    );
}
