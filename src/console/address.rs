//! Addresses inside the console: where to go back to, and never anywhere else.

/// A part of an address, percent-encoded.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The address a person may be sent to, if it is a page of ours; the overview otherwise.
pub(super) fn ours(to: Option<&str>) -> &str {
    let good = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && !to.contains(|c: char| c == '\\' || c.is_control())
    };
    to.filter(good).unwrap_or("/today")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for bad in [
            "//elsewhere.example",
            "https://elsewhere.example",
            "/\\elsewhere",
            "/a\nb",
            "",
        ] {
            assert_eq!(ours(Some(bad)), "/today", "{bad}");
        }
        assert_eq!(ours(None), "/today");
        assert_eq!(
            ours(Some("/letters?stage=drafted")),
            "/letters?stage=drafted"
        );
    }

    #[test]
    fn encodes_what_separates() {
        assert_eq!(encode("/letters?a=信&b"), "%2Fletters%3Fa%3D%E4%BF%A1%26b");
    }
}
