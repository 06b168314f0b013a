"""The machine the kit runs on, as files below one root (`--root` in tests), and files that survive a power cut."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

KEEP = "/var/lib/bootseed/"
RUN = "/run/bootseed/"


def uptime() -> float:
    """Seconds since power-on of this kernel, rounded to 10 ms."""
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 2)


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

    def run(self, *command: str) -> None:
        """Run a command that changes the system, at most 20 s, whatever comes of it. None under a test root."""
        if not self.root:
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, timeout=20, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                print("bootseed:", error, flush=True)


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
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        pass
