"""A VM that can report, and what the host was sent."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bootseed import firstboot, report
from support import HOST_ID, SEED_ID, MachineTest, entry, statement


class ReportingTest(MachineTest):
    """A VM that was seeded, enrolled, and has host keys."""

    def setUp(self) -> None:
        """Three host keys."""
        super().setUp()
        self.patch(firstboot, "each", lambda *_: True)
        self.hook(entry())
        host = self.host()
        host.write("statement", statement())
        host.write("certificate", (b"\1" + HOST_ID + SEED_ID + host.identity()).ljust(165, b"\0"))
        for kind, *options in (("ed25519",), ("ecdsa",), ("rsa", "-b", "2048")):
            path = self.guest.at(f"/etc/ssh/ssh_host_{kind}_key")
            command = ["ssh-keygen", "-qt", kind, *options, "-N", "", "-C", "root@web-7", "-f", path]
            subprocess.run(command, check=True)
        self.put("/etc/ssh/ssh_host_dsa_key", b"cloud-init 22 makes one; no client verifies it")
        self.sent: list[bytes] = []
        self.status = 204
        self.answer(report, self.respond)

    def respond(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Play the host."""
        self.assertEqual(path, "/v1/reports")
        self.sent.append(body)
        return self.status, b""

    def document(self) -> dict[str, Any]:
        """The JSON of the last report."""
        data = self.sent[-1]
        document: dict[str, Any] = json.loads(data[4 : 4 + int.from_bytes(data[:4], "big")])
        return document

    def report(self) -> dict[str, Any]:
        """Report again, as in a new boot, and return what was sent."""
        self.guest.at("/run/bootseed/" + HOST_ID.hex()).unlink(True)
        self.assertTrue(report.once(self.host()))
        return self.document()

    def private(self, kind: str, path: str, *options: str) -> str:
        """Make a key pair; returns `type base64` of it."""
        at = self.guest.at(path)
        at.parent.mkdir(parents=True, exist_ok=True)
        command = ["ssh-keygen", "-qt", kind, "-N", "", "-C", "", *options, "-f", str(at)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return " ".join(at.with_name(at.name + ".pub").read_text().split()[:2])
