//! Letters whose time to be registered is short or over, on the overview.

use super::Alert;
use crate::clock::Millis;
use crate::console::words::Words;
use crate::store::Due;

/// Due on one of so many days to come is near.
pub(super) const NEAR_DAYS: u32 = 3;
/// So many letters are named, those first that are due first.
const NAMED: usize = 8;

pub(super) fn alerts(w: &'static Words, due: &Due, now: Millis) -> Vec<Alert> {
    let today = now.day();
    let named = due.letters.iter().take(NAMED).map(|(letter, first)| {
        let what = w.known("deadline", &first.name).unwrap_or(&first.name);
        let is_over = first.due < today;
        let key = if is_over {
            "alert.overdue"
        } else {
            "alert.due"
        };
        Alert {
            what: w.fill(key, &[letter, &what, &first.due]),
            next: w.t("alert.due_do").to_owned(),
            subject: String::new(),
            href: Some(format!("/letters/{letter}")),
            tone: if is_over { "bad" } else { "" },
        }
    });
    let mut alerts: Vec<Alert> = named.collect();
    let rest = due.letters.len().saturating_sub(NAMED);
    if rest > 0 {
        let plus = if due.more { "+" } else { "" };
        alerts.push(Alert {
            what: w.one("alert.due_more", format!("{rest}{plus}")),
            next: w.t("alert.due_do").to_owned(),
            subject: String::new(),
            href: Some("/letters".to_owned()),
            tone: "",
        });
    }
    alerts
}
