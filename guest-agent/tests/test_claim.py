"""The claim against a host that a function plays, and the pin against a real TLS server."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from unittest import main, mock

from bootseed import claim, https
from bootseed.guest import Guest, Host, again
from bootseed.wire import Followed, Reader, Refused, label, lp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support import CLAIM_KEY, HOST_ID, PSK0, SEED_ID, MachineTest, entry, statement

SECRET = hashlib.sha256(b"claimSecret").digest()
FRESH = hashlib.sha512(b"fresh").digest()


class ClaimTest(MachineTest):
    """One seed, one host."""

    def setUp(self) -> None:
        """Booted with a seed; the hook's own claim found nobody."""
        super().setUp()
        self.patch(https, "say", lambda *_: None)
        with mock.patch("bootseed.firstboot.each", lambda *_: False):
            self.hook(entry())
        self.kernel.mixed.clear()
        self.kernel.reseeds = 0
        self.requests: list[bytes] = []

    def certificate(self) -> bytes:
        """As the host would make it; the signature is nobody's."""
        about = hashlib.sha256(b"4711").digest()
        return b"\1" + HOST_ID + SEED_ID + self.host().identity() + about + bytes(12) + bytes(64)

    def claim(self, status: int, answer: bytes) -> bool:
        """Claim once; the host answers this."""

        def respond(path: str, body: bytes) -> tuple[int, bytes]:
            self.assertEqual(path, "/v1/claims")
            self.requests.append(body)
            return status, answer

        self.answer(claim, respond)
        return claim.once(self.host())

    def test_half_wiped(self) -> None:
        """The power went while the claim's keys were being wiped: no claim goes out with zeros for a key."""
        self.claim(200, b"\0" + FRESH + SECRET + self.certificate())
        self.host().write("claim", bytes(80))
        self.requests.clear()
        self.assertTrue(self.claim(403, b""))
        self.assertEqual((self.requests, self.host().read("claim")), ([], b""))

    def test_final(self) -> None:
        """psk and certificate are kept, the bytes mixed and reseeded, the claim's keys gone."""
        self.assertTrue(self.claim(200, b"\0" + FRESH + SECRET + self.certificate()))
        self.assertEqual((self.kernel.mixed, self.kernel.reseeds), ([(FRESH, 0)], 1))
        psk = hmac.digest(PSK0, label("claim") + SECRET, "sha256")
        self.assertEqual((self.host().read("psk"), self.host().read("certificate")), (psk, self.certificate()))
        for path, data in self.files().items():
            self.assertFalse(CLAIM_KEY in data or PSK0 in data, path)
        self.assertTrue(self.claim(500, b""), "nothing is open any more")
        self.assertEqual(len(self.requests), 1)

    def test_request(self) -> None:
        """Byte for byte; the MAC is over the certificate that was seen."""
        self.claim(202, b"\1" + FRESH)
        r = Reader(self.requests[0])
        head = (r.take(1), r.take(8), r.take(16), r.take(32), r.take(16).hex(), r.lp())
        self.assertEqual(head[:3], (b"\1", HOST_ID, SEED_ID))
        self.assertEqual(head[3:], (self.host().identity(), "7428aeb437c982fec7d7492cdcbf3206", b"4711"))
        self.assertEqual(
            r.take(32), hmac.digest(CLAIM_KEY, label("claim") + bytes(32) + self.requests[0][:-32], "sha256")
        )
        r.end()

    def test_not_yet_or_never(self) -> None:
        """The 64 bytes are mixed; the same claim can be repeated, with the same identity."""
        for status, answer, final, mixed in (
            (202, b"\1" + FRESH, False, 1),
            (202, b"\2" + FRESH, False, 2),
            (409, b"\3" + FRESH, True, 3),
            (403, b"", True, 3),
            (503, b"busy", False, 3),
        ):
            self.assertEqual(self.claim(status, answer), final, status)
            self.assertEqual(len(self.kernel.mixed), mixed)
            self.assertEqual(self.host().read("certificate"), b"")
        self.assertEqual(len(set(self.requests)), 1)

    def test_lost_answer_and_reboot(self) -> None:
        """Another boot_id, the same identity and seed."""
        self.answer(claim, mock.Mock(side_effect=OSError("lost")))
        self.assertRaises(OSError, claim.once, self.host())
        identity = self.host().identity()
        self.put("/proc/sys/kernel/random/boot_id", b"00000000-0000-0000-0000-000000000001\n")
        with mock.patch("bootseed.firstboot.each", lambda *_: False):
            self.hook(entry())
        self.assertTrue(self.claim(200, b"\0" + FRESH + SECRET + self.certificate()))
        self.assertIn(identity, self.requests[0])

    def test_bad_answers(self) -> None:
        """Cut, or a certificate of another VM: refused, nothing kept, the claim stays open."""
        good = b"\0" + FRESH + SECRET + self.certificate()
        for size in range(len(good)):
            self.assertRaises(Refused, self.claim, 200, good[:size])
        other = bytearray(good)
        for at in (97, 98, 106, 122, 154):
            other = bytearray(good)
            other[at] ^= 1
            self.assertRaises(Refused, self.claim, 200, bytes(other))
        self.assertEqual((self.host().read("certificate"), self.host().read("psk")), (b"", b""))
        self.assertEqual(len(self.host().read("claim")), 80)

    def test_crash_before_the_certificate(self) -> None:
        """psk alone is not an enrolment: the claim is repeated."""
        write = claim.Host.write

        def power_cut(host: claim.Host, name: str, data: bytes) -> None:
            if name == "certificate":
                raise SystemExit
            write(host, name, data)

        answer = b"\0" + FRESH + SECRET + self.certificate()
        with mock.patch.object(claim.Host, "write", power_cut):
            self.assertRaises(SystemExit, self.claim, 200, answer)
        self.assertTrue(self.claim(200, answer))
        self.assertEqual(self.host().read("certificate"), self.certificate())


class PinTest(MachineTest):
    """A TLS server with a certificate of its own."""

    def setUp(self) -> None:
        """Listening on loopback; keeps what it is sent."""
        super().setUp()
        self.patch(https, "say", lambda *_: None)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "long expired, and not this name")])
        day = datetime.datetime(2001, 1, 1)  # noqa: DTZ001
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        )
        certificate = made.not_valid_before(day).not_valid_after(day).sign(key, hashes.SHA256())
        self.pin = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
        pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.put("/server.pem", pem))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.got = b""
        self.status = b"200 OK"
        self.later = b"\0"

    def serve(self) -> None:
        """One connection."""
        connection, _ = self.listener.accept()
        try:
            with self.context.wrap_socket(connection, server_side=True) as tls:
                while chunk := tls.recv(4096):
                    self.got += chunk
                    if self.got.endswith(b"body"):
                        tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                    elif self.got.endswith(HOST_ID + b"\0\0\0\1"):
                        head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (self.status, len(self.later))
                        tls.sendall(head + self.later)
        except OSError:
            pass

    def post(self, pin: bytes) -> tuple[int, bytes]:
        """Send to the server under a statement with this pin; the dead address before it is passed over."""
        thread = threading.Thread(target=self.serve)
        thread.start()
        address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        raw = statement(address=address, pins=(bytes(32), pin))
        self.put(f"/var/lib/bootseed/{HOST_ID.hex()}/statement", raw)
        try:
            return https.post(self.host(), "/v1/claims", lambda seen: b"pin" + seen + b"body")
        finally:
            thread.join(5)

    def test_pinned(self) -> None:
        """Expired and misnamed does not matter; the body is made for the certificate that was seen."""
        self.assertEqual(self.post(self.pin), (204, b""))
        self.assertIn(b"POST /v1/claims HTTP/1.1\r\n", self.got)
        self.assertTrue(self.got.endswith(b"pin" + self.pin + b"body"))

    def not_pinned(self) -> Exception:
        """What comes of another server: it is told hostId and serial, in one request, and the statement stays."""
        self.got = b""
        with self.assertRaises((Refused, OSError)) as caught:
            self.post(hashlib.sha256(b"another").digest())
        self.assertEqual(self.got.count(b"POST"), 1)
        self.assertTrue(self.got.startswith(b"POST /v1/statements HTTP/1.1\r\n"))
        self.assertEqual(self.got.partition(b"\r\n\r\n")[2], HOST_ID + b"\0\0\0\1")
        self.assertNotIn(b"body", self.got)
        self.assertEqual(self.host().statement().serial, 1)
        return caught.exception

    def test_not_pinned(self) -> None:
        """An impostor, whatever it makes up: each under its own name."""
        other = ec.generate_private_key(ec.SECP256R1())
        forged = statement(serial=2)[:-1] + b"\0"
        for later, code in (
            (b"\0", "pin"),
            (b"", "malformed"),
            (b"\1" + lp(statement(serial=2)) + b"\0", "malformed"),
            (b"\x21" + lp(statement(serial=2)) * 33, "malformed"),
            (b"\1" + lp(statement()), "mismatch"),
            (b"\1" + lp(statement(serial=2, root=other)), "mismatch"),
            (b"\1" + lp(forged), "bad-signature"),
        ):
            self.later = later
            self.assertEqual(str(self.not_pinned()), code)
        self.status = b"403 Forbidden"
        self.assertEqual(str(self.not_pinned()), "pin")

    def test_slept_through_the_change_of_certificates(self) -> None:
        """A later statement is kept, and the same begins again from its start: once."""
        self.later = b"\1" + lp(statement(serial=2, pins=(self.pin,)))
        self.assertRaises(Followed, self.post, hashlib.sha256(b"another").digest())
        self.assertEqual(self.host().read("statement"), self.later[3:])
        tries: list[int] = []

        def once(host: Host) -> bool:
            tries.append(host.statement().serial)
            if len(tries) < 2:
                raise Followed
            return True

        self.assertTrue(again(once, self.host()))
        self.assertEqual(tries, [2, 2])
        self.assertRaises(Followed, again, mock.Mock(side_effect=Followed), self.host())

    def test_the_packed_kit_follows(self) -> None:
        """As it ships, in a process of its own: statements from an unknown certificate, then the usual under it."""
        address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.enrol(address=address)
        successor = ec.generate_private_key(ec.SECP256R1())
        chain = [
            statement(serial=2, address=address, successor=successor),
            statement(serial=3, address=address, root=successor, pins=(self.pin,)),
        ]
        self.later = b"\2" + b"".join(map(lp, chain))
        threads = [threading.Thread(target=self.serve) for _ in chain]
        for thread in threads:
            thread.start()
        kit = Path(__file__).parents[2] / "seeder" / "kit" / "kit.pyz"
        command = [sys.executable, "-I", kit, "topup", "now", "--root", self.guest.root]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        for thread in threads:
            thread.join(10)
        self.assertEqual(self.host().read("statement"), chain[1], ran.stdout + ran.stderr)
        self.assertEqual(re.findall(rb"POST (\S+)", self.got), [b"/v1/statements", b"/v1/packets"])
        self.assertIn(f"{address} /v1/statements 200", ran.stdout)

    def test_older_tls(self) -> None:
        """1.2 proves less: refused."""
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertRaises(OSError, self.post, self.pin)
        self.assertEqual(self.got, b"")


class MetadataTest(MachineTest):
    """The addresses that answer with user-data."""

    def test_rules(self) -> None:
        """Are deleted exactly as added."""
        from bootseed import firstboot

        lines: list[str] = []
        self.patch(Guest, "run", lambda _guest, line: lines.append(line))
        firstboot.metadata(self.guest, "add")
        added = list(lines)
        lines.clear()
        firstboot.metadata(self.guest, "del")
        self.assertEqual(lines, [line.replace(" rule add ", " rule del ") for line in added])

    def test_rules_in_a_shell(self) -> None:
        """Every uid but 0, both families; DigitalOcean's agent keeps its way where it exists, and only there."""
        from bootseed import firstboot

        lines: list[str] = []
        self.patch(Guest, "run", lambda _guest, line: lines.append(line))
        firstboot.metadata(self.guest, "add")
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        for agent, calls in (("echo 997", 6), ("exit 1", 3)):
            for name, body in (("id", agent), ("ip", f'echo "$*" >>{folder}/calls')):
                (folder / name).write_text(f"#!/bin/sh\n{body}\n")
                (folder / name).chmod(0o755)
            (folder / "calls").write_text("")
            subprocess.run(["/bin/sh", "-c", lines[0]], env={"PATH": str(folder)}, check=False)
            said = (folder / "calls").read_text().splitlines()
            self.assertEqual(len(said), calls)
            for address in (
                "-4 rule add to 169.254.169.254",
                "-6 rule add to fd00:ec2::254",
                "-6 rule add to fe80::a9fe:a9fe",
            ):
                self.assertIn(f"{address} uidrange 1-4294967294 pref 169 prohibit", said)
            kept = "-6 rule add to fd00:ec2::254 uidrange 997-997 pref 168 table main"
            self.assertEqual(kept in said, calls == 6)

    def test_order_around_the_claim(self) -> None:
        """Closed before the claim, opened by a final answer only; else the service asks on."""
        for final, last in ((True, "del"), (False, "bootseed-claim")):
            with self.subTest(final=final):
                self.setUp()
                lines: list[str] = []

                def each(*_: object, lines: list[str] = lines, final: bool = final) -> bool:
                    lines.append("claim")
                    return final

                self.patch(Guest, "run", lambda _guest, line, lines=lines: lines.append(line))
                self.patch(claim.kernel, "reseed", self.kernel.reseed)
                with mock.patch("bootseed.firstboot.each", each):
                    self.hook(entry())
                at = lines.index("claim")
                self.assertTrue(any("rule add" in line for line in lines[:at]))
                self.assertEqual(any("rule del" in line for line in lines[at:]), final)
                self.assertTrue(any(last in line for line in lines[at:]))
                self.assertIn("systemctl start --no-block bootseed-report bootseed-topup.timer", lines)


if __name__ == "__main__":
    main()
