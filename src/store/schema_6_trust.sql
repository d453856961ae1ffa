-- Schema 6. Who may see which letter, whom a letter is kept from, alerts that a named person acknowledges, changes after the hand-over.

ALTER TABLE tokens ADD COLUMN unit TEXT;               -- whose case system it is: nothing that accuses it is handed to it

-- What the hand-over must not do yet: addressee_accused. NULL: nothing.
ALTER TABLE drafts ADD COLUMN conflict TEXT;

-- Letters that not everybody of the mailroom sees. No row: an ordinary letter.
CREATE TABLE restrictions (
    letter_id TEXT    PRIMARY KEY REFERENCES letters (id),
    state     TEXT    NOT NULL,                        -- restricted, lifted
    why       TEXT    NOT NULL,                        -- domain::access::Restricted
    by        TEXT    NOT NULL,                        -- task/read until an officer decides
    reason    TEXT    NOT NULL DEFAULT '',
    at_ms     INTEGER NOT NULL
) STRICT;

-- Who beside the confirming officers sees a restricted letter.
CREATE TABLE letter_access (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id  TEXT    NOT NULL REFERENCES letters (id),
    user       TEXT    NOT NULL REFERENCES users (name),
    granted_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    granted_ms INTEGER NOT NULL,
    ended_by   TEXT,
    ended_ms   INTEGER
) STRICT;
CREATE UNIQUE INDEX letter_access_open ON letter_access (letter_id, user) WHERE ended_ms IS NULL;

-- What people declared of themselves and their relatives.
CREATE TABLE interests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user        TEXT    NOT NULL REFERENCES users (name),
    kind        TEXT    NOT NULL,                      -- domain::access::InterestKind
    relation    TEXT    NOT NULL,                      -- domain::access::Relation
    text        TEXT    NOT NULL,
    declared_by TEXT    NOT NULL,
    declared_ms INTEGER NOT NULL,
    ended_by    TEXT,
    ended_ms    INTEGER
) STRICT;
CREATE INDEX interests_of ON interests (user) WHERE ended_ms IS NULL;

-- Who is kept from which letter. What was met is a code; the letter's words are not here.
CREATE TABLE recusals (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id     TEXT    NOT NULL REFERENCES letters (id),
    user          TEXT    NOT NULL REFERENCES users (name),
    matched       TEXT,                                -- domain::access::Matched; NULL: said by hand
    reason        TEXT    NOT NULL DEFAULT '',
    by            TEXT    NOT NULL,
    at_ms         INTEGER NOT NULL,
    lifted_by     TEXT,
    lifted_reason TEXT,
    lifted_ms     INTEGER,
    UNIQUE (letter_id, user)
) STRICT;

-- Why somebody looks at a restricted letter; holds for a while.
CREATE TABLE looks (
    letter_id TEXT    NOT NULL REFERENCES letters (id),
    user      TEXT    NOT NULL REFERENCES users (name),
    until_ms  INTEGER NOT NULL,
    PRIMARY KEY (letter_id, user)
) STRICT, WITHOUT ROWID;

-- What wants a person at once. No letter's words.
CREATE TABLE alerts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id   TEXT    NOT NULL REFERENCES letters (id),
    code        TEXT    NOT NULL,                      -- domain::alarm::Code
    raised_ms   INTEGER NOT NULL,
    level       INTEGER NOT NULL DEFAULT 0,            -- 0: the mailroom, 1: confirming officers, 2: administrators
    level_ms    INTEGER NOT NULL,                      -- on this level since
    acked_by    TEXT,
    acked_ms    INTEGER,
    verdict     TEXT,                                  -- domain::alarm::Verdict
    note        TEXT,
    UNIQUE (letter_id, code)
) STRICT;
CREATE INDEX alerts_open ON alerts (id) WHERE acked_ms IS NULL;

-- What changed of a letter after a case system had it.
CREATE TABLE amendments (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id TEXT    NOT NULL REFERENCES letters (id),
    kind      TEXT    NOT NULL,                        -- page_added, threat_confirmed, threat_withdrawn
    at_ms     INTEGER NOT NULL,
    by        TEXT    NOT NULL,
    acked_by  TEXT,
    acked_ms  INTEGER
) STRICT;
CREATE INDEX amendments_open ON amendments (id) WHERE acked_ms IS NULL;

-- Lists name many letters in one entry: “who saw letter X” looks through these only.
CREATE INDEX ledger_of_lists ON ledger (action) WHERE action IN ('letters.listed', 'drafts.listed');

-- What one person did and saw.
CREATE INDEX ledger_by_actor ON ledger (actor, seq);
