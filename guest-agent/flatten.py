"""One module out of all modules of the kit: files and imports between them cost bytes in user-data.

A name at the top level stays if no other module has it; else its module's name is put behind it. What comes from
`cryptography` is imported where it is used: claim and report must run on images without it.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter

LATE = "cryptography"
Flat = dict[tuple[str, str], str]


def flatten(trees: dict[str, ast.Module]) -> ast.Module:
    """The modules (`__init__` is the package, `__main__` ends up last) as one; raises AssertionError for a clash."""
    own = {module: defined(tree) for module, tree in trees.items()}
    count = Counter(word for words in own.values() for word in words)
    flat = {(m, word): word if count[word] == 1 else f"{word}_{m}" for m, words in own.items() for word in words}
    imports: set[str] = set()
    body: list[ast.stmt] = []
    for module in sorted(trees, key=lambda name: (name == "__main__", name)):
        resolve = Resolve({word: flat[module, word] for word in own[module]}, flat)
        for line in trees[module].body:
            if isinstance(line, ast.Import) or (isinstance(line, ast.ImportFrom) and not resolve.learn(line)):
                imports.add(ast.unparse(line))
            elif not isinstance(line, ast.ImportFrom):
                body.append(resolve.top(line))
    whole = sorted(line[7:] for line in imports if line.startswith("import "))
    parts = sorted(line for line in imports if not line.startswith("import "))
    return ast.Module([*ast.parse("\n".join([*parts, "import " + ",".join(whole)])).body, *body], [])


def defined(tree: ast.Module) -> set[str]:
    """Names that a module defines at its top level."""
    words = {line.name for line in tree.body if isinstance(line, (ast.FunctionDef, ast.ClassDef))}
    return words.union(*(stored(line) for line in tree.body if isinstance(line, ast.Assign)))


def stored(node: ast.AST) -> set[str]:
    """Names that get a value somewhere in a node, parameters included."""
    inside = list(ast.walk(node))
    words = {name.id for name in inside if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    words |= {word.arg for word in inside if isinstance(word, ast.arg)}
    return words | {word.name for word in inside if isinstance(word, ast.ExceptHandler) and word.name}


class Resolve(ast.NodeTransformer):
    """Turns one module's names, and `module.name`, into those of the one module."""

    def __init__(self, names: dict[str, str], flat: Flat) -> None:
        """What the module defines, by the name it has afterwards; and that of every module."""
        self.names = names
        self.flat = flat
        self.modules: set[str] = set()
        self.late: dict[str, str] = {}
        self.hidden: set[str] = set()

    def learn(self, line: ast.ImportFrom) -> bool:
        """Note what is imported from the kit or from LATE; False for other imports, which stay at the top."""
        module = line.module or ""
        if module.startswith(LATE):
            self.late.update({name.name: module for name in line.names})
        elif line.level or module.startswith("bootseed"):
            source = module.replace("bootseed", "").strip(".") or "__init__"
            for name in (name.name for name in line.names):
                if (source, name) in self.flat:
                    self.names[name] = self.flat[source, name]
                else:
                    self.modules.add(name)
        else:
            return False
        return True

    def top(self, line: ast.stmt) -> ast.stmt:
        """A statement at the top level: functions and classes get their new name, methods keep theirs."""
        if isinstance(line, ast.FunctionDef):
            self.function(line)
        elif isinstance(line, ast.ClassDef):
            for part in line.body:
                if isinstance(part, ast.FunctionDef):
                    self.function(part)
            line.bases = [self.visit(base) for base in line.bases]
        else:
            self.generic_visit(line)
            return line
        line.name = self.names[line.name]
        return line

    def function(self, node: ast.FunctionDef) -> None:
        """A function and what it holds: its locals hide names of the module; late imports come first."""
        self.hidden = stored(node)
        used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)} - self.hidden
        self.generic_visit(node)
        late = sorted((self.late[name], name) for name in used & {*self.late})
        node.body[:0] = [
            ast.ImportFrom(module, [ast.alias(name) for _, name in names], 0)
            for module, names in itertools.groupby(late, key=lambda pair: pair[0])
        ]
        self.hidden = set()

    def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: N802
        """A name."""
        return node if node.id in self.hidden else self.named(node, self.names.get(node.id, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802
        """`module.name`."""
        module = node.value.id if isinstance(node.value, ast.Name) else ""
        if module in self.modules - self.hidden:
            return self.named(node, self.flat[module, node.attr])
        return self.generic_visit(node)

    def named(self, node: ast.Name | ast.Attribute, name: str) -> ast.Name:
        """The name in the place of a node, unless a local would take it."""
        if name in self.hidden:
            raise AssertionError(f"line {node.lineno}: a local hides {name} of another module: give it another name")
        return ast.copy_location(ast.Name(name, node.ctx), node)
