"""Run by the hook: writes kit.pyz from `kit`, the packed files (path, line feed, text), and unfolds the units."""

import os
import zipfile

kit: list[str]

os.umask(0o22)
with zipfile.ZipFile("/usr/local/lib/bootseed/kit.pyz", "w") as pyz:
    for file in kit[1:]:  # noqa: F821
        name, _, text = file.partition("\n")
        pyz.writestr(name, text)
        if name[:3] == "etc":
            pyz.extract(name, "/")
