"""Verbs: hook, claim, report, topup, status, unlock."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

from . import VERSION, claim, firstboot, report
from .guest import KEEP, Guest, Host


def insist(guest: Guest, attempt: Callable[[Host], bool], tries: int) -> int:
    """Try every host until each is done; waits 5 s (± a quarter), then twice as long each time. 1 = gave up."""
    delay = 5.0
    while True:
        open_hosts = 0
        for host in guest.hosts():
            lock = guest.lock()
            try:
                open_hosts += not attempt(host)
            except Exception as error:  # one dead host must not keep the others from their turn
                print(f"bootseed: {host.id.hex()}: {error}", flush=True)
                open_hosts += 1
            finally:
                os.close(lock)
        tries -= 1
        if not open_hosts or tries < 1:
            return bool(open_hosts)
        time.sleep(delay * (0.75 + os.urandom(1)[0] / 512))
        delay *= 2


def topup(guest: Guest) -> int:
    """One top-up from every host; claims and reports that are still open get their chance first."""
    insist(guest, claim.once, 1)
    insist(guest, report.once, 1)
    try:
        from .topup import once
    except ImportError:
        print("bootseed: top-ups need python3-cryptography: install it (apt install python3-cryptography)", flush=True)
        return 69
    return insist(guest, once, 1)


def status(guest: Guest) -> dict[str, object]:
    """What `status --json` prints, schema 1."""
    hosts = [
        {
            "hostId": host.id.hex(),
            "enrolled": bool(host.read("certificate")),
            "counter": int.from_bytes(host.read("counter"), "big"),
            "addresses": host.statement().addresses,
            "topUp": json.loads(host.read("topup.json") or b"null"),
        }
        for host in guest.hosts()
    ]
    gate = guest.text(KEEP + "gate-done").split()
    return {"schema": 1, "kit": VERSION, "gate": gate[-1:], "hosts": hosts, **guest.verdict()}


def main(arguments: list[str]) -> int:
    """Run one verb: `VERB [--root DIR] [--tries N] [--json]`; returns the exit code."""
    given = dict(zip(arguments[1:], [*arguments[2:], ""]))
    guest = Guest(given.get("--root", ""))
    tries = int(given.get("--tries", 7))
    verb = arguments[0] if arguments else ""
    if verb == "hook":
        firstboot.hook(guest)
    elif verb == "claim":
        code = insist(guest, claim.once, tries)
        claim.metadata(guest, "del")
        return code
    elif verb == "report":
        return insist(guest, report.once, tries)
    elif verb == "topup":
        return topup(guest)
    elif verb == "status":
        shown = status(guest)
        print(json.dumps(shown, indent=None if "--json" in arguments else 1))
    else:
        print("usage: kit.pyz hook|claim|report|topup|status [--root DIR] [--tries N] [--json]", file=sys.stderr)
        return 64
    return 0
