import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fognode.config import parse
from fognode.daemon import senders
from fognode.daemon.senders import Senders
from fognode.errors import ConfigError, StoreError
from tests.daemon.test_glance import CHAIN


def make(tmp_path: Path, **tables: Any) -> tuple[Senders, Any]:
    keeper = SimpleNamespace(nudges=[], commit=lambda events, rows: [])
    config = parse({"farm": {"id": "farm-7", "folder": str(tmp_path)}, **tables}, tmp_path)
    return Senders(config, SimpleNamespace(), keeper, SimpleNamespace()), keeper  # type: ignore[arg-type]


def wait(there: Callable[[], object], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_keystore_that_is_not_there_stops_the_start_with_its_name(tmp_path: Path) -> None:
    made, _ = make(tmp_path, chain=[CHAIN])
    with pytest.raises(ConfigError, match=r"keystore: there is no file .*key\.json"):
        made.loops("http://fog/")


def test_a_missing_credential_stops_the_start_with_its_name(tmp_path: Path) -> None:
    mail = {"host": "m.example", "sender": "f@x.example", "user": "fog"}
    made, _ = make(tmp_path, mail=mail)
    with pytest.raises(ConfigError, match="smtp-password"):
        made.loops("http://fog/")


def test_without_peers_nothing_is_sent(tmp_path: Path) -> None:
    assert make(tmp_path)[0].loops("http://fog/") == []


def test_a_loop_without_work_rests_until_a_commit_wakes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "PASS_S", 0.001)
    made, keeper = make(tmp_path)
    passes: list[int] = []
    loop = made._repeat(passes.append)
    stop = threading.Event()
    thread = threading.Thread(target=loop, args=(stop,), daemon=True)
    thread.start()
    wait(lambda: len(passes) == 1)
    keeper.nudges[0].set()
    wait(lambda: len(passes) >= 2)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_loop_with_work_does_not_rest_and_outlives_an_absent_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "PASS_S", 0.001)
    monkeypatch.setattr(senders, "POLL_S", 0.001)
    made, _ = make(tmp_path)
    passes: list[int] = []

    def work(now: int) -> bool:
        passes.append(now)
        if len(passes) == 3:
            raise StoreError("away")
        return True

    stop = threading.Event()
    thread = threading.Thread(target=made._repeat(work), args=(stop,), daemon=True)
    thread.start()
    wait(lambda: len(passes) > 20)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
