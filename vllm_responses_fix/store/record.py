"""What is stored of a response."""

from dataclasses import dataclass

UNFINISHED = ("queued", "in_progress")

# What a record takes beside its body: its ids, its place in indexes, its object.
OVERHEAD = 512


@dataclass(frozen=True)
class Record:
    """A response, with what it added to the conversation that it continues.

    Attributes:
        id: the response's id. A client may choose it, so it can be any text.
        owner: whose it is, a hash in hexadecimal; empty on a server without keys.
            Another owner may have a response with the same id.
        parent: id of the response that it continues (`previous_response_id`).
        status: the response's, such as `queued` or `completed`.
        body: what the response added, in a form that the server side chooses. Stores
            keep it as it is and never look into it.
        updated: seconds since 1970, when it was last put or touched, on the clock of
            the process that did it. The store sets it.
    """

    id: str
    owner: str
    parent: str | None
    status: str
    body: bytes
    updated: float = 0.0

    @property
    def unfinished(self) -> bool:
        """Whether a process is still to produce it, or is said to."""
        return self.status in UNFINISHED

    @property
    def size(self) -> int:
        """The bytes that count against a store's limit."""
        return len(self.body) + OVERHEAD


def encode_id(id: str) -> bytes:
    """An id as stores keep it: what JSON allows in one is not all valid UTF-8."""
    return id.encode("utf-8", "surrogatepass")


def decode_id(id: bytes) -> str:
    """The inverse of `encode_id`."""
    return id.decode("utf-8", "surrogatepass")
