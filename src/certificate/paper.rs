//! The page itself: where each fact stands, in which words. The table is in `paper/criteria.rs`, faults and override in `paper/remarks.rs`, the way
//! through the cabinet in `paper/times.rs`.

mod criteria;
mod remarks;
mod times;

use super::{Certificate, Outcome, chart};
use crate::clock::Millis;
use crate::config::Language;
use crate::console::words::Words;
use crate::domain::cycle::{Basis, Sides};
use crate::print::{self, About, Align, Ink, Pen, PrintError, PrintFont, Rule, Type, Weight};
use crate::store::TestOutcome;

const LEFT: f32 = 18.0;
const RIGHT: f32 = 192.0;
const WIDTH: f32 = RIGHT - LEFT;

/// From one line to the next, for each point of its size.
const PITCH: f32 = 0.511;
/// From the pictures to what stands below them.
const BELOW_PICTURES: f32 = 9.0;
/// Where a text ends that is longer than there is room for.
const CUT: &str = "…";

const BLACK: Ink = Ink(0x1c, 0x22, 0x1f);
const QUIET: Ink = Ink(0x5c, 0x66, 0x60);
const LINE: Ink = Ink(0xb9, 0xc2, 0xbd);
const SHADE: Ink = Ink(0xf3, 0xf5, 0xf4);
const GREEN: Ink = Ink(0x14, 0x6c, 0x54);
const RED: Ink = Ink(0xb3, 0x26, 0x1e);
const AMBER: Ink = Ink(0x8a, 0x5a, 0x00);

/// Prints a certificate.
///
/// # Errors
/// When the page cannot be written.
pub fn pdf(
    certificate: &Certificate,
    font: &PrintFont,
    language: Language,
) -> Result<Vec<u8>, PrintError> {
    let w = Words::of(language);
    print::page(font, &about(w, certificate), |pen| {
        let paper = Paper { w, certificate };
        paper.head(pen);
        paper.verdict(pen, 41.0);
        paper.facts(pen, 61.0);
        paper.times(pen, 94.8);
        paper.criteria(pen, 111.0);
        let room = paper.room(pen, 150.5);
        let below = paper.curves(pen, 150.5, room.pictures);
        paper.remarks(pen, below, room.points);
        paper.foot(pen);
    })
}

/// Every fixed word a certificate may need, for whoever asks whether a font has them all.
#[must_use]
pub fn wording(language: Language) -> String {
    let w = Words::of(language);
    let sections = [
        "certificate",
        "carrier",
        "fault",
        "point",
        "missing",
        "self_test_check",
    ];
    let texts = sections.iter().filter_map(|name| w.section(name));
    texts.flat_map(|texts| texts.values().cloned()).collect()
}

fn about(w: &Words, certificate: &Certificate) -> About {
    let zoned = certificate.printed.zoned();
    let small = |part: i8| u16::try_from(part).unwrap_or_default();
    About {
        title: format!(
            "{} {}",
            w.t(Paper { w, certificate }.title().0),
            certificate.number
        ),
        author: certificate.station.clone(),
        language: w.tag(),
        made: [
            u16::try_from(zoned.year()).unwrap_or(1970),
            small(zoned.month()),
            small(zoned.day()),
            small(zoned.hour()),
            small(zoned.minute()),
            small(zoned.second()),
        ],
        offset_minutes: i16::try_from(zoned.offset().seconds() / 60).unwrap_or_default(),
    }
}

struct Paper<'a> {
    w: &'a Words,
    certificate: &'a Certificate,
}

fn plain(points: f32, ink: Ink) -> Type {
    Type {
        points,
        ink,
        weight: Weight::Plain,
        align: Align::Left,
    }
}

fn bold(points: f32, ink: Ink) -> Type {
    Type {
        weight: Weight::Bold,
        ..plain(points, ink)
    }
}

fn aligned(align: Align, set: Type) -> Type {
    Type { align, ..set }
}

fn rule(mm: f32, ink: Ink) -> Rule {
    Rule {
        mm,
        ink,
        dash_mm: None,
    }
}

/// At most so many lines; what is left out is shown by `mark` at the end.
fn cut(
    pen: &Pen<'_, '_>,
    lines: &mut Vec<String>,
    most: usize,
    (points, width): (f32, f32),
    mark: &str,
) {
    if lines.len() <= most {
        return;
    }
    lines.truncate(most);
    if let Some(last) = lines.last_mut() {
        let room = width - pen.width_mm(mark, points);
        while pen.width_mm(last, points) > room && last.pop().is_some() {}
        last.push_str(mark);
    }
}

/// A moment in full: day and time to the second.
fn moment(at: Millis) -> String {
    at.rfc3339().replace('T', " ").chars().take(19).collect()
}

impl Paper<'_> {
    fn head(&self, pen: &mut Pen<'_, '_>) {
        let (w, c) = (self.w, self.certificate);
        pen.text((LEFT, 20.0), &c.station, plain(10.0, QUIET));
        let number = w.one("certificate.number", &c.number);
        pen.text(
            (RIGHT, 20.0),
            &number,
            aligned(Align::Right, plain(10.0, QUIET)),
        );
        pen.path(&[(LEFT, 23.0), (RIGHT, 23.0)], rule(0.6, GREEN));
        let started = c.moments.started.rfc3339();
        let zone = started.get(19..).unwrap_or_default();
        let zone = w.one("certificate.zone", format!("UTC{}", zone.replace('Z', "")));
        let quiet = aligned(Align::Right, plain(7.5, QUIET));
        pen.text((RIGHT, 26.6), &zone, quiet);
        let middle = LEFT + WIDTH / 2.0;
        let (title, ink) = self.title();
        pen.text(
            (middle, 34.0),
            w.t(title),
            aligned(Align::Middle, bold(19.0, ink)),
        );
    }

    /// A sheet that proves no release does not carry a certificate's name, however far it is seen from.
    fn title(&self) -> (&'static str, Ink) {
        match (self.certificate.outcome, &self.certificate.overridden) {
            (Outcome::Released, _) => ("certificate.title", BLACK),
            (Outcome::Running, _) => ("certificate.title_running", AMBER),
            (Outcome::Failed, Some(_)) => ("certificate.title_overridden", RED),
            (Outcome::Failed, None) => ("certificate.title_failed", RED),
        }
    }

    /// The one sentence everybody looks for, in a box of its colour.
    fn verdict(&self, pen: &mut Pen<'_, '_>, top: f32) {
        let (headline, detail, ink) = self.judged();
        pen.block((LEFT, top), (WIDTH, 15.0), SHADE);
        pen.block((LEFT, top), (2.0, 15.0), ink);
        pen.text((LEFT + 6.0, top + 6.6), &headline, bold(14.0, ink));
        let sizes = [(9.0, 1), (8.0, 1), (7.0, 2)];
        self.fitted(pen, (LEFT + 6.0, top + 12.0), WIDTH - 10.0, &detail, &sizes);
    }

    /// As large as it can be: each size with the number of lines there is room for, around this place. What is too long for all of them ends with a mark.
    fn fitted(
        &self,
        pen: &mut Pen<'_, '_>,
        (x, y): (f32, f32),
        width: f32,
        text: &str,
        sizes: &[(f32, usize)],
    ) {
        let mut set = (0.0, Vec::new());
        for (points, most) in sizes {
            set = (*points, pen.lines(text, *points, width));
            if set.1.len() <= *most {
                break;
            }
        }
        let (points, mut lines) = set;
        let most = sizes.last().map_or(1, |(_, most)| *most);
        cut(pen, &mut lines, most, (points, width), CUT);
        let pitch = PITCH * points;
        let first = y - pitch / 2.0 * (lines.len().saturating_sub(1)) as f32;
        for (at, line) in lines.iter().enumerate() {
            pen.text((x, first + pitch * at as f32), line, plain(points, BLACK));
        }
    }

    fn judged(&self) -> (String, String, Ink) {
        let (w, c) = (self.w, self.certificate);
        let ended = c.moments.ended.map(moment).unwrap_or_default();
        match (c.outcome, &c.overridden) {
            (Outcome::Running, _) => (
                w.t("certificate.running").to_owned(),
                w.t("certificate.running_detail").to_owned(),
                AMBER,
            ),
            (Outcome::Released, _) => match c.dose_basis {
                Basis::Measured => (
                    w.t("certificate.released").to_owned(),
                    w.one("certificate.released_detail", ended),
                    GREEN,
                ),
                // Nothing was measured: no more is claimed than the time.
                Basis::Timer => (
                    w.t("certificate.timed").to_owned(),
                    w.one("certificate.timed_detail", ended),
                    AMBER,
                ),
            },
            (Outcome::Failed, Some(signed)) => (
                w.t("certificate.overridden").to_owned(),
                w.two(
                    "certificate.overridden_detail",
                    w.signers(&signed.by, signed.approved_by.as_deref()),
                    moment(signed.at),
                ),
                RED,
            ),
            (Outcome::Failed, None) => {
                let detail = match &c.released_by_other {
                    Some(other) => w.one("certificate.failed_other", other),
                    None => w.t("certificate.failed_detail").to_owned(),
                };
                (w.t("certificate.failed").to_owned(), detail, RED)
            }
        }
    }

    fn facts(&self, pen: &mut Pen<'_, '_>, top: f32) {
        let (w, c) = (self.w, self.certificate);
        let unknown = || w.t("certificate.not_on_record").to_owned();
        let mode = match (c.dose_basis, c.sides) {
            (Basis::Measured, Sides::Both) => "certificate.mode_measured",
            (Basis::Measured, Sides::One) => "certificate.mode_measured_turned",
            (Basis::Timer, Sides::Both) => "certificate.mode_timer",
            (Basis::Timer, Sides::One) => "certificate.mode_timer_turned",
        };
        let left = [
            ("certificate.batch", w.one("batches.number", c.batch)),
            ("certificate.load", w.one("batches.load", c.load)),
            (
                "certificate.carrier",
                w.code("carrier", carrier(c)).to_owned(),
            ),
            ("certificate.count", self.count()),
            ("certificate.started_by", c.started_by.clone()),
        ];
        let right = [
            ("certificate.device", c.device.id.clone()),
            (
                "certificate.model",
                c.device.model.clone().unwrap_or_else(unknown),
            ),
            (
                "certificate.link",
                c.device.link.clone().unwrap_or_else(unknown),
            ),
            ("certificate.mode", w.t(mode).to_owned()),
            ("certificate.self_test", self.self_test()),
        ];
        let middle = LEFT + 74.0;
        for (at, ((a, b), (d, e))) in left.into_iter().zip(right).enumerate() {
            let y = top + 4.2 + 5.2 * at as f32;
            self.fact(pen, (LEFT, y), (21.0, 52.0), (a, &b));
            self.fact(pen, (middle, y), (25.0, 75.0), (d, &e));
        }
        let sha256 = format!("SHA-256 {}", c.device.profile_sha256);
        let y = top + 4.2 + 5.2 * 5.0;
        self.fact(
            pen,
            (LEFT, y),
            (21.0, WIDTH - 21.0),
            ("certificate.profile", &sha256),
        );
    }

    /// A name and its value; a value that is too long is set smaller, then in two lines.
    fn fact(
        &self,
        pen: &mut Pen<'_, '_>,
        (x, y): (f32, f32),
        (name_mm, value_mm): (f32, f32),
        (name, value): (&str, &str),
    ) {
        pen.text((x, y), self.w.t(name), plain(9.0, QUIET));
        let sizes = [(9.5, 1), (8.5, 1), (7.5, 1), (6.5, 1), (5.5, 2)];
        self.fitted(pen, (x + name_mm, y), value_mm, value, &sizes);
    }

    /// Letters of the load, where somebody said; never the whole batch's as if they had been inside.
    fn count(&self) -> String {
        let (w, c) = (self.w, self.certificate);
        match (c.count, c.in_load) {
            (Some(count), Some(letters)) => w.two("certificate.count_of", letters, count),
            (Some(count), None) => w.one("certificate.count_unsaid", count),
            (None, _) => w.t("certificate.count_elsewhere").to_owned(),
        }
    }

    fn self_test(&self) -> String {
        let w = self.w;
        match &self.certificate.self_test {
            None => w.t("certificate.self_test_none").to_owned(),
            Some(test) => match (test.outcome, &test.failed) {
                (TestOutcome::Passed, None) => w.one("certificate.self_test_good", moment(test.at)),
                (_, Some(check)) => w.two(
                    "certificate.self_test_bad",
                    moment(test.at),
                    w.code("self_test_check", check),
                ),
                (_, None) => w.one("certificate.self_test_cut", moment(test.at)),
            },
        }
    }

    /// Returns where the next part begins.
    fn curves(&self, pen: &mut Pen<'_, '_>, top: f32, heights: (f32, f32)) -> f32 {
        let place = (LEFT + 8.0, top, WIDTH - 16.0 - 9.0);
        chart::draw(pen, self.w, self.certificate, place, heights) + BELOW_PICTURES
    }

    fn foot(&self, pen: &mut Pen<'_, '_>) {
        let (w, c) = (self.w, self.certificate);
        let names = [
            "certificate.sign_operator",
            "certificate.sign_checker",
            "certificate.sign_date",
        ];
        for (at, name) in names.into_iter().enumerate() {
            let x = LEFT + 60.0 * at as f32;
            pen.text((x, 269.0), w.t(name), plain(9.5, BLACK));
            let from = x + pen.width_mm(w.t(name), 9.5) + 1.5;
            pen.path(&[(from, 269.8), (x + 52.0, 269.8)], rule(0.15, LINE));
        }
        pen.path(&[(LEFT, 274.0), (RIGHT, 274.0)], rule(0.3, GREEN));
        let mut y = 277.8;
        for line in pen.lines(w.t("certificate.statement"), 8.0, WIDTH) {
            pen.text((LEFT, y), &line, plain(8.0, QUIET));
            y += 3.5;
        }
        if !pen.missing().is_empty() {
            pen.text(
                (LEFT, y),
                w.t("certificate.missing_type"),
                plain(8.0, AMBER),
            );
        }
        let made = w.two(
            "certificate.made",
            moment(c.printed),
            env!("CARGO_PKG_VERSION"),
        );
        pen.text((LEFT, 290.5), &made, plain(7.5, QUIET));
        let page = aligned(Align::Right, plain(7.5, QUIET));
        pen.text((RIGHT, 290.5), w.t("certificate.page"), page);
    }
}

fn carrier(certificate: &Certificate) -> &'static str {
    crate::console::carrier_code(certificate.carrier)
}
