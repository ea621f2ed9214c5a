"""Derived tables."""

import pytest
from sqlalchemy import Table

from fognode.store.columns import STATE
from fognode.store.derived import DERIVED


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: str(table.name))
def test_every_derived_table_has_a_key_a_place_in_the_record_and_a_hash(table: Table) -> None:
    assert table.schema == STATE
    assert len(table.primary_key.columns) >= 1
    assert {"as_of_seq", "hash"} <= {column.name for column in table.columns}
    assert not any(column.nullable for column in table.columns)
