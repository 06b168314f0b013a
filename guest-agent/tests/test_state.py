"""Damaged files, owners, several hosts."""

from __future__ import annotations

import base64
import errno
import json
import os
import time
from pathlib import Path
from typing import Any
from unittest import main, mock

from bootseed import guest, packet, state, topup
from bootseed.form import private_key
from bootseed.guest import KEEP, Host, each
from bootseed.wire import lp, u64
from support import CHUNK, HOST_ID, PSK, MachineTest, seal, statement

OTHER_ID = bytes.fromhex("8899aabbccddeeff")


class HostsTest(MachineTest):
    """Enrolled with a host that answers as it should."""

    def setUp(self) -> None:
        """One host; its next packet has the counter after the hello's."""
        super().setUp()
        self.said: list[str] = []
        for module in (guest, state, topup):
            self.patch(module, "say", lambda *words: self.said.append(" ".join(map(str, words))))
        self.enrol()
        self.patch(topup, "post", self.respond)

    def respond(self, host: Host, path: str, body: Any) -> tuple[int, bytes]:
        """Play every host."""
        hello = body(bytes(32))[:126]
        if path == "/v1/receipts":
            return 204, b""
        plain = packet.plaintext(1_790_000_000, int.from_bytes(hello[50:58], "big") + 1, CHUNK)
        return 200, b"\0" + lp(seal(plain, hello, PSK, host_id=host.id))

    def notes(self, host_id: bytes = HOST_ID) -> dict[str, Any]:
        """What the kit wrote down."""
        return self.host(host_id).notes()


class DamageTest(HostsTest):
    """Put aside, said, counted."""

    def damage(self, name: str, raw: bytes) -> bool:
        """Top up with a damaged file; whether it worked. The file is kept aside as it is, and named in one line."""
        self.said.clear()
        (self.host().folder / name).write_bytes(raw)
        done = topup.once(self.host())
        self.assertEqual(self.host().read(name + ".corrupt"), raw)
        self.assertEqual(len([line for line in self.said if f"{name} is damaged" in line]), 1, self.said)
        return done

    def test_counter(self) -> None:
        """Cut, long, empty, at its end: from 0 again."""
        for turn, raw in enumerate((b"", bytes(7), bytes(9), u64(2**53 - 1), b"\xff" * 8)):
            self.assertTrue(self.damage("counter", raw))
            self.assertEqual(self.host().read("counter"), u64(1))
            self.assertEqual((self.notes()["state-counter"], self.notes()["last"]["counter"]), (turn + 1, 1))

    def test_notes(self) -> None:
        """Nothing but a new beginning."""
        for raw in (
            *(b"", b"{", b"[]", b"7", b"\xff", b'{"last":1}', b'{"last":[]}', b'{"a":{}}', b'{"a":"1"}', b'{"a":true}'),
            *(
                b'{"a":-1}',
                b'{"a":1.0}',
                b'{"a":1e3}',
                b'{"a":01}',
                b'{"a":1,}',
                b'{"last":{"a":{}}}',
                b'{"last":{"a":NaN}}',
            ),
            # A count is written again after an addition: python writes no number of more than 4,300 digits.
            *(b'{"state-topup.json":' + b"9" * size + b"}" for size in (17, 4300, 4301, 100_000)),
            *(opening * 100_000 for opening in (b"[", b'{"last":')),
        ):
            with self.subTest(raw=raw[:20]):
                self.assertTrue(self.damage("topup.json", raw))
                self.assertEqual(self.notes()["state-topup.json"], 1)
                self.assertEqual(sorted(self.notes()), ["last", "state-topup.json"])

    def test_counts_at_their_most(self) -> None:
        """The largest count that is taken goes on to one that is not, and the counts begin again."""
        self.host().write("topup.json", b'{"state-counter":9999999999999999}')
        self.host().write("counter", b"")
        for expected in (10**16, 1):
            self.assertTrue(topup.once(self.host()))
            name = "state-counter" if expected > 1 else "state-topup.json"
            self.assertEqual(json.loads(self.host().read("topup.json"))[name], expected)

    def test_statement_with_issuer(self) -> None:
        """Back to the one that signed the certificate; without it, nothing is sent."""
        self.host().write("issuer", statement())
        for raw in (b"", statement()[:-1], statement(host_id=OTHER_ID)):
            self.assertTrue(self.damage("statement", raw))
            self.assertEqual(self.host().read("statement"), statement())

    def test_damaged_issuer(self) -> None:
        """Does not become the statement."""
        self.assertTrue(self.damage("issuer", statement()[:-1]))
        self.assertEqual(self.notes()["state-issuer"], 1)

    def test_unreadable_issuer(self) -> None:
        """Is not needed; where the statement is damaged too nothing is sent, and it comes back when it can be read."""
        self.host().write("issuer", statement())
        read = Path.read_bytes

        def broken(path: Path) -> bytes:
            if path.name == "issuer":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(path)

        with mock.patch.object(Path, "read_bytes", broken):
            self.assertTrue(topup.once(self.host()))
            self.assertFalse(self.damage("statement", b""))
            self.assertIn("issuer: [Errno 5] Input/output error", self.said)
            self.assertIn("join again: no statement", self.said[-1])
        self.assertEqual(self.notes()["state-statement"], 1)
        self.assertTrue(topup.once(self.host()))
        self.assertEqual(self.host().read("statement"), statement())

    def test_certificate_of_another_key(self) -> None:
        """Identity and identity.pub outvote it: the certificate is put aside, the identity stays."""
        mine = self.host().read("certificate")
        identity = self.host().read("identity")
        another = self.enrol(OTHER_ID).identity()
        self.assertFalse(self.damage("certificate", mine[:25] + another + mine[57:]))
        self.assertIn("join again: no certificate", self.said[-1])
        self.assertEqual(self.host().read("identity"), identity)
        self.assertEqual(self.notes(), {"state-certificate": 1})

    def test_identity_of_two_halves(self) -> None:
        """A private half that the public half does not belong to signs nothing, also where no certificate says so."""
        whole = self.host().read("identity").split(b"\n")
        raw = base64.b64decode(b"".join(whole[1:-2]))
        text = base64.b64encode(raw[:161] + bytes(32) + raw[193:])
        halves = b"\n".join([whole[0], *(text[at : at + 70] for at in range(0, len(text), 70)), *whole[-2:]])
        self.assertEqual(private_key(halves)[32:], self.host().identity())
        for enrolled in (True, False):
            with self.subTest(enrolled=enrolled):
                if not enrolled:
                    (self.host().folder / "certificate").unlink()
                with mock.patch.object(topup, "post", side_effect=AssertionError("sent")):
                    self.assertFalse(self.damage("identity", halves))
                self.assertEqual(self.host().read("identity"), b"")

    def test_join_again(self) -> None:
        """Without statement, psk, identity or certificate nothing is sent, now and later; none is made up."""
        other = self.enrol(OTHER_ID).read("identity")
        for name, damage in (
            ("statement", lambda raw: raw[:-1]),
            ("psk", lambda raw: raw[1:]),
            ("identity", lambda raw: raw[:40]),
            ("identity", lambda raw: raw[:0]),
            ("certificate", lambda raw: raw[1:]),
            ("certificate", lambda raw: b"\2" + raw[1:]),
            ("certificate", lambda raw: b"\1" + OTHER_ID + raw[9:]),
            ("certificate", lambda raw: raw[:25] + bytes(32) + raw[57:]),
            ("certificate", lambda raw: raw[:89] + b"\1" + raw[90:]),
            ("identity", lambda raw: raw + b"\0"),
            ("identity", lambda raw: b"\n" + raw),
            ("identity", lambda raw: raw.replace(b"\n", b"\v")),
            ("identity", lambda _: other),
        ):
            with self.subTest(name):
                self.setUp()
                raw = damage(self.host().read(name))
                public_key = self.host().identity()
                with mock.patch.object(topup, "post", side_effect=AssertionError("sent")):
                    self.assertFalse(self.damage(name, raw))
                    self.assertFalse(topup.once(self.host()))
                self.assertIn("join again: no " + name, self.said[-1])
                self.assertEqual(self.notes(), {"state-" + name: 1})
                self.assertEqual(self.host().identity(), public_key)
                self.assertEqual((self.kernel.mixed, self.host().read(name)), ([], b""))
                self.assertEqual([host.id for host in self.guest.hosts()], [HOST_ID])
                self.assertFalse(self.host().status()["topUp"].get("last"))

    def test_a_good_state_is_left_alone(self) -> None:
        """Nothing is renamed."""
        self.assertTrue(topup.once(self.host()))
        self.assertTrue(topup.once(self.host()))
        self.assertEqual([path for path in self.files() if "corrupt" in path], [])
        self.assertEqual(self.said, [])


class OwnerTest(MachineTest):
    """The agent runs as another user on the same files."""

    def test_owner_of_the_folder_above(self) -> None:
        """New files, new folders, the lock."""
        owned: list[tuple[str, int, int]] = []
        self.patch(guest.os, "lchown", lambda path, uid, gid: owned.append((path.name, uid, gid)))
        with self.guest.lock():
            self.host().write("counter", u64(1))
        me = (os.getuid(), os.getgid())
        self.assertEqual(owned, [("lock", *me), (HOST_ID.hex(), *me), ("tmp", *me)])

    def test_folder_of_another(self) -> None:
        """Whoever the folder belongs to; only root can give it to somebody else."""
        owner = (os.getuid() or 12345, os.getgid() or 23456)
        folder = self.guest.at(KEEP)
        folder.mkdir(parents=True)
        os.chown(folder, *owner)
        self.host().write("counter", u64(1))
        for path in (self.host().folder, self.host().folder / "counter"):
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), owner)
        self.assertEqual((self.host().folder / "counter").stat().st_mode & 0o777, 0o600)


class SeveralHostsTest(HostsTest):
    """One that is well, beside one that is not."""

    def setUp(self) -> None:
        """Two enrolments."""
        super().setUp()
        self.patch(guest, "say", lambda *_: None)
        self.enrol(OTHER_ID)

    def both(self, other: Any) -> bool:
        """Top up from both; `other` answers for the second."""

        def respond(host: Host, path: str, body: Any) -> tuple[int, bytes]:
            answer: tuple[int, bytes] = (other if host.id == OTHER_ID else self.respond)(host, path, body)
            return answer

        with mock.patch.object(topup, "post", respond):
            return each(self.guest.hosts(), topup.once, 2)

    def test_both(self) -> None:
        """Each has a state of its own."""
        self.assertEqual({host.id for host in self.guest.hosts()}, {HOST_ID, OTHER_ID})
        self.assertTrue(self.both(self.respond))
        self.assertEqual([self.host(one).read("counter") for one in (HOST_ID, OTHER_ID)], [u64(1), u64(1)])

    def test_dead(self) -> None:
        """Nobody answers, or for ever: the other is done, and in time."""

        def hang(*_: object) -> tuple[int, bytes]:
            time.sleep(60)
            return 503, b""

        for turn, dead in enumerate((mock.Mock(side_effect=OSError("no address answers")), hang)):
            self.assertFalse(self.both(dead))
            self.assertEqual(self.host().read("counter"), u64(turn + 1))
            self.assertEqual((self.host(OTHER_ID).read("counter"), self.notes(OTHER_ID)), (b"", {}))

    def test_lying(self) -> None:
        """Counted there, and nowhere else."""
        self.assertFalse(self.both(lambda *_: (200, b"\0" + lp(bytes(1155)))))
        self.assertEqual(self.notes(OTHER_ID), {"bad-version": 1})
        self.assertEqual(self.notes()["last"]["receipt"], 204)

    def test_packets_of_the_other_host(self) -> None:
        """Prove nothing: hostId is signed."""
        self.assertFalse(self.both(lambda _, path, body: self.respond(self.host(), path, body)))
        self.assertEqual(self.notes(OTHER_ID), {"bad-signature": 1})

    def test_damaged(self) -> None:
        """One host's files."""
        (self.host(OTHER_ID).folder / "statement").write_bytes(b"x")
        self.assertFalse(self.both(self.respond))
        self.assertEqual(self.notes(OTHER_ID), {"state-statement": 1})
        self.assertEqual(self.host().read("counter"), u64(1))
        self.assertEqual(self.host(OTHER_ID).status()["topUp"], {"state-statement": 1})


if __name__ == "__main__":
    main()
