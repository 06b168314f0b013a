"""Statement, seed entry and seed file (protocol.md, Host identity; Seed entry and seed file)."""

from __future__ import annotations

import hashlib
import re

from .wire import Reader, refuse_unless

P = 2**255 - 19
D = -121665 * pow(121666, -1, P)


def point(public_key: bytes) -> bytes:
    """The Ed25519 key itself; raises Refused when it is of small order, where a signature verifies for almost anything.

    y is that of order 1 or 2 (y^2 = 1), 4 (y = 0) or 8 (doubling gives y = 0, so x^2 = -y^2 and d*y^4 + 2*y^2 = 1).
    """
    y = int.from_bytes(public_key, "little") % 2**255
    refuse_unless(y * (y * y - 1) * (D * y**4 + 2 * y * y - 1) % P, "small-order-key")
    return public_key


def root_key(r: Reader) -> bytes:
    """Algorithm byte and root key: 1 Ed25519, 2 P-256 compressed."""
    alg = r.number()
    refuse_unless(alg in (1, 2), "malformed")
    key = r.take(31 + alg)
    return bytes([alg]) + (point(key) if alg == 1 else key)


def few(r: Reader) -> range:
    """A count of at most 4."""
    count = r.number()
    refuse_unless(count < 5, "malformed")
    return range(count)


class Statement:
    """What a host says of itself: keys, certificate pins, addresses. `raw` is the whole signed message.

    Only the shape is checked here. A statement in a seed entry is trusted as the entry is; a later one must be
    followed (follow.py). `next` is the root announced, algorithm first as in `root`; empty when there is none.
    """

    def __init__(self, raw: bytes) -> None:
        """Parse `raw`; raises Refused."""
        r = Reader(raw)
        self.raw = raw
        refuse_unless(r.number() == 1, "bad-version")
        self.host_id = r.take(8)
        self.serial = r.number(4)
        refuse_unless(r.number() == 1, "bad-suite")
        self.root = root_key(r)
        self.packet_pk = point(r.take(32))
        self.interval = r.number(4)
        self.pins = [r.take(32) for _ in few(r)]
        self.addresses = [r.lp().decode("latin-1") for _ in few(r)]
        successor = Reader(r.lp())
        self.next = root_key(successor) if successor.data else b""
        successor.end()
        self.signature = r.take(64)
        r.end()
        for address in self.addresses:
            port = re.fullmatch("[!-~]+:([1-9][0-9]{0,4})", address)
            refuse_unless(port and int(port[1]) < 65536 and len(address) < 256, "malformed")


class Entry:
    """One host's seed for this VM: 187 bytes and the statement."""

    def __init__(self, raw: bytes) -> None:
        """Parse; raises Refused: cut, trailing, damaged, all-zero, a placeholder, another host's statement."""
        r = Reader(raw)
        refuse_unless(r.number() == 1, "bad-version")
        self.host_id = r.take(8)
        self.seed_id = r.take(16)
        self.pool = r.take(64)
        self.claim_key = r.take(32)
        self.psk0 = r.take(32)
        statement = r.lp()
        covered = r.at
        checksum = r.take(32)
        r.end()
        refuse_unless(checksum == hashlib.sha256(raw[:covered]).digest(), "bad-checksum")
        refuse_unless(all(map(any, (self.pool, self.claim_key, self.psk0))), "all-zero")
        text = re.fullmatch(b"[ -~]*", self.pool)
        refuse_unless(len(set(self.pool)) > 1 and not text, "placeholder")
        self.statement = Statement(statement)
        refuse_unless(self.statement.host_id == self.host_id, "mismatch")


def parse_file(raw: bytes) -> list[Entry]:
    """The 1 to 4 entries of a seed file, one per host. All or nothing; raises Refused."""
    r = Reader(raw)
    entries = [Entry(r.lp())]
    while r.at < len(raw) and len(entries) < 4:
        entries.append(Entry(r.lp()))
    r.end()
    refuse_unless(len({entry.host_id for entry in entries}) == len(entries), "mismatch")
    return entries
