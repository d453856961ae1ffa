//! Cycles: the certificate of one, for the file. It holds no letter, only what the cabinet did.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::auth::{Cabinets, Caller};
use super::problem::Problem;
use super::ranged;
use crate::store::CycleRecord;
use crate::{certificate, clock};

/// The certificate of a cycle: one A4 page, PDF/A-2u. Without the number of letters for whom one of the batch is kept from.
#[utoipa::path(get, path = "/v1/cycles/{id}/certificate.pdf", tag = "cabinets",
    params(("id" = String, Path, description = "number of the cycle, e.g. C000012")),
    responses((status = 200, body = inline(ranged::File), content_type = "application/pdf")))]
pub async fn certificate(
    State(app): State<App>,
    caller: Caller<Cabinets>,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let id = CycleRecord::id_of(&number).ok_or_else(|| Problem::not_found("cycle", &number))?;
    let looks = caller.actor();
    let file = app.store.with(move |db| db.cycle_file_for(&looks, id));
    let file = file.await?;
    let settings = app.settings.clone();
    // The font is some megabytes: not on a thread that answers others.
    let printed = tokio::task::spawn_blocking(move || {
        certificate::print(&settings, &file, clock::now()).map_err(Problem::from)
    });
    let pdf = printed
        .await
        .map_err(|_| Problem::new("defect", "the station's log says more"))??;
    let name = format!("inline; filename=\"{}.pdf\"", CycleRecord::number(id));
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/pdf"),
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
