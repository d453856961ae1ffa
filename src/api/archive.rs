//! A letter's archive file: PDF/A-2u, whole or in parts, with its digest. Every read is in the ledger before the bytes go out.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::App;
use super::auth::{Caller, LetterReader};
use super::letters::may_see_pages;
use super::pages::not_read_yet;
use super::problem::Problem;
use super::ranged;
use crate::archive::{self, Naming, Outline, file_name};
use crate::domain::access::Holder;

/// The letter as one PDF/A-2u: original images in binding order, an invisible text layer, metadata. The same pages give the same bytes, with the
/// dates of these pages; a case system's file says nothing of pages that it does not get, nor of what waits for a person.
#[utoipa::path(get, path = "/v1/letters/{id}/archive.pdf", tag = "letters",
    params(("id" = String, Path), ranged::FileHeaders), responses(ranged::Pdf))]
pub async fn pdf(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Path(letter): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let by = caller.actor();
    let (id, seer) = (letter.clone(), caller.seer());
    let (outline, naming) = app
        .store
        .with(move |db| {
            may_see_pages(db, &caller, &id)?;
            let pages = db.page_rows(&id)?;
            let kept = db.pages_kept_from(&seer, &id, &pages)?;
            for page in pages {
                if !db.sees_sharply(&seer, &id, &page)? {
                    return Ok(None);
                }
            }
            let mut outline = Outline::of(db, &id)?.without(&kept);
            if !db.sees_instructions(&seer, &id)? {
                outline = outline.without_instructions();
            }
            if matches!(seer.holder, Holder::Machine(_)) {
                outline = outline.without_findings();
            }
            let detail = json!({"pages": outline.pages()});
            db.record(&by, "archive.read", &format!("letter/{id}"), &detail)?;
            let (batch, _) = db.letter_origin(&id)?;
            let naming = Naming {
                number: db.archive_number(&id)?,
                received: Some(batch.received),
                letter: id,
                ..Naming::default()
            };
            Ok(Some((outline, naming)))
        })
        .await?
        .ok_or_else(not_read_yet)?;
    if outline.pages() == 0 {
        return Err(Problem::not_found("page", &letter));
    }
    let naming = Naming {
        fonds: app.settings.archive.fonds.clone(),
        ..naming
    };
    let name = file_name(&app.settings.archive.name, &naming);
    let (evidence, settings) = (app.evidence.clone(), app.settings.clone());
    let made = tokio::task::spawn_blocking(move || {
        let level = settings.archive.level;
        archive::make(outline, &evidence, &settings.station.name, level)
    });
    let made = made
        .await
        .map_err(|_| Problem::new("defect", "the station's log says more"))??;
    let pdf = Bytes::from(made.pdf);
    Ok(ranged::answer(
        &headers,
        pdf,
        "application/pdf",
        &disposition(&name),
    ))
}

/// RFC 6266: Chinese names in their encoded form, a plain one beside it.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_. ".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect();
    format!("inline; filename=\"{plain}.pdf\"; filename*=UTF-8''{encoded}.pdf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_name_is_sent_both_ways() {
        assert_eq!(
            disposition("信·1"),
            "inline; filename=\"__1.pdf\"; filename*=UTF-8''%E4%BF%A1%C2%B71.pdf"
        );
    }
}
