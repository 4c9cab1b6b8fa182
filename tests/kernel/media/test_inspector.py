"""The inspectors as processes: what becomes of them when a picture breaks one, or takes too long."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.errors import FaultKind, RequestFailed
from mlxkernel.media import inspector
from mlxkernel.media.inspector import Inspector
from mlxkernel.media.refusal import PictureRefused
from mlxkernel.media.settings import MediaConfig
from mlxkernel.media.verdict import Found

SCRIPT = """
import os, sys, time
from mlxkernel.media import child, inspection

def look(data, limits, look=inspection.look):
    with open({log!r}, "a") as log:
        log.write(f"{{os.getpid()}}\\n")
    if b"crash" in data:
        os.abort()
    if b"hang" in data:
        time.sleep(1000)
    return look(data, limits)

child.look = look
sys.exit(child.main())
"""
"""An inspector that crashes and hangs on demand, where a real one would at a decoder's defect."""


class Rig:
    """An inspector over such processes; `served` are the ids of the processes, one for each picture."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.inspector = self.make()

    def make(self, **settings: Any) -> Inspector:
        self.inspector = Inspector(MediaConfig(**settings))
        return self.inspector

    @property
    def served(self) -> list[int]:
        return [int(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    async def refused(self, data: bytes, media_type: str | None = None) -> tuple[str, str]:
        with pytest.raises(PictureRefused) as caught:
            await self.inspector.inspect(data, media_type)
        return caught.value.code, caught.value.message


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    script = tmp_path / "inspector.py"
    script.write_text(SCRIPT.format(log=str(tmp_path / "log")))
    monkeypatch.setattr(inspector, "inspector_command", lambda: [sys.executable, str(script)])
    rig = Rig(tmp_path / "log")
    yield rig
    await rig.inspector.close()
    for pid in rig.served:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def broken(media: Any, how: bytes) -> bytes:
    """A picture that does this to the rig's inspectors."""
    return bytes(media.picture("GIF", comment=how))


async def test_a_picture_is_looked_at_once(rig: Rig, media) -> None:
    for _ in range(3):
        assert await rig.inspector.inspect(media.picture(), "image/png") == Found("png", 8, 6)
    assert len(rig.served) == 1
    await rig.inspector.inspect(media.picture("JPEG"), None)
    assert len(set(rig.served)) == 1
    assert len(rig.served) == 2


async def test_what_was_refused_is_looked_at_again(rig: Rig, media) -> None:
    bad = media.picture("PNG", (100, 100))[:-60]
    assert await rig.refused(bad) == await rig.refused(bad)
    assert len(rig.served) == 2


async def test_pictures_of_several_requests_at_once(rig: Rig, media) -> None:
    several = [media.picture("PNG", (number + 1, 5)) for number in range(12)]
    found = await asyncio.gather(*(rig.inspector.inspect(data, None) for data in several))
    assert found == [Found("png", number + 1, 5) for number in range(12)]
    assert len(set(rig.served)) <= inspector.PROCESSES


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("image/jpeg", "it is declared as 'image/jpeg' and is image/png"),
        ("text/html", "it is declared as 'text/html' and is image/png"),
    ],
)
async def test_what_is_declared_as_something_else(rig: Rig, media, declared: str, words: str) -> None:
    assert await rig.refused(media.picture(), declared) == ("invalid_image", words)
    assert rig.served == []


async def test_formats_that_are_not_accepted(rig: Rig, media) -> None:
    assert await rig.refused(media.picture("TIFF")) == (
        "unsupported_image_format",
        "pictures of the format tiff are not accepted, only png, jpeg, webp, gif, bmp ([media] formats)",
    )
    avif = b"\0\0\0\x20ftypavif\0\0\0\0"
    assert (await rig.refused(avif))[0] == "unsupported_image_format"
    assert (await rig.refused(b"<svg/>")) == (
        "invalid_image",
        "it is not a picture of a known format (png, jpeg, webp, gif, bmp)",
    )
    assert await rig.make(formats=("tiff",)).inspect(media.picture("TIFF"), "image/tiff") == Found(
        "tiff", 8, 6
    )


async def test_a_crash_costs_one_picture(rig: Rig, media) -> None:
    await rig.inspector.inspect(media.picture(), None)
    assert await rig.refused(broken(media, b"crash")) == (
        "invalid_image",
        "it cannot be decoded: the decoder broke on it",
    )
    assert await rig.inspector.inspect(media.picture("BMP"), None) == Found("bmp", 8, 6)
    first, second, third, fourth = rig.served
    assert first == second
    assert len({second, third, fourth}) == 3


async def test_one_that_died_while_it_had_nothing_to_do_is_replaced(rig: Rig, media) -> None:
    await rig.inspector.inspect(media.picture(), None)
    os.kill(rig.served[0], signal.SIGKILL)
    assert await rig.inspector.inspect(media.picture("BMP"), None) == Found("bmp", 8, 6)


async def test_one_that_takes_too_long_is_ended(rig: Rig, media) -> None:
    rig.make(inspect_timeout=2.0)
    assert await rig.refused(broken(media, b"hang")) == (
        "invalid_image",
        "it takes more than 2 s to decode ([media] inspect_timeout)",
    )
    assert await rig.inspector.inspect(media.picture(), None) == Found("png", 8, 6)


async def test_who_leaves_takes_no_verdict_of_others(rig: Rig, media) -> None:
    leaving = asyncio.ensure_future(rig.inspector.inspect(broken(media, b"hang"), None))
    while not rig.served:
        await asyncio.sleep(0.01)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await rig.inspector.inspect(media.picture(), None) == Found("png", 8, 6)
    assert len(set(rig.served)) == 2


async def test_an_inspector_that_does_not_start_is_the_server_s_fault(
    rig: Rig, media, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ([sys.executable, "-c", "raise SystemExit(3)"], ["/no/such/program"]):
        monkeypatch.setattr(inspector, "inspector_command", lambda command=command: command)
        with pytest.raises(RequestFailed) as caught:
            await rig.inspector.inspect(media.picture(), None)
        assert caught.value.fault.kind is FaultKind.INTERNAL
        assert caught.value.fault.message == "The server cannot look at pictures; its log says why"


async def test_the_real_one_has_a_bound_on_its_memory(media) -> None:
    real = Inspector(MediaConfig())
    try:
        assert await real.inspect(media.picture(), None) == Found("png", 8, 6)
        (process,) = real._idle
        limits = Path(f"/proc/{process._process.pid}/limits")
        if limits.exists():
            (line,) = (
                line for line in limits.read_text().splitlines() if line.startswith("Max address space")
            )
            assert line.split()[3] == str(1024**3 + 16 * 50_000_000)
    finally:
        await real.close()


KERNEL = """
import asyncio, sys
from mlxkernel.media.inspector import Inspector
from mlxkernel.media.settings import MediaConfig

async def main():
    inspector = Inspector(MediaConfig())
    found = await inspector.inspect(sys.stdin.buffer.read(), None)
    print(found.format, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def test_no_inspector_outlives_its_kernel(media) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as kernel:
        assert kernel.stdin is not None
        assert kernel.stdout is not None
        assert kernel.stderr is not None
        kernel.stdin.write(media.picture())
        kernel.stdin.close()
        assert kernel.stdout.readline() == b"png\n"
        kernel.kill()
        # The inspector has the same stderr: it ends when both have.
        assert kernel.stderr.read() == b""


async def test_what_libraries_print_is_not_the_server_s_log(media, capfd: pytest.CaptureFixture[str]) -> None:
    real = Inspector(MediaConfig())
    try:
        broken = media.picture("JPEG").replace(b"\xff\xc0", b"\xff\xcf", 1)
        with pytest.raises(PictureRefused):
            await real.inspect(broken, None)
        assert await real.inspect(media.picture(), None) == Found("png", 8, 6)
    finally:
        await real.close()
    assert capfd.readouterr() == ("", "")
