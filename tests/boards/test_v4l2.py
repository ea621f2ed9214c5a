"""V4L2: structures and numbers as the kernel's header has them, and a device that stands in."""

import ctypes
import mmap
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fognode.boards import v4l2
from fognode.boards.pins import Ticks
from fognode.boards.v4l2 import BUFFERS, DARK_FRAMES, MJPG, V4l2
from fognode.errors import AwayError

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200)) * 20 + b"\xff\xd9"
ASK = r"""
#include <linux/videodev2.h>
#include <stddef.h>
#include <stdio.h>
#define AT(field) (unsigned long)offsetof(struct v4l2_buffer, field)
int main(void)
{
    printf("%zu %zu %zu\n", sizeof(struct v4l2_format), sizeof(struct v4l2_requestbuffers),
           sizeof(struct v4l2_buffer));
    printf("%lu %lu %lu %lu\n", AT(bytesused), AT(flags), AT(m.offset), AT(length));
    printf("%lu\n", (unsigned long)offsetof(struct v4l2_format, fmt.pix.pixelformat));
    printf("%u %u %u %u %u %u %u\n", (unsigned)VIDIOC_S_FMT, (unsigned)VIDIOC_REQBUFS,
           (unsigned)VIDIOC_QUERYBUF, (unsigned)VIDIOC_QBUF, (unsigned)VIDIOC_DQBUF,
           (unsigned)VIDIOC_STREAMON, (unsigned)VIDIOC_STREAMOFF);
    printf("%u %u %u %u\n", V4L2_PIX_FMT_MJPEG, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP,
           V4L2_BUF_FLAG_ERROR);
    return 0;
}
"""


def test_structures_and_numbers_are_those_of_the_kernels_header(tmp_path: Path) -> None:
    if shutil.which("gcc") is None or not Path("/usr/include/linux/videodev2.h").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("gcc or the kernel's headers are missing")
        pytest.skip("gcc or the kernel's headers are missing")
    (tmp_path / "ask.c").write_text(ASK)
    built = ["gcc", "-o", str(tmp_path / "ask"), str(tmp_path / "ask.c")]
    subprocess.run(built, check=True, timeout=60)
    told = subprocess.run([tmp_path / "ask"], check=True, capture_output=True, timeout=10)
    buffer = v4l2.Buffer
    ours = [
        *(ctypes.sizeof(kind) for kind in (v4l2.Format, v4l2.Request, buffer)),
        *(getattr(buffer, name).offset for name in ("bytesused", "flags", "place", "length")),
        v4l2.Format.of.offset + v4l2.PixFormat.pixelformat.offset,
        v4l2.S_FMT, v4l2.REQBUFS, v4l2.QUERYBUF, v4l2.QBUF, v4l2.DQBUF,
        v4l2.STREAMON, v4l2.STREAMOFF,
        MJPG, v4l2.CAPTURE, v4l2.MMAP, v4l2.ERROR_FLAG,
    ]  # fmt: skip
    assert [int(number) for number in told.stdout.split()] == ours


class Device:
    """Answers what the kernel would; its frames lie in a file, as a driver's lie in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 16 * mmap.PAGESIZE
        path.write_bytes(bytes(BUFFERS * self.size))
        self.format = MJPG
        self.frames = [b"dark"] * DARK_FRAMES + [JPEG]
        self.broken = 0  # so many frames come with the error flag
        self.queued: list[int] = []
        self.calls: list[int] = []
        self.streams = False

    def ioctl(self, _device: int, request: int, told: Any) -> int:
        self.calls.append(request)
        if request == v4l2.S_FMT:
            assert (told.of.pix.width, told.of.pix.height) == (640, 480)
            told.of.pix.pixelformat = self.format
        elif request == v4l2.QUERYBUF:
            told.length, told.place.offset = self.size, told.index * self.size
        elif request == v4l2.QBUF:
            self.queued.append(told.index)
        elif request in {v4l2.STREAMON, v4l2.STREAMOFF}:
            assert told.value == v4l2.CAPTURE
            self.streams = request == v4l2.STREAMON
        elif request == v4l2.DQBUF:
            self._give(told)
        return 0

    def _give(self, told: Any) -> None:
        assert self.streams
        if not self.frames:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        told.index, frame = self.queued.pop(0), self.frames.pop(0)
        with self.path.open("r+b") as file:
            file.seek(told.index * self.size)
            file.write(frame)
        told.bytesused = len(frame)
        if frame == JPEG and self.broken:
            self.broken -= 1
            told.flags = v4l2.ERROR_FLAG
            self.frames.append(JPEG)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "video0")


def camera(device: Device) -> V4l2:
    return V4l2(str(device.path), Ticks(), device.ioctl)


def test_first_frames_are_dropped_and_the_stream_is_ended(device: Device) -> None:
    assert camera(device).take(0) == JPEG
    assert not device.streams
    assert device.calls.count(v4l2.DQBUF) == DARK_FRAMES + 1


def test_frame_that_the_driver_marks_as_broken_is_not_taken(device: Device) -> None:
    device.broken = 2
    assert camera(device).take(0) == JPEG
    assert device.calls.count(v4l2.DQBUF) == DARK_FRAMES + 3


def test_camera_without_mjpeg_and_one_that_stops_are_away(device: Device) -> None:
    device.format = int.from_bytes(b"YUYV", "little")
    with pytest.raises(AwayError, match="gives no MJPEG"):
        camera(device).take(0)
    device.format, device.frames = MJPG, [b"dark"]
    with pytest.raises(AwayError, match="temporarily unavailable"):
        camera(device).take(0)
    assert not device.streams


def test_missing_device_and_one_that_is_none_are_away(tmp_path: Path) -> None:
    with pytest.raises(AwayError, match="No such file"):
        V4l2(str(tmp_path / "video9"), Ticks()).take(0)
    (tmp_path / "plain").touch()
    with pytest.raises(AwayError, match="ioctl"):
        V4l2(str(tmp_path / "plain"), Ticks()).take(0)
