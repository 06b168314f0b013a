"""The hook: seed into the kernel before any key exists, verdict, claim. Runs at every boot (docs/first-boot.md)."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from . import claim, kernel
from .form import instance_hash
from .guest import (
    ENROLMENT,
    KEEP,
    RUN,
    Guest,
    Host,
    aside,
    attempt,
    clocks,
    damaged,
    each,
    load,
    plain,
    say,
    sync,
    wipe,
    write,
)
from .hostkeys import shown
from .scrub import remember, scrub
from .seed import Entry, parse_file
from .wire import Refused, label, lp


def uptime() -> float:
    """Seconds since power-on of this kernel, rounded to 10 ms."""
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 2)


def seed_kernel(entries: Sequence[Entry], guest: Guest, spent: Collection[bytes] = ()) -> dict[str, Any]:
    """Mix every entry, then reseed once; returns the evidence (report JSON, without gate and host keys).

    256 bits are credited for each entry whose seedId is not in `spent`, else 0: never anything between. Two VMs that
    wrongly share a seed still differ, by boot_id, times, instance-id and machine-id.
    """
    rc_mix = 0 if entries else kernel.NOT_TRIED
    for entry in entries:
        data = label("seed") + entry.pool + guest.boot_id16() + clocks()
        data += lp(guest.instance_id().encode()) + lp(guest.text("/etc/machine-id").encode())
        rc_mix = kernel.mix(hashlib.sha512(data).digest(), 0 if entry.seed_id in spent else 256) or rc_mix
    mixed = uptime()
    rc_reseed = kernel.reseed()
    timeline = [("mix", mixed), ("reseed", uptime())]
    return {"rcMix": rc_mix, "rcReseed": rc_reseed, "timeline": timeline, **kernel.state(guest)}


def burn(guest: Guest, entries: Sequence[Entry]) -> set[bytes]:
    """Mark every seed as spent, durably, before it is used; returns the seedIds that must not be credited.

    The mark guards credit: after a crash between burning and mixing, the seed is mixed again with credit 0. A mark that
    cannot be made durable, or be read, forbids credit as well; where it is lost, claim and certificate name the
    seed, also those put aside.
    """
    spent = set()
    for entry in entries:
        host = Host(guest, entry.host_id)
        try:
            marks = host.read("spent")
            # Claims and certificates, also those put aside. Anywhere in them: ids are random, and one found by mistake
            # would cost only credit.
            if entry.seed_id in marks + b"".join(map(load, host.folder.glob("c[el]*"))):
                raise OSError("the seed is spent")
            host.write("spent", marks + entry.seed_id)
        except OSError as error:
            say(error)
            spent.add(entry.seed_id)
    return spent


# cloud-init writes this right before it makes an instance's host keys.
MADE = "/var/lib/cloud/instance/sem/config_ssh"


def host_keys(guest: Guest) -> int:
    """Delete SSH host keys that came with the image; returns how many are left: with 0, all others come after the seed.

    Only while cloud-init has not made this instance's own; else the second boot would have an sshd without keys. Keys
    at other places that sshd_config names are counted, not deleted: nothing would make them again. A folder is no key.
    """
    made = guest.at(MADE).exists()
    keys = set(guest.at("/etc/ssh").glob("ssh_host_*key*"))
    for path in keys:
        if not made and not path.is_dir():
            attempt(path, None, path.unlink)
    return sum(path.exists() > path.is_dir() for path in keys.union(shown(guest)))


def metadata(guest: Guest, verb: str) -> None:
    """Close (`add`) or open (`del`) the metadata addresses to every uid but 0, and do-agent's where it exists.

    One shell for all: each process is dear in a VM that is emulated, and sshd waits.
    """
    rules = f"-4 rule {verb} to 169.254.169.254' '-6 rule {verb} to fd00:ec2::254' '-6 rule {verb} to fe80::a9fe:a9fe"
    guest.run(
        f"u=$(id -u do-agent 2>&-);for a in '{rules}';do ip $a uidrange 1-4294967294 pref 169 prohibit;"
        "[ $u ]&&ip $a uidrange $u-$u pref 168 table main;done"
    )


def claims(guest: Guest) -> bool:
    """The claim in the hook: metadata closed until every host has answered; returns whether one has not.

    All hosts at once, in children that are killed after 5 s. Identities are made before: a killed child leaves nothing.
    """
    hosts = [host for host in guest.hosts() if host.read("claim")]
    if not hosts:
        return False
    metadata(guest, "add")
    for host in hosts:
        host.identity()
    done = each(hosts, claim.once, 5)
    if done:
        metadata(guest, "del")
    return not done


def settle(guest: Guest) -> None:
    """Put aside what belongs to another instance, and take back what was put aside when this was another one.

    Nothing is destroyed, so that a wrong instance-id costs one boot. Raises OSError.
    """
    for host in guest.hosts():
        folder, other = host.folder, host.other()
        if other:
            now = guest.names()[0].hex()[:8]
            say(f"{folder.name}: enrolment of instance {other}…, this is {now}…: put aside, *.{other}")
            for name in ENROLMENT:
                aside(folder / name, "." + other)
        for known in guest.names():
            end = "." + known.hex()[:8]
            if not host.read("certificate") and host.read("certificate" + end):
                say(folder.name, "is this instance again: back, *" + end)
                for name in ENROLMENT:
                    if plain(folder / (name + end)):
                        (folder / (name + end)).replace(folder / name)


def laid(guest: Guest) -> list[Entry]:
    """The entries of the seed file. Raises OSError, ValueError, Refused."""
    seed = load(guest.at(RUN + "seed"))
    if seed:
        remember(guest, seed)
        if not any(seed):
            raise ValueError("already used, blanked")
    return parse_file(seed)


def recall(guest: Guest, path: Path) -> dict[str, Any]:
    """The verdict of this instance, empty before it; a damaged file is put aside. Raises OSError."""
    known = guest.verdict()
    if not known and os.path.lexists(path) and not guest.found():
        damaged(path)
    return known


def judge(guest: Guest, hooked: float) -> None:
    """Take the seed file into the kernel and, on this instance's first boot, write the verdict; then tell the gate.

    A verdict that got lost later is written once more; that the gate once opened for this instance proves it too. It
    gets the time of that, and no boot's id, since host keys are compared with it.
    """
    entries: list[Entry] = attempt("no seed:", [], laid, guest)
    attempt("settle:", None, settle, guest)
    path = guest.at(KEEP + "verdict.json")
    known = attempt(path, None, recall, guest, path)
    readable = known is not None
    spent = burn(guest, entries)
    evidence = seed_kernel(entries, guest, spent)
    for entry in entries:  # before all that could fail: what is burnt comes only once
        attempt("no claim:", None, keep, Host(guest, entry.host_id), entry)
    if not known:
        word = "reseeded" if kernel.proven(evidence) else "unproven"
        if len(entries) == len(spent):
            word = "spent" if spent else "no-seed"
        evidence["timeline"].insert(0, ("hook", hooked))
        boot, times = guest.boot_id(), []
        if guest.gate(guest.instance_id() or "?") in ("passed", "held"):
            word, evidence["hostKeysBefore"], boot = "reseeded", 0, "0" * 32
            times = [file.stat().st_mtime for file in map(guest.at, (KEEP + "gate-done", MADE)) if file.exists()]
        else:
            evidence["hostKeysBefore"] = host_keys(guest)
        known = {"instanceId": guest.instance_id(), "bootId": boot, "verdict": word, "evidence": evidence}
        if readable:
            write(path, json.dumps(known).encode())
            if times:  # not later than the keys that were made after the first verdict
                os.utime(path, (min(times), min(times)))
                sync(path)
    word = f"{known['verdict']} {known['evidence']['hostKeysBefore']}"
    write(guest.at(RUN + "verdict"), word.encode() + b"\n")
    if word == "reseeded 0" and evidence["rcReseed"] == 0:
        write(guest.at(RUN + "seeded"), b"")
        guest.start("bootseed-seeded.target")


def keep(host: Host, entry: Entry) -> None:
    """What the claim needs until it is final; the pool is kept nowhere. Raises OSError."""
    if not host.certificate():
        name = host.guest.instance_id()
        if name:
            mine = instance_hash(name)
            host.write("instance", mine + hashlib.sha256(mine).digest())
        host.write("claim", entry.seed_id + entry.claim_key + entry.psk0)
        try:
            newer = host.statement().serial > entry.statement.serial
        except Refused:
            newer = False
        if not newer:
            host.write("statement", entry.statement.raw)


def hook(guest: Guest) -> None:
    """What the boothook runs, in the order that protocol and threat model need. Errors end in the log."""
    hooked = uptime()
    with guest.lock():
        if attempt("failed:", True, judge, guest, hooked):
            attempt("failed:", None, write, guest.at(RUN + "verdict"), b"failed\n")
        attempt("seed:", None, wipe, guest.at(RUN + "seed"))
        next_boot = guest.at("/var/lib/systemd/random-seed")
        if next_boot.parent.exists():
            attempt(next_boot, None, write, next_boot, os.urandom(512))
        if attempt("no claim:", True, claims, guest):
            guest.start("bootseed-claim")
        guest.start("bootseed-report bootseed-topup.timer")  # they wait for the lock
        scrub(guest)
