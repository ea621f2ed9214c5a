"""Derived rows compared with what was folded, and put right."""

import pytest

from fognode.errors import StoreError
from fognode.events import Row, RowValues
from fognode.store.restate import Difference, compare, key_of, put_right
from tests.store.conftest import House


def supplier(name: str, on_chain: int = 0) -> RowValues:
    return {"supplier": name, "name": name, "cnpj": "", "on_chain": on_chain, "as_of_seq": 1}


def test_what_is_missing_other_or_extra_is_found_and_put_right(house: House) -> None:
    writer = house.writer()
    kept = [supplier("same"), supplier("other"), supplier("extra")]
    writer.keep([], [Row(table="supplier", values=values) for values in kept])
    folded = {
        key_of("supplier", values): values
        for values in (supplier("same"), supplier("other", 1), supplier("missing"))
    }
    found = compare(house.reader, "supplier", folded)
    assert [row["supplier"] for row in found.rows] == ["other", "missing"]
    assert found.extra == [("extra",)]
    put_right(writer, [found])
    assert compare(house.reader, "supplier", folded) == Difference("supplier", [], [])
    assert {row["supplier"] for row in house.reader.rows("supplier")} == {
        "same",
        "other",
        "missing",
    }


def test_nothing_is_ever_taken_out_of_truth_or_logs(house: House) -> None:
    with pytest.raises(StoreError, match="event is not derived"):
        put_right(house.writer(), [Difference("event", [], [(1,)])])
