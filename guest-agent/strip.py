"""Strip and pack the kit (guest-agent/pack-kit.ts calls this; python's `ast` and `lzma` do the work).

usage: /usr/bin/python3 strip.py KIT_FOLDER < plain files as JSON {path: text}
prints {"modules": {path: stripped source}, "packed": text}
packed = base85(lzma(unpack.py, then for each file: form feed, path, line feed, text))

No docstrings, annotations, comments or unused imports; one space of indentation; local names shortened. What is
stripped is never looked at while the kit runs (no dataclasses, no NamedTuple: they read annotations).
"""

from __future__ import annotations

import ast
import base64
import builtins
import json
import lzma
import string
import sys
from collections import Counter
from pathlib import Path
from typing import Any


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


class Shorten(ast.NodeTransformer):
    """Gives local names one letter, the same one in every module, the most frequent first.

    A name is left alone if it is global, imported or builtin anywhere, or the keyword of any call: so no scopes have to
    be told apart, and attributes, functions and classes keep their names.
    """

    def __init__(self, trees: list[ast.Module]) -> None:
        """Learn which names are local everywhere."""
        count: Counter[str] = Counter()
        fixed = set(dir(builtins))
        for tree in trees:
            scopes = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
            local = {id(node) for scope in scopes for node in ast.walk(scope)}
            for node in ast.walk(tree):
                if isinstance(node, ast.arg):
                    count[node.arg] += 1
                elif isinstance(node, ast.Name):
                    count[node.id] += 1
                    if id(node) not in local:
                        fixed.add(node.id)
                elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)):
                    fixed.add(node.name or "")
                elif isinstance(node, ast.alias):
                    fixed.add((node.asname or node.name).split(".")[0])
                elif isinstance(node, ast.keyword):
                    fixed.add(node.arg or "")
        short = [letter for letter in string.ascii_letters if letter not in count]
        common = sorted(count, key=lambda name: (-count[name], name))
        self.names = dict(zip((name for name in common if name not in fixed and len(name) > 1), short))

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """A parameter."""
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: N802
        """A variable."""
        node.id = self.names.get(node.id, node.id)
        return node


def narrow(tree: ast.AST) -> str:
    """Source with one space of indentation; raises AssertionError if that would change the program."""
    wide = ast.unparse(ast.fix_missing_locations(tree))
    lines = [" " * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() for line in wide.splitlines() if line]
    text = "\n".join(lines) + "\n"
    if ast.dump(ast.parse(text)) != ast.dump(ast.parse(wide)):
        raise AssertionError("a literal with line breaks in it: write it with \\n")
    return text


def strip(sources: dict[str, str]) -> dict[str, str]:
    """All modules of the kit, stripped."""
    trees = {name: Strip().visit(ast.parse(source)) for name, source in sources.items()}
    trees = {name: Imports(tree).visit(tree) for name, tree in trees.items()}
    shorten = Shorten(list(trees.values()))
    return {name: narrow(shorten.visit(tree)) for name, tree in trees.items()}


def main(folder: str) -> None:
    """Strip, pack, print."""
    kit = Path(folder)
    paths = sorted([*kit.glob("*.py"), *kit.glob("bootseed/*.py")])
    modules = strip({str(path.relative_to(kit)): path.read_text("utf-8") for path in paths})
    unpack = modules.pop("unpack.py")
    files = {**modules, **json.load(sys.stdin)}
    text = "\f".join([unpack, *(f"{name}\n{body}" for name, body in files.items())]).encode()
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0}]
    packed = base64.b85encode(lzma.compress(text, lzma.FORMAT_ALONE, filters=filters)).decode()
    json.dump({"modules": modules, "packed": packed}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
