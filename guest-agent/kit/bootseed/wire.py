"""Bytes on the wire: labels, length prefixes, an exact reader (protocol.md, Notation)."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - the name says what happened, as in the protocol
    """Bytes that are not what the protocol says. The text is a code of protocol/errors.ts, no secret."""


class Followed(BaseException):  # noqa: N818 - no error, and not to be taken for one
    """A server had a certificate that no pin names, and a statement that does: it is kept, and all starts again."""


def refuse_unless(right: object, code: str) -> None:
    """Raise Refused with `code` unless all is right."""
    if not right:
        raise Refused(code)


def label(message: str) -> bytes:
    """Domain separator that starts every signed, hashed or MACed input: `bootseed v1 <message>` and a zero byte."""
    return b"bootseed v1 " + message.encode() + b"\0"


def u64(number: int) -> bytes:
    """Eight bytes, big-endian."""
    return number.to_bytes(8, "big")


def lp(data: bytes) -> bytes:
    """Length prefix: u16 big-endian, then the data (at most 65,535 bytes)."""
    return len(data).to_bytes(2, "big") + data


class Reader:
    """Takes a message apart front to back; every read is exact and `end` refuses what is left over."""

    def __init__(self, data: bytes) -> None:
        """Read `data` from its first byte."""
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes; raises Refused when there are fewer."""
        self.at += size
        refuse_unless(self.at <= len(self.data), "malformed")
        return self.data[self.at - size : self.at]

    def number(self, size: int = 1) -> int:
        """The next `size` bytes as a big-endian unsigned integer."""
        return int.from_bytes(self.take(size), "big")

    def lp(self) -> bytes:
        """A length-prefixed value."""
        return self.take(self.number(2))

    def end(self) -> None:
        """Refuse trailing bytes."""
        refuse_unless(self.at == len(self.data), "malformed")
