//! Which drafts are offered to case systems, and which of them a claim gets: statements only.

use super::restored::handover_goes_on;
use super::valuables::open_valuable;

/// A draft `d` of a letter `l` that is offered to case systems, as far as its row tells: what accuses a system's own office is told apart by
/// its fields. Every way out asks this.
macro_rules! offered_unless_held {
    () => {
        concat!(
            "d.ready_ms IS NOT NULL AND d.conflict IS NULL AND l.withheld IS NULL AND l.stage IN ('drafted', 'confirmed')
             AND NOT EXISTS (SELECT 1 FROM valuables v WHERE v.letter_id = d.letter_id AND ",
            open_valuable!(),
            ") AND ",
            handover_goes_on!()
        )
    };
}
pub(super) const OFFERED: &str = concat!(
    offered_unless_held!(),
    " AND d.letter_id NOT IN (SELECT letter_id FROM letters_held)"
);

/// The same, asked of each letter by itself (see the view `letters_held`): a claim looks at one or two, and would make the list of all that are held.
pub(super) const OFFERED_ONE: &str = concat!(
    offered_unless_held!(),
    " AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.letter_id = d.letter_id AND h.resolved_ms IS NULL)
     AND NOT EXISTS (SELECT 1 FROM pages p CROSS JOIN arrivals a ON a.id = p.arrival_id CROSS JOIN scans s ON s.id = a.scan_id
         WHERE p.letter_id = d.letter_id AND s.settled_ms IS NULL)
     AND (EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = d.letter_id)
         OR NOT EXISTS (SELECT 1 FROM page_moves m WHERE m.from_letter = d.letter_id))"
);

/// The oldest `?2` drafts that may be claimed at `?1`, urgent letters first. One way to each kind of them: waiting drafts come in the order of an index,
/// leases by their end, so that the first is found without looking at the thousands behind it.
pub(super) fn oldest_ready() -> String {
    let part = |from: &str, which: &str| {
        format!(
            "SELECT * FROM (SELECT d.letter_id AS id, l.urgent AS urgent, d.ready_ms AS ready FROM {from} ON l.id = d.letter_id
             WHERE {OFFERED_ONE} AND {which} ORDER BY d.ready_ms, d.letter_id LIMIT ?2)"
        )
    };
    let leased = "d.state = 'leased' AND d.lease_ms <= ?1";
    let urgent = part(
        "letters l INDEXED BY letters_urgent CROSS JOIN drafts d",
        &format!("l.urgent = 1 AND (d.state = 'open' OR {leased})"),
    );
    let waiting = part(
        "drafts d CROSS JOIN letters l",
        "l.urgent = 0 AND d.state = 'open' AND d.ready_ms > 0",
    );
    let ran_out = part(
        "drafts d INDEXED BY drafts_leases CROSS JOIN letters l",
        &format!("l.urgent = 0 AND {leased}"),
    );
    format!(
        "SELECT id FROM ({urgent} UNION ALL {waiting} UNION ALL {ran_out}) ORDER BY urgent DESC, ready, id LIMIT ?2"
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::Db;

    fn listed(connection: &Connection, sql: &str) -> Vec<String> {
        let mut query = connection.prepare(sql).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Letters that are held for each reason there is, that are withheld, urgent, leased for long and leased no more.
    fn mailroom() -> Db {
        let db = Db::open(std::path::Path::new(":memory:")).unwrap();
        let letters = [
            "PLAIN", "URGENT", "HELD", "SCANNED", "EMPTIED", "GONE", "CASH", "LEASED", "BACK",
        ];
        let mut sql = "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 9, 1, 't', 1);
            INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'c', 'released', 1);".to_owned();
        for (at, letter) in letters.iter().enumerate() {
            sql += &format!(
                "INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('{letter}', 1, 1, '{letter}', 'drafted', 1, 1);
                 INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-{letter}', 's', 'n', 'k', 1, 'taken');
                 INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size) VALUES ('{letter}', 'a-{letter}', 'letter', 'a', 'b', 1);
                 INSERT INTO drafts (letter_id, body, created_ms, updated_ms, ready_ms) VALUES ('{letter}', '{{}}', 1, 1, {at} + 1);"
            );
        }
        sql += "UPDATE letters SET urgent = 1 WHERE id = 'URGENT'; UPDATE letters SET withheld = 'withdrawn' WHERE id = 'GONE';
            UPDATE drafts SET state = 'leased', lease_ms = 100 WHERE letter_id = 'LEASED';
            UPDATE drafts SET state = 'leased', lease_ms = 10 WHERE letter_id = 'BACK';
            INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'HELD', 'r', 1);
            INSERT INTO valuables (letter_id, kind, listed_by, listed_ms) VALUES ('CASH', 'cash', 'z', 1);
            INSERT INTO valuables (letter_id, kind, listed_by, listed_ms, return_witnessed_ms) VALUES ('PLAIN', 'cash', 'z', 1, 2);
            INSERT INTO holds (batch_id, letter_id, reason, at_ms, resolved_ms, resolved_by) VALUES (1, 'PLAIN', 'r', 1, 2, 'z');
            INSERT INTO scans (id, scanner, batch_id, load_id, sides, asked_by, asked_ms) VALUES (1, 's', 1, 1, 1, 'z', 1);
            UPDATE arrivals SET scan_id = 1 WHERE id = 'a-SCANNED';
            INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) SELECT id, 'EMPTIED', 'PLAIN', 'z', 'r', 1 FROM pages WHERE letter_id = 'EMPTIED';
            UPDATE pages SET letter_id = 'PLAIN' WHERE letter_id = 'EMPTIED';";
        db.connection.execute_batch(&sql).unwrap();
        db
    }

    #[test]
    fn what_a_claim_asks_of_each_letter_is_what_the_list_of_the_held_says() {
        let db = mailroom();
        let ask = |offered: &str| {
            let from = "SELECT d.letter_id FROM drafts d JOIN letters l ON l.id = d.letter_id";
            let sql = format!("{from} WHERE {offered} ORDER BY d.ready_ms");
            listed(&db.connection, &sql)
        };
        assert_eq!(ask(OFFERED), ["PLAIN", "URGENT", "LEASED", "BACK"]);
        assert_eq!(ask(OFFERED_ONE), ask(OFFERED));
    }

    #[test]
    fn a_claim_gets_urgent_letters_first_then_the_oldest_and_no_lease_that_runs() {
        let db = mailroom();
        let mut query = db.connection.prepare(&oldest_ready()).unwrap();
        let rows = query.query_map((50, 9), |row| row.get::<_, String>(0));
        let claimed: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(claimed, ["URGENT", "PLAIN", "BACK"]);
    }
}
