"""Runs in the mini VM: lets the shipped kit's own functions take a seed file into the kernel.

usage: python3 -I run.py shipped|control SEED_FILE

`control` is the negative control of the proof: it loads the same program and replaces `reseed`, nothing else.
"""

import json
import sys
import zipfile
from pathlib import Path

mode, path = sys.argv[1:3]
kit = {"__name__": "kit"}
program, _, _ = zipfile.ZipFile("/causal/kit.pyz").read("__main__.py").partition(b"sys.exit(")
exec(program, kit)  # noqa: S102 - packed, the kit is one program; its end would run a verb
if mode == "control":
    kit["reseed"] = lambda: kit["NOT_TRIED"]
evidence = kit["seed_kernel"](kit["parse_file"](Path(path).read_bytes()), kit["Guest"]())
print("CAUSAL evidence", json.dumps(evidence), flush=True)
