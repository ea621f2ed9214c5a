"""Attacks by who owns the machine, and what detects each: the table of docs/decisions/0007.

Every attack is made by root of the server, or the owner of the file, with the guards taken
away first.  ``chain`` is what the rows alone tell; ``signed`` needs checkpoints and copies.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fognode import hashing
from fognode.config import Config
from fognode.events import Row, RowValues
from fognode.store import prepare, worm_files
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.merkle import CompactRange
from fognode.store.verify import examine, verify
from fognode.store.worm import Worm
from fognode.trial.database import TrialDatabase
from tests.store.conftest import House, body
from tests.store.signing import SIGNER, SignedHouse

PAGE = 16_384  # of InnoDB
GUARDS = [
    f"{table}_no_{verb}" for table in ("event", "checkpoint") for verb in ("update", "delete")
]


@pytest.fixture
def signed(house: House, tmp_path: Path) -> SignedHouse:
    """Twelve signed events in three checkpoints, and three after the last."""
    made = SignedHouse(house, tmp_path)
    for _ in range(3):
        made.keep(4)
        made.sign()
    made.keep(3)
    return made


def attack(signed: SignedHouse, *statements: str) -> None:
    """Take every guard away, then run statements as root."""
    house = signed.house
    house.damaged = True
    if house.is_sqlite:
        guards = [*GUARDS, *(g.replace("_no_", "_shadow_no_") for g in GUARDS)]
        house.as_root(*(f"DROP TRIGGER {guard}" for guard in guards), *statements)
    else:
        house.as_root(*(f"DROP TRIGGER T.{guard}" for guard in GUARDS), *statements)


def chain(signed: SignedHouse) -> list[str]:
    """What the database tells by itself."""
    return [str(one) for one in verify(signed.house.reader_engine)]


def found(signed: SignedHouse) -> list[str]:
    """What the database tells with checkpoints' signatures and write-once files."""
    report = examine(signed.house.reader_engine, signed.evidence)
    return [str(one) for one in report.findings]


def edited(signed: SignedHouse, table: str) -> str:
    told = "CAST(replace(CAST(body AS TEXT), '859', '860') AS BLOB)"
    new = told if signed.house.is_sqlite else "replace(body, '859', '860')"
    return f"UPDATE {table} SET body = {new}"


def binary(signed: SignedHouse, value: bytes) -> str:
    return f"X'{value.hex()}'"


CONTENT = "content: hash is not that of prev_hash and body"
OTHER_ROOT = "root: the events 5 to 8 give another one"


def test_update_of_a_body_is_detected_by_the_chain_at_the_row(signed: SignedHouse) -> None:
    attack(signed, edited(signed, "T.event") + " WHERE seq = 6")
    assert f"event seq 6: {CONTENT}" in chain(signed)
    told = found(signed)
    assert f"checkpoint size 8: {OTHER_ROOT}" in told
    assert f"worm checkpoint/000000000008: {OTHER_ROOT}" in told
    assert not any("size 12" in one or "size 4" in one for one in told)


def test_update_of_a_hash_is_detected_by_the_chain(signed: SignedHouse) -> None:
    attack(signed, f"UPDATE T.event SET hash = {binary(signed, bytes(32))} WHERE seq = 6")
    assert chain(signed) == [
        f"event seq 6: {CONTENT}",
        "event seq 6: shadow: the copy differs in hash",
        "event seq 7: link: prev_hash is not the hash of the event before",
    ]


def test_update_of_a_prev_hash_is_detected_by_the_chain(signed: SignedHouse) -> None:
    attack(signed, f"UPDATE T.event SET prev_hash = {binary(signed, b'1' * 32)} WHERE seq = 6")
    assert chain(signed) == [
        "event seq 6: link: prev_hash is not the hash of the event before",
        f"event seq 6: {CONTENT}",
        "event seq 6: shadow: the copy differs in prev_hash",
    ]


def rechain(signed: SignedHouse, changed: int) -> list[str]:
    """Rewrite a body and all later hashes, in the record and in its shadow."""
    link, statements = hashing.GENESIS, []
    for told in signed.house.reader.events(limit=100):
        new = told.body.replace(b"859", b"860") if told.seq == changed else told.body
        made = hashing.link_hash(link, new)
        statements += [
            f"UPDATE {table} SET body = {binary(signed, new)},"
            f" prev_hash = {binary(signed, link)}, hash = {binary(signed, made)}"
            f" WHERE seq = {told.seq}"
            for table in ("T.event", "A.event_shadow")
            if told.seq >= changed
        ]
        link = made
    return statements


def test_rewritten_chain_and_shadow_are_detected_by_the_signed_root(signed: SignedHouse) -> None:
    attack(signed, *rechain(signed, 6))
    told = found(signed)
    assert told == [
        "checkpoint size 8: link: not the hash of event 8",
        f"checkpoint size 8: {OTHER_ROOT}",
        f"worm checkpoint/000000000008: {OTHER_ROOT}",
        "checkpoint size 12: link: not the hash of event 12",
        "worm: checkpoint/000000000012: the first 12 bodies give another root",
    ]


def test_rewritten_checkpoints_too_are_detected_by_key_and_write_once_files(
    signed: SignedHouse,
) -> None:
    # Root rewrites the record, its shadow and the rows of the checkpoints, but has no key.
    forger = Signer(SIGNER.log, "ab" * 32)
    attack(signed, *rechain(signed, 6))
    tree = CompactRange()
    for told in signed.house.reader.events(limit=8):
        tree.append(hashing.leaf_hash(told.body))
    note = forger.sign(Checkpoint(log=SIGNER.log, size=8, root=tree.root()))
    row = {**signed.house.reader.rows("checkpoint", {"size": 8})[0], "note": note.decode()}
    row["root"] = tree.root()
    row["link"] = signed.house.reader.rows("event", {"seq": 8})[0]["hash"]
    row["range_json"] = f'["{tree.root().hex()}"]'
    row["hash"] = hashing.row_hash(row)
    sets = ", ".join(
        f"{name} = " + (f"X'{value.hex()}'" if isinstance(value, bytes) else f"'{value}'")
        for name, value in row.items()
        if name != "size"
    )
    tables = ("T.checkpoint", "A.checkpoint_shadow")
    signed.house.as_root(*(f"UPDATE {table} SET {sets} WHERE size = 8" for table in tables))
    lines = found(signed)
    assert any("checkpoint size 8: note: checkpoint of size 8 is not signed" in x for x in lines)
    assert "checkpoint size 8: note: differs from its write-once file" in lines
    assert f"worm checkpoint/000000000008: {OTHER_ROOT}" in lines


def test_deleted_middle_row_is_detected_by_the_chain(signed: SignedHouse) -> None:
    attack(signed, "DELETE FROM T.event WHERE seq = 6", "DELETE FROM A.event_shadow WHERE seq = 6")
    assert "event seq 7: events 6 to 6 before it are missing" in chain(signed)
    assert "checkpoint size 8: root: not known, events before it are missing" in found(signed)


CUT = ["DELETE FROM T.event WHERE seq > {}", "DELETE FROM A.event_shadow WHERE seq > {}"]
FORGET = [
    "DELETE FROM T.checkpoint WHERE size > {}",
    "DELETE FROM A.checkpoint_shadow WHERE size > {}",
]


def test_tail_cut_below_a_checkpoint_is_detected_by_what_was_signed(signed: SignedHouse) -> None:
    attack(signed, *(one.format(10) for one in CUT))
    short = "the database is shorter than the signed record: 10 of 12 events"
    assert f"checkpoint size 12: {short}" in chain(signed)
    # Its row cut off as well, the file remains.
    signed.house.as_root(*(one.format(10) for one in FORGET))
    assert chain(signed) == []
    assert found(signed) == [f"worm checkpoint/000000000012: {short}"]


def test_tail_cut_behind_the_last_checkpoint_is_detected_by_nothing(signed: SignedHouse) -> None:
    # The exposure: at most one checkpoint here (256 events or 60 s), and against who holds
    # the key and every copy, one interval of anchoring.
    attack(signed, *(one.format(12) for one in CUT))
    assert found(signed) == []
    assert signed.house.reader.head()[0] == 12


def test_rewriting_behind_the_last_checkpoint_is_detected_by_nothing(signed: SignedHouse) -> None:
    attack(signed, *rechain(signed, 14))
    assert found(signed) == []


def test_truncate_is_detected_by_shadow_and_checkpoints(signed: SignedHouse) -> None:
    attack(signed, "DELETE FROM T.event" if signed.house.is_sqlite else "TRUNCATE T.event")
    told = chain(signed)
    assert "event seq 1: shadow: a copy without its row, which is missing" in told
    short = "the database is shorter than the signed record: 0 of 12 events"
    assert f"checkpoint size 12: {short}" in told
    emptied = ("A.event_shadow", "T.checkpoint", "A.checkpoint_shadow")
    signed.house.as_root(*(f"DELETE FROM {table}" for table in emptied))
    assert chain(signed) == []
    assert found(signed) == [f"worm checkpoint/000000000012: {short}"]


def test_edit_of_the_shadow_is_detected_by_comparing_it(signed: SignedHouse) -> None:
    attack(signed, edited(signed, "A.event_shadow") + " WHERE seq = 6")
    assert found(signed) == ["event seq 6: shadow: the copy differs in body"]


def test_column_outside_the_body_is_detected_against_the_body(signed: SignedHouse) -> None:
    # event_id stands in no chain; the generated columns cannot be written, so root must first
    # make a plain column of one.
    attack(signed, f"UPDATE T.event SET event_id = {binary(signed, bytes(16))} WHERE seq = 6")
    assert found(signed) == [
        "event seq 6: event_id is not that of origin b/cab01/17/6",
        "event seq 6: shadow: the copy differs in event_id",
    ]


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("name", "true", "forged", "said"),
    [
        ("kind", "'light_open'", "'light_close'", "'light_open'"),
        ("about", "NULL", "'GLY-0042'", "None"),
    ],
)
def test_generated_column_made_plain_and_altered_is_detected(
    mariadb_config: Callable[[str], Config], name: str, true: str, forged: str, said: str
) -> None:
    config = mariadb_config(f"plain_{name}")
    prepare.prepare_database(config)
    house = House(config)
    house.writer().keep([body(count) for count in range(1, 4)])
    house.as_root(
        "DROP TRIGGER T.event_no_update",
        f"ALTER TABLE T.event DROP COLUMN {name}, ADD COLUMN {name} VARCHAR(64)",
        f"UPDATE T.event SET {name} = {true}",
    )
    assert verify(house.reader_engine) == []
    house.as_root(f"UPDATE T.event SET {name} = {forged} WHERE seq = 2")
    assert [str(one) for one in verify(house.reader_engine)] == [
        f"event seq 2: column {name} is {forged}, in the body {said}"
    ]
    house.close()


def test_edit_of_a_write_once_segment_is_detected_by_its_hashes(
    sqlite_house: House, tmp_path: Path
) -> None:
    signed = SignedHouse(sqlite_house, tmp_path)
    signed.keep(worm_files.SEGMENT)
    signed.sign()
    path = tmp_path / "worm/segment/000000000001.gz"
    told = worm_files.bodies(tmp_path / "worm", 1)
    told[5] = told[5].replace(b"859", b"860")
    other = Worm(tmp_path / "other", immutable=False)
    other.keep_segment(1, told)
    path.unlink()
    shutil.copy(tmp_path / "other/segment/000000000001.gz", path)
    lines = found(signed)
    assert "worm seq 6: tile/0/000000000000: hash 5 is not that of what lies below it" in lines
    assert any("checkpoint/000000004096: the first 4096 bodies give another" in x for x in lines)


def test_old_backup_put_back_is_detected_by_the_write_once_files(signed: SignedHouse) -> None:
    # All of the database as it was at eight events, its checkpoints and shadows with it.
    tables = ("T.event", "A.event_shadow")
    logs = ("T.checkpoint", "A.checkpoint_shadow")
    attack(
        signed,
        *(f"DELETE FROM {table} WHERE seq > 8" for table in tables),
        *(f"DELETE FROM {table} WHERE size > 8" for table in logs),
    )
    assert chain(signed) == []
    short = "the database is shorter than the signed record: 8 of 12 events"
    assert found(signed) == [f"worm checkpoint/000000000012: {short}"]
    # Gone on with after that, it is as long, but not the same.
    house = signed.house
    if not house.is_sqlite:
        with prepare.as_root(house.config) as root:
            prepare._run(root, "after.sql", house.schema)
    for writer in house._writers:
        writer._forget()
    house._writers[0].keep([body(count) for count in range(101, 108)])
    assert found(signed) == [
        "worm checkpoint/000000000012: root: the events 9 to 12 give another one",
        "worm: checkpoint/000000000012: the first 12 bodies give another root",
    ]


@pytest.mark.mariadb
def test_offline_edit_of_the_data_file_is_detected_by_the_chain(
    mariadb_config: Callable[[str], Config], server: tuple[TrialDatabase, Path]
) -> None:
    config = mariadb_config("offline")
    prepare.prepare_database(config)
    house = House(config)
    house.writer().keep([body(count) for count in range(1, 4)])
    house.close()
    server[0]._end(by_force=False)
    edit_page(server[0]._store / "offline" / "event.ibd", body(2))
    server[0].start()
    house = House(config)
    try:
        assert [str(one) for one in verify(house.reader_engine)] == [
            f"event seq 2: {CONTENT}",
            "event seq 2: shadow: the copy differs in body",
        ]
    finally:
        house.close()


def edit_page(path: Path, told: bytes) -> None:
    """Change a body in a data file, and the page's checksum with it."""
    content = bytearray(path.read_bytes())
    at = content.index(told)
    content[at : at + len(told)] = told.replace(b"859", b"860")
    begin = at // PAGE * PAGE
    # Format full_crc32: the last four bytes are CRC-32C of all before them.
    checksum = crc32c(bytes(content[begin : begin + PAGE - 4]))
    content[begin + PAGE - 4 : begin + PAGE] = checksum.to_bytes(4, "big")
    path.write_bytes(content)


def crc32c(content: bytes) -> int:
    """Return the checksum with Castagnoli's polynomial, bit by bit."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


# SQLite keeps in a column what it is given, once who owns the file has unmade its promises.
UNMAKE = (
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_master SET sql = replace(replace(sql, ' NOT NULL', ''), ' STRICT', '')"
    " WHERE name IN ('event', 'mail_attempt')",
)
UNCHECKED = "PRAGMA ignore_check_constraints = ON"


@pytest.mark.parametrize("junk", ["NULL", "7", "2.5", "'77'", "x'3737'"])  # all are JSON
@pytest.mark.parametrize("column", ["prev_hash", "hash", "body", "event_id"])
def test_a_value_of_any_type_in_the_chain_is_a_finding_at_its_row(
    sqlite_house: House, column: str, junk: str
) -> None:
    sqlite_house.writer().keep([body(count) for count in range(1, 7)])
    sqlite_house.tamper(*UNMAKE)
    assert verify(sqlite_house.reader_engine) == []
    sqlite_house.as_root(UNCHECKED, f"UPDATE event SET {column} = {junk} WHERE seq = 3")
    told = verify(sqlite_house.reader_engine)
    assert {one.seq for one in told} <= {3, 4}
    assert f"event seq 3: shadow: the copy differs in {column}" in map(str, told)
    wanted = "event_id is not that of" if column == "event_id" else "content: hash is not that of"
    assert any(one.seq == 3 and one.reason.startswith(wanted) for one in told)


@pytest.mark.parametrize("junk", ["NULL", "2.5", "'text'", "x'C3'", f"'{chr(7)}'"])
@pytest.mark.parametrize("column", ["outcome", "at_ms", "hash"])
def test_a_value_of_any_type_beside_the_events_is_a_finding_at_its_row(
    sqlite_house: House, column: str, junk: str
) -> None:
    row: RowValues = {
        "outbox_id": "e1/m",
        "attempt": 1,
        "outcome": "later",
        "detail": "451",
        "at_ms": 5,
    }
    sqlite_house.writer().keep([body(1)], [Row(table="mail_attempt", values=row)])
    sqlite_house.tamper(*UNMAKE)
    assert verify(sqlite_house.reader_engine) == []
    sqlite_house.as_root(UNCHECKED, f"UPDATE mail_attempt SET {column} = {junk}")
    told = [str(one) for one in verify(sqlite_house.reader_engine)]
    assert any("outbox_id e1/m, attempt 1: content: " in one for one in told)
    assert any("the copy differs" in one and column in one for one in told)
