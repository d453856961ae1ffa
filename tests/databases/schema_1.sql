-- A database as a laixin of schema 1 left it: made by this text, never edited again. Data invented.

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

INSERT INTO schema_versions VALUES (1, 1767225500000, '0.1.0');
INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 1, 1767225600000, 'zhang', 1767225600000);
INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'cabinet-1', 'released', 1767225601000);
INSERT INTO cycles (id, load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, dose_mj_cm2, exposure_s, ventilation_s)
    VALUES (1, 1, 'cabinet-1', 'ab', 'zhang', 1767225610000, 1767225660000, 'released', 101.5, 20.0, 5.0);
INSERT INTO cycle_steps (cycle_id, at_ms, step) VALUES (1, 1767225610000, 'preflight'), (1, 1767225620000, 'striking');
UPDATE loads SET cycle_id = 1, released_ms = 1767225660000 WHERE id = 1;
INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, taken_ms, state, sha256, sm3, size)
    VALUES ('019b-1', 'scanner-1', 'A001_p1.jpg', '1', 1767225700000, 1767225701000, 'taken', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0', 3);
INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('A001', 1, 1, 'A001', 'drafted', 1767225701000, 1767225701000);
INSERT INTO pages (id, letter_id, arrival_id, kind, hint, sha256, sm3, size, state) VALUES (1, 'A001', '019b-1', 'letter', 1, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0', 3, 'read');
INSERT INTO readings VALUES (1, 'ppocr', 100, 200, 0, '[]', 0.5, 1767225703000);
INSERT INTO corrections (letter_id, field, before, after, by, at_ms) VALUES ('A001', 'sender_name', '陆思羽', '陆思雨', 'zhang', 1767225800000);
INSERT INTO users (name, role, password, created_ms) VALUES ('zhang', 'operator', 'no password fits this', 1767225500000);
INSERT INTO ledger VALUES (1, 1767225600000, 'zhang', 'batch.signed_in', 'batch/1', '{"count":1}', '0e2a243af8cf4c3b808b4513e69fae8c3b69ce8c8b3f0502b29c4232b46c9670');
INSERT INTO ledger VALUES (2, 1767225601000, 'zhang', 'load.made', 'load/1', '{"batch":1,"cabinet":"cabinet-1"}', 'e4874b56e720a2713ed927c45602d0c7b707871e5105f16fbcb28d1df4027eff');
INSERT INTO ledger VALUES (3, 1767225660000, 'task/disinfect', 'cycle.released', 'cycle/1', '{}', 'a9d1f615f721c97ec0d3efea0b5d548c911f35df8e6b2154ac8346e9ee9e6fc9');
INSERT INTO ledger VALUES (4, 1767225700000, 'task/scan', 'page.seen', 'arrival/019b-1', '{"first_seen_ms":1767225700000,"name":"A001_p1.jpg","source":"scanner-1"}', 'fb3a4a0a960c6a1c9f53b11ac27d5f4e0d312d756503c8bc959eed7d9e922ba8');
INSERT INTO ledger VALUES (5, 1767225701000, 'task/scan', 'letter.begun', 'letter/A001', '{"batch":1,"load":1}', '32fbd94a5ef9364c13852f644ee08adfbfc310c5d77939399306b851ef6c0a6b');
INSERT INTO ledger VALUES (6, 1767225701000, 'task/scan', 'page.arrived', 'arrival/019b-1', '{"frames":[0],"letter":"A001","load":1,"same_as":null,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3,"sm3":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}', 'b11e8be2091932ab406e597f5d0538b8867095f856a97c3df3ba497239039d3e');
INSERT INTO ledger VALUES (7, 1767225703000, 'task/read', 'page.read', 'page/1', '{"engine":"ppocr"}', 'e62e0a634008fec0976384815c800f6e535904cccd970c9253e5dd2ab0b8c016');
INSERT INTO ledger VALUES (8, 1767225704000, 'task/read', 'draft.made', 'letter/A001', '{}', '829bce05753054d8536def136a3e1b189360ac4e13bb816c28ae801a84881981');
INSERT INTO ledger VALUES (9, 1767225800000, 'zhang', 'draft.corrected', 'letter/A001', '{"fields":["sender_name"]}', '27ccd7dae9e8a87c42f563011f412f4afafa09d3798f87c7f91977c4444f205b');
PRAGMA user_version = 1;
