"""From one statement to a later one: serial, root, announced root, both kinds of signature."""

from __future__ import annotations

from unittest import TestCase, main

from bootseed.follow import follow
from bootseed.packet import verify
from bootseed.seed import Statement
from bootseed.wire import Refused
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from support import ROOT, root_key, signed, statement

P256 = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
NEXT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class FollowTest(TestCase):
    """Lists of statements, oldest first."""

    def code(self, known: bytes, *later: bytes) -> str:
        """How following ends."""
        try:
            newest = follow(Statement(known), list(later)).raw
        except Refused as refused:
            return str(refused)
        self.assertEqual(newest, later[-1] if later else known)
        return "accepted"

    def test_accepted(self) -> None:
        """Nothing; the same root; the announced one, also beside the old one; two changes in a row."""
        for known, later in (
            (statement(), []),
            (statement(), [statement(serial=2), statement(serial=2**32 - 1)]),
            (statement(successor=P256), [statement(serial=2, root=P256)]),
            (statement(successor=P256), [statement(serial=2), statement(serial=3, successor=P256)]),
            (
                statement(successor=P256),
                [statement(serial=2, root=P256, successor=NEXT), statement(serial=3, root=NEXT)],
            ),
            (statement(root=P256), [statement(serial=2, root=P256)]),
        ):
            self.assertEqual(self.code(known, *later), "accepted")

    def test_refused(self) -> None:
        """Each for one reason."""
        forged = bytearray(statement(serial=2, root=P256))
        forged[20] ^= 1  # rootPk
        for name, known, later, code in (
            ("same serial", statement(), [statement()], "mismatch"),
            ("not rising", statement(), [statement(serial=3), statement(serial=2)], "mismatch"),
            ("another host", statement(), [statement(serial=2, host_id=bytes(8))], "mismatch"),
            ("a root nobody announced", statement(), [statement(serial=2, root=NEXT)], "mismatch"),
            (
                "no longer announced",
                statement(successor=NEXT),
                [statement(serial=2), statement(serial=3, root=NEXT)],
                "mismatch",
            ),
            (
                "back to the old root",
                statement(successor=NEXT),
                [statement(serial=2, root=NEXT), statement(serial=3)],
                "mismatch",
            ),
            ("announced by itself", statement(), [statement(serial=2, root=NEXT, successor=NEXT)], "mismatch"),
            ("cut", statement(), [statement(serial=2)[:-1]], "malformed"),
            ("empty", statement(), [b""], "malformed"),
            ("forged P-256", statement(root=P256), [statement(serial=2, root=P256)[:-1] + b"\0"], "bad-signature"),
            ("changed P-256 root", statement(root=P256), [bytes(forged)], "mismatch"),
        ):
            with self.subTest(name):
                self.assertEqual(self.code(known, *later), code)

    def test_every_bit_of_the_signature(self) -> None:
        """Ed25519 and P-256."""
        for root in (ROOT, P256):
            good = statement(serial=2, root=root)
            for bit in range(512):
                bad = bytearray(good)
                bad[len(good) - 64 + bit // 8] ^= 1 << bit % 8
                self.assertEqual(self.code(statement(root=root), bytes(bad)), "bad-signature")

    def test_p256_edges(self) -> None:
        """No point of the curve, not compressed, r or s zero or not below the order, a DER signature: all refused."""
        message = b"message"
        key, good = root_key(P256), signed(P256, message)
        verify(key, good, message)
        order = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16).to_bytes(32, "big")
        cases: list[tuple[bytes, bytes]] = [
            (b"\2" + bytes([5]) + key[2:], good),
            (b"\2\0" + key[2:], good),
            (b"\2\2" + b"\xff" * 32, good),
            (b"\2" + bytes([key[1] ^ 1]) + key[2:], good),
            (key, bytes(64)),
            (key, bytes(32) + good[32:]),
            (key, good[:32] + order),
            (key, order + good[32:]),
            (key, b"\xff" * 64),
            (key, good[:63]),
        ]
        cases.append((key, P256.sign(message, ec.ECDSA(SHA256()))))
        for public_key, signature in cases:
            with self.subTest(key=public_key.hex(), signature=signature.hex()), self.assertRaises(Refused) as caught:
                verify(public_key, signature, message)
            self.assertEqual(str(caught.exception), "bad-signature")


if __name__ == "__main__":
    main()
