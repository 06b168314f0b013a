"""A top-up by `pull`: hello, packet, receipt (protocol.md, Delivery). Needs python3-cryptography."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from . import kernel
from .follow import learn, messages
from .form import private_key
from .guest import Host, again, attempt, clocks, say
from .https import post
from .packet import dh, open_packet, private
from .state import put_aside
from .wire import Reader, Refused, label, lp, refuse_unless, u64


def due(host: Host) -> bool:
    """Whether nine tenths of the statement's interval have passed since the last packet, or the clock was set back."""
    try:
        age = time.time() - (host.folder / "counter").stat().st_mtime
        return not 0 <= age * 1000 < host.statement().interval * 0.9
    except Exception:
        return True  # never done, or damaged: `once` says what


def hello(host: Host, serial: int, sk: Any) -> bytes:
    """A signed hello; the nonce over TLS is zero."""
    body = b"\1\1" + host.read("certificate")[9:25] + dh(sk)
    body += host.read("counter").rjust(8, b"\0") + serial.to_bytes(4, "big")
    key = private(b"p", private_key(host.read("identity"))[:32])
    signature: bytes = key.sign(label("hello") + host.id + bytes(16) + body)
    return body + signature


def need_cryptography() -> None:
    """Raise what python3-cryptography does when it is missing, too old, or may not do what a top-up needs."""
    dh(private(b"n", bytes(32)))
    private(b"p", bytes(32))
    ChaCha20Poly1305(bytes(32))


def pull(host: Host) -> dict[str, int]:
    """Counter, and return codes of mix and reseed, of one delivery. Raises OSError, Refused.

    The counter is durable before anything is mixed, so nothing is accepted twice. After a 403 the same hello goes out
    once more with certificate and statement: a host that lost its database knows the VM again.
    """
    kernel.reseed()
    statement = host.statement()
    # Not generate(): OpenSSL seeds its generator once in a process, maybe before this reseed.
    sk = private(b"n", os.urandom(32))
    greeting = hello(host, statement.serial, sk)
    status, answer = post(host, "/v1/packets", lambda _: greeting + bytes(3))
    if status == 403:
        proof = greeting + lp(host.read("certificate")) + b"\1" + lp(statement.raw)
        status, answer = post(host, "/v1/packets", lambda _: proof)
    refuse_unless(status == 200, f"http-{status}")
    arrived = clocks()
    r = Reader(answer)
    later = messages(r)
    packet = r.lp()
    r.end()
    statement = learn(host, statement, later)
    timestamp, counter, chunk, key = open_packet(packet, greeting, sk, host.read("psk"), host.id, statement.packet_pk)
    host.write("counter", u64(counter))
    rc_mix = kernel.mix(hashlib.sha512(label("packet") + chunk + arrived).digest(), 0)
    rc_reseed = kernel.reseed()
    receipt = u64(counter) + bytes([rc_mix, rc_reseed])
    receipt += hmac.digest(key, label("receipt") + receipt, "sha256")
    # A lost receipt is harmless: whatever fails, the packet is mixed, and is noted.
    received = attempt(
        "no receipt:", [0], again, lambda one: post(one, "/v1/receipts", lambda _: greeting[2:18] + receipt), host
    )[0]
    return {"counter": counter, "timestamp": timestamp, "rcMix": rc_mix, "rcReseed": rc_reseed, "receipt": received}


def once(host: Host) -> bool:
    """One top-up from one host, noted in `topup.json`: the last one done, refusals and damaged files by name.

    Nothing is looked at without the library: what it cannot read is not damaged for that. Raises OSError.
    """
    if attempt("no top-up: python3-cryptography is missing or older than 3.0, install it:", True, need_cryptography):
        return False
    codes = put_aside(host)
    lost = [name for name in ("certificate", "psk", "identity", "statement") if not host.read(name)]
    other = host.other()
    done = {}
    if lost:
        say(host.folder.name, "join again: no", *lost)
    elif other:
        say(host.folder.name, f"no top-up: enrolment of another instance ({other}…): join again, or run `generalize`")
        codes.append("instance")
    else:
        try:
            done = {"last": pull(host)}
        except Refused as refused:
            say(host.folder.name, refused)
            codes.append(str(refused))
    notes = attempt("topup.json:", None, host.notes)
    if (done or codes) and notes is not None:  # what cannot be read is not replaced
        notes.update(done)
        for code in codes:
            notes[code] = notes.get(code, 0) + 1
        host.write("topup.json", json.dumps(notes).encode())
    return bool(done)


def when_due(host: Host) -> bool:
    """A top-up for the timer, which fires more often than there is one to do."""
    return not due(host) or once(host)
