"""The kernel's generator: mix, forced reseed, and what counts as evidence (docs/first-boot.md).

Mixing, even credited, does not reach getrandom before the next periodic reseed: RNDRESEEDCRNG makes it so.
"""

from __future__ import annotations

import fcntl
import os
import struct
from typing import Any

from .guest import Guest, fork, join

RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207
NOT_TRIED = 255
ENODATA = 61


def ioctl(request: int, argument: bytearray) -> int:
    """One ioctl on /dev/random; 0 or the errno."""
    try:
        with open("/dev/random", "r+b", 0) as device:  # noqa: PTH123
            fcntl.ioctl(device, request, argument)
        return 0
    except OSError as error:
        return error.errno or NOT_TRIED


def mix(data: bytes, credit_bits: int) -> int:
    """Mix `data` into the kernel's pool and credit 0 or 256 bits; 0 or the errno.

    A bytearray, because fcntl.ioctl refuses other buffers over 1,024 bytes; its length is the real one.
    """
    request = bytearray(struct.pack("ii", credit_bits, len(data)) + data)
    rc = ioctl(RNDADDENTROPY, request)
    request[:] = bytes(len(request))
    return rc


def reseed() -> int:
    """Reseed the generator from the pool now; 0 or the errno.

    ENODATA: not ready yet. A *blocking* getrandom makes the kernel seed itself (a polling one would not): 30 s at most.
    """
    rc = ioctl(RNDRESEEDCRNG, bytearray(8))
    if rc == ENODATA and join([fork(30, lambda: os.getrandom(1))]):
        rc = ioctl(RNDRESEEDCRNG, bytearray(8))
    return rc


def state(guest: Guest) -> dict[str, Any]:
    """What the kernel says of its generator. `rngCurrent` is the device behind /dev/hwrng, None where there is none."""
    rng = guest.text("/sys/class/misc/hw_random/rng_current")
    return {
        "kernel": os.uname().release,
        "poolsize": int(guest.text("/proc/sys/kernel/random/poolsize") or 0),
        "fipsEnabled": int(guest.text("/proc/sys/crypto/fips_enabled") or 0),
        "rngCurrent": None if rng in ("", "none") else rng,
    }


def proven(evidence: dict[str, Any]) -> bool:
    """Whether the reseed counts: both codes 0, no FIPS generator in front, and the generator of 5.18 (poolsize 256).

    Older ones reseed from themselves or skip a reseed below 128 credited bits; `uname -r` cannot tell, poolsize can.
    """
    return [evidence[k] for k in ("rcMix", "rcReseed", "poolsize")] == [0, 0, 256] and evidence["fipsEnabled"] != 1
