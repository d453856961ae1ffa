-- Schema 1. Times are milliseconds since 1970 UTC (`…_ms`); documents are JSON text.

CREATE TABLE schema_versions (
    version    INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL,
    laixin     TEXT    NOT NULL
) STRICT;

-- A batch as an operator signs it in; it goes through the cabinet as one or more loads.
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    carrier     TEXT    NOT NULL,
    count       INTEGER NOT NULL CHECK (count >= 0),   -- letters signed in
    received_ms INTEGER NOT NULL,
    signed_by   TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    closed_ms   INTEGER,
    closed_by   TEXT,
    close_note  TEXT                                   -- why the counts differ, if they do
) STRICT;

-- What lay in the cabinet together. `state` is domain::letter::LoadState.
CREATE TABLE loads (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id        INTEGER NOT NULL REFERENCES batches (id),
    cabinet         TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    created_ms      INTEGER NOT NULL,
    released_ms     INTEGER,                           -- also set by an override
    cycle_id        INTEGER REFERENCES cycles (id),    -- the cycle that released it
    override_by     TEXT,
    override_reason TEXT,
    override_ms     INTEGER
) STRICT;
CREATE INDEX loads_by_batch ON loads (batch_id);

CREATE TABLE cycles (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    load_id        INTEGER NOT NULL REFERENCES loads (id),
    cabinet        TEXT    NOT NULL,
    profile_sha256 TEXT    NOT NULL,
    started_by     TEXT    NOT NULL,
    started_ms     INTEGER NOT NULL,
    ended_ms       INTEGER,
    outcome        TEXT,                               -- released, quarantined, alarm; NULL while running
    reason         TEXT,                               -- stable code of what ended it, unless released
    dose_mj_cm2    REAL,
    exposure_s     REAL,
    ventilation_s  REAL
) STRICT;
CREATE INDEX cycles_by_load ON cycles (load_id);

CREATE TABLE cycle_steps (
    cycle_id INTEGER NOT NULL REFERENCES cycles (id),
    at_ms    INTEGER NOT NULL,
    step     TEXT    NOT NULL,
    detail   TEXT
) STRICT;
CREATE INDEX cycle_steps_by_cycle ON cycle_steps (cycle_id);

-- Every file that a source showed, also those that were not taken.
CREATE TABLE arrivals (
    id            TEXT    PRIMARY KEY,
    source        TEXT    NOT NULL,                    -- id of the folder or scanner
    name          TEXT    NOT NULL,                    -- path below the source's folder
    file_key      TEXT    NOT NULL,                    -- which file of that name: names are used again
    first_seen_ms INTEGER NOT NULL,
    taken_ms      INTEGER,
    state         TEXT    NOT NULL,                    -- domain::intake::ArrivalState
    reason        TEXT,                                -- stable code while waiting or held
    kept_as       TEXT,                                -- where a held file lies, below the source's folder
    sha256        TEXT,
    sm3           TEXT,
    size          INTEGER,
    same_as       TEXT REFERENCES arrivals (id)        -- an earlier arrival with the same bytes
) STRICT;
CREATE INDEX arrivals_by_name ON arrivals (source, name);
CREATE INDEX arrivals_by_hash ON arrivals (sha256);
CREATE INDEX arrivals_by_state ON arrivals (state);

CREATE TABLE letters (
    id              TEXT    PRIMARY KEY,               -- the group's name, with a suffix where that was taken
    batch_id        INTEGER NOT NULL REFERENCES batches (id),
    load_id         INTEGER NOT NULL REFERENCES loads (id),
    group_name      TEXT    NOT NULL,                  -- sub-folder or name prefix at the source
    stage           TEXT    NOT NULL,                  -- domain::letter::Stage
    urgent          INTEGER NOT NULL DEFAULT 0,        -- express mail and telegrams are read first
    created_ms      INTEGER NOT NULL,
    last_arrival_ms INTEGER NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,        -- raised by every change; the ETag
    UNIQUE (batch_id, group_name)
) STRICT;
CREATE INDEX letters_by_stage ON letters (stage);

CREATE TABLE pages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id  TEXT    NOT NULL REFERENCES letters (id),
    arrival_id TEXT    NOT NULL REFERENCES arrivals (id),
    frame      INTEGER NOT NULL DEFAULT 0,             -- page inside a multi-page file, from 0
    kind       TEXT    NOT NULL,                       -- domain::text::PageKind
    hint       INTEGER NOT NULL DEFAULT 0,             -- page number in the file's name
    sha256     TEXT    NOT NULL,
    sm3        TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'unread',      -- unread, read, unreadable
    problem    TEXT,                                   -- stable code when unreadable
    attempts   INTEGER NOT NULL DEFAULT 0,             -- begun readings; a page that kills the reader is given up
    UNIQUE (arrival_id, frame)
) STRICT;
CREATE INDEX pages_by_letter ON pages (letter_id);
CREATE INDEX pages_unread ON pages (state) WHERE state = 'unread';

CREATE TABLE readings (
    page_id    INTEGER NOT NULL REFERENCES pages (id),
    engine     TEXT    NOT NULL,                       -- engine and model version
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    turned_deg INTEGER NOT NULL,
    lines      TEXT    NOT NULL,                       -- [domain::text::Line]
    seconds    REAL    NOT NULL,
    read_ms    INTEGER NOT NULL,
    PRIMARY KEY (page_id, engine)
) STRICT;

-- One draft per letter; the hand-over queue.
CREATE TABLE drafts (
    letter_id    TEXT    PRIMARY KEY REFERENCES letters (id),
    body         TEXT    NOT NULL,                     -- domain::draft::Draft with corrections applied
    created_ms   INTEGER NOT NULL,
    updated_ms   INTEGER NOT NULL,
    ready_ms     INTEGER,                              -- may be claimed since; NULL while a confirmation is awaited
    confirmed_ms INTEGER,
    confirmed_by TEXT,
    state        TEXT    NOT NULL DEFAULT 'open',      -- open, leased, acked
    claimed_by   TEXT,
    lease        TEXT,                                 -- the lease's token
    lease_ms     INTEGER,                              -- the lease runs out at
    case_number  TEXT,
    acked_ms     INTEGER,
    offered      INTEGER NOT NULL DEFAULT 0,           -- how often it was claimed
    nack_reason  TEXT
) STRICT;
CREATE INDEX drafts_queue ON drafts (state, ready_ms);

CREATE TABLE corrections (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id TEXT    NOT NULL REFERENCES letters (id),
    field     TEXT    NOT NULL,
    before    TEXT,
    after     TEXT,
    by        TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX corrections_by_letter ON corrections (letter_id);

CREATE TABLE users (
    name       TEXT    PRIMARY KEY,
    role       TEXT    NOT NULL,                       -- operator, maintenance, administrator
    password   TEXT    NOT NULL,                       -- argon2id, PHC string
    created_ms INTEGER NOT NULL,
    disabled   INTEGER NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    locked_ms  INTEGER                                 -- no sign-in before
) STRICT;

CREATE TABLE sessions (
    hash       TEXT    PRIMARY KEY,                    -- SHA-256 of the cookie
    user       TEXT    NOT NULL REFERENCES users (name),
    csrf       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    name       TEXT    PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,                -- SHA-256 of the token
    scope      TEXT    NOT NULL,                       -- case_system, maintenance
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) STRICT;

CREATE TABLE idempotency (
    actor   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    request TEXT    NOT NULL,                          -- SHA-256 of method, path and body
    status  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT;

-- Hash chain over everything that happened; see store/ledger.rs for what is hashed.
CREATE TABLE ledger (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,                          -- stable code, e.g. page.arrived
    subject TEXT    NOT NULL,                          -- e.g. letter/A001
    detail  TEXT    NOT NULL,                          -- identifiers and hashes only, JSON
    hash    TEXT    NOT NULL
) STRICT;
CREATE INDEX ledger_by_subject ON ledger (subject);

CREATE TABLE device_health (
    at_ms  INTEGER NOT NULL,
    device TEXT    NOT NULL,
    point  TEXT    NOT NULL,                           -- e.g. lamp_hours_h
    value  REAL,
    limit_value REAL,
    state  TEXT    NOT NULL,                           -- good, warning, bad, unknown
    code   TEXT                                        -- stable code of the next action
) STRICT;
CREATE INDEX device_health_by_device ON device_health (device, at_ms);
