"""Gives the kit's own names a letter or two: capitals to what is global or stands after a dot, small ones to locals."""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import itertools
import string
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flatten import defined, stored

# What tests and tools call the packed kit by.
PUBLIC = {"Guest", "parse_file", "seed_kernel", "reseed", "NOT_TRIED"}

# The order in which names are given out that packs smallest, found by tune.py; the most frequent name gets the first.
GLOBALS = """
X Q BR H L U R A BT BN O W K AP B C BC M G BP BD E AL N Z AH T BA AV S AF AM AQ AW J BV BY BB V I AT AJ AX Y AO AI BG
AK AU AR AA AB BH BX BO AC BF BK AZ AD AN AS BL BE BW BU F AY BM AE BJ AG BI BQ BS
""".split()  # noqa: SIM905
ATTRIBUTES = """
Y O X I H T V R M B A K F C N G U Q AA L P J E W AB Z S D
""".split()  # noqa: SIM905
LOCALS = "ceiabfrhngmkjolqdpsuyvwxzt"


class Shorten(ast.NodeTransformer):
    """Renames. A name is left alone if anything foreign may go by it: builtins, imports, keywords of calls.

    What stands after a dot is renamed where a method or an assignment of the kit defines it, unless an imported module
    or a type of the language has the same. Globals and attributes are two sets of names: a module has no dot.
    """

    def __init__(self, tree: ast.Module) -> None:
        """Learn which names the module defines, and count them."""
        inside = list(ast.walk(tree))
        attributes = [node for node in inside if isinstance(node, ast.Attribute)]
        methods = [part.name for line in tree.body if isinstance(line, ast.ClassDef) for part in functions(line)]
        names = Counter(node.id for node in inside if isinstance(node, ast.Name))
        dotted = Counter(node.attr for node in attributes)
        self.foreign = {*dir(builtins), *PUBLIC, *(node.arg or "" for node in inside if isinstance(node, ast.keyword))}
        theirs = {
            name
            for kind in (str, bytes, bytearray, int, dict, list, set, Path, *vars(io).values())
            for name in dir(kind)
        }
        for node in inside:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.foreign.update(name.name.split(".")[0] for name in node.names)
                modules = (
                    [getattr(node, "module", "")] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
                )
                theirs.update(*map(members, modules))
        self.names = letters(names, defined(tree) - self.foreign, GLOBALS)
        kept = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
        self.attributes = letters(dotted, {*kept, *methods} - theirs - {*PUBLIC}, ATTRIBUTES)
        self.local: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        """A function or method, what it holds inside included: its locals get a, b, c in the order they appear."""
        words = [
            word.arg if isinstance(word, ast.arg) else word.id
            for word in ast.walk(node)
            if isinstance(word, (ast.arg, ast.Name))
        ]
        mine = stored(node) - self.foreign
        free = [letter for letter in LOCALS if letter not in {*words} - mine]
        self.local = dict(zip((word for word in dict.fromkeys(words) if word in mine), free))
        self.generic_visit(node)
        self.local = {}
        return node

    def visit_Module(self, node: ast.Module) -> Any:  # noqa: N802
        """Functions, classes and methods get their new names."""
        for line in node.body:
            if isinstance(line, (ast.FunctionDef, ast.ClassDef)):
                line.name = self.names.get(line.name, line.name)
            for part in functions(line):
                part.name = self.attributes.get(part.name, part.name)
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
        node.attr = self.attributes.get(node.attr, node.attr)
        return self.generic_visit(node)


def functions(line: ast.stmt) -> list[ast.FunctionDef]:
    """A class's methods."""
    return [part for part in line.body if isinstance(part, ast.FunctionDef)] if isinstance(line, ast.ClassDef) else []


def letters(count: Counter[str], mine: Iterable[str], first: list[str]) -> dict[str, str]:
    """A short name for each, those of `first` before others, as far as nothing else is called that."""
    more = [a + b for a in ("", *string.ascii_uppercase) for b in string.ascii_uppercase]
    long = sorted((name for name in mine if len(name) > 1 and name[:2] != "__"), key=lambda name: (-count[name], name))
    return dict(zip(long, (name for name in dict.fromkeys([*first, *more]) if name not in count)))


def members(name: str) -> set[str]:
    """What a module, its classes and, where it is written in python, its objects have after a dot."""
    module = importlib.import_module(name)
    loaded = vars(module)
    found = {
        *loaded,
        *itertools.chain.from_iterable(dir(value) for value in loaded.values() if isinstance(value, type)),
    }
    source = Path(getattr(module, "__file__", None) or "")
    if source.suffix == ".py":
        nodes = ast.walk(ast.parse(source.read_text("utf-8")))
        found |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return found
