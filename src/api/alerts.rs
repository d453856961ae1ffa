//! Alerts about letters: who may see the letter sees them at once, a named person acknowledges each; the case system gets them as they rise.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{AlertReader, Caller};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use super::valuables::words;
use crate::clock::Millis;
use crate::domain::access::{Action, Holder, Seer, Sight, may};
use crate::domain::alarm::{Code, Verdict};
use crate::events::Event;
use crate::store::{
    AlertAnswer, AlertQuote, AlertRow, AlertsWanted, Db, Hindrance, Numbered, StoreError,
};

/// What a page says that raised an alert.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct QuoteView {
    /// Its number within the letter, from 1.
    page: u32,
    /// It came after the letter was handed over, or after somebody had answered.
    late: bool,
    /// Its words; `null` where only the page is told.
    text: Option<String>,
}

impl QuoteView {
    fn of(quote: AlertQuote, says: Says) -> Self {
        let text = Some(quote.text).filter(|text| says == Says::Words && !text.is_empty());
        Self {
            page: quote.page,
            late: quote.is_late,
            text,
        }
    }
}

/// Another answer to an alert: of other words.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AnswerView {
    /// Who; a case system learns it of letters that it may open.
    by: Option<String>,
    /// When.
    at: String,
    /// What he said.
    verdict: Verdict,
    /// In words; to those who may open the letter.
    note: Option<String>,
}

impl From<AlertAnswer> for AnswerView {
    fn from(answer: AlertAnswer) -> Self {
        Self {
            by: Some(answer.by),
            at: answer.at.rfc3339(),
            verdict: answer.verdict,
            note: answer.note,
        }
    }
}

/// Whether a letter's words are told, or only on which page they stand: a case system reads them in the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Its words.
    Words,
    /// Only where.
    Pages,
}

/// An alert.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": 7, "letter": "A001", "code": "threat", "raised_at": "2026-11-20T08:00:00+08:00", "level": 0,
    "acknowledged_by": null, "acknowledged_at": null, "verdict": null, "note": null,
    "quotes": [{"page": 2, "late": true, "text": "再不解决我就从楼上跳下去"}],
    "earlier": [{"by": "zhang", "at": "2026-11-19T16:00:00+08:00", "verdict": "false_alarm", "note": null}], "later": []}))]
pub struct AlertView {
    /// Number; a case system is told one that says nothing of others.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// What was seen; `null` for administrators, who are told the letter's number.
    pub code: Option<Code>,
    /// When, the last time.
    pub raised_at: String,
    /// 0: the mailroom, 1: gone up to the confirming officers, 2: to the administrators, who are told the letter's number.
    pub level: i64,
    /// Who acknowledged it; a case system learns it of letters that it may open.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<String>,
    /// What he says. `noted`: he has seen it, and it is not decided. `doubted`: an operator says that a threat or a secret mark is a false alarm, and a
    /// confirming officer decides.
    pub verdict: Option<Verdict>,
    /// In words; to those who may open the letter, and to whoever wrote it.
    pub note: Option<String>,
    /// What raised it, page by page, the newest first: of pages that the caller may read. A case system is told the pages here, and the words in
    /// `GET /v1/drafts/{id}`.
    pub quotes: Vec<QuoteView>,
    /// What was answered before that, the newest first: before a page raised it again.
    pub earlier: Vec<AnswerView>,
    /// What was answered after that, the newest first: that a later page says nothing, where what had been confirmed before stays confirmed.
    pub later: Vec<AnswerView>,
}

impl From<AlertRow> for AlertView {
    fn from(row: AlertRow) -> Self {
        let views = |answers: Vec<AlertAnswer>| answers.into_iter().map(AnswerView::from).collect();
        let (earlier, later) = (views(row.earlier()), views(row.later()));
        let raised = row.raised_last();
        let (by, at, verdict) = match row.acked {
            Some((by, at, verdict)) => (Some(by), Some(at), Some(verdict)),
            None => (None, None, None),
        };
        Self {
            id: row.id,
            letter: row.letter,
            code: Some(row.code),
            quotes: Vec::new(),
            earlier,
            later,
            raised_at: raised.rfc3339(),
            level: row.level,
            acknowledged_by: by,
            acknowledged_at: at.map(Millis::rfc3339),
            verdict,
            note: row.note,
        }
    }
}

/// Which alerts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Only those that nobody has decided: also one that an operator takes for a false alarm (`doubted`). What is merely sensitive is settled once somebody
    /// has noted it.
    #[serde(default)]
    open: bool,
}

/// What a person may say of an alert.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It is so.
    Confirmed,
    /// It only looks like it.
    FalseAlarm,
    /// Seen, and not decided yet.
    Noted,
}

impl From<Said> for Verdict {
    fn from(said: Said) -> Self {
        match said {
            Said::Confirmed => Self::Confirmed,
            Said::FalseAlarm => Self::FalseAlarm,
            Said::Noted => Self::Noted,
        }
    }
}

/// What the person says.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"verdict": "confirmed", "note": "已电话报告值班领导"}))]
pub struct AcknowledgeBody {
    verdict: Said,
    /// Up to 500 characters; no letter's words.
    #[serde(default)]
    note: Option<String>,
}

/// Alerts are looked at so many at a time for a list.
const CHUNK: u32 = 500;

/// Alerts, those raised first before others; one that a page raised again comes again, behind those raised before. `cursor` goes on from the last one seen. The
/// stream of events says `alert` as soon as there is a new one. What a letter says is shown only to people who may open it, and that is on record.
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", params(AlertQuery, Part),
    responses((status = 200, body = Listed<AlertView>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<AlertReader>,
    Query(AlertQuery { open }): Query<AlertQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<AlertView>>, Problem> {
    let limit = part.limit()?;
    let after = paging::number_shown(&part)?;
    let wanted = if open {
        AlertsWanted::Open
    } else {
        AlertsWanted::All
    };
    let seer = caller.seer();
    let says = match seer.holder {
        Holder::Person(_) => Says::Words,
        Holder::Machine(_) => Says::Pages,
    };
    let (shown, last) = app
        .store
        .with(move |db| {
            let mut after = match after {
                Some(shown) => db.number_meant(Numbered::Alert, shown)?,
                None => 0,
            };
            let (mut shown, mut last, mut has_more) = (Vec::new(), after, false);
            // What is kept from him moves no cursor of his: he would count it.
            'seen: loop {
                let rows = db.alerts(after, wanted, CHUNK)?;
                let Some((newest, _)) = rows.last() else {
                    break;
                };
                after = *newest;
                for (entry, row) in rows {
                    if !db.may_know_of_alert(&seer, &row)? {
                        continue;
                    }
                    let (row, place) = db.alert_as_told(&seer, row)?;
                    if place != entry {
                        continue;
                    }
                    if shown.len() == limit as usize {
                        has_more = true;
                        break 'seen;
                    }
                    last = entry;
                    shown.push(view_for(db, &seer, row, says)?);
                }
            }
            note_words(db, &seer, &shown)?;
            let last = match has_more {
                true => Some(db.number_shown(Numbered::Alert, last)?),
                false => None,
            };
            Ok((shown, last))
        })
        .await?;
    Ok(Json(Listed {
        items: shown,
        next: last.map(|last| paging::mark(&paging::place_shown(last))),
    }))
}

/// What of letters' words a list showed is on record, once for as long as it shows the same.
fn note_words(db: &mut Db, seer: &Seer, shown: &[AlertView]) -> Result<(), StoreError> {
    let has_words = |view: &&AlertView| view.quotes.iter().any(|quote| quote.text.is_some());
    let line = |view: &AlertView| {
        let words: Vec<&str> = view
            .quotes
            .iter()
            .filter_map(|quote| quote.text.as_deref())
            .collect();
        (view.letter.clone(), format!("{} {words:?}", view.letter))
    };
    let lines: Vec<(String, String)> = shown.iter().filter(has_words).map(line).collect();
    db.note_list(seer, "alerts", &lines)
}

/// A letter's alerts as this seer is told of them, for an answer that is on record as a look at the letter.
pub(super) fn of_letter(db: &Db, letter: &str, seer: &Seer) -> Result<Vec<AlertView>, StoreError> {
    let mut views = Vec::new();
    for row in db.alerts_of(letter)? {
        if db.may_know_of_alert(seer, &row)? {
            let (row, _) = db.alert_as_told(seer, row)?;
            views.push(view_for(db, seer, row, Says::Words)?);
        }
    }
    Ok(views)
}

/// An alert by the number that this seer knows it by. What somebody wrote of the letter is for those who may open it, and his own; so is, for a machine, who
/// did. Whoever sees no letter is not told what was seen in one.
fn view_for(db: &Db, seer: &Seer, row: AlertRow, says: Says) -> Result<AlertView, StoreError> {
    let may_open = db.sight(seer, &row.letter)? == Sight::Full;
    let is_machine = matches!(seer.holder, Holder::Machine(_));
    let quotes = db.quotes_of(seer, &row)?.into_iter();
    let mut view = AlertView::from(row);
    view.quotes = quotes.map(|quote| QuoteView::of(quote, says)).collect();
    let is_own = |by: &Option<String>| !is_machine && by.as_ref() == Some(&seer.actor);
    view.code = view
        .code
        .filter(|_| is_machine || may(seer.holder, Action::ReadLetters));
    view.note = view
        .note
        .filter(|_| may_open || is_own(&view.acknowledged_by));
    view.acknowledged_by = view.acknowledged_by.filter(|_| may_open || !is_machine);
    for answer in view.earlier.iter_mut().chain(&mut view.later) {
        answer.note = answer
            .note
            .take()
            .filter(|_| may_open || is_own(&answer.by));
        answer.by = answer.by.take().filter(|_| may_open || !is_machine);
    }
    if is_machine {
        view.id = db.number_shown(Numbered::Alert, view.id)?;
    }
    Ok(view)
}

/// A named person has seen it and says what it is. What is only `noted` stays open and goes up until somebody decides it. That a threat or a secret mark is a false alarm an operator only notes (`doubted`): a confirming
/// officer decides, and what he says is handed over. An administrator, who sees no letter, says nothing that clears one.
#[utoipa::path(post, path = "/v1/alerts/{id}/acknowledge", tag = "alerts", request_body = AcknowledgeBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = AlertView)))]
pub async fn acknowledge(
    State(app): State<App>,
    caller: Caller<AlertReader>,
    Path(id): Path<i64>,
    asked: Asked<AcknowledgeBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let AcknowledgeBody { verdict, note } = asked.body;
    let verdict = Verdict::from(verdict);
    let note = note.filter(|note| !note.trim().is_empty());
    let note = note.map(|note| words("note", &note, 1, 500)).transpose()?;
    app.once_telling(key, move |db| {
        let known = db.alert(id)?;
        if !db.may_know_of_alert(&seer, &known)? {
            return Err(StoreError::NotFound {
                what: "alert",
                id: id.to_string(),
            });
        }
        if known.code == Code::PageKeptBack && !may(seer.holder, Action::DecideAccess) {
            return Err(StoreError::WrongState {
                why: Hindrance::NotForThisPerson,
                what: "alert",
                id: id.to_string(),
                state: "about a page that a confirming officer judges".into(),
                action: "acknowledge",
            });
        }
        let row = db.acknowledge_alert(id, (verdict, note.as_deref()), &seer)?;
        let event = Event::Alert {
            code: "acknowledged".into(),
            subject: format!("letter/{}", row.letter),
        };
        let told = view_for(db, &seer, row, Says::Pages)?;
        Ok((answer(StatusCode::OK, &told)?, event))
    })
    .await
}
