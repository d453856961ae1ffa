//! One letter: its pages, its fields, its alerts with their quotation, how it was disinfected, who confirmed it.

mod more;
mod questions;
pub(super) mod raised;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::earlier::{self, EarlierPart};
use super::field_lines::{self, FieldLine, MatterRow};
use super::frame::{Frame, Visitor};
use super::letters::{WITHHELD, over_words, stage_code};
use super::outbox::returned_words;
use super::refused::{Refused, show};
use super::second_entry::Standing;
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::guard;
use crate::clock::{self, Millis};
use crate::domain::access::{Action, Seer, may};
use crate::domain::double_entry::{Agreement, EntryField};
use crate::domain::draft::Draft;
use crate::domain::learn::Thresholds;
use crate::domain::letter::Stage;
use crate::domain::text::Quad;
use crate::store::{
    Batch, Db, DraftRow, DraftState, Hold, InQueue, KeptPages, LetterRow, Message, NamedOffice,
    PageRow, RestrictionRow, StoreError, Withholding,
};
use more::{Line, Signatory, more, signatories};
use questions::{HoldQuestion, OfficeQuestion, hold_question, kept_words, office_questions};
use raised::{FlagLine, Raised, flags};

struct LetterHead {
    id: String,
    stage: &'static str,
    stage_words: &'static str,
    /// It is withheld or emptied: no draft will come.
    is_over: bool,
    unread: usize,
}

pub(super) struct PageTab {
    pub(super) n: u32,
    pub(super) label: String,
    pub(super) troubled: bool,
    /// Quarter turns that show it upright.
    pub(super) turn: u16,
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
    /// Its pages are being read, in words.
    being_read: Option<String>,
    missing: String,
    fields: Vec<FieldLine>,
    matters: Vec<MatterRow>,
    signatories: Vec<Signatory>,
    more: Vec<Line>,
    earlier: Option<EarlierPart>,
    confirmed: Option<String>,
    locked: bool,
    /// The offices whose systems receive it once it is confirmed.
    receivers: Vec<String>,
    /// Whether he may say that the letter accuses nobody of an office, and somebody has to.
    says_nobody: bool,
    /// Offices of which he may say whether it accuses them, and has to.
    offices: Vec<OfficeQuestion>,
    /// Why it came back from an exchange folder, and what is to be done.
    returned: Option<(String, &'static str)>,
    /// Pages that the system which registered the letter never gets: they may be a letter of their own.
    to_part: String,
    /// What waits for a person's word.
    holds: Vec<HoldQuestion>,
    /// Fields that are to be keyed twice, and how they stand; none once it is confirmed.
    entries: Vec<Standing>,
    /// It may be shown to the visitor who brought it.
    for_visitor: bool,
    /// The letter that comes after this one; empty at the end of the queue.
    next: String,
    /// Where the queue stands, in words.
    queue: String,
    /// Somebody else has this letter open, in words.
    also_here: Option<String>,
}

struct Seen {
    alerts: Vec<Raised>,
    kept: Option<KeptPages>,
    /// Of an officer: the letter that its pages come from, and who is kept from this one because of it.
    kept_like: Option<(String, Vec<String>)>,
    /// Its package that came back.
    returned: Option<Message>,
    to_part: Vec<u32>,
    holds: Vec<Hold>,
    letter: LetterRow,
    batch: Batch,
    pages: Vec<PageRow>,
    draft: Option<DraftRow>,
    /// Where those who signed stand: the page that has most of them, and each one's place there.
    signed_at: Option<(u32, Vec<Quad>)>,
    later: Vec<String>,
    withheld: Option<Withholding>,
    restriction: Option<RestrictionRow>,
    /// It would go to whom it accuses.
    conflict: bool,
    /// It accuses somebody, and nobody has said whom.
    accused_open: bool,
    /// He may say that it is nobody of an office.
    is_officer: bool,
    /// From which confidence on values are taken unseen here.
    thresholds: Thresholds,
    /// Offices that it speaks of and whose systems wait, and whether he has no say about it: it is his own.
    offices: Vec<(NamedOffice, bool)>,
    /// Those of them that would receive it.
    receivers: Vec<String>,
    /// The offices of case systems.
    of_systems: Vec<String>,
    /// Letters that have its pages now, as far as this person may know of them.
    went_to: Vec<String>,
    entries: Vec<(EntryField, Agreement)>,
    /// The second screen may show it.
    for_visitor: bool,
    /// Name of what it would show now, where the visitor has said something.
    seen_by_visitor: Option<String>,
    queue: InQueue,
    also_here: Option<(String, Millis)>,
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
    let now = clock::now();
    let also_here = db.who_is_at(id, &seer.actor, now);
    db.comes_to(id, &seer.actor, now);
    let queue = db.in_queue(seer, id, now)?;
    let withheld = db.withholding(id)?;
    let is_shown = withheld.is_none();
    let mut went_to = Vec::new();
    for other in db.pages_went_to(id)? {
        if db.may_know_of(seer, &other)? {
            went_to.push(other);
        }
    }
    let draft = match db.draft(id) {
        Ok(mut draft) => {
            db.without_unseen(seer, &mut draft.draft)?;
            Some(draft).filter(|_| is_shown)
        }
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let accused_open = match &draft {
        Some(row) => db.accused_is_open(id, &row.draft.fields)?,
        None => false,
    };
    let named = db.named_offices(id)?;
    // What is registered is confirmed no more, and its draft cannot say it: what is to be said of its later pages is asked office by office.
    let accused_open = accused_open && letter.stage != Stage::Registered;
    let mut offices = Vec::new();
    for one in named {
        if one.is_open && is_shown {
            let is_his = db.is_his_office(&seer.actor, one.office.as_deref())?;
            offices.push((one, is_his));
        }
    }
    let entries = match &draft {
        Some(row) if row.draft.confirmed.is_none() => db.entries_of(&row.draft)?,
        _ => Vec::new(),
    };
    let restriction = db.restriction(id)?.filter(|known| known.holds);
    let for_visitor = draft.is_some() && restriction.is_none();
    // What he would see now is worked out of every page: only where he has said something about it.
    let seen_by_visitor = match &draft {
        Some(row) if for_visitor && row.draft.visitor.is_some() => Some(db.for_visitor(id)?.1),
        _ => None,
    };
    let signed_at = match &draft {
        Some(row) => signed_at(db, id, &row.draft.fields.joint.signatories)?,
        None => None,
    };
    let returned = db.returned(Some(id), 1)?.pop().filter(|_| is_shown);
    Ok(Seen {
        alerts: match is_shown {
            true => look_at_alerts(db, id, seer)?,
            false => Vec::new(),
        },
        kept_like: match may(seer.holder, Action::DecideAccess) {
            true => db.kept_like(id)?,
            false => None,
        },
        kept: match is_shown {
            true => db.kept_pages(id)?,
            false => None,
        },
        returned: match returned {
            Some(message) => Some(db.message_for(seer, message)?),
            None => None,
        },
        to_part: match is_shown {
            true => db.pages_to_part(id)?,
            false => Vec::new(),
        },
        holds: guard::as_heard(db, seer, db.holds_of(id)?)?,
        entries,
        for_visitor,
        seen_by_visitor,
        offices,
        receivers: match &draft {
            Some(_) => db.receivers(id)?,
            None => Vec::new(),
        },
        of_systems: db.offices_of_systems()?.into_iter().collect(),
        accused_open,
        thresholds: db.thresholds()?,
        is_officer: may(seer.holder, Action::DecideAccess),
        went_to,
        queue,
        also_here,
        batch: db.batch(letter.batch_id)?,
        later,
        restriction,
        conflict: db.conflict(id)?.is_some(),
        signed_at,
        pages: if is_shown {
            db.page_rows(id)?
        } else {
            Vec::new()
        },
        withheld,
        draft,
        letter,
    })
}

fn signed_at(
    db: &Db,
    letter: &str,
    names: &[String],
) -> Result<Option<(u32, Vec<Quad>)>, StoreError> {
    if names.len() < 2 {
        return Ok(None);
    }
    let pages = db.page_texts(letter)?;
    let places = pages
        .iter()
        .filter(|page| page.kind.is_of_the_letter())
        .map(|page| (page.n, page.last_mentions(names)));
    let most = places.max_by_key(|(_, quads)| quads.len());
    Ok(most.filter(|(_, quads)| !quads.is_empty()))
}

fn look_at_alerts(db: &Db, letter: &str, seer: &Seer) -> Result<Vec<Raised>, StoreError> {
    let mut raised = Vec::new();
    for alert in db.alerts_of(letter)? {
        let quotes = db.quotes_of(seer, &alert)?;
        raised.push((alert, quotes));
    }
    Ok(raised)
}

pub(super) fn tab(w: &'static Words, page: &PageRow) -> PageTab {
    let kind = page_kind(page);
    PageTab {
        n: page.n,
        label: w.two("letter.page_tab", page.n, w.code("page_kind", kind)),
        troubled: page.problem.is_some(),
        turn: page.turns_upright(),
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
        PageKind::Retaken => "retaken",
    }
}

fn missing(w: &'static Words, draft: &Draft) -> String {
    let names: Vec<_> = draft
        .missing
        .iter()
        .map(|name| w.code("field", name))
        .collect();
    w.list(&names)
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
    let withheld = seen.withheld.as_ref().map(|held| held.kind);
    let over = over_words(w, withheld, seen.letter.emptied);
    let stage = over.map_or(stage_code(seen.letter.stage), |_| WITHHELD);
    let draft = seen.draft.as_ref().map(|row| &row.draft);
    let confirmation = draft.and_then(|draft| draft.confirmed.as_ref());
    let unread = unread(&seen);
    let is_being_read = is_being_read(&seen);
    let is_out_of_hand = draft_is_out(&seen) && !is_back(&seen);
    LetterPage {
        letter: LetterHead {
            stage,
            stage_words: over.unwrap_or_else(|| w.code("stage", stage)),
            is_over: over.is_some(),
            unread,
            id: seen.letter.id.clone(),
        },
        version: seen.letter.version,
        batch: batch_words(w, &seen.batch),
        pages: seen.pages.iter().map(|page| tab(w, page)).collect(),
        flags: flags(w, draft.map(|draft| &draft.fields), &seen.alerts),
        notes: notes(w, &seen),
        being_read: is_being_read.then(|| match unread {
            0 => w.t("letter.being_read").to_owned(),
            unread => w.one("letter.being_read_n", unread),
        }),
        missing: draft.map(|draft| missing(w, draft)).unwrap_or_default(),
        fields: draft
            .map(|draft| {
                let mut lines = field_lines::lines(w, draft, seen.accused_open, &seen.thresholds);
                field_lines::keyed_otherwise(w, &mut lines, draft, &seen.entries);
                field_lines::light_names(&mut lines, seen.signed_at.as_ref());
                if is_being_read {
                    field_lines::not_found_yet(w, &mut lines);
                }
                lines
            })
            .unwrap_or_default(),
        entries: seen
            .entries
            .iter()
            .map(|one| Standing::of(w, *one))
            .collect(),
        for_visitor: seen.for_visitor,
        returned: seen
            .returned
            .as_ref()
            .map(|message| returned_words(w, message)),
        to_part: {
            let pages = seen.to_part.iter().map(u32::to_string);
            pages.collect::<Vec<_>>().join(w.t("app.and"))
        },
        holds: {
            let holds = seen.holds.iter().cloned();
            holds
                .map(|hold| hold_question(w, hold, seen.is_officer))
                .collect()
        },
        receivers: seen.receivers.clone(),
        says_nobody: seen.accused_open && seen.is_officer,
        offices: match seen.is_officer {
            true => office_questions(w, (&seen.offices, &seen.of_systems)),
            false => Vec::new(),
        },
        matters: draft
            .map(|draft| field_lines::matter_rows(w, &draft.fields))
            .unwrap_or_default(),
        signatories: draft
            .map(|draft| signatories(&draft.fields))
            .unwrap_or_default(),
        more: draft
            .map(|draft| more(w, (draft, &seen.pages), seen.seen_by_visitor.as_deref()))
            .unwrap_or_default(),
        queue: w.one("letter.queue", seen.queue.waiting),
        next: seen.queue.next.clone().unwrap_or_default(),
        also_here: seen
            .also_here
            .as_ref()
            .map(|(who, since)| w.two("letter.also_here", who, when::moment(w, *since))),
        earlier: draft.map(|draft| earlier::part(w, draft, &seen.later)),
        confirmed: confirmation.map(|confirmation| {
            w.two(
                "letter.confirmed",
                &confirmation.by,
                when::written(w, &confirmation.at),
            )
        }),
        locked: is_being_read || is_out_of_hand,
        f,
    }
}

fn unread(seen: &Seen) -> usize {
    let pages = seen.pages.iter();
    pages.filter(|page| page.state == "unread").count()
}

/// What is known of it stands on a part of its pages: another draft takes its place, and nothing is to be decided by this one.
fn is_being_read(seen: &Seen) -> bool {
    seen.draft.is_some() && matches!(seen.letter.stage, Stage::Arriving | Stage::Reading)
}

fn draft_is_out(seen: &Seen) -> bool {
    let draft = seen.draft.as_ref();
    draft.is_some_and(|row| row.state != DraftState::Open)
}

/// It was registered as it stood before a correction, which an officer has to confirm.
fn is_back(seen: &Seen) -> bool {
    let draft = seen.draft.as_ref();
    let is_registered = draft.is_some_and(|row| row.state == DraftState::Acked);
    is_registered && seen.letter.stage == Stage::Drafted
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
        Some(DraftState::Acked) if is_back(seen) => {
            Some(w.t("letter.note_registered_otherwise").to_owned())
        }
        Some(DraftState::Acked) => Some(w.t("letter.note_registered").to_owned()),
        _ => None,
    };
    let withheld = seen.withheld.as_ref();
    let withheld = withheld.map(|held| super::keeping::withheld_words(w, held));
    let restricted = seen.restriction.as_ref().map(|known| {
        let why = super::access::restricted_word(known.why);
        w.one("access.note_restricted", w.code("restricted", why))
    });
    let accused = seen
        .accused_open
        .then(|| w.t("letter.note_accused_unknown").to_owned());
    let offices = seen.offices.iter().map(|(one, _)| match &one.office {
        Some(office) => w.one("letter.note_office_named", office),
        None => w.one("letter.note_office_unknown", w.list(&seen.of_systems)),
    });
    let emptied = seen.letter.emptied.then(|| match seen.went_to.as_slice() {
        [] => w.t("letter.note_emptied").to_owned(),
        letters => w.one("letter.note_emptied_into", w.list(letters)),
    });
    let conflict = seen.conflict.then(|| w.t("access.conflict").to_owned());
    conflict
        .into_iter()
        .chain(restricted)
        .chain(accused)
        .chain(offices)
        .chain(unread)
        .chain(handed_over)
        .chain(seen.kept_like.as_ref().map(|(from, users)| {
            let users = w.list(users);
            let who = w.who_may(Action::DecideAccess);
            w.fill("letter.kept_like", &[from, &users, &who])
        }))
        .chain(seen.kept.as_ref().map(|kept| kept_words(w, kept)))
        .chain(emptied)
        .chain(withheld)
        .collect()
}
