"""The machine the kit runs on, as files below one root (`--root` in tests), and files that survive a power cut."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from .seed import Statement

KEEP = "/var/lib/bootseed/"
RUN = "/run/bootseed/"


def uptime() -> float:
    """Seconds since power-on of this kernel, rounded to 10 ms."""
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 2)


def sync(path: Path) -> None:
    """Make a file, or a folder's list of names, durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole, 0600, in a 0700 folder; durable on return: temp, fsync, rename, fsync folder."""
    path.parent.mkdir(0o700, True, True)
    temp = path.with_name(path.name + ".tmp")
    temp.unlink(True)
    fd = os.open(temp, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)
    temp.replace(path)
    sync(path.parent)


def wipe(path: Path) -> None:
    """Overwrite a secret with zeros and remove it; nothing happens when it is not there."""
    if path.exists():
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


class Guest:
    """Paths, identifiers and programs of one machine."""

    def __init__(self, root: str = "") -> None:
        """Prefix every path with `root`; with one, commands that change the running system are left out."""
        self.root = root

    def at(self, path: str) -> Path:
        """Where `path` really is."""
        return Path(self.root + path)

    def text(self, path: str) -> str:
        """A file's text without white space around it; empty when it cannot be read."""
        try:
            return self.at(path).read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def instance_id(self) -> str:
        """The cloud's name for this VM, as cloud-init knows it."""
        return os.environ.get("INSTANCE_ID") or self.text("/var/lib/cloud/data/instance-id")

    def boot_id(self) -> str:
        """The kernel's random UUID of this boot."""
        return self.text("/proc/sys/kernel/random/boot_id")

    def boot_id16(self) -> bytes:
        """The same as 16 bytes; zero where there is no /proc."""
        return bytes.fromhex(self.boot_id().replace("-", "")) or bytes(16)

    def verdict(self) -> dict[str, Any]:
        """What this very instance's first boot found out; empty before that, and on a copy of another one's disk."""
        verdict: dict[str, Any] = json.loads(self.text(KEEP + "verdict.json") or "{}")
        return verdict if verdict.get("instanceId") == self.instance_id() else {}

    def run(self, *command: str) -> None:
        """Run a command that changes the system, at most 20 s, whatever comes of it. None under a test root."""
        if not self.root:
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, timeout=20, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                print("bootseed:", error, flush=True)

    def start(self, *units: str) -> None:
        """Queue systemd units; waiting for them would stall the boot that starts them."""
        self.run("systemctl", "start", "--no-block", *units)

    def lock(self) -> int:
        """Keep other verbs of kit and agent out until this descriptor, the return value, is closed."""
        path = self.at(KEEP + "lock")
        path.parent.mkdir(0o700, True, True)
        fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd

    def hosts(self) -> list[Host]:
        """The hosts whose statement is held here."""
        return [Host(self, bytes.fromhex(path.parent.name)) for path in sorted(self.at(KEEP).glob("*/statement"))]


class Host:
    """One host's folder (protocol.md, State on the guest).

    Besides the files named there: `spent`, the seedIds burnt, 16 bytes each; `claim`: seedId, claimKey and psk0 until
    the claim is final; `topup.json`: what the last top-up did, refusals by reason.
    """

    def __init__(self, guest: Guest, host_id: bytes) -> None:
        """A host is known by its hostId, 8 bytes."""
        self.guest = guest
        self.id = host_id
        self.folder = guest.at(KEEP + host_id.hex())

    def read(self, name: str) -> bytes:
        """A file of the folder; empty when it is not there."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else b""

    def write(self, name: str, data: bytes) -> None:
        """Replace a file of the folder durably."""
        write(self.folder / name, data)

    def statement(self) -> Statement:
        """The newest statement."""
        return Statement(self.read("statement"))

    def identity(self) -> bytes:
        """Public identity key, 32 bytes; made by ssh-keygen and durable before the first return."""
        path, public = self.folder / "identity", self.folder / "identity.pub"
        if not path.exists():
            new, new_public = self.folder / "new", self.folder / "new.pub"
            new.unlink(True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(new)]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20, check=True)
            sync(new)
            sync(new_public)
            new_public.replace(public)
            new.replace(path)
            sync(self.folder)
        return base64.b64decode(public.read_bytes().split()[1])[-32:]
