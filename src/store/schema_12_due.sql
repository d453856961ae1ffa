-- Which letters a draft is due for is asked after every page. Without these two the question walked all letters, and for each all unread pages.
ALTER TABLE letters ADD COLUMN drafted_ms INTEGER;     -- when its draft was made; NULL without one, and of one made while a page was not read yet
UPDATE letters SET drafted_ms = (SELECT created_ms FROM drafts WHERE letter_id = letters.id AND NOT incomplete);
CREATE TRIGGER draft_made AFTER INSERT ON drafts BEGIN
    UPDATE letters SET drafted_ms = iif(new.incomplete, NULL, new.created_ms) WHERE id = new.letter_id;
END;
CREATE TRIGGER draft_changed AFTER UPDATE OF created_ms, body ON drafts BEGIN
    UPDATE letters SET drafted_ms = iif(new.incomplete, NULL, new.created_ms) WHERE id = new.letter_id;
END;
CREATE TRIGGER draft_gone AFTER DELETE ON drafts BEGIN
    UPDATE letters SET drafted_ms = NULL WHERE id = old.letter_id;
END;
CREATE INDEX letters_to_draft ON letters (last_arrival_ms) WHERE withheld IS NULL AND (drafted_ms IS NULL OR drafted_ms < last_arrival_ms);
DROP INDEX pages_unread;
CREATE INDEX pages_unread ON pages (letter_id) WHERE state = 'unread';
