//! Figures of a period as a page that can be printed, with bars; and the way to take them along, which needs a second person.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::statistics::{CountView, PeriodQuery, StatisticsView};
use crate::clock;
use crate::domain::statistics::{Length, Period};

/// The longest bar, in units of the drawing.
const LONGEST: u32 = 200;
/// Bars of one chart; the rest is in the table that is taken along.
const BARS: usize = 10;

struct Bar {
    label: String,
    count: u32,
    width: u32,
    y: u32,
}

struct Chart {
    heading: &'static str,
    bars: Vec<Bar>,
    height: u32,
    more: usize,
}

struct Figure {
    label: &'static str,
    value: String,
    share: Option<String>,
}

/// A period of the chosen year.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// Which period a page shows.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    length: Option<Length>,
    year: Option<i32>,
    n: Option<u32>,
    /// As the form sends it: `quarter-3`.
    of: Option<String>,
}

impl Wanted {
    fn asked(self) -> PeriodQuery {
        let chosen = self.of.as_deref().and_then(|of| of.rsplit_once('-'));
        let chosen = chosen.and_then(|(length, n)| Some((length_of(length)?, n.parse().ok()?)));
        let (length, n) = match chosen {
            Some((length, n)) => (Some(length), Some(n)),
            None => (self.length, self.n),
        };
        PeriodQuery {
            length,
            year: self.year,
            n,
        }
    }
}

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage {
    f: Frame,
    heading: String,
    days: String,
    period: Period,
    length: &'static str,
    choices: Vec<Choice>,
    before: String,
    behind: String,
    figures: Vec<Figure>,
    charts: Vec<Chart>,
    /// Whose figures these are, for whom and when they were printed.
    printed: String,
}

fn length_code(length: Length) -> &'static str {
    match length {
        Length::Month => "month",
        Length::Quarter => "quarter",
        Length::HalfYear => "half_year",
        Length::Year => "year",
    }
}

const LENGTHS: [Length; 4] = [
    Length::Month,
    Length::Quarter,
    Length::HalfYear,
    Length::Year,
];

fn length_of(code: &str) -> Option<Length> {
    LENGTHS
        .into_iter()
        .find(|length| length_code(*length) == code)
}

/// A period in words: `12 月`, `第 4 季度`.
fn name(w: &'static Words, length: Length, n: u32) -> String {
    match (length, n) {
        (Length::Month, n) => w.one("period.month", n),
        (Length::Quarter, n) => w.one("period.quarter", n),
        (Length::HalfYear, 1) => w.t("period.first_half").to_owned(),
        (Length::HalfYear, _) => w.t("period.second_half").to_owned(),
        (Length::Year, _) => w.t("period.year").to_owned(),
    }
}

/// Every period of a year, the shown one chosen.
fn choices(w: &'static Words, shown: Period) -> Vec<Choice> {
    let all = LENGTHS
        .into_iter()
        .flat_map(|length| (1..=length.in_a_year()).map(move |n| (length, n)));
    all.map(|(length, n)| Choice {
        value: format!("{}-{n}", length_code(length)),
        label: name(w, length, n),
        chosen: (length, n) == (shown.length, shown.n),
    })
    .collect()
}

/// The first and the last day; what the API calls `until` is the day after it.
fn days(w: &'static Words, view: &StatisticsView) -> String {
    w.two("statistics.days", &view.from, view.last_day())
}

fn address(period: Period) -> String {
    format!(
        "/statistics?length={}&year={}&n={}",
        length_code(period.length),
        period.year,
        period.n
    )
}

fn chart(w: &'static Words, heading: &'static str, counts: &[CountView], section: &str) -> Chart {
    let most = counts
        .iter()
        .map(|count| count.count)
        .max()
        .unwrap_or(0)
        .max(1);
    let bars: Vec<Bar> = counts
        .iter()
        .take(BARS)
        .zip(0..)
        .map(|(count, at)| Bar {
            label: match count.what.as_str() {
                "few" => w.t("statistics.few").to_owned(),
                what => w.code(section, what).to_owned(),
            },
            count: count.count,
            width: (count.count * LONGEST / most).max(2),
            y: at * 24,
        })
        .collect();
    Chart {
        heading: w.t(heading),
        height: u32::try_from(bars.len()).unwrap_or(0) * 24,
        more: counts.len().saturating_sub(BARS),
        bars,
    }
}

fn figures(w: &'static Words, view: &StatisticsView) -> Vec<Figure> {
    let share = |part: u32, of: u32| {
        (of > 0).then(|| format!("{:.1} %", f64::from(part) * 100.0 / f64::from(of)))
    };
    let figure = |key: &'static str, count: u32, of: Option<u32>| Figure {
        label: w.t(key),
        value: count.to_string(),
        share: of.and_then(|of| share(count, of)),
    };
    let letters = Some(view.letters);
    let mut figures = vec![
        figure("statistics.letters", view.letters, None),
        figure("statistics.repeat", view.repeat, letters),
        figure("statistics.joint", view.joint, letters),
        figure("statistics.anonymous", view.anonymous, letters),
        figure("statistics.threats", view.threats, letters),
        figure("statistics.confirmed", view.confirmed, letters),
        figure("statistics.registered", view.registered, letters),
        figure(
            "statistics.straight_through",
            view.straight_through,
            Some(view.confirmed),
        ),
    ];
    figures.push(Figure {
        label: w.t("statistics.median"),
        value: match view.median_minutes {
            Some(minutes) => w.one("statistics.minutes", format!("{minutes:.1}")),
            None => w.t("app.none").to_owned(),
        },
        share: None,
    });
    figures
}

/// `GET /statistics`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "statistics"));
    let period = app.period(wanted.asked());
    let Ok(view) = app.figures_for(period, visitor.seer()).await else {
        return Refused::nothing_here(f).into_response();
    };
    let code = length_code(period.length);
    show(&StatisticsPage {
        heading: w.two(
            "statistics.of",
            period.year,
            name(w, period.length, period.n),
        ),
        days: days(w, &view),
        figures: figures(w, &view),
        charts: vec![
            chart(w, "statistics.carriers", &view.carriers, "carrier"),
            chart(w, "statistics.purposes", &view.purposes, "purpose"),
            chart(w, "statistics.categories", &view.categories, "category"),
            chart(w, "statistics.places", &view.places, "place"),
        ],
        choices: choices(w, period),
        before: address(period.before()),
        behind: address(period.behind()),
        length: code,
        printed: w.fill(
            "statistics.printed",
            &[
                &f.station,
                &when::stamp(clock::now()),
                &visitor.person.session.user,
            ],
        ),
        period,
        f,
    })
}
