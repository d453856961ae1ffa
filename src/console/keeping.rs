//! What is kept of a letter beside its draft: its pages as images, things enclosed, the paper's place, why it is withheld, its destruction; and the
//! boxes.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::keeping::{ReturnWay, ValuableKind, Withheld};
use crate::domain::text::PageKind;
use crate::scan::destroyed;
use crate::store::{
    BoxRow, BoxedLetter, Db, LoanRow, PageRow, RetentionRow, ScanOf, StoreError, ValuableRow,
    Withholding,
};

const KINDS: [ValuableKind; 8] = [
    ValuableKind::Cash,
    ValuableKind::MoneyOrder,
    ValuableKind::IdOriginal,
    ValuableKind::Security,
    ValuableKind::Book,
    ValuableKind::Painting,
    ValuableKind::Other,
    ValuableKind::NothingFound,
];
const WAYS: [ReturnWay; 4] = [
    ReturnWay::InPerson,
    ReturnWay::RegisteredMail,
    ReturnWay::Remittance,
    ReturnWay::HandedOver,
];

const PAGE_KINDS: [PageKind; 8] = [
    PageKind::Letter,
    PageKind::Envelope,
    PageKind::Attachment,
    PageKind::Photograph,
    PageKind::TransferForm,
    PageKind::Instruction,
    PageKind::Separator,
    PageKind::Retaken,
];

struct Choice {
    code: String,
    label: &'static str,
}

/// The word a code is stored as.
fn code(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn word(w: &'static Words, section: &str, code: &str) -> &'static str {
    w.known(section, code).unwrap_or_default()
}

fn choices<T: serde::Serialize>(w: &'static Words, section: &str, values: &[T]) -> Vec<Choice> {
    let one = |value: &T| {
        let code = code(value);
        Choice {
            label: word(w, section, &code),
            code,
        }
    };
    values.iter().map(one).collect()
}

struct Item {
    id: i64,
    what: String,
    history: Vec<String>,
    is_closed: bool,
    may_witness: bool,
    may_return: bool,
    may_witness_return: bool,
    may_strike: bool,
}

struct Loan {
    id: i64,
    letter: String,
    text: String,
    may_approve: bool,
    is_open: bool,
}

struct PageLine {
    n: u32,
    label: String,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "keeping.html")]
struct KeepingPage {
    f: Frame,
    letter: String,
    withheld: Option<String>,
    may_reinstate: bool,
    items: Vec<Item>,
    kinds: Vec<Choice>,
    ways: Vec<Choice>,
    today: String,
    place: Option<(i64, String)>,
    boxes: Vec<BoxRow>,
    loans: Vec<Loan>,
    pages: Vec<PageLine>,
    page_kinds: Vec<Choice>,
    policies: Vec<String>,
    proposal: Option<String>,
    is_destroyed: bool,
    /// Files of a destroyed letter that could not be removed.
    scans_left: Vec<String>,
}

struct Kept {
    withheld: Option<Withholding>,
    valuables: Vec<ValuableRow>,
    place: Option<(BoxRow, u32)>,
    boxes: Vec<BoxRow>,
    loans: Vec<LoanRow>,
    pages: Vec<PageRow>,
    proposal: Option<RetentionRow>,
    scans: Vec<ScanOf>,
}

fn look(db: &mut Db, letter: &str, by: &str) -> Result<Kept, StoreError> {
    let withheld = db.withholding(letter)?;
    let detail = serde_json::json!({"part": "keeping"});
    db.record(by, "letter.viewed", &format!("letter/{letter}"), &detail)?;
    Ok(Kept {
        withheld,
        valuables: db.valuables_of(letter)?,
        place: db.place_of(letter)?,
        boxes: db.boxes()?,
        loans: db.loans(Some(letter))?,
        pages: db.page_rows(letter)?,
        proposal: db
            .open_retentions()?
            .into_iter()
            .find(|row| row.letter == letter),
        scans: db.scans_of_destroyed(Some(letter))?,
    })
}

fn item(w: &'static Words, row: ValuableRow, me: &str) -> Item {
    let mut what = vec![word(w, "valuable_kind", &code(&row.kind)).to_owned()];
    what.extend(row.amount.clone());
    what.extend(row.serial.clone());
    let signed =
        |key: &str, (by, at): &(String, crate::clock::Millis)| w.two(key, by, when::moment(w, *at));
    let mut history = vec![signed("keeping.listed", &row.listed)];
    history.extend(
        row.witnessed
            .iter()
            .map(|by| signed("keeping.witnessed", by)),
    );
    if let (Some((how, to, receipt, on)), Some((by, _))) = (&row.returned, &row.returned_by) {
        let how = word(w, "return_way", &code(how));
        history.push(w.fill("keeping.returned", &[on, &how, to, receipt, by]));
    }
    history.extend(
        row.return_witnessed
            .iter()
            .map(|by| signed("keeping.return_witnessed", by)),
    );
    history.extend(
        row.struck
            .iter()
            .map(|(by, why)| w.two("keeping.struck", by, why)),
    );
    let is_closed = row.is_closed();
    let is_mine = row.listed.0 == me;
    let found = row.kind != ValuableKind::NothingFound;
    Item {
        id: row.id,
        what: what.join(" · "),
        history,
        is_closed,
        may_witness: !is_closed && row.witnessed.is_none() && !is_mine,
        may_return: !is_closed && found && row.witnessed.is_some() && row.returned.is_none(),
        may_witness_return: !is_closed
            && row
                .returned_by
                .as_ref()
                .is_some_and(|(giver, _)| giver != me),
        may_strike: !is_closed && row.returned.is_none() && !is_mine,
    }
}

fn loan(w: &'static Words, row: LoanRow, me: &str) -> Loan {
    let asked = when::moment(w, row.asked);
    let mut text = w.fill("keeping.loan", &[&row.asked_by, &asked, &row.reason]);
    if let Some(by) = &row.approved_by {
        text.push_str(&w.one("keeping.loan_out", by));
    }
    if let Some(by) = &row.back_by {
        text.push_str(&w.one("keeping.loan_back", by));
    }
    Loan {
        id: row.id,
        letter: row.letter,
        text,
        may_approve: row.approved_by.is_none() && row.back_by.is_none() && row.asked_by != me,
        is_open: row.back_by.is_none(),
    }
}

/// Who proposed to destroy a letter, when and why.
pub(super) fn proposed(w: &'static Words, row: &RetentionRow) -> String {
    let at = when::moment(w, row.proposed);
    w.fill("keeping.proposed", &[&row.proposed_by, &at, &row.policy])
}

/// Why a letter is withheld, in words.
pub(super) fn withheld_words(w: &'static Words, held: &Withholding) -> String {
    let kind = word(w, "withheld", &code(&held.kind));
    let at = when::moment(w, held.at);
    w.fill("keeping.withheld", &[&kind, &held.by, &at, &held.reason])
}

/// `GET /letters/{id}/keeping`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(letter): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "letters"));
    let me = visitor.person.session.user.clone();
    let (by, id) = (me.clone(), letter.clone());
    let kept = match app.store.with(move |db| look(db, &id, &by)).await {
        Ok(kept) => kept,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let withdrawn = |held: &Withholding| held.kind == Withheld::Withdrawn;
    let destroyed = |held: &Withholding| held.kind == Withheld::Destroyed;
    let (settings, scans) = (app.settings.clone(), kept.scans);
    let left = tokio::task::spawn_blocking(move || destroyed::left(&settings, &scans)).await;
    let left = left.unwrap_or_default().into_iter();
    show(&KeepingPage {
        scans_left: left.map(|file| file.display().to_string()).collect(),
        may_reinstate: kept.withheld.as_ref().is_some_and(withdrawn),
        withheld: kept.withheld.as_ref().map(|held| withheld_words(w, held)),
        items: kept
            .valuables
            .into_iter()
            .map(|row| item(w, row, &me))
            .collect(),
        kinds: choices(w, "valuable_kind", &KINDS),
        ways: choices(w, "return_way", &WAYS),
        today: crate::clock::now().day(),
        place: kept.place.map(|(a_box, at)| {
            (
                a_box.id,
                w.fill("keeping.place", &[&a_box.name, &a_box.location, &at]),
            )
        }),
        boxes: kept
            .boxes
            .into_iter()
            .filter(|b| b.sealed.is_none())
            .collect(),
        loans: kept
            .loans
            .into_iter()
            .map(|row| loan(w, row, &me))
            .collect(),
        pages: kept
            .pages
            .iter()
            .map(|page| PageLine {
                n: page.n,
                label: w.one("keeping.page", page.n),
                kind: super::letter::page_kind(page),
            })
            .collect(),
        page_kinds: choices(w, "page_kind", &PAGE_KINDS),
        policies: app
            .settings
            .retentions
            .iter()
            .map(|known| known.policy.clone())
            .collect(),
        proposal: kept.proposal.map(|row| proposed(w, &row)),
        is_destroyed: kept.withheld.as_ref().is_some_and(destroyed),
        letter,
        f,
    })
}

#[derive(Template)]
#[template(path = "boxes.html")]
struct BoxesPage {
    f: Frame,
    boxes: Vec<BoxRow>,
    loans: Vec<Loan>,
}

/// `GET /boxes`
pub(super) async fn boxes(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "boxes"));
    let me = visitor.person.session.user.clone();
    let by = me.clone();
    match app
        .store
        .with(move |db| Ok((db.boxes()?, db.loans(None)?, db.kept_from(&by)?)))
        .await
    {
        Ok((boxes, loans, kept)) => show(&BoxesPage {
            loans: loans
                .into_iter()
                .filter(|row| !kept.contains(&row.letter))
                .map(|row| loan(w, row, &me))
                .collect(),
            boxes,
            f,
        }),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

#[derive(Template)]
#[template(path = "box.html")]
struct BoxPage {
    f: Frame,
    a_box: BoxRow,
    list: Vec<BoxedLetter>,
    printed: String,
}

/// `GET /boxes/{id}`: the label and the list, to be printed and laid into the box.
pub(super) async fn a_box(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(id): Path<i64>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "boxes"));
    let by = visitor.person.session.user.clone();
    match app
        .store
        .with(move |db| Ok((db.a_box(id)?, db.box_list(id)?, db.kept_from(&by)?)))
        .await
    {
        Ok((a_box, list, kept)) => show(&BoxPage {
            printed: when::moment(w, crate::clock::now()),
            a_box,
            list: list
                .into_iter()
                .filter(|boxed| !kept.contains(&boxed.letter))
                .collect(),
            f,
        }),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}
