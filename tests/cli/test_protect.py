"""fognode protect marks the files of the configured folder, or says why it may not."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.cli import protect
from fognode.cli.main import run
from fognode.store import immutable
from fognode.store.worm import Worm
from tests.store.test_immutable import can_mark

NOBODY = "65534"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "fognode.toml"
    path.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path / "node"}"\n')
    (tmp_path / "node").mkdir()
    return path


def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capabilities: str) -> list[int]:
    """Have these capabilities; return the files that were marked, as inodes."""
    marked: list[int] = []

    def ioctl(file: int, asked: int, _flags: bytes) -> bytes:
        if asked == immutable.SET_FLAGS:
            marked.append(os.fstat(file).st_ino)
        return bytes(4)

    status = tmp_path / "status"
    status.write_text(f"CapPrm:\tffffffffffffffff\nCapEff:\t{capabilities}\n")
    monkeypatch.setattr(protect, "STATUS", status)
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return marked


def test_kept_files_are_marked_and_counted(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = pretend(config.parent, monkeypatch, "0000000000000200")
    assert run(["protect", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "nothing is kept yet\n"
    worm = config.parent / "node/worm"
    Worm(worm, immutable=False).keep_note(256, b"note")
    assert run(["protect", "--config", str(config)]) == 0
    assert capsys.readouterr().out.startswith("1 of 1 kept files are immutable on ")
    assert marked == [(worm / "checkpoint/000000000256").stat().st_ino]


def test_account_without_the_right_is_refused_and_told_the_cure(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = pretend(config.parent, monkeypatch, "000001fffffffdff")
    Worm(config.parent / "node/worm", immutable=False).keep_note(256, b"note")
    assert run(["protect", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert "may not make files immutable (CAP_LINUX_IMMUTABLE): run it as root" in said
    assert marked == []


@pytest.fixture
def lent() -> Iterator[Path]:
    """A folder that another account reaches, with a record of that account in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.geteuid() != 0 or not can_mark(folder):
            pytest.skip("no file can be made immutable here: no root, or no such file system")
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is missing: apt-get install util-linux")
        Worm(folder / "worm", immutable=False).keep_note(256, b"note")
        Worm(folder / "worm", immutable=False).keep_note(300, b"note")
        for path in (folder / "worm", *(folder / "worm").rglob("*")):
            os.chown(path, int(NOBODY), int(NOBODY))
        os.chown(folder / "worm/checkpoint/000000000300", 0, 0)
        yield folder
        subprocess.run(["chattr", "-R", "-i", folder], check=True)


def test_the_one_right_of_the_unit_is_enough_and_opens_no_file_of_another(lent: Path) -> None:
    right = "-all,+linux_immutable"
    caps = [f"--bounding-set={right}", f"--inh-caps={right}", f"--ambient-caps={right}"]
    who = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    script = "from pathlib import Path; from fognode.store.immutable import protect_files as act; "
    script += f"print(act(Path({str(lent)!r}) / 'worm'))"
    command = ["setpriv", *who, *caps, sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert told.stdout.startswith("1 of 2 kept files are immutable on "), told.stderr
    (lent / "worm/checkpoint/000000000300").unlink()
    with pytest.raises(PermissionError):
        (lent / "worm/checkpoint/000000000256").unlink()
