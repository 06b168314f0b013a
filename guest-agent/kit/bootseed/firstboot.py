"""Mixing the seed into the kernel and judging what that proved."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Sequence
from typing import Any

from . import kernel
from .guest import Guest, uptime
from .seed import Entry
from .wire import label, lp, u64


def seed_kernel(entries: Sequence[Entry], guest: Guest, spent: Collection[bytes] = ()) -> dict[str, Any]:
    """Mix every entry, then reseed once; returns the evidence (report JSON, without gate and host keys).

    256 bits are credited for each entry whose seedId is not in `spent`, else 0: never anything between. Two VMs that
    wrongly share a seed still differ, by boot_id, times, instance-id and machine-id.
    """
    rc_mix = 0 if entries else kernel.NOT_TRIED
    timeline: list[tuple[str, float]] = []
    for entry in entries:
        data = label("seed") + entry.pool + guest.boot_id16() + u64(time.monotonic_ns()) + u64(time.time_ns())
        data += lp(guest.instance_id().encode()) + lp(guest.text("/etc/machine-id").encode())
        rc = kernel.mix(hashlib.sha512(data).digest(), 0 if entry.seed_id in spent else 256)
        rc_mix = rc_mix or rc
    timeline.append(("mix", uptime()))
    rc_reseed = kernel.reseed()
    timeline.append(("reseed", uptime()))
    return {"rcMix": rc_mix, "rcReseed": rc_reseed, "timeline": timeline, **kernel.state(guest)}
