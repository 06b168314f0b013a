"""Find orders of functions and names that pack smaller: ORDER (strip.py), GLOBALS, ATTRIBUTES, LOCALS (shorten.py).

usage: /usr/bin/python3 -sEB guest-agent/tune.py SECONDS [SEED] < plain files as JSON {path: text}

Anneals from the orders that are there: moves a name or a run of functions, keeps what is at most a few bytes worse,
ever fewer towards the end; prints the smallest size every 10 s, then the orders that gave it. The kit is stripped once,
with marks in place of names, so that a step costs one run of LZMA. With the same python as `npm run kit`: what may be
renamed depends on what its modules have.
"""

from __future__ import annotations

import ast
import json
import lzma
import random
import re
import sys
import time
from pathlib import Path

import shorten
import strip
from tighten import narrow

Orders = dict[str, list[str]]
KIT = Path(__file__).parent / "kit"
MARK = re.compile(r"\b([GAL])(\d+)_")
FUNCTION = re.compile(r"(?m)^(?=def |class )")


class Template:
    """The packed text with a mark for every name, in pieces that can be put in any order."""

    def __init__(self, files: dict[str, str]) -> None:
        """Strip the kit."""
        self.files = files
        self.unpack = narrow(strip.Strip().visit(ast.parse((KIT / "unpack.py").read_text("utf-8"))))
        paths = [*KIT.glob("bootseed/*.py"), KIT / "__main__.py"]
        sources = {path.stem: path.read_text("utf-8") for path in paths}
        tree = strip.arranged(sources)
        given = shorten.Shorten(tree)
        self.names = {"GLOBALS": [*given.names], "ATTRIBUTES": [*given.attributes]}
        order = [line.name for line in tree.body if isinstance(line, (ast.FunctionDef, ast.ClassDef))]
        self.start = {
            "ORDER": order,
            "GLOBALS": [*given.names.values()],
            "ATTRIBUTES": [*given.attributes.values()],
            "LOCALS": [*shorten.LOCALS],
        }
        shorten.GLOBALS, shorten.ATTRIBUTES = (
            " ".join(f"{name}={mark}{number}_" for number, name in enumerate(names))
            for mark, names in zip("GA", self.names.values())
        )
        shorten.LOCALS = [f"L{n}_" for n in range(26)]
        text = narrow(shorten.Shorten(tree).visit(tree))
        self.head, *functions = FUNCTION.split(text)
        last, self.tail = re.split(r"(?m)^(?=[^ \n]+=)", functions[-1], maxsplit=1)
        self.functions = dict(zip(order, [*functions[:-1], last]))

    def size(self, orders: Orders) -> int:
        """Bytes of the packed kit under these orders; one setting of the search, which is enough to compare."""
        names = dict(zip("GAL", (orders["GLOBALS"], orders["ATTRIBUTES"], orders["LOCALS"])))
        main = self.head + "".join(self.functions[name] for name in orders["ORDER"]) + self.tail
        main = MARK.sub(lambda found: names[found[1]][int(found[2])], main)
        text = strip.enclose(self.unpack, {**self.files, "__main__.py": main})
        return len(lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=[{**strip.FILTER, "nice_len": 128}]))


def main(seconds: str, seed: str = "1") -> None:
    """Anneal."""
    chance = random.Random(seed)  # noqa: S311 - a search that repeats itself
    template = Template(json.load(sys.stdin))
    now = best = template.start
    size = least = template.size(now)
    begin = told = time.monotonic()
    print(least, flush=True)
    while (gone := (time.monotonic() - begin) / float(seconds)) < 1:
        orders = {name: list(order) for name, order in now.items()}
        kind = chance.choices([*orders], (4, 4, 2, 1))[0]
        order = orders[kind]
        first, second = chance.randrange(len(order)), chance.randrange(len(order))
        if kind == "ORDER":
            run = chance.choice((1, 1, 1, 2, 4, 8))
            moved = order[first : first + run]
            del order[first : first + run]
            order[second:second] = moved
        else:
            order[first], order[second] = order[second], order[first]
        found = template.size(orders)
        if found <= size + chance.random() * 3 * (1 - gone) ** 2 - 0.01 or found <= size:
            size, now = found, orders
        if found < least:
            least, best = found, orders
        if time.monotonic() > told + 10:
            told = time.monotonic()
            print(least, size, flush=True)
    for table, order in best.items():
        names = template.names.get(table)
        print(table, "=", " ".join(map("=".join, zip(names, order)) if names else order))


if __name__ == "__main__":
    main(*sys.argv[1:])
