"""A disk that can lose its power: ext4 on a loop device, shut down with nothing flushed.

The cut is the ioctl FS_IOC_SHUTDOWN with NOLOGFLUSH: from that moment the file system
answers EIO, and what it had not written to the image is gone.  It shows missing syncs; it
does not show a disk that lies about its own cache.  Needs root.
"""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, _IOR('X', 125, __u32)
NO_LOG_FLUSH = struct.pack("I", 2)
UMOUNT_TRIES, UMOUNT_WAIT_S = 50, 0.1


class DiskImage:
    """An ext4 of some megabytes in a sparse file, mounted while the block runs."""

    def __init__(self, image: Path, mount: Path, megabytes: int) -> None:
        self.image, self.mount = image, mount
        with image.open("wb") as file:
            file.truncate(megabytes * 1_000_000)
        _run("mkfs.ext4", "-q", "-F", str(image))
        mount.mkdir(exist_ok=True)

    def __enter__(self) -> "DiskImage":
        self.plug_in()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def plug_in(self) -> None:
        """Mount the image; the file system replays its own journal."""
        _run("mount", "-o", "loop", str(self.image), str(self.mount))

    def cut(self) -> None:
        """Take the power away: what is not on the image now will never be."""
        # Never the file system that the tests themselves live on.
        if not self.mount.is_mount() or not _device(self.mount).startswith("/dev/loop"):
            raise AssertionError(f"{self.mount} is no loop mount")
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(folder)

    def turn_read_only(self) -> None:
        """Make ext4 meet an error of its own and turn read-only under those who write."""
        _run("mount", "-o", "remount,errors=remount-ro", str(self.mount))
        device = Path(_device(self.mount)).name
        if not device.startswith("loop"):
            raise AssertionError(f"{self.mount} is no loop mount")
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test of fognode")

    def unplug(self) -> None:
        """Unmount, as soon as the last process has let go."""
        for _ in range(UMOUNT_TRIES):
            told = subprocess.run(
                ["umount", str(self.mount)], capture_output=True, text=True, check=False
            )
            if told.returncode == 0 or not self.mount.is_mount():
                return
            time.sleep(UMOUNT_WAIT_S)
        raise AssertionError(told.stderr)


@dataclass
class PowerCut:
    """Rounds of: a program writes on the disk, the power goes, the disk comes back.

    ``program`` is started with the folder on the disk and prints one line for each thing
    it holds durable; the lines that were read before the cut are what it acknowledged.
    """

    disk: DiskImage
    program: list[str]
    acknowledged: list[str] = field(default_factory=list)

    def run_round(self, run_s: float, least: int) -> None:
        """Let the program work for ``run_s``, and until it acknowledged ``least``; cut."""
        with tempfile.TemporaryFile() as answers:
            child = subprocess.Popen([*self.program, str(self.disk.mount)], stdout=answers)
            try:
                self._wait(child, answers.fileno(), run_s, least)
                # Read before the cut: who is told later cannot be sure.
                told = os.pread(answers.fileno(), 1 << 30, 0)
                self.disk.cut()
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait(30)
        whole = told[: told.rfind(b"\n") + 1]
        self.acknowledged += whole.decode().splitlines()
        self.disk.unplug()
        self.disk.plug_in()

    @staticmethod
    def _wait(child: "subprocess.Popen[bytes]", answers: int, run_s: float, least: int) -> None:
        began = time.monotonic()
        while time.monotonic() - began < run_s or (
            os.pread(answers, 1 << 30, 0).count(b"\n") < least
        ):
            if child.poll() is not None:
                raise AssertionError(f"the program ended by itself: {child.returncode}")
            if time.monotonic() - began > run_s + 30:
                raise AssertionError("the program acknowledges too little")
            time.sleep(0.005)


def missing_loop() -> str | None:
    """Return why no image can be mounted and cut on this machine; None when it works."""
    if os.geteuid() != 0:
        return "mounting an image needs root"
    if missing := [tool for tool in ("mkfs.ext4", "mount", "umount") if not shutil.which(tool)]:
        return f"{missing} are not installed"
    with tempfile.TemporaryDirectory(prefix="fg") as folder:
        try:
            with DiskImage(Path(folder) / "image", Path(folder) / "disk", 8) as disk:
                disk.cut()
        except (subprocess.CalledProcessError, OSError) as error:
            words = getattr(error, "stderr", "") or str(error)
            return f"an ext4 image cannot be mounted and cut here: {words.strip()}"
    return None


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _device(mount: Path) -> str:
    for line in Path("/proc/self/mounts").read_text(encoding="ascii").splitlines():
        device, place, *_ = line.split(" ")
        if place == str(mount.resolve()):
            return device
    return ""
