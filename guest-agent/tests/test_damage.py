"""Every file of the state, damaged in every way: no other file is touched, and with the file back top-ups go on."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import main, mock

from bootseed import claim, firstboot, guest, https, packet, report, state, topup
from bootseed.guest import KEEP, RUN, Host, remove
from bootseed.wire import lp
from support import CHUNK, HOST_ID, PSK0, MachineTest, entry, seal

SECRET = hashlib.sha256(b"claimSecret").digest()
FOLDER = KEEP + HOST_ID.hex() + "/"
OF_HOST = ["spent", "instance", "statement", "issuer", "certificate", "psk", "identity", "identity.pub", "counter"]
OF_HOST += ["topup.json", "tmp", "claim"]
OUTSIDE = [KEEP + "verdict.json", KEEP + "gate-done", KEEP + "lock", "/etc/machine-id"]
OUTSIDE += ["/var/lib/cloud/data/instance-id", "/var/lib/systemd/random-seed"]
OUTSIDE += [RUN + "verdict", RUN + "seeded", RUN + "seed", RUN + HOST_ID.hex()]
# Written by every boot, or by every delivery.
ALWAYS_NEW = {RUN + "seeds", "/var/lib/systemd/random-seed", RUN + "verdict", RUN + "seeded", KEEP + "lock"}
BY_DELIVERY = {FOLDER + "counter", FOLDER + "topup.json"}
BYTES = {
    "empty": b"",
    "zeros": bytes(165),
    "random": hashlib.sha512(b"noise").digest() * 3,
    "a list": b"[]",
    "invalid UTF-8": b"\xff\xfe\x80",
}
JSON = {"null": b"null", "a number": b"3", "a string": b'"x"', "an object": b"{}", "nested": b"[" * 100_000}
# A VM cannot top up without these; with all others damaged it can.
NEEDED = {"statement", "certificate", "psk", "identity"}


class DamageTest(MachineTest):
    """A VM that was seeded and enrolled, that opened its gate, and had one delivery."""

    def setUp(self) -> None:
        """First boot, claim, delivery; then another boot whose seed is blanked."""
        super().setUp()
        self.patch(os, "fsync", lambda _: None)
        self.guest.at("/var/lib/cloud/instances/4711").mkdir(parents=True)
        self.said: list[str] = []
        for module in (firstboot, guest, https, state, topup):
            self.patch(module, "say", lambda *words: self.said.append(" ".join(map(str, words))))
        self.patch(claim, "post", self.respond)
        self.patch(topup, "post", self.respond)
        self.patch(firstboot, "each", lambda hosts, once, _: all(map(once, hosts)))
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.put(KEEP + "gate-done", b"4711 passed\n")
        self.host().write("issuer", self.host().read("statement"))
        self.put("/var/lib/cloud/instance/sem/config_ssh", b"")
        self.put("/etc/ssh/ssh_host_ed25519_key", b"made after the seed")
        self.assertTrue(topup.once(self.host()))
        self.put(RUN + HOST_ID.hex(), b"")
        self.put("/elsewhere", b"untouched")
        self.whole = self.files()

    def respond(self, host: Host, path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
        """Play the host."""
        message = body(bytes(32))
        if path == "/v1/receipts":
            return 204, b""
        if path == "/v1/claims":
            named = hashlib.sha256(message[75 : 75 + int.from_bytes(message[73:75], "big")]).digest()
            return 200, b"\0" + bytes(64) + SECRET + message[:57] + named + bytes(12) + bytes(64)
        hello = message[:126]
        psk = claim.hmac.digest(PSK0, b"bootseed v1 claim\0" + SECRET, "sha256")
        plain = packet.plaintext(1_790_000_000, int.from_bytes(hello[50:58], "big") + 1, CHUNK)
        return 200, b"\0" + lp(seal(plain, hello, psk, host_id=host.id))

    def files(self) -> dict[str, bytes]:
        """Every file of the machine, also while the kit cannot read it."""
        top = Path(self.guest.root)
        found = {}
        for path in top.glob("**/*"):
            if guest.plain(path):
                with path.open("rb") as file:
                    found["/" + str(path.relative_to(top))] = file.read()
        return found

    def hook(self, *entries: bytes) -> str:
        """Boot over whatever is there."""
        if guest.plain(self.guest.at(RUN + "verdict")):
            self.guest.at(RUN + "verdict").unlink()
        if entries:
            self.lay(*entries)
        firstboot.hook(self.guest)
        return self.files().get(RUN + "verdict", b"none").decode().strip()

    def repair(self) -> None:
        """All files as they were."""
        for path in self.files():
            if path not in self.whole:
                remove(self.guest.at(path))
        for path in [*map(FOLDER.__add__, OF_HOST), *OUTSIDE]:
            if not guest.plain(self.guest.at(path)):
                remove(self.guest.at(path))
        for path, data in self.whole.items():
            self.put(path, data)

    def ways(self, path: str) -> Iterator[str]:
        """Damage the file in one way after the other; all is well again after each."""
        at = self.guest.at(path)
        whole = self.whole.get(path, b"")
        at.parent.mkdir(parents=True, exist_ok=True)
        changed = {"half": whole[: len(whole) // 2]}
        for way, data in {**BYTES, **changed, **(JSON if path.endswith(".json") else {})}.items():
            at.write_bytes(data)
            yield way
            self.repair()
        elsewhere = self.guest.at("/elsewhere")
        for way, lay in {
            "missing": lambda: None,
            "a folder with something in it": lambda: (at / "x").mkdir(parents=True),
            "a link": lambda: at.symlink_to(elsewhere),
            "a pipe": lambda: os.mkfifo(at),
        }.items():
            at.unlink(missing_ok=True)
            lay()
            yield way
            self.assertEqual(elsewhere.read_bytes(), b"untouched")
            self.repair()
        for number in (errno.EIO, errno.EACCES):
            read = Path.read_bytes

            def broken(one: Path, number: int = number, read: Callable[[Path], bytes] = read) -> bytes:
                if one != at:
                    return read(one)
                raise OSError(number, os.strerror(number))

            with mock.patch.object(Path, "read_bytes", broken):
                yield f"unreadable, {number}"
            self.repair()

    def others(self, damaged: str) -> dict[str, bytes]:
        """Every file but the damaged one, and those that a boot or a delivery replaces."""
        left_out = {damaged, damaged + ".corrupt", *ALWAYS_NEW, *BY_DELIVERY}
        return {path: data for path, data in self.files().items() if path not in left_out}

    def try_topup(self) -> bool:
        """A top-up; whether it was done. Like the child that it runs in, this survives anything."""
        try:
            return topup.once(self.host())
        except (OSError, MemoryError) as error:
            self.said.append(repr(error))
            return False

    def test_another_boot(self) -> None:
        """The hook: nothing else is wiped or renamed, the proven VM stays proven, the rest is as before afterwards."""
        for path in [*map(FOLDER.__add__, OF_HOST), *OUTSIDE]:
            before = self.others(path)
            for way in self.ways(path):
                with self.subTest(path=path, way=way):
                    self.assertEqual(self.hook(), "reseeded 0")
                    self.assertEqual(self.others(path), before)
            self.assertTrue(self.try_topup(), path)
            self.repair()

    def test_a_topup(self) -> None:
        """Goes on where the file is not needed; nothing else is touched, and with the file back it goes on at once."""
        for name in OF_HOST:
            path = FOLDER + name
            for way in self.ways(path):
                with self.subTest(name=name, way=way):
                    unreadable = way.startswith("unreadable")
                    before, old = self.others(path), self.files()
                    done = self.try_topup()
                    if name == "counter" and unreadable:
                        self.assertFalse(done)
                    elif name not in NEEDED or (name == "statement" and not unreadable):
                        self.assertTrue(done, self.said[-3:])
                    else:
                        self.assertFalse(done)
                    after = self.others(path)
                    if name == "statement" and done:
                        after = {**after, path: b""}
                        before = {**before, path: b""}
                    self.assertEqual(after, before)
                    if unreadable:
                        self.assertFalse([one for one in self.files() if "corrupt" in one])
                        self.assertIn(path if name == "tmp" else self.files().get(path), (path, old.get(path)))
            self.assertTrue(self.try_topup(), name)
            self.repair()

    def test_units(self) -> None:
        """Claim and report change nothing on a VM that is enrolled, whatever is damaged."""
        self.patch(report, "post", lambda *_: (204, b""))
        for path in map(FOLDER.__add__, ["certificate", "claim", "identity", "instance", "statement"]):
            before = self.others(path)
            for way in self.ways(path):
                with self.subTest(path=path, way=way):
                    for once in (claim.once, report.once):
                        with contextlib.suppress(OSError):
                            once(self.host())
                    self.assertEqual(self.others(path), before)

    def test_the_same_seed_again(self) -> None:
        """Is not credited where `spent` is lost: the certificate names it, also one that was put aside."""
        for name, credit in (
            ("certificate", 0),
            ("certificate.corrupt", 0),
            ("certificate.0a1b2c3d", 0),
            ("other", 256),
        ):
            with self.subTest(name=name):
                (self.host().folder / "spent").unlink()
                (self.host().folder / "certificate").rename(self.host().folder / name)
                self.kernel.mixed.clear()
                self.hook(entry())
                self.assertEqual(self.kernel.mixed[0][1], credit)
                self.repair()


class OpenClaimTest(DamageTest):
    """A VM whose claim is open yet: no host answered."""

    test_a_topup = test_units = None  # type: ignore[assignment]

    def setUp(self) -> None:
        """First boot; then the host is gone."""
        MachineTest.setUp(self)
        self.patch(os, "fsync", lambda _: None)
        self.guest.at("/var/lib/cloud/instances/4711").mkdir(parents=True)
        self.said = []
        for module in (firstboot, guest, https, state, topup):
            self.patch(module, "say", lambda *words: self.said.append(" ".join(map(str, words))))
        self.up = False
        self.patch(claim, "post", lambda *given: self.respond(*given) if self.up else (503, b""))
        self.patch(firstboot, "each", lambda hosts, once, _: all(self.survive(once, host) for host in hosts))
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.put(KEEP + "gate-done", b"4711 passed\n")
        self.put("/var/lib/cloud/instance/sem/config_ssh", b"")
        self.put("/elsewhere", b"untouched")
        self.whole = self.files()
        self.assertEqual(len(self.host().read("claim")), 80)

    def survive(self, once: Callable[[Host], bool], host: Host) -> bool:
        """Like the child that it runs in."""
        try:
            return once(host)
        except (OSError, MemoryError) as error:
            self.said.append(repr(error))
            return False

    def test_another_boot(self) -> None:
        """Nothing else is wiped or renamed, and with the file back the claim is answered."""
        for path in [*map(FOLDER.__add__, OF_HOST), *OUTSIDE]:
            if path.endswith("/certificate"):
                continue
            before = self.others(path)
            for way in self.ways(path):
                with self.subTest(path=path, way=way):
                    self.up = False
                    self.assertEqual(self.hook(), "reseeded 0")
                    after = self.others(path)
                    if path.endswith("/identity"):  # there is none to keep: another one is made, for this claim
                        after = {**after, path + ".pub": before[path + ".pub"]}
                    self.assertEqual(after, before)
            self.up = True
            self.assertTrue(claim.once(self.host()))
            self.assertEqual(len(self.host().certificate()), 165, path)
            self.repair()

    def test_the_same_seed_again(self) -> None:
        """Is credited once, whichever file is damaged: where `spent` is lost, the claim names the seed."""
        for path in map(FOLDER.__add__, ["spent", "claim", "instance", "statement"]):
            for way in self.ways(path):
                with self.subTest(path=path, way=way):
                    self.kernel.mixed.clear()
                    self.hook(entry())
                    self.assertEqual([credit for _, credit in self.kernel.mixed], [0])


if __name__ == "__main__":
    main()
