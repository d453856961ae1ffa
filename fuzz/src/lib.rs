//! Every door through which foreign bytes come in, each a function of bytes alone. `fuzz_targets/` gives them to libFuzzer; `tests/foreign.rs` gives
//! them the files of `corpus/`, and injuries of those. Whatever the bytes are, a door ends quietly; what must hold of an answer it asserts.

mod api;
mod images;
mod texts;
mod wires;

/// One of them.
pub type Door = fn(&[u8]);

/// All of them, by the name of their corpus. What foreign files are opened with in the page worker is tried in this process.
pub const DOORS: [(&str, Door); 11] = [
    // What the API and the console are asked: method, address, query, headers, body.
    ("api", api::request),
    // Squares and bars, out of modules and runs.
    ("codes", images::codes),
    // What network scanners and `scanimage` say of themselves.
    ("escl", wires::scanner),
    // What comes through files of the office: receipts, earlier registrations, rosters, secrets.
    ("exchange", texts::exchange),
    // JPEG, PNG and TIFF: counted, decoded, drawn small, looked at for codes, packed.
    ("image", images::image),
    // Lists that scanner software writes beside its images.
    ("index", wires::index),
    // The same as `image` for what stands in a PDF's stream, by each of its filters.
    ("inside_pdf", images::inside_pdf),
    // Replies of a cabinet.
    ("modbus", uv_cabinet::fuzzing::replies),
    // As `image`.
    ("pdf", images::image),
    // Settings, profiles, rosters, deadlines, mappings.
    ("settings", texts::settings),
    // Whether a file is whole.
    ("whole", images::whole),
];

/// Gives bytes to the door of this name.
///
/// # Panics
/// When there is none, or the door found something.
pub fn through(name: &str, bytes: &[u8]) {
    let door = DOORS.iter().find(|(door, _)| *door == name);
    (door.expect("a door of this name").1)(bytes);
}

/// Bytes as text: the first line says what they are.
fn headed(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}
