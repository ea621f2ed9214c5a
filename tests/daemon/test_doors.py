"""The doors to the store thread: a full queue is told, and nobody waits for ever."""

import pytest

from fognode.daemon import doors
from fognode.daemon.doors import Doors
from fognode.errors import StoreError
from fognode.events import Event, Kind

EVENT = Event(kind=Kind.NODE_STARTED, origin="n/start/1", happened_at_ms=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Doors:
    """Doors behind which nobody is."""
    monkeypatch.setattr(doors, "QUEUE", 2)
    monkeypatch.setattr(doors, "PUT_TIMEOUT_S", 0.01)
    monkeypatch.setattr(doors, "ANSWER_S", 0.02)
    return Doors()


def test_a_full_queue_says_stop_reading(small: Doors) -> None:
    offers = [small.offer(EVENT, lambda _seq: None) for _ in range(3)]
    assert offers == [True, True, False]


def test_who_commits_is_told_that_no_answer_came_or_that_the_queue_is_full(small: Doors) -> None:
    for words in ("did not answer", "did not answer", "queue is full"):
        with pytest.raises(StoreError, match=words):
            small.commit([EVENT])
