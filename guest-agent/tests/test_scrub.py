"""Blanking the seed in cloud-init's copies: the seed itself, in every form that it has there, and nothing else."""

from __future__ import annotations

import base64
import gzip
import os
import pickle
import textwrap
from unittest import main

from bootseed import firstboot, guest, scrub
from bootseed.guest import KEEP, RUN
from bootseed.wire import lp
from support import MachineTest, entry

TOP = "/var/lib/cloud/instances/4711/"
SEED = lp(entry())
TEXT = base64.b64encode(SEED)
HOOK = b"#cloud-boothook\n#!/bin/sh\nBOOTSEED=" + TEXT + b"\necho $BOOTSEED | base64 -d\n"


class ScrubTest(MachineTest):
    """A machine with one file of cloud-init's."""

    def after(self, data: bytes, name: str = "user-data.txt") -> bytes:
        """The file after the hook, whose length must not change."""
        self.put(TOP + name, data)
        self.hook(entry())
        new = self.files()[TOP + name]
        self.assertEqual(len(new), len(data))
        return new

    def test_users_own_words_stay(self) -> None:
        """The name is the user's too, and so is what looks like a seed but is none of this machine."""
        for line in (
            b"MY_BOOTSEED=https://x\n",
            b"BOOTSEED=https://x\n",
            b"export BOOTSEED=abc\n",
            b"# BOOTSEED=" + b"A1b2" * 150 + b"\n",
            b"BOOTSEED=" + base64.b64encode(lp(entry(seed_id=b"of another host."))) + b"\n",
            b"TOKEN=" + base64.b64encode(os.urandom(396)) + b"\n",
            b"KEY=" + TEXT[:-8] + b"\n",
        ):
            self.assertEqual(self.after(b"#!/bin/sh\n" + line), b"#!/bin/sh\n" + line)
            self.assertIn(line, self.after(HOOK + line))

    def test_the_seed_goes_under_any_name(self) -> None:
        """The very bytes, wherever they are."""
        for before, behind in ((b"BOOTSEED=", b"\n"), (b'"x": "', b'\\n"'), (b"copy: ", b""), (b"'", b"'")):
            self.assertEqual(self.after(before + TEXT + behind), before + b"A" * len(TEXT) + behind)

    def test_packed_copies(self) -> None:
        """As gzip, base64, base64 in lines, base64 of gzip: still readable, all but the seed the same."""
        text = HOOK + b"MY_BOOTSEED=https://x\n" + os.urandom(300).hex().encode() + b"\n"
        blanked = text.replace(TEXT, b"A" * len(TEXT))
        self.assertEqual(gzip.decompress(self.after(gzip.compress(text))), blanked)
        self.assertEqual(base64.b64decode(self.after(base64.b64encode(text))), blanked)
        self.assertEqual(gzip.decompress(base64.b64decode(self.after(base64.b64encode(gzip.compress(text))))), blanked)
        head = b"Content-Transfer-Encoding: base64\n\n"
        for end in (b"\n", b"\r\n"):
            lines = textwrap.wrap(base64.b64encode(text).decode(), 76)
            body = end.join(line.encode() for line in lines)
            new = self.after(head + body + end + b"--boundary--\n")
            self.assertEqual([len(line) for line in new.splitlines()[2:-1]], [len(line) for line in lines])
            self.assertEqual(base64.b64decode(b"".join(new.splitlines()[2:-1])), blanked)

    def test_pickle(self) -> None:
        """obj.pkl with text and with gzip stays a valid pickle."""
        source = {"text": HOOK.decode(), "packed": gzip.compress(HOOK), "own": "MY_BOOTSEED=https://x", "n": 1}
        new = pickle.loads(self.after(pickle.dumps(source), "obj.pkl"))  # noqa: S301 - ours
        blanked = HOOK.replace(TEXT, b"A" * len(TEXT))
        self.assertEqual(new["text"], blanked.decode())
        self.assertEqual(gzip.decompress(new["packed"]), blanked)
        self.assertEqual((new["own"], new["n"]), (source["own"], 1))

    def test_after_the_hook(self) -> None:
        """The units blank what cloud-init writes later, knowing a digest and no seed."""
        self.hook(entry())
        for data in self.files().values():
            self.assertNotIn(TEXT, data)
        self.put(TOP + "obj.pkl", HOOK)
        scrub.scrub(self.guest)
        self.assertNotIn(TEXT, self.files()[TOP + "obj.pkl"])

    def test_two_hooks(self) -> None:
        """Each with its seed, as where a rendered user-data is the document of another: both are blanked."""
        other = lp(entry(seed_id=b"another seedId.."))
        text = HOOK + b"BOOTSEED=" + base64.b64encode(other) + b"\n"
        self.put(RUN + "seed", other)
        firstboot.hook(self.guest)
        self.assertEqual(self.after(text).count(b"A" * len(TEXT)), 2)

    def test_a_damaged_seed(self) -> None:
        """Is blanked all the same: parts of it are secret."""
        self.put(TOP + "user-data.txt", b"BOOTSEED=" + base64.b64encode(SEED[:-1]) + b"\n")
        self.put(RUN + "seed", SEED[:-1])
        firstboot.hook(self.guest)
        self.assertNotIn(TEXT[:-4], self.files()[TOP + "user-data.txt"])

    def test_later_boot(self) -> None:
        """The cached copy is blanked: the log says so, the verdict stays, no file changes."""
        said: list[str] = []
        blanked = self.after(HOOK)
        self.guest.at(RUN + "seeds").unlink()
        self.patch(guest, "say", lambda *words: said.append(" ".join(map(str, words))))
        self.put(RUN + "seed", base64.b64decode(b"A" * len(TEXT)))
        firstboot.hook(self.guest)
        self.assertEqual(said, ["no seed: already used, blanked"])
        self.assertEqual(self.guest.text(RUN + "verdict"), "reseeded 0")
        self.assertTrue(self.guest.at(RUN + "seeded").exists())
        self.assertEqual(self.files()[TOP + "user-data.txt"], blanked)
        self.assertEqual(self.guest.verdict()["verdict"], "reseeded")
        self.assertNotIn(TEXT, self.guest.at(KEEP + "verdict.json").read_bytes())


if __name__ == "__main__":
    main()
