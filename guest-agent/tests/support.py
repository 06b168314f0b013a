"""What the kit's tests share: messages as the specification says, a machine in a folder, a kernel that only notes.

All tests: `PYTHONPATH=guest-agent/kit /usr/bin/python3 -m unittest discover -s guest-agent/tests`
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import TestCase, mock

from bootseed import firstboot, kernel, packet
from bootseed.guest import RUN, Guest, Host
from bootseed.wire import label, lp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOST_ID = bytes.fromhex("0011223344556677")
SEED_ID = hashlib.sha256(b"seedId").digest()[:16]
POOL = hashlib.sha512(b"pool").digest()
CLAIM_KEY = hashlib.sha256(b"claimKey").digest()
PSK = hashlib.sha256(b"psk").digest()
CHUNK = hashlib.sha512(b"chunk").digest() * 16
PSK0 = hashlib.sha256(b"psk0").digest()
ROOT = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"root").digest())
PACKET = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"packet").digest())


def public(key: Ed25519PrivateKey) -> bytes:
    """Raw public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def root_key(root: Any) -> bytes:
    """Algorithm and public half of a root: Ed25519 or P-256."""
    if isinstance(root, Ed25519PrivateKey):
        return b"\1" + public(root)
    return b"\2" + bytes(root.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def signed(root: Any, data: bytes) -> bytes:
    """64 bytes: Ed25519, or r and s of P-256."""
    if isinstance(root, Ed25519PrivateKey):
        return root.sign(data)
    return b"".join(half.to_bytes(32, "big") for half in decode_dss_signature(root.sign(data, ec.ECDSA(SHA256()))))


def statement(
    serial: int = 1,
    address: str = "127.0.0.1:1",
    pins: tuple[bytes, ...] = (bytes(32),),
    root: Any = ROOT,
    successor: Any = None,
    key: Ed25519PrivateKey = PACKET,
    host_id: bytes = HOST_ID,
) -> bytes:
    """A signed statement with one address; `successor` is the root that it announces."""
    body = b"\1" + host_id + serial.to_bytes(4, "big") + b"\1" + root_key(root) + public(key)
    body += (21_600_000).to_bytes(4, "big") + bytes([len(pins)]) + b"".join(pins) + b"\1" + lp(address.encode())
    body += lp(root_key(successor) if successor else b"")
    return body + signed(root, label("statement") + body)


def entry(
    pool: bytes = POOL, host_id: bytes = HOST_ID, seed_id: bytes = SEED_ID, signed: bytes = b"", key: bytes = CLAIM_KEY
) -> bytes:
    """A seed entry."""
    body = b"\1" + host_id + seed_id + pool + key + PSK0 + lp(signed or statement())
    return body + hashlib.sha256(body).digest()


def seal(pt: bytes, hello: bytes, psk: bytes, key: Ed25519PrivateKey = PACKET, host_id: bytes = HOST_ID) -> bytes:
    """A packet around any plaintext, as a host makes it: HPKE mode_psk to the hello's key, signed by the packet key."""
    sk_e = X25519PrivateKey.generate()
    enc, pk_r = packet.dh(sk_e), hello[18:50]
    shared = sk_e.exchange(X25519PublicKey.from_public_bytes(pk_r))
    kem = packet.expand(packet.KEM, packet.extract(packet.KEM, b"", b"eae_prk", shared), b"shared_secret", enc + pk_r)
    info = label("packet") + host_id + hello[2:18]
    context = b"\1" + packet.extract(packet.SUITE, b"", b"psk_id_hash", hello[2:18])
    context += packet.extract(packet.SUITE, b"", b"info_hash", info)
    secret = packet.extract(packet.SUITE, kem, b"secret", psk)
    aead = ChaCha20Poly1305(packet.expand(packet.SUITE, secret, b"key", context))
    ct = aead.encrypt(packet.expand(packet.SUITE, secret, b"base_nonce", context, 12), pt, None)
    about = label("packet") + b"\1\1" + host_id + hashlib.sha256(bytes(16) + hello).digest()
    return b"\1\1" + enc + ct + key.sign(about + enc + ct)


class Kernel:
    """Notes what is mixed and how often it reseeds; `rc_mix`, `rc_reseed` are what it answers."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.mixed: list[tuple[bytes, int]] = []
        self.reseeds = 0
        self.rc_mix = 0
        self.rc_reseed = 0

    def mix(self, data: bytes, credit_bits: int) -> int:
        """In place of kernel.mix."""
        self.mixed.append((data, credit_bits))
        return self.rc_mix

    def reseed(self) -> int:
        """In place of kernel.reseed."""
        self.reseeds += 1
        return self.rc_reseed


class MachineTest(TestCase):
    """A machine in a temporary folder, with a kernel that only notes and hosts that cannot be reached."""

    def setUp(self) -> None:
        """First boot of instance 4711; no seed is laid."""
        folder = tempfile.TemporaryDirectory(prefix="bootseed-kit-")
        self.addCleanup(folder.cleanup)
        self.guest = Guest(folder.name)
        self.kernel = Kernel()
        self.put("/var/lib/cloud/data/instance-id", b"4711\n")
        self.put("/proc/sys/kernel/random/boot_id", b"7428aeb4-37c9-82fe-c7d7-492cdcbf3206\n")
        self.put("/proc/sys/kernel/random/poolsize", b"256\n")
        self.put("/etc/machine-id", b"0123456789abcdef0123456789abcdef\n")
        self.put("/etc/ssh/sshd_config", b"")
        self.put("/var/lib/systemd/random-seed", b"old")
        self.patch(kernel, "mix", self.kernel.mix)
        self.patch(kernel, "reseed", self.kernel.reseed)
        self.patch(firstboot, "say", lambda *_: None)

    def patch(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute until the test ends."""
        patcher = mock.patch.object(owner, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def put(self, path: str, data: bytes) -> Path:
        """A file of the machine."""
        full = self.guest.at(path)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(data)
        return full

    def lay(self, *entries: bytes) -> None:
        """Lay a seed file, as the boothook does."""
        self.put(RUN + "seed", b"".join(lp(one) for one in entries))

    def hook(self, *entries: bytes) -> str:
        """Boot: lay the entries, run the hook; returns what the gate reads."""
        self.guest.at(RUN + "verdict").unlink(missing_ok=True)
        if entries:
            self.lay(*entries)
        firstboot.hook(self.guest)
        return self.guest.text(RUN + "verdict")

    def host(self, host_id: bytes = HOST_ID) -> Host:
        """The one host's folder, or another's."""
        return Host(self.guest, host_id)

    def enrol(self, host_id: bytes = HOST_ID, address: str = "127.0.0.1:1") -> Host:
        """An enrolled VM: statement, psk, identity and certificate are there, no packet yet."""
        host = self.host(host_id)
        host.write("statement", statement(host_id=host_id, address=address))
        host.write("psk", PSK)
        identity = host.identity()
        host.write("certificate", (b"\1" + host_id + SEED_ID + identity).ljust(165, b"\0"))
        return host

    def files(self) -> dict[str, bytes]:
        """Every file of the machine."""
        top = Path(self.guest.root)
        return {"/" + str(path.relative_to(top)): path.read_bytes() for path in top.glob("**/*") if path.is_file()}

    def answer(self, module: Any, respond: Callable[[str, bytes], tuple[int, bytes]]) -> None:
        """Let a function stand for the host, (path, body) to (status, answer), for one module's requests."""
        self.patch(module, "post", lambda _host, path, body: respond(path, body(bytes(32))))
