"""Rows of a log and their copies, as the database compares them."""

from typing import Any

import pytest
from sqlalchemy import literal, true

from fognode.events import Row, RowValues
from fognode.store import copies
from fognode.store.copies import Values
from fognode.store.tables import cursor, event, mail_attempt
from tests.store.conftest import House, body

FIRST: RowValues = {"outbox_id": "e1/m", "attempt": 1, "outcome": "later", "detail": "", "at_ms": 5}
KEYS = ("outbox_id", "attempt")


@pytest.fixture
def filled(house: House) -> House:
    rows = [Row(table="mail_attempt", values={**FIRST, "attempt": count}) for count in (1, 2, 3)]
    rows.append(Row(table="cursor", values={"follower": "custody", "as_of_seq": 1}))
    house.writer().keep([body(1)], rows)
    return house


def key(values: Values) -> tuple[Any, ...]:
    return tuple(values[name] for name in KEYS)


def alike(house: House) -> list[bool]:
    with house.reader_engine.connect() as connection:
        return [is_alike for _, is_alike in copies.rows(connection, mail_attempt)]


def told(house: House) -> list[str]:
    with house.reader_engine.connect() as connection:
        pairs = copies.both(connection, mail_attempt)
        return [
            f"{key(values)} {one}" for values, copy in pairs for one in copies.unlike(values, copy)
        ]


def test_rows_come_by_their_names_and_are_like_their_copies(filled: House) -> None:
    with filled.reader_engine.connect() as connection:
        rows = list(copies.rows(connection, mail_attempt))
    assert [(key(values), is_alike) for values, is_alike in rows] == [
        (("e1/m", count), True) for count in (1, 2, 3)
    ]
    assert rows[0][0] == {**FIRST, "hash": rows[0][0]["hash"]}
    assert told(filled) == []


def test_rows_of_a_table_without_copies_are_alike(filled: House) -> None:
    with filled.reader_engine.connect() as connection:
        rows = list(copies.rows(connection, cursor))
    assert [(values["follower"], is_alike) for values, is_alike in rows] == [("custody", True)]


@pytest.mark.parametrize("outcome", ["sent", "later ", "LATER"])
def test_copy_with_other_letters_is_unlike(filled: House, outcome: str) -> None:
    filled.tamper(f"UPDATE A.mail_attempt_shadow SET outcome = '{outcome}' WHERE attempt = 2")
    assert alike(filled) == [True, False, True]
    assert told(filled) == ["('e1/m', 2) shadow: the copy differs in outcome"]


def test_copy_with_another_number_and_hash_is_unlike(filled: House) -> None:
    zeros = "zeroblob(32)" if filled.is_sqlite else "REPEAT(CHAR(0), 32)"
    edit = f"UPDATE A.mail_attempt_shadow SET at_ms = 6, hash = {zeros} WHERE attempt = 3"
    filled.tamper(edit)
    assert alike(filled) == [True, True, False]
    assert told(filled) == ["('e1/m', 3) shadow: the copy differs in at_ms, hash"]


def test_copy_that_is_gone_is_unlike(filled: House) -> None:
    filled.tamper("DELETE FROM A.mail_attempt_shadow WHERE attempt = 1")
    assert alike(filled) == [False, True, True]
    assert told(filled) == ["('e1/m', 1) shadow: the copy is missing"]


def test_copies_whose_row_is_gone_are_lost(filled: House) -> None:
    with filled.reader_engine.connect() as connection:
        assert list(copies.lost(connection, mail_attempt, true())) == []
    filled.tamper("DELETE FROM T.mail_attempt WHERE attempt <> 2")
    with filled.reader_engine.connect() as connection:
        lost = list(copies.lost(connection, mail_attempt, true()))
    assert [key(values) for values in lost] == [("e1/m", 1), ("e1/m", 3)]


def test_further_columns_belong_to_the_row(filled: House) -> None:
    with filled.reader_engine.connect() as connection:
        pairs = copies.both(connection, event, [literal("x").label("word")], event.c.seq == 1)
        ((values, copy),) = pairs
    assert values["word"] == "x"
    assert values["body"] == body(1)
    assert copy == {name: value for name, value in values.items() if name != "word"}
