-- What lists and queues ask of drafts stands in columns of its own, before the text: a list of thousands reads and parses no text.
-- Generated, so that no statement that changes a text can forget them; stored, so that they are made when it changes and not when it is looked at.
CREATE TABLE drafts_8 (
    letter_id    TEXT    PRIMARY KEY REFERENCES letters (id),
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
    nack_reason  TEXT,
    conflict     TEXT,
    sender       TEXT    GENERATED ALWAYS AS (body ->> '$.fields.sender_name.value') STORED,
    addressee    TEXT    GENERATED ALWAYS AS (body ->> '$.fields.addressee.value') STORED,
    flag         TEXT    GENERATED ALWAYS AS (CASE -- the gravest one raised
                     WHEN body ->> '$.fields.flags.threat.value' THEN 'threat'
                     WHEN body ->> '$.fields.flags.secret_mark.value' THEN 'secret_mark'
                     WHEN body ->> '$.fields.flags.crime_clue.value' THEN 'crime_clue'
                     WHEN body ->> '$.fields.flags.valuables.value' THEN 'valuables' END) STORED,
    doubts       INTEGER GENERATED ALWAYS AS (         -- fields that want a look: not accepted, or missing where a letter is not registered without
                     CASE WHEN body ->> '$.fields.sender_name.source' = 'officer' THEN 0
                          WHEN body ->> '$.fields.sender_name.value' IS NULL THEN 1 ELSE NOT body ->> '$.fields.sender_name.accepted' END
                   + CASE WHEN body ->> '$.fields.address.source' = 'officer' THEN 0
                          WHEN body ->> '$.fields.address.value' IS NULL THEN 1 ELSE NOT body ->> '$.fields.address.accepted' END
                   + CASE WHEN body ->> '$.fields.addressee.source' = 'officer' THEN 0
                          WHEN body ->> '$.fields.addressee.value' IS NULL THEN 1 ELSE NOT body ->> '$.fields.addressee.accepted' END
                   + CASE WHEN body ->> '$.fields.purpose.source' = 'officer' THEN 0
                          WHEN body ->> '$.fields.purpose.value' IS NULL THEN 1 ELSE NOT body ->> '$.fields.purpose.accepted' END
                   + CASE WHEN body ->> '$.fields.letter_date.source' = 'officer' OR body ->> '$.fields.letter_date.value' IS NULL THEN 0
                          ELSE NOT body ->> '$.fields.letter_date.accepted' END
                   + CASE WHEN body ->> '$.fields.id_number.source' = 'officer' OR body ->> '$.fields.id_number.value' IS NULL THEN 0
                          ELSE NOT body ->> '$.fields.id_number.accepted' END) STORED,
    incomplete   INTEGER GENERATED ALWAYS AS (instr(body ->> '$.notes', '"page_unread:') > 0) STORED,   -- made while a page was not read yet
    body         TEXT    NOT NULL                      -- domain::draft::Draft with corrections applied; last, because it is long
) STRICT;
INSERT INTO drafts_8 (letter_id, created_ms, updated_ms, ready_ms, confirmed_ms, confirmed_by, state, claimed_by, lease, lease_ms, case_number,
        acked_ms, offered, nack_reason, conflict, body)
    SELECT letter_id, created_ms, updated_ms, ready_ms, confirmed_ms, confirmed_by, state, claimed_by, lease, lease_ms, case_number,
        acked_ms, offered, nack_reason, conflict, body FROM drafts;
DROP TABLE drafts;
ALTER TABLE drafts_8 RENAME TO drafts;
CREATE INDEX drafts_queue ON drafts (state, ready_ms);

CREATE INDEX letters_by_age ON letters (created_ms, id);
CREATE INDEX alerts_open_by_letter ON alerts (letter_id) WHERE acked_ms IS NULL;
