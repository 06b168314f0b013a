"""Whether bytes can be a file of the state (protocol.md, State on the guest). Standard library only; reads no file.

Each function decides by the bytes alone and raises Refused, or returns nothing, for those that cannot be the file: no
failure of a library, of memory or of the disk can look like damage.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from .seed import point
from .wire import Refused, refuse_unless

KIND = b"\0\0\0\x0bssh-ed25519\0\0\0 "
# PROTOCOL.key of OpenSSH: no cipher, no kdf, no kdf options, one key, whose public part has 51 bytes.
HEAD = b"openssh-key-v1\0" + b"\0\0\0\4none" * 2 + bytes(7) + b"\1\0\0\x003" + KIND


def private_key(raw: bytes) -> bytes:
    """Seed and public key, 32 bytes each, of an OpenSSH file without passphrase and comment; else raises Refused.

    Exactly as ssh-keygen writes it for the kit, but for line breaks: what is read here is the same as what these two
    keys and its random check give when written again.
    """
    text = re.fullmatch(
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n((?:[A-Za-z0-9+/]\n?){312})-----END OPENSSH PRIVATE KEY-----\n?",
        raw,
    )
    written = base64.b64decode(text[1]) if text else b""
    public, seed = written[62:94], written[161:193]
    inner = written[98:102] * 2 + KIND + public + b"\0\0\0@" + seed + public + b"\0\0\0\0\1\2\3\4\5"
    refuse_unless(written == HEAD + public + b"\0\0\0\x88" + inner, "malformed")
    return seed + public


def certified(raw: bytes, host_id: bytes) -> bool:
    """Whether it is a certificate of that host: 165 bytes, no small-order key, a time that is one."""
    try:
        point(raw[25:57])
    except Refused:
        return False
    return len(raw) == 165 and raw[:9] == b"\1" + host_id and raw[89:91] < b"\0\x20"


def instance_hash(name: str) -> bytes:
    """SHA-256 of an instance-id, as certificates carry it."""
    return hashlib.sha256(name.encode()).digest()


def instance_record(raw: bytes) -> bytes:
    """The instance's hash in the file `instance`, which has the SHA-256 of that behind it; empty unless it is right."""
    return raw[:32] if raw[32:] == hashlib.sha256(raw[:32]).digest() else b""


WRONG = ValueError, LookupError, TypeError, AttributeError, RecursionError


def counts(raw: bytes) -> dict[str, Any]:
    """`topup.json`: counts by name, and `last` with numbers in it; raises Refused for all else.

    A number below 0 or of over 16 digits makes it no JSON: python may take minutes for it, or not write it again.
    """
    try:
        found: dict[str, Any] = json.loads(re.sub(r"\d{17}|:\s*-", ".", raw.decode()))
        last = found.get("last", {})
        right = {*map(type, [*{**found, "last": 0}.values(), *last.values()])} == {int}
    except WRONG:
        right = False
    refuse_unless(right, "malformed")
    return found


def proof(raw: bytes) -> dict[str, Any]:
    """`verdict.json` when it has all that gate and report read of it; else empty."""
    try:
        found: dict[str, Any] = json.loads(raw)
        evidence = found["evidence"]
        right = {*map(type, (found["instanceId"], found["bootId"]))} == {str}
        right &= found["verdict"] in ("reseeded", "unproven", "spent", "no-seed", "failed")
        right &= type(evidence["hostKeysBefore"]) is int  # a bool is none
        right &= type(evidence["timeline"][-1][1]) in (int, float) and evidence["timeline"][-1][1] >= 0
    except WRONG:
        right = False
    return found if right else {}
