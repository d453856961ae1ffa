//! Pages: the original bytes, an image that every browser shows, a thumbnail. Every look is in the ledger, before the bytes go out.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ocr::MediaType;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::auth::{Caller, LetterReader};
use super::letters::may_see_pages;
use super::problem::Problem;
use super::ranged;
use crate::store::{PageRow, StoreError};
use crate::worker;

/// Longest side of a thumbnail.
const THUMBNAIL_PX: u32 = 320;
/// Longest side of a page that nobody has read yet: a character of a sheet of A4 is a pixel or two, an envelope is still no letter.
const COARSE_PX: u32 = 64;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Place {
    /// The letter's number.
    id: String,
    /// From 1, as the draft counts.
    n: u32,
}

/// How much of a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// It has to be readable.
    Sharp,
    /// To see that it is there will do.
    AtLeastCoarse,
}

/// The original bytes as they came.
#[utoipa::path(
    get,
    path = "/v1/letters/{id}/pages/{n}",
    tag = "letters",
    params(Place, ranged::FileHeaders),
    responses(ranged::Image)
)]
pub async fn original(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Path(place): Path<Place>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let page = looked_at(&app, caller, place).await?;
    let bytes = bytes_of(&app, &page).await?;
    let kind = MediaType::of(&bytes).map_or("application/octet-stream", MediaType::as_str);
    let name = format!("{}-original", page.sha256);
    Ok(image(&asked, kind, &name, bytes.into()))
}

/// The page for a browser: the original where a browser shows it, a JPEG otherwise; pixels as the draft's quads count them.
#[utoipa::path(
    get,
    path = "/v1/letters/{id}/pages/{n}/image",
    tag = "letters",
    params(Place, ranged::FileHeaders),
    responses(ranged::Image)
)]
pub async fn shown(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Path(place): Path<Place>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let page = looked_at(&app, caller, place).await?;
    let bytes = bytes_of(&app, &page).await?;
    let name = format!("{}-{}", page.sha256, page.frame);
    if let Some(kind @ (MediaType::Jpeg | MediaType::Png)) = MediaType::of(&bytes) {
        return Ok(image(&asked, kind.as_str(), &name, bytes.into()));
    }
    let jpeg = off_thread(move || drawn(&bytes, page.frame, None)).await?;
    Ok(image(&asked, "image/jpeg", &name, jpeg.into()))
}

/// The page, 320 pixels on its longest side; 64 for people as long as nobody knows what is in it.
#[utoipa::path(
    get,
    path = "/v1/letters/{id}/pages/{n}/thumbnail",
    tag = "letters",
    params(Place, ranged::FileHeaders),
    responses(ranged::Jpeg)
)]
pub async fn thumbnail(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Path(place): Path<Place>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let (page, is_sharp) = look(&app, caller, place, Wants::AtLeastCoarse).await?;
    let name = format!("{}-{}-thumbnail", page.sha256, page.frame);
    let longest_px = if is_sharp { THUMBNAIL_PX } else { COARSE_PX };
    let of_page = (page.sha256.clone(), page.frame, longest_px);
    let draw = async {
        let bytes = bytes_of(&app, &page).await?;
        let jpeg = off_thread(move || drawn(&bytes, page.frame, Some(longest_px))).await?;
        Ok::<_, Problem>(Bytes::from(jpeg))
    };
    let jpeg = app.thumbnails.of(of_page, draw).await?;
    Ok(image(&asked, "image/jpeg", &name, jpeg))
}

/// The page's row, once the look at it is on record.
async fn looked_at(
    app: &App,
    caller: Caller<LetterReader>,
    place: Place,
) -> Result<PageRow, Problem> {
    let (page, _) = look(app, caller, place, Wants::Sharp).await?;
    Ok(page)
}

/// The page's row and whether it may be seen sharply, once the look at it is on record.
async fn look(
    app: &App,
    caller: Caller<LetterReader>,
    Place { id: letter, n }: Place,
    wants: Wants,
) -> Result<(PageRow, bool), Problem> {
    let by = caller.actor();
    let found = app.store.with(move |db| {
        may_see_pages(db, &caller, &letter)?;
        let pages = db.page_rows(&letter)?;
        let kept = db.pages_kept_from(&caller.seer(), &letter, &pages)?;
        let mut shown = pages.into_iter().filter(|page| !kept.contains(&page.n));
        let page = shown.find(|page| page.n == n);
        let page = page.ok_or_else(|| StoreError::NotFound {
            what: "page",
            id: format!("{letter}/{n}"),
        })?;
        let seer = caller.seer();
        db.let_see_page(&seer, &letter, page.kind)?;
        let is_sharp = db.sees_sharply(&seer, &letter, &page)?;
        if wants == Wants::Sharp && !is_sharp {
            return Ok(None);
        }
        let detail = if is_sharp {
            json!({"n": n, "sha256": page.sha256})
        } else {
            json!({"n": n, "sha256": page.sha256, "coarse": true})
        };
        db.record(&by, "page.viewed", &format!("letter/{letter}"), &detail)?;
        Ok(Some((page, is_sharp)))
    });
    found.await?.ok_or_else(not_read_yet)
}

/// Who may see the letter is not known before it is read.
pub(super) fn not_read_yet() -> Problem {
    Problem::new(
        "not_read_yet",
        "nobody knows yet whom the letter touches: ask again when it has a draft",
    )
}

/// The original's bytes, verified.
async fn bytes_of(app: &App, page: &PageRow) -> Result<Vec<u8>, Problem> {
    let (evidence, sha256) = (app.evidence.clone(), page.sha256.clone());
    off_thread(move || evidence.get(&sha256).map_err(Problem::from)).await
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem::new("defect", "the station's log says more"))?
}

/// Drawn in a page worker: a crafted file may take that with it, and nothing else.
fn drawn(bytes: &[u8], frame: u32, longest_px: Option<u32>) -> Result<Vec<u8>, Problem> {
    worker::picture(bytes, frame, longest_px).map_err(|error| {
        Problem::new(
            "page_unreadable",
            format!("{error}; its original is kept as it came"),
        )
    })
}

/// Kept by this browser only, and asked for again each time: every look is on record.
fn image(asked: &HeaderMap, kind: &'static str, name: &str, bytes: Bytes) -> Response {
    ranged::answer(asked, bytes, kind, &format!("inline; filename=\"{name}\""))
}
