//! Every route × every role, the frozen description, and what no route may do.

use laixin::api;
use laixin::store::{Role, Scope};

use super::house::{Caller, House};

/// Who may: operator, confirming officer, maintenance, auditor, administrator, case system's token, maintenance token.
type Who = [u8; 7];
const MAIL: Who = [1, 1, 0, 0, 0, 0, 0];
const READ: Who = [1, 1, 0, 0, 0, 1, 0];
const DECIDE: Who = [0, 1, 0, 0, 0, 0, 0];
const SIGN: Who = [0, 1, 0, 0, 1, 0, 0];
const NUMBER: Who = [1, 1, 0, 0, 1, 0, 0];
const ALERTS: Who = [1, 1, 0, 0, 1, 1, 0];
const ADMIN: Who = [0, 0, 0, 0, 1, 0, 0];
const CAB: Who = [1, 1, 1, 0, 1, 0, 0];
const SEE: Who = [1, 1, 1, 0, 1, 0, 1];
const HEALTH: Who = [0, 0, 1, 0, 1, 0, 1];
const CASE: Who = [0, 0, 0, 0, 0, 1, 0];
const SELF: Who = [1, 1, 1, 1, 1, 0, 0];
const AUDIT: Who = [0, 0, 0, 1, 0, 0, 0];
const ALL: Who = [1; 7];

/// Every route.
pub(super) const RIGHTS: &[(&str, &str, Who)] = &[
    ("GET", "/v1/session", SELF),
    ("GET", "/v1/clock", ALL),
    ("POST", "/v1/clock/confirm", SIGN),
    ("POST", "/v1/handover/reconcile", SIGN),
    ("GET", "/v1/second-copies", HEALTH),
    ("POST", "/v1/second-copies/begin", ADMIN),
    ("GET", "/v1/settings", ADMIN),
    ("POST", "/v1/settings/roster", ADMIN),
    ("POST", "/v1/settings/lists", ADMIN),
    ("POST", "/v1/settings/deadlines", ADMIN),
    ("POST", "/v1/settings/access", ADMIN),
    ("POST", "/v1/settings/thresholds", ADMIN),
    ("POST", "/v1/settings/thresholds/undo", ADMIN),
    ("POST", "/v1/batches", MAIL),
    ("GET", "/v1/batches", MAIL),
    ("GET", "/v1/batches/{id}", MAIL),
    ("POST", "/v1/batches/{id}/loads", MAIL),
    ("POST", "/v1/batches/{id}/close", MAIL),
    ("POST", "/v1/batches/{id}/exceptions", MAIL),
    (
        "POST",
        "/v1/batches/{id}/exceptions/{exception}/take-back",
        MAIL,
    ),
    ("POST", "/v1/batches/{id}/next-letter", MAIL),
    ("POST", "/v1/loads/{id}/override", MAIL),
    ("GET", "/v1/scanners", MAIL),
    ("POST", "/v1/scanners/{id}/scans", MAIL),
    ("POST", "/v1/scanners/{id}/cancel", MAIL),
    ("PUT", "/v1/scanners/{id}/batch", MAIL),
    ("GET", "/v1/scans", MAIL),
    ("GET", "/v1/scans/{id}", MAIL),
    ("GET", "/v1/holds", MAIL),
    ("POST", "/v1/holds/{id}/resolve", MAIL),
    ("POST", "/v1/holds/resolve", MAIL),
    ("POST", "/v1/letters/{id}/pages/move", MAIL),
    ("POST", "/v1/letters/{id}/pages/{n}/retake", MAIL),
    ("POST", "/v1/separators", MAIL),
    ("GET", "/v1/days/{date}", MAIL),
    ("POST", "/v1/days/{date}/close", MAIL),
    ("GET", "/v1/cabinets", SEE),
    ("GET", "/v1/cabinets/{id}", SEE),
    ("POST", "/v1/cabinets/{id}/cycles", CAB),
    ("POST", "/v1/cabinets/{id}/abort", CAB),
    ("POST", "/v1/cabinets/{id}/acknowledge", CAB),
    ("POST", "/v1/cabinets/{id}/selftest", CAB),
    ("POST", "/v1/cabinets/{id}/turned-over", MAIL),
    ("GET", "/v1/cycles/{id}/certificate.pdf", CAB),
    ("GET", "/v1/arrivals", MAIL),
    ("POST", "/v1/arrivals/{id}/take", MAIL),
    ("POST", "/v1/arrivals/{id}/set-aside", MAIL),
    ("GET", "/v1/arrivals/{id}/image", MAIL),
    ("GET", "/v1/letters", MAIL),
    ("GET", "/v1/search", MAIL),
    ("GET", "/v1/letters/{id}", MAIL),
    ("GET", "/v1/letters/{id}/archive.pdf", READ),
    ("GET", "/v1/letters/{id}/pages/{n}", READ),
    ("GET", "/v1/letters/{id}/pages/{n}/image", READ),
    ("GET", "/v1/letters/{id}/pages/{n}/thumbnail", READ),
    ("PUT", "/v1/letters/{id}/pages/{n}/kind", MAIL),
    ("PATCH", "/v1/letters/{id}/fields", MAIL),
    ("POST", "/v1/letters/{id}/fields/undo", MAIL),
    ("POST", "/v1/letters/{id}/confirm", MAIL),
    ("GET", "/v1/letters/{id}/valuables", MAIL),
    ("POST", "/v1/letters/{id}/valuables", MAIL),
    ("POST", "/v1/valuables/{id}/witness", MAIL),
    ("POST", "/v1/valuables/{id}/return", MAIL),
    ("POST", "/v1/valuables/{id}/return-witness", MAIL),
    ("POST", "/v1/valuables/{id}/strike", MAIL),
    ("POST", "/v1/letters/{id}/return-unread", MAIL),
    ("POST", "/v1/letters/{id}/withdraw", MAIL),
    ("POST", "/v1/letters/{id}/reinstate", MAIL),
    ("POST", "/v1/letters/{id}/destruction", MAIL),
    ("GET", "/v1/retentions", NUMBER),
    ("POST", "/v1/retentions/{id}/approve", ADMIN),
    ("POST", "/v1/retentions/{id}/refuse", ADMIN),
    ("GET", "/v1/boxes", MAIL),
    ("POST", "/v1/boxes", MAIL),
    ("GET", "/v1/boxes/{id}", MAIL),
    ("POST", "/v1/boxes/{id}/move", MAIL),
    ("POST", "/v1/boxes/{id}/close", MAIL),
    ("POST", "/v1/letters/{id}/box", MAIL),
    ("POST", "/v1/letters/{id}/loans", MAIL),
    ("GET", "/v1/loans", MAIL),
    ("POST", "/v1/loans/{id}/approve", MAIL),
    ("POST", "/v1/loans/{id}/back", MAIL),
    ("POST", "/v1/drafts/claims", CASE),
    ("GET", "/v1/drafts", READ),
    ("GET", "/v1/drafts/{id}", READ),
    ("POST", "/v1/drafts/{id}/ack", CASE),
    ("POST", "/v1/drafts/{id}/nack", CASE),
    ("GET", "/v1/events", ALL),
    ("GET", "/v1/health/devices", HEALTH),
    ("GET", "/v1/health/log", HEALTH),
    ("GET", "/v1/health/stations", HEALTH),
    ("GET", "/v1/check", HEALTH),
    ("POST", "/v1/check", HEALTH),
    ("POST", "/v1/session/password", SELF),
    ("GET", "/v1/users", ADMIN),
    ("POST", "/v1/users", ADMIN),
    ("POST", "/v1/users/{name}/password", ADMIN),
    ("POST", "/v1/users/{name}/role", ADMIN),
    ("POST", "/v1/users/{name}/disable", ADMIN),
    ("POST", "/v1/users/{name}/enable", ADMIN),
    ("GET", "/v1/tokens", ADMIN),
    ("POST", "/v1/tokens", ADMIN),
    ("POST", "/v1/tokens/{name}/revoke", ADMIN),
    ("POST", "/v1/letters/{id}/views", MAIL),
    ("GET", "/v1/letters/{id}/access", DECIDE),
    ("POST", "/v1/letters/{id}/access", DECIDE),
    ("DELETE", "/v1/letters/{id}/access/{user}", DECIDE),
    ("POST", "/v1/letters/{id}/restriction", MAIL),
    ("DELETE", "/v1/letters/{id}/restriction", DECIDE),
    ("POST", "/v1/letters/{id}/recusals", MAIL),
    ("DELETE", "/v1/letters/{id}/recusals/{user}", DECIDE),
    ("POST", "/v1/letters/{id}/offices", DECIDE),
    ("POST", "/v1/letters/{id}/offices/named", MAIL),
    ("GET", "/v1/letters/{id}/second-entry", MAIL),
    ("POST", "/v1/letters/{id}/second-entry", MAIL),
    ("GET", "/v1/letters/{id}/visitor", MAIL),
    ("POST", "/v1/letters/{id}/visitor", MAIL),
    ("GET", "/v1/interests", SELF),
    ("POST", "/v1/interests", SELF),
    ("DELETE", "/v1/interests/{number}", SELF),
    ("GET", "/v1/alerts", ALERTS),
    ("POST", "/v1/alerts/{id}/acknowledge", NUMBER),
    ("GET", "/v1/amendments", CASE),
    ("POST", "/v1/amendments/{number}/ack", CASE),
    ("GET", "/v1/training", MAIL),
    ("POST", "/v1/training/begin", MAIL),
    ("POST", "/v1/training/letters", MAIL),
    ("GET", "/v1/audit", AUDIT),
    ("GET", "/v1/outbox", MAIL),
    ("POST", "/v1/outbox/{id}/resend", DECIDE),
    ("GET", "/v1/statistics", MAIL),
    ("POST", "/v1/statistics/export", MAIL),
    ("DELETE", "/v1/session", SELF),
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
        .replace("{name}", "nobody")
        .replace("{user}", "nobody")
        .replace("{number}", "999")
        .replace("{date}", "2026-01-02");
    if path == "/v1/events" {
        return house.open(caller, &path).status().as_u16();
    }
    let body = matches!(method, "POST" | "PATCH" | "PUT" | "DELETE").then_some("{}");
    house.call(caller, method, &path, body).status
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let mut house = House::offering("read");
    house.cabinet_answers(drop);
    // What is not there is told before any right is asked for.
    house.drafted("999");
    let callers = [
        house.person("operator", Role::Operator),
        house.person("officer", Role::ConfirmingOfficer),
        house.person("maintenance", Role::Maintenance),
        house.person("auditor", Role::Auditor),
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

/// A developer copies the example out of the description and sends it: whatever is refused, it is not the form.
#[test]
fn the_example_of_each_body_is_a_request_that_its_route_understands() {
    let mut house = House::with_more("[[retention]]\npolicy = \"十年\"\nyears = 10\n");
    house.cabinet_answers(drop);
    let officer = house.person("officer", Role::ConfirmingOfficer);
    let administrator = house.person("administrator", Role::Administrator);
    let cases = house.machine("cases", Scope::CaseSystem);
    let described = serde_json::to_value(api::openapi::description()).unwrap();
    let mut tried = 0;
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            if body.is_null() || path == "/v1/session" {
                continue;
            }
            let method = method.to_uppercase();
            let right = RIGHTS.iter().find(|(m, p, _)| *m == method && p == path);
            let caller = match right.unwrap().2 {
                CASE => &cases,
                ADMIN => &administrator,
                _ => &officer,
            };
            let caller = caller.with("if-match", "\"1\"");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let address =
                parameters
                    .filter(|one| one["in"] == "path")
                    .fold(path.clone(), |address, one| {
                        let name = format!("{{{}}}", one["name"].as_str().unwrap());
                        let example = one["example"].to_string();
                        address.replace(&name, example.trim_matches('"'))
                    });
            let (status, _, answer) =
                house.bytes(&caller, &method, &address, Some(&body.to_string()));
            let told = String::from_utf8_lossy(&answer);
            let form = [
                "body_invalid",
                "not_json",
                "content_type",
                "query_invalid",
                "correction_invalid",
            ];
            assert!(
                status < 400 || !form.iter().any(|code| told.contains(code)),
                "{method} {address} {body}: {told}"
            );
            assert!(status != 500, "{method} {address}: {told}");
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} were tried");
}

/// What the description shows as an example of corrections is taken as it stands.
#[test]
fn the_example_of_corrections_is_legal_input() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A001");
    let api = serde_json::to_value(api::openapi::description()).unwrap();
    let body = &api["paths"]["/v1/letters/{id}/fields"]["patch"]["requestBody"]["content"]["application/json"]
        ["example"];
    assert!(body["letter_date"].is_object(), "{body}");
    let version = house.get(&zhang, "/v1/letters/A001").header("etag");
    let answer = house.call(
        &zhang.with("if-match", &version),
        "PATCH",
        "/v1/letters/A001/fields",
        Some(&body.to_string()),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
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
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
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
