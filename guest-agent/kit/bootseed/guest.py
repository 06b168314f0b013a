"""The machine the kit runs on, as files below one root (`--root` in tests), and files that survive a power cut."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from signal import alarm
from typing import IO, Any

from .form import certified, counts, instance_hash, instance_record, private_key, proof
from .seed import Statement
from .wire import Followed, Refused, u64

KEEP = "/var/lib/bootseed/"
RUN = "/run/bootseed/"
# Files of a host that an enrolment uses, besides certificate and identity.
FILES = ["topup.json", "counter", "issuer", "statement", "psk"]
# What an enrolment, or a claim for one, is made of. The records of the instance come last: if the power goes meanwhile,
# they still say whose the rest is. `spent` belongs to the disk.
ENROLMENT = ["claim", "identity", "identity.pub", *FILES, "certificate", "instance"]
os.umask(0o77)
# The distribution's ssh-keygen, systemctl and ip, whatever else is first on PATH.
os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"


def say(*words: object) -> None:
    """A line for the log: no secrets."""
    print("bootseed:", *words, flush=True)


def output(command: Sequence[str | Path], seconds: int = 20) -> bytes:
    """What a program prints within so many seconds; raises SubprocessError, OSError."""
    return subprocess.check_output(command, stdin=subprocess.DEVNULL, timeout=seconds)


def keygen(data: bytes, *arguments: str | Path) -> bytes:
    """What ssh-keygen prints, given `data`; raises OSError with its last words, or with what is missing."""
    try:
        run = subprocess.run(["ssh-keygen", *arguments], input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise OSError("ssh-keygen is missing: install openssh-client") from None
    if run.returncode:
        raise OSError(os.fsdecode(run.stderr).strip().split("\n")[-1])
    return run.stdout


def attempt(what: object, default: Any, action: Callable[..., Any], *arguments: object) -> Any:
    """The result of `action`, or `default` after an error, which is logged and ends nothing else."""
    try:
        return action(*arguments)
    except Exception as error:
        say(what, str(error) or repr(error))
        return default


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
    fd = os.open(path, 0)
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


def linked(path: Path) -> bool:
    """Whether its folder is a link below `bootseed`, where the agent's user may lay one; root may link above it."""
    return path.parent.is_symlink() and path.parent.parent.name == "bootseed"


def own_folder(path: Path) -> None:
    """Raise OSError where its folder is a link: nothing outside the state is written, renamed or removed."""
    if linked(path):
        raise OSError(f"{path.parent} is a link: remove it")


def plain(path: Path) -> bool:
    """Whether it is a file: root follows no link that the agent's user may have laid, and waits for no pipe."""
    return path.is_file() > (path.is_symlink() or linked(path))


def load(path: Path) -> bytes:
    """A file's bytes; none when it is not there, or is no file. Raises OSError when it cannot be read."""
    return path.read_bytes() if plain(path) else b""


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole, 0600, in a 0700 folder; durable on return: temp, fsync, rename, fsync folder."""
    own_folder(path)
    if not path.parent.exists():
        path.parent.mkdir(0o700, True, True)
        own(path.parent)
    temp = path.with_name("tmp")
    remove(temp)
    with temp.open("xb") as file:  # no link that was laid meanwhile
        own(temp)
        file.write(data)
    sync(temp)
    if path.is_dir():
        remove(path)
    temp.replace(path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, link or pipe; follows no link, and nothing happens when it is not there.

    A folder is not the kit's: it is renamed to `<name>.<time in ns>`, and nothing in it is touched.
    """
    own_folder(path)
    if path.is_dir() > path.is_symlink():
        path.replace(f"{path}.{time.time_ns()}")
    else:
        path.unlink(True)


def wipe(path: Path) -> None:
    """Overwrite a secret with zeros and remove it; nothing happens when it is not there."""
    if plain(path):
        overwrite(path, bytes(path.stat().st_size))
    remove(path)


def aside(path: Path, end: str) -> None:
    """Rename what is there, were it a link or a folder; what has the new name gives way."""
    own_folder(path)
    if os.path.lexists(path):
        to = path.with_name(path.name + end)
        remove(to)
        path.replace(to)
        sync(path.parent)


def damaged(path: Path) -> None:
    """Log that a file is damaged, and put it aside."""
    say(path, "is damaged")
    aside(path, ".corrupt")


class Guest:
    """Paths, identifiers and programs of one machine."""

    def __init__(self, root: str = "") -> None:
        """Prefix every path with `root`; with one, commands that change the running system are left out."""
        self.root = root

    def at(self, path: str) -> Path:
        """Where `path` really is."""
        return Path(self.root + path)

    def text(self, path: str) -> str:
        """A file's text without white space around it; empty when it cannot be read, or is no file."""
        try:
            real = self.at(path)
            return real.read_bytes()[:4096].decode(errors="replace").strip() if real.is_file() else ""
        except OSError:
            return ""

    def instance_id(self) -> str:
        """The cloud's name for this VM, as cloud-init knows it; empty when it is not known.

        `iid-datasource…` is what cloud-init makes up when no datasource answers, as while the metadata service is down.
        A name without a folder of its own in `instances` is not cloud-init's: its file was damaged.
        """
        given = os.environ.get("INSTANCE_ID")
        name = given or self.text("/var/lib/cloud/data/instance-id")
        known = self.root + "/var/lib/cloud/instances"
        if os.path.isdir(known):  # noqa: PTH112
            folder = f"{known}/{name.replace('/', '_')}"
            right: object = name.strip(".") and os.path.isdir(folder)  # noqa: PTH112
        else:
            right = re.fullmatch("[!-Z_a-z~]+", name)
        return name if (given or right) and not name.startswith("iid-datasource") else ""

    def names(self) -> list[bytes]:
        """SHA-256 of every name that an enrolment of this machine may have; empty while cloud-init's is not known."""
        name = self.instance_id()
        return [instance_hash(text) for text in (name, self.text("/etc/machine-id")) if text] if name else []

    def boot_id(self) -> str:
        """The kernel's random UUID of this boot; zero where there is no /proc."""
        return self.text("/proc/sys/kernel/random/boot_id") or "0" * 32

    def boot_id16(self) -> bytes:
        """The same as 16 bytes."""
        return bytes.fromhex(self.boot_id().replace("-", ""))

    def found(self) -> dict[str, Any]:
        """What `verdict.json` says, whichever instance's it is; empty when it is not there or damaged."""
        return proof(load(self.at(KEEP + "verdict.json")))

    def verdict(self) -> dict[str, Any]:
        """What this very instance's first boot found out; empty before that, and on a copy of another one's disk.

        While the instance is not known it is taken for this one's. Raises OSError when it cannot be read.
        """
        found = self.found()
        return found if found and self.instance_id() in ("", found["instanceId"]) else {}

    def gate(self, instance: str = "") -> str:
        """How the gate ended, of that instance if one is given: passed, held, warned; none before it did."""
        who, _, word = self.text(KEEP + "gate-done").rpartition(" ")
        return word if word in ("passed", "held", "warned") and instance in ("", who) else "none"

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
        lock = folder / "lock"
        if not plain(lock):
            remove(lock)
        file = lock.open("ab")
        own(lock)
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def hosts(self) -> list[Host]:
        """The hosts that have a statement or certificate here, were it put aside as damaged; not those only `spent`."""
        names = {path.parent.name for path in self.at(KEEP).glob("[0-9a-f]" * 16 + "/*te*") if not linked(path)}
        return [Host(self, bytes.fromhex(name)) for name in names]


def again(once: Callable[[Host], Any], host: Host) -> Any:
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
        """A file of the folder; empty when it is not there, or is no file. Raises OSError when it cannot be read."""
        return load(self.folder / name)

    def write(self, name: str, data: bytes) -> None:
        """Replace a file of the folder durably."""
        write(self.folder / name, data)

    def statement(self) -> Statement:
        """The newest statement."""
        return Statement(self.read("statement"))

    def certificate(self) -> bytes:
        """What enrols this VM, 165 bytes; empty when it is not there or damaged."""
        raw = self.read("certificate")
        return raw if certified(raw, self.id) else b""

    def other(self) -> str:
        """The instance that this enrolment, or open claim, belongs to when it is not this one: 8 digits of its hash.

        Empty when it is ours, when there is none, and when it is not known. One record that names this machine is
        enough; so no single damaged one makes an enrolment another's. `verdict.json` stands in where neither
        certificate nor `instance` says anything.
        """
        names, named = self.guest.names(), self.certificate()[57:89]
        if not names or named in names:
            return ""
        records = [one for one in (instance_record(self.read("instance")), named) if any(one)]  # zeros are no hash
        if not records and self.guest.found():
            records = [instance_hash(self.guest.found()["instanceId"])]
        return records[0].hex()[:8] if records and records[0] not in names else ""

    def status(self) -> dict[str, Any]:
        """What `status` tells of this host: whether the VM is enrolled, as which instance, and its top-ups."""
        try:
            document: dict[str, Any] = {"enrolled": bool(self.read("certificate")), "topUp": self.notes()}
            other = self.other()
            if other:
                document["otherInstance"] = other
            return document
        except OSError as error:
            return {"error": str(error)}

    def notes(self) -> dict[str, Any]:
        """What is in `topup.json`: `last` and the counts; empty when it is not there or damaged. Raises OSError."""
        try:
            return counts(self.read("topup.json"))
        except Refused:
            return {}

    def identity(self) -> bytes:
        """Public identity key, 32 bytes; made by ssh-keygen and durable before the first return.

        The certificate says which it is. Without one, a damaged key is put aside and another made, but not while there
        is a damaged certificate, which another would not fit: raises Refused.
        """
        certificate = self.certificate()
        if certificate:
            return certificate[25:57]
        new = self.folder / "new"
        wipe(new)  # a crash may have left it beside the identity
        try:
            return private_key(self.read("identity"))[32:]
        except Refused:
            if self.read("certificate"):
                raise
        aside(self.folder / "identity", ".corrupt")
        keygen(b"", "-qt", "ed25519", "-N", "", "-C", "", "-f", new)
        for end in (".pub", ""):
            self.write("identity" + end, self.read("new" + end))
            wipe(self.folder / ("new" + end))
        return private_key(self.read("identity"))[32:]
