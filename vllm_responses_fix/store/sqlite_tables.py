"""The tables of a store in SQLite, and what is asked of them."""

import sqlite3
from typing import NamedTuple

from .protocol import StoreUnavailable

FORMAT = 1
_APPLICATION = 0x76525366

_SCHEMA = """
CREATE TABLE conversations (
    key INTEGER PRIMARY KEY,
    used REAL NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE INDEX conversations_by_use ON conversations (used);
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    parent INTEGER,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    status TEXT NOT NULL,
    updated REAL NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX records_by_parent ON records (conversation, parent);
CREATE INDEX records_unfinished ON records (conversation)
    WHERE status IN ('queued', 'in_progress');
CREATE TABLE gone (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (owner, id)
);
CREATE TABLE total (bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0);
"""

FIND = """
SELECT r.key, r.conversation, r.parent, r.status, r.deleted,
    length(r.body) AS length, c.used
FROM records r JOIN conversations c ON c.key = r.conversation
WHERE r.owner = ? AND r.id = ?
"""

HEAD = """
SELECT r.owner, r.id, p.id, r.status, {body}, r.updated
FROM records r LEFT JOIN records p ON p.key = r.parent
WHERE r.key = ?
"""

CHAIN = """
WITH RECURSIVE chain (key, parent, depth) AS (
    SELECT key, parent, 0 FROM records WHERE key = ?
    UNION ALL
    SELECT r.key, r.parent, depth + 1
    FROM chain JOIN records r ON r.key = chain.parent
)
SELECT r.owner, r.id, NULL, r.status, r.body, r.updated
FROM chain JOIN records r USING (key)
ORDER BY depth DESC
"""

IN_PROGRESS = """
EXISTS (
    SELECT 1 FROM records r
    WHERE r.conversation = c.key AND r.status IN ('queued', 'in_progress')
        AND r.updated > ?
)
"""


class Row(NamedTuple):
    key: int
    conversation: int
    parent: int | None
    status: str
    deleted: int
    length: int
    used: float


def make_or_check(connection: sqlite3.Connection) -> None:
    """Make the tables in a file that is empty, else see that it is one of ours.

    Raises:
        StoreUnavailable: it is not, or is of a newer kit; the connection is closed.
    """
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not application:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    elif application != _APPLICATION:
        connection.close()
        raise StoreUnavailable(
            "the file is a database of something else, so name another one"
        )
    elif version > FORMAT:
        connection.close()
        raise StoreUnavailable(
            f"the file has format {version} of a newer vllm-responses-fix and this "
            f"one reads up to {FORMAT}, so install the newer one or name another "
            f"file"
        )
