//! What is to be seen of a held file, so that it can be compared with the paper: also of an image that was cut short, as far as it goes. Every look is
//! in the ledger before the bytes go out. Who may see a page sharply that nobody has read is decided as for pages of letters that are held.

use std::path::{Component, Path, PathBuf};

use axum::extract::{Path as Of, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::App;
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use super::ranged;
use crate::domain::access::{PageStanding, may_see_sharply};
use crate::store::{Arrival, StoreError};
use crate::worker;

/// Longest side of the picture: a sheet can be told from another, its writing read with some trouble.
const SHARP_PX: u32 = 1_000;
/// For whoever is no confirming officer, or has declared an interest that it might touch.
const COARSE_PX: u32 = 64;
/// Larger files are not looked into for a picture.
const LARGEST_BYTES: u64 = 128 * 1024 * 1024;

/// The first page of a held file as a small JPEG, as far as it can be decoded: 1,000 pixels on its longest side for a confirming officer, 64 for
/// anybody else. A file held for a letter is seen as that letter is, and as every letter that pages of it were put into.
#[utoipa::path(get, path = "/v1/arrivals/{id}/image", tag = "letters",
    params(("id" = String, Path), ranged::FileHeaders), responses(ranged::Jpeg))]
pub async fn shown(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Of(id): Of<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let (arrival, longest_px) = app
        .store
        .with(move |db| {
            let nothing = |id: String| StoreError::NotFound {
                what: "held file",
                id,
            };
            let arrival = match db.arrival(&id)? {
                waits if waits.awaits_list() => Arrival {
                    kept_as: Some(waits.name.clone()),
                    ..waits
                },
                _ => db.undecided(&id, "look at")?,
            };
            if db.arrivals_kept_from(&seer.actor)?.contains(&arrival.id) {
                return Err(nothing(id));
            }
            db.let_see_held(&seer, &arrival.id)?;
            db.held_not_withheld(&arrival.id)?;
            // Nobody knows yet whom it touches, and the paper is at the desk.
            let standing = PageStanding {
                is_judged: false,
                is_unreadable: false,
                is_held: true,
                has_interest: !db.interests(Some(&seer.actor))?.is_empty(),
            };
            let longest_px = match may_see_sharply(seer.holder, standing) {
                true => SHARP_PX,
                false => COARSE_PX,
            };
            let detail = json!({"held_for": arrival.reason, "longest_px": longest_px});
            let subject = format!("arrival/{}", arrival.id);
            db.record(&seer.actor, "page.viewed", &subject, &detail)?;
            Ok((arrival, longest_px))
        })
        .await?;
    let file = place_of(&app, &arrival)?;
    let drawn = tokio::task::spawn_blocking(move || picture(&file, longest_px)).await;
    let jpeg = drawn.map_err(|_| Problem::new("defect", "the station's log says more"))??;
    let name = format!("inline; filename=\"{}\"", arrival.id);
    Ok(ranged::answer(&asked, jpeg.into(), "image/jpeg", &name))
}

/// Below the folder of its scanner, and nowhere else.
fn place_of(app: &App, arrival: &Arrival) -> Result<PathBuf, Problem> {
    let mut scanners = app.settings.scanners.iter();
    let scanner = scanners.find(|scanner| scanner.id.to_string() == arrival.source);
    let kept = arrival.kept_as.as_deref().map(Path::new);
    let is_below = |kept: &&Path| {
        let mut parts = kept.components();
        parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match scanner.zip(kept.filter(is_below)) {
        Some((scanner, kept)) => Ok(scanner.folder.join(kept)),
        None => Err(unreadable("its scanner is not among the settings")),
    }
}

fn picture(file: &Path, longest_px: u32) -> Result<Vec<u8>, Problem> {
    let known = std::fs::symlink_metadata(file);
    if !known.is_ok_and(|known| known.is_file() && known.len() <= LARGEST_BYTES) {
        return Err(unreadable("it is no plain file, too large, or gone"));
    }
    let bytes = std::fs::read(file).map_err(|_| unreadable("it cannot be read"))?;
    worker::glimpse(&bytes, longest_px).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(why: &str) -> Problem {
    Problem::new(
        "page_unreadable",
        format!("{why}; the file is kept as it came"),
    )
}
