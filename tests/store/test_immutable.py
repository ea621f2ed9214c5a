"""Immutable files: not even root changes one by mistake; where that cannot be had, it is said."""

import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fognode.store import immutable, worm_files
from fognode.store.worm import Worm
from tests.crash.power import DiskImage, missing_loop
from tests.store.segments import FIRST


def set_flags(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.ioctl(descriptor, immutable.SET_FLAGS, struct.pack("i", flags))
    os.close(descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "worm"


@pytest.fixture
def kept(folder: Path) -> Worm:
    return Worm(folder, immutable=False)


def can_mark(folder: Path) -> bool:
    path = folder / "try"
    path.touch()
    marked = immutable.make_immutable(path)
    if marked:
        set_flags(path, 0)
    path.unlink()
    return marked


@pytest.fixture
def hard_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on an ext4 that root may mark: here if it is one, else on a loop device."""
    here = tmp_path / "here"
    here.mkdir()
    if can_mark(here):
        yield here
        for path in here.rglob("*"):
            if path.is_file():
                set_flags(path, 0)
        return
    if reason := missing_loop():
        # What holds on such a machine is told by probe, and tested below.
        pytest.skip(f"no file can be made immutable here, and {reason}")
    with DiskImage(tmp_path / "image", tmp_path / "disk", 16) as disk:
        if not can_mark(disk.mount):
            pytest.skip("no file can be made immutable here: no CAP_LINUX_IMMUTABLE")
        yield disk.mount


def test_kept_file_cannot_be_changed_or_removed_by_root_before_the_attribute_goes(
    hard_disk: Path,
) -> None:
    folder = hard_disk / "worm"
    kept = Worm(folder)
    kept.keep_note(256, b"note")
    path = folder / "checkpoint/000000000256"
    attacks: list[Callable[[], object]] = [
        lambda: path.write_bytes(b"other"),
        lambda: path.open("ab"),
        path.unlink,
        lambda: path.rename(folder / "elsewhere"),
        lambda: os.truncate(path, 0),
        lambda: (folder / "mine").hardlink_to(path),
        lambda: path.chmod(0o600),
    ]
    for attack in attacks:
        with pytest.raises(PermissionError):
            attack()
    kept.keep_note(256, b"note")  # the same content again is still no error
    assert worm_files.note(folder, 256) == b"note"
    assert immutable.probe(folder).startswith("immutable attribute set on ext")
    assert list((folder / "new").iterdir()) == []
    set_flags(path, 0)
    path.unlink()


def test_probe_tells_what_really_holds_on_this_machine(folder: Path) -> None:
    Worm(folder, immutable=False)
    said = immutable.probe(folder)
    assert said.startswith("immutable attribute " + ("set" if can_mark(folder) else "not possible"))


def test_probe_clears_up_what_a_crash_of_an_earlier_one_left(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    Worm(folder)
    (folder / "new/probe").touch()
    assert immutable.make_immutable(folder / "new/probe")
    (folder / "new/000000000256").touch()
    Worm(folder)
    assert [path.name for path in (folder / "new").iterdir()] == ["probe"]
    assert immutable.probe(folder).startswith("immutable attribute set")
    assert list((folder / "new").iterdir()) == []


def test_files_of_a_service_without_the_right_are_marked_by_root_later(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    kept = Worm(folder, immutable=False)
    kept.keep_note(256, b"note")
    kept.keep_segment(1, FIRST)
    (folder / "checkpoint/000000000256").chmod(0o600)  # nothing holds it yet
    assert immutable.make_all_immutable(folder) == (19, 0)
    with pytest.raises(PermissionError):
        (folder / "segment/000000000001.gz").unlink()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EOPNOTSUPP, "Operation not supported"),
        (errno.ENOTTY, "Inappropriate ioctl"),
        (errno.EPERM, "Operation not permitted"),
    ],
)
def test_probe_and_files_do_without_and_say_so(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    said = immutable.probe(folder)
    assert said.startswith("immutable attribute not possible on ")
    assert words in said
    assert said.endswith("this account can replace them")
    Worm(folder).keep_note(256, b"note")
    assert worm_files.note(folder, 256) == b"note"
    assert immutable.make_all_immutable(folder) == (0, 1)


def test_probe_notices_an_attribute_without_effect(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: bytes(4))
    assert "a marked file could be removed" in immutable.probe(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_probe_names_the_file_system(tmp_path: Path) -> None:
    place = tmp_path / "with a blank"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    try:
        Worm(place / "worm")
        assert " on tmpfs" in immutable.probe(place / "worm")
    finally:
        subprocess.run(["umount", place], check=True)
