"""Find orders of functions and names that pack smaller: ORDER (strip.py), GLOBALS, ATTRIBUTES, LOCALS (shorten.py).

usage: /usr/bin/python3 -sEB guest-agent/tune.py SECONDS [SEED] < plain files as JSON {path: text}

Starts from the orders that are there, swaps two at random, keeps what is not worse; prints each gain, then the orders.
With the same python as `npm run kit`: what may be renamed depends on what its modules have.
"""

from __future__ import annotations

import ast
import json
import lzma
import random
import sys
import time
from pathlib import Path

import shorten
import strip

Orders = dict[str, list[str]]


def current() -> Orders:
    """The orders that the next packing would use."""
    return {
        "ORDER": strip.ORDER,
        "GLOBALS": shorten.GLOBALS,
        "ATTRIBUTES": shorten.ATTRIBUTES,
        "LOCALS": list(shorten.LOCALS),
    }


def size(sources: dict[str, str], files: dict[str, str], orders: Orders) -> int:
    """Bytes of the packed kit under these orders; one setting of the search, which is enough to compare."""
    strip.ORDER, shorten.GLOBALS, shorten.ATTRIBUTES = orders["ORDER"], orders["GLOBALS"], orders["ATTRIBUTES"]
    shorten.LOCALS = "".join(orders["LOCALS"])
    text = "\f".join([*files.values(), strip.strip(sources)])
    fixed = {"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0, "nice_len": 64}
    return len(lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=[fixed]))


def main(seconds: str, seed: str = "1") -> None:
    """Climb."""
    chance = random.Random(seed)  # noqa: S311 - a search that repeats itself
    kit = Path(__file__).parent / "kit"
    paths = [*kit.glob("bootseed/*.py"), kit / "__main__.py"]
    sources = {path.stem: path.read_text("utf-8") for path in paths}
    files: dict[str, str] = json.load(sys.stdin)
    best = current()
    defined = [
        line.name
        for source in sources.values()
        for line in ast.parse(source).body
        if isinstance(line, (ast.FunctionDef, ast.ClassDef)) and line.name != "once"
    ]
    best["ORDER"] = list(dict.fromkeys([*best["ORDER"], *defined]))
    least = size(sources, files, best)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        orders = {name: list(order) for name, order in best.items()}
        order = orders[chance.choice([*orders])]
        first, second = chance.randrange(len(order)), chance.randrange(len(order))
        order.insert(first, order.pop(second))
        found = size(sources, files, orders)
        if found < least:
            print(found, flush=True)
        if found <= least:
            least, best = found, orders
    for name, order in best.items():
        print(name, "=", " ".join(order))


if __name__ == "__main__":
    main(*sys.argv[1:])
