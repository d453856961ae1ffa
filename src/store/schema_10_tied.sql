-- The client certificate that a token belongs to: a name that it is made out to, or its SHA-256 in hex. NULL: any of the authority.
ALTER TABLE tokens ADD COLUMN certificate TEXT;

-- Letters that one case system registered under one number.
CREATE INDEX drafts_by_case ON drafts (case_number, claimed_by) WHERE case_number IS NOT NULL;
