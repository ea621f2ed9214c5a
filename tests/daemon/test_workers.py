import socket
import threading
import time
from pathlib import Path

import pytest

from fognode.daemon import workers
from fognode.daemon.workers import Pulse, Worker, notify
from fognode.errors import ConfigError


def wait(there: object, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_part_that_dies_is_started_again() -> None:
    """A54."""
    lives: list[int] = []

    def run(stop: threading.Event) -> None:
        lives.append(1)
        if len(lives) < 3:
            raise RuntimeError("a bug")
        stop.wait(5)

    worker = Worker("part", run, fatal=lambda _error: None)
    worker.start()
    wait(lambda: len(lives) == 3)
    worker.pulse.set()
    assert worker.thread is not None
    worker.thread.join(5)
    assert not worker.thread.is_alive()
    assert not worker.off


def test_a_part_that_keeps_dying_is_switched_off_unless_it_is_vital(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(workers, "LONGEST_PAUSE_S", 0.001)

    def run(stop: threading.Event) -> None:
        raise RuntimeError("a bug")

    spare, vital = (
        Worker("spare", run, fatal=lambda _error: None),
        Worker("vital", run, fatal=lambda _error: None, vital=True),
    )
    spare.start()
    vital.start()
    wait(lambda: spare.off)
    wait(lambda: len(vital.deaths) > workers.DEATHS)
    assert not spare.healthy()
    vital.pulse.set()
    assert not vital.off


def test_what_only_the_operator_can_mend_ends_the_node() -> None:
    told: list[ConfigError] = []

    def run(stop: threading.Event) -> None:
        raise ConfigError("run fognode migrate")

    worker = Worker("store", run, fatal=told.append, vital=True)
    worker.start()
    assert worker.thread is not None
    worker.thread.join(5)
    assert [str(error) for error in told] == ["run fognode migrate"]


def test_what_only_the_operator_can_mend_switches_a_part_off_that_is_not_vital() -> None:
    told: list[ConfigError] = []

    def run(stop: threading.Event) -> None:
        raise ConfigError("wrong password")

    worker = Worker("mail", run, fatal=told.append)
    worker.start()
    wait(lambda: worker.off)
    assert told == []


def test_a_part_that_hangs_is_not_healthy() -> None:
    worker = Worker("part", lambda stop: None, fatal=lambda _error: None, limit_s=0.05)
    worker.pulse.is_set()
    assert worker.healthy()
    time.sleep(0.06)  # the limit itself is what is tested
    assert not worker.healthy()


def test_thread_that_hangs_is_left_behind_and_ends_when_its_call_comes_back() -> None:
    comes_back, lives, told = threading.Event(), list[threading.Event](), list[str]()

    def run(stop: threading.Event) -> None:
        lives.append(stop)
        comes_back.wait(20)
        raise RuntimeError("of a part that was given up")

    worker = Worker("pi-tag", run, lambda _e: None, lambda _n, why: told.append(why), hang_s=0.01)
    worker.start()

    def left_behind() -> int:
        worker.renew()
        return len(worker.hung)

    wait(lambda: left_behind() == 2)  # after 10 ms, then 20
    wait(lambda: len(lives) == 3)
    assert [stop.is_set() for stop in lives] == [True, True, False]
    assert told == []
    wait(lambda: left_behind() == workers.MOST_HUNG, 20)
    assert told == ["8 of its threads hang: start the node anew"]
    wait(lambda: len(lives) == workers.MOST_HUNG + 1)
    worker.pulse.beat_s = 0.0
    assert left_behind() == workers.MOST_HUNG  # no more until one comes back
    worker.pulse.set()
    left = [*worker.hung]
    comes_back.set()
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)
    worker.join(5)
    assert len(worker.deaths) == 1  # of those left behind nobody speaks


def test_part_that_waits_or_was_switched_off_is_not_taken_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(stop: threading.Event) -> None:
        raise ConfigError("needs the extra pi")

    worker = Worker("pi-tag", run, fatal=lambda _error: None, hang_s=0.01)
    worker.start()
    wait(lambda: worker.off)
    worker.pulse.beat_s = 0.0
    worker.renew()
    assert worker.hung == []
    worker.pulse.set()
    worker.join(5)


def test_looking_at_the_stop_signal_is_a_beat() -> None:
    pulse = Pulse()
    before = pulse.beat_s
    assert not pulse.wait(0.001)
    assert pulse.beat_s > before


def test_systemd_is_told_by_a_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1")
        assert receiver.recv(100) == b"READY=1"
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")
