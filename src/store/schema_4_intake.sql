-- Schema 4: scans that the station drives, separator sheets, grouping, what a person has to look at, the balance, the day.

-- One scan of a driven scanner: what it was asked, what the device counted, what came.
CREATE TABLE scans (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    scanner         TEXT    NOT NULL,                  -- its id in the settings
    batch_id        INTEGER NOT NULL REFERENCES batches (id),
    load_id         INTEGER NOT NULL REFERENCES loads (id),
    sides           INTEGER NOT NULL,                  -- 1, 2
    asked_by        TEXT    NOT NULL,
    asked_ms        INTEGER NOT NULL,
    ended_ms        INTEGER,
    outcome         TEXT,                              -- done, cancelled, failed, interrupted; NULL while it runs
    trouble         TEXT,                              -- stable code where it failed
    device_images   INTEGER,                           -- as the device counted them; NULL where it does not say
    received_images INTEGER NOT NULL DEFAULT 0,        -- whole and on the disk
    settled_ms      INTEGER                            -- every image that came is registered or held; judged since
) STRICT;
CREATE INDEX scans_open ON scans (scanner) WHERE settled_ms IS NULL;
CREATE INDEX scans_by_batch ON scans (batch_id);

ALTER TABLE arrivals ADD COLUMN scan_id INTEGER REFERENCES scans (id);
ALTER TABLE arrivals ADD COLUMN place INTEGER;         -- which image of its scan, from 1
CREATE INDEX arrivals_by_scan ON arrivals (scan_id) WHERE scan_id IS NOT NULL;

-- Separator sheets are printed in runs; a sheet of a run that was not printed here separates nothing.
CREATE TABLE separator_runs (
    run     TEXT    PRIMARY KEY,
    count   INTEGER NOT NULL,
    made_by TEXT    NOT NULL,
    made_ms INTEGER NOT NULL
) STRICT;

-- Sides of separator sheets that were scanned: originals like any other, and no pages of a letter.
CREATE TABLE separators_seen (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    arrival_id TEXT    NOT NULL REFERENCES arrivals (id),
    frame      INTEGER NOT NULL,
    source     TEXT    NOT NULL,
    batch_id   INTEGER NOT NULL REFERENCES batches (id),
    scan_id    INTEGER REFERENCES scans (id),
    run        TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    side       TEXT    NOT NULL,                       -- front: it begins a letter; back: the same sheet's other side
    at_ms      INTEGER NOT NULL,
    UNIQUE (arrival_id, frame)
) STRICT;
CREATE INDEX separators_by_batch ON separators_seen (batch_id);

-- “The next letter begins”, said by a person.
CREATE TABLE next_letters (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    by       TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX next_letters_by_batch ON next_letters (batch_id);

-- What a person has to look at before a letter is confirmed or handed over, or a batch closed.
CREATE TABLE holds (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id    INTEGER NOT NULL REFERENCES batches (id),
    letter_id   TEXT    REFERENCES letters (id),
    scan_id     INTEGER REFERENCES scans (id),
    reason      TEXT    NOT NULL,                      -- domain::grouping::hold
    detail      TEXT,                                  -- which sheet, which place: no letter's content
    at_ms       INTEGER NOT NULL,
    resolved_ms INTEGER,
    resolved_by TEXT,
    note        TEXT                                   -- what was found
) STRICT;
CREATE INDEX holds_open ON holds (batch_id) WHERE resolved_ms IS NULL;
CREATE INDEX holds_by_letter ON holds (letter_id) WHERE resolved_ms IS NULL;

-- Letters that are in the count and not among the scanned ones, or the other way round.
CREATE TABLE batch_exceptions (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    kind     TEXT    NOT NULL,                         -- domain::balance::Exception
    letters  INTEGER NOT NULL CHECK (letters > 0),
    reason   TEXT    NOT NULL,
    by       TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_exceptions_by_batch ON batch_exceptions (batch_id);

-- A page that was put into another letter; the ledger has it too.
CREATE TABLE page_moves (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    page_id     INTEGER NOT NULL REFERENCES pages (id),
    from_letter TEXT    NOT NULL REFERENCES letters (id),
    to_letter   TEXT    NOT NULL REFERENCES letters (id),
    by          TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX page_moves_by_page ON page_moves (page_id);

-- Numbers of registered and express mail as they stand in the barcodes of envelopes; no row: not looked at yet.
CREATE TABLE envelope_codes (
    page_id INTEGER NOT NULL REFERENCES pages (id),
    code    TEXT,                                      -- NULL: there is none
    at_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX envelope_codes_by_page ON envelope_codes (page_id);

-- Days that were closed, and what was still open then.
CREATE TABLE days (
    day          TEXT    PRIMARY KEY,                  -- YYYY-MM-DD, the station's zone
    open_letters INTEGER NOT NULL,
    open_batches INTEGER NOT NULL,
    note         TEXT,
    closed_by    TEXT    NOT NULL,
    closed_ms    INTEGER NOT NULL
) STRICT;

-- Letters that must not be confirmed or handed over now.
CREATE VIEW letters_held AS
    SELECT letter_id FROM holds WHERE resolved_ms IS NULL AND letter_id IS NOT NULL
    UNION
    SELECT p.letter_id FROM scans s JOIN arrivals a ON a.scan_id = s.id JOIN pages p ON p.arrival_id = a.id WHERE s.settled_ms IS NULL
    UNION
    -- All its pages were put into others.
    SELECT m.from_letter FROM page_moves m WHERE NOT EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = m.from_letter);
