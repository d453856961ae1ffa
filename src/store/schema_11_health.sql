-- What is left of the device health log when its entries are old: one row a day of each point.
CREATE TABLE device_health_days (
    device      TEXT    NOT NULL,
    point       TEXT    NOT NULL,
    day         TEXT    NOT NULL,                      -- local, YYYY-MM-DD
    known       INTEGER NOT NULL,                      -- entries with a value
    unknown     INTEGER NOT NULL,                      -- entries without one
    mean        REAL,
    least       REAL,
    greatest    REAL,
    limit_value REAL,                                  -- the last of the day
    worst       TEXT    NOT NULL,                      -- good, unknown, warning, bad
    PRIMARY KEY (device, point, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_health_by_time ON device_health (at_ms);
