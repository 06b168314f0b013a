"""Python source in few characters: one space of indentation, short blocks on one line, no space that can go."""

from __future__ import annotations

import ast
import io
import re
import tokenize


def narrow(tree: ast.AST) -> str:
    """A program as text; raises AssertionError if that would change it."""
    wide = ast.unparse(ast.fix_missing_locations(tree))
    lines = [" " * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() for line in wide.splitlines() if line]
    lines = [open_tuple(line) for line in tighten("\n".join(lines) + "\n").splitlines()]
    text = "\n".join(fold(lines, 0)) + "\n"
    if ast.dump(ast.parse(text)) != ast.dump(ast.parse(wide)):
        raise AssertionError("a literal with line breaks in it: write it with \\n")
    return text


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
        text += re.sub(r"\\x00(?!\d)", r"\\0", token.string) if token.type == tokenize.STRING else token.string
        last, after_break = token.end, token.type in (tokenize.NEWLINE, tokenize.NL)
    return text


def open_tuple(line: str) -> str:
    """`return(a,b)` and `c=(a,b)` without the parentheses, where they are the tuple's."""
    found = re.fullmatch(r"( *)(return|[^=(]*=)\((.*)\)", line)
    if not found:
        return line
    start, end = found[2] + (" " if found[2] == "return" else ""), found[3]
    try:
        same = ast.dump(ast.parse(f"def f():\n {start}{end}")) == ast.dump(ast.parse(f"def f():\n {line.strip()}"))
    except SyntaxError:
        return line
    return found[1] + start + end if same else line


def fold(lines: list[str], depth: int) -> list[str]:
    """The block at the head of `lines`, taken away there: simple statements joined by `;`, behind the `:` if alone."""
    block: list[str] = []
    simple = False
    while lines and len(lines[0]) - len(lines[0].lstrip(" ")) == depth:
        line = lines.pop(0)
        if line.endswith(":"):
            body = fold(lines, depth + 1)
            alone = len(body) == 1 and not COMPOUND.match(body[0])
            block += [line + body[0].strip()] if alone else [line, *body]
            simple = False
        elif simple:
            block[-1] += ";" + line.strip()
        else:
            block.append(line)
            simple = True
    return block


COMPOUND = re.compile(r" *(if|for|while|try|except|finally|else|elif|with|def|class)\b")
