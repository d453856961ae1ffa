//! Files over HTTP: whole or in parts (RFC 9110, 14), with their digest (RFC 9530), and not again for whoever has them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Content, Header, RefOr, Response as Described, ResponseBuilder, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::problem::Problem;
use crate::digest::hex;

/// A file's bytes, in the description.
pub(super) enum File {}

impl PartialSchema for File {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}

impl ToSchema for File {}

/// How a file may be asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes the headers; `part` reads them")]
pub(super) struct FileHeaders {
    /// One part (RFC 9110, 14); several, or what is no range, get the whole.
    #[param(rename = "Range", example = "bytes=0-65535")]
    range: Option<String>,
    /// The part only if the file still has this ETag, else the whole.
    #[param(rename = "If-Range")]
    if_range: Option<String>,
    /// ETags that the caller has.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

macro_rules! files {
    ($($(#[$doc:meta])* $name:ident: $media_type:literal;)*) => {$(
        $(#[$doc])*
        pub(super) enum $name {}
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Described>> {
                described($media_type)
            }
        }
    )*};
}
files! {
    /// An image as it came.
    Image: "image/*";
    /// One that was drawn.
    Jpeg: "image/jpeg";
    /// A paper.
    Pdf: "application/pdf";
}

/// What [`answer`] answers.
fn described(media_type: &str) -> BTreeMap<String, RefOr<Described>> {
    let header = |told: &str| -> Header {
        let text = ObjectBuilder::new().schema_type(Type::String);
        HeaderBuilder::new()
            .schema(Some(text))
            .description(Some(told))
            .build()
    };
    let file = |told: &str| {
        ResponseBuilder::new()
            .description(told)
            .content(media_type, Content::new(Some(File::schema())))
            .header("etag", header("SHA-256 of the file"))
            .header(
                "repr-digest",
                header("RFC 9530; `Digest` (RFC 3230) says the same"),
            )
    };
    let part = file("the part that `Range` asked for")
        .header("content-range", header("which bytes of how many"));
    let known = ResponseBuilder::new().description("`If-None-Match` names this file");
    [("200", file("the file")), ("206", part), ("304", known)]
        .map(|(status, response)| (status.to_owned(), RefOr::T(response.build())))
        .into()
}

/// The file as it was asked for. `disposition` is the whole value of `Content-Disposition`.
pub(crate) fn answer(
    asked: &HeaderMap,
    bytes: Bytes,
    media_type: &'static str,
    disposition: &str,
) -> Response {
    let digest = Sha256::digest(&bytes);
    let (etag, base64) = (format!("\"{}\"", hex(&digest)), STANDARD.encode(digest));
    let size = bytes.len();
    let mut response = match part(asked, &etag, size) {
        Part::Known => StatusCode::NOT_MODIFIED.into_response(),
        Part::Whole => bytes.into_response(),
        Part::Of(from, to) => {
            let mut response =
                (StatusCode::PARTIAL_CONTENT, bytes.slice(from..=to)).into_response();
            let range = format!("bytes {from}-{to}/{size}");
            insert(&mut response, header::CONTENT_RANGE, &range);
            response
        }
        Part::None => {
            let mut response =
                Problem::new("no_such_range", format!("the file has {size} bytes")).into_response();
            insert(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes */{size}"),
            );
            return response;
        }
    };
    let digest = HeaderName::from_static("digest");
    let repr_digest = HeaderName::from_static("repr-digest");
    insert(&mut response, header::ETAG, &etag);
    insert(&mut response, header::ACCEPT_RANGES, "bytes");
    insert(&mut response, repr_digest, &format!("sha-256=:{base64}:"));
    insert(&mut response, digest, &format!("sha-256={base64}"));
    insert(&mut response, header::CONTENT_TYPE, media_type);
    insert(&mut response, header::CONTENT_DISPOSITION, disposition);
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
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
}
