//! The tables whose rows the ledger vouches for one by one, and which of their columns.

/// A table each of whose rows has its newest hash in the entry that last changed it.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Covered {
    /// The table.
    pub(in crate::store) table: &'static str,
    /// Its key.
    pub(in crate::store) key: &'static str,
    /// Subjects of its entries: `prefix/key`.
    pub(in crate::store) prefix: &'static str,
    /// What is hashed. A column that a later schema adds comes with a `Covered` of its own.
    pub(in crate::store) columns: &'static str,
}

pub(in crate::store) const VALUABLES: Covered = Covered {
    table: "valuables",
    key: "id",
    prefix: "valuable",
    columns: "letter_id, kind, amount, serial, listed_by, listed_ms, witnessed_by, witnessed_ms, returned_how, returned_to, receipt_no,
        returned_on, returned_by, returned_ms, return_witness, return_witnessed_ms, struck_by, struck_reason, struck_ms",
};
pub(in crate::store) const BOXES: Covered = Covered {
    table: "boxes",
    key: "id",
    prefix: "box",
    columns: "name, location, made_by, made_ms, sealed_ms",
};
pub(in crate::store) const BOXED: Covered = Covered {
    table: "boxed_letters",
    key: "letter_id",
    prefix: "boxed",
    columns: "box_id, division, dated, put_by, put_ms",
};
pub(in crate::store) const LOANS: Covered = Covered {
    table: "loans",
    key: "id",
    prefix: "loan",
    columns: "letter_id, asked_by, reason, asked_ms, approved_by, approved_ms, back_by, back_ms",
};
pub(in crate::store) const RETENTIONS: Covered = Covered {
    table: "retentions",
    key: "id",
    prefix: "retention",
    columns: "letter_id, policy, proposed_by, proposed_ms, approved_by, approved_ms, refused_by, refused_ms",
};
pub(in crate::store) const RESTRICTIONS: Covered = Covered {
    table: "restrictions",
    key: "letter_id",
    prefix: "restriction",
    columns: "state, why, by, reason, at_ms",
};
pub(in crate::store) const LETTER_ACCESS: Covered = Covered {
    table: "letter_access",
    key: "id",
    prefix: "access",
    columns: "letter_id, user, granted_by, reason, granted_ms, ended_by, ended_ms",
};
pub(in crate::store) const INTERESTS: Covered = Covered {
    table: "interests",
    key: "id",
    prefix: "interest",
    columns: "user, kind, relation, text, declared_by, declared_ms, ended_by, ended_ms",
};
pub(in crate::store) const RECUSALS: Covered = Covered {
    table: "recusals",
    key: "id",
    prefix: "recusal",
    columns: "letter_id, user, matched, reason, by, at_ms, lifted_by, lifted_reason, lifted_ms",
};
pub(in crate::store) const ALERTS: Covered = Covered {
    table: "alerts",
    key: "id",
    prefix: "alert",
    // What later pages say came with schema 14: rows without it are vouched for as they were.
    columns: "letter_id, code, raised_ms, level, level_ms, acked_by, acked_ms, verdict, CASE WHEN later IS NULL THEN note ELSE json_array(note, later) END",
};
pub(in crate::store) const NAMED_OFFICES: Covered = Covered {
    table: "named_offices",
    key: "id",
    prefix: "office",
    columns: "letter_id, office, raised_ms, ended_ms, decided_by, decided_ms, accuses, reason",
};

/// Every such table.
pub(super) const COVERED: [Covered; 11] = [
    VALUABLES,
    BOXES,
    BOXED,
    LOANS,
    RETENTIONS,
    RESTRICTIONS,
    LETTER_ACCESS,
    INTERESTS,
    RECUSALS,
    ALERTS,
    NAMED_OFFICES,
];
