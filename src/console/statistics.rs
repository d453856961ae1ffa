//! Figures of a period as a page that can be printed, with bars; and the way to take them along, which needs a second person.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::statistics::{CountView, PeriodQuery, StatisticsView};
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

struct Choice {
    code: &'static str,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage {
    f: Frame,
    heading: String,
    days: String,
    period: Period,
    length: &'static str,
    lengths: Vec<Choice>,
    before: String,
    behind: String,
    figures: Vec<Figure>,
    charts: Vec<Chart>,
}

fn length_code(length: Length) -> &'static str {
    match length {
        Length::Month => "month",
        Length::Quarter => "quarter",
        Length::HalfYear => "half_year",
        Length::Year => "year",
    }
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
    Query(asked): Query<PeriodQuery>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "statistics"));
    let period = app.period(asked);
    let Ok(view) = app.figures_for(period, visitor.seer()).await else {
        return Refused::nothing_here(f).into_response();
    };
    let code = length_code(period.length);
    let lengths = [
        Length::Month,
        Length::Quarter,
        Length::HalfYear,
        Length::Year,
    ];
    show(&StatisticsPage {
        heading: w.fill(
            "statistics.of",
            &[&period.year, &w.code("period", code), &period.n],
        ),
        days: w.two("statistics.days", &view.from, &view.until),
        figures: figures(w, &view),
        charts: vec![
            chart(w, "statistics.carriers", &view.carriers, "carrier"),
            chart(w, "statistics.purposes", &view.purposes, "purpose"),
            chart(w, "statistics.categories", &view.categories, "category"),
            chart(w, "statistics.places", &view.places, "place"),
        ],
        lengths: lengths
            .into_iter()
            .map(|length| Choice {
                code: length_code(length),
                label: w.code("period", length_code(length)),
                chosen: length == period.length,
            })
            .collect(),
        before: address(period.before()),
        behind: address(period.behind()),
        length: code,
        period,
        f,
    })
}
