"""The report: SSH host keys and evidence, signed by ssh-keygen (protocol.md, Report). Standard library only."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import VERSION
from .guest import KEEP, RUN, Guest, Host
from .https import post
from .wire import lp

TYPES = ("ssh-ed25519 ", "ecdsa-sha2-", "ssh-rsa ")


def sign(key: Path, namespace: str, data: bytes) -> bytes:
    """A binary SSHSIG over `data`; raises CalledProcessError."""
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", namespace]
    armored = subprocess.run(command, input=data, stdout=subprocess.PIPE, timeout=20, check=True).stdout
    return base64.b64decode(b"".join(armored.split(b"\n")[1:-2]))


def keys(guest: Guest) -> list[tuple[Path, str]]:
    """The SSH host keys: private key's path, and the public line without its comment."""
    found = []
    for path in sorted(guest.at("/etc/ssh").glob("ssh_host_*key")):
        line = " ".join(path.with_name(path.name + ".pub").read_text("ascii").split()[:2])
        if line.startswith(TYPES):
            found.append((path, line))
    return found


def timeline(host: Host, verdict: dict[str, Any]) -> list[tuple[str, float]]:
    """Seconds since power-on: what the hook noted, then claim, keys and sshd if they are of the same boot.

    Files tell the time by the wall clock, so theirs is counted from the verdict's file, written right after `reseed`.
    """
    guest = host.guest
    line: list[tuple[str, float]] = verdict["evidence"]["timeline"]
    wall = guest.at(KEEP + "verdict.json").stat().st_mtime
    made = [("claim", host.folder / "certificate")] + [("keys", path) for path, _ in keys(guest)][:1]
    for name, path in made:
        line.append((name, round(line[2][1] + max(0, path.stat().st_mtime - wall), 2)))
    if guest.boot_id() == verdict["bootId"] and not guest.root:
        command = ["systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", "ssh.service", "sshd.service"]
        shown = subprocess.run(command, stdout=subprocess.PIPE, timeout=20, check=False).stdout.split()
        line += [("sshd", round(int(start) / 1e6, 2)) for start in shown if int(start)][:1]
    return line


def body(host: Host) -> bytes:
    """The whole message: u32 length, JSON, the identity's signature, then one for each host key."""
    guest = host.guest
    verdict = guest.verdict()
    gate = guest.text(KEEP + "gate-done").split()
    hosted = keys(guest)
    document = {
        "hostId": host.id.hex(),
        "seedId": host.read("certificate")[9:25].hex(),
        "identityPk": host.identity().hex(),
        **verdict,
        "evidence": {
            **verdict["evidence"],
            "gate": gate[-1] if gate else "none",
            "timeline": timeline(host, verdict),
        },
        "hostKeys": [line for _, line in hosted],
        "versions": {"kit": VERSION, "python": sys.version.split()[0]},
    }
    data = json.dumps(document, separators=(",", ":")).encode()
    message = len(data).to_bytes(4, "big") + data + lp(sign(host.folder / "identity", "bootseed-report@v1", data))
    message += bytes([len(hosted)])
    return message + b"".join(lp(sign(path, "bootseed-host-key@v1", data)) for path, _ in hosted)


def once(host: Host) -> bool:
    """Report once in this boot; whether the host has it. Raises OSError, CalledProcessError."""
    done = host.guest.at(RUN + host.id.hex() + ".reported")
    if done.exists():
        return True
    if not host.read("certificate") or not keys(host.guest):
        return False
    message = body(host)
    status, _ = post(host.statement(), "/v1/reports", lambda _: message)
    print(f"bootseed: report {host.id.hex()}: {status}", flush=True)
    if status == 204:
        done.write_bytes(b"")
    return status == 204
