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
from .wire import Reader, Refused, refuse_unless

KIND = b"\0\0\0\x0bssh-ed25519\0\0\0 "
# PROTOCOL.key of OpenSSH: no cipher, no kdf, no kdf options, one key, whose public part has 51 bytes.
HEAD = b"openssh-key-v1\0" + b"\0\0\0\4none" * 2 + bytes(7) + b"\1\0\0\x003" + KIND


def private_key(raw: bytes) -> bytes:
    """Seed and public key, 32 bytes each, of an OpenSSH file without a passphrase; raises Refused for all else.

    Exactly as ssh-keygen writes it: nothing before it, nothing behind it, nothing skipped.
    """
    text = re.fullmatch(rb"-----BEGIN OPENSSH PRIVATE KEY-----\n([\w+/=\n]+)-----END OPENSSH PRIVATE KEY-----\n?", raw)
    written = text[1].replace(b"\n", b"") if text else b""
    try:
        r = Reader(base64.b64decode(written))
    except ValueError:
        raise Refused("malformed") from None
    right = base64.b64encode(r.data) == written and r.take(len(HEAD)) == HEAD
    public = r.take(32)
    inner = Reader(r.take(r.number(4)))
    r.end()
    right &= inner.take(4) == inner.take(4) and inner.take(len(KIND) + 32) == KIND + public
    right &= inner.number(4) == 64
    seed = inner.take(32)
    right &= inner.take(32) == public
    inner.take(inner.number(4))
    padding = inner.data[inner.at :]
    right &= len(inner.data) % 8 == 0 and padding == bytes(range(1, 8))[: len(padding)]
    refuse_unless(right, "malformed")
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


def counts(raw: bytes) -> dict[str, Any]:
    """`topup.json`: counts by name, and `last` with numbers in it; raises Refused for all else.

    Its form is looked at first, so that no depth and no size of a number is too much for the JSON parser.
    """
    number = rb'\s*"[\w. -]+"\s*:\s*\d{1,16}\s*(,|(?=\}))'
    last = rb'\s*"last"\s*:\s*\{(' + number + rb")*\s*\}\s*(,|(?=\}))"
    refuse_unless(re.fullmatch(rb"\s*\{(" + last + b"|" + number + rb")*\s*\}\s*", raw), "malformed")
    try:
        found: dict[str, Any] = json.loads(raw)
    except ValueError:  # a comma too many, a number that begins with 0
        raise Refused("malformed") from None
    refuse_unless(isinstance(found.get("last", {}), dict), "malformed")
    return found


def proof(raw: bytes) -> dict[str, Any]:
    """`verdict.json` when it has all that gate and report read of it; else empty."""
    try:
        found: dict[str, Any] = json.loads(raw)
        evidence = found["evidence"]
        right = {*map(type, (found["instanceId"], found["bootId"], found["verdict"]))} == {str}
        right &= found["verdict"] in ("reseeded", "unproven", "spent", "no-seed", "failed")
        right &= isinstance(evidence["hostKeysBefore"], int)
        right &= evidence["timeline"][-1][1] >= 0
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):  # what such bytes make of json, and of us
        return {}
    return found if right else {}
