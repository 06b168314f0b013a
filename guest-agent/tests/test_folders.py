"""What the agent's user may put into the state in place of folders and files: root follows no link out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import main

from bootseed import firstboot, form, state, topup
from bootseed.guest import KEEP, aside, remove, wipe
from support import HOST_ID, SEED_ID, MachineTest, entry, statement

NAMES = ["certificate", "statement", "claim", "psk", "instance", "identity", "tmp.corrupt", "topup.json"]


class LinkTest(MachineTest):
    """A folder outside the state, with files named as those of the state, and a link to it in place of a host's."""

    def setUp(self) -> None:
        """The link is not there yet."""
        super().setUp()
        self.outside = self.guest.at("/outside")
        for name in NAMES:
            self.put("/outside/" + name, name.encode())
        self.put("/outside/tmp/precious/file", b"x")
        self.put("/outside/statement", statement())
        self.guest.at(KEEP).mkdir(parents=True)
        self.folder = self.host().folder
        self.before = self.content()

    def content(self) -> dict[Path, bytes]:
        """All that is outside."""
        return {path: path.read_bytes() for path in self.outside.glob("**/*") if path.is_file()}

    def test_every_verb(self) -> None:
        """Hook, top-up, claim: nothing outside is renamed, written or removed, and no such host is known."""
        self.folder.symlink_to(self.outside)
        self.assertEqual(self.guest.hosts(), [])
        self.hook(entry())
        firstboot.settle(self.guest)
        self.assertEqual(self.content(), self.before)
        self.assertEqual(self.host().read("certificate"), b"")

    def test_every_way_to_change_a_file(self) -> None:
        """Each is refused, whatever is there and whatever is not."""
        self.folder.symlink_to(self.outside)
        for name in [*NAMES, "tmp", "missing"]:
            path = self.folder / name
            for change in (
                remove,
                wipe,
                lambda path: aside(path, ".corrupt"),
                lambda path: self.host().write(path.name, b""),
            ):
                with self.assertRaisesRegex(OSError, "is a link: remove it"):
                    change(path)
        with self.assertRaisesRegex(OSError, "is a link"):
            self.host().identity()
        self.assertEqual(self.content(), self.before)

    def test_a_link_laid_while_the_host_answers(self) -> None:
        """A folder that becomes a link in the middle of a top-up."""
        host = self.enrol()

        def post(*_: Any) -> tuple[int, bytes]:
            host.folder.rename(self.guest.at("/moved"))
            host.folder.symlink_to(self.outside)
            return 500, b""

        self.patch(topup, "post", post)
        self.patch(topup, "say", lambda *_: None)
        with self.assertRaisesRegex(OSError, "is a link"):
            topup.once(host)
        self.assertEqual(self.content(), self.before)

    def test_a_folder_in_the_way(self) -> None:
        """Keeps all that is in it, under another name."""
        for name in ("tmp", "counter", "counter.corrupt"):
            self.put(f"{KEEP}{HOST_ID.hex()}/{name}/precious/file", name.encode())
        self.host().write("counter", b"1")
        aside(self.folder / "counter", ".corrupt")
        self.host().write("counter", b"2")
        self.assertEqual(self.host().read("counter"), b"2")
        self.assertEqual(self.host().read("counter.corrupt"), b"1")
        kept = sorted(path.read_bytes() for path in self.folder.glob("*/precious/file"))
        self.assertEqual(kept, [b"counter", b"counter.corrupt", b"tmp"])

    def test_a_linked_state_folder(self) -> None:
        """Is the administrator's own and is followed, as /var/lib is root's."""
        self.guest.at(KEEP).rmdir()
        self.guest.at("/data").mkdir()
        self.guest.at(KEEP.rstrip("/")).symlink_to(self.guest.at("/data"))
        self.assertEqual(self.hook(entry()), "reseeded 0")
        self.assertEqual([host.id for host in self.guest.hosts()], [HOST_ID])


class NameTest(MachineTest):
    """Names beside those of hosts."""

    def test_sixteen_characters_that_are_no_host(self) -> None:
        """An administrator's copy of verdict.json does not keep an enrolment of another instance in use."""
        self.enrol()
        self.put(KEEP + "verdict.json.bak", b"{}")
        self.put(KEEP + "0123456789abcdeg/certificate", b"x")
        self.assertEqual([host.id for host in self.guest.hosts()], [HOST_ID])
        self.put(KEEP + "0123456789abcdef", b"a file")
        firstboot.settle(self.guest)
        self.assertEqual(self.guest.at(KEEP + "0123456789abcdef").read_bytes(), b"a file")


class FlipTest(MachineTest):
    """One damaged byte costs one file."""

    def test_a_flipped_byte_of_the_identity_in_the_certificate(self) -> None:
        """The certificate goes aside, since identity and identity.pub agree."""
        host = self.enrol()
        raw = host.read("certificate")
        identity = host.read("identity")
        host.write("certificate", raw[:30] + bytes([raw[30] ^ 1]) + raw[31:])
        self.patch(state, "say", lambda *_: None)
        self.assertEqual(state.put_aside(host), ["state-certificate"])
        self.assertEqual((host.read("identity"), host.read("certificate")), (identity, b""))
        host.write("certificate", raw)
        self.assertEqual(state.put_aside(host), [])

    def test_a_seed_whose_certificate_was_put_aside(self) -> None:
        """Is credited once, also where `spent` is lost and the instance has another name."""
        self.hook(entry())
        host = self.host()
        identity = host.identity()
        for name in ("certificate", "claim"):
            (host.folder / "claim").unlink(missing_ok=True)
            of_another = b"\1" + HOST_ID + SEED_ID + identity + firstboot.instance_hash("4711") + bytes(76)
            host.write(name, of_another if name == "certificate" else SEED_ID + bytes(64))
            aside(host.folder / name, ".01234567")
            (host.folder / "spent").unlink(missing_ok=True)
            self.kernel.mixed.clear()
            self.put("/var/lib/cloud/data/instance-id", b"4712")
            self.hook(entry())
            self.assertEqual([credit for _, credit in self.kernel.mixed], [0])
            (host.folder / (name + ".01234567")).unlink()

    def test_a_verdict_of_no_known_word(self) -> None:
        """Is damaged."""
        raw = b'{"instanceId":"4711","bootId":"","verdict":"reseeded",'
        raw += b'"evidence":{"hostKeysBefore":0,"timeline":[["hook",1]]}}'
        self.assertTrue(form.proof(raw))
        self.assertFalse(form.proof(raw.replace(b"reseeded", b"reseedef")))

    def test_an_instance_id_of_unusual_text(self) -> None:
        """Is known if cloud-init has a folder for it."""
        for name in ("vm{1}", "a b", "[x]^|", "vm\\1", "gr\u00fcn"):
            self.put("/var/lib/cloud/data/instance-id", name.encode() + b"\n")
            self.guest.at("/var/lib/cloud/instances").mkdir(exist_ok=True)
            self.assertEqual(self.guest.instance_id(), "")
            self.guest.at("/var/lib/cloud/instances/" + name).mkdir()
            self.assertEqual(self.guest.instance_id(), name)
        self.put("/var/lib/cloud/data/instance-id", b"..")
        self.assertEqual(self.guest.instance_id(), "")


if __name__ == "__main__":
    main()
