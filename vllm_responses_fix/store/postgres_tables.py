"""The tables of a store in PostgreSQL, and what is asked of them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .protocol import StoreUnavailable

if TYPE_CHECKING:
    from psycopg import Cursor

FORMAT = 1

# Any two numbers that nobody else takes an advisory lock with.
LOCKS = 0x76525366
_SCHEMA_LOCK, RETENTION_LOCK = 1, 2

_SCHEMA = """
CREATE TABLE vllm_responses_format (format integer NOT NULL);
INSERT INTO vllm_responses_format VALUES (1);
CREATE TABLE vllm_responses_conversations (
    key bigserial PRIMARY KEY,
    used double precision NOT NULL,
    bytes bigint NOT NULL
);
CREATE INDEX ON vllm_responses_conversations (used);
CREATE TABLE vllm_responses_records (
    key bigserial PRIMARY KEY,
    conversation bigint NOT NULL,
    parent bigint,
    owner bytea NOT NULL,
    id bytea NOT NULL,
    status text NOT NULL,
    updated double precision NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    body bytea NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX ON vllm_responses_records (conversation, parent);
CREATE INDEX ON vllm_responses_records (conversation)
    WHERE status IN ('queued', 'in_progress');
CREATE TABLE vllm_responses_gone (
    key bigserial PRIMARY KEY,
    owner bytea NOT NULL,
    id bytea NOT NULL,
    reason text NOT NULL,
    UNIQUE (owner, id)
);
"""

LOCK = """
SELECT key FROM vllm_responses_conversations WHERE key = (
    SELECT conversation FROM vllm_responses_records WHERE owner = %s AND id = %s
) FOR UPDATE
"""

FIND = """
SELECT r.key, r.conversation, r.parent, r.status, r.deleted, length(r.body), c.used
FROM vllm_responses_records r
JOIN vllm_responses_conversations c ON c.key = r.conversation
WHERE r.owner = %s AND r.id = %s
"""

_READ = """
SELECT r.id, p.id, r.status, {body}, r.updated, r.deleted, c.used
FROM vllm_responses_records r
JOIN vllm_responses_conversations c ON c.key = r.conversation
LEFT JOIN vllm_responses_records p ON p.key = r.parent
WHERE r.owner = %s AND r.id = %s
"""
GET = _READ.format(body="r.body")
HEAD = _READ.format(body="''::bytea")

CHAIN = """
WITH RECURSIVE chain (key, parent, depth) AS (
    SELECT key, parent, 0 FROM vllm_responses_records WHERE owner = %s AND id = %s
    UNION ALL
    SELECT r.key, r.parent, depth + 1
    FROM chain JOIN vllm_responses_records r ON r.key = chain.parent
)
SELECT r.id, p.id, r.status, r.body, r.updated, r.deleted, c.used
FROM chain
JOIN vllm_responses_records r USING (key)
JOIN vllm_responses_conversations c ON c.key = r.conversation
LEFT JOIN vllm_responses_records p ON p.key = r.parent
ORDER BY depth DESC
"""

IN_PROGRESS = """
EXISTS (
    SELECT 1 FROM vllm_responses_records r
    WHERE r.conversation = c.key AND r.status IN ('queued', 'in_progress')
        AND r.updated > %s
)
"""


class Row(NamedTuple):
    key: int
    conversation: int
    parent: int | None
    status: str
    deleted: bool
    length: int
    used: float


def make_or_check(cursor: "Cursor[Any]") -> None:
    """Make the tables if they are not there, else see that this kit can read them.

    Raises:
        StoreUnavailable: they are of a newer kit.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, _SCHEMA_LOCK))
    [there] = one(cursor, "SELECT to_regclass('vllm_responses_format')::text")
    if there is None:
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                cursor.execute(statement)
        return
    [found] = one(cursor, "SELECT format FROM vllm_responses_format")
    if found > FORMAT:
        raise StoreUnavailable(
            f"it has format {found} of a newer vllm-responses-fix and this one "
            f"reads up to {FORMAT}, so install the newer one or name another "
            f"database"
        )


def one(cursor: "Cursor[Any]", query: str, parameters: Iterable[Any] = ()) -> Any:
    """The only row of a query that has one."""
    row = cursor.execute(query, tuple(parameters)).fetchone()
    assert row is not None
    return row
