"""kit.pyz as a program."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import main

from bootseed.guest import KEEP, RUN
from bootseed.wire import lp
from support import MachineTest, entry

KIT = Path(__file__).parent.parent / "kit"


class ProgramTest(MachineTest):
    """Run as on the guest, the sources in place of the zip."""

    def kit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One verb under the machine's folder."""
        command: list[Any] = [sys.executable, "-IB", KIT, *arguments, "--root", self.guest.root]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_hook_then_claim(self) -> None:
        """A host that cannot be reached: the hook ends well, the claim says no, nothing is lost."""
        self.lay(entry())
        hook = self.kit("hook")
        self.assertEqual((hook.returncode, hook.stderr), (0, ""))
        self.assertIn("no address answers", hook.stdout)
        self.assertEqual(self.guest.text(RUN + "verdict").split()[1], "0")
        claim = self.kit("claim")
        self.assertEqual(claim.returncode, 1)
        self.assertEqual(len(self.host().read("claim")), 80)

    def test_copies_written_after_the_hook(self) -> None:
        """cloud-init pickles its datasource again when the hook is done: any later verb blanks that."""
        self.lay(entry())
        self.kit("hook")
        seed = base64.b64encode(lp(entry()))
        copy = self.put("/var/lib/cloud/instances/4711/obj.pkl", b"BOOTSEED=" + seed + b"\nnext")
        self.kit("report")
        self.assertEqual(copy.read_bytes(), b"BOOTSEED=" + b"A" * len(seed) + b"\nnext")

    def test_foreign_programs(self) -> None:
        """C4 (instaloader#124, pandas#27532): the distribution's ssh-keygen, whatever else is first on PATH."""
        for name in ("ssh-keygen", "systemctl", "ip", "id"):
            self.put(f"/foreign/{name}", b"#!/bin/sh\nexit 1\n").chmod(0o755)
        self.lay(entry())
        command: list[Any] = [sys.executable, "-IB", KIT, "hook", "--root", self.guest.root]
        path = f"{self.guest.root}/foreign:{os.environ['PATH']}"
        subprocess.run(command, capture_output=True, env={"PATH": path}, check=True)
        self.assertTrue(self.host().read("identity.pub").startswith(b"ssh-ed25519 "))

    def test_status(self) -> None:
        """JSON with a schema, before anything and after a boot."""
        self.assertEqual(
            json.loads(self.kit("status").stdout), {"schema": 1, "kit": "0.3.0", "gate": "none", "hosts": {}}
        )
        self.lay(entry())
        self.kit("hook")
        self.put(KEEP + "gate-done", b"4711 held\n")
        status = json.loads(self.kit("status").stdout)
        self.assertEqual((status["gate"], status["instanceId"]), ("held", "4711"))
        self.assertEqual(status["hosts"], {"0011223344556677": {"enrolled": False, "topUp": {}}})

    def test_topup_by_timer_and_by_hand(self) -> None:
        """The timer's asks when the interval is over, `now` at once; options in any order."""
        self.enrol().write("counter", bytes(8))
        self.assertEqual((self.kit("topup").returncode, "/v1/packets" in self.kit("topup").stdout), (0, False))
        for arguments in (("topup", "now", "--root", self.guest.root), ("topup", "--root", self.guest.root, "now")):
            by_hand = subprocess.run(
                [sys.executable, "-IB", KIT, *arguments], capture_output=True, text=True, check=False
            )
            self.assertEqual(by_hand.returncode, 1)
            self.assertIn("/v1/packets", by_hand.stdout)
        (self.host().folder / "counter").unlink()
        self.assertIn("/v1/packets", self.kit("topup").stdout)

    def test_unknown_verb(self) -> None:
        """Is an error, on a machine with hosts too."""
        self.lay(entry())
        self.kit("hook")
        self.assertNotEqual(self.kit("frobnicate").returncode, 0)


if __name__ == "__main__":
    main()
