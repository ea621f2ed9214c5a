"""Kinds of tables."""

from fognode.store.columns import AUDIT, STATE, TRUTH, derived, key, log, metadata, number, text


def test_a_log_is_truth_and_a_derived_table_says_as_of_which_event() -> None:
    try:
        logged = log("columns_log", key("id"), number("at_ms"))
        made = derived("columns_derived", key("id", 40), text("word", 20))
        assert (logged.schema, made.schema) == (TRUTH, STATE)
        assert [c.name for c in logged.columns] == ["id", "at_ms", "hash"]
        assert [c.name for c in made.columns] == ["id", "word", "as_of_seq", "hash"]
        assert not any(column.nullable for column in (*logged.columns, *made.columns))
        assert not made.implicit_returning
    finally:
        for table in [t for t in metadata.tables.values() if t.name.startswith("columns_")]:
            metadata.remove(table)


def test_the_three_schemas_have_names_of_their_own() -> None:
    assert len({TRUTH, AUDIT, STATE}) == 3
