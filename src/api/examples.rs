//! An example for every body, answer and address of the description, made from the schemas themselves, so that none can fall behind: what a type says
//! of itself (`#[schema(example = …)]`) where it does, otherwise each property by its kind and name. It leaves out what is not JSON.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Content, OpenApi, RefOr};

/// A draft as a case system gets it: of a letter that nobody wrote, out of `tests/letters`.
const DRAFT: &str = include_str!("examples/draft.json");
/// Schemas inside each other at most; none of ours are so deep.
const DEEPEST: usize = 24;
const TIME: &str = "2026-03-02T09:00:00+08:00";
const DAY: &str = "2026-03-02";
const HASH: &str = "c3e5b62398179e3e271165ab0403dfd556059c35668fb8e20aab5693f764c861";

/// Texts by property; first those of one type's property only.
const TEXTS: [(&str, &str); 113] = [
    ("ArrivalView.id", "0a-17"),
    ("ArrivalView.name", "A001_p1.jpg"),
    ("ArrivalView.reason", "no_open_batch"),
    ("Shown.matters", "小区供水"),
    ("VisitorView.seen", "4b1f0c9e2d7a8356"),
    ("VisitorWord.seen", "4b1f0c9e2d7a8356"),
    ("BoxView.name", "2026-03 第1盒"),
    ("NewBoxBody.name", "2026-03 第1盒"),
    ("CabinetView.id", "cabinet-1"),
    ("CabinetView.step", "idle"),
    ("DestructionBody.reason", "保存期满"),
    ("ListFault.fault", "page_in_two_letters"),
    ("ListFault.page", "0002.jpg"),
    ("PageView.engine", "ppocr-v6-small …"),
    ("PageView.read_by", "reader-1"),
    ("PageView.state", "read"),
    ("Phones.value", "0512-65227061"),
    ("RetentionView.reason", "保存期满"),
    ("SecondCopiesView.folder", "/mnt/second/laixin"),
    ("ScannerView.id", "scanner-1"),
    ("StatisticsView.until", "2026-03-26"),
    ("absent", "scan_counter"),
    ("actor", "zhang"),
    ("agent", "陈小虎"),
    ("alarm_lamp", "out"),
    ("amount", "500 元"),
    ("arrival", "0a-17"),
    ("at", TIME),
    ("now", TIME),
    ("behind", TIME),
    ("ahead_of", TIME),
    ("failed_besides", "restarted_mid_cycle"),
    ("when", TIME),
    ("by", "zhang"),
    ("cabinet", "cabinet-1"),
    ("case_number", "SZ-2026-000123"),
    ("check", "strike"),
    ("code", "stale"),
    ("conflict", "addressee"),
    ("cycle", "C000001"),
    ("dated", "2026-02-27"),
    ("day", DAY),
    ("detail", "第3张，信封"),
    ("device", "cabinet-1"),
    ("division", "320506"),
    ("expected", "UVC-200"),
    ("failed", "lamp_failed"),
    ("field", "address"),
    ("from", "2026-02-26"),
    ("handled", "A001"),
    ("id", "A001"),
    ("kept_as", "held/A001_p1.jpg"),
    ("last_problem", "timeout"),
    ("lease", "5d41402abc4b2a76b9719d911017c592"),
    ("lease_expires_at", "2026-03-02T09:05:00+08:00"),
    ("letter", "A001"),
    ("lifted_reason", "与本信无关"),
    ("location", "档案室三架二层"),
    ("mail_numbers", "XA12345678901"),
    ("map", "invented"),
    ("message", "读信程序正在启动，请稍候"),
    ("missing", "stale"),
    ("model", "UVC-200"),
    ("nack_reason", "案件系统已有同一登记"),
    ("name", "zhang"),
    ("named_at", TIME),
    ("new", "four words make one"),
    ("office", "苏州市信访局"),
    ("next_action", "核对后处理"),
    ("note", "已核对"),
    ("old", "three words make one"),
    ("on", DAY),
    ("part", "reading"),
    ("password", "three words make one"),
    ("phones", "0512-65227061"),
    ("point", "irradiance_mw_cm2"),
    ("policy", "十年"),
    ("problem", "reader_died"),
    ("quality", "good"),
    ("read", "UVC-100"),
    ("reason", "核对来信内容"),
    ("receipt_no", "2026-015"),
    ("received_on", "2025-11-03"),
    ("same_as", "0a-03"),
    ("scanner", "scanner-1"),
    ("sender", "陆思雨"),
    ("serial", "AB12345678"),
    ("sha256", HASH),
    ("signatories", "陆思雨"),
    (
        "sm3",
        "77ed138419f709bb8215a409b9f586c9d054ba6e6570f61a226ee68b041b4a71",
    ),
    ("source", "scanner-1"),
    ("state", "good"),
    ("step", "irradiating"),
    ("summary", "反映小区供暖问题，盼望答复。"),
    ("text", "吴中区人民路"),
    ("to", "陆思雨"),
    ("token", "laixin_5d41402abc4b2a76b9719d911017c592"),
    ("trouble", "jam"),
    ("unit", "mW/cm²"),
    ("until", "2026-03-02T09:15:00+08:00"),
    ("user", "zhang"),
    ("value", "陆思雨"),
    ("what", "threat"),
    ("scans_left", "/var/spool/laixin/scanner-1/done/A001_p1.jpg"),
    ("waits_for", "0002.jpg"),
    ("where", "A001"),
    ("date", DAY),
    ("number", "7"),
    ("n", "1"),
    ("struck", "li"),
    ("urgent_reason", "明日停暖，有病人"),
    ("report_upward_reason", "需多部门联合办理"),
    ("images", "3"),
];

/// Puts them in.
pub(super) fn add_to(api: &mut OpenApi) {
    let schemas = api.components.as_ref().map(|parts| json!(parts.schemas));
    let Some(Value::Object(schemas)) = schemas else {
        return;
    };
    let schemas = Schemas(schemas);
    for (path, item) in &mut api.paths.paths {
        for operation in super::openapi::operations(item) {
            schemas.of_address(path, operation);
            schemas.of_bodies(operation);
        }
    }
}

struct Schemas(Map<String, Value>);

impl Schemas {
    /// What stands in the address.
    fn of_address(&self, path: &str, operation: &mut Operation) {
        let parameters = operation.parameters.iter_mut().flatten().filter_map(own);
        for parameter in parameters.filter(|one| one.parameter_in == ParameterIn::Path) {
            let is_number = json!(parameter.schema)["type"] == "integer";
            let example = match (is_number, parameter.name.as_str()) {
                (true, "n") => json!(1),
                (true, _) => json!(7),
                (false, "id") => json!(named_in(path)),
                (false, "name") if path.starts_with("/v1/tokens") => json!("cases"),
                (false, name) => json!(text("", name).unwrap_or_default()),
            };
            let told = ParameterBuilder::from(parameter.clone());
            *parameter = told.example(Some(example)).build();
        }
    }

    fn of_bodies(&self, operation: &mut Operation) {
        if let Some(body) = operation.request_body.as_mut().and_then(own) {
            let all = body.content.values_mut().filter_map(own);
            all.for_each(|one| self.of_content(one));
        }
        for response in operation.responses.responses.values_mut() {
            let all = own(response).into_iter().flat_map(|one| &mut one.content);
            for (kind, content) in all.filter_map(|(kind, one)| Some((kind, own(one)?))) {
                if kind.ends_with("json") {
                    self.of_content(content);
                }
            }
        }
    }

    fn of_content(&self, content: &mut Content) {
        if let Some(schema) = &content.schema {
            content.example = Some(self.example(&json!(schema), ("", ""), 0));
        }
    }

    /// An example of this schema, which stands at this property of this type.
    fn example(&self, schema: &Value, (of, name): (&str, &str), depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(named) = schema["$ref"].as_str() {
            let named = named.rsplit('/').next().unwrap_or_default();
            if named == "Draft" {
                return serde_json::from_str(DRAFT).expect("a test parses it");
            }
            let schema = self.0.get(named).unwrap_or(&Value::Null);
            let of = named.trim_start_matches("Listed_");
            return self.example(schema, (of, name), depth + 1);
        }
        if let Some(said) = schema.get("example") {
            return said.clone();
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        for either in ["oneOf", "anyOf"] {
            if let Some(all) = schema[either].as_array() {
                let one = all.iter().find(|one| one["type"] != "null");
                return one.map_or(Value::Null, |one| self.example(one, (of, name), depth + 1));
            }
        }
        if let Some(all) = schema["allOf"].as_array() {
            let parts = all
                .iter()
                .map(|part| self.example(part, (of, name), depth + 1));
            return parts.fold(json!({}), joined);
        }
        self.by_kind(schema, (of, name), depth)
    }

    fn by_kind(&self, schema: &Value, (of, name): (&str, &str), depth: usize) -> Value {
        match kind(schema) {
            "object" => {
                let no_properties = Map::new();
                let properties = schema["properties"].as_object().unwrap_or(&no_properties);
                let all = properties.iter().map(|(name, schema)| {
                    let example = self.example(schema, (of, name.as_str()), depth + 1);
                    (name.clone(), example)
                });
                all.collect::<Map<_, _>>().into()
            }
            "array" => {
                if let Some(places) = schema["prefixItems"].as_array() {
                    let places = places.iter();
                    return places
                        .map(|one| self.example(one, (of, name), depth + 1))
                        .collect();
                }
                let count = schema["minItems"].as_u64().unwrap_or(1);
                (0..count)
                    .map(|_| self.example(&schema["items"], (of, name), depth + 1))
                    .collect()
            }
            // At the end of a list there is no next part.
            "string" if name == "next" => Value::Null,
            "string" => text(of, name).map_or(Value::Null, Value::from),
            "integer" => json!(schema["minimum"].as_i64().unwrap_or(0).max(1)),
            "number" => json!(1.5),
            "boolean" => json!(false),
            _ => Value::Null,
        }
    }
}

/// What is described in its place.
fn own<T>(one: &mut RefOr<T>) -> Option<&mut T> {
    match one {
        RefOr::T(own) => Some(own),
        RefOr::Ref(_) => None,
    }
}

fn joined(mut all: Value, part: Value) -> Value {
    if let (Some(all), Value::Object(part)) = (all.as_object_mut(), part) {
        all.extend(part);
    }
    all
}

/// The schema's kind, of a value that may be missing the kind of what may be there.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").unwrap_or_default()
        }
        one => one.as_str().unwrap_or_default(),
    }
}

fn text(of: &str, name: &str) -> Option<&'static str> {
    let found = |wanted: &str| {
        let mut all = TEXTS.iter();
        all.find(|(name, _)| *name == wanted).map(|(_, text)| *text)
    };
    found(&format!("{of}.{name}"))
        .or_else(|| found(name))
        .or_else(|| name.ends_with("_at").then_some(TIME))
        .or_else(|| name.ends_with("_by").then_some("li"))
}

/// What the address's first number names.
fn named_in(path: &str) -> &'static str {
    let root = path.split('/').nth(2).unwrap_or_default();
    match root {
        "arrivals" => "0a-17",
        "cabinets" => "cabinet-1",
        "cycles" => "C000001",
        "scanners" => "scanner-1",
        _ => "A001",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::draft::Draft;

    fn described() -> Value {
        json!(crate::api::openapi::description())
    }

    /// Each operation by method and path.
    fn operations(api: &Value) -> impl Iterator<Item = (String, &Value)> {
        let paths = api["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
    }

    /// Where the value is not as its schema says.
    fn misfit(api: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
        if let Some(named) = schema["$ref"].as_str() {
            let named = named.rsplit('/').next().unwrap();
            return misfit(api, &api["components"]["schemas"][named], value, at);
        }
        for either in ["oneOf", "anyOf"] {
            if let Some(all) = schema[either].as_array() {
                let all: Vec<_> = all.iter().map(|one| misfit(api, one, value, at)).collect();
                return if all.contains(&None) {
                    None
                } else {
                    all.into_iter().flatten().next()
                };
            }
        }
        if let Some(all) = schema["allOf"].as_array() {
            let part =
                |one| misfit(api, one, value, at).filter(|told| !told.contains("there is no"));
            return all.iter().find_map(part);
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Some(format!("{at}: {value} is none of {words:?}"));
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let is_number = is == "integer" && kinds.contains(&"number");
        if !kinds.is_empty() && !kinds.contains(&is) && !is_number {
            return Some(format!("{at}: {value} is no {kinds:?}"));
        }
        match value {
            Value::Array(all) => all
                .iter()
                .find_map(|one| misfit(api, &schema["items"], one, at)),
            Value::Object(all) => {
                let known = schema["properties"].as_object();
                let required = schema["required"].as_array().into_iter().flatten();
                let missing = required
                    .filter_map(Value::as_str)
                    .find(|name| !all.contains_key(*name));
                missing.map(|name| format!("{at}: no {name}")).or_else(|| {
                    all.iter().find_map(|(name, value)| {
                        match known.and_then(|known| known.get(name)) {
                            Some(schema) => misfit(api, schema, value, &format!("{at}.{name}")),
                            None if known.is_some()
                                && !schema["additionalProperties"].is_object() =>
                            {
                                Some(format!("{at}: there is no {name}"))
                            }
                            None => None,
                        }
                    })
                })
            }
            _ => None,
        }
    }

    #[test]
    fn every_body_every_answer_and_every_address_has_an_example_that_fits() {
        let api = described();
        let problem = json!({"$ref": "#/components/schemas/Problem"});
        let (mut count, mut wrong) = (0, Vec::new());
        for (name, operation) in operations(&api) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" && parameter["example"].is_null() {
                    wrong.push(format!("{name}: {}", parameter["name"]));
                }
            }
            let bodies = operation["requestBody"]["content"].as_object().into_iter();
            let answers = operation["responses"].as_object().unwrap().values();
            let answers = answers.map(|answer| match answer["$ref"].as_str() {
                Some(named) => &api["components"]["responses"][named.rsplit('/').next().unwrap()],
                None => answer,
            });
            let answers = answers.filter_map(|answer| answer["content"].as_object());
            for (kind, content) in bodies.chain(answers).flatten() {
                if let Some(refusals) = content["examples"].as_object() {
                    for refusal in refusals.values() {
                        wrong.extend(misfit(&api, &problem, &refusal["value"], &name));
                        count += 1;
                    }
                } else if kind.ends_with("json") {
                    let (schema, example) = (&content["schema"], &content["example"]);
                    wrong.extend(misfit(&api, schema, example, &name));
                    count += 1;
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(count > 200, "{count}");
    }

    /// A property that is added wants a text for its examples.
    #[test]
    fn no_text_of_an_example_is_left_out() {
        fn nulls(value: &Value, at: &str, found: &mut BTreeSet<String>) {
            match value {
                Value::Null => drop(found.insert(at.to_owned())),
                Value::Array(all) => all.iter().for_each(|one| nulls(one, at, found)),
                Value::Object(all) => {
                    all.iter().for_each(|(name, one)| nulls(one, name, found));
                }
                _ => {}
            }
        }
        let api = described();
        let schemas = api["components"]["schemas"].as_object().unwrap();
        let all = Schemas(schemas.clone());
        let mut missing = BTreeSet::new();
        for (named, schema) in schemas {
            // What a type says of itself may well be without a value.
            if schema.get("example").is_none() && !named.starts_with("Listed_") {
                let properties = schema["properties"].as_object().into_iter().flatten();
                for (name, property) in properties.filter(|(name, _)| *name != "next") {
                    if kind(property) == "string"
                        && property.get("enum").is_none()
                        && property.get("example").is_none()
                    {
                        let example = all.example(property, (named, name), 0);
                        nulls(&example, &format!("{named}.{name}"), &mut missing);
                    }
                }
            }
        }
        let of_a_draft = |name: &String| {
            crate::api::examples::DRAFT
                .contains(&format!("\"{}\"", name.rsplit('.').next().unwrap()))
        };
        missing.retain(|name| !of_a_draft(name));
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn the_example_of_a_draft_is_a_whole_draft() {
        let written: Value = serde_json::from_str(DRAFT).unwrap();
        let draft: Draft = serde_json::from_value(written.clone()).unwrap();
        let again = serde_json::to_string(&draft).unwrap();
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again, written);
    }
}
