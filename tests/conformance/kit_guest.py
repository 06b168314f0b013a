"""The guest kit under conformance tests: its own modules, as they are shipped, one delivery per line of standard input.

Network, kernel, clocks and the one-time key are replaced; nothing else. Each line is a JSON object: `counter` and
`statement` to start from (hexadecimal), `answers`: what the host says, in order, as [status, base64]. Each answer line
says what the kit did: its entry in topup.json, what it sent, what it mixed, and the files it left. A line with `verify`
or `parse` in it asks one function only, and the answer is its refusal or `accepted`.

    python3 -I -B tests/conformance/kit_guest.py KIT_FOLDER ROOT HOST_ID ONE_TIME_KEY CLOCKS PIN
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, sys.argv[1])
_, _, ROOT, HOST_ID, ONE_TIME_KEY, CLOCKS, PIN = sys.argv

from bootseed import kernel, topup  # noqa: E402
from bootseed.guest import Guest, Host  # noqa: E402
from bootseed.packet import verify  # noqa: E402
from bootseed.seed import Statement, parse_file, point  # noqa: E402
from bootseed.wire import Refused  # noqa: E402

SENT: list[list[str]] = []
KERNEL: list[str] = []
ANSWERS: list[tuple[int, bytes]] = []


def digest(data: bytes) -> str:
    """SHA-256, short: what is compared."""
    return hashlib.sha256(data).hexdigest()[:24]


def send(_host: Host, path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """In place of the network."""
    SENT.append([path, digest(body(bytes.fromhex(PIN)))])
    if not ANSWERS:
        raise OSError("no address answers")
    return ANSWERS.pop(0)


def mix(data: bytes, credit_bits: int) -> int:
    """In place of the kernel."""
    KERNEL.append(f"mix {credit_bits} {digest(bytes(data))}")
    return 0


def reseed() -> int:
    """In place of the kernel."""
    KERNEL.append("reseed")
    return 0


def urandom(size: int) -> bytes:
    """In place of the kernel: the same key at every delivery, so that a test can answer before it is asked."""
    KERNEL.append(f"read {size}")
    return bytes.fromhex(ONE_TIME_KEY)


def deliver(host: Host, case: dict[str, Any]) -> dict[str, Any]:
    """One top-up from a state that the case names, or from the files as they are."""
    if "statement" in case:
        for name in ("counter", "statement"):
            wanted = bytes.fromhex(case[name])
            if host.read(name) != wanted:
                (host.folder / name).write_bytes(wanted)
        if not case["counter"]:
            (host.folder / "counter").unlink(missing_ok=True)
        (host.folder / "topup.json").unlink(missing_ok=True)
    SENT.clear()
    KERNEL.clear()
    ANSWERS[:] = [(status, base64.b64decode(body)) for status, body in case["answers"]]
    try:
        topup.once(host)
        thrown = ""
    except OSError as error:
        thrown = type(error).__name__
    notes = json.loads(host.read("topup.json") or "{}")
    files = {path.name: digest(path.read_bytes()) for path in host.folder.iterdir() if path.name != "topup.json"}
    return {"notes": notes, "thrown": thrown, "sent": SENT, "kernel": KERNEL, "files": files}


def ask(case: dict[str, Any]) -> str:
    """The code with which a signature (key, signature, message), or a seed file or statement, is refused."""
    try:
        if "verify" in case:
            key, signature, message = [bytes.fromhex(text) for text in case["verify"]]
            verify(b"\1" + point(key) if len(key) == 32 else b"\2" + key, signature, message)
        elif case["parse"] == "seed file":
            parse_file(bytes.fromhex(case["bytes"]))
        else:
            Statement(bytes.fromhex(case["bytes"]))
    except Refused as refused:
        return str(refused)
    return "accepted"


def main() -> None:
    """Answer every line; the kit's own lines go to standard error."""
    kernel.mix = mix
    kernel.reseed = reseed
    module: Any = topup
    module.clocks = lambda: bytes.fromhex(CLOCKS)
    module.post = send
    module.os = SimpleNamespace(urandom=urandom)
    talk, sys.stdout = sys.stdout, sys.stderr
    host = Host(Guest(ROOT), bytes.fromhex(HOST_ID))
    for line in sys.stdin:
        case = json.loads(line)
        done = deliver(host, case) if "answers" in case else ask(case)
        print(json.dumps(done), file=talk, flush=True)


main()
