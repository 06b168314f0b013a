"""Strip and pack the kit (guest-agent/pack-kit.ts calls this; python's `ast` and `lzma` do the work).

usage: /usr/bin/python3 strip.py KIT_FOLDER < plain files as JSON {path: text}
prints {"modules": {path: stripped source}, "packed": text}
packed = base85(lzma(unpack.py, in it the files: path, line feed, text, form feed, ...))

No docstrings, annotations, comments or unused imports; one space of indentation; local names shortened. What is
stripped is never looked at while the kit runs (no dataclasses, no NamedTuple: they read annotations).
"""

from __future__ import annotations

import ast
import base64
import builtins
import importlib
import io
import itertools
import json
import lzma
import string
import sys
import tokenize
from collections import Counter
from pathlib import Path
from typing import Any

# The order of the files that packs smallest, found by trying.
ORDER = "etc packet wire __init__ seed claim topup https kernel firstboot guest report __main__".split()  # noqa: SIM905


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
    """Gives the kit's own names a letter or two: capitals to what modules share, small ones to what is local.

    A name is left alone if anything foreign may go by it: builtins, imports, keywords of calls, and, where it is used
    after a dot, what the imported modules and the types of the language have there. PUBLIC is what tests and tools call
    the packed kit by.
    """

    PUBLIC = ("Guest", "parse_file", "seed_kernel", "reseed", "mix", "NOT_TRIED", "sign", "verify", "status")

    def __init__(self, trees: list[ast.Module]) -> None:
        """Learn which names modules share, and count them."""
        shared: set[str] = set()
        self.foreign = {*dir(builtins), *self.PUBLIC}
        types = (str, bytes, bytearray, int, dict, list, set, Path, *vars(io).values())
        dotted = {name for kind in types for name in dir(kind)}
        count: Counter[str] = Counter()
        attributes = set()
        shared.update(
            name.id for tree in trees for line in tree.body for name in stored(line) if isinstance(line, ast.Assign)
        )
        for node in itertools.chain.from_iterable(map(ast.walk, trees)):
            if isinstance(node, ast.Name):
                count[node.id] += 1
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                shared.add(node.name)
            elif isinstance(node, ast.Attribute):
                count[node.attr] += 1
                attributes.add(node.attr)
                if isinstance(node.ctx, ast.Store):
                    shared.add(node.attr)
            elif isinstance(node, ast.keyword):
                self.foreign.add(node.arg or "")
            elif isinstance(node, ast.Import):
                self.foreign.update(name.name.split(".")[0] for name in node.names)
                dotted.update(*(members(name.name) for name in node.names))
            elif isinstance(node, ast.ImportFrom) and is_own(node):
                self.foreign.update(name.name for name in node.names if not node.module)
            elif isinstance(node, ast.ImportFrom):
                self.foreign.update(name.name for name in node.names)
                dotted.update(members(node.module or ""))
        self.foreign |= attributes & dotted & shared
        letters = (a + b for a in ("", *string.ascii_uppercase) for b in string.ascii_uppercase)
        short = (name for name in letters if name not in {*count, *self.foreign})
        mine = sorted(shared - self.foreign, key=lambda name: (-count[name], name))
        self.names = dict(zip((name for name in mine if len(name) > 1 and name[:2] != "__"), short))
        self.local: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        """A function or method, what it holds inside included: its locals get a, b, c in the order they appear."""
        words = [
            word.arg if isinstance(word, ast.arg) else word.id
            for word in ast.walk(node)
            if isinstance(word, (ast.arg, ast.Name))
        ]
        own = {word.arg for word in ast.walk(node) if isinstance(word, ast.arg)} | {name.id for name in stored(node)}
        own |= {handler.name or "" for handler in ast.walk(node) if isinstance(handler, ast.ExceptHandler)}
        mine = own - self.foreign
        free = [letter for letter in string.ascii_lowercase if letter not in {*words} - mine]
        self.local = dict(zip((word for word in dict.fromkeys(words) if word in mine), free))
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:  # noqa: N802
        """The name of what was caught."""
        node.name = self.local.get(node.name or "", node.name)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        """A parameter."""
        node.arg = self.local.get(node.arg, node.arg)
        return node

    def visit_Name(self, node: ast.Name) -> Any:  # noqa: N802
        """A variable."""
        node.id = self.local.get(node.id) or self.names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:  # noqa: N802
        """What stands after a dot."""
        node.attr = self.names.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:  # noqa: N802
        """A class."""
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:  # noqa: N802
        """Names imported from another module of the kit."""
        if is_own(node):
            for name in node.names:
                name.name = self.names.get(name.name, name.name)
        return node


def stored(node: ast.AST) -> list[ast.Name]:
    """Names that get a value somewhere in a node."""
    return [name for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]


def is_own(node: ast.ImportFrom) -> bool:
    """Whether the import is from the kit itself."""
    return node.level > 0 or (node.module or "").startswith("bootseed")


def members(module: str) -> set[str]:
    """What a module and its classes have after a dot."""
    loaded = vars(importlib.import_module(module))
    return {*loaded, *itertools.chain.from_iterable(dir(value) for value in loaded.values() if isinstance(value, type))}


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
    files = {name: files[name] for name in sorted(files, key=lambda name: ([word not in name for word in ORDER], name))}
    text = unpack.replace("'@FILES@'", 'r"""' + "\f".join(f"{name}\n{body}" for name, body in files.items()) + '"""')
    ast.parse(text)
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0, "nice_len": 48}]
    packed = base64.b85encode(lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=filters)).decode()
    json.dump({"modules": modules, "packed": packed}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
