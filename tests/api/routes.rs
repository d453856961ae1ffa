//! Every route × every role, the frozen description, and what no route may do.

use laixin::api;
use laixin::store::{Role, Scope};

use super::house::{Caller, House};

/// Who may: operator, maintenance, administrator, case system's token, maintenance token.
const RIGHTS: &[(&str, &str, [u8; 5])] = &[
    ("GET", "/v1/session", [1, 1, 1, 0, 0]),
    ("POST", "/v1/batches", [1, 0, 1, 0, 0]),
    ("GET", "/v1/batches", [1, 0, 1, 0, 0]),
    ("GET", "/v1/batches/{id}", [1, 0, 1, 0, 0]),
    ("POST", "/v1/batches/{id}/loads", [1, 0, 1, 0, 0]),
    ("POST", "/v1/batches/{id}/close", [1, 0, 1, 0, 0]),
    ("POST", "/v1/batches/{id}/exceptions", [1, 0, 1, 0, 0]),
    ("POST", "/v1/batches/{id}/next-letter", [1, 0, 1, 0, 0]),
    ("POST", "/v1/loads/{id}/override", [1, 0, 1, 0, 0]),
    ("GET", "/v1/scanners", [1, 0, 1, 0, 0]),
    ("POST", "/v1/scanners/{id}/scans", [1, 0, 1, 0, 0]),
    ("POST", "/v1/scanners/{id}/cancel", [1, 0, 1, 0, 0]),
    ("GET", "/v1/scans", [1, 0, 1, 0, 0]),
    ("GET", "/v1/scans/{id}", [1, 0, 1, 0, 0]),
    ("GET", "/v1/holds", [1, 0, 1, 0, 0]),
    ("POST", "/v1/holds/{id}/resolve", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/pages/move", [1, 0, 1, 0, 0]),
    ("POST", "/v1/separators", [1, 0, 1, 0, 0]),
    ("GET", "/v1/days/{date}", [1, 0, 1, 0, 0]),
    ("POST", "/v1/days/{date}/close", [1, 0, 1, 0, 0]),
    ("GET", "/v1/cabinets", [1, 1, 1, 0, 0]),
    ("GET", "/v1/cabinets/{id}", [1, 1, 1, 0, 0]),
    ("POST", "/v1/cabinets/{id}/cycles", [1, 1, 1, 0, 0]),
    ("POST", "/v1/cabinets/{id}/abort", [1, 1, 1, 0, 0]),
    ("POST", "/v1/cabinets/{id}/acknowledge", [1, 1, 1, 0, 0]),
    ("POST", "/v1/cabinets/{id}/selftest", [1, 1, 1, 0, 0]),
    ("POST", "/v1/cabinets/{id}/turned-over", [1, 1, 1, 0, 0]),
    ("GET", "/v1/cycles/{id}/certificate.pdf", [1, 1, 1, 0, 0]),
    ("GET", "/v1/arrivals", [1, 0, 1, 0, 0]),
    ("POST", "/v1/arrivals/{id}/take", [1, 0, 1, 0, 0]),
    ("POST", "/v1/arrivals/{id}/set-aside", [1, 0, 1, 0, 0]),
    ("GET", "/v1/letters", [1, 0, 1, 0, 0]),
    ("GET", "/v1/letters/{id}", [1, 0, 1, 0, 0]),
    ("GET", "/v1/letters/{id}/archive.pdf", [1, 0, 1, 1, 0]),
    ("GET", "/v1/letters/{id}/pages/{n}", [1, 0, 1, 1, 0]),
    ("GET", "/v1/letters/{id}/pages/{n}/image", [1, 0, 1, 1, 0]),
    (
        "GET",
        "/v1/letters/{id}/pages/{n}/thumbnail",
        [1, 0, 1, 1, 0],
    ),
    ("PUT", "/v1/letters/{id}/pages/{n}/kind", [1, 0, 1, 0, 0]),
    ("PATCH", "/v1/letters/{id}/fields", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/confirm", [1, 0, 1, 0, 0]),
    ("GET", "/v1/letters/{id}/valuables", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/valuables", [1, 0, 1, 0, 0]),
    ("POST", "/v1/valuables/{id}/witness", [1, 0, 1, 0, 0]),
    ("POST", "/v1/valuables/{id}/return", [1, 0, 1, 0, 0]),
    ("POST", "/v1/valuables/{id}/return-witness", [1, 0, 1, 0, 0]),
    ("POST", "/v1/valuables/{id}/strike", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/return-unread", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/withdraw", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/reinstate", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/destruction", [1, 0, 1, 0, 0]),
    ("GET", "/v1/retentions", [1, 0, 1, 0, 0]),
    ("POST", "/v1/retentions/{id}/approve", [0, 0, 1, 0, 0]),
    ("POST", "/v1/retentions/{id}/refuse", [0, 0, 1, 0, 0]),
    ("GET", "/v1/boxes", [1, 0, 1, 0, 0]),
    ("POST", "/v1/boxes", [1, 0, 1, 0, 0]),
    ("GET", "/v1/boxes/{id}", [1, 0, 1, 0, 0]),
    ("POST", "/v1/boxes/{id}/move", [1, 0, 1, 0, 0]),
    ("POST", "/v1/boxes/{id}/close", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/box", [1, 0, 1, 0, 0]),
    ("POST", "/v1/letters/{id}/loans", [1, 0, 1, 0, 0]),
    ("GET", "/v1/loans", [1, 0, 1, 0, 0]),
    ("POST", "/v1/loans/{id}/approve", [1, 0, 1, 0, 0]),
    ("POST", "/v1/loans/{id}/back", [1, 0, 1, 0, 0]),
    ("POST", "/v1/drafts/claims", [0, 0, 0, 1, 0]),
    ("GET", "/v1/drafts", [1, 0, 1, 1, 0]),
    ("GET", "/v1/drafts/{id}", [1, 0, 1, 1, 0]),
    ("POST", "/v1/drafts/{id}/ack", [0, 0, 0, 1, 0]),
    ("POST", "/v1/drafts/{id}/nack", [0, 0, 0, 1, 0]),
    ("GET", "/v1/events", [1, 1, 1, 1, 1]),
    ("GET", "/v1/health/devices", [0, 1, 1, 0, 1]),
    ("GET", "/v1/health/log", [0, 1, 1, 0, 1]),
    ("DELETE", "/v1/session", [1, 1, 1, 0, 0]),
];
/// Routes that ask nobody who they are.
const OPEN: &[(&str, &str)] = &[
    ("POST", "/v1/session"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
];

fn ask(house: &House, caller: &Caller, method: &str, path: &str) -> u16 {
    let path = path
        .replace("{id}", "999")
        .replace("{n}", "1")
        .replace("{date}", "2026-01-02");
    if path == "/v1/events" {
        return house.open(caller, &path).status().as_u16();
    }
    let body = matches!(method, "POST" | "PATCH" | "PUT").then_some("{}");
    house.call(caller, method, &path, body).status
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let mut house = House::new();
    house.cabinet_answers(drop);
    let callers = [
        house.person("operator", Role::Operator),
        house.person("maintenance", Role::Maintenance),
        house.person("administrator", Role::Administrator),
        house.machine("cases", Scope::CaseSystem),
        house.machine("devices", Scope::Maintenance),
    ];
    for (method, path, rights) in RIGHTS {
        assert_eq!(
            ask(&house, &Caller::default(), method, path),
            401,
            "{method} {path} without a sign-in"
        );
        for (caller, right) in callers.iter().zip(rights) {
            let status = ask(&house, caller, method, path);
            let refused = matches!(status, 401 | 403);
            assert_eq!(refused, *right == 0, "{method} {path} {caller:?}: {status}");
        }
    }
}

#[test]
fn the_table_of_rights_names_every_route() {
    let described = serde_json::to_value(api::openapi::description()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    let known = RIGHTS
        .iter()
        .map(|(method, path, _)| (method, path))
        .chain(OPEN.iter().map(|(m, p)| (m, p)));
    let mut known: Vec<_> = known
        .map(|(method, path)| (method.to_string(), path.to_string()))
        .collect();
    known.sort();
    routes.sort();
    assert_eq!(routes, known);
}

#[test]
fn the_description_is_frozen() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/openapi.json");
    let now = serde_json::to_string_pretty(&api::openapi::description()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, &now).unwrap();
    }
    let frozen = std::fs::read_to_string(file).unwrap();
    assert!(
        frozen == now,
        "the interface changed: if that is meant, run with UPDATE_SNAPSHOTS=1 and say so in CHANGELOG"
    );
}

#[test]
fn the_description_is_openapi_3_1_with_a_problem_at_every_route() {
    let house = House::new();
    let described = house.get(&Caller::default(), "/openapi.json").json();
    assert!(
        described["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        described["openapi"]
    );
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let has_problem = responses.keys().any(|status| status.starts_with('4'));
            assert!(has_problem || !path.starts_with("/v1"), "{method} {path}");
        }
    }
    assert!(described["components"]["schemas"]["Draft"]["properties"]["fields"].is_object());
}

#[test]
fn what_is_no_route_is_a_problem_document() {
    let house = House::new();
    assert_eq!(
        house.get(&Caller::default(), "/v1/nothing").code(),
        "not_found"
    );
    let answer = house.call(&Caller::default(), "DELETE", "/v1/batches", None);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (405, "method_not_allowed")
    );
    let zhang = house.person("zhang", Role::Operator);
    let answer = house.get(&zhang, "/v1/batches/not-a-number");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "query_invalid")
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn readiness_names_what_is_not_ready() {
    let house = House::new();
    assert_eq!(house.get(&Caller::default(), "/healthz").text, "ok");
    let ready = house.get(&Caller::default(), "/readyz");
    assert_eq!(
        (ready.status, ready.json()["ready"].as_bool()),
        (200, Some(true)),
        "{}",
        ready.text
    );
    house
        .app
        .readiness
        .not_ready("reading", "model_missing", "run the set-up");
    let not = house.get(&Caller::default(), "/readyz");
    assert_eq!(not.status, 503);
    let parts = not.json()["parts"].as_array().unwrap().clone();
    let reading = parts.iter().find(|part| part["part"] == "reading").unwrap();
    assert_eq!(
        (reading["code"].as_str(), reading["message"].as_str()),
        (Some("model_missing"), Some("run the set-up"))
    );
    assert!(
        parts
            .iter()
            .any(|part| part["part"] == "store" && part["ready"] == true)
    );
}

#[test]
fn metrics_count_what_the_store_holds() {
    let house = House::new();
    house.drafted("A1");
    house.app.metrics.page_read(0.6);
    let text = house.get(&Caller::default(), "/metrics").text;
    for line in [
        "laixin_pages{state=\"read\"} 1",
        "laixin_letters{state=\"drafted\"} 1",
        "laixin_drafts{state=\"unconfirmed\"} 1",
        "laixin_cabinet_connected{cabinet=\"cabinet-1\"} 1",
        "laixin_page_read_seconds_count 1",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
}

/// Whoever sits elsewhere gets neither readiness nor metrics; without an address known, neither.
#[test]
fn only_the_host_itself_sees_readiness_and_metrics() {
    use axum::extract::{ConnectInfo, FromRequestParts};
    let house = House::new();
    let ask = |from: Option<&str>| {
        let mut parts = ureq::http::Request::new(()).into_parts().0;
        if let Some(from) = from {
            parts
                .extensions
                .insert(ConnectInfo(from.parse::<std::net::SocketAddr>().unwrap()));
        }
        house
            .runtime
            .block_on(api::health::OnHost::from_request_parts(&mut parts, &()))
            .is_ok()
    };
    assert!(ask(Some("127.0.0.1:5")) && ask(Some("[::1]:5")) && ask(Some("[::ffff:127.0.0.1]:5")));
    assert!(!ask(Some("10.0.0.1:5")) && !ask(None));
}
