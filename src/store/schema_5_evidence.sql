-- Schema 5. Back-ups and scrubs of the originals, roots of the ledger; valuables; custody of the paper; letters that are withheld:
-- returned unread, withdrawn, destroyed.

CREATE TABLE backups (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    made_ms    INTEGER NOT NULL,
    folder     TEXT    NOT NULL,
    snapshot   TEXT    NOT NULL,                       -- its name in the folder
    sealed     INTEGER NOT NULL,                       -- 1: encrypted
    entries    INTEGER NOT NULL,                       -- of the ledger, at the moment of the copy
    root       TEXT    NOT NULL,                       -- hash of the last of them
    originals  INTEGER NOT NULL,
    added      INTEGER NOT NULL,                       -- originals that the folder did not have yet
    faults     INTEGER NOT NULL                        -- originals that could not be copied
) STRICT;

-- One walk over every original and its second copy.
CREATE TABLE scrubs (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    began_ms  INTEGER NOT NULL,
    ended_ms  INTEGER,                                 -- NULL while it runs
    originals INTEGER NOT NULL DEFAULT 0,
    healed    INTEGER NOT NULL DEFAULT 0,              -- copies made anew from the other one
    faults    INTEGER NOT NULL DEFAULT 0               -- originals of which no good copy is left
) STRICT;

-- Newest hash of the ledger at the end of a day, as it was exported.
CREATE TABLE roots (
    day     TEXT    PRIMARY KEY,                       -- YYYY-MM-DD, local
    at_ms   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    hash    TEXT    NOT NULL
) STRICT;

-- NULL: an ordinary letter; else domain::withheld::Withheld. Its pages are neither read nor shown.
ALTER TABLE letters ADD COLUMN withheld TEXT;
ALTER TABLE letters ADD COLUMN withheld_reason TEXT;
ALTER TABLE letters ADD COLUMN withheld_by TEXT;
ALTER TABLE letters ADD COLUMN withheld_ms INTEGER;

-- What was enclosed and has to go back (SZ 7.3.3). Two people list it, two people see it off.
CREATE TABLE valuables (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id     TEXT    NOT NULL REFERENCES letters (id),
    kind          TEXT    NOT NULL,                    -- domain::valuables::Kind
    amount        TEXT,                                -- as written: 500 元, 2 件
    serial        TEXT,                                -- number of the note, card, order
    listed_by     TEXT    NOT NULL,
    listed_ms     INTEGER NOT NULL,
    witnessed_by  TEXT,
    witnessed_ms  INTEGER,
    returned_how  TEXT,                                -- domain::valuables::Way
    returned_to   TEXT,
    receipt_no    TEXT,
    returned_on   TEXT,                                -- YYYY-MM-DD
    returned_by   TEXT,
    returned_ms   INTEGER,
    return_witness TEXT,
    return_witnessed_ms INTEGER,
    struck_by     TEXT,                                -- listed by mistake
    struck_reason TEXT,
    struck_ms     INTEGER
) STRICT;
CREATE INDEX valuables_by_letter ON valuables (letter_id);

-- Where the paper lies.
CREATE TABLE boxes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    location   TEXT    NOT NULL,
    made_by    TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    sealed_ms  INTEGER                                 -- nothing is put in any more
) STRICT;

CREATE TABLE boxed_letters (
    letter_id TEXT    PRIMARY KEY REFERENCES letters (id),
    box_id    INTEGER NOT NULL REFERENCES boxes (id),
    division  TEXT    NOT NULL,                        -- division code; empty where unknown
    dated     TEXT    NOT NULL,                        -- the letter's date, YYYY-MM-DD; empty where unknown
    put_by    TEXT    NOT NULL,
    put_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX boxed_letters_by_box ON boxed_letters (box_id);

-- Paper that left its box: asked for with a reason, approved by another person, back again.
CREATE TABLE loans (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id   TEXT    NOT NULL REFERENCES letters (id),
    asked_by    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    asked_ms    INTEGER NOT NULL,
    approved_by TEXT,
    approved_ms INTEGER,
    back_by     TEXT,
    back_ms     INTEGER
) STRICT;
CREATE INDEX loans_by_letter ON loans (letter_id);

-- Destruction by policy: proposed by one person, approved by another, then the bytes go and this stays.
CREATE TABLE retentions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id   TEXT    NOT NULL REFERENCES letters (id),
    policy      TEXT    NOT NULL,
    proposed_by TEXT    NOT NULL,
    proposed_ms INTEGER NOT NULL,
    approved_by TEXT,
    approved_ms INTEGER,
    refused_by  TEXT,
    refused_ms  INTEGER
) STRICT;
CREATE INDEX retentions_by_letter ON retentions (letter_id);

-- What is left of a destroyed original.
CREATE TABLE tombstones (
    sha256       TEXT    PRIMARY KEY,
    sm3          TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    retention_id INTEGER NOT NULL REFERENCES retentions (id),
    destroyed_ms INTEGER NOT NULL
) STRICT;

-- A letter's number in the archive, given at its first export and never again to another.
CREATE TABLE archive_numbers (
    letter_id TEXT    PRIMARY KEY REFERENCES letters (id),
    year      INTEGER NOT NULL,                        -- of receipt
    number    INTEGER NOT NULL,                        -- running within the year, from 1
    given_ms  INTEGER NOT NULL,
    given_by  TEXT    NOT NULL,
    UNIQUE (year, number)
) STRICT;
