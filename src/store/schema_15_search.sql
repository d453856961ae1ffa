-- Schema 15: what a search finds letters by.

-- One row a letter, in the order in which they came.
CREATE TABLE searched (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id TEXT    NOT NULL UNIQUE REFERENCES letters (id) ON DELETE CASCADE
) STRICT;

-- Each character of a letter's number, fields and pages as one word, so that one character can be found; by code point (domain::search).
CREATE VIRTUAL TABLE search_text USING fts5(text, tokenize = 'ascii');
-- What is deleted leaves nothing behind in the index.
INSERT INTO search_text (search_text, rank) VALUES ('secure-delete', 1);

-- Letters whose row of the index is to be written anew. Whatever changes what finds a letter puts it here, wherever it is done. The triggers look first:
-- an OR IGNORE of theirs counts for nothing where the statement that fires them says itself what is to happen on a conflict.
CREATE TABLE search_due (
    letter_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The digest of a search in the ledger is made with this: who reads the ledger cannot try names on it.
CREATE TABLE search_key (
    key BLOB NOT NULL
) STRICT;
INSERT INTO search_key VALUES (randomblob(32));

INSERT INTO searched (letter_id) SELECT id FROM letters ORDER BY created_ms, id;
INSERT INTO search_due SELECT id FROM letters;

CREATE TRIGGER searched_letter AFTER INSERT ON letters BEGIN
    INSERT INTO searched (letter_id) SELECT new.id WHERE new.id NOT IN (SELECT letter_id FROM searched);
    INSERT INTO search_due SELECT new.id WHERE new.id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER searched_gone AFTER DELETE ON searched BEGIN
    DELETE FROM search_text WHERE rowid = old.id;
END;
CREATE TRIGGER search_due_draft AFTER INSERT ON drafts BEGIN
    INSERT INTO search_due SELECT new.letter_id WHERE new.letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_draft_changed AFTER UPDATE OF body, case_number ON drafts BEGIN
    INSERT INTO search_due SELECT new.letter_id WHERE new.letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_draft_gone AFTER DELETE ON drafts BEGIN
    INSERT INTO search_due SELECT old.letter_id WHERE old.letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_reading AFTER INSERT ON readings BEGIN
    INSERT INTO search_due SELECT letter_id FROM pages WHERE id = new.page_id AND letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_reading_changed AFTER UPDATE OF lines ON readings BEGIN
    INSERT INTO search_due SELECT letter_id FROM pages WHERE id = new.page_id AND letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_reading_gone AFTER DELETE ON readings BEGIN
    INSERT INTO search_due SELECT letter_id FROM pages WHERE id = old.page_id AND letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_page AFTER UPDATE OF letter_id, kind ON pages BEGIN
    INSERT INTO search_due SELECT old.letter_id WHERE old.letter_id NOT IN (SELECT letter_id FROM search_due);
    INSERT INTO search_due SELECT new.letter_id WHERE new.letter_id NOT IN (SELECT letter_id FROM search_due);
END;
CREATE TRIGGER search_due_code AFTER INSERT ON envelope_codes WHEN new.code IS NOT NULL BEGIN
    INSERT INTO search_due SELECT letter_id FROM pages WHERE id = new.page_id AND letter_id NOT IN (SELECT letter_id FROM search_due);
END;

-- Searches show lines of letters as lists do: who asks who saw a letter asks for them, too.
DROP INDEX ledger_of_lists;
CREATE INDEX ledger_of_lists ON ledger (action) WHERE action IN ('letters.listed', 'letters.searched', 'drafts.listed');
