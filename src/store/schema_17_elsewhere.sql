-- Schema 17: registrations of the office's other stations, to compare with, and what this one has told them.

-- One row a letter that another station has confirmed: domain::repeat::Fingerprint, what SZ 7.4.1 compares and nothing more. A copy of what went through
-- the brokers: it can be fetched again.
CREATE TABLE elsewhere (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT    NOT NULL,
    letter  TEXT    NOT NULL,
    said    BLOB    NOT NULL,
    UNIQUE (station, letter)
) STRICT;

-- What finds one: hashes of its sender's names, numbers and home (k…), and of triples of its text (t…).
CREATE VIRTUAL TABLE elsewhere_words USING fts5(
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
CREATE TRIGGER elsewhere_gone AFTER DELETE ON elsewhere BEGIN
    DELETE FROM elsewhere_words WHERE rowid = old.id;
END;

-- What the other stations were told last of a letter of ours.
CREATE TABLE told_elsewhere (
    letter_id TEXT PRIMARY KEY REFERENCES letters (id) ON DELETE CASCADE,
    sha256    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far a stream of the brokers, or our own ledger for it, was taken; made: which stream of that name it was.
CREATE TABLE streams_taken (
    name  TEXT    PRIMARY KEY,
    made  TEXT    NOT NULL,
    taken INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
