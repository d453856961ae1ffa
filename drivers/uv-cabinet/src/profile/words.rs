//! What the TOML reader says of a file's shape, in the words of the rest of the refusals.

/// The reader's sentence in ours; what is not known is kept as it is.
pub(super) fn ours(message: &str) -> String {
    let told = told(message);
    told.unwrap_or_else(|| format!("this is not TOML: {message}"))
}

fn told(message: &str) -> Option<String> {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return Some(match rest.split_once(", expected ") {
            Some((key, allowed)) => format!("there is no key {key}: allowed: {}", list(allowed)),
            None => format!("there is no key {rest} here"),
        });
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (found, allowed) = rest.split_once(", expected ")?;
        return Some(format!("{found} is not one of: {}", list(allowed)));
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return Some(format!("the key {key} is missing"));
    }
    if let Some(key) = message.strip_prefix("duplicate field ") {
        return Some(format!("the key {key} is there twice"));
    }
    if message.starts_with("duplicate key") {
        return Some("this key is there twice".to_owned());
    }
    for start in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = message.strip_prefix(start) {
            let (found, wanted) = rest.split_once(", expected ")?;
            return Some(format!("found {}: allowed: {}", kind(found), kind(wanted)));
        }
    }
    None
}

/// `one of `a`, `b``, or `` `a` or `b` ``.
fn list(allowed: &str) -> String {
    allowed
        .strip_prefix("one of ")
        .unwrap_or(allowed)
        .replace(" or ", ", ")
}

/// A kind of value as people name it, with the value where there is one.
fn kind(told: &str) -> String {
    let kinds = [
        ("floating point", "the number"),
        ("integer", "the whole number"),
        ("boolean", "the truth value"),
        ("string", "the text"),
        ("sequence", "a list"),
        ("map", "a table"),
        ("unit", "nothing"),
    ];
    match told {
        "u8" | "u16" | "u32" | "u64" => return "a whole number from 0".to_owned(),
        "f64" | "f32" => return "a number".to_owned(),
        "a string" | "a borrowed string" => return "a text in quotation marks".to_owned(),
        "a boolean" => return "true or false".to_owned(),
        _ => {}
    }
    for (theirs, ours) in kinds {
        if let Some(value) = told.strip_prefix(theirs) {
            return format!("{ours}{value}");
        }
    }
    if told.starts_with("struct ") {
        return "a table".to_owned();
    }
    told.to_owned()
}
