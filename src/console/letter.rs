//! One letter: its pages, its fields, its alerts with their quotation, how it was disinfected, who confirmed it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::earlier::{self, EarlierPart};
use super::field_lines::{self, FieldLine};
use super::frame::{Frame, Visitor};
use super::letters::stage_code;
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::access::Seer;
use crate::domain::deadline::{Start, Unit, WEEKENDS_ONLY};
use crate::domain::draft::{Deadline, DeadlineToCome, Draft, Fields, Flag};
use crate::store::{
    Batch, Db, DraftRow, DraftState, LetterRow, PageRow, RestrictionRow, StoreError, Withholding,
};

struct LetterHead {
    id: String,
    stage: &'static str,
    stage_words: &'static str,
    unread: usize,
}

struct PageTab {
    n: u32,
    label: String,
    width: u32,
    height: u32,
    troubled: bool,
}

struct FlagLine {
    words: &'static str,
    tone: &'static str,
    quote: Option<String>,
    why: Option<String>,
    page: String,
    quad: String,
}

struct Line {
    label: &'static str,
    text: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    f: Frame,
    letter: LetterHead,
    version: i64,
    batch: String,
    pages: Vec<PageTab>,
    flags: Vec<FlagLine>,
    notes: Vec<String>,
    missing: String,
    fields: Vec<FieldLine>,
    more: Vec<Line>,
    earlier: Option<EarlierPart>,
    confirmed: Option<String>,
    locked: bool,
}

struct Seen {
    letter: LetterRow,
    batch: Batch,
    pages: Vec<PageRow>,
    draft: Option<DraftRow>,
    later: Vec<String>,
    withheld: Option<Withholding>,
    restriction: Option<RestrictionRow>,
    /// It would go to whom it accuses.
    conflict: bool,
}

/// What the page shows; the look is in the ledger, as for everyone who reads a letter.
fn look(db: &mut Db, id: &str, seer: &Seer) -> Result<Seen, StoreError> {
    db.let_see(seer, id)?;
    let letter = db.letter_row(id)?;
    let mut later = Vec::new();
    for other in db.letters_naming(id)? {
        if db.may_know(seer, &other)? {
            later.push(other);
        }
    }
    db.record(
        &seer.actor,
        "letter.viewed",
        &format!("letter/{id}"),
        &serde_json::json!({}),
    )?;
    let withheld = db.withholding(id)?;
    let is_shown = withheld.is_none();
    Ok(Seen {
        batch: db.batch(letter.batch_id)?,
        later,
        restriction: db.restriction(id)?.filter(|known| known.holds),
        conflict: db.conflict(id)?.is_some(),
        pages: if is_shown {
            db.page_rows(id)?
        } else {
            Vec::new()
        },
        withheld,
        draft: match db.draft(id) {
            Ok(mut draft) => {
                db.without_unseen(seer, &mut draft.draft)?;
                Some(draft).filter(|_| is_shown)
            }
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        },
        letter,
    })
}

fn tab(w: &'static Words, page: &PageRow) -> PageTab {
    let kind = page_kind(page);
    let (width, height) = page.size_px.unwrap_or_default();
    PageTab {
        n: page.n,
        label: w.two("letter.page_tab", page.n, w.code("page_kind", kind)),
        width,
        height,
        troubled: page.problem.is_some(),
    }
}

pub(super) fn page_kind(page: &PageRow) -> &'static str {
    use crate::domain::text::PageKind;
    match page.kind {
        PageKind::TransferForm => "transfer_form",
        PageKind::Instruction => "instruction",
        PageKind::Letter => "letter",
        PageKind::Attachment => "attachment",
        PageKind::Photograph => "photograph",
        PageKind::Envelope => "envelope",
        PageKind::Separator => "separator",
    }
}

fn flags(w: &'static Words, fields: &Fields) -> Vec<FlagLine> {
    let flags = &fields.flags;
    let all: [(&str, &Option<Flag>, &str); 6] = [
        ("threat", &flags.threat, "bad"),
        ("secret_mark", &flags.secret_mark, "bad"),
        ("crime_clue", &flags.crime_clue, "bad"),
        ("valuables", &flags.valuables, ""),
        ("sensitive", &flags.sensitive, ""),
        ("archive_only", &flags.archive_only, ""),
    ];
    let raised = all.into_iter().filter_map(|(code, flag, tone)| {
        Some((code, flag.as_ref().filter(|flag| flag.value)?, tone))
    });
    raised
        .map(|(code, flag, tone)| FlagLine {
            words: w.code("flag", code),
            tone,
            quote: flag
                .quote
                .as_ref()
                .map(|quote| w.one("letter.quote", quote)),
            why: flag.why.clone(),
            page: flag.page.map(|page| page.to_string()).unwrap_or_default(),
            quad: flag
                .quad
                .as_ref()
                .map(field_lines::points)
                .unwrap_or_default(),
        })
        .collect()
}

fn matters(w: &'static Words, fields: &Fields) -> String {
    let lines: Vec<_> = fields
        .matters
        .iter()
        .map(|matter| {
            let mut parts = vec![matter.title.clone()];
            parts.extend(matter.main.then(|| w.t("letter.matter_main").to_owned()));
            parts.extend(matter.category.clone());
            parts.extend(matter.place.clone());
            parts.join(" · ")
        })
        .collect();
    lines.join("\n")
}

fn proof(w: &'static Words, draft: &Draft) -> (String, &'static str) {
    let Some(proof) = &draft.disinfection else {
        return (w.t("letter.proof_none").to_owned(), "bad");
    };
    if let Some(signed) = &proof.r#override {
        let at = when::written(w, &signed.at);
        let signers = w.signers(&signed.by, signed.approved_by.as_deref());
        let text = w.fill("letter.proof_override", &[&signers, &at, &signed.reason]);
        return (text, "bad");
    }
    let none = || w.t("app.none").to_owned();
    let cycle = proof.cycle.clone().unwrap_or_else(none);
    let dose = proof
        .dose_mj_cm2
        .map_or_else(none, |dose| format!("{dose:.1}"));
    let at = proof
        .released_at
        .as_deref()
        .map_or_else(none, |at| when::written(w, at));
    (w.fill("letter.proof_released", &[&cycle, &dose, &at]), "")
}

/// The name in the reader's language; the basis is a quotation and stays as it is written.
fn deadline(w: &'static Words, due: &Deadline) -> String {
    let name = w.known("deadline", &due.name).unwrap_or(&due.name);
    let (basis, note) = match due.basis.strip_suffix(WEEKENDS_ONLY) {
        Some(basis) => (basis, w.t("letter.deadline_weekends_only")),
        None => (due.basis.as_str(), ""),
    };
    w.fill("letter.deadline", &[&due.due, &name, &basis, &note])
}

/// A deadline that something of the case system starts.
fn deadline_to_come(w: &'static Words, rule: &DeadlineToCome) -> String {
    let name = w.known("deadline", &rule.name).unwrap_or(&rule.name);
    let start = w.code(
        "deadline_start",
        match rule.start {
            Start::Received => "received",
            Start::Accepted => "accepted",
            Start::Registered => "registered",
            Start::Transferred => "transferred",
        },
    );
    let days = |n: u32| match rule.unit {
        Unit::Working => w.one("letter.working_days", n),
        Unit::Calendar => w.one("letter.calendar_days", n),
    };
    let longer = rule
        .extend_days
        .map(|n| w.one("letter.extension", days(n)))
        .unwrap_or_default();
    let within = days(rule.days);
    w.fill(
        "letter.deadline_to_come",
        &[&name, &start, &within, &longer, &rule.basis],
    )
}

/// What the form shows below the fields.
fn more(w: &'static Words, draft: &Draft) -> Vec<Line> {
    let fields = &draft.fields;
    let mut lines = Vec::new();
    let mut add = |label: &'static str, text: String, tone: &'static str| {
        if !text.is_empty() {
            lines.push(Line {
                label: w.t(label),
                text,
                tone,
            });
        }
    };
    let (text, tone) = proof(w, draft);
    add("letter.proof", text, tone);
    if let Some(proxy) = &fields.proxy {
        let (key, tone) = match proxy.authorisation_seen {
            true => ("letter.proxy_with", ""),
            false => ("letter.proxy_without", "bad"),
        };
        add("letter.proxy", w.one(key, &proxy.agent), tone);
    }
    if let Some(postmark) = &fields.postmark {
        let parts: Vec<_> = [&postmark.place, &postmark.date]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        add("letter.postmark", parts.join(" "), "");
    }
    add("letter.matters", matters(w, fields), "");
    let deadlines = draft.deadlines.iter();
    let deadlines: Vec<_> = deadlines.map(|due| deadline(w, due)).collect();
    add("letter.deadlines", deadlines.join("\n"), "");
    let to_come = draft.deadlines_to_come.iter();
    let to_come: Vec<_> = to_come.map(|rule| deadline_to_come(w, rule)).collect();
    add("letter.deadlines_to_come", to_come.join("\n"), "");
    lines
}

fn missing(w: &'static Words, draft: &Draft) -> String {
    let names: Vec<_> = draft
        .missing
        .iter()
        .map(|name| w.code("field", name))
        .collect();
    names.join("、")
}

fn batch_words(w: &'static Words, batch: &Batch) -> String {
    format!(
        "{} · {} · {}",
        w.one("letters.batch_n", batch.id),
        super::batches::carrier_words(w, batch.carrier),
        when::moment(w, batch.received)
    )
}

fn filled(w: &'static Words, f: Frame, seen: Seen) -> LetterPage {
    let stage = stage_code(seen.letter.stage);
    let draft = seen.draft.as_ref().map(|row| &row.draft);
    let confirmation = draft.and_then(|draft| draft.confirmed.as_ref());
    LetterPage {
        letter: LetterHead {
            stage,
            stage_words: w.code("stage", stage),
            unread: seen
                .pages
                .iter()
                .filter(|page| page.state == "unread")
                .count(),
            id: seen.letter.id.clone(),
        },
        version: seen.letter.version,
        batch: batch_words(w, &seen.batch),
        pages: seen.pages.iter().map(|page| tab(w, page)).collect(),
        flags: draft
            .map(|draft| flags(w, &draft.fields))
            .unwrap_or_default(),
        notes: notes(w, &seen),
        missing: draft.map(|draft| missing(w, draft)).unwrap_or_default(),
        fields: draft
            .map(|draft| field_lines::lines(w, draft))
            .unwrap_or_default(),
        more: draft.map(|draft| more(w, draft)).unwrap_or_default(),
        earlier: draft.map(|draft| earlier::part(w, draft, &seen.later)),
        confirmed: confirmation.map(|confirmation| {
            w.two(
                "letter.confirmed",
                &confirmation.by,
                when::written(w, &confirmation.at),
            )
        }),
        locked: seen
            .draft
            .as_ref()
            .is_some_and(|row| row.state != DraftState::Open),
        f,
    }
}

/// `GET /letters/{id}`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(id): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "letters"));
    let seer = visitor.seer();
    match app.store.with(move |db| look(db, &id, &seer)).await {
        Ok(seen) => show(&filled(w, f, seen)),
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

/// What an operator has to know before reading the fields: sheets without text, a draft that is out of hand.
fn notes(w: &'static Words, seen: &Seen) -> Vec<String> {
    let unread = seen
        .pages
        .iter()
        .filter(|page| page.problem.is_some())
        .map(|page| {
            let note = match page.problem.as_deref() {
                Some("blank") => "letter.note_blank",
                Some("secret_mark") => "letter.note_withheld",
                _ => "letter.note_unreadable",
            };
            w.one(note, page.n)
        });
    let state = seen.draft.as_ref().map(|row| row.state);
    let handed_over = match state {
        Some(DraftState::Leased) => Some(w.t("letter.note_leased").to_owned()),
        Some(DraftState::Acked) => Some(w.t("letter.note_registered").to_owned()),
        _ => None,
    };
    let withheld = seen.withheld.as_ref();
    let withheld = withheld.map(|held| super::keeping::withheld_words(w, held));
    let restricted = seen.restriction.as_ref().map(|known| {
        let why = super::access::restricted_word(known.why);
        w.one("access.note_restricted", w.code("restricted", why))
    });
    let conflict = seen.conflict.then(|| w.t("access.conflict").to_owned());
    conflict
        .into_iter()
        .chain(restricted)
        .chain(unread)
        .chain(handed_over)
        .chain(withheld)
        .collect()
}
