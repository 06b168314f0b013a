"""Whose state it is: copies of a disk, an instance-id that changes or is not known; and a library that is missing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from unittest import main, mock

from bootseed import claim, report, topup
from bootseed.guest import KEEP, RUN, Host
from support import HOST_ID, SEED_ID, MachineTest, entry
from test_damage import FOLDER, DamageTest

PACKED = Path(__file__).parents[2] / "seeder" / "kit" / "kit.pyz"
# What 2.8 does, the version of Ubuntu 20.04: its modules are there, a backend must be given.
OLD = """
import runpy, sys
from cryptography.hazmat.primitives import serialization
def load(data, backend): raise AssertionError
serialization.load_der_public_key = load
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class LibraryTest(DamageTest):
    """The packed kit under a python whose cryptography cannot be used."""

    test_another_boot = test_a_topup = test_units = None  # type: ignore[assignment]

    def test_without_cryptography(self) -> None:
        """C1 (pypa/pip#11795): a top-up without cryptography fails, says so, and keeps the enrolment."""
        before = self.files()
        for start in (["-IS"], ["-Ic", OLD]):
            command = [sys.executable, *start, PACKED, "topup", "now", "--root", self.guest.root]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
            told = ran.stdout.count("python3-cryptography is missing or older than 3.0")
            self.assertEqual(told, 1, ran.stdout)
            self.assertNotIn("join again", ran.stdout)
            self.assertNotIn("damaged", ran.stdout)
            self.assertEqual(self.files(), {**before, KEEP + "lock": b""})
        self.assertTrue(topup.once(self.host()), "when it is back, top-ups go on")

    def test_a_library_that_refuses(self) -> None:
        """C1 (tpm2-software/tpm2-pkcs11#684): whatever it raises while it reads a key, no file is damaged for that."""
        for error in (ImportError, TypeError, MemoryError, RecursionError, RuntimeError):
            with mock.patch("bootseed.state.private", side_effect=error):
                self.assertRaises(error, topup.once, self.host())
        self.assertEqual(self.files(), {**self.whole, KEEP + "lock": self.files()[KEEP + "lock"]})
        self.assertTrue(topup.once(self.host()))


class InstanceTest(DamageTest):
    """A VM that is enrolled as 4711."""

    test_another_boot = test_a_topup = test_units = None  # type: ignore[assignment]

    def call_it(self, name: str) -> None:
        """What cloud-init does when a datasource gives this name."""
        self.guest.at(f"/var/lib/cloud/instances/{name}").mkdir(exist_ok=True)
        self.put("/var/lib/cloud/data/instance-id", name.encode() + b"\n")

    def test_copy_without_user_data(self) -> None:
        """C31 (trailofbits/dropkit#53): on a copied disk the units send and change nothing, and log one line."""
        self.call_it("4712")
        self.said.clear()
        before = self.others("")
        never = mock.Mock(side_effect=AssertionError("sent"))
        for module in (topup, claim, report):
            self.patch(module, "post", never)
        self.guest.at(RUN + HOST_ID.hex()).unlink()
        self.host().write("claim", bytes(80))
        self.assertTrue(claim.once(self.host()))
        self.assertTrue(report.once(self.host()))
        self.assertFalse(topup.once(self.host()))
        mine = hashlib.sha256(b"4711").hexdigest()[:8]
        self.assertEqual(len(self.said), 1, self.said)
        self.assertIn(f"enrolment of another instance ({mine}…): join again, or run `generalize`", self.said[0])
        self.assertEqual(self.others(FOLDER + "claim"), {key: before[key] for key in before if key in self.files()})
        self.assertEqual(self.host().notes()["instance"], 1)
        self.assertEqual(self.host().status()["otherInstance"], mine)
        self.call_it("4711")
        self.patch(topup, "post", self.respond)
        self.assertTrue(topup.once(self.host()))

    def test_metadata_outage(self) -> None:
        """C15 (canonical/cloud-init#6270): a reboot while the metadata service is down: all goes on, no error."""
        self.put("/proc/sys/kernel/random/boot_id", b"00000000-0000-0000-0000-000000000001\n")
        for name in ("iid-datasource-none", "iid-datasource", ""):
            self.call_it(name)
            self.said.clear()
            self.guest.at(RUN + HOST_ID.hex()).unlink(missing_ok=True)
            key = self.guest.at("/etc/ssh/ssh_host_ed25519_key")
            key.unlink(missing_ok=True)
            subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", key], check=True)
            with mock.patch.object(report, "post", lambda *_: (204, b"")):
                self.assertTrue(claim.once(self.host()))
                self.assertTrue(report.once(self.host()))
            self.assertTrue(topup.once(self.host()))
            self.assertEqual(self.hook(), "reseeded 0")
            self.assertEqual([line for line in self.said if "instance" in line or "Error" in line], [])
            self.assertNotIn("otherInstance", self.host().status())
        self.assertEqual(len(self.host().certificate()), 165)

    def test_another_name_and_back(self) -> None:
        """C16 (lima-vm/lima#678, canonical/lxd#17063): both names are said, nothing is lost, it comes back."""
        before = {name: self.host().read(name) for name in firstboot_files()}
        self.call_it("4712")
        self.said.clear()
        self.assertEqual(self.hook(), "no-seed 1")
        old, new = (hashlib.sha256(name).hexdigest()[:8] for name in (b"4711", b"4712"))
        told = [line for line in self.said if f"enrolment of instance {old}…, this is {new}…: put aside" in line]
        self.assertEqual(len(told), 1, self.said)
        self.assertEqual(self.host().read("certificate"), b"")
        self.assertEqual({name: self.host().read(f"{name}.{old}") for name in before}, before)
        self.call_it("4711")
        self.hook()
        self.assertEqual({name: self.host().read(name) for name in before}, before)
        self.assertTrue(topup.once(self.host()))

    def test_a_copy_with_a_seed_of_its_own(self) -> None:
        """Enrols under a new identity; the old one is aside."""
        old = self.host().certificate()
        self.call_it("4712")
        self.assertEqual(self.hook(entry(seed_id=b"0123456789abcdef")), "reseeded 1")
        self.assertEqual(self.host().certificate()[9:25], b"0123456789abcdef")
        self.assertNotEqual(self.host().identity(), old[25:57])
        self.assertEqual(self.host().read("spent"), SEED_ID + b"0123456789abcdef")


class OldStateTest(MachineTest):
    """What version 0.3 left: no file `instance`."""

    def test_open_claim_on_a_copy(self) -> None:
        """`verdict.json` names another instance: the identity is not used again."""
        with mock.patch("bootseed.firstboot.each", lambda *_: False):
            self.hook(entry())
            identity = self.host().identity()
            (self.host().folder / "instance").unlink()
            self.assertEqual(self.host().other(), "")
            self.put("/var/lib/cloud/data/instance-id", b"4712\n")
            self.hook(entry(seed_id=bytes(16)))
            self.assertNotEqual(self.host().identity(), identity)


class RecordsTest(MachineTest):
    """Which records say that an enrolment is another instance's: certificate, `instance`, verdict.json."""

    def setUp(self) -> None:
        """Enrolled as 4711 with all three records."""
        super().setUp()
        with mock.patch("bootseed.firstboot.each", lambda *_: False):
            self.hook(entry())
        self.put("/etc/machine-id", b"0123456789abcdef0123456789abcdef\n")

    def lay_records(self, certificate: bytes, instance: bytes, verdict: str) -> None:
        """Names as hashes; an empty one is left out."""
        named = bytes(25) + hashlib.sha256(b"key").digest() + certificate + bytes(76) if certificate else b""
        self.patch(Host, "certificate", lambda _: named)
        self.host().write("instance", instance)
        found = {"instanceId": verdict} if verdict else {}
        self.patch(self.guest, "found", lambda: found)

    def test_records(self) -> None:
        """One that names this machine is enough; without any the verdict decides; zeros and damage are no record."""
        mine, machine, other = (hashlib.sha256(name).digest() for name in (b"4711", b"0123456789abcdef" * 2, b"4712"))
        record = {one: one + hashlib.sha256(one).digest() for one in (mine, other, bytes(32))}
        torn = other + bytes(32)
        for certificate, instance, verdict, whose in (
            (b"", b"", "", ""),
            (mine, record[other], "4712", ""),
            (machine, record[other], "4712", ""),
            (other, record[mine], "4712", ""),
            (other, record[other], "4711", other.hex()[:8]),
            (other, b"", "4711", other.hex()[:8]),
            (other, torn, "", other.hex()[:8]),
            (b"", record[other], "4711", other.hex()[:8]),
            (b"", torn, "", ""),
            (b"", torn, "4712", other.hex()[:8]),
            (bytes(32), b"", "4711", ""),
            (bytes(32), record[bytes(32)], "4712", other.hex()[:8]),
            (b"", b"", "4711", ""),
            (b"", b"", "4712", other.hex()[:8]),
        ):
            with self.subTest(certificate=certificate[:2], instance=instance[:2], verdict=verdict):
                self.lay_records(certificate, instance, verdict)
                self.assertEqual(self.host().other(), whose)

    def test_open_claim(self) -> None:
        """A copy of a disk whose claim is open claims nothing."""
        self.put("/var/lib/cloud/data/instance-id", b"4712\n")
        never = mock.Mock(side_effect=AssertionError("sent"))
        self.patch(claim, "post", never)
        self.assertEqual(len(self.host().read("claim")), 80)
        claim.once(self.host())
        self.put("/var/lib/cloud/data/instance-id", b"4711\n")
        self.assertRaises(AssertionError, claim.once, self.host())


def firstboot_files() -> list[str]:
    """Of an enrolment, but what a delivery changes."""
    return ["certificate", "psk", "identity", "identity.pub", "statement", "instance", "issuer"]


if __name__ == "__main__":
    main()
