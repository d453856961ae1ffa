//! A letter's archive file: PDF/A-2u, whole or in parts, with its digest. Every read is in the ledger before the bytes go out.

use axum::extract::{Path, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::App;
use super::auth::{Caller, LetterReader};
use super::letters::may_see_pages;
use super::pages::not_read_yet;
use super::problem::Problem;
use crate::archive::{self, Archived, Naming, Outline, file_name};
use crate::digest::hex;

/// The letter as one PDF/A-2u: original images in binding order, an invisible text layer, metadata. The same letter gives the same bytes.
#[utoipa::path(get, path = "/v1/letters/{id}/archive.pdf", tag = "letters", params(("id" = String, Path)),
    responses((status = 200, body = [u8], content_type = "application/pdf", headers(
            ("etag" = String, description = "SHA-256 of the file"),
            ("repr-digest" = String, description = "RFC 9530; `Digest` (RFC 3230) says the same"))),
        (status = 206, description = "the part that `Range` asked for", body = [u8], content_type = "application/pdf"),
        (status = 304, description = "`If-None-Match` names this file"),
        (status = 416, description = "no such part"),
        (status = "4XX", body = Problem)))]
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
            for page in db.page_rows(&id)? {
                if !db.sees_sharply(&seer, &id, &page)? {
                    return Ok(None);
                }
            }
            let mut outline = Outline::of(db, &id)?;
            if !db.sees_instructions(&seer, &id)? {
                outline = outline.without_instructions();
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
    Ok(answer(&headers, &name, made))
}

fn answer(asked: &HeaderMap, name: &str, made: Archived) -> Response {
    let digest = Sha256::digest(&made.pdf);
    let (etag, base64) = (format!("\"{}\"", hex(&digest)), STANDARD.encode(digest));
    let fixed = [
        (header::ETAG, etag.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (
            HeaderName::from_static("repr-digest"),
            format!("sha-256=:{base64}:"),
        ),
        (
            HeaderName::from_static("digest"),
            format!("sha-256={base64}"),
        ),
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ];
    let mut response = match part(asked, &etag, made.pdf.len()) {
        Part::Known => StatusCode::NOT_MODIFIED.into_response(),
        Part::Whole => made.pdf.into_response(),
        Part::Of(from, to) => {
            let range = format!("bytes {from}-{to}/{}", made.pdf.len());
            let mut response =
                (StatusCode::PARTIAL_CONTENT, made.pdf[from..=to].to_vec()).into_response();
            insert(&mut response, header::CONTENT_RANGE, &range);
            response
        }
        Part::None => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            let range = format!("bytes */{}", made.pdf.len());
            insert(&mut response, header::CONTENT_RANGE, &range);
            return response;
        }
    };
    for (name, value) in fixed {
        insert(&mut response, name, &value);
    }
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
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

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// The caller has this very file.
    Known,
    Whole,
    /// First and last byte.
    Of(usize, usize),
    /// Outside the file.
    None,
}

/// RFC 9110, 14: one range; several, or what does not parse, get the whole.
fn part(asked: &HeaderMap, etag: &str, size: usize) -> Part {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    if let Some(known) = text(header::IF_NONE_MATCH)
        && known.split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/") == etag
        })
    {
        return Part::Known;
    }
    if text(header::IF_RANGE).is_some_and(|tag| tag != etag) {
        return Part::Whole;
    }
    let range = text(header::RANGE).and_then(|range| range.strip_prefix("bytes="));
    let Some((from, to)) = range.and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), _) if from >= size => Part::None,
        (Ok(from), Ok(to)) if from <= to => Part::Of(from, to.min(size - 1)),
        (Ok(from), Err(_)) if to.is_empty() => Part::Of(from, size - 1),
        (Err(_), Ok(0)) if from.is_empty() => Part::None,
        (Err(_), Ok(last)) if from.is_empty() => Part::Of(size.saturating_sub(last), size - 1),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn ranges_as_rfc_9110_has_them() {
        let of = |range| part(&asked(&[("range", range)]), "\"e\"", 100);
        assert_eq!(of("bytes=0-9"), Part::Of(0, 9));
        assert_eq!(of("bytes=90-"), Part::Of(90, 99));
        assert_eq!(of("bytes=-5"), Part::Of(95, 99));
        assert_eq!(of("bytes=-500"), Part::Of(0, 99));
        assert_eq!(of("bytes=50-5000"), Part::Of(50, 99));
        assert_eq!(of("bytes=100-"), Part::None);
        assert_eq!(of("bytes=-0"), Part::None);
        for whole in [
            "bytes=9-0",
            "bytes=0-1,5-6",
            "pages=1-2",
            "bytes=a-b",
            "bytes=-",
        ] {
            assert_eq!(of(whole), Part::Whole, "{whole}");
        }
    }

    #[test]
    fn a_part_of_another_file_is_never_given() {
        let changed = asked(&[("range", "bytes=0-9"), ("if-range", "\"old\"")]);
        assert_eq!(part(&changed, "\"e\"", 100), Part::Whole);
        let same = asked(&[("range", "bytes=0-9"), ("if-range", "\"e\"")]);
        assert_eq!(part(&same, "\"e\"", 100), Part::Of(0, 9));
        let known = asked(&[("if-none-match", "\"x\", W/\"e\"")]);
        assert_eq!(part(&known, "\"e\"", 100), Part::Known);
    }

    #[test]
    fn a_chinese_name_is_sent_both_ways() {
        assert_eq!(
            disposition("信·1"),
            "inline; filename=\"__1.pdf\"; filename*=UTF-8''%E4%BF%A1%C2%B71.pdf"
        );
    }
}
