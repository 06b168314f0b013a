"""Hold the guest kit against the vectors: its own modules, as they are shipped, make and take every message.

Network, kernel and clocks are replaced; nothing else. Prints one JSON object: `results`, each what a vector says and
what the kit did, and `report`, a report that the kit made for the product to verify.

    python3 -I -B tests/vectors/check.py KIT_FOLDER VECTORS_FOLDER
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, sys.argv[1])
os.environ.pop("INSTANCE_ID", None)

from bootseed import claim, firstboot, follow, kernel, report, topup  # noqa: E402
from bootseed.guest import Guest, Host  # noqa: E402
from bootseed.packet import open_packet  # noqa: E402
from bootseed.seed import Entry, Statement, parse_file  # noqa: E402
from bootseed.wire import Reader, Refused, u64  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import (  # noqa: E402
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

Values = dict[str, Any]
RESULTS: list[dict[str, str]] = []
MIXED: list[bytes] = []
SENT: list[bytes] = []


def vectors(name: str) -> Values:
    """One vector file."""
    file: Values = json.loads((Path(sys.argv[2]) / f"{name}.json").read_text("utf-8"))
    return file


def b(values: Values, name: str) -> bytes:
    """Bytes of a hexadecimal value; empty when it is not there."""
    return bytes.fromhex(values.get(name, ""))


def note(message: str, name: str, expected: object, got: object) -> None:
    """Record what a vector says and what the kit did."""
    RESULTS.append({"message": message, "name": name, "expected": str(expected), "got": str(got)})


def same(message: str, name: str, expected: bytes, got: bytes) -> None:
    """Record bytes."""
    note(message, name, expected.hex(), got.hex())


def replace(module: object, name: str, value: object) -> None:
    """Put `value` in the place of what the kit would use."""
    setattr(module, name, value)


def code_of(action: Callable[..., object], *arguments: object) -> str:
    """What the kit refuses with."""
    try:
        action(*arguments)
    except Refused as refused:
        return str(refused)
    return "accepted"


def each(file: Values, accept: Callable[[Values, bytes, Values], object]) -> None:
    """Every vector of a file through one function, which notes by itself what it read."""
    for case in file["accepted"]:
        note(file["message"], case["name"], "accepted", code_of(accept, file["given"], b(case, "bytes"), case))
    for case in file["refused"]:
        given = {**file["given"], **case.get("given", {})}
        note(file["message"], case["name"], case["code"], code_of(accept, given, b(case, "bytes"), {}))


def post(*answers: tuple[int, bytes]) -> Callable[..., tuple[int, bytes]]:
    """In place of the network: notes what is sent through a server with the vectors' pin, gives these answers."""
    waiting = list(answers)
    SENT.clear()

    def send(_host: Host, _path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
        SENT.append(body(b(vectors("claim")["given"], "tlsPin")))
        return waiting.pop(0)

    return send


def mixed(data: bytes, _credit_bits: int) -> int:
    """In place of the kernel."""
    MIXED.append(bytes(data))
    return 0


def openssh(sk: bytes) -> tuple[bytes, bytes]:
    """An Ed25519 key as `ssh-keygen` keeps it: private and public file."""
    key = Ed25519PrivateKey.from_private_bytes(sk)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n"


def machine(root: str, instance_id: str) -> Host:
    """A guest below `root` with the identity, boot_id, instance-id and seed of the vectors."""
    fields = vectors("claim")["accepted"][0]["fields"]
    host = Host(Guest(root), b(fields, "hostId"))
    private, public = openssh(b(vectors("hello")["given"], "identitySk"))
    host.write("identity", private)
    host.write("identity.pub", public)
    host.write("statement", b(vectors("statement")["accepted"][0], "bytes"))
    entry = vectors("seed-entry")["accepted"][0]["fields"]
    host.write("claim", b(entry, "seedId") + b(entry, "claimKey") + b(entry, "psk0"))
    (host.folder / "psk").unlink(missing_ok=True)
    (host.folder / "certificate").unlink(missing_ok=True)
    mix = vectors("mix")["accepted"][0]["fields"]
    host.guest.at("/var/lib/cloud/instances/" + instance_id).mkdir(parents=True, exist_ok=True)
    for path, text in (
        ("/proc/sys/kernel/random/boot_id", fields["bootId"]),
        ("/var/lib/cloud/data/instance-id", instance_id),
        ("/etc/machine-id", mix["machineId"]),
    ):
        host.guest.at(path).parent.mkdir(parents=True, exist_ok=True)
        host.guest.at(path).write_text(text + "\n", "utf-8")
    return host


def check_statement() -> None:
    """A later statement under the root that is known; lists of them."""

    def accept(given: Values, raw: bytes, case: Values) -> None:
        serial = case["fields"]["serial"] - 1 if case else 0
        host_id = b(vectors("statement")["accepted"][0]["fields"], "hostId")
        known: Any = SimpleNamespace(host_id=host_id, root=b"\1" + b(given, "rootPk"), serial=serial, next=b"")
        statement = follow.follow(known, [raw])
        if case:
            fields = case["fields"]
            note("statement", case["name"] + ", addresses", fields["addresses"], statement.addresses)
            note("statement", case["name"] + ", pins", fields["pins"], [pin.hex() for pin in statement.pins])
            same("statement", case["name"] + ", packetPk", b(fields, "packetPk"), statement.packet_pk)

    each(vectors("statement"), accept)


def check_follow() -> None:
    """What a guest that knows one statement makes of the next ones."""

    def accept(given: Values, raw: bytes, case: Values) -> None:
        reader = Reader(raw)
        later = follow.messages(reader)
        reader.end()
        known = Statement(b(case["fields"] if case else given, "known"))
        newest = follow.follow(known, later)
        if case:
            note("statements answer", case["name"] + ", newest", case["fields"]["newest"], newest.serial)

    each(vectors("statements-answer"), accept)


def check_seed() -> None:
    """Seed entry, seed file, and what is mixed of them."""

    def accept(_given: Values, raw: bytes, case: Values) -> None:
        entry = Entry(raw)
        if case:
            read = (entry.host_id, entry.seed_id, entry.pool, entry.claim_key, entry.psk0, entry.statement.raw)
            names = ("hostId", "seedId", "pool", "claimKey", "psk0", "statement")
            for name, got in zip(names, read):
                same("seed entry", name, b(case["fields"], name), got)

    each(vectors("seed-entry"), accept)
    each(vectors("seed-file"), lambda _given, raw, _case: parse_file(raw))
    MIXED.clear()
    with tempfile.TemporaryDirectory() as root:
        guest = machine(root, vectors("mix")["accepted"][0]["fields"]["instanceId"]).guest
        firstboot.seed_kernel([Entry(b(vectors("seed-entry")["accepted"][0], "bytes"))], guest)
    same("mix", "seed", b(vectors("mix")["accepted"][0], "bytes"), MIXED[0])


def check_claim() -> None:
    """Claims as the kit makes them; answers as it takes them, down to the PSK."""
    with tempfile.TemporaryDirectory() as root:
        for case in vectors("claim")["accepted"]:
            host = machine(root, case["fields"]["instanceId"])
            replace(claim, "post", post((403, b"")))
            claim.once(host)
            same("claim", case["name"], b(case, "bytes"), SENT[0])

        def accept(_given: Values, raw: bytes, case: Values) -> None:
            host = machine(root, vectors("claim")["accepted"][0]["fields"]["instanceId"])
            status = {0: 200, 3: 409}.get(raw[0] if raw else 0, 202)
            MIXED.clear()
            replace(claim, "post", post((status, raw)))
            claim.once(host)
            if case:
                same("claim answer", case["name"] + ", mixed", b(case["fields"], "freshBytes"), MIXED[0])
                same(
                    "claim answer", case["name"] + ", kept", b(case["fields"], "certificate"), host.read("certificate")
                )
                psk = b(vectors("derive")["accepted"][0], "bytes") if raw[0] == 0 else b""
                same("derive", case["name"] + ", psk", psk, host.read("psk"))

        each(vectors("claim-answer"), accept)


def receive_key() -> X25519PrivateKey:
    """The one-time key of the vectors' hello."""
    return X25519PrivateKey.from_private_bytes(b(vectors("packet")["given"], "skE"))


def check_delivery() -> None:
    """Hello, packet, and a whole top-up: request, request after a 403, counter, mix, receipt."""
    with tempfile.TemporaryDirectory() as root:
        host = machine(root, "512345678")
        host.write("certificate", b(vectors("certificate")["accepted"][0], "bytes"))
        for case in vectors("hello")["accepted"]:
            host.write("counter", u64(case["fields"]["lastCounter"]))
            made = topup.hello(host, case["fields"]["statementSerial"], receive_key())
            same("hello", case["name"], b(case, "bytes"), made)
        check_packet()
        check_pull(host)


def check_packet() -> None:
    """Packets in the order of the refusals."""

    def accept(given: Values, raw: bytes, case: Values) -> None:
        sk = X25519PrivateKey.from_private_bytes(b(given, "skE"))
        names = ("psk", "hostId", "packetPk", "nonce")
        timestamp, counter, chunk, key = open_packet(raw, b(given, "hello"), sk, *[b(given, name) for name in names])
        if case:
            fields = case["fields"]
            note("packet", case["name"] + ", numbers", (fields["timestamp"], fields["counter"]), (timestamp, counter))
            same("packet", case["name"] + ", chunk", b(fields, "chunk"), chunk)
            same("packet", case["name"] + ", receipt key", b(fields, "receiptKey"), key)

    each(vectors("packet"), accept)


def check_pull(host: Host) -> None:
    """A delivery by `pull` with a first 403; then every packet answer."""
    psk, answers, (usual, proof) = b(vectors("packet")["given"], "psk"), vectors("packet-answer"), _requests()
    replace(topup, "os", SimpleNamespace(urandom=lambda _: b(vectors("packet")["given"], "skE")))
    replace(topup, "learn", lambda _host, known, later: Statement(later[-1]) if later else known)
    host.write("psk", psk)
    MIXED.clear()
    host.write("counter", u64(0))
    replace(topup, "post", post((403, b""), (200, b(answers["accepted"][0], "bytes")), (204, b"")))
    topup.pull(host)
    same("packet request", "the usual", usual, SENT[0])
    same("packet request", "after a 403", proof, SENT[1])
    same("receipt request", "58 bytes", b(vectors("receipt-request")["accepted"][0], "bytes"), SENT[2])
    same("mix", "packet", b(vectors("mix")["accepted"][1], "bytes"), MIXED[0])
    note("packet", "counter kept", 1, int.from_bytes(host.read("counter"), "big"))

    def accept(_given: Values, raw: bytes, _case: Values) -> None:
        host.write("counter", u64(0))
        replace(topup, "post", post((200, raw), (204, b"")))
        topup.pull(host)

    each(answers, accept)


def _requests() -> list[bytes]:
    return [b(case, "bytes") for case in vectors("packet-request")["accepted"]]


def check_report() -> str:
    """Signatures of the vectors' report; returns a report of the kit's own, hexadecimal, for the product to verify."""
    file = vectors("report")
    document = json.loads(file["accepted"][0]["fields"]["json"])
    data = file["accepted"][0]["fields"]["json"].encode()
    with tempfile.TemporaryDirectory() as root:
        host = machine(root, document["instanceId"])
        host.write("certificate", b(vectors("certificate")["accepted"][0], "bytes"))
        keys = host.guest.at("/etc/ssh")
        keys.mkdir(parents=True)
        private, public = openssh(b(file["given"], "hostKeySk"))
        (keys / "ssh_host_ed25519_key.pub").write_bytes(public)
        (keys / "ssh_host_ed25519_key").touch(0o600)
        (keys / "ssh_host_ed25519_key").write_bytes(private)
        message = len(data).to_bytes(4, "big") + data + report.sign(host.folder / "identity", "report", data)
        message += b"\1" + report.sign(keys / "ssh_host_ed25519_key", "host-key", data)
        same("report", "one host key", b(file["accepted"][0], "bytes"), message)
        verdict = {key: document[key] for key in ("instanceId", "bootId", "verdict", "evidence")}
        host.guest.at("/var/lib/bootseed/verdict.json").write_text(json.dumps(verdict), "utf-8")
        replace(report, "post", post((204, b"")))
        report.once(host)
    return SENT[0].hex()


def main() -> None:
    """Check everything and print what came out."""
    replace(kernel, "mix", mixed)
    replace(kernel, "reseed", lambda: 0)
    given = vectors("mix")["given"]
    times = u64(int(given["monotonicNs"])) + u64(int(given["wallNs"]))
    for module in (firstboot, topup):
        replace(module, "clocks", lambda: times)
    talk, sys.stdout = sys.stdout, sys.stderr
    check_statement()
    check_follow()
    check_seed()
    check_claim()
    check_delivery()
    made = check_report()
    print(json.dumps({"results": RESULTS, "report": made}), file=talk)


main()
