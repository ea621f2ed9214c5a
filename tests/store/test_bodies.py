"""What the stored bytes of an event say, and what is said of bytes that are none."""

import pytest

from fognode.events import Kind
from fognode.store.bodies import origin_of, stored_event
from tests.store.conftest import B1

EVENT_AND_MORE = (
    b'{"facts":{},"happened_at_ms":1,"kind":"light_open","origin":"q/1","recorded_at_ms":1} {}'
)


def test_a_body_as_it_was_frozen_is_read() -> None:
    told = stored_event(7, bytes(16), EVENT_AND_MORE.removesuffix(b" {}"))
    assert (told.kind, told.origin, told.facts) == ("light_open", "q/1", {})


@pytest.mark.parametrize("stored", [b"", b"\xff", b"[1]", b'{"kind":"light_open"}', EVENT_AND_MORE])
def test_a_body_that_is_no_event_is_told_as_unreadable_with_its_place(stored: bytes) -> None:
    told = stored_event(7, bytes(16), stored)
    assert (told.seq, told.kind, told.body) == (7, Kind.UNREADABLE, stored)


def test_origin_is_read_and_a_body_without_one_refused() -> None:
    assert origin_of(B1) == "b/cab01/17/42"
    for odd in (b"{}", B1 + b" ", b'{"origin":""}', b""):
        with pytest.raises(ValueError, match=r"."):
            origin_of(odd)
