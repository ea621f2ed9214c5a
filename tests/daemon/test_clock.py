"""The node's clock: what is stamped never goes back, and a jump is told."""

import time

import pytest

from fognode.daemon.clock import Clock
from fognode.hashing import event_id


def test_recorded_time_never_falls_though_the_clock_goes_back() -> None:
    clock = Clock("farm-7", "5f3a9c0e")
    clock.start_after(4_000_000_000_000)
    assert clock.stamp().recorded_at_ms == 4_000_000_000_000


def test_a_jump_of_the_clock_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock("farm-7", "5f3a9c0e")
    assert clock.step_event() is None
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + 3_600_000_000_000)
    step = clock.step_event()
    assert step is not None
    moved_ms = step.facts["moved_ms"]
    assert isinstance(moved_ms, int)
    assert abs(moved_ms - 3_600_000) < 1000
    assert step.origin.startswith("n/clock_step/5f3a9c0e-")
    assert clock.step_event() is None
    assert len(event_id(step.origin)) == 16
