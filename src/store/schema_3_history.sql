-- Schema 3: earlier registrations to compare with, and what the office taught.

-- One row a registration: this station's letters as drafted or confirmed, and those imported from the case system. What a letter is
-- compared by; of its text only how often which two characters stand together.
CREATE TABLE earlier (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id   TEXT    UNIQUE REFERENCES letters (id) ON DELETE CASCADE,  -- NULL: imported
    case_number TEXT    UNIQUE,                        -- of the system it was imported from; NULL: ours
    digest      TEXT,                                  -- SHA-256 of the imported record: the same again changes nothing
    name        TEXT,
    address     TEXT,
    place       TEXT    NOT NULL DEFAULT '',           -- divisions of the address, province/city/…
    ways        TEXT    NOT NULL DEFAULT '',           -- road, estate, village; | between several
    numbers     TEXT    NOT NULL DEFAULT '',           -- house numbers, - between
    phones      TEXT    NOT NULL DEFAULT '',           -- digits, a blank between
    id_number   TEXT,
    signatories TEXT    NOT NULL DEFAULT '',           -- of a joint letter, | between
    addressee   TEXT,
    written_on  TEXT,                                  -- date of the letter
    received_on TEXT,
    purpose     TEXT,
    category    TEXT,                                  -- of the main matter
    restricted  INTEGER NOT NULL DEFAULT 0,            -- an accusation: others see that it is there only where they wrote it
    settled     INTEGER NOT NULL DEFAULT 0,            -- confirmed by an officer, or imported
    grams       BLOB    NOT NULL,                      -- domain::repeat::Grams
    text        TEXT,                                  -- of an imported record only: ours is with its pages
    at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX earlier_by_day ON earlier (received_on);

-- What finds a sender: n: name, m: name with one character missing, p: telephone, i: ID number, a: road or estate and numbers.
CREATE TABLE earlier_keys (
    key        TEXT    NOT NULL,
    earlier_id INTEGER NOT NULL REFERENCES earlier (id) ON DELETE CASCADE,
    PRIMARY KEY (key, earlier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX earlier_keys_by_row ON earlier_keys (earlier_id);

-- What finds a matter: three characters in a row. Holds no text and no positions.
CREATE VIRTUAL TABLE earlier_words USING fts5(
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER earlier_gone AFTER DELETE ON earlier BEGIN
    DELETE FROM earlier_words WHERE rowid = old.id;
END;

-- Which letters repeat or may repeat an earlier one: from there to here the draft says it, this is the way back.
CREATE TABLE earlier_links (
    of       TEXT    NOT NULL,                         -- letter number or case number
    later_id INTEGER NOT NULL REFERENCES earlier (id) ON DELETE CASCADE,
    PRIMARY KEY (of, later_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX earlier_links_by_later ON earlier_links (later_id);

-- What the machine proposed for a letter's fields before anybody touched them.
CREATE TABLE proposals (
    letter_id  TEXT    NOT NULL REFERENCES letters (id) ON DELETE CASCADE,
    field      TEXT    NOT NULL,
    value      TEXT,
    confidence REAL    NOT NULL,
    accepted   INTEGER NOT NULL,
    vetoed     INTEGER NOT NULL,                       -- a rule wants a person to look, whatever the threshold
    PRIMARY KEY (letter_id, field)
) STRICT;

-- How a proposal compares with what an officer confirmed. No values: only right or wrong.
CREATE TABLE outcomes (
    letter_id  TEXT    NOT NULL REFERENCES letters (id) ON DELETE CASCADE,
    field      TEXT    NOT NULL,
    confidence REAL    NOT NULL,
    accepted   INTEGER NOT NULL,
    vetoed     INTEGER NOT NULL,
    proposed   INTEGER NOT NULL,                       -- 0: the machine left the field empty
    is_right   INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (letter_id, field)
) STRICT;
CREATE INDEX outcomes_by_time ON outcomes (at_ms);

-- Names a confirmed or imported registration taught: village, estate, road, unit, writer.
CREATE TABLE taught (
    source TEXT    NOT NULL,                           -- letter/A001, case/SZ-1
    kind   TEXT    NOT NULL,                           -- domain::lexicon::Kind
    name   TEXT    NOT NULL,
    within TEXT    NOT NULL DEFAULT '',                -- the divisions it lies in, or the writer's road or estate and numbers
    origin TEXT    NOT NULL,                           -- confirmed, corrected, imported
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (source, kind, name)
) STRICT, WITHOUT ROWID;

-- Thresholds an administrator took over from the office's own history; the newest not undone of a field holds.
CREATE TABLE thresholds (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    change     INTEGER NOT NULL,                       -- taken over together, undone together
    field      TEXT    NOT NULL,
    threshold  REAL    NOT NULL,
    before     REAL    NOT NULL,
    applied_by TEXT    NOT NULL,
    applied_ms INTEGER NOT NULL,
    undone_by  TEXT,
    undone_ms  INTEGER
) STRICT;
