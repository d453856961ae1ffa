-- Schema 16: offices that a letter speaks of, and an officer's word whether it accuses them.
CREATE TABLE named_offices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id  TEXT    NOT NULL REFERENCES letters (id),
    office     TEXT    NOT NULL,                       -- its full name; '*': of which office the accused is, nobody knows
    raised_ms  INTEGER NOT NULL,
    ended_ms   INTEGER,                                -- what said so is another letter's now
    decided_by TEXT,
    decided_ms INTEGER,
    accuses    INTEGER,
    reason     TEXT,
    UNIQUE (letter_id, office)
) STRICT;
