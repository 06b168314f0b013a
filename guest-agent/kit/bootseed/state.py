"""Damaged state: put aside, said, counted, never silently reset (protocol.md, State on the guest)."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from .guest import Host, say
from .packet import verify
from .seed import Statement, point
from .wire import Reader, refuse_unless

# In this order: the identity is held against the certificate, and put aside, lest a join enrol another host's.
SIZES = {"topup.json": 0, "counter": 8, "issuer": 0, "statement": 0, "psk": 32, "certificate": 165, "identity": 0}


def check(host: Host, name: str, raw: bytes) -> None:
    """Raise whatever comes to hand unless `raw` can be the file `name`."""
    right = SIZES[name] in (0, len(raw))
    if name == "topup.json":
        json.loads(raw).values()
    if name == "counter":
        right &= Reader(raw).number(8) < 2**53 - 1
    if name in ("issuer", "statement"):
        right &= Statement(raw).host_id == host.id
    if name == "certificate":
        point(raw[25:57])
        right &= raw[:9] == b"\1" + host.id and raw[89:91] < b"\0\x20"
    if name == "identity":
        key: Any = load_ssh_private_key(raw, None)
        start, _, text, _, end = raw.split(b"-----")  # nothing before it, nothing behind it, nothing skipped
        base64.b64decode(text.replace(b"\n", b""), None, True)
        right &= not start and end in b"\n"
        certificate = host.read("certificate")
        if certificate:
            verify(certificate[:1] + certificate[25:57], key.sign(b""), b"")
    refuse_unless(raw and right, "malformed")


def put_aside(host: Host) -> list[str]:
    """Rename each damaged file to `<name>.corrupt`; returns `state-<name>` of each.

    The statement falls back to `issuer`. Without a counter it is counted from 0: one-time keys make a replay
    impossible, and the host sees the roll-back.
    """
    found = []
    for name in SIZES:
        path = host.folder / name
        if path.exists():
            try:
                check(host, name, host.read(name))
            except Exception:
                say(path, "is damaged")
                path.replace(str(path) + ".corrupt")
                found.append("state-" + name)
    issuer = host.read("issuer")
    if issuer and not host.read("statement"):
        host.write("statement", issuer)
    return found
