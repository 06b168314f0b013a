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

# The names that pack smallest, found by tune.py; LOCALS is the order in which locals get them.
GLOBALS = """
refuse_unless=E attempt=B public=BV say=BP Refused=BQ KEEP=DK RUN=AQ Reader=BI label=K SUITE=G lp=AA write=AC post=DG
expand=DE message=W private=L private_key=DO remove=V sync=BJ uptime=DA wipe=DF KIND=DU SEEDS=DS Statement=AV
UNKNOWN=DQ dh=DM extract=CS hello=BX integer=AZ load=F plain=S point=DX shown=AR u64=AS ENROLMENT=BW FILES=H Host=AX
KEM=DJ MADE=AJ RNDRESEEDCRNG=X VERSION=AE WRONG=BY aside=DC blank=BN damaged=DH instance_hash=CF ioctl=BG keygen=AD
linked=AF metadata=CM mix=DW own=BM own_folder=CV proof=AH timeline=DV CHECKED=R ED25519=BZ ENODATA=Z Entry=O
Followed=BD HEAD=U MOST_BYTES=AK NO_KEY=BT ONCE=BH ORDER=AP P256=BS RNDADDENTROPY=AL SOURCES=DL X25519=Y certified=AW
clocks=CA counts=Q digest=BK each=BL few=BU fork=BE insist=CN join=BA learn=DP messages=AU once_claim=DD once_topup=AO
output=CL overwrite=M root_key=DB scrub=AY sign=CB verify=BO again=CK burn=BF claims=CT config=J due=AI find=CH
follow=BR foreign=DN hook=AG host_keys=CJ instance_record=AB judge=AT keep=CR laid=CU letters=CO main=AN
need_cryptography=DT once_report=CP open_packet=CI open_psk=CG outvoted=AM packed=CC parse=I plaintext=DI prove=CE
proven=BC pull=CY put_aside=CW recall=DR remember=CZ settle=CD sshd_started=CX state=CQ when_due=BB
"""
ATTRIBUTES = """
at=K take=H number=J folder=AE guest=Q host_id=Z text=M statement=AH instance_id=W lp=I certificate=AC seed_id=R
data=AI other=AJ pool=F boot_id=S found=AF gate=L hosts=AL addresses=E claim_key=U identity=V names=AB psk0=G
verdict=AD boot_id16=AA interval=O next=Y notes=AK packet_pk=AG pins=X signature=B
"""
LOCALS = "dbsicefnltmkahjguopwxzrvqy"


class Shorten(ast.NodeTransformer):
    """Renames. A name is left alone if anything foreign may go by it: builtins, imports, keywords of calls.

    Of a function's locals only a parameter can go by a keyword: it is left alone if a call of a kit's function has it.

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
        own = {*defined(tree), *methods}
        calls = [node for node in inside if isinstance(node, ast.Call)]
        self.keywords = {
            word.arg
            for call in calls
            if (getattr(call.func, "id", None) or getattr(call.func, "attr", None)) in own
            for word in call.keywords
        }
        self.names = letters(names, defined(tree) - self.foreign, pairs(GLOBALS))
        kept = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
        self.attributes = letters(dotted, {*kept, *methods} - theirs - {*PUBLIC}, pairs(ATTRIBUTES))
        self.local: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        """A function or method, what it holds inside included: its locals get a, b, c in the order they appear."""
        words = [
            word.arg if isinstance(word, ast.arg) else word.id
            for word in ast.walk(node)
            if isinstance(word, (ast.arg, ast.Name))
        ]
        parameters = {word.arg for word in ast.walk(node) if isinstance(word, ast.arg)}
        mine = stored(node) - (parameters & self.keywords)
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


def letters(count: Counter[str], mine: Iterable[str], known: dict[str, str]) -> dict[str, str]:
    """A short name for each: that of `known`, else the next one that nothing is called."""
    long = sorted((name for name in mine if len(name) > 1 and name[:2] != "__"), key=lambda name: (-count[name], name))
    short = {name: known[name] for name in long if name in known and known[name] not in count}
    taken = {*count, *short.values()}
    more = (a + b for a in ("", *string.ascii_uppercase) for b in string.ascii_uppercase if a + b not in taken)
    return {**short, **dict(zip((name for name in long if name not in short), more))}


def pairs(text: str) -> dict[str, str]:
    """`name=short` by name."""
    return dict(pair.split("=") for pair in text.split())


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
