"""One request to a host: TLS 1.3, certificate compared with the statement's pins (protocol.md, Claim; Transports)."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from http.client import HTTPSConnection

from .guest import Host, say
from .wire import refuse_unless


def post(host: Host, path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """Status and answer (at most 64 KiB) of the first address that answers; the statement lists literal ones first.

    `body` gets the SHA-256 of the certificate that was seen. Names and dates in it are ignored: the clock may be wrong,
    and TLS 1.3 proves possession of the key. An unpinned server is sent nothing. Raises OSError when none answers.
    """
    context = ssl._create_unverified_context()  # noqa: S323 - pins instead of names and dates
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    statement = host.statement()
    for address in statement.addresses:
        name, _, port = address.rpartition(":")
        connection = HTTPSConnection(name.strip("[]"), int(port), timeout=4, context=context)
        try:
            connection.connect()
            pin = hashlib.sha256(connection.sock.getpeercert(True) or b"").digest()
            refuse_unless(pin in statement.pins, "pin")
            connection.request("POST", path, body(pin), {"Content-Type": "application/octet-stream"})
            answer = connection.getresponse()
            say(address, path, answer.status)
            return answer.status, answer.read(65536)
        except Exception as error:
            say(address, path, repr(error))
        finally:
            connection.close()
    raise OSError("no address answers")
