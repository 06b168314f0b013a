"""Host keys that were not made on this VM after its verdict count as keys from before."""

from __future__ import annotations

import base64
import os
import time
from unittest import main

from bootseed import origin
from bootseed.guest import KEEP
from reporting import ReportingTest
from support import entry

KEY = "/etc/ssh/ssh_host_ed25519_key"
CLOUD = "/var/lib/cloud/instances/4711/"


class OriginTest(ReportingTest):
    """Three host keys made on the VM, and cloud-init's folder of the instance."""

    def setUp(self) -> None:
        """As cloud-init lays it: the folder of the instance is a link."""
        super().setUp()
        self.put(CLOUD + "user-data.txt", b"#cloud-config\n{}\n")
        self.guest.at("/var/lib/cloud/instance").symlink_to("instances/4711")
        self.key = self.guest.at(KEY).read_text()

    def before(self) -> int:
        """What the report says."""
        return int(self.report()["evidence"]["hostKeysBefore"])

    def test_made_here(self) -> None:
        """Keys made on the VM count for nothing, nor do their public halves in user-data."""
        self.assertEqual(self.before(), 0)
        self.put(CLOUD + "cloud-config.txt", self.guest.at(KEY + ".pub").read_bytes() * 3)
        self.assertEqual(self.before(), 0)

    def test_brought(self) -> None:
        """C19 (hashicorp/terraform#17269): private keys in what cloud-init is told count as before."""
        indented = self.key.replace("\n", "\n    ")
        encoded = base64.b64encode(self.key.encode()).decode()
        wrapped = base64.encodebytes(self.key.encode()).decode().replace("\n", "\n        ")
        for path, text in (
            (CLOUD + "cloud-config.txt", "#cloud-config\nssh_keys:\n  ed25519_private: |\n    " + indented),
            (CLOUD + "cloud-config.txt", "ssh_keys: {ed25519_private: '" + self.key.replace("\n", "\n\n") + "'}"),
            (CLOUD + "cloud-config.txt", "write_files:\n- path: " + KEY + "\n  content: " + repr(self.key)),
            (CLOUD + "cloud-config.txt", "write_files:\n- {encoding: b64, content: " + encoded + "}"),
            (CLOUD + "cloud-config.txt", "write_files:\n- encoding: b64\n  content: |\n        " + wrapped),
            (CLOUD + "scripts/part-001", "#!/bin/sh\ncat >" + KEY + " <<E\n" + self.key + "E\n"),
            (CLOUD + "vendor-cloud-config.txt", "ssh_keys:\n  ed25519_private: |\n    " + indented),
            ("/etc/cloud/cloud.cfg.d/99_keys.cfg", "ssh_keys:\n  ed25519_private: |\n    " + indented),
        ):
            at = self.put(path, text.encode())
            self.assertEqual(self.before(), 1, text[:60])
            at.unlink()
        self.assertEqual(self.before(), 0)

    def test_old_format(self) -> None:
        """C19 (hashicorp/terraform#17269): keys in PEM count as well."""
        for kind, path in ("rsa", "/etc/ssh/ssh_host_rsa_key"), ("ecdsa", "/etc/ssh/ssh_host_ecdsa_key"):
            for end in "", ".pub":
                self.guest.at(path + end).unlink()
            self.private(kind, path, "-m", "PEM")
            self.put(CLOUD + "user-data.txt", b"")
            self.assertEqual(self.before(), 0)
            self.put(CLOUD + "user-data.txt", b"x\n" + self.guest.at(path).read_bytes())
            self.assertEqual(self.before(), 1)

    def test_older(self) -> None:
        """A key that is older than the verdict, as one restored from the image, counts as a key from before."""
        os.utime(self.guest.at(KEY), (1.6e9, 1.6e9))
        self.assertEqual(self.before(), 1)
        at = self.guest.at(KEEP + "verdict.json").stat().st_mtime
        os.utime(self.guest.at(KEY), (at - 5, at - 5))
        self.assertEqual(self.before(), 1)
        os.utime(self.guest.at(KEY), (at, at))
        self.assertEqual(self.before(), 0)

    def test_clock_set_back(self) -> None:
        """A clock that was set back between verdict and keys makes no key older."""
        verdict = self.guest.at(KEEP + "verdict.json")
        os.utime(verdict, (time.time() + 86400,) * 2)
        self.assertEqual(self.before(), 0)
        os.utime(self.guest.at(KEY), (1.6e9, 1.6e9))
        self.assertEqual(self.before(), 1)

    def test_verdict_written_again(self) -> None:
        """A verdict written again, as the gate had opened, makes no sound key older, and shows those that are."""
        made = self.guest.at(KEY).stat().st_mtime
        verdict = self.guest.at(KEEP + "verdict.json")
        gate = self.put(KEEP + "gate-done", b"4711 passed\n")
        begun = self.put("/var/lib/cloud/instance/sem/config_ssh", b"")
        for opened, begin in (made - 1, made), (made + 2, made - 1):
            os.utime(gate, (opened, opened))
            os.utime(begun, (begin, begin))
            for damaged in b"{", b"":
                verdict.write_bytes(damaged)
                self.put("/proc/sys/kernel/random/boot_id", b"6528aeb4-37c9-82fe-c7d7-492cdcbf3206\n")
                self.assertEqual(self.hook(), "reseeded 0")
                self.assertEqual(self.before(), 0)
        os.utime(self.guest.at(KEY), (made - 5, made - 5))
        self.assertEqual(self.before(), 1)

    def test_not_known(self) -> None:
        """Where it cannot be told, nothing is claimed of the keys, and the report goes."""
        self.patch(origin, "SOURCES", None)
        self.assertEqual(self.before(), 3)

    def test_baked_elsewhere(self) -> None:
        """C14 (raspberrypi/rpi-image-gen#289): a baked key at a place of its own is counted, kept, and reported."""
        self.guest.at(KEEP + "verdict.json").unlink()
        mine = self.private("ed25519", "/etc/myapp/ssh/host_key")
        self.put("/etc/ssh/sshd_config", b"HostKey /etc/myapp/ssh/host_key\nHostKey " + KEY.encode() + b"\n")
        self.assertEqual(self.hook(entry(seed_id=b"\3" * 16)), "reseeded 1")
        self.assertFalse(self.guest.at(KEY).exists())
        new = self.private("ed25519", KEY)
        self.enrol()
        document = self.report()
        self.assertEqual(document["hostKeys"], [mine, new])
        self.assertEqual(document["evidence"]["hostKeysBefore"], 1)


if __name__ == "__main__":
    main()
