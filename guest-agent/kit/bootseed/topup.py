"""A top-up by `pull`: hello, packet, receipt (protocol.md, Delivery). Needs python3-cryptography."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from . import kernel
from .guest import Host, clocks, say
from .https import post
from .packet import dh, open_packet, verify
from .seed import Statement
from .wire import Reader, Refused, label, lp, refuse_unless, u64


def newer(host: Host, known: Statement, message: bytes) -> Statement:
    """Take over a later statement that the known root (Ed25519) signed; raises Refused."""
    statement = Statement(message)
    ours = (statement.host_id, statement.root) == (known.host_id, known.root)
    refuse_unless(ours and known.root[0] == 1 and statement.serial > known.serial, "mismatch")
    verify(known.root[1:], statement.signature, label("statement") + message[:-64])
    host.write("statement", message)
    return statement


def hello(host: Host, serial: int, sk: X25519PrivateKey) -> bytes:
    """A signed hello; the nonce over TLS is zero."""
    body = b"\1\1" + host.read("certificate")[9:25] + dh(sk)
    body += host.read("counter").rjust(8, b"\0") + serial.to_bytes(4, "big")
    key: Any = load_ssh_private_key(host.read("identity"), None)
    return body + bytes(key.sign(label("hello") + host.id + bytes(16) + body))


def pull(host: Host) -> dict[str, int]:
    """Counter, and return codes of mix and reseed, of one delivery. Raises OSError, Refused.

    The counter is durable before anything is mixed, so nothing is accepted twice. After a 403 the same hello goes out
    once more with certificate and statement: a host that lost its database knows the VM again.
    """
    kernel.reseed()
    statement = host.statement()
    sk = X25519PrivateKey.generate()
    greeting = hello(host, statement.serial, sk)
    status, answer = post(host, "/v1/packets", lambda _: greeting + bytes(3))
    if status == 403:
        proof = greeting + lp(host.read("certificate")) + b"\1" + lp(statement.raw)
        status, answer = post(host, "/v1/packets", lambda _: proof)
    refuse_unless(status == 200, f"http-{status}")
    arrived = clocks()
    r = Reader(answer)
    for _ in range(r.number()):
        statement = newer(host, statement, r.lp())
    packet = r.lp()
    r.end()
    timestamp, counter, chunk, key = open_packet(packet, greeting, sk, host.read("psk"), host.id, statement.packet_pk)
    host.write("counter", u64(counter))
    rc_mix = kernel.mix(hashlib.sha512(label("packet") + chunk + arrived).digest(), 0)
    rc_reseed = kernel.reseed()
    receipt = u64(counter) + bytes([rc_mix, rc_reseed])
    receipt += hmac.digest(key, label("receipt") + receipt, "sha256")
    try:
        received, _ = post(host, "/v1/receipts", lambda _: greeting[2:18] + receipt)
    except OSError:
        received = 0  # a lost receipt is harmless
    return {"counter": counter, "timestamp": timestamp, "rcMix": rc_mix, "rcReseed": rc_reseed, "receipt": received}


def once(host: Host) -> bool:
    """One top-up from one host, noted in `topup.json`: the last one done, and refusals counted by reason."""
    if not host.read("certificate"):
        return False
    notes = host.status()["topUp"]
    code = ""
    try:
        notes["last"] = pull(host)
    except Refused as refused:
        code = str(refused)
        say(code)
        notes[code] = notes.get(code, 0) + 1
    host.write("topup.json", json.dumps(notes).encode())
    return not code
