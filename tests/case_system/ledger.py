"""The ledger of the reference case system: one SQLite file. What it says counts, whatever the station says.

`registrations` has no unique index on the letter, on purpose: a letter that was registered twice must show here, not be refused here.
"""

import sqlite3
import time

SCHEMA = """
CREATE TABLE IF NOT EXISTS registrations (
    number  INTEGER PRIMARY KEY,
    letter  TEXT NOT NULL,
    pages   TEXT NOT NULL,           -- SHA-256 of every page, in order
    content TEXT NOT NULL,           -- what is registered, as it came last
    channel TEXT NOT NULL,           -- pull, exchange
    at      REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS registrations_by_letter ON registrations (letter);
-- Letters whose acknowledgement was answered.
CREATE TABLE IF NOT EXISTS told (letter TEXT PRIMARY KEY, at REAL NOT NULL);
-- Calls that were begun and whose answer was not worked through: repeated under the same key after a restart.
CREATE TABLE IF NOT EXISTS calls (
    key    TEXT PRIMARY KEY,
    worker TEXT NOT NULL,
    method TEXT NOT NULL,
    path   TEXT NOT NULL,
    body   TEXT NOT NULL,
    at     REAL NOT NULL
);
-- Messages that came by webhook, by their id: a message that comes again is known.
CREATE TABLE IF NOT EXISTS messages (
    id     TEXT PRIMARY KEY,
    type   TEXT NOT NULL,
    letter TEXT,
    times  INTEGER NOT NULL DEFAULT 1,
    at     REAL NOT NULL
);
-- Counted: claims, nacks, letters that were offered although they were registered.
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


def case_number(number):
    return f"CS-{number:06d}"


class Ledger:
    """Every method is one transaction, on the disk before it returns."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)

    def _atomically(self, work):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            done = work()
            self.db.execute("COMMIT")
            return done
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    def registered(self, letter):
        """The letter's case number, if it has one."""
        row = self.db.execute("SELECT min(number) FROM registrations WHERE letter = ?", (letter,)).fetchone()
        return None if row[0] is None else case_number(row[0])

    def register(self, letter, pages, content, channel, looks=True):
        """The letter's case number; a new one unless it has one, whose content is overwritten. A system that does not look first (`looks`) registers it
        again."""

        def work():
            known = self.registered(letter)
            if known is not None:
                self._count("offered_again")
                if looks:
                    self.db.execute("UPDATE registrations SET pages = ?, content = ? WHERE letter = ?", (" ".join(pages), content, letter))
                    return known
            cursor = self.db.execute(
                "INSERT INTO registrations (letter, pages, content, channel, at) VALUES (?, ?, ?, ?, ?)",
                (letter, " ".join(pages), content, channel, time.time()),
            )
            return case_number(cursor.lastrowid)

        return self._atomically(work)

    def untold(self):
        """Letters that are registered and whose acknowledgement was never answered."""
        rows = self.db.execute(
            "SELECT letter, min(number) FROM registrations WHERE letter NOT IN (SELECT letter FROM told) GROUP BY letter ORDER BY 2"
        )
        return [(letter, case_number(number)) for letter, number in rows]

    def was_told(self, letter):
        self.db.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (letter, time.time()))

    def begin_call(self, worker, key, method, path, body):
        self.db.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)", (key, worker, method, path, body, time.time()))

    def end_call(self, key):
        self.db.execute("DELETE FROM calls WHERE key = ?", (key,))

    def begun_calls(self, worker):
        rows = self.db.execute("SELECT key, method, path, body FROM calls WHERE worker = ? ORDER BY at", (worker,))
        return rows.fetchall()

    def take_message(self, message, kind, letter):
        """Whether this message is new."""

        def work():
            known = self.db.execute("UPDATE messages SET times = times + 1 WHERE id = ?", (message,)).rowcount
            if not known:
                self.db.execute("INSERT INTO messages (id, type, letter, at) VALUES (?, ?, ?, ?)", (message, kind, letter, time.time()))
            return not known

        return self._atomically(work)

    def _count(self, name):
        self.db.execute("INSERT INTO counts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", (name,))

    def count(self, name):
        self._atomically(lambda: self._count(name))

    def counted(self, name):
        row = self.db.execute("SELECT value FROM counts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else 0

    def cases(self):
        """Case number by letter; of a letter registered twice the first."""
        rows = self.db.execute("SELECT letter, min(number) FROM registrations GROUP BY letter")
        return {letter: case_number(number) for letter, number in rows}

    def twice(self):
        """Letters registered more than once."""
        rows = self.db.execute("SELECT letter FROM registrations GROUP BY letter HAVING count(*) > 1 ORDER BY letter")
        return [letter for (letter,) in rows]
