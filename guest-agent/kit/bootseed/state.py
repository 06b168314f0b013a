"""Damaged state: put aside, said, counted, never silently reset (protocol.md, State on the guest)."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .form import KIND, certified, counts, private_key
from .guest import FILES, Host, attempt, damaged, say
from .packet import private
from .seed import Statement
from .wire import Refused, refuse_unless

# In this order: the identity is held against the certificate.
CHECKED = [*FILES, "certificate", "identity"]


def outvoted(host: Host, enrolled: bytes) -> bool:
    """Whether `identity` and `identity.pub` agree on another key than the certificate's: then that one is damaged."""
    try:
        public = private_key(host.read("identity"))[32:]
    except Refused:
        return False
    return public != enrolled and base64.b64encode(KIND + public) in host.read("identity.pub")


def check(host: Host, name: str, raw: bytes) -> None:
    """Raise Refused when `raw` cannot be the file `name`; raises what the library does as well, which is no damage.

    Of an identity and a certificate that do not belong together the certificate is refused if `identity.pub` fits
    the identity; else the key, lest a join enrol another host's.
    """
    right = True
    if name == "topup.json":
        counts(raw)
    elif name == "counter":
        right = len(raw) == 8 and int.from_bytes(raw, "big") < 2**53 - 1
    elif name == "psk":
        right = len(raw) == 32
    elif name == "certificate":
        right = certified(raw, host.id) and not outvoted(host, raw[25:57])
    elif name == "identity":
        pair = private_key(raw)
        public = private(b"p", pair[:32]).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        right = public == pair[32:] and host.certificate()[25:57] in (b"", public)
    else:
        right = Statement(raw).host_id == host.id
    refuse_unless(right, "malformed")


def put_aside(host: Host) -> list[str]:
    """Rename each damaged file to `<name>.corrupt`; returns `state-<name>` of each.

    Damaged is what its own bytes say cannot be the file, or what is no file. Whatever else fails (a disk that does not
    read, a library that is missing) is raised and nothing is renamed; but a top-up goes on without counts and issuer.
    The statement falls back to `issuer`. Without a counter it is counted from 0: one-time keys make a replay
    impossible, and the host sees the roll-back.
    """
    found = []
    for name in CHECKED:
        path = host.folder / name
        try:
            if os.path.lexists(path):
                check(host, name, host.read(name))
        except Refused:
            damaged(path)
            found.append("state-" + name)
        except Exception as error:
            if name not in ("topup.json", "issuer"):
                raise
            say(path, error)
    if not host.read("statement"):
        issuer = attempt("issuer:", b"", host.read, "issuer")
        if issuer:
            host.write("statement", issuer)
    return found
