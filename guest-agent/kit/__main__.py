"""Entry point of kit.pyz: `/usr/bin/python3 -I kit.pyz VERB`."""

import sys

from bootseed.cli import main

sys.exit(main(sys.argv[1:]))
