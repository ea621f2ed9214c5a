"""What holds for every table."""

import pytest
from sqlalchemy import Table

from fognode.store.tables import DERIVED, LOGS, SHADOWS, event, metadata, table_named, views


@pytest.mark.parametrize("table", metadata.tables.values(), ids=lambda table: table.name)
def test_every_table_has_a_hash_and_a_key(table: Table) -> None:
    assert "hash" in table.c
    assert len(table.primary_key.columns) > 0


def test_names_are_unique_across_schemas_because_sqlite_has_one() -> None:
    names = [table.name for table in (*metadata.tables.values(), *views.tables.values())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
def test_derived_rows_say_as_of_which_event_they_are_true(table: Table) -> None:
    assert "as_of_seq" in table.c


@pytest.mark.parametrize("table", [event, *LOGS], ids=lambda table: table.name)
def test_shadow_holds_every_column_and_who_wrote_it(table: Table) -> None:
    copied = [column.name for column in SHADOWS[table.name].columns]
    assert copied == [*(column.name for column in table.columns), "db_user", "at"]


@pytest.mark.parametrize("table", [event, *LOGS, *DERIVED], ids=lambda table: table.name)
def test_insert_asks_nothing_back_because_the_writer_may_not_read(table: Table) -> None:
    assert table.implicit_returning is False


def test_unknown_name_is_told() -> None:
    assert table_named("alert").name == "alert"
    with pytest.raises(ValueError, match="'alerts'"):
        table_named("alerts")
