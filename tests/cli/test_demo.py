"""The arguments of fognode demo; the demo itself is run by tests/whole."""

import argparse
import time
from pathlib import Path

import pytest

from fognode.cli import demo
from fognode.cli.main import run


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    demo.add_demo(parser)
    return parser.parse_args(words)


def test_without_arguments_it_runs_on_sqlite_until_ctrl_c() -> None:
    assert vars(parsed()) == {
        "seconds": 0,
        "port": 8080,
        "db": "sqlite",
        "folder": Path(".fognode/demo"),
    }


def test_all_can_be_chosen() -> None:
    words = ["--for", "90", "--port", "0", "--db", "mariadb", "--folder", "/tmp/farm"]
    assert vars(parsed(*words)) == {
        "seconds": 90,
        "port": 0,
        "db": "mariadb",
        "folder": Path("/tmp/farm"),
    }


def test_unknown_database_leaves_with_2() -> None:
    with pytest.raises(SystemExit) as left:
        run(["demo", "--db", "oracle"])
    assert left.value.code == 2


def test_time_that_is_used_up_is_not_waited_for() -> None:
    begun = time.monotonic()
    demo._go_on(-3.0)
    assert time.monotonic() - begun < 1


def test_ctrl_c_ends_the_waiting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    demo._go_on(None)
    assert capsys.readouterr().out == "ending\n"
