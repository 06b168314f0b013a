"""Seed entries and files: everything that cannot have come from a host is refused."""

from __future__ import annotations

import hashlib
from unittest import TestCase, main

from bootseed.seed import Entry, Statement, parse_file, point
from bootseed.wire import Refused, lp
from support import CLAIM_KEY, HOST_ID, POOL, PSK0, SEED_ID, entry, statement


class SeedTest(TestCase):
    """Bytes in, entry or refusal out."""

    def refused(self, raw: bytes, code: str) -> None:
        """The file is refused for this reason."""
        with self.assertRaises(Refused) as caught:
            parse_file(raw)
        self.assertEqual(str(caught.exception), code)

    def test_reads_what_a_host_wrote(self) -> None:
        """All fields come back."""
        [got] = parse_file(lp(entry()))
        fields = (got.host_id, got.seed_id, got.pool, got.claim_key, got.psk0, got.statement.raw)
        self.assertEqual(fields, (HOST_ID, SEED_ID, POOL, CLAIM_KEY, PSK0, statement()))

    def test_refuses_every_truncation(self) -> None:
        """Of the file, and of the entry in a file that is whole."""
        raw = entry()
        for size in range(len(raw)):
            with self.subTest(size=size):
                self.assertRaises(Refused, parse_file, lp(raw)[: size + 2])
                self.assertRaises(Refused, Entry, raw[:size])
        self.refused(b"", "malformed")

    def test_refuses_every_bit_flip(self) -> None:
        """Each of the file's bits."""
        raw = lp(entry())
        for bit in range(8 * len(raw)):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(Refused, msg=f"bit {bit}"):
                parse_file(bytes(flipped))

    def test_refuses_what_is_no_seed(self) -> None:
        """A right checksum does not make a seed of it."""
        self.refused(lp(entry(pool=bytes(64))), "all-zero")
        self.refused(lp(entry(key=bytes(32))), "all-zero")
        self.refused(lp(entry(pool=b"\xff" * 64)), "placeholder")
        self.refused(lp(entry(pool=b"@SEED@ not filled in".ljust(64))), "placeholder")
        self.refused(lp(entry() + b"\0"), "malformed")
        self.refused(lp(entry(host_id=bytes(8))), "mismatch")
        self.refused(lp(entry())[:-1] + b"\0", "bad-checksum")
        self.refused(b"@SEED@", "malformed")

    def test_takes_one_entry_of_each_host(self) -> None:
        """Two hosts are two entries; one host twice, or five entries, is nobody's file."""
        self.refused(lp(entry()) * 2, "mismatch")
        self.refused(lp(entry()) * 5, "malformed")


class StatementTest(TestCase):
    """Shape of statements."""

    def test_refuses_bad_shapes(self) -> None:
        """One fault each."""
        good = statement()
        self.assertEqual(Statement(good).addresses, ["127.0.0.1:1"])
        for name, bad in {
            "version": b"\2" + good[1:],
            "suite": good[:13] + b"\2" + good[14:],
            "root algorithm": good[:14] + b"\3" + good[15:],
            "root of small order": good[:15] + bytes(32) + good[47:],
            "port 0": statement(address="127.0.0.1:0"),
            "port 65536": statement(address="127.0.0.1:65536"),
            "no port": statement(address="127.0.0.1"),
            "control character": statement(address="a\nb:1"),
            "five pins": statement(pins=(bytes(32),) * 5),
            "trailing": good + b"\0",
        }.items():
            with self.subTest(name):
                self.assertRaises(Refused, Statement, bad)

    def test_small_order(self) -> None:
        """All eight points of small order, with their encodings that are not reduced; not a real key."""
        p = 2**255 - 19
        order8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
        for y in (0, 1, p - 1, p, p + 1, order8, p - order8):
            for sign in (0, 1 << 255):
                self.assertRaises(Refused, point, (y + sign).to_bytes(32, "little"))
        key = hashlib.sha256(b"a point, or not: only the order counts").digest()
        self.assertEqual(point(key), key)


if __name__ == "__main__":
    main()
