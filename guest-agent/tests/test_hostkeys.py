"""Which host keys are reported, and which remarks name the others; ssh-keygen is the real one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from unittest import main

from bootseed import hostkeys, report
from bootseed.guest import RUN, Host
from reporting import ReportingTest
from support import HOST_ID

RSA, ED25519, ECDSA = (f"/etc/ssh/ssh_host_{kind}_key" for kind in ("rsa", "ed25519", "ecdsa"))


class HostKeysTest(ReportingTest):
    """Three host keys, of which something is wrong with one."""

    def setUp(self) -> None:
        """Remember the public halves."""
        super().setUp()
        self.lines = {path: self.own(path) for path in (ECDSA, ED25519, RSA)}

    def own(self, path: str) -> str:
        """`type base64` of a private key."""
        command = ["ssh-keygen", "-y", "-P", "", "-f", self.guest.at(path)]
        return " ".join(subprocess.check_output(command, text=True).split()[:2])

    def check(self, path: str, remark: str, reported: bool) -> None:
        """The other two are reported, and this one is named; it is reported where its private half is sound."""
        document = self.report()
        expected = [line for name, line in self.lines.items() if reported or name != path]
        self.assertEqual(document["hostKeys"], expected)
        [said] = document["evidence"]["remarks"]
        self.assertRegex(said, f"^{self.guest.at(path)}: .*{remark}")

    def test_sound(self) -> None:
        """Nothing is remarked of sound keys, and no file is left beside the report's mark."""
        self.assertNotIn("remarks", self.report()["evidence"])
        names = {path.name for path in self.guest.at(RUN).iterdir()}
        self.assertEqual(names & {HOST_ID.hex() + "-key", HOST_ID.hex() + ".pub"}, set())
        self.assertEqual([name for name in names if name.startswith(HOST_ID.hex())], [HOST_ID.hex()])

    def test_public_half(self) -> None:
        """C3 (canonical/cloud-init#5305, armbian/build#10696): the private half counts, whatever lies beside it."""
        half = self.guest.at(RSA + ".pub")
        sound = half.read_text()
        half.unlink()
        self.check(RSA, "ssh_host_rsa_key.pub", True)
        for wrong in "", "\0" * 400, self.guest.at(ED25519 + ".pub").read_text(), "# a comment\r\n", sound[:90]:
            half.write_text(wrong)
            self.check(RSA, "another .pub", True)
        half.write_bytes(b"\xff\xfe")
        self.check(RSA, "another .pub", True)
        for odd in sound.replace("\n", "\r\n"), 'restrict,from="a b" ' + sound, sound.rstrip() + " a comment é\n":
            half.write_text(odd, "utf-8")
            self.assertNotIn("remarks", self.report()["evidence"])

    def test_private_half(self) -> None:
        """C3 (canonical/cloud-init#5305, armbian/build#10696): an unusable key is named, the others go."""
        key = self.guest.at(RSA)
        sound = key.read_bytes()
        for wrong in b"", bytes(2600), sound[:500], b"cloud-init wrote this", sound.replace(b"b3", b"c3"):
            key.write_bytes(wrong)
            self.check(RSA, "", False)
        key.write_bytes(sound)
        key.chmod(0o644)
        self.check(RSA, "bad permissions", False)
        key.unlink()
        key.mkdir()
        self.check(RSA, "no file", False)
        key.rmdir()
        os.mkfifo(key)
        self.check(RSA, "no file", False)

    def test_unusable_kinds(self) -> None:
        """C3 (canonical/cloud-init#5305, armbian/build#10696): kinds that hosts refuse, and passphrases."""
        for kind, remark, *options in (
            ("rsa", "not reported: ssh-rsa", "-b", "1024"),
            ("dsa", "not reported: ssh-dss"),
            ("rsa", "passphrase"),
        ):
            for end in "", ".pub":
                self.guest.at(RSA + end).unlink(True)
            try:
                self.private(kind, RSA, *options)
            except subprocess.CalledProcessError:
                self.assertEqual(kind, "dsa")  # OpenSSH 10 has none
                continue
            if remark == "passphrase":
                change = ["ssh-keygen", "-qp", "-P", "", "-N", "secret", "-f", self.guest.at(RSA)]
                subprocess.run(change, check=True, stdout=subprocess.DEVNULL)
            self.check(RSA, remark, False)

    def test_old_format(self) -> None:
        """A key in PEM, whose public half ssh-keygen cannot find by itself, is reported without one beside it."""
        for end in "", ".pub":
            self.guest.at(RSA + end).unlink()
        self.lines[RSA] = self.private("rsa", RSA, "-m", "PEM")
        self.guest.at(RSA + ".pub").unlink()
        self.check(RSA, "ssh_host_rsa_key.pub", True)

    def test_cannot_sign(self) -> None:
        """A key by which ssh-keygen makes no signature is taken out, and the rest is signed again."""
        real = report.prove

        def prove(host: Host, path: Path, line: str, data: bytes) -> bytes:
            if "rsa" in str(path):
                raise OSError("Signing failed: error in libcrypto")
            return real(host, path, line, data)

        self.patch(report, "prove", prove)
        self.check(RSA, "Signing failed", False)

    def test_too_many(self) -> None:
        """Eight keys and 16 KiB are reported; what goes beyond is named."""
        paths = [f"/etc/keys/{number}" for number in range(10)]
        lines = [self.private("ed25519", path) for path in paths]
        config = "".join(f"HostKey {path}\n" for path in paths)
        self.put("/etc/ssh/sshd_config", config.encode())
        document = self.report()
        self.assertEqual(document["hostKeys"], lines[:8])
        self.assertEqual(
            [remark[-len("/etc/keys/9: over 8 keys or 16 KiB") :] for remark in document["evidence"]["remarks"]],
            [f"/etc/keys/{number}: over 8 keys or 16 KiB" for number in (9, 8)],
        )
        self.patch(report, "MOST_BYTES", len(self.sent[-1]) - 100)
        document = self.report()
        self.assertLess(len(document["hostKeys"]), 8)
        self.assertRegex(document["evidence"]["remarks"][2], "/etc/keys/7: over")

    def test_no_key(self) -> None:
        """Without a usable key nothing is sent, and the log says why."""
        said: list[str] = []
        self.patch(report, "say", lambda *words: said.append(" ".join(map(str, words))))
        for path in self.lines:
            self.guest.at(path).write_bytes(b"")
        self.assertFalse(report.once(self.host()))
        self.assertEqual(self.sent, [])
        for path, remark in zip(self.lines, said):
            self.assertRegex(remark, f"^{self.guest.at(path)}: Load key .*error in libcrypto")
        self.assertEqual(said, said[:3] + [report.NO_KEY])

    def test_older_host(self) -> None:
        """A host that knows no remarks gets the same keys without them."""
        self.guest.at(RSA).write_bytes(b"")
        answers = [403, 204]
        self.answer(report, lambda path, body: (self.respond(path, body) and answers.pop(0), b""))
        self.assertTrue(report.once(self.host()))
        document = self.document()
        self.assertEqual(document["hostKeys"], [self.lines[ECDSA], self.lines[ED25519]])
        self.assertNotIn("remarks", document["evidence"])

    def test_configured(self) -> None:
        """C14 (raspberrypi/rpi-image-gen#289): the keys that sshd_config names are reported, also by an include."""
        mine = self.private("ed25519", "/etc/myapp/ssh/host_key")
        for config, included in (
            (b"HostKey /etc/myapp/ssh/host_key\n", b""),
            (b'\thostkey="/etc/myapp/ssh/host_key" # mine\n', b""),
            (b"Include sshd_config.d/*.conf\n", b"HOSTKEY = /etc/myapp/ssh/host_key\r\n"),
            (
                b"Include /etc/ssh/none /etc/ssh/sshd_config.d/a.conf\n",
                b"HostKey /etc/myapp/ssh/host_key\nHostKey none",
            ),
        ):
            self.put("/etc/ssh/sshd_config", config)
            self.put("/etc/ssh/sshd_config.d/a.conf", included)
            self.assertEqual(self.report()["hostKeys"], [mine], config)
        self.put("/etc/ssh/sshd_config", b"#HostKey /etc/myapp/ssh/host_key\nHostKeyAlgorithms ssh-rsa\n")
        self.assertEqual(self.report()["hostKeys"], list(self.lines.values()))

    def test_answer_of_sshd(self) -> None:
        """C14 (raspberrypi/rpi-image-gen#289): what `sshd -T` says is believed before the files."""
        mine = self.private("ed25519", "/etc/my app/key")
        lines = (
            "hostkeyagent none",
            "hostcertificate /etc/my app/key-cert.pub",
            "hostkey /etc/my app/key",
            "hostkey /gone",
        )
        sshd = self.put("/usr/sbin/sshd", ("#!/bin/sh\nprintf '%s\\n' '" + "' '".join(lines) + "'\n").encode())
        sshd.chmod(0o755)
        document = self.report()
        self.assertEqual(document["hostKeys"], [mine])
        self.assertNotIn("remarks", document["evidence"])
        sshd.write_bytes(b"#!/bin/sh\necho 'Missing privilege separation directory: /run/sshd' >&2\nexit 255\n")
        self.assertEqual(self.report()["hostKeys"], list(self.lines.values()))

    def test_agent(self) -> None:
        """A key that only an agent holds is named by its public half, which is all that there is."""
        public = self.private("ed25519", "/etc/keys/public")
        self.put("/etc/keys/public", public.encode()).chmod(0o600)
        self.put("/etc/ssh/sshd_config", f"HostKeyAgent /run/a\nHostKey {RSA}\nHostKey /etc/keys/public\n".encode())
        document = self.report()
        self.assertEqual(document["hostKeys"], [self.lines[RSA]])
        self.assertRegex(document["evidence"]["remarks"][0], "/etc/keys/public: Load key")

    def test_includes_itself(self) -> None:
        """A configuration that includes itself ends."""
        self.put("/etc/ssh/sshd_config", b"Include sshd_config\nHostKey /etc/ssh/ssh_host_rsa_key\n")
        self.assertEqual(hostkeys.shown(self.guest), [self.guest.at(RSA)])

    def test_odd_files(self) -> None:
        """Text that is not UTF-8, a pipe and a folder among sshd's files hide none of the keys that they name."""
        self.put("/etc/ssh/sshd_config", b"# gr\xfc\xdfe\nInclude sshd_config.d/*\nHostKey " + ED25519.encode() + b"\n")
        self.put("/etc/ssh/sshd_config.d/z.conf", b"HostKey " + RSA.encode() + b"\n")
        os.mkfifo(self.guest.at("/etc/ssh/sshd_config.d/a.conf"))
        self.guest.at("/etc/ssh/sshd_config.d/b.conf").mkdir()
        self.assertEqual(hostkeys.shown(self.guest), [self.guest.at(ED25519), self.guest.at(RSA)])

    def test_sshd_is_asked_first(self) -> None:
        """Whatever is in the files, sshd's answer counts; one that does not answer is ended after its time."""
        self.put("/etc/ssh/sshd_config", b"# gr\xfc\xdfe\n")
        sshd = self.put(
            "/usr/sbin/sshd", b"#!/bin/sh\necho hostkey " + RSA.encode() + b" caf\xe9 >&2\necho hostkey " + RSA.encode()
        )
        sshd.chmod(0o755)
        self.assertEqual(hostkeys.shown(self.guest), [self.guest.at(RSA)])
        self.put("/etc/ssh/sshd_config", b"HostKey " + ED25519.encode() + b"\n")
        sshd.write_bytes(b"#!/bin/sh\nexec sleep 1000\n")
        asked = []
        real = hostkeys.output

        def output(command: Sequence[Path], seconds: int) -> bytes:
            asked.append(seconds)
            return real(command, 1)

        self.patch(hostkeys, "output", output)
        self.assertEqual(hostkeys.shown(self.guest), [self.guest.at(ED25519)])
        self.assertEqual(asked, [10])

    def test_many_includes(self) -> None:
        """Each file is read once, also where 40 files each include all of them."""
        for number in range(40):
            self.put(
                f"/etc/ssh/sshd_config.d/{number}.conf", b"Include sshd_config.d/*.conf ../ssh/sshd_config\n# one\n"
            )
        self.put("/etc/ssh/sshd_config", b"Include /etc/ssh/sshd_config.d/*.conf\n")
        self.assertLess(hostkeys.config(self.guest).count("# one"), 100)

    def test_names_with_a_dot(self) -> None:
        """The public half of /etc/ssh/host.ed25519 is /etc/ssh/host.ed25519.pub; a pipe there is not waited for."""
        self.private("ed25519", "/etc/ssh/host.ed25519")
        self.put("/etc/ssh/sshd_config", b"HostKey /etc/ssh/host.ed25519\n")
        self.assertNotIn("remarks", self.report()["evidence"])
        half = self.guest.at("/etc/ssh/host.ed25519.pub")
        half.unlink()
        os.mkfifo(half)
        self.assertRegex(self.report()["evidence"]["remarks"][0], "another .pub")


if __name__ == "__main__":
    main()
