"""A farm with a real SQLite store, and the page over it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import String, Text

from fognode import hashing
from fognode.config import Config, parse
from fognode.errors import StoreError
from fognode.events import Event, Json, Row, RowValues, Scalar
from fognode.page.app import create_app
from fognode.page.live import ChainNow, Desk, Job, Line, Live, Sensor
from fognode.store import pins
from fognode.store.engines import open_engine
from fognode.store.photos import Photos
from fognode.store.pins import Pins
from fognode.store.reader import Reader
from fognode.store.sealing import seal_request
from fognode.store.tables import table_named
from fognode.store.vault import Vault
from fognode.store.writer import Writer
from tests.blank import lay_database

NOW_MS = 1_790_000_000_000  # 2026-09-21 14:13:20 UTC
TOKEN = "a-control-token"
HERON = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
TX = "0x" + "ab" * 32


def configure(folder: Path) -> Config:
    return parse(
        {
            "farm": {"id": "sitio", "name": "Sítio Boa Vista", "folder": str(folder)},
            "cabinet": [{"id": "cab1", "name": "Main cabinet", "board": "cab01"}],
            "board": [{"id": "cab01"}, {"id": "gate1", "place": "gate"}],
            "place": [{"id": "gate", "name": "Gate", "kind": "gate", "permitted": False}],
            "page": {"names": ["farm.local"]},
        }
    )


def calm() -> Live:
    return Live(
        now_ms=NOW_MS,
        started_at_ms=NOW_MS - 7_200_000,
        queues={"events": 0},
        lines=(
            Line(
                board="cab01",
                port="/dev/ttyUSB0",
                place="cab1",
                kind="cabinet",
                version="1.0",
                heard_s=4,
                sensors=(
                    Sensor(name="w1", type="weight", unit="g", last_value=5840, heard_s=4),
                    Sensor(name="l1", type="light", unit="counts", last_value=12, heard_s=4),
                    Sensor(name="t1", type="tag", last_value="04A1B2C3", heard_s=70),
                ),
                counters={"frames": 812, "bad_frames": 1, "lost": 0},
            ),
            Line(board="gate1", place="gate", kind="gate", version="1.0", heard_s=2),
        ),
        chains=(
            ChainNow(name="private", state="OK", head_block=120),
            ChainNow(name="public", state="OK", head_block=77, behind=2),
        ),
        mail="ok",
        jobs=(Job(name="train", last_run_ms=NOW_MS - 3_600_000, result="ok"),),
    )


@dataclass(slots=True)
class Farm:
    """What a test turns: the store, the snapshot, and what was declared."""

    config: Config
    reader: Reader
    writer: Writer
    live: Live
    asked: list[tuple[str, Mapping[str, Json], str]] = field(default_factory=list)
    is_away: bool = False
    mono_s: float = 1000.0  # the page's clock of sessions and tries

    def keep(self, event: Event, *rows: Row) -> int:
        stamp = hashing.Stamp(
            farm="sitio", boot_id="0badcafe", mono_ms=1, recorded_at_ms=NOW_MS, clock_ok=True
        )
        return self.writer.keep([hashing.freeze(event, stamp)], [*map(whole, rows)])[0]

    def tell(self, kind: str, number: int, facts: dict[str, Json], *rows: Row) -> int:
        at_ms = NOW_MS - 600_000 + number * 10_000
        event = Event(kind=kind, origin=f"n/test/{number}", happened_at_ms=at_ms, facts=facts)
        return self.keep(event, *rows)

    def request(self, kind: str, facts: Mapping[str, Json], request_id: str) -> int:
        if self.is_away:
            raise StoreError("the database is away")
        self.asked.append((kind, facts, request_id))
        event = Event(kind=kind, origin=f"q/{request_id}", happened_at_ms=NOW_MS, facts=facts)
        return self.keep(event)

    def keep_all(self, events: Sequence[Event]) -> list[int]:
        if self.is_away:
            raise StoreError("the database is away")
        photos = self.photos()
        sealed = [replace(one, facts=seal_request(photos, one.kind, one.facts)) for one in events]
        return [self.keep(event) for event in sealed]

    def app(self) -> Flask:
        desk = Desk(
            config=self.config,
            reader=self.reader,
            live=lambda: self.live,
            request_event=self.request,
            keep_events=self.keep_all,
            photos=self.photos(),
            pins=self.pins(),
            mono_s=lambda: self.mono_s,
            token=TOKEN,
        )
        made = create_app(desk)
        made.testing = True
        made.jinja_env.bytecode_cache = COMPILED
        return made

    def pins(self) -> Pins:
        return Pins(self.config.folder / "vault.db")

    def photos(self) -> Photos:
        """Keep photos as the daemon does, under a master key of the test's."""
        folder = self.config.folder

        def commit(events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
            return [self.keep(event, *rows) for event in events]

        return Photos(
            folder, lambda: Vault(folder / "vault.db", "0f" * 32), self.reader, commit, now_ms
        )

    def lose_store(self) -> None:
        """Take the database away under the running page."""
        self.is_away = True
        (self.config.folder / "fognode.db").rename(self.config.folder / "gone.db")
        self.reader = Reader(open_engine(self.config, "reader"))
        self.live = replace(self.live, store_ok=False, store_since_ms=NOW_MS - 60_000)


def whole(told: Row) -> Row:
    """Return the row with every column that a test does not care for empty."""
    columns = table_named(told.table).columns
    empty: RowValues = {
        str(column.name): "" if isinstance(column.type, String | Text) else 0
        for column in columns
        if column.name != "hash"
    }
    return Row(table=told.table, values={**empty, **told.values})


def now_ms() -> int:
    return NOW_MS


class Templates(BytecodeCache):
    """Each template is compiled once, not once for each app."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.kept.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Templates()


def row(table: str, **values: Scalar) -> Row:
    return Row(table=table, values=values)


def package_row(name: str, state: int = 2, seq: int = 1, **changed: Scalar) -> Row:
    values: dict[str, Scalar] = {
        "package": name,
        "gtin": "07891234567895",
        "serial": "S-" + name[:30],
        "lot": "L7",
        "expires_on": "2027-12-31",
        "invoice": "NF-1234",
        "tag": "04A1B2C3",
        "packaging": "rigid",
        "source": "AgroSul",
        "site": "cab1",
        "gross_g": 5840,
        "tare_g": 310,
        "state": state,
        "holder": "",
        "out_since_at_ms": 0,
        "received_at_ms": NOW_MS - 9_000_000,
        "token_id": "12" * 32,
        "as_of_seq": seq,
    }
    return Row(table="package", values=values | changed)


def step_row(chain: str, package: str, kind: int, state: str, seq: int = 1) -> Row:
    values: dict[str, Scalar] = {
        "id": f"{chain}/{package}/{kind}",
        "chain": chain,
        "event_id": f"{kind:032x}",
        "package": package,
        "token_id": "12" * 32,
        "seq": 1,
        "method": "record",
        "kind": kind,
        "args_json": "{}",
        "data_hash": "34" * 32,
        "sender": "0x" + "56" * 20,
        "depends_on": "",
        "state": state,
        "nonce": 1,
        "gas_limit": 100_000,
        "tries": 1,
        "next_try_at_ms": 0,
        "block_number": 118 if state == "FINAL" else 0,
        "block_hash": "0x" + "78" * 32,
        "tx_hash": TX if state == "FINAL" else "",
        "last_push_at_ms": 0,
        "error_code": "",
        "error_text": "",
        "created_at_ms": NOW_MS - 500_000 + kind,
        "updated_at_ms": NOW_MS - 400_000,
        "as_of_seq": seq,
    }
    return Row(table="chain_outbox", values=values)


def alert_row(number: int, severity: str = "critical", **changed: Scalar) -> Row:
    values: dict[str, Scalar] = {
        "alert": f"{number:032x}",
        "rule": "out_of_hours",
        "fingerprint": f"out_of_hours/cab1/{number}",
        "severity": severity,
        "place": "cab1",
        "text": "Main cabinet was opened at 02:13, nobody named.",
        "state": "firing",
        "occurrences": 1,
        "first_at_ms": NOW_MS - 300_000,
        "last_at_ms": NOW_MS - 300_000,
        "as_of_seq": number,
    }
    return Row(table="alert", values=values | changed)


def opening_row(number: int, sentence: str, **changed: Scalar) -> Row:
    values: dict[str, Scalar] = {
        "opening": f"{number:032x}",
        "cabinet": "cab1",
        "person": HERON,
        "opened_at_ms": NOW_MS - 900_000 + number * 60_000,
        "closed_at_ms": NOW_MS - 880_000 + number * 60_000,
        "delta_g": -5840,
        "packages_out": "GLY-0042",
        "packages_in": "",
        "verdict": "normal",
        "sentence": sentence,
        "as_of_seq": number,
    }
    return Row(table="opening", values=values | changed)


def points_row(package: str, step: str, worth: int, seq: int = 1) -> Row:
    return row(
        "points",
        entry=f"{package}/{step}",
        package=package,
        step=step,
        points=worth,
        private_tx=TX,
        public_tx="0x" + "cd" * 32,
        earned_at_ms=NOW_MS - 100_000,
        as_of_seq=seq,
    )


def person_row(alias: str) -> Row:
    return row("person", person=HERON, alias=alias, badge="04FFEE01", as_of_seq=1)


PIN = "204619"
OWN = {"Origin": "http://localhost"}  # what a browser says of a form of this page
EGRET, IBIS = "p2", "p3"
VAULT: list[bytes] = []  # the file with their PINs, once it was made


def known_people(farm: Farm) -> None:
    """Give an owner, an operator and an inspector a PIN, and somebody else none."""
    people = ((HERON, "Heron", "owner"), (EGRET, "Egret", "operator"), (IBIS, "Ibis", "inspector"))
    rows = [row("person", person=one, alias=alias, role=role) for one, alias, role in people]
    rows.append(row("person", person="eve", alias="Eve", role="owner"))
    farm.tell("person_set", 50, {"person": HERON, "alias": "Heron"}, *rows)
    path = farm.config.folder / "vault.db"
    if not VAULT:
        # A hash says what it took: one of 64 KiB is checked in no time (test_pins has real ones).
        with patch.object(pins, "MEMORY_KIB", 64):
            for one, _, _ in people:
                farm.pins().give(one, PIN)
        VAULT.append(path.read_bytes())
    path.touch(mode=0o600)
    path.write_bytes(VAULT[0])


def fill(farm: Farm) -> None:
    """A day on the farm, with a package on its way through all states."""
    name = "GLY-0042"
    product = row(
        "product",
        gtin="07891234567895",
        name="Glyphosate 480 SL",
        registration="",
        packaging="rigid",
        density_g_per_l=1170,
        as_of_seq=1,
    )
    farm.tell("person_set", 1, {"person": HERON, "alias": "Heron"}, person_row("Heron"), product)
    entered: dict[str, Json] = {
        "package": name,
        "gtin": "07891234567895",
        "lot": "L7",
        "invoice": "NF-1234",
        "source": "AgroSul",
        "gross_g": 5840,
    }
    farm.tell("newProductEntry", 2, entered, package_row(name))
    farm.tell("openBox", 3, {"cabinet": "cab1", "board": "cab01"})
    handled: dict[str, Json] = {"package": name, "person": HERON, "cabinet": "cab1"}
    farm.tell("handleProduct", 4, handled | {"action": "out", "weight_g": 5840})
    farm.tell("handleProduct", 5, handled | {"action": "back", "weight_g": 4000, "used_g": 1840})
    told = "Heron took GLY-0042 at 06:12, 1.84 kg used, returned 07:40."
    farm.tell("box_closed", 6, {"cabinet": "cab1", "sentence": told}, opening_row(1, told))
    seen: dict[str, Json] = {"package": name, "kind": 201, "seq": 5, "block_number": 119}
    farm.tell("ledger_seen", 7, seen | {"chain": "public", "tx_hash": "0x" + "ee" * 32})
    fill_rest(farm)


def fill_rest(farm: Farm) -> None:
    rows = [
        package_row("GLY-0043", 3, tag="04A1B2C4", gross_g=310),
        package_row("ATR-0007", 2, tag="04A1B2C5", holder=HERON, out_since_at_ms=NOW_MS - 90_000),
        package_row("ATR-0008", 6, tag="04A1B2C6"),
        step_row("private", "GLY-0042", 1, "FINAL"),
        step_row("public", "GLY-0042", 1, "FINAL"),
        step_row("private", "GLY-0042", 1001, "SENT"),
        step_row("public", "ATR-0008", 102, "QUEUED"),
        points_row("GLY-0042", "received", 1),
        points_row("ATR-0008", "returned", 3),
        alert_row(9, "warning", state="resolved", rule="board_silent", text="Gate was silent."),
        row(
            "discrepancy",
            discrepancy="0" * 32,
            opening="0" * 32,
            rule="returned_heavier",
            text="GLY-0042 came back 120 g heavier than it left.",
            state="open",
            found_at_ms=NOW_MS - 50_000,
            as_of_seq=1,
        ),
        row(
            "finding",
            finding="1" * 32,
            task="demand",
            kind="prediction",
            text="About 2 packages of Glyphosate 480 SL will be needed in October.",
            model="m1",
            found_at_ms=NOW_MS - 40_000,
            as_of_seq=1,
        ),
        row(
            "chain_guard",
            chain="private",
            chain_id=4201,
            genesis_hash="0x" + "11" * 32,
            contract="0x" + "22" * 20,
            code_hash="33" * 32,
            last_final_number=118,
            last_final_hash="0x" + "44" * 32,
            state="OK",
            reason="",
            head_number=120,
            updated_at_ms=NOW_MS - 1000,
            as_of_seq=1,
        ),
    ]
    farm.tell("node_started", 8, {"reason": "test"}, *rows)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    config = configure(tmp_path)
    lay_database(config)
    reader = Reader(open_engine(config, "reader"))
    writer = Writer(open_engine(config, "writer"), reader)
    try:
        yield Farm(config=config, reader=reader, writer=writer, live=calm())
    finally:
        writer.close()


@pytest.fixture
def full(farm: Farm) -> Farm:
    fill(farm)
    return farm


@pytest.fixture
def client(full: Farm) -> FlaskClient:
    return full.app().test_client()


@pytest.fixture
def other_farm(tmp_path: Path) -> Iterator[Farm]:
    """A second farm, for what goes from one to another."""
    folder = tmp_path / "other"
    folder.mkdir()
    config = configure(folder)
    lay_database(config)
    reader = Reader(open_engine(config, "reader"))
    writer = Writer(open_engine(config, "writer"), reader)
    try:
        yield Farm(config=config, reader=reader, writer=writer, live=calm())
    finally:
        writer.close()
