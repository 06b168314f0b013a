"""Ask cloud-init itself what it makes of user-data: the parts, as its handlers would be given them.

stdin: JSON list of user-data in base64. stdout: JSON list of lists of [content type, payload in base64].
argv[1]: folder with cloud-init's modules.
"""

import base64
import json
import sys

sys.path.insert(0, sys.argv[1])

from cloudinit import handlers, user_data  # type: ignore[import-not-found]  # noqa: E402


class NoPaths:
    """A machine without cloud-init folders."""

    def get_ipath(self, *_: object) -> None:
        return None

    def get_cpath(self, *_: object) -> str:
        return "/nonexistent"

    get_ipath_cur = get_cpath


def parts(raw: bytes) -> "list[list[str]]":
    """Process user-data as the first boot does and collect what reaches the handlers."""
    seen = []

    def collect(_data: object, _name: str, payload: "str | bytes", headers: "dict[str, str]") -> None:
        data = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else payload
        seen.append([headers["Content-Type"], base64.b64encode(data).decode()])

    handlers.walk(user_data.UserDataProcessor(NoPaths()).process(raw), collect, None)
    return seen


print(json.dumps([parts(base64.b64decode(one)) for one in json.load(sys.stdin)]))
