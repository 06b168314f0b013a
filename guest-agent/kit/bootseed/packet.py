"""Opening a packet, in this order: length, version, suite, signature, open, DER, chunk, counter (protocol.md)."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .hpke import export, open_psk
from .wire import Reader, Refused, label


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature; raises Refused."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        raise Refused("bad-signature: not made by the expected key over these bytes") from None


def tlv(tag: int, body: bytes) -> bytes:
    """DER: tag, shortest length (below 65,536), contents."""
    size = len(body)
    head = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + body


def integer(value: int) -> bytes:
    """DER INTEGER in the fewest bytes that hold the sign."""
    return tlv(2, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


def plaintext(timestamp: int, counter: int, chunk: bytes) -> bytes:
    """SEQUENCE { timestamp INTEGER, counter INTEGER, chunk OCTET STRING }, as in 2014."""
    return tlv(0x30, integer(timestamp) + integer(counter) + tlv(4, chunk))


def value(r: Reader, tag: int) -> bytes:
    """Contents of the next element, length in any form; the caller compares with the canonical one."""
    if r.number(1) != tag:
        raise Refused(f"malformed: expected tag {tag}")
    size = r.number(1)
    return r.take(size if size < 128 else r.number(size - 128))


def parse(pt: bytes) -> tuple[int, int, bytes]:
    """Timestamp, counter, chunk of a canonical plaintext; raises Refused."""
    try:
        outer = Reader(pt)
        inner = Reader(value(outer, 0x30))
        timestamp, counter = (int.from_bytes(value(inner, 2), "big", signed=True) for _ in "tc")
        chunk = value(inner, 4)
    except Refused:
        chunk = b""
    if not chunk or plaintext(timestamp, counter, chunk) != pt:
        raise Refused("non-canonical: expected the DER of timestamp, counter, chunk")
    if not 0 <= timestamp < 2**39:
        raise Refused("malformed: expected a timestamp below 2^39")
    if len(chunk) != 1024:
        raise Refused(f"bad-chunk: expected 1024 bytes, got {len(chunk)}")
    return timestamp, counter, chunk


def open_packet(
    packet: bytes,
    hello: bytes,
    sk: X25519PrivateKey,
    psk: bytes,
    host_id: bytes,
    packet_pk: bytes,
    nonce: bytes = bytes(16),
) -> tuple[int, int, bytes, bytes]:
    """Timestamp, counter, chunk and receipt key of the packet that answers `hello`; raises Refused."""
    if len(packet) > 4096:
        raise Refused(f"too-long: expected at most 4096 bytes, got {len(packet)}")
    r = Reader(packet)
    r.one("bad-version")
    r.one("bad-suite")
    enc = r.take(32)
    ct = r.take(max(16, len(packet) - 98))
    signature = r.take(64)
    r.end()
    about = label("packet") + packet[:2] + host_id + hashlib.sha256(nonce + hello).digest()
    verify(packet_pk, signature, about + enc + ct)
    seed_id, last = hello[2:18], int.from_bytes(hello[50:58], "big")
    pt, exporter = open_psk(sk, enc, label("packet") + host_id + seed_id, psk, seed_id, ct)
    timestamp, counter, chunk = parse(pt)
    if not last < counter < 2**53:
        raise Refused(f"bad-counter: expected more than {last}, got {counter}")
    return timestamp, counter, chunk, export(exporter, b"bootseed v1 receipt")
