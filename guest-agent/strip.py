"""Strip and pack the kit (guest-agent/pack-kit.ts calls this; python's `ast` and `lzma` do the work).

usage: /usr/bin/python3 strip.py KIT_FOLDER < plain files as JSON {path: text}
prints {"main": stripped source, "packed": text, "size": bytes of the number}
packed = base 94 of lzma(unpack.py, in it the files: path, line feed, text, form feed, ...): one number, its digits the
94 printable characters from "!" on, the highest first. Base 85 would be 2.4 % longer.

One module, without docstrings, annotations, comments or unused imports; one space of indentation; the kit's own names
shortened. Nothing looks at annotations while the kit runs: no dataclasses, no NamedTuple.
"""

from __future__ import annotations

import ast
import itertools
import json
import lzma
import sys
from pathlib import Path
from typing import Any

from flatten import flatten
from refuse import refuse_nested, refuse_undefined
from shorten import Shorten
from tighten import narrow

# The order of functions and classes that packs smallest, found by tune.py; new ones come behind.
ORDER = """
once_claim uptime metadata need_cryptography few check own sync keep learn follow burn scrub claims refuse_unless
seed_kernel laid recall hook put_aside once_topup clocks insist public overwrite say remove linked write Refused again
packed settle hello attempt damaged prove shown dh root_key point Entry Reader integer Statement u64 when_due plain
join due private_key certified verify foreign once_report outvoted timeline host_keys proven Followed state
instance_record judge open_psk letters plaintext post lp pull messages open_packet fork parse_file reseed wipe aside
parse mix main remember proof own_folder extract instance_hash counts load message each expand blank ioctl Host Guest
digest config label output find sign keygen private sshd_started
""".split()  # noqa: SIM905 - a list of names, not of lines


class Strip(ast.NodeTransformer):
    """Drops what the interpreter does not need."""

    def body_of(self, node: Any) -> Any:
        """A function, class or module without its docstring; `pass` where nothing is left."""
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = body_of  # noqa: N815 - the names ast calls

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """A parameter without its type."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:  # noqa: N802
        """An assignment without its type."""
        return node.value and ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:  # noqa: N802
        """An exception without `from None`: no traceback is ever printed."""
        node.cause = None
        return self.generic_visit(node)


class Imports(ast.NodeTransformer):
    """Drops imports of names that nothing uses any more."""

    def __init__(self, tree: ast.AST) -> None:
        """Learn which names are used."""
        self.used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    def prune(self, node: Any) -> Any:
        """Keep the used names; the whole statement goes with its last one."""
        node.names = [name for name in node.names if (name.asname or name.name).split(".")[0] in self.used]
        return node if node.names else None

    visit_Import = visit_ImportFrom = prune  # noqa: N815


def strip(sources: dict[str, str]) -> str:
    """All modules of the kit, by name, as one stripped module; raises SystemExit for what renaming would break."""
    tree = arranged(sources)
    return refuse_undefined(narrow(Shorten(tree).visit(tree)))


def arranged(sources: dict[str, str]) -> ast.Module:
    """The same with the names of the sources."""
    trees = {name: Strip().visit(ast.parse(source)) for name, source in sources.items()}
    for name, tree in trees.items():
        refuse_nested(name, tree)
    return arrange(flatten({name: Imports(tree).visit(tree) for name, tree in trees.items()}))


def arrange(tree: ast.Module) -> ast.Module:
    """Imports, functions and classes in ORDER, everything else as it came: nothing runs before all is defined."""
    kinds = (ast.Import, ast.ImportFrom), (ast.FunctionDef, ast.ClassDef)
    places = {name: place for place, name in enumerate(ORDER)}

    def place(line: ast.stmt) -> tuple[int, int]:
        kind = next((number for number, kind in enumerate(kinds) if isinstance(line, kind)), len(kinds))
        return kind, places.get(getattr(line, "name", ""), len(places))

    tree.body.sort(key=place)
    return tree


FILTER = {
    "id": lzma.FILTER_LZMA1,
    "preset": 9 | lzma.PRESET_EXTREME,
    "dict_size": 1 << 16,
    "lc": 3,
    "lp": 0,
    "pb": 0,
}


def squeeze(text: str) -> bytes:
    """The smallest that LZMA makes of it, whatever its search is told."""
    tries = itertools.product(range(24, 274), (lzma.MF_BT2, lzma.MF_BT3, lzma.MF_BT4))
    filters = [[{**FILTER, "nice_len": nice, "mf": mf}] for nice, mf in tries]
    return min((lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=one) for one in filters), key=len)


def digits_of(data: bytes) -> str:
    """One line of printable characters."""
    number = int.from_bytes(data, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 94)
        digits += chr(33 + digit)
    return digits[::-1]


def enclose(unpack: str, files: dict[str, str]) -> str:
    """The program that unpacks these files, by their path."""
    return unpack.replace("'@FILES@'", 'r"""' + "\f".join(f"{name}\n{body}" for name, body in files.items()) + '"""')


def main(folder: str) -> None:
    """Strip, pack, print."""
    kit = Path(folder)
    main = strip({path.stem: path.read_text("utf-8") for path in [*kit.glob("bootseed/*.py"), kit / "__main__.py"]})
    unpack = narrow(Strip().visit(ast.parse((kit / "unpack.py").read_text("utf-8"))))
    text = enclose(unpack, {**json.load(sys.stdin), "__main__.py": main})
    ast.parse(text)
    data = squeeze(text)
    json.dump({"main": main, "packed": digits_of(data), "size": len(data)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
