-- Schema 7: messages and packages for case systems that want them brought; how old a password is.

-- One row for each thing that one channel is told. The message's id is stable: whoever gets it twice knows it.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message    TEXT    NOT NULL UNIQUE,                -- webhook-id; the package's name
    channel    TEXT    NOT NULL,                       -- webhook/ID, exchange/ID
    kind       TEXT    NOT NULL,                       -- domain::outgoing::Kind
    letter_id  TEXT    NOT NULL REFERENCES letters (id),
    occasion   INTEGER NOT NULL,                       -- of a draft: when it became ready; else the amendment's, alert's or earlier message's number
    code       TEXT,                                   -- of an amendment or alert: what
    state      TEXT    NOT NULL,                       -- domain::outgoing::State
    made_ms    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_ms    INTEGER NOT NULL,                       -- not before
    last_ms    INTEGER,                                -- of the last attempt
    result     TEXT,                                   -- stable code of the last attempt
    done_ms    INTEGER,
    UNIQUE (channel, kind, letter_id, occasion)
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, state, next_ms);
CREATE INDEX outbox_by_letter ON outbox (letter_id, channel);

-- When the password was set; unknown for accounts of an older laixin, whose making counts.
ALTER TABLE users ADD COLUMN password_ms INTEGER;

-- Answers are kept for a month; the old ones are found without looking at all.
CREATE INDEX idempotency_by_time ON idempotency (at_ms);
