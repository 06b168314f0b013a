"""Blanking the seed in cloud-init's copies of user-data, and nothing else in them (docs/first-boot.md, Copies)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import zlib
from functools import partial

from .guest import RUN, Guest, overwrite, say, write

SEEDS = RUN + "seeds"


def digest(text: bytes) -> str:
    """What is known of a seed in base64 once the seed itself is gone: SHA-256 in hex, no secret."""
    return hashlib.sha256(text).hexdigest()


def remember(guest: Guest, seed: bytes) -> None:
    """Note a seed file's digest for the rest of this boot: cloud-init writes copies also after the hook."""
    write(guest.at(SEEDS), (guest.text(SEEDS) + digest(base64.b64encode(seed))).encode())


def letters(seeds: str, found: re.Match[bytes]) -> bytes:
    """What stands for a run of base64: "A" for each letter of a seed, else the run itself."""
    return b"A" * len(found[0]) if digest(found[0]) in seeds else found[0]


def packed(seeds: str, depth: int, found: re.Match[bytes]) -> bytes:
    """The same for what may be base64 in lines of something that has the seed in it."""
    try:
        old = base64.b64decode(found[0])
    except ValueError:  # text that only looks like base64
        return found[0]
    new = blank(old, seeds, depth)
    encoded = iter(base64.b64encode(new))
    return found[0] if new == old else bytes(c if c in b"\r\n" else next(encoded) for c in found[0])


def blank(data: bytes, seeds: str, depth: int = 3) -> bytes:
    """`data`, as long as before, with "A" for each of the seeds in it, also inside base64 and gzip, `depth` of them.

    `seeds`: digests, 64 letters each. What is not one of these seeds stays as it is, whatever it is called.
    """
    data = re.sub(b"[A-Za-z0-9+/]{300,}={0,2}", partial(letters, seeds), data)
    if depth:
        data = re.sub(b"[A-Za-z0-9+/]{60,}(\r?\n[A-Za-z0-9+/]+)*={0,2}", partial(packed, seeds, depth - 1), data)
        for found in re.finditer(b"\x1f\x8b\x08", data):
            try:
                member = zlib.decompressobj(31)
                old = member.decompress(data[found.start() :])
            except zlib.error:
                continue
            new = blank(old, seeds, depth - 1)
            if new != old:  # a blanked seed packs smaller; readers of gzip skip zeros behind it
                end = len(data) - len(member.unused_data)
                data = data[: found.start()] + gzip.compress(new).ljust(end - found.start(), b"\0") + data[end:]
    return data


def scrub(guest: Guest) -> None:
    """Blank this boot's seed in cloud-init's copies, which it writes again at boot, obj.pkl also after the hook.

    In place and at the same length: obj.pkl must stay a valid pickle, later stages and boots read it.
    """
    seeds = guest.text(SEEDS)
    for path in guest.at("/var/lib/cloud/instances").glob("*/**/*"):
        try:
            old = path.read_bytes()
            new = blank(old, seeds)
            if len(new) == len(old) and new != old:  # a gzip packed by something better than ours stays
                overwrite(path, new)
        except OSError as error:  # a folder, or cloud-init has just replaced the file: the units look again
            if path.is_file():
                say(error)
