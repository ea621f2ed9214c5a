"""The page says what the write-once folder really is, and counting costs next to nothing."""

import time
from pathlib import Path

import pytest

from fognode.daemon import write_once
from fognode.daemon.write_once import WriteOnce
from fognode.errors import StoreError
from fognode.store.immutable import Held
from fognode.store.worm import Worm


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_files_are_counted_again_after_five_minutes(tmp_path: Path, clock: list[float]) -> None:
    held = WriteOnce(tmp_path / "worm", is_trial=False)
    held.pass_once(0)
    assert held.words == ""
    worm = Worm(tmp_path / "worm", immutable=False)
    worm.keep_note(256, b"note")
    held.pass_once(0)
    assert " 1 kept files are " in held.words
    worm.keep_note(512, b"note")
    clock[0] += 299
    held.pass_once(0)
    assert " 1 kept files are " in held.words
    clock[0] += 1
    held.pass_once(0)
    assert " 2 kept files are " in held.words


def test_slow_count_is_made_less_often(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[Path] = []

    def count(folder: Path) -> Held:
        counts.append(folder)
        clock[0] += 2  # seconds
        return Held(kept=0, immutable=0)

    monkeypatch.setattr(write_once, "look_at_files", count)
    held = WriteOnce(tmp_path, is_trial=False)
    for _ in range(400):
        held.pass_once(0)
        clock[0] += 10
    assert len(counts) == 2


def test_folder_that_cannot_be_counted_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path) -> Held:
        raise StoreError("Input/output error: worm")

    monkeypatch.setattr(write_once, "look_at_files", fail)
    held = WriteOnce(tmp_path, is_trial=False)
    held.pass_once(0)
    assert held.words == "not known: Input/output error: worm"


def test_trial_says_that_its_files_are_plain(tmp_path: Path) -> None:
    held = WriteOnce(tmp_path, is_trial=True)
    held.pass_once(0)
    assert held.words == "plain files: a trial"
