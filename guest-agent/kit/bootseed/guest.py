"""The machine the kit runs on, as files below one root (`--root` in tests), and files that survive a power cut."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from signal import alarm
from typing import IO, Any

from .seed import Statement
from .wire import Followed, u64

KEEP = "/var/lib/bootseed/"
RUN = "/run/bootseed/"
os.umask(0o77)
# The distribution's ssh-keygen, systemctl and ip, whatever else is first on PATH.
os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"


def say(*words: object) -> None:
    """A line for the log: no secrets."""
    print("bootseed:", *words, flush=True)


def output(command: Sequence[str | Path], data: bytes = b"") -> bytes:
    """What a program prints, given `data`, within 20 s; raises SubprocessError, FileNotFoundError."""
    return subprocess.check_output(command, input=data, timeout=20)


def keygen(*arguments: str | Path, data: bytes = b"") -> bytes:
    """What ssh-keygen prints, given `data`; raises OSError with its last words, or with what is missing."""
    try:
        run = subprocess.run(["ssh-keygen", *arguments], input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise OSError("ssh-keygen is missing: install openssh-client") from None
    if run.returncode:
        raise OSError(os.fsdecode(run.stderr).strip().split("\n")[-1])
    return run.stdout


def clocks() -> bytes:
    """Monotonic and wall clock in ns, 8 bytes each: what two machines hardly share."""
    return u64(time.monotonic_ns()) + u64(time.time_ns())


def fork(seconds: int, action: Callable[[], object]) -> int:
    """Start `action` in a child that the kernel ends after `seconds`, also inside getaddrinfo; returns its pid."""
    pid = os.fork()
    if not pid:
        alarm(seconds)
        try:
            os._exit(not action())
        except BaseException as error:
            say(repr(error))
        os._exit(1)
    return pid


def join(pids: Sequence[int]) -> bool:
    """Wait for children of `fork`; whether every action returned something true."""
    return not sum([os.waitpid(pid, 0)[1] for pid in pids])


def sync(path: Path) -> None:
    """Make a file, or a folder's list of names, durable."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def overwrite(path: Path, data: bytes) -> None:
    """Write over a file's own blocks, durably."""
    with path.open("r+b") as file:
        file.write(data)
    sync(path)


def own(path: Path) -> None:
    """Give a file or folder to whom the folder above belongs: the agent, which shares them, is not root."""
    above = path.parent.stat()
    os.lchown(path, above.st_uid, above.st_gid)


def plain(path: Path) -> bool:
    """Whether it is a file: root follows no link that the agent's user may have laid, and waits for no pipe."""
    return path.is_file() > path.is_symlink()


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole, 0600, in a 0700 folder; durable on return: temp, fsync, rename, fsync folder."""
    if not path.parent.exists():
        path.parent.mkdir(0o700, True, True)
        own(path.parent)
    temp = path.with_name("tmp")
    temp.unlink(True)
    with temp.open("xb") as file:  # no link that was laid meanwhile
        own(temp)
        file.write(data)
    sync(temp)
    temp.replace(path)
    sync(path.parent)


def wipe(path: Path) -> None:
    """Overwrite a secret with zeros and remove it; nothing happens when it is not there."""
    if plain(path):
        overwrite(path, bytes(path.stat().st_size))
    path.unlink(True)


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
            return self.at(path).read_text().strip()
        except OSError:
            return ""

    def instance_id(self) -> str:
        """The cloud's name for this VM, as cloud-init knows it."""
        return os.environ.get("INSTANCE_ID") or self.text("/var/lib/cloud/data/instance-id")

    def boot_id(self) -> str:
        """The kernel's random UUID of this boot; zero where there is no /proc."""
        return self.text("/proc/sys/kernel/random/boot_id") or "0" * 32

    def boot_id16(self) -> bytes:
        """The same as 16 bytes."""
        return bytes.fromhex(self.boot_id().replace("-", ""))

    def verdict(self) -> dict[str, Any]:
        """What this very instance's first boot found out; empty before that, and on a copy of another one's disk."""
        verdict: dict[str, Any] = json.loads(self.text(KEEP + "verdict.json") or "{}")
        return verdict if verdict.get("instanceId") == self.instance_id() else {}

    def gate(self) -> str:
        """How the gate ended: passed, held, warned; none before it did."""
        return (self.text(KEEP + "gate-done") or "none").split()[-1]

    def run(self, command: str) -> None:
        """Run a shell line, constant but for digits, whatever comes of it. Not under a test root."""
        if not self.root:
            os.system(command)  # noqa: S605

    def start(self, units: str) -> None:
        """Queue systemd units; waiting for them would stall the boot that starts them."""
        self.run("systemctl start --no-block " + units)

    def lock(self) -> IO[bytes]:
        """Keep other verbs of kit and agent out until this file, the return value, is closed."""
        folder = self.at(KEEP)
        folder.mkdir(0o700, True, True)
        file = (folder / "lock").open("ab")
        own(folder / "lock")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def hosts(self) -> list[Host]:
        """The hosts that have a statement or certificate here, were it put aside as damaged; not those only `spent`."""
        names = {path.parent.name for path in self.at(KEEP).glob("?" * 16 + "/*te*")}
        return [Host(self, bytes.fromhex(name)) for name in names]


def again(once: Callable[[Host], bool], host: Host) -> bool:
    """Do it; once more, from its start, when there was a later statement to follow first."""
    try:
        return once(host)
    except Followed:
        return once(host)


def each(hosts: Sequence[Host], once: Callable[[Host], bool], seconds: int) -> bool:
    """Do it for all hosts at once, each in a child of its own; whether all are done."""
    return join([fork(seconds, partial(again, once, host)) for host in hosts])


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
        return path.read_bytes() if plain(path) else b""

    def write(self, name: str, data: bytes) -> None:
        """Replace a file of the folder durably."""
        write(self.folder / name, data)

    def statement(self) -> Statement:
        """The newest statement."""
        return Statement(self.read("statement"))

    def status(self) -> dict[str, Any]:
        """What `status` tells of this host: whether the VM is enrolled, and its top-ups."""
        return {"enrolled": bool(self.read("certificate")), "topUp": self.notes()}

    def notes(self) -> dict[str, Any]:
        """What is in `topup.json`: `last` and the counts; empty when it is not there or damaged."""
        try:
            return {**json.loads(self.read("topup.json"))}
        except Exception:
            return {}

    def identity(self) -> bytes:
        """Public identity key, 32 bytes; made by ssh-keygen and durable before the first return."""
        new = self.folder / "new"
        wipe(new)  # a crash may have left it beside the identity
        if not self.read("identity") and not self.read("certificate"):  # which an identity made anew would not fit
            keygen("-qt", "ed25519", "-N", "", "-C", "", "-f", new)
            for end in (".pub", ""):
                self.write("identity" + end, self.read("new" + end))
                wipe(self.folder / ("new" + end))
        return base64.b64decode(self.read("identity.pub").split()[1])[-32:]
