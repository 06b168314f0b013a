"""HPKE mode_psk, opening: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; names as in RFC 9180."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .wire import Refused

KEM = b"KEM\0\x20"
SUITE = b"HPKE\0\x20\0\1\0\3"


def raw(public_key: X25519PublicKey) -> bytes:
    """A public key as 32 bytes."""
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def extract(suite: bytes, salt: bytes, name: bytes, ikm: bytes) -> bytes:
    """LabeledExtract, RFC 9180 section 4."""
    return hmac.digest(salt, b"HPKE-v1" + suite + name + ikm, "sha256")


def expand(suite: bytes, prk: bytes, name: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand, RFC 9180 section 4; `size` at most 32, one block of HKDF."""
    return hmac.digest(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + name + info + b"\1", "sha256")[:size]


def open_psk(
    sk: X25519PrivateKey, enc: bytes, info: bytes, psk: bytes, psk_id: bytes, ct: bytes
) -> tuple[bytes, bytes]:
    """Plaintext and exporter secret; aad is empty. Raises Refused, one opaque error whatever was wrong."""
    try:
        dh = sk.exchange(X25519PublicKey.from_public_bytes(enc))  # refuses points of small order
        prk = extract(KEM, b"", b"eae_prk", dh)
        shared = expand(KEM, prk, b"shared_secret", enc + raw(sk.public_key()), 32)
        context = b"\1" + extract(SUITE, b"", b"psk_id_hash", psk_id) + extract(SUITE, b"", b"info_hash", info)
        secret = extract(SUITE, shared, b"secret", psk)
        key = expand(SUITE, secret, b"key", context, 32)
        pt = ChaCha20Poly1305(key).decrypt(expand(SUITE, secret, b"base_nonce", context, 12), ct, None)
        return pt, expand(SUITE, secret, b"exp", context, 32)
    except (InvalidTag, ValueError):
        raise Refused("open-failed: not sealed to this key with this PSK") from None


def export(exporter: bytes, context: bytes) -> bytes:
    """Export(context, 32), RFC 9180 section 5.3."""
    return expand(SUITE, exporter, b"sec", context, 32)
