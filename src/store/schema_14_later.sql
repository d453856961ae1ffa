-- Pages that came after the hand-over and accuse somebody, beside the alert that says so: whom, and which pages (JSON).
ALTER TABLE alerts ADD COLUMN later TEXT;
