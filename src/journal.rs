//! The log under systemd, one entry an event, over the journal's own protocol (systemd.io, “Native Journal Protocol”). What `journalctl` shows has the facts in
//! it, as `page read letter=A004 page=12`; each fact is a field besides (`F_LETTER`), for whoever searches by it. Leaves out spans: nothing here
//! opens one.

use std::fmt::{Debug, Write as _};
use std::io;
use std::os::unix::net::UnixDatagram;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const JOURNAL: &str = "/run/systemd/journal/socket";
/// A text longer than this is cut: an entry goes in one datagram.
const TEXT_BYTES: usize = 16 << 10;

/// Sends every event to the journal.
#[derive(Debug)]
pub(crate) struct Journal {
    socket: UnixDatagram,
}

impl Journal {
    /// To the journal of this machine.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn open() -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(JOURNAL)?;
        Ok(Self { socket })
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Nobody could be told that it failed.
        let _ = self.socket.send(&entry(event));
    }
}

/// An event as the journal takes it.
fn entry(event: &Event<'_>) -> Vec<u8> {
    let about = event.metadata();
    let mut told = Told::default();
    event.record(&mut told);
    let mut entry = Vec::with_capacity(512);
    put(&mut entry, "PRIORITY", priority(about.level()));
    put(&mut entry, "SYSLOG_IDENTIFIER", env!("CARGO_PKG_NAME"));
    put(&mut entry, "TARGET", about.target());
    if let Some(file) = about.file() {
        put(&mut entry, "CODE_FILE", file);
    }
    if let Some(line) = about.line() {
        put(&mut entry, "CODE_LINE", &line.to_string());
    }
    let mut text = told.message;
    for (name, value) in &told.facts {
        put(
            &mut entry,
            &format!("F_{}", name.to_ascii_uppercase()),
            value,
        );
        // What has blanks in it is marked off from the next fact.
        let quoted = format!("\"{value}\"");
        let shown = match value.is_empty() || value.contains(char::is_whitespace) {
            true => &quoted,
            false => value,
        };
        let _ = write!(text, " {name}={shown}");
    }
    put(&mut entry, "MESSAGE", &text);
    entry
}

/// `info` is 5 (notice) as ever: 6 is what the station says only when it is asked for details.
fn priority(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "5",
        Level::DEBUG => "6",
        Level::TRACE => "7",
    }
}

/// A field with its length before its value, so that a value may hold line breaks.
fn put(entry: &mut Vec<u8>, name: &str, value: &str) {
    let end = (0..=value.len().min(TEXT_BYTES))
        .rev()
        .find(|at| value.is_char_boundary(*at));
    let value = &value.as_bytes()[..end.unwrap_or(0)];
    entry.extend_from_slice(name.as_bytes());
    entry.push(b'\n');
    entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    entry.extend_from_slice(value);
    entry.push(b'\n');
}

/// What an event says.
#[derive(Default)]
struct Told {
    message: String,
    facts: Vec<(&'static str, String)>,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            name => self.facts.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(entry(event));
        }
    }

    /// As the journal reads an entry.
    fn fields(mut entry: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        while let Some(at) = entry.iter().position(|byte| *byte == b'\n') {
            let name = String::from_utf8(entry[..at].to_vec()).unwrap();
            let (length, rest) = entry[at + 1..].split_at(8);
            let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
            let value = String::from_utf8(rest[..length].to_vec()).unwrap();
            assert_eq!(rest[length], b'\n', "{name}");
            fields.insert(name, value);
            entry = &rest[length + 1..];
        }
        fields
    }

    fn told(tell: impl FnOnce()) -> BTreeMap<String, String> {
        let kept = Kept::default();
        let registry = tracing_subscriber::registry().with(kept.clone());
        tracing::subscriber::with_default(registry, tell);
        let entries = kept.0.lock().unwrap();
        assert_eq!(entries.len(), 1);
        fields(&entries[0])
    }

    #[test]
    fn the_days_counts_stand_in_the_line_that_people_see_and_in_fields() {
        let day = "2026-11-30";
        let fields =
            told(|| tracing::info!(day, signed_in = 8, letters = 7_u32, "the day in counts"));
        assert_eq!(
            fields["MESSAGE"],
            "the day in counts day=2026-11-30 signed_in=8 letters=7"
        );
        assert_eq!((&*fields["F_DAY"], &*fields["F_SIGNED_IN"]), (day, "8"));
        assert_eq!(
            (&*fields["PRIORITY"], &*fields["SYSLOG_IDENTIFIER"]),
            ("5", "laixin")
        );
    }

    #[test]
    fn a_warning_names_its_part_and_its_reason_and_breaks_no_entry() {
        let error = std::io::Error::other("first line\nsecond line");
        let fields = told(
            || tracing::warn!(part = "scanner/scanner-1", code = "no_connection", %error, "not ready: {}", "pull\nthe plug"),
        );
        assert_eq!(
            fields["MESSAGE"],
            "not ready: pull\nthe plug part=scanner/scanner-1 code=no_connection error=\"first line\nsecond line\""
        );
        assert_eq!(fields["F_ERROR"], "first line\nsecond line");
        assert_eq!(fields["PRIORITY"], "4");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let fields = told(|| tracing::error!("{}", "信".repeat(TEXT_BYTES)));
        assert_eq!(fields["MESSAGE"], "信".repeat(TEXT_BYTES / 3));
    }
}
