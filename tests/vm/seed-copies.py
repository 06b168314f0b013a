"""Searches this VM for copies of its seed. Sent to the guest by seed-copies.ts and run there as root.

The seed is taken from the metadata service, where the user-data stays readable for the droplet's whole life. A decoy is
planted in each kind of place first: where not even that is found, nothing was searched. Prints one line per finding.

usage: seed-copies.py SINCE; unix time before the VM's first boot: a file not touched after it came with the image
"""

import base64
import gzip
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
import zlib
from contextlib import suppress
from pathlib import Path

PIECE = 16
BIG = 64 << 20
SINCE = int(sys.argv[1])
# Everything but programs and libraries (/usr without /usr/local), whose files no first boot writes.
TOPS = ["boot", "dev/shm", "etc", "home", "media", "mnt", "opt", "root", "run", "srv", "tmp", "usr/local", "var"]


def forms(secret):
    for at in range(0, len(secret) - PIECE + 1, PIECE):
        piece = secret[at : at + PIECE]
        yield from (piece, piece.hex().encode(), piece.hex().upper().encode())
        yield urllib.parse.quote(piece, safe="").encode()
        for offset in range(3):
            bits = 8 * (offset + PIECE)
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(bytes(offset) + piece)[-(-8 * offset // 6) : bits // 6]


def needles(secrets):
    return {form for secret in secrets for form in forms(secret)}


def layers(body, depth=3):
    """The bytes themselves and what is packed in them."""
    yield body
    if not depth:
        return
    for found in re.finditer(b"\x1f\x8b\x08", body):
        with suppress(zlib.error):
            yield from layers(zlib.decompressobj(31).decompress(body[found.start() :], BIG), depth - 1)
    joined = re.sub(rb"[\r\n]+[\t ]*|\\[rn]", b"", body)
    if joined != body:
        yield joined
    runs = {run for text in (body, joined) for run in re.findall(rb"[\w+/-]{48,}", text)}
    for run in runs:
        run = run.translate(bytes.maketrans(b"-_", b"+/"))
        packed = base64.b64decode(run[: len(run) // 4 * 4])
        if packed.startswith(b"\x1f\x8b"):
            yield from layers(packed, depth - 1)
        else:
            yield packed


def files():
    for top in TOPS:
        for path in Path("/", top).rglob("*"):
            # A socket or device has no content; the journal is read as text below, packed as it may be.
            with suppress(OSError):
                mine = path.is_file() and not path.is_symlink() and not path.is_relative_to("/var/log/journal")
                # No program can set ctime back. Kernel and initrd alone would take half a minute, emulated.
                if mine and path.stat().st_ctime >= SINCE and path.stat().st_size < BIG:
                    yield str(path), path.read_bytes()


def memory(but):
    """What every other process could be made to write to swap, or to a core."""
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) in but:
            continue
        with suppress(OSError):  # a kernel thread, or ended
            name = (process / "comm").read_text().strip()
            with (process / "mem").open("rb", 0) as mem:
                for line in (process / "maps").read_text().splitlines():
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    if "rw" in line.split()[1] and end - start < BIG:
                        with suppress(OSError):
                            mem.seek(start)
                            yield f"memory of {name}", mem.read(end - start)


def journal():
    export = subprocess.run(["journalctl", "-o", "export", "--all", "--no-pager"], capture_output=True, check=True)
    yield "journal", export.stdout


def seed():
    data = urllib.request.urlopen("http://169.254.169.254/metadata/v1/user-data", timeout=20).read()
    found = re.search(rb"BOOTSEED=([A-Za-z0-9+/=]{500,})", data)
    if found is None:
        sys.exit("no seed in user-data: the search would prove nothing")
    entry = base64.b64decode(found[1])[2:]
    return entry[25:89], entry[89:121], entry[121:153]


def plant(decoy):
    """One copy of each kind; returns what must be found, and what to do to be rid of it."""
    text = base64.b64encode(b"x" + decoy + b"yz")
    place = {
        "/boot/decoy": decoy,
        "/run/decoy": decoy.hex().upper().encode(),
        "/root/decoy": b"a=" + text,
        "/var/lib/cloud/decoy": base64.b64encode(gzip.compress(b"BOOTSEED=" + text)),
        "/var/log/decoy.gz": gzip.compress(decoy),
    }
    for path, body in place.items():
        Path(path).write_bytes(body)
    subprocess.run(["systemd-cat", "-t", "decoy", "echo", "decoy " + text.decode()], check=True)
    subprocess.run(["journalctl", "--sync"], check=True)
    # The decoy comes by a pipe: in its command line another look would find it first.
    keeper = subprocess.Popen(["sh", "-c", "read x; sleep 600 & wait"], stdin=subprocess.PIPE)
    keeper.stdin.write(decoy.hex().encode() + b"\n")
    keeper.stdin.flush()

    def remove():
        keeper.kill()
        for path in place:
            Path(path).unlink()

    return {*place, "journal", "memory of sh"}, remove


def main():
    decoy = os.urandom(32)
    wanted, planted = needles(seed()), needles([decoy])
    expected, remove = plant(decoy)
    seen = set()
    mine = {os.getpid(), os.getppid()}
    try:
        for source in (files(), journal(), memory(mine)):
            for name, body in source:
                deep = not name.startswith("memory")
                for layer in layers(body) if deep else [body]:
                    if name in expected and any(needle in layer for needle in planted):
                        seen.add(name)
                    if any(needle in layer for needle in wanted):
                        print(f"seed in {name}")
    finally:
        remove()
    for name in sorted(expected - seen):
        print(f"the search is blind: it does not see the decoy in {name}")
    for line in Path("/proc/swaps").read_text().splitlines()[1:]:
        print(f"swap, which is not searched: {line}")


main()
