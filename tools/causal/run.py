"""Runs in the mini VM: lets the shipped kit's own modules take a seed file into the kernel.

usage: python3 -I run.py shipped|control SEED_FILE

`control` is the negative control of the proof: it imports the same modules and replaces `kernel.reseed`, nothing else.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, "/causal/kit.pyz")

from bootseed import firstboot, guest, kernel, seed  # noqa: E402 - the kit is found only through the line above

mode, path = sys.argv[1:3]
if mode == "control":
    kernel.reseed = lambda: kernel.NOT_TRIED
evidence = firstboot.seed_kernel(seed.parse_file(Path(path).read_bytes()), guest.Guest())
print("CAUSAL evidence", json.dumps(evidence), flush=True)
