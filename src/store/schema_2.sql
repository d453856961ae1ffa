-- Schema 2. A cycle's record says under which terms it ran, who did what, what each side of the letters had, and the
-- dose curve; self tests of the cabinets; overrides signed by two people.

ALTER TABLE cycles ADD COLUMN model TEXT;                                    -- of the cabinet, from its profile
ALTER TABLE cycles ADD COLUMN dose_basis TEXT NOT NULL DEFAULT 'measured';   -- domain::cycle::Basis
ALTER TABLE cycles ADD COLUMN ozone_basis TEXT NOT NULL DEFAULT 'measured';  -- domain::cycle::Basis
ALTER TABLE cycles ADD COLUMN sides TEXT NOT NULL DEFAULT 'both';            -- domain::cycle::Sides
ALTER TABLE cycles ADD COLUMN absent TEXT NOT NULL DEFAULT '[]';             -- points this cabinet does without, JSON
ALTER TABLE cycles ADD COLUMN target_dose_mj_cm2 REAL;                       -- NULL in timer mode
ALTER TABLE cycles ADD COLUMN min_exposure_s REAL;
ALTER TABLE cycles ADD COLUMN ozone_limit_mg_m3 REAL;                        -- NULL in timer mode

ALTER TABLE cycle_steps ADD COLUMN after_ms INTEGER;                         -- since the cycle began, monotonic
ALTER TABLE cycle_steps ADD COLUMN actor TEXT;                               -- the person behind the step, if one was

-- What each side of the letters has had; one row where all sides are exposed at once.
CREATE TABLE cycle_exposures (
    cycle_id    INTEGER NOT NULL REFERENCES cycles (id),
    side        INTEGER NOT NULL,                      -- 1, 2
    dose_mj_cm2 REAL,                                  -- NULL in timer mode
    lit_s       REAL    NOT NULL,
    PRIMARY KEY (cycle_id, side)
) STRICT;

-- The dose curve, about one sample a second: a picture, not what the dose was counted from.
CREATE TABLE cycle_samples (
    cycle_id          INTEGER NOT NULL REFERENCES cycles (id),
    at_ms             INTEGER NOT NULL,                -- since the cycle began, on the monotonic clock
    irradiance_mw_cm2 REAL,                            -- NULL: there was no value
    dose_mj_cm2       REAL,                            -- NULL in timer mode; begins again with the second side
    ozone_mg_m3       REAL
) STRICT;
CREATE INDEX cycle_samples_by_cycle ON cycle_samples (cycle_id, at_ms);

CREATE TABLE self_tests (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    cabinet        TEXT    NOT NULL,
    profile_sha256 TEXT    NOT NULL,
    by             TEXT    NOT NULL,                   -- who ordered it and said that the cabinet is empty
    began_ms       INTEGER NOT NULL,
    ended_ms       INTEGER,
    outcome        TEXT,                               -- passed, failed, aborted, cut_short; NULL while it runs
    findings       TEXT    NOT NULL DEFAULT '[]'       -- [store::Finding], JSON
) STRICT;
CREATE INDEX self_tests_by_cabinet ON self_tests (cabinet, id);

ALTER TABLE loads ADD COLUMN override_approved_by TEXT;                      -- the second person

-- A trend asks for one point of one device.
CREATE INDEX device_health_by_point ON device_health (device, point, at_ms);
