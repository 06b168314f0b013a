"""The report: names, signatures that ssh-keygen itself accepts, once a boot."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from unittest import main, mock

from bootseed import guest, report
from bootseed.guest import KEEP, RUN
from bootseed.wire import Reader
from reporting import ReportingTest
from support import HOST_ID, SEED_ID, entry


class ReportTest(ReportingTest):
    """The report of a VM that was seeded, enrolled, and has three host keys."""

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

    def systemctl(self, script: str) -> None:
        """Put a systemctl first on PATH that runs this shell script."""
        program = self.put("/stub/systemctl", b"#!/bin/sh\n" + script.encode())
        program.chmod(0o755)
        path = mock.patch.dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}")
        path.start()
        self.addCleanup(path.stop)

    def events(self) -> list[str]:
        """The names in the timeline of a report after the gate has passed."""
        self.put(KEEP + "gate-done", b"4711 passed\n")
        return [name for name, _ in self.report()["evidence"]["timeline"]]

    def test_old_systemd(self) -> None:
        """C10 (bulletmark/libinput-gestures#292): systemd 245, which has no `show -P`, tells when sshd was started."""
        self.systemctl(
            """case " $* " in *" -P"*) echo "systemctl: invalid option -- 'P'" >&2; exit 1;; esac
            printf 'ActiveEnterTimestampMonotonic=0\\n\\nActiveEnterTimestampMonotonic=34700000\\n'"""
        )
        self.assertIn("sshd", self.events())
        self.assertIn(["sshd", 34.7], self.document()["evidence"]["timeline"])

    def test_no_answer_of_systemd(self) -> None:
        """C10 (bulletmark/libinput-gestures#292): a systemctl that fails costs one entry, no report."""
        for script in (
            "exit 1",
            "kill -9 $$",
            "echo Failed to connect to bus: Host is down >&2; exit 1",
            "echo [not set]",
        ):
            self.systemctl(script)
            self.assertEqual(self.events(), ["hook", "mix", "reseed", "claim", "keys"], script)
        self.guest.at("/stub/systemctl").chmod(0o644)
        self.assertEqual(self.events()[-1], "keys")
        self.guest.at("/stub/systemctl").unlink()
        self.patch(report, "output", lambda *_: (_ for _ in ()).throw(FileNotFoundError(2, "systemctl")))
        self.assertEqual(self.events()[-1], "keys")

    def test_socket_activation(self) -> None:
        """C11 (vitobotta/hetzner-k3s#391): a unit that was never active has no time: no sshd entry, never second 0."""
        for value in "0", "", "[not set]", "n/a", "infinity":
            self.systemctl(f"for unit in ssh sshd; do echo 'ActiveEnterTimestampMonotonic={value}'; echo; done")
            self.assertEqual(self.events(), ["hook", "mix", "reseed", "claim", "keys"], value)

    def test_missing_times(self) -> None:
        """Files whose time cannot be had cost their entries, no report."""
        self.patch(report, "uptime", lambda: 1 / 0)
        self.assertEqual(self.events()[:3], ["hook", "mix", "reseed"])

    def test_no_ssh_keygen(self) -> None:
        """C22 (canonical/cloud-init#3163): without ssh-keygen the log names it and what to install."""
        said: list[str] = []
        self.patch(guest, "say", lambda *words: said.append(" ".join(map(str, words))))
        self.patch(report, "say", lambda *words: said.append(" ".join(map(str, words))))
        with mock.patch.dict(os.environ, PATH="/nowhere"):
            self.assertFalse(report.once(self.host()))
            for name in "certificate", "identity", "identity.pub":
                (self.host().folder / name).unlink()
            self.hook(entry())
        expected = "ssh-keygen is missing: install openssh-client"
        self.assertIn(f"{self.guest.at('/etc/ssh/ssh_host_rsa_key')}: {expected}", said)
        self.assertTrue([line for line in said if line.startswith("no claim: ") and expected in line], said)

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
