"""One request to a host: TLS 1.3, certificate compared with the statement's pins (protocol.md, Claim; Transports)."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Callable
from http.client import HTTPException, HTTPSConnection

from .kernel import deadline
from .seed import Statement

LIMIT = 65536


def post(statement: Statement, path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """Status and answer (at most 64 KiB) of the first address that answers; literal addresses are tried before names.

    `body` gets the SHA-256 of the certificate that was seen. Names and dates in it are ignored: the clock may be wrong,
    and TLS 1.3 proves possession of the key. An unpinned server is sent nothing. Raises OSError when none answers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    problem = "it has no address"
    for address in sorted(statement.addresses, key=lambda a: not re.match(r"[\d.]+:|\[", a)):
        host, _, port = address.rpartition(":")
        connection = HTTPSConnection(host.strip("[]"), int(port), timeout=9, context=context)
        try:
            with deadline(10):
                connection.connect()
                pin = hashlib.sha256(connection.sock.getpeercert(True) or b"").digest()
                if pin not in statement.pins:
                    raise OSError("its certificate is not pinned")
                connection.request("POST", path, body(pin), {"Content-Type": "application/octet-stream"})
                answer = connection.getresponse()
                return answer.status, answer.read(LIMIT)
        except (OSError, HTTPException) as error:
            problem = f"{address}: {error!r}"
        finally:
            connection.close()
    raise OSError(f"host {statement.host_id.hex()}: {problem}")
