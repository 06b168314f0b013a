"""`/usr/bin/python3 -I kit.pyz hook|claim|report|topup [now]|status [--root DIR]`; with a root each host is tried once.

`topup` asks the hosts whose interval is over, for the timer; `topup now` asks them all.
"""

from __future__ import annotations

import json
import random
import sys
import time

from bootseed import VERSION, claim, firstboot, report, scrub, topup
from bootseed.guest import Guest, each

ONCE = {"claim": claim.once, "report": report.once, "topup": topup.when_due, "now": topup.once}


def insist(guest: Guest, verb: str, tries: int) -> bool:
    """Run a verb for all hosts, 30 s each, until all are done; waits 5 s (± a quarter), then doubles."""
    for turn in range(tries):
        scrub.scrub(guest)
        if turn:
            time.sleep(random.uniform(2, 3) * 2**turn)  # noqa: S311 - jitter
        with guest.lock():
            if each(guest.hosts(), ONCE[verb], 30):
                return True
    return False


def main(verb: str, *options: str) -> bool:
    """Run one verb; whether it did its work. A top-up first gives open claims and reports their chance."""
    root = "".join(option for option in options if option[0] == "/")
    guest = Guest(root)
    if verb == "hook":
        firstboot.hook(guest)
    elif verb == "status":
        hosts = {host.id.hex(): host.status() for host in guest.hosts()}
        print(json.dumps({"schema": 1, "kit": VERSION, "gate": guest.gate(), "hosts": hosts, **guest.verdict()}))
    elif verb == "topup":
        return [insist(guest, step, 1) for step in ("claim", "report", "now" if "now" in options else verb)][2]
    else:
        done = insist(guest, verb, 1 if root else 7)
        if verb == "claim":
            firstboot.metadata(guest, "del")
        return done
    return True


sys.exit(not main(*sys.argv[1:]))
