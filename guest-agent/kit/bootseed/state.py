"""Damaged state: put aside, said, counted, never silently reset (protocol.md, State on the guest)."""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from .guest import Host, say
from .packet import verify
from .seed import Statement
from .wire import Reader, refuse_unless

# In this order: the certificate is held against the identity.
SIZES = {"topup.json": 0, "counter": 8, "statement": 0, "psk": 32, "identity": 0, "certificate": 165}


def check(host: Host, name: str, raw: bytes) -> None:
    """Raise whatever comes to hand unless `raw` can be the file `name`."""
    right = SIZES[name] in (0, len(raw))
    if name == "topup.json":
        json.loads(raw).values()
    if name == "counter":
        right &= Reader(raw).number(8) < 2**53 - 1
    if name == "statement":
        right &= Statement(raw).host_id == host.id
    identity = host.read("identity")
    if name in ("identity", "certificate") and identity:
        key: Any = load_ssh_private_key(identity, None)
        if name == "certificate":
            verify(raw[:1] + raw[25:57], key.sign(b""), b"")  # the public half is this one's, and version 1
            right &= raw[1:9] == host.id
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
