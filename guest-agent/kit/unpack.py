"""Run by the hook in /: writes kit.pyz from the packed files, unfolds the units (strip.py puts the files in)."""

import os
import zipfile

os.umask(0o22)
with zipfile.ZipFile("usr/local/lib/bootseed/kit.pyz", "w") as pyz:
    for file in "@FILES@".split("\f"):  # noqa: SIM905
        name, _, text = file.partition("\n")
        pyz.writestr(name, text)
        if name[:3] == "etc":
            pyz.extract(name)
