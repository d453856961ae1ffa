//! What commands say of an original: whose it is, and of one that cannot be shown.

use super::{originals, spoil, stopped, told, verify};

/// It was named by its hash alone.
#[test]
fn verify_names_every_letter_and_page_of_an_altered_original() {
    let station = stopped();
    station.tampered();
    let first = originals(&station.folder("data/evidence"));
    spoil(&first[0]);
    let name = first[0].file_name().unwrap().to_str().unwrap();
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    let (letter, other): (String, String) = connection
        .query_row(
            "SELECT letter_id, (SELECT min(id) FROM letters WHERE id <> letter_id) FROM pages WHERE sha256 = ?1",
            [name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    // As where two pages of one file lie in two letters.
    connection
        .execute(
            "INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, hint, frame)
             SELECT ?2, arrival_id, kind, sha256, sm3, size, 9, 1 FROM pages WHERE sha256 = ?1",
            [name, &other],
        )
        .unwrap();
    let mut named = [
        format!("letter {letter}, page 1"),
        format!("letter {other}, page 2"),
    ];
    named.sort();
    let (_, text) = verify(&station, &[]);
    let line = text.lines().find(|line| line.contains("originals: BROKEN"));
    let line = line.unwrap_or_default();
    assert!(line.contains(name), "{text}");
    assert!(line.contains(&format!("({})", named.join("; "))), "{text}");
}

/// It was “1362400.00 % over its images”.
#[test]
fn an_archive_file_whose_page_cannot_be_shown_says_so_instead_of_a_percentage() {
    let station = stopped();
    let to = station.folder("L001.pdf");
    let done = station.try_command(&["archive", "L001", "-o", to.to_str().unwrap()], None);
    let text = told(&done);
    assert!(text.contains("1 pages, "), "{text}");
    assert!(
        text.contains("pages that cannot be shown: 1, SHA-256"),
        "{text}"
    );
    assert!(!text.contains('%'), "{text}");
}
