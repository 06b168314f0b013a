"""From one statement to a later one (protocol.md, Statement). Needs python3-cryptography once there is a later one."""

from __future__ import annotations

from .guest import Host
from .packet import verify
from .seed import Statement
from .wire import Reader, label, refuse_unless


def messages(r: Reader) -> list[bytes]:
    """A count of at most 32, and as many length-prefixed statements."""
    count = r.number()
    refuse_unless(count < 33, "malformed")
    return [r.lp() for _ in range(count)]


def learn(host: Host, known: Statement, later: list[bytes]) -> Statement:
    """The newest of `known` and `later`, kept as the host's statement; raises Refused, OSError."""
    newest = follow(known, later)
    if newest != known:
        host.write("statement", newest.raw)
    return newest


def follow(known: Statement, later: list[bytes]) -> Statement:
    """The newest of `later` (oldest first), or `known`; raises Refused, one bad message refuses them all.

    Each is of the same host, its serial higher, signed by its own root: that of the one before, or its `next`.
    """
    for raw in later:
        statement = Statement(raw)
        rises = statement.host_id == known.host_id and statement.serial > known.serial
        refuse_unless(rises and statement.root in (known.root, known.next), "mismatch")
        verify(statement.root, statement.signature, label("statement") + raw[:-64])
        known = statement
    return known
