"""The report: SSH host keys and evidence, signed by ssh-keygen (protocol.md, Report). Standard library only."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from . import VERSION
from .firstboot import uptime
from .guest import KEEP, RUN, Host, attempt, output, say, write
from .hostkeys import find, prove, sign
from .https import post
from .origin import foreign

MOST_BYTES = 16384
NO_KEY = "no SSH host key to report yet"
# What is not known may not fail a report.
UNKNOWN = "not known:"


def sshd_started(host: Host) -> list[tuple[str, float]]:
    """When sshd's service was started in this boot, in seconds since power-on; empty when that is not known.

    systemd says 0 for a unit that was never active, as for sshd behind ssh.socket. `-P` is younger than systemd 245.
    """
    if host.guest.gate() == "none":
        return []
    shown = output(["systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "ssh", "sshd"])
    latest = max(map(int, re.findall(rb"\d+", shown)), default=0)
    return [("sshd", latest / 1e6)] if latest else []


def timeline(host: Host, verdict: dict[str, Any], keys: Collection[Path]) -> list[tuple[str, float]]:
    """Seconds since power-on: what the hook noted, claim, keys and sshd. Sorted: a claim without a network comes later.

    Files tell the time by the wall clock, so theirs is counted from the verdict's file, written right after `reseed`. A
    clock that was set between them gives times that cannot be: those are left out, as the host would refuse them.
    """
    line: list[tuple[str, float]] = list(verdict["evidence"]["timeline"])
    reseed = line[-1][1]
    base = reseed - host.guest.at(KEEP + "verdict.json").stat().st_mtime
    for name, path in ("claim", host.folder / "certificate"), ("keys", list(keys)[-1]):
        at = round(base + path.stat().st_mtime, 2)
        if reseed <= at <= uptime():
            line.append((name, at))
    if host.guest.boot_id() == verdict["bootId"]:
        line += attempt(UNKNOWN, [], sshd_started, host)
    return sorted(line, key=lambda entry: entry[1])


def message(host: Host, keys: dict[Path, str], remarks: list[str]) -> bytes:
    """The report of these keys, empty without any; a key that cannot sign is taken out, with a remark."""
    guest = host.guest
    while keys:
        document = guest.verdict()
        if not document:
            raise OSError("verdict.json is missing or damaged: the next boot writes it")
        evidence = document["evidence"]
        document.update(
            hostId=host.id.hex(),
            seedId=host.read("certificate")[9:25].hex(),
            identityPk=host.identity().hex(),
            hostKeys=list(keys.values()),
            versions={"kit": VERSION, "python": sys.version.split()[0]},
        )
        before = attempt(UNKNOWN, len(keys), foreign, guest, keys, document)
        evidence["hostKeysBefore"] = max(evidence["hostKeysBefore"], before)
        evidence["timeline"] = attempt(UNKNOWN, evidence["timeline"], timeline, host, document, keys)
        evidence["gate"] = guest.gate()
        if remarks:
            evidence["remarks"] = [ascii(remark)[1:-1][:255] for remark in remarks[:16]]
        data = json.dumps(document).encode()
        signed = len(data).to_bytes(4, "big") + data + sign(host.folder / "identity", "report", data)
        signed += bytes([len(keys)])
        why: object = "over 8 keys or 16 KiB"
        for path, line in keys.items():
            try:
                signed += prove(host, path, line, data)
            except OSError as error:
                why = error
                break
        else:
            if len(signed) <= MOST_BYTES and len(keys) < 9:
                return signed
        remarks.append(f"{path}: {why}")
        del keys[path]
    return b""


def once(host: Host) -> bool:
    """Report once in this boot; whether the host has it. Raises OSError."""
    done = host.guest.at(RUN + host.id.hex())
    if host.other():
        return True
    if done.exists() or not host.certificate():
        return done.exists()
    keys, remarks = find(host.guest)
    signed = message(host, keys, remarks)
    for remark in remarks:
        say(remark)
    if not signed:
        say(NO_KEY)
        return False
    status, _ = post(host, "/v1/reports", lambda _: signed)
    if status == 403 and remarks:  # a host of an older version knows no remarks
        signed = message(host, keys, [])
        status, _ = post(host, "/v1/reports", lambda _: signed)
    if status == 204:
        write(done, b"")
    return status == 204
