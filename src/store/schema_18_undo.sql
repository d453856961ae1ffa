-- Schema 18: a correction that is taken back gives back what stood there, as it was read.

-- What stood in the field before: domain::correct::Stood. NULL of an older laixin, once it was taken back, and once the letter was read anew.
ALTER TABLE corrections ADD COLUMN stood TEXT;
-- The correction that this one takes back.
ALTER TABLE corrections ADD COLUMN undoes INTEGER REFERENCES corrections (id);
CREATE INDEX corrections_undoing ON corrections (undoes) WHERE undoes IS NOT NULL;

-- Those that nobody has taken back.
CREATE VIEW corrections_in_force AS
SELECT * FROM corrections c WHERE undoes IS NULL AND NOT EXISTS (SELECT 1 FROM corrections u WHERE u.undoes = c.id);
