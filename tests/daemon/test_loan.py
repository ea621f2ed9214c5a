"""A port is lent as long as the command lives that borrowed it."""

import subprocess
import sys
from pathlib import Path

import pytest

from fognode.daemon.loan import borrow, borrowed
from fognode.errors import RefusedError


def test_port_is_lent_while_the_command_has_it(tmp_path: Path) -> None:
    assert borrowed(tmp_path) == ""
    with borrow(tmp_path, "/dev/ttyUSB0"):
        assert borrowed(tmp_path) == "/dev/ttyUSB0"
    assert borrowed(tmp_path) == ""


def test_second_command_waits_its_turn(tmp_path: Path) -> None:
    with borrow(tmp_path, "/dev/ttyUSB0"), pytest.raises(RefusedError, match="another command"):
        borrow(tmp_path, "/dev/ttyUSB1").__enter__()


def test_killed_command_keeps_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from fognode.daemon.loan import borrow\n"
        "with borrow(pathlib.Path(sys.argv[1]), '/dev/ttyUSB0'):\n"
        "    print('lent', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"lent\n"
        assert borrowed(tmp_path) == "/dev/ttyUSB0"
        child.kill()
        child.wait(5)
        assert borrowed(tmp_path) == ""
