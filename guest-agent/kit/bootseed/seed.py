"""Statement, seed entry and seed file (protocol.md, Host identity; Seed entry and seed file)."""

from __future__ import annotations

import hashlib

from .wire import Reader, Refused


class Statement:
    """What a host says of itself: keys, certificate pins, addresses. `raw` is the whole signed message.

    Only the shape is checked here. A statement in a seed entry is trusted as the entry is; a later one must be
    signed by the root of the one before (topup.newer).
    """

    def __init__(self, raw: bytes) -> None:
        """Parse `raw`; raises Refused."""
        r = Reader(raw)
        self.raw = raw
        r.version()
        self.host_id = r.take(8)
        self.serial = r.number(4)
        self.suite = r.number(1)
        self.root_alg = r.number(1)
        if self.root_alg not in (1, 2):
            raise Refused(f"expected root algorithm 1 or 2, got {self.root_alg}")
        self.root = r.take(31 + self.root_alg)
        self.packet_pk = r.take(32)
        self.interval_ms = r.number(4)
        self.pins = [r.take(32) for _ in range(r.number(1))]
        self.addresses = [r.lp().decode("ascii", "replace") for _ in range(r.number(1))]
        self.next = r.lp()
        self.signature = r.take(64)
        r.end()
        if len(self.pins) > 4 or len(self.addresses) > 4:
            raise Refused("expected at most 4 pins and 4 addresses")


class Entry:
    """One host's seed for this VM: 187 bytes and the statement."""

    def __init__(self, raw: bytes) -> None:
        """Parse; raises Refused: truncated, trailing, wrong checksum, a pool of one repeated byte (a placeholder)."""
        r = Reader(raw)
        r.version()
        self.host_id = r.take(8)
        self.seed_id = r.take(16)
        self.pool = r.take(64)
        self.claim_key = r.take(32)
        self.psk0 = r.take(32)
        statement = r.lp()
        covered = r.at
        checksum = r.take(32)
        r.end()
        if checksum != hashlib.sha256(raw[:covered]).digest():
            raise Refused("expected the entry's own SHA-256 at its end, got another")
        if len(set(self.pool)) < 2:
            raise Refused("expected 64 random bytes as pool, got a placeholder")
        self.statement = Statement(statement)
        if self.statement.host_id != self.host_id:
            raise Refused("expected one hostId in entry and statement, got two")


def parse_file(raw: bytes) -> list[Entry]:
    """The entries of a seed file, one per host; raises Refused, also on none or a repeated host."""
    r = Reader(raw)
    entries = []
    while r.at < len(raw):
        entries.append(Entry(r.lp()))
    if not entries or len({e.host_id for e in entries}) < len(entries):
        raise Refused(f"expected one entry for each host, got {len(entries)}")
    return entries
