//! Originals and archive files for case systems: fetched from the station's bucket, opened, and given out only where the digest is right.

use async_nats::jetstream::object_store::GetErrorKind;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ocr::MediaType;
use tokio::io::AsyncReadExt as _;

use super::Counter;
use super::caller::CaseSystem;
use super::records::Handed;
use crate::api::problem::Problem;
use crate::api::ranged;
use crate::broker::fault::BrokerFault;
use crate::broker::names;
use crate::broker::package::Archive;
use crate::digest;

/// The files of a letter: where they are, and their names.
struct Files {
    station: String,
    pages: Vec<(u32, String)>,
    archive: Option<Archive>,
}

/// A page's original bytes.
pub(super) async fn original(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path((id, n)): Path<(String, u32)>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let files = counter.files(&id, &system).await?;
    let page = files.pages.iter().find(|(at, _)| *at == n);
    let (_, sha256) = page.ok_or_else(|| Problem::not_found("page", &format!("{id}/{n}")))?;
    let bytes = counter.fetched(&files.station, sha256).await?;
    let kind = MediaType::of(&bytes).map_or("application/octet-stream", MediaType::as_str);
    let inline = format!("inline; filename=\"{sha256}-original\"");
    Ok(ranged::answer(&asked, bytes.into(), kind, &inline))
}

/// The letter's PDF.
pub(super) async fn archive(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path(id): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let files = counter.files(&id, &system).await?;
    let archive = files.archive;
    let archive = archive.ok_or_else(|| Problem::not_found("archive file of letter", &id))?;
    let bytes = counter.fetched(&files.station, &archive.sha256).await?;
    let inline = format!("inline; filename=\"{}.pdf\"", archive.sha256);
    Ok(ranged::answer(
        &asked,
        bytes.into(),
        "application/pdf",
        &inline,
    ))
}

impl Counter {
    /// Of a letter that was handed out to this system or may be, or that it registered.
    async fn files(&self, id: &str, system: &str) -> Result<Files, Problem> {
        let none = || Problem::not_found("letter", id);
        let (station, letter) = names::meant(id).ok_or_else(none)?;
        let key = names::key(station, letter);
        let station = station.to_owned();
        if let Some(registered) = self.registered(&key).await? {
            if registered.system != system {
                return Err(none());
            }
            let later = self.handed(&key).await?;
            let handed = later.filter(|handed| handed.amended > 0);
            let handed = handed.unwrap_or_else(|| Handed::of(registered));
            return Ok(Files {
                station,
                pages: handed.pages,
                archive: handed.archive,
            });
        }
        let handed = self.handed(&key).await?.ok_or_else(none)?;
        if handed.is_kept_from(system) {
            return Err(none());
        }
        Ok(Files {
            station,
            pages: handed.pages,
            archive: handed.archive,
        })
    }

    /// An object, opened; its name is the SHA-256 that it must have.
    async fn fetched(&self, station: &str, sha256: &str) -> Result<Vec<u8>, Problem> {
        let missing = || {
            Problem::new(
                "original_missing",
                "it is not at the brokers any more: ask the station",
            )
        };
        let from = self.key_of(station).ok_or_else(missing)?;
        let bucket = names::pages(station);
        let store = self.link.jetstream().get_object_store(&bucket).await;
        let store = store.map_err(BrokerFault::away)?;
        let mut object = match store.get(sha256).await {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(BrokerFault::away(error).into()),
        };
        let mut sealed = Vec::with_capacity(object.info().size);
        object
            .read_to_end(&mut sealed)
            .await
            .map_err(BrokerFault::away)?;
        let opened = self.key.open(&sealed, from);
        let right = opened.filter(|bytes| digest::sha256_hex(bytes) == sha256);
        right.ok_or_else(|| {
            tracing::error!(station, object = sha256, "what lies at the brokers under this digest has another, or is not sealed by its station");
            Problem::new("original_altered", "what lies at the brokers is not what the station put there: ask the station")
        })
    }
}
