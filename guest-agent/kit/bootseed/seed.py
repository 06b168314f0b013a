"""Statement, seed entry and seed file (protocol.md, Host identity; Seed entry and seed file)."""

from __future__ import annotations

import hashlib
import re

from .wire import Reader, Refused

P = 2**255 - 19
D = -121665 * pow(121666, -1, P)


def point(public_key: bytes) -> bytes:
    """The Ed25519 key itself; raises Refused when it is of small order, where a signature verifies for almost anything.

    y is that of order 1 or 2 (y^2 = 1), 4 (y = 0) or 8 (doubling gives y = 0, so x^2 = -y^2 and d*y^4 + 2*y^2 = 1).
    """
    y = int.from_bytes(public_key, "little") % 2**255
    if y * (y * y - 1) * (D * y**4 + 2 * y * y - 1) % P == 0:
        raise Refused("small-order-key: expected a key of the prime order")
    return public_key


def root_key(r: Reader) -> bytes:
    """Algorithm byte and root key: 1 Ed25519, 2 P-256 compressed."""
    alg = r.number(1)
    if alg not in (1, 2):
        raise Refused(f"malformed: expected root algorithm 1 or 2, got {alg}")
    key = r.take(31 + alg)
    return bytes([alg]) + (point(key) if alg == 1 else key)


def few(r: Reader) -> range:
    """A count of at most 4."""
    count = r.number(1)
    if count > 4:
        raise Refused(f"malformed: expected at most 4 pins or addresses, got {count}")
    return range(count)


class Statement:
    """What a host says of itself: keys, certificate pins, addresses. `raw` is the whole signed message.

    Only the shape is checked here. A statement in a seed entry is trusted as the entry is; a later one must be
    signed by the root of the one before (topup.newer).
    """

    def __init__(self, raw: bytes) -> None:
        """Parse `raw`; raises Refused."""
        r = Reader(raw)
        self.raw = raw
        r.one("bad-version")
        self.host_id = r.take(8)
        self.serial = r.number(4)
        r.one("bad-suite")
        self.root = root_key(r)
        self.packet_pk = point(r.take(32))
        self.interval_ms = r.number(4)
        self.pins = [r.take(32) for _ in few(r)]
        self.addresses = [r.lp().decode("latin-1") for _ in few(r)]
        after = Reader(r.lp())
        self.next = after.data and root_key(after)
        after.end()
        self.signature = r.take(64)
        r.end()
        for address in self.addresses:
            port = re.fullmatch("[!-~]+:([1-9][0-9]{0,4})", address)
            if not port or int(port[1]) > 65535 or len(address) > 255:
                raise Refused("malformed: expected host:port as address")


class Entry:
    """One host's seed for this VM: 187 bytes and the statement."""

    def __init__(self, raw: bytes) -> None:
        """Parse; raises Refused: cut, trailing, damaged, all-zero, a placeholder, another host's statement."""
        r = Reader(raw)
        r.one("bad-version")
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
            raise Refused("bad-checksum: the seed was damaged on its way: mint a new one")
        if not (any(self.pool) and any(self.claim_key) and any(self.psk0)):
            raise Refused("all-zero: expected random secrets: mint a new seed")
        if len(set(self.pool)) < 2 or all(31 < byte < 127 for byte in self.pool):
            raise Refused("placeholder: the pool is a template's, not a seed: mint one")
        self.statement = Statement(statement)
        if self.statement.host_id != self.host_id:
            raise Refused("mismatch: the seed's statement belongs to another host")


def parse_file(raw: bytes) -> list[Entry]:
    """The 1 to 4 entries of a seed file, one per host. All or nothing; raises Refused."""
    r = Reader(raw)
    entries = [Entry(r.lp())]
    while r.at < len(raw) and len(entries) < 4:
        entries.append(Entry(r.lp()))
    r.end()
    if len({e.host_id for e in entries}) < len(entries):
        raise Refused("mismatch: two entries are from the same host")
    return entries
