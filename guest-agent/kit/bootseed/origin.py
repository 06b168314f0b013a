"""Which host keys were not made on this VM after its verdict. Standard library only."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .firstboot import uptime
from .guest import KEEP, Guest

# What the user, the vendor and the image told cloud-init, as it was given and as it was merged.
SOURCES = "var/lib/cloud/instance/**/*", "etc/cloud/**/*"


def foreign(guest: Guest, keys: Collection[Path], verdict: dict[str, Any]) -> int:
    """How many of these keys are older than the verdict, or were brought by user-data, vendor-data or the image.

    Brought is a key of which a line of the private half, or of its base64, stands in what cloud-init was told.
    """
    at = guest.at(KEEP + "verdict.json").stat().st_mtime
    if guest.boot_id() == verdict["bootId"]:  # a clock that was set back since makes later files look older
        at = min(at, time.time() - uptime() + verdict["evidence"]["timeline"][-1][1])
    paths = [path for pattern in SOURCES for path in guest.at("/").glob(pattern)]
    told = b"".join(path.read_bytes() for path in paths if path.is_file())
    before = 0
    for path in keys:
        text = path.read_bytes()
        # The first line of OpenSSH's format is the same in all keys of a kind.
        lines = [*text.split()[5:], base64.b64encode(text)[152:228]]
        before += path.stat().st_mtime < at or any(len(line) > 59 and line in told for line in lines)
    return before
