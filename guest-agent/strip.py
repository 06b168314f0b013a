"""Strip and pack the kit (guest-agent/pack-kit.ts calls this; python's `ast` and `lzma` do the work).

usage: /usr/bin/python3 strip.py KIT_FOLDER < plain files as JSON {path: text}
prints {"main": stripped source, "packed": text}
packed = base 94 of lzma(unpack.py, in it the files: path, line feed, text, form feed, ...): one number, its digits the
94 printable characters from "!" on, the highest first. Base 85 would be 2.4 % longer.

One module, without docstrings, annotations, comments or unused imports; one space of indentation; the kit's own names
shortened. What is stripped is never looked at while the kit runs: no dataclasses, no NamedTuple (they read annotations).
"""

from __future__ import annotations

import ast
import io
import json
import lzma
import sys
import tokenize
from pathlib import Path
from typing import Any

from flatten import flatten
from shorten import Shorten

# The orders of modules and files that pack smallest, found by trying.
ORDER = "wire packet __init__ seed claim topup https kernel firstboot guest report __main__".split()  # noqa: SIM905


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


def tighten(source: str) -> str:
    """Source without the spaces that the parser does not need."""
    text, last, after_break = "", (1, 0), True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            continue
        if after_break:
            text += " " * token.start[1]
        elif (
            token.start != last
            and (text[-1].isalnum() or text[-1] == "_")
            and (token.string[:1].isalnum() or token.string[:1] in "_'\"")
        ):
            text += " "
        text += token.string
        last, after_break = token.end, token.type in (tokenize.NEWLINE, tokenize.NL)
    return text


def narrow(tree: ast.AST) -> str:
    """Source with one space of indentation; raises AssertionError if that would change the program."""
    wide = ast.unparse(ast.fix_missing_locations(tree))
    lines = [" " * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() for line in wide.splitlines() if line]
    text = tighten("\n".join(lines) + "\n")
    if ast.dump(ast.parse(text)) != ast.dump(ast.parse(wide)):
        raise AssertionError("a literal with line breaks in it: write it with \\n")
    return text


def strip(sources: dict[str, str]) -> str:
    """All modules of the kit, by name, as one stripped module."""
    trees = {name: Strip().visit(ast.parse(source)) for name, source in sources.items()}
    tree = flatten({name: Imports(tree).visit(tree) for name, tree in trees.items()}, ORDER)
    return narrow(Shorten(tree).visit(tree))


def pack(text: str) -> str:
    """One line of printable characters."""
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0, "nice_len": 48}]
    number = int.from_bytes(lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=filters), "big")
    digits = ""
    while number:
        number, digit = divmod(number, 94)
        digits += chr(33 + digit)
    return digits[::-1]


def main(folder: str) -> None:
    """Strip, pack, print."""
    kit = Path(folder)
    main = strip({path.stem: path.read_text("utf-8") for path in [*kit.glob("bootseed/*.py"), kit / "__main__.py"]})
    unpack = narrow(Strip().visit(ast.parse((kit / "unpack.py").read_text("utf-8"))))
    files = {**json.load(sys.stdin), "__main__.py": main}
    text = unpack.replace("'@FILES@'", 'r"""' + "\f".join(f"{name}\n{body}" for name, body in files.items()) + '"""')
    ast.parse(text)
    json.dump({"main": main, "packed": pack(text)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
