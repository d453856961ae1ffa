//! The parameters of an address that each operation takes: those of its description. What it does not know is refused by its name; a filter that is
//! misspelt would otherwise answer with everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Query, Request};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use super::openapi;
use super::problem::Problem;

/// By method and address.
type Known = BTreeMap<(String, String), BTreeSet<String>>;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut api = super::routes().split_for_parts().1;
    let mut known = Known::new();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in openapi::methods(item) {
            known.insert((method.to_uppercase(), path.clone()), names(operation));
        }
    }
    known
});

fn names(operation: &Operation) -> BTreeSet<String> {
    let all = operation.parameters.iter().flatten();
    let asked = all.filter_map(|parameter| match parameter {
        RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name.clone()),
        _ => None,
    });
    asked.collect()
}

/// Whether an operation says anything of parameters that it does not know: whoever watches the station adds what he likes to `/healthz`.
pub(super) fn is_strict(path: &str) -> bool {
    path.starts_with("/v1/")
}

fn refusal(uri: &Uri, known: &BTreeSet<String>) -> Option<Problem> {
    // What cannot be taken apart is refused where it is read.
    let Query(asked) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let (unknown, _) = asked.into_iter().find(|(name, _)| !known.contains(name))?;
    let is_a_name = unknown.len() <= 40
        && unknown
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let named = if is_a_name { unknown } else { "one".to_owned() };
    let there: Vec<&str> = known.iter().map(String::as_str).collect();
    let there = match there.as_slice() {
        [] => "none is taken here".to_owned(),
        there => format!("there is {}", there.join(", ")),
    };
    Some(Problem::new(
        "query_unknown",
        format!("{named}: no such parameter; {there}"),
    ))
}

/// Refuses a parameter that the operation does not know.
pub(super) async fn only_known(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let refused = path
        .filter(|path| is_strict(path.as_str()))
        .and_then(|path| {
            let method = match request.method().as_str() {
                "HEAD" => "GET",
                other => other,
            };
            let known = KNOWN.get(&(method.to_owned(), path.as_str().to_owned()))?;
            refusal(request.uri(), known)
        });
    match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}
