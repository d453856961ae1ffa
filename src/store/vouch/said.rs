//! What the ledger's entries say of rows, the newest of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::covered::COVERED;

/// What the entries say, the newest of each subject.
#[derive(Default)]
pub(super) struct Said {
    pub(super) arrivals: BTreeMap<String, Value>,
    /// Held files that a person left out: their bytes are kept.
    pub(super) aside: BTreeMap<String, Value>,
    pub(super) readings: BTreeMap<(i64, String), Option<String>>,
    pub(super) corrections: BTreeMap<i64, String>,
    pub(super) confirmed: BTreeMap<String, Option<String>>,
    pub(super) rows: BTreeMap<String, Option<String>>,
    /// By `prefix/key`; `None`: the row was taken out.
    pub(super) along: BTreeMap<String, Option<String>>,
    /// Where pages were put by a person.
    pub(super) moved: BTreeMap<i64, String>,
}

impl Said {
    pub(super) fn hear(&mut self, action: &str, subject: &str, detail: &Value) {
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        let id = subject.split_once('/').map_or(subject, |(_, id)| id);
        match action {
            "page.arrived" => drop(self.arrivals.insert(id.to_owned(), detail.clone())),
            "page.set_aside" => drop(self.aside.insert(id.to_owned(), detail.clone())),
            "page.read" => {
                if let (Ok(page), Some(engine)) = (id.parse(), text("engine")) {
                    self.readings.insert((page, engine), text("reading"));
                }
            }
            "draft.corrected" | "draft.correction_undone" => {
                self.confirmed.remove(id);
                let rows = detail["rows"].as_object().into_iter().flatten();
                self.corrections.extend(
                    rows.filter_map(|(id, hash)| {
                        Some((id.parse().ok()?, hash.as_str()?.to_owned()))
                    }),
                );
            }
            // What two people or the law took away is no break.
            "letter.returned_unread" | "letter.destroyed" => {
                self.confirmed.remove(id);
                self.forget(&detail["forgotten"]);
            }
            // The case system's office did not take it: it is at the desk again, unconfirmed.
            "draft.rejected" => drop(self.confirmed.remove(id)),
            // Read anew with a page more, it waits for a confirmation of its own.
            "draft.made" => drop(self.confirmed.remove(id)),
            "draft.confirmed" => drop(self.confirmed.insert(id.to_owned(), text("draft"))),
            _ => {}
        }
        if action == "pages.moved"
            && let Some(to) = text("to")
        {
            let pages = detail["pages"].as_array().into_iter().flatten();
            let pages = pages.filter_map(Value::as_i64);
            self.moved.extend(pages.map(|page| (page, to.clone())));
        }
        for row in detail["along"].as_array().into_iter().flatten() {
            if let Some(key) = row[0].as_str() {
                let hash = row[1].as_str().map(str::to_owned);
                self.along.insert(key.to_owned(), hash);
            }
        }
        if COVERED
            .iter()
            .any(|covered| subject.split('/').next() == Some(covered.prefix))
        {
            self.rows.insert(subject.to_owned(), text("row"));
        }
    }
}

impl Said {
    /// What is said along with others of the rows with this prefix.
    pub(super) fn of<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Option<String>)> {
        let from = self.along.range(prefix.to_owned()..);
        from.take_while(move |(what, _)| what.starts_with(prefix))
    }

    fn forget(&mut self, rows: &Value) {
        let ids = |name: &str| -> BTreeSet<i64> {
            let list = rows[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_i64).collect()
        };
        let (pages, corrections) = (ids("pages"), ids("corrections"));
        self.readings.retain(|(page, _), _| !pages.contains(page));
        self.corrections.retain(|id, _| !corrections.contains(id));
    }
}
