"""Ask cloud-init itself which code points it accepts in one place of a document's leading text.

stdin: JSON list of [before, after]. stdout: for each, the code points c with before + c + after of a known type.
argv[1]: folder with cloud-init's modules.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from cloudinit import handlers  # type: ignore[import-not-found]  # noqa: E402

ALL = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]


def known(before: str, after: str) -> "list[int]":
    """The code points with which cloud-init finds a type, given the document as bytes, as a datasource does."""
    return [point for point in ALL if handlers.type_from_starts_with((before + chr(point) + after).encode())]


print(json.dumps([known(*one) for one in json.load(sys.stdin)]))
