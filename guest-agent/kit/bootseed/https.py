"""One request to a host: TLS 1.3, certificate compared with the statement's pins (protocol.md, Claim; Transports)."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from http.client import HTTPSConnection

from .follow import learn, messages
from .guest import Host, say
from .wire import Followed, Reader, Refused, refuse_unless


def post(host: Host, path: str, body: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """Status and answer (at most 64 KiB) of the first address that answers; the statement lists literal ones first.

    `body` gets the SHA-256 of the certificate that was seen. Names and dates in it are ignored: the clock may be wrong,
    and TLS 1.3 proves possession of the key. A server that is not pinned is asked for later statements (hostId and
    serial, nothing else): raises Followed when there are, all signed. Raises OSError or Refused when none answers.
    """
    context = ssl._create_unverified_context()  # noqa: S323 - pins instead of names and dates
    context.minimum_version = 0x304  # type: ignore[assignment] # ssl.TLSVersion.TLSv1_3, in fewer bytes
    statement = host.statement()
    failure: Exception = OSError("no address answers")
    for address in statement.addresses:
        connection = HTTPSConnection(address, timeout=4, context=context)
        try:
            connection.connect()
            pin = hashlib.sha256(connection.sock.getpeercert(True)).digest()  # type: ignore[arg-type]
            known = pin in statement.pins
            data = body(pin) if known else statement.raw[1:13]
            target = path if known else "/v1/statements"
            connection.request("POST", target, data)
            answer = connection.getresponse()
            say(address, target, answer.status)
            received = answer.read(65536)
            if known:
                return answer.status, received
            refuse_unless(answer.status == 200, "pin")
            r = Reader(received)
            later = messages(r)
            r.end()
            refuse_unless(learn(host, statement, later) != statement, "pin")
            raise Followed
        except Exception as error:
            say(address, path, repr(error))
            if isinstance(error, Refused):
                failure = error
        finally:
            connection.close()
    raise failure
