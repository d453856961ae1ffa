//! Figures of a period: to be looked at by the mailroom; to be taken away only with a second person's approval (SZ 5.3.7).

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::Asked;
use super::auth::{Caller, Countersigners, Mailroom};
use super::problem::Problem;
use super::second_person::Proof;
use crate::clock::{Millis, now};
use crate::digest;
use crate::domain::access::{Holder, Role, Seer};
use crate::domain::statistics::{Length, Period};
use crate::store::{Counted, Statistics};

/// A count.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CountView {
    /// What was counted.
    pub what: String,
    /// How many.
    pub count: u32,
}

/// Figures of a period.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StatisticsView {
    /// The period.
    pub period: Period,
    /// Its first day.
    pub from: String,
    /// The day after its last.
    pub until: String,
    /// Letters received.
    pub letters: u32,
    /// How they came.
    pub carriers: Vec<CountView>,
    /// Their purposes.
    pub purposes: Vec<CountView>,
    /// Categories of their main matters, first level.
    pub categories: Vec<CountView>,
    /// Where the matters lie, as far as it is told.
    pub places: Vec<CountView>,
    /// Repeat letters.
    pub repeat: u32,
    /// Joint letters.
    pub joint: u32,
    /// Anonymous letters.
    pub anonymous: u32,
    /// Letters that threaten; false alarms left out.
    pub threats: u32,
    /// Letters that an officer confirmed.
    pub confirmed: u32,
    /// Of them those in which he corrected nothing.
    pub straight_through: u32,
    /// Letters that the case system registered.
    pub registered: u32,
    /// From a letter's last page to its confirmation; half of them took no longer.
    pub median_minutes: Option<f64>,
}

/// Which period.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// `month`, `quarter`, `half_year`, `year`; the month that is running unless said otherwise.
    pub length: Option<Length>,
    /// The year.
    pub year: Option<i32>,
    /// Which one in the year, from 1.
    pub n: Option<u32>,
}

/// Which period, and the second person.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"length": "month", "year": 2026, "n": 11, "approver": "chen", "approver_password": "…"}))]
pub struct ExportBody {
    length: Length,
    year: i32,
    n: u32,
    /// A confirming officer or an administrator, another one than the caller.
    approver: String,
    approver_password: String,
}

impl App {
    /// The period that is asked for, or the one that is running.
    pub(crate) fn period(&self, asked: PeriodQuery) -> Period {
        let today = now().zoned().date();
        let part = |number: i8| u32::try_from(number).unwrap_or(1);
        let day = (
            i32::from(today.year()),
            part(today.month()),
            part(today.day()),
        );
        let length = asked.length.unwrap_or(Length::Month);
        let running = Period::holding(length, day, self.first_day());
        Period {
            length,
            year: asked.year.unwrap_or(running.year),
            n: asked.n.unwrap_or(running.n),
        }
    }

    fn first_day(&self) -> u32 {
        u32::try_from(self.settings.statistics.month_begins_on.0).expect("limited by the settings")
    }

    /// The figures of a period as somebody may look at them and take them away: without the letters that are kept from him.
    pub(crate) async fn figures_for(
        &self,
        period: Period,
        seer: Seer,
    ) -> Result<StatisticsView, Problem> {
        let no_period = || Problem::new("query_invalid", "there is no such period");
        let (from, until) = period.bounds(self.first_day()).ok_or_else(no_period)?;
        let begins = |day: &str| {
            Millis::bounds_of_day(day)
                .map(|(begin, _)| begin)
                .ok_or_else(no_period)
        };
        let (begin, end) = (begins(&from)?, begins(&until)?);
        let actor = seer.actor.clone();
        let found = self
            .store
            .with(move |db| db.statistics(begin, end, &actor))
            .await?;
        Ok(view(period, (from, until), found).for_eyes_of(&seer))
    }
}

/// Fewer letters than this of one place or kind point to one letter.
const FEW: u32 = 3;

impl StatisticsView {
    /// What people call the end of the period; `until` is the day after it.
    pub(crate) fn last_day(&self) -> String {
        let until: Option<jiff::civil::Date> = self.until.parse().ok();
        let last = until.and_then(|until| until.yesterday().ok());
        last.map_or_else(|| self.until.clone(), |last| last.to_string())
    }

    /// As whoever looks or takes it away may know it, on the screen, on paper and in a file.
    fn for_eyes_of(mut self, seer: &Seer) -> Self {
        if seer.holder == Holder::Person(Role::Operator) {
            few_together(&mut self.places);
            few_together(&mut self.categories);
        }
        self
    }
}

/// Places and kinds with few letters are told together, as `few`.
fn few_together(counts: &mut Vec<CountView>) {
    let few: u32 = counts
        .extract_if(.., |one| one.count < FEW)
        .map(|one| one.count)
        .sum();
    if few > 0 {
        counts.push(CountView {
            what: "few".into(),
            count: few,
        });
    }
}

fn view(period: Period, (from, until): (String, String), found: Statistics) -> StatisticsView {
    let counts = |counted: Counted| {
        let one = |(what, count)| CountView { what, count };
        counted.into_iter().map(one).collect()
    };
    StatisticsView {
        period,
        from,
        until,
        letters: found.letters,
        carriers: counts(found.carriers),
        purposes: counts(found.purposes),
        categories: counts(found.categories),
        places: counts(found.places),
        repeat: found.repeat,
        joint: found.joint,
        anonymous: found.anonymous,
        threats: found.threats,
        confirmed: found.confirmed,
        straight_through: found.straight_through,
        registered: found.registered,
        median_minutes: found.median_minutes,
    }
}

/// Figures of a period, by the day a letter was received.
#[utoipa::path(get, path = "/v1/statistics", tag = "statistics", params(PeriodQuery),
    responses((status = 200, body = StatisticsView)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(asked): Query<PeriodQuery>,
) -> Result<Json<StatisticsView>, Problem> {
    Ok(Json(
        app.figures_for(app.period(asked), caller.seer()).await?,
    ))
}

/// A field of a table of texts: quoted, and never a formula for whoever opens it in a spreadsheet.
fn cell(text: &str) -> String {
    let harmless = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{harmless}{}\"", text.replace('"', "\"\""))
}

/// The figures as a table: what, which, how many; with the mark that spreadsheets know UTF-8 by.
fn csv(view: &StatisticsView) -> String {
    let mut text = String::from("\u{feff}what,which,count\r\n");
    let mut line = |what: &str, which: &str, count: String| {
        text.push_str(&format!("{},{},{count}\r\n", cell(what), cell(which)));
    };
    line("first_day", &view.from, String::new());
    line("last_day", &view.last_day(), String::new());
    for (what, count) in [
        ("letters", view.letters),
        ("repeat", view.repeat),
        ("joint", view.joint),
        ("anonymous", view.anonymous),
        ("threats", view.threats),
        ("confirmed", view.confirmed),
        ("straight_through", view.straight_through),
        ("registered", view.registered),
    ] {
        line(what, "", count.to_string());
    }
    if let Some(minutes) = view.median_minutes {
        line("median_minutes", "", format!("{minutes:.1}"));
    }
    for (what, counts) in [
        ("carrier", &view.carriers),
        ("purpose", &view.purposes),
        ("category", &view.categories),
        ("place", &view.places),
    ] {
        for count in counts {
            line(what, &count.what, count.count.to_string());
        }
    }
    text
}

/// Takes the figures out of the station as CSV, as the caller's own screen shows them: without letters that are kept from him, and with few letters told
/// together unless he is an officer. A second person gives name and password, and both stand in the ledger.
#[utoipa::path(post, path = "/v1/statistics/export", tag = "statistics", request_body = ExportBody,
    responses((status = 200, body = String, content_type = "text/csv")))]
pub async fn export(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<ExportBody>,
) -> Result<Response, Problem> {
    let by = caller.actor();
    let ExportBody {
        length,
        year,
        n,
        approver,
        approver_password,
    } = asked.body;
    let period = Period { length, year, n };
    let view = app.figures_for(period, caller.seer()).await?;
    let proof = Proof::of(&approver, &approver_password);
    let approver = app.second_person::<Countersigners>(&by, proof).await?;
    let text = csv(&view);
    let sha256 = digest::sha256_hex(text.as_bytes());
    let (from, until) = (view.from.clone(), view.until.clone());
    app.store
        .with(move |db| db.note_export((&by, &approver), (&from, &until), &sha256))
        .await?;
    let name = format!(
        "attachment; filename=\"statistics-{}-{}.csv\"",
        view.from,
        view.last_day()
    );
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
