"""What cloud-init and the image leave on disk: copies of the user-data, SSH host keys from before the seed."""

from __future__ import annotations

import os
import re

from .guest import Guest


def host_keys(guest: Guest) -> int:
    """Delete SSH host keys that came with the image; returns how many are left: with 0, all others come after the seed.

    Only while cloud-init has not made this instance's own; else the second boot would have an sshd without keys.
    """
    keys = guest.at("/etc/ssh")
    if not guest.at("/var/lib/cloud/instance/sem/config_ssh").exists():
        for path in keys.glob("ssh_host_*key*"):
            path.unlink()
    return len(list(keys.glob("ssh_host_*key")))


def scrub(guest: Guest) -> None:
    """Blank the seed in cloud-init's copies, which it writes anew at every boot.

    In place and at the same length: obj.pkl must stay a valid pickle, later stages and boots read it.
    """
    cloud = guest.at("/var/lib/cloud/instances")
    for path in [*cloud.glob("*/*"), *cloud.glob("*/boothooks/*"), *guest.at("/run/cloud-init").glob("*.json")]:
        if path.is_file():
            old = path.read_bytes()
            new = re.sub(rb"(?<=BOOTSEED=)[\w+/=]+", lambda found: b"A" * len(found[0]), old)
            if new != old:
                with path.open("r+b") as file:
                    file.write(new)
                    file.flush()
                    os.fsync(file.fileno())
