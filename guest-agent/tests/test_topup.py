"""A delivery against a host that a function plays: order of the steps, every fault of a packet."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from unittest import main, mock

from bootseed import guest, kernel, packet, topup
from bootseed.guest import Host
from bootseed.wire import Followed, Reader, Refused, label, lp, u64
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from support import CHUNK, HOST_ID, PACKET, PSK, SEED_ID, MachineTest, seal, statement

OTHER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"somebody else").digest())


class TopupTest(MachineTest):
    """An enrolled VM."""

    def setUp(self) -> None:
        """Statement, psk, certificate and identity are there; no packet yet."""
        super().setUp()
        self.patch(topup, "say", lambda *_: None)
        self.identity = Ed25519PublicKey.from_public_bytes(self.enrol().identity())
        self.counter = 1
        self.statements: list[bytes] = []
        self.requests: list[tuple[str, bytes]] = []
        self.known = True
        self.plain = packet.plaintext(1_790_000_000, 1, CHUNK)
        self.damage = lambda raw: raw
        self.signer = PACKET
        self.answer(topup, self.respond)

    def respond(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Play the host."""
        self.requests.append((path, body))
        if path == "/v1/receipts":
            return 204, b""
        if not self.known and body[126:128] == b"\0\0":
            return 403, b""
        sealed = self.damage(seal(self.plain, body[:126], PSK, self.signer))
        return 200, bytes([len(self.statements)]) + b"".join(lp(one) for one in self.statements) + lp(sealed)

    def note(self) -> dict[str, object]:
        """What status shows."""
        notes: dict[str, object] = json.loads(self.host().read("topup.json"))
        return notes

    def refused(self, code: str) -> None:
        """A delivery that ends in this refusal; nothing is mixed, the counter stays, the receipt is not sent."""
        before = (self.host().read("counter"), list(self.kernel.mixed))
        self.requests.clear()
        with self.assertRaises(Refused) as caught:
            topup.pull(self.host())
        self.assertEqual(str(caught.exception), code)
        self.assertEqual((self.host().read("counter"), self.kernel.mixed), before)
        self.assertNotIn("/v1/receipts", [path for path, _ in self.requests])

    def test_hello(self) -> None:
        """126 bytes, signed over hostId and a zero nonce; the first time without certificate and statement."""
        topup.pull(self.host())
        path, body = self.requests[0]
        self.assertEqual((path, len(body), body[126:]), ("/v1/packets", 129, bytes(3)))
        r = Reader(body)
        self.assertEqual((r.take(2), r.take(16)), (b"\1\1", SEED_ID))
        r.take(32)
        self.assertEqual((r.number(8), r.number(4)), (0, 1))
        self.identity.verify(r.take(64), label("hello") + HOST_ID + bytes(16) + body[:62])

    def test_delivery(self) -> None:
        """Reseed, packet, counter, mix, reseed, receipt."""
        self.assertTrue(topup.once(self.host()))
        self.assertEqual(self.host().read("counter"), u64(1))
        self.assertEqual((len(self.kernel.mixed), self.kernel.mixed[0][1], self.kernel.reseeds), (1, 0, 2))
        self.assertEqual(len(self.kernel.mixed[0][0]), 64)
        path, body = self.requests[1]
        self.assertEqual((path, len(body), body[:16], body[16:26]), ("/v1/receipts", 58, SEED_ID, u64(1) + b"\0\0"))
        self.assertEqual(
            self.note()["last"], {"counter": 1, "timestamp": 1_790_000_000, "rcMix": 0, "rcReseed": 0, "receipt": 204}
        )

    def test_receipt_tells_return_codes(self) -> None:
        """As they are, authenticated by the packet's own key."""
        self.kernel.rc_mix, self.kernel.rc_reseed = 1, 22
        keys: list[bytes] = []
        opened = topup.open_packet
        self.patch(topup, "open_packet", lambda *args: keys.append(opened(*args)[3]) or opened(*args))  # type: ignore[func-returns-value]
        topup.pull(self.host())
        receipt = self.requests[1][1][16:]
        self.assertEqual(receipt[8:10], bytes([1, 22]))
        self.assertEqual(receipt[10:], hmac.digest(keys[0], label("receipt") + receipt[:10], "sha256"))

    def test_one_time_key(self) -> None:
        """No two hellos have the same."""
        topup.pull(self.host())
        self.plain = packet.plaintext(1_790_000_000, 2, CHUNK)
        topup.pull(self.host())
        self.assertNotEqual(self.requests[0][1][18:50], self.requests[2][1][18:50])

    def test_counter_is_durable_before_the_mix(self) -> None:
        """A crash in the mix costs that packet, and it is never accepted again."""

        def power_cut(*_: object) -> int:
            self.assertEqual(self.host().read("counter"), u64(1))
            raise SystemExit

        with mock.patch.object(kernel, "mix", power_cut):
            self.assertRaises(SystemExit, topup.pull, self.host())
        self.refused("bad-counter")
        self.plain = packet.plaintext(1_790_000_000, 2, CHUNK)
        self.assertEqual(topup.pull(self.host())["counter"], 2)

    def test_counter_that_is_not_durable(self) -> None:
        """Nothing is mixed."""
        with mock.patch.object(Host, "write", side_effect=OSError(28, "No space left on device")):
            self.assertRaises(OSError, topup.pull, self.host())
        self.assertEqual(self.kernel.mixed, [])

    def test_counters(self) -> None:
        """(last, offered, accepted): strictly rising, 1 to 2^53 - 1."""
        for last, offered, accepted in (
            (0, 0, False),
            (0, 1, True),
            (1, 1, False),
            (1, 2, True),
            (5, 4, False),
            (5, 2**53 - 1, True),
            (5, 2**53, False),
            (5, 2**63 - 1, False),
        ):
            with self.subTest(last=last, offered=offered):
                self.host().write("counter", u64(last))
                self.plain = packet.plaintext(0, offered, CHUNK)
                if accepted:
                    self.assertEqual(topup.pull(self.host())["counter"], offered)
                else:
                    self.refused("bad-counter")

    def test_every_bit_flip(self) -> None:
        """One bit in every byte, and every bit of the head and the signature."""
        for bit in [*range(0, 8 * 34), *range(8 * 34, 8 * 1091, 77), *range(8 * 1091, 8 * 1155)]:

            def flip(raw: bytes, bit: int = bit) -> bytes:
                flipped = bytearray(raw)
                flipped[bit // 8] ^= 1 << bit % 8
                return bytes(flipped)

            self.damage = flip
            with self.assertRaises(Refused, msg=f"bit {bit}"):
                topup.pull(self.host())
        self.assertEqual((self.kernel.mixed, self.host().read("counter")), ([], b""))

    def test_truncations(self) -> None:
        """And trailing bytes, and too long."""
        for size in [*range(0, 130), 1000, 1153, 1154]:
            self.damage = lambda raw, size=size: raw[:size]  # type: ignore[misc]
            with self.assertRaises(Refused, msg=f"{size} bytes"):
                topup.pull(self.host())
        self.damage = lambda raw: raw + b"\0"
        self.refused("bad-signature")
        self.damage = lambda raw: raw.ljust(4097, b"\0")
        self.refused("too-long")

    def test_order_of_the_checks(self) -> None:
        """Each fault under its own name, the first one found."""
        self.damage = lambda raw: b"\2" + raw[1:]
        self.refused("bad-version")
        self.damage = lambda raw: b"\1\2" + raw[2:]
        self.refused("bad-suite")
        self.damage = lambda raw: raw
        self.signer = OTHER
        self.refused("bad-signature")
        self.signer = PACKET
        self.host().write("psk", bytes(32))
        self.refused("open-failed")
        self.host().write("psk", PSK)
        self.plain = packet.plaintext(0, 1, CHUNK[:-1])
        self.refused("bad-chunk")
        self.plain = packet.plaintext(2**39, 1, CHUNK)
        self.refused("malformed")
        good = packet.plaintext(5, 1, CHUNK)
        for name, plain in {
            "trailing": good + b"\0",
            "padded integer": b"0\x82" + lp(b"\2\2\0\5" + good[7:]),
            "negative": b"0\x82" + lp(b"\2\1\xff" + good[7:]),
            "long length": b"0\x83\0" + good[2:],
            "another tag": b"1" + good[1:],
            "integer as octets": good[:4] + b"\4" + good[5:],
        }.items():
            with self.subTest(name):
                self.plain = plain
                self.refused("non-canonical")
        for cut in (b"", good[:4], good[:-1]):
            self.plain = cut
            self.refused("non-canonical")
        self.plain = packet.plaintext(5, 2**63, CHUNK)  # nine bytes: DER of another shape
        self.refused("non-canonical")

    def test_refusals_are_counted(self) -> None:
        """By reason, beside the last good one."""
        topup.once(self.host())
        self.signer = OTHER
        self.assertFalse(topup.once(self.host()))
        self.assertFalse(topup.once(self.host()))
        self.assertEqual((self.note()["bad-signature"], self.note()["last"]["counter"]), (2, 1))  # type: ignore[index]

    def test_a_host_that_forgot_the_vm(self) -> None:
        """The same hello again, with certificate and statement."""
        self.known = False
        self.assertEqual(topup.pull(self.host())["receipt"], 204)
        first, second = self.requests[0][1], self.requests[1][1]
        self.assertEqual(second, first[:126] + lp(self.host().read("certificate")) + b"\1" + lp(statement()))

    def test_a_host_that_refuses(self) -> None:
        """Asked twice, then left alone."""
        self.answer(topup, lambda path, body: (self.requests.append((path, body)), (403, b""))[1])
        self.refused("http-403")
        self.assertEqual(len(self.requests), 2)

    def fail_receipts(self, *errors: BaseException) -> list[str]:
        """The first receipts end in these errors; returns what the log will say."""
        said: list[str] = []
        self.patch(guest, "say", lambda *words: said.append(" ".join(map(str, words))))
        left = list(errors)

        def respond(path: str, body: bytes) -> tuple[int, bytes]:
            if path != "/v1/receipts" or not left:
                return self.respond(path, body)
            self.requests.append((path, body))
            raise left.pop(0)

        self.answer(topup, respond)
        return said

    def test_lost_receipt(self) -> None:
        """Is logged and harmless, whatever it was lost to: the packet counts as mixed."""
        for turn, error in enumerate((OSError("lost"), Refused("lost"), MemoryError("lost"), ValueError("lost")), 1):
            with self.subTest(error=repr(error)):
                self.plain = packet.plaintext(1_790_000_000, turn, CHUNK)
                said = self.fail_receipts(error)
                self.assertTrue(topup.once(self.host()))
                self.assertEqual(said, ["no receipt: lost"])
                self.assertEqual((self.host().read("counter"), len(self.kernel.mixed)), (u64(turn), turn))
                last = {"counter": turn, "timestamp": 1_790_000_000, "rcMix": 0, "rcReseed": 0, "receipt": 0}
                self.assertEqual(self.note(), {"last": last})

    def test_receipt_after_a_new_certificate(self) -> None:
        """A host that changed its certificate since the packet gets the receipt once more, and no second hello."""
        self.fail_receipts(Followed())
        self.assertTrue(topup.once(self.host()))
        self.assertEqual([path for path, _ in self.requests], ["/v1/packets", *["/v1/receipts"] * 2])
        self.assertEqual(self.requests[1], self.requests[2])
        self.assertEqual((self.host().read("counter"), len(self.kernel.mixed)), (u64(1), 1))
        self.assertEqual(self.note()["last"]["receipt"], 204)  # type: ignore[index]

    def test_a_statement_is_kept_although_the_packet_is_bad(self) -> None:
        """It is authentic by itself, and may name what the next hello needs."""
        self.statements = [statement(serial=2)]
        self.signer = OTHER
        self.refused("bad-signature")
        self.assertEqual(self.host().statement().serial, 2)

    def test_slept_through_three_rotations(self) -> None:
        """Roots by way of P-256, and a new packet key: the packet is verified under the newest."""
        second, third = ec.generate_private_key(ec.SECP256R1()), Ed25519PrivateKey.generate()
        self.statements = [
            statement(serial=4, successor=second),
            statement(serial=5, root=second, successor=third),
            statement(serial=9, root=third, key=OTHER),
        ]
        self.signer = OTHER
        self.assertEqual(topup.pull(self.host())["receipt"], 204)
        self.assertEqual(self.host().read("statement"), self.statements[2])

    def test_all_statements_or_none(self) -> None:
        """A bad one at the end: the good ones before it are not kept."""
        self.statements = [statement(serial=2), statement(serial=2)]
        self.refused("mismatch")
        self.assertEqual(self.host().read("statement"), statement())
        self.statements = [statement(serial=2 + n) for n in range(33)]
        self.refused("malformed")

    def test_disk_full_or_read_only(self) -> None:
        """Nothing is mixed, no receipt leaves, no note is written; it is said, and the next time all is well."""
        write = Host.write
        for number in (28, 30):

            def broken(host: Host, name: str, data: bytes, number: int = number) -> None:
                if name in ("counter", "topup.json"):
                    raise OSError(number, "cannot")
                write(host, name, data)

            with mock.patch.object(Host, "write", broken):
                self.assertRaises(OSError, topup.once, self.host())
            self.assertEqual((self.kernel.mixed, self.host().read("topup.json")), ([], b""))
        self.assertNotIn("/v1/receipts", [path for path, _ in self.requests])
        self.assertTrue(topup.once(self.host()))

    def test_due(self) -> None:
        """After nine tenths of the interval, never before; a clock that was set back cannot hold it up."""
        self.assertTrue(topup.due(self.host()), "never done")
        self.host().write("counter", u64(1))
        for age, due in ((0, False), (5.3 * 3600, False), (5.5 * 3600, True), (-60, True)):
            then = time.time() - age
            os.utime(self.host().folder / "counter", (then, then))
            self.assertEqual(topup.due(self.host()), due, age)

    def test_newer_statements(self) -> None:
        """Taken over only when the known root signed them and the serial rises."""
        self.statements = [statement(serial=2), statement(serial=7)]
        topup.pull(self.host())
        self.assertEqual(self.host().statement().serial, 7)
        self.plain = packet.plaintext(0, 2, CHUNK)
        forged = bytearray(statement(serial=9))
        forged[-1] ^= 1
        for raw, code in (
            (statement(serial=7), "mismatch"),
            (statement(serial=9, root=OTHER), "mismatch"),
            (bytes(forged), "bad-signature"),
        ):
            self.statements = [raw]
            self.refused(code)
            self.assertEqual(self.host().statement().serial, 7)

    def test_not_enrolled(self) -> None:
        """Nothing is sent."""
        (self.host().folder / "certificate").unlink()
        self.assertFalse(topup.once(self.host()))
        self.assertEqual(self.requests, [])


if __name__ == "__main__":
    main()
