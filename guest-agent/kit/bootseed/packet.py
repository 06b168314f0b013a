"""Opening a packet, in this order: length, version, suite, signature, open, DER, chunk, counter (protocol.md).

HPKE is mode_psk over DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; names as in RFC 9180.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from .seed import P, point
from .wire import Reader, Refused, label, lp, refuse_unless

KEM = b"KEM\0\x20"
SUITE = b"HPKE\0\x20\0\1\0\3"

# Order of Ed25519's base point.
ORDER = 2**252 + 27742317777372353535851937790883648493

# SubjectPublicKeyInfo (RFC 8410) up to the key itself.
X25519 = b"0*0\5\6\3+en\3!\0"
ED25519 = b"0*0\5\6\3+ep\3!\0"


def private(kind: bytes, seed: bytes) -> Any:
    """The private key of 32 bytes, as PKCS #8 (RFC 8410); `kind` is b"n" for X25519, b"p" for Ed25519."""
    return load_der_private_key(b"0.\2\1\x000\5\6\3+e" + kind + b'\4"\4 ' + seed, None)


def dh(sk: X25519PrivateKey, pk: bytes = b"\t" + bytes(31)) -> bytes:
    """X25519; with the base point 9 (RFC 7748) it gives the public half. Raises ValueError for small order."""
    key: Any = load_der_public_key(X25519 + pk)
    return sk.exchange(key)


def extract(suite: bytes, salt: bytes, name: bytes, ikm: bytes) -> bytes:
    """LabeledExtract, RFC 9180 section 4."""
    return hmac.digest(salt, b"HPKE-v1" + suite + name + ikm, "sha256")


def expand(suite: bytes, prk: bytes, name: bytes, info: bytes = b"", size: int = 32) -> bytes:
    """LabeledExpand, RFC 9180 section 4; `size` at most 32, one block of HKDF."""
    return hmac.digest(prk, b"\0%cHPKE-v1" % size + suite + name + info + b"\1", "sha256")[:size]


def open_psk(
    sk: X25519PrivateKey, enc: bytes, info: bytes, psk: bytes, psk_id: bytes, ct: bytes
) -> tuple[bytes, bytes]:
    """Plaintext and exporter secret; aad is empty. Raises Refused, one opaque error whatever was wrong."""
    try:
        shared = expand(KEM, extract(KEM, b"", b"eae_prk", dh(sk, enc)), b"shared_secret", enc + dh(sk))
        secret = extract(SUITE, shared, b"secret", psk)
        context = b"\1" + extract(SUITE, b"", b"psk_id_hash", psk_id) + extract(SUITE, b"", b"info_hash", info)
        key, nonce = expand(SUITE, secret, b"key", context), expand(SUITE, secret, b"base_nonce", context, 12)
        return ChaCha20Poly1305(key).decrypt(nonce, ct, None), expand(SUITE, secret, b"exp", context)
    except Exception:
        raise Refused("open-failed") from None


def verify(key: bytes, signature: bytes, message: bytes) -> None:
    """Check a signature of 64 bytes; raises Refused. `key` begins with its algorithm: 1 Ed25519, 2 P-256, SHA-256.

    Ed25519: the checks on which versions of OpenSSL differ come before OpenSSL (protocol.md, Signatures).
    """
    try:
        if key[0] == 1:
            for encoded in key[1:], signature[:32]:
                refuse_unless(int.from_bytes(point(encoded), "little") % 2**255 < P, "malformed")
            refuse_unless(int.from_bytes(signature[32:], "little") < ORDER, "malformed")
            public: Any = load_der_public_key(ED25519 + key[1:])
            public.verify(signature, message)
        else:
            r = Reader(signature)
            der = integer(r.number(32)) + integer(r.number(32))
            public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key[1:])
            public.verify(b"0%c" % len(der) + der, message, ECDSA(SHA256()))
    except Exception:
        raise Refused("bad-signature") from None


def integer(value: int) -> bytes:
    """DER INTEGER that is not negative, in the fewest bytes that hold the sign."""
    size = value.bit_length() // 8 + 1
    return bytes([2, size]) + value.to_bytes(size, "big")


def plaintext(timestamp: int, counter: int, chunk: bytes) -> bytes:
    """SEQUENCE { timestamp INTEGER, counter INTEGER, chunk OCTET STRING(1024) } in DER, as in 2014."""
    return b"0\x82" + lp(integer(timestamp) + integer(counter) + b"\4\x82" + lp(chunk))


def parse(pt: bytes) -> tuple[int, int, bytes]:
    """Timestamp, counter, chunk of a plaintext that is the canonical DER of its own values; raises Refused.

    Zeros follow for the reader: what is cut short fails the comparison like all else. Integers have 8 bytes at most.
    """
    r = Reader(pt + bytes(600))
    r.take(5)
    timestamp = r.number(r.number())
    r.take(1)
    counter = r.number(r.number())
    chunk = pt[r.at + 4 :]
    refuse_unless(pt == plaintext(timestamp % 2**63, counter % 2**63, chunk), "non-canonical")
    refuse_unless(timestamp < 2**39, "malformed")
    refuse_unless(len(chunk) == 1024, "bad-chunk")
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
    refuse_unless(len(packet) <= 4096, "too-long")
    r = Reader(packet)
    refuse_unless(r.number() == 1, "bad-version")
    refuse_unless(r.number() == 1, "bad-suite")
    enc = r.take(32)
    ct = r.take(max(16, len(packet) - 98))
    about = label("packet") + packet[:2] + host_id + hashlib.sha256(nonce + hello).digest()
    verify(b"\1" + packet_pk, r.take(64), about + enc + ct)
    seed_id, last = hello[2:18], int.from_bytes(hello[50:58], "big")
    pt, exporter = open_psk(sk, enc, label("packet") + host_id + seed_id, psk, seed_id, ct)
    timestamp, counter, chunk = parse(pt)
    refuse_unless(last < counter < 2**53, "bad-counter")
    return timestamp, counter, chunk, expand(SUITE, exporter, b"sec", b"bootseed v1 receipt")
