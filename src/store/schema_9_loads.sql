-- How many letters were put into a load, as somebody counted them. No row: nobody said.
CREATE TABLE load_letters (
    load_id INTEGER PRIMARY KEY REFERENCES loads (id),
    letters INTEGER NOT NULL
) STRICT;
