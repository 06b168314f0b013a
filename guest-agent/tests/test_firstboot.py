"""The hook on a machine in a folder: verdicts, the spent mark, other instances, what stays on disk."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any
from unittest import main, mock

from bootseed import firstboot, guest, kernel
from bootseed.guest import KEEP, RUN
from bootseed.wire import lp
from support import CLAIM_KEY, POOL, PSK0, SEED_ID, MachineTest, entry

SECRETS = {"pool": POOL, "claimKey": CLAIM_KEY, "psk0": PSK0}


class VerdictTest(MachineTest):
    """What the gate, the report and the next boot get to read."""

    def test_a_good_seed(self) -> None:
        """Mixed once with 256 bits, reseeded, no host keys before: the gate passes."""
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.assertEqual([credit for _, credit in self.kernel.mixed], [256])
        self.assertEqual(self.kernel.reseeds, 1)
        verdict = self.guest.verdict()
        self.assertEqual((verdict["verdict"], verdict["instanceId"]), ("reseeded", "4711"))
        evidence = verdict["evidence"]
        self.assertEqual((evidence["rcMix"], evidence["rcReseed"], evidence["hostKeysBefore"]), (0, 0, 0))
        self.assertEqual([name for name, _ in evidence["timeline"]], ["hook", "mix", "reseed"])
        self.assertTrue(self.guest.at(RUN + "seeded").exists())

    def test_two_vms_with_one_seed_mix_different_bytes(self) -> None:
        """Instance, machine, boot and time go into the hash."""
        self.hook(entry())
        self.put("/var/lib/cloud/data/instance-id", b"4712\n")
        self.hook(entry())
        (first, _), (second, _) = self.kernel.mixed
        self.assertNotEqual(first, second)
        self.assertEqual(len(first), 64)
        self.assertNotIn(POOL, (first, second))

    def test_no_seed_or_a_bad_one(self) -> None:
        """A local reseed, and the word for it."""
        self.assertEqual(self.hook(), "no-seed 0")
        self.assertEqual((self.kernel.mixed, self.kernel.reseeds), ([], 1))
        self.assertEqual(self.guest.verdict()["evidence"]["rcMix"], kernel.NOT_TRIED)
        self.assertFalse(self.guest.at(RUN + "seeded").exists())

    def test_a_truncated_seed_is_not_mixed(self) -> None:
        """And not burnt, and not left lying."""
        self.put(RUN + "seed", lp(entry())[:-1])
        self.assertEqual(self.hook(), "no-seed 0")
        self.assertEqual(self.kernel.mixed, [])
        self.assertFalse(self.guest.at(RUN + "seed").exists())

    def test_unproven(self) -> None:
        """EPERM, the old generator, FIPS: never reseeded."""
        for path, data, rc in (
            ("/proc/sys/kernel/random/poolsize", b"4096\n", 0),
            ("/proc/sys/kernel/random/poolsize", b"256\n", 1),
            ("/proc/sys/crypto/fips_enabled", b"1\n", 0),
        ):
            with self.subTest(path=path, rc=rc):
                self.setUp()
                self.put(path, data)
                self.kernel.rc_reseed = rc
                self.assertEqual(self.hook(entry()), "unproven 0")

    def test_host_keys_of_the_image(self) -> None:
        """Deleted on the first boot, so that all keys come after the seed."""
        key = self.put("/etc/ssh/ssh_host_ed25519_key", b"baked in")
        public = self.put("/etc/ssh/ssh_host_ed25519_key.pub", b"baked in")
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.assertFalse(key.exists() or public.exists())

    def test_keys_that_cloud_init_made(self) -> None:
        """Never deleted, and the verdict says that they were there."""
        key = self.put("/etc/ssh/ssh_host_ed25519_key", b"made before us")
        self.put("/var/lib/cloud/instance/sem/config_ssh", b"")
        self.assertEqual(self.hook(entry()), "reseeded 1")
        self.assertTrue(key.exists())
        self.assertFalse(self.guest.at(RUN + "seeded").exists())

    def test_folder_among_host_keys(self) -> None:
        """A folder called like a host key stays and counts for nothing; the seed is used, the claim kept."""
        file = self.put("/etc/ssh/ssh_host_keys.bak/ssh_host_rsa_key", b"an old one")
        self.guest.at("/etc/ssh/ssh_host_rsa_key").mkdir()
        key = self.put("/etc/ssh/ssh_host_ed25519_key", b"baked in")
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.assertTrue(file.exists())
        self.assertFalse(key.exists())
        self.assertEqual(self.host().read("claim"), SEED_ID + CLAIM_KEY + PSK0)

    def test_host_key_that_cannot_be_deleted(self) -> None:
        """It is counted, as one that comes from before the seed; the others go, and the claim is kept."""
        fixed = self.put("/etc/ssh/ssh_host_ed25519_key", b"baked in")
        other = self.put("/etc/ssh/ssh_host_rsa_key", b"baked in")
        unlink = Path.unlink

        def refuse(path: Path, missing_ok: bool = False) -> None:
            if path == fixed:
                raise PermissionError(1, "Operation not permitted")
            unlink(path, missing_ok)

        with mock.patch.object(Path, "unlink", refuse):
            self.assertEqual(self.hook(entry()), "reseeded 1")
        self.assertFalse(other.exists())
        self.assertEqual(self.host().read("claim"), SEED_ID + CLAIM_KEY + PSK0)

    def test_next_boot(self) -> None:
        """Same verdict, keys stay, credit 0, and random-seed is new and private."""
        self.hook(entry())
        before = self.guest.at("/var/lib/systemd/random-seed").read_bytes()
        key = self.put("/etc/ssh/ssh_host_ed25519_key", b"made by cloud-init")
        first = self.guest.at(KEEP + "verdict.json").read_bytes()
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.assertEqual([credit for _, credit in self.kernel.mixed], [256, 0])
        self.assertEqual(self.guest.at(KEEP + "verdict.json").read_bytes(), first)
        self.assertTrue(key.exists())
        path = self.guest.at("/var/lib/systemd/random-seed")
        self.assertEqual((len(path.read_bytes()), path.stat().st_mode & 0o777), (512, 0o600))
        self.assertNotEqual(path.read_bytes(), before)
        self.assertNotIn(POOL, path.read_bytes())


class SpentTest(MachineTest):
    """A seed is credited once, whatever happens."""

    def test_never_credited_twice(self) -> None:
        """Not after a lost verdict, and not on a copy of the disk under another name."""
        self.hook(entry())
        self.guest.at(KEEP + "verdict.json").unlink()
        self.assertEqual(self.hook(entry()), "spent 0")
        self.put("/var/lib/cloud/data/instance-id", b"4712\n")
        self.assertEqual(self.hook(entry()), "spent 0")
        self.assertEqual([credit for _, credit in self.kernel.mixed], [256, 0, 0])

    def test_crash_between_burning_and_mixing(self) -> None:
        """The mark is durable before the mix: after the crash there is a mix with credit 0, and the word is spent."""

        def power_cut(*_: object) -> int:
            self.assertIn(SEED_ID, self.host().read("spent"))
            raise SystemExit

        with mock.patch.object(kernel, "mix", power_cut):
            self.assertRaises(SystemExit, self.hook, entry())
        self.assertEqual(self.hook(entry()), "spent 0")
        self.assertEqual([credit for _, credit in self.kernel.mixed], [0])

    def test_a_mark_that_is_not_durable_forbids_credit(self) -> None:
        """Disk full at the mark: mixed, not credited, not called reseeded."""
        write = guest.write

        def full(path: Path, data: bytes) -> None:
            if path.name == "spent":
                raise OSError(28, "No space left on device")
            write(path, data)

        with mock.patch.object(guest, "write", full):
            self.assertEqual(self.hook(entry()), "spent 0")
        self.assertEqual([credit for _, credit in self.kernel.mixed], [0])

    def test_a_second_seed_of_the_host(self) -> None:
        """Is another seed."""
        self.hook(entry())
        self.hook(entry(seed_id=bytes(16)))
        self.assertEqual([credit for _, credit in self.kernel.mixed], [256, 256])


class OtherInstanceTest(MachineTest):
    """A snapshot's disk under a new instance-id."""

    def test_drops_what_belongs_to_another_instance(self) -> None:
        """Identity, certificate, psk, counter and the old verdict go; what is spent stays."""
        self.hook(entry())
        for name in ("certificate", "psk", "counter"):
            self.host().write(name, b"of the old instance")
        self.host().identity()
        old = self.host().read("identity")
        self.put("/etc/ssh/ssh_host_ed25519_key", b"of the old instance")
        self.put("/var/lib/cloud/data/instance-id", b"4712\n")
        self.assertEqual(self.guest.verdict(), {})
        self.assertEqual(self.hook(entry(seed_id=b"0123456789abcdef")), "reseeded 0")
        self.assertEqual(self.guest.verdict()["instanceId"], "4712")
        for name in ("certificate", "psk", "counter"):
            self.assertEqual(self.host().read(name), b"")
        self.assertNotEqual(self.host().read("identity"), old)
        self.assertFalse(self.guest.at("/etc/ssh/ssh_host_ed25519_key").exists())
        self.assertEqual(self.host().read("spent"), SEED_ID + b"0123456789abcdef")

    def test_another_host_later_changes_nothing(self) -> None:
        """Same instance: identity and certificate are kept."""
        self.hook(entry())
        self.host().write("certificate", b"ours")
        identity = self.host().identity()
        self.hook(entry())
        self.assertEqual((self.host().read("certificate"), self.host().identity()), (b"ours", identity))


class CopiesTest(MachineTest):
    """What is left on disk."""

    def copies(self) -> dict[str, bytes]:
        """cloud-init's files around a user-data with the seed in it."""
        seed = base64.b64encode(lp(entry()))
        text = b"#cloud-boothook\n#!/bin/sh\nBOOTSEED=" + seed + b"\necho $BOOTSEED | base64 -d\n"
        source: dict[str, Any] = {"userdata_raw": text.decode(), "metadata_full": {"user_data": text.decode()}, "n": 1}
        top = "/var/lib/cloud/instances/4711/"
        made = {
            top + "user-data.txt": text,
            top + "user-data.txt.i": text,
            top + "boothooks/part-001": text,
            top + "obj.pkl": pickle.dumps(source),
            top + "cloud-config.txt": b"#cloud-config\npackages: [jq]\n",
        }
        for path, data in made.items():
            self.put(path, data)
        return made

    def test_blanks_every_copy_at_the_same_length(self) -> None:
        """The pickle stays a pickle; what has no seed is not touched."""
        made = self.copies()
        self.hook(entry())
        for path, before in made.items():
            self.assertEqual(len(self.files()[path]), len(before), path)
        top = "/var/lib/cloud/instances/4711/"
        source = pickle.loads(self.files()[top + "obj.pkl"])  # noqa: S301 - ours
        self.assertIn("BOOTSEED=AAAAAAAA", source["metadata_full"]["user_data"])
        self.assertEqual(source["n"], 1)
        self.assertEqual(self.files()[top + "cloud-config.txt"], made[top + "cloud-config.txt"])
        self.assertIn(b"echo $BOOTSEED | base64 -d\n", self.files()[top + "boothooks/part-001"])

    def test_leaves_no_secret(self) -> None:
        """The pool is nowhere; until the claim is final its keys are in one private file, and nowhere else."""
        self.copies()
        self.hook(entry())
        encoded = base64.b64encode(lp(entry()))
        for path, data in self.files().items():
            self.assertNotIn(encoded, data, path)
            for name, secret in SECRETS.items():
                if path.endswith("/claim") and name != "pool":
                    continue
                for form in (secret, secret.hex().encode(), base64.b64encode(secret)[:-4]):
                    self.assertNotIn(form, data, f"{name} in {path}")
        claim = self.host().folder / "claim"
        self.assertEqual((claim.stat().st_mode & 0o777, claim.parent.stat().st_mode & 0o777), (0o600, 0o700))
        self.assertEqual(claim.read_bytes(), SEED_ID + CLAIM_KEY + PSK0)

    def test_everything_it_writes_is_private(self) -> None:
        """0600, whatever the umask."""
        self.hook(entry())
        for path in self.guest.at(KEEP).glob("**/*"):
            if path.is_file() and path.name != "lock":
                self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)

    def test_an_error_is_a_verdict(self) -> None:
        """Whatever fails in the middle: the gate reads failed, the seed is gone, the hook returns."""
        self.patch(firstboot, "host_keys", mock.Mock(side_effect=RuntimeError("unexpected")))
        self.assertEqual(self.hook(entry()), "failed")
        self.assertEqual(self.host().read("claim"), SEED_ID + CLAIM_KEY + PSK0)
        self.assertFalse(self.guest.at(RUN + "seed").exists())

    def test_verdict_is_the_report_s(self) -> None:
        """JSON with the names of the report."""
        self.hook(entry())
        verdict = json.loads(self.guest.text(KEEP + "verdict.json"))
        self.assertEqual(sorted(verdict), ["bootId", "evidence", "instanceId", "verdict"])
        names = ["fipsEnabled", "hostKeysBefore", "kernel", "poolsize", "rcMix", "rcReseed", "rngCurrent", "timeline"]
        self.assertEqual(sorted(verdict["evidence"]), names)


if __name__ == "__main__":
    main()
