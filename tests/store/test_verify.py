"""Attacks by who owns the machine: each is found, at its row."""

from typing import Any

import pytest
from sqlalchemy import Connection, Table

from fognode.config import Config
from fognode.errors import StoreError
from fognode.events import Row, RowValues
from fognode.store import copies
from fognode.store.engines import open_engine
from fognode.store.tables import metadata
from fognode.store.verify import Finding, verify
from tests.store.conftest import House, body

ATTEMPT: RowValues = {
    "outbox_id": "e1/m",
    "attempt": 1,
    "outcome": "later",
    "detail": "451",
    "at_ms": 5,
}
EDIT = "UPDATE T.{} SET body = replace(body, '859', '860') WHERE seq = 3"
EDIT_BLOB = (
    "UPDATE T.{} SET body = CAST(replace(CAST(body AS TEXT), '859', '860') AS BLOB) WHERE seq = 3"
)
CONTENT = "content: hash is not that of prev_hash and body"


@pytest.fixture
def filled(house: House) -> House:
    rows = [
        Row(table="cursor", values={"follower": "custody", "as_of_seq": 5}),
        Row(table="mail_attempt", values=dict(ATTEMPT)),
    ]
    house.writer().keep([body(count) for count in range(1, 7)], rows)
    return house


def found(house: House) -> list[tuple[int | None, str, str]]:
    return [(one.seq, one.table, one.reason) for one in verify(house.reader_engine)]


def test_untouched_record_has_no_findings(filled: House) -> None:
    assert found(filled) == []


def test_edited_body_is_found_at_its_row_alone(filled: House) -> None:
    filled.tamper((EDIT_BLOB if filled.is_sqlite else EDIT).format("event"))
    assert found(filled) == [
        (3, "event", CONTENT),
        (3, "event", "shadow: the copy differs in body"),
    ]


def test_two_edits_are_both_found(filled: House) -> None:
    edit = (EDIT_BLOB if filled.is_sqlite else EDIT).format("event")
    filled.tamper(edit, edit.replace("seq = 3", "seq = 5"))
    assert [seq for seq, _, reason in found(filled) if reason == CONTENT] == [3, 5]


def test_deleted_middle_row_is_found(filled: House) -> None:
    filled.tamper("DELETE FROM T.event WHERE seq IN (3, 4)")
    assert found(filled) == [
        (3, "event", "shadow: a copy without its row, which is missing"),
        (4, "event", "shadow: a copy without its row, which is missing"),
        (5, "event", "events 3 to 4 before it are missing"),
    ]


def test_cut_tail_is_found_by_its_copies(filled: House) -> None:
    filled.tamper("DELETE FROM T.event WHERE seq = 6")
    assert found(filled) == [(6, "event", "shadow: a copy without its row, which is missing")]


def test_emptied_table_is_found_by_its_copies(filled: House) -> None:
    filled.tamper("DELETE FROM T.event")
    assert [seq for seq, _, _ in found(filled)] == [1, 2, 3, 4, 5, 6]


def test_edited_hash_breaks_its_own_row_and_the_next_link(filled: House) -> None:
    zeros = "zeroblob(32)" if filled.is_sqlite else "REPEAT(CHAR(0), 32)"
    filled.tamper(f"UPDATE T.event SET hash = {zeros} WHERE seq = 3")
    assert found(filled) == [
        (3, "event", CONTENT),
        (3, "event", "shadow: the copy differs in hash"),
        (4, "event", "link: prev_hash is not the hash of the event before"),
    ]


def test_edited_event_id_is_found_though_no_chain_covers_it(filled: House) -> None:
    zeros = "zeroblob(16)" if filled.is_sqlite else "REPEAT(CHAR(0), 16)"
    filled.tamper(f"UPDATE T.event SET event_id = {zeros} WHERE seq = 2")
    assert found(filled) == [
        (2, "event", "event_id is not that of origin b/cab01/17/2"),
        (2, "event", "shadow: the copy differs in event_id"),
    ]


def test_edited_shadow_is_found(filled: House) -> None:
    edit = (EDIT_BLOB if filled.is_sqlite else EDIT).format("event")
    filled.tamper(edit.replace("T.event", "A.event_shadow"))
    assert found(filled) == [(3, "event", "shadow: the copy differs in body")]


def test_deleted_shadow_row_is_found(filled: House) -> None:
    filled.tamper("DELETE FROM A.event_shadow WHERE seq = 6")
    assert found(filled) == [(6, "event", "shadow: the copy is missing")]


def test_copy_of_an_event_that_never_was_is_found(filled: House) -> None:
    copied = "event_id, body, prev_hash, hash, db_user, at FROM A.event_shadow WHERE seq = 6"
    into = "INSERT INTO A.event_shadow (seq, event_id, body, prev_hash, hash, db_user, at)"
    filled.as_root(f"{into} SELECT 99, {copied}", f"{into} SELECT 0, {copied}")
    assert found(filled) == [
        (0, "event", "shadow: a copy without its row, which is missing"),
        (99, "event", "shadow: a copy without its row, which is missing"),
    ]


def test_event_before_the_first_is_found(filled: House) -> None:
    # No walk from the first event on would come past it.
    filled.tamper("DROP TRIGGER T.event_check", "UPDATE T.event SET seq = 0 WHERE seq = 6")
    assert found(filled) == [
        (0, "event", "no event has such a seq"),
        (6, "event", "shadow: a copy without its row, which is missing"),
    ]


def test_changed_sample_is_found(house: House) -> None:
    values: RowValues = {
        "board": "cab01",
        "at_ms": 7,
        "board_ms": 5,
        "boot": 17,
        "readings": "L1=8",
    }
    house.writer().keep([], [Row(table="sample", values=values)])
    assert found(house) == []
    house.as_root("UPDATE S.sample SET readings = 'L1=9'")
    (one,) = found(house)
    assert one[:2] == (None, "sample")
    assert one[2].endswith("content: hash is not that of the row")


def test_changed_derived_row_is_found(filled: House) -> None:
    filled.as_root("UPDATE S.cursor SET as_of_seq = 4")
    assert found(filled) == [
        (None, "cursor", "follower custody: content: hash is not that of the row")
    ]


def test_changed_log_row_is_found_twice(filled: House) -> None:
    filled.tamper("UPDATE T.mail_attempt SET outcome = 'sent'")
    assert found(filled) == [
        (None, "mail_attempt", "outbox_id e1/m, attempt 1: content: hash is not that of the row"),
        (None, "mail_attempt", "outbox_id e1/m, attempt 1: shadow: the copy differs in outcome"),
    ]


def test_deleted_log_row_is_found(filled: House) -> None:
    filled.tamper("DELETE FROM T.mail_attempt")
    lost = "outbox_id e1/m, attempt 1: shadow: a copy without its row, which is missing"
    assert found(filled) == [(None, "mail_attempt", lost)]


@pytest.mark.mariadb
def test_note_of_a_refused_statement_is_hashed_like_any_row(mariadb_house: House) -> None:
    mariadb_house.writer().keep([body(1)])
    with pytest.raises(Exception, match="insert-only"):
        mariadb_house.as_root("UPDATE T.event SET seq = 9")
    (note,) = mariadb_house.reader.rows("blocked")
    assert (note["statement"], note["table_name"], note["row_key"]) == ("UPDATE", "event", "1")
    assert note["db_user"] == "root@localhost"
    assert found(mariadb_house) == []
    mariadb_house.as_root("UPDATE A.blocked SET db_user = 'nobody'")
    assert [table for _, table, _ in found(mariadb_house)] == ["blocked"]


def test_every_table_but_the_shadows_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # A table that verify forgot would pass every attack on it.
    read: list[str] = []
    rows = copies.rows

    def spy(connection: Connection, table: Table, *rest: Any) -> Any:
        read.append(table.name)
        return rows(connection, table, *rest)

    monkeypatch.setattr(copies, "rows", spy)
    assert verify(house.reader_engine) == []
    wanted = {name for table in metadata.tables.values() if "_shadow" not in (name := table.name)}
    wanted -= {"event", "sample"}  # read by store/scan.py and store/samples.py
    assert sorted(read) == sorted(wanted - ({"blocked"} if house.is_sqlite else set()))


def test_a_record_that_cannot_be_read_is_a_store_error(sqlite_config: Config) -> None:
    engine = open_engine(sqlite_config, "reader")
    with pytest.raises(StoreError):
        verify(engine)
    engine.dispose()


def test_a_finding_names_its_row_first() -> None:
    assert str(Finding(seq=7, table="event", reason="link")) == "event seq 7: link"
    assert str(Finding(seq=None, table="alert", reason="gone")) == "alert: gone"
