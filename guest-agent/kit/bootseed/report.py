"""The report: SSH host keys and evidence, signed by ssh-keygen (protocol.md, Report). Standard library only."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from . import VERSION
from .firstboot import uptime
from .guest import KEEP, RUN, Host, output, write
from .https import post
from .wire import lp


def sign(key: Path, kind: str, data: bytes) -> bytes:
    """A binary SSHSIG over `data`, length-prefixed; raises CalledProcessError."""
    armored = output(["ssh-keygen", "-qYsign", "-n", f"bootseed-{kind}@v1", "-f", key], data)
    return lp(base64.b64decode(b"".join(armored.split(b"\n")[1:-2])))


def timeline(host: Host, verdict: dict[str, Any], keys: list[Path]) -> list[tuple[str, float]]:
    """Seconds since power-on: what the hook noted, claim, keys and sshd. Sorted: a claim without a network comes later.

    Files tell the time by the wall clock, so theirs is counted from the verdict's file, written right after `reseed`. A
    clock that was set between them gives times that cannot be: those are left out, as the host would refuse them.
    """
    line: list[tuple[str, float]] = verdict["evidence"]["timeline"]
    reseed = line[-1][1]
    base = reseed - host.guest.at(KEEP + "verdict.json").stat().st_mtime
    for name, path in ("claim", host.folder / "certificate"), ("keys", keys[-1]):
        at = round(base + path.stat().st_mtime, 2)
        if reseed <= at <= uptime():
            line.append((name, at))
    if host.guest.gate() != "none" and host.guest.boot_id() == verdict["bootId"]:
        started = output(["systemctl", "show", "-PActiveEnterTimestampMonotonic", "ssh", "sshd"]).split()
        line.append(("sshd", max(map(int, started)) / 1e6))
    return sorted(line, key=lambda entry: entry[1])


def once(host: Host) -> bool:
    """Report once in this boot; whether the host has it. Raises OSError, CalledProcessError."""
    guest = host.guest
    done = guest.at(RUN + host.id.hex())
    certificate = host.read("certificate")
    keys = sorted(guest.at("/etc/ssh").glob("ssh_host_[er]*key"))  # ecdsa, ed25519, rsa; cloud-init makes a dsa one too
    if done.exists() or not (certificate and keys):
        return done.exists()
    document = guest.verdict()
    document.update(
        hostId=host.id.hex(),
        seedId=certificate[9:25].hex(),
        identityPk=host.identity().hex(),
        hostKeys=[" ".join(path.with_suffix(".pub").read_text().split()[:2]) for path in keys],
        versions={"kit": VERSION, "python": sys.version.split()[0]},
    )
    document["evidence"].update(gate=guest.gate(), timeline=timeline(host, document, keys))
    data = json.dumps(document).encode()
    message = len(data).to_bytes(4, "big") + data + sign(host.folder / "identity", "report", data) + bytes([len(keys)])
    for path in keys:
        message += sign(path, "host-key", data)
    status, _ = post(host, "/v1/reports", lambda _: message)
    if status == 204:
        write(done, b"")
    return status == 204
