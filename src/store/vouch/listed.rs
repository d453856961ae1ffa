//! The tables that vouch for themselves (`vouch/watched.rs`), and what of their rows is vouched for. What is under way, or can be made again out of what
//! is vouched for, is left out.

use super::watched::Watched;

const ALL: Watched = Watched {
    prefix: "",
    table: "",
    key: "id",
    columns: "",
    changing: "",
    only: "",
    order: "rowid",
    since: 0,
};

/// SQLite writes a number with a point in full only as `quote` does.
const CYCLE: &str = "load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, reason, quote(dose_mj_cm2), quote(exposure_s),
    quote(ventilation_s), model, dose_basis, ozone_basis, sides, absent, quote(target_dose_mj_cm2), quote(min_exposure_s), quote(ozone_limit_mg_m3)";

/// Every such table. What is hashed of a released table stays: a column that a later schema adds comes as an entry with a prefix of its own.
pub(in crate::store) const WATCHED: [Watched; 34] = [
    Watched {
        prefix: "batch",
        table: "batches",
        columns: "carrier, count, received_ms, signed_by, created_ms, closed_ms, closed_by, close_note",
        changing: "carrier, count, received_ms, signed_by, closed_ms, closed_by, close_note",
        ..ALL
    },
    Watched {
        prefix: "load",
        table: "loads",
        columns: "batch_id, cabinet, state, created_ms, released_ms, cycle_id, override_by, override_reason, override_ms, override_approved_by",
        changing: "batch_id, cabinet, state, released_ms, cycle_id, override_by, override_reason, override_ms, override_approved_by",
        ..ALL
    },
    Watched {
        prefix: "load_letters",
        table: "load_letters",
        key: "load_id",
        columns: "letters",
        ..ALL
    },
    Watched {
        prefix: "cycle",
        table: "cycles",
        columns: CYCLE,
        changing: "load_id, ended_ms, outcome, reason, dose_mj_cm2, exposure_s, ventilation_s",
        ..ALL
    },
    Watched {
        prefix: "steps",
        table: "cycle_steps",
        key: "cycle_id",
        columns: "at_ms, step, detail, after_ms, actor",
        ..ALL
    },
    Watched {
        prefix: "exposures",
        table: "cycle_exposures",
        key: "cycle_id",
        columns: "side, quote(dose_mj_cm2), quote(lit_s)",
        ..ALL
    },
    // A sample a second is not worth an entry each: the whole curve is vouched for with the end of its cycle.
    Watched {
        prefix: "curve",
        table: "cycle_samples",
        key: "cycle_id",
        columns: "at_ms, quote(irradiance_mw_cm2), quote(dose_mj_cm2), quote(ozone_mg_m3)",
        only: "EXISTS (SELECT 1 FROM cycles c WHERE c.id = $.cycle_id AND c.outcome IS NOT NULL)",
        ..ALL
    },
    Watched {
        prefix: "self_test",
        table: "self_tests",
        columns: "cabinet, profile_sha256, by, began_ms, ended_ms, outcome, findings",
        changing: "ended_ms, outcome, findings",
        ..ALL
    },
    Watched {
        prefix: "seen",
        table: "arrivals",
        columns: "source, name, file_key, first_seen_ms, taken_ms, state, sha256, sm3, size, same_as, scan_id, place,
            CASE WHEN state IN ('held', 'set_aside') THEN reason END",
        changing: "first_seen_ms, taken_ms, state, sha256, sm3, size, same_as, scan_id, place",
        ..ALL
    },
    Watched {
        prefix: "letter",
        table: "letters",
        columns: "batch_id, load_id, group_name, urgent, created_ms, withheld, withheld_reason, withheld_by, withheld_ms",
        changing: "batch_id, load_id, group_name, urgent, withheld, withheld_reason, withheld_by, withheld_ms",
        ..ALL
    },
    Watched {
        prefix: "page",
        table: "pages",
        columns: "letter_id, arrival_id, frame, kind, hint, sha256, sm3, size",
        changing: "letter_id, kind, hint",
        ..ALL
    },
    // A page that is said to be blank, or unreadable, is left out of the registration.
    Watched {
        prefix: "page_state",
        table: "pages",
        columns: "state, problem",
        changing: "state, problem",
        since: 2,
        ..ALL
    },
    // When its draft is due, and how long it is kept.
    Watched {
        prefix: "letter_arrival",
        table: "letters",
        columns: "last_arrival_ms",
        changing: "last_arrival_ms",
        since: 2,
        ..ALL
    },
    Watched {
        prefix: "scan",
        table: "scans",
        columns: "scanner, batch_id, load_id, sides, asked_by, asked_ms, ended_ms, outcome, trouble, device_images,
            CASE WHEN ended_ms IS NOT NULL THEN received_images END, settled_ms",
        changing: "ended_ms, outcome, trouble, device_images, settled_ms",
        ..ALL
    },
    Watched {
        prefix: "run",
        table: "separator_runs",
        key: "run",
        columns: "count, made_by, made_ms",
        ..ALL
    },
    Watched {
        prefix: "separator",
        table: "separators_seen",
        columns: "arrival_id, frame, source, batch_id, scan_id, run, number, side, at_ms",
        ..ALL
    },
    Watched {
        prefix: "next_letter",
        table: "next_letters",
        columns: "batch_id, by, at_ms",
        ..ALL
    },
    // How a draft left the house; what it says is vouched for by its confirmation.
    Watched {
        prefix: "handed",
        table: "drafts",
        key: "letter_id",
        columns: "confirmed_ms, confirmed_by, state = 'acked', case_number, acked_ms",
        changing: "confirmed_ms, confirmed_by, state, case_number, acked_ms",
        only: "($.confirmed_ms IS NOT NULL OR $.state = 'acked')",
        ..ALL
    },
    // What it says, that it is offered, and that it is not: a case system may get it without anybody's look.
    Watched {
        prefix: "draft",
        table: "drafts",
        key: "letter_id",
        columns: "body, ready_ms, conflict",
        changing: "body, ready_ms, conflict",
        since: 1,
        ..ALL
    },
    // Whom the station told of what. How often it tried is nobody's proof.
    Watched {
        prefix: "message",
        table: "outbox",
        columns: "message, channel, kind, letter_id, occasion, code, made_ms, done_ms,
            CASE WHEN state NOT IN ('waiting', 'staged') THEN state END, CASE WHEN done_ms IS NOT NULL THEN result END",
        changing: "message, channel, kind, letter_id, occasion, code, state, made_ms, done_ms",
        since: 1,
        ..ALL
    },
    // A session nobody signed in for. When it ends it moves with its use.
    Watched {
        prefix: "session",
        table: "sessions",
        key: "hash",
        columns: "user, csrf, created_ms",
        changing: "hash, user, csrf, created_ms",
        since: 1,
        ..ALL
    },
    // What confirmed letters taught decides how sure a name is. What was imported can be imported again.
    Watched {
        prefix: "taught",
        table: "taught",
        key: "source",
        columns: "kind, name, within, origin, at_ms",
        changing: "source, kind, name, within, origin, at_ms",
        only: "$.source LIKE 'letter/%'",
        order: "kind, name",
        since: 1,
    },
    Watched {
        prefix: "amendment",
        table: "amendments",
        columns: "letter_id, kind, at_ms, by, acked_by, acked_ms",
        changing: "acked_by, acked_ms",
        ..ALL
    },
    Watched {
        prefix: "tombstone",
        table: "tombstones",
        key: "sha256",
        columns: "sm3, size, retention_id, destroyed_ms",
        changing: "sm3, size, retention_id, destroyed_ms",
        ..ALL
    },
    Watched {
        prefix: "archive_number",
        table: "archive_numbers",
        key: "letter_id",
        columns: "year, number, given_ms, given_by",
        changing: "year, number, given_ms, given_by",
        ..ALL
    },
    Watched {
        prefix: "backup",
        table: "backups",
        columns: "made_ms, folder, snapshot, sealed, entries, root, originals, added, faults",
        ..ALL
    },
    Watched {
        prefix: "root",
        table: "roots",
        key: "day",
        columns: "at_ms, entries, hash",
        changing: "at_ms, entries, hash",
        ..ALL
    },
    Watched {
        prefix: "user",
        table: "users",
        key: "name",
        columns: "role, password, password_ms, created_ms, disabled",
        changing: "role, password, password_ms, disabled",
        ..ALL
    },
    Watched {
        prefix: "token",
        table: "tokens",
        key: "name",
        columns: "hash, scope, unit, created_ms, expires_ms, revoked_ms",
        changing: "hash, scope, unit, expires_ms, revoked_ms",
        ..ALL
    },
    Watched {
        prefix: "tied_token",
        table: "tokens",
        key: "name",
        columns: "certificate",
        changing: "certificate",
        only: "$.certificate IS NOT NULL",
        ..ALL
    },
    Watched {
        prefix: "threshold",
        table: "thresholds",
        columns: "change, field, quote(threshold), quote(before), applied_by, applied_ms, undone_by, undone_ms",
        changing: "threshold, undone_by, undone_ms",
        ..ALL
    },
    Watched {
        prefix: "scrub",
        table: "scrubs",
        columns: "began_ms, ended_ms, originals, healed, faults",
        changing: "ended_ms",
        only: "$.ended_ms IS NOT NULL",
        ..ALL
    },
    Watched {
        prefix: "outcome",
        table: "outcomes",
        key: "letter_id",
        columns: "field, quote(confidence), accepted, vetoed, proposed, is_right, at_ms",
        ..ALL
    },
    Watched {
        prefix: "code",
        table: "envelope_codes",
        key: "page_id",
        columns: "code, at_ms",
        ..ALL
    },
];
