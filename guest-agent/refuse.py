"""What the packer rejects: code that renaming would break, and names that mean nothing in the packed module.

The packed kit is not what the kit's python tests run, and a NameError on a VM is seen too late.
"""

from __future__ import annotations

import ast
import builtins
import symtable

FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
OF_THE_MODULE = {"__name__", "__file__"}


def refuse_nested(module: str, tree: ast.Module) -> None:
    """Raise SystemExit for what shorten.py cannot rename: it knows the names of one function at a time."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, FUNCTIONS) for part in ast.walk(node)}
    nested = (
        part
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS)
        for part in ast.walk(node)
        if part is not node and isinstance(part, (*FUNCTIONS, ast.ClassDef))
    )
    for node in nested:
        fail(module, node, "a function or class in a function", "put it at the top level, with functools.partial")
    for node in ast.walk(tree):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            fail(module, node, "global or nonlocal", "return the value")
        if isinstance(node, ast.Lambda) and id(node) not in inside:
            fail(module, node, "a lambda outside of functions", "write a function")


def fail(module: str, node: ast.AST, what: str, instead: str) -> None:
    """Say what is wrong, and where."""
    raise SystemExit(f"{module}.py, line {getattr(node, 'lineno', '?')}: {what} cannot be packed: {instead}")


def refuse_undefined(text: str) -> str:
    """The packed module as it is; raises SystemExit for a name that it neither defines nor imports, nor python has."""
    top = symtable.symtable(text, "the packed kit", "exec")
    known = {*dir(builtins), *OF_THE_MODULE}
    known |= {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    tables = [top]
    for table in tables:
        tables += table.get_children()
        for symbol in table.get_symbols():
            outer = table is top or symbol.is_global()
            if outer and symbol.is_referenced() and symbol.get_name() not in known:
                raise SystemExit(f"the packed kit, in {table.get_name()}: {symbol.get_name()} is not defined")
    return text
