"""The claim: seed in, certificate and PSK out (protocol.md, Claim). Standard library only."""

from __future__ import annotations

import hashlib
import hmac

from . import kernel
from .guest import Host, damaged, wipe
from .https import post
from .wire import label, lp, refuse_unless


def once(host: Host) -> bool:
    """Claim once; whether the host gave a final answer (200, 403, 409, or enrolled before). Raises OSError, Refused.

    Every answer's 64 bytes are mixed and the kernel reseeded. The claim's secrets are wiped only when psk and
    certificate are durable; until then a lost answer or a reboot repeats the same claim.
    """
    material = host.read("claim")
    if host.other():
        return True
    if not material or host.certificate():  # enrolled, but the power went before the secrets were wiped
        wipe(host.folder / "claim")
        return True
    if len(material) != 80 or not (any(material[16:48]) and any(material[48:])):
        damaged(host.folder / "claim")
        return True
    instance = host.guest.instance_id().encode()
    if not instance:
        raise OSError("cloud-init has no instance-id yet")
    names = b"\1" + host.id + material[:16] + host.identity()
    body = names + host.guest.boot_id16() + lp(instance)
    status, answer = post(
        host, "/v1/claims", lambda pin: body + hmac.digest(material[16:48], label("claim") + pin + body, "sha256")
    )
    if status in (200, 202, 409):
        final = answer[:1] == b"\0"  # else open, contested or expired: without secret and certificate
        refuse_unless(answer < b"\4" and len(answer) == 65 + 197 * final, "malformed")
        kernel.mix(answer[1:65], 0)
        kernel.reseed()
        if final:
            certificate = answer[97:]
            refuse_unless(certificate.startswith(names + hashlib.sha256(instance).digest()), "mismatch")
            host.write("psk", hmac.digest(material[48:], label("claim") + answer[65:97], "sha256"))
            host.write("certificate", certificate)
            wipe(host.folder / "claim")
    return status in (200, 403, 409)
