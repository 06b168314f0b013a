"""The hook: seed into the kernel before any key exists, verdict, claim. Runs at every boot (docs/first-boot.md)."""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
from collections.abc import Collection, Sequence
from typing import Any

from . import claim, copies, kernel
from .guest import KEEP, RUN, Guest, Host, uptime, wipe, write
from .seed import Entry, parse_file
from .wire import Refused, label, lp, u64


def seed_kernel(entries: Sequence[Entry], guest: Guest, spent: Collection[bytes] = ()) -> dict[str, Any]:
    """Mix every entry, then reseed once; returns the evidence (report JSON, without gate and host keys).

    256 bits are credited for each entry whose seedId is not in `spent`, else 0: never anything between. Two VMs that
    wrongly share a seed still differ, by boot_id, times, instance-id and machine-id.
    """
    rc_mix = 0 if entries else kernel.NOT_TRIED
    for entry in entries:
        data = label("seed") + entry.pool + guest.boot_id16() + u64(time.monotonic_ns()) + u64(time.time_ns())
        data += lp(guest.instance_id().encode()) + lp(guest.text("/etc/machine-id").encode())
        rc_mix = kernel.mix(hashlib.sha512(data).digest(), 0 if entry.seed_id in spent else 256) or rc_mix
    mixed = uptime()
    rc_reseed = kernel.reseed()
    timeline = [("mix", mixed), ("reseed", uptime())]
    return {"rcMix": rc_mix, "rcReseed": rc_reseed, "timeline": timeline, **kernel.state(guest)}


def burn(guest: Guest, entries: Sequence[Entry]) -> set[bytes]:
    """Mark every seed as spent, durably, before it is used; returns the seedIds that were spent already.

    The mark guards credit: after a crash between burning and mixing, the seed is mixed again with credit 0.
    """
    spent = set()
    for entry in entries:
        host = Host(guest, entry.host_id)
        marks = host.read("spent")
        if entry.seed_id in [marks[i : i + 16] for i in range(0, len(marks), 16)]:
            spent.add(entry.seed_id)
        else:
            host.write("spent", marks + entry.seed_id)
    return spent


def forget(guest: Guest) -> None:
    """Drop what belongs to another instance (a snapshot's disk): identity, certificate, psk, counter; not `spent`."""
    for path in guest.at(KEEP).glob("*/*"):
        if path.name != "spent":
            wipe(path)


def remember(guest: Guest, entries: Sequence[Entry]) -> None:
    """Keep what the claim needs until it is final, and the statement; the pool is kept nowhere."""
    for entry in entries:
        host = Host(guest, entry.host_id)
        if not host.read("certificate"):
            host.write("claim", entry.seed_id + entry.claim_key + entry.psk0)
            host.write("statement", entry.statement.raw)


def judge(guest: Guest, hooked: float) -> None:
    """Take the seed file into the kernel and, on this instance's first boot, write the verdict; then tell the gate."""
    entries: list[Entry] = []
    try:
        entries = parse_file(guest.at(RUN + "seed").read_bytes())
    except (OSError, Refused) as error:
        print("bootseed: no seed:", error, flush=True)
    known = guest.verdict()
    if not known:
        forget(guest)
    ids = {entry.seed_id for entry in entries}
    try:
        spent, word = burn(guest, entries), ""
    except OSError as error:  # a mark that is not durable must not credit
        print("bootseed: cannot mark the seed as spent:", error, flush=True)
        spent, word = ids, "failed"
    evidence = seed_kernel(entries, guest, spent)
    if not known:
        if not word and ids - spent:
            word = "reseeded" if kernel.proven(evidence) else "unproven"
        evidence["timeline"].insert(0, ("hook", hooked))
        known = {
            "instanceId": guest.instance_id(),
            "bootId": guest.boot_id(),
            "verdict": word or ("spent" if spent else "no-seed"),
            "evidence": {**evidence, "hostKeysBefore": copies.host_keys(guest)},
        }
        write(guest.at(KEEP + "verdict.json"), json.dumps(known).encode())
    word = f"{known['verdict']} {known['evidence']['hostKeysBefore']}"
    write(guest.at(RUN + "verdict"), word.encode() + b"\n")
    if word == "reseeded 0" and evidence["rcReseed"] == 0:
        write(guest.at(RUN + "seeded"), b"")
        guest.start("bootseed-seeded.target")
    remember(guest, entries)


def hook(guest: Guest) -> None:
    """What the boothook runs, in the order that protocol and threat model need. Errors end in the log."""
    hooked = uptime()
    lock = guest.lock()
    try:
        judge(guest, hooked)
    except Exception:
        traceback.print_exc()
        write(guest.at(RUN + "verdict"), b"failed\n")
    wipe(guest.at(RUN + "seed"))
    try:
        next_boot = guest.at("/var/lib/systemd/random-seed")
        if next_boot.parent.exists():
            write(next_boot, os.urandom(512))
        claim.first(guest)
    except Exception:
        traceback.print_exc()
        guest.start("bootseed-claim.service")
    copies.scrub(guest)
    os.close(lock)
    guest.start("bootseed-report.service", "bootseed-topup.timer")
