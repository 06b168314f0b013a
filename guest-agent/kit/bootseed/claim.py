"""The claim: seed in, certificate and PSK out (protocol.md, Claim). Standard library only."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Sequence
from signal import SIGKILL

from . import kernel
from .guest import Guest, Host, wipe
from .https import post
from .wire import Reader, Refused, label, lp

LOCKED = (("-4", "169.254.169.254/32"), ("-6", "fd00:ec2::254/128"), ("-6", "fe80::a9fe:a9fe/128"))


def metadata(guest: Guest, verb: str) -> None:
    """Close (`add`) or open (`del`) the metadata addresses to every uid but 0, and do-agent's where it exists."""
    for family, address in LOCKED:
        rule = ["ip", family, "rule", verb, "to", address, "uidrange"]
        guest.run(*rule, "1-4294967294", "pref", "169", "prohibit")
        for line in guest.text("/etc/passwd").splitlines():
            if line.startswith("do-agent:"):
                guest.run(*rule, "-".join([line.split(":")[2]] * 2), "pref", "168", "lookup", "main")


def encode(host: Host, material: bytes, pin: bytes) -> bytes:
    """The request: body and MAC over the certificate's pin and the body. `material` is the folder's `claim` file."""
    guest = host.guest
    body = b"\1" + host.id + material[:16] + host.identity() + guest.boot_id16()
    body += lp(guest.instance_id().encode())
    return body + hmac.digest(material[16:48], label("claim") + pin + body, "sha256")


def once(host: Host) -> bool:
    """Claim once; whether the host gave a final answer (200, 403, 409, or enrolled before). Raises OSError, Refused.

    Every answer's 64 bytes are mixed and the kernel reseeded. The claim's secrets are wiped only when psk and
    certificate are durable; until then a lost answer or a reboot repeats the same claim.
    """
    material = host.read("claim")
    if not material:
        return True
    status, answer = post(host.statement(), "/v1/claims", lambda pin: encode(host, material, pin))
    print(f"bootseed: claim {host.id.hex()}: {status}", flush=True)
    if status in (200, 202, 409):
        r = Reader(answer)
        state = r.number(1)
        fresh = r.take(64)
        secret, certificate = (b"", b"") if state else (r.take(32), r.take(165))
        r.end()
        kernel.mix(fresh, 0)
        kernel.reseed()
        if not state:
            about = hashlib.sha256(host.guest.instance_id().encode()).digest()
            if certificate[:89] != b"\1" + host.id + material[:16] + host.identity() + about:
                raise Refused("mismatch: the certificate is not this VM's")
            host.write("psk", hmac.digest(material[48:], label("claim") + secret, "sha256"))
            host.write("certificate", certificate)
            wipe(host.folder / "claim")
    return status in (200, 403, 409)


def race(hosts: Sequence[Host]) -> bool:
    """Claim from all hosts at once, in children that are killed after 5 s; whether every host gave a final answer.

    Killed, because getaddrinfo has no time-out. The identity is made before the fork: a killed child leaves no process.
    """
    children: dict[int, int | None] = {}
    for host in hosts:
        host.identity()
        pid = os.fork()
        if not pid:
            try:
                os._exit(not once(host))
            except BaseException as error:
                print("bootseed: claim:", error, flush=True)
                os._exit(1)
        children[pid] = None
    end = time.monotonic() + 5
    while None in children.values():
        for pid in [pid for pid, code in children.items() if code is None]:
            if time.monotonic() > end:
                os.kill(pid, SIGKILL)
            done, code = os.waitpid(pid, os.WNOHANG)
            if done:
                children[pid] = code
        time.sleep(0.01)
    return not any(children.values())


def first(guest: Guest) -> None:
    """The claim in the hook: metadata closed until every host has answered; bootseed-claim.service asks on."""
    hosts = [host for host in guest.hosts() if host.read("claim")]
    if hosts:
        metadata(guest, "add")
        if race(hosts):
            metadata(guest, "del")
        else:
            guest.start("bootseed-claim.service")
