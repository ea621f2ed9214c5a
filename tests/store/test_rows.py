"""A row that its table cannot hold is refused, on both databases, before anything is kept."""

import pytest

from fognode.events import Row
from tests.store.conftest import B1, House


def cursor_row(seq: int, follower: str = "custody") -> Row:
    return Row(table="cursor", values={"follower": follower, "as_of_seq": seq})


@pytest.mark.parametrize(
    "row",
    [
        Row(table="nowhere", values={}),
        Row(table="event_shadow", values={}),
        Row(table="cursor", values={"follower": "custody"}),
        Row(table="cursor", values={"follower": "custody", "as_of_seq": 1, "more": 1}),
        cursor_row(1, "x" * 41),
        Row(table="cursor", values={"follower": "custody", "as_of_seq": "1"}),
        Row(table="cursor", values={"follower": "custody", "as_of_seq": None}),
        cursor_row(2**53),
        Row(table="gov_document", values={"mov_id": "m", "exact_bytes": b"<x/>", "sha256": b"1"}),
    ],
    ids=lambda row: f"{row.table}-{len(row.values)}",
)
def test_a_row_that_does_not_fit_is_refused_before_anything_is_kept(house: House, row: Row) -> None:
    writer = house.writer()
    with pytest.raises(ValueError, match=r"."):
        writer.keep([B1], [row])
    assert house.reader.head()[0] == 0
    assert writer.keep([B1]) == [1]
