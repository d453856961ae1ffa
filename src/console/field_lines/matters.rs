//! What the letter is about, to be corrected: of each matter its title, category and place, and a line for one more.

use super::of_letter::plain;
use super::{FieldLine, Other, points};
use crate::console::words::Words;
use crate::domain::draft::{Fields, Matter};
use crate::domain::extract::likely_categories;

/// Categories proposed beside the one that stands there.
const PROPOSED: usize = 5;

/// A matter; its stretches of text are those on the page where it begins.
#[derive(Debug)]
pub(in crate::console) struct MatterRow {
    /// Its number; 0 for the line of one more.
    pub(in crate::console) n: u32,
    pub(in crate::console) main: bool,
    /// Title, category and place, each a line.
    pub(in crate::console) parts: Vec<(&'static str, FieldLine)>,
}

type Part = fn(&Matter) -> Option<&str>;

const TITLE: Part = |matter| Some(&matter.title);
const CATEGORY: Part = |matter| matter.category.as_deref();
const PLACE: Part = |matter| matter.place.as_deref();

/// Every matter, and a line for one more.
pub(in crate::console) fn rows(w: &'static Words, fields: &Fields) -> Vec<MatterRow> {
    let known = (1..).zip(&fields.matters).map(|(at, matter)| {
        let read = match matter.n {
            Some(n) => fields.matters_read.get(n as usize - 1),
            None => Some(matter),
        };
        row(w, fields, matter.n.unwrap_or(at), (matter, read))
    });
    let title = FieldLine {
        key: "matters-0-title".to_owned(),
        label: w.t("letter.add_matter"),
        hint: w.t("letter.add_matter_hint"),
        ..plain(w, "matters", String::new(), String::new())
    };
    let one_more = MatterRow {
        n: 0,
        main: false,
        parts: vec![("title", title)],
    };
    known.chain(std::iter::once(one_more)).collect()
}

fn row(
    w: &'static Words,
    fields: &Fields,
    n: u32,
    (matter, read): (&Matter, Option<&Matter>),
) -> MatterRow {
    let page = matter.ranges.first().map(|range| range.page);
    let quads = matter.ranges.iter();
    let quads: Vec<_> = quads
        .filter(|range| Some(range.page) == page)
        .map(|range| points(&range.quad))
        .collect();
    let line = |part: &str, label, hint, of: Part| {
        let value = of(matter).unwrap_or_default().to_owned();
        let was_read = read.and_then(of).unwrap_or_default();
        let is_corrected = was_read != value;
        let before = (is_corrected && !was_read.is_empty()).then(|| as_read(w, was_read));
        FieldLine {
            key: format!("matters-{n}-{part}"),
            label,
            hint,
            state: if is_corrected { "corrected" } else { "plain" },
            state_words: match is_corrected {
                true => w.t("letter.corrected").to_owned(),
                false => String::new(),
            },
            page: page.map(|page| page.to_string()).unwrap_or_default(),
            quad: quads.join(";"),
            alternatives: before.into_iter().collect(),
            ..plain(w, "matters", value, String::new())
        }
    };
    let hint = w.t("letter.matter_hint");
    let mut title = line("title", w.t("letter.matter"), hint, TITLE);
    title.why = match (matter.main, page) {
        (true, Some(page)) => format!(
            "{} · {}",
            w.t("letter.matter_main"),
            w.one("letter.seen_on", page)
        ),
        (true, None) => w.t("letter.matter_main").to_owned(),
        (false, Some(page)) => w.one("letter.seen_on", page),
        (false, None) => String::new(),
    };
    let hint = w.t("letter.category_hint");
    let mut category = line("category", w.t("letter.category"), hint, CATEGORY);
    let text = format!("{}，{}", matter.title, fields.summary);
    let proposed = likely_categories(&text, PROPOSED + 1);
    let is_new = |path: &&str| {
        *path != category.value && category.alternatives.iter().all(|one| one.value != *path)
    };
    let proposed: Vec<Other> = proposed
        .into_iter()
        .filter(is_new)
        .map(|path| other(path, w.t("letter.proposed")))
        .take(PROPOSED)
        .collect();
    category.alternatives.extend(proposed);
    let hint = w.t("letter.place_hint");
    let place = line("place", w.t("letter.matter_place"), hint, PLACE);
    MatterRow {
        n,
        main: matter.main,
        parts: vec![("title", title), ("category", category), ("place", place)],
    }
}

fn as_read(w: &'static Words, value: &str) -> Other {
    other(value, w.t("letter.as_read"))
}

fn other(value: &str, whence: &str) -> Other {
    Other {
        value: value.to_owned(),
        shown: value.to_owned(),
        percent: whence.to_owned(),
        why_not: String::new(),
    }
}
