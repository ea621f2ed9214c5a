"""A port is lent as long as the command lives that borrowed it."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fognode.daemon.loan import FILE, borrow, borrowed
from fognode.errors import RefusedError


def test_port_is_lent_while_the_command_has_it(tmp_path: Path) -> None:
    assert borrowed(tmp_path) == ""
    with borrow(tmp_path, "/dev/ttyUSB0"):
        assert borrowed(tmp_path) == "/dev/ttyUSB0"
    assert borrowed(tmp_path) == ""


def test_second_command_waits_its_turn(tmp_path: Path) -> None:
    with borrow(tmp_path, "/dev/ttyUSB0"), pytest.raises(RefusedError, match="another command"):
        borrow(tmp_path, "/dev/ttyUSB1").__enter__()


def test_appliance_that_just_looks_makes_no_command_wait_its_turn(tmp_path: Path) -> None:
    with borrow(tmp_path, "/dev/ttyUSB0"):
        pass
    look = os.open(tmp_path / FILE, os.O_RDONLY)
    fcntl.flock(look, fcntl.LOCK_SH)  # as ``borrowed`` does, taken away in the middle of it
    ends = threading.Timer(0.1, os.close, (look,))
    ends.start()
    with borrow(tmp_path, "/dev/ttyUSB1"):
        assert borrowed(tmp_path) == "/dev/ttyUSB1"
    ends.join()


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
