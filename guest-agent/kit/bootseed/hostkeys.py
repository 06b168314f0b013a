"""The SSH host keys that sshd shows: their files, public halves and signatures. Standard library only."""

from __future__ import annotations

import base64
import os
import re
from glob import glob
from pathlib import Path

from .guest import RUN, Guest, Host, attempt, keygen, output
from .wire import lp


def config(guest: Guest) -> str:
    """The text of sshd's configuration and of all that it includes, each file once. Raises OSError."""
    text = ""
    patterns, names = ["sshd_config"], []
    for pattern in patterns:
        # An absolute pattern stays what it is.
        for name in glob(guest.root + os.path.join("/etc/ssh", pattern)):  # noqa: PTH118, PTH207
            path = Path(name)
            if name not in names and path.is_file():  # a pipe would be waited for
                names.append(name)
                text += path.read_bytes().decode(errors="replace") + "\n"
                words = " ".join(re.findall(r"(?im)^\s*include[\s=]+(.*)", text)).replace('"', " ")
                patterns += {*words.split()}.difference(patterns)
    return text


def shown(guest: Guest) -> list[Path]:
    """Files of the keys that sshd shows, as it says itself; else by its configuration, as before its start.

    The usual files where none is named: ecdsa, ed25519, rsa. Raises OSError when the configuration cannot be read.
    """
    command = guest.at("/usr/sbin/sshd"), "-T", "-f", guest.at("/etc/ssh/sshd_config")
    text = attempt("sshd -T:", b"", output, command, 10).decode(errors="replace") or config(guest)
    names = re.findall(r'(?im)^\s*hostkey[\s=]+"?([^"#\n]+)', text)
    paths = {guest.at(name.strip()) for name in names} or guest.at("/etc/ssh").glob("ssh_host_[er]*key")
    return sorted(path for path in paths if path.exists())


def public(path: Path) -> str:
    """`type base64`, made from the private half, which is what sshd shows; raises OSError that says why not."""
    if not path.is_file():  # ssh-keygen would wait for a pipe
        raise OSError("no file")
    line = " ".join(keygen(b"", "-y", "-P", "", "-f", path).decode().split()[:2])
    # The longest field of an RSA key is its modulus; the host takes 2,048 to 16,384 bits.
    if not re.match("ssh-ed|ecdsa-|ssh-rsa .{360,2800}$", line):
        raise OSError("not reported: " + line)
    return line


def find(guest: Guest) -> tuple[dict[Path, str], list[str]]:
    """The usable keys, file and `type base64`; and a remark, which names the file, for everything else."""
    keys: dict[Path, str] = {}
    remarks = []
    for path in shown(guest):
        try:
            keys[path] = public(path)
            half = path.with_name(path.name + ".pub")
            if half.exists() > half.is_file() or keys[path].encode() not in half.read_bytes():
                raise OSError("another .pub")
        except OSError as error:
            remarks.append(f"{path}: {error}")
    return keys, remarks


def sign(key: Path, kind: str, data: bytes) -> bytes:
    """A binary SSHSIG over `data`, length-prefixed; raises OSError."""
    armored = keygen(data, "-qYsign", "-n", f"bootseed-{kind}@v1", "-f", key)
    return lp(base64.b64decode(armored.split(b"-----")[2]))


def prove(host: Host, path: Path, line: str, data: bytes) -> bytes:
    """A host key's SSHSIG over `data`; raises OSError.

    ssh-keygen signs only for a public half beside the private one, so it is shown a link with the right one beside it.
    """
    link = host.guest.at(RUN + host.id.hex() + "-key")
    half = link.with_suffix(".pub")
    try:
        link.parent.mkdir(0o700, True, True)
        link.unlink(True)
        link.symlink_to(path)
        half.write_text(line + "\n")
        return sign(link, "host-key", data)
    finally:
        link.unlink(True)
        half.unlink(True)
