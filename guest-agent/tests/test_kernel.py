"""The real ioctls on this machine's kernel, and what counts as evidence."""

from __future__ import annotations

import errno
import os
from unittest import TestCase, main, mock

from bootseed import kernel
from bootseed.guest import Guest

NOT_ALLOWED = 0 if os.geteuid() == 0 else errno.EPERM
GOOD = {"rcMix": 0, "rcReseed": 0, "poolsize": 256, "fipsEnabled": 0}


class KernelTest(TestCase):
    """Return codes are told as they are."""

    def test_mixes_and_reseeds_or_says_eperm(self) -> None:
        """Root gets 0, anybody else EPERM: honestly reported, never raised."""
        self.assertEqual(kernel.mix(os.urandom(64), 0), NOT_ALLOWED)
        self.assertEqual(kernel.mix(os.urandom(2000), 0), NOT_ALLOWED, "over 1,024 bytes: ioctl string arg too long")
        self.assertEqual(kernel.reseed(), NOT_ALLOWED)

    def test_says_what_the_ioctl_says(self) -> None:
        """An errno of the ioctl is the answer; one of opening /dev/random too."""
        with mock.patch("fcntl.ioctl", side_effect=OSError(errno.EINVAL, "")):
            self.assertEqual(kernel.mix(bytes(64), 0), errno.EINVAL)
        with mock.patch("builtins.open", side_effect=OSError(errno.EACCES, "")):
            self.assertEqual(kernel.reseed(), errno.EACCES)

    def test_tells_the_kernel_the_real_length(self) -> None:
        """entropy_count and buf_size in front, as struct rand_pool_info has them; wiped afterwards."""
        seen: list[bytes] = []
        kept: list[bytearray] = []

        def note(_device: object, _request: int, argument: bytearray) -> None:
            seen.append(bytes(argument))
            kept.append(argument)

        with mock.patch("fcntl.ioctl", side_effect=note):
            kernel.mix(b"\xaa" * 64, 256)
        self.assertEqual(seen, [(256).to_bytes(4, "little") + (64).to_bytes(4, "little") + b"\xaa" * 64])
        self.assertEqual(kept, [bytearray(72)])

    def test_waits_for_a_generator_that_is_not_ready(self) -> None:
        """ENODATA: a blocking getrandom, then once more."""
        answers = iter([OSError(errno.ENODATA, ""), 0])

        def once(*_: object) -> object:
            answer = next(answers)
            if isinstance(answer, OSError):
                raise answer
            return answer

        with mock.patch("fcntl.ioctl", side_effect=once), mock.patch("builtins.open", mock.mock_open()):
            self.assertEqual(kernel.reseed(), 0)

    def test_proof(self) -> None:
        """Every part of the evidence is needed."""
        self.assertTrue(kernel.proven(GOOD))
        for broken in (
            {"rcMix": 1},
            {"rcMix": 255},
            {"rcReseed": 22},
            {"poolsize": 4096},
            {"poolsize": 0},
            {"fipsEnabled": 1},
        ):
            self.assertFalse(kernel.proven({**GOOD, **broken}), broken)

    def test_reads_this_kernel(self) -> None:
        """Fields and types of the report."""
        state = kernel.state(Guest())
        self.assertEqual(sorted(state), ["fipsEnabled", "kernel", "poolsize", "rngCurrent"])
        self.assertEqual(state["kernel"], os.uname().release)
        self.assertIn(state["poolsize"], (256, 4096))

    def test_no_hwrng(self) -> None:
        """The kernel says `none` where there is no device, and has no file where there is no driver."""
        with mock.patch.object(Guest, "text", lambda _guest, path: "none" if path.endswith("rng_current") else ""):
            self.assertIsNone(kernel.state(Guest())["rngCurrent"])
        self.assertIsNone(kernel.state(Guest("/nowhere"))["rngCurrent"])


if __name__ == "__main__":
    main()
