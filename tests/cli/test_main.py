"""One command is found and only its tier is loaded; errors are one line and an exit code."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from fognode.cli import main
from fognode.cli.main import COMMANDS, run


def test_unknown_command_leaves_with_2_and_names_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        run(["dance"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in COMMANDS)


def test_no_command_leaves_with_2() -> None:
    with pytest.raises(SystemExit) as left:
        run([])
    assert left.value.code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_and_explains_itself(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run([command, "--help"])
    assert left.value.code == 0
    assert COMMANDS[command][1] in " ".join(capsys.readouterr().out.split())


def test_wrong_configuration_is_one_line_on_stderr_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "fognode.toml"
    wrong.write_text('[farm]\nid = "Farm 7"\n')
    assert run(["verify", "--config", str(wrong)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("fognode verify: [farm] key id = 'Farm 7' does not match")


def test_ctrl_c_leaves_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("fognode.cli.doctor"), "doctor", interrupted)
    assert main.run(["doctor"]) == 130


def test_a_bug_is_not_told_as_an_error_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_arguments: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(import_module("fognode.cli.doctor"), "doctor", broken)
    with pytest.raises(ZeroDivisionError):
        main.run(["doctor"])


def test_asking_for_help_loads_no_tier() -> None:
    code = (
        "import sys; from fognode.cli.main import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'flask', 'web3', 'numpy'} & sys.modules.keys()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.splitlines()[-1] == "[]"
