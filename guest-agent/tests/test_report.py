"""The report: names, signatures that ssh-keygen itself accepts, once a boot."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from unittest import main

from bootseed import firstboot, report
from bootseed.guest import KEEP, RUN
from bootseed.wire import Reader
from support import HOST_ID, SEED_ID, MachineTest, entry, statement


class ReportTest(MachineTest):
    """A VM that was seeded, enrolled, and has host keys."""

    def setUp(self) -> None:
        """Three host keys."""
        super().setUp()
        self.patch(firstboot, "each", lambda *_: True)
        self.hook(entry())
        host = self.host()
        host.write("statement", statement())
        host.write("certificate", (b"\1" + HOST_ID + SEED_ID + host.identity()).ljust(165, b"\0"))
        for kind in ("ed25519", "ecdsa", "rsa"):
            path = self.guest.at(f"/etc/ssh/ssh_host_{kind}_key")
            subprocess.run(["ssh-keygen", "-qt", kind, "-N", "", "-C", "root@web-7", "-f", path], check=True)
        self.put("/etc/ssh/ssh_host_dsa_key", b"cloud-init 22 makes one; nobody verifies it")
        self.sent: list[bytes] = []
        self.status = 204
        self.answer(report, self.respond)

    def respond(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Play the host."""
        self.assertEqual(path, "/v1/reports")
        self.sent.append(body)
        return self.status, b""

    def test_document(self) -> None:
        """The fields of the report, and no other."""
        self.put(KEEP + "gate-done", b"4711 passed\n")
        self.patch(
            report,
            "output",
            lambda command, data=b"", run=report.output: (
                b"0\n\n1034700000000\n" if command[0] == "systemctl" else run(command, data)
            ),
        )
        self.assertTrue(report.once(self.host()))
        document = json.loads(self.sent[0][4 : 4 + int.from_bytes(self.sent[0][:4], "big")])
        self.assertEqual(
            sorted(document),
            ["bootId", "evidence", "hostId", "hostKeys", "identityPk", "instanceId", "seedId", "verdict", "versions"],
        )
        self.assertEqual((document["hostId"], document["seedId"]), (HOST_ID.hex(), SEED_ID.hex()))
        self.assertEqual((document["verdict"], document["evidence"]["gate"]), ("reseeded", "passed"))
        kinds = [line.split(" ")[0] for line in document["hostKeys"]]
        self.assertEqual(kinds, ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"])
        self.assertTrue(all(line.count(" ") == 1 for line in document["hostKeys"]))
        names = [name for name, _ in document["evidence"]["timeline"]]
        self.assertEqual(names, ["hook", "mix", "reseed", "claim", "keys", "sshd"])
        self.assertEqual(document["evidence"]["timeline"][-1], ["sshd", 1034700])

    def test_clock_set(self) -> None:
        """A clock that was set between verdict and keys, either way: their times are left out, the rest is reported."""
        for step in (-1.7e9, 1e7):
            when = self.guest.at(KEEP + "verdict.json").stat().st_mtime + step
            for path in (self.host().folder / "certificate", *self.guest.at("/etc/ssh").glob("*_key")):
                os.utime(path, (when, when))
            self.guest.at(RUN + HOST_ID.hex()).unlink(True)
            self.assertTrue(report.once(self.host()))
            document = json.loads(self.sent[-1][4 : 4 + int.from_bytes(self.sent[-1][:4], "big")])
            self.assertEqual([name for name, _ in document["evidence"]["timeline"]], ["hook", "mix", "reseed"])

    def test_late_claim(self) -> None:
        """With NoCloud the hook runs before the network: the claim is after the keys; the timeline has both, sorted."""
        verdict = self.guest.at(KEEP + "verdict.json").stat().st_mtime
        for path in self.guest.at("/etc/ssh").glob("*_key"):
            os.utime(path, (verdict + 7, verdict + 7))
        os.utime(self.host().folder / "certificate", (verdict + 20, verdict + 20))
        self.patch(report, "uptime", lambda run=report.uptime: run() + 60)
        self.assertTrue(report.once(self.host()))
        document = json.loads(self.sent[-1][4 : 4 + int.from_bytes(self.sent[-1][:4], "big")])
        names, times = zip(*document["evidence"]["timeline"])
        self.assertEqual(names, ("hook", "mix", "reseed", "keys", "claim"))
        self.assertEqual(sorted(times), list(times))

    def test_signatures(self) -> None:
        """The identity's and each host key's, over the JSON, each in its namespace; and not longer than 16 KiB."""
        report.once(self.host())
        r = Reader(self.sent[0])
        data = r.take(r.number(4))
        publics = [self.host().read("identity.pub").decode(), *json.loads(data)["hostKeys"]]
        signatures = [r.lp()] + [r.lp() for _ in range(r.number())]
        r.end()
        self.assertEqual(len(signatures), len(publics))
        self.assertLess(len(self.sent[0]), 16384)
        for at, (line, signature) in enumerate(zip(publics, signatures)):
            kind = "host-key" if at else "report"
            allowed = self.put("/allowed", b"me " + line.encode())
            armored = (
                b"-----BEGIN SSH SIGNATURE-----\n" + base64.encodebytes(signature) + b"-----END SSH SIGNATURE-----\n"
            )
            command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "me", "-n", f"bootseed-{kind}@v1", "-s"]
            done = subprocess.run(
                [*command, self.put("/signature", armored)], input=data, stdout=subprocess.DEVNULL, check=False
            )
            self.assertEqual(done.returncode, 0, line)

    def test_once_a_boot(self) -> None:
        """Again after a refusal, not after it was taken."""
        self.status = 503
        self.assertFalse(report.once(self.host()))
        self.status = 204
        self.assertTrue(report.once(self.host()))
        self.assertTrue(report.once(self.host()))
        self.assertEqual(len(self.sent), 2)

    def test_nothing_to_report(self) -> None:
        """Not enrolled, or no host keys yet: tried again later."""
        for path in self.guest.at("/etc/ssh").glob("ssh_host_*"):
            path.unlink()
        self.assertFalse(report.once(self.host()))
        self.assertEqual(self.sent, [])


if __name__ == "__main__":
    main()
