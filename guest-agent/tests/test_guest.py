"""State that survives a power cut."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import main, mock

from bootseed import guest
from bootseed.guest import KEEP, Host
from support import HOST_ID, MachineTest


class StateTest(MachineTest):
    """temp, fsync, rename, fsync folder."""

    def test_a_failing_disk_leaves_the_old_file(self) -> None:
        """Whichever call fails."""
        path = self.guest.at(KEEP + "counter")
        guest.write(path, b"old")
        for name in ("os.fsync", "pathlib.Path.replace", "os.lchown"):
            with self.subTest(name), mock.patch(name, side_effect=OSError(5, "Input/output error")):
                self.assertRaises(OSError, guest.write, path, b"new")
                self.assertEqual(path.read_bytes(), b"old")
        guest.write(path, b"new")
        self.assertEqual((path.read_bytes(), path.stat().st_mode & 0o777), (b"new", 0o600))

    def test_order(self) -> None:
        """Data is durable before the name, the name before the return."""
        path = self.guest.at(KEEP + "psk")
        path.parent.mkdir(parents=True)
        seen: list[str] = []
        rename = Path.replace

        def note_sync(fd: int) -> None:
            seen.append("sync " + Path(f"/proc/self/fd/{fd}").readlink().name)

        def note_rename(self: Path, target: Path) -> Path:
            seen.append("rename")
            return rename(self, target)

        with mock.patch("os.fsync", note_sync), mock.patch.object(Path, "replace", note_rename):
            guest.write(path, b"x")
        self.assertEqual(seen, ["sync tmp", "rename", "sync bootseed"])

    def test_left_over_temp_file(self) -> None:
        """Of a crash, or somebody's link: replaced, not followed."""
        target = self.put("/etc/target", b"untouched")
        path = self.guest.at(KEEP + "psk")
        path.parent.mkdir(parents=True)
        path.with_name("tmp").symlink_to(target)
        guest.write(path, b"secret")
        self.assertEqual((target.read_bytes(), path.read_bytes()), (b"untouched", b"secret"))

    def test_links_and_pipes_of_the_agents_user(self) -> None:
        """Root reads, wipes and gives away nothing that a link points to, also one laid while it writes."""
        host = self.enrol()
        target = self.put("/etc/ssh/ssh_host_rsa_key", b"untouched")
        (host.folder / "claim").symlink_to(target)
        self.assertEqual(host.read("claim"), b"")
        guest.wipe(host.folder / "claim")
        self.assertFalse((host.folder / "claim").is_symlink())
        os.mkfifo(host.folder / "counter")
        self.assertEqual(host.read("counter"), b"")
        guest.wipe(host.folder / "counter")
        self.assertFalse((host.folder / "counter").exists())
        temp = host.folder / "tmp"
        unlink = Path.unlink

        def race(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - pathlib's own
            unlink(path, missing_ok)
            temp.symlink_to(target)

        with mock.patch.object(Path, "unlink", race):
            self.assertRaises(OSError, host.write, "counter", b"12345678")
        temp.unlink()
        owned: list[object] = []
        lchown = os.lchown

        def swap(path: Path, uid: int, gid: int) -> None:
            path.unlink()
            path.symlink_to(target)
            lchown(path, uid, gid)
            owned.append(path)

        with mock.patch("os.lchown", swap), mock.patch("os.chown", side_effect=AssertionError("followed")):
            host.write("counter", b"12345678")
        self.assertEqual((len(owned), target.read_bytes()), (1, b"untouched"))

    def test_wipe(self) -> None:
        """Zeros first, then gone; absent is fine."""
        path = self.put("/secret", b"secret")
        other = Path(self.guest.root) / "link"
        os.link(path, other)
        guest.wipe(path)
        guest.wipe(path)
        self.assertEqual((path.exists(), other.read_bytes()), (False, bytes(6)))

    def test_identity_is_made_once(self) -> None:
        """32 bytes, the same again; a half-made one is made anew; the private key has no second copy."""
        host = Host(self.guest, HOST_ID)
        host.folder.mkdir(parents=True)
        (host.folder / "new").write_bytes(b"left over by a crash")
        first = host.identity()
        self.assertEqual((len(first), host.identity()), (32, first))
        self.assertEqual(sorted(path.name for path in host.folder.iterdir()), ["identity", "identity.pub"])
        (host.folder / "identity").unlink()
        self.assertNotEqual(host.identity(), first)

    def test_children_that_hang_are_killed(self) -> None:
        """And one of them does not spoil the others."""
        self.assertTrue(guest.join([guest.fork(5, lambda: True)]))
        self.assertFalse(guest.join([guest.fork(1, lambda: os.read(os.pipe()[0], 1)), guest.fork(5, lambda: True)]))
        self.assertFalse(guest.join([guest.fork(5, lambda: False)]))


if __name__ == "__main__":
    main()
