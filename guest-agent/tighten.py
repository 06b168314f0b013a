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
    parts = re.split(r"(?m)^(?=\S)", tighten("\n".join(lines) + "\n"))
    lines = "".join(map(bare, joined(parts))).splitlines()
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


def bare(source: str) -> str:
    """Source without the parentheses that change nothing, as in `f((x for x in y))` and `a and (not b)`."""
    at = 0
    while (at := source.find("(", at)) >= 0:
        for end in [found.start() for found in re.finditer(r"\)", source[at:])]:
            inner = source[at + 1 : at + end]
            if balanced(inner):
                before, after = source[:at], source[at + end + 1 :]
                without = before + SPACE[glued(before, inner)] + inner + SPACE[glued(inner, after)] + after
                if not inner.startswith("*") and same(without, source):  # python 3.8 needs them around `*a, b`
                    source = without
                break
        at += 1
    return source


SPACE = {True: " ", False: ""}


def joined(parts: list[str]) -> list[str]:
    """Statements at the top level, each whole: `else` and its like belong to what is before them."""
    whole: list[str] = []
    for part in parts:
        if whole and re.match(r"(elif|else|except|finally)\b", part):
            whole[-1] += part
        else:
            whole.append(part)
    return whole


def balanced(text: str) -> bool:
    """Whether there are as many parentheses that open as that close."""
    return text.count("(") == text.count(")")


def glued(left: str, right: str) -> bool:
    """Whether two pieces of source would become one word."""
    return bool(re.search(r"\w$", left) and re.match(r"[\w'\"]", right))


def same(source: str, other: str) -> bool:
    """Whether two pieces of source are the same program, also for python 3.8."""
    try:
        return ast.dump(ast.parse(source, feature_version=(3, 8))) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


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
